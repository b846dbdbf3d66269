-- Distinct values in moving frames.
--
-- Not STRICT: the state starts as NULL, and NULL values are skipped by the code.

CREATE FUNCTION shopanalytics.rolling_count_distinct_transfn(internal, anyelement) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.rolling_count_distinct_invfn(internal, anyelement) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.rolling_count_distinct_combinefn(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.rolling_count_distinct_serialfn(internal) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.rolling_count_distinct_deserialfn(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Not STRICT: no row at all leaves no state, and counts as none.
CREATE FUNCTION shopanalytics.rolling_count_distinct_finalfn(internal) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.rolling_count_distinct(v anyelement) (
    SFUNC = shopanalytics.rolling_count_distinct_transfn,
    STYPE = internal,
    SSPACE = 384,
    FINALFUNC = shopanalytics.rolling_count_distinct_finalfn,
    COMBINEFUNC = shopanalytics.rolling_count_distinct_combinefn,
    SERIALFUNC = shopanalytics.rolling_count_distinct_serialfn,
    DESERIALFUNC = shopanalytics.rolling_count_distinct_deserialfn,
    MSFUNC = shopanalytics.rolling_count_distinct_transfn,
    MINVFUNC = shopanalytics.rolling_count_distinct_invfn,
    MSTYPE = internal,
    MSSPACE = 384,
    MFINALFUNC = shopanalytics.rolling_count_distinct_finalfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.rolling_count_distinct(anyelement) IS 'number of distinct values, made for moving frames';
