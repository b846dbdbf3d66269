-- Features on a common scale, by what feature_stats found out about them.

CREATE FUNCTION shopanalytics.standard_scale(x double precision, mean double precision, sd double precision) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION shopanalytics.standard_scale(x double precision[], mean double precision[], sd double precision[]) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'standard_scale_array' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION shopanalytics.minmax_scale(x double precision, min double precision, max double precision) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION shopanalytics.minmax_scale(x double precision[], min double precision[], max double precision[]) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'minmax_scale_array' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.standard_scale(double precision, double precision, double precision)
    IS 'how many standard deviations a value is above the mean; 0 where the standard deviation is 0';
COMMENT ON FUNCTION shopanalytics.standard_scale(double precision[], double precision[], double precision[])
    IS 'how many standard deviations each value is above its mean; 0 where the standard deviation is 0';
COMMENT ON FUNCTION shopanalytics.minmax_scale(double precision, double precision, double precision)
    IS 'where a value lies between the least, 0, and the greatest, 1; 0 where they are equal';
COMMENT ON FUNCTION shopanalytics.minmax_scale(double precision[], double precision[], double precision[])
    IS 'where each value lies between the least, 0, and the greatest, 1; 0 where they are equal';
