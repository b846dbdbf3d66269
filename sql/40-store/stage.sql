-- Rebuilds the stage tables from the clean views, in the caller's transaction.  Rows
-- are deleted, not truncated away, so that readers see the old rows or the new ones;
-- the lock keeps two rebuilds apart, which would not see each other's new rows.
CREATE PROCEDURE shopanalytics.stage(store text)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    entity text;
    kept bigint;
    seen bigint;
BEGIN
    PERFORM shopanalytics._check_store_owner(store);
    CALL shopanalytics._lock_store(store);

    FOREACH entity IN ARRAY shopanalytics._entities() LOOP
        EXECUTE format('DELETE FROM %I.%I', store, entity || '_stage');
        EXECUTE format('WITH kept AS (INSERT INTO %1$I.%2$I SELECT * FROM %1$I.%3$I RETURNING 1)
                        SELECT (SELECT count(*) FROM kept), (SELECT count(*) FROM %1$I.%4$I)',
                       store, entity || '_stage', entity || '_clean', entity) INTO kept, seen;
        EXECUTE format('ANALYZE %I.%I', store, entity || '_stage');
        RAISE NOTICE '%: % rows, % left out', entity || '_stage', kept, seen - kept;
    END LOOP;
END
$$;

COMMENT ON PROCEDURE shopanalytics.stage(text) IS 'rebuilds the stage tables of a store from its clean views';
