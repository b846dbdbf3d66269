-- From a check to the SQL that measures it.  Checks that ask every row by itself, and
-- simple aggregates, become aggregates that many checks of a table can have in common;
-- the others are queries of their own.  All names are quoted and all values literals;
-- what the author wrote was parsed as one expression or query, and runs with his rights.
--
-- r is a row of the target, as in the rules of a store.

-- A column as it is written in a query, and the type that its values are compared as,
-- domains resolved and without length.
CREATE FUNCTION shopanalytics._dq_column(relation regclass, name text, OUT expression text, OUT type text, OUT category "char")
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    WITH RECURSIVE layer AS (
        SELECT a.atttypid AS oid FROM pg_attribute a
         WHERE a.attrelid = relation AND a.attname = name AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT t.typbasetype FROM layer l JOIN pg_type t ON t.oid = l.oid WHERE t.typtype = 'd'
    )
    SELECT format('r.%I', name), format_type(t.oid, -1), t.typcategory INTO expression, type, category
      FROM layer l JOIN pg_type t ON t.oid = l.oid WHERE t.typtype <> 'd';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'column % of % does not exist', coalesce(quote_literal(left(name, 100)), 'null'), relation USING ERRCODE = 'undefined_column';
    END IF;
END
$$;

-- The columns that column or columns names.
CREATE FUNCTION shopanalytics._dq_columns(relation regclass, args jsonb) RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_agg(c.expression ORDER BY n.place)
      FROM pg_catalog.jsonb_array_elements_text(coalesce(args OPERATOR(pg_catalog.->) 'columns', pg_catalog.jsonb_build_array(args OPERATOR(pg_catalog.->) 'column')))
           WITH ORDINALITY AS n (name, place),
           shopanalytics._dq_column(relation, n.name) c;
END;

-- The bounds of a range of any type that sorts, written as for a range type.
CREATE FUNCTION shopanalytics._dq_bounds(value text, OUT lower text, OUT lower_inc boolean, OUT upper text, OUT upper_inc boolean)
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    part text[];
BEGIN
    part := regexp_match(value, '^\s*([[(])((?:"(?:[^"\\]|\\.|"")*"|[^][(),"\\]|\\.)*),((?:"(?:[^"\\]|\\.|"")*"|[^][(),"\\]|\\.)*)([])])\s*$');
    IF part IS NULL OR part[2] = '' AND part[3] = '' THEN
        PERFORM shopanalytics._dq_wrong(format('%s is not a range with a bound', quote_literal(left(value, 100))),
            'A range is written as in PostgreSQL: [0,10) is 0 or more and less than 10, [0,) is 0 or more.');
    END IF;
    lower_inc := part[1] = '[';
    upper_inc := part[4] = ']';
    lower := shopanalytics._dq_bound(part[2]);
    upper := shopanalytics._dq_bound(part[3]);
END
$$;

-- Without its quotes and escapes; null where there is none.
CREATE FUNCTION shopanalytics._dq_bound(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN value <> '' THEN
               (SELECT coalesce(string_agg(CASE m.part[1] WHEN '""' THEN '"' WHEN '"' THEN '' ELSE right(m.part[1], 1) END, '' ORDER BY m.place), '')
                  FROM regexp_matches(value, '""|\\.|.', 'g') WITH ORDINALITY AS m (part, place)) END;

-- True where a value is within the bounds.
CREATE FUNCTION shopanalytics._dq_within(expression text, type text, range text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (SELECT concat_ws(' AND ',
                   CASE WHEN b.lower IS NOT NULL THEN format('%s %s %L::%s', expression, CASE WHEN b.lower_inc THEN '>=' ELSE '>' END, b.lower, type) END,
                   CASE WHEN b.upper IS NOT NULL THEN format('%s %s %L::%s', expression, CASE WHEN b.upper_inc THEN '<=' ELSE '<' END, b.upper, type) END)
              FROM shopanalytics._dq_bounds(range) b);

-- The aggregate that a function of a check is, of the rows that meet a condition; the
-- error names those that there are.  Those of a group are over v, a value, and n, its
-- rows.
CREATE FUNCTION shopanalytics._dq_aggregate(function text, x text, filter text, quantile numeric, OUT aggregate text, OUT is_shared boolean, OUT is_grouped boolean)
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    is_grouped := function IN ('uniqueness', 'entropy');
    is_shared := function IN ('count', 'sum', 'avg', 'min', 'max', 'stddev', 'completeness', 'null_count');
    aggregate := CASE function
        WHEN 'count' THEN format('count(%s)%s', x, filter)
        WHEN 'sum' THEN format('sum(%s)%s', x, filter)
        WHEN 'avg' THEN format('avg(%s)%s', x, filter)
        WHEN 'min' THEN format('min(%s)%s', x, filter)
        WHEN 'max' THEN format('max(%s)%s', x, filter)
        WHEN 'stddev' THEN format('stddev_samp(%s)%s', x, filter)
        WHEN 'completeness' THEN format('count(%s)%s::numeric / nullif(count(*)%s, 0)', x, filter, filter)
        WHEN 'null_count' THEN format('count(*)%s - count(%s)%s', filter, x, filter)
        WHEN 'distinct' THEN format('count(DISTINCT %s)%s', x, filter)
        WHEN 'distinctness' THEN format('count(DISTINCT %s)%s::numeric / nullif(count(%s)%s, 0)', x, filter, x, filter)
        WHEN 'median' THEN format('percentile_cont(0.5) WITHIN GROUP (ORDER BY %s)%s', x, filter)
        WHEN 'quantile' THEN format('percentile_cont(%s) WITHIN GROUP (ORDER BY %s)%s', quantile, x, filter)
        WHEN 'uniqueness' THEN 'count(*) FILTER (WHERE n = 1) / sum(n)'
        WHEN 'entropy' THEN 'sum(n * (ln(total) - ln(n))) / max(total)'
        END;
    IF aggregate IS NULL THEN
        PERFORM shopanalytics._dq_wrong(format('aggregate function %s is not known', coalesce(quote_literal(left(function, 100)), 'null')),
            'The functions are count, null_count, completeness, distinct, distinctness, uniqueness, entropy, sum, avg, min, max, stddev, median, quantile.');
    END IF;
END
$$;

-- The columns that name a row: those of the check, else of the primary key; null
-- where there are none.
CREATE FUNCTION shopanalytics._dq_keys(relation regclass, key_columns text[]) RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(key_columns,
                    (SELECT array_agg(a.attname::text ORDER BY k.place)
                       FROM pg_catalog.pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place), pg_catalog.pg_attribute a
                      WHERE i.indrelid OPERATOR(pg_catalog.=) relation AND i.indisprimary
                        AND a.attrelid OPERATOR(pg_catalog.=) relation AND a.attnum OPERATOR(pg_catalog.=) k.attnum));
END;

-- What names rows, as k1, k2, ...; and the query of the first of them, from a query that
-- has these columns.  The keys are made of the few that are left, not of all that fail.
CREATE FUNCTION shopanalytics._dq_key_list(relation regclass, key_columns text[]) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(format('r.%I AS k%s', k.name, k.place), ', ' ORDER BY k.place)
      FROM unnest(shopanalytics._dq_keys(relation, key_columns)) WITH ORDINALITY AS k (name, place);
END;

CREATE FUNCTION shopanalytics._dq_keys_query(relation regclass, key_columns text[], rows text, max_keys integer) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT format('SELECT coalesce(jsonb_agg(jsonb_build_object(%s)), ''[]'') FROM (SELECT %s FROM %s ORDER BY %s LIMIT %s) k',
                  string_agg(format('%L, k.k%s', k.name, k.place), ', ' ORDER BY k.place),
                  string_agg(format('k%s', k.place), ', ' ORDER BY k.place), rows,
                  string_agg(format('k%s', k.place), ', ' ORDER BY k.place), max_keys)
      FROM unnest(shopanalytics._dq_keys(relation, key_columns)) WITH ORDINALITY AS k (name, place)
    HAVING count(*) > 0;
END;

-- The SQL of a check.  Either items, aggregates by name, or a query of its own that
-- returns an object of such; keys_query returns the keys of the rows that fail.
-- Trial: over no rows, to see whether it can be run.
CREATE FUNCTION shopanalytics._dq_compile(
    c shopanalytics.dq_check,
    as_of timestamptz,
    max_keys integer,
    trial boolean,
    OUT source text,
    OUT items jsonb,
    OUT query text,
    OUT keys_query text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    relation regclass := to_regclass(format('%I.%I', c.target_schema, c.target_table));
    kept text := CASE WHEN c.where_sql IS NULL THEN 'true' ELSE format(E'((%s\n) IS TRUE)', c.where_sql) END;
    filter text := CASE WHEN c.where_sql IS NULL THEN '' ELSE format(' FILTER (WHERE %s)', kept) END;
    col text;
    col_type text;
    col_category "char";
    missing text;
    bad text;
    aggregate record;
BEGIN
    IF relation IS NULL THEN
        RAISE EXCEPTION 'table %.% does not exist', quote_ident(c.target_schema), quote_ident(c.target_table) USING ERRCODE = 'undefined_table';
    END IF;
    source := shopanalytics._dq_rows(format('%I.%I', c.target_schema, c.target_table), trial);
    IF c.args ? 'column' AND c.kind NOT IN ('unique', 'reference') THEN
        SELECT d.expression, d.type, d.category INTO col, col_type, col_category FROM shopanalytics._dq_column(relation, c.args ->> 'column') d;
    END IF;

    -- missing and bad are of rows that are kept
    CASE c.kind
        WHEN 'not_null' THEN
            missing := 'false';
            bad := format('%s IS NOT DISTINCT FROM NULL', col);
        WHEN 'in_set' THEN
            missing := format('%s IS NOT DISTINCT FROM NULL', col);
            -- B16, 4.F7: nothing is in an empty set, and null is no member of any
            bad := format('%s <> ALL (%L::text[]::%s[])', col,
                          ARRAY(SELECT e FROM jsonb_array_elements_text(c.args -> 'values') e WHERE e IS NOT NULL), col_type);
        WHEN 'range' THEN
            missing := format('%s IS NOT DISTINCT FROM NULL', col);
            bad := format('NOT (%s)', shopanalytics._dq_within(col, col_type, c.args ->> 'range'));
        WHEN 'regex' THEN
            missing := format('%s IS NOT DISTINCT FROM NULL', col);
            bad := format('%s::text !~ %L', col, c.args ->> 'pattern');
        WHEN 'expression' THEN
            missing := format(E'((%s\n) IS NULL)', c.args ->> 'expression');
            bad := format(E'((%s\n) IS FALSE)', c.args ->> 'expression');
        WHEN 'unique' THEN
            SELECT q.query, q.keys_query INTO query, keys_query FROM shopanalytics._dq_compile_unique(c, relation, source, kept, max_keys) q;
        WHEN 'reference' THEN
            SELECT q.query, q.keys_query INTO query, keys_query FROM shopanalytics._dq_compile_reference(c, relation, source, kept, max_keys, trial) q;
        WHEN 'custom' THEN
            query := format(E'WITH _failing AS MATERIALIZED (SELECT * FROM (%s\n) q%s) '
                            'SELECT jsonb_build_object(''total'', (SELECT count(*) FROM %s), ''bad'', (SELECT count(*) FROM _failing), '
                            '''keys'', (SELECT coalesce(jsonb_agg(to_jsonb(k.*)), ''[]'') FROM (SELECT * FROM _failing LIMIT %s) k))',
                            c.args ->> 'query', CASE WHEN trial THEN ' LIMIT 0' ELSE '' END, source, max_keys);
        WHEN 'row_count', 'volume' THEN
            items := jsonb_build_object('value', format('count(*)%s', filter));
        WHEN 'aggregate' THEN
            aggregate := shopanalytics._dq_aggregate(c.args ->> 'function',
                coalesce(col, format(E'(%s\n)', c.args ->> 'expression'), '*'), filter, (c.args ->> 'quantile')::numeric);
            IF aggregate.is_shared THEN
                items := jsonb_build_object('value', format('(%s)::numeric', aggregate.aggregate));
            ELSIF aggregate.is_grouped THEN
                query := format('SELECT jsonb_build_object(''value'', (%s)::numeric) FROM (SELECT v, count(*)::numeric AS n, sum(count(*)) OVER () AS total '
                                'FROM (SELECT %s AS v FROM %s WHERE %s) s WHERE v IS DISTINCT FROM NULL GROUP BY v) g',
                                aggregate.aggregate, coalesce(col, format(E'(%s\n)', c.args ->> 'expression')), source, kept);
            ELSE
                query := format('SELECT jsonb_build_object(''value'', (%s)::numeric) FROM %s', aggregate.aggregate, source);
            END IF;
        WHEN 'freshness' THEN
            query := shopanalytics._dq_compile_freshness(c, col, col_type, source, kept, as_of);
        WHEN 'distribution' THEN
            query := shopanalytics._dq_compile_distribution(c, col_category, source, kept, trial);
        WHEN 'reconciliation' THEN
            query := shopanalytics._dq_compile_reconciliation(c, relation, source, kept, max_keys, trial);
        WHEN 'schema' THEN
            -- read from the catalog
            NULL;
    END CASE;

    IF bad IS NOT NULL THEN
        items := jsonb_build_object('bad', format('count(*) FILTER (WHERE %s)', concat_ws(' AND ', nullif(kept, 'true'), bad)));
        IF missing <> 'false' THEN
            items := items || jsonb_build_object('missing', format('count(*) FILTER (WHERE %s)', concat_ws(' AND ', nullif(kept, 'true'), missing)));
        END IF;
        keys_query := shopanalytics._dq_keys_query(relation, c.key_columns,
            format('(SELECT %s FROM %s WHERE %s AND (%s)) s', shopanalytics._dq_key_list(relation, c.key_columns), source, kept,
                   CASE WHEN c.nulls = 'fail' THEN concat_ws(' OR ', bad, missing) ELSE bad END), max_keys);
    END IF;
    IF items IS NOT NULL AND c.where_sql IS NOT NULL THEN
        items := items || jsonb_build_object('kept', format('count(*)%s', filter));
    END IF;
END
$$;

-- The rows of a relation, or none of them.
CREATE FUNCTION shopanalytics._dq_rows(relation text, trial boolean) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN trial THEN '(SELECT * FROM ' || relation || ' LIMIT 0) r' ELSE relation || ' r' END;
