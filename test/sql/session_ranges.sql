-- session_ranges.  The cases S are published examples of the heartbeat aggregate of
-- timescaledb-toolkit; the oracle further down is PostgreSQL's range_agg.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
SET IntervalStyle = 'postgres';

-- Ordinary: S10, with duplicates and disorder
CREATE TEMP TABLE s10 AS
SELECT timestamptz '2020-01-01' + t::interval AS ts
  FROM unnest(ARRAY['0:02:20', '0:10', '0:17', '0:30', '0:35', '0:40', '0:35', '0:40', '0:40', '0:50:30', '1:00', '1:08', '1:18', '1:28', '1:38:01', '1:40', '1:40:01',
                    '1:50:01', '1:57', '1:59:50']) AS t;
CREATE TEMP TABLE s10_ranges AS SELECT shopanalytics.session_ranges(ts, '10 minutes') AS live FROM s10;
-- the toolkit cuts at the end of its two hours
CREATE TEMP TABLE s10_cut AS SELECT live * tstzmultirange(tstzrange('2020-01-01 00:00', '2020-01-01 02:00')) AS live FROM s10_ranges;
SELECT lower(r)::time AS from, upper(r)::time AS to FROM s10_cut, unnest(live) AS r ORDER BY r;
SELECT sum(upper(r) - lower(r)) AS uptime, interval '2 hours' - sum(upper(r) - lower(r)) AS downtime FROM s10_cut, unnest(live) AS r;
SELECT count(*) AS gaps FROM s10_cut, unnest(tstzmultirange(tstzrange('2020-01-01 00:00', '2020-01-01 02:00')) - live) AS r;
SELECT live @> timestamptz '2020-01-01 00:30' AS at_0_30, live @> timestamptz '2020-01-01 01:38' AS at_1_38 FROM s10_cut;

-- S11, the states of its transitions: touching ranges are one
SELECT string_agg(format('[%s,%s)', extract(epoch FROM lower(r))::integer, extract(epoch FROM upper(r))::integer), ' ' ORDER BY r) AS ranges
  FROM (SELECT shopanalytics.session_ranges(to_timestamp(s), '10 seconds') AS live FROM unnest(ARRAY[100, 200, 250, 220, 210, 300]) AS s) x, unnest(live) AS r;
SELECT string_agg(format('[%s,%s)', extract(epoch FROM lower(r))::integer, extract(epoch FROM upper(r))::integer), ' ' ORDER BY r) AS ranges
  FROM (SELECT shopanalytics.session_ranges(to_timestamp(s), '10 seconds') AS live FROM unnest(ARRAY[100, 200, 250, 220, 210, 300, 400, 350]) AS s) x, unnest(live) AS r;
SELECT string_agg(format('[%s,%s)', extract(epoch FROM lower(r))::integer, extract(epoch FROM upper(r))::integer), ' ' ORDER BY r) AS ranges
  FROM (SELECT shopanalytics.session_ranges(to_timestamp(s), '10 seconds') AS live
          FROM unnest(ARRAY[100, 200, 250, 220, 210, 300, 400, 350, 80, 190, 210, 230, 240, 310, 395, 408]) AS s) x, unnest(live) AS r;

-- Empty input, all NULL, one row
SELECT shopanalytics.session_ranges(ts, '10 minutes') AS none FROM s10 WHERE false;
SELECT shopanalytics.session_ranges(NULL, '10 minutes') AS no_time FROM s10;
SELECT shopanalytics.session_ranges('2020-01-01', '10 minutes') AS one;

-- Gap equal to the timeout, a microsecond more; the shortest timeout; days are 24 hours
SELECT shopanalytics.session_ranges(ts, '1 minute') AS equal, shopanalytics.session_ranges(ts, '59.999999 seconds') AS shorter
  FROM (VALUES (timestamptz '2020-01-01 00:01'), ('2020-01-01 00:00')) AS e(ts);
SELECT shopanalytics.session_ranges(ts, '1 microsecond') AS shortest FROM (VALUES (timestamptz '2020-01-01'), ('2020-01-01'), ('2020-01-01 00:00:00.000001'), ('2020-01-01 00:00:00.000003')) AS e(ts);
SET TimeZone = 'America/New_York';
SELECT shopanalytics.session_ranges(ts, '1 day') AS one_day, shopanalytics.session_ranges(ts, '1 day 1 hour') AS and_an_hour
  FROM (VALUES (timestamptz '2024-11-02 12:00'), ('2024-11-03 12:00')) AS e(ts);
SET TimeZone = 'UTC';

-- S15: infinite times are sessions of their own, also where the timeout is longer than the way to them
SELECT shopanalytics.session_ranges(ts, '30 minutes') AS ranges, shopanalytics.session_ranges(ts, '106700000 days') FILTER (WHERE ts < '2024-01-01') AS long_timeout
  FROM (VALUES (timestamptz 'infinity'), ('2024-01-01'), ('-infinity'), ('infinity'), ('-infinity'), ('4713-01-01 BC')) AS e(ts);

-- range_agg unites what was stored
CREATE TEMP TABLE stored AS SELECT n % 3 AS part, shopanalytics.session_ranges(ts, '10 minutes') AS live FROM (SELECT ts, row_number() OVER () AS n FROM s10) e GROUP BY 1;
SELECT count(DISTINCT part) AS parts, range_agg(r) = (SELECT live FROM s10_ranges) AS equal FROM stored, unnest(live) AS r;

-- Window: the state goes on after an answer
SELECT to_char(ts, 'MI:SS') AS ts, shopanalytics.session_ranges(ts, '5 minutes') OVER (ORDER BY ts DESC) = range_agg(tstzrange(ts, ts + '5 minutes')) OVER (ORDER BY ts DESC) AS equal FROM s10 ORDER BY s10.ts LIMIT 3;

-- Every error
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;
SELECT call, e.*
  FROM unnest(ARRAY['(ts, NULL)', '(ts, ''0'')', '(ts, ''-1 second'')', '(ts, ''1 month'')', '(ts, ''2147483647 days'')', '(ts, n * interval ''1 minute'')',
                    '(timestamptz ''294276-12-31 23:59:59'', ''1 minute'')', '(NULL, NULL)', '(ts)', '(n, 5)']) WITH ORDINALITY AS c(call, i),
       pg_temp.error_of('SELECT shopanalytics.session_ranges' || call || $$ FROM (VALUES (1, timestamptz '2024-01-01'), (2, '2024-01-02')) AS e(n, ts)$$) AS e
 ORDER BY i;

-- Random histories of 0 to 40 events on a grid of minutes, gaps of just the timeout abound, in three orders of rows, against range_agg
CREATE FUNCTION pg_temp.pick(n integer, seed integer, choices integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint4extended(n, seed) % choices + choices) % choices)::integer
$$;
CREATE TABLE session_ranges_event AS
SELECT h, n, (1 + h % 5) * interval '1 minute' AS timeout, CASE WHEN pg_temp.pick(h * 64 + n, 2, 20) > 0 THEN timestamptz '2024-01-01' + pg_temp.pick(h * 64 + n, 3, 10 + h % 150) * interval '1 minute' END AS ts
  FROM generate_series(1, 24000) AS h, generate_series(1, CASE WHEN h % 20 = 0 THEN 40 ELSE pg_temp.pick(h, 1, 8) END) AS n;
CREATE TEMP TABLE expected AS SELECT h, coalesce(range_agg(tstzrange(ts, ts + timeout)) FILTER (WHERE ts IS NOT NULL), '{}') AS ranges FROM session_ranges_event GROUP BY h;
SELECT count(*) > 20000 AS many, count(*) FILTER (WHERE (SELECT count(*) FROM unnest(ranges)) > 4) > 1000 AS many_sessions FROM expected;
SELECT seed, count(*) FILTER (WHERE o.ranges IS DISTINCT FROM x.ranges) AS differ
  FROM (SELECT seed, h, shopanalytics.session_ranges(ts, timeout) AS ranges
          FROM (SELECT * FROM session_ranges_event, generate_series(1, 3) AS seed ORDER BY hashint4extended(h * 64 + n, seed)) e GROUP BY seed, h) o
  JOIN expected x USING (h) GROUP BY seed ORDER BY seed;
-- S12: what is stored by parts, each event in any of four, and then united is the whole
SELECT count(*) > 20000 AS many, count(*) FILTER (WHERE u.ranges IS DISTINCT FROM x.ranges) AS differ
  FROM (SELECT h, coalesce(range_agg(r), '{}') AS ranges
          FROM (SELECT h, shopanalytics.session_ranges(ts, timeout) AS part FROM session_ranges_event GROUP BY h, pg_temp.pick(h * 64 + n, 9, 4)) s LEFT JOIN LATERAL unnest(part) AS r ON true GROUP BY h) u
  JOIN expected x USING (h);
-- and sessionize agrees
SELECT count(*) FILTER (WHERE x.starts IS DISTINCT FROM o.starts) AS differ
  FROM (SELECT h, array_agg(DISTINCT start ORDER BY start) AS starts
          FROM (SELECT h, shopanalytics.session_start(ts, timeout) OVER (PARTITION BY h ORDER BY ts) AS start FROM session_ranges_event) s WHERE start IS NOT NULL GROUP BY h) o
  JOIN (SELECT h, array_agg(lower(r) ORDER BY r) AS starts FROM expected, unnest(ranges) AS r GROUP BY h) x USING (h);
-- many sessions of one user, out of order
SELECT shopanalytics.session_ranges(to_timestamp(n::bigint * 7919 % 100003 * 60), '59 seconds') = range_agg(tstzrange(to_timestamp(n::bigint * 7919 % 100003 * 60), to_timestamp(n::bigint * 7919 % 100003 * 60 + 59))) AS equal
  FROM generate_series(1, 100002) AS n;
SELECT shopanalytics.session_ranges(to_timestamp(n::bigint * 7919 % 100003 * 60), '60 seconds') AS one FROM generate_series(1, 100002) AS n;

-- Parallel
CREATE FUNCTION pg_temp.partial(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line LIKE '%Partial%Aggregate%' THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$;
ALTER TABLE session_ranges_event SET (parallel_workers = 2);
-- fewer groups than there are, or the planner would aggregate in the leader
ALTER TABLE session_ranges_event ALTER h SET (n_distinct = 100);
ANALYZE session_ranges_event;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SET cpu_operator_cost = 100;
\set by_history 'SELECT h, shopanalytics.session_ranges(ts, timeout) AS ranges FROM session_ranges_event GROUP BY h'
SELECT pg_temp.partial(:'by_history');
SELECT count(*) > 20000 AS many, count(*) FILTER (WHERE o.ranges IS DISTINCT FROM x.ranges) AS differ FROM (:by_history) o JOIN expected x USING (h);
-- no row in any worker, a row in one, no time in all, timeouts that differ
SELECT pg_temp.partial('SELECT shopanalytics.session_ranges(ts, ''1 minute'') FROM session_ranges_event WHERE h < 0');
SELECT shopanalytics.session_ranges(ts, '1 minute') AS none FROM session_ranges_event WHERE h < 0;
SELECT shopanalytics.session_ranges('2024-01-01', '1 minute') AS one FROM session_ranges_event WHERE h = 20 AND n = 1;
SELECT shopanalytics.session_ranges(NULL, '1 minute') AS no_time FROM session_ranges_event;
SELECT state, message FROM pg_temp.error_of('SELECT shopanalytics.session_ranges(ts, timeout) FROM session_ranges_event');
DROP TABLE session_ranges_event;

-- a limit for what one group may take
SET shopanalytics.max_group_memory = '64kB';
SELECT shopanalytics.session_ranges(timestamptz '2025-01-01 00:00+00' + n * interval '1 hour', '30 minutes') FROM generate_series(1, 100000) n;
RESET shopanalytics.max_group_memory;
