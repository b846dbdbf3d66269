-- Triggers, domains and policies of the target's owner: they run as the owner, and what
-- they make of a row is seen.
\set SHOW_CONTEXT never
TRUNCATE shopanalytics.change_item, shopanalytics.approval, shopanalytics.change_request, shopanalytics.event;
ALTER TABLE shopanalytics.change_request ALTER COLUMN id RESTART;
CREATE ROLE regress_apply_owner LOGIN;
CREATE ROLE regress_apply_ann LOGIN;
CREATE ROLE regress_apply_ben LOGIN;
CREATE ROLE regress_apply_eve LOGIN;
CREATE SCHEMA apply_shop AUTHORIZATION regress_apply_owner;
GRANT USAGE ON SCHEMA apply_shop TO PUBLIC;
SELECT count(shopanalytics.grant_duty('regress_apply_ann', duty, 'apply_shop')) FROM unnest('{propose,rollback}'::text[]) duty;
SELECT count(shopanalytics.grant_duty(current_user::regrole, duty, 'apply_shop')) FROM unnest('{approve,apply,rollback,propose}'::text[]) duty;
SELECT shopanalytics.grant_duty('regress_apply_ben', 'apply', 'apply_shop'), shopanalytics.grant_duty('regress_apply_eve', 'approve', 'apply_shop');
SELECT shopanalytics.set_policy('apply_shop', auto_approve => true);
ALTER DEFAULT PRIVILEGES FOR ROLE regress_apply_owner IN SCHEMA apply_shop GRANT SELECT ON TABLES TO regress_apply_ann;

-- Ann proposes, Eve approves, and a superuser where that is needed.
CREATE FUNCTION public.approved(target regclass, query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    request bigint;
BEGIN
    SET SESSION AUTHORIZATION regress_apply_ann;
    request := shopanalytics.cr_open('apply_shop', target, 'manual', 'Rows');
    PERFORM shopanalytics.cr_add_query(request, query);
    PERFORM shopanalytics.cr_submit(request);
    SET SESSION AUTHORIZATION regress_apply_eve;
    SET client_min_messages = warning;
    PERFORM shopanalytics.cr_approve(request, (SELECT content_hash FROM shopanalytics.change_request c WHERE c.id = request));
    RESET SESSION AUTHORIZATION;
    IF (SELECT state FROM shopanalytics.change_request c WHERE c.id = request) = 'submitted' THEN
        PERFORM shopanalytics.cr_approve(request, (SELECT content_hash FROM shopanalytics.change_request c WHERE c.id = request));
    END IF;
    RESET client_min_messages;
    RETURN request;
END
$$;
PREPARE items AS SELECT seq, op, key, status, current, error FROM shopanalytics.change_item WHERE request = $1 ORDER BY seq;

-- The owner's code has the owner's rights, whoever applies the request.
SET ROLE regress_apply_owner;
CREATE TABLE apply_shop.c (id integer PRIMARY KEY, v text, n integer DEFAULT 0, changed text);
INSERT INTO apply_shop.c SELECT i, 'old' FROM generate_series(1, 8) i;
CREATE FUNCTION apply_shop.try(attempt text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE attempt;
    RETURN format('%s WORKED', attempt);
EXCEPTION WHEN OTHERS THEN
    RETURN format('%s (%s)', SQLERRM, SQLSTATE);
END
$$;
CREATE FUNCTION apply_shop.escalate() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    attempt text;
BEGIN
    RAISE NOTICE '% % as %', TG_WHEN, TG_OP, current_user;
    FOREACH attempt IN ARRAY ARRAY[
        'SELECT rolpassword FROM pg_authid', 'SELECT pg_read_file(''PG_VERSION'')', 'CREATE ROLE regress_apply_evil SUPERUSER', 'SET ROLE regress_apply_ann',
        'RESET SESSION AUTHORIZATION', 'UPDATE shopanalytics.change_request SET state = ''approved''', 'DELETE FROM shopanalytics.change_item', 'DELETE FROM shopanalytics.event',
        'SELECT shopanalytics.grant_duty(''regress_apply_owner'', ''admin'')', 'SELECT shopanalytics.cr_approve(1, ''x'')', 'SELECT shopanalytics.trust_broker(''regress_apply_owner'')',
        'SELECT shopanalytics._apply_batch(1, 0, 10, ''skip'', 1)', 'SELECT shopanalytics._apply_finish(1, false)', 'CALL shopanalytics.cr_apply(1)',
        'SELECT shopanalytics.cr_rollback_open(1)', 'SELECT shopanalytics._as_role(10::oid, ''SELECT $1'', NULL, false)', 'COPY apply_shop.c TO PROGRAM ''true''',
        'CREATE TEMP TABLE change_item ()']
    LOOP
        RAISE NOTICE '%', apply_shop.try(attempt);
    END LOOP;
    RAISE NOTICE 'duties: %, requests seen: %', shopanalytics.has_duty('apply', 'apply_shop'), (SELECT count(*) FROM shopanalytics.change_request);
    PERFORM set_config('shopanalytics.actor', 'somebody', false), set_config('search_path', 'apply_shop', false);
    RETURN NEW;
END
$$;
CREATE TRIGGER escalate BEFORE UPDATE ON apply_shop.c FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION apply_shop.escalate();
CREATE CONSTRAINT TRIGGER escalate_later AFTER UPDATE ON apply_shop.c DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION apply_shop.escalate();
RESET ROLE;
SELECT public.approved('apply_shop.c', $$SELECT '{"id": 1}'::jsonb AS key, '{"v": "new"}'::jsonb AS after$$) AS request \gset
CALL shopanalytics.cr_apply(:request);
SHOW shopanalytics.actor;
SHOW search_path;
SELECT type, actor FROM shopanalytics.event WHERE type LIKE 'request%' ORDER BY id;
SELECT role_name FROM shopanalytics.duty WHERE role_name LIKE 'regress_apply_o%';
-- defaults, checks, domains, index expressions and row security, too
SET ROLE regress_apply_owner;
CREATE FUNCTION apply_shop.told(place text, value anyelement) RETURNS anyelement LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RAISE NOTICE '% as %: %', place, current_user, apply_shop.try('SELECT shopanalytics.grant_duty(''regress_apply_owner'', ''admin'')');
    RETURN value;
END
$$;
CREATE DOMAIN apply_shop.d AS text CHECK (apply_shop.told('domain', VALUE) IS NOT NULL);
CREATE TABLE apply_shop.e (id integer PRIMARY KEY, d apply_shop.d, n integer DEFAULT apply_shop.told('default', 1), CHECK (apply_shop.told('check', id) > 0));
CREATE INDEX ON apply_shop.e (apply_shop.told('index', id));
ALTER TABLE apply_shop.e ENABLE ROW LEVEL SECURITY;
ALTER TABLE apply_shop.e FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON apply_shop.e USING (apply_shop.told('policy', id) <> 3);
RESET ROLE;
SELECT public.approved('apply_shop.e', $$SELECT 'I' AS op, jsonb_build_object('id', i) AS key, '{"d": "x"}'::jsonb AS after FROM generate_series(2, 3) i$$) AS request \gset
CALL shopanalytics.cr_apply(:request, 'atomic', 1, 'skip');
EXECUTE items (:request);
SELECT count(*) FROM shopanalytics.duty WHERE role_name = 'regress_apply_owner';
DROP TABLE apply_shop.e;
DROP TRIGGER escalate ON apply_shop.c;
DROP TRIGGER escalate_later ON apply_shop.c;

-- What triggers make of rows: columns beside the item's are theirs; the item's own are not.
SET ROLE regress_apply_owner;
CREATE FUNCTION apply_shop.meddle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RETURN CASE WHEN OLD.id <> 8 THEN OLD END;
    END IF;
    NEW.changed := 'by trigger';
    CASE NEW.id
        WHEN 2 THEN RETURN NULL;
        WHEN 3 THEN NEW.v := upper(NEW.v);
        WHEN 4 THEN RAISE EXCEPTION 'not this one';
        WHEN 5 THEN RAISE SQLSTATE 'SA004' USING MESSAGE = 'as if it were ours', DETAIL = '{"last_seq": 99, "failed": []}';
        WHEN 20 THEN RETURN NULL;
        WHEN 21 THEN NEW.id := 121;
        WHEN 22 THEN NEW.v := 'other';
        WHEN 23 THEN NEW.n := 5;
        ELSE NULL;
    END CASE;
    RETURN NEW;
END
$$;
CREATE TRIGGER meddle BEFORE INSERT OR UPDATE OR DELETE ON apply_shop.c FOR EACH ROW EXECUTE FUNCTION apply_shop.meddle();
CREATE TABLE apply_shop.log (line text);
CREATE FUNCTION apply_shop.note() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO apply_shop.log VALUES (TG_OP || ' ' || coalesce(NEW.id, OLD.id)); RETURN NULL; END$$;
CREATE TRIGGER note AFTER INSERT OR DELETE OR UPDATE OF v ON apply_shop.c FOR EACH ROW EXECUTE FUNCTION apply_shop.note();
RESET ROLE;
SELECT public.approved('apply_shop.c', $$
    SELECT 'U' AS op, jsonb_build_object('id', i) AS key, CASE i WHEN 7 THEN '{"n": 1}' ELSE '{"v": "newer"}' END::jsonb AS after FROM generate_series(1, 7) i
    UNION ALL SELECT 'D', '{"id": 8}', NULL
    UNION ALL SELECT 'I', jsonb_build_object('id', i), '{"v": "fresh"}' FROM generate_series(20, 23) i$$) AS request \gset
SET SESSION AUTHORIZATION regress_apply_ben;
CALL shopanalytics.cr_apply(:request, on_conflict => 'skip');
RESET SESSION AUTHORIZATION;
EXECUTE items (:request);
SELECT * FROM apply_shop.c ORDER BY id;
-- only what was done was done, and only the columns that it is about fire triggers
SELECT * FROM apply_shop.log ORDER BY line;
-- nothing at all where all is to be applied
SELECT public.approved('apply_shop.c', $$SELECT jsonb_build_object('id', i) AS key, '{"v": "newest"}'::jsonb AS after FROM generate_series(1, 7) i$$) AS request \gset
CALL shopanalytics.cr_apply(:request);
SELECT count(*) FROM apply_shop.c WHERE v = 'newest';

-- A trigger that makes what looks like a deadlock for ever, and one that never ends.
SET ROLE regress_apply_owner;
CREATE OR REPLACE FUNCTION apply_shop.meddle() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE 'tried'; RAISE SQLSTATE '40P01' USING MESSAGE = 'deadlock, as it were'; END$$;
RESET ROLE;
CALL shopanalytics.cr_apply(:request, 'batched');
SELECT state FROM shopanalytics.change_request WHERE id = :request;
SET ROLE regress_apply_owner;
CREATE OR REPLACE FUNCTION apply_shop.meddle() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_sleep(600); RETURN NEW; END$$;
RESET ROLE;
SET statement_timeout = '100ms';
CALL shopanalytics.cr_apply(:request, 'batched');
RESET statement_timeout;
SELECT state, pending FROM shopanalytics.cr_progress(:request);
-- and after all that the request is free to be applied
SELECT count(*) FROM pg_locks WHERE locktype = 'object' AND classid = 'shopanalytics.change_request'::regclass;
DROP TRIGGER meddle ON apply_shop.c;
CALL shopanalytics.cr_apply(:request, 'batched');

SELECT count(*) > 0 AS taken FROM (SELECT shopanalytics.revoke_duty(quote_ident(role_name), duty, tenant, scope) FROM shopanalytics.duty) d;
SELECT shopanalytics.reset_policy('apply_shop');
SET client_min_messages = warning;
DROP SCHEMA apply_shop CASCADE;
DROP FUNCTION public.approved(regclass, text);
DROP ROLE regress_apply_owner, regress_apply_ann, regress_apply_ben, regress_apply_eve;
