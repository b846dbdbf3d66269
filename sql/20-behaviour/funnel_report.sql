-- STABLE and not PARALLEL SAFE: it runs a query, which may be anything.
-- Not STRICT: most arguments may be NULL.
CREATE FUNCTION shopanalytics.funnel_report(
    events text,
    steps text[],
    window_size interval DEFAULT '7 days',
    mode text DEFAULT 'ordered',
    user_column name DEFAULT NULL,
    time_column name DEFAULT NULL,
    event_column name DEFAULT NULL,
    breakdown name DEFAULT NULL,
    attribution text DEFAULT 'first_touch',
    hold name DEFAULT NULL,
    exclude text[] DEFAULT NULL,
    step_windows interval[] DEFAULT NULL,
    from_time timestamptz DEFAULT NULL,
    to_time timestamptz DEFAULT NULL
) RETURNS TABLE (
    breakdown_value text,
    step integer,
    step_name text,
    users bigint,
    dropped bigint,
    pending bigint,
    step_conversion numeric,
    overall_conversion numeric,
    median_time interval,
    avg_time interval,
    p90_time interval
)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 10;

COMMENT ON FUNCTION shopanalytics.funnel_report(text, text[], interval, text, name, name, name, name, text, name, text[], interval[], timestamptz, timestamptz)
    IS 'users at each step of a funnel, with the time from step to step';
