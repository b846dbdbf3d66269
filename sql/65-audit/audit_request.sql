-- Says which change request is being applied, until the end of the transaction; 0 says
-- none.  Volatile and parallel unsafe because it changes a setting.  For functions that
-- apply requests alone.
CREATE FUNCTION shopanalytics._audit_set_request(request bigint) RETURNS void
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

REVOKE ALL ON FUNCTION shopanalytics._audit_set_request(bigint) FROM PUBLIC;
