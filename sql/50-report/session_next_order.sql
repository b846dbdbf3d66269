-- A6, A31: sessions and the orders that came of them.

-- Reads two queries whose columns have set names; STABLE and not PARALLEL SAFE, since
-- these may be anything; not STRICT, no max_gap is no limit.
CREATE FUNCTION shopanalytics._session_next_order(sessions text, orders text, max_gap interval) RETURNS TABLE (
    session_id text,
    customer_id text,
    session_start timestamptz,
    device text,
    channel text,
    order_id text,
    order_date timestamptz,
    order_total numeric,
    time_to_order interval,
    orders bigint,
    revenue numeric)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 100000;

-- Labels: STABLE, reads tables; not STRICT, a missing store is an error and no
-- max_gap no limit; PARALLEL UNSAFE, since a view may be.
CREATE FUNCTION shopanalytics.session_next_order(
    store name,
    max_gap interval DEFAULT NULL,
    layer text DEFAULT 'clean'
) RETURNS TABLE (
    session_id text,
    customer_id text,
    session_start timestamptz,
    device text,
    channel text,
    order_id text,
    order_date timestamptz,
    order_total numeric,
    time_to_order interval,
    orders bigint,
    revenue numeric)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 100000
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM shopanalytics._check_store(store);
    IF layer IS NULL OR layer NOT IN ('clean', 'stage') THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('layer is %L, but must be clean or stage', layer),
            HINT = 'clean reads the views over the base tables, stage what CALL stage() made of them.';
    END IF;

    RETURN QUERY SELECT *
      FROM shopanalytics._session_next_order(
               format('SELECT customer_id, session_id, session_start, device, channel FROM %I.%I', store, 'sessions_' || layer),
               format('SELECT customer_id, order_id, order_date, order_total, shopanalytics._amount(order_total) AS revenue FROM %I.%I WHERE NOT is_flagged AND NOT is_cancelled',
                      store, 'orders_' || layer),
               max_gap);
END
$$;

COMMENT ON FUNCTION shopanalytics.session_next_order(name, interval, text)
    IS 'one row per session of a store, with the first order that came of it and what all of them brought';

-- A6.  The devices of a store are those that its setting known_device lists.
CREATE FUNCTION shopanalytics.conversion_by_device(
    store name,
    max_gap interval DEFAULT NULL,
    layer text DEFAULT 'clean'
) RETURNS TABLE (
    device text,
    sessions bigint,
    sessions_with_order bigint,
    conversion_rate numeric,
    orders bigint,
    revenue numeric)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 10
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    known_device text[];
BEGIN
    PERFORM shopanalytics._check_store(store);
    EXECUTE format('SELECT s.known_device FROM %I.store_setting s', store) INTO known_device;

    RETURN QUERY
    SELECT l.label, sum(d.sessions)::bigint, sum(d.with_order)::bigint, round(sum(d.with_order) / sum(d.sessions), 4),
           sum(d.orders)::bigint, sum(d.revenue)
      FROM (SELECT lower(shopanalytics.clean_text(s.device)) AS name,
                   count(*) AS sessions, count(*) FILTER (WHERE s.orders > 0) AS with_order, sum(s.orders) AS orders, sum(s.revenue) AS revenue
              FROM shopanalytics.session_next_order(store, max_gap, layer) s
             GROUP BY s.device) d,
           LATERAL (SELECT CASE WHEN d.name = ANY (known_device) THEN d.name ELSE '(unknown)' END) AS l (label)
     GROUP BY l.label
     ORDER BY l.label COLLATE "C";
END
$$;

COMMENT ON FUNCTION shopanalytics.conversion_by_device(name, interval, text)
    IS 'sessions, sessions with an order and conversion rate of a store, by device';
