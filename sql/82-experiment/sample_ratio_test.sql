CREATE TYPE shopanalytics.sample_ratio_result AS (
    n bigint,
    expected float8[],
    chi2 float8,
    df integer,
    p_value float8,
    reason text
);

COMMENT ON TYPE shopanalytics.sample_ratio_result IS 'users that were expected in each arm, and what chance says of those observed';
COMMENT ON COLUMN shopanalytics.sample_ratio_result.df IS 'arms with a weight above 0, less one';
COMMENT ON COLUMN shopanalytics.sample_ratio_result.reason IS 'why something is null, or there is no chance';

CREATE FUNCTION shopanalytics.sample_ratio_test(observed bigint[], weights float8[])
    RETURNS shopanalytics.sample_ratio_result
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.sample_ratio_test(bigint[], float8[])
    IS 'were users split among the arms as the weights say: chi-square test';
