-- Lists begin in the middle of an index and read on from there; each of these goes on as lists are ordered: by age, then
-- by id. What stands after that orders nothing: other projects' entries, or other names', are passed over without a look
-- at their rows. An execution is written twice in its life, so its indexes cost little. Tasks and actions are written at
-- every step: each has one, and it grows at its end. An index by the name of a task would cost every task three times that.
-- Runs of actions on their own are no user's executions and stand in none of them.

DROP INDEX execution_by_age;
CREATE INDEX execution_by_age ON execution (created_at, id, workflow_id)
 WHERE workflow_id <> '00000000-0000-8000-8000-000000000001';
CREATE INDEX execution_by_project ON execution (project_id, created_at, id, workflow_id)
 WHERE workflow_id <> '00000000-0000-8000-8000-000000000001';
CREATE INDEX execution_by_state ON execution (state, created_at, id, project_id)
 WHERE workflow_id <> '00000000-0000-8000-8000-000000000001';
CREATE INDEX execution_by_update ON execution (updated_at, id, project_id) INCLUDE (created_at)
 WHERE workflow_id <> '00000000-0000-8000-8000-000000000001';
DROP INDEX execution_by_workflow;
CREATE INDEX execution_by_workflow ON execution (workflow_name, created_at, id, project_id)
 WHERE workflow_id <> '00000000-0000-8000-8000-000000000001';
CREATE INDEX execution_of_standalone ON execution (created_at, id)
 WHERE workflow_id = '00000000-0000-8000-8000-000000000001';
-- A list of pending entries would now and then make one writer wait for all of them.
CREATE INDEX execution_by_tag ON execution USING gin (tags) WITH (fastupdate = off) WHERE tags <> '{}';

CREATE INDEX task_record_by_age ON task_record (created_at, id, name);
CREATE INDEX action_record_by_age ON action_record (created_at, id);
