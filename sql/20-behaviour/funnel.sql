-- Funnels: collect once, ask for any window and mode, store, merge.

CREATE TYPE shopanalytics.funnel;

CREATE FUNCTION shopanalytics.funnel_in(cstring) RETURNS shopanalytics.funnel
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.funnel_out(shopanalytics.funnel) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.funnel_recv(internal) RETURNS shopanalytics.funnel
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.funnel_send(shopanalytics.funnel) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE shopanalytics.funnel (
    INPUT = shopanalytics.funnel_in,
    OUTPUT = shopanalytics.funnel_out,
    RECEIVE = shopanalytics.funnel_recv,
    SEND = shopanalytics.funnel_send,
    STORAGE = extended
);

COMMENT ON TYPE shopanalytics.funnel IS 'events of one visitor with the steps they match';

-- Not STRICT: the state starts as NULL, and NULL times are skipped by the code.

CREATE FUNCTION shopanalytics.funnel_agg_transfn(internal, timestamptz, VARIADIC boolean[]) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.rollup_transfn(internal, shopanalytics.funnel) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.funnel_agg_combinefn(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.funnel_agg_serialfn(internal) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.funnel_agg_deserialfn(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Not STRICT: no row at all gives a funnel too.
CREATE FUNCTION shopanalytics.funnel_agg_finalfn(internal) RETURNS shopanalytics.funnel
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.funnel_agg(ts timestamptz, VARIADIC steps boolean[]) (
    SFUNC = shopanalytics.funnel_agg_transfn,
    STYPE = internal,
    SSPACE = 192,
    FINALFUNC = shopanalytics.funnel_agg_finalfn,
    COMBINEFUNC = shopanalytics.funnel_agg_combinefn,
    SERIALFUNC = shopanalytics.funnel_agg_serialfn,
    DESERIALFUNC = shopanalytics.funnel_agg_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.funnel_agg(timestamptz, boolean[])
    IS 'events with the steps they match, to ask how far they went';

CREATE AGGREGATE shopanalytics.rollup(f shopanalytics.funnel) (
    SFUNC = shopanalytics.rollup_transfn,
    STYPE = internal,
    SSPACE = 192,
    FINALFUNC = shopanalytics.funnel_agg_finalfn,
    COMBINEFUNC = shopanalytics.funnel_agg_combinefn,
    SERIALFUNC = shopanalytics.funnel_agg_serialfn,
    DESERIALFUNC = shopanalytics.funnel_agg_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.rollup(shopanalytics.funnel)
    IS 'merge of funnels, as if their rows had been collected together';

-- Not STRICT: no funnel gives NULL, but a window or mode that is NULL is an error.

CREATE FUNCTION shopanalytics.funnel_level(
    f shopanalytics.funnel,
    window_size interval,
    mode text DEFAULT 'ordered'
) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.funnel_level(shopanalytics.funnel, interval, text)
    IS 'number of steps reached within the window of the first';

CREATE FUNCTION shopanalytics.funnel_times(
    f shopanalytics.funnel,
    window_size interval,
    mode text DEFAULT 'ordered'
) RETURNS timestamptz[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.funnel_times(shopanalytics.funnel, interval, text)
    IS 'times of the steps of the winning chain';

CREATE FUNCTION shopanalytics.funnel_durations(
    f shopanalytics.funnel,
    window_size interval,
    mode text DEFAULT 'ordered'
) RETURNS interval[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.funnel_durations(shopanalytics.funnel, interval, text)
    IS 'time from each step of the winning chain to the next';

CREATE FUNCTION shopanalytics.funnel_completions(
    f shopanalytics.funnel,
    window_size interval,
    mode text DEFAULT 'ordered'
) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.funnel_completions(shopanalytics.funnel, interval, text)
    IS 'number of times that all steps were gone through, one after another';
