-- Sketches of distinct values: approximate numbers that can be stored and merged.

CREATE TYPE shopanalytics.hllsketch;

CREATE FUNCTION shopanalytics.hllsketch_in(cstring) RETURNS shopanalytics.hllsketch
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.hllsketch_out(shopanalytics.hllsketch) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.hllsketch_recv(internal) RETURNS shopanalytics.hllsketch
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.hllsketch_send(shopanalytics.hllsketch) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE shopanalytics.hllsketch (
    INPUT = shopanalytics.hllsketch_in,
    OUTPUT = shopanalytics.hllsketch_out,
    RECEIVE = shopanalytics.hllsketch_recv,
    SEND = shopanalytics.hllsketch_send,
    STORAGE = extended
);

COMMENT ON TYPE shopanalytics.hllsketch IS 'sketch of a set, to tell how many distinct values it has';

-- Not STRICT: the state starts as NULL, and NULL values are skipped by the code.

CREATE FUNCTION shopanalytics.approx_distinct_agg_transfn(internal, anyelement) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.approx_distinct_agg_transfn(internal, anyelement, integer) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.hllsketch_rollup_transfn(internal, shopanalytics.hllsketch) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.approx_distinct_agg_combinefn(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.approx_distinct_agg_serialfn(internal) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.approx_distinct_agg_deserialfn(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Not STRICT: no row at all gives a sketch too.
CREATE FUNCTION shopanalytics.approx_distinct_agg_finalfn(internal) RETURNS shopanalytics.hllsketch
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.approx_distinct_agg(v anyelement) (
    SFUNC = shopanalytics.approx_distinct_agg_transfn,
    STYPE = internal,
    SSPACE = 512,
    FINALFUNC = shopanalytics.approx_distinct_agg_finalfn,
    COMBINEFUNC = shopanalytics.approx_distinct_agg_combinefn,
    SERIALFUNC = shopanalytics.approx_distinct_agg_serialfn,
    DESERIALFUNC = shopanalytics.approx_distinct_agg_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.approx_distinct_agg(anyelement)
    IS 'sketch of the distinct values, of standard error 0.81 %';

CREATE AGGREGATE shopanalytics.approx_distinct_agg(v anyelement, "precision" integer) (
    SFUNC = shopanalytics.approx_distinct_agg_transfn,
    STYPE = internal,
    SSPACE = 512,
    FINALFUNC = shopanalytics.approx_distinct_agg_finalfn,
    COMBINEFUNC = shopanalytics.approx_distinct_agg_combinefn,
    SERIALFUNC = shopanalytics.approx_distinct_agg_serialfn,
    DESERIALFUNC = shopanalytics.approx_distinct_agg_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.approx_distinct_agg(anyelement, integer)
    IS 'sketch of the distinct values, of a precision from 4 to 18';

CREATE AGGREGATE shopanalytics.rollup(s shopanalytics.hllsketch) (
    SFUNC = shopanalytics.hllsketch_rollup_transfn,
    STYPE = internal,
    SSPACE = 512,
    FINALFUNC = shopanalytics.approx_distinct_agg_finalfn,
    COMBINEFUNC = shopanalytics.approx_distinct_agg_combinefn,
    SERIALFUNC = shopanalytics.approx_distinct_agg_serialfn,
    DESERIALFUNC = shopanalytics.approx_distinct_agg_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.rollup(shopanalytics.hllsketch)
    IS 'merge of sketches, as if their values had been collected together';

CREATE FUNCTION shopanalytics.approx_distinct(s shopanalytics.hllsketch) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.approx_distinct(shopanalytics.hllsketch)
    IS 'number of distinct values, exact if there are few';

CREATE FUNCTION shopanalytics.approx_distinct_error(s shopanalytics.hllsketch) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.approx_distinct_error(shopanalytics.hllsketch)
    IS 'relative standard error of the number of distinct values, 0 if it is exact';
