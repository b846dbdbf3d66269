-- The query that applies a batch of items to a table.
--
-- It is one statement, and the table's owner runs it.  Rows are locked in the order of
-- their keys; what is compared are the rows as they are once they are locked.  Rows go
-- before others are changed, and those before new ones come, so that the values of a
-- unique column can move between rows; foreign keys are checked at its end, so that
-- rows may refer to each other.

-- What _target_columns() returns as one value, and as rows again: the catalog is asked
-- once for a query.
CREATE FUNCTION shopanalytics._known_columns(
    known jsonb,
    OUT name text,
    OUT number smallint,
    OUT type text,
    OUT kind text,
    OUT key_place integer,
    OUT equals text,
    OUT is_generated boolean) RETURNS SETOF record
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT c.name, c.number, c.type, c.kind, c.key_place, c.equals, c.is_generated
      FROM pg_catalog.jsonb_to_recordset(known) AS c (name text, number smallint, type text, kind text, key_place integer, equals text, is_generated boolean);
END;

-- SQL for the image of a row t.  jsonb_build_object takes 100 arguments.
CREATE FUNCTION shopanalytics._row_image(known jsonb, columns text[]) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT coalesce(string_agg(format('jsonb_build_object(%s)', p.arguments), ' || ' ORDER BY p.part), '''{}''::jsonb')
              FROM (SELECT n.part, string_agg(format('%L, %s', n.name, n.image), ', ' ORDER BY n.number) AS arguments
                      FROM (SELECT c.name, c.number, shopanalytics._image_of(c.kind, format('t.%I', c.name)) AS image,
                                   (row_number() OVER (ORDER BY c.number) - 1) / 50 AS part
                              FROM shopanalytics._known_columns(known) c WHERE c.name = ANY (columns)) n
                     GROUP BY n.part) p);
END
$$;

-- SQL for what the columns are in a call of jsonb_to_record; null without any.
CREATE FUNCTION shopanalytics._record_columns(known jsonb, columns text[]) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT string_agg(format('%I %s', c.name, CASE WHEN c.kind IN ('jsonb', 'json') THEN 'jsonb' ELSE c.type END), ', ' ORDER BY c.number)
              FROM shopanalytics._known_columns(known) c WHERE c.name = ANY (columns));
END
$$;

-- Items of one op that name the same columns are a group, written by one part of the
-- query: so that just these columns are set and just these triggers fire.  The groups
-- are numbered from 0, as objects of op, columns and before, the names in the images.
-- The input is an array of arrays: seq, op, number of the group, key, before, after.
-- The query returns arrays: seq, what became of the item, an image.  That is applied
-- (with the row, where it was inserted and has more than was asked for, or with what the
-- columns had, where some were right already), already,
-- missing, conflict (with the values that are there), suppressed or altered (by a
-- trigger, with what it made of it; the caller has to undo all).  Where nothing is to
-- be written, apply stands for all that would be.
CREATE FUNCTION shopanalytics._apply_query(target oid, groups jsonb, writes boolean) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    known jsonb := (SELECT jsonb_agg(to_jsonb(c)) FROM shopanalytics._target_columns(target) c);
    place text := shopanalytics._relation_name(target);
    only_it text := CASE WHEN (SELECT c.relkind FROM pg_class c WHERE c.oid = target) = 'r' THEN 'ONLY ' || place ELSE place END;
    key_columns text[] := ARRAY(SELECT c.name FROM shopanalytics._known_columns(known) c WHERE c.key_place IS NOT NULL);
    row_image text := shopanalytics._row_image(known, ARRAY(SELECT c.name FROM shopanalytics._known_columns(known) c WHERE NOT c.is_generated));
    key_values text;
    key_names text;
    is_row text;
    image text;
    statement text;
    parts text[] := '{}';
    part record;
    bad text;
BEGIN
    SELECT min(n) INTO bad
      FROM jsonb_array_elements(groups) g, LATERAL jsonb_array_elements_text((g -> 'columns') || (g -> 'before')) n
     WHERE n NOT IN (SELECT c.name FROM shopanalytics._known_columns(known) c WHERE NOT c.is_generated);
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION '% has no column "%" any more that could be set', place, bad
            USING ERRCODE = 'SA012', HINT = 'The table was altered since this was proposed: open another request.';
    END IF;

    SELECT string_agg(format('%s AS k%s', shopanalytics._value_of(c.kind, c.type, format('k.%I', c.name)), c.number), ', ' ORDER BY c.key_place),
           string_agg(format('i.k%s', c.number), ', ' ORDER BY c.key_place),
           string_agg(format('t.%I %s i.k%s', c.name, c.equals, c.number), ' AND ' ORDER BY c.key_place)
      INTO key_values, key_names, is_row
      FROM shopanalytics._known_columns(known) c WHERE c.key_place IS NOT NULL;
    image := shopanalytics._row_image(known, ARRAY(
        SELECT DISTINCT n FROM jsonb_array_elements(groups) g, LATERAL jsonb_array_elements_text((g -> 'columns') || (g -> 'before')) n WHERE g ->> 'op' = 'U'));
    image := format('CASE i.op WHEN ''U'' THEN %s ELSE %s END', image, row_image);

    -- A full join is never a nested loop, whatever the planner knows of the table.
    statement := format($query$
        WITH item AS MATERIALIZED (
            SELECT (v.item ->> 0)::bigint AS seq, v.item ->> 1 AS op, (v.item ->> 2)::integer AS part, v.item -> 3 AS key, v.item -> 4 AS before, v.item -> 5 AS after, %s
              FROM jsonb_array_elements($1) AS v (item), jsonb_to_record(v.item -> 3) AS k (%s)
        ), present AS MATERIALIZED (
            SELECT i.seq, %s AS image FROM item i JOIN %s AS t ON %s%s
        ), judged AS MATERIALIZED (
            SELECT i.*, p.image,
                   CASE i.op WHEN 'I' THEN CASE WHEN p.image IS NULL THEN 'apply' WHEN p.image || i.after = p.image THEN 'already' ELSE 'conflict' END
                             WHEN 'D' THEN CASE WHEN p.image IS NULL THEN 'already' WHEN p.image = i.before THEN 'apply' ELSE 'conflict' END
                             ELSE CASE WHEN p.image IS NULL THEN 'missing'
                                       WHEN p.image || i.after = p.image THEN 'already'
                                       WHEN p.image || i.before = p.image THEN 'apply'
                                       WHEN EXISTS (SELECT FROM jsonb_object_keys(i.before || i.after) c
                                                     WHERE p.image -> c IS DISTINCT FROM i.before -> c AND p.image -> c IS DISTINCT FROM i.after -> c) THEN 'conflict'
                                       ELSE 'apply' END END AS verdict
              FROM item i FULL JOIN present p ON p.seq = i.seq
        )$query$,
        key_values, shopanalytics._record_columns(known, key_columns), image, only_it, is_row,
        CASE WHEN writes THEN format(' ORDER BY %s FOR %s OF t', key_names, CASE WHEN groups @> '[{"op": "D"}]' THEN 'UPDATE' ELSE 'NO KEY UPDATE' END) ELSE '' END);

    IF NOT writes THEN
        RETURN statement || $query$
        SELECT jsonb_build_array(j.seq, j.verdict, CASE WHEN j.verdict = 'conflict' AND j.op = 'U'
                   THEN (SELECT jsonb_object_agg(c, j.image -> c) FROM jsonb_object_keys(j.before || j.after) c)
                   WHEN j.verdict = 'conflict' THEN j.image END) FROM judged j$query$;
    END IF;

    FOR part IN
        SELECT format('part_%s', g.no) AS name, g.no, g.spec ->> 'op' AS op, ARRAY(SELECT jsonb_array_elements_text(g.spec -> 'columns')) AS columns
          FROM (SELECT (e.no - 1)::integer AS no, e.spec FROM jsonb_array_elements(groups) WITH ORDINALITY AS e (spec, no)) g
         ORDER BY array_position('{D,U,I}', g.spec ->> 'op'), g.no
    LOOP
        parts := parts || part.name;
        statement := statement || format(', %s AS (', part.name) || CASE part.op
            WHEN 'D' THEN format($query$DELETE FROM %s AS t USING judged i WHERE i.part = %s AND i.verdict = 'apply' AND %s RETURNING i.seq, NULL::jsonb AS image)$query$,
                                 only_it, part.no, is_row)
            WHEN 'U' THEN (SELECT format($query$UPDATE %s AS t SET %s FROM (SELECT i.seq, %s, %s FROM judged i, jsonb_to_record(i.after) AS n (%s) WHERE i.part = %s AND i.verdict = 'apply') i
                                             WHERE %s RETURNING i.seq, %s AS image)$query$,
                                         only_it, string_agg(format('%I = i.c%s', c.name, c.number), ', ' ORDER BY c.number), key_names,
                                         string_agg(format('%s AS c%s', shopanalytics._value_of(c.kind, c.type, format('n.%I', c.name)), c.number), ', ' ORDER BY c.number),
                                         shopanalytics._record_columns(known, part.columns), part.no, is_row, shopanalytics._row_image(known, part.columns))
                             FROM shopanalytics._known_columns(known) c WHERE c.name = ANY (part.columns))
            ELSE (SELECT format($query$INSERT INTO %s AS t (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM judged i%s WHERE i.part = %s AND i.verdict = 'apply' ORDER BY i.seq
                                RETURNING %s AS key, %s AS image)$query$,
                                place, string_agg(quote_ident(c.name), ', ' ORDER BY c.number),
                                string_agg(CASE WHEN c.key_place IS NULL THEN shopanalytics._value_of(c.kind, c.type, format('n.%I', c.name)) ELSE format('i.k%s', c.number) END, ', ' ORDER BY c.number),
                                ', jsonb_to_record(i.after) AS n (' || shopanalytics._record_columns(known, part.columns) || ')',
                                part.no, shopanalytics._row_image(known, key_columns), row_image)
                    FROM shopanalytics._known_columns(known) c WHERE c.name = ANY (key_columns || part.columns)) END;
        IF part.op = 'I' THEN
            statement := statement || format($query$, %1$s_of_item AS (
                SELECT i.seq, t.image FROM (SELECT * FROM judged WHERE part = %2$s AND verdict = 'apply') i FULL JOIN %1$s t ON t.key = i.key)$query$, part.name, part.no);
            parts[cardinality(parts)] := part.name || '_of_item';
        END IF;
    END LOOP;

    RETURN statement || format($query$
        SELECT jsonb_build_array(j.seq, s.status, CASE WHEN s.status = 'altered' OR s.status = 'applied' AND j.op = 'I' AND w.image <> j.key || j.after THEN w.image
                   WHEN j.op = 'U' AND (s.status = 'conflict' OR s.status = 'applied' AND j.image || j.before <> j.image)
                   THEN (SELECT jsonb_object_agg(c, j.image -> c) FROM jsonb_object_keys(j.before || j.after) c)
                   WHEN s.status = 'conflict' THEN j.image END)
          FROM judged j FULL JOIN (%s) w ON w.seq = j.seq,
               LATERAL (SELECT CASE WHEN j.verdict <> 'apply' THEN j.verdict
                                    WHEN w.seq IS NULL OR j.op = 'I' AND w.image IS NULL THEN 'suppressed'
                                    WHEN w.image || j.after <> w.image THEN 'altered'
                                    ELSE 'applied' END AS status) s$query$,
        (SELECT string_agg(format('SELECT seq, image FROM %s', p), ' UNION ALL ' ORDER BY no) FROM unnest(parts) WITH ORDINALITY AS u (p, no)));
END
$$;

-- The query that locks the rows that items would delete: its rows are arrays of the
-- item's number and an image of some columns.
CREATE FUNCTION shopanalytics._deleted_query(target oid, known jsonb, columns text[]) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT format($query$SELECT jsonb_build_array(v.item -> 0, %s)
                                   FROM jsonb_array_elements($1) AS v (item) CROSS JOIN jsonb_to_record(v.item -> 3) AS k (%s) JOIN %s AS t ON %s
                                  WHERE v.item ->> 1 = 'D' ORDER BY %s FOR UPDATE OF t$query$,
                          shopanalytics._row_image(known, columns), shopanalytics._record_columns(known, array_agg(c.name)),
                          CASE WHEN (SELECT r.relkind FROM pg_class r WHERE r.oid = target) = 'r' THEN 'ONLY ' ELSE '' END || shopanalytics._relation_name(target),
                          string_agg(format('t.%I %s %s', c.name, c.equals, shopanalytics._value_of(c.kind, c.type, format('k.%I', c.name))), ' AND ' ORDER BY c.key_place),
                          string_agg(format('t.%I', c.name), ', ' ORDER BY c.key_place))
              FROM shopanalytics._known_columns(known) c WHERE c.key_place IS NOT NULL);
END
$$;
