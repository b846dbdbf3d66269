-- How a store is built from its parts.  None of this is for users.

-- Runs DDL with the store's schema as search_path.  Only DDL: pg_catalog is
-- searched first, but nothing else may run while the schema is visible.
CREATE PROCEDURE shopanalytics._run_ddl(store text, ddl text)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET standard_conforming_strings = on
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
DECLARE
    kind text := shopanalytics._kind(store, name);
BEGIN
    -- store_setting is made before store_object can hold it; drop_store knows of both.
    IF kind IS NOT NULL AND shopanalytics._kind(store, 'store_object') IS NOT NULL THEN
        EXECUTE format('INSERT INTO %I.store_object (name, kind, layer) VALUES (%L, %L, %L)
                        ON CONFLICT (name) DO UPDATE SET kind = excluded.kind', store, name, kind, layer);
    END IF;
END
$$;

-- TABLE or VIEW; another kind of relation by its letter; null when there is none.
CREATE FUNCTION shopanalytics._kind(store text, name text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN c.relkind OPERATOR(pg_catalog.=) 'r' THEN 'TABLE'
                WHEN c.relkind OPERATOR(pg_catalog.=) 'v' THEN 'VIEW' ELSE c.relkind::text END
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
     WHERE n.nspname OPERATOR(pg_catalog.=) store::name AND c.relname OPERATOR(pg_catalog.=) name::name;
END;

-- Drops what shopanalytics made, if it is still there and still that.  Without
-- CASCADE: what a user built on top must not go unasked.
CREATE PROCEDURE shopanalytics._drop_object(store text, name text, kind text)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found text := shopanalytics._kind(store, name);
    details text;
BEGIN
    IF found <> kind THEN
        RAISE EXCEPTION '"%" of store "%" is not what shopanalytics made', name, store
            USING ERRCODE = 'dependent_objects_still_exist',
                  HINT = 'Move it to another schema, or drop it.';
    END IF;
    IF found = 'VIEW' THEN
        EXECUTE format('DROP VIEW %I.%I', store, name);
    ELSIF found = 'TABLE' THEN
        EXECUTE format('DROP TABLE %I.%I', store, name);
    END IF;
EXCEPTION WHEN dependent_objects_still_exist THEN
    GET STACKED DIAGNOSTICS details = PG_EXCEPTION_DETAIL;
    IF details = '' THEN
        RAISE;
    END IF;
    RAISE EXCEPTION 'cannot drop "%" of store "%" because other objects depend on it', name, store
        USING ERRCODE = 'dependent_objects_still_exist', DETAIL = details,
              HINT = 'Drop those objects first; after a mapping or an upgrade they can be made again.';
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
    fixes text;
    outputs text := '';
BEGIN
    FOR rule IN EXECUTE format('SELECT name, issue, action, severity FROM %I.clean_rule
                                 WHERE entity = %L AND enabled ORDER BY position, name', store, entity) LOOP
        verdicts := verdicts || format(E',\n       (%s\n) IS TRUE AS %I', rule.issue, 'rule_' || rule.name);
        names := names || format(E'\n           CASE WHEN r.%I THEN %L END,', 'rule_' || rule.name, rule.name);
        IF rule.severity = 'error' THEN
            flagged := flagged || format(' OR r.%I', 'rule_' || rule.name);
        END IF;
        IF rule.action = 'exclude' THEN
            excluded := excluded || format(' OR r.%I', 'rule_' || rule.name);
        END IF;
    END LOOP;

    FOR source_column IN
        SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) ||
               CASE WHEN a.attcollation <> t.typcollation
                    THEN (SELECT format(' COLLATE %I.%I', n.nspname, o.collname)
                            FROM pg_collation o JOIN pg_namespace n ON n.oid = o.collnamespace WHERE o.oid = a.attcollation)
                    ELSE '' END AS type
          FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
         WHERE a.attrelid = format('%I.%I', store, entity || '_source')::regclass AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY a.attnum
    LOOP
        fixes := '';
        FOR rule IN EXECUTE format('SELECT name, fix FROM %I.clean_rule
                                     WHERE entity = %L AND enabled AND action = ''fix'' AND column_name = %L ORDER BY position, name',
                                   store, entity, source_column.name) LOOP
            fixes := fixes || format(E' WHEN r.%I THEN (%s\n)::%s', 'rule_' || rule.name, rule.fix, source_column.type);
        END LOOP;
        outputs := outputs || CASE fixes WHEN '' THEN format(E'       r.%I,\n', source_column.name)
                                   ELSE format(E'       CASE%s ELSE r.%I END AS %I,\n', fixes, source_column.name, source_column.name) END;
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

-- Names in a rule are looked up, and literals read, as they will be in the view.
CREATE PROCEDURE shopanalytics._check_rule_expression(store text, expression text, source regclass, wanted regtype)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET standard_conforming_strings = on
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

-- Everything above the base tables, and the trigger that keeps it up to the rules.
CREATE PROCEDURE shopanalytics._build_derived(store text)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    CALL shopanalytics._run_layer(store, 'source');
    CALL shopanalytics._build_checked_views(store);
    CALL shopanalytics._run_layer(store, 'derived');
    CALL shopanalytics._run_ddl(store, 'CREATE OR REPLACE TRIGGER rebuild_checked_views AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON clean_rule
        FOR EACH STATEMENT EXECUTE FUNCTION shopanalytics._clean_rule_changed()');
END
$$;

CREATE PROCEDURE shopanalytics._drop_derived(store text)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    object record;
BEGIN
    FOR object IN EXECUTE format('SELECT name, kind FROM %I.store_object WHERE layer IN (''source'', ''derived'') ORDER BY position DESC', store) LOOP
        CALL shopanalytics._drop_object(store, object.name, object.kind);
    END LOOP;
    EXECUTE format('DELETE FROM %I.store_object WHERE layer IN (''source'', ''derived'')', store);
END
$$;

-- What others were granted on the tables and views of a store; it is granted again
-- after they were made anew.
CREATE FUNCTION shopanalytics._grants(store text) RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN ARRAY(SELECT format('GRANT %s ON %I.%I TO %s%s', x.privilege_type, store, c.relname,
                               CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
                               CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
                   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) x
                  WHERE n.nspname = store AND c.relkind IN ('r', 'v') AND x.grantee <> c.relowner AND x.grantor = c.relowner
                  ORDER BY c.relname, x.grantee, x.privilege_type);
END
$$;

CREATE PROCEDURE shopanalytics._grant_again(grants text[])
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    statement text;
BEGIN
    FOREACH statement IN ARRAY grants LOOP
        BEGIN
            EXECUTE statement;
        EXCEPTION WHEN undefined_table THEN
            -- a view that the new version no longer has
            NULL;
        END;
    END LOOP;
END
$$;

-- A change of the rules takes effect at once, or fails with the rule's name.
CREATE FUNCTION shopanalytics._clean_rule_changed() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM shopanalytics._check_store_owner(TG_TABLE_SCHEMA);
    CALL shopanalytics._lock_store(TG_TABLE_SCHEMA);
    CALL shopanalytics._build_checked_views(TG_TABLE_SCHEMA);
    RETURN NULL;
END
$$;
