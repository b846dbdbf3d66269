-- When a schedule runs next.  Immutable as AT TIME ZONE is: of the zones' rules, which
-- change with the years, PostgreSQL takes no notice there either.
CREATE FUNCTION shopanalytics.cron_next(schedule text, after timestamptz, timezone text DEFAULT 'UTC') RETURNS timestamptz
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- What is due: the first and the last time after one moment and not after another, and
-- how many there are.
CREATE FUNCTION shopanalytics._cron_due(schedule text, after timestamptz, until timestamptz, timezone text,
    OUT first timestamptz, OUT last timestamptz, OUT times bigint)
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- The next n of them.
CREATE FUNCTION shopanalytics.cron_times(schedule text, n integer DEFAULT 5, timezone text DEFAULT 'UTC', after timestamptz DEFAULT pg_catalog.clock_timestamp())
    RETURNS SETOF timestamptz
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    at timestamptz := after;
BEGIN
    IF n NOT BETWEEN 0 AND 1000000 THEN
        RAISE EXCEPTION 'n must be from 0 to 1000000, not %', n USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOR i IN 1 .. n LOOP
        at := shopanalytics.cron_next(schedule, at, timezone);
        RETURN NEXT at;
    END LOOP;
END
$$;

COMMENT ON FUNCTION shopanalytics.cron_next(text, timestamptz, text) IS 'the next time of a schedule: a cron expression, a name such as @daily or an interval';
COMMENT ON FUNCTION shopanalytics.cron_times(text, integer, text, timestamptz) IS 'the next n times of a schedule';
