-- A lasting name for a session.

CREATE FUNCTION shopanalytics.session_key(user_key text, session_start timestamptz) RETURNS uuid
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.session_key(text, timestamptz)
    IS 'key of a session, made of its user and its start alone';
