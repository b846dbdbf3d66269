CREATE TYPE shopanalytics.cuped_result AS (
    n1 bigint,
    n2 bigint,
    theta float8,
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
    variance_reduction float8,
    unadjusted_difference float8,
    unadjusted_std_err float8,
    unadjusted_p_value float8,
    reason text
);

COMMENT ON TYPE shopanalytics.cuped_result IS 'the adjusted means of two arms, their difference and what chance says of it, adjusted and not';
COMMENT ON COLUMN shopanalytics.cuped_result.theta IS 'slope of value on pre over the rows of both arms';
COMMENT ON COLUMN shopanalytics.cuped_result.variance_reduction IS 'share of the variance within the arms that pre explains';
COMMENT ON COLUMN shopanalytics.cuped_result.reason IS 'why something is null or not adjusted';

-- Not STRICT: the state starts as NULL, and NULL values are looked at by the code.
CREATE FUNCTION shopanalytics.cuped_transfn(internal, boolean, float8, float8) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

-- Not STRICT: no row at all leaves no state.
CREATE FUNCTION shopanalytics.cuped_finalfn(internal) RETURNS shopanalytics.cuped_result
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.cuped(is_treatment boolean, value float8, pre float8) (
    SFUNC = shopanalytics.cuped_transfn,
    STYPE = internal,
    SSPACE = 1200,
    FINALFUNC = shopanalytics.cuped_finalfn,
    COMBINEFUNC = shopanalytics.arm_moments_combinefn,
    SERIALFUNC = shopanalytics.arm_moments_serialfn,
    DESERIALFUNC = shopanalytics.arm_moments_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.cuped(boolean, float8, float8)
    IS 't test by Welch of values less what their value before the experiment explains (CUPED)';
