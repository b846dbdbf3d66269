
CREATE FUNCTION shopanalytics.clean_text(value text) RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.clean_text(text) IS 'text trimmed, with single blanks, without invisible characters, in normalization form C';
