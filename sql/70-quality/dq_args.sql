-- The arguments of checks, checked when the check is defined.  What names a column or
-- holds SQL is tried out besides; see dq_check_add.sql.

-- Volatile, so that the planner does not raise it.
CREATE FUNCTION shopanalytics._dq_wrong(message text, hint text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF hint IS NULL THEN
        RAISE EXCEPTION '%', message USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RAISE EXCEPTION '%', message USING ERRCODE = 'invalid_parameter_value', HINT = hint;
END
$$;

-- Not strict: a null is an error.
CREATE FUNCTION shopanalytics._dq_check_args(kind text, args jsonb) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    known record;
    arg record;
    wanted text;
    names text;
BEGIN
    SELECT * INTO known FROM shopanalytics._dq_kinds() k WHERE k.kind = _dq_check_args.kind;
    IF NOT FOUND THEN
        PERFORM shopanalytics._dq_wrong(format('kind %s of check is not known', coalesce(quote_literal(left(kind, 100)), 'null')),
            'The kinds are ' || (SELECT string_agg(k.kind, ', ' ORDER BY k.kind) FROM shopanalytics._dq_kinds() k) || '.');
    END IF;
    IF args IS NULL OR jsonb_typeof(args) <> 'object' THEN
        PERFORM shopanalytics._dq_wrong('the arguments of a check must be a JSON object', 'For example: {"column": "order_total"}.');
    END IF;
    SELECT string_agg(quote_ident(a), ', ' ORDER BY a COLLATE "C") INTO names
      FROM jsonb_object_keys(args) a WHERE a <> ALL (known.needed || known.possible);
    IF names IS NOT NULL THEN
        PERFORM shopanalytics._dq_wrong(format('a check of kind %s does not know %s', kind, names),
            CASE WHEN known.needed || known.possible = '{}' THEN 'It has no arguments.'
                 ELSE format('Its arguments are %s.', array_to_string(known.needed || known.possible, ', ')) END);
    END IF;
    SELECT string_agg(a, ', ' ORDER BY a COLLATE "C") INTO names FROM unnest(known.needed) a WHERE NOT args ? a;
    IF names IS NOT NULL THEN
        PERFORM shopanalytics._dq_wrong(format('a check of kind %s needs %s', kind, names));
    END IF;

    FOR arg IN SELECT a.key AS name, a.value, jsonb_typeof(a.value) AS type FROM jsonb_each(args) a ORDER BY a.key COLLATE "C" LOOP
        wanted := CASE WHEN arg.name IN ('quantile', 'sensitivity', 'warn_sensitivity', 'min_points', 'points', 'min_delta', 'bins', 'alpha',
                                         'tolerance', 'tolerance_percent') THEN 'number'
                       WHEN arg.name = 'fail_on_zero' THEN 'boolean'
                       WHEN arg.name = 'measures' OR arg.name = 'columns' AND kind = 'schema' THEN 'object'
                       WHEN arg.name IN ('columns', 'to', 'by', 'values') THEN 'array'
                       ELSE 'string' END;
        IF arg.type <> wanted THEN
            PERFORM shopanalytics._dq_wrong(format('%s must be %s %s, not %s', arg.name, CASE wanted WHEN 'array' THEN 'an' WHEN 'object' THEN 'an' ELSE 'a' END,
                                                   wanted, arg.value));
        END IF;
        IF arg.name IN ('columns', 'to', 'by') AND wanted = 'array'
           AND (arg.value = '[]' OR EXISTS (SELECT FROM jsonb_array_elements(arg.value) e WHERE jsonb_typeof(e) <> 'string')) THEN
            PERFORM shopanalytics._dq_wrong(format('%s must be names of columns, not %s', arg.name, arg.value));
        END IF;
        IF arg.name = 'values' AND EXISTS (SELECT FROM jsonb_array_elements(arg.value) e WHERE jsonb_typeof(e) IN ('array', 'object')) THEN
            PERFORM shopanalytics._dq_wrong('values must be texts, numbers and booleans');
        END IF;
    END LOOP;

    IF args ? 'column' AND args ?| ARRAY['columns', 'expression'] OR (kind IN ('unique', 'reference') OR kind = 'aggregate' AND args ->> 'function' <> 'count')
       AND NOT args ?| ARRAY['column', 'columns', 'expression'] THEN
        PERFORM shopanalytics._dq_wrong(format('a check of kind %s needs one of column, %s', kind, CASE kind WHEN 'aggregate' THEN 'expression' ELSE 'columns' END));
    END IF;
    IF kind IN ('row_count', 'aggregate') AND NOT args ?| ARRAY['range', 'warn_range'] THEN
        PERFORM shopanalytics._dq_wrong(format('a check of kind %s needs range, warn_range or both', kind), 'A range is written as in PostgreSQL: [1,) is 1 or more.');
    END IF;
    IF kind = 'freshness' AND NOT args ?| ARRAY['max_age', 'warn_age'] THEN
        PERFORM shopanalytics._dq_wrong('a check of kind freshness needs max_age, warn_age or both', 'For example: {"column": "order_date", "max_age": "2 hours"}.');
    END IF;
    IF kind = 'distribution' AND NOT args ?| ARRAY['reference', 'baseline_where'] THEN
        PERFORM shopanalytics._dq_wrong('a check of kind distribution needs reference, baseline_where or both',
            'They say which rows the distribution is compared with: those of another table, or those that meet a condition.');
    END IF;
    PERFORM shopanalytics._dq_check_values(kind, args);
END
$$;

-- Values that are wrong whatever the table is.
CREATE FUNCTION shopanalytics._dq_check_values(kind text, args jsonb) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    arg record;
    ranges numrange;
    age interval;
BEGIN
    FOR arg IN SELECT a.key AS name, a.value #>> '{}' AS text FROM jsonb_each(args) a WHERE jsonb_typeof(a.value) IN ('string', 'number') ORDER BY a.key COLLATE "C" LOOP
        IF arg.name IN ('range', 'warn_range') AND kind <> 'range' THEN
            -- B23
            BEGIN
                ranges := arg.text::numrange;
            EXCEPTION WHEN data_exception OR syntax_error THEN
                PERFORM shopanalytics._dq_wrong(format('%s is not a range of numbers: %s', arg.name, quote_literal(left(arg.text, 100))),
                    'A range is written as in PostgreSQL: [0,10) is 0 or more and less than 10.');
            END;
            IF isempty(ranges) THEN
                PERFORM shopanalytics._dq_wrong(format('nothing can be in %s %s', arg.name, quote_literal(left(arg.text, 100))));
            END IF;
        ELSIF arg.name IN ('max_age', 'warn_age') THEN
            age := arg.text::interval;
            IF age <= '0' THEN
                PERFORM shopanalytics._dq_wrong(format('%s must be more than nothing, not %s', arg.name, quote_literal(left(arg.text, 100))));
            END IF;
        ELSIF arg.name = 'timezone' AND NOT EXISTS (SELECT FROM pg_timezone_names z WHERE z.name = arg.text) THEN
            PERFORM shopanalytics._dq_wrong(format('time zone %s is not known', quote_literal(left(arg.text, 100))),
                'SELECT name FROM pg_timezone_names lists the time zones, such as Europe/Berlin.');
        ELSIF arg.name = 'quantile' AND arg.text::numeric NOT BETWEEN 0 AND 1 OR arg.name = 'alpha' AND (arg.text::numeric <= 0 OR arg.text::numeric >= 1) THEN
            PERFORM shopanalytics._dq_wrong(format('%s must be between 0 and 1, not %s', arg.name, arg.text));
        ELSIF arg.name IN ('sensitivity', 'warn_sensitivity', 'min_delta', 'tolerance', 'tolerance_percent') AND arg.text::numeric < 0 THEN
            PERFORM shopanalytics._dq_wrong(format('%s must not be negative, as %s is', arg.name, arg.text));
        ELSIF arg.name IN ('min_points', 'points', 'bins') AND (arg.text::numeric NOT BETWEEN 2 AND 1000 OR arg.text::numeric <> trunc(arg.text::numeric)) THEN
            PERFORM shopanalytics._dq_wrong(format('%s must be a whole number from 2 to 1000, not %s', arg.name, arg.text));
        ELSIF arg.name = 'direction' AND arg.text NOT IN ('both', 'drop', 'spike') THEN
            PERFORM shopanalytics._dq_wrong(format('direction must be both, drop or spike, not %s', quote_literal(left(arg.text, 100))));
        ELSIF arg.name = 'extra' AND arg.text NOT IN ('allow', 'fail') THEN
            PERFORM shopanalytics._dq_wrong(format('extra must be allow or fail, not %s', quote_literal(left(arg.text, 100))));
        ELSIF arg.name = 'method' AND arg.text NOT IN ('psi', 'ks') THEN
            PERFORM shopanalytics._dq_wrong(format('method must be psi or ks, not %s', quote_literal(left(arg.text, 100))));
        ELSIF arg.name = 'function' THEN
            PERFORM shopanalytics._dq_aggregate(arg.text, 'x', '', 0.5);
        END IF;
    END LOOP;
    IF kind = 'aggregate' AND (args ->> 'function' = 'quantile') <> (args ? 'quantile') THEN
        PERFORM shopanalytics._dq_wrong('the function quantile needs a quantile, and no other has one', 'For example: {"function": "quantile", "quantile": 0.95, ...}.');
    END IF;
    IF kind = 'volume' AND coalesce((args ->> 'min_points')::numeric, 7) > coalesce((args ->> 'points')::numeric, 30) THEN
        PERFORM shopanalytics._dq_wrong('min_points must not be more than points');
    END IF;
END
$$;

-- A relation that an argument names, as schema and table.  That of another store is
-- another tenant's.
CREATE FUNCTION shopanalytics._dq_relation(tenant text, relation regclass, OUT schema_name text, OUT table_name text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_kind "char";
    schema_oid oid;
BEGIN
    SELECT n.nspname, c.relname, c.relkind, n.oid INTO schema_name, table_name, found_kind, schema_oid
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'relation % does not exist', coalesce(relation::text, 'null') USING ERRCODE = 'undefined_table';
    END IF;
    IF found_kind NOT IN ('r', 'p', 'v', 'm', 'f') THEN
        RAISE EXCEPTION '"%" has no rows to check', relation
            USING ERRCODE = 'wrong_object_type',
                  HINT = 'Name a table, a partitioned table, a view, a materialized view or a foreign table.';
    END IF;
    IF schema_name <> tenant AND shopanalytics._is_store(schema_oid) THEN
        RAISE EXCEPTION 'table %.% belongs to store "%" and not to tenant "%"', quote_ident(schema_name), quote_ident(table_name), schema_name, tenant
            USING ERRCODE = 'SA011', HINT = 'A check looks at tables of its own tenant.';
    END IF;
END
$$;

CREATE FUNCTION shopanalytics._dq_relation_named(tenant text, relation text) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place text;
    found record;
BEGIN
    BEGIN
        place := shopanalytics._scope(nullif(relation, '*'));
    EXCEPTION WHEN invalid_parameter_value OR null_value_not_allowed THEN
        PERFORM shopanalytics._dq_wrong(format('%s is not the name of a table', quote_literal(left(relation, 100))), 'Write it with its schema, such as demo.orders.');
    END;
    IF to_regclass(place) IS NULL THEN
        RAISE EXCEPTION 'table % does not exist', place USING ERRCODE = 'undefined_table', HINT = 'Write it with its schema, such as demo.orders.';
    END IF;
    SELECT * INTO found FROM shopanalytics._dq_relation(tenant, to_regclass(place));
    RETURN format('%I.%I', found.schema_name, found.table_name);
END
$$;

-- A type as the catalog shows it; with a length it must be written so already.
CREATE FUNCTION shopanalytics._dq_type(name text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN name LIKE '%(%' THEN name ELSE format_type(to_regtype(name), NULL) END;
