-- Temporary workers: how they are started, and which there are.

CREATE TABLE fleet (
    id            uuid PRIMARY KEY,
    project_id    text NOT NULL,
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    description   text,
    driver        text NOT NULL CHECK (driver IN ('process', 'kubernetes')),
    template      json NOT NULL,
    most_workers  integer NOT NULL CHECK (most_workers BETWEEN 1 AND 1000),
    slots         integer NOT NULL CHECK (slots BETWEEN 1 AND 1000),
    idle_seconds  integer NOT NULL CHECK (idle_seconds BETWEEN 1 AND 86400),
    scope         text NOT NULL DEFAULT 'private' CHECK (scope IN ('private', 'public')),
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz,
    UNIQUE (project_id, name)
);
CREATE INDEX fleet_by_age ON fleet (created_at, id);

-- A row comes before its worker is started and says how to find it: a scheduler that takes over knows what there is.
-- No reference to `fleet` or `execution`: workers of what is gone must still be found, to be ended.
CREATE TABLE fleet_worker (
    id            uuid PRIMARY KEY,
    fleet_id      uuid NOT NULL,
    execution_id  text NOT NULL,
    driver        text NOT NULL,
    state         text NOT NULL DEFAULT 'STARTING' CHECK (state IN ('STARTING', 'RUNNING', 'STOPPING', 'ENDED')),
    handle        text NOT NULL DEFAULT '',
    reason        text NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL DEFAULT now(),
    ended_at      timestamptz
);
CREATE INDEX fleet_worker_of_fleet ON fleet_worker (fleet_id, created_at);
CREATE INDEX fleet_worker_alive ON fleet_worker (created_at) WHERE state <> 'ENDED';
CREATE INDEX fleet_worker_ended ON fleet_worker (ended_at) WHERE state = 'ENDED';
