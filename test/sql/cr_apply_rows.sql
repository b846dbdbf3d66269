-- What cr_apply() does to rows: every op, all sorts of columns, keys and tables, and
-- rows that the database refuses.
\set SHOW_CONTEXT never
SET timezone = 'Asia/Kathmandu';
SET datestyle = 'SQL, DMY';
TRUNCATE shopanalytics.change_item, shopanalytics.approval, shopanalytics.change_request, shopanalytics.event;
ALTER TABLE shopanalytics.change_request ALTER COLUMN id RESTART;
CREATE ROLE regress_apply_owner;
CREATE ROLE regress_apply_ann LOGIN;
CREATE ROLE regress_apply_ben LOGIN;
CREATE ROLE regress_apply_eve LOGIN;
CREATE ROLE regress_apply_tom LOGIN;
CREATE SCHEMA apply_shop AUTHORIZATION regress_apply_owner;
GRANT USAGE ON SCHEMA apply_shop TO PUBLIC;
SELECT shopanalytics.grant_duty(role::regrole, duty, 'apply_shop')
  FROM (VALUES ('regress_apply_ann', 'propose'), ('regress_apply_ben', 'approve'), ('regress_apply_eve', 'approve'), ('regress_apply_tom', 'apply'),
               ('regress_apply_tom', 'rollback')) v (role, duty);
ALTER DEFAULT PRIVILEGES FOR ROLE regress_apply_owner IN SCHEMA apply_shop GRANT SELECT ON TABLES TO regress_apply_ann;

-- A request by Ann, approved by Ben, and by Eve where that is needed.
CREATE FUNCTION public.approve(request bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    hash text := (SELECT content_hash FROM shopanalytics.change_request c WHERE c.id = request);
BEGIN
    SET client_min_messages = warning;
    SET SESSION AUTHORIZATION regress_apply_ben;
    IF (SELECT status FROM shopanalytics.cr_approve(request, hash)) = 'submitted' THEN
        SET SESSION AUTHORIZATION regress_apply_eve;
        PERFORM shopanalytics.cr_approve(request, hash);
    END IF;
    RESET client_min_messages;
    RESET SESSION AUTHORIZATION;
END
$$;
-- A query's values are written as its session has it; here as ISO has it.
CREATE FUNCTION public.approved(target regclass, query text) RETURNS bigint LANGUAGE plpgsql SET datestyle = 'ISO' SET intervalstyle = 'postgres' AS $$
DECLARE
    request bigint;
BEGIN
    SET SESSION AUTHORIZATION regress_apply_ann;
    request := shopanalytics.cr_open('apply_shop', target, 'manual', 'Rows');
    PERFORM shopanalytics.cr_add_query(request, query);
    PERFORM shopanalytics.cr_submit(request);
    PERFORM public.approve(request);
    RETURN request;
END
$$;
CREATE FUNCTION public.rolled_back(request bigint, mode text DEFAULT 'safe') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    opened bigint;
BEGIN
    SET SESSION AUTHORIZATION regress_apply_tom;
    opened := shopanalytics.cr_rollback_open(request, mode);
    RESET SESSION AUTHORIZATION;
    IF (SELECT state FROM shopanalytics.change_request c WHERE c.id = opened) = 'submitted' THEN
        PERFORM public.approve(opened);
    END IF;
    RETURN opened;
END
$$;
CREATE PROCEDURE public.apply(request bigint, mode text DEFAULT 'atomic', batch_size integer DEFAULT 5000, on_conflict text DEFAULT 'skip') LANGUAGE plpgsql AS $$
BEGIN
    SET SESSION AUTHORIZATION regress_apply_tom;
    CALL shopanalytics.cr_apply(request, mode, batch_size, on_conflict);
    RESET SESSION AUTHORIZATION;
END
$$;
PREPARE items AS SELECT seq, op, key, status, current - 'at' AS current, error FROM shopanalytics.change_item WHERE request = $1 ORDER BY seq;
SET ROLE regress_apply_owner;

-- Every type: there and back again, value by value.
CREATE TYPE apply_shop.mood AS ENUM ('sad', 'Happy');
CREATE TYPE apply_shop.place AS (street text, "No." integer, at point);
CREATE DOMAIN apply_shop.percent AS numeric(5, 2) NOT NULL CHECK (VALUE BETWEEN 0 AND 100);
CREATE DOMAIN apply_shop.tags AS jsonb CHECK (jsonb_typeof(VALUE) = 'array');
CREATE TABLE apply_shop.types (
    id integer PRIMARY KEY, note text, small smallint, big bigint, amount numeric, price numeric(10, 2), real real, double double precision, yes boolean,
    day date, at timestamptz, local timestamp(0), hour timetz, span interval, bytes bytea, fixed char(5), short varchar(5), letter "char", cash money,
    mood apply_shop.mood, place apply_shop.place, places apply_shop.place[], share apply_shop.percent DEFAULT 50, tags apply_shop.tags,
    words text[], matrix integer[], doc jsonb, raw json, id_of uuid, net inet, bits bit varying(8), range tstzrange, ranges int4multirange, search tsvector,
    page xml, dot point);
CREATE TABLE apply_shop.wanted (LIKE apply_shop.types);
INSERT INTO apply_shop.types (id, note) VALUES (1, 'all null'), (2, 'full'), (3, 'odd');
INSERT INTO apply_shop.wanted VALUES
    (1, E'quote '' " \\ \t é', -32768, 9223372036854775807, 12345678901234567890.1234500, 0.10, 1.1, 0.1::float8 + 0.2, true,
     '2024-02-29', '2024-03-31 02:30:00.123456+01', '2024-03-31 02:30', '12:00:00-03:30', '1 year -2 mons 3 days -04:05:06.000007', '\x00ff5c', 'ab', 'abcde', 'x', -1234.56,
     'Happy', ROW('Main "St", (x)', NULL, '(1.5,-2)'), ARRAY[ROW('a,b', 1, NULL), NULL]::apply_shop.place[], 99.99, '[1, {"a": null}]',
     ARRAY['a', NULL, 'NULL', '', '{"x"}'], '[0:1][2:3]={{1,2},{3,NULL}}', '{"b": [1.50, "é"], "a": null}', '{"b" :1,  "b": 2}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
     '::1/64', B'10101', '[2024-01-01 00:00+00,)', '{[1,3),[5,9)}', '''a'':1A ''b'':2', '<a>&lt;</a>', '(1e300,-1e-300)'),
    (2, '', 0, 0, 'NaN', 'NaN', 'NaN', '-Infinity', false, 'infinity', '-infinity', '4713-01-01 BC', '00:00:00+14', '0', '', '', '', '', 0,
     'sad', ROW(NULL, NULL, NULL), '{}', 0, '[]', '{}', '{}', 'null', 'null', NULL, '10.0.0.0/8', B'', 'empty', '{}', '', '', NULL),
    (3, NULL, NULL, NULL, 1.000, 1.00, -0.0, 5e-324, NULL, '0001-01-01 BC', '294276-12-31 23:59:59.999999+00', 'infinity', NULL, '-178000000 years', NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, 100, NULL, NULL, NULL, '{"json": null}', '"text"', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
RESET ROLE;
CREATE TEMP TABLE was AS SELECT * FROM apply_shop.types;
-- each column in the way that its own output function writes it
\set after '(SELECT jsonb_object_agg(e.key, CASE WHEN e.key = ''doc'' THEN CASE WHEN w.doc = ''null'' THEN ''{"json": null}'' WHEN w.doc = ''{"json": null}'' THEN ''{"json": {"json": null}}'' ELSE w.doc END WHEN e.key = ''tags'' THEN w.tags::jsonb WHEN e.key = ''raw'' THEN to_jsonb(w.raw::text) ELSE e.value END) FROM jsonb_each(to_jsonb(w) || jsonb_build_object(''place'', w.place::text, ''places'', w.places::text, ''words'', w.words::text, ''matrix'', w.matrix::text, ''ranges'', w.ranges::text, ''page'', w.page::text)) e WHERE e.key <> ''id'')'
SELECT public.approved('apply_shop.types', $$SELECT jsonb_build_object('id', w.id) AS key, $$ || :'after' || $$ AS after FROM apply_shop.wanted w ORDER BY id$$) AS request \gset
CALL public.apply(:request, on_conflict => 'abort');
SELECT count(*) AS rows, count(*) FILTER (WHERE t::text = w::text) AS as_wanted FROM apply_shop.types t JOIN apply_shop.wanted w USING (id);
SELECT t::text, w::text FROM apply_shop.types t JOIN apply_shop.wanted w USING (id) WHERE t::text <> w::text;
SELECT matrix, doc, place, double = 0.1::float8 + 0.2 AS double FROM apply_shop.types ORDER BY id;
SELECT public.rolled_back(:request) AS back \gset
CALL public.apply(:back, on_conflict => 'abort');
SELECT count(*) AS rows, count(*) FILTER (WHERE t::text = w::text) AS as_before FROM apply_shop.types t JOIN was w USING (id);
-- deleted and inserted whole
SELECT public.approved('apply_shop.types', $$SELECT 'D' AS op, jsonb_build_object('id', id) AS key FROM apply_shop.types$$) AS request \gset
CALL public.apply(:request, on_conflict => 'abort');
SELECT count(*) FROM apply_shop.types;
SELECT public.rolled_back(:request) AS back \gset
CALL public.apply(:back, on_conflict => 'abort');
SELECT count(*) AS rows, count(*) FILTER (WHERE t::text = w::text) AS as_before FROM apply_shop.types t JOIN was w USING (id);
SELECT public.approved('apply_shop.types', $$SELECT 'I' AS op, jsonb_build_object('id', w.id + 10) AS key, $$ || :'after' || $$ AS after FROM apply_shop.wanted w ORDER BY id$$) AS request \gset
CALL public.apply(:request, on_conflict => 'abort');
SELECT count(*) AS rows, count(*) FILTER (WHERE t::text = regexp_replace(w::text, '\d+', (w.id + 10)::text)) AS as_wanted
  FROM apply_shop.types t JOIN apply_shop.wanted w ON w.id + 10 = t.id;
SELECT public.rolled_back(:request) AS back \gset
CALL public.apply(:back, on_conflict => 'abort');
SELECT count(*) FROM apply_shop.types;
RESET datestyle;

-- Keys of several columns, of other types, with hostile names; identity and generated
-- columns, defaults.
SET ROLE regress_apply_owner;
CREATE COLLATION apply_shop.blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE apply_shop."Order "" lines; --" (
    "Shop's" text COLLATE apply_shop.blind, "day" date, "no""1" apply_shop.mood, "$1" numeric(10, 2), "seq" integer GENERATED ALWAYS AS IDENTITY,
    "key" integer DEFAULT 7, "image" text NOT NULL DEFAULT 'none', "double" numeric GENERATED ALWAYS AS ("$1" * 2) STORED, "after" text, "verdict" text, "item" text, "part" integer,
    PRIMARY KEY ("day", "Shop's", "no""1"));
INSERT INTO apply_shop."Order "" lines; --" ("Shop's", day, "no""1", "$1") VALUES ('a', '2024-01-01', 'sad', 1), ('a', '2024-01-01', 'Happy', 2), ('b', '2024-01-02', 'sad', 3);
RESET ROLE;
CREATE TEMP TABLE lines_were AS SELECT * FROM apply_shop."Order "" lines; --";
SELECT public.approved('apply_shop."Order "" lines; --"', $$
    SELECT 'U' AS op, '{"Shop''s": "a", "day": "2024-01-01", "no\"1": "sad"}'::jsonb AS key, '{"$1": 10.5, "key": null, "image": "''; DROP TABLE x; --", "part": 1}'::jsonb AS after
    UNION ALL SELECT 'U', '{"Shop''s": "a", "day": "2024-01-01", "no\"1": "Happy"}', '{"verdict": "apply", "item": "$1", "after": "x"}'
    UNION ALL SELECT 'D', '{"Shop''s": "b", "day": "2024-01-02", "no\"1": "sad"}', NULL
    UNION ALL SELECT 'I', '{"Shop''s": "c", "day": "2024-01-03", "no\"1": "sad"}', '{"$1": 4}'
    UNION ALL SELECT 'I', '{"Shop''s": "d", "day": "2024-01-03", "no\"1": "sad"}', NULL$$) AS request \gset
CALL public.apply(:request, 'atomic', 2);
SELECT * FROM apply_shop."Order "" lines; --" ORDER BY 2, 1, 3;
EXECUTE items (:request);
SELECT public.rolled_back(:request) AS back \gset
SELECT seq, op, before ->> '$1' AS before, after FROM shopanalytics.change_item WHERE request = :back ORDER BY seq;
CALL public.apply(:back, 'atomic', 2);
SELECT * FROM apply_shop."Order "" lines; --" ORDER BY 2, 1, 3;
TABLE lines_were EXCEPT TABLE apply_shop."Order "" lines; --";
-- the number of the row that was deleted came back with it, the next is a new one
INSERT INTO apply_shop."Order "" lines; --" ("Shop's", day, "no""1") VALUES ('e', '2024-01-01', 'sad') RETURNING seq;

-- What is there already, or was changed, of rows to insert and to delete.
SET ROLE regress_apply_owner;
CREATE TABLE apply_shop.p (id integer PRIMARY KEY, code text UNIQUE, n integer CHECK (n > 0), at timestamptz DEFAULT now());
INSERT INTO apply_shop.p SELECT i, 'p' || i, i, '2024-01-01' FROM generate_series(1, 6) i;
RESET ROLE;
SELECT public.approved('apply_shop.p', $$
    SELECT 'D' AS op, jsonb_build_object('id', i) AS key, NULL::jsonb AS after FROM generate_series(1, 3) i
    UNION ALL SELECT 'I', jsonb_build_object('id', i), jsonb_build_object('code', 'p' || i, 'n', i) FROM generate_series(7, 10) i$$) AS request \gset
UPDATE apply_shop.p SET n = 20 WHERE id = 2;
DELETE FROM apply_shop.p WHERE id = 3;
INSERT INTO apply_shop.p VALUES (7, 'p7', 7, '2024-02-02'), (8, 'p8', 88, '2024-02-02'), (99, 'p9', 9, '2024-02-02');
CALL public.apply(:request);
EXECUTE items (:request);
SELECT id, code, n FROM apply_shop.p ORDER BY id;
-- Taking it back: what was inserted and is as it was goes, what was deleted comes again
-- where its key is free and no constraint is against it.
UPDATE apply_shop.p SET code = 'p1' WHERE id = 99;
SELECT public.rolled_back(:request) AS back \gset
SELECT seq, op, key, before - 'at' AS before, after - 'at' AS after FROM shopanalytics.change_item WHERE request = :back ORDER BY seq;
CALL public.apply(:back);
EXECUTE items (:back);
EXECUTE items (:request);
SELECT id, code, n FROM apply_shop.p ORDER BY id;

-- Values move between rows, within a batch.
SELECT public.approved('apply_shop.p', $$
    SELECT 'I' AS op, '{"id": 30}'::jsonb AS key, '{"code": "p4", "n": 1}'::jsonb AS after
    UNION ALL SELECT 'U', '{"id": 5}', '{"code": "p6"}' UNION ALL SELECT 'D', '{"id": 6}', NULL UNION ALL SELECT 'U', '{"id": 4}', '{"code": "new"}'$$) AS request \gset
CALL public.apply(:request, on_conflict => 'abort');
SELECT id, code FROM apply_shop.p WHERE id IN (4, 5, 6, 30) ORDER BY id;
SELECT public.rolled_back(:request) AS back \gset
CALL public.apply(:back, on_conflict => 'abort');
SELECT id, code FROM apply_shop.p WHERE id IN (4, 5, 6, 30) ORDER BY id;

-- Rows that the database refuses: each says why, the others are applied.
SET ROLE regress_apply_owner;
CREATE TABLE apply_shop.q (id integer PRIMARY KEY, p integer REFERENCES apply_shop.p, n integer, code text, UNIQUE (code) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO apply_shop.q SELECT i, 4 + i % 2, i, 'q' || i FROM generate_series(1, 40) i;
UPDATE apply_shop.q SET p = 4;
RESET ROLE;
SELECT public.approved('apply_shop.q', $$
    SELECT jsonb_build_object('id', id) AS key,
           CASE id WHEN 3 THEN '{"n": 13, "p": 77}'::jsonb WHEN 17 THEN '{"n": 13, "code": "q1"}' WHEN 18 THEN '{"n": 13, "p": 5}' ELSE '{"n": 13}' END AS after
      FROM apply_shop.q ORDER BY id$$) AS request \gset
ALTER TABLE apply_shop.q ADD CONSTRAINT not_40 CHECK (id <> 40 OR n <> 13);
CALL public.apply(:request, on_conflict => 'abort');
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM apply_shop.q WHERE n = 13;
SELECT status, count(*) FROM shopanalytics.change_item WHERE request = :request GROUP BY status ORDER BY status;
CALL public.apply(:request);
SELECT status, count(*), min(error) FROM shopanalytics.change_item WHERE request = :request GROUP BY status ORDER BY status;
SELECT string_agg(id::text, ',' ORDER BY id) FROM apply_shop.q WHERE n = 13 AND id NOT BETWEEN 4 AND 16;

-- Rows that would take others with them are not deleted; those that only refer are the
-- database's business.
SET ROLE regress_apply_owner;
CREATE TABLE apply_shop.tree (id integer PRIMARY KEY, parent integer REFERENCES apply_shop.tree ON DELETE CASCADE, code text UNIQUE);
INSERT INTO apply_shop.tree VALUES (1, NULL, 'a'), (2, 1, 'b'), (3, 2, 'c'), (4, NULL, 'd'), (5, 4, 'e'), (6, NULL, 'f'), (7, NULL, 'g'), (8, NULL, 'h'), (9, NULL, 'i'), (10, 9, 'j'), (11, 10, 'k');
RESET ROLE;
CREATE ROLE regress_apply_other;
GRANT CREATE, USAGE ON SCHEMA apply_shop TO regress_apply_other;
GRANT REFERENCES ON apply_shop.tree TO regress_apply_other;
SET ROLE regress_apply_other;
CREATE TABLE apply_shop.leaf (code text REFERENCES apply_shop.tree (code) ON DELETE SET NULL);
CREATE TABLE apply_shop.fruit (tree integer REFERENCES apply_shop.tree);
INSERT INTO apply_shop.leaf VALUES ('f');
INSERT INTO apply_shop.fruit VALUES (7);
RESET ROLE;
SELECT public.approved('apply_shop.tree', $$SELECT 'D' AS op, jsonb_build_object('id', id) AS key FROM apply_shop.tree WHERE id NOT IN (5, 11) ORDER BY id$$) AS request \gset
CALL public.apply(:request);
EXECUTE items (:request);
SELECT * FROM apply_shop.tree ORDER BY id;
SELECT public.rolled_back(:request) AS back \gset
CALL public.apply(:back);
SELECT * FROM apply_shop.tree ORDER BY id;
-- nor is a row that was inserted, once others refer to it
SELECT public.approved('apply_shop.tree', $$SELECT 'I' AS op, jsonb_build_object('id', i) AS key, jsonb_build_object('code', 'n' || i) AS after FROM generate_series(20, 22) i$$) AS request \gset
CALL public.apply(:request);
INSERT INTO apply_shop.tree VALUES (30, 20, 'x');
INSERT INTO apply_shop.fruit VALUES (21);
SELECT public.rolled_back(:request) AS back \gset
CALL public.apply(:back);
EXECUTE items (:request);
SELECT * FROM apply_shop.tree WHERE id >= 20 ORDER BY id;
SELECT state, outcome FROM shopanalytics.change_request WHERE id IN (:request, :back) ORDER BY id;

-- Partitions: rows go to where they belong, and are found where they went; a table with
-- children is itself alone.
SET ROLE regress_apply_owner;
CREATE TABLE apply_shop.sale (id integer, region text, n integer, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE apply_shop.sale_north PARTITION OF apply_shop.sale FOR VALUES IN ('north');
CREATE TABLE apply_shop.sale_south (n integer, gone text, region text NOT NULL, id integer NOT NULL, PRIMARY KEY (id, region));
ALTER TABLE apply_shop.sale_south DROP COLUMN gone;
ALTER TABLE apply_shop.sale ATTACH PARTITION apply_shop.sale_south FOR VALUES IN ('south');
INSERT INTO apply_shop.sale VALUES (1, 'north', 1), (1, 'south', 2), (2, 'south', 3);
CREATE TABLE apply_shop.parent (id integer PRIMARY KEY, n integer);
CREATE TABLE apply_shop.child () INHERITS (apply_shop.parent);
INSERT INTO apply_shop.parent VALUES (1, 1), (2, 2);
INSERT INTO apply_shop.child VALUES (1, 100), (2, 200);
RESET ROLE;
SELECT public.approved('apply_shop.sale', $$
    SELECT 'U' AS op, '{"id": 1, "region": "south"}'::jsonb AS key, '{"n": 20}'::jsonb AS after
    UNION ALL SELECT 'D', '{"id": 2, "region": "south"}', NULL UNION ALL SELECT 'I', '{"id": 3, "region": "south"}', '{"n": 30}'
    UNION ALL SELECT 'I', '{"id": 4, "region": "east"}', '{"n": 40}' UNION ALL SELECT 'U', '{"id": 1, "region": "north"}', '{"n": 10}'$$) AS request \gset
CALL public.apply(:request);
EXECUTE items (:request);
SELECT tableoid::regclass, * FROM apply_shop.sale ORDER BY id, region;
SELECT public.rolled_back(:request) AS back \gset
CALL public.apply(:back, 'batched');
SELECT tableoid::regclass, * FROM apply_shop.sale ORDER BY id, region;
SELECT public.approved('apply_shop.parent', $$SELECT 'U' AS op, '{"id": 1}'::jsonb AS key, '{"n": 7}'::jsonb AS after UNION ALL SELECT 'D', '{"id": 2}', NULL$$) AS request \gset
CALL public.apply(:request);
SELECT tableoid::regclass, * FROM apply_shop.parent ORDER BY 1, 2;

-- More kinds of items than a query has parts, in batches of any size.
SET ROLE regress_apply_owner;
CREATE TABLE apply_shop.many (id integer PRIMARY KEY, a integer, b integer, c integer, d integer, e integer, f integer, g integer);
INSERT INTO apply_shop.many SELECT i, 0, 0, 0, 0, 0, 0, 0 FROM generate_series(1, 256) i;
CREATE TABLE apply_shop.wide (id integer PRIMARY KEY);
DO $$ BEGIN FOR i IN 1 .. 300 LOOP EXECUTE format('ALTER TABLE apply_shop.wide ADD c%s integer', i); END LOOP; END $$;
INSERT INTO apply_shop.wide (id) VALUES (1), (2);
CREATE TABLE apply_shop.long (id integer PRIMARY KEY, note text);
INSERT INTO apply_shop.long SELECT i, repeat('x', 1500000) FROM generate_series(1, 5) i;
RESET ROLE;
SET SESSION AUTHORIZATION regress_apply_ann;
SELECT shopanalytics.cr_open('apply_shop', 'apply_shop.many', 'manual', 'Many kinds') AS request \gset
RESET SESSION AUTHORIZATION;
INSERT INTO shopanalytics.change_item (request, seq, op, key, before, after)
SELECT :request, id, 'U', jsonb_build_object('id', id), jsonb_object_agg(substr('abcdefg', i, 1), 0), jsonb_object_agg(substr('abcdefg', i, 1), id)
  FROM apply_shop.many, generate_series(1, 7) i WHERE id < 128 AND id & (1 << (i - 1)) <> 0 GROUP BY id;
UPDATE shopanalytics.change_request SET items = 127 WHERE id = :request;
SET SESSION AUTHORIZATION regress_apply_ann;
SELECT length(shopanalytics.cr_submit(:request));
RESET SESSION AUTHORIZATION;
SELECT public.approve(:request);
CALL public.apply(:request);
SELECT count(*), sum((a > 0)::integer + 2 * (b > 0)::integer + 4 * (c > 0)::integer + 8 * (d > 0)::integer + 16 * (e > 0)::integer + 32 * (f > 0)::integer + 64 * (g > 0)::integer) AS sum
  FROM apply_shop.many WHERE id < 128;
SELECT public.rolled_back(:request) AS back \gset
CALL public.apply(:back, 'atomic', 13);
SELECT sum(a + b + c + d + e + f + g) FROM apply_shop.many;
SELECT public.approved('apply_shop.wide', $$
    SELECT jsonb_build_object('id', id) AS key, (SELECT jsonb_object_agg('c' || i, i) FROM generate_series(1, 300) i) AS after FROM apply_shop.wide WHERE id = 1
    UNION ALL SELECT '{"id": 2}', '{"c1": 1}'$$) AS request \gset
CALL public.apply(:request);
SELECT id, c1, c300 FROM apply_shop.wide ORDER BY id;
SELECT public.rolled_back(:request) AS back \gset
CALL public.apply(:back);
SELECT id, c1, c300 FROM apply_shop.wide ORDER BY id;
SELECT public.approved('apply_shop.long', $$SELECT jsonb_build_object('id', id) AS key, jsonb_build_object('note', repeat('y', 1500000)) AS after FROM apply_shop.long$$) AS request \gset
-- one batch would be too long for that
CALL public.apply(:request);
SELECT left(note, 2), count(*) FROM apply_shop.long GROUP BY 1;

SELECT count(*) > 0 AS taken FROM (SELECT shopanalytics.revoke_duty(quote_ident(role_name), duty, tenant, scope) FROM shopanalytics.duty) d;
SET client_min_messages = warning;
DROP SCHEMA apply_shop CASCADE;
DROP FUNCTION public.approved(regclass, text), public.approve(bigint), public.rolled_back(bigint, text);
DROP PROCEDURE public.apply(bigint, text, integer, text);
DROP ROLE regress_apply_owner, regress_apply_ann, regress_apply_ben, regress_apply_eve, regress_apply_tom, regress_apply_other;
