-- profile: what is in a table, column by column, and how many rows the tables
-- of a schema hold.
--
-- A column is read by one GROUP BY, and every figure is taken from its groups:
-- exact distinct counts and top values need them anyway, one scan per column can
-- run in parallel, and the groups spill to disk when there are many.  Min and max
-- are the ends of the groups in sort order, since many types that sort have no
-- min() (boolean, uuid, jsonb).

-- Cuts long values for the eye.  Three dots rather than an ellipsis, which not
-- every server encoding has.
CREATE FUNCTION shopanalytics._shorten(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN length(value) > 40 THEN left(value, 37) || '...' ELSE value END;

-- Keeps at least two decimals and at least five significant digits.
CREATE FUNCTION shopanalytics._round_average(value numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN value = 0 OR value IN ('NaN', 'Infinity', '-Infinity') THEN round(value, 2)
                ELSE round(value, greatest(2, 4 - floor(log(abs(value)))::integer)) END;

-- Whether values of a type can be grouped, or sorted.  Only the parser knows:
-- arrays, ranges and composites depend on what they are made of.  STABLE: types
-- come and go.  PARALLEL UNSAFE: a subtransaction.
CREATE FUNCTION shopanalytics._type_allows(value_type regtype, sorting boolean) RETURNS boolean
    LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format(CASE WHEN sorting THEN 'SELECT FROM (SELECT NULL::%s AS v) AS s ORDER BY v'
                        ELSE 'SELECT FROM (SELECT NULL::%s AS v) AS s GROUP BY v' END, value_type);
    RETURN true;
EXCEPTION WHEN undefined_function THEN
    RETURN false;
END
$$;

-- The columns of a relation with what is to be known of their types, domains
-- resolved.  equal_is_same: equal values look alike, which a type promises to
-- B-tree deduplication; numeric does not (1.0 and 1.00).
-- STABLE: reads the catalog.  Not STRICT: NULL stands for all columns.
CREATE FUNCTION shopanalytics._profile_columns(
    relation regclass,
    columns name[],
    OUT name name,
    OUT data_type text,
    OUT base_type regtype,
    OUT is_pseudo boolean,
    OUT is_number boolean,
    OUT equal_is_same boolean)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH RECURSIVE base (attnum, type) AS (
        SELECT a.attnum, a.atttypid
          FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
           AND (columns IS NULL OR a.attname = ANY (columns))
        UNION ALL
        SELECT b.attnum, t.typbasetype
          FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.type
         WHERE t.typtype = 'd'
    )
    SELECT a.attname,
           format_type(a.atttypid, a.atttypmod),
           t.oid::regtype,
           t.typtype = 'p',
           t.oid = ANY ('{int2,int4,int8,numeric,float4,float8,money}'::regtype[]),
           t.typtype = 'e' OR EXISTS (
               SELECT
                 FROM pg_catalog.pg_opclass o
                 JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod
                 JOIN pg_catalog.pg_amproc p ON p.amprocfamily = o.opcfamily
                  AND p.amproclefttype = o.opcintype AND p.amprocrighttype = o.opcintype
                WHERE m.amname = 'btree' AND o.opcdefault AND p.amprocnum = 4
                  AND o.opcintype = CASE t.oid WHEN 'varchar'::regtype THEN 'text'::regtype ELSE t.oid END
                  AND (p.amproc = 'btequalimage'::regproc
                       OR (p.amproc = 'btvarstrequalimage'::regproc
                           AND (SELECT l.collisdeterministic FROM pg_catalog.pg_collation l WHERE l.oid = a.attcollation))))
      FROM base b
      JOIN pg_catalog.pg_attribute a ON a.attrelid = relation AND a.attnum = b.attnum
      JOIN pg_catalog.pg_type t ON t.oid = b.type
     WHERE t.typtype <> 'd'
     ORDER BY a.attnum;
END;

-- In the query below v is a value, n its rows, k what it is sorted by, and t its
-- text where equal values can look different: then the least text stands for all
-- of them, in every plan.  It says IS DISTINCT FROM NULL because a row value with
-- a null field is neither IS NULL nor IS NOT NULL.
--
-- STABLE, so that every column is read under the snapshot of the caller's query
-- and the columns agree.  Not STRICT: a NULL argument is an error, not an empty
-- profile.  PARALLEL UNSAFE, as _type_allows() is; the queries it runs may well
-- be parallel.
CREATE FUNCTION shopanalytics.profile_table(
    relation regclass,
    columns name[] DEFAULT NULL,
    top_n integer DEFAULT 5,
    OUT column_name name,
    OUT data_type text,
    OUT rows bigint,
    OUT nulls bigint,
    OUT null_share numeric,
    OUT distinct_values bigint,
    OUT min text,
    OUT max text,
    OUT average numeric,
    OUT top_values json)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 20
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kind "char";
    missing name;
    col record;
    sorts boolean;
BEGIN
    IF relation IS NULL THEN
        RAISE EXCEPTION 'relation must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF array_position(columns, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'columns must not contain null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF top_n IS NULL THEN
        RAISE EXCEPTION 'top_n must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF top_n < 0 THEN
        RAISE EXCEPTION 'top_n must not be negative, got %', top_n USING ERRCODE = 'invalid_parameter_value';
    END IF;

    SELECT c.relkind INTO kind FROM pg_class c WHERE c.oid = relation;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'relation with OID % does not exist', relation::oid USING ERRCODE = 'undefined_table';
    END IF;
    IF kind NOT IN ('r', 'p', 'v', 'm', 'f', 't') THEN
        RAISE EXCEPTION '"%" has no rows to profile', relation
            USING ERRCODE = 'wrong_object_type',
                  HINT = 'Name a table, a partitioned table, a view, a materialized view or a foreign table.';
    END IF;
    SELECT w.name INTO missing
      FROM unnest(columns) WITH ORDINALITY AS w (name, place)
     WHERE NOT EXISTS (SELECT FROM pg_attribute a
                        WHERE a.attrelid = relation AND a.attname = w.name AND a.attnum > 0 AND NOT a.attisdropped)
     ORDER BY w.place LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'column "%" of relation "%" does not exist', missing, relation USING ERRCODE = 'undefined_column';
    END IF;

    FOR col IN SELECT * FROM shopanalytics._profile_columns(relation, columns)
    LOOP
        column_name := col.name;
        data_type := col.data_type;
        IF NOT col.is_pseudo AND shopanalytics._type_allows(col.base_type, false) THEN
            sorts := shopanalytics._type_allows(col.base_type, true);
            EXECUTE format($sql$
                WITH g AS MATERIALIZED (
                    SELECT v, count(*) AS n, %s AS t FROM (SELECT %I AS v FROM %s) AS s GROUP BY v
                ), present AS NOT MATERIALIZED (
                    SELECT v, n, t, %s AS k FROM g WHERE v IS DISTINCT FROM NULL
                )
                SELECT coalesce(sum(n), 0),
                       coalesce(sum(n) FILTER (WHERE v IS NOT DISTINCT FROM NULL), 0),
                       count(*) FILTER (WHERE v IS DISTINCT FROM NULL),
                       (SELECT shopanalytics._shorten(coalesce(t, v::text)) FROM present WHERE $1 ORDER BY k LIMIT 1),
                       (SELECT shopanalytics._shorten(coalesce(t, v::text)) FROM present WHERE $1 ORDER BY k DESC LIMIT 1),
                       shopanalytics._round_average(sum(%s * n) / sum(n) FILTER (WHERE v IS DISTINCT FROM NULL)),
                       (SELECT format('{%%s}', string_agg(format('%%s: %%s', to_json(shopanalytics._shorten(coalesce(t, v::text))), n), ', '
                                                          ORDER BY n DESC, k))::json
                          FROM (SELECT * FROM present ORDER BY n DESC, k LIMIT $2) AS top)
                  FROM g
                $sql$,
                CASE WHEN col.equal_is_same THEN 'NULL' ELSE 'min(v::text COLLATE "C")' END,
                col.name, relation,
                CASE WHEN sorts THEN 'v' ELSE 't' END,
                CASE WHEN col.is_number THEN 'v::numeric' ELSE 'NULL::numeric' END)
               INTO rows, nulls, distinct_values, min, max, average, top_values
              USING sorts, top_n;
        ELSE
            -- num_nulls() sees the value itself, not the fields of a row value.
            EXECUTE format('SELECT count(*), coalesce(sum(num_nulls(%I)), 0) FROM %s', col.name, relation)
               INTO rows, nulls;
            distinct_values := NULL;
            min := NULL;
            max := NULL;
            average := NULL;
            top_values := NULL;
        END IF;
        null_share := round(nulls::numeric / nullif(rows, 0), 4);
        RETURN NEXT;
    END LOOP;
END
$$;

COMMENT ON FUNCTION shopanalytics.profile_table(regclass, name[], integer) IS
    'one row per column: type, rows, nulls, exact distinct count, min, max, average and most frequent values';

-- Exact counts, each by a scan.  Labels as those of profile_table(); PARALLEL
-- UNSAFE, since a view may be.
CREATE FUNCTION shopanalytics.row_counts(
    schema_name name,
    views boolean DEFAULT false,
    OUT table_name name,
    OUT kind text,
    OUT rows bigint,
    OUT size text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 20
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    schema_oid oid;
    is_store boolean;
    rel record;
BEGIN
    IF schema_name IS NULL THEN
        RAISE EXCEPTION 'schema_name must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF views IS NULL THEN
        RAISE EXCEPTION 'views must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT n.oid INTO schema_oid FROM pg_namespace n WHERE n.nspname = schema_name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'schema "%" does not exist', schema_name
            USING ERRCODE = 'invalid_schema_name',
                  HINT = 'Write the name as it is stored, without double quotes.';
    END IF;

    is_store := shopanalytics._is_store(schema_oid);
    -- A partition is counted in its partitioned table, on whatever level.  A
    -- mapped table of a store is a view in the place of a table.
    FOR rel IN
        SELECT c.oid, c.relname, c.relkind,
               has_table_privilege(c.oid, 'SELECT') AS readable,
               CASE WHEN c.relkind = 'p'
                    THEN (SELECT sum(pg_total_relation_size(t.relid)) FROM pg_partition_tree(c.oid) t)
                    ELSE pg_total_relation_size(c.oid) END AS bytes
          FROM pg_class c
         WHERE c.relnamespace = schema_oid AND NOT c.relispartition
           AND (c.relkind IN ('r', 'p', 'm', 'f')
                OR c.relkind = 'v' AND (views OR is_store AND c.relname = ANY (shopanalytics._entities())))
         ORDER BY c.relname COLLATE "C"
    LOOP
        table_name := rel.relname;
        kind := CASE rel.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'm' THEN 'materialized view'
                                 WHEN 'f' THEN 'foreign table' ELSE 'view' END;
        size := CASE WHEN rel.relkind IN ('r', 'p', 'm') THEN pg_size_pretty(rel.bytes) END;
        rows := NULL;
        IF rel.readable THEN
            EXECUTE format('SELECT count(*) FROM %I.%I', schema_name, rel.relname) INTO rows;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

COMMENT ON FUNCTION shopanalytics.row_counts(name, boolean) IS
    'exact row count and size of every table of a schema or store';
