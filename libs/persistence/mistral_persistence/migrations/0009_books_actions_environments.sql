-- Workbooks as they were uploaded, ad-hoc actions, environments. What a workbook holds is stored beside it, each member
-- as a workflow or an action of its own.

CREATE TABLE workbook (
    id          uuid PRIMARY KEY,
    project_id  text NOT NULL,
    namespace   text NOT NULL DEFAULT '',
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    definition  text NOT NULL,
    tags        text[] NOT NULL DEFAULT '{}',
    scope       text NOT NULL DEFAULT 'private' CHECK (scope IN ('private', 'public')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz,
    UNIQUE (project_id, namespace, name)
);
CREATE INDEX workbook_by_age ON workbook (created_at, id);

CREATE TABLE action_definition (
    id           uuid PRIMARY KEY,
    project_id   text NOT NULL,
    namespace    text NOT NULL DEFAULT '',
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    definition   text NOT NULL,
    workbook     text,
    input        text NOT NULL DEFAULT '',
    description  text NOT NULL DEFAULT '',
    tags         text[] NOT NULL DEFAULT '{}',
    scope        text NOT NULL DEFAULT 'private' CHECK (scope IN ('private', 'public')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz,
    UNIQUE (project_id, namespace, name)
);
CREATE INDEX action_definition_by_name ON action_definition (namespace, name);

CREATE TABLE environment (
    id           uuid PRIMARY KEY,
    project_id   text NOT NULL,
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    description  text,
    variables    json NOT NULL DEFAULT '{}',
    scope        text NOT NULL DEFAULT 'private' CHECK (scope IN ('private', 'public')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz,
    UNIQUE (project_id, name)
);
CREATE INDEX environment_by_age ON environment (created_at, id);

-- Grows with every change of action_definition, in the same transaction: engines keep all ad-hoc actions in memory and
-- see by it that theirs are old.
CREATE TABLE definition_epoch (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch  bigint NOT NULL DEFAULT 0
);
INSERT INTO definition_epoch DEFAULT VALUES;

CREATE FUNCTION next_definition_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE definition_epoch SET epoch = epoch + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER action_definition_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON action_definition
    FOR EACH STATEMENT EXECUTE FUNCTION next_definition_epoch();

-- What an action that is run on its own is a task of. It has versions but no row among the workflows, so nobody finds
-- it by name; reads tell its executions by this id.
INSERT INTO workflow_version (workflow_id, version, name, definition) VALUES (
    '00000000-0000-8000-8000-000000000001', 1, 'standalone_action',
    E'version: "2.0"\nstandalone_action:\n  input: [action, input, target, timeout]\n  tasks:\n    run:\n'
    '      action: <% $.action %>\n      input: <% $.input %>\n      target: <% $.target %>\n'
    '      timeout: <% $.timeout %>\n'
);
