-- Defining quality checks: what is refused and why, with whose rights their SQL runs,
-- what hostile text can do.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET client_min_messages = warning;
TRUNCATE shopanalytics.dq_check, shopanalytics.dq_run, shopanalytics.dq_result, shopanalytics.dq_failure, shopanalytics.dq_metric, shopanalytics.dq_alert RESTART IDENTITY;
DELETE FROM shopanalytics.event;
CREATE ROLE regress_dq_admin LOGIN;
CREATE ROLE regress_dq_second LOGIN;
CREATE ROLE regress_dq_reader NOLOGIN;
CREATE ROLE regress_dq_nobody LOGIN;
GRANT regress_dq_reader TO regress_dq_admin;
CREATE SCHEMA dq_shop;
GRANT USAGE ON SCHEMA dq_shop TO PUBLIC;
CREATE TABLE dq_shop.orders (order_id integer PRIMARY KEY, customer_id integer, order_total numeric, order_date date, status text, extra json);
CREATE TABLE dq_shop.customers (customer_id integer, name text);
CREATE TABLE dq_shop.secret (id integer PRIMARY KEY, word text);
CREATE SEQUENCE dq_shop.counter;
INSERT INTO dq_shop.orders VALUES (1, 1, 10, '2024-01-01', 'paid'), (2, 1, -5, '2024-01-02', 'paid'), (3, 2, NULL, '2024-01-03', 'odd');
INSERT INTO dq_shop.secret VALUES (1, 'pass');
GRANT SELECT ON dq_shop.orders, dq_shop.customers TO regress_dq_admin, regress_dq_reader;
SELECT shopanalytics.grant_duty('regress_dq_admin', 'dq_admin', 'dq_shop'), shopanalytics.grant_duty('regress_dq_second', 'dq_admin', 'dq_shop');
SET SESSION AUTHORIZATION regress_dq_admin;

-- What is wrong with the arguments is said by name.
PREPARE add AS SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', $1, $2);
EXECUTE add ('nonsense', '{}');
EXECUTE add (NULL, '{}');
EXECUTE add ('not_null', NULL);
EXECUTE add ('not_null', '[]');
EXECUTE add ('not_null', '{}');
EXECUTE add ('not_null', '{"colum": "status"}');
EXECUTE add ('not_null', '{"column": "status", "range": "[0,)", "a b": 1}');
EXECUTE add ('not_null', '{"column": 1}');
EXECUTE add ('not_null', '{"column": "nowhere"}');
EXECUTE add ('unique', '{}');
EXECUTE add ('unique', '{"column": "status", "columns": ["status"]}');
EXECUTE add ('unique', '{"columns": []}');
EXECUTE add ('unique', '{"columns": ["order_id", 7]}');
EXECUTE add ('unique', '{"column": "extra"}');
EXECUTE add ('in_set', '{"column": "status"}');
EXECUTE add ('in_set', '{"column": "status", "values": "paid"}');
EXECUTE add ('in_set', '{"column": "status", "values": [["paid"]]}');
EXECUTE add ('in_set', '{"column": "order_id", "values": [1, "one"]}');
EXECUTE add ('range', '{"column": "order_total", "range": "0 to 5"}');
EXECUTE add ('range', '{"column": "order_total", "range": "(,)"}');
EXECUTE add ('range', '{"column": "order_total", "range": "[a,b]"}');
-- B23
EXECUTE add ('range', '{"column": "order_total", "range": "[5,1]"}');
EXECUTE add ('range', '{"column": "order_total", "range": "[5,5)"}');
EXECUTE add ('row_count', '{"range": "[5,1]"}');
EXECUTE add ('row_count', '{"range": "[5,5)"}');
EXECUTE add ('row_count', '{"range": "many"}');
EXECUTE add ('row_count', '{}');
EXECUTE add ('regex', '{"column": "status", "pattern": "("}');
EXECUTE add ('aggregate', '{"function": "avg", "range": "[0,1]"}');
EXECUTE add ('aggregate', '{"function": "mode", "column": "status", "range": "[0,1]"}');
EXECUTE add ('aggregate', '{"function": "avg", "column": "status", "range": "[0,1]"}');
EXECUTE add ('aggregate', '{"function": "max", "column": "order_date", "range": "[0,1]"}');
EXECUTE add ('aggregate', '{"function": "quantile", "column": "order_total", "range": "[0,1]"}');
EXECUTE add ('aggregate', '{"function": "quantile", "quantile": 7, "column": "order_total", "range": "[0,1]"}');
EXECUTE add ('freshness', '{"column": "order_date"}');
EXECUTE add ('freshness', '{"column": "status", "max_age": "1 day"}');
EXECUTE add ('freshness', '{"column": "order_date", "max_age": "soon"}');
EXECUTE add ('freshness', '{"column": "order_date", "max_age": "-1 day"}');
EXECUTE add ('freshness', '{"column": "order_date", "max_age": "1 day", "timezone": "Mars/Olympus"}');
EXECUTE add ('volume', '{"points": 1}');
EXECUTE add ('volume', '{"min_points": 50}');
EXECUTE add ('volume', '{"direction": "up"}');
EXECUTE add ('volume', '{"sensitivity": -1}');
EXECUTE add ('volume', '{"fail_on_zero": "yes"}');
EXECUTE add ('schema', '{"columns": ["order_id"]}');
EXECUTE add ('schema', '{"columns": {"order_id": "nonsense"}}');
EXECUTE add ('distribution', '{"column": "order_total"}');
EXECUTE add ('distribution', '{"column": "order_total", "baseline_where": "true", "method": "chi2"}');
EXECUTE add ('distribution', '{"column": "order_total", "reference": "dq_shop.customers"}');
EXECUTE add ('reference', '{"column": "customer_id"}');
EXECUTE add ('reference', '{"column": "customer_id", "table": "customers"}');
EXECUTE add ('reference', '{"column": "customer_id", "table": "dq_shop.nowhere"}');
EXECUTE add ('reference', '{"column": "customer_id", "table": "dq_shop.customers", "to": ["customer_id", "name"]}');
EXECUTE add ('reference', '{"column": "customer_id", "table": "dq_shop.customers", "to": ["name"]}');
EXECUTE add ('reconciliation', '{"table": "dq_shop.customers", "measures": {}}');
EXECUTE add ('reconciliation', '{"table": "dq_shop.customers", "measures": {"rows": "count"}}');
EXECUTE add ('reconciliation', '{"table": "dq_shop.customers", "measures": {"rows": {"function": "sum"}}}');
EXECUTE add ('reconciliation', '{"table": "dq_shop.customers", "measures": {"rows": {"function": "count"}}, "tolerance": -1}');
SELECT shopanalytics.dq_check_add('dq_shop', '', 'dq_shop.orders', 'row_count', '{"range": "[1,)"}');
SELECT shopanalytics.dq_check_add('dq_shop', NULL, 'dq_shop.orders', 'row_count', '{"range": "[1,)"}');
SELECT shopanalytics.dq_check_add(NULL, 'x', 'dq_shop.orders', 'row_count', '{"range": "[1,)"}');
SELECT shopanalytics.dq_check_add('dq_shop', 'x', NULL, 'row_count', '{"range": "[1,)"}');
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders_pkey', 'row_count', '{"range": "[1,)"}');
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'row_count', '{"range": "[1,)"}', fail_if => 1);
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'row_count', '{"range": "[1,)"}', nulls => 'fail');
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'row_count', '{"range": "[1,)"}', calendar => 'c');
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'volume', calendar => 'c');
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'not_null', '{"column": "status"}', nulls => 'pass');
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'regex', '{"column": "status", "pattern": "^p"}', nulls => 'maybe');
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'not_null', '{"column": "status"}', unit => 'share');
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'not_null', '{"column": "status"}', unit => 'percent', fail_if => 101);
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'not_null', '{"column": "status"}', fail_if => -1);
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'not_null', '{"column": "status"}', on_empty => 'error');
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'not_null', '{"column": "status"}', dimension => 'beauty');
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'not_null', '{"column": "status"}', suppress => '-1 day');
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'not_null', '{"column": "status"}', key_columns => '{order_id,nowhere}');
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'not_null', '{"column": "status"}', key_columns => '{extra}');
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'not_null', '{"column": "status"}', key_columns => '{}');
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'custom', '{"query": "SELECT 1"}', where_sql => 'true');
SELECT count(*) AS checks FROM shopanalytics.dq_check;

-- Hostile text is no expression, or is a name that is not there; nothing of it is run.
EXECUTE add ('expression', '{"expression": "1) ; DROP TABLE dq_shop.secret; --"}');
EXECUTE add ('expression', '{"expression": "order_total > 0; DELETE FROM dq_shop.orders"}');
EXECUTE add ('expression', '{"expression": "true) OR (true /*"}');
EXECUTE add ('expression', '{"expression": ""}');
EXECUTE add ('expression', '{"expression": "order_total"}');
EXECUTE add ('expression', '{"expression": "sum(order_total) > 0"}');
EXECUTE add ('expression', '{"expression": "nextval(''dq_shop.counter'') > 0"}');
EXECUTE add ('expression', '{"expression": "random() > 0"}');
EXECUTE add ('expression', '{"expression": "nowhere > 0"}');
EXECUTE add ('custom', '{"query": "SELECT 1) q; DROP TABLE dq_shop.secret; --"}');
EXECUTE add ('custom', '{"query": "SELECT 1; SELECT 2"}');
EXECUTE add ('custom', '{"query": "SELECT 1;"}');
EXECUTE add ('custom', '{"query": "DELETE FROM dq_shop.orders RETURNING order_id"}');
EXECUTE add ('custom', '{"query": "WITH gone AS (DELETE FROM dq_shop.orders RETURNING order_id) SELECT * FROM gone"}');
EXECUTE add ('custom', '{"query": "SELECT order_id INTO dq_shop.copy FROM dq_shop.orders"}');
EXECUTE add ('custom', '{"query": ""}');
EXECUTE add ('not_null', '{"column": "status\"; DROP TABLE dq_shop.secret; --"}');
EXECUTE add ('in_set', '{"column": "status", "values": ["''); DROP TABLE dq_shop.secret; --", "\\"]}');
SELECT shopanalytics.dq_check_remove('dq_shop', 'x');
EXECUTE add ('reference', '{"column": "customer_id", "table": "dq_shop.customers; DROP TABLE dq_shop.secret"}');
EXECUTE add ('regex', '{"column": "status", "pattern": "'' OR true --"}');
SELECT shopanalytics.dq_check_remove('dq_shop', 'x');
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'not_null', '{"column": "status"}', where_sql => '1) ; DROP TABLE dq_shop.secret; --');
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'row_count', '{"range": "[1,)"}', where_sql => 'true) FROM dq_shop.secret --');
-- a comment at the end, and quotes, are harmless
SELECT shopanalytics.dq_check_add('dq_shop', 'quo"te ''d; --', 'dq_shop.orders', 'expression', '{"expression": "status <> ''); --'' -- the end"}', where_sql => 'order_id > 0 -- all');
SELECT check_name, status, rows_evaluated FROM shopanalytics.dq_run('dq_shop');
SELECT shopanalytics.dq_check_remove('dq_shop', 'quo"te ''d; --');
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM dq_shop.secret;

-- The author's rights count, also when a superuser runs the check.
SET SESSION AUTHORIZATION regress_dq_admin;
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.secret', 'row_count', '{"range": "[1,)"}');
EXECUTE add ('expression', '{"expression": "EXISTS (SELECT FROM dq_shop.secret)"}');
EXECUTE add ('custom', '{"query": "SELECT word FROM dq_shop.secret"}');
EXECUTE add ('reference', '{"column": "order_id", "table": "dq_shop.secret", "to": ["id"]}');
RESET SESSION AUTHORIZATION;
GRANT SELECT ON dq_shop.secret TO regress_dq_admin;
SET SESSION AUTHORIZATION regress_dq_admin;
EXECUTE add ('custom', '{"query": "SELECT id FROM dq_shop.secret"}');
RESET SESSION AUTHORIZATION;
SELECT check_name, status, rows_failed, message FROM shopanalytics.dq_run('dq_shop');
REVOKE SELECT ON dq_shop.secret FROM regress_dq_admin;
SELECT check_name, status, rows_failed, message FROM shopanalytics.dq_run('dq_shop');
SELECT code, message FROM shopanalytics.dq_result ORDER BY id DESC LIMIT 1;
-- who runs it needs no rights on the table
SET SESSION AUTHORIZATION regress_dq_second;
SELECT check_name, status FROM shopanalytics.dq_run('dq_shop');
SELECT count(*) FROM dq_shop.orders;
SELECT shopanalytics.dq_check_add('dq_shop', 'y', 'dq_shop.orders', 'row_count', '{"range": "[1,)"}');
-- changing what is run makes him the author; changing what it counts for does not
SELECT shopanalytics.dq_check_alter('dq_shop', 'x', '{"args": {"query": "SELECT 1 AS one"}}');
SELECT shopanalytics.dq_check_alter('dq_shop', 'x', '{"args": {"query": "SELECT order_id FROM dq_shop.orders WHERE order_id < 0"}}');
SELECT shopanalytics.dq_check_alter('dq_shop', 'x', '{"fail_if": 1}');
SELECT author_login, author_role, revision, fail_if FROM shopanalytics.dq_check;
RESET SESSION AUTHORIZATION;
GRANT SELECT ON dq_shop.orders TO regress_dq_second;
SET SESSION AUTHORIZATION regress_dq_second;
SELECT shopanalytics.dq_check_alter('dq_shop', 'x', '{"args": {"query": "SELECT 1 AS one"}}');
SELECT author_login, author_role, revision, fail_if FROM shopanalytics.dq_check;
SELECT check_name, status, rows_failed FROM shopanalytics.dq_run('dq_shop');

-- A role taken by SET ROLE is the author, so that a check can have fewer rights.
SET SESSION AUTHORIZATION regress_dq_admin;
SET ROLE regress_dq_reader;
SELECT shopanalytics.dq_check_add('dq_shop', 'fewer', 'dq_shop.orders', 'expression', '{"expression": "order_total >= 0"}');
RESET ROLE;
SELECT author_login, author_role FROM shopanalytics.dq_check WHERE name = 'fewer';
SELECT check_name, status, rows_failed FROM shopanalytics.dq_run('dq_shop', '{fewer}');
-- not when he is no member of it any more, and not without the duty
RESET SESSION AUTHORIZATION;
REVOKE regress_dq_reader FROM regress_dq_admin;
SELECT check_name, status, message FROM shopanalytics.dq_run('dq_shop', '{fewer}');
GRANT regress_dq_reader TO regress_dq_admin;
SELECT shopanalytics.revoke_duty('regress_dq_admin', 'dq_admin', 'dq_shop');
SELECT check_name, status, message FROM shopanalytics.dq_run('dq_shop', '{fewer}');
SELECT code FROM shopanalytics.dq_result ORDER BY id DESC LIMIT 1;
SELECT shopanalytics.grant_duty('regress_dq_admin', 'dq_admin', 'dq_shop', 'dq_shop.orders');
SELECT check_name, status, message FROM shopanalytics.dq_run('dq_shop', '{fewer}');

-- What the author's functions try while a superuser runs the check: they act as the
-- author, cannot change the role, write nothing, have no duty, and leave nothing set.
CREATE SCHEMA dq_trap AUTHORIZATION regress_dq_second;
SET SESSION AUTHORIZATION regress_dq_second;
CREATE FUNCTION dq_trap.attempt(what text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    CASE what
        WHEN 'who' THEN RETURN current_user;
        WHEN 'duty' THEN RETURN shopanalytics.has_duty('dq_admin', 'dq_shop')::text;
        WHEN 'path' THEN RETURN current_setting('search_path');
        WHEN 'strings' THEN RETURN current_setting('standard_conforming_strings') || current_setting('TimeZone');
        WHEN 'set' THEN PERFORM set_config('shopanalytics.actor', 'eve', false); RETURN 'set';
        WHEN 'reset' THEN PERFORM set_config('role', 'none', false);
        WHEN 'read' THEN PERFORM FROM dq_shop.secret;
        WHEN 'write' THEN PERFORM nextval('dq_shop.counter');
        WHEN 'grant' THEN PERFORM shopanalytics.grant_duty('regress_dq_second', 'admin');
        WHEN 'writable' THEN PERFORM set_config('transaction_read_only', 'off', false);
        WHEN 'forever' THEN PERFORM pg_sleep(60);
        WHEN 'swallow' THEN BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN OTHERS THEN NULL; END;
    END CASE;
    RETURN 'done';
EXCEPTION WHEN insufficient_privilege OR read_only_sql_transaction OR active_sql_transaction OR SQLSTATE 'SA006' THEN
    RETURN sqlerrm;
END $$;
CREATE FUNCTION dq_trap.attempts() RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT w || ': ' || dq_trap.attempt(w) FROM unnest(ARRAY['who', 'duty', 'path', 'strings', 'set', 'reset', 'read', 'write', 'grant', 'writable']) w
$$;
SELECT shopanalytics.dq_check_add('dq_shop', 'trap', 'dq_shop.orders', 'custom', '{"query": "SELECT a FROM dq_trap.attempts() a"}');
SELECT shopanalytics.dq_check_add('dq_shop', 'forever', 'dq_shop.orders', 'expression', '{"expression": "dq_trap.attempt(CASE WHEN order_id > 0 THEN ''forever'' END) = ''done''"}');
SELECT shopanalytics.dq_check_add('dq_shop', 'swallow', 'dq_shop.orders', 'expression', '{"expression": "dq_trap.attempt(CASE WHEN order_id > 0 THEN ''swallow'' END) = ''done''"}');
RESET SESSION AUTHORIZATION;
SET search_path = dq_trap, pg_catalog;
SET standard_conforming_strings = off;
SET shopanalytics.actor = 'mallory';
SELECT r.status, r.rows_failed, pg_catalog.current_setting('shopanalytics.actor') AS actor, pg_catalog.current_setting('role') AS role FROM shopanalytics.dq_run('dq_shop', '{trap}') r;
RESET shopanalytics.actor;
RESET search_path;
RESET standard_conforming_strings;
SELECT f.key ->> 'a' AS attempt FROM shopanalytics.dq_failure f JOIN shopanalytics.dq_result r ON r.id = f.result WHERE r.check_name = 'trap' ORDER BY f.place;
SELECT last_value, is_called FROM dq_shop.counter;
-- the time limit, also for code that catches others; the rest goes on
SELECT check_name, status, message FROM shopanalytics.dq_run('dq_shop', '{trap,forever,swallow}', check_timeout => '50 ms');
SELECT check_name, code, keys_kept FROM shopanalytics.dq_result WHERE run = (SELECT max(run) FROM shopanalytics.dq_result) ORDER BY id;
-- that of the session ends everything, and what was its own is there again afterwards
SET statement_timeout = '100 ms';
SELECT check_name, status, message FROM shopanalytics.dq_run('dq_shop', '{forever}');
SELECT check_name, status, message FROM shopanalytics.dq_run('dq_shop', '{forever}', check_timeout => '20 ms');
SELECT check_name, status FROM shopanalytics.dq_run('dq_shop', '{x}'), pg_sleep(10);
RESET statement_timeout;

-- Names, changes, removal; an event for each.
SET SESSION AUTHORIZATION regress_dq_second;
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'row_count', '{"range": "[1,)"}');
SELECT shopanalytics.dq_check_alter('dq_shop', 'x', '{"fail_if": 1}') AS changed, shopanalytics.dq_check_alter('dq_shop', 'x', '{"fail_if": 1}') AS again;
SELECT shopanalytics.dq_check_alter('dq_shop', 'x', '{"kind": "unique", "color": "red"}');
SELECT shopanalytics.dq_check_alter('dq_shop', 'x', '[]');
SELECT shopanalytics.dq_check_alter('dq_shop', 'x', '{"fail_if": "many"}');
SELECT shopanalytics.dq_check_alter('dq_shop', 'x', '{"unit": null}');
SELECT shopanalytics.dq_check_alter('dq_shop', 'nothing', '{"fail_if": 1}');
SELECT shopanalytics.dq_check_alter('dq_shop', 'x', '{"owner": "steward@shop.example", "suppress": "2 hours", "warn_if": 0}');
SELECT shopanalytics.dq_check_remove('dq_shop', 'nothing');
SELECT shopanalytics.dq_check_remove('dq_shop', 'x');
SELECT shopanalytics.dq_check_remove('dq_shop', NULL);
RESET SESSION AUTHORIZATION;
SELECT type, login, detail ->> 'name' AS name, detail -> 'changes' AS changes FROM shopanalytics.event WHERE type LIKE 'dq%' AND detail ->> 'name' = 'x' ORDER BY id DESC LIMIT 5;

-- Other tenants: a table of another store is refused, and so is whose duty is elsewhere.
CALL shopanalytics.create_store('dq_other');
GRANT USAGE ON SCHEMA dq_other TO PUBLIC;
SET SESSION AUTHORIZATION regress_dq_second;
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_other.orders', 'row_count', '{"range": "[1,)"}');
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'reference', '{"column": "customer_id", "table": "dq_other.customers"}');
SELECT shopanalytics.dq_check_add('dq_other', 'x', 'dq_other.orders', 'row_count', '{"range": "[1,)"}');
-- a duty for one table is for that table
SET SESSION AUTHORIZATION regress_dq_admin;
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.customers', 'row_count', '{"range": "[1,)"}');
SELECT shopanalytics.dq_check_add('dq_shop', 'x', 'dq_shop.orders', 'row_count', '{"range": "[1,)"}') > 0 AS added;

-- Who has no duty sees nothing and can do nothing.
SELECT (SELECT count(*) > 0 FROM shopanalytics.dq_check) AS checks, (SELECT count(*) > 0 FROM shopanalytics.dq_result) AS results;
SET SESSION AUTHORIZATION regress_dq_nobody;
SELECT (SELECT count(*) FROM shopanalytics.dq_check) AS checks, (SELECT count(*) FROM shopanalytics.dq_run) AS runs, (SELECT count(*) FROM shopanalytics.dq_result) AS results,
       (SELECT count(*) FROM shopanalytics.dq_failure) AS failures, (SELECT count(*) FROM shopanalytics.dq_metric) AS metrics, (SELECT count(*) FROM shopanalytics.dq_alert) AS alerts,
       (SELECT count(*) FROM shopanalytics.dq_calendar) AS calendars;
\set VERBOSITY sqlstate
SELECT shopanalytics.dq_check_add('dq_shop', 'z', 'dq_shop.orders', 'row_count', '{"range": "[1,)"}');
SELECT shopanalytics.dq_check_alter('dq_shop', 'x', '{"fail_if": 1}');
SELECT shopanalytics.dq_check_alter('dq_shop', 'nothing', '{"fail_if": 1}');
SELECT shopanalytics.dq_check_remove('dq_shop', 'x');
SELECT * FROM shopanalytics.dq_run('dq_shop');
SELECT * FROM shopanalytics.dq_run('dq_shop', '{nothing}');
SELECT * FROM shopanalytics.dq_run('dq_nowhere');
SELECT shopanalytics.dq_accept(1);
SELECT shopanalytics.dq_accept(100000);
SELECT shopanalytics.dq_alert_ack(1);
SELECT shopanalytics.dq_alert_resolve(100000);
SELECT shopanalytics.dq_purge('dq_shop', '0');
SELECT shopanalytics.dq_calendar_set('dq_shop', 'c');
SELECT shopanalytics.dq_calendar_remove('dq_shop', 'c');
SELECT shopanalytics._query_as('regress_dq_nobody', 'SELECT to_jsonb(1)', 1000);
SELECT shopanalytics._dq_measure('{1}', now(), 10, 1000);
INSERT INTO shopanalytics.dq_result SELECT * FROM shopanalytics.dq_result;
DELETE FROM shopanalytics.dq_alert;
UPDATE shopanalytics.dq_check SET author_role = 'postgres';
\set VERBOSITY default

RESET SESSION AUTHORIZATION;
CALL shopanalytics.drop_store('dq_other');
DROP SCHEMA dq_shop, dq_trap CASCADE;
TRUNCATE shopanalytics.dq_check, shopanalytics.dq_run, shopanalytics.dq_result, shopanalytics.dq_failure, shopanalytics.dq_metric, shopanalytics.dq_alert;
DELETE FROM shopanalytics.duty;
DROP ROLE regress_dq_admin, regress_dq_second, regress_dq_reader, regress_dq_nobody;
