-- What session_report() says, summed up by how long sessions last.

CREATE FUNCTION shopanalytics.session_duration_report(
    events text,
    session_column name DEFAULT NULL,
    timeout interval DEFAULT NULL,
    user_column name DEFAULT NULL,
    time_column name DEFAULT NULL,
    event_column name DEFAULT NULL,
    price_column name DEFAULT NULL,
    purchase_events text[] DEFAULT '{purchase}'
) RETURNS TABLE (
    duration_bucket text,
    sessions bigint,
    converting_sessions bigint,
    conversion_rate numeric,
    revenue numeric
) LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
WITH bucket (position, name) AS (
    VALUES (1, '< 1 min'), (2, '1-5 min'), (3, '5-10 min'), (4, '10-30 min'), (5, '> 30 min')
), session AS (
    SELECT s.duration, s.has_purchased, s.revenue
      FROM shopanalytics.session_report(events, session_column, timeout, user_column, time_column, event_column, price_column,
                                        view_events => '{}', cart_events => '{}', purchase_events => purchase_events) s
)
SELECT b.name, count(s.duration), count(*) FILTER (WHERE s.has_purchased),
       round(count(*) FILTER (WHERE s.has_purchased)::numeric / nullif(count(s.duration), 0), 4), coalesce(sum(s.revenue), 0)
  FROM bucket b
  LEFT JOIN session s ON b.position = CASE WHEN s.duration > '30 minutes' THEN 5 WHEN s.duration >= '10 minutes' THEN 4 WHEN s.duration >= '5 minutes' THEN 3
                                           WHEN s.duration >= '1 minute' THEN 2 ELSE 1 END
 GROUP BY b.position, b.name
 ORDER BY b.position;
END;

COMMENT ON FUNCTION shopanalytics.session_duration_report(text, name, interval, name, name, name, name, text[])
    IS 'sessions, conversion and revenue by how long sessions last';
