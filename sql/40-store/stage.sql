-- Rebuilds the stage tables from the clean views, in the caller's transaction:
-- readers see the old rows or the new ones.
CREATE PROCEDURE shopanalytics.stage(store text)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    entity text;
    kept bigint;
    seen bigint;
BEGIN
    PERFORM shopanalytics._check_store(store);

    FOREACH entity IN ARRAY shopanalytics._entities() LOOP
        EXECUTE format('TRUNCATE %I.%I', store, entity || '_stage');
        EXECUTE format('INSERT INTO %I.%I SELECT * FROM %I.%I', store, entity || '_stage', store, entity || '_clean');
        GET DIAGNOSTICS kept = ROW_COUNT;
        EXECUTE format('SELECT count(*) FROM %I.%I', store, entity) INTO seen;
        EXECUTE format('ANALYZE %I.%I', store, entity || '_stage');
        RAISE NOTICE '%: % rows, % left out', entity || '_stage', kept, seen - kept;
    END LOOP;
END
$$;

COMMENT ON PROCEDURE shopanalytics.stage(text) IS 'rebuilds the stage tables of a store from its clean views';
