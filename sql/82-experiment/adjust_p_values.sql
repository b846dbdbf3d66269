CREATE FUNCTION shopanalytics.adjust_p_values(p float8[], method text) RETURNS float8[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.adjust_p_values(float8[], text)
    IS 'p-values of several tests at once, adjusted by bonferroni, holm or BH';
