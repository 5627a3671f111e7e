-- Workflows that are started by the calendar. A workflow that a trigger starts cannot be removed.

CREATE TABLE cron_trigger (
    id                    uuid PRIMARY KEY,
    project_id            text NOT NULL,
    name                  text NOT NULL,
    workflow_id           uuid NOT NULL REFERENCES workflow (id),
    workflow_name         text NOT NULL,
    workflow_namespace    text NOT NULL,
    workflow_input        json NOT NULL DEFAULT '{}',
    workflow_params       json NOT NULL DEFAULT '{}',
    pattern               text NOT NULL,
    first_execution_time  timestamptz,
    next_execution_time   timestamptz NOT NULL,
    remaining_executions  integer CHECK (remaining_executions > 0),
    scope                 text NOT NULL DEFAULT 'private' CHECK (scope IN ('private', 'public')),
    -- What two triggers of a project may not have in common: everything but the name.
    fingerprint           text NOT NULL,
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz,
    UNIQUE (project_id, name),
    UNIQUE (project_id, fingerprint)
);
CREATE INDEX cron_trigger_by_due ON cron_trigger (next_execution_time, id);
CREATE INDEX cron_trigger_by_workflow ON cron_trigger (workflow_id);
CREATE INDEX cron_trigger_by_age ON cron_trigger (created_at, id);
