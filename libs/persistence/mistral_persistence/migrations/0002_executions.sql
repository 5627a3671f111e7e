-- What runs. Only the engine that holds a partition's lease writes its executions, tasks and actions.
-- fillfactor leaves room so that updates stay on their page; indexes avoid columns that change often.

-- A double still tells microseconds apart; an interval would make it STABLE, and a call instead of an expression.
CREATE FUNCTION from_micros(micros bigint) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_timestamp(micros / 1000000.0::float8);

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

-- Tasks and actions are written at every step, so their tables have few columns: each costs every writer and every
-- commit. The rest of a record is its body; the views spread it out for whoever reads.
CREATE TABLE task_record (
    id            uuid PRIMARY KEY,
    execution_id  uuid NOT NULL,
    name          text NOT NULL,
    state         text NOT NULL,
    sequence      bigint NOT NULL,
    created_at    timestamptz NOT NULL,
    body          json NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX task_record_by_execution ON task_record (execution_id, created_at, id);

CREATE VIEW task_execution AS
SELECT id, execution_id, name, body ->> 'type' AS type, state, body ->> 'state_info' AS state_info,
       ARRAY(SELECT json_array_elements_text(body -> 'tags')) AS tags, body -> 'published' AS published,
       coalesce((body ->> 'processed')::boolean, false) AS processed, sequence, created_at,
       from_micros((body ->> 'updated_at')::bigint) AS updated_at, from_micros((body ->> 'started_at')::bigint) AS started_at,
       from_micros((body ->> 'finished_at')::bigint) AS finished_at, body
  FROM task_record;

CREATE TABLE action_record (
    id            uuid PRIMARY KEY,
    execution_id  uuid NOT NULL,
    task_id       uuid NOT NULL,
    state         text NOT NULL,
    created_at    timestamptz NOT NULL,
    -- The bus message that carried it: sent again under the same id, the bus drops the second.
    envelope      text,
    input         json NOT NULL,
    body          json NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX action_record_by_task ON action_record (execution_id, task_id);

CREATE VIEW action_execution AS
SELECT id, execution_id, task_id, body ->> 'name' AS name, state, body ->> 'state_info' AS state_info,
       coalesce((body ->> 'accepted')::boolean, false) AS accepted, coalesce((body ->> 'index')::integer, 0) AS index,
       coalesce((body ->> 'attempt')::integer, 1) AS attempt, input, body -> 'output' AS output, created_at,
       from_micros((body ->> 'updated_at')::bigint) AS updated_at, envelope, body
  FROM action_record;

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
