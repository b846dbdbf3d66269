
CREATE FUNCTION shopanalytics.split_name(value text, OUT title text, OUT first_name text, OUT middle_name text, OUT last_name text, OUT suffix text)
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.split_name(text) IS 'parts of a personal name: title, first, middle and last name, suffix';
