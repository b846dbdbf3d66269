-- Do two scores of the same rows differ in the area under the ROC curve?

CREATE TYPE shopanalytics.delong_result AS (
    auc_a float8,
    auc_b float8,
    difference float8,
    std_err float8,
    z float8,
    p_value float8,
    n bigint,
    n_positive bigint
);

COMMENT ON TYPE shopanalytics.delong_result
    IS 'the areas under the ROC curves of two scores, their difference and what chance says of it';

-- Not STRICT: the state starts as NULL, and NULL values are looked at by the code.
CREATE FUNCTION shopanalytics.delong_test_transfn(internal, boolean, float8, float8) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.delong_test_combinefn(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.delong_test_serialfn(internal) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.delong_test_deserialfn(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Not STRICT: no row at all leaves no state.
CREATE FUNCTION shopanalytics.delong_test_finalfn(internal) RETURNS shopanalytics.delong_result
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.delong_test(label boolean, score_a float8, score_b float8) (
    SFUNC = shopanalytics.delong_test_transfn,
    STYPE = internal,
    SSPACE = 2000,
    FINALFUNC = shopanalytics.delong_test_finalfn,
    COMBINEFUNC = shopanalytics.delong_test_combinefn,
    SERIALFUNC = shopanalytics.delong_test_serialfn,
    DESERIALFUNC = shopanalytics.delong_test_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.delong_test(boolean, float8, float8)
    IS 'difference of the areas under the ROC curves of two scores of the same rows (DeLong)';
