CREATE TYPE shopanalytics.two_proportion_result AS (
    rate1 float8,
    rate2 float8,
    difference float8,
    relative_lift float8,
    z float8,
    p_value float8,
    std_err float8,
    lower float8,
    upper float8,
    newcombe_lower float8,
    newcombe_upper float8,
    reason text
);

COMMENT ON TYPE shopanalytics.two_proportion_result IS 'the rates of two arms, their difference and what chance says of it';
COMMENT ON COLUMN shopanalytics.two_proportion_result.difference IS 'rate2 - rate1';
COMMENT ON COLUMN shopanalytics.two_proportion_result.relative_lift IS 'the difference as a share of rate1; null if that is 0';
COMMENT ON COLUMN shopanalytics.two_proportion_result.z IS 'by the pooled variance, as is p_value';
COMMENT ON COLUMN shopanalytics.two_proportion_result.std_err IS 'by the variance of each arm, as are lower and upper';
COMMENT ON COLUMN shopanalytics.two_proportion_result.reason IS 'why something is null';

CREATE FUNCTION shopanalytics.two_proportion_test(x1 bigint, n1 bigint, x2 bigint, n2 bigint, alpha float8 DEFAULT 0.05)
    RETURNS shopanalytics.two_proportion_result
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.two_proportion_test(bigint, bigint, bigint, bigint, float8)
    IS 'do the rates of control (x1 of n1) and treatment (x2 of n2) differ: z test, intervals of Wald and Newcombe';
