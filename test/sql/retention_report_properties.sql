-- retention_report against plain SQL, on 24,000 random histories: every
-- combination of mode, cohort and clock, with other units, zones and thresholds.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
SET client_min_messages = warning;

-- Each user is a history.  Times are coarse, to have ties, and around the day on
-- which clocks change; the breakdown differs between the events of a user.
CREATE TEMP TABLE history AS
SELECT u * 100 + i AS row_id, u AS user_id, (ARRAY['a', 'b', 'c', NULL])[1 + floor(4 * random() ^ 1.5)::integer] AS event_name,
       (ARRAY['x', 'Y', 'z', NULL])[1 + floor(4 * random())::integer] AS channel,
       timestamptz '2024-03-20 00:30+00' + floor(random() ^ 2 * 84) * interval '6 hours' + floor(random() * 3) * interval '1 hour' AS event_time
  FROM (SELECT setseed(0.25)) seed, generate_series(1, 24000) u, LATERAL generate_series(1, 1 + abs(hashint4(u)) % 8) i;
CREATE INDEX ON history (user_id);
ANALYZE history;

CREATE TEMP TABLE asked (
    n integer GENERATED ALWAYS AS IDENTITY, mode text, cohort text, clock text, unit text,
    zone text, week_start integer, least integer, start_event text, return_event text,
    first timestamptz, until timestamptz);
INSERT INTO asked (mode, cohort, clock, unit, zone, week_start, least, start_event, return_event, first, until) VALUES
    ('bounded', 'first_time', 'calendar', 'day', 'Europe/Berlin', 1, 1, 'a', 'b', NULL, NULL),
    ('bounded', 'first_time', 'calendar', 'week', 'America/New_York', 7, 2, NULL, NULL, NULL, NULL),
    ('bounded', 'first_time', 'rolling', 'day', 'Europe/Berlin', 1, 1, 'a', 'a', '2024-03-22 12:00+00', '2024-04-20'),
    ('bounded', 'recurring', 'calendar', 'day', 'Asia/Tokyo', 1, 1, NULL, NULL, '2024-03-22 13:00+00', '2024-04-06 11:00+00'),
    ('bounded', 'recurring', 'calendar', 'hour', 'UTC', 1, 1, NULL, 'a', NULL, '2024-03-24'),
    ('bounded', 'recurring', 'rolling', 'week', 'Europe/Berlin', 4, 1, 'b', NULL, NULL, NULL),
    ('unbounded', 'first_time', 'calendar', 'week', 'Europe/Berlin', 3, 1, 'a', 'b', NULL, '2024-04-18'),
    ('unbounded', 'first_time', 'rolling', 'day', 'UTC', 1, 2, NULL, 'a', NULL, NULL),
    ('unbounded', 'recurring', 'calendar', 'day', 'Europe/Berlin', 1, 1, 'a', 'a', '2024-03-25', NULL),
    ('unbounded', 'recurring', 'calendar', 'month', 'Europe/Berlin', 1, 1, NULL, NULL, NULL, '2024-09-01'),
    ('unbounded', 'recurring', 'rolling', 'hour', 'UTC', 1, 1, NULL, NULL, NULL, '2024-03-23'),
    ('bounded', 'recurring', 'calendar', 'quarter', 'Pacific/Auckland', 1, 1, 'b', 'c', NULL, '2025-06-30 15:00+00');

-- What is right, by self joins on local times.
CREATE TEMP TABLE plain (n integer, cohort timestamptz, channel text, size bigint, index integer, retained bigint, same_period bigint);
CREATE TEMP TABLE ev (user_id integer, channel text, t timestamptz, p timestamp, starts boolean, returns boolean);
CREATE TEMP TABLE entry (user_id integer, channel text, t timestamptz, p timestamp);
CREATE FUNCTION pg_temp.add_plain(a asked) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    step interval := CASE a.unit WHEN 'quarter' THEN '3 months' ELSE '1 ' || a.unit END;
    length interval := CASE a.unit WHEN 'week' THEN '168 hours' WHEN 'day' THEN '24 hours' ELSE '1 hour' END;
    shift interval := CASE a.unit WHEN 'week' THEN (a.week_start - 1) * interval '1 day' ELSE interval '0' END;
    data_end timestamptz;
BEGIN
    TRUNCATE ev, entry;
    INSERT INTO ev
    SELECT user_id, channel, event_time, date_trunc(a.unit, event_time AT TIME ZONE a.zone - shift) + shift,
           coalesce(event_name = a.start_event, a.start_event IS NULL), coalesce(event_name = a.return_event, a.return_event IS NULL)
      FROM history WHERE user_id BETWEEN a.n * 2000 - 1999 AND a.n * 2000 AND event_time < coalesce(a.until, 'infinity');
    SELECT coalesce(a.until, max(t)) INTO data_end FROM ev;
    INSERT INTO entry
    SELECT DISTINCT ON (user_id, p) user_id, channel, t, p
      FROM (SELECT *, min(t) OVER (PARTITION BY user_id) AS first_t FROM ev WHERE starts) e
     WHERE t >= coalesce(a.first, '-infinity') AND (a.cohort = 'recurring' OR t = first_t)
     ORDER BY user_id, p, t, channel COLLATE "C";
    ANALYZE ev, entry;
    INSERT INTO plain
    SELECT a.n, p AT TIME ZONE a.zone, channel, count(*), k,
           CASE WHEN is_complete THEN count(*) FILTER (WHERE times >= a.least OR k = 0) END,
           CASE WHEN is_complete AND k = 0 THEN count(*) FILTER (WHERE times >= a.least) END
      FROM (SELECT e.p, e.channel, k,
                   CASE a.clock WHEN 'calendar' THEN (e.p + (k + 1) * step) AT TIME ZONE a.zone
                                ELSE (e.p + step) AT TIME ZONE a.zone + (k + 1) * length END <= data_end AS is_complete,
                   count(*) FILTER (WHERE CASE WHEN a.clock = 'calendar' AND a.mode = 'unbounded' AND k > 0 THEN r.p >= e.p + k * step
                                               WHEN a.clock = 'calendar' THEN r.p = e.p + k * step
                                               WHEN a.mode = 'unbounded' AND k > 0 THEN r.t >= e.t + k * length
                                               ELSE r.t >= e.t + k * length AND r.t < e.t + (k + 1) * length END) AS times
              FROM entry e LEFT JOIN ev r ON r.user_id = e.user_id AND r.t > e.t AND r.returns, generate_series(0, 5) k
             GROUP BY e.user_id, e.p, e.channel, k) c
     GROUP BY p, channel, k, is_complete;
END
$$;

CREATE FUNCTION pg_temp.ours(a asked, lo integer, hi integer, row_order text)
RETURNS SETOF record
LANGUAGE sql AS $$
    SELECT r.*
      FROM shopanalytics.retention_report(format('SELECT * FROM pg_temp.history WHERE user_id BETWEEN %s AND %s ORDER BY %s', lo, hi, row_order),
               a.unit, 5, a.start_event, a.return_event, a.mode, a.cohort, a.clock, a.zone, a.week_start, a.least, 'channel',
               from_time => a.first, to_time => a.until) r
$$;

CREATE TEMP TABLE seen (n integer, row_order text, cohort timestamptz, breakdown_value text, cohort_size bigint, period_index integer,
                        retained bigint, retention_rate numeric, is_complete boolean, returned_same_period bigint);
INSERT INTO seen
SELECT a.n, o, r.*
  FROM asked a, unnest(ARRAY['event_time', 'md5(row_id::text)', 'event_time DESC, row_id DESC']) o,
       pg_temp.ours(a, a.n * 2000 - 1999, a.n * 2000, o)
           AS r (cohort timestamptz, breakdown_value text, cohort_size bigint, period_index integer, retained bigint, retention_rate numeric,
                 is_complete boolean, returned_same_period bigint);

-- The same in each order of the rows.
SELECT n, row_order, count(*)
  FROM (SELECT n, row_order, md5(string_agg(concat_ws(',', cohort, breakdown_value, cohort_size, period_index, retained, retention_rate, is_complete, returned_same_period),
                                            ';' ORDER BY cohort, breakdown_value, period_index)) AS all_rows
          FROM seen GROUP BY n, row_order) s
 WHERE all_rows NOT IN (SELECT md5(string_agg(concat_ws(',', cohort, breakdown_value, cohort_size, period_index, retained, retention_rate, is_complete, returned_same_period),
                                              ';' ORDER BY cohort, breakdown_value, period_index))
                          FROM seen t WHERE t.n = s.n AND t.row_order = 'event_time')
 GROUP BY n, row_order;

-- The same as by plain SQL, and cohorts that plain SQL has not are empty.
SELECT count(pg_temp.add_plain(a)) AS asked FROM asked a;
SELECT n, a.mode, a.cohort, a.clock, a.unit, wrong, many, many_return
  FROM asked a JOIN (
       SELECT n, count(p.size) > 30 AS many, sum(p.retained) FILTER (WHERE p.index > 0) > 100 AS many_return,
              count(*) FILTER (WHERE s.period_index IS NULL OR p.size IS NULL AND s.cohort_size > 0
                                  OR p.size IS NOT NULL AND (s.cohort_size, s.retained, s.returned_same_period) IS DISTINCT FROM (p.size, p.retained, p.same_period)) AS wrong
         FROM (SELECT *, coalesce(breakdown_value, '-') AS channel, period_index AS index FROM seen WHERE row_order = 'event_time') s
         FULL JOIN (SELECT n, cohort, coalesce(channel, '-') AS channel, index, size, retained, same_period FROM plain) p
           USING (n, cohort, channel, index)
        GROUP BY n) c USING (n)
 ORDER BY n;

-- What each row must be, whatever the events.
SELECT count(*) > 0 AS rows,
       count(*) FILTER (WHERE is_complete <> (retained IS NOT NULL)) AS incomplete_and_not_null,
       count(*) FILTER (WHERE period_index = 0 AND retained <> cohort_size) AS period_0_is_not_the_size,
       count(*) FILTER (WHERE retained > cohort_size OR returned_same_period > cohort_size) AS more_than_there_are,
       count(*) FILTER (WHERE retention_rate IS DISTINCT FROM CASE WHEN cohort_size > 0 THEN round(retained / cohort_size::numeric, 4) END) AS wrong_rate,
       count(*) FILTER (WHERE (returned_same_period IS NULL) <> (period_index > 0 OR NOT is_complete)) AS wrong_same_period
  FROM seen;

-- Unbounded retention never rises, and is never less than bounded retention.
SELECT count(*) AS rises
  FROM (SELECT retained > lag(retained) OVER (PARTITION BY n, row_order, s.cohort, breakdown_value ORDER BY period_index) AS rises
          FROM seen s JOIN asked a USING (n) WHERE a.mode = 'unbounded') u
 WHERE rises;
INSERT INTO seen
SELECT a.n, 'bounded', r.*
  FROM asked a,
       pg_temp.ours((a.n, 'bounded', a.cohort, a.clock, a.unit, a.zone, a.week_start, a.least, a.start_event, a.return_event, a.first, a.until)::asked,
                    a.n * 2000 - 1999, a.n * 2000, 'row_id')
           AS r (cohort timestamptz, breakdown_value text, cohort_size bigint, period_index integer, retained bigint, retention_rate numeric,
                 is_complete boolean, returned_same_period bigint)
 WHERE a.mode = 'unbounded';
ANALYZE seen;
SELECT count(*) > 0 AS rows, count(*) FILTER (WHERE b.retained > u.retained) AS bounded_is_more
  FROM seen b JOIN seen u USING (n, cohort, period_index)
 WHERE b.row_order = 'bounded' AND u.row_order = 'event_time' AND u.breakdown_value IS NOT DISTINCT FROM b.breakdown_value;

-- Every cohort of the calendar, every value and every period is there.
SELECT n, count(DISTINCT (cohort, breakdown_value, period_index)) = count(DISTINCT cohort) * count(DISTINCT coalesce(breakdown_value, '-')) * 6 AS full_matrix,
       count(*) = count(DISTINCT (cohort, breakdown_value, period_index)) AS once
  FROM seen WHERE row_order = 'event_time' GROUP BY n ORDER BY n;
