-- A32.  What is known of each customer of a store at a moment, one row per customer: one
-- pass over orders and one over sessions.  Days are counted in the store's time zone from
-- the day that the moment ends, or falls into.
--
-- STABLE: reads the store.  Not STRICT: no moment means the store's last day.  PARALLEL
-- UNSAFE, so that what it runs can have workers.
CREATE FUNCTION shopanalytics.customer_features(
    store text,
    as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
    customer_id text,
    feature_time timestamptz,
    segment text,
    country text,
    signup_date date,
    days_since_signup integer,
    orders bigint,
    total_spent numeric,
    avg_order_value numeric,
    max_order_value numeric,
    days_since_first_order integer,
    days_since_last_order integer,
    days_between_orders numeric,
    order_frequency numeric,
    orders_30d bigint,
    orders_90d bigint,
    spent_30d numeric,
    spent_90d numeric,
    weekend_order_share numeric,
    cancelled_orders bigint,
    flagged_orders bigint,
    sessions bigint,
    sessions_30d bigint,
    days_since_last_session integer,
    avg_session_seconds numeric,
    mobile_session_share numeric,
    orders_per_session numeric
)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    timezone text := shopanalytics._store_timezone(store);
BEGIN
    IF as_of IS NOT NULL AND shopanalytics._day(as_of, timezone) IS NULL THEN
        RAISE EXCEPTION 'as_of is out of range: %', as_of USING ERRCODE = 'datetime_field_overflow';
    END IF;
    -- MATERIALIZED, for else each place that asks for an issue would look for all of them again.
    RETURN QUERY EXECUTE format($q$
        WITH placed AS MATERIALIZED (
            SELECT o.customer_id, o.order_date, o.order_day, shopanalytics._amount(o.order_total) AS amount, o.is_flagged, o.is_cancelled
              FROM %1$I.orders_clean o
             WHERE isfinite(o.order_date) AND ($1 IS NULL OR o.order_date < $1)
        ), visit AS MATERIALIZED (
            SELECT s.customer_id, s.session_start, s.session_end, s.session_day, s.session_duration,
                   lower(shopanalytics.clean_text(s.device)) = 'mobile' AS is_mobile
              FROM %1$I.sessions_clean s
             WHERE isfinite(s.session_start) AND ($1 IS NULL OR s.session_start < $1)
        ), last_day AS MATERIALIZED (
            SELECT greatest((SELECT max(p.order_day) FROM placed p WHERE NOT p.is_flagged AND NOT p.is_cancelled AND p.order_date <= now()),
                            (SELECT max(v.session_day) FROM visit v WHERE v.session_start <= now())) AS day
             WHERE $1 IS NULL
        ), moment AS MATERIALIZED (
            SELECT m.time, shopanalytics._day(m.time - interval '1 microsecond', $2) AS day
              FROM (SELECT coalesce($1, shopanalytics._point_in_time((SELECT l.day + 1 FROM last_day l), $2), now()) AS time) m
        ), ordered AS (
            SELECT p.customer_id,
                   count(*) AS orders,
                   sum(p.amount) AS total_spent,
                   count(p.amount) AS amounts,
                   max(p.amount) AS max_order_value,
                   min(p.order_day) AS first_day,
                   max(p.order_day) AS last_day,
                   count(*) FILTER (WHERE p.order_day > (SELECT m.day - 30 FROM moment m)) AS orders_30d,
                   count(*) FILTER (WHERE p.order_day > (SELECT m.day - 90 FROM moment m)) AS orders_90d,
                   sum(p.amount) FILTER (WHERE p.order_day > (SELECT m.day - 30 FROM moment m)) AS spent_30d,
                   sum(p.amount) FILTER (WHERE p.order_day > (SELECT m.day - 90 FROM moment m)) AS spent_90d,
                   count(*) FILTER (WHERE date_part('isodow', p.order_day) >= 6) AS weekend_orders
              FROM placed p
             WHERE NOT p.is_flagged AND NOT p.is_cancelled AND p.order_date < (SELECT m.time FROM moment m)
             GROUP BY p.customer_id
        ), refused AS (
            SELECT p.customer_id,
                   count(*) FILTER (WHERE NOT p.is_flagged) AS cancelled_orders,
                   count(*) FILTER (WHERE p.is_flagged) AS flagged_orders
              FROM placed p
             WHERE (p.is_flagged OR p.is_cancelled) AND p.order_date < (SELECT m.time FROM moment m)
             GROUP BY p.customer_id
        ), visited AS (
            SELECT v.customer_id,
                   count(*) AS sessions,
                   count(*) FILTER (WHERE v.session_day > (SELECT m.day - 30 FROM moment m)) AS sessions_30d,
                   max(v.session_day) AS last_day,
                   avg(v.session_duration) FILTER (WHERE v.session_duration >= 0 AND v.session_end <= (SELECT m.time FROM moment m)) AS avg_session_seconds,
                   count(*) FILTER (WHERE v.is_mobile) AS mobile_sessions
              FROM visit v
             WHERE v.session_start < (SELECT m.time FROM moment m)
             GROUP BY v.customer_id
        ), customer AS (
            SELECT DISTINCT ON (c.customer_id) c.customer_id, c.segment, c.country, c.signup_date,
                   CASE WHEN isfinite(c.signup_date) AND c.signup_date <= (SELECT m.day FROM moment m) THEN c.signup_date END AS signup_day
              FROM %1$I.customers_clean c
             WHERE c.customer_id IS NOT NULL
             ORDER BY c.customer_id, c.signup_date DESC NULLS LAST, c.name, c.segment, c.country
        )
        SELECT c.customer_id::text, m.time, c.segment, c.country, c.signup_date, m.day - c.signup_day,
               coalesce(o.orders, 0), coalesce(round(o.total_spent, 2), 0.00), round(o.total_spent / nullif(o.amounts, 0), 2), o.max_order_value,
               m.day - o.first_day, m.day - o.last_day,
               round((o.last_day - o.first_day)::numeric / nullif(o.orders - 1, 0), 2),
               round(30.0 * coalesce(o.orders, 0) / (m.day - least(c.signup_day, o.first_day) + 1), 4),
               coalesce(o.orders_30d, 0), coalesce(o.orders_90d, 0), coalesce(round(o.spent_30d, 2), 0.00), coalesce(round(o.spent_90d, 2), 0.00),
               round(o.weekend_orders::numeric / nullif(o.orders, 0), 4),
               coalesce(r.cancelled_orders, 0), coalesce(r.flagged_orders, 0),
               coalesce(v.sessions, 0), coalesce(v.sessions_30d, 0), m.day - v.last_day, round(v.avg_session_seconds, 1),
               round(v.mobile_sessions::numeric / v.sessions, 4),
               round(coalesce(o.orders, 0)::numeric / v.sessions, 4)
          FROM moment m
         CROSS JOIN customer c
          LEFT JOIN ordered o ON o.customer_id = c.customer_id
          LEFT JOIN refused r ON r.customer_id = c.customer_id
          LEFT JOIN visited v ON v.customer_id = c.customer_id
         WHERE $1 IS NULL OR c.signup_date IS NULL OR NOT isfinite(c.signup_date) OR c.signup_day IS NOT NULL
            OR o.customer_id IS NOT NULL OR r.customer_id IS NOT NULL OR v.customer_id IS NOT NULL
        $q$, store)
     USING as_of, timezone;
END
$$;

COMMENT ON FUNCTION shopanalytics.customer_features(text, timestamptz)
    IS 'what is known of each customer of a store at a moment: spending, frequency, recency, visits';
