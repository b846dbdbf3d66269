-- asof_last, asof_next.  The cases A1 to A11 are published examples of other
-- as-of joins; the oracle at the end is a correlated subquery.
SET TimeZone = 'UTC';
SET IntervalStyle = 'postgres';
SET DateStyle = 'ISO, YMD';

-- Ordinary: prices as of each trade, and the first price after it
SELECT ts, trade, shopanalytics.asof_last(price, ts, trade IS NULL) OVER w AS price, shopanalytics.asof_next(price, ts, trade IS NULL) OVER w AS next_price
  FROM (VALUES (timestamptz '2024-01-01 09:00', NULL, 10.0), ('2024-01-01 10:00', NULL, 10.5), ('2024-01-01 11:00', NULL, 11.0),
               ('2024-01-01 08:59', 'a', NULL), ('2024-01-01 10:00', 'b', NULL), ('2024-01-01 10:30', 'c', NULL), ('2024-01-01 11:01', 'd', NULL)) AS r(ts, trade, price)
WINDOW w AS (ORDER BY ts, trade)
 ORDER BY ts, trade;

-- A1, DuckDB, integers: left join, inner join, and what a right join adds
CREATE TEMP TABLE a1 AS
SELECT ts, right_id, value, shopanalytics.asof_last(right_id, ts, right_id IS NOT NULL) OVER (ORDER BY ts, right_id) AS matched
  FROM (SELECT NULL::integer AS ts, 1 AS right_id, -1 AS value UNION ALL VALUES (1, 2, 0), (3, 3, 1), (6, 4, 2), (8, 5, 3), (999999, 6, 9)
        UNION ALL SELECT n, NULL, NULL FROM generate_series(0, 9) AS n) r;
SELECT string_agg(concat(l.ts, ':', coalesce(r.value::text, '-')), ' ' ORDER BY l.ts) AS left_join,
       string_agg(concat(l.ts, ':', r.value), ' ' ORDER BY l.ts) FILTER (WHERE l.matched IS NOT NULL) AS inner_join
  FROM a1 l LEFT JOIN a1 r ON r.right_id = l.matched WHERE l.right_id IS NULL;
SELECT ts, value FROM a1 WHERE right_id NOT IN (SELECT matched FROM a1 WHERE right_id IS NULL AND matched IS NOT NULL) ORDER BY value;

-- A2, DuckDB, timestamps with infinities and a NULL on both sides, in all four directions
CREATE TEMP TABLE a2 AS
SELECT * FROM (VALUES (timestamp '2020-01-01 13:00', 0), ('2020-01-01 14:00', 1), ('2020-01-01 15:00', 2), ('2020-01-01 16:00', 3),
                                         (NULL, -10), ('infinity', 9), ('-infinity', -1)) AS r(ts, value)
UNION ALL SELECT generate_series(timestamp '2020-01-01 12:00', '2020-01-01 21:00', '1 hour'), NULL::integer
UNION ALL VALUES (timestamp 'infinity', NULL::integer), (NULL, NULL);
SELECT name AS direction, string_agg(coalesce(v::text, '-'), ' ' ORDER BY ts) AS "12 to 21, infinity, NULL"
  FROM (SELECT ts, value, v.*
          FROM (SELECT ts, value,
                       shopanalytics.asof_last(value, ts, value IS NOT NULL) OVER w AS ge,
                       shopanalytics.asof_last(value, ts, value IS NOT NULL, inclusive => false) OVER w AS gt,
                       shopanalytics.asof_next(value, ts, value IS NOT NULL) OVER w AS le,
                       shopanalytics.asof_next(value, ts, value IS NOT NULL, inclusive => false) OVER w AS lt
                  FROM a2 WINDOW w AS (ORDER BY ts, value)) s,
               LATERAL (VALUES (1, '>=', ge), (2, '>', gt), (3, '<=', le), (4, '<', lt)) AS v(n, name, v)) s
 WHERE value IS NULL GROUP BY n, name ORDER BY n;

-- A3, DuckDB, NULL keys: PARTITION BY is IS NOT DISTINCT FROM; for = the rows without a key are no right rows
CREATE TEMP TABLE a3 AS
SELECT * FROM (VALUES (10, NULL, 'v1', timestamptz '2024-01-03', NULL), (20, 'A', NULL, '2024-01-03', NULL), (30, 'A', 'v1', '2024-01-03', NULL),
                      (NULL, NULL, 'v1', '2024-01-05', 'null key, after'), (NULL, NULL, 'v1', '2024-01-01', 'null key, before'),
                      (NULL, 'A', NULL, '2024-01-05', 'null venue'), (NULL, 'A', 'v1', NULL, 'no time')) AS r(price, symbol, venue, ts, trade);
SELECT trade, last_by_symbol, next_by_symbol, last_by_equal_venue
  FROM (SELECT trade, shopanalytics.asof_last(price, ts, trade IS NULL) OVER (PARTITION BY symbol, venue ORDER BY ts) AS last_by_symbol,
               shopanalytics.asof_next(price, ts, trade IS NULL) OVER (PARTITION BY symbol, venue ORDER BY ts) AS next_by_symbol,
               shopanalytics.asof_last(price, ts, trade IS NULL AND venue IS NOT NULL) OVER (PARTITION BY symbol, venue ORDER BY ts) AS last_by_equal_venue
          FROM a3) s
 WHERE trade IS NOT NULL ORDER BY trade;

-- A4, DuckDB: the matched row's NULL; not with ignore_nulls
SELECT shopanalytics.asof_last(v, ts, is_right) OVER w AS matched, shopanalytics.asof_last(v, ts, is_right, ignore_nulls => true) OVER w AS not_null
  FROM (VALUES (timestamptz '2024-01-01 00:00', 42, true), ('2024-01-01 01:00', NULL, true), ('2024-01-01 02:00', NULL, false)) AS r(ts, v, is_right)
WINDOW w AS (ORDER BY ts) ORDER BY ts DESC LIMIT 1;
SELECT shopanalytics.asof_next(v, ts, is_right) OVER w AS matched, shopanalytics.asof_next(v, ts, is_right, ignore_nulls => true) OVER w AS not_null
  FROM (VALUES (timestamptz '2024-01-01 00:00', NULL, false), ('2024-01-01 01:00', NULL, true), ('2024-01-01 02:00', 42, true)) AS r(ts, v, is_right)
WINDOW w AS (ORDER BY ts) ORDER BY ts LIMIT 1;

-- A5, DuckDB: nothing on the right, nothing on the left, nothing at all
SELECT shopanalytics.asof_last(NULL::text, ts, false) OVER w AS left_only_last, shopanalytics.asof_next(NULL::text, ts, false) OVER w AS left_only_next
  FROM (VALUES (timestamptz '2024-01-01')) AS l(ts) WINDOW w AS (ORDER BY ts);
SELECT count(*) AS inner_join FROM (SELECT shopanalytics.asof_last(ts, ts, false) OVER (ORDER BY ts) AS v FROM (VALUES (timestamptz '2024-01-01')) AS l(ts)) s WHERE v IS NOT NULL;
SELECT count(*) FROM (SELECT false AS is_right, shopanalytics.asof_last(1, ts, true) OVER (ORDER BY ts) FROM (VALUES (timestamptz '2024-01-01')) AS r(ts)) s WHERE NOT is_right;
SELECT shopanalytics.asof_last(1, ts, true) OVER (ORDER BY ts), shopanalytics.asof_next(1, ts, true) OVER (ORDER BY ts) FROM (VALUES (timestamptz '2024-01-01')) AS r(ts) WHERE false;

-- A6, DuckDB: semi and anti join with a condition on the pair
SELECT array_agg(trade ORDER BY trade) FILTER (WHERE price + bid > 300) AS semi, array_agg(trade ORDER BY trade) FILTER (WHERE (price + bid > 300) IS NOT TRUE) AS anti
  FROM (SELECT trade, price, shopanalytics.asof_last(price, ts, trade IS NULL) OVER (PARTITION BY symbol ORDER BY ts) AS bid
          FROM (VALUES (1, time '10:00', 'A', 150), (2, '10:05', 'A', 151), (3, '10:10', 'B', 380),
                       (NULL, '09:59', 'A', 149.5), (NULL, '10:04', 'A', 150.5), (NULL, '10:09', 'B', 379)) AS r(trade, at, symbol, price),
               LATERAL (SELECT timestamptz '2024-01-01' + at AS ts) t) s
 WHERE trade IS NOT NULL;

-- A7, DuckDB: keys and times without a match, in five sizes; then keys on the right only
SELECT minutes, sum(v)
  FROM (SELECT minutes, is_right, shopanalytics.asof_last(v, ts, is_right) OVER (PARTITION BY minutes, k ORDER BY ts) AS v
          FROM unnest(ARRAY[10, 20, 30, 50, 100]) AS minutes,
               LATERAL (SELECT k, true AS is_right, timestamptz '2024-01-01' + v * interval '1 minute' AS ts, v FROM generate_series(0, 4) AS k, generate_series(0, minutes - 1) AS v
                        UNION ALL
                        SELECT k * 2, false, timestamptz '2024-01-01' + v * interval '1 minute' - interval '30 seconds', NULL FROM generate_series(0, 4) AS k, generate_series(0, minutes - 1) AS v) r) s
 WHERE NOT is_right GROUP BY minutes ORDER BY minutes;
SELECT sum(v), count(v)
  FROM (SELECT is_right, shopanalytics.asof_last(v, ts, is_right) OVER (PARTITION BY k ORDER BY ts) AS v
          FROM (SELECT k * 2 AS k, true AS is_right, timestamptz '2024-01-01' + v * interval '1 minute' AS ts, v FROM generate_series(0, 4) AS k, generate_series(0, 9) AS v
                UNION ALL
                SELECT k, false, timestamptz '2024-01-01' + v * interval '1 minute' - interval '30 seconds', NULL FROM generate_series(0, 4) AS k, generate_series(0, 9) AS v) r) s
 WHERE NOT is_right;

-- A8, DuckDB
SELECT v FROM (SELECT is_right, shopanalytics.asof_last(price, ts, is_right) OVER (PARTITION BY symbol ORDER BY ts) AS v
                 FROM (VALUES (false, 1, timestamp '2024-01-01 00:00:03', NULL), (true, 1, '2024-01-01 00:00:00', 42)) AS r(is_right, symbol, ts, price)) s WHERE NOT is_right;

-- A9, Polars: a tolerance of one second holds backward, forward and for the nearer of both
SELECT ts, backward, forward, CASE WHEN ts - backward_ts <= forward_ts - ts OR forward_ts IS NULL THEN backward ELSE forward END AS nearest
  FROM (SELECT ts, v, shopanalytics.asof_last(v, ts, v IS NOT NULL, '1 second') OVER w AS backward, shopanalytics.asof_last(ts, ts, v IS NOT NULL, '1 second') OVER w AS backward_ts,
               shopanalytics.asof_next(v, ts, v IS NOT NULL, '1 second') OVER w AS forward, shopanalytics.asof_next(ts, ts, v IS NOT NULL, '1 second') OVER w AS forward_ts
          FROM (VALUES (timestamptz '2024-01-01 09:16:24.960', NULL), ('2024-01-01 10:40:56.230', NULL), ('2024-01-01 11:17:33.720', NULL),
                       ('2024-01-01 09:20:25.11', 'Y'), ('2024-01-01 10:40:56.75', 'Y'), ('2024-01-01 11:14:32.01', 'N')) AS r(ts, v)
        WINDOW w AS (ORDER BY ts)) s
 WHERE v IS NULL ORDER BY ts;

-- A10, QuestDB: max_gap is inclusive, a microsecond more is out; zero asks for the same time
SELECT gap, shopanalytics.asof_last(v, ts, v IS NOT NULL, '1 hour') OVER w AS hour, shopanalytics.asof_last(v, ts, v IS NOT NULL, '0') OVER w AS zero
  FROM (SELECT timestamptz '2024-01-01' + gap::interval AS ts, gap, CASE gap WHEN '0' THEN 1 END AS v
          FROM unnest(ARRAY['0', '0 seconds', '1 hour', '1 hour 0.000001 seconds']) AS gap) r WINDOW w AS (ORDER BY ts, gap) ORDER BY ts, gap;
SELECT gap, shopanalytics.asof_next(v, ts, v IS NOT NULL, '1 hour') OVER w AS hour, shopanalytics.asof_next(v, ts, v IS NOT NULL, '0') OVER w AS zero
  FROM (SELECT timestamptz '2024-01-01' - gap::interval AS ts, gap, CASE gap WHEN '0' THEN 1 END AS v
          FROM unnest(ARRAY['0', '0 seconds', '1 hour', '1 hour 0.000001 seconds']) AS gap) r WINDOW w AS (ORDER BY ts, gap) ORDER BY ts, gap;

-- A day of max_gap is 24 hours, in every time zone: these are 25 hours apart
SET TimeZone = 'America/New_York';
SELECT shopanalytics.asof_last(1, ts, true, '1 day', inclusive => false) OVER (ORDER BY ts) AS one_day,
       shopanalytics.asof_last(1, ts, true, '1 day 1 hour', inclusive => false) OVER (ORDER BY ts) AS one_day_and_an_hour
  FROM (VALUES (timestamptz '2024-11-02 12:00'), ('2024-11-03 12:00')) AS e(ts);
SET TimeZone = 'UTC';

-- Times at once: the row asking may be sorted before, between or behind the right rows at its time, the answer is the same
SELECT place, shopanalytics.asof_last(v, ts, v IS NOT NULL) OVER w AS last, shopanalytics.asof_next(v, ts, v IS NOT NULL) OVER w AS next,
       shopanalytics.asof_last(v, ts, v IS NOT NULL, inclusive => false) OVER w AS before, shopanalytics.asof_next(v, ts, v IS NOT NULL, inclusive => false) OVER w AS after
  FROM (VALUES (1, timestamptz '2024-01-01', 'old a'), (2, '2024-01-01', 'old b'), (3, '2024-01-02', NULL), (4, '2024-01-02', 'first'), (5, '2024-01-02', NULL),
               (6, '2024-01-02', 'last'), (7, '2024-01-02', NULL), (8, '2024-01-03', 'new a'), (9, '2024-01-03', 'new b')) AS r(place, ts, v)
WINDOW w AS (ORDER BY ts, place) ORDER BY place;
-- the other one of several right rows at once: sort them the other way
SELECT place, shopanalytics.asof_last(v, ts, v IS NOT NULL) OVER w AS last, shopanalytics.asof_next(v, ts, v IS NOT NULL) OVER w AS next
  FROM (VALUES (1, timestamptz '2024-01-02', 'first'), (2, '2024-01-02', 'last'), (3, '2024-01-02', NULL)) AS r(place, ts, v)
WINDOW w AS (ORDER BY ts, place DESC) ORDER BY place;

-- No time: no answer and no match, wherever NULLs are sorted; is_right NULL is false
SELECT ts, v, shopanalytics.asof_last(v, ts, r) OVER w AS last, shopanalytics.asof_next(v, ts, r) OVER w AS next
  FROM (VALUES (NULL::timestamptz, 1, true), (NULL, 2, NULL), ('2024-01-01', 3, true), ('2024-01-02', 4, NULL), ('2024-01-02', 5, false)) AS e(ts, v, r)
WINDOW w AS (ORDER BY ts NULLS FIRST, v) ORDER BY v;
SELECT ts, v, shopanalytics.asof_last(v, ts, r) OVER w AS last, shopanalytics.asof_next(v, ts, r) OVER w AS next
  FROM (VALUES (NULL::timestamptz, 1, true), (NULL, 2, NULL), ('2024-01-01', 3, true), ('2024-01-02', 4, NULL), ('2024-01-02', 5, false)) AS e(ts, v, r)
WINDOW w AS (ORDER BY ts NULLS LAST, v) ORDER BY v;
SELECT n, shopanalytics.asof_last(v, ts, v IS NOT NULL) OVER w AS last, shopanalytics.asof_next(v, ts, v IS NOT NULL) OVER w AS next
  FROM (VALUES (1, timestamptz '2024-01-01', NULL), (2, NULL, 'never'), (3, '2024-01-01', 'between'), (4, NULL, NULL), (5, '2024-01-02', NULL)) AS e(n, ts, v)
WINDOW w AS (ORDER BY n) ORDER BY n;
SELECT shopanalytics.asof_last(v, ts, true) OVER w AS last, shopanalytics.asof_next(v, ts, true, ignore_nulls => true) OVER w AS next
  FROM (VALUES (NULL::timestamptz, 1), (NULL, 2)) AS e(ts, v) WINDOW w AS (ORDER BY ts);

-- Infinite times are times; max_gap reaches them from an equal one only
SELECT ts, shopanalytics.asof_last(v, ts, true) OVER w AS last, shopanalytics.asof_last(v, ts, true, inclusive => false) OVER w AS before,
       shopanalytics.asof_next(v, ts, true, inclusive => false) OVER w AS after,
       shopanalytics.asof_last(v, ts, true, '106751991 days') OVER w AS gap_last, shopanalytics.asof_last(v, ts, true, '106751991 days', false) OVER w AS gap_before,
       shopanalytics.asof_next(v, ts, true, '106751991 days', false) OVER w AS gap_after
  FROM (VALUES (timestamptz '-infinity', 'a'), ('-infinity', 'b'), ('4713-01-01 BC', 'c'), ('2024-01-01', 'd'), ('294276-12-31 23:59:59.999999', 'e'), ('infinity', 'f'), ('infinity', 'g')) AS e(ts, v)
WINDOW w AS (ORDER BY ts, v) ORDER BY ts, v;

-- bigint: over its whole range nothing wraps around
SELECT ts, shopanalytics.asof_last(v, ts, true, 9223372036854775807, false) OVER w AS gap_before, shopanalytics.asof_next(v, ts, true, 9223372036854775807, false) OVER w AS gap_after,
       shopanalytics.asof_next(v, ts, true, inclusive => false) OVER w AS after, shopanalytics.asof_next(v, ts, true, 0) OVER w AS same
  FROM (VALUES (-9223372036854775808, 'a'), (-1, 'b'), (0, 'c'), (9223372036854775807, 'd')) AS e(ts, v)
WINDOW w AS (ORDER BY ts) ORDER BY ts;

-- Values of any type, by reference or not, long ones too; named arguments in any order
CREATE TEMP TABLE long AS SELECT n, timestamptz '2024-01-01' + n * interval '1 minute' AS ts, CASE n % 3 WHEN 0 THEN (SELECT string_agg(md5(concat(n, m)), '') FROM generate_series(1, 1000) AS m) END AS v FROM generate_series(0, 300) AS n;
SELECT count(*) AS rows, count(*) FILTER (WHERE last = (SELECT v FROM long l WHERE l.n = s.n - s.n % 3)) AS last_agree, count(*) FILTER (WHERE next = (SELECT v FROM long l WHERE l.n = s.n + (300 - s.n) % 3)) AS next_agree
  FROM (SELECT n, shopanalytics.asof_last(v, ts, v IS NOT NULL) OVER w AS last, shopanalytics.asof_next(v, ts, v IS NOT NULL) OVER w AS next FROM long WINDOW w AS (ORDER BY ts)) s;
SELECT n, shopanalytics.asof_last(n::numeric / 3, ts, n = 1) OVER w AS numeric, shopanalytics.asof_last(jsonb_build_object('n', n), ts, n = 1) OVER w AS jsonb,
       shopanalytics.asof_last(ARRAY[n, NULL], ts, n = 1) OVER w AS array, shopanalytics.asof_last(ROW(n, ts::date), ts, n = 1) OVER w AS record, shopanalytics.asof_last(n::"char", ts, n = 65) OVER w AS char,
       shopanalytics.asof_last(is_right => n = 1, ignore_nulls => true, max_gap => '1 day', ts => ts, value => interval '1 hour') OVER w AS interval
  FROM (VALUES (1, timestamptz '2024-01-01'), (2, '2024-01-02')) AS r(n, ts) WINDOW w AS (ORDER BY ts) ORDER BY n;
SELECT pg_typeof(shopanalytics.asof_last(1, t, true) OVER w) AS timestamptz, pg_typeof(shopanalytics.asof_last('x'::text, t::timestamp, true, '1 day') OVER w) AS timestamp,
       pg_typeof(shopanalytics.asof_next(1.5, t::date, true, '1 day', false) OVER w) AS date, pg_typeof(shopanalytics.asof_next(t, 1, true, 5) OVER w) AS integer
  FROM (VALUES (timestamptz '2024-01-01')) AS e(t) WINDOW w AS (ORDER BY t);

-- Parameters of a prepared statement; max_gap from a subquery, and one for each partition
CREATE TEMP TABLE price AS SELECT p, timestamptz '2024-01-01' + n * interval '1 hour' AS ts, CASE WHEN n % 4 = p THEN n END AS v FROM generate_series(0, 1) AS p, generate_series(0, 9) AS n;
PREPARE prices (interval, boolean) AS SELECT array_agg(l ORDER BY p, ts) FROM (SELECT p, ts, shopanalytics.asof_last(v, ts, v IS NOT NULL, $1, $2) OVER (PARTITION BY p ORDER BY ts) AS l FROM price) s;
EXECUTE prices ('1 hour', true);
EXECUTE prices (NULL, false);
SELECT array_agg(n ORDER BY p, ts) FROM (SELECT p, ts, shopanalytics.asof_next(v, ts, v IS NOT NULL, (SELECT interval '2 hours')) OVER (PARTITION BY p ORDER BY ts) AS n FROM price) s;
SELECT array_agg(n ORDER BY p, ts) FROM (SELECT p, ts, shopanalytics.asof_next(v, ts, v IS NOT NULL, p * interval '1 hour', p = 0) OVER (PARTITION BY p ORDER BY ts) AS n FROM price) s;

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
SELECT c.n, f.name, e.*
  FROM (VALUES
    (1, $$(n, ts, true, '-1 second') OVER (ORDER BY ts)$$),
    (2, $$(n, ts, true, '1 month') OVER (ORDER BY ts)$$),
    (3, $$(n, ts, true, '2147483647 days') OVER (ORDER BY ts)$$),
    (4, $$(n, n, true, -1) OVER (ORDER BY n)$$),
    (5, $$(n, ts, true, inclusive => NULL) OVER (ORDER BY ts)$$),
    (6, $$(n, ts, true, ignore_nulls => NULL) OVER (ORDER BY ts)$$),
    (7, $$(n, ts, true) OVER (ORDER BY ts DESC)$$),
    (8, $$(n, ts::timestamp, false) OVER (ORDER BY n DESC)$$),
    (9, $$(n, n, false) OVER (ORDER BY ts DESC NULLS LAST)$$),
    (10, $$(n, ts, true, n * interval '1 minute') OVER (ORDER BY ts)$$),
    (11, $$(n, ts, true, CASE n WHEN 1 THEN interval '1 hour' END) OVER (ORDER BY ts)$$),
    (12, $$(n, ts, true, inclusive => n = 1) OVER (ORDER BY ts)$$),
    (13, $$(n, ts, true, ignore_nulls => n = 1) OVER (ORDER BY ts)$$),
    (14, $$(n, ts, true)$$)) AS c(n, call)
 CROSS JOIN (VALUES ('asof_last'), ('asof_next')) AS f(name),
       pg_temp.error_of('SELECT shopanalytics.' || f.name || call ||
                        $$ FROM (VALUES (1, timestamptz '2024-01-01 00:00'), (2, '2024-01-01 00:01'), (3, NULL)) AS e(n, ts)$$) AS e
 ORDER BY c.n, f.name;
\x off
\t off

-- Window frame: of no effect, nor is another function beside ours
SELECT count(*) AS rows, count(*) FILTER (WHERE (a, b, c, d) IS DISTINCT FROM (last, next, last, next)) AS differ
  FROM (SELECT shopanalytics.asof_last(v, ts, v IS NOT NULL) OVER (PARTITION BY p ORDER BY ts) AS last, shopanalytics.asof_next(v, ts, v IS NOT NULL) OVER (PARTITION BY p ORDER BY ts) AS next,
               shopanalytics.asof_last(v, ts, v IS NOT NULL) OVER (PARTITION BY p ORDER BY ts ROWS BETWEEN CURRENT ROW AND CURRENT ROW EXCLUDE CURRENT ROW) AS a,
               shopanalytics.asof_next(v, ts, v IS NOT NULL) OVER (PARTITION BY p ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS b,
               shopanalytics.asof_last(v, ts, v IS NOT NULL) OVER (PARTITION BY p ORDER BY ts RANGE BETWEEN '1 hour' FOLLOWING AND '2 hours' FOLLOWING) AS c,
               shopanalytics.asof_next(v, ts, v IS NOT NULL) OVER (PARTITION BY p ORDER BY ts GROUPS BETWEEN 2 PRECEDING AND 1 PRECEDING EXCLUDE TIES) AS d
          FROM price) s;
SELECT ts::time, v, shopanalytics.asof_last(v, ts, v IS NOT NULL) OVER w AS last, shopanalytics.asof_next(v, ts, v IS NOT NULL, '1 hour') OVER w AS next, lag(v, 2) OVER w AS lag, count(v) OVER w
  FROM price WHERE p = 0 WINDOW w AS (ORDER BY ts ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) ORDER BY ts;

-- Rows behind are dropped: where no match is far away a partition of any size fits in the least memory; nor does asof_next read past max_gap
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
SELECT call, pg_temp.explain('(ANALYZE, BUFFERS) SELECT shopanalytics.' || call || ' OVER () FROM (SELECT generate_series(1, 100000) AS n) s') ~ 'temp (read|written)=' AS spills
  FROM unnest(ARRAY['asof_last(n, n / 10, n % 3 = 0)', 'asof_last(n, n / 10, n % 3 = 0, inclusive => false)', 'asof_last(n, n, false)',
                    'asof_next(n, n / 10, n % 3 = 0)', 'asof_next(n, n, false, 100)', 'asof_next(n, n, false)']) AS call;
RESET work_mem;

-- Random histories on a grid of one minute, so that ties and exact gaps abound;
-- every history has its own rules, and its tie key is a permutation.
CREATE FUNCTION pg_temp.pick(n integer, seed integer, choices integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint4extended(n, seed) % choices + choices) % choices)::integer
$$;
CREATE TEMP TABLE history AS
SELECT h, (ARRAY[NULL, NULL, '0', '1 minute', '3 minutes', '2 days'])[1 + pg_temp.pick(h, 1, 6)]::interval AS max_gap,
       pg_temp.pick(h, 2, 2) = 0 AS inclusive, pg_temp.pick(h, 3, 3) = 0 AS ignore_nulls
  FROM generate_series(1, 20000) AS h;
CREATE TEMP TABLE event AS
SELECT h, n AS id, row_number() OVER (PARTITION BY h ORDER BY hashint4extended(h * 16 + n, 4)) AS tie,
       CASE pg_temp.pick(h * 16 + n, 5, 20) WHEN 0 THEN '-infinity' WHEN 1 THEN 'infinity' WHEN 2 THEN NULL
            ELSE timestamptz '2024-01-01' + pg_temp.pick(h * 16 + n, 6, 7) * interval '1 minute' END AS ts,
       (ARRAY[true, true, false, false, NULL])[1 + pg_temp.pick(h * 16 + n, 7, 5)] AS is_right,
       CASE WHEN pg_temp.pick(h * 16 + n, 8, 4) > 0 THEN 'v' || n END AS value
  FROM history CROSS JOIN LATERAL generate_series(1, 1 + pg_temp.pick(h, 9, 8)) AS n;
CREATE INDEX ON event (h);
ANALYZE history, event;

-- The oracle, in plain SQL; PostgreSQL before 17 cannot subtract infinite times
CREATE FUNCTION pg_temp.within(earlier timestamptz, later timestamptz, max_gap interval) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN max_gap IS NULL OR earlier = later THEN true WHEN isfinite(earlier) AND isfinite(later) THEN later - earlier <= max_gap ELSE false END
$$;
CREATE TEMP TABLE expected AS
SELECT h, l.id, CASE WHEN pg_temp.within(a.ts, l.ts, max_gap) THEN a.value END AS last, CASE WHEN pg_temp.within(l.ts, b.ts, max_gap) THEN b.value END AS next
  FROM event l JOIN history USING (h)
  LEFT JOIN LATERAL (SELECT r.ts, r.value FROM event r
                      WHERE r.h = l.h AND r.is_right AND (r.ts < l.ts OR r.ts = l.ts AND inclusive) AND (r.value IS NOT NULL OR NOT ignore_nulls)
                      ORDER BY r.ts DESC, r.tie DESC LIMIT 1) a ON true
  LEFT JOIN LATERAL (SELECT r.ts, r.value FROM event r
                      WHERE r.h = l.h AND r.is_right AND (r.ts > l.ts OR r.ts = l.ts AND inclusive) AND (r.value IS NOT NULL OR NOT ignore_nulls)
                      ORDER BY r.ts, r.tie LIMIT 1) b ON true;
ANALYZE expected;
SELECT count(*) > 80000 AS many, count(DISTINCT h) AS histories, count(last) > 30000 AS last_found, count(next) > 30000 AS next_found FROM expected;

-- NULLS LAST and NULLS FIRST
SELECT count(*) AS differ
  FROM (SELECT h, id, shopanalytics.asof_last(value, ts, is_right, max_gap, inclusive, ignore_nulls) OVER w AS last, shopanalytics.asof_next(value, ts, is_right, max_gap, inclusive, ignore_nulls) OVER w AS next
          FROM event JOIN history USING (h) WINDOW w AS (PARTITION BY h ORDER BY ts NULLS LAST, tie)) s
  JOIN expected x USING (h, id) WHERE (s.last, s.next) IS DISTINCT FROM (x.last, x.next);
SELECT count(*) AS differ
  FROM (SELECT h, id, shopanalytics.asof_last(value, ts, is_right, max_gap, inclusive, ignore_nulls) OVER w AS last, shopanalytics.asof_next(value, ts, is_right, max_gap, inclusive, ignore_nulls) OVER w AS next
          FROM event JOIN history USING (h) WINDOW w AS (PARTITION BY h ORDER BY ts NULLS FIRST, tie)) s
  JOIN expected x USING (h, id) WHERE (s.last, s.next) IS DISTINCT FROM (x.last, x.next);

-- the rows that ask sorted elsewhere among those at their time: only the right rows' order counts
SELECT count(*) AS differ
  FROM (SELECT h, id, shopanalytics.asof_last(value, ts, is_right, max_gap, inclusive, ignore_nulls) OVER w AS last, shopanalytics.asof_next(value, ts, is_right, max_gap, inclusive, ignore_nulls) OVER w AS next
          FROM event JOIN history USING (h)
        WINDOW w AS (PARTITION BY h ORDER BY ts, CASE WHEN is_right THEN tie * 2 ELSE pg_temp.pick(h * 16 + id, 10, 10) * 2 + 1 END)) s
  JOIN expected x USING (h, id) WHERE (s.last, s.next) IS DISTINCT FROM (x.last, x.next);

-- the same as constants, each combination in a statement of its own, over a quarter of the histories
CREATE FUNCTION pg_temp.constant_rules(OUT combinations integer, OUT differ bigint) LANGUAGE plpgsql AS $$
DECLARE
    r record;
    n bigint;
BEGIN
    combinations := 0;
    differ := 0;
    FOR r IN SELECT DISTINCT max_gap, inclusive, ignore_nulls FROM history LOOP
        EXECUTE format($q$
            SELECT count(*)
              FROM (SELECT h, id, shopanalytics.asof_last(value, ts, is_right, %1$L, %2$L, %3$L) OVER w AS last, shopanalytics.asof_next(value, ts, is_right, %1$L, %2$L, %3$L) OVER w AS next
                      FROM event JOIN history USING (h)
                     WHERE h <= 5000 AND (max_gap, inclusive, ignore_nulls) IS NOT DISTINCT FROM (%1$L::interval, %2$L::boolean, %3$L::boolean)
                    WINDOW w AS (PARTITION BY h ORDER BY ts, tie)) s
              JOIN expected x USING (h, id) WHERE (s.last, s.next) IS DISTINCT FROM (x.last, x.next)$q$,
            r.max_gap, r.inclusive, r.ignore_nulls) INTO n;
        combinations := combinations + 1;
        differ := differ + n;
    END LOOP;
END $$;
SELECT * FROM pg_temp.constant_rules();

-- timestamp, and bigint in seconds, say the same; finite times only for the latter
SELECT count(*) AS differ
  FROM (SELECT h, id, shopanalytics.asof_last(value, ts::timestamp, is_right, max_gap, inclusive, ignore_nulls) OVER w AS last, shopanalytics.asof_next(value, ts::timestamp, is_right, max_gap, inclusive, ignore_nulls) OVER w AS next
          FROM event JOIN history USING (h) WHERE h <= 5000 WINDOW w AS (PARTITION BY h ORDER BY ts, tie)) s
  JOIN expected x USING (h, id) WHERE (s.last, s.next) IS DISTINCT FROM (x.last, x.next);
SELECT count(*) AS differ, count(*) FILTER (WHERE s.h IS NULL) AS missing
  FROM (SELECT h, id, shopanalytics.asof_last(value, at, is_right, gap, inclusive, ignore_nulls) OVER w AS last, shopanalytics.asof_next(value, at, is_right, gap, inclusive, ignore_nulls) OVER w AS next
          FROM (SELECT *, extract(epoch FROM ts)::bigint AS at, extract(epoch FROM max_gap)::bigint AS gap
                  FROM event JOIN history USING (h) WHERE h <= 5000 AND h NOT IN (SELECT h FROM event WHERE NOT isfinite(ts))) e
        WINDOW w AS (PARTITION BY h ORDER BY at, tie)) s
  JOIN expected x USING (h, id) WHERE (s.last, s.next) IS DISTINCT FROM (x.last, x.next);

-- A11: right rows at one time, 20 insert orders, one answer: the last by the tie key, or the first after
CREATE TEMP TABLE a11 AS
SELECT seed, id, ts, w FROM generate_series(1, 20) AS seed,
       (VALUES (1, timestamptz '2024-01-01', 1), (2, '2024-01-01', 2), (3, '2024-01-01', 3), (4, '2024-01-02', NULL), (5, '2024-01-03', 1), (6, '2024-01-03', 2)) AS r(id, ts, w)
 ORDER BY hashint4extended(seed * 8 + id, seed);
SELECT last, next, count(*) AS runs
  FROM (SELECT w, shopanalytics.asof_last(w, ts, w IS NOT NULL) OVER o AS last, shopanalytics.asof_next(w, ts, w IS NOT NULL) OVER o AS next
          FROM a11 WINDOW o AS (PARTITION BY seed ORDER BY ts, id)) s
 WHERE w IS NULL GROUP BY last, next;

-- Parallel: workers below the window, and windows inside the workers
CREATE TABLE asof_event AS SELECT h, id, ts, tie, is_right, value FROM event;
CREATE TABLE asof_history AS SELECT h FROM history WHERE h <= 5000;
ANALYZE asof_event, asof_history;
\set by_window 'SELECT h, id, shopanalytics.asof_last(value, ts, is_right) OVER w AS last, shopanalytics.asof_next(value, ts, is_right) OVER w AS next FROM asof_event WHERE h <= 5000 WINDOW w AS (PARTITION BY h ORDER BY ts, tie)'
\set by_history 'SELECT h, s.* FROM asof_history u CROSS JOIN LATERAL (SELECT id, shopanalytics.asof_last(value, ts, is_right) OVER w AS last, shopanalytics.asof_next(value, ts, is_right) OVER w AS next FROM asof_event e WHERE e.h = u.h WINDOW w AS (ORDER BY ts, tie)) s'
SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE serial AS :by_window;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET min_parallel_index_scan_size = 0;
SELECT pg_temp.explain(:'by_window') ~ 'WindowAgg.*Gather.*Parallel' AS workers_below_window;
CREATE TEMP TABLE parallel_window AS :by_window;
CREATE INDEX ON asof_event (h, ts);
SELECT pg_temp.explain(:'by_history') ~ 'Gather.*WindowAgg' AS window_in_workers;
CREATE TEMP TABLE parallel_history AS :by_history;
SELECT count(*) > 20000 AS many FROM serial;
SELECT count(*) AS differ FROM ((TABLE serial EXCEPT ALL TABLE parallel_window) UNION ALL (TABLE parallel_window EXCEPT ALL TABLE serial)) d;
SELECT count(*) AS differ FROM ((TABLE serial EXCEPT ALL TABLE parallel_history) UNION ALL (TABLE parallel_history EXCEPT ALL TABLE serial)) d;
DROP TABLE asof_event, asof_history;
