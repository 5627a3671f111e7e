-- What runs. Only the engine that holds a partition's lease writes its executions, tasks and actions.
-- fillfactor leaves room so that updates stay on their page; indexes avoid columns that change often.

CREATE FUNCTION from_micros(micros bigint) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN timestamptz 'epoch' + micros * interval '1 microsecond';

CREATE FUNCTION to_micros(moment timestamptz) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (extract(epoch FROM moment) * 1000000)::bigint;

CREATE TABLE execution (
    id                  uuid PRIMARY KEY,
    partition           smallint NOT NULL CHECK (partition BETWEEN 0 AND 255),
    root_id             uuid NOT NULL,
    parent_id           uuid,
    task_execution_id   uuid,
    project_id          text NOT NULL,
    workflow_id         uuid NOT NULL,
    workflow_version    integer NOT NULL,
    workflow_name       text NOT NULL,
    workflow_namespace  text NOT NULL,
    description         text NOT NULL,
    tags                text[] NOT NULL,
    state               text NOT NULL,
    state_info          text,
    input               json NOT NULL,
    params              json NOT NULL,
    output              json,
    globals             json,
    body                json NOT NULL,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    finished_at         timestamptz,
    CONSTRAINT final_has_an_end CHECK ((finished_at IS NOT NULL) = (state IN ('SUCCESS', 'ERROR', 'CANCELLED')))
) WITH (fillfactor = 70);
CREATE INDEX execution_by_age ON execution (created_at, id);
CREATE INDEX execution_by_workflow ON execution (workflow_name, created_at, id);
CREATE INDEX execution_by_task ON execution (task_execution_id) WHERE task_execution_id IS NOT NULL;
CREATE INDEX execution_by_root ON execution (root_id) WHERE parent_id IS NOT NULL;
CREATE INDEX execution_live ON execution (partition, created_at, id) WHERE finished_at IS NULL;

CREATE TABLE task_execution (
    id            uuid PRIMARY KEY,
    execution_id  uuid NOT NULL,
    name          text NOT NULL,
    type          text NOT NULL,
    state         text NOT NULL,
    state_info    text,
    tags          text[] NOT NULL,
    published     json,
    processed     boolean NOT NULL,
    sequence      bigint NOT NULL,
    body          json NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    started_at    timestamptz,
    finished_at   timestamptz
) WITH (fillfactor = 70);
CREATE INDEX task_execution_by_execution ON task_execution (execution_id, created_at, id);

CREATE TABLE action_execution (
    id            uuid PRIMARY KEY,
    execution_id  uuid NOT NULL,
    task_id       uuid NOT NULL,
    name          text NOT NULL,
    state         text NOT NULL,
    state_info    text,
    accepted      boolean NOT NULL,
    index         integer NOT NULL,
    attempt       integer NOT NULL,
    input         json NOT NULL,
    output        json,
    body          json NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    -- The bus message that carried it: sent again under the same id, the bus drops the second.
    envelope      text
) WITH (fillfactor = 70);
CREATE INDEX action_execution_by_task ON action_execution (execution_id, task_id);

-- A sub-workflow execution as its parent task sees it; there may be none of that id in `execution` if it was refused.
CREATE TABLE child_execution (
    id            uuid PRIMARY KEY,
    execution_id  uuid NOT NULL,
    task_id       uuid NOT NULL,
    accepted      boolean NOT NULL,
    index         integer NOT NULL,
    body          json NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX child_execution_by_task ON child_execution (execution_id, task_id);

CREATE TABLE timer (
    task_id        uuid NOT NULL,
    kind           text NOT NULL,
    round          integer NOT NULL,
    execution_id   uuid NOT NULL,
    partition      smallint NOT NULL,
    due_at         timestamptz NOT NULL,
    claimed_until  timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (task_id, kind, round)
);
CREATE INDEX timer_by_due ON timer (due_at);
CREATE INDEX timer_by_execution ON timer (execution_id);
