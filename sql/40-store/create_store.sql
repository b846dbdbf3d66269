CREATE PROCEDURE shopanalytics.create_store(
    store text,
    timezone text DEFAULT 'UTC',
    key_type regtype DEFAULT 'text',
    cancelled_status text[] DEFAULT '{cancelled,canceled,void,voided,refunded,returned,failed,unavailable}',
    known_device text[] DEFAULT '{desktop,mobile,tablet,smart tv}')
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key text;
BEGIN
    IF store IS NULL OR store = '' OR octet_length(store) > 63 THEN
        RAISE EXCEPTION 'store name % is not valid', coalesce(quote_literal(store), 'null')
            USING ERRCODE = 'invalid_name', HINT = 'A store is a schema: its name has 1 to 63 bytes.';
    END IF;
    IF EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = store) THEN
        RAISE EXCEPTION 'schema "%" exists already', store
            USING ERRCODE = 'duplicate_schema',
                  HINT = 'Choose another name; SELECT * FROM shopanalytics.store lists the stores.';
    END IF;
    IF timezone IS NULL OR NOT EXISTS (SELECT FROM pg_timezone_names z WHERE z.name = timezone) THEN
        RAISE EXCEPTION 'time zone % is not known', coalesce(quote_literal(timezone), 'null')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'SELECT name FROM pg_timezone_names lists the time zones, such as Europe/Berlin.';
    END IF;
    IF key_type IS NULL OR key_type NOT IN ('text', 'bigint', 'integer', 'uuid') THEN
        RAISE EXCEPTION 'key type % is not supported', coalesce(key_type::text, 'null')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Use text, bigint, integer or uuid.';
    END IF;

    EXECUTE format('CREATE SCHEMA %I', store);
    EXECUTE format('COMMENT ON SCHEMA %I IS %L', store, 'store of shopanalytics');
    CALL shopanalytics._run_layer(store, 'base');
    EXECUTE format('INSERT INTO %I.store_setting (version, timezone, cancelled_status, known_device) VALUES ($1, $2, $3, $4)', store)
      USING shopanalytics._installed_version(), timezone, cancelled_status, known_device;
    FOREACH key IN ARRAY shopanalytics._keys() LOOP
        CALL shopanalytics._follow_key_type(store, NULL, key, key_type::text);
    END LOOP;
    CALL shopanalytics._run_layer(store, 'rule');
    CALL shopanalytics._build_derived(store);
    CALL shopanalytics._run_ddl(store, 'CREATE TRIGGER rebuild_checked_views AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON clean_rule
        FOR EACH STATEMENT EXECUTE FUNCTION shopanalytics._clean_rule_changed()');
END
$$;

CREATE FUNCTION shopanalytics._installed_version() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT e.extversion FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'shopanalytics';
END;

-- The user's rows are checked against the shipped rules again; a rule that the
-- user switched off, or gave another severity or impact, keeps that.
CREATE PROCEDURE shopanalytics.upgrade_store(store text)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    part record;
    installed text := shopanalytics._installed_version();
    built_by text;
BEGIN
    PERFORM shopanalytics._check_store(store);
    CALL shopanalytics._lock_store(store);
    EXECUTE format('SELECT version FROM %I.store_setting', store) INTO built_by;
    IF built_by = installed THEN
        RAISE NOTICE 'store "%" is at version % already', store, installed;
        RETURN;
    END IF;

    CALL shopanalytics._drop_derived(store);
    FOR part IN SELECT p.name, p.ddl FROM shopanalytics.store_part p WHERE p.layer = 'base' ORDER BY p.position LOOP
        IF to_regclass(format('%I.%I', store, part.name)) IS NULL THEN
            CALL shopanalytics._run_ddl(store, part.ddl);
            CALL shopanalytics._note_object(store, part.name, 'base');
        END IF;
    END LOOP;
    EXECUTE format('ALTER TABLE %I.clean_rule DISABLE TRIGGER rebuild_checked_views', store);
    CALL shopanalytics._run_layer(store, 'rule');
    EXECUTE format('ALTER TABLE %I.clean_rule ENABLE TRIGGER rebuild_checked_views', store);
    CALL shopanalytics._build_derived(store);
    EXECUTE format('UPDATE %I.store_setting SET version = %L', store, installed);
    RAISE NOTICE 'store "%" is now at version %; CALL shopanalytics.stage(%) fills its stage tables', store, installed, quote_literal(store);
END
$$;

CREATE PROCEDURE shopanalytics.drop_store(store text, cascade boolean DEFAULT false)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text;
    names text[];
    details text;
BEGIN
    PERFORM shopanalytics._check_store(store);
    IF cascade THEN
        EXECUTE format('DROP SCHEMA %I CASCADE', store);
        RETURN;
    END IF;

    CALL shopanalytics._drop_derived(store);
    -- store_object cannot be dropped while a query reads it
    EXECUTE format('SELECT array_agg(name ORDER BY position DESC) FROM %I.store_object', store) INTO names;
    FOREACH name IN ARRAY names LOOP
        EXECUTE format('DROP %s %I.%I',
            CASE WHEN (SELECT relkind FROM pg_class WHERE oid = format('%I.%I', store, name)::regclass) = 'v' THEN 'VIEW' ELSE 'TABLE' END,
            store, name);
    END LOOP;
    EXECUTE format('DROP TABLE %I.store_setting', store);
    EXECUTE format('DROP SCHEMA %I', store);
EXCEPTION WHEN dependent_objects_still_exist THEN
    GET STACKED DIAGNOSTICS details = PG_EXCEPTION_DETAIL;
    RAISE EXCEPTION 'cannot drop store "%" because it holds, or is used by, objects of others', store
        USING ERRCODE = 'dependent_objects_still_exist', DETAIL = details,
              HINT = format('Drop those objects first, or CALL shopanalytics.drop_store(%L, cascade => true) to drop them too.', store);
END
$$;

COMMENT ON PROCEDURE shopanalytics.create_store(text, text, regtype, text[], text[]) IS 'makes a store: a schema with base tables, clean rules, clean views and daily KPIs';
COMMENT ON PROCEDURE shopanalytics.upgrade_store(text) IS 'brings a store up to the installed version of shopanalytics; base data and the user''s rules stay';
COMMENT ON PROCEDURE shopanalytics.drop_store(text, boolean) IS 'drops a store with its data; with cascade also what others built on it';
