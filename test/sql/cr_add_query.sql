-- The rows of a query as items: whose query it is, what it may give, and in batches.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
TRUNCATE shopanalytics.change_item, shopanalytics.approval, shopanalytics.change_request;
ALTER TABLE shopanalytics.change_request ALTER COLUMN id RESTART;
DELETE FROM shopanalytics.event;
CREATE ROLE regress_cr_ann LOGIN;
CREATE ROLE regress_cr_ben LOGIN;
CREATE ROLE regress_cr_nobody LOGIN;
CREATE SCHEMA cr_shop;
CREATE SCHEMA cr_own AUTHORIZATION regress_cr_ann;
GRANT USAGE ON SCHEMA cr_shop TO PUBLIC;
CREATE TABLE cr_shop.c (id integer PRIMARY KEY, segment text, n smallint NOT NULL);
INSERT INTO cr_shop.c SELECT i, 's' || i, i % 100 FROM generate_series(1, 6000) i;
GRANT SELECT ON cr_shop.c TO regress_cr_ann;
SELECT shopanalytics.grant_duty('regress_cr_ann', 'propose', 'cr_shop'), shopanalytics.grant_duty('regress_cr_ben', 'propose', 'cr_shop');
CREATE VIEW pg_temp.item AS SELECT request, seq, op, key, before, after, rule, confidence FROM shopanalytics.change_item;
GRANT SELECT ON pg_temp.item TO PUBLIC;

SET SESSION AUTHORIZATION regress_cr_ann;
-- Update is what is meant without op; nothing is needed but key and after.
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.c', 'impute', 'Segments') AS request \gset
SELECT shopanalytics.cr_add_query(:request, $$SELECT jsonb_build_object('id', id) AS key, jsonb_build_object('segment', 'imp') AS after FROM cr_shop.c WHERE id <= 3$$);
SELECT shopanalytics.cr_add_query(:request, $$
    SELECT * FROM (VALUES ('U', '{"id": 4}'::jsonb, '{"n": 5}'::jsonb, 'r', 0.5), ('D', '{"id": 5}', NULL, 'd', NULL), ('I', '{"id": 0}', '{"n": 1}', NULL, 1)) v (op, key, after, rule, confidence);
    -- with a comment at the end$$);
SELECT * FROM pg_temp.item WHERE request = :request ORDER BY seq;
-- the same again is nothing new
SELECT shopanalytics.cr_add_query(:request, $$SELECT jsonb_build_object('id', id) AS key, jsonb_build_object('segment', 'imp') AS after FROM cr_shop.c WHERE id <= 4$$);
SELECT shopanalytics.cr_add_query(:request, $$SELECT key, after FROM shopanalytics.change_item WHERE false$$);
SELECT count(*), max(seq) FROM pg_temp.item WHERE request = :request;
-- json is as good, and columns in any order
SELECT shopanalytics.cr_add_query(:request, $$SELECT '{"segment": "x"}'::json AS after, 'some rule' AS rule, '{"id": 9}'::json AS key$$);

-- Many batches: all rows once, nothing else changed, the later rule with its own columns.
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.c', 'cleanse', 'Many') AS many \gset
SELECT shopanalytics.cr_add_query(:many, $$
    SELECT CASE WHEN id % 1000 = 0 THEN 'D' ELSE 'U' END AS op, jsonb_build_object('id', id) AS key,
           CASE WHEN id % 1000 <> 0 THEN jsonb_build_object('segment', CASE WHEN id % 3 = 0 THEN segment ELSE upper(segment) END, 'n', n) END AS after
      FROM cr_shop.c ORDER BY hashint4(id)$$);
SELECT op, count(*), count(DISTINCT key), bool_and(CASE op WHEN 'U' THEN after = jsonb_build_object('segment', 'S' || (key ->> 'id')) AND before = jsonb_build_object('segment', 's' || (key ->> 'id'))
                                                       ELSE after IS NULL AND before = jsonb_build_object('id', key -> 'id', 'segment', 's' || (key ->> 'id'), 'n', (key ->> 'id')::integer % 100) END) AS right
  FROM pg_temp.item WHERE request = :many GROUP BY op ORDER BY op;
SELECT items FROM shopanalytics.change_request WHERE id = :many;
SELECT shopanalytics.cr_add_query(:many, $$SELECT jsonb_build_object('id', id) AS key, '{"n": 1000}'::jsonb AS after, 'second' AS rule FROM cr_shop.c WHERE id <= 5500 AND id % 1000 <> 0$$);
SELECT after ? 'segment' AS segment, after ? 'n' AS n, rule, count(*) FROM pg_temp.item WHERE request = :many AND op = 'U' GROUP BY 1, 2, 3 ORDER BY 1, 2;

-- The query sees what its caller sees: his search_path, his rights, his own objects.
CREATE TABLE cr_own.choice (id integer);
INSERT INTO cr_own.choice VALUES (20), (21);
CREATE FUNCTION cr_own.to_jsonb(anyelement) RETURNS jsonb LANGUAGE sql AS $$SELECT '{"id": 22}'::jsonb$$;
CREATE FUNCTION cr_own.equals(integer, integer) RETURNS boolean LANGUAGE sql RETURN false;
CREATE OPERATOR cr_own.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = cr_own.equals);
SET search_path = cr_own, pg_catalog, cr_shop;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.c', 'impute', 'Own') AS own \gset
SELECT shopanalytics.cr_add_query(:own, $$SELECT format('{"id": %s}', id)::jsonb AS key, '{"segment": "x"}'::jsonb AS after FROM choice WHERE current_user OPERATOR(pg_catalog.=) 'regress_cr_ann'$$);
RESET search_path;
SELECT key, before FROM pg_temp.item WHERE request = :own ORDER BY seq;
DROP OPERATOR cr_own.= (integer, integer);
DROP FUNCTION cr_own.equals(integer, integer), cr_own.to_jsonb(anyelement);
-- what was there before is read from the table, whatever the query says
SELECT shopanalytics.cr_add_query(:own, $$SELECT '{"id": 30}'::jsonb AS key, '{"segment": "x"}'::jsonb AS after, '{"segment": "made up"}'::jsonb AS before$$);
-- and with the caller's rights: a query of security definer does not lend its owner's
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.c', 'impute', 'Ben') AS ben \gset
SELECT shopanalytics.cr_add_query(:ben, $$SELECT '{"id": 30}'::jsonb AS key, '{"segment": "x"}'::jsonb AS after$$);
SELECT shopanalytics.cr_add_query(:ben, $$SELECT jsonb_build_object('id', id) AS key FROM cr_shop.c$$);
SELECT shopanalytics.cr_add_query(:own, $$SELECT '{"id": 30}'::jsonb AS key, '{"segment": "x"}'::jsonb AS after$$);
-- not by the way of SET ROLE either
RESET SESSION AUTHORIZATION;
GRANT regress_cr_ann TO regress_cr_ben;
SET SESSION AUTHORIZATION regress_cr_ben;
SET ROLE regress_cr_ann;
SELECT shopanalytics.cr_add_query(:ben, $$SELECT '{"id": 30}'::jsonb AS key, '{"segment": "x"}'::jsonb AS after$$) AS with_the_rights_of_the_role;
SELECT shopanalytics.cr_add_query(:own, $$SELECT '{"id": 30}'::jsonb AS key, '{"segment": "x"}'::jsonb AS after$$);
RESET ROLE;
SET SESSION AUTHORIZATION regress_cr_nobody;
SELECT shopanalytics.cr_add_query(:own, $$SELECT '{"id": 30}'::jsonb AS key, '{"segment": "x"}'::jsonb AS after$$);
SELECT shopanalytics.cr_add_query(:own, $$SELECT 1 WHERE false$$);

-- Bad input says which row, and adds nothing.
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.c', 'impute', 'Bad') AS bad \gset
PREPARE bad (text) AS SELECT shopanalytics.cr_add_query((SELECT max(id) FROM shopanalytics.change_request), $1);
EXECUTE bad ($$SELECT jsonb_build_object('id', id) AS key, jsonb_build_object('n', CASE id WHEN 5007 THEN 'x' ELSE '1' END) AS after FROM generate_series(1, 5500) id$$);
EXECUTE bad ($$SELECT jsonb_build_object('id', id) AS key, jsonb_build_object('n', CASE id WHEN 5007 THEN NULL ELSE 1 END) AS after FROM generate_series(1, 5500) id$$);
EXECUTE bad ($$SELECT jsonb_build_object('id', CASE id WHEN 4321 THEN 'x' ELSE id::text END) AS key, jsonb_build_object('n', id) AS after FROM generate_series(1, 5500) id$$);
EXECUTE bad ($$SELECT jsonb_build_object('id', id) AS key, jsonb_build_object('segment', 'y', 'n', CASE WHEN id >= 400 THEN 40000 ELSE 1 END) AS after FROM generate_series(1, 900) id$$);
EXECUTE bad ($$SELECT jsonb_build_object('id', id) AS key, jsonb_build_object('n', 1) AS after FROM generate_series(5901, 6100) id$$);
EXECUTE bad ($$SELECT 'I' AS op, jsonb_build_object('id', id) AS key, '{"n": 1}'::jsonb AS after FROM generate_series(6100, 6000, -1) id$$);
EXECUTE bad ($$SELECT jsonb_build_object('id', id) AS key, jsonb_build_object(CASE id WHEN 5 THEN 'm' ELSE 'n' END, 0) AS after FROM generate_series(1, 10) id$$);
EXECUTE bad ($$SELECT jsonb_build_object('id', nullif(id, 5)) AS key, jsonb_build_object('n', 0) AS after FROM generate_series(1, 10) id$$);
EXECUTE bad ($$SELECT jsonb_build_object('id', id) AS key, jsonb_build_object('n', 0) AS after, id / 10.0 AS confidence FROM generate_series(1, 11) id$$);
EXECUTE bad ($$SELECT jsonb_build_object('id', id) AS key, jsonb_build_object('n', 0) AS after, CASE id WHEN 4 THEN 'x' ELSE 'U' END AS op FROM generate_series(1, 11) id$$);
\echo '-- a key that comes twice: in a batch, in two, with other columns, written in another way'
EXECUTE bad ($$SELECT jsonb_build_object('id', id) AS key, jsonb_build_object('n', 0) AS after FROM (SELECT i % 100 + 1 FROM generate_series(1, 150) i) g (id)$$);
EXECUTE bad ($$SELECT jsonb_build_object('id', id) AS key, jsonb_build_object('n', 0) AS after FROM (SELECT i % 5100 + 1 FROM generate_series(0, 5100) i) g (id)$$);
EXECUTE bad ($$SELECT key, after FROM (VALUES ('{"id": 1}'::jsonb, '{"n": 0}'::jsonb), ('{"id": 2}', '{"n": 0}'), ('{"id": 1}', '{"segment": "x"}')) v (key, after)$$);
EXECUTE bad ($$SELECT key, '{"n": 0}'::jsonb AS after FROM (VALUES ('{"id": 1}'::jsonb), ('{"id": "01"}')) v (key)$$);
\echo '-- queries'
EXECUTE bad ($$SELECT 1$$);
EXECUTE bad ($$SELECT '{}'::jsonb AS key, 1 AS before$$);
EXECUTE bad ($$SELECT '{"id": 1}' AS key, '{"n": 0}' AS after$$);
EXECUTE bad ($$SELECT '{"id": 1}'::jsonb AS key$$);
EXECUTE bad ($$SELECT NULL::jsonb AS key, '{"n": 0}'::jsonb AS after$$);
EXECUTE bad ($$SELECT nonsense$$);
EXECUTE bad ($$SELEC$$);
EXECUTE bad ('');
EXECUTE bad ($$CREATE TABLE cr_own.made (id integer)$$);
EXECUTE bad ($$DELETE FROM cr_own.choice$$);
EXECUTE bad ($$SELECT '{"id": 1}'::jsonb AS key, '{"n": 0}'::jsonb AS after; DROP TABLE cr_own.choice$$);
EXECUTE bad ($$COMMIT$$);
EXECUTE bad ($$SELECT 1/0 AS key$$);
EXECUTE bad (NULL);
SELECT shopanalytics.cr_add_query(NULL, 'SELECT 1');
SELECT shopanalytics.cr_add_query(0, 'SELECT 1 WHERE false');
SELECT items, (SELECT count(*) FROM pg_temp.item WHERE request = :bad) AS counted, (SELECT count(*) FROM cr_own.choice) AS own FROM shopanalytics.change_request WHERE id = :bad;

-- _cr_add_batch() is for everybody with the duty, so what it gets may be anything.
\set VERBOSITY sqlstate
SELECT shopanalytics._cr_add_batch(:bad, NULL, 1, NULL);
SELECT shopanalytics._cr_add_batch(:bad, '{}', 1, NULL);
SELECT shopanalytics._cr_add_batch(:bad, '[1]', 1, NULL);
SELECT shopanalytics._cr_add_batch(:bad, '[null]', 1, NULL);
SELECT shopanalytics._cr_add_batch(:bad, '[{"op": ["U"], "key": {"id": 1}, "after": {"n": 0}}]', 1, NULL);
SELECT shopanalytics._cr_add_batch(:bad, '[{"op": "U", "key": {"id": 1}, "after": {"n": 0}, "confidence": {}}]', 1, NULL);
SELECT shopanalytics._cr_add_batch(:bad, '[{"op": "U", "key": {"id": 1}, "after": {"n": 0}, "before": {"n": 7}}]', 1, 10);
SELECT before FROM pg_temp.item WHERE request = :bad;
\set VERBOSITY default

RESET SESSION AUTHORIZATION;
DROP VIEW pg_temp.item;
SET client_min_messages = warning;
DROP SCHEMA cr_shop, cr_own CASCADE;
DELETE FROM shopanalytics.change_item;
DELETE FROM shopanalytics.change_request;
SELECT count(shopanalytics.revoke_duty(quote_ident(role_name), duty, tenant, scope)) FROM shopanalytics.duty;
DROP ROLE regress_cr_ann, regress_cr_ben, regress_cr_nobody;
