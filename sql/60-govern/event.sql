-- What was done under governance and by whom.  Only functions write it; values are
-- computed there and by no trigger, which would fire when a dump is restored.

-- Events and the rows of the audit have their numbers of one sequence: both are entries
-- of one log, and are sealed together.
CREATE SEQUENCE shopanalytics.entry_id_seq;
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.entry_id_seq', '');

CREATE TABLE shopanalytics.event (
    id bigint PRIMARY KEY DEFAULT pg_catalog.nextval('shopanalytics.entry_id_seq'),
    tenant text NOT NULL,
    at timestamptz NOT NULL,
    type text NOT NULL,
    login text NOT NULL,
    role text NOT NULL,
    actor text,
    source text NOT NULL,
    request bigint,
    detail jsonb NOT NULL,
    leaf bytea NOT NULL
);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.event', '');

COMMENT ON SEQUENCE shopanalytics.entry_id_seq IS 'numbers of the entries of the log: events and rows of the audit';
COMMENT ON TABLE shopanalytics.event IS 'what was done under governance, when and by whom';
COMMENT ON COLUMN shopanalytics.event.tenant IS 'tenant that it concerns, * for every tenant';
COMMENT ON COLUMN shopanalytics.event.type IS 'what was done, such as duty_granted';
COMMENT ON COLUMN shopanalytics.event.login IS 'role that logged in, whatever SET ROLE said later';
COMMENT ON COLUMN shopanalytics.event.role IS 'role of the moment, by SET ROLE; else the login';
COMMENT ON COLUMN shopanalytics.event.actor IS 'person that the program said it acted for, by the setting shopanalytics.actor';
COMMENT ON COLUMN shopanalytics.event.source IS 'application_name, and the address of the client unless it was local';
COMMENT ON COLUMN shopanalytics.event.request IS 'change request that it belongs to, if any';
COMMENT ON COLUMN shopanalytics.event.detail IS 'what it was done to';
COMMENT ON COLUMN shopanalytics.event.leaf IS 'SHA-256 of the event, by which it is sealed';

-- Microseconds since 1970: a time is hashed as a number, which no setting changes.
CREATE FUNCTION shopanalytics._microseconds(at timestamptz) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (EXTRACT(epoch FROM at) OPERATOR(pg_catalog.*) 1000000::numeric)::bigint;

-- Text as it is hashed: in UTF-8, so that it is the same in a database of another
-- encoding; as it stands where no conversion is known.
CREATE FUNCTION shopanalytics._bytes(content text) RETURNS bytea
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN pg_catalog.convert_to(content, CASE WHEN pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.=) ANY (ARRAY['SQL_ASCII'::name, 'MULE_INTERNAL'])
                                               THEN pg_catalog.getdatabaseencoding() ELSE 'UTF8' END);

-- A leaf of the tree of RFC 6962.  What may be erased goes in by its salted hash alone,
-- so the leaf stays what it is when that is erased.  Not strict: most entries have
-- nothing to erase.
CREATE FUNCTION shopanalytics._leaf(nonpii_hash bytea, pii_hash bytea DEFAULT NULL) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN pg_catalog.sha256(E'\\x00'::bytea OPERATOR(pg_catalog.||) nonpii_hash OPERATOR(pg_catalog.||) COALESCE(pii_hash, ''::bytea));

-- The leaf of an event: all that it says but its number.  Not strict: actor and request may be null.
CREATE FUNCTION shopanalytics._event_leaf(tenant text, at timestamptz, type text, login text, role text, actor text, source text, request bigint, detail jsonb)
    RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN shopanalytics._leaf(pg_catalog.sha256(shopanalytics._bytes(
        pg_catalog.jsonb_build_array('event 1', tenant, shopanalytics._microseconds(at), type, login, role, actor, source, request, detail)::text)));

-- Volatile and parallel unsafe because it writes; not strict because of the request.
CREATE FUNCTION shopanalytics._write_event(tenant text, type text, detail jsonb, request bigint DEFAULT NULL) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    INSERT INTO shopanalytics.event (tenant, at, type, login, role, actor, source, request, detail, leaf)
    SELECT _write_event.tenant, t.at, _write_event.type, w.login, w.role, w.actor, w.source, _write_event.request, _write_event.detail,
           shopanalytics._event_leaf(_write_event.tenant, t.at, _write_event.type, w.login, w.role, w.actor, w.source, _write_event.request, _write_event.detail)
      FROM shopanalytics._who() w, pg_catalog.clock_timestamp() t (at);
END;

-- The subqueries are run once and not for each of many events.
ALTER TABLE shopanalytics.event ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics.event TO PUBLIC;
CREATE POLICY seen ON shopanalytics.event FOR SELECT
    USING ((SELECT shopanalytics.has_duty('admin') OR shopanalytics.has_duty('audit_read'))
           OR tenant OPERATOR(pg_catalog.=) ANY (SELECT d.tenant FROM shopanalytics.duty d
                                                  WHERE (d.duty OPERATOR(pg_catalog.=) 'admin' OR d.duty OPERATOR(pg_catalog.=) 'audit_read')
                                                    AND d.scope OPERATOR(pg_catalog.=) '*' AND shopanalytics._is_member(d.role_name)));

REVOKE ALL ON FUNCTION shopanalytics._write_event(text, text, jsonb, bigint) FROM PUBLIC;
