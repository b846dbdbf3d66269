-- Funnels by ClickHouse's rules, for queries that move over.
--
-- Not STRICT: the state starts as NULL, NULL times are skipped by the code, and
-- no row at all gives 0 or an empty array.

CREATE FUNCTION shopanalytics.window_funnel_transfn(internal, interval, timestamptz, VARIADIC boolean[]) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.window_funnel_mode_transfn(internal, interval, text, timestamptz, VARIADIC boolean[]) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.window_funnel_combinefn(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.window_funnel_serialfn(internal) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.window_funnel_deserialfn(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.window_funnel_finalfn(internal) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.window_funnel_events_finalfn(internal) RETURNS timestamptz[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.window_funnel(window_size interval, ts timestamptz, VARIADIC steps boolean[]) (
    SFUNC = shopanalytics.window_funnel_transfn,
    STYPE = internal,
    SSPACE = 256,
    FINALFUNC = shopanalytics.window_funnel_finalfn,
    COMBINEFUNC = shopanalytics.window_funnel_combinefn,
    SERIALFUNC = shopanalytics.window_funnel_serialfn,
    DESERIALFUNC = shopanalytics.window_funnel_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.window_funnel(interval, timestamptz, boolean[])
    IS 'number of steps reached within the window, by ClickHouse''s rules';

CREATE AGGREGATE shopanalytics.window_funnel(window_size interval, mode text, ts timestamptz, VARIADIC steps boolean[]) (
    SFUNC = shopanalytics.window_funnel_mode_transfn,
    STYPE = internal,
    SSPACE = 256,
    FINALFUNC = shopanalytics.window_funnel_finalfn,
    COMBINEFUNC = shopanalytics.window_funnel_combinefn,
    SERIALFUNC = shopanalytics.window_funnel_serialfn,
    DESERIALFUNC = shopanalytics.window_funnel_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.window_funnel(interval, text, timestamptz, boolean[])
    IS 'number of steps reached within the window, by ClickHouse''s rules';

CREATE AGGREGATE shopanalytics.window_funnel_events(window_size interval, ts timestamptz, VARIADIC steps boolean[]) (
    SFUNC = shopanalytics.window_funnel_transfn,
    STYPE = internal,
    SSPACE = 256,
    FINALFUNC = shopanalytics.window_funnel_events_finalfn,
    COMBINEFUNC = shopanalytics.window_funnel_combinefn,
    SERIALFUNC = shopanalytics.window_funnel_serialfn,
    DESERIALFUNC = shopanalytics.window_funnel_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.window_funnel_events(interval, timestamptz, boolean[])
    IS 'times of the steps reached within the window, by ClickHouse''s rules';

CREATE AGGREGATE shopanalytics.window_funnel_events(window_size interval, mode text, ts timestamptz, VARIADIC steps boolean[]) (
    SFUNC = shopanalytics.window_funnel_mode_transfn,
    STYPE = internal,
    SSPACE = 256,
    FINALFUNC = shopanalytics.window_funnel_events_finalfn,
    COMBINEFUNC = shopanalytics.window_funnel_combinefn,
    SERIALFUNC = shopanalytics.window_funnel_serialfn,
    DESERIALFUNC = shopanalytics.window_funnel_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.window_funnel_events(interval, text, timestamptz, boolean[])
    IS 'times of the steps reached within the window, by ClickHouse''s rules';
