-- QA: what a store is like before and after a cleansing, and whether what was approved
-- explains the difference.

CREATE TABLE shopanalytics.qa_snapshot (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text NOT NULL,
    label text NOT NULL,
    taken_at timestamptz NOT NULL,
    login text NOT NULL,
    role text NOT NULL,
    actor text,
    source text NOT NULL,
    attrs jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX qa_snapshot_label ON shopanalytics.qa_snapshot (tenant, label, id);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.qa_snapshot', '');
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.qa_snapshot_id_seq', '');

COMMENT ON TABLE shopanalytics.qa_snapshot IS 'moments at which the figures of a store were taken, and by whom; qa_take makes them';
COMMENT ON COLUMN shopanalytics.qa_snapshot.label IS 'name that the report finds it by, such as before or after; the latest of a name counts';

CREATE TABLE shopanalytics.qa_metric (
    snapshot bigint NOT NULL REFERENCES shopanalytics.qa_snapshot ON DELETE CASCADE,
    tenant text NOT NULL,
    entity text NOT NULL,
    metric text NOT NULL CONSTRAINT metric_is_known CHECK (metric IN ('rows', 'issue', 'nulls', 'sum', 'distinct', 'orphans', 'inserted', 'updated', 'deleted', 'added')),
    item text NOT NULL,
    value numeric,
    PRIMARY KEY (snapshot, entity, metric, item)
);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.qa_metric', '');

COMMENT ON TABLE shopanalytics.qa_metric IS 'figures of a store at a moment';
COMMENT ON COLUMN shopanalytics.qa_metric.entity IS 'base table of the store';
COMMENT ON COLUMN shopanalytics.qa_metric.metric IS 'rows, issue, nulls, sum, distinct or orphans; by change requests so far: rows inserted, updated and deleted, and what they added to a sum';
COMMENT ON COLUMN shopanalytics.qa_metric.item IS 'name of the clean rule or of the column; empty for rows';

ALTER TABLE shopanalytics.qa_snapshot ENABLE ROW LEVEL SECURITY;
ALTER TABLE shopanalytics.qa_metric ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics.qa_snapshot, shopanalytics.qa_metric TO PUBLIC;
CREATE POLICY seen ON shopanalytics.qa_snapshot FOR SELECT
    USING ((SELECT '*' OPERATOR(pg_catalog.=) ANY (shopanalytics._duty_tenants()))
           OR tenant OPERATOR(pg_catalog.=) ANY ((SELECT shopanalytics._duty_tenants())::text[]));
CREATE POLICY seen ON shopanalytics.qa_metric FOR SELECT
    USING ((SELECT '*' OPERATOR(pg_catalog.=) ANY (shopanalytics._duty_tenants()))
           OR tenant OPERATOR(pg_catalog.=) ANY ((SELECT shopanalytics._duty_tenants())::text[]));

-- The columns of a base table: numbers that add up, and those whose values are counted.
CREATE FUNCTION shopanalytics._qa_columns(store text, entity text, OUT name text, OUT adds_up boolean, OUT groups boolean) RETURNS SETOF record
    LANGUAGE sql STABLE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT p.name::text, p.is_number AND p.name::text <> 'line_number' AND p.name::text <> ALL (shopanalytics._keys()),
           NOT p.is_pseudo AND shopanalytics._type_allows(p.base_type, false)
      FROM shopanalytics._profile_columns(to_regclass(format('%I.%I', store, entity)), NULL) p
     WHERE p.name <> 'row_id';
END;

-- All figures of a store under one snapshot.  The store's views hold rules and tables of
-- the user's, so they are read with the rights of the role that asks.  What change
-- requests did is counted under the same snapshot, and so fits the rows.
-- Volatile functions are called; see _dq_measure().
CREATE FUNCTION shopanalytics._qa_measure(store text, role_name text, OUT entity text, OUT metric text, OUT item text, OUT value numeric)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    hour constant integer := 3600000;
    finite constant text := 'sum(r.%I::numeric) FILTER (WHERE r.%I::numeric NOT IN (''NaN'', ''Infinity'', ''-Infinity''))';
    got record;
    col record;
    reference record;
    sums text;
BEGIN
    -- rows, nulls and issues, as the store's own report counts them
    got := shopanalytics._query_as(role_name, format('SELECT coalesce(jsonb_agg(jsonb_build_array(entity, column_name, issue, count, rows)), ''[]'') FROM %I.quality_counts', store), hour);
    PERFORM shopanalytics._qa_fail(got.code, got.message, store, 'quality_counts');
    RETURN QUERY SELECT DISTINCT q ->> 0, 'rows', '', (q ->> 4)::numeric FROM jsonb_array_elements(got.result) q;
    RETURN QUERY SELECT q ->> 0, CASE q ->> 2 WHEN 'null' THEN 'nulls' ELSE 'issue' END, CASE q ->> 2 WHEN 'null' THEN q ->> 1 ELSE q ->> 2 END, (q ->> 3)::numeric
                   FROM jsonb_array_elements(got.result) q;

    FOREACH entity IN ARRAY shopanalytics._entities() LOOP
        SELECT string_agg(format('%L, ' || finite, c.name, c.name, c.name), ', ') INTO sums FROM shopanalytics._qa_columns(store, entity) c WHERE c.adds_up;
        IF sums IS NOT NULL THEN
            got := shopanalytics._query_as(role_name, format('SELECT jsonb_build_object(%s) FROM %I.%I r', sums, store, entity), hour);
            PERFORM shopanalytics._qa_fail(got.code, got.message, store, entity);
            RETURN QUERY SELECT entity, 'sum', s.key, coalesce(s.value::numeric, 0) FROM jsonb_each_text(got.result) s;
        END IF;
        FOR col IN SELECT c.name FROM shopanalytics._qa_columns(store, entity) c WHERE c.groups LOOP
            got := shopanalytics._query_as(role_name, format('SELECT to_jsonb(count(g.v)) FROM (SELECT r.%I AS v FROM %I.%I r GROUP BY 1) g', col.name, store, entity), hour);
            PERFORM shopanalytics._qa_fail(got.code, got.message, store, entity);
            RETURN QUERY SELECT entity, 'distinct', col.name, (got.result #>> '{}')::numeric;
        END LOOP;
    END LOOP;

    FOR reference IN SELECT * FROM (VALUES ('orders', 'customer_id', 'customers'), ('order_items', 'order_id', 'orders'),
                                           ('order_items', 'product_id', 'products'), ('sessions', 'customer_id', 'customers')) r (entity, key, target) LOOP
        got := shopanalytics._query_as(role_name,
            format('SELECT to_jsonb(count(*)) FROM %I.%I r LEFT JOIN (SELECT DISTINCT %I AS key FROM %I.%I) o ON o.key = r.%I WHERE o.key IS NULL AND r.%I IS NOT NULL',
                   store, reference.entity, reference.key, store, reference.target, reference.key, reference.key), hour);
        PERFORM shopanalytics._qa_fail(got.code, got.message, store, reference.entity);
        RETURN QUERY SELECT reference.entity, 'orphans', reference.key, (got.result #>> '{}')::numeric;
    END LOOP;

    -- what was applied and later rolled back was applied, and the rollback as well
    RETURN QUERY
        SELECT e.entity, o.metric, '', count(i.op)::numeric
          FROM unnest(shopanalytics._entities()) e (entity)
         CROSS JOIN (VALUES ('inserted', 'I'), ('updated', 'U'), ('deleted', 'D')) o (metric, op)
          LEFT JOIN (shopanalytics.change_request q JOIN shopanalytics.change_item i ON i.request = q.id AND i.status IN ('applied', 'rolled_back', 'rollback_conflict'))
            ON q.target_schema = store AND q.target_table = e.entity AND i.op = o.op
         GROUP BY e.entity, o.metric;
    RETURN QUERY
        SELECT e.entity, 'added', c.name, coalesce(sum(shopanalytics._qa_amount(i.after ->> c.name) - shopanalytics._qa_amount(i.before ->> c.name)), 0)
          FROM unnest(shopanalytics._entities()) e (entity)
         CROSS JOIN LATERAL shopanalytics._qa_columns(store, e.entity) c
          LEFT JOIN (shopanalytics.change_request q JOIN shopanalytics.change_item i ON i.request = q.id AND i.status IN ('applied', 'rolled_back', 'rollback_conflict'))
            ON q.target_schema = store AND q.target_table = e.entity
         WHERE c.adds_up
         GROUP BY e.entity, c.name;
END
$$;

REVOKE ALL ON FUNCTION shopanalytics._qa_measure(text, text) FROM PUBLIC;

-- A value as a sum counts it.
CREATE FUNCTION shopanalytics._qa_amount(value text) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN value IS NULL OR value::numeric IN ('NaN', 'Infinity', '-Infinity') THEN 0 ELSE value::numeric END;

CREATE FUNCTION shopanalytics._qa_fail(code text, message text, store text, name text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF code IS NOT NULL THEN
        RAISE EXCEPTION 'could not read "%" of store "%": %', name, store, message USING ERRCODE = code;
    END IF;
END
$$;

-- Not strict: a null is an error.  Security definer: a snapshot is evidence, and only
-- this function writes it.
CREATE FUNCTION shopanalytics.qa_take(tenant text, label text DEFAULT 'before') RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    snapshot_id bigint;
    who record;
BEGIN
    PERFORM shopanalytics._check_tenant(tenant);
    PERFORM shopanalytics._dq_check_name(label, 'snapshot');
    PERFORM shopanalytics._require_any_duty(tenant, '*');
    PERFORM shopanalytics._check_store(tenant);
    who := shopanalytics._who();
    INSERT INTO shopanalytics.qa_snapshot AS s (tenant, label, taken_at, login, role, actor, source)
    VALUES (qa_take.tenant, qa_take.label, clock_timestamp(), who.login, who.role, who.actor, who.source)
    RETURNING s.id INTO snapshot_id;
    INSERT INTO shopanalytics.qa_metric (snapshot, tenant, entity, metric, item, value)
    SELECT snapshot_id, qa_take.tenant, m.entity, m.metric, m.item, m.value FROM shopanalytics._qa_measure(tenant, who.role) m;
    PERFORM shopanalytics._write_event(tenant, 'qa_taken', jsonb_build_object('snapshot', snapshot_id, 'label', label));
    RETURN snapshot_id;
END
$$;

COMMENT ON FUNCTION shopanalytics.qa_take(text, text) IS 'takes the figures of a store under a label, for qa_report; the number of the snapshot';
