-- STABLE and not PARALLEL SAFE: it runs queries, which may be anything.
CREATE FUNCTION shopanalytics.retention_report(
    events text,
    period text DEFAULT 'week',
    periods integer DEFAULT 12,
    start_event text DEFAULT NULL,
    return_event text DEFAULT NULL,
    mode text DEFAULT 'bounded',
    cohort text DEFAULT 'first_time',
    clock text DEFAULT 'calendar',
    timezone text DEFAULT NULL,
    week_start integer DEFAULT 1,
    min_occurrences integer DEFAULT 1,
    breakdown name DEFAULT NULL,
    user_column name DEFAULT NULL,
    time_column name DEFAULT NULL,
    event_column name DEFAULT NULL,
    from_time timestamptz DEFAULT NULL,
    to_time timestamptz DEFAULT NULL,
    cohorts text DEFAULT NULL
) RETURNS TABLE (
    cohort timestamptz,
    breakdown_value text,
    cohort_size bigint,
    period_index integer,
    retained bigint,
    retention_rate numeric,
    is_complete boolean,
    returned_same_period bigint
)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 169;

COMMENT ON FUNCTION shopanalytics.retention_report(text, text, integer, text, text, text, text, text, text, integer, integer, name, name, name, name, timestamptz, timestamptz, text)
    IS 'users by the period in which they came, and how many of them return in each later one';
