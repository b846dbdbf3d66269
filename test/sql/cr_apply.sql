-- Applying: what becomes of each item, who may, when, and twice.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
TRUNCATE shopanalytics.change_item, shopanalytics.approval, shopanalytics.change_request, shopanalytics.event;
ALTER TABLE shopanalytics.change_request ALTER COLUMN id RESTART;
CREATE ROLE regress_apply_owner;
CREATE ROLE regress_apply_ann LOGIN;
CREATE ROLE regress_apply_ben LOGIN;
CREATE ROLE regress_apply_eve LOGIN;
CREATE ROLE regress_apply_tom LOGIN;
CREATE ROLE regress_apply_nobody LOGIN;
CREATE SCHEMA apply_shop AUTHORIZATION regress_apply_owner;
GRANT USAGE ON SCHEMA apply_shop TO PUBLIC;
SELECT shopanalytics.grant_duty(role::regrole, duty, 'apply_shop')
  FROM (VALUES ('regress_apply_ann', 'propose'), ('regress_apply_ben', 'approve'), ('regress_apply_eve', 'approve'), ('regress_apply_eve', 'apply'),
               ('regress_apply_tom', 'apply'), ('regress_apply_tom', 'rollback')) v (role, duty);
SET ROLE regress_apply_owner;
CREATE TABLE apply_shop.c (id integer PRIMARY KEY, segment text, city text);
INSERT INTO apply_shop.c SELECT i, 's' || i, 'c' || i FROM generate_series(1, 5) i;
GRANT SELECT ON apply_shop.c TO regress_apply_ann;
RESET ROLE;

-- A request by Ann, approved by Ben, and by Eve where that is needed.
CREATE FUNCTION public.approved(target regclass, query text, title text DEFAULT 'Segments') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    request bigint;
    hash text;
BEGIN
    SET SESSION AUTHORIZATION regress_apply_ann;
    request := shopanalytics.cr_open('apply_shop', target, 'manual', title);
    PERFORM shopanalytics.cr_add_query(request, query);
    hash := shopanalytics.cr_submit(request);
    SET SESSION AUTHORIZATION regress_apply_ben;
    SET client_min_messages = warning;
    IF (SELECT status FROM shopanalytics.cr_approve(request, hash)) = 'submitted' THEN
        SET SESSION AUTHORIZATION regress_apply_eve;
        PERFORM shopanalytics.cr_approve(request, hash);
    END IF;
    RESET client_min_messages;
    RESET SESSION AUTHORIZATION;
    RETURN request;
END
$$;
PREPARE items AS SELECT seq, op, key, status, current, error, applied_at IS NOT NULL AS applied FROM shopanalytics.change_item WHERE request = $1 ORDER BY seq;
\set all 'SELECT jsonb_build_object(''id'', id) AS key, ''{"segment": "imp"}''::jsonb AS after FROM apply_shop.c ORDER BY id'

-- 4.G: what others did between the proposal and now
SELECT approved('apply_shop.c', :'all') AS request \gset
UPDATE apply_shop.c SET city = 'new' WHERE id = 1;
UPDATE apply_shop.c SET segment = 'human' WHERE id = 2;
UPDATE apply_shop.c SET segment = 'imp' WHERE id = 3;
DELETE FROM apply_shop.c WHERE id = 4;
-- 4.G atomic mode on the same data
SET SESSION AUTHORIZATION regress_apply_tom;
CALL shopanalytics.cr_apply(:request);
\echo :SQLSTATE
EXECUTE items (:request);
SELECT state, outcome, applied_at FROM shopanalytics.change_request WHERE id = :request;
RESET SESSION AUTHORIZATION;
SELECT * FROM apply_shop.c ORDER BY id;
-- and in batches: the first batch with such an item is undone
SET SESSION AUTHORIZATION regress_apply_tom;
CALL shopanalytics.cr_apply(:request, 'batched', 1);
EXECUTE items (:request);
SELECT state, outcome, pending, applied, conflict FROM shopanalytics.cr_progress(:request);
CALL shopanalytics.cr_apply(:request, 'batched', 2, 'skip');
EXECUTE items (:request);
SELECT * FROM shopanalytics.cr_progress(:request);
SELECT state, outcome, applied_at IS NOT NULL AS applied FROM shopanalytics.change_request WHERE id = :request;
-- a second run changes nothing
CALL shopanalytics.cr_apply(:request, on_conflict => 'skip');
RESET SESSION AUTHORIZATION;
SELECT * FROM apply_shop.c ORDER BY id;
SELECT type, login, detail - 'content_hash' AS detail FROM shopanalytics.event WHERE type LIKE 'request%' ORDER BY id;

-- In a transaction of the caller's: all or nothing with the rest of it.
SELECT approved('apply_shop.c', $$SELECT jsonb_build_object('id', id) AS key, '{"city": "x"}'::jsonb AS after FROM apply_shop.c ORDER BY id$$) AS request \gset
GRANT SELECT ON apply_shop.c TO regress_apply_tom;
CREATE FUNCTION public.apply(request bigint, mode text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CALL shopanalytics.cr_apply(request, mode);
END
$$;
CREATE FUNCTION public.try_to_apply(request bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    CALL shopanalytics.cr_apply(request);
    RETURN 'applied';
EXCEPTION WHEN SQLSTATE 'SA004' THEN
    RETURN SQLERRM;
END
$$;
SET SESSION AUTHORIZATION regress_apply_tom;
BEGIN;
CALL shopanalytics.cr_apply(:request, 'batched');
ROLLBACK;
BEGIN;
CALL shopanalytics.cr_apply(:request);
\echo :SQLSTATE
SELECT string_agg(city, ',' ORDER BY id) AS cities, (SELECT state FROM shopanalytics.change_request WHERE id = :request) AS state FROM apply_shop.c;
ROLLBACK;
SELECT string_agg(city, ',' ORDER BY id) AS cities, (SELECT state FROM shopanalytics.change_request WHERE id = :request) AS state FROM apply_shop.c;
SELECT public.apply(:request, 'batched');
SELECT public.apply(:request, 'atomic');
SELECT string_agg(city, ',' ORDER BY id) AS cities, (SELECT state FROM shopanalytics.change_request WHERE id = :request) AS state FROM apply_shop.c;
RESET SESSION AUTHORIZATION;
-- an error is one, and what is locked is not for long
SELECT approved('apply_shop.c', $$SELECT jsonb_build_object('id', id) AS key, '{"city": "y"}'::jsonb AS after FROM apply_shop.c ORDER BY id$$) AS request \gset
UPDATE apply_shop.c SET city = 'z' WHERE id = 5;
SET SESSION AUTHORIZATION regress_apply_tom;
SELECT public.try_to_apply(:request);
SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'object' AND classid = 'shopanalytics.change_request'::regclass) AS locks;
EXECUTE items (:request);
CALL shopanalytics.cr_apply(:request, on_conflict => 'skip');
SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'object' AND classid = 'shopanalytics.change_request'::regclass) AS locks;
RESET SESSION AUTHORIZATION;

-- What stands in the way.
SET SESSION AUTHORIZATION regress_apply_ann;
SELECT shopanalytics.cr_open('apply_shop', 'apply_shop.c', 'manual', 'Cities') AS request \gset
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"city": "q"}');
SET SESSION AUTHORIZATION regress_apply_tom;
CALL shopanalytics.cr_apply(:request);
\echo :SQLSTATE
SET SESSION AUTHORIZATION regress_apply_ann;
SELECT shopanalytics.cr_submit(:request) AS hash \gset
SET SESSION AUTHORIZATION regress_apply_tom;
CALL shopanalytics.cr_apply(:request);
\echo :SQLSTATE
SET SESSION AUTHORIZATION regress_apply_ben;
SELECT * FROM shopanalytics.cr_approve(:request, :'hash');
CALL shopanalytics.cr_apply(:request);
\echo :SQLSTATE
SET SESSION AUTHORIZATION regress_apply_ann;
CALL shopanalytics.cr_apply(:request);
\echo :SQLSTATE
SET SESSION AUTHORIZATION regress_apply_nobody;
CALL shopanalytics.cr_apply(:request);
\echo :SQLSTATE
SELECT count(*) FROM shopanalytics.cr_progress(:request);
-- 4.G approved, then edited: the approval is of another revision
SET SESSION AUTHORIZATION regress_apply_ann;
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 1}', '{"city": "r"}');
SET SESSION AUTHORIZATION regress_apply_tom;
CALL shopanalytics.cr_apply(:request);
\echo :SQLSTATE
SET SESSION AUTHORIZATION regress_apply_ann;
SELECT shopanalytics.cr_submit(:request) AS hash \gset
RESET SESSION AUTHORIZATION;
-- the state alone is not believed
BEGIN;
UPDATE shopanalytics.change_request SET state = 'approved' WHERE id = :request;
SET LOCAL SESSION AUTHORIZATION regress_apply_tom;
CALL shopanalytics.cr_apply(:request);
\echo :SQLSTATE
ROLLBACK;
SET SESSION AUTHORIZATION regress_apply_ben;
SELECT * FROM shopanalytics.cr_approve(:request, :'hash');
RESET SESSION AUTHORIZATION;
-- nor is the hash that was once made
BEGIN;
UPDATE shopanalytics.change_item SET after = '{"city": "my own"}' WHERE request = :request;
SET LOCAL SESSION AUTHORIZATION regress_apply_tom;
CALL shopanalytics.cr_apply(:request);
\echo :SQLSTATE
ROLLBACK;
BEGIN;
UPDATE shopanalytics.approval SET person = 'regress_apply_ann' WHERE request = :request AND revision = 2;
SET LOCAL SESSION AUTHORIZATION regress_apply_tom;
CALL shopanalytics.cr_apply(:request);
\echo :SQLSTATE
ROLLBACK;
-- 4.G after expiry
BEGIN;
UPDATE shopanalytics.change_request SET expires_at = now() WHERE id = :request;
SET LOCAL SESSION AUTHORIZATION regress_apply_tom;
CALL shopanalytics.cr_apply(:request);
\echo :SQLSTATE
ROLLBACK;
-- 4.G who approved last may not apply, where the policy says so
SELECT shopanalytics.set_policy('apply_shop', require_distinct_applier => true);
SELECT shopanalytics.grant_duty('regress_apply_ben', 'apply', 'apply_shop');
SET SESSION AUTHORIZATION regress_apply_ben;
CALL shopanalytics.cr_apply(:request);
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.trust_broker('regress_apply_tom');
SET SESSION AUTHORIZATION regress_apply_tom;
CALL shopanalytics.cr_apply(:request);
\echo :SQLSTATE
SET shopanalytics.actor = 'regress_apply_ben';
CALL shopanalytics.cr_apply(:request);
\echo :SQLSTATE
SET shopanalytics.actor = 'tom';
CALL shopanalytics.cr_apply(:request);
\echo :SQLSTATE
RESET shopanalytics.actor;
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.distrust_broker('regress_apply_tom'), shopanalytics.reset_policy('apply_shop');
SELECT city FROM apply_shop.c WHERE id = 1;

-- Of another tenant, of a table that is no longer what it was.
SELECT approved('apply_shop.c', $$SELECT '{"id": 1}'::jsonb AS key, '{"city": "s"}'::jsonb AS after$$) AS request \gset
SELECT shopanalytics.revoke_duty('regress_apply_ben', 'apply', 'apply_shop');
SELECT shopanalytics.grant_duty('regress_apply_ben', 'apply', 'other_shop');
SET SESSION AUTHORIZATION regress_apply_ben;
CALL shopanalytics.cr_apply(:request);
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
ALTER TABLE apply_shop.c RENAME TO d;
SET SESSION AUTHORIZATION regress_apply_tom;
CALL shopanalytics.cr_apply(:request);
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
ALTER TABLE apply_shop.d RENAME TO c;
ALTER TABLE apply_shop.c RENAME city TO town;
SET SESSION AUTHORIZATION regress_apply_tom;
CALL shopanalytics.cr_apply(:request);
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
ALTER TABLE apply_shop.c RENAME town TO city;
CREATE RULE none AS ON DELETE TO apply_shop.c DO INSTEAD NOTHING;
SET SESSION AUTHORIZATION regress_apply_tom;
CALL shopanalytics.cr_apply(:request);
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
DROP RULE none ON apply_shop.c;

-- Bad arguments.
SET SESSION AUTHORIZATION regress_apply_tom;
CALL shopanalytics.cr_apply(NULL);
\echo :SQLSTATE
CALL shopanalytics.cr_apply(:request, NULL);
\echo :SQLSTATE
CALL shopanalytics.cr_apply(:request, 'all');
\echo :SQLSTATE
CALL shopanalytics.cr_apply(:request, batch_size => 0);
\echo :SQLSTATE
CALL shopanalytics.cr_apply(:request, batch_size => 100001);
\echo :SQLSTATE
CALL shopanalytics.cr_apply(:request, on_conflict => 'ignore');
\echo :SQLSTATE
CALL shopanalytics.cr_apply(999);
\echo :SQLSTATE
-- The parts of it check by themselves.
SELECT * FROM shopanalytics._apply_batch(:request, 0, 10, 'skip', 1);
SELECT * FROM shopanalytics._apply_atomic(:request, 10, 'skip');
SELECT * FROM shopanalytics._apply_finish(:request, false);
SELECT * FROM shopanalytics._apply_batch(999, 0, 10, 'skip', 1);
BEGIN;
SELECT * FROM shopanalytics._apply_start(:request, 'atomic', 10, 'skip', false);
SELECT * FROM shopanalytics._apply_finish(:request, false);
ROLLBACK;
SET SESSION AUTHORIZATION regress_apply_nobody;
SELECT * FROM shopanalytics._apply_start(:request, 'atomic', 10, 'skip', false);
SELECT * FROM shopanalytics._apply_batch(:request, 0, 10, 'skip', 1);
SELECT * FROM shopanalytics._apply_atomic(:request, 10, 'skip');
SELECT * FROM shopanalytics._apply_finish(:request, false);
SELECT shopanalytics._lock_apply(0, 1, 0, true);
SELECT shopanalytics._apply_items(10, 'SELECT $1', '[]');
RESET SESSION AUTHORIZATION;

SELECT count(*) > 0 AS taken FROM (SELECT shopanalytics.revoke_duty(quote_ident(role_name), duty, tenant, scope) FROM shopanalytics.duty) d;
SET client_min_messages = warning;
DROP SCHEMA apply_shop CASCADE;
DROP FUNCTION public.approved(regclass, text, text), public.apply(bigint, text), public.try_to_apply(bigint);
DROP ROLE regress_apply_owner, regress_apply_ann, regress_apply_ben, regress_apply_eve, regress_apply_tom, regress_apply_nobody;
