-- What stored models say of rows: the numbers, and which model it is that speaks.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
CREATE SCHEMA predict_test;
GRANT USAGE ON SCHEMA predict_test TO PUBLIC;
CREATE TABLE predict_test.orders (order_id integer PRIMARY KEY, amount float8, n_items integer, account_age_days integer, night integer, is_anomaly boolean);
INSERT INTO predict_test.orders
SELECT n, (r ->> 0)::float8, (r ->> 1)::integer, (r ->> 2)::integer, (r ->> 3)::integer, r ->> 4 = '1'
  FROM jsonb_array_elements('[[114.11,4,224,0,1],[189.34,1,781,1,0],[9.14,5,474,0,0],[49.57,7,568,0,0],[111.01,7,886,1,0],[140.68,7,588,1,0],[86.28,7,280,0,0],
       [155.71,8,533,1,1],[66.88,3,74,0,0],[80.31,1,190,1,0],[61.88,6,273,0,0],[25.75,2,405,0,0],[30.19,6,554,1,1],[71.22,7,888,0,0],[36.37,4,159,1,1],
       [132.97,4,818,1,0],[134.92,5,131,0,0],[192.32,1,690,0,0],[53.61,8,831,1,0],[143.82,6,480,1,0],[28.96,1,443,0,0],[30.83,7,782,1,0],[57.8,7,84,0,0],
       [66.49,8,568,0,0],[17.83,4,802,1,0],[16.26,2,358,1,1],[70.0,4,253,1,1],[29.86,3,474,0,0],[127.21,8,54,0,1],[71.97,7,179,0,0],[67.7,4,391,1,0],
       [63.18,1,515,1,0],[102.19,2,567,1,0],[49.05,3,282,1,1],[116.74,6,174,0,0],[37.78,4,703,0,0],[46.64,2,42,1,0],[33.91,4,744,1,0],[82.96,2,117,1,1],
       [55.99,5,894,0,0]]') WITH ORDINALITY o (r, n);
GRANT SELECT ON predict_test.orders TO PUBLIC;
CREATE TABLE predict_test.expected AS
SELECT order_id, p FROM unnest('{0.1360543202759172,0.05373934358609466,0.06563530773194977,0.05976472006910745,0.10183969869445976,0.28904315101600386,0.17795490884373577,0.3783616238033561,0.2112888387106522,0.4610737616665908,0.16091105678701262,0.05191557815487721,0.3078103524085594,0.015004945081935419,0.636802870239147,0.0804575282850665,0.21682926547001358,0.010845470604320121,0.1550173057749405,0.35269851052962964,0.0372104108493227,0.1632468407845718,0.34547974587121916,0.06941213233976808,0.09600223582347948,0.34365114210340636,0.5281321678323292,0.04590635029472042,0.4004656120830454,0.25514325582543135,0.3796727819935467,0.17293737605981033,0.16016009603058395,0.45751503897722084,0.2183177172673701,0.020427315501970106,0.6699892346502969,0.11868151025920166,0.5841486899108417,0.010451787808494208}'::float8[]) WITH ORDINALITY e (p, order_id);

-- L4: by name, in any order of columns, with columns that the model does not know; by
-- position in the order of model_features; as a class
SELECT status, n_train FROM shopanalytics.train_logistic('l4', 'predict_test.orders', 'is_anomaly', '{amount,n_items,account_age_days,night}', test_fraction => 0);
SELECT * FROM shopanalytics.model_features('l4');
SELECT count(*), count(*) FILTER (WHERE abs(shopanalytics.predict('l4', o) - p) > 1e-9) AS by_name,
       count(*) FILTER (WHERE shopanalytics.predict('l4', ROW(o.*)::predict_test.orders) <> shopanalytics.predict('l4', o)) AS cast_row,
       count(*) FILTER (WHERE shopanalytics.predict('l4', other) <> shopanalytics.predict('l4', o)) AS other_order,
       count(*) FILTER (WHERE shopanalytics.predict('l4', ARRAY[o.amount, o.n_items, o.account_age_days, o.night]) <> shopanalytics.predict('l4', o)) AS by_position,
       count(*) FILTER (WHERE shopanalytics.predict_class('l4', o) <> (p >= 0.5)) AS class,
       count(*) FILTER (WHERE shopanalytics.predict_class('l4', o, 0.3) <> (p >= 0.3)) AS other_class,
       count(*) FILTER (WHERE NOT shopanalytics.predict_class('l4', o, shopanalytics.predict('l4', o))) AS at_threshold
  FROM predict_test.orders o JOIN predict_test.expected USING (order_id),
       LATERAL (SELECT 'x' AS note, o.night::numeric, o.account_age_days::bigint, o.n_items::smallint, o.amount) other;
-- the name, an alias, a version
SELECT shopanalytics.model_alias('l4', 'champion', 1);
SELECT DISTINCT round(shopanalytics.predict(name, o)::numeric, 9) AS p FROM predict_test.orders o, unnest('{l4,l4@current,l4@champion,l4@1,l4@01}'::text[]) name WHERE order_id = 1;

-- A NULL that the model needs: no answer.
SELECT shopanalytics.predict('l4', r), shopanalytics.predict_class('l4', r), shopanalytics.predict('l4', '{1,2,NULL,0}'::float8[])
  FROM (SELECT 1 AS amount, 2 AS n_items, NULL::integer AS account_age_days, 0 AS night) r;
SELECT shopanalytics.predict(NULL, o), shopanalytics.predict('l4', NULL::predict_test.orders), shopanalytics.predict('l4', NULL::float8[]), shopanalytics.predict_class(NULL, o) FROM predict_test.orders o WHERE order_id = 1;
SELECT shopanalytics.predict('l4', o) FROM predict_test.orders o WHERE false;

-- Bad input.
SELECT shopanalytics.predict('', o) FROM predict_test.orders o;
SELECT shopanalytics.predict('nothing', o) FROM predict_test.orders o;
SELECT shopanalytics.predict('l4@', o) FROM predict_test.orders o;
SELECT shopanalytics.predict('@1', o) FROM predict_test.orders o;
SELECT shopanalytics.predict('l4@1@1', o) FROM predict_test.orders o;
SELECT shopanalytics.predict('l4@2', o) FROM predict_test.orders o;
SELECT shopanalytics.predict('l4@99999999999999999999', o) FROM predict_test.orders o;
SELECT shopanalytics.predict('l4@challenger', o) FROM predict_test.orders o;
SELECT shopanalytics.predict(repeat('long ', 100000), o) FROM predict_test.orders o;
-- features renamed since the training
SELECT shopanalytics.predict('l4', r) FROM (SELECT amount AS total, n_items, night FROM predict_test.orders) r;
SELECT shopanalytics.predict('l4', ROW(1, 2));
SELECT shopanalytics.predict('l4', '{1,2,3}'::float8[]);
SELECT shopanalytics.predict('l4', '{{1,2},{3,4}}'::float8[]);
SELECT shopanalytics.predict('l4', '{}'::float8[]);
SELECT shopanalytics.predict('l4', '{1,2,NaN,0}'::float8[]);
SELECT shopanalytics.predict('l4', '{1,2,3,Infinity}'::float8[]);
SELECT shopanalytics.predict('l4', r) FROM (SELECT 'NaN'::float8 AS amount, 1 AS n_items, 1 AS account_age_days, 1 AS night) r;
SELECT shopanalytics.predict('l4', r) FROM (SELECT now() AS amount, 1 AS n_items, 1 AS account_age_days, 1 AS night) r;
SELECT shopanalytics.predict('l4', r) FROM (SELECT 1.7e308 AS amount, 1 AS n_items, 1.7e308 AS account_age_days, 1 AS night) r;
SELECT shopanalytics.predict_class('l4', o, 'NaN') FROM predict_test.orders o;
SELECT shopanalytics.model_features('nothing');

-- An alias that moves within one block is seen at once, there and everywhere; so is a
-- subtransaction that takes it back.
SELECT status, version FROM shopanalytics.train_logistic('l4', 'SELECT *, NOT is_anomaly AS is_fine FROM predict_test.orders', 'is_fine', '{amount,n_items,account_age_days,night}', test_fraction => 0);
SELECT round(shopanalytics.predict('l4', o)::numeric, 9) AS second, round(1 - shopanalytics.predict('l4@1', o)::numeric, 9) AS first FROM predict_test.orders o WHERE order_id = 1;
CREATE FUNCTION predict_test.say(o predict_test.orders) RETURNS numeric LANGUAGE plpgsql AS $$
BEGIN
    RETURN round(shopanalytics.predict('l4', o)::numeric, 3);
END
$$;
CREATE FUNCTION predict_test.say_stable(o predict_test.orders) RETURNS numeric LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN round(shopanalytics.predict('l4', o)::numeric, 3);
END
$$;
CREATE TABLE predict_test.said (n integer, p numeric, same numeric);
DO $$
DECLARE
    o predict_test.orders;
    p numeric;
BEGIN
    SELECT * INTO o FROM predict_test.orders WHERE order_id = 1;
    FOR n IN 1 .. 6 LOOP
        PERFORM shopanalytics.model_alias('l4', 'current', 1 + n % 2);
        p := round(shopanalytics.predict('l4', o)::numeric, 3);
        INSERT INTO predict_test.said VALUES (n, p, predict_test.say(o));
        ASSERT p = predict_test.say_stable(o);
        BEGIN
            PERFORM shopanalytics.model_alias('l4', 'current', 2 - n % 2);
            ASSERT p <> predict_test.say(o);
            RAISE division_by_zero;
        EXCEPTION WHEN division_by_zero THEN
            ASSERT p = round(shopanalytics.predict('l4', o)::numeric, 3), 'what was taken back is still seen';
            ASSERT p = predict_test.say(o), 'what was taken back is still seen in a function';
        END;
    END LOOP;
END
$$;
SELECT * FROM predict_test.said ORDER BY n;
-- and in a procedure that commits, with what was rolled back
DO $$
DECLARE
    o predict_test.orders;
    p numeric;
BEGIN
    SELECT * INTO o FROM predict_test.orders WHERE order_id = 1;
    p := predict_test.say(o);
    PERFORM shopanalytics.model_alias('l4', 'current', 2);
    ASSERT p <> predict_test.say(o);
    ROLLBACK;
    ASSERT p = predict_test.say(o), 'a rollback is not seen';
    PERFORM shopanalytics.model_alias('l4', 'current', 2);
    COMMIT;
    ASSERT p <> predict_test.say(o), 'a commit is not seen';
END
$$;
-- one query sees one state of the models, as of its start
SELECT DISTINCT round(shopanalytics.predict('l4', o)::numeric, 3) AS p, moved FROM predict_test.orders o, LATERAL (SELECT shopanalytics.model_alias('l4', 'current', 1) OFFSET 0) a (moved) WHERE order_id = 1;

-- A type that changes between two calls of one place.
CREATE TABLE predict_test.narrow (n_items integer, amount float8, night integer, account_age_days integer);
INSERT INTO predict_test.narrow VALUES (4, 114.11, 0, 224);
CREATE FUNCTION predict_test.of_narrow() RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    p float8;
BEGIN
    SELECT shopanalytics.predict('l4@1', n) INTO p FROM predict_test.narrow n;
    RETURN round(p::numeric, 9);
END
$$;
SELECT predict_test.of_narrow();
ALTER TABLE predict_test.narrow DROP COLUMN n_items, ADD COLUMN note text DEFAULT 'x', ADD COLUMN n_items numeric DEFAULT 4;
SELECT predict_test.of_narrow();
ALTER TABLE predict_test.narrow RENAME amount TO total;
SELECT predict_test.of_narrow();

-- Row security: a model is the caller's, whoever asked before at the same place.
CREATE ROLE regress_predict_ann;
CREATE ROLE regress_predict_ben;
CREATE FUNCTION predict_test.ask() RETURNS numeric LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT round(shopanalytics.predict('private', o)::numeric, 3) FROM predict_test.orders o WHERE order_id = 1);
END
$$;
SET ROLE regress_predict_ann;
SELECT status FROM shopanalytics.train_logistic('private', 'predict_test.orders', 'is_anomaly', '{night}', test_fraction => 0);
PREPARE ask AS SELECT round(shopanalytics.predict('private', o)::numeric, 3) AS p FROM predict_test.orders o WHERE order_id = 1;
EXECUTE ask;
SELECT predict_test.ask();
SET ROLE regress_predict_ben;
EXECUTE ask;
SELECT predict_test.ask();
SET ROLE regress_predict_ann;
SELECT shopanalytics.model_share('private');
SET ROLE regress_predict_ben;
EXECUTE ask;
SELECT predict_test.ask();
-- within one statement: two roles at one place
RESET ROLE;
SELECT shopanalytics.model_share('private', false);
CREATE FUNCTION predict_test.ask_as(role text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('role', role, true);
    RETURN predict_test.ask()::text;
EXCEPTION WHEN undefined_object THEN
    RETURN SQLERRM;
END
$$;
SELECT predict_test.ask_as(r) FROM unnest('{regress_predict_ann,regress_predict_ben,regress_predict_ann}'::text[]) r;
RESET ROLE;

-- Dropped, it is no longer found.
SELECT predict_test.ask();
SELECT shopanalytics.model_drop('private');
SELECT predict_test.ask();
EXECUTE ask;

-- A version that is not usable is not taken by itself.
SELECT status, version FROM shopanalytics.train_logistic('apart', 'SELECT i AS x, i > 3 AS y FROM generate_series(1, 6) i', 'y', penalty => 'none', test_fraction => 0);
SELECT shopanalytics.predict('apart', r) FROM (SELECT 1 AS x) r;
SELECT shopanalytics.predict('apart@1', r) FROM (SELECT 1 AS x) r;
SELECT shopanalytics.model_alias('apart', 'current', 1);

-- Trees are asked in the same way; clusters have no probability.
SELECT status FROM shopanalytics.train_tree('tree', 'predict_test.orders', 'is_anomaly', '{amount,n_items,account_age_days,night}', max_depth => 2, min_leaf => 5, test_fraction => 0);
SELECT count(*) FILTER (WHERE shopanalytics.predict('tree', o) = shopanalytics.predict('tree', ARRAY[amount, n_items, account_age_days, night])) AS same,
       count(DISTINCT shopanalytics.predict('tree', o)) BETWEEN 2 AND 4 AS leaves
  FROM predict_test.orders o;

-- Hostile bytes.
CREATE FUNCTION predict_test.broken(state bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM shopanalytics._model_add_version('broken', 'logistic', state, 'ok', true, '{}', 's', 'y', '{}');
    RETURN shopanalytics.predict('broken', o)::text FROM predict_test.orders o WHERE order_id = 1;
EXCEPTION WHEN invalid_binary_representation OR protocol_violation THEN
    RETURN 'refused';
WHEN OTHERS THEN
    RETURN SQLERRM;
END
$$;
SELECT predict_test.broken(''), predict_test.broken('\x00'), predict_test.broken('\x02'), predict_test.broken('\x0101'), predict_test.broken('\x0109');
-- the beginning of a model's bytes, a byte too much, and a changed byte: an error or a number
SELECT bool_and(predict_test.broken(substr(state, 1, n)) = 'refused') AS prefixes FROM shopanalytics.model_version, generate_series(0, octet_length(state) - 1, 5) n WHERE model = 'l4' AND version = 1;
-- a column's name that no column has room for: each term would repeat it
SELECT n, left(predict_test.broken(overlay(state PLACING int4send(n) || convert_to(repeat('x', n), 'UTF8') FROM 7 FOR 4 + get_byte(state, 9))), 29) AS name FROM shopanalytics.model_version, (VALUES (256), (257)) t (n) WHERE model = 'l4' AND version = 1;
SELECT predict_test.broken(state || '\x00') AS longer FROM shopanalytics.model_version WHERE model = 'l4' AND version = 1;
SELECT count(predict_test.broken(set_byte(state, n, get_byte(state, n) # 255))) > 0 AS survived FROM shopanalytics.model_version, generate_series(0, octet_length(state) - 1) n WHERE model = 'l4' AND version = 1;

-- Many models at one place, more than are kept.
SELECT count(*) FROM generate_series(1, 100) i,
       LATERAL (SELECT shopanalytics._model_add_version('many ' || i, 'logistic', state, 'ok', true, metrics, source, label, options) FROM shopanalytics.model_version WHERE model = 'l4' AND version = 1 + i % 2) v;
SELECT count(*) AS n, count(DISTINCT round(shopanalytics.predict('many ' || i, o)::numeric, 9)) AS answers
  FROM generate_series(1, 100) i, generate_series(1, 3) again, predict_test.orders o WHERE order_id = 1;
SELECT count(*) AS n FROM predict_test.orders o, generate_series(1, 100) i WHERE abs(shopanalytics.predict('many ' || i, o) - shopanalytics.predict('l4@' || 1 + i % 2, o)) > 0;

-- Parallel workers read the models, too.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
ALTER TABLE predict_test.orders SET (parallel_workers = 2);
EXPLAIN (COSTS OFF) SELECT count(*) FROM predict_test.orders o WHERE shopanalytics.predict('l4@1', o) >= 0.5;
SELECT count(*) FROM predict_test.orders o WHERE shopanalytics.predict('l4@1', o) >= 0.5;
SELECT count(*) FROM predict_test.expected WHERE p >= 0.5;
RESET ALL;

DELETE FROM shopanalytics.model;
DROP SCHEMA predict_test CASCADE;
DROP ROLE regress_predict_ann, regress_predict_ben;
