-- A6, A31: sessions and the orders that came of them.
--
-- An order counts for one session, the latest of its customer that started at or
-- before it.  So it is the orders that look for their session: those of customers
-- who never ordered, most of them in most shops, need not be sorted.  Where sessions
-- start at once the greater session_id is the later, by bytes, so that the answer is
-- the same in every locale.
--
-- Without nested loops: the planner cannot guess how many rows a clean view has,
-- and taking many for one costs hours.
--
-- Labels: STABLE, reads tables; not STRICT, a missing store is an error and no
-- max_gap no limit; PARALLEL UNSAFE, since a view may be.
CREATE FUNCTION shopanalytics.session_next_order(
    store name,
    max_gap interval DEFAULT NULL
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
    SET enable_nestloop = off
AS $$
DECLARE
    -- a mapped table need not have a key, so its sessions are numbered, once
    has_row_id boolean;
    by_bytes boolean;
    seen bigint;
    returned bigint;
BEGIN
    PERFORM shopanalytics._check_store(store);
    -- checks max_gap, whatever is in the store
    PERFORM shopanalytics.asof_last(0, now(), true, max_gap) OVER ();

    has_row_id := shopanalytics._kind(store, 'sessions') = 'TABLE';
    -- bytes sort fastest, and group as the column's collation does if that one is deterministic
    SELECT coalesce(c.collisdeterministic, false) INTO by_bytes
      FROM pg_attribute a LEFT JOIN pg_collation c ON c.oid = a.attcollation
     WHERE a.attrelid = format('%I.sessions_clean', store)::regclass AND a.attname = 'customer_id';

    RETURN QUERY EXECUTE format($query$
        WITH visits AS %2$s (
            SELECT %3$s AS visit, customer_id, session_id::text COLLATE "C" AS session_id, session_start, device, channel
              FROM %1$I.sessions_clean
             WHERE customer_id::text <> '' AND isfinite(session_start)
        ), bought AS MATERIALIZED (
            SELECT customer_id, order_id::text COLLATE "C" AS order_id, order_date, order_total
              FROM %1$I.orders_clean
             WHERE customer_id::text <> '' AND isfinite(order_date) AND NOT is_flagged AND NOT is_cancelled
        ), attributed AS (
            SELECT is_order, order_id, ts, order_total,
                   shopanalytics.asof_last(visit, ts, NOT is_order, $1) OVER (
                       PARTITION BY %4$s ORDER BY ts, session_id, visit ROWS UNBOUNDED PRECEDING) AS visit
              FROM (SELECT false AS is_order, customer_id, session_start AS ts, session_id, visit, NULL AS order_id, NULL::numeric AS order_total
                      FROM visits
                     WHERE customer_id IN (SELECT customer_id FROM bought)
                    UNION ALL
                    SELECT true, customer_id, order_date, NULL, NULL, order_id, order_total
                      FROM bought) u
        ), next_order AS (
            SELECT visit, order_id, ts, order_total,
                   row_number() OVER (v ORDER BY ts, order_id, order_total) AS place,
                   count(*) OVER v AS orders,
                   sum(shopanalytics._amount(order_total)) OVER v AS revenue
              FROM attributed
             WHERE is_order AND visit IS NOT NULL
            WINDOW v AS (PARTITION BY visit)
        )
        SELECT v.session_id, v.customer_id::text, v.session_start, v.device, v.channel,
               o.order_id, o.ts, round(o.order_total, 2), o.ts - v.session_start,
               coalesce(o.orders, 0), round(coalesce(o.revenue, 0), 2)
          FROM visits v LEFT JOIN next_order o ON o.visit = v.visit AND o.place = 1
        $query$, store,
        CASE WHEN has_row_id THEN 'NOT MATERIALIZED' ELSE 'MATERIALIZED' END,
        CASE WHEN has_row_id THEN 'row_id' ELSE 'row_number() OVER ()' END,
        CASE WHEN by_bytes THEN 'customer_id COLLATE "C"' ELSE 'customer_id' END)
        -- the longest time that an interval can tell
        USING coalesce(max_gap, '106751991 days');

    GET DIAGNOSTICS returned = ROW_COUNT;
    EXECUTE format('SELECT count(*) FROM %I.sessions_clean', store) INTO seen;
    IF seen > returned THEN
        RAISE NOTICE '% sessions without a customer or a start are left out', seen - returned;
    END IF;
END
$$;

COMMENT ON FUNCTION shopanalytics.session_next_order(name, interval)
    IS 'one row per session of a store, with the first order that came of it and what all of them brought';

-- A6.  The devices of a store are those that its setting known_device lists.
CREATE FUNCTION shopanalytics.conversion_by_device(
    store name,
    max_gap interval DEFAULT NULL
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
              FROM shopanalytics.session_next_order(store, max_gap) s
             GROUP BY s.device) d,
           LATERAL (SELECT CASE WHEN d.name = ANY (known_device) THEN d.name ELSE '(unknown)' END) AS l (label)
     GROUP BY l.label
     ORDER BY l.label COLLATE "C";
END
$$;

COMMENT ON FUNCTION shopanalytics.conversion_by_device(name, interval)
    IS 'sessions, sessions with an order and conversion rate of a store, by device';
