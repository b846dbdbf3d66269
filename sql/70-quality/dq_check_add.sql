-- Defines quality checks.  Everything that will be run is tried out first, over no
-- rows and with the rights of the author: what the author may not read, and what does
-- not fit the table, is an error here and not at night.

-- Raises the error that a query gave.
CREATE FUNCTION shopanalytics._dq_try(author_role text, query text, what text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    got record;
BEGIN
    got := shopanalytics._query_as(author_role, query, 60000);
    IF got.code IS NOT NULL THEN
        RAISE EXCEPTION '%: %', what, got.message USING ERRCODE = got.code, HINT = coalesce(got.hint, 'It was tried out with the rights of role ' || author_role || '.');
    END IF;
    RETURN got.result;
END
$$;

REVOKE ALL ON FUNCTION shopanalytics._dq_try(text, text, text) FROM PUBLIC;

-- Raises an error unless the text is one boolean expression over the rows of a table.
CREATE FUNCTION shopanalytics._dq_try_expression(author_role text, expression text, relation text, wanted text, what text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM shopanalytics._dq_try(author_role, format('SELECT to_jsonb(shopanalytics._check_expression(%L, %L::regclass, %L::regtype)::text)', expression, relation, wanted), what);
END
$$;

REVOKE ALL ON FUNCTION shopanalytics._dq_try_expression(text, text, text, text, text) FROM PUBLIC;

CREATE FUNCTION shopanalytics._dq_try_check(c shopanalytics.dq_check) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place text := format('%I.%I', c.target_schema, c.target_table);
    what text := format('check "%s"', c.name);
    plan record;
    col record;
    bounds record;
BEGIN
    IF c.where_sql IS NOT NULL THEN
        PERFORM shopanalytics._dq_try_expression(c.author_role, c.where_sql, place, 'boolean', format('where_sql of %s', what));
    END IF;
    IF c.kind = 'expression' THEN
        PERFORM shopanalytics._dq_try_expression(c.author_role, c.args ->> 'expression', place, 'boolean', format('expression of %s', what));
    ELSIF c.kind = 'aggregate' AND c.args ? 'expression' THEN
        PERFORM shopanalytics._dq_try_expression(c.author_role, c.args ->> 'expression', place,
            CASE WHEN c.args ->> 'function' IN ('sum', 'avg', 'min', 'max', 'stddev', 'median', 'quantile') THEN 'numeric' ELSE 'text' END, format('expression of %s', what));
    ELSIF c.args ? 'baseline_where' THEN
        PERFORM shopanalytics._dq_try_expression(c.author_role, c.args ->> 'baseline_where', coalesce(c.args ->> 'reference', place), 'boolean', format('baseline_where of %s', what));
    ELSIF c.kind = 'reconciliation' AND c.args ? 'where' THEN
        PERFORM shopanalytics._dq_try_expression(c.author_role, c.args ->> 'where', c.args ->> 'table', 'boolean', format('where of %s', what));
    ELSIF c.kind = 'custom' THEN
        PERFORM shopanalytics._dq_try(c.author_role, format('SELECT to_jsonb(shopanalytics._check_query(%L)::text)', c.args ->> 'query'), format('query of %s', what));
    ELSIF c.kind = 'regex' THEN
        PERFORM shopanalytics._dq_try(c.author_role, format('SELECT to_jsonb('''' ~ %L)', c.args ->> 'pattern'), format('pattern of %s', what));
    ELSIF c.kind = 'range' THEN
        -- B23: bounds that are none of the type, or that nothing lies between
        col := shopanalytics._dq_column(to_regclass(place), c.args ->> 'column');
        bounds := shopanalytics._dq_bounds(c.args ->> 'range');
        IF shopanalytics._dq_try(c.author_role, format('SELECT to_jsonb(%L::%s > %L::%s OR %L::%s = %L::%s AND NOT %L::boolean)',
                bounds.lower, col.type, bounds.upper, col.type, bounds.lower, col.type, bounds.upper, col.type, bounds.lower_inc AND bounds.upper_inc),
            format('range of %s', what)) = 'true' THEN
            PERFORM shopanalytics._dq_wrong(format('nothing can be in range %s', quote_literal(left(c.args ->> 'range', 100))), 'The lower bound comes first.');
        END IF;
    END IF;

    plan := shopanalytics._dq_compile(c, now(), 1, true);
    IF plan.items IS NOT NULL THEN
        PERFORM shopanalytics._dq_try(c.author_role, shopanalytics._dq_shared_query(plan.source, ARRAY[plan.items]), what);
    ELSIF plan.query IS NOT NULL THEN
        PERFORM shopanalytics._dq_try(c.author_role, plan.query, what);
    END IF;
    IF plan.keys_query IS NOT NULL THEN
        PERFORM shopanalytics._dq_try(c.author_role, plan.keys_query, format('keys of %s', what));
    END IF;
END
$$;

REVOKE ALL ON FUNCTION shopanalytics._dq_try_check(shopanalytics.dq_check) FROM PUBLIC;

-- Raises an error unless the parts of a check go together; gives it with its defaults.
CREATE FUNCTION shopanalytics._dq_complete(c shopanalytics.dq_check) RETURNS shopanalytics.dq_check
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    known record;
    relation_arg text;
    wrong text;
BEGIN
    PERFORM shopanalytics._dq_check_args(c.kind, c.args);
    SELECT * INTO known FROM shopanalytics._dq_kinds() k WHERE k.kind = c.kind;
    IF num_nulls(c.nulls, c.on_empty, c.unit, c.suppress, c.enabled) > 0 THEN
        RAISE EXCEPTION 'nulls, on_empty, unit, suppress and enabled must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF c.nulls NOT IN ('ignore', 'fail', 'pass') THEN
        PERFORM shopanalytics._dq_wrong(format('nulls must be ignore, fail or pass, not %s', quote_literal(left(c.nulls, 100))));
    END IF;
    IF c.nulls <> 'ignore' AND NOT known.has_nulls THEN
        PERFORM shopanalytics._dq_wrong(format('a check of kind %s does not know nulls', c.kind));
    END IF;
    IF c.on_empty NOT IN ('pass', 'warn', 'fail') THEN
        PERFORM shopanalytics._dq_wrong(format('on_empty must be pass, warn or fail, not %s', quote_literal(left(c.on_empty, 100))));
    END IF;
    IF c.unit NOT IN ('rows', 'percent') THEN
        PERFORM shopanalytics._dq_wrong(format('unit must be rows or percent, not %s', quote_literal(left(c.unit, 100))));
    END IF;
    IF c.suppress < '0' OR c.suppress > '1 year' THEN
        PERFORM shopanalytics._dq_wrong(format('suppress must be up to a year and not negative, not %s', c.suppress));
    END IF;
    IF known.counts_rows THEN
        IF c.warn_if IS NULL AND c.fail_if IS NULL THEN
            c.fail_if := 0;
        END IF;
        IF least(c.warn_if, c.fail_if) < 0 OR greatest(c.warn_if, c.fail_if) = 'NaN' OR c.unit = 'percent' AND greatest(c.warn_if, c.fail_if) > 100 THEN
            PERFORM shopanalytics._dq_wrong('warn_if and fail_if must not be negative, and up to 100 in percent');
        END IF;
    ELSIF num_nonnulls(c.warn_if, c.fail_if) > 0 OR c.unit <> 'rows' THEN
        PERFORM shopanalytics._dq_wrong(format('a check of kind %s does not know warn_if, fail_if and unit', c.kind), 'They are for checks that count rows; the arguments of this one say what is expected.');
    END IF;
    IF c.where_sql IS NOT NULL AND c.kind IN ('custom', 'schema') THEN
        PERFORM shopanalytics._dq_wrong(format('a check of kind %s does not know where_sql', c.kind));
    END IF;
    IF c.key_columns IS NOT NULL THEN
        IF NOT known.counts_rows OR c.kind IN ('custom', 'schema', 'reconciliation') THEN
            PERFORM shopanalytics._dq_wrong(format('a check of kind %s does not know key_columns', c.kind));
        END IF;
        IF cardinality(c.key_columns) NOT BETWEEN 1 AND 32 OR array_position(c.key_columns, NULL) IS NOT NULL THEN
            PERFORM shopanalytics._dq_wrong('key_columns must be 1 to 32 names of columns');
        END IF;
        PERFORM shopanalytics._dq_column(to_regclass(format('%I.%I', c.target_schema, c.target_table)), k) FROM unnest(c.key_columns) k;
    END IF;
    c.dimension := coalesce(c.dimension, known.dimension);
    IF c.dimension NOT IN ('accuracy', 'completeness', 'conformity', 'consistency', 'coverage', 'timeliness', 'uniqueness') THEN
        PERFORM shopanalytics._dq_wrong(format('dimension %s is not known', quote_literal(left(c.dimension, 100))),
            'The dimensions are accuracy, completeness, conformity, consistency, coverage, timeliness and uniqueness.');
    END IF;
    IF c.calendar IS NOT NULL THEN
        IF c.kind NOT IN ('freshness', 'volume') THEN
            PERFORM shopanalytics._dq_wrong(format('a check of kind %s does not know a calendar', c.kind));
        END IF;
        IF NOT EXISTS (SELECT FROM shopanalytics.dq_calendar k WHERE k.tenant = c.tenant AND k.name = c.calendar) THEN
            RAISE EXCEPTION 'calendar "%" does not exist', c.calendar USING ERRCODE = 'undefined_object', HINT = 'SELECT shopanalytics.dq_calendar_set() makes one.';
        END IF;
    END IF;
    FOREACH relation_arg IN ARRAY ARRAY['table', 'reference'] LOOP
        IF c.args ? relation_arg THEN
            c.args := c.args || jsonb_build_object(relation_arg, shopanalytics._dq_relation_named(c.tenant, c.args ->> relation_arg));
        END IF;
    END LOOP;
    IF c.kind = 'schema' THEN
        SELECT string_agg(quote_ident(e.key), ', ' ORDER BY e.key) INTO wrong FROM jsonb_each(c.args -> 'columns') e
         WHERE jsonb_typeof(e.value) <> 'string' OR to_regtype(e.value #>> '{}') IS NULL;
        IF wrong IS NOT NULL THEN
            PERFORM shopanalytics._dq_wrong(format('the type of %s is not known', wrong), 'columns is an object of names and types: {"order_id": "text", "order_total": "numeric"}.');
        END IF;
        -- as format_type() writes them
        c.args := c.args || jsonb_build_object('columns', (SELECT jsonb_object_agg(e.key, shopanalytics._dq_type(e.value)) FROM jsonb_each_text(c.args -> 'columns') e));
    END IF;
    RETURN c;
END
$$;

-- Not strict, and security definer, as dq_calendar_set() is.
CREATE FUNCTION shopanalytics.dq_check_add(
    tenant text,
    name text,
    target regclass,
    kind text,
    args jsonb DEFAULT '{}',
    where_sql text DEFAULT NULL,
    nulls text DEFAULT 'ignore',
    on_empty text DEFAULT 'warn',
    warn_if numeric DEFAULT NULL,
    fail_if numeric DEFAULT NULL,
    unit text DEFAULT 'rows',
    key_columns text[] DEFAULT NULL,
    dimension text DEFAULT NULL,
    owner text DEFAULT NULL,
    calendar text DEFAULT NULL,
    suppress interval DEFAULT '1 day',
    enabled boolean DEFAULT true) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    c shopanalytics.dq_check;
    place record;
    who record;
BEGIN
    PERFORM shopanalytics._check_tenant(tenant);
    PERFORM shopanalytics._dq_check_name(name, 'check');
    place := shopanalytics._dq_relation(tenant, target);
    PERFORM shopanalytics._require_duty('dq_admin', tenant, format('%I.%I', place.schema_name, place.table_name));
    who := shopanalytics._who();
    c := ROW(0, tenant, name, place.schema_name, place.table_name, kind, args, where_sql, nulls, on_empty, warn_if, fail_if, unit, key_columns,
             dimension, owner, calendar, suppress, enabled, who.login, who.role, 1, '{}');
    c := shopanalytics._dq_complete(c);
    PERFORM shopanalytics._dq_try_check(c);

    INSERT INTO shopanalytics.dq_check AS d
        (tenant, name, target_schema, target_table, kind, args, where_sql, nulls, on_empty, warn_if, fail_if, unit, key_columns,
         dimension, owner, calendar, suppress, enabled, author_login, author_role)
    VALUES (c.tenant, c.name, c.target_schema, c.target_table, c.kind, c.args, c.where_sql, c.nulls, c.on_empty, c.warn_if, c.fail_if, c.unit, c.key_columns,
            c.dimension, c.owner, c.calendar, c.suppress, c.enabled, c.author_login, c.author_role)
        ON CONFLICT ON CONSTRAINT dq_check_name DO NOTHING
    RETURNING d.id INTO c.id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'tenant "%" has a check "%" already', tenant, name
            USING ERRCODE = 'duplicate_object', HINT = 'Change it by shopanalytics.dq_check_alter(), or take another name.';
    END IF;
    PERFORM shopanalytics._write_event(tenant, 'dq_check_added', to_jsonb(c) - ARRAY['tenant', 'author_login', 'author_role', 'attrs']);
    RETURN c.id;
END
$$;

-- Takes the changes as an object, so that null can be set.
CREATE FUNCTION shopanalytics.dq_check_alter(tenant text, name text, changes jsonb) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET intervalstyle = postgres
AS $$
DECLARE
    possible constant text[] := ARRAY['args', 'where_sql', 'nulls', 'on_empty', 'warn_if', 'fail_if', 'unit', 'key_columns', 'dimension', 'owner', 'calendar', 'suppress', 'enabled'];
    c shopanalytics.dq_check;
    before shopanalytics.dq_check;
    who record;
    wrong text;
BEGIN
    before := shopanalytics._dq_check_of(tenant, name);
    IF changes IS NULL OR jsonb_typeof(changes) <> 'object' THEN
        PERFORM shopanalytics._dq_wrong('the changes must be a JSON object', 'For example: {"fail_if": 5, "unit": "percent"}.');
    END IF;
    SELECT string_agg(quote_ident(k), ', ' ORDER BY k COLLATE "C") INTO wrong FROM jsonb_object_keys(changes) k WHERE k <> ALL (possible);
    IF wrong IS NOT NULL THEN
        PERFORM shopanalytics._dq_wrong(format('a check has no %s that could change', wrong), format('What can change is %s.', array_to_string(possible, ', ')));
    END IF;
    c := jsonb_populate_record(before, changes);
    -- what cannot be run any more can still be switched off
    IF changes - ARRAY['owner', 'enabled'] <> '{}' OR c.enabled IS NULL THEN
        c := shopanalytics._dq_complete(c);
    END IF;
    IF c IS NOT DISTINCT FROM before THEN
        RETURN false;
    END IF;
    IF (c.args, c.where_sql, c.key_columns) IS DISTINCT FROM (before.args, before.where_sql, before.key_columns) THEN
        who := shopanalytics._who();
        c.author_login := who.login;
        c.author_role := who.role;
        PERFORM shopanalytics._dq_try_check(c);
    END IF;
    IF (c.args, c.where_sql, c.nulls, c.unit) IS DISTINCT FROM (before.args, before.where_sql, before.nulls, before.unit) THEN
        c.revision := c.revision + 1;
    END IF;
    UPDATE shopanalytics.dq_check d
       SET (args, where_sql, nulls, on_empty, warn_if, fail_if, unit, key_columns, dimension, owner, calendar, suppress, enabled, author_login, author_role, revision)
         = (c.args, c.where_sql, c.nulls, c.on_empty, c.warn_if, c.fail_if, c.unit, c.key_columns, c.dimension, c.owner, c.calendar, c.suppress, c.enabled,
            c.author_login, c.author_role, c.revision)
     WHERE d.id = c.id;
    PERFORM shopanalytics._write_event(tenant, 'dq_check_altered', jsonb_build_object('name', name, 'changes', changes));
    RETURN true;
END
$$;

-- The results of a check stay.
CREATE FUNCTION shopanalytics.dq_check_remove(tenant text, name text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    c shopanalytics.dq_check := shopanalytics._dq_check_of(tenant, name);
BEGIN
    DELETE FROM shopanalytics.dq_metric m WHERE m.check_id = c.id;
    UPDATE shopanalytics.dq_alert a SET status = 'resolved', resolved_at = clock_timestamp(), person = NULL
     WHERE a.tenant = c.tenant AND a.check_name = c.name AND a.status <> 'resolved';
    DELETE FROM shopanalytics.dq_check d WHERE d.id = c.id;
    PERFORM shopanalytics._write_event(tenant, 'dq_check_removed', to_jsonb(c) - ARRAY['tenant', 'attrs']);
END
$$;

-- A check that the caller may change, locked.
CREATE FUNCTION shopanalytics._dq_check_of(tenant text, name text) RETURNS shopanalytics.dq_check
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    c shopanalytics.dq_check;
BEGIN
    PERFORM shopanalytics._check_tenant(tenant);
    IF name IS NULL THEN
        RAISE EXCEPTION 'the name of a check must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT * INTO c FROM shopanalytics.dq_check d WHERE d.tenant = _dq_check_of.tenant AND d.name = _dq_check_of.name FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM shopanalytics._require_duty('dq_admin', tenant, '*');
        RAISE EXCEPTION 'tenant "%" has no check "%"', tenant, name USING ERRCODE = 'undefined_object';
    END IF;
    PERFORM shopanalytics._require_duty('dq_admin', tenant, format('%I.%I', c.target_schema, c.target_table));
    RETURN c;
END
$$;

REVOKE ALL ON FUNCTION shopanalytics._dq_check_of(text, text) FROM PUBLIC;

COMMENT ON FUNCTION shopanalytics.dq_check_add(text, text, regclass, text, jsonb, text, text, text, numeric, numeric, text, text[], text, text, text, interval, boolean) IS 'defines a quality check of a table; returns its number';
COMMENT ON FUNCTION shopanalytics.dq_check_alter(text, text, jsonb) IS 'changes a quality check; false when it was so already';
COMMENT ON FUNCTION shopanalytics.dq_check_remove(text, text) IS 'removes a quality check; its results stay';
