-- compare_models: several models on the same rows.
SET extra_float_digits = 1;
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;
CREATE FUNCTION pg_temp.u(n integer, seed integer) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint4extended(n, seed) >> 12) & 1048575) / 1048576.0::float8
$$;
CREATE TABLE compared_order AS
SELECT n AS id, n % 700 AS customer, round((pg_temp.u(n, 1) * 100)::numeric, 2)::float8 AS amount, (pg_temp.u(n, 2) * 8)::integer AS pieces,
       (ARRAY['card', 'cash', 'gift'])[1 + (pg_temp.u(n, 3) * 2.999)::integer] AS payment,
       pg_temp.u(n, 1) * 2 + pg_temp.u(n, 2) + pg_temp.u(n, 4) * 1.5 > 3 AS is_bad
  FROM generate_series(1, 6000) AS n;

-- A36: a logistic regression, a tree and a forest trained alike, on the test rows that
-- they have in common, which are all their test rows: the numbers are those of the
-- training, and to scikit-learn's definitions those of metrics.sql
SELECT (shopanalytics.train_logistic('logistic', 'compared_order', 'is_bad', features => '{amount,pieces,payment}', key_column => 'id')).status;
SELECT (shopanalytics.train_tree('tree', 'compared_order', 'is_bad', features => '{amount,pieces,payment}', key_column => 'id', max_depth => 2)).status;
SELECT (shopanalytics.train_forest('forest', 'compared_order', 'is_bad', features => '{amount,pieces}', key_column => 'id', n_trees => 5, max_depth => 3)).status;
CREATE TEMP TABLE compared AS SELECT * FROM shopanalytics.compare_models('{logistic,tree,forest}');
SELECT model, version, kind, measured_on, roc_auc > 0.8 AS good, roc_auc_se BETWEEN 0.002 AND 0.02 AS roc_auc_se, delong_p < 0.01 AS delong_p FROM compared;
SELECT c.model, c.n = (v.metrics ->> 'n_test')::bigint AS n, c.roc_auc = (v.metrics ->> 'roc_auc')::float8 AS roc_auc, c.average_precision = (v.metrics ->> 'average_precision')::float8 AS ap,
       c.log_loss = (v.metrics ->> 'log_loss')::float8 AS log_loss, c.brier_score = (v.metrics ->> 'brier_score')::float8 AS brier, c.accuracy = (v.metrics ->> 'accuracy')::float8 AS accuracy,
       c.precision = (v.metrics ->> 'precision')::float8 AS precision, c.recall = (v.metrics ->> 'recall')::float8 AS recall, c.f1 = (v.metrics ->> 'f1')::float8 AS f1, c.train_ms = (v.metrics ->> 'train_ms')::float8 AS train_ms
  FROM compared c JOIN shopanalytics.model_version v USING (model, version) ORDER BY model;

-- The same from the rows that a training reads, and the aggregates
CREATE TEMP TABLE test_row AS
SELECT l.id, l.label_value = 1 AS label, shopanalytics.predict('logistic', l.terms) AS logistic, shopanalytics.predict('tree', t.terms) AS tree, shopanalytics.predict('forest', f.terms) AS forest
  FROM shopanalytics._dataset('compared_order', 'is_bad', '{amount,pieces,payment}', 'id') l
  JOIN shopanalytics._dataset('compared_order', 'is_bad', '{amount,pieces,payment}', 'id', keep_nulls => true) t USING (id, part)
  JOIN shopanalytics._dataset('compared_order', 'is_bad', '{amount,pieces}', 'id', keep_nulls => true) f USING (id, part)
 WHERE part = 'test';
SELECT c.model, c.n = x.n AS n, c.roc_auc = x.roc_auc AS roc_auc, c.roc_auc_se = x.roc_auc_se AS roc_auc_se, c.average_precision = x.ap AS ap, c.calibration_error = x.ece AS calibration_error,
       c.accuracy = (x.confusion).accuracy AND c.precision = (x.confusion).precision AND c.recall = (x.confusion).recall AND c.f1 = (x.confusion).f1 AS confusion,
       c.delong_p IS NOT DISTINCT FROM CASE WHEN c.model <> 'logistic' THEN (x.delong).p_value END AS delong_p
  FROM compared c
  JOIN (SELECT m.model, count(*) AS n, shopanalytics.roc_auc(label, score) AS roc_auc, shopanalytics.roc_auc_std_err(label, score) AS roc_auc_se, shopanalytics.average_precision(label, score) AS ap,
               shopanalytics.expected_calibration_error(label, score) AS ece,
               shopanalytics.confusion(label, score, (SELECT (metrics ->> 'threshold')::float8 FROM shopanalytics.model_version v WHERE v.model = m.model)) AS confusion,
               shopanalytics.delong_test(label, logistic, score) AS delong
          FROM test_row, LATERAL (VALUES ('logistic', logistic), ('tree', tree), ('forest', forest)) AS m(model, score) GROUP BY m.model) x USING (model)
 ORDER BY model;

-- No training row of any of them: with another fraction the smaller test, with another
-- seed the rows that are in both
SELECT (shopanalytics.train_tree('half', 'compared_order', 'is_bad', features => '{amount,pieces}', key_column => 'id', test_fraction => 0.5)).status;
SELECT (shopanalytics.train_tree('other', 'compared_order', 'is_bad', features => '{amount,pieces}', key_column => 'id', seed => 7, split => 'hash')).status;
SELECT bool_and(n = (SELECT count(*) FROM test_row)) AS smaller_test FROM shopanalytics.compare_models('{half,logistic}');
SELECT model, n = (SELECT count(*) FROM shopanalytics._dataset('compared_order', 'is_bad', '{amount,pieces}', 'id') a
                     JOIN shopanalytics._dataset('compared_order', 'is_bad', '{amount,pieces}', 'id', seed => 7) b USING (id) WHERE a.part = 'test' AND b.part = 'test') AS "in both",
       n BETWEEN 250 AND 500 AS plausible, measured_on
  FROM shopanalytics.compare_models('{other,logistic}');

-- Versions and aliases; a model with itself does not differ; one model; none
SELECT (shopanalytics.train_tree('tree', 'compared_order', 'is_bad', features => '{amount}', key_column => 'id', max_depth => 4)).version;
SELECT model, version, n > 1000 AS n, delong_p < 1 AS delong_p FROM shopanalytics.compare_models('{tree@1,tree,tree@1,tree@current}');
SELECT model, version, delong_p FROM shopanalytics.compare_models('{tree@1,tree@1}');
SELECT model, measured_on, delong_p FROM shopanalytics.compare_models('{forest}');
SELECT count(*) AS none FROM shopanalytics.compare_models('{}');

-- A key that is none, and no key: rows are paired one to one
SELECT (shopanalytics.train_tree('by_customer', 'compared_order', 'is_bad', features => '{amount}', key_column => 'customer')).status;
SELECT (shopanalytics.train_logistic('by_customer_too', 'compared_order', 'is_bad', features => '{amount}', key_column => 'customer')).status;
SELECT (shopanalytics.train_tree('keyless', 'SELECT amount, is_bad FROM compared_order', 'is_bad')).status;
SELECT (shopanalytics.train_logistic('keyless_too', 'SELECT amount, is_bad FROM compared_order', 'is_bad', penalty => 'none')).status;
SELECT c.model, c.n = (v.metrics ->> 'n_test')::bigint AS all_test_rows, c.roc_auc = (v.metrics ->> 'roc_auc')::float8 AS roc_auc, c.measured_on
  FROM (SELECT * FROM shopanalytics.compare_models('{by_customer,by_customer_too}') UNION ALL SELECT * FROM shopanalytics.compare_models('{keyless,keyless_too}')) c
  JOIN shopanalytics.model_version v USING (model, version) ORDER BY model;

-- No test row in common: what was stored, and no test
SELECT c.model, c.n = (v.metrics ->> 'n_test')::bigint AS n, c.roc_auc = (v.metrics ->> 'roc_auc')::float8 AS roc_auc, c.roc_auc_se, c.delong_p, c.measured_on
  FROM shopanalytics.compare_models('{logistic,keyless}') c JOIN shopanalytics.model_version v USING (model, version) ORDER BY model;

-- A source of the caller's: every row with a label that all models score
CREATE TABLE compared_later AS
SELECT n AS id, CASE WHEN n % 50 > 0 THEN pg_temp.u(n, 1) * 100 END AS amount, (pg_temp.u(n, 2) * 8)::integer AS pieces, 'card' AS payment,
       CASE WHEN n % 40 > 0 THEN pg_temp.u(n, 1) * 2 + pg_temp.u(n, 2) + pg_temp.u(n, 4) * 1.5 > 3 END AS is_bad
  FROM generate_series(10001, 12000) AS n;
SELECT c.model, c.n = x.n AND c.n = 1920 AS n, c.roc_auc = x.roc_auc AS roc_auc, c.log_loss = x.log_loss AS log_loss, c.brier_score = x.brier AS brier, c.delong_p IS NOT DISTINCT FROM x.p AS delong_p, c.train_ms > 0 AS train_ms, c.measured_on
  FROM shopanalytics.compare_models('{logistic,forest}', 'compared_later') c
  JOIN (SELECT 'logistic' AS model, count(*) AS n, shopanalytics.roc_auc(is_bad, l) AS roc_auc, shopanalytics.log_loss(is_bad, l) AS log_loss, shopanalytics.brier_score(is_bad, l) AS brier, NULL::float8 AS p
          FROM (SELECT is_bad, shopanalytics.predict('logistic', r) AS l FROM compared_later r) s WHERE is_bad IS NOT NULL AND l IS NOT NULL
        UNION ALL
        SELECT 'forest', count(*), shopanalytics.roc_auc(is_bad, f), shopanalytics.log_loss(is_bad, f), shopanalytics.brier_score(is_bad, f), (shopanalytics.delong_test(is_bad, l, f)).p_value
          FROM (SELECT is_bad, shopanalytics.predict('logistic', r) AS l, shopanalytics.predict('forest', r) AS f FROM compared_later r) s WHERE is_bad IS NOT NULL AND l IS NOT NULL AND f IS NOT NULL) x USING (model)
 ORDER BY c.model;
-- a query; another label, 0 and 1; a text and positive; no row
SELECT roc_auc = (SELECT roc_auc FROM shopanalytics.compare_models('{tree}', 'compared_later')) AS same
  FROM shopanalytics.compare_models('{tree}', 'SELECT amount, pieces, payment, is_bad::integer AS "was bad" FROM compared_later -- all', 'was bad');
SELECT (shopanalytics.train_tree('worded', 'SELECT amount, CASE WHEN is_bad THEN ''bad'' ELSE ''fine'' END AS verdict FROM compared_order', 'verdict', positive => 'bad')).status;
SELECT roc_auc = (SELECT roc_auc FROM shopanalytics.compare_models('{worded}', 'SELECT amount, CASE WHEN is_bad THEN ''bad'' WHEN NOT is_bad THEN ''fine'' END AS verdict FROM compared_later')) AS same
  FROM (SELECT shopanalytics.roc_auc(is_bad, shopanalytics.predict('worded', r)) AS roc_auc FROM compared_later r) s;
SELECT model, n, roc_auc, accuracy, measured_on FROM shopanalytics.compare_models('{tree,forest}', 'SELECT * FROM compared_later WHERE false');

-- The source is another one by now: what was stored; the others are compared all the same
UPDATE compared_order SET payment = 'coin' WHERE id % 100 = 0;
SELECT model, measured_on, n > 1000 AS n, roc_auc > 0.7 AS roc_auc, delong_p FROM shopanalytics.compare_models('{forest,logistic}');
SELECT model, measured_on, delong_p < 0.5 AS delong_p FROM shopanalytics.compare_models('{forest,logistic,half}');

-- A query that another role wrote is not run with the caller's rights
CREATE ROLE regress_compare_writer;
CREATE ROLE regress_compare_reader;
GRANT CREATE ON SCHEMA public TO regress_compare_writer;
GRANT SELECT ON compared_order, compared_later TO regress_compare_writer, regress_compare_reader;
SET ROLE regress_compare_writer;
CREATE FUNCTION public.compared_trap(amount float8) RETURNS float8 LANGUAGE plpgsql AS $$
BEGIN
    IF current_user <> 'regress_compare_writer' THEN
        RAISE EXCEPTION 'run by %', current_user;
    END IF;
    RETURN amount;
END $$;
SELECT (shopanalytics.train_tree('shared', 'SELECT id, public.compared_trap(amount) AS amount, is_bad FROM public.compared_order', 'is_bad', features => '{amount}', key_column => 'id')).status;
SELECT shopanalytics.model_share('shared');
SELECT measured_on FROM shopanalytics.compare_models('{shared}');
RESET ROLE;
SELECT measured_on, n > 1000 AS n FROM shopanalytics.compare_models('{shared,forest}') ORDER BY model;
SET ROLE regress_compare_reader;
SELECT measured_on, n FROM shopanalytics.compare_models('{shared}', 'compared_later');
SELECT state, message FROM pg_temp.error_of('SELECT * FROM shopanalytics.compare_models(''{shared,tree}'')');
RESET ROLE;

-- Every error
SELECT (shopanalytics.train_tree('textual', 'SELECT amount, CASE WHEN is_bad THEN ''bad'' ELSE ''fine'' END AS verdict FROM compared_order', 'verdict')).status;
SELECT call, e.*
  FROM unnest(ARRAY['''{missing}''', '''{tree,NULL}''', 'NULL', '''{tree@9}''', '''{"tree; DROP TABLE x"}''', '''{tree}'', ''compared_later'', ''payment''', '''{tree}'', ''compared_later'', ''missing''',
                    '''{tree}'', ''missing''', '''{tree}'', ''SELECT 1; SELECT 2''', '''{tree}'', ''SELECT is_bad FROM compared_later''',
                    '''{textual}'', ''SELECT 1.0 AS amount, ''''bad'''' AS verdict''']) WITH ORDINALITY AS c(call, i),
       pg_temp.error_of('SELECT * FROM shopanalytics.compare_models(' || call || ')') AS e
 ORDER BY i;
SET shopanalytics.max_group_memory = 64;
SELECT state, message FROM pg_temp.error_of('SELECT * FROM shopanalytics.compare_models(''{forest,half}'', ''SELECT * FROM compared_order'')');
RESET shopanalytics.max_group_memory;
-- any bytes may come
SELECT state, message FROM pg_temp.error_of('SELECT * FROM shopanalytics._compare_scores(ARRAY[''\x00''::bytea], ARRAY[0.5])');
SELECT place, n FROM shopanalytics._compare_scores(ARRAY['\x0100000000000000000000000000000001'::bytea, NULL, '\x0100000000000000000000000000000001'], ARRAY[0.5, 0.5, 0.5]);

SELECT count(*) AS dropped FROM shopanalytics.model m, shopanalytics.model_drop(m.name) WHERE m.owner <> '';
DROP FUNCTION public.compared_trap;
DROP TABLE compared_order, compared_later;
REVOKE CREATE ON SCHEMA public FROM regress_compare_writer;
DROP ROLE regress_compare_writer, regress_compare_reader;
