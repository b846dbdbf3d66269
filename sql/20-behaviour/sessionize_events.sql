-- For the planner, which loads the library by it and is then offered a scan of its own.
CREATE FUNCTION shopanalytics._sessionize_events_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'sessionize_events_support' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- STABLE and not PARALLEL SAFE: it runs a query, which may be anything.
CREATE FUNCTION shopanalytics.sessionize_events(
    events text,
    timeout interval DEFAULT '30 minutes',
    user_column name DEFAULT NULL,
    time_column name DEFAULT NULL,
    key_column name DEFAULT NULL,
    max_duration interval DEFAULT NULL,
    max_events integer DEFAULT NULL
) RETURNS TABLE (
    event_key text,
    user_id text,
    event_time timestamptz,
    session_number bigint,
    session_start timestamptz
)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 1000000
    SUPPORT shopanalytics._sessionize_events_support;

COMMENT ON FUNCTION shopanalytics.sessionize_events(text, interval, name, name, name, interval, integer)
    IS 'every event of a table with the number and start of its session';
