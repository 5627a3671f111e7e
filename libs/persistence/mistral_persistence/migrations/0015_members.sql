-- With which other projects a workflow is shared. It counts once the other project has accepted it.

CREATE TABLE workflow_member (
    id           uuid PRIMARY KEY,
    workflow_id  uuid NOT NULL REFERENCES workflow (id) ON DELETE CASCADE,
    member_id    text NOT NULL CHECK (length(member_id) BETWEEN 1 AND 255),
    status       text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'accepted', 'rejected')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz,
    UNIQUE (workflow_id, member_id)
);
CREATE INDEX workflow_member_by_member ON workflow_member (member_id, workflow_id) WHERE status = 'accepted';

-- What a name means to a project depends on it, and engines remember that.
CREATE TRIGGER workflow_member_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON workflow_member
    FOR EACH STATEMENT EXECUTE FUNCTION next_definition_epoch();
