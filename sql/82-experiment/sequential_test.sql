CREATE TYPE shopanalytics.sequential_result AS (
    difference float8,
    std_err float8,
    n bigint,
    rho float8,
    half_width float8,
    lower float8,
    upper float8,
    p_value float8,
    reason text
);

COMMENT ON TYPE shopanalytics.sequential_result IS 'a difference with an interval and a p-value that hold however often one looks';
COMMENT ON COLUMN shopanalytics.sequential_result.reason IS 'why something is null';

CREATE FUNCTION shopanalytics.sequential_test(difference float8, std_err float8, n bigint, alpha float8 DEFAULT 0.05, tuning float8 DEFAULT 5000)
    RETURNS shopanalytics.sequential_result
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.sequential_test(float8, float8, bigint, float8, float8)
    IS 'interval and p-value of a difference that hold however often one looks, narrowest at about tuning users';
