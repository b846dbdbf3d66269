-- The trigger function of audited tables.  Whoever could make a trigger of it could
-- write what he likes into the log, so only audit_enable() may.
CREATE FUNCTION shopanalytics._audit_change() RETURNS trigger
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;

REVOKE ALL ON FUNCTION shopanalytics._audit_change() FROM PUBLIC;
