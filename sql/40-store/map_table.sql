-- map_table() puts a view with the canonical columns over a table of the user's
-- own in the place of a base table.  Key types follow the user's tables: the empty
-- base tables that refer to the key are changed to its type.

CREATE FUNCTION shopanalytics._keys() RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY['customer_id', 'product_id', 'order_id', 'session_id'];

-- Gives a key the type in every base table but one; NULL means all of them.
CREATE PROCEDURE shopanalytics._follow_key_type(store text, except_entity text, key text, key_type text)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    base record;
BEGIN
    FOR base IN
        SELECT c.relname AS name, c.relkind AS kind, format_type(a.atttypid, NULL) AS type, t.typcategory AS category
          FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = key
          JOIN pg_type t ON t.oid = a.atttypid
         WHERE n.nspname = store AND c.relname = ANY (shopanalytics._entities())
           AND c.relname IS DISTINCT FROM except_entity AND format_type(a.atttypid, NULL) <> key_type
         ORDER BY array_position(shopanalytics._entities(), c.relname::text)
    LOOP
        IF base.kind = 'r' AND shopanalytics._lock_if_empty(store, base.name) THEN
            EXECUTE format('ALTER TABLE %I.%I ALTER COLUMN %I TYPE %s USING NULL', store, base.name, key, key_type);
            CONTINUE;
        END IF;
        -- Keys of two types still join where the types are of one kind.
        IF base.category NOT IN ('N', 'S') OR base.category <> (SELECT typcategory FROM pg_type WHERE oid = key_type::regtype) THEN
            RAISE EXCEPTION '% is of type % here but of type % in "%"', key, key_type, base.type, base.name
                USING ERRCODE = 'datatype_mismatch',
                      HINT = format('Map a view that casts one of them, or map "%s" as well before it holds rows.', base.name);
        END IF;
    END LOOP;
END
$$;

-- Whether a table is empty, and remains so: nobody can add a row until we are done.
CREATE FUNCTION shopanalytics._lock_if_empty(store text, name text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    filled boolean;
BEGIN
    EXECUTE format('LOCK TABLE %I.%I IN ACCESS EXCLUSIVE MODE', store, name);
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I)', store, name) INTO filled;
    RETURN NOT filled;
END
$$;

-- The SQL that turns a column of the user's into one of ours.
CREATE FUNCTION shopanalytics._mapped_column(store text, relation regclass, source text, canonical text, canonical_type regtype)
    RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    declared_type regtype;
    base_type regtype;
    category "char";
    plain text;
    zone text := format('(SELECT timezone FROM %I.store_setting)', store);
BEGIN
    -- what a domain, or a domain over one, is made of
    WITH RECURSIVE layer AS (
        SELECT a.atttypid AS type FROM pg_attribute a
         WHERE a.attrelid = relation AND a.attname = source AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT t.typbasetype FROM layer l JOIN pg_type t ON t.oid = l.type WHERE t.typtype = 'd'
    )
    SELECT (SELECT a.atttypid FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = source), t.oid, t.typcategory
      INTO declared_type, base_type, category
      FROM layer l JOIN pg_type t ON t.oid = l.type WHERE t.typtype <> 'd';
    plain := format(CASE base_type WHEN declared_type THEN 't.%I' ELSE 't.%I::%s' END, source, base_type);

    IF canonical = ANY (shopanalytics._keys()) THEN
        IF category NOT IN ('N', 'S', 'E') AND base_type <> 'uuid'::regtype THEN
            RAISE EXCEPTION 'column "%" of % is of type % and cannot be the key %', source, relation, declared_type, canonical
                USING ERRCODE = 'datatype_mismatch', HINT = 'A key is a number, a text, an enum or a uuid: map a view that casts it.';
        END IF;
        RETURN plain;
    ELSIF base_type = canonical_type THEN
        RETURN plain;
    ELSIF canonical_type = 'timestamptz'::regtype AND base_type IN ('timestamp'::regtype, 'date'::regtype) THEN
        RETURN format('shopanalytics._point_in_time(%s, %s)', plain, zone);
    ELSIF canonical_type = 'date'::regtype AND base_type = 'timestamptz'::regtype THEN
        RETURN format('shopanalytics._day(%s, %s)', plain, zone);
    ELSIF canonical_type = 'date'::regtype AND base_type = 'timestamp'::regtype
       OR canonical_type = 'text'::regtype AND category IN ('S', 'E')
       OR canonical_type = 'numeric'::regtype
          AND base_type IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'real'::regtype, 'double precision'::regtype)
       -- never a cast that a row could fail
       OR canonical_type = 'integer'::regtype AND base_type = 'smallint'::regtype
       OR canonical_type = 'bigint'::regtype AND base_type IN ('smallint'::regtype, 'integer'::regtype) THEN
        RETURN format('%s::%s', plain, canonical_type);
    END IF;

    RAISE EXCEPTION 'column "%" of % is of type %, but % must be %', source, relation, declared_type, canonical, canonical_type
        USING ERRCODE = 'datatype_mismatch',
              HINT = 'Make a view over the table that casts the column, and map the view.';
END
$$;

CREATE PROCEDURE shopanalytics.map_table(store text, entity text, relation regclass, columns jsonb DEFAULT '{}')
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    base regclass;
    base_kind text;
    relation_schema name;
    relation_table name;
    relation_name text;   -- both, for messages
    relation_kind "char";
    canonical record;
    source text;
    wrong text;
    expression text;
    list text := '';
    left_out text[] := '{}';
    is_own boolean;
    grants text[];
BEGIN
    PERFORM shopanalytics._check_store_owner(store);
    IF entity IS NULL OR NOT entity = ANY (shopanalytics._entities()) THEN
        RAISE EXCEPTION 'store "%" has no base table %', store, coalesce(quote_ident(entity), 'null')
            USING ERRCODE = 'undefined_table', HINT = format('Base tables are %s.', array_to_string(shopanalytics._entities(), ', '));
    END IF;
    IF relation IS NULL OR columns IS NULL OR jsonb_typeof(columns) <> 'object' THEN
        RAISE EXCEPTION 'map_table needs a relation and a JSON object of column names'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'For example: ''{"order_id": "id", "order_date": "sold_at"}''.';
    END IF;
    SELECT n.nspname, c.relname, format('%I.%I', n.nspname, c.relname), c.relkind
      INTO relation_schema, relation_table, relation_name, relation_kind
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'relation % does not exist', relation USING ERRCODE = 'undefined_table';
    END IF;
    IF relation_kind NOT IN ('r', 'v', 'm', 'f', 'p') THEN
        RAISE EXCEPTION '% is not a table or view', relation_name USING ERRCODE = 'wrong_object_type';
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.store_object s WHERE s.name = %L)', store, relation_table) INTO is_own;
    IF relation_schema = store AND is_own THEN
        RAISE EXCEPTION '% is itself a part of store "%"', relation_name, store
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Map a table or view of your own.';
    END IF;

    CALL shopanalytics._lock_store(store);
    base := format('%I.%I', store, entity)::regclass;
    base_kind := shopanalytics._kind(store, entity);
    IF base_kind = 'TABLE' AND NOT shopanalytics._lock_if_empty(store, entity) THEN
        RAISE EXCEPTION 'base table "%" of store "%" holds rows', entity, store
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'A mapped table takes its place; map it in a new store, or empty the base table first.';
    END IF;

    SELECT string_agg(quote_ident(k), ', ' ORDER BY k) INTO wrong FROM jsonb_object_keys(columns) k
     WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = base AND a.attname = k AND a.attnum > 0 AND NOT a.attisdropped);
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION '"%" has no column %', entity, wrong
            USING ERRCODE = 'undefined_column',
                  HINT = format('The columns to map are %s.', (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_attribute a
                                 WHERE a.attrelid = base AND a.attnum > 0 AND NOT a.attisdropped));
    END IF;

    FOR canonical IN
        SELECT a.attname AS name, a.atttypid::regtype AS type, row_number() OVER (ORDER BY a.attnum) = 1 AS is_first
          FROM pg_attribute a
         WHERE a.attrelid = base AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY a.attnum
    LOOP
        source := coalesce(columns ->> canonical.name, canonical.name);
        IF EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = source AND a.attnum > 0 AND NOT a.attisdropped)
           AND (columns -> canonical.name) IS DISTINCT FROM 'null' THEN
            expression := shopanalytics._mapped_column(store, relation, source, canonical.name, canonical.type);
        ELSIF columns ->> canonical.name IS NOT NULL OR canonical.is_first THEN
            RAISE EXCEPTION '% has no column "%"', relation_name, source
                USING ERRCODE = 'undefined_column',
                      HINT = format('Name the column that holds %s: map_table(..., columns => ''{"%s": "..."}'').', canonical.name, canonical.name);
        ELSE
            expression := format('NULL::%s', canonical.type);
            left_out := left_out || canonical.name::text;
        END IF;
        list := list || format(E'%s\n       %s AS %I', CASE WHEN list = '' THEN '' ELSE ',' END, expression, canonical.name);
    END LOOP;

    grants := shopanalytics._grants(store);
    CALL shopanalytics._drop_derived(store);
    CALL shopanalytics._drop_object(store, entity, base_kind);
    EXECUTE format(E'CREATE VIEW %I.%I WITH (security_invoker = true) AS\nSELECT%s\n  FROM %I.%I t', store, entity, list, relation_schema, relation_table);
    EXECUTE format('COMMENT ON VIEW %I.%I IS %L', store, entity, format('%s as they came, mapped from %s', entity, relation_name));
    CALL shopanalytics._note_object(store, entity, 'base');

    FOR canonical IN
        SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type FROM pg_attribute a
         WHERE a.attrelid = format('%I.%I', store, entity)::regclass AND a.attname = ANY (shopanalytics._keys())
           -- a key that is not there has no type to follow
           AND NOT a.attname = ANY (left_out)
    LOOP
        CALL shopanalytics._follow_key_type(store, entity, canonical.name, canonical.type);
    END LOOP;
    CALL shopanalytics._build_derived(store);
    CALL shopanalytics._grant_again(grants);

    left_out := array_remove(left_out, 'row_id');
    IF left_out <> '{}' THEN
        RAISE NOTICE '% of % is mapped; no column for %', entity, store, array_to_string(left_out, ', ');
    END IF;
END
$$;

COMMENT ON PROCEDURE shopanalytics.map_table(text, text, regclass, jsonb) IS 'puts a table or view of the user''s in the place of a base table of a store; columns maps ours to theirs';
