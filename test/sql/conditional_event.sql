-- conditional_true_event, conditional_change_event

-- Ordinary: S8, Snowflake's documentation; NULL is not true
SELECT o_col, shopanalytics.conditional_true_event(o_col <> 0) OVER w AS not_zero, shopanalytics.conditional_change_event(o_col) OVER w AS change
  FROM (VALUES (0), (0), (13), (13), (14), (15), (NULL)) AS e(o_col) WINDOW w AS (ORDER BY o_col) ORDER BY o_col;
-- a partition each
SELECT province, n, v, shopanalytics.conditional_true_event(v) OVER w AS true_event, shopanalytics.conditional_change_event(v) OVER w AS change_event
  FROM (VALUES ('a', 1, true), ('a', 2, true), ('a', 3, false), ('b', 1, false), ('b', 2, NULL), ('b', 3, true), ('b', 4, false)) AS e(province, n, v)
WINDOW w AS (PARTITION BY province ORDER BY n) ORDER BY province, n;

-- Empty input, all NULL, one row
SELECT shopanalytics.conditional_true_event(true) OVER (), shopanalytics.conditional_change_event(1) OVER () WHERE false;
SELECT shopanalytics.conditional_true_event(NULL) OVER (), shopanalytics.conditional_change_event(NULL::integer) OVER () FROM generate_series(1, 2);
SELECT shopanalytics.conditional_true_event(true) OVER () AS true, shopanalytics.conditional_true_event(false) OVER () AS false, shopanalytics.conditional_change_event(1) OVER () AS change;

-- Equality is that of the type: scale, NaN, blanks, arrays, rows
SELECT n, shopanalytics.conditional_change_event(v) OVER (ORDER BY n) AS change FROM (VALUES (1, 1.0), (2, 1.00), (3, 'NaN'), (4, 'NaN'), (5, 2)) AS e(n, v);
SELECT n, shopanalytics.conditional_change_event(v) OVER (ORDER BY n) AS of_text, shopanalytics.conditional_change_event(v::char(2)) OVER (ORDER BY n) AS of_char
  FROM (VALUES (1, 'a'), (2, 'a '), (3, 'A')) AS e(n, v);
SELECT n, shopanalytics.conditional_change_event(ARRAY[n / 2, NULL]) OVER (ORDER BY n) AS of_array, shopanalytics.conditional_change_event(ROW(n / 3, 'x'::text)) OVER (ORDER BY n) AS of_row
  FROM generate_series(1, 6) AS n;
-- values out of line
SELECT n, shopanalytics.conditional_change_event(repeat(chr(64 + n / 2), 1000000)) OVER (ORDER BY n) AS change FROM generate_series(1, 5) AS n;

-- Errors
SELECT shopanalytics.conditional_change_event(v) OVER () FROM (VALUES (point '(1,1)'), (point '(1,1)'), (point '(1,2)')) AS e(v);
SELECT shopanalytics.conditional_change_event('{}'::json) OVER () FROM generate_series(1, 2);
SELECT shopanalytics.conditional_true_event(1) OVER ();
SELECT shopanalytics.conditional_true_event(true);

-- Window frame: of no effect
SELECT count(*) AS rows, count(*) FILTER (WHERE (a, b, c) IS DISTINCT FROM (d, d, d) OR (e, f) IS DISTINCT FROM (g, g)) AS differ
  FROM (SELECT shopanalytics.conditional_change_event(n / 7) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS a,
               shopanalytics.conditional_change_event(n / 7) OVER (ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS b,
               shopanalytics.conditional_change_event(n / 7) OVER (ORDER BY n GROUPS BETWEEN 2 FOLLOWING AND 3 FOLLOWING EXCLUDE TIES) AS c,
               shopanalytics.conditional_change_event(n / 7) OVER (ORDER BY n) AS d,
               shopanalytics.conditional_true_event(n % 7 = 0) OVER (ORDER BY n ROWS BETWEEN CURRENT ROW AND CURRENT ROW EXCLUDE CURRENT ROW) AS e,
               shopanalytics.conditional_true_event(n % 7 = 0) OVER (ORDER BY n RANGE BETWEEN 5 PRECEDING AND 4 PRECEDING) AS f,
               shopanalytics.conditional_true_event(n % 7 = 0) OVER (ORDER BY n) AS g
          FROM generate_series(1, 1000) AS n) s;

-- Random histories against sums over lag, the definition, many rows a partition
CREATE FUNCTION pg_temp.pick(n integer, seed integer, choices integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint4extended(n, seed) % choices + choices) % choices)::integer
$$;
SELECT count(*) > 100000 AS many, count(*) FILTER (WHERE true_event <> want_true) AS differ_true, count(*) FILTER (WHERE change_event <> want_change) AS differ_change,
       max(want_change) > 30 AS often
  FROM (SELECT *, coalesce(sum(CASE WHEN v = 1 THEN 1 ELSE 0 END) OVER w, 0) AS want_true, sum(CASE WHEN v <> before THEN 1 ELSE 0 END) OVER w AS want_change
          FROM (SELECT h, n, v, lag(v) OVER w AS before, shopanalytics.conditional_true_event(v = 1) OVER w AS true_event, shopanalytics.conditional_change_event(v) OVER w AS change_event
                  FROM (SELECT h, n, CASE pg_temp.pick(h * 128 + n, 1, 4) WHEN 0 THEN NULL WHEN 1 THEN 1 WHEN 2 THEN 2 ELSE h % 3 END AS v
                          FROM generate_series(1, 2500) AS h, generate_series(1, 1 + pg_temp.pick(h, 2, 100)) AS n) e
                WINDOW w AS (PARTITION BY h ORDER BY n)) s
        WINDOW w AS (PARTITION BY h ORDER BY n)) t;

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
  FROM unnest(ARRAY['shopanalytics.conditional_true_event(n > 5)', 'shopanalytics.conditional_change_event(n / 5)', 'sum(n)']) AS fn;
RESET work_mem;
