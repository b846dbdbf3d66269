-- Trusted brokers: logins of programs that log in for many people and are believed
-- whom they act for.  The claim of any other login is recorded and counts for nothing.

CREATE TABLE shopanalytics.trusted_broker (
    login text PRIMARY KEY
);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.trusted_broker', '');

COMMENT ON TABLE shopanalytics.trusted_broker IS 'logins that are believed whom they act for; trust_broker and distrust_broker change it';
COMMENT ON COLUMN shopanalytics.trusted_broker.login IS 'role that logs in';

-- Not strict, and security definer, as grant_duty() is.
CREATE FUNCTION shopanalytics.trust_broker(login regrole) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    broker text;
BEGIN
    IF login IS NULL THEN
        RAISE EXCEPTION 'the login must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM shopanalytics._require_duty('admin', '*', '*');
    SELECT r.rolname INTO broker FROM pg_roles r WHERE r.oid = login;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'role % does not exist', login USING ERRCODE = 'undefined_object';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = login AND r.rolcanlogin) THEN
        RAISE EXCEPTION 'role % cannot log in', login
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Trust the role that the program logs in as, and not a group.';
    END IF;

    INSERT INTO shopanalytics.trusted_broker (login) VALUES (broker) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM shopanalytics._write_event('*', 'broker_trusted', jsonb_build_object('login', broker));
    RETURN true;
END
$$;

CREATE FUNCTION shopanalytics.distrust_broker(login text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    broker text := shopanalytics._role_name(login);
BEGIN
    PERFORM shopanalytics._require_duty('admin', '*', '*');
    DELETE FROM shopanalytics.trusted_broker b WHERE b.login = broker;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM shopanalytics._write_event('*', 'broker_distrusted', jsonb_build_object('login', broker));
    RETURN true;
END
$$;

-- The name that two people who must not be one differ in.  A claimed name and the
-- login of the same name are one person.  A trusted broker that says nobody's name is
-- nobody: else one could propose without a name and approve with it.  Security
-- definer: reads which brokers are trusted, and tells of the caller alone.
CREATE FUNCTION shopanalytics.whoami(
    OUT login text,
    OUT role text,
    OUT actor text,
    OUT source text,
    OUT is_trusted_broker boolean,
    OUT person text)
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT w.login, w.role, w.actor, w.source, b.login IS NOT NULL, CASE WHEN b.login IS NULL THEN w.login ELSE w.actor END
      FROM shopanalytics._who() w LEFT JOIN shopanalytics.trusted_broker b ON b.login OPERATOR(pg_catalog.=) w.login;
END;

ALTER TABLE shopanalytics.trusted_broker ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics.trusted_broker TO PUBLIC;
CREATE POLICY seen ON shopanalytics.trusted_broker FOR SELECT
    USING (login OPERATOR(pg_catalog.=) session_user::text
           OR (SELECT shopanalytics.has_duty('admin') OR shopanalytics.has_duty('audit_read')));

COMMENT ON FUNCTION shopanalytics.trust_broker(regrole) IS 'believes a login whom it acts for; false when it was believed already';
COMMENT ON FUNCTION shopanalytics.distrust_broker(text) IS 'believes a login no longer whom it acts for; false when it was not';
COMMENT ON FUNCTION shopanalytics.whoami() IS 'who the caller is to governance: login, role, claimed actor, and the person that counts';
