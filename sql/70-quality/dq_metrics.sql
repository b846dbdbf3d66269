-- Figures of a column, or of several as one key, under every name they go by.

-- A row without any value of the key is missing, and in no figure but rows.  STABLE,
-- not STRICT and PARALLEL UNSAFE as profile_table() is; the condition is the caller's
-- own and runs with his rights.
CREATE FUNCTION shopanalytics.dq_metrics(
    relation regclass,
    key_columns name[],
    where_sql text DEFAULT NULL,
    OUT rows bigint,
    OUT missing bigint,
    OUT completeness numeric,
    OUT distinct_values bigint,
    OUT distinctness numeric,
    OUT uniqueness numeric,
    OUT entropy numeric,
    OUT dup_surplus bigint,
    OUT dup_rows bigint,
    OUT dup_groups bigint)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place record;
    columns text[];
BEGIN
    IF num_nulls(relation, key_columns) > 0 OR array_position(key_columns, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'relation and key_columns must not be null or hold nulls' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF key_columns = '{}' THEN
        PERFORM shopanalytics._dq_wrong('key_columns must not be empty');
    END IF;
    SELECT n.nspname AS schema_name, c.relname AS table_name INTO place FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'relation % does not exist', relation USING ERRCODE = 'undefined_table';
    END IF;
    columns := ARRAY(SELECT (shopanalytics._dq_column(relation, k)).expression FROM unnest(key_columns) k);
    IF where_sql IS NOT NULL THEN
        PERFORM shopanalytics._check_expression(where_sql, relation, 'boolean');
    END IF;
    EXECUTE format(E'SELECT coalesce(sum(n), 0), coalesce(sum(n) FILTER (WHERE missing), 0), count(*) FILTER (WHERE NOT missing), '
                   'count(*) FILTER (WHERE NOT missing AND n = 1) / nullif(sum(n) FILTER (WHERE NOT missing), 0), '
                   'round(sum(n * (ln(present) - ln(n))) FILTER (WHERE NOT missing) / nullif(max(present), 0), 15), '
                   'coalesce(sum(n - 1) FILTER (WHERE NOT missing), 0), coalesce(sum(n) FILTER (WHERE NOT missing AND n > 1), 0), count(*) FILTER (WHERE NOT missing AND n > 1) '
                   'FROM (SELECT n, missing, sum(n) FILTER (WHERE NOT missing) OVER () AS present '
                   'FROM (SELECT count(*)::numeric AS n, %s AS missing FROM %I.%I r WHERE (%s\n) IS TRUE GROUP BY %s) s) g',
                   (SELECT string_agg(format('%s IS NOT DISTINCT FROM NULL', x), ' AND ') FROM unnest(columns) x),
                   place.schema_name, place.table_name, coalesce(where_sql, 'true'), array_to_string(columns, ', '))
       INTO rows, missing, distinct_values, uniqueness, entropy, dup_surplus, dup_rows, dup_groups;
    completeness := trim_scale((rows - missing)::numeric / nullif(rows, 0));
    distinctness := trim_scale(distinct_values::numeric / nullif(rows - missing, 0));
    uniqueness := trim_scale(uniqueness);
    entropy := trim_scale(entropy);
END
$$;

COMMENT ON FUNCTION shopanalytics.dq_metrics(regclass, name[], text) IS 'completeness, distinctness, uniqueness, entropy and duplicates of a column, or of several as one key';

-- Labels as those of dq_metrics().
CREATE FUNCTION shopanalytics.dq_histogram(
    relation regclass,
    column_name name,
    max_bins integer DEFAULT 100,
    OUT bin text,
    OUT value text,
    OUT rows bigint,
    OUT share numeric)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 20
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF num_nulls(relation, column_name, max_bins) > 0 THEN
        RAISE EXCEPTION 'relation, column_name and max_bins must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF max_bins < 1 THEN
        PERFORM shopanalytics._dq_wrong(format('max_bins must be 1 or more, not %s', max_bins));
    END IF;
    PERFORM shopanalytics._dq_column(relation, column_name);
    FOR bin, value, rows, share IN EXECUTE format(
        'WITH g AS (SELECT v::text AS v, v IS NOT DISTINCT FROM NULL AS is_null, n, row_number() OVER (PARTITION BY v IS NOT DISTINCT FROM NULL ORDER BY n DESC, v::text COLLATE "C") AS place '
        'FROM (SELECT r.%I AS v, count(*) AS n FROM %s r GROUP BY 1) s) '
        'SELECT bin, value, n, round(n::numeric / sum(n) OVER (), 6) FROM ('
        'SELECT ''value'' AS bin, v AS value, n, place FROM g WHERE NOT is_null AND place <= $1 '
        'UNION ALL SELECT ''null'', NULL, n, 0 FROM g WHERE is_null '
        'UNION ALL SELECT ''other'', NULL, sum(n)::bigint, 0 FROM g WHERE NOT is_null AND place > $1 HAVING count(*) > 0) b '
        'ORDER BY n DESC, bin DESC, place', column_name, relation) USING max_bins LOOP
        RETURN NEXT;
    END LOOP;
END
$$;

COMMENT ON FUNCTION shopanalytics.dq_histogram(regclass, name, integer) IS 'the values of a column with their rows and share, null a bin of its own';
