-- What session_report() says, summed up by how many sessions users have.

CREATE FUNCTION shopanalytics.session_segment_report(
    events text,
    session_column name DEFAULT NULL,
    timeout interval DEFAULT NULL,
    user_column name DEFAULT NULL,
    time_column name DEFAULT NULL,
    event_column name DEFAULT NULL,
    price_column name DEFAULT NULL,
    purchase_events text[] DEFAULT '{purchase}',
    anonymous_user text DEFAULT NULL
) RETURNS TABLE (
    segment text,
    users bigint,
    sessions bigint,
    converting_sessions bigint,
    conversion_rate numeric,
    revenue numeric
) LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
WITH segment (position, name) AS (
    VALUES (1, 'power'), (2, 'active'), (3, 'occasional'), (4, 'one-time')
), visitor AS (
    SELECT count(*) AS sessions, count(*) FILTER (WHERE s.has_purchased) AS converting, sum(s.revenue) AS revenue
      FROM shopanalytics.session_report(events, session_column, timeout, user_column, time_column, event_column, price_column,
                                        view_events => '{}', cart_events => '{}', purchase_events => purchase_events, anonymous_user => anonymous_user) s
     WHERE NOT s.is_anonymous
     GROUP BY s.user_id
)
SELECT g.name, count(v.sessions), coalesce(sum(v.sessions), 0)::bigint, coalesce(sum(v.converting), 0)::bigint,
       round(sum(v.converting) / sum(v.sessions), 4), coalesce(sum(v.revenue), 0)
  FROM segment g
  LEFT JOIN visitor v ON g.position = CASE WHEN v.sessions >= 10 THEN 1 WHEN v.sessions >= 5 THEN 2 WHEN v.sessions >= 2 THEN 3 ELSE 4 END
 GROUP BY g.position, g.name
 ORDER BY g.position;
END;

COMMENT ON FUNCTION shopanalytics.session_segment_report(text, name, interval, name, name, name, name, text[], text)
    IS 'users, sessions, conversion and revenue by how many sessions users have';
