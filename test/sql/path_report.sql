-- path_report: published cases by their id, edges, errors, and random histories
-- against plain SQL.
SET TimeZone = 'UTC';
\set SHOW_CONTEXT never

-- P6
CREATE TEMP TABLE visit AS
SELECT u AS user_id, n AS event_name, timestamptz '2024-01-01' + i * interval '1 minute' AS event_time
  FROM (VALUES ('u1', '{home,product,cart,checkout}'::text[]), ('u2', '{home,search,product}')) v (u, path), unnest(path) WITH ORDINALITY n (n, i);
SELECT * FROM shopanalytics.path_report('visit');
-- after home; after home -> product; before product
SELECT target, users FROM shopanalytics.path_report('visit', start_node => 'home') WHERE step = 1;
SELECT target, users FROM shopanalytics.path_report('visit', start_node => 'product') WHERE step = 1;
SELECT source, sum(users) AS users FROM shopanalytics.path_report('visit', end_node => 'product') WHERE target = 'product' GROUP BY source ORDER BY source;

-- P4: the page before checkout is W five times and B once.
CREATE TEMP TABLE pages AS
SELECT 10 + id % 3 AS customer_id, id AS sid, p AS page, timestamp '2024-01-01' + id * interval '1 day' + i * interval '10 seconds' AS ts
  FROM (VALUES (100, 'LWC'), (101, 'WW'), (102, 'LWCLHWC'), (103, 'LWHWC'), (104, 'BC'), (105, 'LB'), (106, 'LHL'), (107, 'WBW'), (108, 'BWCL'), (109, 'BLW')) v (id, path),
       string_to_table(path, NULL) WITH ORDINALITY p (p, i);
SELECT source, target, sum(paths) AS paths FROM shopanalytics.path_report('pages', session_column => 'sid', node_column => 'page') WHERE target = 'C' GROUP BY source, target ORDER BY paths DESC;
-- The same sessions by timeout; ten users are three, so they count less than paths.
SELECT * FROM shopanalytics.path_report('pages', session_column => 'sid', node_column => 'page') WHERE step = 1;
SELECT count(*) AS differ FROM (
    (SELECT * FROM shopanalytics.path_report('pages', session_column => 'sid', node_column => 'page')
     EXCEPT ALL SELECT * FROM shopanalytics.path_report('SELECT * FROM pages ORDER BY md5(ts::text)', timeout => '10 seconds', node_column => 'page'))
    UNION ALL
    (SELECT * FROM shopanalytics.path_report('pages', timeout => '1 day 1 second', session_column => 'sid', node_column => 'page')
     EXCEPT ALL SELECT * FROM shopanalytics.path_report('pages', timeout => '30 seconds', node_column => 'page'))) d;
-- Paths that land (L) and buy (C) among their first nodes, from landing to purchase.
SELECT step, source, target, paths FROM shopanalytics.path_report('pages', session_column => 'sid', node_column => 'page', start_node => 'L', end_node => 'C');
SELECT step, source, target, paths FROM shopanalytics.path_report('pages', 3, 'sid', node_column => 'page', start_node => 'L', end_node => 'C');
SELECT step, source, target, paths FROM shopanalytics.path_report('pages', 10, 'sid', node_column => 'page', start_node => 'W', end_node => 'W');
SELECT count(*) FROM shopanalytics.path_report('pages', node_column => 'page', start_node => 'X');

-- At one time, in order of names, by bytes; repeats are one; a node without a name is none.
SELECT step, source, target FROM shopanalytics.path_report($$SELECT 1 AS user_id, now() AS ts, n AS event_type FROM unnest('{b,a,B,b,"",NULL}'::text[]) n$$);
SELECT step, source, target FROM shopanalytics.path_report($$SELECT 1 AS user_id, timestamptz '2024-01-01' + i * interval '1 s' AS ts, n AS event_type
    FROM unnest('{a,a,NULL,a,b,b,a}'::text[]) WITH ORDINALITY n (n, i)$$);
-- A node of another type; the paths of time that is asked for.
SELECT * FROM shopanalytics.path_report($$SELECT 1 AS user_id, timestamptz '2024-01-01' + i * interval '1 day' AS ts, i AS page FROM generate_series(8, 12) i$$,
    node_column => 'page', from_time => '2024-01-10', to_time => '2024-01-13');

-- 20,000 random histories against plain SQL, by user, by session, by timeout, and
-- with a start and an end; the rows in any order.
CREATE TEMP TABLE history AS
SELECT u AS user_id, (ARRAY['s', 't', 'u'])[1 + floor(random() * 3)::integer] AS sid, (ARRAY['a', 'b', 'c', 'D', NULL])[1 + floor(random() * 4.2)::integer] AS event_name,
       timestamptz '2024-01-01' + floor(random() * 40) * interval '10 minutes' AS event_time
  FROM (SELECT setseed(0.75)) s, generate_series(1, 20000) u, LATERAL generate_series(1, 1 + abs(hashint4(u)) % 9) i;
CREATE TEMP TABLE asked (n integer GENERATED ALWAYS AS IDENTITY, max_length integer, by_session boolean, timeout interval, start_node text, end_node text);
INSERT INTO asked (max_length, by_session, timeout, start_node, end_node) VALUES
    (10, false, NULL, NULL, NULL), (4, true, NULL, NULL, NULL), (10, false, '30 minutes', NULL, NULL), (5, true, '40 minutes', 'b', NULL),
    (10, false, NULL, NULL, 'c'), (4, false, '1 hour', 'a', 'D'), (6, true, NULL, 'a', 'a'), (2, false, '0', NULL, NULL);
CREATE FUNCTION pg_temp.plain(a asked)
RETURNS TABLE (source text, target text, step integer, users bigint, paths bigint)
LANGUAGE sql AS $$
WITH ev AS (
    SELECT user_id, CASE WHEN a.by_session THEN sid END AS sid, event_name COLLATE "C" AS node, event_time
      FROM history WHERE event_name IS NOT NULL AND user_id % 8 + 1 = a.n
), cut AS (
    SELECT *, event_time - lag(event_time) OVER w > a.timeout AS is_new FROM ev WINDOW w AS (PARTITION BY user_id, sid ORDER BY event_time, node)
), numbered AS (
    SELECT *, count(*) FILTER (WHERE is_new) OVER (PARTITION BY user_id, sid ORDER BY event_time, node ROWS UNBOUNDED PRECEDING) AS session FROM cut
), started AS (
    SELECT *, bool_or(a.start_node IS NULL OR node = a.start_node) OVER w AS is_on, lag(node) OVER w AS before
      FROM numbered WINDOW w AS (PARTITION BY user_id, sid, session ORDER BY event_time, node ROWS UNBOUNDED PRECEDING)
), node AS (
    SELECT *, row_number() OVER w AS n, lead(node) OVER w AS next
      FROM started WHERE is_on AND (before IS DISTINCT FROM node) WINDOW w AS (PARTITION BY user_id, sid, session ORDER BY event_time, node)
), ended AS (
    SELECT *, min(n) FILTER (WHERE n > 1 AND node = a.end_node) OVER (PARTITION BY user_id, sid, session) AS last FROM node
)
SELECT node, next, n::integer, count(DISTINCT user_id), count(*)
  FROM ended
 WHERE next IS NOT NULL AND n < a.max_length AND (a.end_node IS NULL OR last <= a.max_length AND n < last)
 GROUP BY node, next, n
$$;
CREATE TEMP TABLE wanted AS SELECT n, p.* FROM asked a, pg_temp.plain(a) p;
CREATE TEMP TABLE got AS
SELECT n, o, p.*
  FROM asked a, unnest(ARRAY['event_time', 'md5(user_id::text || event_time)']) o,
       shopanalytics.path_report(format('SELECT * FROM history WHERE user_id %% 8 + 1 = %s ORDER BY %s', n, o), max_length, CASE WHEN by_session THEN 'sid' END, timeout, start_node, end_node) p;
SELECT a.*, o, (SELECT count(*) > 5 FROM wanted w WHERE w.n = a.n) AS some,
       (SELECT count(*) FROM (SELECT n, source, target, step, users, paths FROM got g WHERE g.n = a.n AND g.o = x.o EXCEPT ALL SELECT * FROM wanted w WHERE w.n = a.n) d) AS wrong,
       (SELECT count(*) FROM (SELECT * FROM wanted w WHERE w.n = a.n EXCEPT ALL SELECT n, source, target, step, users, paths FROM got g WHERE g.n = a.n AND g.o = x.o) d) AS missing
  FROM asked a, (SELECT DISTINCT o FROM got) x ORDER BY n, o;
-- The paths are those of path_agg().
SELECT count(*) AS differ FROM (
    SELECT source, target, step, users FROM shopanalytics.path_report('history', 6)
    EXCEPT ALL
    SELECT path[i], path[i + 1], i, count(*)
      FROM (SELECT shopanalytics.path_agg(event_time, event_name, 6) AS path FROM history GROUP BY user_id) p, generate_series(1, cardinality(path) - 1) i GROUP BY 1, 2, 3) d;

-- In temporary files; a view.
CREATE TEMP VIEW history_view AS TABLE history;
CREATE TEMP TABLE in_memory AS SELECT * FROM shopanalytics.path_report('history_view', 5, 'sid', '1 hour');
SET shopanalytics.intake_memory = '1MB';
CREATE TEMP TABLE spilled AS SELECT * FROM shopanalytics.path_report('TABLE history', 5, 'sid', '1 hour');
RESET shopanalytics.intake_memory;
SELECT count(*) AS differ FROM ((TABLE in_memory EXCEPT ALL TABLE spilled) UNION ALL (TABLE spilled EXCEPT ALL TABLE in_memory)) d;

-- What cannot be placed is left out; one node makes no step.
SELECT * FROM shopanalytics.path_report($$SELECT * FROM (VALUES (NULL, 's', now(), 'a'), ('u', NULL, now(), 'a'), ('u', '', now(), 'a'), ('u', 's', NULL, 'a'), ('u', 's', '-infinity', 'a'), ('u', 's', now(), 'a'))
    v (user_id, sid, ts, event_name)$$, session_column => 'sid');
SELECT * FROM shopanalytics.path_report('SELECT * FROM visit WHERE false');

-- Errors
SELECT * FROM shopanalytics.path_report(NULL);
SELECT * FROM shopanalytics.path_report('visit', 1);
SELECT * FROM shopanalytics.path_report('visit', NULL);
SELECT * FROM shopanalytics.path_report('visit', session_column => 'session');
SELECT * FROM shopanalytics.path_report('visit', timeout => '-1 second');
SELECT * FROM shopanalytics.path_report('visit', timeout => '1 month');
SELECT * FROM shopanalytics.path_report('pages');
SELECT * FROM shopanalytics.path_report('visit', from_time => '2024-01-02', to_time => '2024-01-01');
