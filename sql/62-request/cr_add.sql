-- cr_add(), cr_add_query() and cr_remove(): the items of a draft.
--
-- Items come in batches.  Those of a batch that name the same columns are a group, and
-- for a group one query reads the rows as they are and casts the values that they are
-- to have, both with the caller's rights and nobody else's: so what an item says was
-- there before is what the caller could read there, and cannot be made up.

-- An item is found by its key, which may be too long for an index itself.  Below, the
-- request is compared in a way that no other index can be taken for: to a planner that
-- knows a small table all are alike.
CREATE INDEX change_item_key ON shopanalytics.change_item (pg_catalog.jsonb_hash_extended(key, 0), request);

-- Raises an error for an item that is refused; row is null unless it came of a query.
CREATE FUNCTION shopanalytics._refuse_item(item_row bigint, message text, hint text, detail text DEFAULT NULL, code text DEFAULT 'SA012') RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    whole text := coalesce('row ' || item_row || ' of the query: ', '') || message;
BEGIN
    IF detail IS NULL THEN
        RAISE EXCEPTION '%', whole USING ERRCODE = code, HINT = hint;
    END IF;
    RAISE EXCEPTION '%', whole USING ERRCODE = code, HINT = hint, DETAIL = left(detail, 1000);
END
$$;

-- Raises an error unless the columns that a group of items names are right.
CREATE FUNCTION shopanalytics._check_item_columns(target oid, caller oid, op text, key_columns text[], after_columns text[], item_row bigint) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place text := shopanalytics._relation_name(target);
    wanted text[] := ARRAY(SELECT c.name FROM shopanalytics._target_columns(target) c WHERE c.key_place IS NOT NULL ORDER BY c.key_place);
    bad text;
    known record;
BEGIN
    IF NOT (key_columns <@ wanted AND wanted <@ key_columns) THEN
        PERFORM shopanalytics._refuse_item(item_row, format('the key must be the primary key (%s), not (%s)', array_to_string(wanted, ', '), array_to_string(key_columns, ', ')),
            shopanalytics._key_hint(target));
    END IF;

    SELECT min(n) INTO bad FROM unnest(after_columns) n WHERE n NOT IN (SELECT c.name FROM shopanalytics._target_columns(target) c);
    IF bad IS NOT NULL THEN
        PERFORM shopanalytics._refuse_item(item_row, format('%s has no column "%s"', place, bad),
            (SELECT format('Its columns are %s.', string_agg(c.name, ', ' ORDER BY c.number)) FROM shopanalytics._target_columns(target) c));
    END IF;

    FOR known IN SELECT * FROM shopanalytics._target_columns(target) c WHERE c.name = ANY (after_columns) LOOP
        IF known.is_generated THEN
            PERFORM shopanalytics._refuse_item(item_row, format('column "%s" is generated', known.name), 'It follows from other columns: change those.');
        ELSIF known.key_place IS NOT NULL AND op = 'U' THEN
            PERFORM shopanalytics._refuse_item(item_row, format('column "%s" is of the primary key', known.name),
                'A row with another key is another row: propose to delete this one and to insert that one.');
        END IF;
    END LOOP;
    IF op = 'I' THEN
        SELECT c.name INTO bad FROM shopanalytics._target_columns(target) c
         WHERE c.is_identity_always AND c.name = ANY (key_columns || after_columns) ORDER BY c.number LIMIT 1;
        IF bad IS NOT NULL THEN
            PERFORM shopanalytics._refuse_item(item_row, format('column "%s" is generated always as identity', bad), 'The table alone gives such numbers.');
        END IF;
        SELECT c.name INTO bad FROM shopanalytics._target_columns(target) c
         WHERE c.is_not_null AND NOT c.has_default AND c.name <> ALL (key_columns || after_columns) ORDER BY c.number LIMIT 1;
        IF bad IS NOT NULL THEN
            PERFORM shopanalytics._refuse_item(item_row, format('column "%s" must not be null and has no default', bad), 'Give it a value in after.');
        END IF;
    END IF;

    SELECT c.name INTO bad FROM shopanalytics._target_columns(target) c
     WHERE (c.name = ANY (key_columns || after_columns) OR op = 'D') AND NOT has_column_privilege(caller, target, c.number, 'SELECT')
     ORDER BY c.number LIMIT 1;
    IF bad IS NOT NULL THEN
        PERFORM shopanalytics._refuse_item(item_row, format('role "%s" may not read column "%s" of %s', pg_get_userbyid(caller), bad, place),
            CASE op WHEN 'D' THEN 'To delete a row is to know all of it.' ELSE 'Who proposes a change must see what there is.' END, code => '42501');
    END IF;
END
$$;

-- Elements of an array from one to another, both counted from 0.
CREATE FUNCTION shopanalytics._slice(list jsonb, low integer, high integer) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT jsonb_path_query_array(list, '$[$a to $b]', jsonb_build_object('a', low, 'b', high));
END;

-- How a row of a table is named.
CREATE FUNCTION shopanalytics._key_hint(target oid) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format('A row of %s is named by its primary key: {%s}.', shopanalytics._relation_name(target),
                  string_agg(format('"%s": ...', c.name), ', ' ORDER BY c.key_place))
      FROM shopanalytics._target_columns(target) c WHERE c.key_place IS NOT NULL;
END;

-- The first item of a group that has a value which its column does not take, and why.
-- Looks for it by halves, one column after the other.
CREATE FUNCTION shopanalytics._find_bad_value(
    target oid,
    caller oid,
    part text,
    column_names text[],
    images jsonb,
    OUT n integer,
    OUT message text,
    OUT detail text,
    OUT hint text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    known record;
    problem text;
    low integer;
    high integer;   -- the first bad one is from low to high
    middle integer;
BEGIN
    FOR known IN SELECT * FROM shopanalytics._target_columns(target) c WHERE c.name = ANY (column_names) ORDER BY c.number LOOP
        low := 0;
        high := coalesce(n - 1, jsonb_array_length(images)) - 1;
        IF high < 0 THEN
            EXIT;
        END IF;
        problem := shopanalytics._value_problem(caller, known.name, known.type, known.kind, known.is_not_null, shopanalytics._slice(images, low, high));
        CONTINUE WHEN problem IS NULL;
        WHILE low < high LOOP
            middle := (low + high) / 2;
            IF shopanalytics._value_problem(caller, known.name, known.type, known.kind, known.is_not_null,
                                            shopanalytics._slice(images, low, middle)) IS NULL THEN
                low := middle + 1;
            ELSE
                high := middle;
            END IF;
        END LOOP;
        n := low + 1;
        problem := shopanalytics._value_problem(caller, known.name, known.type, known.kind, known.is_not_null, jsonb_build_array(images -> low));
        message := format('%s "%s" does not take %s', part, known.name, left((images -> low -> known.name)::text, 100));
        detail := problem;
        hint := format('It is of type %s%s.', known.type, CASE WHEN known.is_not_null THEN ' and not null' ELSE '' END);
    END LOOP;
END
$$;

-- Why a column does not take the values of its name in some images; null if it does.
CREATE FUNCTION shopanalytics._value_problem(caller oid, name text, type text, kind text, is_not_null boolean, images jsonb) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    has_null boolean;
BEGIN
    SELECT (r -> 'null')::boolean INTO has_null
      FROM shopanalytics._as_role(caller, format(
               'SELECT jsonb_build_object(''null'', coalesce(bool_or(num_nulls(%s) > 0), false)) FROM jsonb_to_recordset($1) AS v (%I %s)',
               shopanalytics._value_of(kind, type, format('v.%I', name)), name, CASE WHEN kind IN ('jsonb', 'json') THEN 'jsonb' ELSE type END), images) r;
    RETURN CASE WHEN has_null AND is_not_null THEN 'null value in a column that is not null' END;
EXCEPTION
    WHEN insufficient_privilege OR transaction_rollback OR insufficient_resources OR operator_intervention THEN
        RAISE;
    WHEN OTHERS THEN
        RETURN SQLERRM;
END
$$;

-- Adds items, as {"op", "key", "after", "rule", "confidence"} each, to a draft or to what
-- becomes a draft again.  An item for a row that has one is joined with it: the later
-- value of a column counts.  The first row of a query has number 1, and none of its rows
-- may meet another, which has a number above since; both are null for a single item.
-- Security definer, and for everybody with the duty, as cr_add_query() runs as its caller.
CREATE FUNCTION shopanalytics._cr_add_batch(request bigint, items jsonb, first_row bigint, INOUT since bigint, OUT added bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    -- the rows of a table are looked up, however many there were when that was planned
    SET enable_seqscan = off
    SET plan_cache_mode = force_generic_plan
    SET jit = off
AS $$
DECLARE
    r shopanalytics.change_request := shopanalytics._own_request(request);
    caller oid := shopanalytics._caller();
    target oid := shopanalytics._request_target(r);
    shift bigint := first_row - 1;
    last_seq bigint;
    not_null text[];
    read_columns text[];
    grp record;
    bad record;
    done record;
    removed bigint := 0;
BEGIN
    IF r.kind = 'rollback' THEN
        RAISE EXCEPTION 'request % is a rollback', request
            USING ERRCODE = 'SA010', HINT = 'Its items are what it takes back; open another request for anything else.';
    END IF;
    SELECT coalesce(max(i.seq), 0) INTO last_seq FROM shopanalytics.change_item i WHERE i.request = r.id;
    since := coalesce(since, last_seq);
    added := 0;

    FOR bad IN
        SELECT i.n, i.message, i.key
          FROM (SELECT e.n, e.item -> 'key' AS key,
                       CASE WHEN jsonb_typeof(e.item) <> 'object' THEN 'an item must be an object'
                            WHEN coalesce(e.item ->> 'op', '') NOT IN ('I', 'U', 'D')
                            THEN format('op must be I, U or D, not %s', coalesce(quote_literal(left(e.item ->> 'op', 100)), 'null'))
                            WHEN coalesce(jsonb_typeof(e.item -> 'key'), '') <> 'object' THEN 'the key must be an object of columns'
                            WHEN jsonb_path_exists(e.item -> 'key', '$.* ? (@ == null)') THEN 'a column of the key is null'
                            WHEN e.item ->> 'op' = 'D' AND e.item ->> 'after' IS NOT NULL THEN 'a row that is deleted has no after'
                            WHEN e.item ->> 'op' = 'U' AND coalesce(jsonb_typeof(e.item -> 'after'), '') <> 'object' OR jsonb_typeof(e.item -> 'after') NOT IN ('object', 'null')
                            THEN 'after must be an object of columns'
                            WHEN e.item ->> 'op' = 'U' AND e.item -> 'after' = '{}' THEN 'after names no column'
                            WHEN e.item ->> 'op' = 'I' AND jsonb_typeof(e.item -> 'after') = 'object' AND NOT (e.item -> 'after') || (e.item -> 'key') @> (e.item -> 'after')
                            THEN 'after has another key'
                            WHEN octet_length(e.item ->> 'rule') > 200 THEN 'the rule has more than 200 bytes'
                            WHEN jsonb_typeof(e.item -> 'confidence') NOT IN ('number', 'null') THEN 'the confidence must be a number'
                            WHEN (e.item ->> 'confidence')::numeric NOT BETWEEN 0 AND 1
                            THEN format('the confidence must be from 0 to 1, not %s', left(e.item ->> 'confidence', 100))
                       END AS message
                  FROM jsonb_array_elements(items) WITH ORDINALITY AS e (item, n)) i
         WHERE i.message IS NOT NULL ORDER BY i.n LIMIT 1
    LOOP
        PERFORM shopanalytics._refuse_item(bad.n + shift, bad.message,
                                           shopanalytics._key_hint(target) || ' An update is op U with {"column": value} as after; D has none.', bad.key::text,
                                           CASE bad.message WHEN 'a column of the key is null' THEN 'SA008' ELSE 'SA012' END);
    END LOOP;

    FOR grp IN
        SELECT i.op, ARRAY(SELECT jsonb_object_keys(i.key)) AS key_columns, ARRAY(SELECT jsonb_object_keys(i.after)) AS after_columns,
               jsonb_build_object('key', jsonb_agg(i.key ORDER BY i.n), 'after', jsonb_agg(i.after ORDER BY i.n)) AS input,
               array_agg(i.n::integer ORDER BY i.n) AS place_of
          FROM (SELECT e.item ->> 'op' AS op, e.item -> 'key' AS key, e.n,
                       CASE e.item ->> 'op' WHEN 'U' THEN e.item -> 'after'
                                            WHEN 'I' THEN coalesce(nullif(e.item -> 'after', 'null'), '{}') || (e.item -> 'key') END AS after
                  FROM jsonb_array_elements(items) WITH ORDINALITY AS e (item, n)) i
         GROUP BY 1, 2, 3
         ORDER BY min(i.n)
    LOOP
        PERFORM shopanalytics._check_item_columns(target, caller, grp.op, grp.key_columns, grp.after_columns, grp.place_of[1] + shift);
        SELECT array_agg(c.name) FILTER (WHERE c.is_not_null AND c.name = ANY (grp.after_columns)),
               array_agg(c.name) FILTER (WHERE CASE grp.op WHEN 'U' THEN c.name = ANY (grp.after_columns) WHEN 'D' THEN NOT c.is_generated END)
          INTO not_null, read_columns FROM shopanalytics._target_columns(target) c;
        BEGIN
            WITH read AS MATERIALIZED (
                SELECT (q -> 'n')::integer AS n, (q -> 'found')::boolean AS found, q -> 'key' AS key,
                       nullif(q -> 'before', 'null') AS before, nullif(q -> 'after', 'null') AS after
                  FROM shopanalytics._as_role(caller, shopanalytics._item_query(target, read_columns, grp.after_columns), grp.input) q),
            joined AS MATERIALIZED (
                SELECT w.n, w.found, w.key, w.before, w.after, known.ctid AS known_row, known.before AS known_before, known.after AS known_after,
                       known.op AS known_op, known.rule AS known_rule, known.confidence AS known_confidence,
                       coalesce(known.op = 'U' AND grp.op = 'U', false) AS joins,
                       note.item ->> 'rule' AS rule, (note.item ->> 'confidence')::numeric AS confidence,
                       row_number() OVER (PARTITION BY w.key ORDER BY w.n) > 1 OR coalesce(known.seq > since, false) AS again
                  FROM read w
                 CROSS JOIN LATERAL (SELECT items -> (grp.place_of[w.n] - 1) AS item) note
                  LEFT JOIN LATERAL (SELECT i.ctid, i.* FROM shopanalytics.change_item i
                                      WHERE jsonb_hash_extended(i.key, 0) = jsonb_hash_extended(w.key, 0)
                                        AND (i.request, i.key) IS NOT DISTINCT FROM (r.id, w.key)
                                      LIMIT 1) known ON true),
            wanted AS (
                SELECT j.n, j.key, j.known_row, j.known_op, j.known_before, j.known_after, j.known_rule, j.known_confidence,
                       CASE WHEN grp.op = 'D' THEN j.before ELSE c.before END AS before,
                       CASE WHEN grp.op = 'I' THEN j.after ELSE c.after END AS after,
                       CASE WHEN j.joins AND j.rule <> ALL (string_to_array(j.known_rule, ', ')) THEN j.known_rule || ', ' || j.rule
                            WHEN j.joins THEN coalesce(j.known_rule, j.rule) ELSE j.rule END AS rule,
                       CASE WHEN j.joins THEN least(j.known_confidence, j.confidence) ELSE j.confidence END AS confidence
                  FROM joined j
                  LEFT JOIN LATERAL (
                       -- what would change nothing is left out
                       SELECT jsonb_object_agg(e.key, b.before -> e.key) AS before, jsonb_object_agg(e.key, e.value) AS after
                         FROM (SELECT CASE WHEN j.joins THEN j.known_before || j.before ELSE j.before END AS before,
                                      CASE WHEN j.joins THEN j.known_after || j.after ELSE j.after END AS after) b,
                              LATERAL jsonb_each(b.after) e
                        WHERE e.value <> b.before -> e.key) c ON grp.op = 'U'),
            news AS MATERIALIZED (
                SELECT * FROM wanted w
                 WHERE (w.known_op, w.known_before, w.known_after, w.known_rule, w.known_confidence)
                       IS DISTINCT FROM (grp.op, w.before, w.after, w.rule, w.confidence)),
            gone AS (
                DELETE FROM shopanalytics.change_item i WHERE i.ctid = ANY (ARRAY(SELECT w.known_row FROM news w WHERE w.known_row IS NOT NULL))
                RETURNING 1),
            put AS (
                INSERT INTO shopanalytics.change_item (request, seq, op, key, before, after, rule, confidence)
                SELECT r.id, last_seq + row_number() OVER (ORDER BY w.n), grp.op, w.key, w.before, w.after, w.rule, w.confidence
                  FROM news w
                 WHERE w.before IS NOT NULL OR w.after IS NOT NULL
                RETURNING 1)
            SELECT (SELECT count(*) FROM gone) AS gone, (SELECT count(*) FROM put) AS put,
                   (SELECT min(j.n) FROM joined j WHERE j.found = (grp.op = 'I')) AS wrong_n,
                   (SELECT min(j.n) FROM joined j WHERE j.again AND first_row IS NOT NULL) AS again_n,
                   (SELECT min(j.n) FROM joined j WHERE EXISTS (SELECT FROM unnest(not_null) c WHERE j.after -> c = 'null')) AS null_n
              INTO done;
        EXCEPTION
            WHEN insufficient_privilege OR transaction_rollback OR insufficient_resources OR operator_intervention THEN
                RAISE;
            WHEN OTHERS THEN
                SELECT f.* INTO bad
                  FROM (VALUES ('key column', grp.key_columns, grp.input -> 'key'), ('column', grp.after_columns, grp.input -> 'after')) v (part, names, images),
                       LATERAL shopanalytics._find_bad_value(target, caller, v.part, v.names, v.images) f
                 WHERE f.n IS NOT NULL
                 ORDER BY f.n LIMIT 1;
                IF NOT FOUND THEN
                    RAISE;
                END IF;
                PERFORM shopanalytics._refuse_item(grp.place_of[bad.n] + shift, bad.message, bad.hint, format('%s, in row %s', bad.detail, grp.input -> 'key' ->> (bad.n - 1)));
        END;

        IF done.null_n IS NOT NULL THEN
            SELECT f.* INTO bad FROM shopanalytics._find_bad_value(target, caller, 'column', not_null, jsonb_build_array(grp.input -> 'after' -> (done.null_n - 1))) f;
            PERFORM shopanalytics._refuse_item(grp.place_of[done.null_n] + shift, bad.message, bad.hint, format('%s, in row %s', bad.detail, grp.input -> 'key' ->> (done.null_n - 1)));
        ELSIF done.wrong_n IS NOT NULL THEN
            PERFORM shopanalytics._refuse_item(grp.place_of[done.wrong_n] + shift,
                format('%s has %s row %s', shopanalytics._relation_name(target), CASE grp.op WHEN 'I' THEN 'a' ELSE 'no' END, left(grp.input -> 'key' ->> (done.wrong_n - 1), 1000)),
                CASE WHEN grp.op = 'I' THEN 'Propose op U to change it.'
                     WHEN first_row IS NULL THEN 'It may be gone, or hidden from you by row security.'
                     ELSE 'It may be gone since the query began, or hidden from you by row security.' END);
        ELSIF done.again_n IS NOT NULL THEN
            PERFORM shopanalytics._refuse_item(grp.place_of[done.again_n] + shift, format('key %s comes twice', left(grp.input -> 'key' ->> (done.again_n - 1), 1000)),
                'A query gives one row for each key: which one is meant?', code => 'SA008');
        END IF;
        added := added + done.put;
        removed := removed + done.gone;
        last_seq := last_seq + done.put;
    END LOOP;

    IF added + removed > 0 THEN
        PERFORM shopanalytics._edited(r, added - removed);
    END IF;
END
$$;

-- Not strict: a null is an error, or nothing to say.
CREATE FUNCTION shopanalytics.cr_add(
    request bigint,
    op text,
    key jsonb,
    after jsonb DEFAULT NULL,
    rule text DEFAULT NULL,
    confidence numeric DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT b.added > 0
              FROM shopanalytics._cr_add_batch(request, jsonb_build_array(jsonb_build_object('op', op, 'key', key, 'after', after, 'rule', rule, 'confidence', confidence)),
                                               NULL, NULL) b);
END
$$;

-- Runs as its caller and with his search_path, as the query is his own; for the same
-- reason all names in here are qualified.  Rows are handed on in batches, so that the
-- memory it takes does not depend on how many there are.
CREATE FUNCTION shopanalytics.cr_add_query(request bigint, query text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
    item record;
    image pg_catalog.jsonb;
    batch pg_catalog.jsonb[] := '{}';
    size pg_catalog.int8 := 0;
    first_row pg_catalog.int8 := 1;
    since pg_catalog.int8;
    added pg_catalog.int8;
    total pg_catalog.int8 := 0;
BEGIN
    IF request IS NULL OR query IS NULL THEN
        RAISE EXCEPTION 'request and query must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    FOR item IN EXECUTE query LOOP
        image := pg_catalog.to_jsonb(item);
        IF total OPERATOR(pg_catalog.=) 0 AND pg_catalog.cardinality(batch) OPERATOR(pg_catalog.=) 0 THEN
            PERFORM shopanalytics._check_query_columns(image);
        END IF;
        batch := pg_catalog.array_append(batch, image);
        size := size OPERATOR(pg_catalog.+) pg_catalog.pg_column_size(image)::pg_catalog.int8;
        IF pg_catalog.cardinality(batch) OPERATOR(pg_catalog.>=) 5000 OR size OPERATOR(pg_catalog.>) 8000000 THEN
            SELECT b.since, b.added INTO since, added FROM shopanalytics._cr_add_batch(request, shopanalytics._query_items(batch), first_row, since) b;
            total := total OPERATOR(pg_catalog.+) added;
            first_row := first_row OPERATOR(pg_catalog.+) pg_catalog.cardinality(batch)::pg_catalog.int8;
            batch := '{}';
            size := 0;
        END IF;
    END LOOP;
    SELECT b.added INTO added FROM shopanalytics._cr_add_batch(request, shopanalytics._query_items(batch), first_row, since) b;
    RETURN total OPERATOR(pg_catalog.+) added;
END
$$;

-- Raises an error unless the rows of a query can be items.
CREATE FUNCTION shopanalytics._check_query_columns(item jsonb) RETURNS void
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    bad text := (SELECT min(k) FROM jsonb_object_keys(item) k WHERE k NOT IN ('op', 'key', 'after', 'rule', 'confidence'));
BEGIN
    IF bad IS NOT NULL OR NOT item ? 'key' THEN
        RAISE EXCEPTION '%', CASE WHEN bad IS NULL THEN 'the query has no column "key"' ELSE format('the query has a column "%s"', bad) END
            USING ERRCODE = 'SA012', HINT = 'Its columns are key and after of type jsonb, and if need be op (else U), rule and confidence.';
    END IF;
    IF 'string' IN (jsonb_typeof(item -> 'key'), jsonb_typeof(item -> 'after')) THEN
        RAISE EXCEPTION 'key and after are text in the query' USING ERRCODE = 'SA012', HINT = 'Cast them: ''{"column": value}''::jsonb AS key.';
    END IF;
END
$$;

-- Rows of a query as items.
CREATE FUNCTION shopanalytics._query_items(images jsonb[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(jsonb_agg('{"op": "U"}' || i.image ORDER BY i.n), '[]') FROM unnest(images) WITH ORDINALITY AS i (image, n);
END;

-- Takes an item out by its key; false when there is none.
CREATE FUNCTION shopanalytics.cr_remove(request bigint, key jsonb) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r shopanalytics.change_request := shopanalytics._own_request(request);
BEGIN
    IF key IS NULL THEN
        RAISE EXCEPTION 'the key must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF r.kind = 'rollback' THEN
        RAISE EXCEPTION 'request % is a rollback', request
            USING ERRCODE = 'SA010', HINT = 'Its items are what it takes back; open another request for anything else.';
    END IF;
    DELETE FROM shopanalytics.change_item i
     WHERE jsonb_hash_extended(i.key, 0) = jsonb_hash_extended(cr_remove.key, 0) AND (i.request, i.key) IS NOT DISTINCT FROM (r.id, cr_remove.key);
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM shopanalytics._edited(r, -1);
    RETURN true;
END
$$;

REVOKE ALL ON FUNCTION
    shopanalytics._check_item_columns(oid, oid, text, text[], text[], bigint),
    shopanalytics._find_bad_value(oid, oid, text, text[], jsonb),
    shopanalytics._value_problem(oid, text, text, text, boolean, jsonb) FROM PUBLIC;

COMMENT ON FUNCTION shopanalytics.cr_add(bigint, text, jsonb, jsonb, text, numeric) IS 'adds a row to insert, update or delete to a change request; false when nothing would change';
COMMENT ON FUNCTION shopanalytics.cr_add_query(bigint, text) IS 'adds the rows of a query to a change request, and returns how many';
COMMENT ON FUNCTION shopanalytics.cr_remove(bigint, jsonb) IS 'takes a row out of a change request by its key; false when it is not in it';
