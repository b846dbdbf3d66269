-- STABLE and not PARALLEL SAFE: it runs a query, which may be anything.
CREATE FUNCTION shopanalytics.active_users_report(
    events text,
    user_column name DEFAULT NULL,
    time_column name DEFAULT NULL,
    timezone text DEFAULT NULL,
    from_day date DEFAULT NULL,
    to_day date DEFAULT NULL,
    week_days integer DEFAULT 7,
    month_days integer DEFAULT 30
) RETURNS TABLE (
    day date,
    dau bigint,
    wau bigint,
    mau bigint,
    stickiness numeric
)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 366;

COMMENT ON FUNCTION shopanalytics.active_users_report(text, name, name, text, date, date, integer, integer)
    IS 'users active on each day, in the week and in the month up to it, exactly';
