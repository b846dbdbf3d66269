-- session_duration_report(): sessions by how long they last (D9).
SET TimeZone = 'UTC';
CREATE TEMP TABLE visit (user_id bigint, user_session text, event_time timestamptz, event_type text, price numeric);
-- A session of each length at and beside the bounds, in microseconds; each third one buys.
INSERT INTO visit
SELECT n, 's' || n, timestamptz '2024-01-01' + x.later * t, CASE WHEN t = 1 AND n % 3 = 0 THEN 'purchase' ELSE 'view' END, n
  FROM (SELECT row_number() OVER (ORDER BY d) AS n, d AS later
          FROM (SELECT b + e AS d FROM unnest('{0,1 min,5 min,10 min,30 min}'::interval[]) b, unnest('{0,-0.000001 s,0.000001 s}'::interval[]) e) AS bounds WHERE d >= '0') AS x,
       generate_series(0, 1) t;
SELECT * FROM shopanalytics.session_duration_report('visit', 'user_session');
-- The same by plain SQL.
SELECT width_bucket(extract(epoch FROM duration), ARRAY[60, 300, 600, 1800.000001]) AS bucket, count(*), count(*) FILTER (WHERE bought), sum(spent)
  FROM (SELECT max(event_time) - min(event_time) AS duration, bool_or(event_type = 'purchase') AS bought, coalesce(sum(price) FILTER (WHERE event_type = 'purchase'), 0) AS spent FROM visit GROUP BY user_session) AS s
 GROUP BY 1 ORDER BY 1;
-- By timeout, and other names; nothing at all is five empty buckets.
SELECT * FROM shopanalytics.session_duration_report('SELECT user_id AS who, event_time AS at, ''view'' AS what, 1 AS paid FROM visit', timeout => '1 s',
    user_column => 'who', time_column => 'at', event_column => 'what', price_column => 'paid', purchase_events => '{view}');
SELECT * FROM shopanalytics.session_duration_report('SELECT * FROM visit WHERE false');
