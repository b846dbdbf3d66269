-- A38: scores of rows, written to a table.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
CREATE SCHEMA score_test;
CREATE TABLE score_test.orders (order_id integer PRIMARY KEY, amount float8, n_items integer, account_age_days integer, night integer, is_anomaly boolean);
INSERT INTO score_test.orders
SELECT n, (r ->> 0)::float8, (r ->> 1)::integer, (r ->> 2)::integer, (r ->> 3)::integer, r ->> 4 = '1'
  FROM jsonb_array_elements('[[114.11,4,224,0,1],[189.34,1,781,1,0],[9.14,5,474,0,0],[49.57,7,568,0,0],[111.01,7,886,1,0],[140.68,7,588,1,0],[86.28,7,280,0,0],
       [155.71,8,533,1,1],[66.88,3,74,0,0],[80.31,1,190,1,0],[61.88,6,273,0,0],[25.75,2,405,0,0],[30.19,6,554,1,1],[71.22,7,888,0,0],[36.37,4,159,1,1],
       [132.97,4,818,1,0],[134.92,5,131,0,0],[192.32,1,690,0,0],[53.61,8,831,1,0],[143.82,6,480,1,0],[28.96,1,443,0,0],[30.83,7,782,1,0],[57.8,7,84,0,0],
       [66.49,8,568,0,0],[17.83,4,802,1,0],[16.26,2,358,1,1],[70.0,4,253,1,1],[29.86,3,474,0,0],[127.21,8,54,0,1],[71.97,7,179,0,0],[67.7,4,391,1,0],
       [63.18,1,515,1,0],[102.19,2,567,1,0],[49.05,3,282,1,1],[116.74,6,174,0,0],[37.78,4,703,0,0],[46.64,2,42,1,0],[33.91,4,744,1,0],[82.96,2,117,1,1],
       [55.99,5,894,0,0]]') WITH ORDINALITY o (r, n);
CREATE TABLE score_test.flags (order_id text, model text, version integer, score float8, is_flagged boolean, reasons jsonb, scored_at timestamptz, PRIMARY KEY (order_id, model));
CREATE VIEW score_test.difference AS
SELECT o.order_id FROM score_test.orders o LEFT JOIN score_test.flags f ON f.order_id = o.order_id::text AND f.model = 'l4'
 WHERE (f.score, f.is_flagged, f.reasons) IS DISTINCT FROM (shopanalytics.predict('l4', o), shopanalytics.predict_class('l4', o), shopanalytics.explain_json('l4', o) -> 'reasons');
SELECT status FROM shopanalytics.train_logistic('l4', 'score_test.orders', 'is_anomaly', '{amount,n_items,account_age_days,night}', test_fraction => 0);

SELECT shopanalytics.score('l4', 'score_test.orders', 'score_test.flags');
SELECT * FROM score_test.difference;
SELECT count(*), min(model) AS model, min(version) AS version, count(*) FILTER (WHERE is_flagged) AS flagged, count(scored_at) AS times FROM score_test.flags;
-- A second time nothing is to do, and no row is written again.
CREATE TABLE score_test.before AS SELECT order_id, ctid AS place, scored_at FROM score_test.flags;
SELECT shopanalytics.score('l4', 'score_test.orders', 'score_test.flags') AS new_ones, shopanalytics.score('l4', 'score_test.orders', 'score_test.flags', only_new => false) AS all_again;
SELECT count(*) FROM score_test.flags f JOIN score_test.before b USING (order_id) WHERE f.ctid = b.place AND f.scored_at = b.scored_at;
-- nor so much as locked
SELECT count(*) AS locked FROM score_test.flags WHERE xmax <> '0';
-- New rows and changed ones: the new, then all.
INSERT INTO score_test.orders VALUES (41, 500, 1, 2, 1, NULL), (42, 5, 1, 2000, 0, NULL);
UPDATE score_test.orders SET amount = 1000 WHERE order_id = 7;
SELECT shopanalytics.score('l4', 'score_test.orders', 'score_test.flags') AS new_ones;
SELECT order_id FROM score_test.difference;
SELECT shopanalytics.score('l4', 'score_test.orders', 'score_test.flags', only_new => false) AS others;
SELECT order_id FROM score_test.difference;
-- Another threshold changes the flags alone; more reasons, and none.
SELECT count(*) AS other_side FROM score_test.orders o WHERE shopanalytics.predict_class('l4', o, 0.3) <> shopanalytics.predict_class('l4', o);
SELECT shopanalytics.score('l4', 'score_test.orders', 'score_test.flags', threshold => 0.3, only_new => false);
SELECT shopanalytics.score('l4', 'SELECT * FROM score_test.orders WHERE order_id <= 10', 'score_test.flags', threshold => 0.3, explain_top_k => 0, only_new => false) AS without_reasons;
SELECT count(*) AS rows, count(reasons) AS reasons FROM score_test.flags;
-- A new version scores all again, in their places; an alias is another name of the same model.
SELECT version FROM shopanalytics.train_logistic('l4', 'score_test.orders', 'is_anomaly', '{amount,n_items,account_age_days,night}', c => 0.1, test_fraction => 0);
SELECT shopanalytics.score('l4@1', 'score_test.orders', 'score_test.flags') AS same_version, shopanalytics.score('l4@current', 'score_test.orders', 'score_test.flags') AS new_version;
SELECT model, version, count(*) FROM score_test.flags GROUP BY 1, 2;
SELECT order_id FROM score_test.difference;
-- Models stand side by side.
SELECT status FROM shopanalytics.train_logistic('night', 'score_test.orders', 'is_anomaly', '{night}', test_fraction => 0);
SELECT shopanalytics.score('night', 'score_test.orders', 'score_test.flags');
SELECT model, count(*) FROM score_test.flags GROUP BY 1 ORDER BY 1;

-- Rows without an answer are left out, and counted.
SELECT shopanalytics.score('l4', 'SELECT 100 + i AS order_id, nullif(i, 1) AS amount, nullif(i, 2) AS n_items, i AS account_age_days, 0 AS night FROM generate_series(1, 4) i', 'score_test.flags');
SELECT shopanalytics.score('l4', 'SELECT 200 AS order_id, NULL::integer AS amount, 1 AS n_items, 1 AS account_age_days, 0 AS night', 'score_test.flags');

-- Keys of any type, in a column of the same name or "key"; names that need quotes.
CREATE TABLE score_test."Flags of ""all"" rows" (reasons jsonb, key integer, scored_at timestamptz, model text, version bigint, is_flagged boolean, score numeric, note text, PRIMARY KEY (key, model));
SELECT shopanalytics.score('night', 'SELECT order_id AS "the ""key"" of it", night FROM score_test.orders', 'score_test."Flags of ""all"" rows"', '"the ""key"" of it"');
SELECT shopanalytics.score('night', 'SELECT order_id AS "the ""key"" of it", night FROM score_test.orders', 'score_test."Flags of ""all"" rows"', 'the "key" of it');
SELECT count(*), min(key), max(key) FROM score_test."Flags of ""all"" rows";
SELECT shopanalytics.score('night', 'SELECT order_id AS "the ""key"" of it", night FROM score_test.orders', 'score_test."Flags of ""all"" rows"', 'the "key" of it') AS again;
-- by the caller's search_path
SET search_path = score_test;
SELECT shopanalytics.score('night', 'orders', 'flags', threshold => 0.2, only_new => false) = (SELECT count(*) FROM orders WHERE night = 1) AS all_of_the_night;
RESET search_path;
-- though no operator of it
CREATE FUNCTION score_test.trap(a integer, b integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE OPERATOR score_test.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = score_test.trap);
SET search_path = score_test, pg_catalog;
SELECT shopanalytics.score('night', 'orders', 'flags', threshold => 0.2, only_new => false) AS again;
RESET search_path;

-- Bad input.
SELECT shopanalytics.score('nothing', 'score_test.orders', 'score_test.flags');
SELECT shopanalytics.score('l4', 'score_test.nothing', 'score_test.flags');
SELECT shopanalytics.score('l4', 'score_test.orders', 'score_test.nothing');
SELECT shopanalytics.score('l4', 'score_test.orders', 'not a table');
SELECT shopanalytics.score('l4', 'score_test.orders', 'score_test.orders');
SELECT shopanalytics.score('l4', 'score_test.orders', 'score_test.flags', 'nothing');
SELECT shopanalytics.score('l4', 'score_test.orders', 'score_test.flags', threshold => 'NaN');
SELECT shopanalytics.score('l4', 'score_test.orders', 'score_test.flags', explain_top_k => -1);
SELECT shopanalytics.score(NULL, 'score_test.orders', 'score_test.flags');
SELECT shopanalytics.score('l4', 'score_test.orders', 'score_test.flags', only_new => NULL);
SELECT shopanalytics.score('l4', 'SELECT 2000 AS order_id', 'score_test.flags');
-- a key twice
\set VERBOSITY terse
SELECT shopanalytics.score('night', 'SELECT 1000 AS order_id, 1 AS night FROM generate_series(1, 2)', 'score_test.flags');
SELECT shopanalytics.score('night', 'SELECT NULL AS order_id, 1 AS night', 'score_test.flags');
-- and of a model that has no row in the table yet, which has none afterwards either
CREATE TABLE score_test.later (LIKE score_test.flags, PRIMARY KEY (order_id, model));
SELECT shopanalytics.score('night', 'SELECT 1000 AS order_id, 1 AS night FROM generate_series(1, 2)', 'score_test.later');
SELECT shopanalytics.score('night', 'SELECT NULL AS order_id, 1 AS night', 'score_test.later');
SELECT count(*) AS none FROM score_test.later;
-- a table without the key
CREATE TABLE score_test.keyless (LIKE score_test.flags);
SELECT shopanalytics.score('night', 'score_test.orders', 'score_test.keyless');
\set VERBOSITY default

-- The caller's own rights.
CREATE ROLE regress_score_ann;
GRANT USAGE ON SCHEMA score_test TO regress_score_ann;
GRANT SELECT ON score_test.orders TO regress_score_ann;
SELECT shopanalytics.model_share('l4');
SET ROLE regress_score_ann;
SELECT shopanalytics.score('l4', 'score_test.orders', 'score_test.flags', only_new => false);
RESET ROLE;
-- to insert is not enough, even where all rows are new
GRANT SELECT, INSERT ON score_test.later TO regress_score_ann;
SET ROLE regress_score_ann;
SELECT shopanalytics.score('l4', 'score_test.orders', 'score_test.later');
RESET ROLE;
GRANT UPDATE ON score_test.later TO regress_score_ann;
SET ROLE regress_score_ann;
SELECT shopanalytics.score('l4', 'score_test.orders', 'score_test.later') = count(*) AS all FROM score_test.orders;
RESET ROLE;

-- C9: single orders as they arrive.
CREATE TRIGGER score AFTER INSERT OR UPDATE ON score_test.orders FOR EACH ROW EXECUTE FUNCTION shopanalytics.score_row('l4', 'score_test.flags');
INSERT INTO score_test.orders VALUES (51, 500, 1, 2, 1, NULL);
UPDATE score_test.orders SET amount = 600 WHERE order_id = 8;
SELECT f.order_id, f.version, f.score = shopanalytics.predict('l4', o) AS score, f.is_flagged = shopanalytics.predict_class('l4', o) AS is_flagged, f.reasons = shopanalytics.explain_json('l4', o) -> 'reasons' AS reasons
  FROM score_test.flags f JOIN score_test.orders o ON o.order_id::text = f.order_id WHERE f.model = 'l4' AND o.order_id IN (8, 51) ORDER BY o.order_id;
-- the same row again, and one without an answer
UPDATE score_test.orders SET amount = 600 WHERE order_id = 8;
INSERT INTO score_test.orders VALUES (52, NULL, 1, 2, 1, NULL);
SELECT count(*) FROM score_test.flags WHERE order_id = '52';
-- A model that is gone keeps no order from arriving.
SELECT shopanalytics.model_drop('l4');
INSERT INTO score_test.orders VALUES (53, 500, 1, 2, 1, NULL);
SELECT count(*) FROM score_test.orders WHERE order_id = 53;
DROP TRIGGER score ON score_test.orders;
CREATE TRIGGER score AFTER INSERT ON score_test.orders FOR EACH ROW EXECUTE FUNCTION shopanalytics.score_row('night', 'score_test.nothing', 'order_id');
INSERT INTO score_test.orders VALUES (54, 500, 1, 2, 1, NULL);
DROP TRIGGER score ON score_test.orders;
-- A target without its schema, a key that the target has not, and one that the row has not
CREATE TRIGGER score AFTER INSERT ON score_test.orders FOR EACH ROW EXECUTE FUNCTION shopanalytics.score_row('night', 'flags');
INSERT INTO score_test.orders VALUES (56, 500, 1, 2, 1, NULL);
DROP TRIGGER score ON score_test.orders;
CREATE TABLE score_test.no_key (id integer);
CREATE TRIGGER score AFTER INSERT ON score_test.orders FOR EACH ROW EXECUTE FUNCTION shopanalytics.score_row('night', 'score_test.no_key');
INSERT INTO score_test.orders VALUES (57, 500, 1, 2, 1, NULL);
DROP TRIGGER score ON score_test.orders;
CREATE TRIGGER score AFTER INSERT ON score_test.orders FOR EACH ROW EXECUTE FUNCTION shopanalytics.score_row('night', 'score_test.no_key', 'id');
INSERT INTO score_test.orders VALUES (58, 500, 1, 2, 1, NULL);
DROP TRIGGER score ON score_test.orders;
CREATE TRIGGER score AFTER INSERT ON score_test.orders FOR EACH ROW EXECUTE FUNCTION shopanalytics.score_row('night');
INSERT INTO score_test.orders VALUES (55, 500, 1, 2, 1, NULL);
DROP TRIGGER score ON score_test.orders;
-- A model that was dropped and trained again has version 1 again, and scores of its own.
SELECT status FROM shopanalytics.train_logistic('again', 'score_test.orders', 'is_anomaly', '{amount}', test_fraction => 0);
SELECT shopanalytics.score('again', 'SELECT * FROM score_test.orders WHERE order_id <= 40', 'score_test.flags') AS scored;
SELECT shopanalytics.model_drop('again');
SELECT version, status FROM shopanalytics.train_logistic('again', 'score_test.orders', 'is_anomaly', '{n_items,night}', test_fraction => 0);
SELECT shopanalytics.score('again', 'SELECT * FROM score_test.orders WHERE order_id <= 40', 'score_test.flags') AS scored_anew;
SELECT shopanalytics.score('again', 'SELECT * FROM score_test.orders WHERE order_id <= 40', 'score_test.flags') AS nothing;
SELECT count(*), count(*) FILTER (WHERE score <> shopanalytics.predict('again', o)) AS stale
  FROM score_test.flags f JOIN score_test.orders o ON o.order_id::text = f.order_id WHERE model = 'again';
-- A key that can be deferred is refused, as ON CONFLICT does it, and not with two rows of one key.
CREATE TABLE score_test.deferred (order_id text, model text, version integer, score float8, is_flagged boolean, reasons jsonb, scored_at timestamptz, PRIMARY KEY (order_id, model) DEFERRABLE INITIALLY DEFERRED);
SELECT shopanalytics.score('again', 'SELECT 1 AS order_id, n_items, night FROM score_test.orders', 'score_test.deferred');
-- A key of an extension's type is compared by its own equality.
CREATE EXTENSION citext SCHEMA score_test;
CREATE TABLE score_test.named (order_id score_test.citext, model text, version integer, score float8, is_flagged boolean, reasons jsonb, scored_at timestamptz, PRIMARY KEY (order_id, model));
SELECT shopanalytics.score('again', 'SELECT (''k'' || order_id)::score_test.citext AS order_id, n_items, night FROM score_test.orders WHERE order_id < 9', 'score_test.named') AS scored;
SELECT shopanalytics.score('again', 'SELECT (''K'' || order_id)::score_test.citext AS order_id, n_items, night FROM score_test.orders WHERE order_id < 9', 'score_test.named') AS new_ones,
       shopanalytics.score('again', 'SELECT (''K'' || order_id)::score_test.citext AS order_id, n_items, night FROM score_test.orders WHERE order_id < 9', 'score_test.named', only_new => false) AS changed;
-- A model of another kind is that, whatever columns the row has.
SELECT shopanalytics.cluster('again', f) FROM score_test.flags f LIMIT 1;
SELECT shopanalytics.cluster('again', '{1}'::float8[]);

DELETE FROM shopanalytics.model;
DROP SCHEMA score_test CASCADE;
DROP ROLE regress_score_ann;
