-- A store is an ordinary schema that carries a table store_setting; no registry
-- of our own could go stale when a schema is dropped, renamed or restored.

-- Raises an error unless the schema is a store.
CREATE FUNCTION shopanalytics._check_store(store text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF store IS NULL THEN
        RAISE EXCEPTION 'the store must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE n.nspname = store AND c.relname = 'store_setting' AND c.relkind = 'r') THEN
        RAISE EXCEPTION 'store "%" does not exist', store
            USING ERRCODE = 'invalid_schema_name',
                  HINT = format('SELECT * FROM shopanalytics.store lists the stores; CALL shopanalytics.create_store(%L) makes one.', store);
    END IF;
END
$$;

-- Reads each store's own setting, so it cannot be one plain query.  Only tables
-- without row security are read: a policy could run somebody else's code.
CREATE FUNCTION shopanalytics._stores(OUT store text, OUT owner text, OUT version text, OUT timezone text, OUT mapped text[])
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    FOR store, owner IN
        SELECT n.nspname, pg_get_userbyid(n.nspowner)
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relname = 'store_setting' AND c.relkind = 'r' AND NOT c.relrowsecurity
           AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
         ORDER BY n.nspname
    LOOP
        EXECUTE format('SELECT s.version, s.timezone FROM %I.store_setting s', store) INTO version, timezone;
        SELECT coalesce(array_agg(c.relname::text ORDER BY c.relname), '{}') INTO mapped
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = store AND c.relkind = 'v' AND c.relname = ANY (shopanalytics._entities());
        RETURN NEXT;
    END LOOP;
END
$$;

-- The kinds of data a store holds, in the order in which they refer to each other.
CREATE FUNCTION shopanalytics._entities() RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY['customers', 'products', 'orders', 'order_items', 'sessions'];

CREATE VIEW shopanalytics.store WITH (security_invoker = true) AS
SELECT store, owner, version, timezone, mapped FROM shopanalytics._stores();

GRANT SELECT ON shopanalytics.store TO PUBLIC;

COMMENT ON VIEW shopanalytics.store IS 'the stores of this database that the user may read';
COMMENT ON COLUMN shopanalytics.store.store IS 'schema of the store';
COMMENT ON COLUMN shopanalytics.store.version IS 'version of shopanalytics that built the store';
COMMENT ON COLUMN shopanalytics.store.timezone IS 'time zone whose days the store counts by';
COMMENT ON COLUMN shopanalytics.store.mapped IS 'base tables that are views over tables of the user''s own';
