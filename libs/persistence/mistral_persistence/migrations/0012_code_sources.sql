-- Python code that users upload, and the actions that are classes in it. Executors get the code from the engines.

CREATE TABLE code_source (
    id          uuid PRIMARY KEY,
    project_id  text NOT NULL,
    namespace   text NOT NULL DEFAULT '',
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    content     text NOT NULL,
    version     integer NOT NULL DEFAULT 1,
    scope       text NOT NULL DEFAULT 'private' CHECK (scope IN ('private', 'public')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz,
    UNIQUE (project_id, namespace, name)
);
CREATE INDEX code_source_by_name ON code_source (namespace, name);
CREATE INDEX code_source_by_age ON code_source (created_at, id);

CREATE TABLE dynamic_action (
    id              uuid PRIMARY KEY,
    project_id      text NOT NULL,
    namespace       text NOT NULL DEFAULT '',
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    class_name      text NOT NULL CHECK (length(class_name) BETWEEN 1 AND 255),
    code_source_id  uuid NOT NULL REFERENCES code_source ON DELETE CASCADE,
    scope           text NOT NULL DEFAULT 'private' CHECK (scope IN ('private', 'public')),
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz,
    UNIQUE (project_id, namespace, name)
);
CREATE INDEX dynamic_action_by_name ON dynamic_action (namespace, name);
CREATE INDEX dynamic_action_by_age ON dynamic_action (created_at, id);
CREATE INDEX dynamic_action_by_source ON dynamic_action (code_source_id);
