-- Type funnel, funnel_agg, rollup, funnel_level, funnel_times, funnel_durations, funnel_completions.
SET timezone = 'UTC';
\pset null '(null)'

-- 'a@1 b@2.5 -@3': events at seconds
CREATE FUNCTION events(spec text) RETURNS TABLE (event text, ts timestamptz)
LANGUAGE sql IMMUTABLE AS $$
    SELECT split_part(word, '@', 1), CASE WHEN split_part(word, '@', 2) LIKE '%inf' THEN (split_part(word, '@', 2) || 'inity')::timestamptz
                                          ELSE '2024-05-01 00:00+00'::timestamptz + split_part(word, '@', 2)::numeric * interval '1 s' END
      FROM regexp_split_to_table(spec, ' ') AS word
$$;
CREATE FUNCTION funnel_of(spec text, steps text) RETURNS shopanalytics.funnel
LANGUAGE sql IMMUTABLE AS $$
    SELECT shopanalytics.funnel_agg(ts, VARIADIC ARRAY(SELECT event = step FROM string_to_table(steps, ',') AS step)) FROM events(spec)
$$;
-- the times of a chain, in seconds
CREATE FUNCTION seconds(times timestamptz[]) RETURNS numeric[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(round(extract(epoch FROM t - '2024-05-01 00:00+00')) ORDER BY n), '{}') FROM unnest(times) WITH ORDINALITY AS u (t, n)
$$;

-- The cases; where a peer's answer is another one than ours, the case says so.
CREATE TABLE cases (id text, spec text, steps text, seconds bigint, mode text, level integer);
INSERT INTO cases VALUES
    ('F1', '1000@0 1001@1 1002@2 1003@3 1004@4 1005@5 1006@6 1007@7 1008@8', '1000', 10000, 'ordered', 1),
    ('F1', '1000@0 1001@1 1002@2 1003@3 1004@4 1005@5 1006@6 1007@7 1008@8', '1000,1001', 10000, 'ordered', 2),
    ('F1', '1000@0 1001@1 1002@2 1003@3 1004@4 1005@5 1006@6 1007@7 1008@8', '1000,1001,1002', 10000, 'ordered', 3),
    ('F1', '1000@0 1001@1 1002@2 1003@3 1004@4 1005@5 1006@6 1007@7 1008@8', '1000,1001,1002,1008', 10000, 'ordered', 4),
    ('F2', '1000@0 1001@1 1002@2 1003@3 1004@4 1005@5 1006@6 1007@7 1008@8', '1003,1004,1005,1006,1007', 2, 'ordered', 3),
    ('F2', '1000@0 1001@1 1002@2 1003@3 1004@4 1005@5 1006@6 1007@7 1008@8', '1003,1004,1005,1006,1007', 3, 'ordered', 4),
    ('F2', '1000@0 1001@1 1002@2 1003@3 1004@4 1005@5 1006@6 1007@7 1008@8', '1003,1004,1005,1006,1007', 4, 'ordered', 5),
    ('F3', '1001@1 1002@2 1003@3 1004@4 1005@5 1006@6 1007@7 1008@8', '1008,1001', 10000, 'ordered', 1),
    ('F6', '1000@0 1001@10 1002@20 1003@30 1004@40 1005@50 1005@51 1006@60 1007@70 1008@80', '1000,1001,1002,1003,1004,1005,1006', 10000, 'ordered', 7),
    ('F7', 'a@1 b@2 c@3', 'a,b,c', 86400, 'ordered', 3),
    ('F7', 'a@1 d@2 b@3 c@4', 'a,b,c', 86400, 'ordered', 3),
    ('F7', 'a@1 a@2 b@3 b@4 c@5 c@6', 'a,b,c', 86400, 'ordered', 3),
    ('F7', 'a@1 a@2 a@3 a@4 b@5 b@6 c@7 c@8', 'a,b,c', 86400, 'ordered', 3),
    ('F7', 'a@1 a@2 b@3 b@4 d@5 c@6 c@7', 'a,b,c', 86400, 'ordered', 3),
    ('F7', 'c@1 c@2 b@3 b@4 a@5 a@6', 'a,b,c', 86400, 'ordered', 1),
    ('F10', 'a@1 b@2 c@3 b@4 d@5', 'a,b,c,d', 86400, 'ordered', 4),
    ('F11', '1000@0 1001@1 1002@1 1003@1 1004@2', '1000,1001,1002,1003,1004', 10000, 'ordered', 5),
    ('F11', '1000@0 1001@1 1002@1 1003@1 1004@2', '1000,1001,1002,1003,1004', 10000, 'strict_increase', 2),
    ('F13', '1004@2', '1004,1004,1004', 10000, 'reuse', 3),
    ('F13', '1004@2', '1004,1004,1004', 10000, 'ordered', 1),
    ('F13', '1004@2', '1004,1004,1004', 10000, 'strict_increase', 1),
    ('F14', 'f@180 f@220 s@250', 'f,f,s', 200, 'ordered', 3),
    ('F14', 'f@100 f@250', 'f,f,s', 200, 'ordered', 2),
    ('F14', 's@200 f@210 s@230', 'f,f,s', 200, 'ordered', 1),
    ('F15', 'a@0 a@1 b@1', 'a,b', 10, 'strict_increase', 2),    -- ClickHouse: 1
    ('F18', '2@99 1@100', '1,2', 50, 'ordered', 1),
    ('F18', '2@250', '1,2', 50, 'ordered', 0),
    ('F18', '1@200 1@210 2@230 2@240', '1,2', 50, 'ordered', 2),
    ('F19', '1@100', '1,1', 50, 'ordered', 1),                  -- ClickHouse: 2
    ('F19', '1@200', '1,1', 50, 'ordered', 1),
    ('F20', 'p@100 p@100 p@300', 'p,p,p', 100000, 'strict_increase', 2),
    ('F20', 'p@100 p@100 p@300', 'p,p,p', 100000, 'ordered', 3),
    ('F21', 'i@0 s@5 l@10 i@15 s@20 i@25 s@30 l@35 e@40', 'i,s,l,e', 60, 'ordered', 4),
    ('F22', 'a@0 b@1 c@2 a@3 b@4 d@5', 'a,b,c,d', 100, 'ordered', 4),
    ('F23', 'view@0 cart@300 buy@600', 'view,cart,buy', 3600, 'ordered', 3),
    ('F23', 'view@0 cart@300', 'view,cart,buy', 3600, 'ordered', 2),
    ('F23', 'view@0 cart@18000', 'view,cart,buy', 3600, 'ordered', 1),
    ('F23', 'cart@0 buy@300', 'view,cart,buy', 3600, 'ordered', 0),
    ('F24', 'Browse@0 Click@1 Order@2 Pay@3', 'Browse,Click,Order,Pay', 0, 'ordered', 1),
    ('F24', 'Click@1 Order@1', 'Browse,Click,Order,Pay', 0, 'ordered', 0),
    ('F24', 'Click@1 Browse@1 Pay@2', 'Browse,Click,Order,Pay', 0, 'ordered', 2),
    ('F25', 'c1@1 c2@2 c1@3 c3@4', 'c1,c2,c3', 100, 'ordered', 3),
    ('F25', 'c1@1 c2@2 c1@3 c3@4', 'c1,c1,c1', 100, 'ordered', 2),
    ('F27', 'login@60 visit@120 order@240 payment@600', 'login,visit,order,payment', 300, 'ordered', 3),
    ('F27', 'login@60 visit@120 order@240 payment@240 payment@600', 'login,visit,order,payment', 3600, 'ordered', 4),
    ('F27', 'login@60 visit@120 order@240 payment@240', 'login,visit,order,payment', 3600, 'strict_increase', 3),
    ('F28', '1003@0 1009@86400 1007@172800 1010@259200', '1003,1009,1007,1010', 9000000000000, 'ordered', 4);
SELECT id, spec, steps, seconds, mode, level AS expected, found
  FROM (SELECT *, shopanalytics.funnel_level(funnel_of(spec, steps), seconds * interval '1 s', mode) AS found FROM cases) AS c
 WHERE level IS DISTINCT FROM found;
SELECT count(*), count(DISTINCT id) AS cases FROM cases;

-- F4: a row matches several steps
SELECT mode, shopanalytics.funnel_level(f, '4 s', mode) AS level
  FROM (SELECT shopanalytics.funnel_agg(ts, e <= 1007, e >= 1002, e <= 1006, e >= 1004) AS f
          FROM (SELECT event::int AS e, ts FROM events('1001@1 1002@2 1003@3 1004@4 1005@5 1006@6 1007@7 1008@8')) AS e) AS f, (VALUES ('ordered'), ('reuse')) AS m (mode);

-- F5: times beyond 32 bits, in microseconds
SELECT shopanalytics.funnel_level(shopanalytics.funnel_agg('1970-01-01 00:00+00'::timestamptz + (100000000000000 + n) * interval '1 us', n = 3, n = 4, n = 5, n = 6, n = 7), '4 us')
  FROM generate_series(1, 8) AS n;

-- F16: nothing between the steps, and a new start at any time
SELECT person, spec, shopanalytics.funnel_level(funnel_of(spec, 'S,P,I'), '14 days', 'strict') AS level
  FROM (VALUES ('p1', 'S@1'), ('p2', 'P@1 S@2'), ('p3', 'S@1 P@2 x@3 I@4'), ('p4', 'I@1 x@2 P@3 S@4'), ('p5', 'P@1 S@2 x@3 P@4 I@5'),
               ('p6', 'x@1 S@2 x@3 P@4'), ('p7', 'x@1 S@2 P@3 I@4 x@5'), ('p8', 'I@1 P@2')) AS p (person, spec)
 ORDER BY person;

-- F17
SELECT browser, shopanalytics.funnel_level(f, '14 days', 'strict') AS level, shopanalytics.funnel_durations(f, '14 days', 'strict') AS durations
  FROM (VALUES ('Chrome', funnel_of('sign_up@43200 blah@46800 play@50400', 'sign_up,play')), ('Safari', funnel_of('sign_up@46800 play@50400', 'sign_up,play'))) AS b (browser, f)
 ORDER BY browser;

-- F22: all times are of one chain
SELECT seconds(shopanalytics.funnel_times(f, '100 s')) AS times, shopanalytics.funnel_durations(f, '100 s') AS durations
  FROM funnel_of('a@0 b@1 c@2 a@3 b@4 d@5', 'a,b,c,d') AS f;

-- F26: a condition that is NULL is not fulfilled
WITH visit (u, t, a, b) AS (VALUES (1, 1, 'a1', 'b1'), (1, 2, 'a2', 'b2'), (2, 1, 'a1', NULL), (2, 2, 'a2', NULL), (3, 1, NULL, NULL),
                                   (4, 1, NULL, 'b1'), (4, 2, 'a2', NULL), (4, 3, NULL, 'b3'))
SELECT u, shopanalytics.funnel_level(shopanalytics.funnel_agg(to_timestamp(t), a = 'a1', a = 'a2'), '1 day') AS a1_a2,
       shopanalytics.funnel_level(shopanalytics.funnel_agg(to_timestamp(t), a IS NULL, b = 'b3'), '1 day') AS null_b3
  FROM visit GROUP BY u ORDER BY u;

-- The winning chain: the deepest; then the earliest start, then the earliest end, then each step as early as can be.
SELECT what, mode, shopanalytics.funnel_level(f, w, mode) AS level, seconds(shopanalytics.funnel_times(f, w, mode)) AS times
  FROM (VALUES ('deepest', 'ordered', '3 s'::interval, funnel_of('a@0 b@1 a@4 b@5 c@6', 'a,b,c')),
               ('earliest start', 'ordered', '10 s', funnel_of('a@0 a@1 b@2 b@3 c@4 c@5', 'a,b,c')),
               ('earliest start', 'ordered', '3 s', funnel_of('a@0 a@1 b@2 b@3 c@4 c@5', 'a,b,c')),
               ('earliest end', 'any', '10 s', funnel_of('c@0 a@1 a@2 b@5 b@6', 'a,b,c')),
               ('strict', 'strict', '10 s', funnel_of('a@0 b@1 b@2 a@3 b@4 c@5', 'a,b,c')),
               ('strict, a tie inside', 'strict', '10 s', funnel_of('a@0 c@1 b@1 d@2', 'a,b,c,d')),
               ('strict, too much inside', 'strict', '10 s', funnel_of('a@0 c@1 b@1 b@1 d@2', 'a,b,c,d')),
               ('strict, ties at both ends', 'strict', '10 s', funnel_of('x@0 b@0 a@0 b@1 x@1', 'a,b')),
               ('any', 'any', '10 s', funnel_of('b@0 c@20 a@22 b@23', 'a,b,c'))) AS v (what, mode, w, f);

-- A row that two steps want: greedy is wrong, both of {1,2} and {1} are needed.
SELECT mode, shopanalytics.funnel_level('v1/2 0:1 0:1,2', '0', mode) AS ordered, shopanalytics.funnel_level('v1/3 0:1,2,3 0:1 0:1,2', '0', mode) AS three,
       shopanalytics.funnel_level('v1/3 0:1,2 1:1,2,3 1:2', '1 s', mode) AS two_times, shopanalytics.funnel_level('v1/3 0:1,2 0:3', '0', mode) AS too_few
  FROM (VALUES ('ordered'), ('any'), ('strict'), ('ordered,strict_increase'), ('any,strict_increase'), ('reuse'), ('any,reuse')) AS m (mode);

-- Infinite times are within the window of their equals only.
SELECT spec, shopanalytics.funnel_times(f, '100000000 days') AS times,
       shopanalytics.funnel_level(f, '100000000 days') AS level, shopanalytics.funnel_level(f, '100000000 days', 'any') AS any, shopanalytics.funnel_level(f, '100000000 days', 'strict') AS strict,
       shopanalytics.funnel_durations(f, '1 s') AS durations
  FROM (VALUES ('a@-inf b@0 c@inf'), ('a@-inf b@-inf c@0'), ('a@inf b@inf'), ('a@-inf a@0 b@1 b@inf')) AS v (spec), funnel_of(spec, 'a,b,c') AS f;
SELECT shopanalytics.funnel_durations(shopanalytics.funnel_agg(ts, n = 1, n = 2), '106751991 days')
  FROM (VALUES (1, timestamptz '4713-01-01 00:00+00 BC'), (2, timestamptz '280000-01-01 00:00+00')) AS v (n, ts);

-- Completions, one after another: the next begins later than the last has ended.
SELECT spec, shopanalytics.funnel_completions(f, '2 s') AS ordered, shopanalytics.funnel_completions(f, '2 s', 'strict') AS strict,
       shopanalytics.funnel_completions(f, '2 s', 'any') AS any, shopanalytics.funnel_completions(f, '2 s', 'any,reuse,strict_increase') AS any_increase
  FROM (VALUES ('a@0 b@1 a@2 b@3 a@4 b@9'), ('a@0 a@1 b@2 b@3'), ('b@0 a@1 b@2'), ('a@0 b@0 a@0 b@0'), ('a@0 x@1 b@2 b@3 a@4'), ('x@0')) AS v (spec), funnel_of(spec, 'a,b') AS f;

-- Nothing, NULL, one row; NULL times are no rows.
SELECT f, shopanalytics.funnel_level(f, '1 h'), shopanalytics.funnel_times(f, '1 h'), shopanalytics.funnel_durations(f, '1 h'), shopanalytics.funnel_completions(f, '1 h', 'any')
  FROM (SELECT shopanalytics.funnel_agg(now(), true) AS f WHERE false) AS f;
SELECT shopanalytics.funnel_agg(NULL, true, NULL), shopanalytics.funnel_agg(to_timestamp(1), NULL, false), shopanalytics.funnel_agg(to_timestamp(1), true);
SELECT shopanalytics.funnel_level(NULL, '1 h'), shopanalytics.funnel_times(NULL, '1 h'), shopanalytics.funnel_durations(NULL, '1 h'), shopanalytics.funnel_completions(NULL, '1 h');
SELECT shopanalytics.rollup(f) FROM (VALUES (NULL::shopanalytics.funnel), ('v1/0')) AS v (f);
SELECT shopanalytics.rollup(f) FROM (VALUES (NULL::shopanalytics.funnel), ('v1/0'), ('v1/2 1:1'), ('v1/2'), ('v1/2 1:1 0:2')) AS v (f);
SELECT shopanalytics.funnel_level(shopanalytics.funnel_agg(to_timestamp(n), VARIADIC array_fill(false, ARRAY[n - 1]) || true || array_fill(false, ARRAY[32 - n])), '31 s') AS steps_32
  FROM generate_series(1, 32) AS n;
SELECT seconds(shopanalytics.funnel_times(shopanalytics.funnel_agg(ts, e = 'a', e = 'b') OVER (ORDER BY ts), '1 h')) AS running
  FROM (SELECT ts, event AS e FROM events('a@0 x@1 b@2')) AS v ORDER BY ts;

-- errors
\set VERBOSITY verbose
\set SHOW_CONTEXT never
CREATE FUNCTION error_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text; detail text; hint text;
BEGIN
    EXECUTE query;
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', SQLSTATE || ': ' || message, nullif(detail, ''), nullif(hint, ''));
END $$;
\pset format unaligned
\pset tuples_only on
SELECT query, error_of(query), ''
  FROM (VALUES (1, 'SELECT shopanalytics.funnel_level(''v1/1 0:1'', NULL)'), (2, 'SELECT shopanalytics.funnel_level(''v1/1 0:1'', ''1 s'', NULL)'),
               (3, 'SELECT shopanalytics.funnel_times(NULL, NULL)'), (4, 'SELECT shopanalytics.funnel_level(''v1/1 0:1'', ''-1 s'')'),
               (5, 'SELECT shopanalytics.funnel_level(''v1/1 0:1'', ''1 month'')'), (6, 'SELECT shopanalytics.funnel_level(''v1/1 0:1'', ''1 s'', ''strict, any'')'),
               (7, 'SELECT shopanalytics.funnel_level(''v1/1 0:1'', ''1 s'', ''strictly'')'), (8, 'SELECT shopanalytics.funnel_level(''v1/1 0:1'', ''1 s'', '''')'),
               (9, 'SELECT shopanalytics.funnel_level(''v1/1 0:1'', ''1 s'', repeat(''ä'', 1000000))'),
               (10, 'SELECT shopanalytics.funnel_agg(now(), VARIADIC ''{}'')'), (11, 'SELECT shopanalytics.funnel_agg(now(), VARIADIC array_fill(true, ARRAY[33]))'),
               (12, 'SELECT shopanalytics.funnel_agg(now(), VARIADIC NULL)'), (13, 'SELECT shopanalytics.funnel_agg(now(), VARIADIC ''{{t},{f}}'')'),
               (14, 'SELECT shopanalytics.funnel_agg(now(), VARIADIC steps) FROM (VALUES (''{t}''::boolean[]), (''{t,f}'')) AS v (steps)'),
               (15, 'SELECT shopanalytics.rollup(f) FROM (VALUES (''v1/3 0:1''::shopanalytics.funnel), (''v1/2'')) AS v (f)'),
               (16, 'SELECT shopanalytics.funnel_agg_transfn(NULL, now(), true)'), (17, 'SELECT ''''::shopanalytics.funnel'), (18, 'SELECT ''v2/3''::shopanalytics.funnel'),
               (19, 'SELECT ''v1/33''::shopanalytics.funnel'), (20, 'SELECT ''v1/0 0:1''::shopanalytics.funnel'), (21, 'SELECT ''v1/3 0:4''::shopanalytics.funnel'),
               (22, 'SELECT ''v1/3 0:0''::shopanalytics.funnel'), (23, 'SELECT ''v1/3 0:1x34''::shopanalytics.funnel'), (24, 'SELECT ''v1/3 0:1x0''::shopanalytics.funnel'),
               (25, 'SELECT ''v1/3 0:-x2''::shopanalytics.funnel'), (26, 'SELECT ''v1/3 0''::shopanalytics.funnel'), (27, 'SELECT ''v1/3 0.1234567:1''::shopanalytics.funnel'),
               (28, 'SELECT ''v1/3 -210866803201:1''::shopanalytics.funnel'), (29, 'SELECT ''v1/3 9224318016000:1''::shopanalytics.funnel'),
               (30, 'SELECT ''v1/3 99999999999999999999:1''::shopanalytics.funnel'), (31, 'SELECT ''v1/3 0:1 ä:1''::shopanalytics.funnel'), (32, 'SELECT ''v1/3x''::shopanalytics.funnel'),
               (33, 'SELECT (''v1/3 '' || repeat(''9'', 1000000))::shopanalytics.funnel'), (34, 'SELECT ''v1''::shopanalytics.funnel'), (35, 'SELECT ''v1/3 0:1,''::shopanalytics.funnel')) AS q (n, query)
 ORDER BY n;
\pset tuples_only off
\pset format aligned
\set VERBOSITY default

-- the memory of a group is limited, and equal rows take none
SET shopanalytics.max_group_memory = '64kB';
SELECT shopanalytics.funnel_completions(shopanalytics.funnel_agg(to_timestamp(n % 3000), true, true), '1 s') FROM generate_series(1, 100000) AS n;
SELECT shopanalytics.funnel_agg(to_timestamp(n), true) FROM generate_series(1, 4097) AS n;
SELECT shopanalytics.rollup(f) FROM (SELECT shopanalytics.funnel_agg(to_timestamp(n), true) AS f FROM generate_series(1, 4097) AS n GROUP BY n % 2) AS v;
RESET shopanalytics.max_group_memory;

-- text: one form for one content, whatever was written; independent of settings
SELECT 'v1/3 5:1 -infinity:- 5:2,1 infinity:3 5:1x33'::shopanalytics.funnel;
SELECT E' v1/4\t1714554000.50:4 -0.000001:1x20 -0.000001:1x20 -1.5:- -1.5:-  1:1,1,1x1 0:2\n'::shopanalytics.funnel;
SELECT 'v1/1 -210866803200:1 9224318015999.999999:1'::shopanalytics.funnel;
SELECT shopanalytics.funnel_times('v1/1 -210866803200:1', '1 s'), shopanalytics.funnel_times('v1/1 9224318015999.999999:1', '1 s');
SET timezone = 'Asia/Tokyo';
SET datestyle = 'German';
SELECT 'v1/3 1714554600.25:2,3x2'::shopanalytics.funnel;
RESET datestyle;
SET timezone = 'UTC';

-- binary: what goes out comes in; sizes
\getenv folder PG_ABS_BUILDDIR
\set file :folder '/results/funnel.binary'
CREATE TABLE stored (id integer PRIMARY KEY, f shopanalytics.funnel);
INSERT INTO stored VALUES (1, 'v1/0'), (2, 'v1/32'), (3, 'v1/3 -infinity:-  -infinity:1 5:1x33 5:1,2 infinity:3'), (4, 'v1/32 -0.000001:32x7 0.5:1,32'),
    (5, 'v1/1 -210866803200:1 9224318015999.999999:1'), (6, NULL);
INSERT INTO stored SELECT 7, shopanalytics.funnel_agg('2024-05-01 00:00+00'::timestamptz + n * interval '90 s', n % 3 = 0, n % 5 = 0, n % 7 = 0) FROM generate_series(1, 100000) AS n;
CREATE TABLE reread (LIKE stored);
COPY stored TO :'file' BINARY;
COPY reread FROM :'file' BINARY;
COPY stored TO :'file';
COPY reread FROM :'file';
SELECT count(*), count(DISTINCT f::text) FROM (SELECT * FROM stored UNION ALL SELECT * FROM reread) AS f;
SELECT count(*) AS differing FROM stored JOIN reread USING (id) WHERE (stored.f::text, shopanalytics.funnel_send(stored.f)) IS DISTINCT FROM (reread.f::text, shopanalytics.funnel_send(reread.f));
SELECT id, length(shopanalytics.funnel_send(f)) AS bytes, length(f::text) AS letters FROM stored ORDER BY id;

-- bytes that are no funnel
CREATE FUNCTION error_of_bytes(bytes bytea, file text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('COPY (SELECT %L::bytea) TO %L BINARY', bytes, file);
    CREATE TEMP TABLE received (f shopanalytics.funnel) ON COMMIT DROP;
    DECLARE
        result text := error_of(format('COPY received FROM %L BINARY', file));
    BEGIN
        IF result = 'none' THEN
            SELECT f::text INTO result FROM received;
        END IF;
        DROP TABLE received;
        RETURN result;
    END;
END $$;
SELECT what, replace(error_of_bytes(bytes, :'file'), E'\n', ' ') AS result
  FROM (VALUES (1, 'one event', '\x0103050100000202'::bytea), (2, 'long numbers', '\x810083008500810000000202'), (3, 'nothing', '\x'), (4, 'version only', '\x01'),
               (5, 'another version', '\x020305000000'), (6, '33 steps', '\x012105000000'), (7, 'unit', '\x010306000000'), (8, 'more events than bytes', '\x010305ffffffff0f0000'),
               (9, 'more infinite times than events', '\x01030501020002'), (10, 'no steps', '\x0100050100000202'), (11, 'bytes left', '\x01030500000000'), (12, 'bytes left behind an event', '\x010305010000020200'),
               (13, 'no such step', '\x0103050100001002'), (14, 'a count of one', '\x010305010000030102'), (15, 'a count of no step', '\x010305010000010202'), (16, 'a time too great', '\x01030001000002feffffffffffffffff01'),
               (17, 'a time too small', '\x01030001000002ffffffffffffffffff01'), (18, 'a distance too great', '\x010300020000020202ffffffffffffffffff01'), (19, 'order', '\x01030502000004020200'), (20, 'repeated', '\x01030502000002020200'),
               (21, '65 bits', '\x0103ffffffffffffffffff7f'), (22, 'cut', '\x010305020000020202')) AS v (n, what, bytes)
 ORDER BY n;
-- nor are those that come of changing some
SELECT count(*) AS tried, count(*) FILTER (WHERE error LIKE 'v1/%') AS funnels, count(*) FILTER (WHERE error LIKE '22P03%') AS refused, count(*) FILTER (WHERE error LIKE 'v1/%' AND error_of(format('SELECT shopanalytics.funnel_times(%L, ''1 h'', ''any'')', error)) <> 'none') AS unusable
  FROM (SELECT error_of_bytes(CASE WHEN i % 4 = 0 THEN substr(bytes, 1, r % (length(bytes) + 1)) ELSE set_byte(bytes, r % length(bytes), r / 64 % 256) END, :'file') AS error
          FROM generate_series(1, 400) AS i, LATERAL (SELECT ('x' || substr(md5('bytes' || i), 1, 7))::bit(28)::integer AS r) AS r,
               LATERAL (SELECT shopanalytics.funnel_send(f) AS bytes FROM stored WHERE id = 1 + i % 5) AS s) AS e;
SELECT count(*) AS tried, count(*) FILTER (WHERE error = 'none') AS funnels, count(*) FILTER (WHERE error LIKE '22P02%') AS refused
  FROM (SELECT error_of(format('SELECT %L::shopanalytics.funnel', CASE WHEN i % 4 = 0 THEN left(text, r % length(text)) ELSE overlay(text PLACING substr('v1/ :,.-x09infinty', 1 + r / 64 % 18, 1) FROM 1 + r % length(text) FOR r / 2048 % 2) END)) AS error
          FROM generate_series(1, 4000) AS i, LATERAL (SELECT ('x' || substr(md5('text' || i), 1, 7))::bit(28)::integer AS r) AS r,
               LATERAL (SELECT f::text AS text FROM stored WHERE id = 1 + i % 5) AS s) AS e;

DROP TABLE cases, stored, reread;
DROP FUNCTION events, funnel_of, seconds, error_of, error_of_bytes;
