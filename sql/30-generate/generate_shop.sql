-- Rows first to last of a table of a generated shop; the other arguments describe
-- the shop, which is the same for every table.  The caller gives the columns, since
-- the types of the keys are the store's.
CREATE FUNCTION shopanalytics._generate_customers(
    seed bigint, customers integer, products integer, orders bigint, sessions bigint,
    days integer, end_date date, timezone text, anomalies jsonb, first bigint, last bigint)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics._generate_products(
    seed bigint, customers integer, products integer, orders bigint, sessions bigint,
    days integer, end_date date, timezone text, anomalies jsonb, first bigint, last bigint)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics._generate_orders(
    seed bigint, customers integer, products integer, orders bigint, sessions bigint,
    days integer, end_date date, timezone text, anomalies jsonb, first bigint, last bigint)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics._generate_order_items(
    seed bigint, customers integer, products integer, orders bigint, sessions bigint,
    days integer, end_date date, timezone text, anomalies jsonb, first bigint, last bigint)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics._generate_sessions(
    seed bigint, customers integer, products integer, orders bigint, sessions bigint,
    days integer, end_date date, timezone text, anomalies jsonb, first bigint, last bigint)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- For the test against published numbers.
CREATE FUNCTION shopanalytics._splitmix64(seed bigint, n bigint) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Locks the tables to fill and raises an error unless they are tables and empty.
CREATE FUNCTION shopanalytics._check_store_is_empty(store text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    table_names constant text[] := '{customers,products,orders,order_items,sessions,anomaly_truth}';
    table_name text;
    kind "char";
    is_filled boolean;
BEGIN
    FOREACH table_name IN ARRAY table_names LOOP
        SELECT c.relkind INTO kind
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = store AND c.relname = table_name;
        IF kind IS NULL OR kind NOT IN ('r', 'p') THEN
            RAISE EXCEPTION '%.% is not a table', quote_ident(store), table_name
                USING ERRCODE = 'wrong_object_type',
                      HINT = 'Data is generated into a store of its own, not into mapped tables: CALL shopanalytics.create_store(...).';
        END IF;
        EXECUTE format('LOCK TABLE %I.%I IN SHARE ROW EXCLUSIVE MODE', store, table_name);
        EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I)', store, table_name) INTO is_filled;
        IF is_filled THEN
            RAISE EXCEPTION '%.% is not empty', quote_ident(store), table_name
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      HINT = format('To generate the store anew, TRUNCATE %s.',
                                    (SELECT string_agg(format('%I.%I', store, t.name), ', ' ORDER BY t.ordinality)
                                       FROM unnest(table_names) WITH ORDINALITY AS t(name, ordinality)));
        END IF;
    END LOOP;
END
$$;

CREATE PROCEDURE shopanalytics.generate_shop(
    store text,
    customers integer DEFAULT 1000,
    days integer DEFAULT 365,
    seed bigint DEFAULT 1,
    anomalies jsonb DEFAULT '{}',
    orders bigint DEFAULT NULL,
    products integer DEFAULT NULL,
    sessions bigint DEFAULT NULL,
    end_date date DEFAULT '2025-12-31',
    timezone text DEFAULT NULL)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    part_least constant bigint := 100000;   -- rows; so small shops are made in one part
    part_share constant bigint := 10;       -- of a table, so that progress shows in tens of percent
    key_type text;
    part record;
    done bigint;
    part_end bigint;
    part_rows bigint;
    total_rows bigint;
BEGIN
    PERFORM shopanalytics._check_store_owner(store);
    IF num_nulls(customers, days, seed, anomalies, end_date) > 0 THEN
        RAISE EXCEPTION 'customers, days, seed, anomalies and end_date must not be null'
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM shopanalytics._check_store_is_empty(store);

    orders := coalesce(orders, customers::bigint * 5);
    products := coalesce(products, least(greatest(customers / 10, 40), 5000));
    sessions := coalesce(sessions, least(least(orders, 1000000000) * 3, 2000000000));
    IF timezone IS NULL THEN
        EXECUTE format('SELECT s.timezone FROM %I.store_setting s', store) INTO timezone;
    END IF;
    IF end_date >= (now() AT TIME ZONE timezone)::date THEN
        RAISE EXCEPTION 'end_date % is not over yet', end_date
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Choose a day before today, or sound orders would have a date in the future.';
    END IF;
    SELECT format_type(a.atttypid, NULL) INTO key_type
      FROM pg_attribute a
     WHERE a.attrelid = to_regclass(format('%I.customers', store)) AND a.attname = 'customer_id';

    -- The anomalies of a row come with it and go to anomaly_truth in the same statement.
    FOR part IN
        SELECT * FROM (VALUES
            ('customers', 'customer_id', customers::bigint,
             'customer_id %1$s, name text, email text, segment text, country text, signup_date date',
             'customer_id, name, email, segment, country, signup_date'),
            ('products', NULL, products,
             'product_id %1$s, name text, category text, price numeric',
             'product_id, name, category, price'),
            ('orders', 'order_id', orders,
             'order_id %1$s, customer_id %1$s, order_date timestamptz, order_total numeric, channel text, payment_method text, status text, shipment_date timestamptz',
             'order_id, customer_id, order_date, order_total, channel, payment_method, status, shipment_date'),
            ('order_items', NULL, orders,
             'order_id %1$s, line_number integer, product_id %1$s, quantity numeric, unit_price numeric',
             'order_id, line_number, product_id, quantity, unit_price'),
            ('sessions', 'session_id', sessions,
             'session_id %1$s, customer_id %1$s, session_start timestamptz, session_end timestamptz, device text, channel text',
             'session_id, customer_id, session_start, session_end, device, channel')
        ) AS t(table_name, truth_key, units, definitions, columns)
    LOOP
        done := 0;
        total_rows := 0;
        LOOP
            part_end := least(part.units, done + greatest(part_least, part.units / part_share));
            IF part.truth_key IS NULL THEN
                EXECUTE format('INSERT INTO %1$I.%2$I (%3$s) SELECT %3$s
                                  FROM shopanalytics.%4$I($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) AS g(%5$s)',
                               store, part.table_name, part.columns, '_generate_' || part.table_name,
                               format(part.definitions, key_type))
                  USING seed, customers, products, orders, sessions, days, end_date, timezone, anomalies, done + 1, part_end;
            ELSE
                EXECUTE format('WITH g AS MATERIALIZED (
                                    SELECT * FROM shopanalytics.%4$I($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) AS g(%5$s, anomalies text[])
                                ), truth AS (
                                    INSERT INTO %1$I.anomaly_truth (table_name, key, kind)
                                    SELECT %2$L, g.%6$I::text, a.kind FROM g, unnest(g.anomalies) AS a(kind)
                                )
                                INSERT INTO %1$I.%2$I (%3$s) SELECT %3$s FROM g',
                               store, part.table_name, part.columns, '_generate_' || part.table_name,
                               format(part.definitions, key_type), part.truth_key)
                  USING seed, customers, products, orders, sessions, days, end_date, timezone, anomalies, done + 1, part_end;
            END IF;
            GET DIAGNOSTICS part_rows = ROW_COUNT;
            total_rows := total_rows + part_rows;
            done := part_end;
            EXIT WHEN done >= part.units;
            RAISE NOTICE '%: % %%', part.table_name, done * 100 / part.units;
        END LOOP;
        EXECUTE format('ANALYZE %I.%I', store, part.table_name);
        RAISE NOTICE '%: % rows', part.table_name, total_rows;
    END LOOP;
    EXECUTE format('ANALYZE %I.anomaly_truth', store);
END
$$;

COMMENT ON PROCEDURE shopanalytics.generate_shop(text, integer, integer, bigint, jsonb, bigint, integer, bigint, date, text) IS 'fills an empty store with the data of an invented shop, with known anomalies';
