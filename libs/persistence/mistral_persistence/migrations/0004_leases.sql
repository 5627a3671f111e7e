-- Who may write which partition. An engine renews one row of its own; a partition changes hands by its epoch.

CREATE TABLE engine_instance (
    name         text PRIMARY KEY,
    incarnation  uuid NOT NULL,
    address      text NOT NULL,
    expires_at   timestamptz NOT NULL
);

CREATE TABLE partition_lease (
    partition    smallint PRIMARY KEY CHECK (partition BETWEEN 0 AND 255),
    owner        text,
    incarnation  uuid,
    epoch        bigint NOT NULL DEFAULT 0
);
INSERT INTO partition_lease (partition) SELECT generate_series(0, 255);
