-- The checks that are queries of their own; see dq_compile.sql.

-- C7, C11: a row without any of the key's values is missing; C12: nulls in a key that
-- has other values are values.
CREATE FUNCTION shopanalytics._dq_compile_unique(
    c shopanalytics.dq_check,
    relation regclass,
    source text,
    kept text,
    max_keys integer,
    OUT query text,
    OUT keys_query text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    columns text[] := shopanalytics._dq_columns(relation, c.args);
    list text := array_to_string(columns, ', ');
    missing text := (SELECT string_agg(format('%s IS NOT DISTINCT FROM NULL', x), ' AND ') FROM unnest(columns) x);
BEGIN
    query := format('SELECT jsonb_build_object(''total'', %s, ''kept'', coalesce(sum(n), 0), ''missing'', coalesce(sum(n) FILTER (WHERE missing), 0), '
                    '''distinct'', count(*) FILTER (WHERE NOT missing), ''dup_surplus'', coalesce(sum(n - 1) FILTER (WHERE NOT missing), 0), '
                    '''bad'', coalesce(sum(n) FILTER (WHERE n > 1 AND NOT missing), 0), ''dup_groups'', count(*) FILTER (WHERE n > 1 AND NOT missing)) '
                    'FROM (SELECT count(*) AS n, %s AS missing FROM %s WHERE %s GROUP BY %s) g',
                    CASE WHEN kept = 'true' THEN 'coalesce(sum(n), 0)' ELSE format('(SELECT count(*) FROM %s)', source) END,
                    missing, source, kept, list);
    keys_query := shopanalytics._dq_keys_query(relation, c.key_columns,
        format('(SELECT %s, count(*) OVER (PARTITION BY %s) AS n, %s AS missing FROM %s WHERE %s) s WHERE %s',
               shopanalytics._dq_key_list(relation, c.key_columns), list, missing, source, kept,
               CASE WHEN c.nulls = 'fail' THEN 's.n > 1 OR s.missing' ELSE 's.n > 1 AND NOT s.missing' END), max_keys);
END
$$;

-- A key with a null in it refers to nothing, and is missing.
CREATE FUNCTION shopanalytics._dq_compile_reference(
    c shopanalytics.dq_check,
    relation regclass,
    source text,
    kept text,
    max_keys integer,
    trial boolean,
    OUT query text,
    OUT keys_query text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    columns text[] := shopanalytics._dq_columns(relation, c.args);
    other regclass := to_regclass(c.args ->> 'table');
    to_columns text[];
    inner_list text;
    other_list text;
    conditions text;
    joined text;
BEGIN
    IF other IS NULL THEN
        RAISE EXCEPTION 'table % does not exist', c.args ->> 'table' USING ERRCODE = 'undefined_table';
    END IF;
    to_columns := CASE WHEN c.args ? 'to' THEN ARRAY(SELECT jsonb_array_elements_text(c.args -> 'to'))
                       WHEN c.args ? 'column' THEN ARRAY[c.args ->> 'column'] ELSE ARRAY(SELECT jsonb_array_elements_text(c.args -> 'columns')) END;
    IF cardinality(to_columns) <> cardinality(columns) THEN
        PERFORM shopanalytics._dq_wrong(format('%s columns cannot refer to %s', cardinality(columns), cardinality(to_columns)), 'Name as many in to as in columns.');
    END IF;
    SELECT string_agg(format('%s AS c%s', x.name, x.place), ', ' ORDER BY x.place),
           string_agg(format('t.c%s = o.c%s', x.place, x.place), ' AND ' ORDER BY x.place)
      INTO inner_list, conditions
      FROM unnest(columns) WITH ORDINALITY AS x (name, place);
    SELECT string_agg(format('%s AS c%s', d.expression, x.place), ', ' ORDER BY x.place) INTO other_list
      FROM unnest(to_columns) WITH ORDINALITY AS x (name, place), shopanalytics._dq_column(other, x.name) d;

    -- the keys are made distinct, so no row is counted twice, and the join can be hashed
    joined := format('(SELECT %s AS missing FROM %s) t LEFT JOIN (SELECT DISTINCT %s, true AS found FROM %s) o ON %s',
                     concat_ws(', ', kept || ' AS kept', inner_list, shopanalytics._dq_key_list(relation, c.key_columns),
                               (SELECT string_agg(format('%s IS NOT DISTINCT FROM NULL', x), ' OR ') FROM unnest(columns) x)), source,
                     other_list, shopanalytics._dq_rows(c.args ->> 'table', trial), conditions);
    query := format('SELECT jsonb_build_object(''total'', count(*), ''kept'', count(*) FILTER (WHERE t.kept), ''missing'', count(*) FILTER (WHERE t.kept AND t.missing), '
                    '''bad'', count(*) FILTER (WHERE t.kept AND NOT t.missing AND o.found IS NULL)) FROM %s', joined);
    keys_query := shopanalytics._dq_keys_query(relation, c.key_columns,
        format('%s WHERE t.kept AND o.found IS NULL%s', joined, CASE WHEN c.nulls = 'fail' THEN '' ELSE ' AND NOT t.missing' END), max_keys);
END
$$;

-- The latest time that is not in the future, in the type's own terms, so that an index
-- can be used.
CREATE FUNCTION shopanalytics._dq_compile_freshness(c shopanalytics.dq_check, expression text, type text, source text, kept text, as_of timestamptz) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    zone text := coalesce(c.args ->> 'timezone', 'UTC');
    moment text := format('%L::timestamptz', to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00');
    latest text;
BEGIN
    CASE type
        WHEN 'timestamp with time zone' THEN
            latest := format('max(%s)', expression);
        WHEN 'timestamp without time zone' THEN
            latest := format('max(%s) AT TIME ZONE %L', expression, zone);
            moment := format('(%s AT TIME ZONE %L)', moment, zone);
        WHEN 'date' THEN
            latest := format('max(%s)::timestamp AT TIME ZONE %L', expression, zone);
            moment := format('(%s AT TIME ZONE %L)::date', moment, zone);
        ELSE
            RAISE EXCEPTION 'column % is of type %, and no time', expression, type
                USING ERRCODE = 'datatype_mismatch', HINT = 'Freshness needs a column of type timestamptz, timestamp or date.';
    END CASE;
    RETURN format('SELECT jsonb_build_object(''latest'', (SELECT %s FROM %s WHERE isfinite(%s) AND %s <= %s AND %s))', latest, source, expression, expression, moment, kept);
END
$$;

-- PSI: the reference is cut into bins of about as many values, or into its most
-- frequent values, and the shares are compared; a share of nothing counts as 0.0001.
-- KS: the greatest difference of the two distribution functions.
CREATE FUNCTION shopanalytics._dq_compile_distribution(
    c shopanalytics.dq_check,
    category "char",
    source text,
    kept text,
    trial boolean) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    reference text := coalesce(c.args ->> 'reference', format('%I.%I', c.target_schema, c.target_table));
    x text := format('r.%I', c.args ->> 'column');
    is_ks boolean := coalesce(c.args ->> 'method', 'psi') = 'ks';
    bins integer := coalesce((c.args ->> 'bins')::integer, 10);
    samples text;
    binned text;
BEGIN
    IF to_regclass(reference) IS NULL THEN
        RAISE EXCEPTION 'table % does not exist', reference USING ERRCODE = 'undefined_table';
    END IF;
    PERFORM shopanalytics._dq_column(to_regclass(reference), c.args ->> 'column');
    samples := format(E'WITH sample AS MATERIALIZED (SELECT false AS is_now, %s AS x FROM %s WHERE %s IS DISTINCT FROM NULL AND %s '
                      'UNION ALL SELECT true, %s FROM %s WHERE %s IS DISTINCT FROM NULL AND %s), '
                      'size AS (SELECT count(*) FILTER (WHERE NOT is_now)::numeric AS n, count(*) FILTER (WHERE is_now)::numeric AS m FROM sample)',
                      x, shopanalytics._dq_rows(reference, trial), x,
                      CASE WHEN c.args ? 'baseline_where' THEN format(E'((%s\n) IS TRUE)', c.args ->> 'baseline_where') ELSE 'true' END,
                      x, source, x, kept);
    IF is_ks THEN
        RETURN samples || ' SELECT jsonb_build_object(''kept'', max(m), ''reference'', max(n), ''value'', max(abs(f / nullif(n, 0) - g / nullif(m, 0)))) '
               'FROM size, (SELECT NULL::numeric AS f, NULL::numeric AS g UNION ALL '
               'SELECT sum(count(*) FILTER (WHERE NOT is_now)) OVER (ORDER BY x), sum(count(*) FILTER (WHERE is_now)) OVER (ORDER BY x) FROM sample GROUP BY x) d';
    END IF;
    -- numbers and times have bins, other values are their own
    binned := CASE WHEN category IN ('N', 'D', 'T') THEN
                       format('width_bucket(x, (SELECT array_agg(DISTINCT e ORDER BY e) FROM unnest((SELECT percentile_disc(ARRAY(SELECT i / %s.0 FROM generate_series(1, %s) i)) '
                              'WITHIN GROUP (ORDER BY x) FROM sample WHERE NOT is_now)) e))', bins, bins - 1)
                   ELSE format('coalesce((SELECT t.place FROM (SELECT x AS v, row_number() OVER (ORDER BY count(*) DESC, x::text COLLATE "C") AS place '
                               'FROM sample WHERE NOT is_now GROUP BY x) t WHERE t.v = s.x AND t.place <= %s), 0)', bins) END;
    RETURN samples || format(', share AS (SELECT greatest(coalesce(sum(rows) FILTER (WHERE NOT is_now), 0) / nullif(n, 0), 0.0001) AS p, '
                             'greatest(coalesce(sum(rows) FILTER (WHERE is_now), 0) / nullif(m, 0), 0.0001) AS q '
                             'FROM size, (SELECT is_now, rows, %s AS bin FROM (SELECT is_now, x, count(*) AS rows FROM sample GROUP BY is_now, x) s) b GROUP BY bin, n, m) '
                             'SELECT jsonb_build_object(''kept'', (SELECT m FROM size), ''reference'', (SELECT n FROM size), '
                             '''value'', (SELECT sum((q - p) * ln(q / p)) FROM share WHERE (SELECT n > 0 AND m > 0 FROM size)))', binned);
END
$$;

-- Each side is aggregated by itself, and the lines of the two put side by side; a line
-- is one measure of one group.
CREATE FUNCTION shopanalytics._dq_compile_reconciliation(
    c shopanalytics.dq_check,
    relation regclass,
    source text,
    kept text,
    max_keys integer,
    trial boolean) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    other regclass := to_regclass(c.args ->> 'table');
    measure record;
    ours text := '';
    theirs text := '';
    lines text := '';
    sides text := '';
    place integer := 0;
    by_ours text := '';
    by_theirs text := '';
    by_list text := '';
    by_pairs text := '';
    col record;
BEGIN
    IF other IS NULL THEN
        RAISE EXCEPTION 'table % does not exist', c.args ->> 'table' USING ERRCODE = 'undefined_table';
    END IF;
    FOR col IN SELECT n.name, n.place, ours.expression AS ours, theirs.expression AS theirs
                 FROM jsonb_array_elements_text(coalesce(c.args -> 'by', '[]')) WITH ORDINALITY AS n (name, place),
                      shopanalytics._dq_column(relation, n.name) ours, shopanalytics._dq_column(other, n.name) theirs LOOP
        by_ours := by_ours || format('%s AS b%s, ', col.ours, col.place);
        by_theirs := by_theirs || format('%s AS b%s, ', col.theirs, col.place);
        by_list := by_list || format('b%s, ', col.place);
        by_pairs := by_pairs || format(', %L, b%s', col.name, col.place);
    END LOOP;
    FOR measure IN SELECT m.key AS name, m.value FROM jsonb_each(c.args -> 'measures') m ORDER BY m.key COLLATE "C" LOOP
        place := place + 1;
        ours := ours || format(', (%s)::numeric AS m%s', shopanalytics._dq_measure_of(relation, measure.name, measure.value, 'column'), place);
        theirs := theirs || format(', (%s)::numeric AS m%s', shopanalytics._dq_measure_of(other, measure.name, measure.value, 'other_column'), place);
        sides := sides || format(', max(m%s) FILTER (WHERE side = 1) AS a%s, max(m%s) FILTER (WHERE side = 2) AS o%s', place, place, place, place);
        lines := lines || format('%s(%L, a%s, o%s)', CASE WHEN place > 1 THEN ', ' ELSE '' END, measure.name, place, place);
    END LOOP;
    IF place = 0 THEN
        PERFORM shopanalytics._dq_wrong('measures must not be empty', 'For example: {"revenue": {"function": "sum", "column": "order_total"}}.');
    END IF;

    RETURN format('WITH side AS (SELECT 1 AS side, %s%s FROM %s WHERE %s%s UNION ALL SELECT 2, %s%s FROM %s WHERE %s%s), '
                  'line AS MATERIALIZED (SELECT %sv.measure, v.a IS DISTINCT FROM v.o AND (v.a IS NULL OR v.o IS NULL OR abs(v.a - v.o) > greatest(%s, abs(v.o) * %s / 100)) AS differs '
                  'FROM (SELECT %s%s FROM side%s) s, LATERAL (VALUES %s) v (measure, a, o)) '
                  'SELECT jsonb_build_object(''total'', count(*), ''bad'', count(*) FILTER (WHERE differs), '
                  '''keys'', (SELECT coalesce(jsonb_agg(k.key), ''[]'') FROM (SELECT jsonb_build_object(''measure'', measure%s) AS key FROM line WHERE differs ORDER BY %smeasure LIMIT %s) k)) FROM line',
                  by_ours, substr(ours, 3), source, kept, CASE by_ours WHEN '' THEN '' ELSE ' GROUP BY ' || shopanalytics._dq_places(by_list) END,
                  by_theirs, substr(theirs, 3), shopanalytics._dq_rows(c.args ->> 'table', trial),
                  CASE WHEN c.args ? 'where' THEN format(E'((%s\n) IS TRUE)', c.args ->> 'where') ELSE 'true' END,
                  CASE by_ours WHEN '' THEN '' ELSE ' GROUP BY ' || shopanalytics._dq_places(by_list) END,
                  by_list, coalesce((c.args ->> 'tolerance')::numeric, 0), coalesce((c.args ->> 'tolerance_percent')::numeric, 0),
                  by_list, substr(sides, 3), CASE by_list WHEN '' THEN '' ELSE ' GROUP BY ' || rtrim(by_list, ', ') END, lines, by_pairs, by_list, max_keys);
END
$$;

-- The places of the first columns of a list, those after side: 2, 3, ...
CREATE FUNCTION shopanalytics._dq_places(list text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (SELECT string_agg((i + 1)::text, ', ' ORDER BY i) FROM generate_series(1, regexp_count(list, ',')) i);

-- A measure of one of two tables: {"function": ..., "column": ..., "other_column": ...}.
CREATE FUNCTION shopanalytics._dq_measure_of(relation regclass, name text, measure jsonb, column_arg text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    column_name text;
    aggregate record;
BEGIN
    IF jsonb_typeof(measure) <> 'object' OR measure - ARRAY['function', 'column', 'other_column'] <> '{}' THEN
        PERFORM shopanalytics._dq_wrong(format('measure %s must be an object of function, column and other_column', quote_literal(left(name, 100))));
    END IF;
    column_name := coalesce(measure ->> column_arg, measure ->> 'column');
    IF column_name IS NULL AND measure ->> 'function' IS DISTINCT FROM 'count' OR measure ->> 'function' IN ('quantile', 'uniqueness', 'entropy') THEN
        PERFORM shopanalytics._dq_wrong(format('measure %s needs a column and a plain aggregate function', quote_literal(left(name, 100))));
    END IF;
    aggregate := shopanalytics._dq_aggregate(measure ->> 'function', CASE WHEN column_name IS NULL THEN '*' ELSE (shopanalytics._dq_column(relation, column_name)).expression END, '', NULL);
    RETURN aggregate.aggregate;
END
$$;
