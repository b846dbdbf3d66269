-- sessionize, session_start, session_split_reason.  The cases S are published
-- examples of other session functions; the oracle at the end is ours.
SET TimeZone = 'UTC';
SET IntervalStyle = 'postgres';
SET DateStyle = 'ISO, YMD';

-- Ordinary: D8, S1, MADlib's documentation
SELECT user_id, array_agg(page || id ORDER BY ts) AS pages_with_session
  FROM (SELECT user_id, ts, page,
               shopanalytics.sessionize(ts, '30 minutes') OVER (PARTITION BY user_id ORDER BY ts) AS id
          FROM (VALUES (100821, timestamptz '2015-04-15 01:03', 'L'), (100821, '2015-04-15 01:04', 'W'), (100821, '2015-04-15 01:05', 'C'),
                       (100821, '2015-04-15 02:06', 'W'), (100821, '2015-04-15 02:09', 'W'),
                       (101331, '2015-04-15 02:15', 'L'), (101331, '2015-04-15 02:16', 'W'), (101331, '2015-04-15 02:17', 'H'),
                       (101331, '2015-04-15 02:18', 'W'), (101331, '2015-04-15 02:19', 'C'),
                       (201881, '2015-04-15 02:29', 'L'), (201881, '2015-04-15 02:30', 'B'),
                       (202201, '2015-04-15 01:05', 'L'), (202201, '2015-04-15 01:06', 'H'), (202201, '2015-04-15 01:09', 'L'),
                       (202201, '2015-04-15 02:15', 'W'), (202201, '2015-04-15 02:16', 'B'), (202201, '2015-04-15 02:17', 'W'),
                       (202201, '2015-04-15 03:18', 'B'), (202201, '2015-04-15 03:19', 'W'), (202201, '2015-04-15 03:22', 'C'))
               AS e(user_id, ts, page)) s
 GROUP BY user_id ORDER BY user_id;

-- S2, MADlib's install check: 42 rows, timeout 3 minutes, with gaps of exactly that
CREATE TEMP TABLE madlib (user_id integer, ts timestamptz, expected bigint);
INSERT INTO madlib VALUES
    (100821, '2015-04-15 01:03:00', 1), (100821, '2015-04-15 01:05:00', 1), (100821, '2015-04-15 01:07:00', 1),
    (100821, '2015-04-15 02:06:00', 2), (100821, '2015-04-15 02:07:00', 2),
    (101121, '2015-04-15 01:15:00', 1), (101121, '2015-04-15 01:16:00', 1), (101121, '2015-04-15 01:18:00', 1),
    (101121, '2015-04-15 01:19:00', 1), (101121, '2015-04-15 01:21:00', 1), (101121, '2015-04-15 01:24:00', 1),
    (101121, '2015-04-15 01:26:00', 1), (101121, NULL, NULL), (101121, NULL, NULL),
    (101121, '2015-04-15 02:21:00', 2), (101121, '2015-04-15 02:24:00', 2), (101121, '2015-04-15 02:26:00', 2),
    (101331, '2015-04-15 02:15:00', 1), (101331, '2015-04-15 02:16:06', 1), (101331, '2015-04-15 02:18:00', 1),
    (101331, '2015-04-15 02:20:00', 1), (101331, '2015-04-15 02:21:00', 1),
    (101443, '2015-04-15 02:22:00', 1), (101443, '2015-04-15 02:27:00', 2),
    (101881, '2015-04-15 02:29:00', 1), (101881, '2015-04-15 02:30:00', 1),
    (102201, '2015-04-15 01:05:00', 1), (102201, '2015-04-15 01:06:00', 1), (102201, '2015-04-15 01:10:00', 2),
    (102201, '2015-04-15 02:15:00', 3), (102201, '2015-04-15 02:16:00', 3), (102201, '2015-04-15 02:17:00', 3),
    (102871, '2015-04-15 02:18:00', 1), (102871, '2015-04-15 02:19:00', 1), (102871, '2015-04-15 02:22:00', 1),
    (102871, '2015-04-15 02:25:00', 1),
    (103711, NULL, NULL), (103711, NULL, NULL), (103711, NULL, NULL),
    (103711, '2016-04-15 02:17:00', 1), (103711, '2016-04-15 02:21:00', 2), (103711, '2016-04-15 02:31:00', 3);
SELECT count(*) AS rows,
       count(*) FILTER (WHERE id IS NOT DISTINCT FROM expected) AS agree,
       count(*) FILTER (WHERE shorter IS DISTINCT FROM expected) AS changed_without_exact_gaps
  FROM (SELECT expected,
               shopanalytics.sessionize(ts, '3 minutes') OVER w AS id,
               shopanalytics.sessionize(ts, '2 minutes 59.999999 seconds') OVER w AS shorter
          FROM madlib WINDOW w AS (PARTITION BY user_id ORDER BY ts)) s;

-- S3, S5, S6
SELECT string_agg(to_char(ts, 'HH24:MI') || ' ' || id, ', ' ORDER BY ts)
  FROM (SELECT ts, shopanalytics.sessionize(ts) OVER (ORDER BY ts) AS id
          FROM (VALUES (timestamptz '2024-01-01 00:00'), ('2024-01-01 00:05'), ('2024-01-01 00:10'), ('2024-01-01 02:00'), ('2024-01-01 02:05')) AS e(ts)) s;
SELECT shopanalytics.sessionize(timestamptz '2024-01-01') OVER () AS id,
       shopanalytics.session_start(timestamptz '2024-01-01') OVER () AS start,
       shopanalytics.session_split_reason(timestamptz '2024-01-01') OVER () AS reason;
SELECT string_agg(to_char(ts, 'HH24:MI') || ' ' || id, ', ' ORDER BY ts)
  FROM (SELECT ts, shopanalytics.sessionize(ts) OVER (ORDER BY ts) AS id
          FROM (VALUES (timestamptz '2024-01-01 10:00'), ('2024-01-01 10:15'), ('2024-01-01 10:25'),
                       ('2024-01-01 11:30'), ('2024-01-01 11:45'), ('2024-01-01 13:00')) AS e(ts)) s;

-- S7, DolphinDB: the session is named by its start; numbers, then dates
SELECT array_agg(start_of_session ORDER BY ts)
  FROM (SELECT ts, shopanalytics.session_start(ts, 5) OVER (ORDER BY ts) AS start_of_session
          FROM unnest(ARRAY[1, 5, 6, 12, 13, 13, 15]) AS ts) s;
SELECT ts, shopanalytics.session_start(ts, '5 days') OVER (ORDER BY ts)::date AS start
  FROM unnest(ARRAY[date '2012-06-13', '2012-06-15', '2012-06-19', '2012-06-26', '2012-06-28']) AS ts;

-- S9: the tracker gave all three one session
SELECT ts, shopanalytics.sessionize(ts) OVER (PARTITION BY tracker_session ORDER BY ts) AS id
  FROM (VALUES ('x', timestamptz '2021-01-01 13:00'), ('x', '2021-01-01 13:10'), ('x', '2021-06-01 15:00')) AS e(tracker_session, ts);

-- S12: the later event arrives first, the session still starts with the earlier
SELECT ts, shopanalytics.sessionize(ts) OVER w AS id, shopanalytics.session_start(ts) OVER w AS start
  FROM (VALUES (timestamptz '2021-01-01 12:15:18.752'), ('2021-01-01 12:13:29.179')) AS e(ts)
WINDOW w AS (ORDER BY ts) ORDER BY ts;

-- S13, S14: the night the clocks change, by instants and by wall clock
SELECT ts, shopanalytics.sessionize(ts) OVER (ORDER BY ts) AS by_instant,
       shopanalytics.sessionize(ts AT TIME ZONE 'America/New_York') OVER (ORDER BY ts) AS by_wall_clock
  FROM (VALUES (timestamptz '2024-03-10 01:50-05'), ('2024-03-10 03:05-04')) AS e(ts);
SELECT ts, shopanalytics.sessionize(ts) OVER (ORDER BY ts) AS id, shopanalytics.session_start(ts) OVER (ORDER BY ts) AS start
  FROM (VALUES (timestamptz '2024-11-03 01:50-04'), ('2024-11-03 01:10-05')) AS e(ts);

-- A day is 24 hours, in every time zone: the gap is 25 hours
SET TimeZone = 'America/New_York';
SELECT shopanalytics.sessionize(ts, '1 day') OVER (ORDER BY ts) AS one_day,
       shopanalytics.sessionize(ts, '1 day 1 hour') OVER (ORDER BY ts) AS one_day_and_an_hour
  FROM (VALUES (timestamptz '2024-11-02 12:00'), ('2024-11-03 12:00')) AS e(ts);
SET TimeZone = 'UTC';

-- S15: infinite times, also where the timeout is longer than the way to them
SELECT ts, shopanalytics.sessionize(ts) OVER (ORDER BY ts) AS id
  FROM (VALUES (timestamptz '-infinity'), ('-infinity'), ('2024-01-01'), ('infinity'), ('infinity')) AS e(ts);
SELECT ts, shopanalytics.sessionize(ts) OVER w AS id, shopanalytics.session_start(ts) OVER w AS start,
       shopanalytics.session_split_reason(ts) OVER w AS reason,
       shopanalytics.sessionize(ts, '106751991 days') OVER w AS long_timeout
  FROM (VALUES (timestamptz '-infinity'), ('-infinity'), ('4713-01-01 BC'), ('2024-01-01'), ('294276-12-31 23:59:59.999999'), ('infinity'), ('infinity')) AS e(ts)
WINDOW w AS (ORDER BY ts);
SELECT ts, shopanalytics.sessionize(ts, max_duration => '0') OVER (ORDER BY ts) AS id
  FROM (VALUES (timestamp '-infinity'), ('-infinity'), ('2024-01-01'), ('infinity'), ('infinity')) AS e(ts);

-- Empty input, all NULL
SELECT shopanalytics.sessionize(ts) OVER (ORDER BY ts) FROM (VALUES (timestamptz '2024-01-01')) AS e(ts) WHERE false;
SELECT shopanalytics.sessionize(ts) OVER w AS id, shopanalytics.session_start(ts) OVER w AS start, shopanalytics.session_split_reason(ts) OVER w AS reason
  FROM (VALUES (NULL::timestamptz), (NULL)) AS e(ts) WINDOW w AS (ORDER BY ts);

-- S4: rows without a time keep out of it, wherever they are sorted; a split there is none
SELECT ts, shopanalytics.sessionize(ts, split => split) OVER w AS id, shopanalytics.session_start(ts, split => split) OVER w AS start,
       shopanalytics.session_split_reason(ts, split => split) OVER w AS reason
  FROM (VALUES (timestamptz '2024-01-01 00:00', NULL), (NULL, true), ('2024-01-01 00:05', NULL)) AS e(ts, split)
WINDOW w AS (ORDER BY ts NULLS LAST);
SELECT ts, shopanalytics.sessionize(ts, split => split) OVER w AS id, shopanalytics.session_start(ts, split => split) OVER w AS start,
       shopanalytics.session_split_reason(ts, split => split) OVER w AS reason
  FROM (VALUES (timestamptz '2024-01-01 00:00', NULL), (NULL, true), ('2024-01-01 00:05', NULL)) AS e(ts, split)
WINDOW w AS (ORDER BY ts NULLS FIRST);
SELECT n, ts, shopanalytics.sessionize(ts, max_events => 2) OVER (ORDER BY n) AS between
  FROM (VALUES (1, timestamptz '2024-01-01 00:00'), (2, NULL), (3, '2024-01-01 00:05'), (4, NULL), (5, '2024-01-01 00:05')) AS e(n, ts);

-- Timeout zero: every later time is a session, the same time is not
SELECT ts, shopanalytics.sessionize(ts, '0') OVER (ORDER BY ts) AS id
  FROM (VALUES (timestamptz '2024-01-01 00:00'), ('2024-01-01 00:00'), ('2024-01-01 00:00:00.000001')) AS e(ts);

-- split: forced at midnight and when the campaign changes; NULL is false; constants
SELECT ts, campaign,
       shopanalytics.sessionize(ts, split => midnight) OVER w AS by_day,
       shopanalytics.session_split_reason(ts, split => midnight) OVER w AS day_reason,
       shopanalytics.sessionize(ts, split => new_campaign) OVER w AS by_campaign,
       shopanalytics.sessionize(ts, split => NULL) OVER w AS never,
       shopanalytics.sessionize(ts, split => true) OVER w AS always
  FROM (SELECT *, date_trunc('day', ts) IS DISTINCT FROM lag(date_trunc('day', ts)) OVER (ORDER BY ts) AS midnight,
               campaign <> lag(campaign) OVER (ORDER BY ts) AS new_campaign
          FROM (VALUES (timestamptz '2024-01-01 23:40', 'mail'), ('2024-01-01 23:50', 'mail'), ('2024-01-02 00:10', 'ads'),
                       ('2024-01-02 00:20', NULL), ('2024-01-02 00:30', 'ads')) AS e(ts, campaign)) s
WINDOW w AS (ORDER BY ts);

-- max_duration: start plus max_duration is still inside; measured from the start of each session
SELECT ts, shopanalytics.sessionize(ts, max_duration => '20 minutes') OVER w AS id,
       shopanalytics.session_start(ts, max_duration => '20 minutes') OVER w AS start,
       shopanalytics.session_split_reason(ts, max_duration => '20 minutes') OVER w AS reason
  FROM (VALUES (timestamptz '2024-01-01 00:00'), ('2024-01-01 00:10'), ('2024-01-01 00:20'), ('2024-01-01 00:20:00.000001'),
               ('2024-01-01 00:40'), ('2024-01-01 00:41'), ('2024-01-01 00:45')) AS e(ts)
WINDOW w AS (ORDER BY ts);

-- max_events
SELECT n, shopanalytics.sessionize(ts, max_events => 2) OVER w AS id, shopanalytics.session_split_reason(ts, max_events => 2) OVER w AS reason,
       shopanalytics.sessionize(ts, max_events => 1) OVER w AS single
  FROM (SELECT n, timestamptz '2024-01-01' + n * interval '1 minute' AS ts FROM generate_series(1, 5) AS n) e
WINDOW w AS (ORDER BY ts);

-- Where several reasons apply the first counts: first, timeout, split, max_duration, max_events
SELECT ts, shopanalytics.session_split_reason(ts, '10 minutes', true, '1 minute', 1) OVER w AS any_of_all,
       shopanalytics.session_split_reason(ts, '30 minutes', true, '1 minute', 1) OVER w AS split_first,
       shopanalytics.session_split_reason(ts, '30 minutes', false, '1 minute', 1) OVER w AS duration_first,
       shopanalytics.session_split_reason(ts, '30 minutes', false, '1 hour', 1) OVER w AS events_left
  FROM (VALUES (timestamptz '2024-01-01 00:00'), ('2024-01-01 00:20')) AS e(ts) WINDOW w AS (ORDER BY ts);

-- Calls resolve without casts, for every type of time
SELECT pg_typeof(shopanalytics.sessionize(t) OVER w) AS id,
       pg_typeof(shopanalytics.session_start(t, '30 minutes') OVER w) AS timestamptz,
       pg_typeof(shopanalytics.session_start(t::timestamp, '30 minutes', split => false) OVER w) AS timestamp,
       pg_typeof(shopanalytics.session_start(t::date, '1 day', NULL, NULL, NULL) OVER w) AS date,
       pg_typeof(shopanalytics.session_start(1::bigint, 5) OVER w) AS bigint,
       pg_typeof(shopanalytics.session_start(1, '5', max_duration => '60', max_events => 9) OVER w) AS integer,
       pg_typeof(shopanalytics.session_split_reason(t, max_events => 3, timeout => '1 hour', max_duration => '1 day') OVER w) AS reason
  FROM (VALUES (timestamptz '2024-01-01')) AS e(t) WINDOW w AS (ORDER BY t);

-- bigint: over its whole range nothing wraps around
SELECT ts, shopanalytics.sessionize(ts, 9223372036854775807) OVER w AS id, shopanalytics.session_start(ts, 9223372036854775807) OVER w AS start,
       shopanalytics.sessionize(ts, 0, max_duration => 0) OVER w AS single
  FROM unnest(ARRAY[-9223372036854775808, -9223372036854775808, -1, 0, 9223372036854775807, 9223372036854775807]) AS ts WINDOW w AS (ORDER BY ts);
SELECT ts, shopanalytics.sessionize(ts, 9223372036854775807) OVER (ORDER BY ts) AS id
  FROM unnest(ARRAY[-9223372036854775808, 0, 9223372036854775807]) AS ts;

-- Parameters of a prepared statement and a timeout from a subquery
PREPARE visits (interval) AS
    SELECT max(id) FROM (SELECT shopanalytics.sessionize(ts, $1) OVER (PARTITION BY user_id ORDER BY ts) AS id FROM madlib) s;
EXECUTE visits ('3 minutes');
EXECUTE visits ('1 day');
SELECT max(id) FROM (SELECT shopanalytics.sessionize(ts, (SELECT interval '3 minutes')) OVER (PARTITION BY user_id ORDER BY ts) AS id FROM madlib) s;

-- A timeout may differ by partition
SELECT visitor, ts, shopanalytics.sessionize(ts, timeout) OVER (PARTITION BY visitor ORDER BY ts) AS id
  FROM (VALUES ('a', timestamptz '2024-01-01 00:00', interval '5 minutes'), ('a', '2024-01-01 00:10', '5 minutes'),
               ('b', '2024-01-01 00:00', '1 day'), ('b', '2024-01-01 00:10', '24 hours')) AS e(visitor, ts, timeout)
 ORDER BY visitor, ts;

-- Every error
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
\x on
\t on
SELECT e.*
  FROM (VALUES
    (1, $$(ts, NULL) OVER (ORDER BY ts)$$),
    (2, $$(ts, '-1 second') OVER (ORDER BY ts)$$),
    (3, $$(ts, '1 hour -1 day') OVER (ORDER BY ts)$$),
    (4, $$(ts, '1 month') OVER (ORDER BY ts)$$),
    (5, $$(ts, '1 month -30 days') OVER (ORDER BY ts)$$),
    (6, $$(ts, '2147483647 days') OVER (ORDER BY ts)$$),
    (7, $$(ts, max_duration => '-1 second') OVER (ORDER BY ts)$$),
    (8, $$(ts, max_duration => '1 year') OVER (ORDER BY ts)$$),
    (9, $$(ts, max_events => 0) OVER (ORDER BY ts)$$),
    (10, $$(ts, max_events => -1) OVER (ORDER BY ts)$$),
    (11, $$(n, -1) OVER (ORDER BY n)$$),
    (12, $$(n, 1, max_duration => -5) OVER (ORDER BY n)$$),
    (13, $$(n, NULL) OVER (ORDER BY n)$$),
    (14, $$(ts) OVER (ORDER BY ts DESC)$$),
    (15, $$(ts) OVER (ORDER BY n DESC)$$),
    (16, $$(ts::timestamp) OVER (ORDER BY ts DESC NULLS LAST)$$),
    (17, $$(n, 1) OVER (ORDER BY ts DESC NULLS LAST)$$),
    (18, $$(ts, n * interval '1 minute') OVER (ORDER BY ts)$$),
    (19, $$(ts, max_duration => CASE n WHEN 1 THEN interval '1 hour' END) OVER (ORDER BY ts)$$),
    (20, $$(ts, max_events => n) OVER (ORDER BY ts)$$),
    (21, $$(ts)$$)) AS c(n, call),
       pg_temp.error_of('SELECT shopanalytics.session_split_reason' || call ||
                        $$ FROM (VALUES (1, timestamptz '2024-01-01 00:00'), (2, '2024-01-01 00:01'), (3, NULL)) AS e(n, ts)$$) AS e
 ORDER BY c.n;
\x off
\t off
-- without a timeout numbers have no meaning
SELECT shopanalytics.sessionize(1::bigint) OVER ();
-- the time is not the window's: nothing of the statement remains
CREATE TEMP TABLE kept AS SELECT shopanalytics.sessionize(ts) OVER () AS id FROM (VALUES (timestamptz '2024-01-02'), ('2024-01-01')) AS e(ts);
SELECT to_regclass('kept');

-- Window frame: of no effect, nor is another function beside ours
SELECT count(*) AS rows, count(*) FILTER (WHERE (a, b, c, d, e) IS DISTINCT FROM (id, id, id, id, id)) AS differ
  FROM (SELECT shopanalytics.sessionize(ts, '3 minutes') OVER (PARTITION BY user_id ORDER BY ts) AS id,
               shopanalytics.sessionize(ts, '3 minutes') OVER (PARTITION BY user_id ORDER BY ts ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS a,
               shopanalytics.sessionize(ts, '3 minutes') OVER (PARTITION BY user_id ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS b,
               shopanalytics.sessionize(ts, '3 minutes') OVER (PARTITION BY user_id ORDER BY ts RANGE BETWEEN '1 hour' PRECEDING AND '1 second' PRECEDING) AS c,
               shopanalytics.sessionize(ts, '3 minutes') OVER (PARTITION BY user_id ORDER BY ts GROUPS BETWEEN 2 FOLLOWING AND 3 FOLLOWING EXCLUDE TIES) AS d,
               shopanalytics.sessionize(ts, '3 minutes') OVER (PARTITION BY user_id ORDER BY ts ROWS BETWEEN CURRENT ROW AND CURRENT ROW EXCLUDE CURRENT ROW) AS e
          FROM madlib) s;
SELECT shopanalytics.sessionize(ts, '3 minutes') OVER w AS id, last_value(ts) OVER w AS last, lag(ts, 2) OVER w AS lag, count(ts) OVER w
  FROM madlib WHERE user_id = 102871 WINDOW w AS (ORDER BY ts ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING);

-- Rows behind are dropped: a partition of any size fits in the least memory, where a sum over it does not
CREATE FUNCTION pg_temp.explain(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
        plan := plan || line || E'\n';
    END LOOP;
    RETURN plan;
END $$;
SET work_mem = '64kB';
SELECT fn, pg_temp.explain('(ANALYZE, BUFFERS) SELECT ' || fn || ' OVER () FROM (SELECT generate_series(1, 100000) AS n) s') ~ 'temp (read|written)=' AS spills
  FROM unnest(ARRAY['shopanalytics.sessionize(n, 1)', 'shopanalytics.session_split_reason(NULL::timestamp)', 'sum(n)']) AS fn;
RESET work_mem;

-- Random histories on a grid of five minutes, so that ties and exact gaps abound
CREATE FUNCTION pg_temp.pick(n integer, seed integer, choices integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint4extended(n, seed) % choices + choices) % choices)::integer
$$;
CREATE TEMP TABLE history AS
SELECT h,
       (ARRAY['0', '5 minutes', '10 minutes', '30 minutes', '1 day'])[1 + pg_temp.pick(h, 1, 5)]::interval AS timeout,
       (ARRAY[NULL, NULL, '0', '15 minutes', '1 hour'])[1 + pg_temp.pick(h, 2, 5)]::interval AS max_duration,
       (ARRAY[NULL, NULL, 1, 2, 4])[1 + pg_temp.pick(h, 3, 5)] AS max_events,
       pg_temp.pick(h, 4, 4) AS splits
  FROM generate_series(1, 22000) AS h;
CREATE TEMP TABLE event AS
SELECT h, n AS seq,
       CASE pg_temp.pick(h * 16 + n, 5, 20) WHEN 0 THEN '-infinity' WHEN 1 THEN 'infinity' WHEN 2 THEN NULL
            ELSE timestamptz '2024-01-01' + pg_temp.pick(h * 16 + n, 6, 40) * interval '5 minutes' END AS ts,
       CASE pg_temp.pick(h * 16 + n, 7, 10) WHEN 0 THEN NULL ELSE pg_temp.pick(h * 16 + n, 8, 8) < splits END AS split
  FROM history CROSS JOIN LATERAL generate_series(1, pg_temp.pick(h, 9, 16)) AS n;

-- The oracle goes over the rows one by one, with PostgreSQL's own arithmetic of
-- time and the rules in the words of the reference page.
CREATE FUNCTION pg_temp.oracle() RETURNS TABLE (o_h integer, o_seq integer, o_id bigint, o_start timestamptz, o_reason text) LANGUAGE plpgsql AS $$
DECLARE
    e record;
    latest timestamptz;
    events integer;
BEGIN
    o_h := 0;
    FOR e IN SELECT * FROM event JOIN history USING (h) ORDER BY h, ts, seq LOOP
        IF e.h <> o_h THEN
            o_h := e.h;
            latest := NULL;
            o_id := 0;
        END IF;
        o_seq := e.seq;
        o_reason := CASE
            WHEN e.ts IS NULL THEN 'no time'
            WHEN latest IS NULL THEN 'first'
            WHEN e.ts <> latest AND NOT (isfinite(e.ts) AND isfinite(latest)) THEN 'timeout'
            WHEN e.ts <> latest AND e.ts > latest + e.timeout THEN 'timeout'
            WHEN e.split THEN 'split'
            WHEN e.ts <> o_start AND e.ts > o_start + e.max_duration THEN 'max_duration'
            WHEN events = e.max_events THEN 'max_events'
        END;
        IF o_reason = 'no time' THEN
            RETURN QUERY SELECT e.h, e.seq, NULL::bigint, NULL::timestamptz, NULL::text;
            CONTINUE;
        END IF;
        IF o_reason IS NOT NULL THEN
            o_id := o_id + 1;
            o_start := e.ts;
            events := 0;
        END IF;
        events := events + 1;
        latest := e.ts;
        RETURN NEXT;
    END LOOP;
END $$;
ANALYZE history, event;
CREATE TEMP TABLE expected AS SELECT o_h AS h, o_seq AS seq, o_id AS id, o_start AS start, o_reason AS reason FROM pg_temp.oracle();
ANALYZE expected;
SELECT count(*) = (SELECT count(*) FROM event) AS all_rows, count(*) > 150000 AS many, count(DISTINCT h) > 20000 AS histories FROM expected;
SELECT reason, count(*) > 500 AS often FROM expected GROUP BY reason ORDER BY reason;

-- rules from columns, NULLS LAST and NULLS FIRST
SELECT count(*) AS differ
  FROM (SELECT h, seq, shopanalytics.sessionize(ts, timeout, split, max_duration, max_events) OVER w AS id,
               shopanalytics.session_start(ts, timeout, split, max_duration, max_events) OVER w AS start,
               shopanalytics.session_split_reason(ts, timeout, split, max_duration, max_events) OVER w AS reason
          FROM event JOIN history USING (h) WINDOW w AS (PARTITION BY h ORDER BY ts NULLS LAST, seq)) s
  JOIN expected x USING (h, seq) WHERE (s.id, s.start, s.reason) IS DISTINCT FROM (x.id, x.start, x.reason);
SELECT count(*) AS differ
  FROM (SELECT h, seq, shopanalytics.sessionize(ts, timeout, split, max_duration, max_events) OVER w AS id,
               shopanalytics.session_start(ts, timeout, split, max_duration, max_events) OVER w AS start,
               shopanalytics.session_split_reason(ts, timeout, split, max_duration, max_events) OVER w AS reason
          FROM event JOIN history USING (h) WINDOW w AS (PARTITION BY h ORDER BY ts NULLS FIRST, seq)) s
  JOIN expected x USING (h, seq) WHERE (s.id, s.start, s.reason) IS DISTINCT FROM (x.id, x.start, x.reason);

-- rules as constants, each combination in a statement of its own
CREATE FUNCTION pg_temp.constant_rules(OUT combinations integer, OUT differ bigint) LANGUAGE plpgsql AS $$
DECLARE
    r record;
    n bigint;
BEGIN
    combinations := 0;
    differ := 0;
    FOR r IN SELECT DISTINCT timeout, max_duration, max_events FROM history LOOP
        EXECUTE format($q$
            SELECT count(*)
              FROM (SELECT h, seq, shopanalytics.sessionize(ts, %1$L, split, %2$L, %3$L) OVER w AS id,
                           shopanalytics.session_start(ts, %1$L, split, %2$L, %3$L) OVER w AS start,
                           shopanalytics.session_split_reason(ts, %1$L, split, %2$L, %3$L) OVER w AS reason
                      FROM event JOIN history USING (h)
                     WHERE h <= 5000 AND (timeout, max_duration, max_events) IS NOT DISTINCT FROM (%1$L::interval, %2$L::interval, %3$L::integer)
                    WINDOW w AS (PARTITION BY h ORDER BY ts, seq)) s
              JOIN expected x USING (h, seq) WHERE (s.id, s.start, s.reason) IS DISTINCT FROM (x.id, x.start, x.reason)$q$,
            r.timeout, r.max_duration, r.max_events) INTO n;
        combinations := combinations + 1;
        differ := differ + n;
    END LOOP;
END $$;
SELECT * FROM pg_temp.constant_rules();

-- timestamp and bigint, in seconds, say the same; finite times only for the latter
SELECT count(*) AS differ
  FROM (SELECT h, seq, shopanalytics.sessionize(ts::timestamp, timeout, split, max_duration, max_events) OVER w AS id,
               shopanalytics.session_start(ts::timestamp, timeout, split, max_duration, max_events) OVER w AS start,
               shopanalytics.session_split_reason(ts::timestamp, timeout, split, max_duration, max_events) OVER w AS reason
          FROM event JOIN history USING (h) WINDOW w AS (PARTITION BY h ORDER BY ts, seq)) s
  JOIN expected x USING (h, seq) WHERE (s.id, s.start::timestamptz, s.reason) IS DISTINCT FROM (x.id, x.start, x.reason);
SELECT count(*) AS differ
  FROM (SELECT h, seq, shopanalytics.sessionize(at, gap, split, longest, max_events) OVER w AS id,
               shopanalytics.session_start(at, gap, split, longest, max_events) OVER w AS start,
               shopanalytics.session_split_reason(at, gap, split, longest, max_events) OVER w AS reason
          FROM (SELECT h, seq, split, max_events, extract(epoch FROM ts)::bigint AS at,
                       extract(epoch FROM timeout)::bigint AS gap, extract(epoch FROM max_duration)::bigint AS longest
                  FROM event JOIN history USING (h)
                 WHERE h NOT IN (SELECT h FROM event WHERE NOT isfinite(ts))) e
        WINDOW w AS (PARTITION BY h ORDER BY at, seq)) s
  JOIN expected x USING (h, seq) WHERE (s.id, s.start, s.reason) IS DISTINCT FROM (x.id, extract(epoch FROM x.start)::bigint, x.reason);

-- Permutation: 50 insert orders, many ties and no tie-breaker, one answer
CREATE TEMP TABLE shuffled AS
SELECT seed, h * 16 + seq AS id, ts FROM event, generate_series(1, 50) AS seed WHERE h BETWEEN 1 AND 40 ORDER BY seed, hashint4extended(h * 16 + seq, seed);
SELECT count(DISTINCT answer) AS answers, bool_or(cardinality(answer) > 200) AS large
  FROM (SELECT seed, array_agg((id, session, start) ORDER BY id) AS answer
          FROM (SELECT seed, id, shopanalytics.sessionize(ts, '0', max_duration => '10 minutes') OVER w AS session,
                       shopanalytics.session_start(ts, '5 minutes', max_duration => '10 minutes') OVER w AS start
                  FROM shuffled WINDOW w AS (PARTITION BY seed ORDER BY ts)) s
         GROUP BY seed) a;

-- Parallel: workers below the window, and windows inside the workers
CREATE TABLE sessionize_event AS SELECT h, seq, ts FROM event WHERE h <= 5000;
CREATE TABLE sessionize_user AS SELECT h FROM history WHERE h <= 5000;
ANALYZE sessionize_event, sessionize_user;
\set by_window 'SELECT h, seq, shopanalytics.sessionize(ts) OVER (PARTITION BY h ORDER BY ts) AS id FROM sessionize_event'
\set by_user 'SELECT h, s.* FROM sessionize_user u CROSS JOIN LATERAL (SELECT seq, shopanalytics.sessionize(ts) OVER (ORDER BY ts) AS id FROM sessionize_event e WHERE e.h = u.h) s'
SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE serial AS :by_window;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET min_parallel_index_scan_size = 0;
SELECT pg_temp.explain(:'by_window') ~ 'WindowAgg.*Gather.*Parallel' AS workers_below_window;
CREATE TEMP TABLE parallel_window AS :by_window;
CREATE INDEX ON sessionize_event (h, ts);
SELECT pg_temp.explain(:'by_user') ~ 'Gather.*WindowAgg' AS window_in_workers;
CREATE TEMP TABLE parallel_user AS :by_user;
SELECT count(*) > 30000 AS many FROM serial;
SELECT count(*) AS differ FROM ((TABLE serial EXCEPT ALL TABLE parallel_window) UNION ALL (TABLE parallel_window EXCEPT ALL TABLE serial)) d;
SELECT count(*) AS differ FROM ((TABLE serial EXCEPT ALL TABLE parallel_user) UNION ALL (TABLE parallel_user EXCEPT ALL TABLE serial)) d;
DROP TABLE sessionize_event, sessionize_user;
