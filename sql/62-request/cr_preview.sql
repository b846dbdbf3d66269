-- cr_preview() shows what a request would do now, column by column.

-- Not strict: a null is an error.  Volatile, as the rows are looked up by their owner's
-- code.  Security definer: reads all items, after the caller's duty was checked, but
-- the rows of the table as the caller.
CREATE FUNCTION shopanalytics.cr_preview(
    request bigint,
    first_items bigint DEFAULT NULL,
    OUT seq bigint,
    OUT op text,
    OUT key jsonb,
    OUT column_name text,
    OUT before jsonb,
    OUT after jsonb,
    OUT current jsonb,
    OUT verdict text) RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET enable_seqscan = off
    SET plan_cache_mode = force_generic_plan
    SET jit = off
AS $$
DECLARE
    r shopanalytics.change_request;
    target oid;
    column_order text[];
    batch record;
    last_seq bigint;
    left_items bigint := first_items;
BEGIN
    IF request IS NULL THEN
        RAISE EXCEPTION 'the request must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF first_items < 0 THEN
        RAISE EXCEPTION 'first_items must not be negative, as % is', first_items USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT * INTO r FROM shopanalytics.change_request c WHERE c.id = request;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'request % does not exist', request USING ERRCODE = 'undefined_object';
    END IF;
    PERFORM shopanalytics._require_any_duty(r.tenant, format('%I.%I', r.target_schema, r.target_table));
    target := shopanalytics._request_target(r);
    column_order := ARRAY(SELECT c.name FROM shopanalytics._target_columns(target) c ORDER BY c.number);

    LOOP
        SELECT array_agg(i.seq ORDER BY i.seq) AS seqs, max(i.seq) AS last_seq, jsonb_build_object('key', jsonb_agg(i.key ORDER BY i.seq)) AS input,
               ARRAY(SELECT DISTINCT k FROM unnest(array_agg(coalesce(i.after, i.before))) image, LATERAL jsonb_object_keys(image) k) AS columns
          INTO batch
          FROM (SELECT * FROM shopanalytics.change_item i
                 WHERE i.request = r.id AND (last_seq IS NULL OR i.seq > last_seq) ORDER BY i.seq LIMIT least(left_items, 1000)) i;
        EXIT WHEN batch.seqs IS NULL;
        last_seq := batch.last_seq;
        left_items := left_items - cardinality(batch.seqs);
        RETURN QUERY
            WITH present AS MATERIALIZED (
                SELECT batch.seqs[(q -> 'n')::integer] AS seq, CASE WHEN (q -> 'found')::boolean THEN q -> 'before' END AS image
                  FROM shopanalytics._as_role(shopanalytics._caller(), shopanalytics._item_query(target, batch.columns, '{}'), batch.input) q),
            judged AS MATERIALIZED (
                SELECT i.*, p.image,
                       CASE WHEN i.status <> 'pending' THEN i.status
                            WHEN i.op = 'I' AND p.image IS NULL THEN 'apply'
                            WHEN i.op = 'D' AND p.image IS NULL THEN 'already'
                            WHEN p.image IS NULL THEN 'missing'
                            WHEN p.image || i.after = p.image THEN 'already'
                            WHEN p.image || i.before = p.image THEN 'apply'
                            -- a column that is right already stands in nobody's way
                            WHEN i.op <> 'U' OR EXISTS (SELECT FROM jsonb_object_keys(i.before || i.after) c
                                                         WHERE p.image -> c IS DISTINCT FROM i.before -> c AND p.image -> c IS DISTINCT FROM i.after -> c) THEN 'conflict'
                            ELSE 'apply' END AS verdict
                  FROM present p JOIN shopanalytics.change_item i ON i.request = r.id AND i.seq = p.seq)
            SELECT j.seq, j.op, j.key, c.name, j.before -> c.name, j.after -> c.name, j.image -> c.name, j.verdict
              FROM judged j, LATERAL jsonb_object_keys(coalesce(j.after, j.before)) AS c (name)
             ORDER BY j.seq, array_position(column_order, c.name), c.name COLLATE "C";
    END LOOP;
END
$$;

COMMENT ON FUNCTION shopanalytics.cr_preview(bigint, bigint) IS 'what a change request, or so many of its first items, would do now: before, after, what is there, and the verdict';
