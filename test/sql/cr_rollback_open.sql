-- Taking back what was applied: safely, by force, twice, and taking that back.
\set SHOW_CONTEXT never
TRUNCATE shopanalytics.change_item, shopanalytics.approval, shopanalytics.change_request, shopanalytics.event;
ALTER TABLE shopanalytics.change_request ALTER COLUMN id RESTART;
CREATE ROLE regress_back_ann LOGIN;
CREATE ROLE regress_back_ben LOGIN;
CREATE ROLE regress_back_eve LOGIN;
CREATE ROLE regress_back_tom LOGIN;
CREATE ROLE regress_back_nobody LOGIN;
CREATE SCHEMA back_shop;
GRANT USAGE ON SCHEMA back_shop TO PUBLIC;
SELECT shopanalytics.grant_duty(role::regrole, duty, 'back_shop')
  FROM (VALUES ('regress_back_ann', 'propose'), ('regress_back_ben', 'approve'), ('regress_back_eve', 'approve'), ('regress_back_tom', 'rollback'), ('regress_back_tom', 'apply')) v (role, duty);
CREATE TABLE back_shop.c (id integer PRIMARY KEY, segment text, city text);
INSERT INTO back_shop.c SELECT i, 's' || i, 'c' || i FROM generate_series(1, 5) i;
GRANT SELECT ON back_shop.c TO regress_back_ann;
CREATE FUNCTION public.approve(request bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hash text := (SELECT content_hash FROM shopanalytics.change_request c WHERE c.id = request);
BEGIN
    SET client_min_messages = warning;
    SET SESSION AUTHORIZATION regress_back_ben;
    IF (SELECT status FROM shopanalytics.cr_approve(request, hash)) = 'submitted' THEN
        SET SESSION AUTHORIZATION regress_back_eve;
        PERFORM shopanalytics.cr_approve(request, hash);
    END IF;
    RESET SESSION AUTHORIZATION;
    RESET client_min_messages;
    RETURN (SELECT state FROM shopanalytics.change_request c WHERE c.id = request);
END
$$;
CREATE FUNCTION public.approved(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    request bigint;
BEGIN
    SET SESSION AUTHORIZATION regress_back_ann;
    request := shopanalytics.cr_open('back_shop', 'back_shop.c', 'impute', 'Segments', 'as agreed');
    PERFORM shopanalytics.cr_add_query(request, query);
    PERFORM shopanalytics.cr_submit(request);
    PERFORM public.approve(request);
    RETURN request;
END
$$;
PREPARE items AS SELECT seq, op, key, before, after, status, current, error FROM shopanalytics.change_item WHERE request = $1 ORDER BY seq;
PREPARE requests AS SELECT id, kind, state, outcome, reverts, revert_mode, items, high_risk, approvals_needed, proposer_person FROM shopanalytics.change_request ORDER BY id;

-- 4.G: the request of cr_apply's test, and a rollback after another edit
SELECT public.approved($$SELECT jsonb_build_object('id', id) AS key, '{"segment": "imp"}'::jsonb AS after, 'impute' AS rule FROM back_shop.c ORDER BY id$$) AS request \gset
SET SESSION AUTHORIZATION regress_back_tom;
SELECT shopanalytics.cr_rollback_open(:request);
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
UPDATE back_shop.c SET city = 'new' WHERE id = 1;
UPDATE back_shop.c SET segment = 'human' WHERE id = 2;
UPDATE back_shop.c SET segment = 'imp' WHERE id = 3;
DELETE FROM back_shop.c WHERE id = 4;
SET SESSION AUTHORIZATION regress_back_tom;
CALL shopanalytics.cr_apply(:request, on_conflict => 'skip');
RESET SESSION AUTHORIZATION;
UPDATE back_shop.c SET segment = 'later' WHERE id = 5;
-- who may
SET SESSION AUTHORIZATION regress_back_nobody;
SELECT shopanalytics.cr_rollback_open(:request);
\echo :SQLSTATE
SET SESSION AUTHORIZATION regress_back_ann;
SELECT shopanalytics.cr_rollback_open(:request);
\echo :SQLSTATE
SET SESSION AUTHORIZATION regress_back_tom;
SELECT shopanalytics.cr_rollback_open(:request) AS back \gset
EXECUTE items (:back);
EXECUTE requests;
SELECT title, reason, target_schema, target_table FROM shopanalytics.change_request WHERE id = :back;
-- opened again it is the same one, and nobody edits it
SELECT shopanalytics.cr_rollback_open(:request) = :back AS same;
SELECT shopanalytics.cr_rollback_open(:request, 'force');
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.grant_duty('regress_back_tom', 'propose', 'back_shop');
SET SESSION AUTHORIZATION regress_back_tom;
SELECT shopanalytics.cr_add(:back, 'U', '{"id": 2}', '{"segment": "mine"}');
\echo :SQLSTATE
-- it needs approval, and by somebody else
CALL shopanalytics.cr_apply(:back);
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
SELECT public.approve(:back);
SET SESSION AUTHORIZATION regress_back_tom;
CALL shopanalytics.cr_apply(:back);
\echo :SQLSTATE
SELECT seq, status FROM shopanalytics.change_item WHERE request = :request ORDER BY seq;
CALL shopanalytics.cr_apply(:back, 'batched', 1, 'skip');
EXECUTE items (:request);
EXECUTE items (:back);
EXECUTE requests;
RESET SESSION AUTHORIZATION;
SELECT * FROM back_shop.c ORDER BY id;
-- 4.G rollback again: the same, and nothing changes
SET SESSION AUTHORIZATION regress_back_tom;
SELECT shopanalytics.cr_rollback_open(:request) = :back AS same;
CALL shopanalytics.cr_apply(:back);
\echo :SQLSTATE

-- By force: what could not be taken back before, over what is there now.
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.set_policy('back_shop', auto_approve => true);
SET SESSION AUTHORIZATION regress_back_tom;
SELECT shopanalytics.cr_rollback_open(:request, 'force') AS forced \gset
EXECUTE items (:forced);
SELECT state, approvals_needed FROM shopanalytics.change_request WHERE id = :forced;
RESET SESSION AUTHORIZATION;
SELECT public.approve(:forced);
-- edited since: that is not what was approved to be overwritten
UPDATE back_shop.c SET segment = 'latest' WHERE id = 5;
SET SESSION AUTHORIZATION regress_back_tom;
CALL shopanalytics.cr_apply(:forced);
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
UPDATE back_shop.c SET segment = 'later' WHERE id = 5;
SET SESSION AUTHORIZATION regress_back_tom;
CALL shopanalytics.cr_apply(:forced);
EXECUTE items (:request);
SELECT state, outcome FROM shopanalytics.change_request WHERE id = :request;
SELECT shopanalytics.cr_rollback_open(:request, 'force') = :forced AS same;
-- and the value that was overwritten comes back when that is taken back: approved by policy
SELECT shopanalytics.cr_rollback_open(:forced) AS again \gset
CALL shopanalytics.cr_apply(:again);
SELECT id, state, outcome FROM shopanalytics.change_request WHERE id IN (:forced, :again) ORDER BY id;
RESET SESSION AUTHORIZATION;
SELECT segment FROM back_shop.c WHERE id = 5;

-- Rows that were inserted and deleted, by force.
SELECT public.approved($$
    SELECT 'D' AS op, jsonb_build_object('id', id) AS key, NULL::jsonb AS after FROM back_shop.c WHERE id IN (1, 2, 3)
    UNION ALL SELECT 'I', jsonb_build_object('id', i), '{"segment": "n"}' FROM generate_series(11, 13) i$$) AS request \gset
SET SESSION AUTHORIZATION regress_back_tom;
CALL shopanalytics.cr_apply(:request);
RESET SESSION AUTHORIZATION;
INSERT INTO back_shop.c VALUES (1, 'another', 'new'), (2, 'human', 'c2');
UPDATE back_shop.c SET city = 'x' WHERE id = 11;
DELETE FROM back_shop.c WHERE id = 12;
SET SESSION AUTHORIZATION regress_back_tom;
SELECT shopanalytics.cr_rollback_open(:request) AS back \gset
CALL shopanalytics.cr_apply(:back, on_conflict => 'skip');
SELECT seq, op, key, status, current FROM shopanalytics.change_item WHERE request = :back ORDER BY seq;
SELECT shopanalytics.cr_rollback_open(:request, 'force') AS forced \gset
EXECUTE items (:forced);
RESET SESSION AUTHORIZATION;
SELECT public.approve(:forced);
SET SESSION AUTHORIZATION regress_back_tom;
CALL shopanalytics.cr_apply(:forced);
SELECT state, outcome FROM shopanalytics.change_request WHERE id = :request;
RESET SESSION AUTHORIZATION;
SELECT * FROM back_shop.c ORDER BY id;
SET SESSION AUTHORIZATION regress_back_tom;
SELECT shopanalytics.cr_rollback_open(:forced) AS again \gset
CALL shopanalytics.cr_apply(:again);
RESET SESSION AUTHORIZATION;
SELECT * FROM back_shop.c ORDER BY id;

-- A rollback of a rollback puts back what the first did, and so on.
SELECT public.approved($$SELECT jsonb_build_object('id', id) AS key, '{"segment": "twice"}'::jsonb AS after FROM back_shop.c WHERE id > 10$$) AS request \gset
SET SESSION AUTHORIZATION regress_back_tom;
CALL shopanalytics.cr_apply(:request);
SELECT shopanalytics.cr_rollback_open(:request) AS back \gset
CALL shopanalytics.cr_apply(:back);
SELECT shopanalytics.cr_rollback_open(:back) AS back_back \gset
CALL shopanalytics.cr_apply(:back_back);
SELECT shopanalytics.cr_rollback_open(:back_back) AS back_back_back \gset
CALL shopanalytics.cr_apply(:back_back_back);
RESET SESSION AUTHORIZATION;
SELECT string_agg(segment, ',' ORDER BY id) FROM back_shop.c WHERE id > 10;
SELECT state, outcome, reverts IS NOT NULL AS reverts FROM shopanalytics.change_request WHERE id >= :request ORDER BY id;

-- A request that changed nothing; one whose rollback was rejected or has expired.
SELECT public.approved($$SELECT jsonb_build_object('id', id) AS key, '{"segment": "none"}'::jsonb AS after FROM back_shop.c WHERE id = 5$$) AS request \gset
UPDATE back_shop.c SET segment = 'none' WHERE id = 5;
SET SESSION AUTHORIZATION regress_back_tom;
CALL shopanalytics.cr_apply(:request);
SELECT shopanalytics.cr_rollback_open(:request);
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.reset_policy('back_shop');
SELECT public.approved($$SELECT jsonb_build_object('id', id) AS key, '{"segment": "some"}'::jsonb AS after FROM back_shop.c WHERE id = 5$$) AS request \gset
SET SESSION AUTHORIZATION regress_back_tom;
CALL shopanalytics.cr_apply(:request);
SELECT shopanalytics.cr_rollback_open(:request) AS first \gset
SET SESSION AUTHORIZATION regress_back_ben;
SELECT * FROM shopanalytics.cr_reject(:first);
SET SESSION AUTHORIZATION regress_back_tom;
SELECT shopanalytics.cr_rollback_open(:request) AS second \gset
SELECT :second > :first AS another;
RESET SESSION AUTHORIZATION;
UPDATE shopanalytics.change_request SET expires_at = now() WHERE id = :second;
SET SESSION AUTHORIZATION regress_back_tom;
SELECT shopanalytics.cr_rollback_open(:request) AS third \gset
SELECT :third > :second AS another;
SELECT * FROM shopanalytics.cr_withdraw(:third);
SELECT shopanalytics.cr_rollback_open(:request, 'force') > :third AS another;

-- Bad arguments.
SELECT shopanalytics.cr_rollback_open(NULL);
SELECT shopanalytics.cr_rollback_open(:request, NULL);
SELECT shopanalytics.cr_rollback_open(:request, 'blind');
SELECT shopanalytics.cr_rollback_open(999);

RESET SESSION AUTHORIZATION;
SELECT count(*) > 0 AS taken FROM (SELECT shopanalytics.revoke_duty(quote_ident(role_name), duty, tenant, scope) FROM shopanalytics.duty) d;
SET client_min_messages = warning;
DROP SCHEMA back_shop CASCADE;
DROP FUNCTION public.approved(text), public.approve(bigint);
DROP ROLE regress_back_ann, regress_back_ben, regress_back_eve, regress_back_tom, regress_back_nobody;
