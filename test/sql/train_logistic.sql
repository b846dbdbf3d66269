-- train_logistic and coefficients.  The fit itself is tested with logistic_agg; the cases
-- of published tables are in test/t/080_logistic.pl.

CREATE FUNCTION pg_temp.off(got float8[], expected float8[]) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN cardinality(got) = cardinality(expected) AND bool_and((g IS NULL) = (e IS NULL))
                THEN max(coalesce(abs(g - e) / greatest(abs(e), 1e-300), 0)) END
      FROM unnest(got, expected) AS u(g, e)
$$;
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
\pset null NULL
CREATE TABLE patient(id, treatment, trait_anxiety, y) AS
SELECT row_number() OVER (), * FROM (VALUES (1, 70, 1), (1, 80, 1), (1, 50, 1), (0, 60, 1), (0, 40, 1), (0, 65, 1), (0, 75, 1), (0, 80, 1), (0, 70, 1), (0, 60, 1),
       (1, 65, 0), (1, 50, 0), (1, 45, 0), (1, 35, 0), (1, 40, 0), (1, 50, 0), (0, 55, 0), (0, 45, 0), (0, 50, 0), (0, 60, 0)) v;

-- L1 without a penalty, all rows to train
SELECT model, version, kind, status, converged, n_train, n_test, n_skipped, n_positive, threshold, roc_auc, train_ms > 0 AS timed,
       pg_temp.off(ARRAY[log_likelihood, null_log_likelihood, aic, bic, mcfadden_r2], '{-9.410182983850886,-13.862943611198906,24.820365967701772,27.807562788363747,0.3211987837670309}') < 1e-9 AS statistics
  FROM shopanalytics.train_logistic('patient', 'patient', 'y', key_column => 'id', penalty => 'none', test_fraction => 0);
SELECT term, kind, aliased, pg_temp.off(ARRAY[coef, std_err, z, p_value, odds_ratio], e) < 1e-9 AS l1,
       abs(ci_low - (coef - 1.959963984540054 * std_err)) < 1e-12 AND abs(ci_high - (coef + 1.959963984540054 * std_err)) < 1e-12 AS interval,
       vif > 1 AS vif
  FROM shopanalytics.coefficients('patient')
  JOIN (VALUES ('(intercept)', '{-6.3634699418458744,3.2139045247337017,-1.9799810146423502,0.0477056620372,0.0017233763091220003}'::float8[]),
               ('treatment', '{-1.024106052408071,1.1710801464951677,-0.8744969808198322,0.38184766369971407,0.3591173540496394}'),
               ('trait_anxiety', '{0.11904491666978413,0.05497917557507885,2.1652728587611856,0.030366795595679955,1.1264205122102742}')) v(name, e) ON name = term;
-- L1's fitted probabilities, by name and by place
SELECT pg_temp.off(array_agg(shopanalytics.predict('patient', p) ORDER BY id), f) < 1e-9 AS by_name,
       pg_temp.off(array_agg(shopanalytics.predict('patient', ARRAY[treatment, trait_anxiety]::float8[]) ORDER BY id), f) < 1e-9 AS by_place
  FROM patient p, (SELECT '{0.7202230289422594,0.8943549025035032,0.19226954175207991,0.6855130722407844,0.16774788150650202,0.798098108917163,0.9285680757541166,0.9593057636947503,0.877576117433433,0.6855130722407844,0.5867008959427714,0.19226954175207991,0.11603201063034833,0.0383829143121118,0.06749762241276601,0.19226954175207991,0.5458707743028152,0.2676754223849786,0.3986186392838883,0.6855130722407844}'::float8[] AS f) x
 GROUP BY f;

-- L2: the default is l2 of strength 1; no statistics
SELECT version, status, pg_temp.off(ARRAY[log_likelihood], ARRAY[l]) < 1e-9 AS log_likelihood, aic, bic
  FROM shopanalytics.train_logistic('patient', 'patient', 'y', key_column => 'id', test_fraction => 0),
       (SELECT sum(ln(CASE y WHEN 1 THEN p ELSE 1 - p END)) AS l
          FROM patient JOIN unnest('{0.6509927159033788,0.8117505754269287,0.25871969031783587,0.6423177825039764,0.2515051113327986,0.7319322215683329,0.8632402982009202,0.9056359763681529,0.8058799318912420,0.6423177825039764,0.5509217991929067,0.25871969031783587,0.18669294379547008,0.09032582166761445,0.1311699995894729,0.25871969031783587,0.5415113309161783,0.338140627771197,0.437188227909969,0.6423177825039764}'::float8[]) WITH ORDINALITY AS u(p, i) ON i = id) e;
SELECT term, pg_temp.off(ARRAY[coef, coef_std], e) < 1e-9 AS l2, std_err, z, p_value, ci_low, ci_high, aliased
  FROM shopanalytics.coefficients('patient')
  JOIN (VALUES ('(intercept)', '{-4.44267966298597,-0.005040668598097423}'::float8[]), ('treatment', '{-0.8000522284011288,-0.3980209581441396}'), ('trait_anxiety', '{0.08380196501604159,1.0964535222641125}')) v(name, e) ON name = term;
SELECT count(*) FROM shopanalytics.coefficients('patient@1');

-- L7: separable; stored, not used, and named; with the penalty there is an answer, here on raw units
SELECT version, status, converged, log_likelihood, n_train FROM shopanalytics.train_logistic('six', 'SELECT x, x > 3 AS y FROM generate_series(1, 6) AS x', 'y', key_column => 'x', features => '{x}', penalty => 'none', test_fraction => 0);
SELECT term, coef, coef_std, std_err, odds_ratio, vif, aliased FROM shopanalytics.coefficients('six@1');
SELECT * FROM pg_temp.error_of('SELECT shopanalytics.predict(''six@1'', ''{1}''::float8[])');
SELECT version, status, converged FROM shopanalytics.train_logistic('six', 'SELECT x, x > 3 AS y FROM generate_series(1, 6) AS x', 'y', key_column => 'x', features => '{x}', standardize => false, test_fraction => 0);
SELECT term, pg_temp.off(ARRAY[coef], ARRAY[e]) < 1e-9 AS l7 FROM shopanalytics.coefficients('six') JOIN (VALUES ('(intercept)', -3.922133600306206), ('x', 1.1206096000874874)) v(name, e) ON name = term;

-- Where the penalty is so weak that rounding hides it, what only looks like an answer is none; coefficients go on growing
-- with the logarithm of c
CREATE TABLE told AS SELECT i AS id, i > 10 AS y, i - 10.5 + (i % 3) * 0.1 AS x, (i * 7 % 5)::float8 AS z FROM generate_series(1, 20) i;
SELECT status, converged FROM shopanalytics.train_logistic('told', 'told', 'y', '{x,z}', 'id', c => 1e12, test_fraction => 0);
-- (the notice has the number of steps, which is the processor's)
SET client_min_messages = warning;
SELECT status, converged, iterations < 100 AS early, log_likelihood > -1e-15 AS near FROM shopanalytics.train_logistic('told', 'told', 'y', '{x,z}', 'id', c => 1e40, test_fraction => 0);
RESET client_min_messages;

-- L8: collinear, usable; a constant column
CREATE TABLE eight(id, x1, y) AS VALUES (1, 1, 0), (2, 2, 1), (3, 3, 0), (4, 4, 0), (5, 5, 0), (6, 6, 1), (7, 7, 0), (8, 8, 1);
SELECT status, converged, condition_number FROM shopanalytics.train_logistic('eight', 'SELECT id, x1, 2 * x1 AS x2, 7 AS always, y FROM eight', 'y', key_column => 'id', penalty => 'none', test_fraction => 0);
SELECT term, coef IS NULL AS no_coef, round(coef::numeric, 9) AS coef, round(std_err::numeric, 9) AS std_err, aliased FROM shopanalytics.coefficients('eight');
SELECT round(shopanalytics.predict('eight', e)::numeric, 9) AS p FROM (SELECT 5 AS x1, 10 AS x2, 7 AS always) e;
SELECT status FROM shopanalytics.train_logistic('eight', 'SELECT id, x1, 2 * x1 AS x2, y FROM eight', 'y', key_column => 'id', test_fraction => 0);
SELECT term, pg_temp.off(ARRAY[coef_std], ARRAY[e]) < 1e-9 AS l8, vif FROM shopanalytics.coefficients('eight') JOIN (VALUES ('(intercept)', -0.5383008685443618), ('x1', 0.23564561070074097), ('x2', 0.23564561070074097)) v(name, e) ON name = term;

-- Not converged: stored, not used
SELECT version, status, converged, iterations, aic FROM shopanalytics.train_logistic('patient', 'patient', 'y', key_column => 'id', test_fraction => 0, penalty => 'none', max_iterations => 1);

-- Categories: with the penalty a term for each value, without one the first is left out; test rows and their metrics, by SQL
CREATE TABLE visit AS
SELECT n AS id, (ARRAY['card', 'cash', 'gift'])[1 + abs(hashint4extended(n, 1) % 3)] AS payment, abs(hashint4extended(n, 2) % 1000) / 10.0 AS amount,
       CASE WHEN n % 50 <> 0 THEN abs(hashint4extended(n, 3) % 20) END AS items
  FROM generate_series(1, 4000) AS n;
ALTER TABLE visit ADD fraud boolean;
UPDATE visit SET fraud = abs(hashint4extended(id::integer, 4) % 100) < amount / 2 + CASE payment WHEN 'gift' THEN 30 ELSE 0 END;
SELECT status, n_train + n_test AS n, n_test BETWEEN 900 AND 1080 AS quarter, n_skipped, aic IS NULL AS no_aic FROM shopanalytics.train_logistic('fraud', 'visit', 'fraud', key_column => 'id');
SELECT term, kind FROM shopanalytics.coefficients('fraud');
SELECT status, n_skipped FROM shopanalytics.train_logistic('fraud', 'visit', 'fraud', key_column => 'id', penalty => 'none', null_policy => 'indicator');
SELECT term, kind, std_err > 0 AS std_err FROM shopanalytics.coefficients('fraud');
-- the test rows are those of the data set with the same key and seed
CREATE TEMP TABLE t AS SELECT * FROM shopanalytics.train_logistic('fraud', 'visit', 'fraud', features => '{amount}', key_column => 'id');
WITH d AS MATERIALIZED (SELECT * FROM shopanalytics._dataset('visit', 'fraud', features => '{amount}', key_column => 'id') WHERE part = 'test'),
     c AS MATERIALIZED (SELECT max(coef) FILTER (WHERE term = 'amount') AS a, max(coef) FILTER (WHERE term <> 'amount') AS b FROM shopanalytics.coefficients('fraud')),
     s AS (SELECT label_value = 1 AS label, 1 / (1 + exp(-(b + a * terms[1]))) AS p FROM c, d)
SELECT n_test = count(*) AS n, abs(roc_auc - shopanalytics.roc_auc(label, p)) < 1e-12 AS roc_auc, abs(log_loss - avg(-ln(CASE WHEN label THEN p ELSE 1 - p END))) < 1e-12 AS log_loss,
       abs(brier_score - avg((label::integer - p) ^ 2)) < 1e-12 AS brier, accuracy = avg(((p >= 0.5) = label)::integer)::float8 AS accuracy
  FROM t, s GROUP BY n_test, roc_auc, log_loss, brier_score, accuracy;

-- Rows in any order give the same numbers; a weight is so many rows; training is repeatable to the last bit
CREATE TABLE shuffled AS SELECT *, 1 + id % 3 AS w FROM visit ORDER BY hashint4extended(id::integer, 99);
CREATE FUNCTION pg_temp.trained(source text, weight text) RETURNS float8[] LANGUAGE sql AS $$
    SELECT shopanalytics.train_logistic('order', source, 'fraud', features => '{payment,amount,items}', key_column => 'id', weight_column => weight, penalty => 'none') IS NULL;
    SELECT array_agg(coef) || array_agg(std_err) FROM shopanalytics.coefficients('order');
$$;
SET client_min_messages = warning;
SELECT pg_temp.off(a, b) < 1e-10 AS any_order, pg_temp.off(c, d) < 1e-10 AS weights, a = e AS again
  FROM pg_temp.trained('visit', NULL) AS a, pg_temp.trained('shuffled', NULL) AS b, pg_temp.trained('shuffled', 'w') AS c,
       pg_temp.trained('SELECT v.* FROM visit v, generate_series(1, 1 + id % 3)', NULL) AS d, pg_temp.trained('visit', NULL) AS e;
RESET client_min_messages;

-- Rows in a temporary file: the same answer
SET shopanalytics.intake_memory = '1MB';
SELECT status, n_train FROM shopanalytics.train_logistic('small', 'SELECT v.* FROM visit v, generate_series(1, 20)', 'fraud', features => '{amount,items}', key_column => 'id', penalty => 'none');
RESET shopanalytics.intake_memory;
SELECT status, n_train FROM shopanalytics.train_logistic('large', 'SELECT v.* FROM visit v, generate_series(1, 20)', 'fraud', features => '{amount,items}', key_column => 'id', penalty => 'none');
SELECT max(abs(s.coef / l.coef - 1)) < 1e-12 AS coef, max(abs(s.std_err / l.std_err - 1)) < 1e-12 AS std_err FROM shopanalytics.coefficients('small') s JOIN shopanalytics.coefficients('large') l USING (term);

-- Every error
SELECT arguments, e.*
  FROM unnest(ARRAY['penalty => ''l1''', 'penalty => NULL', 'c => 0', 'c => NULL', 'standardize => NULL', 'class_weight => ''equal''', 'class_weight => NULL', 'max_iterations => 0', 'max_iterations => NULL',
                    'tolerance => 0', 'tolerance => 1', 'tolerance => NULL', 'features => ''{nowhere}''', 'positive => ''maybe''']) WITH ORDINALITY AS a(arguments, i),
       pg_temp.error_of('SELECT shopanalytics.train_logistic(''bad'', ''visit'', ''fraud'', ' || arguments || ')') AS e ORDER BY i;
SELECT e.* FROM unnest(ARRAY['SELECT shopanalytics.train_logistic(''bad'', ''SELECT id, true AS y, id AS x FROM visit'', ''y'')', 'SELECT shopanalytics.train_logistic(''bad'', ''SELECT id, true AS y, id AS x FROM visit WHERE false'', ''y'')',
                             'SELECT shopanalytics.train_logistic(''bad'', ''SELECT id % 2 = 0 AS y, id * 1e304::float8 AS x FROM visit'', ''y'')', 'SELECT shopanalytics.train_logistic(''bad'', ''visit'', NULL)',
                             'SELECT * FROM shopanalytics.coefficients(''nobody'')']) AS q, pg_temp.error_of(q) AS e;
SELECT count(*) FROM shopanalytics.coefficients(NULL);
SELECT count(*) AS models FROM shopanalytics.model WHERE name = 'bad';

-- class_weight balanced: each class counts for half of all, so it is as if rows had these weights
SET client_min_messages = warning;
SELECT status, aic IS NULL AS no_statistics FROM shopanalytics.train_logistic('balanced', 'visit', 'fraud', features => '{amount}', key_column => 'id', class_weight => 'balanced', penalty => 'none', test_fraction => 0);
SELECT status FROM shopanalytics.train_logistic('weighted', 'SELECT *, 4000 / (2.0 * count(*) OVER (PARTITION BY fraud)) AS w FROM visit', 'fraud', features => '{amount}', key_column => 'id', weight_column => 'w', penalty => 'none', test_fraction => 0);
SELECT max(abs(b.coef / w.coef - 1)) < 1e-10 AS same, bool_and(b.std_err IS NULL) AS no_std_err FROM shopanalytics.coefficients('balanced') b JOIN shopanalytics.coefficients('weighted') w USING (term);
DROP TABLE patient, eight, visit, shuffled;
