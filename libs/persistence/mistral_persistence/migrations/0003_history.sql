-- What happened, and who is still to be told. One history row holds what one commit did to one execution.

CREATE TABLE execution_history (
    execution_id  uuid NOT NULL,
    position      bigint NOT NULL,
    at            timestamptz NOT NULL,
    events        json NOT NULL,
    PRIMARY KEY (execution_id, position, at)
) PARTITION BY RANGE (at);
CREATE TABLE execution_history_rest PARTITION OF execution_history DEFAULT;

-- Makes the daily partitions from today on; called at every start and once a day.
CREATE FUNCTION prepare_history(days_ahead integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    day date;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('execution_history'));
    FOR offset_days IN 0..days_ahead LOOP
        day := (now() AT TIME ZONE 'UTC')::date + offset_days;
        EXECUTE format(
            'CREATE TABLE IF NOT EXISTS execution_history_%s PARTITION OF execution_history FOR VALUES FROM (%L) TO (%L)',
            to_char(day, 'YYYYMMDD'), day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
    END LOOP;
END $$;

-- Drops the daily partitions that ended before a moment; returns how many.
CREATE FUNCTION drop_history_before(moment timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    name text;
    dropped integer := 0;
BEGIN
    FOR name IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'execution_history'::regclass AND c.relname ~ '^execution_history_[0-9]{8}$'
           AND to_date(right(c.relname, 8), 'YYYYMMDD') + 1 <= (moment AT TIME ZONE 'UTC')::date
    LOOP
        EXECUTE format('DROP TABLE %I', name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;

CREATE TABLE notification (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    execution_id     uuid NOT NULL,
    event            text NOT NULL,
    payload          json NOT NULL,
    publisher        json NOT NULL,
    attempts         integer NOT NULL DEFAULT 0,
    next_attempt_at  timestamptz NOT NULL DEFAULT now(),
    claimed_until    timestamptz NOT NULL DEFAULT '-infinity',
    given_up_at      timestamptz,
    error            text,
    created_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX notification_pending ON notification (next_attempt_at) WHERE given_up_at IS NULL;
CREATE INDEX notification_dead ON notification (given_up_at, id) WHERE given_up_at IS NOT NULL;
