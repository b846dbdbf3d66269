-- The kinds of checks that look at more than one row or table: distribution, reconciliation,
-- schema, reference, custom, freshness of other types; and checks that share a scan.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = ISO;
SET client_min_messages = warning;
TRUNCATE shopanalytics.dq_check, shopanalytics.dq_run, shopanalytics.dq_result, shopanalytics.dq_failure, shopanalytics.dq_metric, shopanalytics.dq_alert RESTART IDENTITY;
CREATE ROLE regress_dq_kinds LOGIN;
CREATE SCHEMA dq_shop AUTHORIZATION regress_dq_kinds;
SELECT shopanalytics.grant_duty('regress_dq_kinds', 'dq_admin', 'dq_shop');
SET SESSION AUTHORIZATION regress_dq_kinds;
PREPARE keys AS SELECT r.check_name, f.key FROM shopanalytics.dq_failure f JOIN shopanalytics.dq_result r ON r.id = f.result
  WHERE r.run = (SELECT max(id) FROM shopanalytics.dq_run) ORDER BY f.result, f.place;

-- Distribution.  The stability index by hand: shares .5 .3 .2 against .2 .3 .5 give
-- (.2-.5)ln(.2/.5) + 0 + (.5-.2)ln(.5/.2); a bin of nothing counts as 0.0001.  The bins of
-- 0 to 99 begin at 24, 49 and 74.
CREATE TABLE dq_shop.d (id integer PRIMARY KEY, now boolean, color text, n integer, f float8, at timestamp);
INSERT INTO dq_shop.d SELECT i, i > 100, CASE WHEN i <= 100 THEN CASE WHEN i <= 50 THEN 'red' WHEN i <= 80 THEN 'green' ELSE 'blue' END
                                              ELSE CASE WHEN i <= 120 THEN 'red' WHEN i <= 150 THEN 'green' ELSE 'blue' END END,
                             (i - 1) % 100, (i - 1) % 100, '2024-01-01'::timestamp + (i % 100) * interval '1 hour' FROM generate_series(1, 200) i;
SELECT shopanalytics.dq_check_add('dq_shop', 'colors', 'dq_shop.d', 'distribution', '{"column": "color", "baseline_where": "NOT now"}', where_sql => 'now'),
       shopanalytics.dq_check_add('dq_shop', 'no blue', 'dq_shop.d', 'distribution', '{"column": "color", "baseline_where": "NOT now AND color <> ''blue''", "range": "[0,20)"}', where_sql => 'now'),
       shopanalytics.dq_check_add('dq_shop', 'same numbers', 'dq_shop.d', 'distribution', '{"column": "n", "baseline_where": "NOT now"}', where_sql => 'now'),
       shopanalytics.dq_check_add('dq_shop', 'same times', 'dq_shop.d', 'distribution', '{"column": "at", "baseline_where": "NOT now", "bins": 5}', where_sql => 'now'),
       shopanalytics.dq_check_add('dq_shop', 'half the numbers', 'dq_shop.d', 'distribution', '{"column": "n", "baseline_where": "NOT now", "bins": 4, "warn_range": "[0,0.1)", "range": "[0,100)"}', where_sql => 'now AND n < 50'),
       shopanalytics.dq_check_add('dq_shop', 'ks same', 'dq_shop.d', 'distribution', '{"column": "f", "method": "ks", "baseline_where": "NOT now"}', where_sql => 'now'),
       shopanalytics.dq_check_add('dq_shop', 'ks half', 'dq_shop.d', 'distribution', '{"column": "f", "method": "ks", "reference": "dq_shop.d", "baseline_where": "NOT now"}', where_sql => 'now AND n < 50'),
       shopanalytics.dq_check_add('dq_shop', 'ks nothing', 'dq_shop.d', 'distribution', '{"column": "f", "method": "ks", "baseline_where": "NOT now"}', where_sql => 'n > 500'),
       shopanalytics.dq_check_add('dq_shop', 'psi nothing', 'dq_shop.d', 'distribution', '{"column": "f", "baseline_where": "n > 500"}');
SELECT check_name, status, value, expected FROM shopanalytics.dq_run('dq_shop');
SELECT round((0.2 - 0.5) * ln(0.2 / 0.5) + (0.5 - 0.2) * ln(0.5 / 0.2), 6) AS colors,
       round((0.2 - 0.625) * ln(0.2 / 0.625) + (0.3 - 0.375) * ln(0.3 / 0.375) + (0.5 - 0.0001) * ln(0.5 / 0.0001), 6) AS no_blue,
       round((0.48 - 0.24) * ln(0.48 / 0.24) + (0.5 - 0.25) * ln(0.5 / 0.25) + (0.02 - 0.25) * ln(0.02 / 0.25) + (0.0001 - 0.26) * ln(0.0001 / 0.26), 6) AS half,
       round(sqrt(-ln(0.025) / 2 * (100 + 50) / (100 * 50)), 6) AS critical_half;
-- up to 0.7 are all of three values and two of four
CREATE TABLE dq_shop.ks (id integer PRIMARY KEY, a boolean, x numeric);
INSERT INTO dq_shop.ks VALUES (1, true, 0.1), (2, true, 0.4), (3, true, 0.7), (4, false, 0.2), (5, false, 0.5), (6, false, 0.8), (7, false, 0.9), (8, false, NULL);
SELECT shopanalytics.dq_check_add('dq_shop', 'ks by hand', 'dq_shop.ks', 'distribution', '{"column": "x", "method": "ks", "baseline_where": "a", "range": "[0,1]"}', where_sql => 'NOT a');
SELECT check_name, value FROM shopanalytics.dq_run('dq_shop', '{ks by hand}');
SELECT max(abs(fa - fb)) AS by_hand FROM (SELECT x, (SELECT count(*) FROM dq_shop.ks k WHERE a AND k.x <= s.x) / 3.0 AS fa, (SELECT count(*) FROM dq_shop.ks k WHERE NOT a AND k.x <= s.x) / 4.0 AS fb FROM dq_shop.ks s) q;

-- Reconciliation: whole and by group, with a tolerance, a group that one side lacks.
CREATE TABLE dq_shop.sales (id integer PRIMARY KEY, country text, total numeric);
CREATE TABLE dq_shop.ledger (country text, amount numeric);
INSERT INTO dq_shop.sales VALUES (1, 'DE', 10), (2, 'DE', 20), (3, 'FR', 5), (4, NULL, 7), (5, 'IT', 100);
INSERT INTO dq_shop.ledger VALUES ('DE', 30), ('FR', 6), (NULL, 7), ('ES', 1), ('IT', 101);
SELECT shopanalytics.dq_check_add('dq_shop', 'totals', 'dq_shop.sales', 'reconciliation', '{"table": "dq_shop.ledger", "measures": {"revenue": {"function": "sum", "column": "total", "other_column": "amount"}, "rows": {"function": "count"}}}'),
       shopanalytics.dq_check_add('dq_shop', 'by country', 'dq_shop.sales', 'reconciliation', '{"table": "dq_shop.ledger", "by": ["country"], "measures": {"revenue": {"function": "sum", "column": "total", "other_column": "amount"}}}'),
       shopanalytics.dq_check_add('dq_shop', 'by country, one off', 'dq_shop.sales', 'reconciliation', '{"table": "dq_shop.ledger", "by": ["country"], "tolerance": 1, "where": "country <> ''ES'' OR country IS NULL", "measures": {"revenue": {"function": "sum", "column": "total", "other_column": "amount"}}}'),
       shopanalytics.dq_check_add('dq_shop', 'by country, 1 %', 'dq_shop.sales', 'reconciliation', '{"table": "dq_shop.ledger", "by": ["country"], "tolerance_percent": 1, "measures": {"revenue": {"function": "sum", "column": "total", "other_column": "amount"}}}', where_sql => 'country = ''IT''');
SELECT check_name, status, rows_evaluated, rows_failed FROM shopanalytics.dq_run('dq_shop', target => 'dq_shop.sales');
EXECUTE keys;

-- Schema: missing, other type, not expected; lengths where they are given.
CREATE TABLE dq_shop.s (id integer, name varchar(20), price numeric(10,2), "Odd ""one""" text[]);
SELECT shopanalytics.dq_check_add('dq_shop', 'as it is', 'dq_shop.s', 'schema', '{"columns": {"id": "int4", "name": "varchar", "price": "numeric(10,2)", "Odd \"one\"": "text[]"}}'),
       shopanalytics.dq_check_add('dq_shop', 'otherwise', 'dq_shop.s', 'schema', '{"columns": {"id": "bigint", "name": "character varying(10)", "gone": "date"}}'),
       shopanalytics.dq_check_add('dq_shop', 'more allowed', 'dq_shop.s', 'schema', '{"columns": {"id": "integer"}, "extra": "allow"}');
SELECT check_name, status, rows_evaluated, rows_failed FROM shopanalytics.dq_run('dq_shop', target => 'dq_shop.s');
EXECUTE keys;
DROP TABLE dq_shop.s;
SELECT check_name, status, message FROM shopanalytics.dq_run('dq_shop', '{as it is}');

-- References of several columns, to columns of other names; without a key rows are
-- counted and not named.
CREATE TABLE dq_shop.lines (order_id integer, line integer, product text);
CREATE TABLE dq_shop.products (shop integer, code text);
INSERT INTO dq_shop.products VALUES (1, 'a'), (1, 'a'), (2, 'b'), (NULL, 'c');
INSERT INTO dq_shop.lines VALUES (1, 1, 'a'), (1, 2, 'b'), (2, 1, 'b'), (2, 2, NULL), (3, 1, 'c');
SELECT shopanalytics.dq_check_add('dq_shop', 'pairs', 'dq_shop.lines', 'reference', '{"columns": ["order_id", "product"], "table": "dq_shop.products", "to": ["shop", "code"]}', key_columns => '{order_id,line}'),
       shopanalytics.dq_check_add('dq_shop', 'pairs without keys', 'dq_shop.lines', 'reference', '{"columns": ["order_id", "product"], "table": "dq_shop.products", "to": ["shop", "code"]}', where_sql => 'line = 1'),
       shopanalytics.dq_check_add('dq_shop', 'unique pairs', 'dq_shop.products', 'unique', '{"columns": ["shop", "code"]}', key_columns => '{shop,code}');
SELECT check_name, status, rows_evaluated, rows_failed FROM shopanalytics.dq_run('dq_shop', '{pairs,pairs without keys,unique pairs}');
SELECT check_name, rows_total, rows_filtered, rows_missing, keys_kept FROM shopanalytics.dq_result WHERE check_name LIKE '%pairs%' ORDER BY id;
EXECUTE keys;
-- C11, C12 as checks
SELECT shopanalytics.dq_check_remove('dq_shop', 'unique pairs');
TRUNCATE dq_shop.products;
SELECT shopanalytics.dq_check_add('dq_shop', 'unique pairs', 'dq_shop.products', 'unique', '{"columns": ["shop", "code"]}');
INSERT INTO dq_shop.products VALUES (NULL, NULL), (NULL, NULL), (1, 'b');
SELECT 'C11' AS test, status, rows_evaluated, rows_failed FROM shopanalytics.dq_run('dq_shop', '{unique pairs}');
TRUNCATE dq_shop.products;
INSERT INTO dq_shop.products VALUES (1, NULL), (1, NULL), (2, 'c');
SELECT 'C12' AS test, status, rows_evaluated, rows_failed FROM shopanalytics.dq_run('dq_shop', '{unique pairs}');

-- Columns that are named as what the queries name theirs.
CREATE TABLE dq_shop.odd (k1 integer PRIMARY KEY, n integer, missing integer, kept integer, r integer, s integer, t integer, found boolean, x integer, "Quoted ""col""" text);
INSERT INTO dq_shop.odd VALUES (1, 1, 1, 1, 1, 1, 1, true, 1, 'a'), (2, 1, 2, 2, 2, 2, 2, false, 2, 'b'), (3, 7, 3, 3, NULL, 3, 3, NULL, 3, NULL);
SELECT shopanalytics.dq_check_add('dq_shop', 'odd unique', 'dq_shop.odd', 'unique', '{"columns": ["n"]}', where_sql => 'n > 0 AND missing > 0 AND kept > 0', key_columns => '{s,k1,n,missing}'),
       shopanalytics.dq_check_add('dq_shop', 'odd reference', 'dq_shop.odd', 'reference', '{"column": "n", "table": "dq_shop.odd", "to": ["k1"]}', where_sql => 'kept > 0 AND found IS NULL', key_columns => '{t,found}'),
       shopanalytics.dq_check_add('dq_shop', 'odd expression', 'dq_shop.odd', 'expression', '{"expression": "r > 1 AND n > 0 AND t > 0"}', nulls => 'fail', key_columns => '{r,"Quoted \"col\""}'),
       shopanalytics.dq_check_add('dq_shop', 'odd not null', 'dq_shop.odd', 'not_null', '{"column": "Quoted \"col\""}', key_columns => '{"Quoted \"col\"",k1}'),
       shopanalytics.dq_check_add('dq_shop', 'odd distribution', 'dq_shop.odd', 'distribution', '{"column": "x", "baseline_where": "x > 0 AND n > 0"}', where_sql => 's > 0'),
       shopanalytics.dq_check_add('dq_shop', 'odd reconciliation', 'dq_shop.odd', 'reconciliation', '{"table": "dq_shop.odd", "by": ["s"], "measures": {"x": {"function": "sum", "column": "x"}}}', where_sql => 't > 0');
SELECT check_name, status, rows_evaluated, rows_failed, message FROM shopanalytics.dq_run('dq_shop', target => 'dq_shop.odd');
EXECUTE keys;

-- Custom: what it returns is the key; the share is of the rows of the table.
SELECT shopanalytics.dq_check_add('dq_shop', 'custom', 'dq_shop.lines', 'custom', '{"query": "SELECT order_id, count(*) AS lines FROM dq_shop.lines GROUP BY order_id HAVING count(*) > 1 ORDER BY order_id -- twice"}', unit => 'percent', fail_if => 40);
SELECT check_name, status, rows_evaluated, rows_failed, value FROM shopanalytics.dq_run('dq_shop', '{custom}');
EXECUTE keys;

-- Freshness of other types, in a time zone; days off do not count, 23 and 25 hours long
-- when the clocks change; times to come and infinite ones are not the latest.
CREATE TABLE dq_shop.fresh (id integer PRIMARY KEY, at timestamptz, local timestamp, day date);
INSERT INTO dq_shop.fresh VALUES (1, '2024-03-29 16:00Z', '2024-03-29 17:00', '2024-03-29'), (2, 'infinity', 'infinity', 'infinity'), (3, '2030-01-01', '2030-01-01', '2030-01-01'), (4, '-infinity', '-infinity', '-infinity');
SELECT shopanalytics.dq_calendar_set('dq_shop', 'weekend', weekdays => '{6,7}', timezone => 'Europe/Berlin');
SELECT shopanalytics.dq_check_add('dq_shop', 'at', 'dq_shop.fresh', 'freshness', '{"column": "at", "max_age": "1 year"}'),
       shopanalytics.dq_check_add('dq_shop', 'local', 'dq_shop.fresh', 'freshness', '{"column": "local", "max_age": "1 year", "timezone": "Europe/Berlin"}'),
       shopanalytics.dq_check_add('dq_shop', 'day', 'dq_shop.fresh', 'freshness', '{"column": "day", "max_age": "1 year", "timezone": "Europe/Berlin"}'),
       shopanalytics.dq_check_add('dq_shop', 'working days', 'dq_shop.fresh', 'freshness', '{"column": "at", "max_age": "20 hours"}', calendar => 'weekend');
-- Friday 17:00 to Monday 09:00 in Berlin: 63 hours, for Sunday has 23; of which 16 count
SELECT check_name, status, value / 3600 AS hours, expected FROM shopanalytics.dq_run('dq_shop', target => 'dq_shop.fresh', as_of => '2024-04-01 07:00Z');
-- on the weekend the age stands still
SELECT a.as_of, round(r.value / 3600, 2) AS hours, r.status FROM unnest(ARRAY['2024-03-29 21:00Z', '2024-03-29 23:00Z', '2024-03-31 12:00Z', '2024-04-01 12:00Z']::timestamptz[]) a (as_of), LATERAL shopanalytics.dq_run('dq_shop', '{working days}', as_of => a.as_of) r;

-- Checks share a scan, more than one query of it, and a bad one spoils none: the counts
-- are those of each by itself.
CREATE TABLE dq_shop.many (id integer PRIMARY KEY, v integer);
INSERT INTO dq_shop.many SELECT i, nullif(i % 50, 49) FROM generate_series(1, 1000) i;
SELECT count(shopanalytics.dq_check_add('dq_shop', 'many ' || i, 'dq_shop.many', 'expression', jsonb_build_object('expression', format('v <> %s', i)), where_sql => CASE WHEN i % 2 = 0 THEN 'id > 500' END)) FROM generate_series(0, 90) i;
SELECT shopanalytics.dq_check_add('dq_shop', 'many bad', 'dq_shop.many', 'expression', '{"expression": "1 / (v - 7) > -2"}');
SELECT r.status, count(*), min(r.rows_evaluated), max(r.rows_evaluated), min(r.rows_failed), max(r.rows_failed) FROM shopanalytics.dq_run('dq_shop', target => 'dq_shop.many') r GROUP BY r.status ORDER BY r.status;
SELECT count(*) AS differ
  FROM shopanalytics.dq_result r, LATERAL (SELECT substr(r.check_name, 6)::integer AS i) n
 WHERE r.check_name ~ '^many \d' AND (r.rows_evaluated, r.rows_failed, r.rows_missing) IS DISTINCT FROM
       (SELECT (count(v), count(*) FILTER (WHERE v = n.i), count(*) - count(v)) FROM dq_shop.many m WHERE n.i % 2 = 1 OR m.id > 500);
SELECT check_name, message FROM shopanalytics.dq_result WHERE check_name LIKE 'many%' AND status = 'error';
-- keys are capped, and the count is not; no keys when none are wanted
SELECT shopanalytics.dq_check_add('dq_shop', 'all fail', 'dq_shop.many', 'range', '{"column": "v", "range": "[100,)"}', nulls => 'fail');
SELECT rows_failed FROM shopanalytics.dq_run('dq_shop', '{all fail}', max_keys => 3);
EXECUTE keys;
SELECT rows_failed FROM shopanalytics.dq_run('dq_shop', '{all fail}', max_keys => 0);
SELECT keys_kept FROM shopanalytics.dq_result ORDER BY id DESC LIMIT 1;
-- what is dropped or changed meanwhile is an error of its check alone
ALTER TABLE dq_shop.many RENAME v TO w;
SELECT check_name, status, message FROM shopanalytics.dq_run('dq_shop', '{many 1,all fail}');
DROP TABLE dq_shop.many;
SELECT check_name, status, message FROM shopanalytics.dq_run('dq_shop', '{many 1,custom}');
SELECT shopanalytics.dq_check_alter('dq_shop', 'many 1', '{"enabled": false}');

RESET SESSION AUTHORIZATION;
DROP SCHEMA dq_shop CASCADE;
TRUNCATE shopanalytics.dq_check, shopanalytics.dq_run, shopanalytics.dq_result, shopanalytics.dq_failure, shopanalytics.dq_metric, shopanalytics.dq_alert, shopanalytics.dq_calendar;
DELETE FROM shopanalytics.duty;
DROP ROLE regress_dq_kinds;
