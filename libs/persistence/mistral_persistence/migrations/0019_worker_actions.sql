-- Actions that workers offer, the key that signs what workers are given, and how far runs in workers are.

CREATE TABLE offered_action (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    project_id       text NOT NULL,
    queue            text NOT NULL CHECK (length(queue) BETWEEN 1 AND 255),
    name             text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    public           boolean NOT NULL DEFAULT false,
    description      text NOT NULL DEFAULT '',
    -- JSON Schemas as text; empty for none.
    input_schema     text NOT NULL DEFAULT '',
    output_schema    text NOT NULL DEFAULT '',
    safe_rerun       boolean NOT NULL DEFAULT false,
    -- What each executor said last, as a digest by its name: two versions of a worker side by side do not take turns.
    told             jsonb NOT NULL DEFAULT '{}',
    last_executor    text NOT NULL DEFAULT '',
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz,
    last_offered_at  timestamptz NOT NULL DEFAULT now(),
    -- When a run was last seen that waits for it or runs.
    last_wanted_at   timestamptz,
    UNIQUE (project_id, name, queue)
);
CREATE INDEX offered_action_by_age ON offered_action (created_at, id);

-- Engines keep the offers in memory. What only says that an offer still stands changes no epoch.
CREATE TRIGGER offered_action_epoch
    AFTER INSERT OR DELETE OR UPDATE OF public, safe_rerun, description, input_schema, output_schema ON offered_action
    FOR EACH STATEMENT EXECUTE FUNCTION next_definition_epoch();
-- Uploaded actions come before offered ones, so engines must know of these too.
CREATE TRIGGER dynamic_action_epoch
    AFTER INSERT OR DELETE OR UPDATE OF name, namespace, scope ON dynamic_action
    FOR EACH STATEMENT EXECUTE FUNCTION next_definition_epoch();

CREATE TABLE worker_key (
    only_one  boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    key       bytea NOT NULL CHECK (length(key) = 32)
);

CREATE TABLE action_progress (
    action_id     uuid PRIMARY KEY,
    execution_id  uuid NOT NULL,
    task_id       uuid NOT NULL,
    index         integer NOT NULL,
    attempt       integer NOT NULL,
    percent       double precision,
    details       json,
    -- The last lines: [{"at": <text>, "level": <text>, "message": <text>}, ...], the oldest first.
    lines         jsonb NOT NULL DEFAULT '[]',
    worker        text NOT NULL DEFAULT '',
    updated_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX action_progress_by_task ON action_progress (execution_id, task_id);
