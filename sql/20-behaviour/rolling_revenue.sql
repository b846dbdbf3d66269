-- Revenue of the last calendar days.
--
-- Not STRICT: a row without an amount has a value all the same, rows without a
-- time are a frame of their own, and no time zone means that of the session;
-- for that reason the functions on timestamptz are STABLE only.
-- One C function serves all types; integers have functions of their own
-- because PostgreSQL would else prefer float8 to numeric for them.

CREATE FUNCTION shopanalytics.rolling_revenue(
    amount numeric,
    ts timestamptz,
    days integer DEFAULT 7,
    timezone text DEFAULT NULL
) RETURNS numeric
    AS 'MODULE_PATHNAME', 'window_rolling_revenue' LANGUAGE C WINDOW STABLE PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.rolling_revenue(numeric, timestamptz, integer, text)
    IS 'sum over the last calendar days, in a time zone, up to the day of the row';

CREATE FUNCTION shopanalytics.rolling_revenue(
    amount numeric,
    ts date,
    days integer DEFAULT 7
) RETURNS numeric
    AS 'MODULE_PATHNAME', 'window_rolling_revenue' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.rolling_revenue(numeric, date, integer)
    IS 'sum over the last calendar days up to the day of the row';

CREATE FUNCTION shopanalytics.rolling_revenue(
    amount double precision,
    ts timestamptz,
    days integer DEFAULT 7,
    timezone text DEFAULT NULL
) RETURNS double precision
    AS 'MODULE_PATHNAME', 'window_rolling_revenue' LANGUAGE C WINDOW STABLE PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.rolling_revenue(double precision, timestamptz, integer, text)
    IS 'sum over the last calendar days, in a time zone, up to the day of the row';

CREATE FUNCTION shopanalytics.rolling_revenue(
    amount double precision,
    ts date,
    days integer DEFAULT 7
) RETURNS double precision
    AS 'MODULE_PATHNAME', 'window_rolling_revenue' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.rolling_revenue(double precision, date, integer)
    IS 'sum over the last calendar days up to the day of the row';

CREATE FUNCTION shopanalytics.rolling_revenue(
    amount bigint,
    ts timestamptz,
    days integer DEFAULT 7,
    timezone text DEFAULT NULL
) RETURNS numeric
    AS 'MODULE_PATHNAME', 'window_rolling_revenue' LANGUAGE C WINDOW STABLE PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.rolling_revenue(bigint, timestamptz, integer, text)
    IS 'sum over the last calendar days, in a time zone, up to the day of the row';

CREATE FUNCTION shopanalytics.rolling_revenue(
    amount bigint,
    ts date,
    days integer DEFAULT 7
) RETURNS numeric
    AS 'MODULE_PATHNAME', 'window_rolling_revenue' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.rolling_revenue(bigint, date, integer)
    IS 'sum over the last calendar days up to the day of the row';

CREATE FUNCTION shopanalytics.rolling_revenue(
    amount integer,
    ts timestamptz,
    days integer DEFAULT 7,
    timezone text DEFAULT NULL
) RETURNS numeric
    AS 'MODULE_PATHNAME', 'window_rolling_revenue' LANGUAGE C WINDOW STABLE PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.rolling_revenue(integer, timestamptz, integer, text)
    IS 'sum over the last calendar days, in a time zone, up to the day of the row';

CREATE FUNCTION shopanalytics.rolling_revenue(
    amount integer,
    ts date,
    days integer DEFAULT 7
) RETURNS numeric
    AS 'MODULE_PATHNAME', 'window_rolling_revenue' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.rolling_revenue(integer, date, integer)
    IS 'sum over the last calendar days up to the day of the row';

CREATE FUNCTION shopanalytics.rolling_revenue(
    amount smallint,
    ts timestamptz,
    days integer DEFAULT 7,
    timezone text DEFAULT NULL
) RETURNS numeric
    AS 'MODULE_PATHNAME', 'window_rolling_revenue' LANGUAGE C WINDOW STABLE PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.rolling_revenue(smallint, timestamptz, integer, text)
    IS 'sum over the last calendar days, in a time zone, up to the day of the row';

CREATE FUNCTION shopanalytics.rolling_revenue(
    amount smallint,
    ts date,
    days integer DEFAULT 7
) RETURNS numeric
    AS 'MODULE_PATHNAME', 'window_rolling_revenue' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.rolling_revenue(smallint, date, integer)
    IS 'sum over the last calendar days up to the day of the row';
