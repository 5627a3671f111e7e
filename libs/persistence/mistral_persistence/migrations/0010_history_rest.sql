-- Rows of a day whose partition was not made in time lie in the rest, and then that day can have none any more.
-- That must not keep anybody from starting.

CREATE OR REPLACE FUNCTION prepare_history(days_ahead integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    day date;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('execution_history'));
    FOR offset_days IN 0..days_ahead LOOP
        day := (now() AT TIME ZONE 'UTC')::date + offset_days;
        BEGIN
            EXECUTE format(
                'CREATE TABLE IF NOT EXISTS execution_history_%s PARTITION OF execution_history FOR VALUES FROM (%L) TO (%L)',
                to_char(day, 'YYYYMMDD'), day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
        EXCEPTION WHEN check_violation THEN
            RAISE NOTICE 'the history of % stays in the rest', day;
        END;
    END LOOP;
END $$;
