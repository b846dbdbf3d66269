-- Submitting: the hash of the content, what approval is needed, edits afterwards.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
TRUNCATE shopanalytics.change_item, shopanalytics.approval, shopanalytics.change_request;
ALTER TABLE shopanalytics.change_request ALTER COLUMN id RESTART;
DELETE FROM shopanalytics.event;
CREATE ROLE regress_cr_ann LOGIN;
CREATE ROLE regress_cr_ben LOGIN;
CREATE SCHEMA cr_shop;
GRANT USAGE ON SCHEMA cr_shop TO PUBLIC;
CREATE TABLE cr_shop.orders (id integer PRIMARY KEY, segment text, total numeric);
INSERT INTO cr_shop.orders SELECT i, 's' || i, i FROM generate_series(1, 20) i;
GRANT SELECT ON cr_shop.orders TO PUBLIC;
SELECT shopanalytics.grant_duty('regress_cr_ann', 'propose', 'cr_shop'), shopanalytics.grant_duty('regress_cr_ben', 'approve', 'cr_shop'),
       shopanalytics.grant_duty('regress_cr_ben', 'propose', 'cr_shop');

SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'impute', 'Segments', 'they were lost') AS request \gset
SELECT shopanalytics.cr_submit(:request);
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 10}', '{"segment": "é \"x\"", "total": 1.50}', 'impute', 0.75),
       shopanalytics.cr_add(:request, 'U', '{"id": 9}', '{"segment": null}'),
       shopanalytics.cr_add(:request, 'I', '{"id": 21}', '{"total": "NaN"}');
SELECT next FROM shopanalytics.cr_status;
SELECT shopanalytics.cr_submit(:request) AS hash \gset
SELECT length(:'hash') AS length, shopanalytics.cr_submit(:request) = :'hash' AS same_again;
SELECT state, revision, content_hash = :'hash' AS content_hash, items, high_risk, approvals_needed, expires_at - submitted_at AS lives FROM shopanalytics.change_request;
SELECT next = format('SELECT * FROM shopanalytics.cr_approve(%s, %L)', :request, :'hash') AS next, approved_by FROM shopanalytics.cr_status;

-- The hash by its definition, in plain SQL: leaves of the request and of its items in
-- the order of their keys, 10 before 21 before 9.
WITH leaf AS (
    SELECT n, sha256('\x00' || convert_to(content, 'UTF8')) AS hash
      FROM (VALUES (1, '{"kind": "impute", "table": "orders", "title": "Segments", "format": 1, "reason": "they were lost", "schema": "cr_shop", "tenant": "cr_shop", "request": 1, "reverts": null, "proposer": "regress_cr_ann", "revision": 1, "revert_mode": null}'),
                   (2, '{"op": "U", "key": {"id": 10}, "rule": "impute", "after": {"total": 1.50, "segment": "é \"x\""}, "before": {"total": 10, "segment": "s10"}, "confidence": 0.75}'),
                   (3, '{"op": "I", "key": {"id": 21}, "rule": null, "after": {"id": 21, "total": "NaN"}, "before": null, "confidence": null}'),
                   (4, '{"op": "U", "key": {"id": 9}, "rule": null, "after": {"segment": null}, "before": {"segment": "s9"}, "confidence": null}')) v (n, content))
SELECT encode(sha256('\x01' || sha256('\x01' || a.hash || b.hash) || sha256('\x01' || c.hash || d.hash)), 'hex') = :'hash' AS as_defined
  FROM leaf a, leaf b, leaf c, leaf d WHERE (a.n, b.n, c.n, d.n) = (1, 2, 3, 4);

-- The hash is of the content and of nothing else: no setting of the session, no order in
-- which items came.
RESET SESSION AUTHORIZATION;
SET datestyle = 'German';
SET intervalstyle = 'sql_standard';
SET timezone = 'Asia/Kathmandu';
SET extra_float_digits = -15;
SET client_encoding = 'LATIN1';
SELECT shopanalytics._content_hash(:request) = :'hash' AS same;
RESET ALL;
SET timezone = 'UTC';
BEGIN;
UPDATE shopanalytics.change_item SET seq = 100 - seq;
SELECT shopanalytics._content_hash(:request) = :'hash' AS same;
UPDATE shopanalytics.change_item SET confidence = 0.7500001 WHERE confidence = 0.75;
SELECT shopanalytics._content_hash(:request) = :'hash' AS same;
ROLLBACK;
BEGIN;
UPDATE shopanalytics.change_item SET before = '{"segment": "S9"}' WHERE key = '{"id": 9}';
SELECT shopanalytics._content_hash(:request) = :'hash' AS same;
ROLLBACK;
BEGIN;
DELETE FROM shopanalytics.change_item WHERE key = '{"id": 9}';
SELECT shopanalytics._content_hash(:request) = :'hash' AS same;
ROLLBACK;
BEGIN;
UPDATE shopanalytics.change_request SET title = 'segments';
SELECT shopanalytics._content_hash(:request) = :'hash' AS same;
ROLLBACK;

-- An edit makes it a draft of the next revision; what changes nothing is none.
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 9}', '{"segment": null}') AS the_same;
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 8}', '{"segment": "s8"}') AS nothing;
SELECT shopanalytics.cr_remove(:request, '{"id": 99}') AS nothing;
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 9}', '{"segment": 9}') FROM generate_series(1, 0);
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 9}', '{"segment": "x"}', 'r', 2);
SELECT state, revision, content_hash = :'hash' AS same FROM shopanalytics.change_request;
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 8}', '{"segment": "x"}');
SELECT state, revision, content_hash, high_risk, approvals_needed, submitted_at, expires_at, items FROM shopanalytics.change_request;
SELECT shopanalytics.cr_remove(:request, '{"id": 8}');
SELECT shopanalytics.cr_submit(:request) <> :'hash' AS of_this_revision;
SELECT state, revision FROM shopanalytics.change_request;
-- in one statement as in many
BEGIN;
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 7}', '{"segment": "x"}'), shopanalytics.cr_add(:request, 'U', '{"id": 6}', '{"segment": "x"}');
SELECT state, revision FROM shopanalytics.change_request;
ROLLBACK;
SELECT state, revision FROM shopanalytics.change_request;

-- Nobody else submits or edits it.
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT shopanalytics.cr_submit(:request);
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 7}', '{"segment": "x"}');
SELECT shopanalytics.cr_submit(NULL);
SELECT shopanalytics.cr_submit(0);

-- Risk: rows, share of the table, and every delete.
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.set_policy('cr_shop', 'cr_shop.orders', min_approvals => 2, max_rows => 4, expiry => '36 hours');
SET SESSION AUTHORIZATION regress_cr_ann;
CREATE FUNCTION pg_temp.risk(ops text) RETURNS TABLE (items bigint, high_risk boolean, approvals_needed integer, lives interval) LANGUAGE plpgsql AS $$
DECLARE
    request bigint := shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', 'Risk');
BEGIN
    PERFORM CASE substr(ops, i, 1) WHEN 'U' THEN shopanalytics.cr_add(request, 'U', jsonb_build_object('id', i), '{"segment": "x"}')
                                   WHEN 'D' THEN shopanalytics.cr_add(request, 'D', jsonb_build_object('id', i))
                                   ELSE shopanalytics.cr_add(request, 'I', jsonb_build_object('id', 100 + i)) END
       FROM generate_series(1, length(ops)) i;
    PERFORM shopanalytics.cr_submit(request);
    RETURN QUERY SELECT c.items, c.high_risk, c.approvals_needed, c.expires_at - c.submitted_at FROM shopanalytics.change_request c WHERE c.id = request;
END
$$;
SELECT ops, r.* FROM (VALUES ('UUUU'), ('UUUUU'), ('IIII'), ('IIIII'), ('UD'), ('D')) o (ops), pg_temp.risk(ops) r;
RESET SESSION AUTHORIZATION;
-- a tenth of 20 rows is 2
SELECT shopanalytics.set_policy('cr_shop', 'cr_shop.orders', max_share => 0.1);
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT ops, r.* FROM (VALUES ('UU'), ('UUU'), ('UI')) o (ops), pg_temp.risk(ops) r;
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.set_policy('cr_shop', 'cr_shop.orders', max_share => 0);
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT ops, r.* FROM (VALUES ('U')) o (ops), pg_temp.risk(ops) r;
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.set_policy('cr_shop', 'cr_shop.orders', max_share => 1, max_rows => 0);
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT ops, r.* FROM (VALUES ('U')) o (ops), pg_temp.risk(ops) r;
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.set_policy('cr_shop', 'cr_shop.orders', max_share => 1e-300, auto_approve => true);
SET SESSION AUTHORIZATION regress_cr_ann;
-- what a policy approves by itself is a safe rollback and nothing else
SELECT ops, r.* FROM (VALUES ('U')) o (ops), pg_temp.risk(ops) r;

-- What became of the table counts.
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', 'Gone') AS request \gset
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 7}', '{"segment": "x"}');
RESET SESSION AUTHORIZATION;
ALTER TABLE cr_shop.orders DROP CONSTRAINT orders_pkey;
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_submit(:request);
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 7}', '{"segment": "x"}');
RESET SESSION AUTHORIZATION;
DROP TABLE cr_shop.orders;
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_submit(:request);
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 7}', '{"segment": "x"}');
SELECT shopanalytics.cr_remove(:request, '{"id": 7}');

RESET SESSION AUTHORIZATION;
DROP SCHEMA cr_shop;
DROP FUNCTION pg_temp.risk(text);
DELETE FROM shopanalytics.change_item;
DELETE FROM shopanalytics.change_request;
SELECT count(shopanalytics.revoke_duty(quote_ident(role_name), duty, tenant, scope)) FROM shopanalytics.duty;
SELECT count(shopanalytics.reset_policy(tenant, scope)) FROM shopanalytics.policy;
DROP ROLE regress_cr_ann, regress_cr_ben;
