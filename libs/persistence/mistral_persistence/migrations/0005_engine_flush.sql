-- Writes all that a batch of events changed, in one transaction, or nothing if a lease was lost meanwhile.
-- Arrays of one kind have the same length; tags are array literals. Times are microseconds since the epoch.

CREATE FUNCTION engine_flush_v1(
    lease_partition smallint[], lease_epoch bigint[],
    started_id uuid[], started_partition smallint[], started_root uuid[], started_parent uuid[], started_task uuid[],
    started_project text[], started_workflow uuid[], started_version integer[], started_name text[],
    started_namespace text[], started_description text[], started_tags text[], started_input json[], started_created bigint[],
    started_state text[], started_info text[], started_params json[], started_output json[], started_globals json[],
    started_body json[], started_updated bigint[], started_finished bigint[],
    execution_id uuid[], execution_state text[], execution_info text[], execution_params json[], execution_output json[],
    execution_globals json[], execution_body json[], execution_description text[], execution_updated bigint[], execution_finished bigint[],
    task_id uuid[], task_execution uuid[], task_name text[], task_state text[], task_sequence bigint[], task_created bigint[],
    task_body json[],
    action_id uuid[], action_execution_id uuid[], action_task uuid[], action_state text[], action_created bigint[],
    action_envelope text[], action_input json[], action_body json[],
    child_id uuid[], child_execution_id uuid[], child_task uuid[], child_accepted boolean[], child_index integer[], child_body json[],
    timer_task uuid[], timer_kind text[], timer_round integer[], timer_execution uuid[], timer_partition smallint[], timer_due bigint[],
    gone_task uuid[], gone_kind text[], gone_round integer[],
    history_execution uuid[], history_position bigint[], history_at bigint[], history_events json[],
    notice_execution uuid[], notice_event text[], notice_payload json[], notice_publisher json[]
) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    held integer;
BEGIN
    SELECT count(*) INTO held FROM (
        SELECT FROM partition_lease l
          JOIN unnest(lease_partition, lease_epoch) AS wanted (partition, epoch)
            ON l.partition = wanted.partition AND l.epoch = wanted.epoch
           FOR SHARE OF l) AS leases;
    IF held <> cardinality(lease_partition) THEN
        RAISE EXCEPTION 'a partition lease was lost' USING ERRCODE = 'MM001';
    END IF;

    IF cardinality(started_id) > 0 THEN
        INSERT INTO execution (id, partition, root_id, parent_id, task_execution_id, project_id, workflow_id, workflow_version,
                               workflow_name, workflow_namespace, description, tags, input, created_at,
                               state, state_info, params, output, globals, body, updated_at, finished_at)
        SELECT id, partition, root, parent, task, project, workflow, version, name, namespace, description,
               tags::text[], input, from_micros(created),
               state, info, params, output, globals, body, from_micros(updated), from_micros(finished)
          FROM unnest(started_id, started_partition, started_root, started_parent, started_task, started_project, started_workflow,
                      started_version, started_name, started_namespace, started_description, started_tags, started_input, started_created,
                      started_state, started_info, started_params, started_output, started_globals, started_body,
                      started_updated, started_finished)
            AS started (id, partition, root, parent, task, project, workflow, version, name, namespace, description, tags, input, created,
                        state, info, params, output, globals, body, updated, finished);
    END IF;

    IF cardinality(execution_id) > 0 THEN
        UPDATE execution e
           SET state = new.state, state_info = new.info, params = new.params, output = new.output, globals = new.globals,
               body = new.body, description = new.description, updated_at = from_micros(new.updated), finished_at = from_micros(new.finished)
          FROM unnest(execution_id, execution_state, execution_info, execution_params, execution_output, execution_globals,
                      execution_body, execution_description, execution_updated, execution_finished)
            AS new (id, state, info, params, output, globals, body, description, updated, finished)
         WHERE e.id = new.id;
    END IF;

    IF cardinality(task_id) > 0 THEN
        INSERT INTO task_record AS t (id, execution_id, name, state, sequence, created_at, body)
        SELECT id, execution, name, state, sequence, from_micros(created), body
          FROM unnest(task_id, task_execution, task_name, task_state, task_sequence, task_created, task_body)
            AS task (id, execution, name, state, sequence, created, body)
        ON CONFLICT (id) DO UPDATE SET state = excluded.state, sequence = excluded.sequence, body = excluded.body;
    END IF;

    IF cardinality(action_id) > 0 THEN
        INSERT INTO action_record AS a (id, execution_id, task_id, state, created_at, envelope, input, body)
        SELECT id, execution, task, state, from_micros(created), envelope, input, body
          FROM unnest(action_id, action_execution_id, action_task, action_state, action_created, action_envelope, action_input, action_body)
            AS action (id, execution, task, state, created, envelope, input, body)
        ON CONFLICT (id) DO UPDATE
           SET state = excluded.state, body = excluded.body, envelope = coalesce(excluded.envelope, a.envelope);
    END IF;

    IF cardinality(child_id) > 0 THEN
        INSERT INTO child_execution AS c (id, execution_id, task_id, accepted, index, body)
        SELECT * FROM unnest(child_id, child_execution_id, child_task, child_accepted, child_index, child_body)
        ON CONFLICT (id) DO UPDATE SET accepted = excluded.accepted, body = excluded.body;
    END IF;

    IF cardinality(gone_task) > 0 THEN
        DELETE FROM timer t USING unnest(gone_task, gone_kind, gone_round) AS gone (task, kind, round)
         WHERE t.task_id = gone.task AND t.kind = gone.kind AND t.round = gone.round;
    END IF;
    IF cardinality(timer_task) > 0 THEN
        INSERT INTO timer (task_id, kind, round, execution_id, partition, due_at)
        SELECT task, kind, round, execution, partition, from_micros(due)
          FROM unnest(timer_task, timer_kind, timer_round, timer_execution, timer_partition, timer_due)
            AS timer (task, kind, round, execution, partition, due)
        ON CONFLICT (task_id, kind, round) DO UPDATE SET due_at = excluded.due_at, claimed_until = '-infinity';
    END IF;

    IF cardinality(history_execution) > 0 THEN
        INSERT INTO execution_history (execution_id, position, at, events)
        SELECT execution, position, from_micros(at), events
          FROM unnest(history_execution, history_position, history_at, history_events) AS history (execution, position, at, events);
    END IF;

    IF cardinality(notice_execution) > 0 THEN
        INSERT INTO notification (execution_id, event, payload, publisher)
        SELECT * FROM unnest(notice_execution, notice_event, notice_payload, notice_publisher);
    END IF;
END $$;
