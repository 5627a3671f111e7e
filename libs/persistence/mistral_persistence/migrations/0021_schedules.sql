-- More of when cron triggers are due and what becomes of what could not be started, and a row for each of their runs.

ALTER TABLE cron_trigger
    -- None for one that is paused or has ended, which therefore no scheduler looks at.
    ALTER COLUMN next_execution_time DROP NOT NULL,
    DROP CONSTRAINT cron_trigger_remaining_executions_check,
    ADD CONSTRAINT cron_trigger_remaining_executions_check CHECK (remaining_executions >= 0),
    -- All of them if there are several; `pattern` is the first.
    ADD COLUMN patterns             text[] NOT NULL DEFAULT '{}',
    ADD COLUMN timezone             text NOT NULL DEFAULT 'UTC',
    ADD COLUMN jitter               integer NOT NULL DEFAULT 0 CHECK (jitter >= 0),
    ADD COLUMN start_at             timestamptz,
    ADD COLUMN end_at               timestamptz,
    ADD COLUMN overlap              text NOT NULL DEFAULT 'allow' CHECK (
        overlap IN ('allow', 'skip', 'buffer_one', 'buffer_all', 'cancel_other', 'terminate_other')),
    ADD COLUMN catchup_window       integer CHECK (catchup_window > 0),
    -- What `next_execution_time` is with jitter taken away; none if there is no jitter.
    ADD COLUMN due_at               timestamptz,
    ADD COLUMN status               text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'PAUSED', 'ENDED')),
    ADD COLUMN status_note          text NOT NULL DEFAULT '',
    ADD COLUMN last_execution_time  timestamptz,
    ADD COLUMN fired                bigint NOT NULL DEFAULT 0,
    ADD COLUMN missed               bigint NOT NULL DEFAULT 0,
    ADD COLUMN skipped              bigint NOT NULL DEFAULT 0,
    ADD COLUMN failed               bigint NOT NULL DEFAULT 0,
    ADD COLUMN last_miss_at         timestamptz,
    ADD COLUMN last_miss_reason     text NOT NULL DEFAULT '',
    -- Its key under `triggers` in the text of its workflow, and what is said there; none if it is not declared there.
    ADD COLUMN declared_as          text,
    ADD COLUMN declaration          text;
CREATE UNIQUE INDEX cron_trigger_by_declaration ON cron_trigger (workflow_id, declared_as) WHERE declared_as IS NOT NULL;

-- A due time and what became of it. It is stored in the transaction that moves its trigger on, before anything is
-- started; `request_id` is the key under which the engine starts it, so however often that is tried, it runs once.
CREATE TABLE cron_run (
    id            uuid PRIMARY KEY,
    trigger_id    uuid NOT NULL REFERENCES cron_trigger ON DELETE CASCADE,
    request_id    text NOT NULL CHECK (length(request_id) <= 128),
    kind          text NOT NULL CHECK (kind IN ('due', 'backfill', 'manual')),
    due_at        timestamptz NOT NULL,
    overlap       text NOT NULL,
    state         text NOT NULL CHECK (state IN ('WAITING', 'STARTING', 'OPEN', 'OVER', 'SKIPPED', 'FAILED')),
    reason        text NOT NULL DEFAULT '',
    execution_id  uuid,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz,
    UNIQUE (trigger_id, request_id),
    CONSTRAINT started_has_an_execution CHECK (state NOT IN ('OPEN', 'OVER') OR execution_id IS NOT NULL)
) WITH (fillfactor = 80);
CREATE INDEX cron_run_to_start ON cron_run (trigger_id) WHERE state = 'STARTING';
CREATE INDEX cron_run_waiting ON cron_run (trigger_id) WHERE state = 'WAITING';
CREATE INDEX cron_run_open ON cron_run (trigger_id) WHERE state = 'OPEN';
CREATE INDEX cron_run_by_age ON cron_run (trigger_id, created_at, id);
