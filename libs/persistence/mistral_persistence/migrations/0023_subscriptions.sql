-- Who wants to be told of what happens in a project, and what became of it.

CREATE TABLE subscription (
    id               uuid PRIMARY KEY,
    project_id       text NOT NULL,
    name             text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    description      text NOT NULL DEFAULT '',
    enabled          boolean NOT NULL DEFAULT true,
    -- Why it is switched off when nobody did that.
    disabled_reason  text NOT NULL DEFAULT '',
    -- What it wants: globs of event types and names, all of the tags, any of the states, and an expression over the
    -- payload. An empty list is no condition.
    event_types      text[] NOT NULL DEFAULT '{}',
    workflow_names   text[] NOT NULL DEFAULT '{}',
    tags             text[] NOT NULL DEFAULT '{}',
    states           text[] NOT NULL DEFAULT '{}',
    condition        text NOT NULL DEFAULT '',
    -- The publisher: its type and settings, and apart from them what is never shown again.
    publisher        json NOT NULL,
    secrets          json NOT NULL DEFAULT '{}',
    -- What the events column of a row of history must fit for one of its events to be wanted; empty for all.
    pattern          text NOT NULL DEFAULT '',
    wants_actions    boolean NOT NULL DEFAULT false,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz,
    UNIQUE (project_id, name)
);
CREATE INDEX subscription_by_age ON subscription (created_at, id);
CREATE INDEX subscription_enabled ON subscription (project_id) WHERE enabled;

-- What happened in projects that have a subscription, written with the commit that did it; a notifier turns each row
-- into deliveries and removes it. Rows of one execution are numbered in the order in which it happened.
CREATE TABLE notification_source (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    execution_id  uuid NOT NULL,
    -- Of the execution, so that an event can be told of one that is gone; NULL if it begins in the same commit.
    about         json,
    events        json NOT NULL
);

-- Called with every flush. What is not wanted is not even read: arguments are array literals, as text.
CREATE FUNCTION tell_subscriptions_v1(executions text, events text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF executions = '{}' OR NOT EXISTS (SELECT FROM subscription WHERE enabled) THEN
        RETURN;
    END IF;
    INSERT INTO notification_source (execution_id, about, events)
    SELECT e.id,
           json_build_object('project_id', e.project_id, 'workflow_id', e.workflow_id,
                             'workflow_namespace', e.workflow_namespace, 'root_execution_id', e.root_id,
                             'task_execution_id', e.task_execution_id, 'created_at', to_micros(e.created_at), 'tags', e.tags),
           told.events::json
      FROM unnest(executions::uuid[], events::text[]) WITH ORDINALITY AS told (execution, events, place)
      JOIN execution e ON e.id = told.execution
     WHERE e.workflow_id <> '00000000-0000-8000-8000-000000000001'
       AND EXISTS (SELECT FROM subscription s
                    WHERE s.enabled AND s.project_id = e.project_id AND told.events ~ s.pattern)
     ORDER BY told.place;
END $$;

-- Called before the flush, since it needs the states of before. An execution that begins with it is not there yet.
CREATE FUNCTION tell_actions_v1(ids text, executions text, tasks text, states text, bodies text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF ids = '{}' OR NOT EXISTS (SELECT FROM subscription WHERE enabled AND wants_actions) THEN
        RETURN;
    END IF;
    INSERT INTO notification_source (execution_id, about, events)
    SELECT changed.execution,
           CASE WHEN e.id IS NOT NULL THEN
               json_build_object('project_id', e.project_id, 'workflow_id', e.workflow_id,
                                 'workflow_namespace', e.workflow_namespace, 'root_execution_id', e.root_id,
                                 'task_execution_id', e.task_execution_id, 'created_at', to_micros(e.created_at), 'tags', e.tags) END,
           json_build_array(json_build_object(
               'action_id', changed.id, 'task_id', changed.task, 'execution_id', changed.execution,
               'workflow_name', e.workflow_name, 'state', changed.state, 'before', before.state,
               'name', changed.body ->> 'name', 'state_info', changed.body ->> 'state_info',
               'attempt', coalesce((changed.body ->> 'attempt')::integer, 1), 'at', to_micros(now())))
      FROM unnest(ids::uuid[], executions::uuid[], tasks::uuid[], states::text[], bodies::json[]) WITH ORDINALITY
           AS changed (id, execution, task, state, body, place)
      LEFT JOIN action_record before ON before.id = changed.id
      LEFT JOIN execution e ON e.id = changed.execution
     WHERE before.state IS DISTINCT FROM changed.state
       AND (e.id IS NULL OR EXISTS (SELECT FROM subscription s
                                     WHERE s.enabled AND s.wants_actions AND s.project_id = e.project_id))
     ORDER BY changed.place;
END $$;

-- Deliveries: whom they belong to, and which of them must wait for which. Those of one line and one execution are made
-- one after the other; no line waits for nobody.
ALTER TABLE notification
    ADD COLUMN uid uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN subscription_id uuid REFERENCES subscription (id) ON DELETE CASCADE,
    -- Tried only once and forgotten then.
    ADD COLUMN once boolean NOT NULL DEFAULT false,
    ADD COLUMN project_id text GENERATED ALWAYS AS (payload ->> 'project_id') STORED,
    ADD COLUMN line bigint GENERATED ALWAYS AS (
        CASE WHEN publisher ->> 'ordered' = 'false' THEN NULL
             ELSE hashtextextended(coalesce(subscription_id::text, publisher #>> '{}'), 0) END) STORED;
CREATE INDEX notification_in_line ON notification (execution_id, line, id);
CREATE INDEX notification_by_subscription ON notification (subscription_id) WHERE subscription_id IS NOT NULL;
DROP INDEX notification_by_destination;
CREATE INDEX notification_by_destination ON notification (destination, next_attempt_at, id) WHERE given_up_at IS NULL;
CREATE UNIQUE INDEX notification_dead_by_uid ON notification (uid) WHERE given_up_at IS NOT NULL;
CREATE INDEX notification_dead_by_project ON notification (project_id, given_up_at, uid) WHERE given_up_at IS NOT NULL;

-- The last attempts at the deliveries of each subscription. Older ones are removed now and then.
CREATE TABLE delivery_attempt (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    subscription_id  uuid NOT NULL REFERENCES subscription (id) ON DELETE CASCADE,
    delivery_id      uuid NOT NULL,
    execution_id     uuid NOT NULL,
    event            text NOT NULL,
    attempt          integer NOT NULL,
    delivered        boolean NOT NULL,
    -- Why it was not delivered, for people.
    error            text NOT NULL DEFAULT '',
    milliseconds     integer NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX delivery_attempt_by_subscription ON delivery_attempt (subscription_id, created_at, id);
