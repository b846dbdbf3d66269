-- B7.  fit_encoder(), encode() and what belongs to them.
\pset null '(null)'
\set SHOW_CONTEXT never

-- E1
CREATE TABLE payment (id integer GENERATED ALWAYS AS IDENTITY, category text, y integer);
INSERT INTO payment (category, y)
    SELECT * FROM unnest('{card,card,paypal,cod,cod,cod,paypal,card,gift,cod}'::text[], '{0,1,0,1,1,0,0,0,1,1}'::integer[]);
SELECT * FROM shopanalytics.fit_encoder('payment', 'payment', 'category', 'target', 'y');
SELECT prior FROM shopanalytics.encoder WHERE name = 'payment';
SELECT l.position, l.level, l.kind, l.n_rows, round(l.label_mean::numeric, 15) AS label_mean, cardinality(l.code) AS width, round(l.code[1]::numeric, 15) AS code
  FROM shopanalytics.encoder_levels('payment') l;
SELECT v AS category, abs((shopanalytics.encode('payment', v))[1] - e) < 1e-15 AS equal
  FROM (VALUES ('card', 0.4375), ('cod', 0.611111111111111), ('gift', 0.583333333333333), ('paypal', 0.357142857142857), ('bitcoin', 0.5), (NULL, 0.5)) o (v, e);

-- Four levels and NULL; d and e are rare.  Every method, and what becomes of what is
-- rare, of what was not seen, and of NULL.
CREATE TABLE seen (v text, y numeric);
INSERT INTO seen SELECT v, y FROM unnest('{b,b,b,a,a,d,e,NULL,NULL,NULL}'::text[], '{1,2,3,4,5,6,7,8,9,10}'::numeric[]) s (v, y);
CREATE FUNCTION codes(name text) RETURNS TABLE (level text, code float8[]) LANGUAGE plpgsql AS $$
BEGIN
    FOR level IN VALUES ('a'), ('b'), ('d'), ('e'), (NULL), ('new'), ('') LOOP
        BEGIN
            code := shopanalytics.encode(name, level);
        EXCEPTION WHEN invalid_parameter_value THEN
            code := '{NaN}';
        END;
        RETURN NEXT;
    END LOOP;
END $$;
SELECT method, unknown, f.*
  FROM unnest('{one_hot,dummy,ordinal,frequency,target}'::text[]) WITH ORDINALITY m (method, i), unnest('{other,ignore,error}'::text[]) WITH ORDINALITY u (unknown, j),
       LATERAL shopanalytics.fit_encoder(method || ' ' || unknown, 'seen', 'v', method, CASE method WHEN 'target' THEN 'y' END, 2, unknown => unknown) f
 ORDER BY i, j;
SELECT coalesce(c.level, '(null)') AS level, max(c.code::text) FILTER (WHERE e.name = 'one_hot other') AS one_hot_other, max(c.code::text) FILTER (WHERE e.name = 'one_hot ignore') AS ignore, max(c.code::text) FILTER (WHERE e.name = 'one_hot error') AS error,
       max(c.code::text) FILTER (WHERE e.name = 'dummy other') AS dummy_other, max(c.code::text) FILTER (WHERE e.name = 'dummy ignore') AS ignore, max(c.code::text) FILTER (WHERE e.name = 'dummy error') AS error,
       max(c.code::text) FILTER (WHERE e.name = 'ordinal other') AS ordinal_other, max(c.code::text) FILTER (WHERE e.name = 'ordinal ignore') AS ignore, max(c.code::text) FILTER (WHERE e.name = 'ordinal error') AS error,
       max(c.code::text) FILTER (WHERE e.name = 'frequency other') AS frequency_other, max(c.code::text) FILTER (WHERE e.name = 'frequency ignore') AS ignore, max(c.code::text) FILTER (WHERE e.name = 'frequency error') AS error
  FROM shopanalytics.encoder e, codes(e.name) c
 GROUP BY c.level ORDER BY c.level;
-- target: the sums are b 6 of 3, a 9 of 2, NULL 27 of 3, rare 13 of 2, and the mean of all is 5.5
SELECT coalesce(level, '(null)') AS level, max(code[1]) FILTER (WHERE name = 'target other') AS other, max(code[1]) FILTER (WHERE name = 'target ignore') AS ignore, max(code[1]) FILTER (WHERE name = 'target error') AS error,
       CASE level WHEN 'a' THEN 36.5 / 7 WHEN 'b' THEN 33.5 / 8 WHEN 'd' THEN 40.5 / 7 WHEN 'e' THEN 40.5 / 7 WHEN 'new' THEN 40.5 / 7 WHEN '' THEN 40.5 / 7 ELSE 54.5 / 8 END::float8 AS oracle_other
  FROM (SELECT e.name, c.* FROM shopanalytics.encoder e, codes(e.name) c) x
 GROUP BY level ORDER BY level;
SELECT * FROM shopanalytics.encoder_levels('one_hot error');
SELECT * FROM shopanalytics.encoder_levels('dummy ignore');

-- NULL not seen is as any other level that was not
SELECT shopanalytics.fit_encoder('no null', 'SELECT v FROM seen WHERE v IS NOT NULL', 'v', 'one_hot', unknown => 'error');
SELECT shopanalytics.encode('no null', NULL);
\echo :SQLSTATE
SELECT shopanalytics.encode('no null', 'new');
\echo :SQLSTATE
-- and NULL seen too rarely is rare; only NULL; one level of which dummy leaves nothing
SELECT shopanalytics.fit_encoder('rare null', $$VALUES ('a'), ('a'), (NULL)$$, 'column1', 'ordinal', min_count => 2);
SELECT shopanalytics.encode('rare null', NULL);
SELECT shopanalytics.fit_encoder('all null', $$SELECT NULL::text AS v FROM generate_series(1, 3)$$, 'v', 'one_hot', unknown => 'ignore');
SELECT v, shopanalytics.encode('all null', v) FROM (VALUES (NULL), ('')) s (v);
SELECT shopanalytics.fit_encoder('one', $$VALUES ('a')$$, 'column1', 'dummy', unknown => 'ignore');
SELECT shopanalytics.encode('one', 'a'), shopanalytics.encode('one', 'b');
SELECT shopanalytics.fit_encoder('none kept', $$VALUES ('a'), ('b')$$, 'column1', 'dummy', min_count => 3);
SELECT shopanalytics.encode('none kept', 'a'), shopanalytics.encode('none kept', 'c');
-- without smoothing the code of what was never seen is still the mean of all
SELECT shopanalytics.fit_encoder('raw', 'payment', 'category', 'target', 'y', smoothing => 0);
SELECT v, shopanalytics.encode('raw', v) FROM (VALUES ('cod'), ('gift'), ('new')) s (v);
-- rows without a label count for nothing
SELECT shopanalytics.fit_encoder('labelled', $$VALUES ('a', 1), ('a', NULL), ('b', NULL), ('c', 0)$$, 'column1', 'target', 'column2', smoothing => 1);
SELECT level, n_rows, label_mean, code FROM shopanalytics.encoder_levels('labelled');

-- values of any type, as the cast to text writes them; labels of any number
CREATE TYPE size AS ENUM ('small', 'large');
CREATE TABLE typed (b boolean, c char(4), i integer, n numeric, e size, d date, j jsonb, r real, lr real, ln numeric, lb boolean, ll bigint);
INSERT INTO typed VALUES (true, 'ab', 1, 1.0, 'small', '2025-01-02', '{"a": 1}', 0.1, 0.5, 0.1, true, 9007199254740993),
                         (false, '', -1, 1.00, 'large', '2025-01-03', '[]', 'NaN', 1.5, 0.2, false, 1);
CREATE FUNCTION levels_of(column_name text, OUT kept text[], OUT cast_to_text text[]) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM shopanalytics.fit_encoder('type', 'typed', column_name, 'one_hot');
    SELECT e.levels INTO kept FROM shopanalytics.encoder e WHERE e.name = 'type';
    EXECUTE format('SELECT array_agg(DISTINCT %I::text COLLATE "C" ORDER BY %1$I::text COLLATE "C") FROM typed', column_name) INTO cast_to_text;
END $$;
SELECT c AS column_name, kept, kept = cast_to_text AS equal FROM unnest('{b,c,i,n,e,d,j,r}'::text[]) c, levels_of(c);
SELECT shopanalytics.fit_encoder('bool', 'typed', 'b', 'ordinal'), shopanalytics.fit_encoder('char', 'typed', 'c', 'ordinal'), shopanalytics.fit_encoder('numeric', 'typed', 'n', 'ordinal'), shopanalytics.fit_encoder('enum', 'typed', 'e', 'ordinal');
SELECT shopanalytics.encode('bool', b::text) AS bool, shopanalytics.encode('char', c) AS "char", shopanalytics.encode('numeric', n::text) AS "numeric", shopanalytics.encode('enum', e::text) AS "enum" FROM typed;
SELECT label, shopanalytics.fit_encoder('label', 'typed', 'i', 'target', label) IS NOT NULL AS fits FROM unnest('{r,lr,ln,lb,ll}'::text[]) label WHERE label <> 'r';
SELECT prior FROM shopanalytics.encoder WHERE name = 'label';

-- names and levels of all kinds; what reads the source is the caller, with his search_path
CREATE SCHEMA "it's";
CREATE TABLE "it's"."a ""table""" ("co""l'umn" text, "la""bel" boolean);
INSERT INTO "it's"."a ""table""" VALUES ('''; DROP TABLE seen; --', true), ('"', false), ('', true), (E'\x01\t\n', false), ('{NULL,"x"}', true), ('NULL', false), (NULL, true), (repeat('x', 1000000), false);
SET search_path = "it's";
SELECT * FROM shopanalytics.fit_encoder(E'o\'clock "1" \\', '"a ""table"""', 'co"l''umn', 'target', 'la"bel', smoothing => 0);
SELECT left("co""l'umn", 30) AS level, shopanalytics.encode(E'o\'clock "1" \\', "co""l'umn") = ARRAY["la""bel"::integer::float8] AS equal FROM "a ""table""";
CREATE VIEW "select" AS SELECT * FROM "a ""table""";
SELECT * FROM shopanalytics.fit_encoder('view', '"select"', 'co"l''umn', 'one_hot');
SELECT * FROM shopanalytics.fit_encoder('query', 'WITH w AS (TABLE "select") SELECT left("co""l''umn", 1) AS l FROM w -- all', 'l', 'ordinal');
SELECT level, shopanalytics.encode('query', level) FROM shopanalytics.encoder_levels('query') WHERE kind = 'level' ORDER BY position;
RESET search_path;

-- what cannot be
SELECT shopanalytics.fit_encoder(NULL, 'seen', 'v', 'one_hot');
\echo :SQLSTATE
SELECT shopanalytics.fit_encoder('', 'seen', 'v', 'one_hot');
\echo :SQLSTATE
SELECT shopanalytics.fit_encoder(repeat('n', 64), 'seen', 'v', 'one_hot');
SELECT shopanalytics.fit_encoder('x', NULL, 'v', 'one_hot');
SELECT shopanalytics.fit_encoder('x', 'seen', NULL, 'one_hot');
SELECT shopanalytics.fit_encoder('x', 'seen', 'v', NULL);
SELECT shopanalytics.fit_encoder('x', 'seen', 'v', 'hash');
\echo :SQLSTATE
SELECT shopanalytics.fit_encoder('x', 'seen', 'v', 'one_hot', 'y');
SELECT shopanalytics.fit_encoder('x', 'seen', 'v', 'target');
SELECT shopanalytics.fit_encoder('x', 'seen', 'v', 'one_hot', min_count => 0);
SELECT shopanalytics.fit_encoder('x', 'seen', 'v', 'one_hot', min_count => NULL);
SELECT shopanalytics.fit_encoder('x', 'seen', 'v', 'target', 'y', smoothing => -1);
SELECT shopanalytics.fit_encoder('x', 'seen', 'v', 'target', 'y', smoothing => 'NaN');
SELECT shopanalytics.fit_encoder('x', 'seen', 'v', 'target', 'y', smoothing => NULL);
SELECT shopanalytics.fit_encoder('x', 'seen', 'v', 'one_hot', unknown => 'mean');
SELECT shopanalytics.fit_encoder('x', 'seen', 'v', 'target', 'v');
\echo :SQLSTATE
SELECT shopanalytics.fit_encoder('x', 'typed', 'i', 'target', 'r');
\echo :SQLSTATE
SELECT shopanalytics.fit_encoder('x', 'SELECT * FROM seen WHERE false', 'v', 'one_hot');
\echo :SQLSTATE
SELECT shopanalytics.fit_encoder('x', 'SELECT v, NULL::boolean AS y FROM seen', 'v', 'target', 'y');
\set VERBOSITY sqlstate
SELECT shopanalytics.fit_encoder('x', 'seen', 'w', 'one_hot');
SELECT shopanalytics.fit_encoder('x', 'nowhere', 'v', 'one_hot');
SELECT shopanalytics.fit_encoder('x', 'SELECT 1; SELECT 2', 'v', 'one_hot');
\set VERBOSITY default
SELECT shopanalytics.fit_encoder('x', 'SELECT i FROM generate_series(1, 10001) i', 'i', 'one_hot');
\echo :SQLSTATE
SELECT shopanalytics.fit_encoder('x', 'SELECT i FROM generate_series(1, 1000001) i', 'i', 'frequency');
\echo :SQLSTATE
SELECT shopanalytics.encode('x', 'a');
\echo :SQLSTATE
SELECT shopanalytics.encode(NULL, 'a');
\echo :SQLSTATE
SELECT shopanalytics.encoder_levels('x');
\echo :SQLSTATE
SELECT shopanalytics.encoder_levels(NULL);
SELECT shopanalytics.drop_encoder('x');
\echo :SQLSTATE
SELECT shopanalytics.drop_encoder(NULL);
SELECT shopanalytics.share_encoder('x');
SELECT shopanalytics.share_encoder('query', NULL);

-- Against plain SQL, on 20000 rows; in any order of the rows the encoder is the same to
-- the last bit.
CREATE TABLE click AS
    SELECT i, CASE WHEN h % 50 > 0 THEN 'k' || floor(sqrt(h % 40000)) END AS k, sin(i) * 10.0::float8 ^ (i % 30 - 15) AS y
      FROM (SELECT i, ('x' || substr(md5('click' || i), 1, 8))::bit(32)::bigint AS h FROM generate_series(1, 20000) i) r;
SELECT shopanalytics.fit_encoder('freq', 'click', 'k', 'frequency', min_count => 60), shopanalytics.fit_encoder('mean', 'SELECT k, round(y) AS y FROM click WHERE abs(y) < 1e6', 'k', 'target', 'y', 60, 20);
SELECT count(*) AS rows, count(*) FILTER (WHERE shopanalytics.encode('freq', f.k) <> ARRAY[f::float8]) AS frequency, count(*) FILTER (WHERE abs((shopanalytics.encode('mean', f.k))[1] - t) > 1e-12 * abs(t)) AS target
  FROM (SELECT k, sum(f) OVER (PARTITION BY CASE WHEN f >= 60 THEN k ELSE 'rare' END, f >= 60) / 20000.0 AS f FROM (SELECT k, count(*) AS f FROM click GROUP BY k) c) f
  JOIN (SELECT k, (sum(s) OVER w + 20 * (SELECT avg(round(y::numeric)) FROM click WHERE abs(y) < 1e6)) / (sum(n) OVER w + 20) AS t
          FROM (SELECT k, count(*) AS n, sum(round(y::numeric)) AS s FROM click WHERE abs(y) < 1e6 GROUP BY k) g
        WINDOW w AS (PARTITION BY CASE WHEN n >= 60 THEN k ELSE 'rare' END, n >= 60)) t ON t.k IS NOT DISTINCT FROM f.k;
SELECT count(f) FROM generate_series(1, 6) seed, LATERAL shopanalytics.fit_encoder('order ' || seed, format('SELECT * FROM click ORDER BY md5(%L || i)', seed), 'k', 'target', 'y') f;
SELECT count(*) AS fitted, count(DISTINCT (prior, levels, level_rows, level_sums)::text) AS encoders FROM shopanalytics.encoder WHERE name LIKE 'order %';

-- parallel is serial
CREATE FUNCTION gathers(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line LIKE '%Gather%' THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$;
ALTER TABLE click SET (parallel_workers = 2);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
CREATE VIEW encoded AS SELECT i, shopanalytics.encode('mean', k) AS mean, shopanalytics.encode(CASE i % 3 WHEN 0 THEN 'mean' ELSE 'freq' END, k) AS mixed FROM click;
SELECT gathers('SELECT * FROM encoded');
CREATE TABLE parallel AS SELECT * FROM encoded;
SET max_parallel_workers_per_gather = 0;
SELECT gathers('SELECT * FROM encoded');
CREATE TABLE serial AS SELECT * FROM encoded;
SELECT count(*) AS rows, count(*) FILTER (WHERE s = p) AS the_same FROM serial s FULL JOIN parallel p USING (i);

-- fitted again: replaced, and seen at once, also by an expression that is evaluated over
-- and over; taken back with the transaction
SELECT shopanalytics.fit_encoder('again', $$VALUES ('a'), ('b')$$, 'column1', 'ordinal');
SELECT shopanalytics.encode('again', 'b');
BEGIN;
SELECT shopanalytics.fit_encoder('again', $$VALUES ('b'), ('c')$$, 'column1', 'ordinal');
SELECT shopanalytics.encode('again', 'b'), count(*) FROM shopanalytics.encoder WHERE name = 'again';
SAVEPOINT before;
SELECT shopanalytics.drop_encoder('again');
SELECT shopanalytics.encode('again', 'b');
ROLLBACK TO before;
SELECT shopanalytics.encode('again', 'b');
ROLLBACK;
SELECT shopanalytics.encode('again', 'b');
CREATE FUNCTION codes_of_b(numbers integer[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    n integer;
    code float8[];
BEGIN
    FOREACH n IN ARRAY numbers LOOP
        -- one expression for all: after a fit of n levels, or after a fit that is undone
        BEGIN
            IF n <> 0 THEN
                PERFORM shopanalytics.fit_encoder('again', format('SELECT chr(97 + i) AS v FROM generate_series(1, %s) i', abs(n)), 'v', 'frequency');
            END IF;
            IF n < 0 THEN
                RETURN NEXT 'in between ' || shopanalytics.encode('again', 'b')::text;
                RAISE EXCEPTION 'undo' USING ERRCODE = 'data_exception';
            END IF;
        EXCEPTION WHEN data_exception THEN
            NULL;
        END;
        code := shopanalytics.encode('again', 'b');
        RETURN NEXT n || ': ' || code::text;
    END LOOP;
END $$;
SELECT codes_of_b('{1,0,2,4,4,-5,-8,0,5,-2,0}');

-- Rights: who has those of the role that fitted an encoder uses and changes it, others
-- use it when it is shared.
CREATE ROLE regress_encoder_owner;
CREATE ROLE regress_encoder_member IN ROLE regress_encoder_owner;
CREATE ROLE regress_encoder_other;
SET ROLE regress_encoder_owner;
SELECT shopanalytics.fit_encoder('owned', $$VALUES ('a'), ('b')$$, 'column1', 'ordinal');
SELECT shopanalytics.encode('again', 'b');
-- the source is read with the caller's rights
\set VERBOSITY sqlstate
SELECT shopanalytics.fit_encoder('stolen', 'public.seen', 'v', 'ordinal');
\set VERBOSITY default
SET ROLE regress_encoder_other;
SELECT name FROM shopanalytics.encoder;
SELECT shopanalytics.encode('owned', 'b');
SELECT shopanalytics.fit_encoder('owned', $$VALUES ('x')$$, 'column1', 'ordinal');
\echo :SQLSTATE
SELECT shopanalytics.drop_encoder('owned');
INSERT INTO shopanalytics.encoder (name, owner) VALUES ('x', 'regress_encoder_owner');
UPDATE shopanalytics.encoder SET owner = 'regress_encoder_other';
SET ROLE regress_encoder_member;
SELECT shopanalytics.encode('owned', 'b');
SELECT shopanalytics.fit_encoder('owned', $$VALUES ('b'), ('c')$$, 'column1', 'ordinal');
SELECT shopanalytics.share_encoder('owned');
SET ROLE regress_encoder_other;
SELECT name, owner, fitted_by, shopanalytics.encode(name, 'b') FROM shopanalytics.encoder;
SELECT shopanalytics.fit_encoder('owned', $$VALUES ('x')$$, 'column1', 'ordinal');
SELECT shopanalytics.drop_encoder('owned');
\echo :SQLSTATE
SELECT shopanalytics.share_encoder('owned', false);
SET ROLE regress_encoder_owner;
SELECT shopanalytics.share_encoder('owned', false);
RESET ROLE;
-- one expression, another role
CREATE FUNCTION as_both() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    code float8[];
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['regress_encoder_owner', 'regress_encoder_other'] LOOP
        PERFORM set_config('role', role, true);
        BEGIN
            code := shopanalytics.encode('owned', 'b');
            RETURN NEXT role || ' ' || code::text;
        EXCEPTION WHEN undefined_object THEN
            RETURN NEXT role || ' ' || SQLERRM;
        END;
    END LOOP;
END $$;
SELECT as_both();
RESET ROLE;
SELECT shopanalytics.drop_encoder('owned');

-- no encoder that cannot be is kept
\set VERBOSITY terse
INSERT INTO shopanalytics.encoder (name, source, column_name, method, min_count, smoothing, unknown, levels, level_rows, n_rows, n_skipped)
    VALUES ('bad', 's', 'c', 'one_hot', 1, 5, 'other', '{a,b}', '{1}', 2, 0);
INSERT INTO shopanalytics.encoder (name, source, column_name, method, min_count, smoothing, unknown, levels, level_rows, n_rows, n_skipped)
    VALUES ('bad', 's', 'c', 'target', 1, 5, 'other', '{a}', '{1}', 2, 0);
DELETE FROM shopanalytics.encoder;
DROP ROLE regress_encoder_member, regress_encoder_other, regress_encoder_owner;

DROP VIEW encoded;
DROP TABLE payment, seen, typed, click, parallel, serial;
DROP TYPE size;
DROP FUNCTION codes, levels_of, gathers, codes_of_b, as_both;
DROP SCHEMA "it's" CASCADE;
