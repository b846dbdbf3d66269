-- clean_run and clean_preview: what the rules change becomes requests, and nothing else
-- is written; mapped tables, tenants, duties, errors.
\set SHOW_CONTEXT never
TRUNCATE shopanalytics.change_item, shopanalytics.approval, shopanalytics.change_request;
ALTER TABLE shopanalytics.change_request ALTER COLUMN id RESTART;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE ROLE regress_clean_owner;
CREATE ROLE regress_clean_other;
CREATE ROLE regress_clean_steward LOGIN IN ROLE regress_clean_owner, regress_clean_other;
CREATE ROLE regress_clean_guest LOGIN IN ROLE regress_clean_owner;
SELECT format('GRANT CREATE ON DATABASE %I TO regress_clean_owner, regress_clean_other', current_database()) \gexec

SET ROLE regress_clean_owner;
CALL shopanalytics.create_store('tidy', timezone => 'Europe/Berlin');
-- each row with what is wrong with it as its id
INSERT INTO tidy.customers (customer_id, name, email, segment, signup_date) VALUES
    ('clean', 'Anna Berg', 'anna@shop.example', 'Consumer', '2025-01-01'),
    ('name and email', '  ANNA   BERG', ' anna@Shop.Example ', 'Consumer', '2025-01-01'),
    ('segment', 'Ben Hill', 'ben@shop.example', NULL, '2025-01-01'),
    ('all three', ' CARL  OLM', 'Carl@SHOP.example', ' ', '2025-01-01'),
    ('twice', 'ELLA KLEE', 'ella@shop.example', NULL, '2024-01-01'),          -- the older one, untidy too
    ('twice', 'Ella Klee', 'ella@shop.example', 'Business', '2025-01-01'),
    ('tie', 'Bea Rot', 'b@shop.example', 'A', '2025-01-01'), ('tie', 'Ada Rot', 'a@shop.example', 'A', '2025-01-01'),
    ('no date', 'Dan Orr', 'd@shop.example', 'A', NULL), ('no date', 'Dan Orr', 'd@shop.example', NULL, '2020-01-01'),
    ('bad email', 'Finn Au', 'finn.shop.example', 'A', '2025-01-01'),
    (NULL, 'Nobody', 'n@shop.example', 'A', '2025-01-01'), (NULL, 'Nobody', 'n@shop.example', 'A', '2025-01-01');
INSERT INTO tidy.products (product_id, name, category, price) VALUES ('tea', 'Tea', NULL, 3.99), ('milk', 'Milk', 'Food', 1);
INSERT INTO tidy.orders (order_id, customer_id, order_date, order_total, payment_method, status) VALUES
    ('1', 'clean', '2025-02-01 10:00+01', 10, 'PayPal', 'paid'), ('2', 'clean', '2025-02-02 10:00+01', -5, 'pay pal', 'paid'),
    ('3', 'clean', '2025-02-03 10:00+01', 20, 'card', 'paid'), ('3', 'clean', '2025-02-03 10:00+01', 20, 'card', 'paid');
INSERT INTO tidy.sessions (session_id, customer_id, session_start, session_end, device) VALUES
    ('ok', 'clean', '2025-03-01 10:00+01', '2025-03-01 10:05+01', 'mobile'),
    ('back', 'clean', '2025-03-01 10:00+01', '2025-03-01 09:55+01', 'mobile'),
    ('none', 'clean', '2025-03-01 10:00+01', '2025-03-01 10:00+01', 'mobile');
-- A28: another shop, whose rows have the same keys
CALL shopanalytics.create_store('second');
INSERT INTO second.customers (customer_id, name, email, segment) VALUES ('1', 'ZOE FAY', 'zoe@shop.example', 'A');
RESET ROLE;

-- what must not change until a request is applied
CREATE VIEW base WITH (security_invoker = true) AS
SELECT 'customers' AS entity, row_id, to_jsonb(c) AS row FROM tidy.customers c UNION ALL SELECT 'products', row_id, to_jsonb(p) FROM tidy.products p
UNION ALL SELECT 'orders', row_id, to_jsonb(o) FROM tidy.orders o UNION ALL SELECT 'sessions', row_id, to_jsonb(s) FROM tidy.sessions s;
CREATE TABLE base_before AS SELECT * FROM base;
CREATE VIEW base_changes WITH (security_invoker = true) AS
SELECT entity, row_id, b.row AS before, a.row AS after FROM base_before b FULL JOIN base a USING (entity, row_id) WHERE a.row IS DISTINCT FROM b.row;
GRANT SELECT ON base, base_before, base_changes TO regress_clean_owner;

-- Nobody without the duty, and the owner's rights alone.
SET SESSION AUTHORIZATION regress_clean_guest;
SELECT * FROM shopanalytics.clean_run('tidy');
SET ROLE regress_clean_owner;
SELECT * FROM shopanalytics.clean_run('tidy');
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.grant_duty('regress_clean_steward', 'propose', 'tidy');

-- A14: a look at some of it, whose rows are locked until the end of the transaction
SET SESSION AUTHORIZATION regress_clean_steward;
SET ROLE regress_clean_owner;
BEGIN;
SELECT entity, rule, kind, key, column_name, before, after FROM shopanalytics.clean_preview('tidy', '{untidy_name,missing_segment,orders.duplicate_order}');
SELECT rule, key FROM shopanalytics.clean_preview('tidy', '{untidy_name,missing_segment}', 1);
SELECT count(*) FROM shopanalytics.clean_preview('tidy', sample => 0);
ROLLBACK;
SELECT count(*) FROM shopanalytics.change_request;

-- A16 A17 A18 A19 A20 A21: every rule is listed; fixes and exclusions are requests, the
-- others are counted.
SELECT request, entity, rule, kind, status, rows, items, reason FROM shopanalytics.clean_run('tidy') WHERE status <> 'clean';
SELECT id, kind, target_table, title, state, items, high_risk FROM shopanalytics.change_request ORDER BY id;
SELECT request, op, key, rule, after, before FROM shopanalytics.change_item ORDER BY request, seq;
SELECT attrs FROM shopanalytics.change_request WHERE kind = 'impute' AND target_table = 'customers';
SELECT * FROM base_changes;
SELECT count(*) FILTER (WHERE target_schema <> 'tidy') FROM shopanalytics.change_request;   -- A28
SELECT jsonb_pretty(examples) FROM shopanalytics.clean_run('tidy', '{missing_category}');

-- A second run finds the same requests, and asks for what is new.
SELECT request, rule, status, items FROM shopanalytics.clean_run('tidy') WHERE items > 0;
INSERT INTO tidy.customers (customer_id, name, email, segment, signup_date) VALUES ('new', 'GUS  NEU', 'gus@shop.example', 'A', '2025-01-01');
SELECT request, rule, status, rows, items FROM shopanalytics.clean_run('tidy', '{untidy_name}');
SELECT request, rule, status, rows, items FROM shopanalytics.clean_run('tidy', '{untidy_name}');
DELETE FROM tidy.customers WHERE customer_id = 'new';
-- an open request that has become wrong does not count
UPDATE tidy.customers SET name = 'HANNA BERG' WHERE customer_id = 'name and email';
SELECT request, rule, status, rows, items FROM shopanalytics.clean_run('tidy', '{untidy_name}') ORDER BY request;
UPDATE tidy.customers SET name = '  ANNA   BERG' WHERE customer_id = 'name and email';
-- nor does one that is closed, of the very same content
SELECT count(*) FROM shopanalytics.change_request c, shopanalytics.cr_withdraw(c.id, 'not now') w WHERE c.state IN ('draft', 'submitted');
SELECT request > 6 AS is_another, rule, status, items FROM shopanalytics.clean_run('tidy', '{missing_segment}', submit => false);
SELECT state, idempotency_key ~ ':1$' AS again FROM shopanalytics.change_request ORDER BY id DESC LIMIT 1;
SELECT rule, status, items FROM shopanalytics.clean_run('tidy', '{missing_segment}');
SELECT count(*) FROM shopanalytics.change_request c, shopanalytics.cr_withdraw(c.id, 'not now') w WHERE c.state IN ('draft', 'submitted');

-- A26: payment channels and first names by rules of one's own.  Of two fixes for a
-- column the first counts, whether or not it is asked for.
RESET ROLE;
SET ROLE regress_clean_owner;
ALTER TABLE tidy.customers ADD COLUMN first_name text, ADD COLUMN last_name text;
CALL shopanalytics.upgrade_store('tidy', rebuild => true);
INSERT INTO tidy.clean_rule (entity, name, column_name, issue, action, fix, position) VALUES
    ('orders', 'payment_channel', 'payment_method', $$lower(replace(payment_method, ' ', '')) = 'paypal' AND payment_method <> 'paypal'$$, 'fix', $$'paypal'$$, 500),
    ('orders', 'payment_case', 'payment_method', $$payment_method ~ '^[a-z]+$' AND payment_method <> 'paypal'$$, 'fix', 'upper(payment_method)', 600),
    ('customers', 'first_name', 'first_name', 'first_name IS NULL', 'fix', '(shopanalytics.split_name(shopanalytics.clean_name(name))).first_name', 500),
    ('customers', 'last_name', 'last_name', 'last_name IS NULL', 'fix', '(shopanalytics.split_name(shopanalytics.clean_name(name))).last_name', 500);
SELECT rule, kind, rows, items FROM shopanalytics.clean_run('tidy', '{payment_channel,payment_case,first_name,last_name}', submit => false);
SELECT op, key, rule, after FROM shopanalytics.change_item i JOIN shopanalytics.change_request c ON c.id = i.request
 WHERE c.state = 'draft' AND c.target_table = 'orders' ORDER BY seq;
SELECT rule, items FROM shopanalytics.clean_run('tidy', '{payment_case}');
SELECT count(*) FROM shopanalytics.change_request c, shopanalytics.cr_withdraw(c.id, 'not now') w WHERE c.state IN ('draft', 'submitted');
-- A21: sessions that end before they start are flagged; to swap the times is a decision
INSERT INTO tidy.clean_rule (entity, name, column_name, issue, action, fix, position) VALUES
    ('sessions', 'swapped_start', 'session_start', 'session_end < session_start', 'fix', 'session_end', 500),
    ('sessions', 'swapped_end', 'session_end', 'session_end < session_start', 'fix', 'session_start', 500);
SELECT entity, rule, key, column_name, before, after FROM shopanalytics.clean_preview('tidy', '{swapped_start,swapped_end}');

-- What the clean views show stays when all is applied, and the next run has nothing to
-- propose.  Here the items are applied by plain SQL.
CREATE FUNCTION pg_temp.apply_all() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    i record;
    n bigint := 0;
BEGIN
    FOR i IN SELECT c.*, format('%I.%I', r.target_schema, r.target_table) AS place, r.target_table
               FROM shopanalytics.change_item c JOIN shopanalytics.change_request r ON r.id = c.request
              WHERE r.state IN ('draft', 'submitted') ORDER BY c.request, c.seq LOOP
        IF i.op = 'D' THEN
            EXECUTE format('DELETE FROM %s t WHERE to_jsonb(t) @> $1', i.place) USING i.key;
        ELSE
            EXECUTE format('UPDATE %1$s t SET %2$s FROM jsonb_populate_record(NULL::%1$s, $2) n WHERE to_jsonb(t) @> $1', i.place,
                           (SELECT string_agg(format('%1$I = n.%1$I', k), ', ') FROM jsonb_object_keys(i.after) k)) USING i.key, i.after;
        END IF;
        n := n + 1;
    END LOOP;
    PERFORM shopanalytics.cr_withdraw(r.id, 'applied by hand') FROM shopanalytics.change_request r WHERE r.state IN ('draft', 'submitted');
    RETURN n;
END $$;
CREATE VIEW pg_temp.shown AS
SELECT 'customers' AS entity, to_jsonb(c) - 'issues' - 'is_flagged' AS row FROM tidy.customers_clean c UNION ALL SELECT 'products', to_jsonb(p) - 'issues' - 'is_flagged' FROM tidy.products_clean p
UNION ALL SELECT 'orders', to_jsonb(o) - 'issues' - 'is_flagged' - 'order_issue' FROM tidy.orders_clean o
UNION ALL SELECT 'sessions', to_jsonb(s) - 'issues' - 'is_flagged' - 'session_duration' - 'duration_status' - 'session_day' FROM tidy.sessions_clean s;
BEGIN;
CREATE TEMP TABLE shown_before ON COMMIT DROP AS SELECT * FROM pg_temp.shown;
SELECT sum(items) AS items, count(DISTINCT request) AS requests FROM shopanalytics.clean_run('tidy');
SELECT pg_temp.apply_all();
SELECT count(*) FROM ((TABLE shown_before EXCEPT ALL TABLE pg_temp.shown) UNION ALL (TABLE pg_temp.shown EXCEPT ALL TABLE shown_before)) d;
SELECT rule, kind, rows, items FROM shopanalytics.clean_run('tidy') WHERE items > 0 OR kind <> 'flag' AND rows > 0;
SELECT customer_id, name, first_name, last_name, email, segment, signup_date FROM tidy.customers ORDER BY row_id;
SELECT session_id, duration_status, session_duration FROM tidy.sessions_clean ORDER BY session_id;
ROLLBACK;

-- The same rows in any order make the same proposals.
RESET ROLE;
RESET SESSION AUTHORIZATION;
CREATE FUNCTION pg_temp.proposals(seed float8) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    PERFORM setseed(seed);
    CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM tidy.customers;
    DELETE FROM tidy.customers;
    INSERT INTO tidy.customers OVERRIDING USER VALUE SELECT * FROM kept ORDER BY random();
    SET LOCAL ROLE regress_clean_owner;
    PERFORM FROM shopanalytics.clean_run('tidy');
    -- without the numbers of rows, which are those of loading
    SELECT string_agg(concat_ws(' ', i.op, i.rule, i.before - 'row_id', i.after), E'\n' ORDER BY concat_ws(' ', i.op, i.rule, i.before - 'row_id', i.after) COLLATE "C") INTO result
      FROM shopanalytics.change_item i JOIN shopanalytics.change_request r ON r.id = i.request
     WHERE r.state = 'submitted' AND r.target_table = 'customers';
    RAISE EXCEPTION USING ERRCODE = 'P0002', MESSAGE = result;
EXCEPTION WHEN SQLSTATE 'P0002' THEN
    RETURN SQLERRM;
END $$;
SELECT shopanalytics.grant_duty(current_user::regrole, 'propose', 'tidy');
SELECT count(*), count(DISTINCT p), min(p) FROM (SELECT pg_temp.proposals(s / 10.0) AS p FROM generate_series(1, 8) s) d;

-- Errors of arguments.
SET ROLE regress_clean_owner;
SELECT * FROM shopanalytics.clean_run(NULL);
SELECT * FROM shopanalytics.clean_run('nowhere');
SELECT * FROM shopanalytics.clean_run('tidy', '{untidy_name,orders.untidy_name,"x''; DROP TABLE y"}');
SELECT * FROM shopanalytics.clean_run('tidy', ARRAY[NULL]::text[]);
SELECT * FROM shopanalytics.clean_run('tidy', sample => -1);
SELECT * FROM shopanalytics.clean_run('tidy', sample => NULL);
SELECT * FROM shopanalytics.clean_run('tidy', submit => NULL);
SELECT * FROM shopanalytics.clean_preview('tidy', sample => 1001);
SELECT count(*) FROM shopanalytics.clean_run('tidy', '{}');
UPDATE tidy.clean_rule SET enabled = false WHERE name = 'missing_category';
SELECT * FROM shopanalytics.clean_run('tidy', '{missing_category}');

-- A rule that fails on a row: which rule, which row.  One that compares rows has none.
INSERT INTO tidy.clean_rule (entity, name, column_name, issue, action, fix) VALUES
    ('orders', 'fails', 'order_total', '1 / (order_total + 5) > 1000', 'fix', 'order_total');
SELECT * FROM shopanalytics.clean_run('tidy', '{negative_total}');
SELECT count(*) FROM shopanalytics.clean_run('tidy', '{customers.untidy_name}');   -- who is not asked does not fail
SELECT * FROM shopanalytics.clean_run('tidy', '{fails}');
UPDATE tidy.clean_rule SET issue = 'order_total = -5', fix = '1 / (order_total + 5)' WHERE name = 'fails';
SELECT * FROM shopanalytics.clean_run('tidy', '{fails}');
UPDATE tidy.clean_rule SET issue = '1 / (count(*) OVER () - 4) > 0', fix = 'order_total' WHERE name = 'fails';
SELECT * FROM shopanalytics.clean_run('tidy', '{fails}');
DO $$ BEGIN PERFORM shopanalytics.clean_run('tidy', '{fails}'); EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', SQLSTATE; END $$;
DELETE FROM tidy.clean_rule WHERE name = 'fails';
-- hostile text goes no further than the rule's own check
INSERT INTO tidy.clean_rule (entity, name, issue) VALUES ('orders', 'hostile', 'true) UNION SELECT 1; DROP TABLE tidy.orders; --');
INSERT INTO tidy.clean_rule (entity, name, column_name, issue, action, fix) VALUES ('orders', 'hostile', 'status', 'true', 'fix', '(SELECT rolpassword COLLATE "default" FROM pg_authid LIMIT 1)');
SELECT * FROM shopanalytics.clean_run('tidy', '{hostile}');
DELETE FROM tidy.clean_rule WHERE name = 'hostile';
RESET ROLE;

-- Mapped tables: the rows behind are to change, by their own key and names.
CREATE SCHEMA erp AUTHORIZATION regress_clean_owner;
SET ROLE regress_clean_owner;
CREATE TYPE erp.tier AS ENUM ('gold', 'Unknown');
CREATE TYPE erp.kind AS ENUM ('food', 'other');
CREATE TABLE erp.client (
    "key ""no""" integer, branch text, person text, full_name varchar(12), mail text, tier erp.tier, since timestamp, note jsonb,
    PRIMARY KEY (branch, "key ""no"""));
INSERT INTO erp.client VALUES (1, 'a', 'p1', '  ANNA  BERG', 'a@shop.example', NULL, '2025-01-01'), (1, 'b', 'p1', 'Anna Berg', 'A@Shop.Example', 'gold', '2025-02-01'),
    (2, 'b', 'p2', 'EVE  OX', 'eve@shop.example', NULL, '2025-02-01');
CREATE VIEW erp.living AS SELECT *, lower(person) AS lower_person FROM erp.client WHERE "key ""no""" > 0;
CREATE TABLE erp.good (good_no integer PRIMARY KEY, name text, kind erp.kind);
INSERT INTO erp.good VALUES (1, 'Tea', NULL);
CREATE TABLE erp.line (order_no text, line_no integer, good_no integer, amount numeric);
CREATE VIEW erp.visit AS SELECT 'v' AS session_id, person AS customer_id, max(since) AS session_start FROM erp.client GROUP BY person;
CREATE TABLE erp.sale (sale_no text PRIMARY KEY, person text, at timestamp, pay text, total float8);
INSERT INTO erp.sale VALUES (1, 'p1', '2025-03-01 10:00', 'CARD', 1);
CALL shopanalytics.create_store('mapped');
CALL shopanalytics.map_table('mapped', 'customers', 'erp.living', '{"customer_id": "person", "name": "full_name", "email": "mail", "segment": "tier", "signup_date": "since"}');
CALL shopanalytics.map_table('mapped', 'products', 'erp.good', '{"product_id": "good_no", "category": "kind"}');
CALL shopanalytics.map_table('mapped', 'order_items', 'erp.line', '{"order_id": "order_no", "line_number": "line_no", "product_id": "good_no", "quantity": "amount"}');
CALL shopanalytics.map_table('mapped', 'sessions', 'erp.visit');
CALL shopanalytics.map_table('mapped', 'orders', 'erp.sale', '{"order_id": "sale_no", "customer_id": "person", "order_date": "at", "payment_method": "pay", "order_total": "total"}');
INSERT INTO mapped.clean_rule (entity, name, column_name, issue, action, fix) VALUES
    ('orders', 'lower_payment', 'payment_method', 'payment_method <> lower(payment_method)', 'fix', 'lower(payment_method)'),
    ('orders', 'order_key', 'order_id', 'order_id = ''1''', 'fix', '''7'''),
    ('orders', 'date_set', 'order_date', 'order_id = ''1''', 'fix', 'now()'),
    ('orders', 'no_total', 'order_total', 'order_total = 1', 'fix', '1.5'),
    ('customers', 'long_name', 'name', 'name = ''Anna Berg''', 'fix', '''Anna Berg of the long name'''),
    ('order_items', 'some_quantity', 'quantity', 'quantity IS NULL', 'fix', '1'),
    ('sessions', 'some_device', 'device', 'device IS NULL', 'fix', '''mobile''');
RESET ROLE;
SELECT shopanalytics.grant_duty('regress_clean_steward', 'propose', 'mapped');
SET SESSION AUTHORIZATION regress_clean_steward;
SET ROLE regress_clean_owner;
SELECT entity, rule, status, rows, items, reason FROM shopanalytics.clean_run('mapped') WHERE kind <> 'flag';
SELECT c.target_schema, c.target_table, i.op, i.key, i.before, i.after, i.rule FROM shopanalytics.change_item i JOIN shopanalytics.change_request c ON c.id = i.request
 WHERE c.tenant = 'mapped' ORDER BY i.request, i.seq;
-- rows that others refer to stay
CREATE TABLE erp.card (branch text, client integer, FOREIGN KEY (branch, client) REFERENCES erp.client ON DELETE CASCADE);
INSERT INTO erp.card VALUES ('a', 1);
SELECT shopanalytics.cr_withdraw(id, 'not now') FROM shopanalytics.change_request WHERE tenant = 'mapped' ORDER BY id;
SELECT rule, status, rows, items, reason FROM shopanalytics.clean_run('mapped', '{duplicate_customer}');
-- a base view that somebody wrote himself
CREATE OR REPLACE VIEW mapped.products WITH (security_invoker = true) AS SELECT g.good_no AS product_id, g.name, g.kind::text AS category, NULL::numeric AS price, NULL::bigint AS row_id FROM erp.good g;
SELECT rule, status, reason FROM shopanalytics.clean_run('mapped', '{missing_category}');

-- A table of somebody else's is not of the tenant, whoever can read it.
RESET SESSION AUTHORIZATION;
CREATE SCHEMA foreign_shop AUTHORIZATION regress_clean_other;
CREATE TABLE foreign_shop.customers (customer_id text PRIMARY KEY, name text);
INSERT INTO foreign_shop.customers VALUES ('1', 'ZED  ZAP');
ALTER TABLE foreign_shop.customers OWNER TO regress_clean_other;
GRANT USAGE ON SCHEMA foreign_shop TO regress_clean_owner;
GRANT SELECT ON foreign_shop.customers TO regress_clean_owner;
SET ROLE regress_clean_owner;
CALL shopanalytics.create_store('borrowed');
CALL shopanalytics.map_table('borrowed', 'customers', 'foreign_shop.customers');
RESET ROLE;
SELECT shopanalytics.grant_duty('regress_clean_steward', 'propose', 'borrowed');
SET SESSION AUTHORIZATION regress_clean_steward;
SET ROLE regress_clean_owner;
SELECT rule, status, reason FROM shopanalytics.clean_run('borrowed', '{untidy_name}');

-- Who has the duty for one table proposes for that.  Whoever logs in, the rules are
-- those of the owner.
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.grant_duty('regress_clean_guest', 'propose', 'tidy', 'tidy.orders');
SET SESSION AUTHORIZATION regress_clean_guest;
SET ROLE regress_clean_owner;
SELECT entity, rule, status, items, reason FROM shopanalytics.clean_run('tidy') WHERE kind <> 'flag' AND rows > 0;
SELECT * FROM shopanalytics.clean_run('second');
SET SESSION AUTHORIZATION regress_clean_steward;
SELECT * FROM shopanalytics.clean_run('tidy');
SELECT * FROM shopanalytics.clean_preview('tidy');
RESET SESSION AUTHORIZATION;
SELECT * FROM base_changes WHERE entity <> 'customers';

-- Nothing is left behind.
SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relname LIKE 'clean %';
DROP VIEW base_changes, base;
DROP TABLE base_before;
DROP VIEW pg_temp.shown;
DROP FUNCTION pg_temp.apply_all(), pg_temp.proposals(float8);
SET client_min_messages = warning;
SET ROLE regress_clean_owner;
CALL shopanalytics.drop_store('borrowed');
CALL shopanalytics.drop_store('mapped', cascade => true);
CALL shopanalytics.drop_store('second');
CALL shopanalytics.drop_store('tidy', cascade => true);
DROP SCHEMA erp CASCADE;
RESET ROLE;
DROP SCHEMA foreign_shop CASCADE;
DELETE FROM shopanalytics.change_item;
DELETE FROM shopanalytics.approval;
DELETE FROM shopanalytics.change_request;
DELETE FROM shopanalytics.duty;
SELECT format('REVOKE CREATE ON DATABASE %I FROM regress_clean_owner, regress_clean_other', current_database()) \gexec
DROP ROLE regress_clean_owner, regress_clean_other, regress_clean_steward, regress_clean_guest;
