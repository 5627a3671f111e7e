-- The epoch grows with every change of a workflow too: engines remember what names mean, and see by it that it is old.

CREATE TRIGGER workflow_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON workflow
    FOR EACH STATEMENT EXECUTE FUNCTION next_definition_epoch();

-- Refuses the transaction if a definition was changed since the epoch that what it starts relies upon.
CREATE FUNCTION definitions_unchanged_v1(since bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF since <> (SELECT epoch FROM definition_epoch) THEN
        RAISE EXCEPTION 'a definition was changed' USING ERRCODE = 'MM002';
    END IF;
END $$;
