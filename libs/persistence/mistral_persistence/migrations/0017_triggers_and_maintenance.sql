-- Workflows that are started by what happens elsewhere. A workflow that a trigger starts cannot be removed.

CREATE TABLE event_trigger (
    id               uuid PRIMARY KEY,
    project_id       text NOT NULL,
    name             text NOT NULL DEFAULT '' CHECK (length(name) <= 255),
    workflow_id      uuid NOT NULL REFERENCES workflow (id),
    workflow_input   json NOT NULL DEFAULT '{}',
    workflow_params  json NOT NULL DEFAULT '{}',
    -- Where the event comes from, and its type: all three are compared as they are.
    exchange         text NOT NULL CHECK (length(exchange) BETWEEN 1 AND 255),
    topic            text NOT NULL CHECK (length(topic) BETWEEN 1 AND 255),
    event            text NOT NULL CHECK (length(event) BETWEEN 1 AND 255),
    scope            text NOT NULL DEFAULT 'private' CHECK (scope IN ('private', 'public')),
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz,
    UNIQUE (project_id, exchange, topic, event, workflow_id)
);
CREATE INDEX event_trigger_by_event ON event_trigger (exchange, topic, event);
CREATE INDEX event_trigger_by_workflow ON event_trigger (workflow_id);
CREATE INDEX event_trigger_by_age ON event_trigger (created_at, id);

-- Whether the mesh works (RUNNING), is being brought to a standstill (PAUSING), or stands still (PAUSED).
CREATE TABLE maintenance (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    status      text NOT NULL DEFAULT 'RUNNING' CHECK (status IN ('RUNNING', 'PAUSING', 'PAUSED')),
    changed_at  timestamptz NOT NULL DEFAULT now()
);
INSERT INTO maintenance DEFAULT VALUES;

-- Executions that maintenance has paused, or is about to: when it is over these go on, and no others. No reference to
-- `execution`, whose rows are written at every step; a row of one that is gone is removed when maintenance is over.
CREATE TABLE maintenance_pause (
    execution_id  uuid PRIMARY KEY
);
