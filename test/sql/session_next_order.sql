-- session_next_order, conversion_by_device: A6, A31
SET TimeZone = 'UTC';
SET IntervalStyle = 'postgres';
SET DateStyle = 'ISO, YMD';
\set SHOW_CONTEXT never

CALL shopanalytics.create_store('next_order_demo');

-- An empty store has no sessions; what is wrong is told all the same
SELECT * FROM shopanalytics.session_next_order('next_order_demo');
SELECT * FROM shopanalytics.conversion_by_device('next_order_demo');
SELECT * FROM shopanalytics.session_next_order(NULL);
SELECT * FROM shopanalytics.conversion_by_device(NULL);
SELECT * FROM shopanalytics.session_next_order('no_such_store');
SELECT * FROM shopanalytics.conversion_by_device('no_such_store');
SELECT * FROM shopanalytics.session_next_order('next_order_demo', '-1 day');
SELECT * FROM shopanalytics.conversion_by_device('next_order_demo', '1 month');

-- ann: s1 and s2; o1 is at the start of s2, o2 later, o0 before any session.
-- bob: s3 and s4 start at once, so the greater counts; of the orders at once
-- the lesser is the first.  cem: two sessions, an order two days later.
-- dee: orders that are flagged or cancelled; a session that ends before it starts.
-- eve never came, nobody can be told from nobody else.
INSERT INTO next_order_demo.sessions (session_id, customer_id, session_start, session_end, device, channel) VALUES
    ('s1', 'ann', '2024-05-01 09:00+00', '2024-05-01 09:30+00', 'mobile', 'web'),
    ('s2', 'ann', '2024-05-01 10:00+00', '2024-05-01 10:30+00', 'desktop', 'mail'),
    ('s4', 'bob', '2024-05-01 12:00+00', '2024-05-01 12:30+00', ' Mobile', 'web'),
    ('s3', 'bob', '2024-05-01 12:00+00', '2024-05-01 12:40+00', 'desktop', 'web'),
    ('s5', 'cem', '2024-05-01 08:00+00', '2024-05-01 08:10+00', 'desktop', NULL),
    ('s6', 'cem', '2024-05-02 08:00+00', '2024-05-02 08:00+00', 'fridge', NULL),
    ('s7', 'dee', '2024-05-01 08:00+00', '2024-05-01 07:00+00', NULL, 'web'),
    (NULL, 'fay', '2024-05-01 08:00+00', NULL, 'tablet', 'web'),
    ('s8', NULL, '2024-05-01 08:00+00', '2024-05-01 08:10+00', 'tablet', 'web'),
    ('s9', '', '2024-05-01 08:00+00', '2024-05-01 08:10+00', 'tablet', 'web'),
    ('sa', 'ann', NULL, '2024-05-01 08:10+00', 'tablet', 'web'),
    ('sb', 'ann', '-infinity', '2024-05-01 08:10+00', 'tablet', 'web');
INSERT INTO next_order_demo.orders (order_id, customer_id, order_date, order_total, status) VALUES
    ('o0', 'ann', '2024-05-01 08:59:59.999999+00', 1, 'paid'),
    ('o2', 'ann', '2024-05-01 11:00+00', 20, 'paid'),
    ('o1', 'ann', '2024-05-01 10:00+00', 10.255, 'paid'),
    ('o4', 'bob', '2024-05-01 12:30+00', 40, 'paid'),
    ('o3', 'bob', '2024-05-01 12:30+00', 30, 'paid'),
    ('o5', 'cem', '2024-05-04 08:00+00', 50, 'paid'),
    ('o6', 'dee', '2024-05-01 09:00+00', -60, 'paid'),
    ('o7', 'dee', '2024-05-01 09:00+00', 70, 'Cancelled'),
    ('o8', 'dee', NULL, 80, 'paid'),
    ('o9', 'eve', '2024-05-01 09:00+00', 90, 'paid'),
    ('oa', NULL, '2024-05-01 09:00+00', 100, 'paid'),
    ('ob', '', '2024-05-01 09:00+00', 110, 'paid');
SELECT * FROM shopanalytics.session_next_order('next_order_demo') ORDER BY customer_id, session_start, session_id;

-- max_gap is inclusive: cem's order is two days after s6
SELECT session_id, order_id, time_to_order FROM shopanalytics.session_next_order('next_order_demo', '2 days') WHERE customer_id = 'cem' ORDER BY session_id;
SELECT session_id, order_id, time_to_order FROM shopanalytics.session_next_order('next_order_demo', '1 day 23:59:59.999999') WHERE customer_id = 'cem' ORDER BY session_id;
-- ann's second order is an hour after s2, so within half an hour the first is the only one
SELECT session_id, order_id, orders, revenue FROM shopanalytics.session_next_order('next_order_demo', max_gap => '30 minutes') WHERE orders > 0 ORDER BY session_id;

-- A6: three visits by desktop, one of which led to an order; a device that the store does not know is not one of its devices
SELECT * FROM shopanalytics.conversion_by_device('next_order_demo');
SELECT * FROM shopanalytics.conversion_by_device('next_order_demo', '1 day');
UPDATE next_order_demo.store_setting SET known_device = '{fridge}';
SELECT * FROM shopanalytics.conversion_by_device('next_order_demo', '1 day');

-- No time that a table can hold makes it fail: of gus no interval can tell how far it is
UPDATE next_order_demo.clean_rule SET enabled = false WHERE name IN ('future_date', 'ancient_date');
INSERT INTO next_order_demo.sessions (session_id, customer_id, session_start) VALUES ('sc', 'gus', '4713-01-01 00:00+00 BC'), ('sd', 'hal', '4713-01-01 00:00+00 BC');
INSERT INTO next_order_demo.orders (order_id, customer_id, order_date, order_total) VALUES ('oc', 'gus', '294276-01-01 00:00+00', 1), ('od', 'hal', '280000-01-01 00:00+00', 1);
SELECT session_id, order_id, time_to_order FROM shopanalytics.session_next_order('next_order_demo') WHERE customer_id IN ('gus', 'hal') ORDER BY session_id;

-- Who may read the views may read the report, and nobody else
CREATE ROLE regress_next_order;
SET ROLE regress_next_order;
SELECT * FROM shopanalytics.session_next_order('next_order_demo');
RESET ROLE;
GRANT USAGE ON SCHEMA next_order_demo TO regress_next_order;
GRANT SELECT ON ALL TABLES IN SCHEMA next_order_demo TO regress_next_order;
GRANT USAGE ON SCHEMA shopanalytics TO regress_next_order;
SET ROLE regress_next_order;
SELECT sum(orders) AS orders, sum(revenue) AS revenue FROM shopanalytics.session_next_order('next_order_demo');
RESET ROLE;
DROP OWNED BY regress_next_order;
DROP ROLE regress_next_order;

-- Random stores, on a grid of five minutes, so that sessions and orders often fall
-- together: keys of text, and mapped tables with keys of integer and no row_id.
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.pick(n integer, seed integer, choices integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint4extended(n, seed) % choices + choices) % choices)::integer
$$;
CREATE TEMP TABLE visit AS
SELECT CASE WHEN pg_temp.pick(n, 4, 50) > 0 THEN n % 4500 END AS session_id, CASE WHEN pg_temp.pick(n, 1, 40) > 0 THEN 1 + pg_temp.pick(n, 2, 900) END AS customer_id,
       CASE WHEN pg_temp.pick(n, 3, 60) > 0 THEN timestamptz '2024-01-01' + pg_temp.pick(n, 3, 60) * interval '5 minutes' END AS session_start,
       (ARRAY['mobile', 'desktop', 'tablet'])[1 + pg_temp.pick(n, 5, 3)] AS device
  FROM generate_series(1, 5000) AS n ORDER BY pg_temp.pick(n, 6, 1000000);
CREATE TEMP TABLE bought AS
SELECT n AS order_id, CASE WHEN pg_temp.pick(n, 11, 30) > 0 THEN 1 + pg_temp.pick(n, 12, 900) END AS customer_id,
       timestamptz '2024-01-01' + pg_temp.pick(n, 13, 66) * interval '5 minutes' AS order_date, pg_temp.pick(n, 14, 10000) / 100.0 - 5 AS order_total,
       (ARRAY['paid', 'shipped', 'cancelled'])[1 + pg_temp.pick(n, 15, 3)] AS status
  FROM generate_series(1, 2000) AS n ORDER BY pg_temp.pick(n, 16, 1000000);
CALL shopanalytics.create_store('next_order_text');
CALL shopanalytics.create_store('next_order_mapped', key_type => 'integer');
INSERT INTO next_order_text.sessions (session_id, customer_id, session_start, device) SELECT session_id::text, customer_id::text, session_start, device FROM visit;
INSERT INTO next_order_text.orders (order_id, customer_id, order_date, order_total, status) SELECT order_id::text, customer_id::text, order_date, order_total, status FROM bought;
CREATE TABLE next_order_visit AS TABLE visit;
CREATE TABLE next_order_bought AS TABLE bought;
CALL shopanalytics.map_table('next_order_mapped', 'sessions', 'next_order_visit');
CALL shopanalytics.map_table('next_order_mapped', 'orders', 'next_order_bought');

-- The oracle, LATERAL both ways: each order looks for its session, each session
-- for the first of its orders.  By bytes '10' comes before '9'.
CREATE TEMP TABLE o_visit AS SELECT row_number() OVER () AS n, * FROM visit WHERE customer_id IS NOT NULL AND session_start IS NOT NULL;
CREATE INDEX ON o_visit (customer_id, session_start);
CREATE TEMP TABLE o_bought AS
SELECT b.*, l.n, b.order_date - l.session_start AS gap
  FROM bought b, LATERAL (SELECT v.n, v.session_start FROM o_visit v WHERE v.customer_id = b.customer_id AND v.session_start <= b.order_date
                           ORDER BY v.session_start DESC, v.session_id::text COLLATE "C" DESC NULLS FIRST, v.n DESC LIMIT 1) l
 WHERE b.order_total >= 0 AND b.status <> 'cancelled';
CREATE INDEX ON o_bought (n);
CREATE TEMP TABLE expected AS
SELECT max_gap, v.session_id::text, v.customer_id::text, v.session_start, f.order_id::text, count(o.order_id) AS orders, coalesce(sum(o.order_total), 0) AS revenue
  FROM o_visit v CROSS JOIN unnest(ARRAY[NULL, interval '30 minutes']) AS max_gap
  LEFT JOIN LATERAL (SELECT b.order_id FROM o_bought b WHERE b.n = v.n AND (max_gap IS NULL OR gap <= max_gap)
                      ORDER BY b.order_date, b.order_id::text COLLATE "C" LIMIT 1) f ON true
  LEFT JOIN o_bought o ON o.n = v.n AND (max_gap IS NULL OR gap <= max_gap)
 GROUP BY v.n, max_gap, v.session_id, v.customer_id, v.session_start, f.order_id;
CREATE FUNCTION pg_temp.differ(store name, max_gap interval, OUT sessions bigint, OUT with_order bigint, OUT differ bigint) LANGUAGE sql AS $$
    WITH ours AS (SELECT session_id, customer_id, session_start, order_id, orders, revenue FROM shopanalytics.session_next_order(store, max_gap)),
         theirs AS (SELECT e.session_id, e.customer_id, e.session_start, e.order_id, e.orders, e.revenue FROM expected e WHERE e.max_gap IS NOT DISTINCT FROM differ.max_gap)
    SELECT count(*), count(order_id), (SELECT count(*) FROM ((TABLE ours EXCEPT ALL TABLE theirs) UNION ALL (TABLE theirs EXCEPT ALL TABLE ours)) d) FROM ours
$$;
SELECT store, max_gap, d.with_order > 300 AS many, d.sessions > 4500 AS all_sessions, d.differ
  FROM unnest(ARRAY['next_order_text', 'next_order_mapped']) AS store, unnest(ARRAY[NULL, interval '30 minutes']) AS max_gap, pg_temp.differ(store, max_gap) d
 ORDER BY store, max_gap;

-- An order counts once: the orders of all sessions are the orders with a session
SELECT (SELECT sum(orders) FROM shopanalytics.session_next_order('next_order_mapped')) =
       (SELECT count(*) FROM bought o
         WHERE o.order_total >= 0 AND o.status <> 'cancelled'
           AND EXISTS (SELECT FROM visit v WHERE v.customer_id = o.customer_id AND v.session_start <= o.order_date)) AS each_once;
SELECT c.device, c.sessions = e.sessions AND c.sessions_with_order = e.with_order AND c.orders = e.orders AND c.revenue = e.revenue AS agree
  FROM shopanalytics.conversion_by_device('next_order_text', '1 hour') c
  JOIN (SELECT device, count(*) AS sessions, count(order_id) AS with_order, sum(orders) AS orders, sum(revenue) AS revenue
          FROM shopanalytics.session_next_order('next_order_text', '1 hour') GROUP BY device) e USING (device)
 ORDER BY device;

-- The stage tables answer the same, as of when they were filled.
CALL shopanalytics.stage('next_order_text');
SELECT count(*) AS differing FROM (SELECT * FROM shopanalytics.session_next_order('next_order_text') EXCEPT ALL SELECT * FROM shopanalytics.session_next_order('next_order_text', layer => 'stage')) AS d;
SELECT count(*) AS differing FROM (SELECT * FROM shopanalytics.conversion_by_device('next_order_text', '1 hour') EXCEPT ALL SELECT * FROM shopanalytics.conversion_by_device('next_order_text', '1 hour', 'stage')) AS d;
DELETE FROM next_order_text.sessions;
SELECT (SELECT count(*) FROM shopanalytics.session_next_order('next_order_text')) AS clean, (SELECT count(*) > 0 FROM shopanalytics.session_next_order('next_order_text', layer => 'stage')) AS stage;
SELECT * FROM shopanalytics.session_next_order('next_order_text', layer => 'base');
SELECT * FROM shopanalytics.session_next_order('next_order_text', layer => NULL);

CALL shopanalytics.drop_store('next_order_demo');
CALL shopanalytics.drop_store('next_order_text');
CALL shopanalytics.drop_store('next_order_mapped');
DROP TABLE next_order_visit, next_order_bought;
