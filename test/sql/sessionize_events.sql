-- sessionize_events(): every event with its session, as sessionize() gives it.
SET TimeZone = 'UTC';

-- S6, S3 and S1 in bulk.
SELECT user_id, event_time::time, session_number, session_start::time FROM shopanalytics.sessionize_events($$
    SELECT 's6' AS user_id, date '2024-01-01' + t::time AS ts FROM unnest('{10:00,10:15,10:25,11:30,11:45,13:00}'::text[]) t
    UNION ALL SELECT 's3', date '2024-01-01' + t::time FROM unnest('{00:00,00:05,00:10,02:00,02:05}'::text[]) t
    UNION ALL SELECT '202201', date '2015-04-15' + t::time FROM unnest('{01:05,01:06,01:09,02:15,02:16,02:17,03:18,03:19,03:22}'::text[]) t$$)
 ORDER BY user_id, event_time;

-- The key of the event comes along, of any type; it may be NULL.
SELECT * FROM shopanalytics.sessionize_events($$VALUES (1, timestamptz '2024-01-01', 'x'), (1, '2024-01-01 00:30', NULL), (1, '2024-01-01 01:00:00.000001', 'z')$$,
    user_column => 'column1', time_column => 'column2', key_column => 'column3') ORDER BY event_time;
SELECT * FROM shopanalytics.sessionize_events($$VALUES (1, timestamptz '2024-01-01', 7::bigint), (1, '2024-01-01 01:00', -7), (1, '2024-01-01 03:00', NULL)$$,
    user_column => 'column1', time_column => 'column2', key_column => 'column3') ORDER BY event_time;
SELECT * FROM shopanalytics.sessionize_events($$VALUES (1, timestamptz '2024-01-01')$$, user_column => 'column1', time_column => 'column2');
-- As it is: values that are equal need not be written alike.
SELECT event_key, event_time FROM shopanalytics.sessionize_events($$VALUES (1, timestamptz '2024-01-01', 1.0), (1, '2024-01-02', 1.00), (1, '2024-01-03', 1.0)$$,
    user_column => 'column1', time_column => 'column2', key_column => 'column3') ORDER BY event_time;
SELECT event_key FROM shopanalytics.sessionize_events($$VALUES (1, timestamptz '2024-01-01', json '{"a": 1}')$$, user_column => 'column1', time_column => 'column2', key_column => 'column3');

-- What is left out is told; nothing at all is no row.
SELECT * FROM shopanalytics.sessionize_events('SELECT NULL AS user_id, now() AS ts UNION ALL SELECT ''u'', ''-infinity''');
SELECT * FROM shopanalytics.sessionize_events('SELECT 1 AS user_id, now() AS ts WHERE false');

-- The same as the window function, row by row: 22,000 random histories with ties,
-- with every rule; keys decide between simultaneous events.
CREATE TEMP TABLE event AS
SELECT i AS id, (hashint8(i) & 2147483647) % 22000 AS user_id, timestamptz '2024-01-01' + ((hashint8(i * 7) & 2147483647) % 30) * interval '10 minutes' AS event_time FROM generate_series(1::bigint, 110000) i;
CREATE FUNCTION pg_temp.differing(timeout interval, max_duration interval, max_events integer) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM (
        SELECT event_key::bigint, user_id::bigint, event_time, session_number, session_start
          FROM shopanalytics.sessionize_events('SELECT * FROM event ORDER BY hashint8(id)', timeout, key_column => 'id', max_duration => max_duration, max_events => max_events)
        EXCEPT ALL
        SELECT id, user_id, event_time, shopanalytics.sessionize(event_time, timeout, false, max_duration, max_events) OVER w, shopanalytics.session_start(event_time, timeout, false, max_duration, max_events) OVER w
          FROM event WINDOW w AS (PARTITION BY user_id ORDER BY event_time, id)) AS d $$;
SELECT t, d, n, pg_temp.differing(t, d, n) AS differing
  FROM (VALUES (interval '30 minutes', NULL::interval, NULL::integer), ('0', NULL, NULL), ('10 minutes', '1 hour', NULL), ('1 hour', NULL, 2), ('1 day', '40 minutes', 3)) AS v(t, d, n);

-- And as lag and sum.
SELECT count(*) AS events, count(*) FILTER (WHERE s.session_number <> o.session_number) AS differing
  FROM shopanalytics.sessionize_events('event', key_column => 'id') s
  JOIN (SELECT id, sum(starts) OVER (PARTITION BY user_id ORDER BY event_time) AS session_number
          FROM (SELECT *, coalesce(event_time - lag(event_time) OVER (PARTITION BY user_id ORDER BY event_time) > interval '30 minutes', true)::int AS starts FROM event) AS g) o ON o.id = s.event_key::bigint;

-- Arguments.
SELECT * FROM shopanalytics.sessionize_events('event', NULL);
SELECT * FROM shopanalytics.sessionize_events('event', '-1 minute');
SELECT * FROM shopanalytics.sessionize_events('event', '1 month');
SELECT * FROM shopanalytics.sessionize_events('event', max_events => 0);
SELECT * FROM shopanalytics.sessionize_events('event', max_duration => '-1 s');
