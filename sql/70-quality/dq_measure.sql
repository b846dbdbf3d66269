-- Runs the queries of checks, each with the rights of its author, and judges what they
-- return.  All of it sees one snapshot: that of the statement that calls it.

-- Why the author of a check may not have it run now; null when he may.
CREATE FUNCTION shopanalytics._dq_refused(c shopanalytics.dq_check) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN pg_catalog.to_regrole(quote_ident(c.author_role)) IS NULL OR pg_catalog.to_regrole(quote_ident(c.author_login)) IS NULL
            THEN pg_catalog.format('role "%s" that wrote the check does not exist', CASE WHEN pg_catalog.to_regrole(quote_ident(c.author_login)) IS NULL THEN c.author_login ELSE c.author_role END)
        WHEN NOT pg_catalog.pg_has_role(c.author_login::name, c.author_role::name, 'MEMBER')
            THEN pg_catalog.format('login "%s" that wrote the check is not a member of role "%s" any more', c.author_login, c.author_role)
        WHEN NOT EXISTS (SELECT FROM shopanalytics.duty d JOIN pg_catalog.pg_roles r ON r.rolname::text OPERATOR(pg_catalog.=) d.role_name
                          WHERE d.duty OPERATOR(pg_catalog.=) 'dq_admin' AND (d.tenant OPERATOR(pg_catalog.=) '*' OR d.tenant OPERATOR(pg_catalog.=) c.tenant)
                            AND (d.scope OPERATOR(pg_catalog.=) '*' OR d.scope OPERATOR(pg_catalog.=) pg_catalog.format('%I.%I', c.target_schema, c.target_table))
                            AND pg_catalog.pg_has_role(c.author_login::name, r.oid, 'MEMBER'))
            THEN pg_catalog.format('login "%s" that wrote the check does not have the duty "dq_admin" any more', c.author_login)
        END;
END;

-- Differences between the columns that a table has and those that it should have.
CREATE FUNCTION shopanalytics._dq_schema(c shopanalytics.dq_check, max_keys integer) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    answer jsonb;
BEGIN
    SELECT jsonb_build_object('total', count(*), 'bad', count(problem),
                              'keys', coalesce(jsonb_path_query_array(jsonb_agg(jsonb_build_object('column', name, 'problem', problem) ORDER BY place, name COLLATE "C")
                                                                          FILTER (WHERE problem IS NOT NULL), '$[0 to $n]', jsonb_build_object('n', max_keys - 1)), '[]'))
      INTO answer
      FROM (SELECT coalesce(w.name, h.name) AS name, coalesce(h.place, 0) AS place,
                   CASE WHEN h.name IS NULL THEN 'missing'
                        WHEN w.name IS NULL THEN CASE WHEN coalesce(c.args ->> 'extra', 'fail') = 'fail' THEN 'not expected' END
                        WHEN w.type NOT IN (h.type, h.plain_type) THEN format('is %s, not %s', h.type, w.type) END AS problem
              FROM (SELECT e.key AS name, e.value AS type FROM jsonb_each_text(c.args -> 'columns') e) w
              FULL JOIN (SELECT a.attname::text AS name, a.attnum AS place, format_type(a.atttypid, a.atttypmod) AS type, format_type(a.atttypid, NULL) AS plain_type
                           FROM pg_attribute a
                          WHERE a.attrelid = to_regclass(format('%I.%I', c.target_schema, c.target_table)) AND a.attnum > 0 AND NOT a.attisdropped) h
                ON h.name = w.name) d;
    RETURN answer;
END
$$;

-- What each check measures: an object of figures, with the keys of rows that failed;
-- or the code and message of an error.  Checks of one author and table share scans, up
-- to 40 in one; when one of them spoils it each is run by itself.
-- Volatile functions are called, but under the one snapshot that a stable function has.
CREATE FUNCTION shopanalytics._dq_measure(
    checks bigint[],
    as_of timestamptz,
    max_keys integer,
    milliseconds integer,
    OUT check_id bigint,
    OUT figures jsonb,
    OUT keys jsonb,
    OUT code text,
    OUT message text,
    OUT duration_us numeric)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    c shopanalytics.dq_check;
    plan record;
    got record;
    common record;
    shared jsonb := '{}';      -- figures of checks from a common scan, by id
    spent jsonb := '{}';
    refusal text;
BEGIN
    FOR common IN SELECT * FROM shopanalytics._dq_measure_common(checks, as_of, max_keys, milliseconds) LOOP
        shared := shared || jsonb_build_object(common.check_id::text, common.figures);
        spent := spent || jsonb_build_object(common.check_id::text, common.duration_us);
    END LOOP;

    FOR c IN SELECT d.* FROM shopanalytics.dq_check d WHERE d.id = ANY (checks) ORDER BY d.id LOOP
        check_id := c.id;
        figures := shared -> c.id::text;
        keys := '[]';
        code := NULL;
        message := NULL;
        duration_us := coalesce((spent ->> c.id::text)::numeric, 0);
        BEGIN
            refusal := shopanalytics._dq_refused(c);
            IF refusal IS NOT NULL THEN
                RAISE EXCEPTION '%', refusal USING ERRCODE = 'SA040';
            END IF;
            plan := shopanalytics._dq_compile(c, as_of, max_keys, false);
        EXCEPTION WHEN OTHERS THEN
            code := SQLSTATE;
            message := SQLERRM;
            RETURN NEXT;
            CONTINUE;
        END;

        IF c.kind = 'schema' THEN
            figures := shopanalytics._dq_schema(c, max_keys);
        ELSIF figures IS NULL THEN
            got := shopanalytics._query_as(c.author_role, coalesce(plan.query, shopanalytics._dq_shared_query(plan.source, ARRAY[plan.items])), milliseconds);
            duration_us := got.duration_us;
            code := got.code;
            message := got.message;
            IF plan.query IS NULL THEN
                figures := got.result -> 0;
            ELSE
                figures := got.result;
            END IF;
        END IF;
        IF code IS NULL AND figures ? 'keys' THEN
            keys := figures -> 'keys';
            figures := figures - 'keys';
        ELSIF code IS NULL AND plan.keys_query IS NOT NULL AND max_keys > 0
              AND ((figures ->> 'bad')::bigint > 0 OR c.nulls = 'fail' AND (figures ->> 'missing')::bigint > 0) THEN
            got := shopanalytics._query_as(c.author_role, plan.keys_query, milliseconds);
            duration_us := duration_us + got.duration_us;
            code := got.code;
            message := got.message;
            keys := got.result;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

-- The checks of one scan, in one query; a check that fails on the way is left to be
-- run by itself, which says what is wrong with it.
CREATE FUNCTION shopanalytics._dq_measure_common(
    checks bigint[],
    as_of timestamptz,
    max_keys integer,
    milliseconds integer,
    OUT check_id bigint,
    OUT figures jsonb,
    OUT duration_us numeric)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    batch record;
    c shopanalytics.dq_check;
    plan record;
    got record;
    source text;
    ids bigint[];
    items jsonb[];
BEGIN
    FOR batch IN
        SELECT n.author_role, array_agg(n.id ORDER BY n.id) AS ids
          FROM (SELECT d.id, d.author_role, d.target_schema, d.target_table,
                       (row_number() OVER (PARTITION BY d.author_role, d.target_schema, d.target_table ORDER BY d.id) - 1) / 40 AS part
                  FROM shopanalytics.dq_check d
                 WHERE d.id = ANY (checks) AND d.kind IN ('not_null', 'in_set', 'range', 'regex', 'expression', 'row_count', 'volume', 'aggregate')
                   AND shopanalytics._dq_refused(d) IS NULL) n
         GROUP BY n.author_role, n.target_schema, n.target_table, n.part
        HAVING count(*) > 1
    LOOP
        ids := '{}';
        items := '{}';
        FOR c IN SELECT d.* FROM shopanalytics.dq_check d WHERE d.id = ANY (batch.ids) ORDER BY d.id LOOP
            BEGIN
                plan := shopanalytics._dq_compile(c, as_of, max_keys, false);
            EXCEPTION WHEN OTHERS THEN
                CONTINUE;
            END;
            IF plan.items IS NOT NULL THEN
                ids := ids || c.id;
                items := items || plan.items;
                source := plan.source;
            END IF;
        END LOOP;
        CONTINUE WHEN cardinality(ids) < 2;
        got := shopanalytics._query_as(batch.author_role, shopanalytics._dq_shared_query(source, items), milliseconds);
        CONTINUE WHEN got.code IS NOT NULL;
        FOR i IN 1 .. cardinality(ids) LOOP
            check_id := ids[i];
            figures := got.result -> (i - 1);
            duration_us := got.duration_us / cardinality(ids);
            RETURN NEXT;
        END LOOP;
    END LOOP;
END
$$;

-- One scan for all: an array of objects, in the order of the items.
CREATE FUNCTION shopanalytics._dq_shared_query(source text, items jsonb[]) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT pg_catalog.format('SELECT jsonb_build_array(%s) FROM %s',
               string_agg((SELECT pg_catalog.format('jsonb_build_object(''total'', count(*)%s)', string_agg(pg_catalog.format(', %L, %s', e.key, e.value), '' ORDER BY e.key))
                             FROM pg_catalog.jsonb_each_text(i.item) e), ', ' ORDER BY i.place), source)
      FROM unnest(items) WITH ORDINALITY AS i (item, place);
END;

-- What the figures of a check come to.
CREATE FUNCTION shopanalytics._dq_judge(
    c shopanalytics.dq_check,
    figures jsonb,
    as_of timestamptz,
    OUT status text,
    OUT severity text,
    OUT rows_total bigint,
    OUT rows_filtered bigint,
    OUT rows_evaluated bigint,
    OUT rows_missing bigint,
    OUT rows_failed bigint,
    OUT value numeric,
    OUT expected text,
    OUT message text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kept bigint;
    counts_rows boolean := (SELECT k.counts_rows FROM shopanalytics._dq_kinds() k WHERE k.kind = c.kind);
    history record;
BEGIN
    rows_total := (figures ->> 'total')::bigint;
    kept := coalesce((figures ->> 'kept')::bigint, rows_total);
    rows_filtered := rows_total - kept;
    IF counts_rows THEN
        rows_missing := CASE c.kind WHEN 'not_null' THEN (figures ->> 'bad')::bigint ELSE coalesce((figures ->> 'missing')::bigint, 0) END;
        rows_evaluated := kept - CASE WHEN c.kind <> 'not_null' AND c.nulls = 'ignore' THEN rows_missing ELSE 0 END;
        rows_failed := (figures ->> 'bad')::bigint + CASE WHEN c.nulls = 'fail' THEN rows_missing ELSE 0 END;
        value := CASE c.unit WHEN 'rows' THEN rows_failed ELSE round(rows_failed * 100::numeric / nullif(rows_evaluated, 0), 6) END;
        expected := 'at most ' || trim_scale(coalesce(c.fail_if, c.warn_if)) || CASE c.unit WHEN 'rows' THEN ' rows fail' ELSE ' % fail' END;
        -- exact: no quotient is rounded
        status := CASE WHEN kept = 0 AND c.kind NOT IN ('custom', 'schema', 'reconciliation') THEN 'no_data'
                       WHEN CASE c.unit WHEN 'rows' THEN rows_failed > c.fail_if ELSE rows_failed * 100::numeric > c.fail_if * rows_evaluated END THEN 'fail'
                       WHEN CASE c.unit WHEN 'rows' THEN rows_failed > c.warn_if ELSE rows_failed * 100::numeric > c.warn_if * rows_evaluated END THEN 'warn'
                       ELSE 'pass' END;
    ELSIF c.kind = 'freshness' THEN
        value := extract(epoch FROM shopanalytics._dq_age(c, (figures ->> 'latest')::timestamptz, as_of));
        expected := 'at most ' || coalesce(c.args ->> 'max_age', c.args ->> 'warn_age') || ' old';
        -- 4.F4: nothing is not fresh
        status := CASE WHEN value IS NULL AND c.args ? 'max_age' OR value > extract(epoch FROM (c.args ->> 'max_age')::interval) THEN 'fail'
                       WHEN value IS NULL OR value > extract(epoch FROM (c.args ->> 'warn_age')::interval) THEN 'warn'
                       ELSE 'pass' END;
    ELSIF c.kind = 'volume' THEN
        value := (figures ->> 'value')::numeric;
        history := shopanalytics._dq_expect_volume(c, value, as_of);
        status := history.status;
        expected := history.expected;
        message := history.message;
    ELSE
        value := (figures ->> 'value')::numeric;
        expected := shopanalytics._dq_expected_range(c, figures, false);
        status := CASE WHEN value IS NULL OR c.kind <> 'row_count' AND kept = 0 THEN 'no_data'
                       WHEN NOT value <@ expected::numrange THEN 'fail'
                       WHEN NOT value <@ shopanalytics._dq_expected_range(c, figures, true)::numrange THEN 'warn'
                       ELSE 'pass' END;
        value := CASE WHEN c.kind = 'distribution' THEN round(value, 6) ELSE value END;
        expected := coalesce(expected, shopanalytics._dq_expected_range(c, figures, true));
    END IF;
    value := trim_scale(value);
    severity := CASE status WHEN 'no_data' THEN CASE c.on_empty WHEN 'pass' THEN 'ok' ELSE c.on_empty END
                            WHEN 'fail' THEN 'fail' WHEN 'warn' THEN 'warn' ELSE 'ok' END;
    IF message IS NOT NULL AND status = 'no_data' THEN
        severity := 'ok';
    END IF;
END
$$;

-- The range that a value should be in, to pass or not to warn; null for none.
CREATE FUNCTION shopanalytics._dq_expected_range(c shopanalytics.dq_check, figures jsonb, warn boolean) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN warn THEN c.args OPERATOR(pg_catalog.->>) 'warn_range'
        WHEN c.args OPERATOR(pg_catalog.?|) ARRAY['range', 'warn_range'] OR c.kind OPERATOR(pg_catalog.<>) 'distribution' THEN c.args OPERATOR(pg_catalog.->>) 'range'
        WHEN c.args OPERATOR(pg_catalog.->>) 'method' OPERATOR(pg_catalog.=) 'ks' THEN
            -- the critical value of the two-sample test of Kolmogorov and Smirnov
            (SELECT '[0,' || round(sqrt(-ln(coalesce((c.args OPERATOR(pg_catalog.->>) 'alpha')::numeric, 0.05) / 2) / 2 * (n + m) / nullif(n * m, 0)), 6) || ']'
               FROM (SELECT (figures OPERATOR(pg_catalog.->>) 'reference')::numeric AS n, (figures OPERATOR(pg_catalog.->>) 'kept')::numeric AS m) s)
        ELSE '[0,0.25)' END;
END;

-- How old the latest row is; the days that the calendar leaves out do not count.
CREATE FUNCTION shopanalytics._dq_age(c shopanalytics.dq_check, latest timestamptz, as_of timestamptz) RETURNS interval
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT as_of - latest
           - coalesce((SELECT sum(least(as_of, (d.day + 1)::timestamp AT TIME ZONE k.timezone) - greatest(latest, d.day::timestamp AT TIME ZONE k.timezone))
                         FROM shopanalytics.dq_calendar k, shopanalytics._dq_days_off(k, latest, as_of) d
                        WHERE k.tenant = c.tenant AND k.name = c.calendar), '0');
END;
