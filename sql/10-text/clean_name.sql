
CREATE FUNCTION shopanalytics.clean_name(value text) RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.clean_name(text) IS 'clean_text, and the usual capitals for a name that came in one case';
