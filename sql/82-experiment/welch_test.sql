CREATE TYPE shopanalytics.welch_result AS (
    n1 bigint,
    n2 bigint,
    mean1 float8,
    mean2 float8,
    var1 float8,
    var2 float8,
    difference float8,
    relative_lift float8,
    std_err float8,
    t float8,
    df float8,
    p_value float8,
    lower float8,
    upper float8,
    cohen_d float8,
    reason text
);

COMMENT ON TYPE shopanalytics.welch_result IS 'the means of two arms, their difference and what chance says of it';
COMMENT ON COLUMN shopanalytics.welch_result.difference IS 'mean2 - mean1';
COMMENT ON COLUMN shopanalytics.welch_result.relative_lift IS 'the difference as a share of abs(mean1); null if that is 0';
COMMENT ON COLUMN shopanalytics.welch_result.cohen_d IS 'the difference in standard deviations within the arms';
COMMENT ON COLUMN shopanalytics.welch_result.reason IS 'why something is null';

CREATE FUNCTION shopanalytics.welch_test(mean1 float8, var1 float8, n1 bigint, mean2 float8, var2 float8, n2 bigint, alpha float8 DEFAULT 0.05)
    RETURNS shopanalytics.welch_result
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.welch_test(float8, float8, bigint, float8, float8, bigint, float8)
    IS 'do the means of control (1) and treatment (2) differ: t test by Welch of means, sample variances and counts';

-- Not STRICT: the state starts as NULL, and NULL values are looked at by the code.
CREATE FUNCTION shopanalytics.welch_test_transfn(internal, boolean, float8) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

-- Not STRICT: no row at all leaves no state.
CREATE FUNCTION shopanalytics.welch_test_finalfn(internal) RETURNS shopanalytics.welch_result
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.welch_test(is_treatment boolean, value float8) (
    SFUNC = shopanalytics.welch_test_transfn,
    STYPE = internal,
    SSPACE = 1200,
    FINALFUNC = shopanalytics.welch_test_finalfn,
    COMBINEFUNC = shopanalytics.arm_moments_combinefn,
    SERIALFUNC = shopanalytics.arm_moments_serialfn,
    DESERIALFUNC = shopanalytics.arm_moments_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.welch_test(boolean, float8)
    IS 'do the means of control and treatment differ: t test by Welch, with an interval of 95 %';
