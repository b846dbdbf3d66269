-- Suggests checks from the data of a table as it is, by the rules of Deequ with
-- the interval of Wilson: that of Wald has no width for a share of 0 or 1.

-- The interval that holds the share with 95 % confidence, given that of n rows; to two
-- digits, outwards.
CREATE FUNCTION shopanalytics._wilson(share numeric, n bigint, OUT lower numeric, OUT upper numeric)
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT greatest(round(floor(100 * (middle - half)) / 100, 2), 0), least(round(ceil(100 * (middle + half)) / 100, 2), 1)
      FROM (SELECT 1.959963984540054 ^ 2 AS z2) c,
           LATERAL (SELECT (share + z2 / (2 * n)) / (1 + z2 / n) AS middle,
                           sqrt(z2) * sqrt(share * (1 - share) / n + z2 / (4 * n::numeric ^ 2)) / (1 + z2 / n) AS half) w;
END;

-- STABLE, not STRICT and PARALLEL UNSAFE as profile_table() is.
CREATE FUNCTION shopanalytics.dq_suggest(
    relation regclass,
    OUT name text,
    OUT kind text,
    OUT args jsonb,
    OUT unit text,
    OUT fail_if numeric,
    OUT reason text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 20
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    table_name text;
    col record;
    total bigint;
    nulls bigint;
    different bigint;
    dup_rows bigint;
    seen_once bigint;
    is_not_negative boolean;
    inferred text;
    categories jsonb;
    bound record;
    covered record;
BEGIN
    IF relation IS NULL THEN
        RAISE EXCEPTION 'relation must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT c.relname INTO table_name FROM pg_class c WHERE c.oid = relation AND c.relkind IN ('r', 'p', 'v', 'm', 'f');
    IF NOT FOUND THEN
        RAISE EXCEPTION '"%" has no rows to check', relation USING ERRCODE = 'wrong_object_type';
    END IF;

    FOR col IN SELECT p.name AS column_name, p.is_number, t.typcategory = 'S' AS is_text
                 FROM shopanalytics._profile_columns(relation, NULL) p JOIN pg_type t ON t.oid = p.base_type
                WHERE NOT p.is_pseudo AND shopanalytics._type_allows(p.base_type, false) LOOP
        EXECUTE format($sql$
            WITH g AS MATERIALIZED (SELECT v, count(*) AS n FROM (SELECT %I AS v FROM %s) s GROUP BY v)
            SELECT coalesce(sum(n), 0)::bigint,
                   coalesce(sum(n) FILTER (WHERE v IS NOT DISTINCT FROM NULL), 0)::bigint,
                   count(*) FILTER (WHERE v IS DISTINCT FROM NULL),
                   coalesce(sum(n) FILTER (WHERE n > 1), 0)::bigint,
                   count(*) FILTER (WHERE v IS DISTINCT FROM NULL AND n = 1),
                   %s,
                   %s,
                   CASE WHEN %L AND count(*) <= 121 THEN jsonb_agg(jsonb_build_array(v, n) ORDER BY n DESC, v::text COLLATE "C") FILTER (WHERE v IS DISTINCT FROM NULL) END
              FROM g
            $sql$, col.column_name, relation,
            CASE WHEN col.is_number THEN 'bool_and(v::numeric >= 0)' ELSE 'NULL::boolean' END,
            CASE WHEN col.is_text THEN $sql$CASE WHEN bool_and(v::text ~ '^[+-]?[0-9]+$') THEN 'an integer'
                                                 WHEN bool_and(v::text ~ '^[+-]?[0-9]+([.][0-9]*)?$') THEN 'a number'
                                                 WHEN bool_and(v::text ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$') THEN 'a date'
                                                 WHEN bool_and(v::text ~* '^(true|false)$') THEN 'a boolean' END$sql$ ELSE 'NULL::text' END,
            col.is_text)
           INTO total, nulls, different, dup_rows, seen_once, is_not_negative, inferred, categories;
        CONTINUE WHEN total = 0;

        unit := 'rows';
        fail_if := 0;
        kind := 'not_null';
        args := jsonb_build_object('column', col.column_name);
        bound := shopanalytics._wilson((total - nulls)::numeric / total, total);
        IF nulls = 0 THEN
            reason := format('none of %s rows is null', total);
            name := format('%s.%s %s', table_name, col.column_name, kind);
            RETURN NEXT;
        ELSIF nulls * 5 < total * 4 THEN
            unit := 'percent';
            fail_if := trim_scale(100 * (1 - bound.lower));
            reason := format('%s of %s rows are not null', total - nulls, total);
            name := format('%s.%s %s', table_name, col.column_name, kind);
            RETURN NEXT;
        END IF;
        -- without a value there is nothing more to say
        CONTINUE WHEN nulls = total;

        IF nulls = 0 AND different >= 0.92 * total THEN
            kind := 'unique';
            unit := CASE WHEN dup_rows = 0 THEN 'rows' ELSE 'percent' END;
            fail_if := CASE WHEN dup_rows = 0 THEN 0 ELSE trim_scale(100 * (shopanalytics._wilson(dup_rows::numeric / total, total)).upper) END;
            reason := format('%s different values in %s rows', different, total);
            name := format('%s.%s %s', table_name, col.column_name, kind);
            RETURN NEXT;
        END IF;
        IF categories IS NOT NULL AND seen_once * 10 <= different THEN
            kind := 'in_set';
            unit := 'rows';
            fail_if := 0;
            args := jsonb_build_object('column', col.column_name, 'values', (SELECT jsonb_agg(c.value -> 0 ORDER BY c.place) FROM jsonb_array_elements(categories) WITH ORDINALITY AS c (value, place)));
            reason := format('%s values, %s of them seen once', different, seen_once);
            name := format('%s.%s %s', table_name, col.column_name, kind);
            RETURN NEXT;
        ELSIF categories IS NOT NULL AND seen_once * 10 <= different * 4 THEN
            SELECT jsonb_agg(s.value ORDER BY s.place) AS values, sum(s.n) AS rows INTO covered
              FROM (SELECT c.value -> 0 AS value, c.place, (c.value ->> 1)::numeric AS n, sum((c.value ->> 1)::numeric) OVER (ORDER BY c.place) - (c.value ->> 1)::numeric AS before
                      FROM jsonb_array_elements(categories) WITH ORDINALITY AS c (value, place)) s
             WHERE s.before < 0.9 * (total - nulls);
            bound := shopanalytics._wilson(covered.rows / (total - nulls), total - nulls);
            kind := 'in_set';
            unit := 'percent';
            fail_if := trim_scale(100 * (1 - bound.lower));
            args := jsonb_build_object('column', col.column_name, 'values', covered.values);
            reason := format('%s of %s values cover %s of %s rows', jsonb_array_length(covered.values), different, covered.rows, total - nulls);
            name := format('%s.%s %s', table_name, col.column_name, kind);
            RETURN NEXT;
        END IF;
        unit := 'rows';
        fail_if := 0;
        IF is_not_negative THEN
            kind := 'range';
            args := jsonb_build_object('column', col.column_name, 'range', '[0,)');
            reason := 'no value is negative';
            name := format('%s.%s %s', table_name, col.column_name, kind);
            RETURN NEXT;
        END IF;
        IF inferred IS NOT NULL THEN
            kind := 'regex';
            args := jsonb_build_object('column', col.column_name, 'pattern',
                CASE inferred WHEN 'an integer' THEN '^[+-]?[0-9]+$' WHEN 'a number' THEN '^[+-]?[0-9]+([.][0-9]*)?$'
                                    WHEN 'a date' THEN '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' ELSE '(?i)^(true|false)$' END);
            reason := format('every text is %s', inferred);
            name := format('%s.%s %s', table_name, col.column_name, kind);
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;

-- With the rights of the caller: he reads the table, and dq_check_add() asks for the
-- duty.  Volatile and parallel unsafe because it writes.
CREATE FUNCTION shopanalytics.dq_adopt(tenant text, relation regclass, names text[] DEFAULT NULL, enabled boolean DEFAULT true) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    draft record;
    drafts text[] := '{}';
    missing text;
    added bigint := 0;
BEGIN
    IF array_position(names, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'names must not hold nulls' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    FOR draft IN SELECT * FROM shopanalytics.dq_suggest(relation) LOOP
        drafts := drafts || draft.name;
        IF (names IS NULL OR draft.name = ANY (names))
           AND NOT EXISTS (SELECT FROM shopanalytics.dq_check c WHERE c.tenant = dq_adopt.tenant AND c.name = draft.name) THEN
            PERFORM shopanalytics.dq_check_add(dq_adopt.tenant, draft.name, relation, draft.kind, draft.args, unit => draft.unit, fail_if => draft.fail_if, enabled => dq_adopt.enabled);
            added := added + 1;
        END IF;
    END LOOP;
    SELECT string_agg(quote_literal(n), ', ' ORDER BY n) INTO missing FROM unnest(names) n WHERE n <> ALL (drafts);
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'dq_suggest does not suggest %', missing USING ERRCODE = 'undefined_object';
    END IF;
    RETURN added;
END
$$;

COMMENT ON FUNCTION shopanalytics.dq_suggest(regclass) IS 'checks that the data of a table suggest, as drafts; nothing is kept';
COMMENT ON FUNCTION shopanalytics.dq_adopt(text, regclass, text[], boolean) IS 'makes checks of suggested ones, all or those named, that are none yet; their number';
