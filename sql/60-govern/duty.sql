-- Duties: who may propose, approve, apply, ... for which tenant and table.  Roles are
-- of the whole cluster and in no dump of a database; a duty is a row that says what
-- a role of the cluster may do here.  Roles are kept by name, so that a restored duty
-- is that of the role of this name, and of nobody while there is none.

CREATE FUNCTION shopanalytics._known_duties() RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY['propose', 'review', 'approve', 'apply', 'rollback', 'audit_read', 'erase', 'dq_admin', 'admin'];

CREATE TABLE shopanalytics.duty (
    role_name text NOT NULL,
    tenant text NOT NULL,
    scope text NOT NULL,
    duty text NOT NULL CONSTRAINT duty_is_known CHECK (duty OPERATOR(pg_catalog.=) ANY (shopanalytics._known_duties())),
    PRIMARY KEY (role_name, tenant, scope, duty)
);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.duty', '');

COMMENT ON TABLE shopanalytics.duty IS 'what roles may do under governance; grant_duty and revoke_duty change it';
COMMENT ON COLUMN shopanalytics.duty.role_name IS 'role whose members have the duty';
COMMENT ON COLUMN shopanalytics.duty.tenant IS 'tenant that the duty is for, * for every tenant';
COMMENT ON COLUMN shopanalytics.duty.scope IS 'table that the duty is for, as schema.table; * for everything of the tenant';
COMMENT ON COLUMN shopanalytics.duty.duty IS 'propose, review, approve, apply, rollback, audit_read, erase, dq_admin or admin';

-- Raises an error unless it is the name of a duty.
CREATE FUNCTION shopanalytics._check_duty(duty text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF duty IS NULL THEN
        RAISE EXCEPTION 'the duty must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF duty <> ALL (shopanalytics._known_duties()) THEN
        RAISE EXCEPTION 'duty "%" is not known', duty
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = format('The duties are %s.', array_to_string(shopanalytics._known_duties(), ', '));
    END IF;
END
$$;

-- Raises an error unless it can be the name of a tenant.
CREATE FUNCTION shopanalytics._check_tenant(tenant text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'the tenant must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF octet_length(tenant) NOT BETWEEN 1 AND 63 THEN
        RAISE EXCEPTION 'tenant name % is not valid', quote_literal(left(tenant, 100))
            USING ERRCODE = 'invalid_name',
                  HINT = 'A tenant has a name of 1 to 63 bytes, that of its store; * stands for every tenant.';
    END IF;
END
$$;

-- A scope as it is kept: * or a table with its schema, quoted where it must be.  The
-- table need not exist.
CREATE FUNCTION shopanalytics._scope(scope text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    names text[];
BEGIN
    IF scope IS NULL THEN
        RAISE EXCEPTION 'the scope must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF scope = '*' THEN
        RETURN scope;
    END IF;
    -- longer than any such name, all quotes doubled
    IF octet_length(scope) <= 300 THEN
        BEGIN
            names := parse_ident(scope);
        EXCEPTION WHEN invalid_parameter_value OR syntax_error THEN
            names := NULL;
        END;
    END IF;
    IF cardinality(names) IS DISTINCT FROM 2 THEN
        RAISE EXCEPTION 'scope % is not valid', quote_literal(left(scope, 100))
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'A scope is a table with its schema, such as demo.orders, or * for everything of the tenant.';
    END IF;
    -- what a name is cut to
    RETURN format('%I.%I', names[1]::name, names[2]::name);
END
$$;

-- Whether who logged in is a member of the role; of a role that is gone nobody is, and
-- the code of others that the server runs in his session is not he.
CREATE FUNCTION shopanalytics._is_member(role_name text) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT NOT shopanalytics._is_lent()
       AND EXISTS (SELECT FROM pg_catalog.pg_roles r
                    WHERE r.rolname::text OPERATOR(pg_catalog.=) role_name AND pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER'));
END;

-- Who owns the extension gives the first duties, and only that.
CREATE FUNCTION shopanalytics._owns_extension() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT NOT shopanalytics._is_lent()
       AND EXISTS (SELECT FROM pg_catalog.pg_extension e
                    WHERE e.extname OPERATOR(pg_catalog.=) 'shopanalytics' AND pg_catalog.pg_has_role(session_user, e.extowner, 'MEMBER'));
END;

-- The duties of who logged in, for a tenant and a scope as it is kept.
CREATE FUNCTION shopanalytics._held_duties(tenant text, scope text) RETURNS text[]
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT ARRAY(SELECT d.duty FROM shopanalytics.duty d
                  WHERE (d.tenant OPERATOR(pg_catalog.=) '*' OR d.tenant OPERATOR(pg_catalog.=) _held_duties.tenant)
                    AND (d.scope OPERATOR(pg_catalog.=) '*' OR d.scope OPERATOR(pg_catalog.=) _held_duties.scope)
                    AND shopanalytics._is_member(d.role_name)
                  UNION SELECT 'admin'::text WHERE shopanalytics._owns_extension());
END;

-- Not strict: a null is an error, and neither yes nor no.  Security definer: reads
-- all duties, and tells those of the caller.
CREATE FUNCTION shopanalytics.has_duty(duty text, tenant text DEFAULT '*', scope text DEFAULT '*') RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM shopanalytics._check_duty(duty);
    PERFORM shopanalytics._check_tenant(tenant);
    RETURN duty = ANY (shopanalytics._held_duties(tenant, shopanalytics._scope(scope)));
END
$$;

-- The tenants for which who logged in has any duty, * for all.  For policies, which ask
-- it once, as a subquery.  Security definer: under the policy of duty itself each row
-- would cost a look at all of them; it tells of the caller alone.
CREATE FUNCTION shopanalytics._duty_tenants() RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT ARRAY(SELECT d.tenant FROM shopanalytics.duty d WHERE shopanalytics._is_member(d.role_name)
                  UNION SELECT '*'::text WHERE shopanalytics._owns_extension());
END;

-- Raises an error unless who logged in has the duty now: the lock waits for somebody
-- who is about to revoke it, and makes him wait until what it was needed for is done.
-- Volatile and parallel unsafe because of the lock.
CREATE FUNCTION shopanalytics._require_duty(duty text, tenant text, scope text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF duty = 'admin' AND shopanalytics._owns_extension() THEN
        RETURN;
    END IF;
    PERFORM FROM shopanalytics.duty d
      WHERE d.duty = _require_duty.duty AND d.tenant IN ('*', _require_duty.tenant) AND d.scope IN ('*', _require_duty.scope)
        AND shopanalytics._is_member(d.role_name)
      ORDER BY d.role_name, d.tenant, d.scope
      LIMIT 1
        FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'login "%" does not have the duty "%" for tenant "%", scope "%"', session_user, duty, tenant, scope
            USING ERRCODE = 'SA006',
                  HINT = 'Somebody with the duty admin gives duties by shopanalytics.grant_duty().';
    END IF;
END
$$;

-- Not strict: a null is an error.  Security definer: writes tables that nobody else
-- may write, after the caller's own duty was checked; so are the others below.
CREATE FUNCTION shopanalytics.grant_duty(role regrole, duty text, tenant text DEFAULT '*', scope text DEFAULT '*') RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    grantee text;
    place text := shopanalytics._scope(scope);
BEGIN
    IF role IS NULL THEN
        RAISE EXCEPTION 'the role must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM shopanalytics._check_duty(duty);
    PERFORM shopanalytics._check_tenant(tenant);
    PERFORM shopanalytics._require_duty('admin', tenant, place);

    SELECT r.rolname INTO grantee FROM pg_roles r WHERE r.oid = role;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'role % does not exist', role USING ERRCODE = 'undefined_object';
    END IF;
    -- A slip here would look like a duty, and be none.
    IF place <> '*' AND to_regclass(place) IS NULL THEN
        RAISE EXCEPTION 'table % does not exist', place
            USING ERRCODE = 'undefined_table', HINT = 'The scope of a duty is a table that exists, or * for everything of the tenant.';
    END IF;

    INSERT INTO shopanalytics.duty (role_name, tenant, scope, duty) VALUES (grantee, grant_duty.tenant, place, grant_duty.duty)
        ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM shopanalytics._write_event(tenant, 'duty_granted', jsonb_build_object('role', grantee, 'duty', duty, 'scope', place));
    RETURN true;
END
$$;

-- Takes the role's name and not a regrole: the role may be gone.
CREATE FUNCTION shopanalytics.revoke_duty(role text, duty text, tenant text DEFAULT '*', scope text DEFAULT '*') RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    grantee text := shopanalytics._role_name(role);
    place text := shopanalytics._scope(scope);
BEGIN
    PERFORM shopanalytics._check_duty(duty);
    PERFORM shopanalytics._check_tenant(tenant);
    PERFORM shopanalytics._require_duty('admin', tenant, place);

    DELETE FROM shopanalytics.duty d
     WHERE d.role_name = grantee AND d.tenant = revoke_duty.tenant AND d.scope = place AND d.duty = revoke_duty.duty;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM shopanalytics._write_event(tenant, 'duty_revoked', jsonb_build_object('role', grantee, 'duty', duty, 'scope', place));
    RETURN true;
END
$$;

-- The name of a role written as for regrole, whether or not there is such a role.
CREATE FUNCTION shopanalytics._role_name(role text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    names text[];
BEGIN
    IF role IS NULL THEN
        RAISE EXCEPTION 'the role must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF octet_length(role) <= 150 THEN
        BEGIN
            names := parse_ident(role);
        EXCEPTION WHEN invalid_parameter_value OR syntax_error THEN
            names := NULL;
        END;
    END IF;
    IF cardinality(names) IS DISTINCT FROM 1 THEN
        RAISE EXCEPTION 'role name % is not valid', quote_literal(left(role, 100))
            USING ERRCODE = 'invalid_name', HINT = 'Write it as in SQL: quoted where it has capitals or other signs.';
    END IF;
    RETURN names[1]::name;
END
$$;

-- Everybody sees his own duties; who administers or audits a tenant, all of it.
ALTER TABLE shopanalytics.duty ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics.duty TO PUBLIC;
CREATE POLICY seen ON shopanalytics.duty FOR SELECT
    USING (shopanalytics._is_member(role_name)
           OR shopanalytics.has_duty('admin', tenant, scope) OR shopanalytics.has_duty('audit_read', tenant, scope));

REVOKE ALL ON FUNCTION shopanalytics._held_duties(text, text), shopanalytics._require_duty(text, text, text) FROM PUBLIC;

COMMENT ON FUNCTION shopanalytics.has_duty(text, text, text) IS 'whether who logged in has a duty for a tenant and a table';
COMMENT ON FUNCTION shopanalytics.grant_duty(regrole, text, text, text) IS 'gives the members of a role a duty; false when they have it already';
COMMENT ON FUNCTION shopanalytics.revoke_duty(text, text, text, text) IS 'takes a duty from a role; false when it did not have it';
