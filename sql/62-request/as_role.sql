-- Runs a query as a role, $1 being the input, and returns its only column.  A query on
-- a user's table runs code of the table's owner, which must not have the rights of the
-- extension's: no function of security definer touches such a table in another way.
-- Not strict: there may be no input.  Volatile and parallel unsafe as the query may
-- write; where it may not, nothing that it calls may.
CREATE FUNCTION shopanalytics._as_role(role oid, query text, input jsonb, read_only boolean DEFAULT true) RETURNS SETOF jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION shopanalytics._as_role(oid, text, jsonb, boolean) FROM PUBLIC;
