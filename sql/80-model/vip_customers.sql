-- E4: which customers of a store are its best.  The table is kept when the layers
-- above the base are made anew.
INSERT INTO shopanalytics.store_part (layer, position, name, ddl) VALUES
('base', 72, 'vip_customers', $ddl$
CREATE TABLE vip_customers (
    customer_id text PRIMARY KEY,
    total_purchase numeric NOT NULL,
    frequency bigint NOT NULL,
    average_transaction numeric NOT NULL,
    cluster integer NOT NULL,
    is_vip boolean NOT NULL,
    model text NOT NULL,
    version integer NOT NULL,
    scored_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE vip_customers IS 'customers in clusters by what they buy; fill_vip_customers() writes it';
COMMENT ON COLUMN vip_customers.customer_id IS 'key of the customer as text';
COMMENT ON COLUMN vip_customers.total_purchase IS 'sum of the orders that count as revenue';
COMMENT ON COLUMN vip_customers.frequency IS 'number of these orders';
COMMENT ON COLUMN vip_customers.average_transaction IS 'total_purchase by frequency';
COMMENT ON COLUMN vip_customers.cluster IS 'from 1, the cluster with the highest scaled means';
COMMENT ON COLUMN vip_customers.is_vip IS 'whether the customer is in cluster 1 of two or more';
COMMENT ON COLUMN vip_customers.version IS 'version of the model that the row was last changed by';
COMMENT ON COLUMN vip_customers.scored_at IS 'when the row was last changed';
$ddl$);

-- What customers buy, by the orders that count as revenue in kpi_daily.
CREATE FUNCTION shopanalytics._vip_source(store text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN pg_catalog.format('SELECT o.customer_id::text AS customer_id, sum(o.amount) AS total_purchase, count(*) AS frequency, sum(o.amount) / count(*) AS average_transaction
  FROM (SELECT c.customer_id, shopanalytics._amount(c.order_total) AS amount
          FROM %I.orders_clean c
         WHERE NOT c.is_flagged AND NOT c.is_cancelled AND isfinite(c.order_day)) o
 WHERE o.customer_id IS NOT NULL AND o.amount IS NOT NULL
 GROUP BY o.customer_id', store);

-- The version of a model that has these bytes if it is the current one.
CREATE FUNCTION shopanalytics._current_version(model text, state bytea) RETURNS integer
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT v.version
      FROM shopanalytics.model_alias a
      JOIN shopanalytics.model_version v ON v.model OPERATOR(pg_catalog.=) a.model AND v.version OPERATOR(pg_catalog.=) a.version
     WHERE a.model OPERATOR(pg_catalog.=) _current_version.model AND a.alias OPERATOR(pg_catalog.=) 'current'
       AND v.state OPERATOR(pg_catalog.=) _current_version.state;
END;

-- Trains anew, and writes what is different: without new orders that is nothing.  Many
-- starts, because a shop has few customers as rows go, and one bad start is one in two.
CREATE PROCEDURE shopanalytics.fill_vip_customers(store text, k integer DEFAULT 2, seed bigint DEFAULT 42, model text DEFAULT NULL)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    source text;
    starts constant integer := 50;
    features text[] := '{total_purchase,frequency,average_transaction}';
    name text := coalesce(model, store || '.vip_customers');
    trained record;
    number integer;
    vip integer;
    written bigint;
    removed bigint;
    total bigint;
    vips bigint;
BEGIN
    PERFORM shopanalytics._check_store_owner(store);
    PERFORM shopanalytics._check_model_name(name);
    source := shopanalytics._vip_source(store);
    -- readers go on; another fill waits
    EXECUTE format('LOCK TABLE %I.vip_customers IN SHARE ROW EXCLUSIVE MODE', store);

    SELECT t.state, t.result INTO trained
      FROM shopanalytics._train_kmeans(source, NULL, features, 'customer_id', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, seed,
                                       k, 'minmax', 'k-means++', NULL, starts, 300, 0.0001, features) t;
    number := shopanalytics._current_version(name, trained.state);
    IF number IS NULL THEN
        number := (shopanalytics._kmeans_add(name, trained.state, trained.result, source,
                                             jsonb_build_object('features', features, 'key_column', 'customer_id', 'k', k, 'scale', 'minmax',
                                                                'n_init', starts, 'vip_features', features, 'seed', seed))).version;
    END IF;
    vip := CASE WHEN (trained.result).k > 1 THEN (trained.result).vip_cluster END;

    EXECUTE format('WITH scored AS (
            SELECT c.*, shopanalytics.cluster($1, c) AS cluster FROM (%2$s) c
        ), removed AS (
            DELETE FROM %1$I.vip_customers t WHERE NOT EXISTS (SELECT FROM scored s WHERE s.customer_id = t.customer_id) RETURNING 1
        ), written AS (
            INSERT INTO %1$I.vip_customers AS t (customer_id, total_purchase, frequency, average_transaction, cluster, is_vip, model, version)
            SELECT s.customer_id, s.total_purchase, s.frequency, s.average_transaction, s.cluster, coalesce(s.cluster = $2, false), $3, $4
              FROM scored s
            ON CONFLICT (customer_id) DO UPDATE
               SET total_purchase = excluded.total_purchase, frequency = excluded.frequency, average_transaction = excluded.average_transaction,
                   cluster = excluded.cluster, is_vip = excluded.is_vip, model = excluded.model, version = excluded.version, scored_at = now()
             WHERE (t.total_purchase, t.frequency, t.average_transaction, t.cluster, t.is_vip, t.model)
                   IS DISTINCT FROM (excluded.total_purchase, excluded.frequency, excluded.average_transaction, excluded.cluster, excluded.is_vip, excluded.model)
            RETURNING 1
        )
        SELECT (SELECT count(*) FROM scored), (SELECT count(*) FROM scored s WHERE s.cluster = $2), (SELECT count(*) FROM written), (SELECT count(*) FROM removed)',
        store, source)
       INTO total, vips, written, removed
      USING name || '@' || number, vip, name, number;
    RAISE NOTICE '% customers, % of them VIP by model "%", version %: % written, % removed', total, vips, name, number, written, removed;
END
$$;

COMMENT ON PROCEDURE shopanalytics.fill_vip_customers(text, integer, bigint, text) IS 'finds the best customers of a store by k-means, and writes them to its table vip_customers';
