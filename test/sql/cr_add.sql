-- Items of a draft: rows to insert, update and delete, what they read and what is refused.
\set SHOW_CONTEXT never
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

RESET SESSION AUTHORIZATION;
DROP VIEW pg_temp.item;
DROP SCHEMA cr_shop CASCADE;
DELETE FROM shopanalytics.change_item;
DELETE FROM shopanalytics.change_request;
SELECT count(shopanalytics.revoke_duty(quote_ident(role_name), duty, tenant, scope)) FROM shopanalytics.duty;
DROP ROLE regress_cr_ann, regress_cr_ben;
