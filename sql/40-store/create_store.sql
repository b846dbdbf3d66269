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
    -- search_path reads $user as somebody's name
    IF store IS NULL OR store IN ('', '$user') OR octet_length(store) > 63 THEN
        RAISE EXCEPTION 'store name % is not valid', coalesce(quote_literal(store), 'null')
            USING ERRCODE = 'invalid_name', HINT = 'A store is a schema: its name has 1 to 63 bytes, and is not $user.';
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
    IF cancelled_status IS NULL OR known_device IS NULL OR array_position(cancelled_status || known_device, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'cancelled_status and known_device must not be null or hold nulls' USING ERRCODE = 'null_value_not_allowed';
    END IF;

    EXECUTE format('CREATE SCHEMA %I', store);
    EXECUTE format('COMMENT ON SCHEMA %I IS %L', store, 'store of shopanalytics');
    CALL shopanalytics._run_layer(store, 'base');
    EXECUTE format('INSERT INTO %I.store_setting (version, timezone, cancelled_status, known_device) VALUES ($1, $2, $3, $4)', store)
      USING shopanalytics._installed_version(), timezone, ARRAY(SELECT lower(s) FROM unnest(cancelled_status) s), ARRAY(SELECT lower(d) FROM unnest(known_device) d);
    FOREACH key IN ARRAY shopanalytics._keys() LOOP
        CALL shopanalytics._follow_key_type(store, NULL, key, key_type::text);
    END LOOP;
    CALL shopanalytics._run_layer(store, 'rule');
    CALL shopanalytics._build_derived(store);
END
$$;

CREATE FUNCTION shopanalytics._installed_version() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT e.extversion FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'shopanalytics';
END;

-- The layers above the base are made anew from the installed parts; so is what has
-- been lost of the base.
CREATE PROCEDURE shopanalytics.upgrade_store(store text, rebuild boolean DEFAULT false)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    part record;
    installed text := shopanalytics._installed_version();
    built_by text;
    grants text[];
BEGIN
    PERFORM shopanalytics._check_store_owner(store);
    EXECUTE format('SELECT version FROM %I.store_setting', store) INTO built_by;
    IF built_by = installed AND rebuild IS NOT TRUE THEN
        RAISE NOTICE 'store "%" is at version % already; rebuild => true makes its views and stage tables anew all the same', store, installed;
        RETURN;
    END IF;

    CALL shopanalytics._lock_store(store);
    grants := shopanalytics._grants(store);
    CALL shopanalytics._drop_derived(store);
    FOR part IN SELECT p.name, p.ddl FROM shopanalytics.store_part p WHERE p.layer = 'base' ORDER BY p.position LOOP
        IF shopanalytics._kind(store, part.name) IS NULL THEN
            CALL shopanalytics._run_ddl(store, part.ddl);
            CALL shopanalytics._note_object(store, part.name, 'base');
        END IF;
    END LOOP;
    -- the rules come before the views that they are about
    CALL shopanalytics._run_ddl(store, 'DROP TRIGGER IF EXISTS rebuild_checked_views ON clean_rule');
    CALL shopanalytics._run_layer(store, 'rule');
    CALL shopanalytics._build_derived(store);
    CALL shopanalytics._grant_again(grants);
    EXECUTE format('UPDATE %I.store_setting SET version = %L', store, installed);
    RAISE NOTICE 'store "%" is now at version %; CALL shopanalytics.stage(%) fills its stage tables', store, installed, quote_literal(store);
END
$$;

CREATE PROCEDURE shopanalytics.drop_store(store text, cascade boolean DEFAULT false)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    names text[];
    kinds text[];
    message text;
    details text;
BEGIN
    PERFORM shopanalytics._check_store_owner(store);
    IF cascade THEN
        EXECUTE format('DROP SCHEMA %I CASCADE', store);
        RETURN;
    END IF;

    CALL shopanalytics._drop_derived(store);
    -- store_object cannot be dropped while a query reads it
    EXECUTE format('SELECT coalesce(array_agg(name ORDER BY position DESC), ''{}''), array_agg(kind ORDER BY position DESC) FROM %I.store_object', store)
       INTO names, kinds;
    FOR i IN 1 .. cardinality(names) LOOP
        CALL shopanalytics._drop_object(store, names[i], kinds[i]);
    END LOOP;
    CALL shopanalytics._drop_object(store, 'store_setting', 'TABLE');
    EXECUTE format('DROP SCHEMA %I', store);
EXCEPTION WHEN dependent_objects_still_exist THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, details = PG_EXCEPTION_DETAIL;
    RAISE EXCEPTION 'cannot drop store "%" because it holds, or is used by, objects of others', store
        USING ERRCODE = 'dependent_objects_still_exist', DETAIL = coalesce(nullif(details, ''), message),
              HINT = format('Drop those objects first, or CALL shopanalytics.drop_store(%L, cascade => true) to drop them too.', store);
END
$$;

COMMENT ON PROCEDURE shopanalytics.create_store(text, text, regtype, text[], text[]) IS 'makes a store: a schema with base tables, clean rules, clean views and daily KPIs';
COMMENT ON PROCEDURE shopanalytics.upgrade_store(text, boolean) IS 'brings a store up to the installed version of shopanalytics; base data and the user''s rules stay';
COMMENT ON PROCEDURE shopanalytics.drop_store(text, boolean) IS 'drops a store with its data; with cascade also what others built on it';
