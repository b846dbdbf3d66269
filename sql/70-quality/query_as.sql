-- Not for users: runs a query that returns one jsonb with the rights of a role, in a
-- read-only subtransaction that is rolled back.  The result, or the error's code and
-- message.  Volatile and parallel unsafe because of the subtransaction.
CREATE FUNCTION shopanalytics._query_as(
    role_name text,
    query text,
    milliseconds integer,
    OUT result jsonb,
    OUT code text,
    OUT message text,
    OUT hint text,
    OUT duration_us numeric)
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

-- Not for users: raises an error unless the text is a single SELECT.
CREATE FUNCTION shopanalytics._check_query(query text) RETURNS void
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

REVOKE ALL ON FUNCTION shopanalytics._query_as(text, text, integer) FROM PUBLIC;
