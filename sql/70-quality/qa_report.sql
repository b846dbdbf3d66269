-- The report on two snapshots: a line for each figure, with a verdict.

-- Rows and sums have to be what they were and what change requests in between account
-- for.  The labels deviate as those of other reports do; the rows that the caller may
-- see, by policy.
CREATE FUNCTION shopanalytics.qa_report(
    before bigint,
    after bigint,
    OUT entity text,
    OUT metric text,
    OUT item text,
    OUT value_before numeric,
    OUT value_after numeric,
    OUT change numeric,
    OUT expected numeric,
    OUT verdict text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 100
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    missing bigint;
    stores text[];
BEGIN
    IF num_nulls(before, after) > 0 THEN
        RAISE EXCEPTION 'before and after must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT n INTO missing FROM unnest(ARRAY[before, after]) WITH ORDINALITY AS s (n, place)
     WHERE NOT EXISTS (SELECT FROM shopanalytics.qa_snapshot q WHERE q.id = s.n) ORDER BY s.place LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'snapshot % does not exist', missing
            USING ERRCODE = 'undefined_object', HINT = 'SELECT id, label, taken_at FROM shopanalytics.qa_snapshot lists those that you may see.';
    END IF;
    SELECT array_agg(DISTINCT q.tenant) INTO stores FROM shopanalytics.qa_snapshot q WHERE q.id IN (before, after);
    IF cardinality(stores) > 1 THEN
        PERFORM shopanalytics._dq_wrong(format('snapshot %s is not of the same tenant as %s', before, after));
    END IF;

    RETURN QUERY
    WITH a AS (SELECT m.* FROM shopanalytics.qa_metric m WHERE m.snapshot = before),
         b AS (SELECT m.* FROM shopanalytics.qa_metric m WHERE m.snapshot = after),
         line AS (SELECT coalesce(a.entity, b.entity) AS entity, coalesce(a.metric, b.metric) AS metric, coalesce(a.item, b.item) AS item, a.value AS old, b.value AS new
                    FROM a FULL JOIN b ON b.entity = a.entity AND b.metric = a.metric AND b.item = a.item),
         -- what change requests did between the two
         done AS (SELECT l.entity, l.item,
                         coalesce(sum(l.new - l.old) FILTER (WHERE l.metric = 'inserted'), 0) - coalesce(sum(l.new - l.old) FILTER (WHERE l.metric = 'deleted'), 0) AS rows,
                         sum(l.new - l.old) FILTER (WHERE l.metric = 'added') AS added
                    FROM line l WHERE l.metric IN ('inserted', 'deleted', 'added') GROUP BY l.entity, l.item),
         judged AS (SELECT l.*, CASE l.metric WHEN 'rows' THEN l.old + d.rows WHEN 'sum' THEN l.old + d.added END AS wanted,
                           -- the rows of a mapped table are those of the user's, which requests name otherwise
                           EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                                    WHERE n.nspname = stores[1] AND c.relname = l.entity AND c.relkind = 'v') AS is_mapped
                      FROM line l LEFT JOIN done d ON d.entity = l.entity AND d.item = l.item
                     WHERE l.metric IN ('rows', 'issue', 'nulls', 'sum', 'distinct', 'orphans'))
    SELECT j.entity, j.metric, j.item, j.old, j.new, j.new - j.old, CASE WHEN NOT j.is_mapped THEN j.wanted END,
           CASE WHEN j.old IS NULL THEN 'new'
                WHEN j.new IS NULL THEN 'gone'
                WHEN j.metric IN ('rows', 'sum') THEN CASE WHEN j.is_mapped AND j.new <> j.old THEN 'not traced' WHEN j.is_mapped OR j.new = j.wanted THEN 'ok' ELSE 'violated' END
                WHEN j.metric = 'distinct' THEN CASE WHEN j.new = j.old THEN 'same' ELSE 'changed' END
                WHEN j.new = 0 THEN 'clean'
                WHEN j.new < j.old THEN 'better'
                WHEN j.new = j.old THEN 'same'
                ELSE 'worse' END
      FROM judged j
     ORDER BY array_position(shopanalytics._entities(), j.entity), array_position(ARRAY['rows', 'sum', 'issue', 'nulls', 'orphans', 'distinct'], j.metric), j.item COLLATE "C";
END
$$;

CREATE FUNCTION shopanalytics.qa_report(
    tenant text,
    before text DEFAULT 'before',
    after text DEFAULT 'after',
    OUT entity text,
    OUT metric text,
    OUT item text,
    OUT value_before numeric,
    OUT value_after numeric,
    OUT change numeric,
    OUT expected numeric,
    OUT verdict text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 100
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted text;
    ids bigint[] := '{}';
    id bigint;
BEGIN
    PERFORM shopanalytics._check_tenant(tenant);
    FOREACH wanted IN ARRAY ARRAY[before, after] LOOP
        SELECT max(s.id) INTO id FROM shopanalytics.qa_snapshot s WHERE s.tenant = qa_report.tenant AND s.label = wanted;
        IF id IS NULL THEN
            RAISE EXCEPTION 'there is no snapshot % of tenant "%"', coalesce(quote_literal(wanted), 'null'), tenant
                USING ERRCODE = 'undefined_object', HINT = format('SELECT shopanalytics.qa_take(%L, %L) takes one.', tenant, wanted);
        END IF;
        ids := ids || id;
    END LOOP;
    RETURN QUERY SELECT * FROM shopanalytics.qa_report(ids[1], ids[2]);
END
$$;

COMMENT ON FUNCTION shopanalytics.qa_report(bigint, bigint) IS 'two snapshots of a store side by side, with what approved changes account for and a verdict for each line';
COMMENT ON FUNCTION shopanalytics.qa_report(text, text, text) IS 'as by number, of the latest snapshots with these labels';
