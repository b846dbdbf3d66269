-- How a store is built from its parts.  None of this is for users.

-- Runs DDL with the store's schema as search_path.  Only DDL: pg_catalog is
-- searched first, but nothing else may run while somebody's schema is visible.
CREATE PROCEDURE shopanalytics._run_ddl(store text, ddl text)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM set_config('search_path', format('%I, pg_temp', store), true);
    EXECUTE ddl;
END
$$;

-- Two sessions that rebuild the views of a store do so one after the other, and the
-- second sees what the first changed; an update, because under REPEATABLE READ a
-- mere row lock would let it go on with the old rules.
CREATE PROCEDURE shopanalytics._lock_store(store text)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('UPDATE %I.store_setting SET revision = revision + 1', store);
END
$$;

-- Runs the parts of a layer and notes which tables and views they made.
CREATE PROCEDURE shopanalytics._run_layer(store text, layer text)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    part record;
BEGIN
    FOR part IN SELECT p.name, p.ddl FROM shopanalytics.store_part p WHERE p.layer = _run_layer.layer ORDER BY p.position LOOP
        CALL shopanalytics._run_ddl(store, part.ddl);
        CALL shopanalytics._note_object(store, part.name, layer);
    END LOOP;
END
$$;

-- A part has the name of the table or view that it makes, if it makes one.
CREATE PROCEDURE shopanalytics._note_object(store text, name text, layer text)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- store_setting is made before store_object can hold it; drop_store knows of both.
    IF to_regclass(format('%I.store_object', store)) IS NOT NULL AND to_regclass(format('%I.%I', store, name)) IS NOT NULL THEN
        EXECUTE format('INSERT INTO %I.store_object (name, layer) VALUES (%L, %L) ON CONFLICT DO NOTHING', store, name, layer);
    END IF;
END
$$;

-- The text of <entity>_checked: every row of <entity>_source with the fixes of the
-- enabled rules applied and the names of the issues beside it.
CREATE FUNCTION shopanalytics._checked_view(store text, entity text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rule record;
    source_column record;
    verdicts text := '';
    names text := '';
    flagged text := 'false';
    excluded text := 'false';
    fixes jsonb := '{}';
    outputs text := '';
BEGIN
    FOR rule IN EXECUTE format('SELECT name, issue, column_name, fix, action, severity FROM %I.clean_rule
                                 WHERE entity = %L AND enabled ORDER BY position, name', store, entity) LOOP
        verdicts := verdicts || format(E',\n       (%s\n) IS TRUE AS %I', rule.issue, 'rule_' || rule.name);
        names := names || format(E'\n           CASE WHEN r.%I THEN %L END,', 'rule_' || rule.name, rule.name);
        IF rule.severity = 'error' THEN
            flagged := flagged || format(' OR r.%I', 'rule_' || rule.name);
        END IF;
        IF rule.action = 'exclude' THEN
            excluded := excluded || format(' OR r.%I', 'rule_' || rule.name);
        END IF;
        IF rule.action = 'fix' THEN
            fixes := jsonb_set(fixes, ARRAY[rule.column_name],
                to_jsonb(coalesce(fixes ->> rule.column_name, '') || format(E' WHEN r.%I THEN (%s\n)::', 'rule_' || rule.name, rule.fix) || '%s'));
        END IF;
    END LOOP;

    FOR source_column IN
        SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
               CASE WHEN a.attcollation <> t.typcollation
                    THEN (SELECT format(' COLLATE %I.%I', n.nspname, o.collname)
                            FROM pg_collation o JOIN pg_namespace n ON n.oid = o.collnamespace WHERE o.oid = a.attcollation)
                    ELSE '' END AS collation
          FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
         WHERE a.attrelid = format('%I.%I', store, entity || '_source')::regclass AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY a.attnum
    LOOP
        IF fixes ? source_column.name THEN
            outputs := outputs || format(E'       CASE%s ELSE r.%I END AS %I,\n',
                replace(fixes ->> source_column.name, '%s', source_column.type || source_column.collation),
                source_column.name, source_column.name);
        ELSE
            outputs := outputs || format(E'       r.%I,\n', source_column.name);
        END IF;
    END LOOP;

    RETURN format(E'CREATE OR REPLACE VIEW %I WITH (security_invoker = true) AS\n'
                  'SELECT\n%s'
                  '       array_remove(ARRAY[%s NULL]::text[], NULL) AS issues,\n'
                  '       %s AS is_flagged,\n'
                  '       %s AS is_excluded\n'
                  '  FROM (SELECT r.*%s\n'
                  '          FROM %I r) r',
                  entity || '_checked', outputs, names, flagged, excluded, verdicts, entity || '_source');
END
$$;

-- Raises an error that names the rule unless its expressions hold for its entity.
CREATE PROCEDURE shopanalytics._check_rules(store text)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rule record;
    source regclass;
    fixed_type regtype;
    state text;
    message text;
    advice text;
BEGIN
    FOR rule IN EXECUTE format('SELECT entity, name, issue, column_name, fix FROM %I.clean_rule WHERE enabled ORDER BY entity, position, name', store) LOOP
        source := format('%I.%I', store, rule.entity || '_source')::regclass;
        BEGIN
            fixed_type := NULL;
            IF rule.column_name IS NOT NULL THEN
                SELECT a.atttypid INTO fixed_type FROM pg_attribute a
                 WHERE a.attrelid = source AND a.attname = rule.column_name AND a.attnum > 0 AND NOT a.attisdropped;
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'column "%" of % does not exist', rule.column_name, rule.entity USING ERRCODE = 'undefined_column';
                END IF;
            END IF;
            CALL shopanalytics._check_rule_expression(store, rule.issue, source, 'boolean');
            IF rule.fix IS NOT NULL THEN
                CALL shopanalytics._check_rule_expression(store, rule.fix, source, fixed_type);
            END IF;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
            RAISE EXCEPTION 'clean rule "%" of %: %', rule.name, rule.entity, message
                USING ERRCODE = state, HINT = coalesce(nullif(advice, ''), 'Its expressions are over the columns of ' || rule.entity || '_source.');
        END;
    END LOOP;
END
$$;

-- Names in a rule are looked up as they will be in the view.
CREATE PROCEDURE shopanalytics._check_rule_expression(store text, expression text, source regclass, wanted regtype)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM set_config('search_path', format('%I, pg_temp', store), true);
    PERFORM shopanalytics._check_expression(expression, source, wanted);
END
$$;

CREATE PROCEDURE shopanalytics._build_checked_views(store text)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    entity text;
BEGIN
    CALL shopanalytics._check_rules(store);
    FOREACH entity IN ARRAY shopanalytics._entities() LOOP
        CALL shopanalytics._run_ddl(store, shopanalytics._checked_view(store, entity));
        CALL shopanalytics._run_ddl(store, format('COMMENT ON VIEW %I IS %L', entity || '_checked',
            entity || ' with the fixes of the clean rules and the issues of each row'));
        CALL shopanalytics._note_object(store, entity || '_checked', 'derived');
    END LOOP;
END
$$;

-- Everything above the base tables.
CREATE PROCEDURE shopanalytics._build_derived(store text)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    CALL shopanalytics._run_layer(store, 'source');
    CALL shopanalytics._build_checked_views(store);
    CALL shopanalytics._run_layer(store, 'derived');
END
$$;

-- Without CASCADE: what a user built on top must not go unasked.
CREATE PROCEDURE shopanalytics._drop_derived(store text)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    object record;
    details text;
BEGIN
    FOR object IN
        EXECUTE format('SELECT s.name, CASE c.relkind WHEN ''v'' THEN ''VIEW'' ELSE ''TABLE'' END AS kind
                          FROM %1$I.store_object s JOIN pg_class c ON c.oid = to_regclass(format(''%%I.%%I'', %1$L, s.name))
                         WHERE s.layer IN (''source'', ''derived'') ORDER BY s.position DESC', store)
    LOOP
        BEGIN
            EXECUTE format('DROP %s %I.%I', object.kind, store, object.name);
        EXCEPTION WHEN dependent_objects_still_exist THEN
            GET STACKED DIAGNOSTICS details = PG_EXCEPTION_DETAIL;
            RAISE EXCEPTION 'cannot rebuild "%" of store "%" because other objects depend on it', object.name, store
                USING ERRCODE = 'dependent_objects_still_exist', DETAIL = details,
                      HINT = 'Drop those objects first and make them again afterwards.';
        END;
    END LOOP;
    EXECUTE format('DELETE FROM %I.store_object WHERE layer IN (''source'', ''derived'')', store);
END
$$;

-- A change of the rules takes effect at once, or fails with the rule's name.
CREATE FUNCTION shopanalytics._clean_rule_changed() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    CALL shopanalytics._lock_store(TG_TABLE_SCHEMA);
    CALL shopanalytics._build_checked_views(TG_TABLE_SCHEMA);
    RETURN NULL;
END
$$;
