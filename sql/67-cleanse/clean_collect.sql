-- From rules to changes.  The rules of an entity are put into a temporary view over
-- what they look at, with the key of the row behind beside it, and are run once; the
-- rows with an issue stay in a temporary table, from which the changes are taken.
-- Names in rules mean what they mean in the checked view, because the view is made
-- under the same search_path, and where several fixes want one column the same one
-- counts.  None of this is for users.

-- Runs a statement under the settings that images of values are written with.
CREATE PROCEDURE shopanalytics._run_pinned(statement text)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET datestyle = 'ISO, YMD'
    SET intervalstyle = postgres
    SET bytea_output = hex
    SET extra_float_digits = 1
    SET lc_monetary = 'C'
AS $$
BEGIN
    EXECUTE statement;
END
$$;

-- What a run works with: the rules it was asked for, and the changes that they make.
CREATE PROCEDURE shopanalytics._clean_prepare(store text, rules text[])
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wrong text;
BEGIN
    PERFORM shopanalytics._check_store_owner(store);
    -- No rule changes until the end of the transaction.
    EXECUTE format('SELECT FROM %I.store_setting FOR SHARE', store);

    EXECUTE $sql$
        CREATE TEMP TABLE "clean rule" (entity text, name text, place integer, action text, column_name text, issue text, fix text,
            kind text, found bigint NOT NULL DEFAULT 0, reason text, PRIMARY KEY (entity, name))
        $sql$;
    EXECUTE $sql$
        CREATE TEMP TABLE "clean item" (entity text, number bigint, key jsonb, op text, column_name text, target_column text, rule text,
            before jsonb, after jsonb, request bigint)
        $sql$;
    EXECUTE format($sql$
        INSERT INTO pg_temp."clean rule" (entity, name, place, action, column_name, issue, fix)
        SELECT entity, name, row_number() OVER (PARTITION BY entity ORDER BY position, name), action, column_name, issue, fix
          FROM %I.clean_rule
         WHERE enabled AND ($1 IS NULL OR name = ANY ($1) OR entity || '.' || name = ANY ($1))
        $sql$, store) USING rules;

    EXECUTE $sql$
        SELECT string_agg(coalesce(quote_literal(w.name), 'null'), ', ' ORDER BY w.place) FROM unnest($1) WITH ORDINALITY w (name, place)
         WHERE NOT EXISTS (SELECT FROM pg_temp."clean rule" r WHERE w.name IN (r.name, r.entity || '.' || r.name))
        $sql$ INTO wrong USING rules;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'store "%" has no enabled clean rule %', store, wrong
            USING ERRCODE = 'undefined_object',
                  HINT = format('SELECT entity, name, enabled FROM %I.clean_rule lists them; orders.name is a rule of orders, name one of any entity.', store);
    END IF;
END
$$;

CREATE PROCEDURE shopanalytics._clean_forget()
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE 'DROP TABLE pg_temp."clean item", pg_temp."clean rule"';
END
$$;

-- The rows that the rules of an entity look at, with "key 1" and so on beside them: the
-- source view once more, over the base with the key.
CREATE FUNCTION shopanalytics._clean_source(entity text, base text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    source text;
BEGIN
    SELECT substring(p.ddl FROM ' AS\n(SELECT .*?);') INTO STRICT source FROM shopanalytics.store_part p WHERE p.name = entity || '_source';
    RETURN format(E'WITH %I AS NOT MATERIALIZED (%s),\n     "clean source" AS NOT MATERIALIZED (%s)', entity, base, source);
END
$$;

-- The columns that the rules of an entity see, as a cast takes their types, and the
-- columns of the target behind them.  is_same: of one type, so that a value is the same
-- here and there.
CREATE FUNCTION shopanalytics._clean_columns(
    store text,
    entity text,
    target regclass,
    OUT name name,
    OUT type text,
    OUT target_column text,
    OUT target_type text,
    OUT target_kind text,
    OUT is_same boolean,
    OUT is_key boolean,
    OUT is_not_null boolean,
    OUT is_generated boolean)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT a.attname,
           format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attcollation <> t.typcollation THEN format(' COLLATE %I.%I', n.nspname, o.collname) ELSE '' END,
           c.name, c.type, c.kind, c.type = format_type(a.atttypid, a.atttypmod), c.key_place IS NOT NULL, c.is_not_null, c.is_generated OR c.is_identity_always
      FROM pg_attribute a
      JOIN pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_collation o ON o.oid = a.attcollation
      LEFT JOIN pg_namespace n ON n.oid = o.collnamespace
      LEFT JOIN shopanalytics._base_column(format('%I.%I', store, entity)::regclass) v ON v.name = a.attname AND v.source_table = target
      LEFT JOIN shopanalytics._target_columns(target) c ON c.name = v.source_column
     WHERE a.attrelid = format('%I.%I', store, entity || '_source')::regclass AND a.attnum > 0 AND NOT a.attisdropped
     ORDER BY a.attnum;
END;

-- Why a column of the target, as _clean_columns() describes it, cannot be changed; null
-- when it can.
CREATE FUNCTION shopanalytics._clean_column_problem(target_name text, col jsonb) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE WHEN col ->> 'target_column' IS NULL THEN format('no column of %s stands behind %I as it is', target_name, col ->> 'name')
                WHEN (col -> 'is_key')::boolean THEN format('column %I of %s is of its primary key', col ->> 'target_column', target_name)
                WHEN (col -> 'is_generated')::boolean THEN format('column %I of %s is generated', col ->> 'target_column', target_name) END;
END;

-- Why the values that a rule gives to a column, the fixed ones of this number, cannot be
-- given to the column of the target; null when they can.  Parallel unsafe: a
-- subtransaction.
CREATE FUNCTION shopanalytics._clean_value_problem(target_name text, col jsonb, place integer, rule text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    nulls bigint;
    unfit bigint;
    example text;
BEGIN
    BEGIN
        EXECUTE format($sql$
            SELECT count(*) FILTER (WHERE %1$I IS NULL), count(*) FILTER (WHERE %2$s), min(to_jsonb(%1$I)::text) FILTER (WHERE %2$s)
              FROM pg_temp."clean row" WHERE %3$I = $1 AND "excluded by" = '{}'
            $sql$, 'fixed ' || place,
            CASE WHEN (col -> 'is_same')::boolean THEN 'false'
                 ELSE format('to_jsonb(%1$I::%2$s::%3$s) IS DISTINCT FROM to_jsonb(%1$I)', 'fixed ' || place, col ->> 'target_type', col ->> 'type') END,
            'winner ' || place)
           INTO nulls, unfit, example USING rule;
    EXCEPTION WHEN data_exception OR integrity_constraint_violation OR undefined_function OR cannot_coerce THEN
        RETURN format('its values do not fit column %I of %s: %s', col ->> 'target_column', target_name, SQLERRM);
    END;
    RETURN CASE WHEN nulls > 0 AND (col -> 'is_not_null')::boolean THEN format('column %I of %s takes no nulls', col ->> 'target_column', target_name)
                WHEN unfit > 0 THEN format('its values do not fit column %I of %s, of type %s: %s', col ->> 'target_column', target_name, col ->> 'target_type',
                                           shopanalytics._shorten(example)) END;
END
$$;

-- Makes the temporary table "clean row" of the rows with an issue.
CREATE PROCEDURE shopanalytics._clean_rows(store text, entity text, source text, outputs text, key_order text, key name[], rules text[])
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    CALL shopanalytics._clean_view(store, source, outputs);
    BEGIN
        EXECUTE format('CREATE TEMP TABLE "clean row" AS SELECT row_number() OVER (ORDER BY %s) AS number, v.* FROM pg_temp."clean view" v WHERE v.hits <> ''{}''', key_order);
    EXCEPTION WHEN OTHERS THEN
        CALL shopanalytics._clean_blame(store, entity, source, key_order, key, rules);
        RAISE;
    END;
    EXECUTE 'DROP VIEW pg_temp."clean view"';
END
$$;

CREATE PROCEDURE shopanalytics._clean_view(store text, source text, outputs text)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    CALL shopanalytics._run_ddl(store, format(E'CREATE TEMP VIEW "clean view" WITH (security_invoker = true) AS\n%s\nSELECT %s', source, outputs));
END
$$;

-- After an error: finds the rule that raises it, and the row, which a rule that looks
-- at several rows does not tell.  Returns when none does by itself.
CREATE PROCEDURE shopanalytics._clean_blame(store text, entity text, source text, key_order text, key name[], rules text[])
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rule record;
    verdict text;
    one_row text;
    rows refcursor;
    seen bigint;
    ignored record;
    message text;
    culprit text;
BEGIN
    EXECUTE 'DROP VIEW pg_temp."clean view"';
    FOR rule IN EXECUTE format('SELECT name, issue, fix FROM %I.clean_rule WHERE entity = $1 AND name = ANY ($2) ORDER BY position, name', store) USING entity, rules LOOP
        verdict := format(E'(%s\n) IS TRUE AS verdict, CASE WHEN (%s\n) IS TRUE THEN (%s\n)::text END AS fixed', rule.issue, rule.issue, coalesce(rule.fix, 'NULL'));
        seen := 0;
        BEGIN
            CALL shopanalytics._clean_view(store, source, format('%s FROM (SELECT * FROM "clean source" v ORDER BY %s OFFSET 0) r', verdict, key_order));
            OPEN rows FOR EXECUTE 'SELECT * FROM pg_temp."clean view"';
            LOOP
                FETCH rows INTO ignored;
                EXIT WHEN NOT FOUND;
                seen := seen + 1;
            END LOOP;
            CLOSE rows;
            EXECUTE 'DROP VIEW pg_temp."clean view"';
            CONTINUE;
        EXCEPTION WHEN OTHERS THEN
            message := SQLERRM;
        END;

        -- Is it this row by itself?
        one_row := format('(SELECT * FROM "clean source" v ORDER BY %s OFFSET %s LIMIT 1) r', key_order, seen);
        BEGIN
            CALL shopanalytics._clean_view(store, source, format('%s FROM %s', verdict, one_row));
            EXECUTE 'SELECT * FROM pg_temp."clean view"' INTO ignored;
        EXCEPTION WHEN OTHERS THEN
            CALL shopanalytics._clean_view(store, source, 'to_jsonb(r) AS image FROM ' || one_row);
            EXECUTE 'SELECT (SELECT jsonb_object_agg(k.name, v.image -> (''key '' || k.place))::text FROM unnest($1) WITH ORDINALITY k (name, place)) FROM pg_temp."clean view" v'
               INTO culprit USING key;
        END;
        RAISE EXCEPTION 'clean rule "%" of %: %', rule.name, entity, message
            USING ERRCODE = 'SA030', DETAIL = coalesce('It fails on the row ' || culprit || '.', 'It looks at several rows; which it fails on is not known.'),
                  HINT = format('%s fails too, until the rule is corrected or switched off.', entity || '_clean');
    END LOOP;
END
$$;

-- Takes back the deletion of rows that others refer to by a foreign key: it would fail,
-- or take them along.
CREATE PROCEDURE shopanalytics._clean_keep_referenced(entity text, target regclass)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    reference record;
    kept bigint;
BEGIN
    FOR reference IN
        SELECT shopanalytics._relation_name(f.conrelid) AS name, has_table_privilege(f.conrelid, 'SELECT') AS is_readable,
               (SELECT string_agg(format('f.%I = c.%I', a.attname, 'key ' || p.place), ' AND ')
                  FROM unnest(f.conkey, f.confkey) k (attnum, referenced)
                  JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.attnum
                  JOIN unnest(i.indkey::smallint[]) WITH ORDINALITY p (attnum, place) ON p.attnum = k.referenced) AS condition
          FROM pg_constraint f
          JOIN pg_index i ON i.indrelid = f.confrelid AND i.indisprimary
         WHERE f.contype = 'f' AND f.confrelid = target AND f.conparentid = 0
           AND f.confkey <@ i.indkey::smallint[] AND f.confkey @> i.indkey::smallint[]
         ORDER BY 1
    LOOP
        EXECUTE format($sql$
            WITH kept AS (
                DELETE FROM pg_temp."clean item" i USING pg_temp."clean row" c
                 WHERE i.entity = $1 AND i.op = 'D' AND c.number = i.number AND %s
                RETURNING i.number)
            SELECT count(DISTINCT number) FROM kept
            $sql$, CASE WHEN reference.is_readable THEN format('EXISTS (SELECT FROM %s f WHERE %s)', reference.name, reference.condition) ELSE 'true' END)
           INTO kept USING entity;
        IF kept > 0 THEN
            EXECUTE 'UPDATE pg_temp."clean rule" SET reason = concat_ws(''; '', reason, $2) WHERE entity = $1 AND action = ''exclude'''
              USING entity, format(CASE WHEN reference.is_readable THEN '%s rows stay, to which rows of %s refer'
                                        ELSE '%s rows stay: you cannot read %s, which may refer to them' END, kept, reference.name);
        END IF;
    END LOOP;
END
$$;

-- Puts the changes that the rules of an entity in "clean rule" make into "clean item",
-- one for each row and column, and how many rows each rule finds into "clean rule".
-- A rule whose changes cannot be made has or gets a reason, and makes none.  A row that is
-- excluded is deleted and not updated; and a fix that is not asked for still takes its
-- column before later ones.
CREATE FUNCTION shopanalytics._clean_collect(store text, entity text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    goal record;
    rule record;
    fixed_columns text[];
    needed text[] := '{}';
    selected text[];
    keys text := '';         -- parts of the view over the rules
    key_image text := '';
    verdicts text := '';
    hits text := '';
    excluders text := '';
    outputs text := '';
    held text := '';         -- parts of the queries for the changes
    changes text := '';
    winners text;
    fixes text;
    columns jsonb;           -- by name, as _clean_columns() describes them
    col jsonb;
    same record;
    problem text;
    i integer;
BEGIN
    SELECT * INTO goal FROM shopanalytics._clean_target(store, entity) t;
    -- The issues of a base table without a way to its rows are counted all the same.
    IF goal.problem IS NOT NULL THEN
        goal.base := format('SELECT NULL::integer AS "key 1", t.* FROM %I.%I t', store, entity);
        goal.key := '{none}';
    END IF;
    SELECT jsonb_object_agg(c.name, to_jsonb(c)) INTO columns FROM shopanalytics._clean_columns(store, entity, goal.target) c;
    FOR i IN 1 .. cardinality(goal.key) LOOP
        keys := keys || format(', v.%I', 'key ' || i);
        key_image := key_image || format(', %L, %s', goal.key[i], shopanalytics._image_of(
            (SELECT c.kind FROM shopanalytics._target_columns(goal.target) c WHERE c.name = goal.key[i]), format('c.%I', 'key ' || i)));
    END LOOP;
    keys := ltrim(keys, ', ');
    key_image := ltrim(key_image, ', ');

    EXECUTE $sql$
        SELECT coalesce(array_agg(column_name ORDER BY place), '{}')
          FROM (SELECT column_name, min(place) AS place FROM pg_temp."clean rule" WHERE entity = $1 AND action = 'fix' AND reason IS NULL GROUP BY column_name) c
        $sql$ INTO fixed_columns USING entity;
    FOR rule IN EXECUTE format($sql$
            SELECT c.name, c.issue, c.action FROM %1$I.clean_rule c
             WHERE c.entity = $1 AND c.enabled
               AND (EXISTS (SELECT FROM pg_temp."clean rule" s WHERE s.entity = $1 AND s.name = c.name)
                    OR c.action = 'exclude' OR c.action = 'fix' AND c.column_name = ANY ($2))
             ORDER BY c.position, c.name
            $sql$, store) USING entity, fixed_columns
    LOOP
        needed := needed || rule.name::text;
        verdicts := verdicts || format(E',\n       (%s\n) IS TRUE AS %I', rule.issue, 'rule_' || rule.name);
        hits := hits || format(' CASE WHEN r.%I THEN %L END,', 'rule_' || rule.name, rule.name);
        IF rule.action = 'exclude' THEN
            excluders := excluders || format(' CASE WHEN r.%I THEN %L END,', 'rule_' || rule.name, rule.name);
        END IF;
    END LOOP;

    FOR i IN 1 .. cardinality(fixed_columns) LOOP
        winners := '';
        fixes := '';
        FOR rule IN EXECUTE format('SELECT name, fix FROM %I.clean_rule WHERE entity = $1 AND enabled AND action = ''fix'' AND column_name = $2 ORDER BY position, name', store)
            USING entity, fixed_columns[i]
        LOOP
            winners := winners || format(' WHEN r.%I THEN %L', 'rule_' || rule.name, rule.name);
            fixes := fixes || format(E' WHEN r.%I THEN (%s\n)::%s', 'rule_' || rule.name, rule.fix, columns -> fixed_columns[i] ->> 'type');
        END LOOP;
        outputs := outputs || format(E'r.%I AS %I, CASE%s END AS %I,\n       CASE%s END AS %I,\n       ',
                                     fixed_columns[i], 'raw ' || i, winners, 'winner ' || i, fixes, 'fixed ' || i);
    END LOOP;
    i := 0;
    FOR same IN SELECT c.* FROM jsonb_each(columns) e, jsonb_to_record(e.value) AS c (name text, target_column text, target_kind text, is_same boolean)
                 WHERE c.is_same AND excluders <> '' AND goal.problem IS NULL ORDER BY c.name LOOP
        i := i + 1;
        outputs := outputs || format(E'CASE WHEN num_nonnulls(%s NULL) > 0 THEN r.%I END AS %I,\n       ', excluders, same.name, 'held ' || i);
        held := held || format(', %s AS %I', shopanalytics._image_of(same.target_kind, format('c.%I', 'held ' || i)), same.target_column);
    END LOOP;

    CALL shopanalytics._clean_rows(store, entity, shopanalytics._clean_source(entity, goal.base),
        format(E'%s,\n       %sarray_remove(ARRAY[%s NULL]::text[], NULL) AS "excluded by",\n       array_remove(ARRAY[%s NULL]::text[], NULL) AS hits\n'
               '  FROM (SELECT r.*%s\n          FROM "clean source" r) r',
               replace(keys, 'v.', 'r.'), outputs, excluders, hits, verdicts), keys, goal.key, needed);
    EXECUTE $sql$
        UPDATE pg_temp."clean rule" r SET found = f.found
          FROM (SELECT h.name, count(*) AS found FROM pg_temp."clean row" c, unnest(c.hits) h (name) GROUP BY h.name) f
         WHERE r.entity = $1 AND r.name = f.name
        $sql$ USING entity;

    FOR i IN 1 .. cardinality(fixed_columns) LOOP
        problem := shopanalytics._clean_column_problem(goal.target_name, columns -> fixed_columns[i]);
        EXECUTE 'UPDATE pg_temp."clean rule" SET reason = $3 WHERE entity = $1 AND action = ''fix'' AND column_name = $2' USING entity, fixed_columns[i], problem;
        CONTINUE WHEN problem IS NOT NULL;
        FOR rule IN EXECUTE format('SELECT DISTINCT %1$I AS name FROM pg_temp."clean row" WHERE %1$I IS NOT NULL', 'winner ' || i) LOOP
            EXECUTE 'UPDATE pg_temp."clean rule" SET reason = $3 WHERE entity = $1 AND name = $2'
              USING entity, rule.name, shopanalytics._clean_value_problem(goal.target_name, columns -> fixed_columns[i], i, rule.name);
        END LOOP;
    END LOOP;
    EXECUTE 'SELECT coalesce(array_agg(name), ''{}'') FROM pg_temp."clean rule" WHERE entity = $1 AND reason IS NULL' INTO selected USING entity;

    FOR i IN 1 .. cardinality(fixed_columns) LOOP
        col := columns -> fixed_columns[i];
        CONTINUE WHEN shopanalytics._clean_column_problem(goal.target_name, col) IS NOT NULL;
        changes := changes || format(', (%L, %L, c.%I, coalesce(%s, ''null''), CASE WHEN c.%I = ANY (%L) THEN coalesce(%s, ''null'') END)',
                                     fixed_columns[i], col ->> 'target_column', 'winner ' || i,
                                     shopanalytics._image_of(col ->> 'target_kind', format('c.%I::%s', 'raw ' || i, col ->> 'target_type')), 'winner ' || i, selected,
                                     shopanalytics._image_of(col ->> 'target_kind', format('c.%I::%s', 'fixed ' || i, col ->> 'target_type')));
    END LOOP;
    IF changes <> '' THEN
        CALL shopanalytics._run_pinned(format($sql$
            INSERT INTO pg_temp."clean item" (entity, number, key, op, column_name, target_column, rule, before, after)
            SELECT %L, c.number, jsonb_build_object(%s), 'U', v.column_name, v.target_column, v.rule, v.before, v.after
              FROM pg_temp."clean row" c, LATERAL (VALUES %s) v (column_name, target_column, rule, before, after)
             WHERE c."excluded by" = '{}' AND v.rule = ANY (%L::text[]) AND v.before IS DISTINCT FROM v.after
            $sql$, entity, key_image, ltrim(changes, ', '), selected));
    END IF;
    IF held <> '' THEN
        CALL shopanalytics._run_pinned(format($sql$
            INSERT INTO pg_temp."clean item" (entity, number, key, op, rule, before)
            SELECT %L, c.number, jsonb_build_object(%s), 'D', x.rule, (SELECT to_jsonb(h) FROM (SELECT %s) h)
              FROM pg_temp."clean row" c, unnest(c."excluded by") x (rule)
             WHERE x.rule = ANY (%L::text[])
            $sql$, entity, key_image, ltrim(held, ', '), selected));
        CALL shopanalytics._clean_keep_referenced(entity, goal.target);
    END IF;
    EXECUTE 'DROP TABLE pg_temp."clean row"';
END
$$;
