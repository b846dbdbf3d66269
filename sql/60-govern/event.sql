-- What was done under governance and by whom.  Only functions write it; values are
-- computed there and by no trigger, which would fire when a dump is restored.
CREATE TABLE shopanalytics.event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text NOT NULL,
    at timestamptz NOT NULL,
    type text NOT NULL,
    login text NOT NULL,
    role text NOT NULL,
    actor text,
    source text NOT NULL,
    detail jsonb NOT NULL
);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.event', '');
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.event_id_seq', '');

COMMENT ON TABLE shopanalytics.event IS 'what was done under governance, when and by whom';
COMMENT ON COLUMN shopanalytics.event.tenant IS 'tenant that it concerns, * for every tenant';
COMMENT ON COLUMN shopanalytics.event.type IS 'what was done, such as duty_granted';
COMMENT ON COLUMN shopanalytics.event.login IS 'role that logged in, whatever SET ROLE said later';
COMMENT ON COLUMN shopanalytics.event.role IS 'role of the moment, by SET ROLE; else the login';
COMMENT ON COLUMN shopanalytics.event.actor IS 'person that the program said it acted for, by the setting shopanalytics.actor';
COMMENT ON COLUMN shopanalytics.event.source IS 'application_name, and the address of the client unless it was local';
COMMENT ON COLUMN shopanalytics.event.detail IS 'what it was done to';

-- Volatile and parallel unsafe because it writes.
CREATE FUNCTION shopanalytics._write_event(tenant text, type text, detail jsonb) RETURNS void
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
    INSERT INTO shopanalytics.event (tenant, at, type, login, role, actor, source, detail)
    SELECT _write_event.tenant, pg_catalog.clock_timestamp(), _write_event.type, w.login, w.role, w.actor, w.source, _write_event.detail
      FROM shopanalytics._who() w;
END;

-- The subqueries are run once and not for each of many events.
ALTER TABLE shopanalytics.event ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics.event TO PUBLIC;
CREATE POLICY seen ON shopanalytics.event FOR SELECT
    USING ((SELECT shopanalytics.has_duty('admin') OR shopanalytics.has_duty('audit_read'))
           OR tenant OPERATOR(pg_catalog.=) ANY (SELECT d.tenant FROM shopanalytics.duty d
                                                  WHERE (d.duty OPERATOR(pg_catalog.=) 'admin' OR d.duty OPERATOR(pg_catalog.=) 'audit_read')
                                                    AND d.scope OPERATOR(pg_catalog.=) '*' AND shopanalytics._is_member(d.role_name)));

REVOKE ALL ON FUNCTION shopanalytics._write_event(text, text, jsonb) FROM PUBLIC;
