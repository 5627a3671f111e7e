-- How long executions are kept once they have ended, and how they go while engines work.
-- There is no index by parent: a family is found by its root, with the index that there is.

CREATE TABLE retention_policy (
    -- Empty for the policy of the mesh, which is for all projects without one of their own.
    project_id         text PRIMARY KEY,
    -- NULL is no limit.
    older_than_minutes integer CHECK (older_than_minutes > 0),
    max_finished       integer CHECK (max_finished >= 0),
    ignored_states     text[] NOT NULL DEFAULT '{}',
    updated_at         timestamptz NOT NULL DEFAULT now()
);

-- Executions that are about to go. Nobody may change them any more: an engine that has read one before, to run it again,
-- must not write what belongs to nothing. Empty but for moments.
CREATE TABLE expiring (
    execution_id  uuid PRIMARY KEY,
    since         timestamptz NOT NULL DEFAULT now()
);

-- Called after every flush, in its transaction; the argument is an array literal, as text. The engine reads again what it lost.
CREATE FUNCTION not_expiring_v1(executions text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF executions <> '{}' AND EXISTS (SELECT FROM expiring)
       AND EXISTS (SELECT FROM expiring WHERE execution_id = ANY (executions::uuid[])) THEN
        RAISE EXCEPTION 'an execution is about to be removed' USING ERRCODE = 'MM001';
    END IF;
END $$;
