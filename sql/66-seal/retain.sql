-- How long the audit is kept.  It is dropped by months, when nobody needs anything of
-- one any more and it was proven to be whole until then.

CREATE TABLE shopanalytics.retention_policy (
    tenant text NOT NULL,
    scope text NOT NULL,
    keep interval,
    statutory interval,
    PRIMARY KEY (tenant, scope)
);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.retention_policy', '');

COMMENT ON TABLE shopanalytics.retention_policy IS 'how long the audit is kept; set_retention changes it';
COMMENT ON COLUMN shopanalytics.retention_policy.tenant IS 'tenant that it is for, * for every tenant';
COMMENT ON COLUMN shopanalytics.retention_policy.scope IS 'table that it is for, as schema.table; * for everything of the tenant';
COMMENT ON COLUMN shopanalytics.retention_policy.keep IS 'after this it may be dropped; null: never';
COMMENT ON COLUMN shopanalytics.retention_policy.statutory IS 'before this it may be neither erased nor dropped; null: no law says so';

-- The policy in force: the nearest, as policy_for() has it.
CREATE FUNCTION shopanalytics._retention_for(tenant text, scope text, OUT keep interval, OUT statutory interval)
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT p.keep, p.statutory FROM shopanalytics.retention_policy p
     WHERE (p.tenant OPERATOR(pg_catalog.=) '*' OR p.tenant OPERATOR(pg_catalog.=) _retention_for.tenant)
       AND (p.scope OPERATOR(pg_catalog.=) '*' OR p.scope OPERATOR(pg_catalog.=) _retention_for.scope)
     ORDER BY p.tenant OPERATOR(pg_catalog.=) '*', p.scope OPERATOR(pg_catalog.=) '*'
     LIMIT 1;
END;

-- Not strict: null is no limit.  Security definer: writes a table that nobody else may
-- write, after the caller's duty was checked.  An event is the same whatever the
-- session's style of intervals.
CREATE FUNCTION shopanalytics.set_retention(tenant text, scope text DEFAULT '*', keep interval DEFAULT NULL, statutory interval DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET intervalstyle = postgres
AS $$
DECLARE
    place text := shopanalytics._scope(scope);
BEGIN
    PERFORM shopanalytics._check_tenant(tenant);
    IF keep < '0' OR statutory < '0' OR keep > '1000 years' OR statutory > '1000 years' THEN
        RAISE EXCEPTION 'keep and statutory must be from 0 to 1000 years' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM shopanalytics._require_duty('admin', tenant, place);

    IF num_nonnulls(keep, statutory) = 0 THEN
        DELETE FROM shopanalytics.retention_policy p WHERE p.tenant = set_retention.tenant AND p.scope = place;
    ELSE
        INSERT INTO shopanalytics.retention_policy AS p (tenant, scope, keep, statutory)
        VALUES (set_retention.tenant, place, set_retention.keep, set_retention.statutory)
            ON CONFLICT ON CONSTRAINT retention_policy_pkey DO UPDATE SET (keep, statutory) = (excluded.keep, excluded.statutory)
         WHERE (p.keep, p.statutory) IS DISTINCT FROM (excluded.keep, excluded.statutory);
    END IF;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM shopanalytics._write_event(tenant, 'retention_set', jsonb_build_object('scope', place, 'keep', keep, 'statutory', statutory));
    RETURN true;
END
$$;

-- Why a month of the audit must stay; null when it need not.
CREATE FUNCTION shopanalytics._month_is_kept(month timestamptz) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    month_end timestamptz := month + interval '1 month';
    reason text;
    sealed int8multirange;
    last shopanalytics.seal_block;
BEGIN
    IF month_end > now() THEN
        RETURN 'it is not over';
    END IF;
    SELECT CASE WHEN p.keep IS NULL THEN format('there is no retention policy for %s', t.place)
                ELSE format('the retention policy for %s keeps it until %s', t.place, to_char(month_end + greatest(p.keep, p.statutory), 'YYYY-MM-DD')) END
      INTO reason
      FROM (SELECT DISTINCT s.tenant, format('%I.%I', s.schema_name, s.table_name) AS place FROM shopanalytics.audit_stmt s WHERE s.at >= month AND s.at < month_end) t
      LEFT JOIN LATERAL shopanalytics._retention_for(t.tenant, t.place) p ON true
     WHERE p.keep IS NULL OR month_end + greatest(p.keep, p.statutory) > now()
     ORDER BY p.keep IS NULL DESC, month_end + greatest(p.keep, p.statutory) DESC, t.place LIMIT 1;
    IF FOUND THEN
        RETURN reason;
    END IF;
    SELECT format('legal hold %s', h.id) INTO reason
      FROM shopanalytics.legal_hold h, shopanalytics.audit_stmt s
     WHERE h.lifted_at IS NULL AND s.at >= month AND s.at < month_end
       AND h.tenant IN ('*', s.tenant) AND h.scope IN ('*', format('%I.%I', s.schema_name, s.table_name))
     ORDER BY h.id LIMIT 1;
    IF FOUND THEN
        RETURN reason;
    END IF;

    SELECT coalesce(range_agg(b.members), '{}') INTO sealed FROM shopanalytics.seal_block b WHERE b.month = _month_is_kept.month;
    IF EXISTS (SELECT FROM shopanalytics.audit_row a WHERE a.at >= month AND a.at < month_end AND NOT sealed @> a.id) THEN
        RETURN 'some of it is not sealed';
    END IF;
    SELECT * INTO last FROM shopanalytics.seal_block b WHERE b.month = _month_is_kept.month ORDER BY b.no DESC LIMIT 1;
    IF last.no IS NOT NULL AND NOT EXISTS (SELECT FROM shopanalytics.event e, shopanalytics._event_numbers(e, '$.block') n
                                            JOIN shopanalytics.seal_block b ON b.no = n
                                            WHERE e.type = 'anchored' AND n >= last.no AND e.detail ->> 'hash' = encode(b.hash, 'hex')) THEN
        RETURN format('no anchor was taken since block %s', last.no);
    END IF;
    IF EXISTS (SELECT FROM shopanalytics.seal_block b, LATERAL shopanalytics.verify(b.no, b.no) v WHERE b.month = _month_is_kept.month) THEN
        RETURN 'verify() finds it changed';
    END IF;
    RETURN NULL;
END
$$;

-- Not strict: a null is an error.  Security definer: drops tables of the extension, after
-- the caller's duty was checked.
CREATE FUNCTION shopanalytics.retain(dry_run boolean DEFAULT true)
    RETURNS TABLE (month date, rows bigint, outcome text, detail text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
#variable_conflict use_column
DECLARE
    start timestamptz;
    name text;
    blocks bigint[];
    statements bigint;
BEGIN
    IF dry_run IS NULL THEN
        RAISE EXCEPTION 'dry_run must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM shopanalytics._require_duty('admin', '*', '*');
    -- Nobody may seal, make partitions or place a hold meanwhile.
    PERFORM pg_advisory_xact_lock(hashtextextended('shopanalytics.seal', 0)), pg_advisory_xact_lock(hashtextextended('shopanalytics.audit_partitions', 0));
    LOCK TABLE shopanalytics.legal_hold IN SHARE MODE;

    FOR name, start IN
        SELECT p.name, to_timestamp(p.name, 'YYYY_MM')
          FROM (SELECT substr(c.relname, 11) AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                 WHERE i.inhparent = 'shopanalytics.audit_row'::regclass AND c.relname ~ '^audit_row_\d{4}_\d\d$') p
         ORDER BY 2
    LOOP
        CONTINUE WHEN start + interval '1 month' > now();
        month := start;
        EXECUTE format('SELECT count(*) FROM shopanalytics.%I', 'audit_row_' || name) INTO rows;
        EXECUTE format('SELECT count(*) FROM shopanalytics.%I', 'audit_stmt_' || name) INTO statements;
        detail := shopanalytics._month_is_kept(start);
        IF detail IS NOT NULL THEN
            outcome := 'kept';
        ELSIF dry_run THEN
            outcome := 'would be dropped';
        ELSE
            outcome := 'dropped';
            SELECT coalesce(array_agg(b.no ORDER BY b.no), '{}') INTO blocks FROM shopanalytics.seal_block b WHERE b.month = start;
            EXECUTE format('DROP TABLE shopanalytics.%I, shopanalytics.%I', 'audit_row_' || name, 'audit_stmt_' || name);
            PERFORM shopanalytics._write_event('*', 'audit_month_dropped',
                jsonb_build_object('month', to_char(start, 'YYYY-MM'), 'rows', rows, 'statements', statements, 'blocks', to_jsonb(blocks)));
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

ALTER TABLE shopanalytics.retention_policy ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics.retention_policy TO PUBLIC;
CREATE POLICY seen ON shopanalytics.retention_policy FOR SELECT
    USING (shopanalytics.has_duty('admin', tenant, scope) OR shopanalytics.has_duty('erase', tenant, scope) OR shopanalytics.has_duty('audit_read', tenant, scope));

REVOKE ALL ON FUNCTION shopanalytics._month_is_kept(timestamptz) FROM PUBLIC;

COMMENT ON FUNCTION shopanalytics.set_retention(text, text, interval, interval) IS 'sets how long the audit of a tenant and table is kept; false when it was so already';
COMMENT ON FUNCTION shopanalytics.retain(boolean) IS 'drops the months of the audit that need not be kept; by default only says which';
