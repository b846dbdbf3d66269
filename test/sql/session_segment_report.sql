-- session_segment_report(): users by how many sessions they have (D9).
SET TimeZone = 'UTC';
CREATE TEMP TABLE visit AS
-- User n has n sessions, of which each fourth buys for 2.50.
SELECT n AS user_id, n || '-' || s AS user_session, timestamptz '2024-01-01' + s * interval '1 day' + e * interval '1 minute' AS event_time,
       CASE WHEN s % 4 = 0 AND e = 1 THEN 'purchase' ELSE 'view' END AS event_type, 2.50 AS price
  FROM generate_series(1, 12) n, generate_series(1, n) s, generate_series(0, 1) e;
SELECT * FROM shopanalytics.session_segment_report('visit', 'user_session');
SELECT * FROM shopanalytics.session_segment_report('visit');
-- The same by plain SQL.
SELECT width_bucket(sessions, ARRAY[2, 5, 10]) AS segment, count(*) AS users, sum(sessions) AS sessions, sum(sessions / 4) AS converting, sum(sessions / 4) * 2.50 AS revenue
  FROM generate_series(1::bigint, 12) sessions GROUP BY 1 ORDER BY 1 DESC;
-- Who is nobody does not count as a user.
SELECT * FROM shopanalytics.session_segment_report('visit', 'user_session', anonymous_user => '12');
SELECT sum(sessions) FROM shopanalytics.session_segment_report('SELECT NULL::bigint AS user_id, user_session, event_time, event_type, price FROM visit', 'user_session');
