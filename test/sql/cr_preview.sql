-- What a request would do now: 4.G as far as it can be seen before it is done.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
TRUNCATE shopanalytics.change_item, shopanalytics.approval, shopanalytics.change_request;
ALTER TABLE shopanalytics.change_request ALTER COLUMN id RESTART;
DELETE FROM shopanalytics.event;
CREATE ROLE regress_cr_ann LOGIN;
CREATE ROLE regress_cr_ben LOGIN;
CREATE ROLE regress_cr_nobody LOGIN;
CREATE SCHEMA cr_shop;
GRANT USAGE ON SCHEMA cr_shop TO PUBLIC;
CREATE TABLE cr_shop.c (id integer PRIMARY KEY, segment text, city text, secret text);
INSERT INTO cr_shop.c SELECT i, 's' || i, 'c' || i FROM generate_series(1, 9) i;
GRANT SELECT ON cr_shop.c TO regress_cr_ann;
GRANT SELECT (id, segment, city) ON cr_shop.c TO regress_cr_ben;
SELECT shopanalytics.grant_duty('regress_cr_ann', 'propose', 'cr_shop'), shopanalytics.grant_duty('regress_cr_ben', 'review', 'cr_shop', 'cr_shop.c');

SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.c', 'impute', 'Segments') AS request \gset
SELECT count(shopanalytics.cr_add(:request, 'U', jsonb_build_object('id', i), '{"segment": "imp"}')) FROM generate_series(1, 5) i;
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 6}', '{"segment": "imp", "city": null}');
SELECT shopanalytics.cr_add(:request, 'I', '{"id": 20}', '{"segment": "new"}'), shopanalytics.cr_add(:request, 'I', '{"id": 21}', '{"segment": "new"}'),
       shopanalytics.cr_add(:request, 'I', '{"id": 22}', '{"segment": "new"}');
SELECT * FROM shopanalytics.cr_preview(:request);

-- 4.G between: city of 1 edited, segment of 2 another, segment of 3 right already, row 4 deleted
RESET SESSION AUTHORIZATION;
UPDATE cr_shop.c SET city = 'edited' WHERE id = 1;
UPDATE cr_shop.c SET segment = 'human' WHERE id = 2;
UPDATE cr_shop.c SET segment = 'imp' WHERE id = 3;
DELETE FROM cr_shop.c WHERE id = 4;
-- one column of two is right already: the other is still to do
UPDATE cr_shop.c SET city = NULL WHERE id = 6;
-- of what is to be inserted one is there, and another row in the place of one
INSERT INTO cr_shop.c VALUES (21, 'new'), (22, 'old');
SELECT txid_current_if_assigned() IS NULL AS not_written;
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT * FROM shopanalytics.cr_preview(:request);
SELECT verdict, count(DISTINCT seq) FROM shopanalytics.cr_preview(:request) GROUP BY verdict ORDER BY verdict COLLATE "C";
-- a look at the first items
SELECT seq, column_name FROM shopanalytics.cr_preview(:request, 2);
SELECT count(*) FROM shopanalytics.cr_preview(:request, 0);
SELECT count(*) FROM shopanalytics.cr_preview(:request, 1000000);
SELECT count(*) FROM shopanalytics.cr_preview(:request, -1);
-- it writes nothing
BEGIN READ ONLY;
SELECT count(*) FROM shopanalytics.cr_preview(:request);
COMMIT;

-- What is to be deleted.
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.c', 'dedupe', 'Twins') AS other \gset
SELECT count(shopanalytics.cr_add(:other, 'D', jsonb_build_object('id', i))) FROM generate_series(7, 9) i;
RESET SESSION AUTHORIZATION;
UPDATE cr_shop.c SET city = 'edited' WHERE id = 7;
DELETE FROM cr_shop.c WHERE id = 8;
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT * FROM shopanalytics.cr_preview(:other);
-- with the caller's rights, also to columns
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT * FROM shopanalytics.cr_preview(:other);

-- Who does not see a row by row security does not see it here.
RESET SESSION AUTHORIZATION;
ALTER TABLE cr_shop.c ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON cr_shop.c USING (id > 1);
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT key, current, verdict FROM shopanalytics.cr_preview(:request) WHERE key <@ '{"id": 1}' OR key <@ '{"id": 2}';
RESET SESSION AUTHORIZATION;
ALTER TABLE cr_shop.c DISABLE ROW LEVEL SECURITY;

-- A column that is gone, and a table.
ALTER TABLE cr_shop.c DROP COLUMN city;
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT * FROM shopanalytics.cr_preview(:request) WHERE key = '{"id": 6}';
RESET SESSION AUTHORIZATION;
DROP TABLE cr_shop.c;
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT * FROM shopanalytics.cr_preview(:request);

-- Bad input, and who has no duty.
SELECT * FROM shopanalytics.cr_preview(NULL);
SELECT * FROM shopanalytics.cr_preview(0);
SET SESSION AUTHORIZATION regress_cr_nobody;
SELECT * FROM shopanalytics.cr_preview(:request);

RESET SESSION AUTHORIZATION;
DROP SCHEMA cr_shop;
DELETE FROM shopanalytics.change_item;
DELETE FROM shopanalytics.change_request;
SELECT count(shopanalytics.revoke_duty(quote_ident(role_name), duty, tenant, scope)) FROM shopanalytics.duty;
DROP ROLE regress_cr_ann, regress_cr_ben, regress_cr_nobody;
