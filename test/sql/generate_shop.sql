-- generate_shop: the data of an invented shop, with known anomalies.  -- A1
-- That each anomaly is found by its rule is shown in anomaly_detection.

-- The random numbers are SplitMix64's: published ones for the seed 1234567.
SELECT n, shopanalytics._splitmix64(1234567, n) + CASE WHEN shopanalytics._splitmix64(1234567, n) < 0 THEN 18446744073709551616 ELSE 0 END AS number
  FROM generate_series(1, 5) n;

-- Ordinary: it says what it made.
CALL shopanalytics.create_store('shop_1');
CALL shopanalytics.generate_shop('shop_1', customers => 100, days => 60);
CALL shopanalytics.create_store('parts');
-- and how far it is, once there is enough to do
CALL shopanalytics.generate_shop('parts', customers => 1, days => 7, products => 1, orders => 0, sessions => 250000, anomalies => '{"all": 0}');
SELECT count(*), count(DISTINCT session_id), min(session_id), max(session_id) FROM parts.sessions;
CALL shopanalytics.drop_store('parts');
SELECT count(*) > 0 AS is_analyzed FROM pg_stats WHERE schemaname = 'shop_1' AND tablename = 'orders' AND attname = 'order_date';
SELECT * FROM shop_1.customers ORDER BY row_id LIMIT 3;
SELECT * FROM shop_1.products ORDER BY row_id LIMIT 3;

SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';

-- The rows of a store, text by text, in the order they were made.
CREATE FUNCTION pg_temp.rows_of(store text) RETURNS TABLE (table_name text, row_text text) LANGUAGE plpgsql
    SET timezone = 'UTC' SET datestyle = 'ISO' SET extra_float_digits = 1 AS $$
BEGIN
    FOR table_name IN SELECT unnest('{customers,products,orders,order_items,sessions}'::text[]) LOOP
        RETURN QUERY EXECUTE format('SELECT %2$L, t::text FROM %1$I.%2$I t ORDER BY t.row_id', store, table_name);
    END LOOP;
    RETURN QUERY EXECUTE format('SELECT ''anomaly_truth'', t::text FROM %I.anomaly_truth t ORDER BY t::text COLLATE "C"', store);
END $$;
CREATE FUNCTION pg_temp.differing(store text, other text) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM ((SELECT * FROM pg_temp.rows_of(store) EXCEPT ALL SELECT * FROM pg_temp.rows_of(other))
                    UNION ALL (SELECT * FROM pg_temp.rows_of(other) EXCEPT ALL SELECT * FROM pg_temp.rows_of(store))) d
$$;
CREATE FUNCTION pg_temp.checksums(store text) RETURNS TABLE (of text, rows bigint, md5 text) LANGUAGE sql AS $$
    SELECT r.table_name, count(*), md5(string_agg(r.row_text, E'\n' ORDER BY r.ordinality))
      FROM pg_temp.rows_of(store) WITH ORDINALITY r GROUP BY r.table_name ORDER BY r.table_name COLLATE "C"
$$;

-- Same seed, same rows: twice here, and these figures on any machine.
CALL shopanalytics.create_store('again');
CALL shopanalytics.generate_shop('again', customers => 100, days => 60, seed => 1);
SELECT pg_temp.differing('shop_1', 'again');
CALL shopanalytics.create_store('shop_2');
CALL shopanalytics.generate_shop('shop_2', customers => 100, days => 60, seed => 2);
CALL shopanalytics.create_store('shop_minus');
CALL shopanalytics.generate_shop('shop_minus', customers => 100, days => 60, seed => -9223372036854775808);
SELECT 1 AS seed, * FROM pg_temp.checksums('shop_1');
SELECT 2 AS seed, * FROM pg_temp.checksums('shop_2');
SELECT -9223372036854775808 AS seed, * FROM pg_temp.checksums('shop_minus');

-- Another seed, other rows: next to no order in common.
SELECT count(*) FROM (SELECT customer_id, order_date, order_total FROM shop_1.orders INTERSECT SELECT customer_id, order_date, order_total FROM shop_2.orders) s;

-- No setting of the session has a part in it.
SET timezone = 'Asia/Kathmandu';
SET datestyle = 'SQL, DMY';
SET intervalstyle = 'sql_standard';
SET extra_float_digits = -15;
SET default_transaction_isolation = 'serializable';
SET work_mem = '64kB';
CALL shopanalytics.create_store('set_apart');
CALL shopanalytics.generate_shop('set_apart', customers => 100, days => 60);
RESET timezone; RESET datestyle; RESET intervalstyle; RESET extra_float_digits; RESET default_transaction_isolation; RESET work_mem;
SET timezone = 'UTC';
SELECT pg_temp.differing('shop_1', 'set_apart');
CALL shopanalytics.drop_store('set_apart');

-- Parts make the whole, and rows do not hang on how many others there are.
CREATE FUNCTION pg_temp.some_orders(first bigint, last bigint, sessions bigint DEFAULT 300, anomalies jsonb DEFAULT '{}')
    RETURNS TABLE (order_id bigint, customer_id bigint, order_date timestamptz, order_total numeric, channel text, payment_method text, status text, shipment_date timestamptz, anomalies text[])
    LANGUAGE sql AS $$
    SELECT * FROM shopanalytics._generate_orders(7, 50, 20, 400, sessions, 90, '2024-12-31', 'UTC', anomalies, first, last)
               AS g(order_id bigint, customer_id bigint, order_date timestamptz, order_total numeric, channel text, payment_method text, status text, shipment_date timestamptz, anomalies text[])
$$;
SELECT count(*) FROM ((SELECT * FROM pg_temp.some_orders(1, 133) UNION ALL SELECT * FROM pg_temp.some_orders(134, 400)) EXCEPT ALL SELECT * FROM pg_temp.some_orders(1, 400)) d;
SELECT count(*) FROM pg_temp.some_orders(-5, 1000000);
SELECT count(*) FROM pg_temp.some_orders(401, 500);
SELECT count(*) FROM (SELECT * FROM pg_temp.some_orders(1, 400) EXCEPT ALL SELECT * FROM pg_temp.some_orders(1, 400, sessions => 7)) d;
-- A rate changes the rows it is about and no others.
SELECT count(*) FILTER (WHERE b.order_total < 0) BETWEEN 80 AND 160 AS some_negative,
       count(*) FILTER (WHERE to_jsonb(a) - 'order_total' - 'anomalies' <> to_jsonb(b) - 'order_total' - 'anomalies' OR a.order_total <> abs(b.order_total)
                           OR (b.order_total < 0) IS DISTINCT FROM (b.anomalies IS NOT NULL)) AS others
  FROM pg_temp.some_orders(1, 400, anomalies => '{"all": 0}') a JOIN pg_temp.some_orders(1, 400, anomalies => '{"all": 0, "negative_total": 0.3}') b USING (order_id);
-- So does that of suspicious orders: three in ten, 60 % of these by gift card, all from a distance, of many pieces.
SELECT count(*) FILTER (WHERE b.anomalies IS NOT NULL) BETWEEN 80 AND 160 AS some_suspicious,
       bool_and(b.channel IN ('web', 'mobile app')) FILTER (WHERE b.anomalies IS NOT NULL) AS from_a_distance,
       avg((b.payment_method = 'gift card')::integer) FILTER (WHERE b.anomalies IS NOT NULL) BETWEEN 0.45 AND 0.75 AS by_gift_card,
       avg(b.order_total) FILTER (WHERE b.anomalies IS NOT NULL) > 2 * avg(b.order_total) FILTER (WHERE b.anomalies IS NULL) AS larger,
       count(*) FILTER (WHERE b.anomalies IS NULL AND to_jsonb(a) <> to_jsonb(b)) AS others
  FROM pg_temp.some_orders(1, 400, anomalies => '{"all": 0}') a JOIN pg_temp.some_orders(1, 400, anomalies => '{"all": 0, "suspicious_order": 0.3}') b USING (order_id);

-- The shop that the rest is about, with rates of its own, away from UTC.
CALL shopanalytics.create_store('My "Shop"', timezone => 'America/New_York', key_type => 'integer');
CALL shopanalytics.generate_shop('My "Shop"', customers => 2000, days => 730, seed => 42,
    anomalies => '{"duplicate_customer": 0.1, "missing_email": 0.2, "bad_email": 0.3, "untidy_email": 0.1, "untidy_name": 0.25, "missing_segment": 0.05,
                   "negative_total": 0.03, "future_date": 0.04, "missing_shipment_date": 0.15, "negative_duration": 0.02, "zero_duration": 0.03, "unknown_device": 0}');
SET search_path = "My ""Shop""", pg_catalog;

-- Rates: within four standard deviations of the binomial distribution.
WITH asked (kind, rate, n) AS (VALUES
    ('duplicate_customer', 0.1, 2000), ('missing_email', 0.2, 2000), ('bad_email', 0.3, 2000), ('untidy_email', 0.1, 2000), ('untidy_name', 0.25, 2000), ('missing_segment', 0.05, 2000),
    ('negative_total', 0.03, 10000), ('future_date', 0.04, 10000), ('missing_shipment_date', 0.15, (SELECT count(*) FROM orders WHERE status IN ('shipped', 'delivered'))),
    ('negative_duration', 0.02, 30000), ('zero_duration', 0.03, 30000), ('unknown_device', 0, 30000))
SELECT a.kind, abs(count(t.kind) - a.n * a.rate) <= 4 * sqrt(a.n * a.rate * (1 - a.rate)) AS as_asked
  FROM asked a LEFT JOIN anomaly_truth t USING (kind) GROUP BY a.kind, a.n, a.rate ORDER BY a.kind;

-- The truth is what independent SQL counts, key by key.
WITH counted (table_name, key, kind) AS (
    SELECT 'customers', customer_id::text, 'duplicate_customer' FROM customers GROUP BY customer_id HAVING count(*) > 1
    UNION ALL SELECT 'customers', customer_id::text, 'missing_email' FROM customers WHERE email IS NULL
    UNION ALL SELECT 'customers', customer_id::text, 'bad_email' FROM customers WHERE btrim(email) !~* '^[a-z]+([._+][a-z]+)*[0-9]+@[a-z]+([.][a-z]+)+$'
    UNION ALL SELECT 'customers', customer_id::text, 'untidy_email' FROM customers WHERE email ~* '^ ?[a-z]+([._+][a-z]+)*[0-9]+@[a-z]+([.][a-z]+)+ ?$' AND email ~ '[ A-Z]'
    UNION ALL SELECT 'customers', customer_id::text, 'untidy_name' FROM customers WHERE name ~ '^\s|\s$|\s\s|\t|\u00a0' OR name !~ '[A-ZÀ-Þ]' OR name !~ '[a-zß-ÿ]'
    UNION ALL SELECT 'customers', customer_id::text, 'missing_segment' FROM customers WHERE segment IS NULL
    UNION ALL SELECT 'orders', order_id::text, 'negative_total' FROM orders WHERE order_total < 0
    UNION ALL SELECT 'orders', order_id::text, 'future_date' FROM orders WHERE order_date >= '2070-01-01'
    UNION ALL SELECT 'orders', order_id::text, 'missing_shipment_date' FROM orders WHERE shipment_date IS NULL AND status IN ('shipped', 'delivered')
    UNION ALL SELECT 'sessions', session_id::text, 'negative_duration' FROM sessions WHERE session_end < session_start
    UNION ALL SELECT 'sessions', session_id::text, 'zero_duration' FROM sessions WHERE session_end = session_start
    UNION ALL SELECT 'sessions', session_id::text, 'unknown_device' FROM sessions WHERE device NOT IN ('desktop', 'mobile', 'tablet', 'smart tv'))
SELECT kind, count(t.key) = count(c.key) AS equal, count(*) FILTER (WHERE c.key IS NULL) AS missed, count(*) FILTER (WHERE t.key IS NULL) AS wrong
  FROM anomaly_truth t FULL JOIN counted c USING (table_name, key, kind) GROUP BY kind ORDER BY kind COLLATE "C";

-- Duplicates: two rows, the earlier signup without another anomaly, before or after the true row in the table.
SELECT count(*) = (SELECT count(*) FROM anomaly_truth WHERE kind = 'duplicate_customer') AS all_pairs, bool_and(o.signup_date < c.signup_date) AS dates_differ,
       count(*) FILTER (WHERE o.email IS NULL OR o.segment IS NULL OR o.email !~ '^[a-z0-9._+]+@[a-z.]+$') AS older_with_anomalies,
       bool_or(o.row_id < c.row_id) AND bool_or(o.row_id > c.row_id) AS either_first
  FROM customers c JOIN customers o ON o.customer_id = c.customer_id AND o.row_id <> c.row_id AND o.signup_date <= c.signup_date;

-- Items: every order has its lines, which add up to the total to the cent.
SELECT count(*) AS orders, count(*) FILTER (WHERE abs(o.order_total) IS DISTINCT FROM i.total) AS mismatches, count(*) FILTER (WHERE i.last_line <> i.lines OR i.first_line <> 1) AS gaps
  FROM orders o LEFT JOIN (SELECT order_id, sum(quantity * unit_price) AS total, count(*) AS lines, min(line_number) AS first_line, max(line_number) AS last_line FROM order_items GROUP BY order_id) i USING (order_id);
SELECT count(*) FILTER (WHERE i.quantity < 1 OR i.quantity <> trunc(i.quantity)) AS bad_quantities, count(*) FILTER (WHERE i.unit_price <= 0 OR i.unit_price > p.price) AS bad_prices,
       count(*) FILTER (WHERE p.product_id IS NULL) AS unknown_products, max(scale(i.unit_price)) AS decimals
  FROM order_items i LEFT JOIN products p USING (product_id);
SELECT count(*) AS products, count(DISTINCT name) AS names, count(DISTINCT category) AS categories, round(avg((right(price::text, 3) = '.99')::integer), 1) AS just_below,
       min(price) > 0 AS all_positive FROM products;

-- Time: numbers rise with it, nobody orders or visits before the signup or ships before the order.
CREATE TEMP VIEW sound_orders AS SELECT o.*, o.order_date AT TIME ZONE 'America/New_York' AS local_time FROM orders o WHERE o.order_date < '2070-01-01';
CREATE TEMP VIEW signups AS SELECT customer_id, max(signup_date) AS signup_date FROM customers GROUP BY customer_id;
SELECT min(local_time)::date AS first_day, max(local_time)::date AS last_day,
       count(*) FILTER (WHERE is_earlier) AS out_of_order
  FROM (SELECT local_time, order_date < lag(order_date) OVER (ORDER BY order_id) AS is_earlier FROM sound_orders) o;
SELECT count(*) FILTER (WHERE o.local_time::date < s.signup_date) AS before_signup, count(*) FILTER (WHERE o.local_time::date = s.signup_date) > 0 AS some_on_that_day,
       count(*) FILTER (WHERE s.customer_id IS NULL) AS unknown FROM sound_orders o LEFT JOIN signups s USING (customer_id);
SELECT count(*) FILTER (WHERE (v.session_start AT TIME ZONE 'America/New_York')::date < s.signup_date) AS before_signup, count(*) FILTER (WHERE s.customer_id IS NULL) AS unknown
  FROM sessions v LEFT JOIN signups s USING (customer_id);
SELECT count(*) FILTER (WHERE shipment_date < order_date) AS shipped_before, count(*) FILTER (WHERE shipment_date IS NOT NULL AND status NOT IN ('shipped', 'delivered', 'returned')) AS shipped_unsent,
       max(shipment_date AT TIME ZONE 'America/New_York') FILTER (WHERE order_date < '2070-01-01')::date <= '2025-12-31' AS none_after_end, max(shipment_date - order_date) < '7 days' AS soon FROM orders;
-- a mistyped year: day and time of day stay
SELECT min(extract(year FROM f.order_date)) >= 2074 AND max(extract(year FROM f.order_date)) <= 2095 AS years_ahead, bool_and(extract(year FROM f.shipment_date) >= 2074) AS shipment_too,
       count(*) FILTER (WHERE to_char(f.order_date AT TIME ZONE 'America/New_York', 'MM-DD') NOT BETWEEN to_char(b.local_time, 'MM-DD') AND to_char(a.local_time, 'MM-DD')) AS misplaced
  FROM orders f JOIN sound_orders b ON b.order_id = f.order_id - 1 JOIN sound_orders a ON a.order_id = f.order_id + 1 AND a.local_time::date - b.local_time::date < 7
 WHERE f.order_date >= '2070-01-01' AND extract(year FROM a.local_time) = extract(year FROM b.local_time);

-- Shape.  A tenth of the customers buy more than half, half of them a tenth; a tenth of the products are about half of the sales; most who buy, buy again.
SELECT round(sum(n) FILTER (WHERE rank <= 200) / sum(n), 1) AS top_tenth, round(sum(n) FILTER (WHERE rank > 1000) / sum(n), 1) AS lower_half, count(*) < 2000 AS some_never, avg((n > 1)::integer) > 0.6 AS most_again
  FROM (SELECT count(*)::numeric AS n, row_number() OVER (ORDER BY count(*) DESC) AS rank FROM orders GROUP BY customer_id) c;
SELECT round(sum(n) FILTER (WHERE rank <= 20) / sum(n), 1) BETWEEN 0.4 AND 0.7 AS top_tenth
  FROM (SELECT count(*)::numeric AS n, row_number() OVER (ORDER BY count(*) DESC) AS rank FROM order_items GROUP BY product_id) p;
-- weekends are quiet, Monday is busiest
SELECT bool_and(n < weekdays.least) FILTER (WHERE day >= 6) AS quiet_weekend, bool_and(n = most) FILTER (WHERE day = 1) AS busy_monday
  FROM (SELECT extract(isodow FROM local_time) AS day, count(*) AS n, max(count(*)) OVER () AS most FROM sound_orders GROUP BY 1) d,
       (SELECT min(n) AS least FROM (SELECT count(*) AS n FROM sound_orders WHERE extract(isodow FROM local_time) < 6 GROUP BY extract(isodow FROM local_time)) w) weekdays;
-- each December before Christmas is at least 1.4 times the average day, February below it, the days of Christmas low
SELECT extract(year FROM day) AS year, avg(n) FILTER (WHERE to_char(day, 'MMDD') BETWEEN '1201' AND '1223') > 1.4 * avg(n) AS peak,
       avg(n) FILTER (WHERE extract(month FROM day) = 2) < 0.9 * avg(n) AS low, avg(n) FILTER (WHERE to_char(day, 'MMDD') BETWEEN '1225' AND '1226') < 0.9 * avg(n) AS rest,
       avg(n) FILTER (WHERE to_char(day, 'YYYYMMDD') IN ('20241129', '20251128')) > 1.5 * avg(n) AS black_friday
  FROM (SELECT local_time::date AS day, count(*) AS n FROM sound_orders GROUP BY 1) d GROUP BY 1 ORDER BY 1;
-- business hours in the shop's zone; counter and telephone only then, and not on Sundays
SELECT round(avg((extract(hour FROM local_time) BETWEEN 8 AND 20)::integer), 1) AS by_day, avg((extract(hour FROM local_time) < 6)::integer) < 0.03 AS quiet_night,
       count(*) FILTER (WHERE channel IN ('store', 'phone') AND (extract(hour FROM local_time) NOT BETWEEN 9 AND 17 OR extract(isodow FROM local_time) = 7)) AS sold_when_closed FROM sound_orders;

-- What values there are.
SELECT segment, count(*) > 20 AS enough FROM customers GROUP BY segment ORDER BY segment COLLATE "C";
SELECT channel, count(*) > 100 AS enough FROM orders GROUP BY channel ORDER BY channel COLLATE "C";
SELECT payment_method, count(*) > 100 AS enough FROM orders GROUP BY payment_method ORDER BY payment_method COLLATE "C";
SELECT status, count(*) > 5 AS enough FROM orders GROUP BY status ORDER BY status COLLATE "C";
SELECT device, count(*) > 100 AS enough FROM sessions GROUP BY device ORDER BY device COLLATE "C";
SELECT channel, count(*) > 100 AS enough FROM sessions GROUP BY channel ORDER BY channel COLLATE "C";
SELECT count(DISTINCT country) AS countries, count(DISTINCT name) > 1000 AS many_names, bool_or(name = 'O''Neil' OR name LIKE '% O''Neil') AS apostrophe, bool_or(name LIKE '% McDonald') AS mc,
       bool_or(name LIKE '% van der Berg') AS particle, bool_or(name LIKE '% Müller') AS umlaut FROM customers;

-- Sessions: orders online mostly follow one at once, people on desktops buy more than on phones, durations are skewed to the right.
CREATE INDEX ON orders (customer_id, order_date);
CREATE INDEX ON sessions (customer_id, session_start);
SELECT round(avg((EXISTS (SELECT FROM sessions s WHERE s.customer_id = o.customer_id AND s.session_start < o.order_date AND s.session_end >= o.order_date))::integer), 1) AS with_session
  FROM sound_orders o WHERE o.channel IN ('web', 'mobile app');
SELECT max(rate) FILTER (WHERE device = 'desktop') > 1.2 * max(rate) FILTER (WHERE device = 'mobile') AS desktop_buys
  FROM (SELECT device, avg((EXISTS (SELECT FROM orders o WHERE o.customer_id = s.customer_id AND o.order_date BETWEEN s.session_start AND s.session_start + interval '4 hours'))::integer) AS rate
          FROM sessions s GROUP BY device) d;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) BETWEEN 120 AND 300 AS median, avg(seconds) > 1.2 * percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS skewed, max(seconds) <= 4 * 3600 + 150 AS bounded
  FROM (SELECT extract(epoch FROM session_end - session_start) AS seconds FROM sessions WHERE session_end > session_start) s;

RESET search_path;
CALL shopanalytics.drop_store('My "Shop"', cascade => true);

-- Clean data: no anomaly is recorded, and no rule finds one.
CALL shopanalytics.create_store('clean');
CALL shopanalytics.generate_shop('clean', customers => 300, days => 400, anomalies => '{"all": 0}');
SELECT (SELECT count(*) FROM clean.anomaly_truth) AS truth, (SELECT count(*) FROM clean.customers_checked WHERE issues <> '{}') AS customers, (SELECT count(*) FROM clean.products_checked WHERE issues <> '{}') AS products,
       (SELECT count(*) FROM clean.orders_checked WHERE issues <> '{}') AS orders, (SELECT count(*) FROM clean.order_items_checked WHERE issues <> '{}') AS items, (SELECT count(*) FROM clean.sessions_checked WHERE issues <> '{}') AS sessions;
CALL shopanalytics.drop_store('clean');

-- The smallest shop, and one of anomalies only; none of its orders would be sent if all were suspicious, in one day.
CALL shopanalytics.create_store('tiny', key_type => 'uuid');
CALL shopanalytics.generate_shop('tiny', customers => 1, days => 1, products => 1, orders => 1, sessions => 1, anomalies => '{"all": 0}');
SELECT c.customer_id, o.order_id, p.product_id, s.session_id FROM tiny.customers c, tiny.orders o JOIN tiny.order_items i USING (order_id) JOIN tiny.products p USING (product_id), tiny.sessions s
 WHERE o.customer_id = c.customer_id AND s.customer_id = c.customer_id AND i.line_number = 1;
TRUNCATE tiny.customers, tiny.products, tiny.orders, tiny.order_items, tiny.sessions;
CALL shopanalytics.generate_shop('tiny', customers => 1, days => 1, products => 1, orders => 0, sessions => 0, anomalies => '{"all": 0}');
SELECT (SELECT count(*) FROM tiny.customers) AS customers, (SELECT count(*) FROM tiny.orders) AS orders, (SELECT count(*) FROM tiny.order_items) AS items, (SELECT count(*) FROM tiny.sessions) AS sessions;
TRUNCATE tiny.customers, tiny.products;
CALL shopanalytics.generate_shop('tiny', customers => 20, days => 1, products => 3, orders => 50, sessions => 20,
    anomalies => '{"all": 1, "missing_email": 0, "untidy_email": 0, "zero_duration": 0, "suspicious_order": 0}');
SELECT kind, count(*) FROM tiny.anomaly_truth GROUP BY kind ORDER BY kind COLLATE "C";
SELECT count(*) AS found FROM (SELECT 'customers', customer_id::text, unnest(issues) FROM tiny.customers_checked UNION SELECT 'orders', order_id::text, unnest(issues) FROM tiny.orders_checked
    UNION SELECT 'sessions', session_id::text, unnest(issues) FROM tiny.sessions_checked INTERSECT SELECT * FROM tiny.anomaly_truth) f;

-- A clock change: 2025-03-09 has no hour from two to three in New York, and 2025-11-02 has it twice.
SELECT count(*) FILTER (WHERE order_date < lag_date) AS out_of_order, min(order_date AT TIME ZONE 'America/New_York')::date AS first_day, max(order_date AT TIME ZONE 'America/New_York')::date AS last_day, count(*)
  FROM (SELECT order_date, lag(order_date) OVER (ORDER BY order_id) AS lag_date
          FROM shopanalytics._generate_orders(1, 10, 5, 1000, 0, 1, '2025-03-09', 'America/New_York', '{"all": 0}', 1, 1000)
               AS g(order_id bigint, customer_id bigint, order_date timestamptz, order_total numeric, channel text, payment_method text, status text, shipment_date timestamptz, anomalies text[])) o;

-- A database that has no letters beyond ASCII, or not ours, gets names without.
CREATE DATABASE generate_latin2 TEMPLATE template0 ENCODING 'LATIN2' LOCALE 'C';
\c generate_latin2
SET client_min_messages = warning;
CREATE EXTENSION shopanalytics;
SELECT count(*) AS customers, count(*) FILTER (WHERE name !~ '^[ -~]+$') AS not_ascii, bool_or(name LIKE '% Muller') AS umlaut
  FROM shopanalytics._generate_customers(1, 2000, 1, 0, 0, 30, '2025-12-31', 'UTC', '{"all": 0, "untidy_name": 0.1}', 1, 2000)
    AS g(customer_id integer, name text, email text, segment text, country text, signup_date date, anomalies text[])
 WHERE name !~ '\t';
\c regression
DROP DATABASE generate_latin2;
SET client_min_messages = warning;

-- Errors: each says which value was wrong, and nothing is left half-made.
CREATE FUNCTION pg_temp.attempt(call text) RETURNS TABLE (code text, message text, hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'CALL shopanalytics.generate_shop(' || call || ')';
    RETURN QUERY SELECT 'none', NULL, NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    RETURN NEXT;
END $$;
CALL shopanalytics.create_store('empty');
CREATE TABLE public.their_sales (id bigint, customer bigint, at timestamptz, total numeric);
CALL shopanalytics.create_store('mapped');
CALL shopanalytics.map_table('mapped', 'orders', 'public.their_sales', '{"order_id": "id", "customer_id": "customer", "order_date": "at", "order_total": "total"}');
\x on
SELECT a.* FROM (VALUES
    (1, $$NULL$$),
    (2, $$'nowhere'$$),
    (3, $$'public'$$),
    (4, $$'shop_1'$$),
    (5, $$'mapped'$$),
    (6, $$'empty', customers => 0$$),
    (7, $$'empty', customers => 100000001$$),
    (8, $$'empty', customers => NULL$$),
    (9, $$'empty', days => 0$$),
    (10, $$'empty', days => 36526$$),
    (11, $$'empty', orders => -1$$),
    (12, $$'empty', orders => 2000000001$$),
    (13, $$'empty', products => 0$$),
    (14, $$'empty', sessions => -1$$),
    (15, $$'empty', seed => NULL$$),
    (16, $$'empty', anomalies => NULL$$),
    (17, $$'empty', end_date => NULL$$),
    (18, $$'empty', end_date => 'infinity'$$),
    (19, $$'empty', end_date => '-infinity'$$),
    (20, $$'empty', end_date => '1899-12-31'$$),
    (21, $$'empty', end_date => '9999-12-31'$$),
    (22, $$'empty', timezone => 'Mars/Olympus'$$),
    (23, $$'empty', timezone => ''$$),
    (24, $$'empty', anomalies => '{"bad_mail": 0.1}'$$)
) v (i, call), pg_temp.attempt(v.call) a ORDER BY v.i;
\x off
SELECT code, message LIKE 'end_date % is not over yet' AS says_so FROM pg_temp.attempt($$'empty', end_date => (now() AT TIME ZONE 'UTC')::date$$);
SELECT code FROM pg_temp.attempt($$'empty', end_date => (now() AT TIME ZONE 'UTC')::date - 1$$);

-- The functions below it check what they are given.
SELECT * FROM shopanalytics._generate_products(1, 1, 1, 0, 0, 1, '2025-12-31', 'UTC', '{}', 1, 1) AS g(product_id numeric, name text, category text, price numeric);
SELECT * FROM shopanalytics._generate_products(1, 1, 1, 0, 0, 1, '2025-12-31', 'UTC', '{}', 1, 1) AS g(product_id text, name text, category text, price float8);
SELECT * FROM shopanalytics._generate_products(1, 1, 1, 0, 0, 1, '2025-12-31', 'UTC', '{}', 1, 1) AS g(product_id text, name text);
SELECT shopanalytics._generate_products(1, 1, 1, 0, 0, 1, '2025-12-31', 'UTC', '{}', 1, 1);
SELECT * FROM shopanalytics._generate_products(1, 1, 1, 0, 0, 1, '2025-12-31', 'Mars/Olympus', '{}', 1, 1) AS g(product_id text, name text, category text, price numeric);
SELECT count(*) FROM shopanalytics._generate_products(1, 1, 1, 0, 0, 1, NULL, 'UTC', '{}', 1, 1) AS g(product_id text, name text, category text, price numeric);


CALL shopanalytics.drop_store('shop_1');
CALL shopanalytics.drop_store('shop_2');
CALL shopanalytics.drop_store('shop_minus');
CALL shopanalytics.drop_store('again');
CALL shopanalytics.drop_store('tiny');
CALL shopanalytics.drop_store('empty');
CALL shopanalytics.drop_store('mapped');
DROP TABLE public.their_sales;
