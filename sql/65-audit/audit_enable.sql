-- Which tables are audited.  A table has four triggers of _audit_change(), and so has each
-- partition, for statements that name it and not its parent.  Their arguments say what
-- the columns are for.

-- The triggers of the audit, by what they are for, whatever their names are by now.
CREATE FUNCTION shopanalytics._audit_triggers(OUT relation oid, OUT trigger_name text, OUT event text, OUT is_always boolean, OUT audited integer, OUT arguments text[])
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT g.tgrelid, g.tgname::text,
           CASE WHEN (g.tgtype::integer OPERATOR(pg_catalog.&) 4) OPERATOR(pg_catalog.<>) 0 THEN 'insert'
                WHEN (g.tgtype::integer OPERATOR(pg_catalog.&) 8) OPERATOR(pg_catalog.<>) 0 THEN 'delete'
                WHEN (g.tgtype::integer OPERATOR(pg_catalog.&) 16) OPERATOR(pg_catalog.<>) 0 THEN 'update' ELSE 'truncate' END,
           g.tgenabled OPERATOR(pg_catalog.=) 'A'::"char", a.list[1]::integer, a.list
      FROM pg_catalog.pg_trigger g,
           -- each ends with a zero byte
           LATERAL (SELECT ARRAY(SELECT pg_catalog.convert_from(pg_catalog.decode(m.parts[1], 'hex'), pg_catalog.getdatabaseencoding())
                                   FROM ROWS FROM (pg_catalog.regexp_matches(pg_catalog.encode(g.tgargs, 'hex'), '((?:(?!00)..)*)00', 'g')) WITH ORDINALITY m (parts, place)
                                  ORDER BY m.place) AS list) a
     WHERE g.tgfoid OPERATOR(pg_catalog.=) 'shopanalytics._audit_change()'::regprocedure::oid AND NOT g.tgisinternal;
END;

-- A table and all of its partitions.
CREATE FUNCTION shopanalytics._audit_places(relation oid) RETURNS SETOF oid
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT relation
    UNION
    SELECT t.relid::oid FROM pg_catalog.pg_partition_tree(relation::regclass) t;
END;

-- The columns that can be written, and their types.
CREATE FUNCTION shopanalytics._column_types(relation oid) RETURNS text[]
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT ARRAY(SELECT pg_catalog.format('%I %s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod))
                   FROM pg_catalog.pg_attribute a
                  WHERE a.attrelid OPERATOR(pg_catalog.=) relation AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
                  ORDER BY a.attname::text COLLATE "C");
END;

CREATE FUNCTION shopanalytics._primary_key(relation oid) RETURNS text[]
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.place)
      FROM pg_catalog.pg_index i,
           ROWS FROM (pg_catalog.unnest(i.indkey::smallint[])) WITH ORDINALITY k (attnum, place)
      JOIN pg_catalog.pg_attribute a ON a.attnum OPERATOR(pg_catalog.=) k.attnum
     WHERE i.indrelid OPERATOR(pg_catalog.=) relation AND i.indisprimary AND a.attrelid OPERATOR(pg_catalog.=) relation
       AND k.place OPERATOR(pg_catalog.<=) i.indnkeyatts;
END;

-- The arguments of the triggers of an audited table.
CREATE FUNCTION shopanalytics._audit_arguments(entry shopanalytics.audited_table) RETURNS text[]
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT ARRAY[entry.id::text, entry.truncate]
           OPERATOR(pg_catalog.||) ARRAY(SELECT 'k:' OPERATOR(pg_catalog.||) c.name FROM ROWS FROM (pg_catalog.unnest(entry.key_columns)) WITH ORDINALITY c (name, place) ORDER BY c.place)
           OPERATOR(pg_catalog.||) ARRAY(SELECT 's:' OPERATOR(pg_catalog.||) c.name FROM ROWS FROM (pg_catalog.unnest(entry.plain_columns)) WITH ORDINALITY c (name, place)
                                          WHERE c.name OPERATOR(pg_catalog.<>) ALL (entry.key_columns) ORDER BY c.place)
           OPERATOR(pg_catalog.||) ARRAY(SELECT 'p:' OPERATOR(pg_catalog.||) c.name FROM ROWS FROM (pg_catalog.unnest(entry.personal_columns)) WITH ORDINALITY c (name, place) ORDER BY c.place)
           OPERATOR(pg_catalog.||) ARRAY(SELECT 'i:' OPERATOR(pg_catalog.||) c.name FROM ROWS FROM (pg_catalog.unnest(entry.ignored_columns)) WITH ORDINALITY c (name, place) ORDER BY c.place);
END;

-- Volatile, as are those below: they change triggers.
CREATE FUNCTION shopanalytics._drop_audit_triggers(relation oid) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place regclass := relation;
    name text;
BEGIN
    FOR name IN SELECT t.trigger_name FROM shopanalytics._audit_triggers() t WHERE t.relation = _drop_audit_triggers.relation ORDER BY 1 LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', name, place);
    END LOOP;
END
$$;

CREATE FUNCTION shopanalytics._make_audit_triggers(relation oid, entry shopanalytics.audited_table) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place regclass := relation;
    arguments text[] := shopanalytics._audit_arguments(entry);
BEGIN
    PERFORM shopanalytics._drop_audit_triggers(relation);
    EXECUTE format('CREATE TRIGGER shopanalytics_audit_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows '
                   'FOR EACH STATEMENT EXECUTE FUNCTION shopanalytics._audit_change(%s)', place, (SELECT string_agg(quote_literal(a), ', ') FROM unnest(arguments) a));
    EXECUTE format('CREATE TRIGGER shopanalytics_audit_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
                   'FOR EACH STATEMENT EXECUTE FUNCTION shopanalytics._audit_change(%s)', place, (SELECT string_agg(quote_literal(a), ', ') FROM unnest(arguments) a));
    EXECUTE format('CREATE TRIGGER shopanalytics_audit_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
                   'FOR EACH STATEMENT EXECUTE FUNCTION shopanalytics._audit_change(%s)', place, (SELECT string_agg(quote_literal(a), ', ') FROM unnest(arguments) a));
    EXECUTE format('CREATE TRIGGER shopanalytics_audit_truncate BEFORE TRUNCATE ON %s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION shopanalytics._audit_change(%s)', place, (SELECT string_agg(quote_literal(a), ', ') FROM unnest(arguments) a));
    EXECUTE format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER shopanalytics_audit_insert, ENABLE ALWAYS TRIGGER shopanalytics_audit_update, '
                   'ENABLE ALWAYS TRIGGER shopanalytics_audit_delete, ENABLE ALWAYS TRIGGER shopanalytics_audit_truncate', place);
END
$$;

-- The table, locked against writers, if the caller may decide on its audit.
CREATE FUNCTION shopanalytics._audit_target(relation regclass, OUT schema_name text, OUT table_name text, OUT place text, OUT kind "char", OUT problem text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    target record;
BEGIN
    IF relation IS NULL THEN
        RAISE EXCEPTION 'the table must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT c.relname, c.relkind, c.relowner, c.relpersistence, c.relispartition, n.nspname,
           EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = relation OR i.inhparent = relation) AND NOT c.relispartition AND c.relkind <> 'p' AS inherits
      INTO target
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'relation % does not exist', relation USING ERRCODE = 'undefined_table';
    END IF;
    schema_name := target.nspname;
    table_name := target.relname;
    kind := target.relkind;
    place := format('%I.%I', schema_name, table_name);
    PERFORM shopanalytics._require_duty('admin', schema_name, place);
    IF NOT pg_has_role((shopanalytics._who()).role::name, target.relowner, 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of table %', place USING ERRCODE = 'insufficient_privilege';
    END IF;
    problem := CASE WHEN target.relkind NOT IN ('r', 'p') THEN 'it is not a table'
                    WHEN target.relpersistence = 't' THEN 'it is temporary'
                    WHEN schema_name IN ('shopanalytics', 'pg_catalog', 'information_schema') THEN 'it belongs to the system'
                    WHEN target.relispartition THEN 'it is a partition: audit the table that it is part of'
                    WHEN target.inherits THEN 'it inherits or is inherited from' END;
    IF target.relkind IN ('r', 'p') THEN
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', place);
    END IF;
END
$$;

-- Not strict: a null is an error.  Security definer: makes triggers, after the caller's
-- duty and ownership were checked, that nobody else may make; so are the next two.
CREATE FUNCTION shopanalytics.audit_enable(relation regclass, truncate text DEFAULT 'deny', ignore text[] DEFAULT '{}', pii text[] DEFAULT '{}')
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    target record := shopanalytics._audit_target(relation);
    entry shopanalytics.audited_table;
    key text[] := shopanalytics._primary_key(relation);
    plain text[];
    wrong text;
    place oid;
BEGIN
    IF num_nulls(truncate, ignore, pii) > 0 OR array_position(ignore || pii, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'no argument of audit_enable may be null or hold nulls' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF truncate NOT IN ('deny', 'rows', 'event') THEN
        RAISE EXCEPTION 'truncate must be deny, rows or event, not %', quote_literal(truncate) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF target.problem IS NOT NULL THEN
        RAISE EXCEPTION '% cannot be audited: %', target.place, target.problem USING ERRCODE = 'SA011';
    END IF;
    IF key IS NULL THEN
        RAISE EXCEPTION '% cannot be audited: it has no primary key', target.place
            USING ERRCODE = 'SA011', HINT = 'Without one a row cannot be told from another.';
    END IF;
    SELECT string_agg(DISTINCT quote_ident(c), ', ') INTO wrong FROM unnest(ignore || pii) c
     WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = c AND a.attnum > 0 AND NOT a.attisdropped);
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION '% has no column %', target.place, wrong USING ERRCODE = 'undefined_column';
    END IF;
    SELECT string_agg(DISTINCT quote_ident(c), ', ') INTO wrong FROM unnest(ignore || pii) c WHERE c = ANY (key) OR c = ANY (ignore) AND c = ANY (pii);
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'column % cannot be left out', wrong
            USING ERRCODE = 'invalid_parameter_value', HINT = 'A column of the primary key is neither ignored nor personal, and no column is both.';
    END IF;
    SELECT array_agg(a.attname::text ORDER BY a.attnum) INTO plain
      FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (ignore || pii);

    -- that of its triggers, if it was renamed, or its own of before
    SELECT t.* INTO entry FROM shopanalytics.audited_table t
     WHERE t.id = (SELECT g.audited FROM shopanalytics._audit_triggers() g WHERE g.relation = audit_enable.relation LIMIT 1)
        OR t.schema_name = target.schema_name AND t.table_name = target.table_name
     ORDER BY t.schema_name = target.schema_name AND t.table_name = target.table_name, t.ended IS NULL DESC, t.id DESC LIMIT 1;
    UPDATE shopanalytics.audited_table t SET ended = clock_timestamp()
     WHERE t.schema_name = target.schema_name AND t.table_name = target.table_name AND t.ended IS NULL AND t.id IS DISTINCT FROM entry.id;
    IF entry.id IS NULL THEN
        INSERT INTO shopanalytics.audited_table (tenant, schema_name, table_name, truncate, key_columns, plain_columns, personal_columns, ignored_columns, column_types, since)
        VALUES (target.schema_name, target.schema_name, target.table_name, audit_enable.truncate, key, plain, pii, ignore, shopanalytics._column_types(relation), clock_timestamp())
        RETURNING * INTO entry;
    ELSE
        -- Nothing is missing since a time when it was audited, and no column ignored that is not now.
        UPDATE shopanalytics.audited_table t
           SET tenant = target.schema_name, schema_name = target.schema_name, table_name = target.table_name, truncate = audit_enable.truncate,
               key_columns = key, plain_columns = plain, personal_columns = pii, ignored_columns = ignore, column_types = shopanalytics._column_types(relation),
               since = CASE WHEN t.ended IS NULL AND t.ignored_columns <@ ignore THEN t.since ELSE clock_timestamp() END, ended = NULL
         WHERE t.id = entry.id
        RETURNING * INTO entry;
    END IF;
    FOR place IN SELECT shopanalytics._audit_places(relation) LOOP
        PERFORM shopanalytics._make_audit_triggers(place, entry);
    END LOOP;
    PERFORM shopanalytics._write_event(target.schema_name, 'audit_enabled',
        jsonb_build_object('table', target.place, 'truncate', truncate, 'ignore', to_jsonb(ignore), 'pii', to_jsonb(pii)));
    RETURN true;
END
$$;

CREATE FUNCTION shopanalytics.audit_disable(relation regclass) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    target record := shopanalytics._audit_target(relation);
    place oid;
    was_audited boolean;
BEGIN
    SELECT count(*) > 0 INTO was_audited FROM shopanalytics._audit_triggers() g WHERE g.relation IN (SELECT shopanalytics._audit_places(audit_disable.relation));
    UPDATE shopanalytics.audited_table t SET ended = clock_timestamp()
     WHERE t.ended IS NULL
       AND (t.schema_name = target.schema_name AND t.table_name = target.table_name
            -- renamed since; a partition that was detached takes nothing with it
            OR t.id = (SELECT g.audited FROM shopanalytics._audit_triggers() g WHERE g.relation = audit_disable.relation LIMIT 1)
               AND NOT EXISTS (SELECT FROM shopanalytics._audit_triggers() g WHERE g.audited = t.id
                                  AND g.relation NOT IN (SELECT shopanalytics._audit_places(audit_disable.relation))));
    IF NOT FOUND AND NOT was_audited THEN
        RETURN false;
    END IF;
    FOR place IN SELECT shopanalytics._audit_places(relation) LOOP
        PERFORM shopanalytics._drop_audit_triggers(place);
    END LOOP;
    PERFORM shopanalytics._write_event(target.schema_name, 'audit_disabled', jsonb_build_object('table', target.place));
    RETURN true;
END
$$;

-- Columns that are not known yet are as audit_enable() takes them: written down as they
-- are.  Where one may be personal, audit_enable() is to be called, and says so.
CREATE FUNCTION shopanalytics.audit_refresh(relation regclass) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    target record := shopanalytics._audit_target(relation);
    entry shopanalytics.audited_table;
BEGIN
    SELECT t.* INTO entry FROM shopanalytics.audited_table t
     WHERE t.ended IS NULL
       AND (t.id = (SELECT g.audited FROM shopanalytics._audit_triggers() g WHERE g.relation = audit_refresh.relation LIMIT 1)
            OR t.schema_name = target.schema_name AND t.table_name = target.table_name)
     ORDER BY t.schema_name = target.schema_name AND t.table_name = target.table_name LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is not audited', target.place USING ERRCODE = 'SA022', HINT = 'shopanalytics.audit_enable() audits it.';
    END IF;
    IF entry.schema_name = target.schema_name AND entry.table_name = target.table_name
       AND NOT EXISTS (SELECT FROM shopanalytics.audit_coverage() c
                        WHERE c.schema_name = entry.schema_name AND c.table_name = entry.table_name AND c.problem IS NOT NULL) THEN
        RETURN false;
    END IF;
    RETURN shopanalytics.audit_enable(relation, entry.truncate,
        ARRAY(SELECT c FROM unnest(entry.ignored_columns) c WHERE EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = c AND NOT a.attisdropped)),
        ARRAY(SELECT c FROM unnest(entry.personal_columns) c WHERE EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = c AND NOT a.attisdropped)));
END
$$;

-- Each audited table that the caller may know of, with each problem of its audit; null
-- when there is none.
CREATE FUNCTION shopanalytics.audit_coverage(OUT schema_name text, OUT table_name text, OUT since timestamptz, OUT problem text) RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH trigger AS MATERIALIZED (SELECT * FROM shopanalytics._audit_triggers()),
    entry AS MATERIALIZED (
        SELECT t.id, t.schema_name, t.table_name, t.since, t.ended, t.column_types, t.key_columns, shopanalytics._audit_arguments(t) AS arguments, c.oid AS relation
          FROM shopanalytics.audited_table t
          LEFT JOIN pg_catalog.pg_namespace n ON n.nspname::text OPERATOR(pg_catalog.=) t.schema_name
          LEFT JOIN pg_catalog.pg_class c ON c.relnamespace OPERATOR(pg_catalog.=) n.oid AND c.relname::text OPERATOR(pg_catalog.=) t.table_name),
    place AS MATERIALIZED (
        SELECT e.id, p.oid, CASE WHEN p.oid OPERATOR(pg_catalog.=) e.relation THEN '' ELSE pg_catalog.format('partition %s: ', p.oid::regclass) END AS prefix
          FROM entry e, LATERAL shopanalytics._audit_places(e.relation) p (oid)
         WHERE e.ended IS NULL),
    problem (id, rank, problem) AS (
        SELECT e.id, 1, 'the table is gone'
          FROM entry e
         WHERE e.ended IS NULL AND e.relation IS NULL AND NOT EXISTS (SELECT FROM trigger g WHERE g.audited OPERATOR(pg_catalog.=) e.id)
        UNION ALL
        SELECT DISTINCT e.id, 2,
               CASE WHEN e.relation IS NULL THEN pg_catalog.format('the table was renamed: %s', g.relation::regclass)
                    ELSE pg_catalog.format('%s has its triggers and is not part of it', g.relation::regclass) END
          FROM entry e JOIN trigger g ON g.audited OPERATOR(pg_catalog.=) e.id
         WHERE NOT EXISTS (SELECT FROM place p WHERE p.id OPERATOR(pg_catalog.=) e.id AND p.oid OPERATOR(pg_catalog.=) g.relation)
        UNION ALL
        SELECT e.id, 3, pg_catalog.concat_ws('; ',
                   'columns added: ' OPERATOR(pg_catalog.||) NULLIF(pg_catalog.array_to_string(ARRAY(SELECT c FROM pg_catalog.unnest(n.columns) c WHERE c OPERATOR(pg_catalog.<>) ALL (e.column_types)), ', '), ''),
                   'columns gone: ' OPERATOR(pg_catalog.||) NULLIF(pg_catalog.array_to_string(ARRAY(SELECT c FROM pg_catalog.unnest(e.column_types) c WHERE c OPERATOR(pg_catalog.<>) ALL (n.columns)), ', '), ''))
          FROM entry e, LATERAL (SELECT shopanalytics._column_types(e.relation) AS columns) n
         WHERE e.ended IS NULL AND n.columns OPERATOR(pg_catalog.<>) e.column_types
        UNION ALL
        SELECT e.id, 4, 'its primary key is another, or gone'
          FROM entry e
         WHERE e.ended IS NULL AND e.relation IS NOT NULL AND shopanalytics._primary_key(e.relation) IS DISTINCT FROM e.key_columns
        UNION ALL
        SELECT p.id, 5, p.prefix OPERATOR(pg_catalog.||) CASE WHEN g.relation IS NULL THEN 'no trigger for '
                                                              WHEN NOT g.is_always THEN 'trigger is not enabled always for '
                                                              ELSE 'trigger has other arguments for ' END OPERATOR(pg_catalog.||) v.event
          FROM place p JOIN entry e ON e.id OPERATOR(pg_catalog.=) p.id
          CROSS JOIN (VALUES ('delete'), ('insert'), ('truncate'), ('update')) v (event)
          LEFT JOIN trigger g ON g.relation OPERATOR(pg_catalog.=) p.oid AND g.event OPERATOR(pg_catalog.=) v.event
         WHERE g.relation IS NULL OR NOT g.is_always OR g.arguments OPERATOR(pg_catalog.<>) e.arguments)
    SELECT e.schema_name, e.table_name, e.since, p.problem
      FROM entry e LEFT JOIN problem p ON p.id OPERATOR(pg_catalog.=) e.id
     WHERE e.ended IS NULL OR p.problem IS NOT NULL
     ORDER BY e.schema_name COLLATE "C", e.table_name COLLATE "C", p.rank, p.problem COLLATE "C";
END;

REVOKE ALL ON FUNCTION shopanalytics._drop_audit_triggers(oid), shopanalytics._make_audit_triggers(oid, shopanalytics.audited_table),
    shopanalytics._audit_target(regclass) FROM PUBLIC;

COMMENT ON FUNCTION shopanalytics.audit_enable(regclass, text, text[], text[]) IS 'writes down each change of a table from now on';
COMMENT ON FUNCTION shopanalytics.audit_disable(regclass) IS 'ends the audit of a table; what was written down stays';
COMMENT ON FUNCTION shopanalytics.audit_refresh(regclass) IS 'makes the audit of a table fit it again after it was altered, renamed or partitioned; false when it does';
COMMENT ON FUNCTION shopanalytics.audit_coverage() IS 'audited tables, and what is wrong with their audit';
