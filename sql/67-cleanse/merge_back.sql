-- merge_back() proposes to bring a table up to what stands in another: the latest row of
-- each key, as one change request.

-- The tenant of a table when none is named: the store that it is of or mapped into, else
-- the one of its schema's name.
CREATE FUNCTION shopanalytics._merge_tenant(target regclass) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    schema_name text;
    stores text[];
BEGIN
    SELECT n.nspname INTO schema_name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = target;
    SELECT array_agg(n.nspname ORDER BY n.nspname) INTO stores
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relname = 'store_setting' AND shopanalytics._is_store(n.oid)
       AND (n.nspname = schema_name OR target::oid IN (SELECT shopanalytics._mapped_tables(n.nspname)));
    IF cardinality(stores) > 1 THEN
        RAISE EXCEPTION '% is mapped into several stores: %', shopanalytics._relation_name(target), array_to_string(stores, ', ')
            USING ERRCODE = 'ambiguous_parameter', HINT = 'Name the one that the request is for: tenant => ''...''.';
    END IF;
    RETURN coalesce(stores[1], schema_name);
END
$$;

-- The condition that a row s has the key of a row t, by the operators of a unique index
-- of exactly these columns; null when there is none.
CREATE FUNCTION shopanalytics._merge_condition(target regclass, keys name[]) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT (SELECT string_agg(format('t.%I OPERATOR(%I.%s) s.%I', a.attname, n.nspname, o.oprname, a.attname), ' AND ' ORDER BY k.place)
              FROM unnest(i.indkey::smallint[], i.indclass::oid[]) WITH ORDINALITY k (attnum, opclass, place)
              JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
              JOIN pg_opclass c ON c.oid = k.opclass
              JOIN pg_amop m ON m.amopfamily = c.opcfamily AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype
               AND m.amopmethod = c.opcmethod AND m.amopstrategy = 3
              JOIN pg_operator o ON o.oid = m.amopopr
              JOIN pg_namespace n ON n.oid = o.oprnamespace
             WHERE k.place <= i.indnkeyatts)
      FROM pg_index i
     WHERE i.indrelid = target AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
       AND i.indnkeyatts = cardinality(keys)
       AND NOT EXISTS (SELECT FROM unnest(i.indkey::smallint[]) WITH ORDINALITY k (attnum, place)
                         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                        WHERE k.place <= i.indnkeyatts AND a.attname <> ALL (keys))
     ORDER BY i.indisprimary DESC, i.indexrelid
     LIMIT 1;
END;

-- How values of one type become those of another: nothing to do, a cast that does not
-- depend on settings, or null when there is no such one.
CREATE FUNCTION shopanalytics._merge_cast(from_type oid, to_type oid) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE WHEN from_type = to_type THEN 'same'
                WHEN EXISTS (SELECT FROM pg_cast c LEFT JOIN pg_proc p ON p.oid = c.castfunc
                              WHERE c.castsource = from_type AND c.casttarget = to_type AND c.castcontext IN ('i', 'a')
                                AND (c.castmethod = 'b' OR p.provolatile = 'i')) THEN 'cast'
                -- a name for a number, an identifier or a label is the same everywhere
                WHEN to_type IN ('text'::regtype, 'varchar'::regtype)
                 AND (from_type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype, 'uuid'::regtype, 'bool'::regtype)
                      OR EXISTS (SELECT FROM pg_type t WHERE t.oid = from_type AND t.typtype = 'e')) THEN 'cast' END;
END;

-- What a domain, or a domain over one, is made of.
CREATE FUNCTION shopanalytics._merge_base_type(type oid) RETURNS oid
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE layer AS (
        SELECT t.oid, t.typtype, t.typbasetype FROM pg_type t WHERE t.oid = type
        UNION ALL
        SELECT t.oid, t.typtype, t.typbasetype FROM layer l JOIN pg_type t ON t.oid = l.typbasetype WHERE l.typtype = 'd')
    SELECT l.oid FROM layer l WHERE l.typtype <> 'd';
END;

-- Raises an error unless a relation can be read by name.
CREATE FUNCTION shopanalytics._check_relation(what text, relation regclass) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF relation IS NULL THEN
        RAISE EXCEPTION '% must not be null', what USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF shopanalytics._relation_name(relation) IS NULL THEN
        RAISE EXCEPTION 'relation % does not exist', relation USING ERRCODE = 'undefined_table';
    END IF;
END
$$;

-- The columns that a merge takes from the staging table, in the order of the target,
-- after they were checked.  A column is_given when the staging table has it.
CREATE FUNCTION shopanalytics._merge_columns(
    staging regclass,
    target regclass,
    keys name[],
    order_by name,
    columns name[],
    OUT name text,
    OUT type text,
    OUT kind text,
    OUT source_type text,
    OUT conversion text,
    OUT is_key boolean,
    OUT key_place integer,
    OUT is_given boolean,
    OUT is_changeable boolean,
    OUT must_be_given boolean)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    staging_name text := shopanalytics._relation_name(staging);
    target_name text := shopanalytics._relation_name(target);
    bad text;
    is_stage boolean := false;
    staging_schema text;
BEGIN
    SELECT string_agg(quote_ident(k.name), ', ' ORDER BY k.place) INTO bad
      FROM unnest(coalesce(columns, '{}') || keys) WITH ORDINALITY k (name, place)
     WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = staging AND a.attname = k.name AND a.attnum > 0 AND NOT a.attisdropped);
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION '% has no column %', staging_name, bad USING ERRCODE = 'undefined_column';
    END IF;

    -- A stage table of a store has columns of ours beside those of the base table.
    SELECT n.nspname INTO staging_schema FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = staging AND shopanalytics._is_store(n.oid);
    IF FOUND THEN
        is_stage := staging_name = ANY (ARRAY(SELECT format('%I.%I', staging_schema, e || s) FROM unnest(shopanalytics._entities()) e, unnest('{_stage,_clean}'::text[]) s));
    END IF;
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO bad
      FROM pg_attribute a
     WHERE a.attrelid = staging AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = ANY (coalesce(columns, '{}') || keys || CASE WHEN columns IS NULL AND NOT is_stage THEN ARRAY[a.attname] END)
       AND (a.attname = ANY (coalesce(columns, '{}') || keys) OR a.attname IS DISTINCT FROM order_by)
       AND NOT EXISTS (SELECT FROM shopanalytics._target_columns(target) t WHERE t.name = a.attname);
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION '% has no column %', target_name, bad
            USING ERRCODE = 'undefined_column', HINT = 'Columns are matched by name; columns => ''{...}'' names those to take.';
    END IF;

    FOR name, type, kind, source_type, conversion, is_key, key_place, is_given, is_changeable, must_be_given IN
        SELECT t.name, t.type, t.kind, format_type(a.atttypid, a.atttypmod),
               CASE WHEN format_type(a.atttypid, a.atttypmod) = t.type THEN 'same'
                    ELSE coalesce(nullif(shopanalytics._merge_cast(shopanalytics._merge_base_type(a.atttypid), shopanalytics._merge_base_type(b.atttypid)), 'same'),
                                  CASE WHEN shopanalytics._merge_base_type(a.atttypid) = shopanalytics._merge_base_type(b.atttypid) THEN 'cast' END) END,
               t.name = ANY (keys), t.key_place, a.attname IS NOT NULL,
               a.attname IS NOT NULL AND NOT t.name = ANY (keys) AND t.key_place IS NULL,
               t.is_not_null AND NOT t.has_default AND a.attname IS NULL
          FROM shopanalytics._target_columns(target) t
          JOIN pg_attribute b ON b.attrelid = target AND b.attname = t.name
          LEFT JOIN pg_attribute a ON a.attrelid = staging AND a.attname = t.name AND a.attnum > 0 AND NOT a.attisdropped
           AND (columns IS NULL OR a.attname = ANY (columns || keys))
           AND (NOT (t.is_generated OR t.is_identity_always) OR t.name = ANY (keys))
         ORDER BY t.number
    LOOP
        IF is_given AND conversion IS NULL THEN
            RAISE EXCEPTION 'column "%" of % is of type %, and cannot become % as it is', name, staging_name, source_type, type
                USING ERRCODE = 'datatype_mismatch', HINT = format('Cast it in a view over %s, and merge that.', staging_name);
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Raises an error unless no key of the staging table is null, and every value that is
-- cast remains what it was.
CREATE FUNCTION shopanalytics._check_staging(staging regclass, target regclass, keys name[], order_by name, columns name[]) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET datestyle = 'ISO, YMD'
    SET intervalstyle = postgres
    SET bytea_output = hex
    SET extra_float_digits = 1
    SET lc_monetary = 'C'
AS $$
DECLARE
    staging_name text := shopanalytics._relation_name(staging);
    key_list text := (SELECT string_agg(format('s.%I', k.name), ', ' ORDER BY k.place) FROM unnest(keys) WITH ORDINALITY k (name, place));
    col record;
    total bigint;
    wrong bigint;
    example text;
BEGIN
    EXECUTE format('SELECT count(*), count(*) FILTER (WHERE num_nulls(%s) > 0) FROM %s s', key_list, staging_name) INTO total, wrong;
    IF wrong > 0 THEN
        EXECUTE format('SELECT string_agg(t.image, E''\n'' ORDER BY t.image COLLATE "C") FROM (SELECT to_jsonb(s)::text AS image FROM %s s WHERE num_nulls(%s) > 0 ORDER BY to_jsonb(s)::text COLLATE "C" LIMIT 3) t',
                       staging_name, key_list) INTO example;
        RAISE EXCEPTION '% of % rows of % have a null in the key (%)', wrong, total, staging_name, array_to_string(keys, ', ')
            USING ERRCODE = 'SA008', DETAIL = left(example, 1000), HINT = 'Which row is meant?  Give them a key, or leave them out by a view.';
    END IF;

    FOR col IN SELECT * FROM shopanalytics._merge_columns(staging, target, keys, order_by, columns) c WHERE c.is_given AND c.conversion = 'cast' LOOP
        BEGIN
            EXECUTE format('SELECT count(*), min(to_jsonb(s.%1$I)::text) FROM %2$s s WHERE to_jsonb(s.%1$I::%3$s::%4$s) IS DISTINCT FROM to_jsonb(s.%1$I)',
                           col.name, staging_name, col.type, col.source_type) INTO wrong, example;
        EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
            RAISE EXCEPTION 'column "%" of %, of type %, has values that do not fit type %', col.name, staging_name, col.source_type, col.type
                USING ERRCODE = 'datatype_mismatch', DETAIL = SQLERRM, HINT = format('Correct them, or cast them in a view over %s, and merge that.', staging_name);
        END;
        IF wrong > 0 THEN
            RAISE EXCEPTION 'column "%" of %, of type %, has values that do not fit type %', col.name, staging_name, col.source_type, col.type
                USING ERRCODE = 'datatype_mismatch', DETAIL = left(format('One of %s is %s', wrong, example), 1000),
                      HINT = format('Correct them, or cast them in a view over %s, and merge that.', staging_name);
        END IF;
    END LOOP;
END
$$;

-- Puts the latest row of each key into "merge row", with the target's types.  The order
-- is total: among rows with the same order_by the content decides, so that the same
-- rows give the same result however they lie.
CREATE PROCEDURE shopanalytics._merge_latest(staging regclass, target regclass, keys name[], order_by name, columns name[])
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET datestyle = 'ISO, YMD'
    SET intervalstyle = postgres
    SET bytea_output = hex
    SET extra_float_digits = 1
    SET lc_monetary = 'C'
AS $$
DECLARE
    staging_name text := shopanalytics._relation_name(staging);
    key_list text;
    given text;
    content text;
    rank_column text := CASE WHEN order_by IS NULL THEN 'NULL::boolean' ELSE format('s.%I', order_by) END;
    total bigint;
    latest bigint;
    tied bigint;
    example text;
BEGIN
    SELECT string_agg(format('s.%I', c.name), ', ') FILTER (WHERE c.is_key), string_agg(format('s.%1$I::%2$s AS %1$I', c.name, c.type), ', '),
           string_agg(format('%s AS %I', shopanalytics._image_of(c.kind, format('s.%I::%s', c.name, c.type)), c.name), ', ')
      INTO key_list, given, content
      FROM shopanalytics._merge_columns(staging, target, keys, order_by, columns) c WHERE c.is_given;

    EXECUTE format($sql$
        CREATE TEMP TABLE "merge row" AS
        SELECT %1$s, s."merge count", s."merge ties"
          FROM (SELECT s.*, row_number() OVER (PARTITION BY %2$s ORDER BY %3$s DESC NULLS LAST, s."merge content" COLLATE "C") AS "merge place",
                       count(*) OVER (PARTITION BY %2$s) AS "merge count",
                       max(s."merge content") OVER (PARTITION BY %2$s, %3$s) COLLATE "C" <> min(s."merge content") OVER (PARTITION BY %2$s, %3$s) COLLATE "C" AS "merge ties"
                  FROM (SELECT s.*, CASE WHEN s."merge twins" > 1 THEN (SELECT to_jsonb(c)::text FROM (SELECT %4$s) c) END AS "merge content"
                          FROM (SELECT s.*, count(*) OVER (PARTITION BY %2$s) AS "merge twins" FROM %5$s s) s) s) s
         WHERE s."merge place" = 1
        $sql$, given, key_list, rank_column, content, staging_name);
    EXECUTE format('SELECT coalesce(sum(s."merge count"), 0), count(*), count(*) FILTER (WHERE s."merge ties"),
                           left(min(jsonb_build_array(%s)::text COLLATE "C") FILTER (WHERE s."merge ties"), 1000)
                      FROM pg_temp."merge row" s', key_list) INTO total, latest, tied, example;
    IF order_by IS NULL AND tied > 0 THEN
        RAISE EXCEPTION 'for % of % keys % has several rows, which differ', tied, latest, staging_name
            USING ERRCODE = 'SA008', DETAIL = 'Such a key is ' || example, HINT = 'order_by names the column whose greatest value is the latest row.';
    END IF;
    IF total > latest THEN
        RAISE NOTICE '%: % of % rows are not the latest of their key%', staging_name, total - latest, total,
            CASE WHEN tied > 0 THEN format('; for %s of %s keys the latest rows differ, such as %s', tied, latest, example) ELSE '' END;
    END IF;
END
$$;

-- Puts what is to be inserted, updated and deleted into "merge item".
CREATE PROCEDURE shopanalytics._merge_items(staging regclass, target regclass, keys name[], order_by name, delete_missing boolean, columns name[])
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET datestyle = 'ISO, YMD'
    SET intervalstyle = postgres
    SET bytea_output = hex
    SET extra_float_digits = 1
    SET lc_monetary = 'C'
AS $$
DECLARE
    target_name text := shopanalytics._relation_name(target);
    rows_of_target text := CASE WHEN (SELECT c.relkind FROM pg_class c WHERE c.oid = target) = 'r' THEN 'ONLY ' ELSE '' END || target_name;
    condition text := shopanalytics._merge_condition(target, keys);
    key_image text;
    new_key text;
    pairs text;
    new_row text;
    lacking text;
    has_new boolean;
BEGIN
    SELECT format('jsonb_build_object(%s)', string_agg(format('%L, %s', c.name, shopanalytics._image_of(c.kind, format('t.%I', c.name))), ', ') FILTER (WHERE c.key_place IS NOT NULL)),
           string_agg(format('(%L, %s, %s)', c.name, shopanalytics._image_of(c.kind, format('t.%I', c.name)), shopanalytics._image_of(c.kind, format('s.%I', c.name))), ', ')
               FILTER (WHERE c.is_changeable),
           format('(SELECT to_jsonb(a) FROM (SELECT %s) a)', string_agg(format('%s AS %I', shopanalytics._image_of(c.kind, format('s.%I', c.name)), c.name), ', ')
               FILTER (WHERE c.is_given AND c.key_place IS NULL)),
           string_agg(quote_ident(c.name), ', ') FILTER (WHERE c.must_be_given)
      INTO key_image, pairs, new_row, lacking
      FROM shopanalytics._merge_columns(staging, target, keys, order_by, columns) c;

    EXECUTE 'CREATE TEMP TABLE "merge item" (op text, key jsonb, after jsonb)';
    IF pairs IS NOT NULL THEN
        EXECUTE format($sql$
            INSERT INTO pg_temp."merge item"
            SELECT 'U', %s, d.after
              FROM pg_temp."merge row" s
              JOIN %s t ON %s,
                   LATERAL (SELECT jsonb_object_agg(v.name, v.after) AS after FROM (VALUES %s) v (name, before, after) WHERE v.before IS DISTINCT FROM v.after) d
             WHERE d.after IS NOT NULL
            $sql$, key_image, rows_of_target, condition, pairs);
    END IF;

    EXECUTE format('SELECT EXISTS (SELECT FROM pg_temp."merge row" s WHERE NOT EXISTS (SELECT FROM %s t WHERE %s))', rows_of_target, condition) INTO has_new;
    IF has_new THEN
        IF lacking IS NOT NULL THEN
            RAISE EXCEPTION 'new rows of % need %, which % does not give', target_name, lacking, shopanalytics._relation_name(staging)
                USING ERRCODE = 'not_null_violation', HINT = 'It takes no nulls and has no default.';
        END IF;
        SELECT format('jsonb_build_object(%s)', string_agg(format('%L, %s', c.name, shopanalytics._image_of(c.kind,
                   CASE WHEN c.is_given THEN format('s.%I', c.name)
                        ELSE format('(%s)', coalesce(pg_get_expr(d.adbin, d.adrelid),
                                                     format('nextval(%L::regclass)', pg_get_serial_sequence(target_name, c.name)))) END)), ', ')),
               string_agg(quote_ident(c.name), ', ') FILTER (WHERE NOT c.is_given AND a.attidentity = 'a')
          INTO new_key, lacking
          FROM shopanalytics._merge_columns(staging, target, keys, order_by, columns) c
          JOIN pg_attribute a ON a.attrelid = target AND a.attname = c.name
          LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE c.key_place IS NOT NULL;
        IF lacking IS NOT NULL THEN
            RAISE EXCEPTION 'new rows of % need %, which is always generated', target_name, lacking
                USING ERRCODE = 'generated_always', HINT = 'A request names its rows beforehand: make the column GENERATED BY DEFAULT.';
        END IF;
        EXECUTE format('INSERT INTO pg_temp."merge item" SELECT ''I'', %s, %s FROM pg_temp."merge row" s WHERE NOT EXISTS (SELECT FROM %s t WHERE %s)',
                       new_key, coalesce(new_row, '''{}''::jsonb'), rows_of_target, condition);
    END IF;

    IF delete_missing THEN
        EXECUTE format('INSERT INTO pg_temp."merge item" SELECT ''D'', %s FROM %s t WHERE NOT EXISTS (SELECT FROM pg_temp."merge row" s WHERE %s)',
                       key_image, rows_of_target, condition);
    END IF;
END
$$;

-- Not strict: nulls are errors or stand for defaults.  Volatile and parallel unsafe
-- because it writes; with the caller's own rights, as it reads his tables.
CREATE FUNCTION shopanalytics.merge_back(
    staging regclass,
    target regclass,
    keys name[],
    order_by name DEFAULT NULL,
    delete_missing boolean DEFAULT false,
    columns name[] DEFAULT NULL,
    tenant text DEFAULT NULL,
    submit boolean DEFAULT true) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    staging_name text := shopanalytics._relation_name(staging);
    target_name text := shopanalytics._relation_name(target);
    owner_tenant text;
    is_empty boolean;
    content text;
    opened bigint;
    is_new boolean;
BEGIN
    PERFORM shopanalytics._check_relation('staging', staging);
    PERFORM shopanalytics._check_relation('target', target);
    IF num_nulls(keys, delete_missing, submit) > 0 OR array_position(keys, NULL) IS NOT NULL OR array_position(columns, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'keys, columns, delete_missing and submit must not be or hold nulls' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF staging = target THEN
        RAISE EXCEPTION '% cannot be merged into itself', target_name USING ERRCODE = 'invalid_parameter_value';
    END IF;
    owner_tenant := coalesce(tenant, shopanalytics._merge_tenant(target));
    PERFORM shopanalytics._check_tenant(owner_tenant);
    IF NOT shopanalytics.has_duty('propose', owner_tenant, target_name) THEN
        RAISE EXCEPTION 'login "%" does not have the duty "propose" for tenant "%", scope "%"', session_user, owner_tenant, target_name
            USING ERRCODE = 'SA006', HINT = 'Somebody with the duty admin gives duties by shopanalytics.grant_duty().';
    END IF;
    PERFORM shopanalytics._check_target(owner_tenant, target);
    IF shopanalytics._merge_condition(target, keys) IS NULL THEN
        RAISE EXCEPTION '(%) is not a key of %', array_to_string(keys, ', '), target_name
            USING ERRCODE = 'SA031',
                  HINT = 'The keys are the columns of its primary key, or of another unique index without conditions and expressions.';
    END IF;
    IF order_by IS NOT NULL AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = staging AND a.attname = order_by AND a.attnum > 0 AND NOT a.attisdropped) THEN
        RAISE EXCEPTION '% has no column "%"', staging_name, order_by USING ERRCODE = 'undefined_column', HINT = 'order_by is a column whose greatest value is the latest row.';
    END IF;
    PERFORM shopanalytics._check_staging(staging, target, keys, order_by, columns);
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s)', staging_name) INTO is_empty;
    IF is_empty AND delete_missing THEN
        RAISE EXCEPTION '% is empty: every row of % would be deleted', staging_name, target_name
            USING ERRCODE = 'SA032', HINT = 'Was it loaded?';
    END IF;

    CALL shopanalytics._merge_latest(staging, target, keys, order_by, columns);
    CALL shopanalytics._merge_items(staging, target, keys, order_by, delete_missing, columns);
    -- A key of a new row that its default gave is another each time.
    EXECUTE $sql$
        SELECT to_hex(bit_xor(hashtextextended(t.change, 0))) || to_hex(bit_xor(hashtextextended(t.change, 1))) || to_hex(count(*))
          FROM pg_temp."merge item" i, LATERAL (SELECT concat_ws(E'\n', i.op, CASE WHEN i.op <> 'I' OR $1 THEN i.key END, i.after) AS change) t
        HAVING count(*) > 0
        $sql$ INTO content USING NOT EXISTS (SELECT FROM shopanalytics._merge_columns(staging, target, keys, order_by, columns) c WHERE c.key_place IS NOT NULL AND NOT c.is_given);

    IF content IS NOT NULL THEN
        content := format('merge_back %s %s', md5(target_name), content);
        SELECT content || coalesce(':' || nullif(count(*), 0), '') INTO content
          FROM shopanalytics.change_request c
         WHERE c.tenant = owner_tenant AND starts_with(c.idempotency_key, content) AND c.state NOT IN ('draft', 'submitted', 'approved', 'applying');
        opened := shopanalytics.cr_open(owner_tenant, target, 'cleanse', left(format('merge of %s into %s', staging_name, target_name), 200),
                                        'proposed by shopanalytics.merge_back()', content);
        SELECT c.state = 'draft' AND c.items = 0 INTO is_new FROM shopanalytics.change_request c WHERE c.id = opened;
        IF is_new THEN
            PERFORM shopanalytics.cr_add_query(opened, 'SELECT i.op, i.key, i.after FROM pg_temp."merge item" i ORDER BY i.op DESC, i.key');
            PERFORM shopanalytics._note_request(opened, jsonb_build_object('staging', staging_name, 'keys', keys, 'order_by', order_by));
            IF submit THEN
                PERFORM shopanalytics.cr_submit(opened);
            END IF;
        END IF;
    END IF;
    EXECUTE 'DROP TABLE pg_temp."merge item", pg_temp."merge row"';
    RETURN opened;
END
$$;

COMMENT ON FUNCTION shopanalytics.merge_back(regclass, regclass, name[], name, boolean, name[], text, boolean) IS 'proposes to bring a table up to the latest rows of a staging table; null when there is nothing to change';
