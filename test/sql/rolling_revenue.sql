-- rolling_revenue(): sums over the last calendar days.
SET TimeZone = 'UTC';
\pset null '(null)'

-- A4: seven calendar days, also where days are missing; seven rows are wrong
SELECT day, amount,
       shopanalytics.rolling_revenue(amount, day) OVER (ORDER BY day) AS seven_days,
       sum(amount) OVER (ORDER BY day ROWS 6 PRECEDING) AS seven_rows
  FROM (VALUES (date '2024-03-01', 10), ('2024-03-02', 20), ('2024-03-10', 5)) AS v (day, amount)
 ORDER BY day;

-- A4: per segment; the seventh day back counts, the eighth does not
SELECT segment, ts, amount,
       shopanalytics.rolling_revenue(amount, ts) OVER (PARTITION BY segment ORDER BY ts)
  FROM (VALUES ('Consumer', timestamptz '2024-03-01 23:59:59.999999', 1.00),
               ('Consumer', '2024-03-02 00:00', 10.00),
               ('Consumer', '2024-03-08 00:00', 100.00),
               ('Consumer', '2024-03-08 23:59', 1000.00),
               ('Consumer', '2024-03-09 00:00', 10000.00),
               ('Corporate', '2024-03-08 12:00', 7.50)) AS v (segment, ts, amount)
 ORDER BY segment, ts;

-- a row has the value of its whole day, and ties may come in any order
SELECT DISTINCT ts, total
  FROM generate_series(1, 20) AS seed,
       LATERAL (SELECT ts, shopanalytics.rolling_revenue(amount, ts, 2) OVER (ORDER BY ts) AS total
                  FROM (SELECT ts, amount
                          FROM (VALUES (timestamptz '2024-03-01 10:00', 1), ('2024-03-02 10:00', 20),
                                       ('2024-03-02 10:00', 300), ('2024-03-02 10:00', 4000),
                                       ('2024-03-02 11:00', 50000)) AS v (ts, amount)
                         ORDER BY md5(amount::text || seed)) AS shuffled) AS t
 ORDER BY ts;

-- types: integers and numerics give numeric, real and float8 give float8
SELECT pg_typeof(shopanalytics.rolling_revenue(1::smallint, day) OVER w) AS "smallint",
       pg_typeof(shopanalytics.rolling_revenue(1, day) OVER w) AS "integer",
       pg_typeof(shopanalytics.rolling_revenue(1::bigint, day) OVER w) AS "bigint",
       pg_typeof(shopanalytics.rolling_revenue(1.0, day) OVER w) AS "numeric",
       pg_typeof(shopanalytics.rolling_revenue(1::real, day) OVER w) AS "real",
       pg_typeof(shopanalytics.rolling_revenue(1::float8, day) OVER w) AS "float8",
       pg_typeof(shopanalytics.rolling_revenue(1, day::timestamptz) OVER w) AS timestamptz,
       pg_typeof(shopanalytics.rolling_revenue(1, day::timestamp) OVER w) AS "timestamp"
  FROM (VALUES (date '2024-03-01')) AS v (day)
WINDOW w AS (ORDER BY day);
SELECT shopanalytics.rolling_revenue((-32768)::smallint, day) OVER w AS "smallint",
       shopanalytics.rolling_revenue((-2147483648)::integer, day) OVER w AS "integer",
       shopanalytics.rolling_revenue(9223372036854775807, day) OVER w AS "bigint",
       shopanalytics.rolling_revenue((-9223372036854775808)::bigint, day) OVER w AS lowest
  FROM (VALUES (date '2024-03-01'), ('2024-03-02')) AS v (day)
WINDOW w AS (ORDER BY day);

-- float8 is exact: nothing that has left the frame is still felt
SELECT day, amount, shopanalytics.rolling_revenue(amount, day, 2) OVER (ORDER BY day)
  FROM (VALUES (date '2024-03-01', 1e20::float8), ('2024-03-02', 1), ('2024-03-03', 1),
               ('2024-03-04', 0.1), ('2024-03-05', 0.2), ('2024-03-06', 1e308),
               ('2024-03-07', -1e308), ('2024-03-08', 5e-324), ('2024-03-09', '-0')) AS v (day, amount)
 ORDER BY day;
SELECT shopanalytics.rolling_revenue(amount, day, 3) OVER (ORDER BY day)
  FROM (VALUES (date '2024-03-01', 1e308::float8), ('2024-03-01', 1e308), ('2024-03-01', -1e308)) AS v (day, amount);
SELECT shopanalytics.rolling_revenue(amount, day) OVER (ORDER BY day)
  FROM (VALUES (date '2024-03-01', 1e308::float8), ('2024-03-02', 1e308)) AS v (day, amount);

-- numeric has the scale of sum()
SELECT day, amount, shopanalytics.rolling_revenue(amount, day, 2) OVER (ORDER BY day),
       sum(amount) OVER (ORDER BY day RANGE '1 day' PRECEDING)
  FROM (VALUES (date '2024-03-01', 1.5), ('2024-03-02', 1e-20), ('2024-03-03', 2.25), ('2024-03-04', 100),
               ('2024-03-05', 0.000), ('2024-03-06', -1e70), ('2024-03-07', 1e70), ('2024-03-08', 12345.6789)) AS v (day, amount)
 ORDER BY day;
SELECT shopanalytics.rolling_revenue(amount, day) OVER (ORDER BY day)
  FROM (VALUES (date '2024-03-01', 9e131071), ('2024-03-02', 9e131071)) AS v (day, amount);

-- NaN and infinities count as in sum(), and leave the frame again
SELECT day, amount, shopanalytics.rolling_revenue(amount, day, 2) OVER w AS "numeric",
       shopanalytics.rolling_revenue(amount::float8, day, 2) OVER w AS "float8"
  FROM (VALUES (date '2024-03-01', 1::numeric), ('2024-03-02', 'NaN'), ('2024-03-03', 2), ('2024-03-04', 3),
               ('2024-03-05', 'Infinity'), ('2024-03-06', '-Infinity'), ('2024-03-07', 4), ('2024-03-08', 5)) AS v (day, amount)
WINDOW w AS (ORDER BY day)
 ORDER BY day;

-- NULL amounts are ignored; where there is no other, there is no sum
SELECT day, amount, shopanalytics.rolling_revenue(amount, day, 2) OVER (ORDER BY day)
  FROM (VALUES (date '2024-03-01', NULL), ('2024-03-02', 1), ('2024-03-03', NULL), ('2024-03-04', NULL)) AS v (day, amount)
 ORDER BY day;

-- rows without a time are a frame of their own, and so are infinite times
SELECT ts, amount, shopanalytics.rolling_revenue(amount, ts) OVER (ORDER BY ts) AS nulls_last,
       shopanalytics.rolling_revenue(amount, ts) OVER (ORDER BY ts NULLS FIRST) AS nulls_first,
       shopanalytics.rolling_revenue(amount, ts::date) OVER (ORDER BY ts) AS "date"
  FROM (VALUES (timestamptz '-infinity', 1), ('-infinity', 2), ('2024-03-01 10:00', 30), ('2024-03-02 10:00', 400),
               ('infinity', 5000), ('infinity', 6000), (NULL, 70000), (NULL, 80000)) AS v (ts, amount)
 ORDER BY ts, amount;
SELECT shopanalytics.rolling_revenue(amount, ts) OVER (ORDER BY ts) FROM (VALUES (1, NULL::date), (2, NULL)) AS v (amount, ts);

-- no row, one row, and a frame longer than all time
SELECT shopanalytics.rolling_revenue(amount, ts) OVER (ORDER BY ts) FROM (VALUES (1, now())) AS v (amount, ts) WHERE false;
SELECT shopanalytics.rolling_revenue(amount, ts) OVER (ORDER BY ts) FROM (VALUES (1, now())) AS v (amount, ts);
SELECT day, shopanalytics.rolling_revenue(1, day, 2147483647) OVER (ORDER BY day) AS longest,
       shopanalytics.rolling_revenue(1, day, 1) OVER (ORDER BY day) AS shortest
  FROM (VALUES (date '4713-01-01 BC'), ('2024-03-01'), ('2024-03-01'), ('5874897-12-31')) AS v (day);
SELECT shopanalytics.rolling_revenue(1, ts, 2147483647, zone) OVER (PARTITION BY zone ORDER BY ts)
  FROM (VALUES (timestamptz '4713-01-01 00:00+00 BC'), ('294276-12-31 23:59:59.999999+00')) AS v (ts),
       (VALUES ('Pacific/Apia'), ('America/New_York')) AS z (zone);

-- the day is that of the time zone: of the session, or as named
SELECT ts, shopanalytics.rolling_revenue(1, ts, 1) OVER w AS session,
       shopanalytics.rolling_revenue(1, ts, 1, 'America/New_York') OVER w AS new_york,
       shopanalytics.rolling_revenue(1, ts, 1, timezone => 'Asia/Kolkata') OVER w AS kolkata
  FROM (VALUES (timestamptz '2024-03-09 18:00'), ('2024-03-09 19:00'), ('2024-03-10 04:00'), ('2024-03-10 06:00')) AS v (ts)
WINDOW w AS (ORDER BY ts)
 ORDER BY ts;
SET TimeZone = 'America/New_York';
SELECT ts, shopanalytics.rolling_revenue(1, ts, 1) OVER (ORDER BY ts) AS session
  FROM (VALUES (timestamptz '2024-03-09 18:00+00'), ('2024-03-09 19:00+00'), ('2024-03-10 04:00+00'), ('2024-03-10 06:00+00')) AS v (ts)
 ORDER BY ts;
-- CET names a zone with summer time, and an abbreviation without
SET TimeZone = 'CET';
SELECT ts, shopanalytics.rolling_revenue(1, ts, 1) OVER w AS session,
       shopanalytics.rolling_revenue(1, ts, 1, 'CET') OVER w AS abbreviation
  FROM (VALUES (timestamptz '2024-07-01 22:30+00'), ('2024-07-01 23:30+00')) AS v (ts)
WINDOW w AS (ORDER BY ts)
 ORDER BY ts;
SET TimeZone = 'UTC';

-- a zone for each partition
SELECT zone, ts, shopanalytics.rolling_revenue(1, ts, 1, zone) OVER (PARTITION BY zone ORDER BY ts)
  FROM (VALUES ('Asia/Kolkata'), ('UTC')) AS z (zone),
       (VALUES (timestamptz '2024-03-09 18:00'), ('2024-03-09 19:00')) AS v (ts)
 ORDER BY zone, ts;

-- Random orders, with gaps, ties and no times, against RANGE over days.  Some
-- lie around the nights in which clocks were set back over midnight: at 00:01
-- in St. John's until 2011, and from 02:00 to 23:00 in Casey in 2010.
CREATE TABLE orders AS
    WITH random AS (SELECT i, ('x' || substr(md5('rolling' || i), 1, 7))::bit(28)::int AS r,
                           ('x' || substr(md5('rolling' || i), 8, 7))::bit(28)::int AS s
                      FROM generate_series(1, 6000) AS i)
    SELECT i AS id, 'segment ' || r % 3 AS segment,
           CASE WHEN r % 50 = 1 THEN NULL
                WHEN r % 50 = 2 THEN timestamptz '-infinity'
                WHEN r % 50 = 3 THEN timestamptz 'infinity'
                WHEN r % 50 < 9 THEN timestamptz '2010-11-07 01:30+00' + s % 150 * interval '1 minute'
                WHEN r % 50 < 13 THEN timestamptz '2010-03-04 14:00+00' + s % 300 * interval '1 minute'
                WHEN r % 50 < 17 THEN timestamptz '2011-12-29 08:00+00' + s % 60 * interval '1 hour'
                WHEN r % 50 < 20 THEN timestamptz '2011-03-13 00:00+00'
                ELSE timestamptz '2010-01-01 00:00+00' + (s % 800) * (s % 900) * interval '90 seconds' END AS ts,
           CASE WHEN s % 40 = 1 THEN NULL
                WHEN s % 997 = 2 THEN 'NaN'
                WHEN s % 997 = 3 THEN 'Infinity'
                WHEN s % 40 = 4 THEN round(r * 1e-9 * s, s % 30)
                WHEN s % 40 = 5 THEN r * 1e30 + s
                ELSE round(s / 1000.0 - 40000, s % 3) END AS amount
      FROM random;
CREATE FUNCTION differences(zone text, days int) RETURNS TABLE (differing bigint, of bigint)
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT count(*) FILTER (WHERE o.total::text IS DISTINCT FROM p.total::text), count(*)
           FROM (SELECT id, shopanalytics.rolling_revenue(amount, ts, %1$s, %2$L) OVER (PARTITION BY segment ORDER BY ts) AS total FROM orders) AS o
           JOIN (SELECT id, sum(amount) OVER (PARTITION BY segment ORDER BY (ts AT TIME ZONE %2$L)::date
                                              RANGE BETWEEN ''%3$s days'' PRECEDING AND CURRENT ROW) AS total FROM orders) AS p USING (id)',
        days, zone, days - 1);
END $$;
SELECT zone, days, d.*
  FROM (VALUES ('UTC'), ('America/New_York'), ('Europe/London'), ('Asia/Kolkata'), ('Pacific/Apia'),
               ('America/St_Johns'), ('Antarctica/Casey'), ('EST'), ('MSK'), ('<+0530>-05:30'), ('FAR-150')) AS z (zone),
       (VALUES (1), (7), (400)) AS f (days), differences(zone, days) AS d
 ORDER BY zone, days;

-- the test has teeth: here days go back while time goes on
SELECT zone, count(*) > 0 AS day_goes_back
  FROM (SELECT zone, (ts AT TIME ZONE zone)::date < lag((ts AT TIME ZONE zone)::date) OVER (PARTITION BY zone ORDER BY ts) AS back
          FROM orders, (VALUES ('America/St_Johns'), ('Antarctica/Casey')) AS z (zone)) AS t
 WHERE back GROUP BY zone ORDER BY zone;

-- order by day is as good as order by time
SELECT count(*) AS differing
  FROM (SELECT shopanalytics.rolling_revenue(amount, ts, 7, 'America/St_Johns') OVER (PARTITION BY segment ORDER BY ts) AS by_time,
               shopanalytics.rolling_revenue(amount, ts, 7, 'America/St_Johns')
                   OVER (PARTITION BY segment ORDER BY (ts AT TIME ZONE 'America/St_Johns')::date, md5(id::text)) AS by_day
          FROM orders) AS t
 WHERE by_time IS DISTINCT FROM by_day;

-- days that are dates; integers; and float8 that are integers, where numeric is exact as well
SELECT count(*) FILTER (WHERE dated IS DISTINCT FROM timed) AS dated,
       count(*) FILTER (WHERE whole IS DISTINCT FROM whole_range) AS whole,
       count(*) FILTER (WHERE float IS DISTINCT FROM whole_range::float8) AS float
  FROM (SELECT shopanalytics.rolling_revenue(amount, ts::date) OVER w AS dated,
               shopanalytics.rolling_revenue(amount, ts) OVER w AS timed,
               shopanalytics.rolling_revenue(id, ts) OVER w AS whole,
               shopanalytics.rolling_revenue(id * 2.0::float8 ^ 20, ts) OVER w / 2.0::float8 ^ 20 AS float,
               sum(id) OVER (PARTITION BY segment ORDER BY ts::date RANGE BETWEEN '6 days' PRECEDING AND CURRENT ROW) AS whole_range
          FROM orders
        WINDOW w AS (PARTITION BY segment ORDER BY ts)) AS t;

-- one large day, rows without a time included, on disk; and many small partitions
SET work_mem = '64kB';
SELECT total, count(*)
  FROM (SELECT shopanalytics.rolling_revenue(1, ts) OVER (ORDER BY ts) AS total
          FROM (SELECT CASE WHEN i % 2 = 0 THEN date '2024-03-01' END AS ts FROM generate_series(1, 30000) AS i) AS v) AS t
 GROUP BY total;
RESET work_mem;
SELECT count(*) AS differing
  FROM (SELECT shopanalytics.rolling_revenue(id, ts) OVER (PARTITION BY id / 3 ORDER BY ts) AS total,
               sum(id) OVER (PARTITION BY id / 3 ORDER BY ts::date RANGE BETWEEN '6 days' PRECEDING AND CURRENT ROW) AS peer
          FROM orders) AS t
 WHERE total IS DISTINCT FROM peer;

-- a query run again starts again
SELECT x, total
  FROM (VALUES (1), (2)) AS v (x),
       LATERAL (SELECT shopanalytics.rolling_revenue(x * i, date '2024-03-01' + i) OVER (ORDER BY i) AS total
                  FROM generate_series(1, 9) AS i ORDER BY i LIMIT 1 OFFSET 7) AS t
 ORDER BY x;

-- wrong arguments
SELECT shopanalytics.rolling_revenue(1, now(), 0) OVER ();
\echo :SQLSTATE
SELECT shopanalytics.rolling_revenue(1, current_date, -7) OVER ();
SELECT shopanalytics.rolling_revenue(1, now(), NULL) OVER ();
\echo :SQLSTATE
SELECT shopanalytics.rolling_revenue(1, now(), 7, 'Mars/Olympus_Mons') OVER ();
\echo :SQLSTATE
SELECT shopanalytics.rolling_revenue(1, now(), 7, '') OVER ();
SELECT shopanalytics.rolling_revenue(1, day, length(note)) OVER (ORDER BY day)
  FROM (VALUES (date '2024-03-01', 'a'), ('2024-03-02', 'bc')) AS v (day, note);
\echo :SQLSTATE
SELECT shopanalytics.rolling_revenue(1, ts, 7, zone) OVER (ORDER BY ts)
  FROM (VALUES (timestamptz '2024-03-01', 'UTC'), ('2024-03-02', NULL)) AS v (ts, zone);

-- rows in another order than that of time
SELECT shopanalytics.rolling_revenue(1, ts) OVER (ORDER BY ts DESC)
  FROM (VALUES (timestamptz '2024-03-01 10:00'), ('2024-03-02 10:00')) AS v (ts);
SELECT shopanalytics.rolling_revenue(1, ts) OVER (ORDER BY place) FROM (VALUES (1, NULL), (2, timestamptz '2025-01-01 00:00+00'), (3, NULL)) v (place, ts);
\echo :SQLSTATE
SELECT shopanalytics.rolling_revenue(1, day) OVER ()
  FROM (VALUES (date 'infinity'), ('2024-03-01')) AS v (day);
SELECT shopanalytics.rolling_revenue(1, day) OVER ()
  FROM (VALUES (date '2024-03-01'), (NULL), ('2024-03-02')) AS v (day);
-- also where a time that is looked at ahead is in order and those before it are not
SELECT shopanalytics.rolling_revenue(1, ts) OVER ()
  FROM (VALUES (timestamptz '2024-03-02 10:00'), ('2024-03-02 11:00'), ('2024-03-01 10:00'), ('2024-03-02 12:00')) AS v (ts);
SELECT shopanalytics.rolling_revenue(1, day) OVER ()
  FROM (VALUES (date '2024-03-01'), ('2024-03-01'), (NULL), ('2024-03-01')) AS v (day);
SELECT shopanalytics.rolling_revenue(1, day) FROM (VALUES (date '2024-03-01')) AS v (day);
SELECT shopanalytics.rolling_revenue('1 EUR'::text, now()) OVER ();

DROP FUNCTION differences;
DROP TABLE orders;
