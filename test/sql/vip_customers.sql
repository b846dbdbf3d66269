-- vip_customers, fill_vip_customers (E4)
SET timezone = 'UTC';
SET extra_float_digits = 0;
CREATE SCHEMA vip_test;
SET search_path = vip_test;
CREATE TEMP TABLE models_before AS SELECT name FROM shopanalytics.model;

-- The customers of S1 have orders that make up their totals and numbers: one of the rest, the others of 1.
CALL shopanalytics.create_store('vip');
CREATE TABLE published (id integer PRIMARY KEY, total_spend numeric, n_orders integer);
INSERT INTO published VALUES
    (1, 123.58, 5), (2, 625.44, 5), (3, 75.09, 8), (4, 54.8, 4), (5, 137.13, 6), (6, 1042.2, 23), (7, 1484.44, 21),
    (8, 144.91, 7), (9, 161.24, 7), (10, 354.94, 6), (11, 182.37, 5), (12, 1438.99, 12), (13, 2308.02, 19), (14, 152.18, 9);
INSERT INTO vip.orders (order_id, customer_id, order_date, order_total, status)
SELECT format('o%s-%s', id, n), format('c%s', id), timestamptz '2025-01-01 12:00+00' + n * interval '1 day',
       CASE n WHEN 1 THEN total_spend - n_orders + 1 ELSE 1 END, 'delivered'
  FROM published, generate_series(1, n_orders) n;
-- What is no revenue: cancelled, flagged, of nobody, without a finite day, without an amount, of infinity.
INSERT INTO vip.orders (order_id, customer_id, order_date, order_total, status) VALUES
    ('x1', 'c1', '2025-01-01 12:00+00', 5000, 'Cancelled'),
    ('x2', 'c1', '2025-01-01 12:00+00', -5000, 'delivered'),
    ('x3', NULL, '2025-01-01 12:00+00', 5000, 'delivered'),
    ('x4', 'c1', 'infinity', 5000, 'delivered'),
    ('x5', 'c1', '2025-01-01 12:00+00', NULL, 'delivered'),
    ('x6', 'c1', '2025-01-01 12:00+00', 'NaN', 'delivered'),
    ('x7', 'c1', '2025-01-01 12:00+00', 'Infinity', 'delivered'),
    ('x8', 'only cancelled', '2025-01-01 12:00+00', 10, 'cancelled');
CALL shopanalytics.fill_vip_customers('vip');
SELECT v.customer_id, v.total_purchase = p.total_spend AND v.frequency = p.n_orders AS as_published, round(v.average_transaction, 2) AS average_transaction,
       v.cluster, v.is_vip, v.model, v.version
  FROM vip.vip_customers v LEFT JOIN published p ON v.customer_id = format('c%s', p.id) ORDER BY p.id;
SELECT sum(total_purchase) = (SELECT sum(revenue) FROM vip.kpi_daily) - (SELECT sum(order_total) FROM vip.orders WHERE order_id = 'x3') AS is_revenue,
       sum(frequency) = (SELECT sum(n_orders) FROM published) AS are_orders FROM vip.vip_customers;
SELECT cluster, size, term, center::numeric(20, 6), center_scaled::numeric(20, 9), is_vip FROM shopanalytics.centers('vip.vip_customers');

-- Lloyd's algorithm in plain SQL over min-max scaled columns, from every pair of customers: the least inertia, and its better cluster.
CREATE FUNCTION plain_lloyd(first text, second text) RETURNS TABLE (inertia float8, best text) LANGUAGE plpgsql AS $$
DECLARE
    a float8[] := (SELECT p FROM scaled WHERE customer_id = first);
    b float8[] := (SELECT p FROM scaled WHERE customer_id = second);
    labels text;
    before text := '';
BEGIN
    LOOP
        CREATE TEMP TABLE step ON COMMIT DROP AS
        SELECT customer_id, p, (p[1] - a[1]) ^ 2 + (p[2] - a[2]) ^ 2 + (p[3] - a[3]) ^ 2 AS to_a, (p[1] - b[1]) ^ 2 + (p[2] - b[2]) ^ 2 + (p[3] - b[3]) ^ 2 AS to_b FROM scaled;
        SELECT string_agg((to_a <= to_b)::text, ',' ORDER BY customer_id) INTO labels FROM step;
        SELECT ARRAY[avg(p[1]), avg(p[2]), avg(p[3])] INTO a FROM step WHERE to_a <= to_b;
        SELECT ARRAY[avg(p[1]), avg(p[2]), avg(p[3])] INTO b FROM step WHERE to_a > to_b;
        EXIT WHEN labels = before;
        before := labels;
        DROP TABLE step;
    END LOOP;
    RETURN QUERY SELECT sum(least(to_a, to_b)), string_agg(customer_id, ' ' ORDER BY customer_id) FILTER (WHERE (to_a <= to_b) = (a[1] + a[2] + a[3] > b[1] + b[2] + b[3])) FROM step;
    DROP TABLE step;
END
$$;
CREATE TABLE scaled AS
SELECT customer_id, ARRAY[(t - min(t) OVER w) / (max(t) OVER w - min(t) OVER w), (f - min(f) OVER w) / (max(f) OVER w - min(f) OVER w),
                          (a - min(a) OVER w) / (max(a) OVER w - min(a) OVER w)] AS p
  FROM (SELECT customer_id, sum(order_total)::float8 AS t, count(*)::float8 AS f, avg(order_total)::float8 AS a
          FROM vip.orders WHERE order_id LIKE 'o%' GROUP BY customer_id) c
WINDOW w AS ();
CREATE TABLE runs AS
SELECT l.* FROM scaled x JOIN scaled y ON x.customer_id < y.customer_id, plain_lloyd(x.customer_id, y.customer_id) l;
SELECT best = (SELECT string_agg(customer_id, ' ' ORDER BY customer_id) FROM vip.vip_customers WHERE is_vip) AS same_customers,
       abs(inertia / (SELECT (metrics ->> 'inertia')::float8 FROM shopanalytics.model_version WHERE model = 'vip.vip_customers') - 1) < 1e-9 AS same_inertia, best
  FROM runs ORDER BY inertia LIMIT 1;

-- K1: total and number alone, from the published start, give the published clusters
SELECT r.sizes, r.vip_cluster, r.inertia::numeric(20, 12)
  FROM shopanalytics.train_kmeans('k1', 'SELECT * FROM vip.vip_customers', '{total_purchase,frequency}', 'customer_id',
                                  init_centers => '{{123.58,5},{625.44,5}}', vip_features => '{total_purchase,frequency}') r;

-- Repeating it changes nothing: no row, no version
CREATE TABLE before AS SELECT v.xmin::text AS written_by, v.ctid AS place, v.* FROM vip.vip_customers v;
CALL shopanalytics.fill_vip_customers('vip');
SELECT count(*) AS changed FROM vip.vip_customers v FULL JOIN before b ON b.place = v.ctid AND b.written_by = v.xmin::text WHERE b.customer_id IS NULL OR v.customer_id IS NULL;
-- nor does the order of rows
CREATE TABLE shuffled AS SELECT * FROM vip.orders ORDER BY hashtext(order_id);
DELETE FROM vip.orders;
INSERT INTO vip.orders SELECT * FROM shuffled;
CALL shopanalytics.fill_vip_customers('vip');
SELECT count(*) AS versions FROM shopanalytics.model_version WHERE model = 'vip.vip_customers';

-- A new order: its customer's row is written, and no other that stays as it is
INSERT INTO vip.orders (order_id, customer_id, order_date, order_total, status) VALUES ('n1', 'c4', '2025-02-01 12:00+00', 3, 'delivered');
CALL shopanalytics.fill_vip_customers('vip');
SELECT customer_id, total_purchase, frequency, version FROM vip.vip_customers WHERE version > 1;
-- a customer whose orders are gone goes, one who grows becomes VIP
DELETE FROM vip.orders WHERE customer_id = 'c14';
INSERT INTO vip.orders (order_id, customer_id, order_date, order_total, status)
SELECT format('g%s', n), 'c3', timestamptz '2025-03-01 12:00+00' + n * interval '1 hour', 100, 'delivered' FROM generate_series(1, 15) n;
CALL shopanalytics.fill_vip_customers('vip');
SELECT customer_id, cluster, is_vip, version FROM vip.vip_customers WHERE version = 3;
SELECT string_agg(customer_id, ' ' ORDER BY customer_id) FROM vip.vip_customers WHERE is_vip;
CALL shopanalytics.fill_vip_customers('vip', k => 3, model => 'three');
SELECT cluster, count(*), bool_and(is_vip = (cluster = 1)) AS first_is_vip, min(model) AS model FROM vip.vip_customers GROUP BY cluster ORDER BY cluster;

-- It survives upgrade_store and map_table; drop_store takes it along
CALL shopanalytics.upgrade_store('vip', rebuild => true);
SELECT count(*) FROM vip.vip_customers;
DROP TABLE vip.vip_customers;
CALL shopanalytics.upgrade_store('vip', rebuild => true);
CALL shopanalytics.fill_vip_customers('vip');
CALL shopanalytics.drop_store('vip');

-- Keys of another type, a mapped table
CREATE TABLE sales (number bigint, buyer integer, day date, amount float8);
INSERT INTO sales SELECT i, i % 10, date '2025-01-01' + i % 30, CASE WHEN i % 10 = 7 THEN 500 ELSE 20 + i % 10 END FROM generate_series(1, 100) i;
CALL shopanalytics.create_store('mapped');
CALL shopanalytics.map_table('mapped', 'orders', 'sales', '{"order_id": "number", "customer_id": "buyer", "order_date": "day", "order_total": "amount"}');
CALL shopanalytics.fill_vip_customers('mapped');
SELECT customer_id, total_purchase, frequency FROM mapped.vip_customers WHERE is_vip;
CALL shopanalytics.drop_store('mapped');

-- Too few customers, all the same, bad arguments: an error, and nothing is lost
CALL shopanalytics.create_store('small "one"');
CALL shopanalytics.fill_vip_customers('small "one"');
INSERT INTO "small ""one""".orders (order_id, customer_id, order_date, order_total) VALUES ('1', 'a', '2025-01-01', 10);
CALL shopanalytics.fill_vip_customers('small "one"');
INSERT INTO "small ""one""".orders (order_id, customer_id, order_date, order_total) VALUES ('2', 'b', '2025-01-01', 10);
CALL shopanalytics.fill_vip_customers('small "one"');
SELECT customer_id, cluster, is_vip FROM "small ""one""".vip_customers ORDER BY 1;
CALL shopanalytics.fill_vip_customers('small "one"', k => 0);
CALL shopanalytics.fill_vip_customers('small "one"', model => 'a@b');
CALL shopanalytics.fill_vip_customers('nowhere');
CALL shopanalytics.fill_vip_customers(NULL);
SELECT count(*) FROM "small ""one""".vip_customers;
CALL shopanalytics.drop_store('small "one"');

DELETE FROM shopanalytics.model WHERE name NOT IN (SELECT name FROM models_before);
SET client_min_messages = warning;
DROP SCHEMA vip_test CASCADE;
