-- Sessions by window functions.
--
-- Not STRICT: no time, no split and no limit each have a meaning of their own.
-- Functions on timestamp share the C code of those on timestamptz: both are
-- microseconds, and no time zone is looked at.

CREATE FUNCTION shopanalytics._sessionize_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'sessionize_support' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.sessionize(
    ts timestamptz,
    timeout interval DEFAULT '30 minutes',
    split boolean DEFAULT false,
    max_duration interval DEFAULT NULL,
    max_events integer DEFAULT NULL
) RETURNS bigint
    AS 'MODULE_PATHNAME', 'window_sessionize' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE
    SUPPORT shopanalytics._sessionize_support;

COMMENT ON FUNCTION shopanalytics.sessionize(timestamptz, interval, boolean, interval, integer)
    IS 'number of the session of a row, from 1, by gaps in time';

CREATE FUNCTION shopanalytics.sessionize(
    ts timestamp,
    timeout interval DEFAULT '30 minutes',
    split boolean DEFAULT false,
    max_duration interval DEFAULT NULL,
    max_events integer DEFAULT NULL
) RETURNS bigint
    AS 'MODULE_PATHNAME', 'window_sessionize' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE
    SUPPORT shopanalytics._sessionize_support;

COMMENT ON FUNCTION shopanalytics.sessionize(timestamp, interval, boolean, interval, integer)
    IS 'number of the session of a row, from 1, by gaps in time, times in UTC';

CREATE FUNCTION shopanalytics.sessionize(
    ts bigint,
    timeout bigint,
    split boolean DEFAULT false,
    max_duration bigint DEFAULT NULL,
    max_events integer DEFAULT NULL
) RETURNS bigint
    AS 'MODULE_PATHNAME', 'window_sessionize_bigint' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE
    SUPPORT shopanalytics._sessionize_support;

COMMENT ON FUNCTION shopanalytics.sessionize(bigint, bigint, boolean, bigint, integer)
    IS 'number of the session of a row, from 1, by gaps in time, times and timeout in one unit';

CREATE FUNCTION shopanalytics.session_start(
    ts timestamptz,
    timeout interval DEFAULT '30 minutes',
    split boolean DEFAULT false,
    max_duration interval DEFAULT NULL,
    max_events integer DEFAULT NULL
) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'window_session_start' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE
    SUPPORT shopanalytics._sessionize_support;

COMMENT ON FUNCTION shopanalytics.session_start(timestamptz, interval, boolean, interval, integer)
    IS 'time at which the session of a row starts';

CREATE FUNCTION shopanalytics.session_start(
    ts timestamp,
    timeout interval DEFAULT '30 minutes',
    split boolean DEFAULT false,
    max_duration interval DEFAULT NULL,
    max_events integer DEFAULT NULL
) RETURNS timestamp
    AS 'MODULE_PATHNAME', 'window_session_start' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE
    SUPPORT shopanalytics._sessionize_support;

COMMENT ON FUNCTION shopanalytics.session_start(timestamp, interval, boolean, interval, integer)
    IS 'time at which the session of a row starts, times in UTC';

CREATE FUNCTION shopanalytics.session_start(
    ts bigint,
    timeout bigint,
    split boolean DEFAULT false,
    max_duration bigint DEFAULT NULL,
    max_events integer DEFAULT NULL
) RETURNS bigint
    AS 'MODULE_PATHNAME', 'window_session_start_bigint' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE
    SUPPORT shopanalytics._sessionize_support;

COMMENT ON FUNCTION shopanalytics.session_start(bigint, bigint, boolean, bigint, integer)
    IS 'time at which the session of a row starts, times and timeout in one unit';

CREATE FUNCTION shopanalytics.session_split_reason(
    ts timestamptz,
    timeout interval DEFAULT '30 minutes',
    split boolean DEFAULT false,
    max_duration interval DEFAULT NULL,
    max_events integer DEFAULT NULL
) RETURNS text
    AS 'MODULE_PATHNAME', 'window_session_split_reason' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE
    SUPPORT shopanalytics._sessionize_support;

COMMENT ON FUNCTION shopanalytics.session_split_reason(timestamptz, interval, boolean, interval, integer)
    IS 'why a session starts at a row, NULL where it goes on';

CREATE FUNCTION shopanalytics.session_split_reason(
    ts timestamp,
    timeout interval DEFAULT '30 minutes',
    split boolean DEFAULT false,
    max_duration interval DEFAULT NULL,
    max_events integer DEFAULT NULL
) RETURNS text
    AS 'MODULE_PATHNAME', 'window_session_split_reason' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE
    SUPPORT shopanalytics._sessionize_support;

COMMENT ON FUNCTION shopanalytics.session_split_reason(timestamp, interval, boolean, interval, integer)
    IS 'why a session starts at a row, NULL where it goes on, times in UTC';

CREATE FUNCTION shopanalytics.session_split_reason(
    ts bigint,
    timeout bigint,
    split boolean DEFAULT false,
    max_duration bigint DEFAULT NULL,
    max_events integer DEFAULT NULL
) RETURNS text
    AS 'MODULE_PATHNAME', 'window_session_split_reason_bigint' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE
    SUPPORT shopanalytics._sessionize_support;

COMMENT ON FUNCTION shopanalytics.session_split_reason(bigint, bigint, boolean, bigint, integer)
    IS 'why a session starts at a row, NULL where it goes on, times and timeout in one unit';
