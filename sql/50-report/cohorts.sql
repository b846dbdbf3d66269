-- Cohorts of a store: the customers who signed up in a period, and which of them
-- order, or take part in something else, in each later one.  Days are those of the
-- store's time zone.

-- STABLE: reads the store.  Not STRICT: no store is an error.
CREATE FUNCTION shopanalytics._store_timezone(store text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    timezone text;
BEGIN
    PERFORM shopanalytics._check_store(store);
    EXECUTE format('SELECT s.timezone FROM ONLY %I.store_setting s', store) INTO timezone;
    RETURN timezone;
END
$$;

-- The orders that count, as a query (STABLE: format() is no more): of a customer, at a time, neither flagged nor cancelled.
CREATE FUNCTION shopanalytics._orders_of(store text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN format('SELECT o.customer_id, o.order_date AS event_time FROM %I.orders_clean o'
                  ' WHERE o.customer_id IS NOT NULL AND isfinite(o.order_date) AND NOT o.is_flagged AND NOT o.is_cancelled', store);

-- Who signed up when.  A day in the future is a mistake that would stretch the
-- calendar to it.  Not STRICT: there need be no breakdown.
CREATE FUNCTION shopanalytics._signups_of(store text, timezone text, breakdown name) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN format('SELECT c.customer_id, shopanalytics._point_in_time(c.signup_date, %L) AS event_time', timezone)
        || CASE WHEN breakdown IS NULL THEN '' ELSE format(', c.%I AS breakdown', breakdown) END
        || format(' FROM %I.customers_clean c WHERE c.customer_id IS NOT NULL AND isfinite(c.signup_date) AND c.signup_date <= shopanalytics._day(now(), %L)', store, timezone);

-- STABLE and not PARALLEL SAFE: retention_report() is no more.  Not STRICT: most
-- arguments may be left out.
CREATE FUNCTION shopanalytics._store_cohorts(
    store text, period text, periods integer, participation text, breakdown name, from_day date, to_day date,
    OUT signup date, OUT breakdown_value text, OUT cohort_size bigint, OUT period_index integer, OUT customers bigint, OUT rate numeric, OUT is_complete boolean)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT (r.cohort AT TIME ZONE z.timezone)::date, r.breakdown_value, r.cohort_size, r.period_index,
           CASE WHEN r.period_index = 0 THEN r.returned_same_period ELSE r.retained END,
           CASE WHEN r.period_index = 0 THEN round(r.returned_same_period / nullif(r.cohort_size, 0)::numeric, 4) ELSE r.retention_rate END,
           r.is_complete
      FROM shopanalytics._store_timezone(store) z (timezone),
           shopanalytics.retention_report(coalesce(participation, shopanalytics._orders_of(store)), period, periods, timezone => z.timezone,
                                          breakdown => CASE WHEN breakdown IS NOT NULL THEN 'breakdown' END,
                                          user_column => 'customer_id', time_column => 'event_time',
                                          from_time => shopanalytics._point_in_time(from_day, z.timezone),
                                          to_time => shopanalytics._point_in_time(to_day + 1, z.timezone),
                                          cohorts => shopanalytics._signups_of(store, z.timezone, breakdown)) r;
END;

-- A11.  STABLE, not STRICT and not PARALLEL SAFE as above.
CREATE FUNCTION shopanalytics.weekly_cohorts(
    store name,
    weeks integer DEFAULT 12,
    breakdown name DEFAULT NULL,
    from_day date DEFAULT NULL,
    to_day date DEFAULT NULL
) RETURNS TABLE (
    signup_week date,
    breakdown_value text,
    cohort_size bigint,
    week integer,
    customers bigint,
    rate numeric,
    is_complete boolean
)
    LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT c.* FROM shopanalytics._store_cohorts(store, 'week', weeks, NULL, breakdown, from_day, to_day) c;
END;

COMMENT ON FUNCTION shopanalytics.weekly_cohorts(name, integer, name, date, date)
    IS 'customers of a store by the week in which they signed up, and how many of them order in each week from then on';

-- B5.
CREATE FUNCTION shopanalytics.monthly_cohorts(
    store name,
    months integer DEFAULT 3,
    participation text DEFAULT NULL,
    breakdown name DEFAULT NULL,
    from_day date DEFAULT NULL,
    to_day date DEFAULT NULL
) RETURNS TABLE (
    signup_month date,
    breakdown_value text,
    cohort_size bigint,
    month integer,
    customers bigint,
    rate numeric,
    is_complete boolean
)
    LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT c.* FROM shopanalytics._store_cohorts(store, 'month', months, participation, breakdown, from_day, to_day) c;
END;

COMMENT ON FUNCTION shopanalytics.monthly_cohorts(name, integer, text, name, date, date)
    IS 'customers of a store by the month in which they signed up, and how many of them order or take part in each month from then on';
