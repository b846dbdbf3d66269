-- How rows become numbers, for tests and for a look at it.
CREATE FUNCTION shopanalytics._preparation_terms(preparation bytea) RETURNS TABLE (
    feature text,
    term text,
    level text,
    level_count bigint,
    value double precision,
    fill double precision
)
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics._preparation_terms(bytea)
    IS 'the terms of a preparation, and the levels of its categories';

-- STABLE: what a value is as text may depend on settings.
CREATE FUNCTION shopanalytics._preparation_apply(preparation bytea, r record) RETURNS double precision[]
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics._preparation_apply(bytea, record)
    IS 'the terms of a row by a preparation';
