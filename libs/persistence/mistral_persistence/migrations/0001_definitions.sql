-- What users upload. A text, once stored under (workflow_id, version), never changes: executions pin it.

CREATE TABLE workflow (
    id          uuid PRIMARY KEY,
    project_id  text NOT NULL,
    namespace   text NOT NULL DEFAULT '',
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    version     integer NOT NULL DEFAULT 1 CHECK (version >= 1),
    definition  text NOT NULL,
    checksum    text,
    workbook    text,
    input       text NOT NULL DEFAULT '',
    interface   json NOT NULL DEFAULT '{}',
    tags        text[] NOT NULL DEFAULT '{}',
    scope       text NOT NULL DEFAULT 'private' CHECK (scope IN ('private', 'public')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz,
    UNIQUE (project_id, namespace, name)
);
CREATE INDEX workflow_by_age ON workflow (created_at, id);
CREATE INDEX workflow_by_name ON workflow (namespace, name);

CREATE TABLE workflow_version (
    workflow_id  uuid NOT NULL,
    version      integer NOT NULL,
    name         text NOT NULL,
    workbook     text,
    definition   text NOT NULL,
    PRIMARY KEY (workflow_id, version)
);
