CREATE FUNCTION shopanalytics.sample_size_proportions(p1 float8, p2 float8, power float8 DEFAULT 0.8, alpha float8 DEFAULT 0.05) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.sample_size_proportions(float8, float8, float8, float8)
    IS 'users that each arm needs for the difference of two rates to be found with a power';
