-- Sums and averages for moving frames.
--
-- One state and one C function each serve all types.  Integers have aggregates
-- of their own because PostgreSQL would else prefer float8 to numeric for them.
--
-- Not STRICT: the state starts as NULL, and NULL values are skipped by the code.

CREATE FUNCTION shopanalytics.rolling_sum_transfn(internal, double precision) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.rolling_sum_invfn(internal, double precision) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.rolling_sum_transfn(internal, numeric) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.rolling_sum_invfn(internal, numeric) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.rolling_sum_transfn(internal, bigint) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.rolling_sum_invfn(internal, bigint) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.rolling_sum_transfn(internal, integer) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.rolling_sum_invfn(internal, integer) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.rolling_sum_transfn(internal, smallint) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.rolling_sum_invfn(internal, smallint) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.rolling_sum_combinefn(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.rolling_sum_serialfn(internal) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.rolling_sum_deserialfn(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Not STRICT: no row at all leaves no state.
CREATE FUNCTION shopanalytics.rolling_sum_finalfn(internal) RETURNS numeric
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.rolling_sum_float8_finalfn(internal) RETURNS double precision
    AS 'MODULE_PATHNAME', 'rolling_sum_finalfn' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.rolling_avg_finalfn(internal) RETURNS numeric
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.rolling_avg_float8_finalfn(internal) RETURNS double precision
    AS 'MODULE_PATHNAME', 'rolling_avg_finalfn' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.rolling_sum(x double precision) (
    SFUNC = shopanalytics.rolling_sum_transfn,
    STYPE = internal,
    SSPACE = 192,
    FINALFUNC = shopanalytics.rolling_sum_float8_finalfn,
    COMBINEFUNC = shopanalytics.rolling_sum_combinefn,
    SERIALFUNC = shopanalytics.rolling_sum_serialfn,
    DESERIALFUNC = shopanalytics.rolling_sum_deserialfn,
    MSFUNC = shopanalytics.rolling_sum_transfn,
    MINVFUNC = shopanalytics.rolling_sum_invfn,
    MSTYPE = internal,
    MSSPACE = 192,
    MFINALFUNC = shopanalytics.rolling_sum_float8_finalfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.rolling_sum(double precision) IS 'exact sum, rounded once, made for moving frames';

CREATE AGGREGATE shopanalytics.rolling_sum(x numeric) (
    SFUNC = shopanalytics.rolling_sum_transfn,
    STYPE = internal,
    SSPACE = 192,
    FINALFUNC = shopanalytics.rolling_sum_finalfn,
    COMBINEFUNC = shopanalytics.rolling_sum_combinefn,
    SERIALFUNC = shopanalytics.rolling_sum_serialfn,
    DESERIALFUNC = shopanalytics.rolling_sum_deserialfn,
    MSFUNC = shopanalytics.rolling_sum_transfn,
    MINVFUNC = shopanalytics.rolling_sum_invfn,
    MSTYPE = internal,
    MSSPACE = 192,
    MFINALFUNC = shopanalytics.rolling_sum_finalfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.rolling_sum(numeric) IS 'sum as numeric, made for moving frames';

CREATE AGGREGATE shopanalytics.rolling_sum(x bigint) (
    SFUNC = shopanalytics.rolling_sum_transfn,
    STYPE = internal,
    SSPACE = 192,
    FINALFUNC = shopanalytics.rolling_sum_finalfn,
    COMBINEFUNC = shopanalytics.rolling_sum_combinefn,
    SERIALFUNC = shopanalytics.rolling_sum_serialfn,
    DESERIALFUNC = shopanalytics.rolling_sum_deserialfn,
    MSFUNC = shopanalytics.rolling_sum_transfn,
    MINVFUNC = shopanalytics.rolling_sum_invfn,
    MSTYPE = internal,
    MSSPACE = 192,
    MFINALFUNC = shopanalytics.rolling_sum_finalfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.rolling_sum(bigint) IS 'sum as numeric, made for moving frames';

CREATE AGGREGATE shopanalytics.rolling_sum(x integer) (
    SFUNC = shopanalytics.rolling_sum_transfn,
    STYPE = internal,
    SSPACE = 192,
    FINALFUNC = shopanalytics.rolling_sum_finalfn,
    COMBINEFUNC = shopanalytics.rolling_sum_combinefn,
    SERIALFUNC = shopanalytics.rolling_sum_serialfn,
    DESERIALFUNC = shopanalytics.rolling_sum_deserialfn,
    MSFUNC = shopanalytics.rolling_sum_transfn,
    MINVFUNC = shopanalytics.rolling_sum_invfn,
    MSTYPE = internal,
    MSSPACE = 192,
    MFINALFUNC = shopanalytics.rolling_sum_finalfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.rolling_sum(integer) IS 'sum as numeric, made for moving frames';

CREATE AGGREGATE shopanalytics.rolling_sum(x smallint) (
    SFUNC = shopanalytics.rolling_sum_transfn,
    STYPE = internal,
    SSPACE = 192,
    FINALFUNC = shopanalytics.rolling_sum_finalfn,
    COMBINEFUNC = shopanalytics.rolling_sum_combinefn,
    SERIALFUNC = shopanalytics.rolling_sum_serialfn,
    DESERIALFUNC = shopanalytics.rolling_sum_deserialfn,
    MSFUNC = shopanalytics.rolling_sum_transfn,
    MINVFUNC = shopanalytics.rolling_sum_invfn,
    MSTYPE = internal,
    MSSPACE = 192,
    MFINALFUNC = shopanalytics.rolling_sum_finalfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.rolling_sum(smallint) IS 'sum as numeric, made for moving frames';

CREATE AGGREGATE shopanalytics.rolling_avg(x double precision) (
    SFUNC = shopanalytics.rolling_sum_transfn,
    STYPE = internal,
    SSPACE = 192,
    FINALFUNC = shopanalytics.rolling_avg_float8_finalfn,
    COMBINEFUNC = shopanalytics.rolling_sum_combinefn,
    SERIALFUNC = shopanalytics.rolling_sum_serialfn,
    DESERIALFUNC = shopanalytics.rolling_sum_deserialfn,
    MSFUNC = shopanalytics.rolling_sum_transfn,
    MINVFUNC = shopanalytics.rolling_sum_invfn,
    MSTYPE = internal,
    MSSPACE = 192,
    MFINALFUNC = shopanalytics.rolling_avg_float8_finalfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.rolling_avg(double precision) IS 'exact average, rounded once, made for moving frames';

CREATE AGGREGATE shopanalytics.rolling_avg(x numeric) (
    SFUNC = shopanalytics.rolling_sum_transfn,
    STYPE = internal,
    SSPACE = 192,
    FINALFUNC = shopanalytics.rolling_avg_finalfn,
    COMBINEFUNC = shopanalytics.rolling_sum_combinefn,
    SERIALFUNC = shopanalytics.rolling_sum_serialfn,
    DESERIALFUNC = shopanalytics.rolling_sum_deserialfn,
    MSFUNC = shopanalytics.rolling_sum_transfn,
    MINVFUNC = shopanalytics.rolling_sum_invfn,
    MSTYPE = internal,
    MSSPACE = 192,
    MFINALFUNC = shopanalytics.rolling_avg_finalfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.rolling_avg(numeric) IS 'average as numeric, made for moving frames';

CREATE AGGREGATE shopanalytics.rolling_avg(x bigint) (
    SFUNC = shopanalytics.rolling_sum_transfn,
    STYPE = internal,
    SSPACE = 192,
    FINALFUNC = shopanalytics.rolling_avg_finalfn,
    COMBINEFUNC = shopanalytics.rolling_sum_combinefn,
    SERIALFUNC = shopanalytics.rolling_sum_serialfn,
    DESERIALFUNC = shopanalytics.rolling_sum_deserialfn,
    MSFUNC = shopanalytics.rolling_sum_transfn,
    MINVFUNC = shopanalytics.rolling_sum_invfn,
    MSTYPE = internal,
    MSSPACE = 192,
    MFINALFUNC = shopanalytics.rolling_avg_finalfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.rolling_avg(bigint) IS 'average as numeric, made for moving frames';

CREATE AGGREGATE shopanalytics.rolling_avg(x integer) (
    SFUNC = shopanalytics.rolling_sum_transfn,
    STYPE = internal,
    SSPACE = 192,
    FINALFUNC = shopanalytics.rolling_avg_finalfn,
    COMBINEFUNC = shopanalytics.rolling_sum_combinefn,
    SERIALFUNC = shopanalytics.rolling_sum_serialfn,
    DESERIALFUNC = shopanalytics.rolling_sum_deserialfn,
    MSFUNC = shopanalytics.rolling_sum_transfn,
    MINVFUNC = shopanalytics.rolling_sum_invfn,
    MSTYPE = internal,
    MSSPACE = 192,
    MFINALFUNC = shopanalytics.rolling_avg_finalfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.rolling_avg(integer) IS 'average as numeric, made for moving frames';

CREATE AGGREGATE shopanalytics.rolling_avg(x smallint) (
    SFUNC = shopanalytics.rolling_sum_transfn,
    STYPE = internal,
    SSPACE = 192,
    FINALFUNC = shopanalytics.rolling_avg_finalfn,
    COMBINEFUNC = shopanalytics.rolling_sum_combinefn,
    SERIALFUNC = shopanalytics.rolling_sum_serialfn,
    DESERIALFUNC = shopanalytics.rolling_sum_deserialfn,
    MSFUNC = shopanalytics.rolling_sum_transfn,
    MINVFUNC = shopanalytics.rolling_sum_invfn,
    MSTYPE = internal,
    MSSPACE = 192,
    MFINALFUNC = shopanalytics.rolling_avg_finalfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.rolling_avg(smallint) IS 'average as numeric, made for moving frames';
