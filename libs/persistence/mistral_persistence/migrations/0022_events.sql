-- What happens elsewhere: where it is heard of, what was heard, and what became of it.

-- Where events come from. What is sensitive of a source is its secret, which is written and never told.
CREATE TABLE event_source (
    id               uuid PRIMARY KEY,
    -- Whose its events are, unless `tenancy` says that each event tells.
    project_id       text NOT NULL,
    -- Part of the path of a webhook, hence unique among all projects.
    name             text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100),
    description      text NOT NULL DEFAULT '',
    kind             text NOT NULL,
    enabled          boolean NOT NULL DEFAULT true,
    exchange         text NOT NULL CHECK (length(exchange) BETWEEN 1 AND 255),
    topic            text NOT NULL CHECK (length(topic) BETWEEN 1 AND 255),
    tenancy          text NOT NULL DEFAULT 'source' CHECK (tenancy IN ('source', 'event')),
    settings         json NOT NULL DEFAULT '{}',
    secret           text NOT NULL DEFAULT '',
    rate_per_minute  integer NOT NULL DEFAULT 600 CHECK (rate_per_minute > 0),
    max_bytes        integer NOT NULL DEFAULT 262144 CHECK (max_bytes > 0),
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz
);
CREATE INDEX event_source_by_age ON event_source (created_at, id);

-- What changes with every event is kept apart from what people change.
CREATE TABLE event_source_status (
    source_id      uuid PRIMARY KEY REFERENCES event_source ON DELETE CASCADE,
    received       bigint NOT NULL DEFAULT 0,
    duplicates     bigint NOT NULL DEFAULT 0,
    refused        bigint NOT NULL DEFAULT 0,
    last_event_at  timestamptz,
    last_error     text NOT NULL DEFAULT '',
    last_error_at  timestamptz,
    -- Which scheduler listens; another one takes over when it was not heard of for too long.
    owner          text NOT NULL DEFAULT '',
    owned_until    timestamptz NOT NULL DEFAULT '-infinity'
);

-- Every event that was taken, stored before its source is told so. Its id is made of its source and the id that it has
-- there, so the second one of the same is known by its key.
CREATE TABLE received_event (
    id                 uuid PRIMARY KEY,
    source_id          uuid,
    source             text NOT NULL,
    event_id           text NOT NULL,
    project_id         text NOT NULL,
    -- Public ones are for the triggers of all projects.
    scope              text NOT NULL DEFAULT 'private' CHECK (scope IN ('private', 'public')),
    exchange           text NOT NULL,
    topic              text NOT NULL,
    event              text NOT NULL,
    publisher          text NOT NULL DEFAULT '',
    user_id            text NOT NULL DEFAULT '',
    happened_at        text NOT NULL DEFAULT '',
    payload            json NOT NULL,
    -- How many events and executions led to it; chains end somewhere.
    depth              smallint NOT NULL DEFAULT 0,
    cause_id           uuid,
    state              text NOT NULL DEFAULT 'RECEIVED' CHECK (state IN ('RECEIVED', 'WAITING', 'DONE')),
    fired              integer NOT NULL DEFAULT 0,
    attempts           integer NOT NULL DEFAULT 0,
    next_attempt_at    timestamptz NOT NULL DEFAULT now(),
    duplicates         integer NOT NULL DEFAULT 0,
    last_duplicate_at  timestamptz,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz
);
CREATE INDEX received_event_pending ON received_event (next_attempt_at, id) WHERE state <> 'DONE';
CREATE INDEX received_event_by_age ON received_event (created_at, id);
CREATE INDEX received_event_by_project ON received_event (project_id, created_at, id);

-- What a trigger or a binding made of an event that it waits for.
CREATE TABLE event_verdict (
    event_id      uuid NOT NULL REFERENCES received_event ON DELETE CASCADE,
    trigger_id    uuid NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('trigger', 'binding')),
    name          text NOT NULL,
    project_id    text NOT NULL,
    verdict       text NOT NULL,
    reason        text NOT NULL DEFAULT '',
    execution_id  uuid,
    at            timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event_id, trigger_id)
);
CREATE INDEX event_verdict_by_execution ON event_verdict (execution_id) WHERE execution_id IS NOT NULL;

-- Names for what may happen: an administrator says which events they stand for, and may say another thing tomorrow.
CREATE TABLE event_binding (
    id           uuid PRIMARY KEY,
    project_id   text NOT NULL,
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    description  text NOT NULL DEFAULT '',
    enabled      boolean NOT NULL DEFAULT true,
    -- Of a public one all projects hear.
    scope        text NOT NULL DEFAULT 'private' CHECK (scope IN ('private', 'public')),
    exchange     text NOT NULL CHECK (length(exchange) BETWEEN 1 AND 255),
    topic        text NOT NULL CHECK (length(topic) BETWEEN 1 AND 255),
    event        text NOT NULL CHECK (length(event) BETWEEN 1 AND 255),
    matching     text NOT NULL DEFAULT 'exact' CHECK (matching IN ('exact', 'glob')),
    condition    text NOT NULL DEFAULT '',
    -- What the payload is made of; empty for the payload as it is.
    mapping      json NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz,
    UNIQUE (project_id, name)
);
CREATE INDEX event_binding_by_age ON event_binding (created_at, id);

-- Triggers learn more: conditions, input out of the event, and to wake up what waits instead of starting anew.
ALTER TABLE event_trigger
    ADD COLUMN enabled        boolean NOT NULL DEFAULT true,
    ADD COLUMN matching       text NOT NULL DEFAULT 'exact' CHECK (matching IN ('exact', 'glob')),
    ADD COLUMN condition      text NOT NULL DEFAULT '',
    ADD COLUMN input_mapping  json NOT NULL DEFAULT '{}',
    ADD COLUMN reaction       text NOT NULL DEFAULT 'start' CHECK (reaction IN ('start', 'resume', 'complete')),
    ADD COLUMN correlation    json NOT NULL DEFAULT '{}',
    -- The workflow whose text declares it, and its name there: it lives and dies with that text.
    ADD COLUMN declared_by    uuid REFERENCES workflow (id) ON DELETE CASCADE,
    ADD COLUMN declared_name  text NOT NULL DEFAULT '',
    ALTER COLUMN workflow_id DROP NOT NULL,
    ADD CHECK (workflow_id IS NOT NULL OR reaction <> 'start'),
    DROP CONSTRAINT event_trigger_project_id_exchange_topic_event_workflow_id_key;
-- The same event may start the same workflow twice if not on the same condition.
CREATE UNIQUE INDEX event_trigger_once ON event_trigger
    (project_id, exchange, topic, event, coalesce(workflow_id, id), matching, md5(condition), declared_name)
    WHERE reaction = 'start';
CREATE UNIQUE INDEX event_trigger_declared ON event_trigger (declared_by, declared_name) WHERE declared_by IS NOT NULL;

CREATE TABLE event_trigger_status (
    trigger_id       uuid PRIMARY KEY REFERENCES event_trigger ON DELETE CASCADE,
    fired            bigint NOT NULL DEFAULT 0,
    refused          bigint NOT NULL DEFAULT 0,
    last_fired_at    timestamptz,
    last_refused_at  timestamptz
);

-- How far the history of executions was read for events; the time of one read is the beginning of the next.
CREATE TABLE event_cursor (
    name     text PRIMARY KEY,
    reached  timestamptz NOT NULL,
    -- Who reads, until when.
    owner        text NOT NULL DEFAULT '',
    owned_until  timestamptz NOT NULL DEFAULT '-infinity'
);
