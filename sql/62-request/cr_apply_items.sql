-- The items of a request: taken in batches, applied as the owner of their table, and
-- what became of each recorded.

-- Items but those that have a result.
CREATE FUNCTION shopanalytics._without_items(items jsonb, results jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF results = '[]' THEN
        RETURN items;
    END IF;
    RETURN (SELECT coalesce(jsonb_agg(i ORDER BY n), '[]') FROM jsonb_array_elements(items) WITH ORDINALITY AS e (i, n)
             WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(results) r WHERE r -> 0 = i -> 0));
END
$$;

-- Applies items, and returns what became of them as _apply_query() does, and as error
-- with the message where the database refused a row.  Then the others are tried
-- without it: first half of them, and half of that half.  What is no row's fault is an
-- error here too: a deadlock, a lock that was waited for too long, a full disk.
CREATE FUNCTION shopanalytics._apply_items(target oid, query text, items jsonb) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    tried jsonb := items;
    results jsonb;
    refused jsonb;
    held jsonb := '[]';
    half integer;
    message text;
    detail text;
BEGIN
    IF items @? 'strict $[*] ? (@[1] == "D")' THEN
        -- a row that stays keeps those that it refers to
        LOOP
            refused := shopanalytics._referred_items(target, tried);
            EXIT WHEN refused = '[]';
            held := held || refused;
            tried := shopanalytics._without_items(tried, refused);
        END LOOP;
    END IF;
    IF tried = '[]' THEN
        RETURN held;
    END IF;

    refused := '[]';
    BEGIN
        SELECT jsonb_agg(r), coalesce(jsonb_agg(r) FILTER (WHERE r ->> 1 IN ('altered', 'suppressed')), '[]') INTO results, refused
          FROM shopanalytics._as_role((SELECT c.relowner FROM pg_class c WHERE c.oid = target), query, tried, false) r
         WHERE r ->> 0 IS NOT NULL;
        IF refused = '[]' THEN
            RETURN held || results;
        END IF;
        -- undoes it all
        RAISE EXCEPTION USING ERRCODE = 'SA004';
    EXCEPTION
        WHEN transaction_rollback OR lock_not_available OR insufficient_resources OR operator_intervention OR system_error OR internal_error THEN
            RAISE;
        WHEN OTHERS THEN
            message := SQLERRM;
            -- of the details these are about the key, and others may show all of the row
            IF SQLSTATE IN ('23503', '23505', '23P01') THEN
                GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
            END IF;
    END;

    IF refused <> '[]' THEN
        RETURN held || shopanalytics._apply_items(target, query, shopanalytics._without_items(tried, refused))
            || (SELECT jsonb_agg(jsonb_build_array(f -> 0, 'error', f -> 2,
                           CASE WHEN f ->> 1 = 'altered' THEN 'a trigger makes something else of the row' ELSE 'a trigger keeps the row from being written' END))
                  FROM jsonb_array_elements(refused) f);
    ELSIF jsonb_array_length(tried) = 1 THEN
        RETURN held || jsonb_build_array(jsonb_build_array(tried -> 0 -> 0, 'error', NULL, concat_ws(': ', message, nullif(rtrim(detail, '.'), ''))));
    END IF;
    half := jsonb_array_length(tried) / 2;
    RETURN held
        || shopanalytics._apply_items(target, query, jsonb_path_query_array(tried, '$[0 to $last_one]', jsonb_build_object('last_one', half - 1)))
        || shopanalytics._apply_items(target, query, jsonb_path_query_array(tried, '$[$first_one to last]', jsonb_build_object('first_one', half)));
END
$$;

-- Of items those that would delete a row to which others refer, if these would go or
-- change with it: as errors.  What is not in the request was not approved, and could
-- not be taken back.  The rows are locked first, so that no other comes to refer to
-- them; and who looks for those that do is the owner of their table.
CREATE FUNCTION shopanalytics._referred_items(target oid, items jsonb) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    known jsonb := (SELECT jsonb_agg(to_jsonb(c)) FROM shopanalytics._target_columns(target) c);
    referred jsonb := '[]';
    link record;
    found_rows jsonb;
BEGIN
    FOR link IN
        SELECT k.conrelid, r.relowner AS owner, CASE r.relkind WHEN 'r' THEN 'ONLY ' ELSE '' END || shopanalytics._relation_name(r.oid) AS place,
               shopanalytics._relation_name(r.oid) AS name,
               (SELECT string_agg(format('k.%I OPERATOR(%I.%s) t.%I', pa.attname, n.nspname, o.oprname, fa.attname), ' AND ' ORDER BY u.no)
                  FROM unnest(k.confkey, k.conkey, k.conpfeqop) WITH ORDINALITY AS u (referred, referring, equals, no)
                  JOIN pg_attribute pa ON pa.attrelid = k.confrelid AND pa.attnum = u.referred
                  JOIN pg_attribute fa ON fa.attrelid = k.conrelid AND fa.attnum = u.referring
                  JOIN pg_operator o ON o.oid = u.equals JOIN pg_namespace n ON n.oid = o.oprnamespace) AS refers,
               ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = k.confrelid AND a.attnum = ANY (k.confkey)) AS columns,
               ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)) AS referring
          FROM pg_constraint k JOIN pg_class r ON r.oid = k.conrelid
         WHERE k.contype = 'f' AND k.confrelid = target AND k.confdeltype IN ('c', 'n', 'd')
           AND NOT EXISTS (SELECT FROM pg_constraint whole WHERE whole.oid = k.conparentid AND whole.confrelid = target)
         ORDER BY k.oid
    LOOP
        SELECT jsonb_agg(r) INTO found_rows
          FROM shopanalytics._as_role((SELECT c.relowner FROM pg_class c WHERE c.oid = target),
                   shopanalytics._deleted_query(target, known, link.columns), items, false) r;
        SELECT referred || coalesce(jsonb_agg(jsonb_build_array(r, 'error', NULL, format('rows of %s refer to it, and would go or change with it', link.name))), '[]')
          INTO referred
          FROM shopanalytics._as_role(link.owner,
                   format('SELECT v.item -> 0 FROM jsonb_array_elements($1 -> ''rows'') AS v (item), jsonb_to_record(v.item -> 1) AS k (%s)
                            WHERE EXISTS (SELECT FROM %s AS t WHERE %s%s)',
                          shopanalytics._record_columns(known, link.columns), link.place, link.refers,
                          -- a row that goes too, or is made to refer to another, does not count
                          CASE WHEN link.conrelid = target
                               THEN format(' AND %s NOT IN (SELECT w.key FROM jsonb_array_elements($1 -> ''leaving'') AS w (key))',
                                           shopanalytics._row_image(known, ARRAY(SELECT c.name FROM shopanalytics._known_columns(known) c WHERE c.key_place IS NOT NULL)))
                               ELSE '' END),
                   jsonb_build_object('rows', coalesce(found_rows, '[]'), 'leaving', CASE WHEN link.conrelid = target
                       THEN (SELECT jsonb_agg(i -> 3) FROM jsonb_array_elements(items) i WHERE i ->> 1 = 'D' OR i -> 5 ?| link.referring) END)) r;
    END LOOP;
    RETURN referred;
END
$$;

-- The next items that are pending, as _apply_query() takes them, and the groups they are
-- of: as many as asked for, but no more than fit in memory well, nor of more kinds than
-- a query should have parts.
CREATE FUNCTION shopanalytics._take_items(request bigint, after_seq bigint, batch_size integer, OUT items jsonb, OUT groups jsonb, OUT last_seq bigint)
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH next AS MATERIALIZED (
        SELECT i.seq, i.op, i.key, i.before, i.after, ARRAY(SELECT jsonb_object_keys(i.after)) AS columns,
               CASE WHEN i.op = 'U' THEN ARRAY(SELECT jsonb_object_keys(i.before)) ELSE '{}' END AS before_columns,
               coalesce(CASE WHEN pg_column_compression(i.before) IS NULL THEN pg_column_size(i.before) ELSE octet_length(i.before::text) END, 0)
               + coalesce(CASE WHEN pg_column_compression(i.after) IS NULL THEN pg_column_size(i.after) ELSE octet_length(i.after::text) END, 0) AS size
          FROM shopanalytics.change_item i
         WHERE i.request = _take_items.request AND i.seq > _take_items.after_seq AND i.status = 'pending'
         ORDER BY i.seq
         LIMIT _take_items.batch_size),
    fitting AS MATERIALIZED (
        SELECT s.* FROM (SELECT n.*, sum(n.size) OVER (ORDER BY n.seq) - n.size AS size_before FROM next n) s WHERE s.size_before < 8000000),
    part AS MATERIALIZED (
        SELECT f.op, f.columns, f.before_columns, row_number() OVER (ORDER BY min(f.seq)) - 1 AS no, min(f.seq) AS first_seq
          FROM fitting f GROUP BY f.op, f.columns, f.before_columns)
    SELECT jsonb_agg(jsonb_build_array(f.seq, f.op, p.no, f.key, f.before, f.after) ORDER BY f.seq),
           (SELECT jsonb_agg(jsonb_build_object('op', p.op, 'columns', p.columns, 'before', p.before_columns) ORDER BY p.no) FROM part p WHERE p.no < 50),
           max(f.seq)
      FROM fitting f JOIN part p USING (op, columns, before_columns)
     WHERE f.seq < coalesce((SELECT p.first_seq FROM part p WHERE p.no = 50), 9223372036854775807);
END;

-- Records what became of items.  They are found between the first and the last: what
-- the planner guesses of a table that was never analyzed would have it compare all items
-- of the request with each result.
CREATE FUNCTION shopanalytics._record_results(r shopanalytics.change_request, results jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET enable_nestloop = off
AS $$
DECLARE
    first_seq bigint;
    last_seq bigint;
BEGIN
    SELECT min((o ->> 0)::bigint), max((o ->> 0)::bigint) INTO first_seq, last_seq FROM jsonb_array_elements(results) o;
    UPDATE shopanalytics.change_item i
       SET status = o.result ->> 1, current = nullif(o.result -> 2, 'null'), error = o.result ->> 3,
           applied_at = CASE WHEN o.result ->> 1 = 'applied' THEN clock_timestamp() END
      FROM jsonb_array_elements(results) AS o (result)
     WHERE i.request = r.id AND i.seq BETWEEN first_seq AND last_seq AND i.seq = (o.result ->> 0)::bigint AND i.status = 'pending';
END
$$;

-- The same with the items of the request that these take back.
CREATE FUNCTION shopanalytics._record_reverted(r shopanalytics.change_request, results jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET enable_nestloop = off
AS $$
DECLARE
    behind bigint := (SELECT max(i.seq) FROM shopanalytics.change_item i WHERE i.request = r.reverts) + 1;
    first_seq bigint;
    last_seq bigint;
BEGIN
    SELECT behind - max((o ->> 0)::bigint), behind - min((o ->> 0)::bigint) INTO first_seq, last_seq FROM jsonb_array_elements(results) o;
    UPDATE shopanalytics.change_item i
       SET status = CASE WHEN o.result ->> 1 IN ('applied', 'already') THEN 'rolled_back' ELSE 'rollback_conflict' END,
           current = CASE WHEN o.result ->> 1 IN ('applied', 'already') THEN NULL ELSE nullif(o.result -> 2, 'null') END,
           error = o.result ->> 3
      FROM jsonb_array_elements(results) AS o (result)
     WHERE i.request = r.reverts AND i.seq BETWEEN first_seq AND last_seq AND i.seq = behind - (o.result ->> 0)::bigint
       AND i.status IN ('applied', 'rollback_conflict');
END
$$;

-- Applies the next batch, of the items after a number.  Returns the last of them, null
-- when there was none.  Where nothing is to be skipped, an item that cannot be applied
-- undoes the batch: an error SA004 tells of each in its detail.
CREATE FUNCTION shopanalytics._apply_next(r shopanalytics.change_request, target oid, after_seq bigint, batch_size integer, on_conflict text,
                                          OUT last_seq bigint, OUT items bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    batch record;
    results jsonb;
    failed jsonb;
BEGIN
    SELECT * INTO batch FROM shopanalytics._take_items(r.id, after_seq, batch_size);
    last_seq := batch.last_seq;
    items := coalesce(jsonb_array_length(batch.items), 0);
    IF last_seq IS NULL THEN
        RETURN;
    END IF;
    PERFORM shopanalytics._audit_set_request(r.id);
    results := shopanalytics._apply_items(target, shopanalytics._apply_query(target, batch.groups, true), batch.items);
    PERFORM shopanalytics._audit_set_request(0);
    IF on_conflict = 'abort' THEN
        failed := shopanalytics._failed(results);
        IF failed IS NOT NULL THEN
            RAISE EXCEPTION 'not applied' USING ERRCODE = 'SA004', DETAIL = jsonb_build_object('last_seq', last_seq, 'failed', failed);
        END IF;
    END IF;
    PERFORM shopanalytics._record_results(r, results);
    IF r.reverts IS NOT NULL THEN
        PERFORM shopanalytics._record_reverted(r, results);
    END IF;
END
$$;

-- Of results those that were not meant to be; null without any.
CREATE FUNCTION shopanalytics._failed(results jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_agg(o) FROM jsonb_array_elements(results) o WHERE o ->> 1 NOT IN ('apply', 'applied', 'already'));
END
$$;

-- One line of how many items of a request are how, null without any.
CREATE FUNCTION shopanalytics._count_items(request bigint, statuses text[] DEFAULT '{applied,already,missing,conflict,error,pending}') RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT string_agg(format('%s %s', s.items, s.status), ', ' ORDER BY array_position(statuses, s.status))
              FROM (SELECT i.status, count(*) AS items FROM shopanalytics.change_item i WHERE i.request = _count_items.request GROUP BY i.status) s
             WHERE s.status = ANY (statuses));
END
$$;

-- What is wrong with the first items that could not be applied.
CREATE FUNCTION shopanalytics._describe_failed(request bigint) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT string_agg(format('Item %s, %s: %s.', s.seq, left(s.key::text, 200),
                       CASE s.status WHEN 'missing' THEN 'the row is missing'
                                     WHEN 'conflict' THEN 'conflict, there is ' || left(s.current::text, 500)
                                     ELSE s.error END), E'\n' ORDER BY s.seq)
              FROM (SELECT i.seq, i.key, i.status, i.current, i.error FROM shopanalytics.change_item i
                     WHERE i.request = _describe_failed.request AND i.status IN ('missing', 'conflict', 'error') ORDER BY i.seq LIMIT 10) s);
END
$$;

REVOKE ALL ON FUNCTION
    shopanalytics._apply_items(oid, text, jsonb),
    shopanalytics._referred_items(oid, jsonb),
    shopanalytics._take_items(bigint, bigint, integer),
    shopanalytics._record_results(shopanalytics.change_request, jsonb),
    shopanalytics._record_reverted(shopanalytics.change_request, jsonb),
    shopanalytics._apply_next(shopanalytics.change_request, oid, bigint, integer, text),
    shopanalytics._count_items(bigint, text[]),
    shopanalytics._describe_failed(bigint) FROM PUBLIC;
