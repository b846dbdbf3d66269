-- Items of a draft: rows to insert, update and delete, what they read and what is refused.
\set SHOW_CONTEXT never
TRUNCATE shopanalytics.change_item, shopanalytics.approval, shopanalytics.change_request;
ALTER TABLE shopanalytics.change_request ALTER COLUMN id RESTART;
DELETE FROM shopanalytics.event;
SET timezone = 'America/New_York';
CREATE ROLE regress_cr_ann LOGIN;
CREATE ROLE regress_cr_ben LOGIN;
CREATE SCHEMA cr_shop;
GRANT USAGE ON SCHEMA cr_shop TO PUBLIC;
CREATE TYPE cr_shop.status AS ENUM ('new', 'paid');
CREATE DOMAIN cr_shop.positive AS numeric(8,2) CHECK (VALUE > 0);
CREATE TABLE cr_shop.orders (
    id integer PRIMARY KEY,
    segment text,
    status cr_shop.status NOT NULL DEFAULT 'new',
    total cr_shop.positive,
    ordered_at timestamptz,
    quantity smallint NOT NULL DEFAULT 1,
    code varchar(4),
    double_total numeric GENERATED ALWAYS AS (total * 2) STORED,
    secret text
);
INSERT INTO cr_shop.orders (id, segment, total, ordered_at) SELECT i, 's' || i, i, '2026-03-01 12:00+00' FROM generate_series(1, 9) i;
GRANT SELECT (id, segment, status, total, ordered_at, quantity, code, double_total) ON cr_shop.orders TO regress_cr_ann;
GRANT SELECT ON cr_shop.orders TO regress_cr_ben;
SELECT shopanalytics.grant_duty('regress_cr_ann', 'propose', 'cr_shop'), shopanalytics.grant_duty('regress_cr_ben', 'propose', 'cr_shop');
CREATE VIEW pg_temp.item AS SELECT seq, op, key, before, after, rule, confidence FROM shopanalytics.change_item WHERE request = (SELECT max(id) FROM shopanalytics.change_request);
GRANT SELECT ON pg_temp.item TO PUBLIC;

SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', 'Items') AS request \gset
-- What is as it was is left out; a value stands as the column will hold it.
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"segment": "imp", "total": 1, "quantity": "3"}', 'impute', 0.9);
SELECT shopanalytics.cr_add(:request, 'U', '{"id": "2"}', '{"total": 7.005, "ordered_at": "2026-03-01 08:00 America/New_York"}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 3}', '{"segment": null, "status": "paid", "ordered_at": null}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 4}', '{"segment": "s4", "total": "4.00", "status": "new"}') AS nothing_changes;
SELECT shopanalytics.cr_add(:request, 'I', '{"id": 20}', '{"segment": "x", "total": "5", "ordered_at": "2026-03-01T00:00:00"}');
SELECT shopanalytics.cr_add(:request, 'I', '{"id": 21}');
SELECT * FROM pg_temp.item ORDER BY seq;
SELECT items, state FROM shopanalytics.change_request WHERE id = :request;

-- A row has one item: the later value of a column counts, and the same again is nothing new.
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"segment": "imp", "quantity": 3}', 'impute', 0.9) AS the_same;
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"segment": "other"}', 'guess', 0.5) AS another_value;
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 3}', '{"segment": "s3", "quantity": 2}', 'undo') AS one_column_back;
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 2}', '{"total": 2}') AS all_back;
SELECT shopanalytics.cr_add(:request, 'I', '{"id": 20}', '{"segment": "y"}') AS other_insert;
SELECT * FROM pg_temp.item ORDER BY seq;
SELECT items FROM shopanalytics.change_request WHERE id = :request;

-- To delete is to know all of the row, but what is generated.
SELECT shopanalytics.cr_add(:request, 'D', '{"id": 5}');
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'dedupe', 'More') AS other \gset
SELECT shopanalytics.cr_add(:other, 'D', '{"id": 5}', NULL, 'dedupe');
SELECT shopanalytics.cr_add(:other, 'D', '{"id": 5}', NULL, 'dedupe') AS again;
SELECT shopanalytics.cr_add(:other, 'U', '{"id": 6}', '{"segment": "z"}'), shopanalytics.cr_add(:other, 'D', '{"id": 6}') AS deleted_after_all;
SELECT shopanalytics.cr_add(:other, 'D', '{"id": 7}'), shopanalytics.cr_add(:other, 'U', '{"id": 7}', '{"segment": "z"}') AS kept_after_all;
SELECT * FROM pg_temp.item ORDER BY seq;
-- taken out again
SELECT shopanalytics.cr_remove(:other, '{"id": 5}'), shopanalytics.cr_remove(:other, '{"id": 5}') AS again, shopanalytics.cr_remove(:other, '{"id": 99}') AS unknown;
SELECT items, (SELECT count(*) FROM pg_temp.item) AS counted FROM shopanalytics.change_request WHERE id = :other;
-- it is no business of anybody else
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"segment": "mine"}');
SELECT shopanalytics.cr_remove(:request, '{"id": 1}');
SET SESSION AUTHORIZATION regress_cr_ann;

-- What is refused.
\echo '-- keys'
SELECT shopanalytics.cr_add(:request, 'U', '{"segment": "s1"}', '{"quantity": 2}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1, "segment": "s1"}', '{"quantity": 2}');
SELECT shopanalytics.cr_add(:request, 'U', '{}', '{"quantity": 2}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": null}', '{"quantity": 2}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": "one"}', '{"quantity": 2}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 99999999999}', '{"quantity": 2}');
SELECT shopanalytics.cr_add(:request, 'U', '[1]', '{"quantity": 2}');
SELECT shopanalytics.cr_add(:request, 'U', '1', '{"quantity": 2}');
SELECT shopanalytics.cr_add(:request, 'U', 'null', '{"quantity": 2}');
SELECT shopanalytics.cr_add(:request, 'U', NULL, '{"quantity": 2}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 99}', '{"quantity": 2}');
SELECT shopanalytics.cr_add(:request, 'D', '{"id": 99}');
SELECT shopanalytics.cr_add(:request, 'I', '{"id": 1}', '{"quantity": 2}');
\echo '-- columns'
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"quantitty": 2}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"double_total": 2}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"id": 2}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"secret": "x"}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"xmin": "1"}');
SELECT shopanalytics.cr_add(:request, 'I', '{"id": 22}', '{"double_total": 2}');
SELECT shopanalytics.cr_add(:request, 'I', '{"id": 22}', '{"id": 23}');
\echo '-- values'
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"quantity": "many"}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"quantity": 32768}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"quantity": null}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"status": "lost"}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"total": 0}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"total": 1000000}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"code": "12345"}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"ordered_at": "soon"}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"segment": "x", "code": {"a": 1}}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '[]');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', 'null');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}');
SELECT shopanalytics.cr_add(:request, 'I', '{"id": 22}', '{"quantity": null}');
SELECT shopanalytics.cr_add(:request, 'I', '{"id": 22}', '{"total": -1}');
SELECT shopanalytics.cr_add(:request, 'I', '{"id": 22}', '1');
SELECT shopanalytics.cr_add(:request, 'D', '{"id": 1}', '{"quantity": 2}');
SELECT shopanalytics.cr_add(:request, 'X', '{"id": 1}', '{"quantity": 2}');
SELECT shopanalytics.cr_add(:request, 'u', '{"id": 1}', '{"quantity": 2}');
SELECT shopanalytics.cr_add(:request, NULL, '{"id": 1}', '{"quantity": 2}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"quantity": 2}', repeat('x', 1000000));
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"quantity": 2}', 'x', 1.01);
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"quantity": 2}', 'x', 'NaN');
SELECT shopanalytics.cr_add(NULL, 'U', '{"id": 1}', '{"quantity": 2}');
SELECT shopanalytics.cr_add(0, 'U', '{"id": 1}', '{"quantity": 2}');
SELECT shopanalytics.cr_remove(NULL, '{"id": 1}');
SELECT shopanalytics.cr_remove(:request, NULL);
-- nothing of all that is left
SELECT items, (SELECT count(*) FROM shopanalytics.change_item WHERE request = :request) AS counted FROM shopanalytics.change_request WHERE id = :request;

-- Other keys and tables: of two columns in another order, of a domain, case-insensitive,
-- generated by the table; partitioned, with an heir, with as many columns as can be.
RESET SESSION AUTHORIZATION;
CREATE DOMAIN cr_shop.code AS text CHECK (VALUE ~ '^[A-Z]+$');
CREATE TABLE cr_shop.part (b text, a cr_shop.code, v integer, PRIMARY KEY (a, b)) PARTITION BY LIST (b);
CREATE TABLE cr_shop.part_x PARTITION OF cr_shop.part FOR VALUES IN ('x', 'y');
CREATE TABLE cr_shop.numbered (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, other integer GENERATED BY DEFAULT AS IDENTITY, v integer);
CREATE TABLE cr_shop.parent (id integer PRIMARY KEY, v integer);
CREATE TABLE cr_shop.heir (more text) INHERITS (cr_shop.parent);
INSERT INTO cr_shop.part VALUES ('x', 'A', 1), ('y', 'A', 2);
INSERT INTO cr_shop.numbered (v) VALUES (1);
INSERT INTO cr_shop.parent VALUES (1, 1);
INSERT INTO cr_shop.heir VALUES (2, 2);
DO $$
BEGIN
    EXECUTE 'CREATE TABLE cr_shop.wide (id integer PRIMARY KEY, ' || (SELECT string_agg(format('c%s integer', i), ', ') FROM generate_series(1, 1599) i) || ')';
END $$;
INSERT INTO cr_shop.wide (id, c7) VALUES (1, 7);
GRANT SELECT ON ALL TABLES IN SCHEMA cr_shop TO regress_cr_ann;
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.part', 'manual', 'Parts') AS request \gset
SELECT shopanalytics.cr_add(:request, 'U', '{"b": "y", "a": "A"}', '{"v": 3}'), shopanalytics.cr_add(:request, 'I', '{"b": "x", "a": "B"}');
SELECT shopanalytics.cr_add(:request, 'U', '{"a": "A"}', '{"v": 3}');
SELECT shopanalytics.cr_add(:request, 'U', '{"b": "y", "a": "lower"}', '{"v": 3}');
SELECT shopanalytics.cr_add(:request, 'U', '{"b": "y", "a": null}', '{"v": 3}');
SELECT op, key, before, after FROM shopanalytics.change_item WHERE request = :request ORDER BY seq;
-- columns that are called as what queries call theirs
RESET SESSION AUTHORIZATION;
CREATE TABLE cr_shop.named (n integer, k text, v integer, t integer, a integer, b integer, k1 integer, c2 integer, "row" integer, image jsonb, f1 integer, PRIMARY KEY (k, n));
INSERT INTO cr_shop.named VALUES (1, 'k', 3, 4, 5, 6, 7, 8, 9, '{}', 11);
GRANT SELECT ON cr_shop.named TO PUBLIC;
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.named', 'manual', 'Names') AS request \gset
SELECT shopanalytics.cr_add(:request, 'U', '{"n": 1, "k": "k"}', '{"v": 0, "t": 0, "a": 0, "b": 0, "k1": 0, "c2": 0, "row": 0, "image": [], "f1": 0}');
SELECT before, after FROM shopanalytics.change_item WHERE request = :request;
SELECT shopanalytics.cr_add(:request, 'D', '{"n": 1, "k": "k"}'), shopanalytics.cr_add(:request, 'I', '{"n": 2, "k": "k"}', '{"a": 1, "b": 2}');
SELECT op, before, after FROM shopanalytics.change_item WHERE request = :request ORDER BY seq;
SELECT seq, column_name, verdict FROM shopanalytics.cr_preview(:request);
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.numbered', 'manual', 'Numbers') AS request \gset
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"v": 3, "other": 9}');
SELECT shopanalytics.cr_add(:request, 'I', '{"id": 2}', '{"v": 3}');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.parent', 'manual', 'Parent') AS request \gset
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"v": 3}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 2}', '{"v": 3}');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.wide', 'manual', 'Wide') AS request \gset
SELECT shopanalytics.cr_add_query(:request, $$SELECT '{"id": 1}'::jsonb AS key, jsonb_object_agg('c' || i, i) AS after FROM generate_series(1, 1599) i$$);
SELECT (SELECT count(*) FROM jsonb_object_keys(after)) AS columns, before -> 'c1' AS c1, before ? 'c7' AS c7 FROM shopanalytics.change_item WHERE request = :request;
SELECT count(*), count(DISTINCT verdict), min(verdict) FROM shopanalytics.cr_preview(:request);

-- Row security hides rows from who proposes; code of the table runs with his rights.
RESET SESSION AUTHORIZATION;
CREATE FUNCTION cr_shop.tell(text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'asked by %', current_user;
    RETURN true;
END $$;
CREATE DOMAIN cr_shop.told AS text CHECK (cr_shop.tell(VALUE));
CREATE TABLE cr_shop.secured (id integer PRIMARY KEY, owner name, v cr_shop.told);
INSERT INTO cr_shop.secured (id, owner) VALUES (1, 'regress_cr_ann'), (2, 'regress_cr_ben');
ALTER TABLE cr_shop.secured ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON cr_shop.secured USING (owner = current_user AND cr_shop.tell('row'));
GRANT SELECT ON cr_shop.secured TO PUBLIC;
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.secured', 'manual', 'Secured') AS request \gset
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"v": "x"}');
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 2}', '{"v": "x"}');

-- Who has no duty gets nowhere.
RESET SESSION AUTHORIZATION;
CREATE ROLE regress_cr_nobody LOGIN;
SET SESSION AUTHORIZATION regress_cr_nobody;
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"v": "x"}');
SELECT shopanalytics.cr_remove(:request, '{"id": 1}');
SELECT shopanalytics.cr_submit(:request);
SELECT shopanalytics._find_bad_value(0, 0, '', '{}', '[]');
SELECT shopanalytics._value_problem(0, '', '', '', false, '[]');
SELECT shopanalytics._as_role(10, 'SELECT 1', NULL);

RESET SESSION AUTHORIZATION;
DROP ROLE regress_cr_nobody;
SET client_min_messages = warning;
DROP VIEW pg_temp.item;
DROP SCHEMA cr_shop CASCADE;
DELETE FROM shopanalytics.change_item;
DELETE FROM shopanalytics.change_request;
SELECT count(shopanalytics.revoke_duty(quote_ident(role_name), duty, tenant, scope)) FROM shopanalytics.duty;
DROP ROLE regress_cr_ann, regress_cr_ben;
