-- As-of joins by window functions over the rows of both tables.
--
-- Not STRICT: no value, no time and no limit each have a meaning of their own.
-- Functions on timestamp share the C code of those on timestamptz: both are
-- microseconds, and no time zone is looked at.  The support function tells the
-- planner that the frame does not matter, as for sessionize.

CREATE FUNCTION shopanalytics._asof_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'sessionize_support' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.asof_last(
    value anyelement,
    ts timestamptz,
    is_right boolean,
    max_gap interval DEFAULT NULL,
    inclusive boolean DEFAULT true,
    ignore_nulls boolean DEFAULT false
) RETURNS anyelement
    AS 'MODULE_PATHNAME', 'window_asof_last' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE
    SUPPORT shopanalytics._asof_support;

COMMENT ON FUNCTION shopanalytics.asof_last(anyelement, timestamptz, boolean, interval, boolean, boolean)
    IS 'value of the last right row at or before a row';

CREATE FUNCTION shopanalytics.asof_last(
    value anyelement,
    ts timestamp,
    is_right boolean,
    max_gap interval DEFAULT NULL,
    inclusive boolean DEFAULT true,
    ignore_nulls boolean DEFAULT false
) RETURNS anyelement
    AS 'MODULE_PATHNAME', 'window_asof_last' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE
    SUPPORT shopanalytics._asof_support;

COMMENT ON FUNCTION shopanalytics.asof_last(anyelement, timestamp, boolean, interval, boolean, boolean)
    IS 'value of the last right row at or before a row, times in UTC';

CREATE FUNCTION shopanalytics.asof_last(
    value anyelement,
    ts bigint,
    is_right boolean,
    max_gap bigint DEFAULT NULL,
    inclusive boolean DEFAULT true,
    ignore_nulls boolean DEFAULT false
) RETURNS anyelement
    AS 'MODULE_PATHNAME', 'window_asof_last_bigint' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE
    SUPPORT shopanalytics._asof_support;

COMMENT ON FUNCTION shopanalytics.asof_last(anyelement, bigint, boolean, bigint, boolean, boolean)
    IS 'value of the last right row at or before a row, times and max_gap in one unit';

CREATE FUNCTION shopanalytics.asof_next(
    value anyelement,
    ts timestamptz,
    is_right boolean,
    max_gap interval DEFAULT NULL,
    inclusive boolean DEFAULT true,
    ignore_nulls boolean DEFAULT false
) RETURNS anyelement
    AS 'MODULE_PATHNAME', 'window_asof_next' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE
    SUPPORT shopanalytics._asof_support;

COMMENT ON FUNCTION shopanalytics.asof_next(anyelement, timestamptz, boolean, interval, boolean, boolean)
    IS 'value of the first right row at or after a row';

CREATE FUNCTION shopanalytics.asof_next(
    value anyelement,
    ts timestamp,
    is_right boolean,
    max_gap interval DEFAULT NULL,
    inclusive boolean DEFAULT true,
    ignore_nulls boolean DEFAULT false
) RETURNS anyelement
    AS 'MODULE_PATHNAME', 'window_asof_next' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE
    SUPPORT shopanalytics._asof_support;

COMMENT ON FUNCTION shopanalytics.asof_next(anyelement, timestamp, boolean, interval, boolean, boolean)
    IS 'value of the first right row at or after a row, times in UTC';

CREATE FUNCTION shopanalytics.asof_next(
    value anyelement,
    ts bigint,
    is_right boolean,
    max_gap bigint DEFAULT NULL,
    inclusive boolean DEFAULT true,
    ignore_nulls boolean DEFAULT false
) RETURNS anyelement
    AS 'MODULE_PATHNAME', 'window_asof_next_bigint' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE
    SUPPORT shopanalytics._asof_support;

COMMENT ON FUNCTION shopanalytics.asof_next(anyelement, bigint, boolean, bigint, boolean, boolean)
    IS 'value of the first right row at or after a row, times and max_gap in one unit';
