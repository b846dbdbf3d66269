-- active_users_report(): users active on each day, in the week and the month up
-- to it, against plain SQL.
SET TimeZone = 'UTC';

-- Every day of the calendar, a user once in each window; a week is seven days.
SELECT * FROM shopanalytics.active_users_report($$VALUES
    ('ann', timestamptz '2024-01-01 00:00'), ('ann', '2024-01-01 23:59:59.999999'), ('bob', '2024-01-03 12:00'), ('ann', '2024-01-08 00:00')$$,
    'column1', 'column2');

-- The last seven days include the day itself: active on the 1st counts to the 7th.
SELECT day, wau FROM shopanalytics.active_users_report('SELECT 1 AS user_id, date ''2024-01-01'' AS ts', to_day => '2024-01-09') WHERE wau > 0;
SELECT count(*), sum(mau) FROM shopanalytics.active_users_report('SELECT 1 AS user_id, date ''2024-01-01'' AS ts', to_day => '2024-02-15');
SELECT sum(wau) AS four, sum(mau) AS two FROM shopanalytics.active_users_report('SELECT 1 AS user_id, date ''2024-01-01'' AS ts', to_day => '2024-01-09', week_days => 4, month_days => 2);

-- From a day on: what was before still counts for the week and the month.
SELECT * FROM shopanalytics.active_users_report('SELECT u AS user_id, date ''2024-01-01'' + u AS ts FROM generate_series(0, 40) u',
    from_day => '2024-01-30', to_day => '2024-02-01');
-- Days without any event, before and after.
SELECT * FROM shopanalytics.active_users_report('SELECT 1 AS user_id, date ''2024-01-02'' AS ts', from_day => '2024-01-01', to_day => '2024-01-03');
SELECT * FROM shopanalytics.active_users_report('SELECT 1 AS user_id, date ''2024-01-02'' AS ts WHERE false', from_day => '2024-01-01', to_day => '2024-01-01');
SELECT * FROM shopanalytics.active_users_report('SELECT 1 AS user_id, date ''2024-01-02'' AS ts WHERE false');
SELECT * FROM shopanalytics.active_users_report('SELECT 1 AS user_id, date ''2024-01-02'' AS ts', from_day => '2024-01-03', to_day => '2024-01-01');

-- A day belongs to a time zone: 23 and 25 hours when the clocks change.
SELECT day, dau FROM shopanalytics.active_users_report($$VALUES (1, timestamptz '2024-03-10 04:59+00'), (2, '2024-03-10 05:00+00'), (3, '2024-03-11 03:59+00'), (4, '2024-03-11 04:00+00')$$,
    'column1', 'column2', 'America/New_York');
SELECT day, dau FROM shopanalytics.active_users_report($$VALUES (1, timestamptz '2024-03-10 04:59+00'), (2, '2024-03-10 05:00+00'), (3, '2024-03-11 03:59+00'), (4, '2024-03-11 04:00+00')$$,
    'column1', 'column2');
SET TimeZone = 'America/New_York';
SELECT day, dau FROM shopanalytics.active_users_report($$VALUES (1, timestamptz '2024-11-03 03:59+00'), (2, '2024-11-03 04:00+00'), (3, '2024-11-04 04:59+00'), (4, '2024-11-04 05:00+00')$$,
    'column1', 'column2');
-- A timestamp is of the session's zone.
SELECT day, dau FROM shopanalytics.active_users_report('SELECT 1 AS user_id, timestamp ''2024-01-01 23:30'' AS ts', timezone => 'UTC');
-- That zone is meant, not the abbreviation of the same name, which has no summer.
SET TimeZone = 'EET';
SELECT day, dau FROM shopanalytics.active_users_report('SELECT 1 AS user_id, timestamp ''2024-07-01 00:30'' AS ts');
SET TimeZone = 'UTC';

-- Against plain SQL: users who come and go, in any order, in three zones.
CREATE TEMP TABLE activity AS
SELECT hashint8(i * 3) % 400 AS user_id, timestamptz '2024-02-20 00:00+00' + (abs(hashint8(i)) % (60 * 86400)) * interval '1 second' AS event_time
  FROM generate_series(1::bigint, 4000) i;
CREATE FUNCTION pg_temp.expected(zone text, week integer, month integer) RETURNS TABLE (day date, dau bigint, wau bigint, mau bigint) LANGUAGE sql STABLE AS $$
    WITH active AS (SELECT DISTINCT user_id, (event_time AT TIME ZONE zone)::date AS day FROM activity),
         calendar AS (SELECT d::date AS day FROM generate_series((SELECT min(a.day) FROM active a), (SELECT max(a.day) FROM active a)::timestamp, '1 day') d)
    SELECT c.day, count(DISTINCT user_id) FILTER (WHERE a.day = c.day), count(DISTINCT user_id) FILTER (WHERE a.day > c.day - week), count(DISTINCT user_id) FILTER (WHERE a.day > c.day - month)
      FROM calendar c LEFT JOIN active a ON a.day <= c.day AND a.day > c.day - greatest(week, month) GROUP BY c.day $$;
CREATE FUNCTION pg_temp.differing(zone text, week integer, month integer) RETURNS TABLE (days bigint, differing bigint) LANGUAGE sql STABLE AS $$
    WITH e AS (SELECT * FROM pg_temp.expected(zone, week, month)),
         r AS (SELECT day, dau, wau, mau FROM shopanalytics.active_users_report('activity', timezone => zone, week_days => week, month_days => month))
    SELECT (SELECT count(*) FROM e), (SELECT count(*) FROM ((TABLE e EXCEPT ALL TABLE r) UNION ALL (TABLE r EXCEPT ALL TABLE e)) AS d) $$;
SELECT zone, week, month, d.*
  FROM (VALUES ('UTC', 7, 30), ('Asia/Kathmandu', 7, 28), ('America/New_York', 1, 90), ('Pacific/Auckland', 30, 7)) AS t(zone, week, month),
       pg_temp.differing(zone, week, month) AS d;

-- Any order of the rows gives the same.
SELECT count(*) AS differing FROM (
    SELECT * FROM shopanalytics.active_users_report('SELECT * FROM activity ORDER BY user_id, event_time DESC')
    EXCEPT SELECT * FROM shopanalytics.active_users_report('SELECT * FROM activity ORDER BY event_time')) AS d;

-- Arguments.
SELECT * FROM shopanalytics.active_users_report('activity', timezone => 'Europe/Atlantis');
SELECT * FROM shopanalytics.active_users_report('activity', week_days => 0);
SELECT * FROM shopanalytics.active_users_report('activity', month_days => 367);
SELECT * FROM shopanalytics.active_users_report('activity', week_days => NULL);
SELECT * FROM shopanalytics.active_users_report('activity', from_day => '-infinity');
SELECT * FROM shopanalytics.active_users_report('SELECT 1 AS user_id, unnest(ARRAY[timestamptz ''4713-01-01 BC'', ''2024-01-01'']) AS ts');
SELECT * FROM shopanalytics.active_users_report('SELECT 1 AS user_id, unnest(ARRAY[timestamptz ''4713-01-01 BC'', ''294276-12-31 23:59:59'']) AS ts', to_day => '4713-01-02 BC');
