-- The audit knows which request changed a row, and agrees with its items.
\set SHOW_CONTEXT never
TRUNCATE shopanalytics.change_item, shopanalytics.approval, shopanalytics.change_request, shopanalytics.event;
ALTER TABLE shopanalytics.change_request ALTER COLUMN id RESTART;
CREATE ROLE regress_apply_owner;
CREATE ROLE regress_apply_ann LOGIN;
CREATE SCHEMA apply_shop AUTHORIZATION regress_apply_owner;
GRANT USAGE ON SCHEMA apply_shop TO PUBLIC;
SELECT count(shopanalytics.grant_duty(current_user::regrole, duty, 'apply_shop')) FROM unnest('{apply,approve,rollback,admin}'::text[]) duty;
SELECT shopanalytics.grant_duty('regress_apply_ann', 'propose', 'apply_shop'), shopanalytics.set_policy('apply_shop', auto_approve => true);
SET ROLE regress_apply_owner;
CREATE TABLE apply_shop.c (id integer PRIMARY KEY, v text, n integer);
INSERT INTO apply_shop.c SELECT i, 'old', i FROM generate_series(1, 6) i;
GRANT SELECT ON apply_shop.c TO regress_apply_ann;
-- one that would say that another request did it
CREATE FUNCTION apply_shop.lie() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        PERFORM set_config('shopanalytics.request', '99', true);
    EXCEPTION WHEN OTHERS THEN
        RAISE NOTICE 'request %: %', current_setting('shopanalytics.request'), SQLERRM;
    END;
    RETURN NEW;
END
$$;
CREATE TRIGGER lie BEFORE UPDATE ON apply_shop.c FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION apply_shop.lie();
RESET ROLE;
SELECT shopanalytics.audit_enable('apply_shop.c');
SET SESSION AUTHORIZATION regress_apply_ann;
SELECT shopanalytics.cr_open('apply_shop', 'apply_shop.c', 'manual', 'Rows') AS request \gset
SELECT shopanalytics.cr_add_query(:request, $$
    SELECT 'U' AS op, jsonb_build_object('id', i) AS key, '{"v": "new"}'::jsonb AS after FROM generate_series(1, 3) i
    UNION ALL SELECT 'D', '{"id": 4}', NULL UNION ALL SELECT 'I', '{"id": 7}', '{"v": "added"}'$$);
SELECT shopanalytics.cr_submit(:request) AS hash \gset
RESET SESSION AUTHORIZATION;
UPDATE shopanalytics.change_request SET approvals_needed = 1;
SELECT * FROM shopanalytics.cr_approve(:request, :'hash');
UPDATE apply_shop.c SET v = 'human' WHERE id = 2;

-- In a transaction with other statements, which are not the request's.
BEGIN;
UPDATE apply_shop.c SET n = 50 WHERE id = 5;
CALL shopanalytics.cr_apply(:request, on_conflict => 'skip');
SHOW shopanalytics.request;
UPDATE apply_shop.c SET n = 60 WHERE id = 6;
COMMIT;
SELECT shopanalytics.cr_rollback_open(:request) AS back \gset
CALL shopanalytics.cr_apply(:back, 'batched', 2);
SHOW shopanalytics.request;
PREPARE audited AS
SELECT s.request, r.op, r.key, r.before, r.after FROM shopanalytics.audit_row r JOIN shopanalytics.audit_stmt s ON s.id = r.stmt
 WHERE s.schema_name = 'apply_shop' ORDER BY s.request NULLS FIRST, r.key, r.id;
EXECUTE audited;
-- an item that was applied is a row of the audit, and the other way round
SELECT count(*) AS both, count(*) FILTER (WHERE i.seq IS NULL) AS audit_alone, count(*) FILTER (WHERE a.id IS NULL) AS item_alone
  FROM (SELECT r.id, s.request, r.op, r.key FROM shopanalytics.audit_row r JOIN shopanalytics.audit_stmt s ON s.id = r.stmt WHERE s.request IS NOT NULL) a
  FULL JOIN (SELECT * FROM shopanalytics.change_item WHERE status IN ('applied', 'rolled_back', 'rollback_conflict')) i
    ON i.request = a.request AND i.op = a.op::text AND i.key = a.key;

SELECT shopanalytics.audit_disable('apply_shop.c');
DELETE FROM shopanalytics.audit_row;
DELETE FROM shopanalytics.audit_stmt;
DELETE FROM shopanalytics.audited_table;
SELECT count(*) > 0 AS taken FROM (SELECT shopanalytics.revoke_duty(quote_ident(role_name), duty, tenant, scope) FROM shopanalytics.duty) d;
SELECT shopanalytics.reset_policy('apply_shop');
SET client_min_messages = warning;
DROP SCHEMA apply_shop CASCADE;
DROP ROLE regress_apply_owner, regress_apply_ann;
