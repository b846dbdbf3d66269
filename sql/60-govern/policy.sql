-- Policies: how many must approve a change request, and what makes it risky.

CREATE TABLE shopanalytics.policy (
    tenant text NOT NULL,
    scope text NOT NULL,
    min_approvals integer NOT NULL DEFAULT 1 CONSTRAINT min_approvals_is_1_to_100 CHECK (min_approvals BETWEEN 1 AND 100),
    max_rows bigint CONSTRAINT max_rows_is_not_negative CHECK (max_rows >= 0),
    max_share numeric CONSTRAINT max_share_is_0_to_1 CHECK (max_share BETWEEN 0 AND 1),
    expiry interval NOT NULL DEFAULT '7 days' CONSTRAINT expiry_is_up_to_a_year CHECK (expiry > '0' AND expiry <= '1 year'),
    require_distinct_applier boolean NOT NULL DEFAULT false,
    auto_approve boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant, scope)
);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.policy', '');

COMMENT ON TABLE shopanalytics.policy IS 'what approval a change request needs; set_policy and reset_policy change it';
COMMENT ON COLUMN shopanalytics.policy.tenant IS 'tenant that the policy is for, * for every tenant';
COMMENT ON COLUMN shopanalytics.policy.scope IS 'table that the policy is for, as schema.table; * for everything of the tenant';
COMMENT ON COLUMN shopanalytics.policy.min_approvals IS 'how many must approve; one more above max_rows or max_share, or when rows are deleted';
COMMENT ON COLUMN shopanalytics.policy.max_rows IS 'a request for more rows is of high risk; null for no limit';
COMMENT ON COLUMN shopanalytics.policy.max_share IS 'a request for a greater share of the table, 0 to 1, is of high risk; null for no limit';
COMMENT ON COLUMN shopanalytics.policy.expiry IS 'how long a request may be approved and applied';
COMMENT ON COLUMN shopanalytics.policy.require_distinct_applier IS 'true: who approved last may not apply';
COMMENT ON COLUMN shopanalytics.policy.auto_approve IS 'true: a safe rollback needs no approval';

-- Not strict, and security definer, as grant_duty() is.  An event is the same whatever
-- the session's style of intervals.
CREATE FUNCTION shopanalytics.set_policy(
    tenant text DEFAULT '*',
    scope text DEFAULT '*',
    min_approvals integer DEFAULT 1,
    max_rows bigint DEFAULT NULL,
    max_share numeric DEFAULT NULL,
    expiry interval DEFAULT '7 days',
    require_distinct_applier boolean DEFAULT false,
    auto_approve boolean DEFAULT false) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET intervalstyle = postgres
AS $$
DECLARE
    place text := shopanalytics._scope(scope);
BEGIN
    PERFORM shopanalytics._check_tenant(tenant);
    IF num_nulls(min_approvals, expiry, require_distinct_applier, auto_approve) > 0 THEN
        RAISE EXCEPTION 'min_approvals, expiry, require_distinct_applier and auto_approve must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF min_approvals NOT BETWEEN 1 AND 100 THEN
        RAISE EXCEPTION 'min_approvals must be from 1 to 100, not %', min_approvals USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF max_rows < 0 THEN
        RAISE EXCEPTION 'max_rows must not be negative, as % is', max_rows USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF max_share NOT BETWEEN 0 AND 1 THEN
        RAISE EXCEPTION 'max_share must be from 0 to 1, not %', max_share
            USING ERRCODE = 'invalid_parameter_value', HINT = 'It is a share of the rows: 0.1 is ten percent.';
    END IF;
    IF expiry <= '0' OR expiry > '1 year' THEN
        RAISE EXCEPTION 'expiry must be more than nothing and up to a year, not %', expiry USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM shopanalytics._require_duty('admin', tenant, place);
    IF place <> '*' AND to_regclass(place) IS NULL THEN
        RAISE EXCEPTION 'table % does not exist', place
            USING ERRCODE = 'undefined_table', HINT = 'The scope of a policy is a table that exists, or * for everything of the tenant.';
    END IF;

    INSERT INTO shopanalytics.policy AS p (tenant, scope, min_approvals, max_rows, max_share, expiry, require_distinct_applier, auto_approve)
    VALUES (set_policy.tenant, place, set_policy.min_approvals, set_policy.max_rows, set_policy.max_share, set_policy.expiry,
            set_policy.require_distinct_applier, set_policy.auto_approve)
        ON CONFLICT ON CONSTRAINT policy_pkey DO UPDATE
       SET (min_approvals, max_rows, max_share, expiry, require_distinct_applier, auto_approve)
         = (excluded.min_approvals, excluded.max_rows, excluded.max_share, excluded.expiry, excluded.require_distinct_applier, excluded.auto_approve)
     WHERE (p.min_approvals, p.max_rows, p.max_share, p.expiry, p.require_distinct_applier, p.auto_approve)
           IS DISTINCT FROM (excluded.min_approvals, excluded.max_rows, excluded.max_share, excluded.expiry, excluded.require_distinct_applier, excluded.auto_approve);
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM shopanalytics._write_event(tenant, 'policy_set', jsonb_build_object('scope', place, 'min_approvals', min_approvals,
        'max_rows', max_rows, 'max_share', max_share, 'expiry', expiry::text, 'require_distinct_applier', require_distinct_applier, 'auto_approve', auto_approve));
    RETURN true;
END
$$;

CREATE FUNCTION shopanalytics.reset_policy(tenant text DEFAULT '*', scope text DEFAULT '*') RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place text := shopanalytics._scope(scope);
BEGIN
    PERFORM shopanalytics._check_tenant(tenant);
    PERFORM shopanalytics._require_duty('admin', tenant, place);

    DELETE FROM shopanalytics.policy p WHERE p.tenant = reset_policy.tenant AND p.scope = place;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM shopanalytics._write_event(tenant, 'policy_reset', jsonb_build_object('scope', place));
    RETURN true;
END
$$;

-- The policy in force is one row, the nearest; without any the defaults.  Not strict:
-- a null is an error.  Security definer: the policy of all tenants counts, whoever may
-- read it.
CREATE FUNCTION shopanalytics.policy_for(
    tenant text,
    scope text DEFAULT '*',
    OUT set_for_tenant text,
    OUT set_for_scope text,
    OUT min_approvals integer,
    OUT max_rows bigint,
    OUT max_share numeric,
    OUT expiry interval,
    OUT require_distinct_applier boolean,
    OUT auto_approve boolean)
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place text := shopanalytics._scope(scope);
BEGIN
    PERFORM shopanalytics._check_tenant(tenant);
    IF shopanalytics._held_duties(tenant, place) = '{}' THEN
        RAISE EXCEPTION 'login "%" does not have any duty for tenant "%", scope "%"', session_user, tenant, place
            USING ERRCODE = 'SA006',
                  HINT = 'Somebody with the duty admin gives duties by shopanalytics.grant_duty().';
    END IF;

    SELECT p.tenant, p.scope, p.min_approvals, p.max_rows, p.max_share, p.expiry, p.require_distinct_applier, p.auto_approve
      INTO set_for_tenant, set_for_scope, min_approvals, max_rows, max_share, expiry, require_distinct_applier, auto_approve
      FROM shopanalytics.policy p
     WHERE p.tenant IN ('*', policy_for.tenant) AND p.scope IN ('*', place)
     ORDER BY p.tenant = '*', p.scope = '*'
     LIMIT 1;
    IF NOT FOUND THEN
        min_approvals := 1;
        expiry := '7 days';
        require_distinct_applier := false;
        auto_approve := false;
    END IF;
END
$$;

-- Who has a duty for a tenant sees what policies bind him.
ALTER TABLE shopanalytics.policy ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics.policy TO PUBLIC;
CREATE POLICY seen ON shopanalytics.policy FOR SELECT
    USING ((SELECT shopanalytics.has_duty('admin'))
           OR EXISTS (SELECT FROM shopanalytics.duty d
                       WHERE (d.tenant OPERATOR(pg_catalog.=) '*' OR policy.tenant OPERATOR(pg_catalog.=) '*' OR d.tenant OPERATOR(pg_catalog.=) policy.tenant)
                         AND shopanalytics._is_member(d.role_name)));

COMMENT ON FUNCTION shopanalytics.set_policy(text, text, integer, bigint, numeric, interval, boolean, boolean) IS 'sets what approval change requests of a tenant and table need; false when it was so already';
COMMENT ON FUNCTION shopanalytics.reset_policy(text, text) IS 'removes a policy, so that the next wider one counts; false when there was none';
COMMENT ON FUNCTION shopanalytics.policy_for(text, text) IS 'the policy in force for a tenant and a table';
