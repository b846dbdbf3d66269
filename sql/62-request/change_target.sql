-- The table that a change request is for, and its columns.

-- What queries on a table need to know of its columns, in their order.  A column of the
-- primary key has its place in it, and the operator by which the key is unique.  The
-- kind is how a value stands in an image, and comes back of it: number, boolean, jsonb,
-- json, else text.
CREATE FUNCTION shopanalytics._target_columns(
    target oid,
    OUT name text,
    OUT number smallint,
    OUT type text,
    OUT kind text,
    OUT key_place integer,
    OUT equals text,
    OUT is_not_null boolean,
    OUT has_default boolean,
    OUT is_generated boolean,
    OUT is_identity_always boolean) RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    -- to plan it takes longer than to run it
    SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    WITH unique_key AS MATERIALIZED (
        SELECT k.attnum, k.place::integer AS place,
               (SELECT format('OPERATOR(%I.%s)', n.nspname, o.oprname)
                  FROM pg_opclass c
                  JOIN pg_amop m ON m.amopfamily = c.opcfamily AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype AND m.amopstrategy = 3
                  JOIN pg_operator o ON o.oid = m.amopopr
                  JOIN pg_namespace n ON n.oid = o.oprnamespace
                 WHERE c.oid = k.opclass) AS equals
          FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::smallint[], i.indclass::oid[]) WITH ORDINALITY AS k (attnum, opclass, place)
         WHERE i.indrelid = target AND i.indisprimary)
    SELECT a.attname::text, a.attnum, format_type(a.atttypid, a.atttypmod),
           CASE WHEN base.type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype) THEN 'number'
                WHEN base.type = 'bool'::regtype THEN 'boolean'
                WHEN base.type = 'jsonb'::regtype THEN 'jsonb'
                WHEN base.type = 'json'::regtype THEN 'json'
                ELSE 'text' END,
           k.place, k.equals, a.attnotnull, a.atthasdef OR a.attidentity <> '', a.attgenerated <> '', a.attidentity = 'a'
      FROM pg_attribute a
      JOIN pg_type t ON t.oid = a.atttypid
     CROSS JOIN LATERAL (
               -- what a domain, or a domain over one, is made of
               SELECT CASE WHEN t.typtype <> 'd' THEN t.oid
                           ELSE (WITH RECURSIVE layer AS (
                                     SELECT t.typbasetype AS type
                                     UNION ALL
                                     SELECT d.typbasetype FROM layer l JOIN pg_type d ON d.oid = l.type AND d.typtype = 'd')
                                 SELECT l.type FROM layer l JOIN pg_type d ON d.oid = l.type WHERE d.typtype <> 'd') END AS type
               OFFSET 0) base
      LEFT JOIN unique_key k ON k.attnum = a.attnum
     WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped
     ORDER BY a.attnum;
END
$$;

-- The tables of a tenant's own that a view of its store was mapped from, also through
-- views of views.  A store whose owner cannot use the rights of the table's owner does
-- not make it a table of the tenant: else who can read a table could govern it.
CREATE FUNCTION shopanalytics._mapped_tables(tenant text) RETURNS SETOF oid
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE seen AS (
        SELECT c.oid, c.relkind, n.nspowner FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid
         WHERE n.nspname = tenant AND shopanalytics._is_store(n.oid) AND c.relkind = 'v' AND c.relname = ANY (shopanalytics._entities())
        UNION
        SELECT used.oid, used.relkind, s.nspowner
          FROM seen s
          JOIN pg_rewrite w ON w.ev_class = s.oid
          JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
          JOIN pg_class used ON used.oid = d.refobjid
         WHERE s.relkind IN ('v', 'm') AND used.oid <> s.oid)
    SELECT DISTINCT s.oid
      FROM seen s JOIN pg_class c ON c.oid = s.oid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE s.relkind IN ('r', 'p') AND pg_has_role(s.nspowner, c.relowner, 'USAGE') AND NOT shopanalytics._is_store(n.oid);
END;

-- The name of a relation as a scope; null when there is none.
CREATE FUNCTION shopanalytics._relation_name(relation oid) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation);
END
$$;

-- Raises an error unless a relation can be the target of requests of the tenant.
CREATE FUNCTION shopanalytics._check_target(tenant text, target oid) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place text := shopanalytics._relation_name(target);
    schema_oid oid;
    schema_name name;
    relation_name name;
    kind "char";
    persistence "char";
    hint text;
BEGIN
    SELECT n.oid, n.nspname, c.relname, c.relkind, c.relpersistence INTO schema_oid, schema_name, relation_name, kind, persistence
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = target;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'table with OID % does not exist', target USING ERRCODE = 'undefined_table';
    END IF;
    IF kind = 'v' AND schema_name = tenant THEN
        SELECT 'It shows ' || string_agg(shopanalytics._relation_name(m), ', ' ORDER BY m) || ': name that.' INTO hint
          FROM shopanalytics._mapped_tables(tenant) m
         WHERE EXISTS (SELECT FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid
                        WHERE d.classid = 'pg_rewrite'::regclass AND w.ev_class = target AND d.refclassid = 'pg_class'::regclass AND d.refobjid = m);
    END IF;
    IF kind NOT IN ('r', 'p') THEN
        RAISE EXCEPTION '% is not a table', place
            USING ERRCODE = 'SA011', HINT = coalesce(hint, 'A change request is for a table with a primary key.');
    END IF;
    -- what describes a store is in it, too
    IF persistence = 't' OR schema_name LIKE 'pg\_%' OR schema_name = 'information_schema'
       OR relation_name IN ('store_setting', 'store_object') AND shopanalytics._is_store(schema_oid)
       OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = target AND d.deptype = 'e') THEN
        RAISE EXCEPTION '% cannot be changed by requests', place
            USING ERRCODE = 'SA011', HINT = 'Temporary tables and those of the system, of an extension or of the settings of a store are no data of a tenant.';
    END IF;
    IF schema_name <> tenant AND target <> ALL (ARRAY(SELECT shopanalytics._mapped_tables(tenant))) THEN
        RAISE EXCEPTION '% is not a table of tenant "%"', place, tenant
            USING ERRCODE = 'SA011',
                  HINT = 'A tenant''s tables are those in the schema of its name, and those of the same owner that are mapped into its store.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = target AND i.indisprimary) THEN
        RAISE EXCEPTION '% has no primary key', place
            USING ERRCODE = 'SA011', HINT = format('ALTER TABLE %s ADD PRIMARY KEY (...): rows of a request are named by it.', place);
    END IF;
END
$$;

-- The query that looks rows of a table up by their keys.  It returns objects: the number
-- n of a key in the input, whether there is such a row, its key as an image (of the
-- input where there is none), the image of some columns of the row, if any, as before,
-- and the values that other columns are to have, as images again, as after.  The input
-- is an array of keys and one of objects with these columns.
CREATE FUNCTION shopanalytics._item_query(target oid, read_columns text[], after_columns text[]) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT format('SELECT jsonb_build_object(''n'', v.n, ''found'', num_nulls(t.%I) = 0, ''key'', shopanalytics._row_image(k.*), ''before'', %s, ''after'', %s)
                     FROM ROWS FROM (jsonb_to_recordset($1 -> ''key'') AS (%s)%s) WITH ORDINALITY AS v (%s)
                     LEFT JOIN %s %s AS t ON %s
                    CROSS JOIN LATERAL (SELECT %s) k%s%s',
               min(c.name) FILTER (WHERE c.key_place = 1),
               CASE WHEN bool_or(c.name = ANY (read_columns)) THEN 'shopanalytics._row_image(b.*)' ELSE 'NULL' END,
               CASE WHEN bool_or(c.name = ANY (after_columns)) THEN 'shopanalytics._row_image(a.*)' ELSE 'NULL' END,
               string_agg(format('%I %s', c.name, c.type), ', ' ORDER BY c.number) FILTER (WHERE c.key_place IS NOT NULL),
               ', jsonb_to_recordset($1 -> ''after'') AS (' ||
                   string_agg(format('%I %s', c.name, CASE WHEN c.kind IN ('jsonb', 'json') THEN 'jsonb' ELSE c.type END), ', ' ORDER BY c.number)
                       FILTER (WHERE c.name = ANY (after_columns)) || ')',
               concat_ws(', ', string_agg('k' || c.number, ', ' ORDER BY c.number) FILTER (WHERE c.key_place IS NOT NULL),
                         string_agg('c' || c.number, ', ' ORDER BY c.number) FILTER (WHERE c.name = ANY (after_columns)), 'n'),
               CASE WHEN (SELECT r.relkind FROM pg_class r WHERE r.oid = target) = 'r' THEN 'ONLY' ELSE '' END,
               shopanalytics._relation_name(target),
               string_agg(format('t.%I %s v.k%s', c.name, c.equals, c.number), ' AND ' ORDER BY c.number) FILTER (WHERE c.key_place IS NOT NULL),
               string_agg(format('CASE WHEN num_nulls(t.%1$I) = 0 THEN t.%1$I ELSE v.k%2$s END AS %1$I', c.name, c.number), ', ' ORDER BY c.number)
                   FILTER (WHERE c.key_place IS NOT NULL),
               ' CROSS JOIN LATERAL (SELECT ' || string_agg(format('t.%1$I AS %1$I', c.name), ', ' ORDER BY c.number) FILTER (WHERE c.name = ANY (read_columns)) || ') b',
               ' CROSS JOIN LATERAL (SELECT ' || string_agg(format('%s AS %I', shopanalytics._value_of(c.kind, c.type, 'v.c' || c.number), c.name), ', ' ORDER BY c.number)
                   FILTER (WHERE c.name = ANY (after_columns)) || ') a')
      FROM shopanalytics._target_columns(target) c);
END
$$;
