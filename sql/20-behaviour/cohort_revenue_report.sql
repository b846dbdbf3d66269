-- STABLE and not PARALLEL SAFE: it runs queries, which may be anything.
CREATE FUNCTION shopanalytics.cohort_revenue_report(
    orders text,
    period text DEFAULT 'month',
    periods integer DEFAULT 12,
    clock text DEFAULT 'calendar',
    timezone text DEFAULT NULL,
    week_start integer DEFAULT 1,
    breakdown name DEFAULT NULL,
    user_column name DEFAULT NULL,
    time_column name DEFAULT NULL,
    amount_column name DEFAULT NULL,
    from_time timestamptz DEFAULT NULL,
    to_time timestamptz DEFAULT NULL,
    cohorts text DEFAULT NULL
) RETURNS TABLE (
    cohort timestamptz,
    breakdown_value text,
    cohort_size bigint,
    period_index integer,
    customers bigint,
    orders bigint,
    revenue numeric,
    cumulative_revenue numeric,
    ltv numeric,
    is_complete boolean
)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 169;

COMMENT ON FUNCTION shopanalytics.cohort_revenue_report(text, text, integer, text, text, integer, name, name, name, name, timestamptz, timestamptz, text)
    IS 'customers by the period in which they came, and what they bring in each later one';
