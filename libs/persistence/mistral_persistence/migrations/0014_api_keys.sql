-- Keys by which programs prove who they are. The secrets themselves are not kept.

CREATE TABLE api_key (
    id          uuid PRIMARY KEY,
    prefix      text NOT NULL UNIQUE,
    digest      bytea NOT NULL,
    project_id  text NOT NULL CHECK (length(project_id) BETWEEN 1 AND 255),
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    roles       text[] NOT NULL DEFAULT '{}',
    scopes      text[] NOT NULL,
    created_by  text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz,
    used_at     timestamptz,
    revoked_at  timestamptz
);
CREATE INDEX api_key_by_age ON api_key (created_at, id);
CREATE INDEX api_key_by_project ON api_key (project_id, created_at, id);
