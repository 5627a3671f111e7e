-- Applications that run actions and are called over HTTP.

CREATE TABLE http_worker (
    id               uuid PRIMARY KEY,
    project_id       text NOT NULL,
    name             text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    description      text,
    url              text NOT NULL,
    -- A list of offers, see the contract.
    actions          json NOT NULL,
    queues           text[] NOT NULL DEFAULT '{}',
    labels           json NOT NULL DEFAULT '{}',
    -- Never shown again: the values of headers, and what calls are signed with.
    headers          json NOT NULL DEFAULT '{}',
    secret           text NOT NULL DEFAULT '',
    concurrency      integer NOT NULL CHECK (concurrency BETWEEN 1 AND 1000),
    timeout_seconds  integer NOT NULL CHECK (timeout_seconds BETWEEN 1 AND 3600),
    lease_seconds    integer NOT NULL CHECK (lease_seconds BETWEEN 10 AND 604800),
    attempts         integer NOT NULL CHECK (attempts BETWEEN 1 AND 20),
    enabled          boolean NOT NULL DEFAULT true,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz,
    UNIQUE (project_id, name)
);
CREATE INDEX http_worker_by_age ON http_worker (created_at, id);
