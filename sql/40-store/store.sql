-- A store is an ordinary schema that carries the tables store_setting and
-- store_object as create_store() makes them; no registry of our own could go stale
-- when a schema is dropped, renamed or restored.

-- Whether a schema is a store.  Anybody may make tables of those names, so their
-- columns count too; and no store can be called $user, which search_path reads as
-- somebody's name.
CREATE FUNCTION shopanalytics._is_store(schema_oid oid) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT count(*) OPERATOR(pg_catalog.=) 6
      FROM (VALUES ('store_setting'::name, 'version'::name, 'text'::regtype), ('store_setting', 'timezone', 'text'),
                   ('store_setting', 'cancelled_status', 'text[]'), ('store_setting', 'known_device', 'text[]'),
                   ('store_object', 'name', 'text'), ('store_object', 'kind', 'text')) part (relation, field, type)
      JOIN pg_catalog.pg_class c ON c.relname OPERATOR(pg_catalog.=) part.relation AND c.relnamespace OPERATOR(pg_catalog.=) schema_oid
       AND c.relkind OPERATOR(pg_catalog.=) 'r' AND NOT c.relrowsecurity
      JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attname OPERATOR(pg_catalog.=) part.field
       AND a.atttypid OPERATOR(pg_catalog.=) part.type AND NOT a.attisdropped
      JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) schema_oid AND n.nspname OPERATOR(pg_catalog.<>) '$user';
END;

-- Raises an error unless the schema is a store.
CREATE FUNCTION shopanalytics._check_store(store text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF store IS NULL THEN
        RAISE EXCEPTION 'the store must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = store AND shopanalytics._is_store(n.oid)) THEN
        RAISE EXCEPTION 'store "%" does not exist', store
            USING ERRCODE = 'invalid_schema_name',
                  HINT = format('SELECT * FROM shopanalytics.store lists the stores; CALL shopanalytics.create_store(%L) makes one.', store);
    END IF;
END
$$;

-- Raises an error unless the schema is a store and the caller may run what is in it.
-- Rules, triggers and views of a store are its owner's code, so nobody else's rights
-- are lent to them; and whoever can create objects beside them could slip an operator
-- of his own under a rule.
CREATE FUNCTION shopanalytics._check_store_owner(store text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    owner name;
    others text;
BEGIN
    PERFORM shopanalytics._check_store(store);
    SELECT pg_get_userbyid(n.nspowner) INTO owner FROM pg_namespace n WHERE n.nspname = store;
    IF owner <> current_user THEN
        RAISE EXCEPTION 'store "%" belongs to %', store, owner
            USING ERRCODE = 'insufficient_privilege',
                  HINT = format('What is in a store runs with the rights of its owner alone: SET ROLE %I first.', owner);
    END IF;
    SELECT string_agg(CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END, ', ') INTO others
      FROM pg_namespace n, aclexplode(n.nspacl) x
     WHERE n.nspname = store AND x.privilege_type = 'CREATE' AND x.grantee <> n.nspowner;
    IF others IS NOT NULL THEN
        RAISE EXCEPTION 'others than its owner may create objects in store "%": %', store, others
            USING ERRCODE = 'insufficient_privilege',
                  HINT = format('An operator of theirs could change what a rule does.  REVOKE CREATE ON SCHEMA %I FROM %s, and give them a schema of their own.', store, others);
    END IF;
END
$$;

-- Reads each store's own setting, so it cannot be one plain query.  The lock keeps
-- the columns as they were found to be, text: another type could bring somebody's
-- code along.  A table that is locked is passed over, so that nobody can hold up the
-- list.  Volatile and parallel unsafe because of the lock.
CREATE FUNCTION shopanalytics._stores(OUT store text, OUT owner text, OUT version text, OUT timezone text, OUT mapped text[])
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    schema_oid oid;
BEGIN
    FOR schema_oid, store, owner IN
        SELECT n.oid, n.nspname, pg_get_userbyid(n.nspowner)
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relname = 'store_setting' AND shopanalytics._is_store(n.oid)
           AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
         ORDER BY n.nspname
    LOOP
        BEGIN
            EXECUTE format('LOCK TABLE ONLY %I.store_setting IN ACCESS SHARE MODE NOWAIT', store);
        EXCEPTION WHEN lock_not_available OR undefined_table OR invalid_schema_name OR insufficient_privilege OR wrong_object_type THEN
            CONTINUE;
        END;
        CONTINUE WHEN NOT shopanalytics._is_store(schema_oid);
        EXECUTE format('SELECT s.version, s.timezone FROM ONLY %I.store_setting s', store) INTO version, timezone;
        SELECT coalesce(array_agg(c.relname::text ORDER BY c.relname), '{}') INTO mapped
          FROM pg_class c
         WHERE c.relnamespace = schema_oid AND c.relkind = 'v' AND c.relname = ANY (shopanalytics._entities());
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
