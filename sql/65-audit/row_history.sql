-- What the log says of a row, and of a whole table at a time.

-- What is known of a table of this name or with these triggers, audited or not any more.
CREATE FUNCTION shopanalytics._audited(relation oid) RETURNS shopanalytics.audited_table
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT t
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
      CROSS JOIN shopanalytics.audited_table t
     WHERE c.oid OPERATOR(pg_catalog.=) relation
       AND (t.schema_name OPERATOR(pg_catalog.=) n.nspname::text AND t.table_name OPERATOR(pg_catalog.=) c.relname::text
            OR t.id OPERATOR(pg_catalog.=) (SELECT g.audited FROM shopanalytics._audit_triggers() g WHERE g.relation OPERATOR(pg_catalog.=) c.oid LIMIT 1))
     ORDER BY t.ended IS NULL DESC, t.schema_name OPERATOR(pg_catalog.=) n.nspname::text AND t.table_name OPERATOR(pg_catalog.=) c.relname::text, t.id DESC
     LIMIT 1;
END;

-- The entry of audited_table, for who may read about a table and the table itself.
-- Security definer: says who may do what, and reads what is known of the table.
CREATE FUNCTION shopanalytics._readable_audit(relation regclass, duties text[]) RETURNS shopanalytics.audited_table
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place text;
    entry shopanalytics.audited_table;
BEGIN
    IF relation IS NULL THEN
        RAISE EXCEPTION 'the table must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT format('%I.%I', n.nspname, c.relname), n.nspname INTO place, entry.tenant
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'relation % does not exist', relation USING ERRCODE = 'undefined_table';
    END IF;
    IF NOT shopanalytics._held_duties(entry.tenant, place) && duties THEN
        RAISE EXCEPTION 'login "%" does not have the duty "%" for tenant "%", scope "%"', session_user, duties[1], entry.tenant, place
            USING ERRCODE = 'SA006', HINT = 'Somebody with the duty admin gives duties by shopanalytics.grant_duty().';
    END IF;
    IF NOT has_table_privilege((shopanalytics._who()).role, relation, 'SELECT') THEN
        RAISE EXCEPTION 'permission denied for table %', place USING ERRCODE = 'insufficient_privilege';
    END IF;
    entry := shopanalytics._audited(relation);
    IF entry.id IS NULL THEN
        RAISE EXCEPTION '% is not audited', place USING ERRCODE = 'SA022', HINT = 'shopanalytics.audit_enable() audits it.';
    END IF;
    -- one that was moved here from another tenant, and is not known here yet
    IF NOT shopanalytics._held_duties(entry.tenant, format('%I.%I', entry.schema_name, entry.table_name)) && duties THEN
        RAISE EXCEPTION 'login "%" does not have the duty "%" for tenant "%", scope "%"', session_user, duties[1], entry.tenant, format('%I.%I', entry.schema_name, entry.table_name)
            USING ERRCODE = 'SA006', HINT = 'Somebody with the duty admin gives duties by shopanalytics.grant_duty().';
    END IF;
    RETURN entry;
END
$$;

-- Where the row that had a key at a statement came from or went to: entries that change
-- keys, of which there are few.  The direction is -1 for back and 1 for on.
CREATE FUNCTION shopanalytics._key_change(audited integer, key jsonb, stmt bigint, direction integer) RETURNS shopanalytics.audit_row
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT c
      FROM (SELECT r FROM shopanalytics.audit_row r
             WHERE pg_catalog.jsonb_hash_extended(r.new_key, 0) = pg_catalog.jsonb_hash_extended(_key_change.key, 0) AND r.new_key = _key_change.key
               AND r.new_key IS NOT NULL AND r.audited = _key_change.audited
            UNION ALL
            SELECT r FROM shopanalytics.audit_row r
             WHERE pg_catalog.jsonb_hash_extended(r.key, 0) = pg_catalog.jsonb_hash_extended(_key_change.key, 0) AND r.key = _key_change.key
               AND r.new_key IS NOT NULL AND r.audited = _key_change.audited) changes (c)
     WHERE CASE WHEN direction < 0 THEN (c).stmt < _key_change.stmt ELSE (c).stmt > _key_change.stmt END
     -- of a statement that exchanges keys, back the one that came, on the one that went
     ORDER BY (c).stmt * direction, CASE WHEN direction < 0 THEN (c).new_key ELSE (c).key END = _key_change.key DESC
     LIMIT 1;
END;

-- The entries of the row that has a key, or had it last, through changes of its key.
CREATE FUNCTION shopanalytics._row_entries(audited integer, key jsonb) RETURNS SETOF shopanalytics.audit_row
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    change shopanalytics.audit_row := shopanalytics._key_change(audited, key, 9223372036854775807, -1);
    place jsonb := key;
    bound bigint := 9223372036854775807;
BEGIN
    -- who had the key last has left it, and nobody has it since: follow him first
    IF change.new_key <> key AND NOT EXISTS (
           SELECT FROM shopanalytics.audit_row r
            WHERE jsonb_hash_extended(r.key, 0) = jsonb_hash_extended(_row_entries.key, 0) AND r.key = _row_entries.key
              AND r.audited = _row_entries.audited AND r.stmt > change.stmt) THEN
        WHILE change.key = place LOOP
            RETURN NEXT change;
            place := change.new_key;
            bound := change.stmt;
            change := shopanalytics._key_change(audited, place, bound, 1);
            RETURN QUERY SELECT r.* FROM shopanalytics.audit_row r
              WHERE jsonb_hash_extended(r.key, 0) = jsonb_hash_extended(place, 0) AND r.key = place AND r.audited = _row_entries.audited
                AND r.new_key IS NULL AND r.stmt > bound AND (change.stmt IS NULL OR r.stmt < change.stmt);
        END LOOP;
        place := key;
        bound := (shopanalytics._key_change(audited, key, 9223372036854775807, -1)).stmt;
        change := shopanalytics._key_change(audited, key, bound, -1);
    END IF;

    LOOP
        RETURN QUERY SELECT r.* FROM shopanalytics.audit_row r
          WHERE jsonb_hash_extended(r.key, 0) = jsonb_hash_extended(place, 0) AND r.key = place AND r.audited = _row_entries.audited
            AND r.new_key IS NULL AND r.stmt < bound AND (change.stmt IS NULL OR r.stmt > change.stmt);
        EXIT WHEN change.id IS NULL OR change.new_key <> place;
        RETURN NEXT change;
        place := change.key;
        bound := change.stmt;
        change := shopanalytics._key_change(audited, place, bound, -1);
    END LOOP;
END
$$;

-- Not strict: a null is an error.  Security definer: finds entries by an index that row
-- security would keep a reader from, after his duty was checked.
CREATE FUNCTION shopanalytics.row_history(relation regclass, key jsonb)
    RETURNS TABLE (id bigint, at timestamptz, operation text, row_key jsonb, new_key jsonb, before jsonb, after jsonb,
                   login text, role text, actor text, source text, request bigint)
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    entry shopanalytics.audited_table := shopanalytics._readable_audit(relation, '{audit_read,admin}');
    shows_personal boolean;
BEGIN
    IF row_history.key IS NULL THEN
        RAISE EXCEPTION 'the key must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF jsonb_typeof(row_history.key) <> 'object' OR NOT row_history.key ?& entry.key_columns OR row_history.key - entry.key_columns <> '{}' THEN
        RAISE EXCEPTION 'key % is not one of %', left(row_history.key::text, 100), format('%I.%I', entry.schema_name, entry.table_name)
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = format('It has the columns of the primary key and their values, such as {%s}.', (SELECT string_agg(to_jsonb(c)::text || ': ...', ', ') FROM unnest(entry.key_columns) c));
    END IF;
    shows_personal := shopanalytics.has_duty('audit_read', entry.tenant, format('%I.%I', entry.schema_name, entry.table_name));
    RETURN QUERY
    SELECT r.id, r.at, CASE WHEN r.op = 'I' THEN 'insert' WHEN r.op = 'U' THEN 'update' WHEN r.op = 'D' THEN 'delete' ELSE 'truncate' END, r.key, r.new_key,
           shopanalytics._join_images(r.before, CASE WHEN shows_personal THEN r.pii -> 'before' END),
           shopanalytics._join_images(r.after, CASE WHEN shows_personal THEN r.pii -> 'after' END),
           s.login, s.role, s.actor, s.source, s.request
      FROM shopanalytics._row_entries(entry.id, row_history.key) r
      JOIN shopanalytics.audit_stmt s ON s.id = r.stmt AND s.at = r.at
     ORDER BY r.stmt, r.id;
END
$$;

-- What happened to a table since a time.  Security definer: reads personal values, after
-- the caller's duty was checked.
CREATE FUNCTION shopanalytics._entries_since(relation regclass, at timestamptz)
    RETURNS TABLE (id bigint, stmt bigint, op "char", key jsonb, new_key jsonb, before jsonb, is_erased boolean)
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    entry shopanalytics.audited_table := shopanalytics._readable_audit(relation, '{audit_read}');
BEGIN
    RETURN QUERY
    SELECT r.id, r.stmt, r.op, r.key, r.new_key, shopanalytics._join_images(r.before, r.pii -> 'before'), r.pii_hash IS NOT NULL AND r.pii IS NULL
      FROM shopanalytics.audit_row r WHERE r.audited = entry.id AND r.at > _entries_since.at;
END
$$;

-- Each row that there was, from what there is and what happened since: the values before
-- the first change since, else those of now, or of when it was deleted.  Reads the table
-- with the caller's rights.  Not strict: a null is an error.
CREATE FUNCTION shopanalytics.table_as_of(relation regclass, at timestamptz) RETURNS TABLE (key jsonb, "row" jsonb, is_complete boolean)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    entry shopanalytics.audited_table := shopanalytics._readable_audit(relation, '{audit_read}');
    place text := format('%I.%I', entry.schema_name, entry.table_name);
BEGIN
    IF at IS NULL THEN
        RAISE EXCEPTION 'the time must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF at < entry.since OR entry.ended IS NOT NULL THEN
        RAISE EXCEPTION 'what % was at % is not known', place, at
            USING ERRCODE = 'SA023', HINT = CASE WHEN entry.ended IS NULL THEN format('It is audited since %s.', entry.since) ELSE format('It is audited no more since %s.', entry.ended) END;
    END IF;
    IF row_security_active(relation) THEN
        RAISE EXCEPTION 'row security hides rows of %', place
            USING ERRCODE = 'insufficient_privilege', HINT = 'What the table was can be told only by who sees all of it.';
    END IF;
    IF EXISTS (SELECT FROM shopanalytics._entries_since(relation, at) e WHERE e.key IS NULL) THEN
        RAISE EXCEPTION 'what % was at % is not known: it was truncated since', place, at
            USING ERRCODE = 'SA023', HINT = 'Audited with truncate => ''rows'' the rows would have been written down.';
    END IF;
    FOR key, "row", is_complete IN EXECUTE format($query$
WITH RECURSIVE entry AS MATERIALIZED (SELECT * FROM shopanalytics._entries_since($1, $2)),
-- each entry at its key, and once more where its row comes to another
touch AS (
    SELECT e.id, e.stmt, e.key AS place, false AS comes, e.op = 'I' AS begins FROM entry e
    UNION ALL
    SELECT e.id, e.stmt, e.new_key, true, true FROM entry e WHERE e.new_key IS NOT NULL),
-- rows that had a key one after the other: 0 is the one that had it at the time
stay AS MATERIALIZED (
    SELECT t.*, count(*) FILTER (WHERE t.begins) OVER (PARTITION BY t.place ORDER BY t.stmt, t.comes, t.id ROWS UNBOUNDED PRECEDING) AS number FROM touch t),
origin (place, number, key) AS (
    SELECT DISTINCT s.place, s.number, s.place FROM stay s WHERE s.number = 0
    UNION ALL
    SELECT c.place, c.number, o.key FROM origin o JOIN stay s ON s.place = o.place AND s.number = o.number AND NOT s.comes JOIN stay c ON c.id = s.id AND c.comes),
change AS MATERIALIZED (
    SELECT o.key AS origin, e.*, row_number() OVER (PARTITION BY o.key ORDER BY e.stmt DESC) = 1 AS is_last
      FROM origin o JOIN stay s ON s.place = o.place AND s.number = o.number AND NOT s.comes JOIN entry e ON e.id = s.id),
current AS MATERIALIZED (
    SELECT (SELECT jsonb_object_agg(k, i.image -> k) FROM unnest($3) k) AS key, i.image - $4 AS image
      FROM (SELECT shopanalytics._row_image(t.*) AS image FROM %s t) i),
base AS (
    SELECT c.origin, CASE WHEN c.op IN ('D', 'T') THEN c.before ELSE n.image END AS image
      FROM change c LEFT JOIN current n ON c.op = 'U' AND n.key = coalesce(c.new_key, c.key)
     WHERE c.is_last),
earlier AS (
    SELECT c.origin, jsonb_object_agg(v.key, v.value ORDER BY c.stmt DESC) AS image
      FROM change c, jsonb_each(c.before) v WHERE c.op = 'U' GROUP BY c.origin),
erased AS (SELECT DISTINCT c.origin FROM change c WHERE c.is_erased)
SELECT n.key, n.image, true FROM current n WHERE NOT EXISTS (SELECT FROM touch t WHERE t.place = n.key)
UNION ALL
SELECT b.origin, shopanalytics._join_images(b.image, l.image) - CASE WHEN d.origin IS NULL THEN '{}' ELSE $5 END, b.image IS NOT NULL AND d.origin IS NULL
  FROM base b LEFT JOIN earlier l USING (origin) LEFT JOIN erased d USING (origin)$query$, relation)
    USING relation, at, entry.key_columns, entry.ignored_columns, entry.personal_columns LOOP
        RETURN NEXT;
    END LOOP;
END
$$;

REVOKE ALL ON FUNCTION shopanalytics._key_change(integer, jsonb, bigint, integer), shopanalytics._row_entries(integer, jsonb), shopanalytics._audited(oid) FROM PUBLIC;

COMMENT ON FUNCTION shopanalytics.row_history(regclass, jsonb) IS 'what became of a row: each change, by whom, with the values before and after';
COMMENT ON FUNCTION shopanalytics.table_as_of(regclass, timestamptz) IS 'the rows that an audited table had at a time';
