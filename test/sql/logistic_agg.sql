-- logistic_agg.  The cases L and B1 are published or computed in 50 digits; see the
-- gradient further down for an oracle in plain SQL.

-- The largest relative difference of two sets of numbers; NULL where one has a number and the other none
CREATE FUNCTION pg_temp.off(got float8[], expected float8[]) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN cardinality(got) = cardinality(expected) AND bool_and((g IS NULL) = (e IS NULL))
                THEN max(coalesce(abs(g - e) / greatest(abs(e), 1e-300), 0)) END
      FROM unnest(got, expected) AS u(g, e)
$$;
CREATE TEMP TABLE patient(treatment, trait_anxiety, y) AS
VALUES (1, 70, 1), (1, 80, 1), (1, 50, 1), (0, 60, 1), (0, 40, 1), (0, 65, 1), (0, 75, 1), (0, 80, 1), (0, 70, 1), (0, 60, 1),
       (1, 65, 0), (1, 50, 0), (1, 45, 0), (1, 35, 0), (1, 40, 0), (1, 50, 0), (0, 55, 0), (0, 45, 0), (0, 50, 0), (0, 60, 0);
CREATE TEMP TABLE shop_order(amount, n_items, account_age_days, night, is_anomaly) AS
VALUES (114.11, 4, 224, 0, 1), (189.34, 1, 781, 1, 0), (9.14, 5, 474, 0, 0), (49.57, 7, 568, 0, 0), (111.01, 7, 886, 1, 0),
       (140.68, 7, 588, 1, 0), (86.28, 7, 280, 0, 0), (155.71, 8, 533, 1, 1), (66.88, 3, 74, 0, 0), (80.31, 1, 190, 1, 0),
       (61.88, 6, 273, 0, 0), (25.75, 2, 405, 0, 0), (30.19, 6, 554, 1, 1), (71.22, 7, 888, 0, 0), (36.37, 4, 159, 1, 1),
       (132.97, 4, 818, 1, 0), (134.92, 5, 131, 0, 0), (192.32, 1, 690, 0, 0), (53.61, 8, 831, 1, 0), (143.82, 6, 480, 1, 0),
       (28.96, 1, 443, 0, 0), (30.83, 7, 782, 1, 0), (57.8, 7, 84, 0, 0), (66.49, 8, 568, 0, 0), (17.83, 4, 802, 1, 0),
       (16.26, 2, 358, 1, 1), (70.0, 4, 253, 1, 1), (29.86, 3, 474, 0, 0), (127.21, 8, 54, 0, 1), (71.97, 7, 179, 0, 0),
       (67.7, 4, 391, 1, 0), (63.18, 1, 515, 1, 0), (102.19, 2, 567, 1, 0), (49.05, 3, 282, 1, 1), (116.74, 6, 174, 0, 0),
       (37.78, 4, 703, 0, 0), (46.64, 2, 42, 1, 0), (33.91, 4, 744, 1, 0), (82.96, 2, 117, 1, 1), (55.99, 5, 894, 0, 0);
-- L1
SELECT 'L1' AS case, f.status, off.*, f.n, f.n_positive, f.n_skipped, f.aliased, f.constant
  FROM (SELECT (shopanalytics.logistic_agg(y = 1, ARRAY[treatment, trait_anxiety])).* FROM patient) f,
       LATERAL (SELECT pg_temp.off(coef, '{-6.3634699418458744,-1.024106052408071,0.11904491666978413}') < 1e-9 AS coef,
                       pg_temp.off(std_err, '{3.2139045247337017,1.1710801464951677,0.05497917557507885}') < 1e-9 AS std_err,
                       pg_temp.off(z, '{-1.9799810146423502,-0.8744969808198322,2.1652728587611856}') < 1e-9 AS z,
                       pg_temp.off(p_value, '{0.0477056620372,0.38184766369971407,0.030366795595679955}') < 1e-9 AS p_value,
                       pg_temp.off(odds_ratio, '{0.0017233763091220003,0.3591173540496394,1.1264205122102742}') < 1e-9 AS odds_ratio,
                       pg_temp.off(vcov, '{10.32918229410376,-0.4742995432565149,-0.17199668575202634,-0.4742995432565149,1.3714287095151434,-0.0011953151022281927,-0.17199668575202634,-0.0011953151022281927,0.0030227097469153466}') < 1e-9 AS vcov,
                       pg_temp.off(ARRAY[log_likelihood, null_log_likelihood, aic, bic, mcfadden_r2, objective],
                                   '{-9.410182983850886,-13.862943611198906,24.820365967701772,27.807562788363747,0.3211987837670309,9.410182983850886}') < 1e-9 AS statistics) off;
-- L2
SELECT 'L2' AS case, f.status, off.*
  FROM (SELECT (shopanalytics.logistic_agg(y = 1, ARRAY[treatment, trait_anxiety], 1, 'l2', 1)).* FROM patient) f,
       LATERAL (SELECT pg_temp.off(mean, '{0.45,57.25}') < 1e-9 AS mean, pg_temp.off(sd, '{0.49749371855331,13.083864108129525}') < 1e-9 AS sd,
                       pg_temp.off(coef_std, '{-0.005040668598097423,-0.3980209581441396,1.0964535222641125}') < 1e-9 AS coef_std,
                       pg_temp.off(coef, '{-4.44267966298597,-0.8000522284011288,0.08380196501604159}') < 1e-9 AS coef,
                       pg_temp.off(ARRAY[objective], '{10.346525185463939}') < 1e-9 AS objective,
                       std_err IS NULL AND z IS NULL AND p_value IS NULL AND vcov IS NULL AND aic IS NULL AND bic IS NULL AS no_statistics) off;
-- L3: far from 0
SELECT 'L3' AS case, f.status, pg_temp.off(coef[2:], '{-1.024106052408071,0.11904491666978413}') < 1e-7 AS slopes, pg_temp.off(std_err[2:], '{1.1710801464951677,0.05497917557507885}') < 1e-7 AS std_err
  FROM (SELECT (shopanalytics.logistic_agg(y = 1, ARRAY[treatment, trait_anxiety + 1e8])).* FROM patient) f;
-- L4
SELECT 'L4' AS case, f.status, off.*
  FROM (SELECT (shopanalytics.logistic_agg(is_anomaly = 1, ARRAY[amount, n_items, account_age_days, night], 1, 'l2', 1)).* FROM shop_order) f,
       LATERAL (SELECT pg_temp.off(mean, '{76.48575,4.575,456.325,0.525}') < 1e-9 AS mean, pg_temp.off(sd, '{46.763268218095064,2.290060042880972,264.56921471516677,0.4993746088859545}') < 1e-9 AS sd,
                       pg_temp.off(coef_std, '{-1.654394677232892,-0.05012802247920555,0.4078533535944206,-1.1619006836897137,1.019312416997779}') < 1e-9 AS coef_std,
                       pg_temp.off(coef, '{-1.4547899728305,-0.0010719529320623595,0.17809723149499934,-0.004391670001895751,2.041177903041054}') < 1e-9 AS coef,
                       pg_temp.off(ARRAY[objective], '{16.196317502546776}') < 1e-9 AS objective,
                       std_err IS NULL AND z IS NULL AND p_value IS NULL AND vcov IS NULL AND aic IS NULL AND bic IS NULL AS no_statistics) off;
-- L5
SELECT 'L5' AS case, f.status, off.*
  FROM (SELECT (shopanalytics.logistic_agg(is_anomaly = 1, ARRAY[amount, n_items, account_age_days, night], 1, 'l2', 1, true, 'balanced')).* FROM shop_order) f,
       LATERAL (SELECT pg_temp.off(mean, '{76.48575,4.575,456.325,0.525}') < 1e-9 AS mean, pg_temp.off(sd, '{46.763268218095064,2.290060042880972,264.56921471516677,0.4993746088859545}') < 1e-9 AS sd,
                       pg_temp.off(coef_std, '{-0.6281719695473543,-0.010406998357175032,0.4026621164575519,-1.3728404004155352,1.1131308954978858}') < 1e-9 AS coef_std,
                       pg_temp.off(coef, '{-0.2179710123959792,-0.00022254642914688413,0.17583037515077093,-0.005188965019582967,2.2290498469298403}') < 1e-9 AS coef,
                       pg_temp.off(ARRAY[objective], '{19.560570212478336}') < 1e-9 AS objective,
                       std_err IS NULL AND z IS NULL AND p_value IS NULL AND vcov IS NULL AND aic IS NULL AND bic IS NULL AS no_statistics) off;
-- L6
SELECT 'L6' AS case, f.status, off.*, f.n, f.n_positive, f.n_skipped, f.aliased, f.constant
  FROM (SELECT (shopanalytics.logistic_agg(is_anomaly = 1, ARRAY[amount, n_items, account_age_days, night])).* FROM shop_order) f,
       LATERAL (SELECT pg_temp.off(coef, '{-2.5286695720676184,-0.0045261133514988,0.454528088046668,-0.007703984527411118,3.73717395301611}') < 1e-9 AS coef,
                       pg_temp.off(std_err, '{1.817059916355342,0.012775249706101402,0.315548529271914,0.0031002037843293226,1.5949019112902665}') < 1e-9 AS std_err,
                       pg_temp.off(z, '{-1.391626962494238,-0.3542876621297781,1.4404379861805432,-2.4849929434808904,2.343199871139886}') < 1e-9 AS z,
                       pg_temp.off(p_value, '{0.16403538975358936,0.7231233130922294,0.1497435231212706,0.012955400267461437,0.019119137757190173}') < 1e-9 AS p_value,
                       pg_temp.off(odds_ratio, '{0.0797650714025936,0.9954841140635717,1.5754297434540179,0.992325615100921,41.97918721728801}') < 1e-9 AS odds_ratio,
                       pg_temp.off(vcov, '{3.3017067396252826,-0.004742133018366053,-0.37914494294702095,0.0015905345973007694,-1.9453759718069723,-0.004742133018366053,0.00016320700505324397,-0.0017392775789903977,8.110308153030921e-06,-0.0034636586934730517,-0.37914494294702095,-0.0017392775789903977,0.09957087432566797,-0.00061172115054927,0.33068237257371835,0.0015905345973007694,8.110308153030921e-06,-0.00061172115054927,9.611263504369852e-06,-0.0035209496827607063,-1.9453759718069723,-0.0034636586934730517,0.33068237257371835,-0.0035209496827607063,2.543712106637345}') < 1e-9 AS vcov,
                       pg_temp.off(ARRAY[log_likelihood, null_log_likelihood, aic, bic, mcfadden_r2, objective],
                                   '{-14.004756308356678,-21.326553629491944,38.00951261671335,46.45390988728303,0.34331835552698686,14.004756308356678}') < 1e-9 AS statistics) off;
-- L7
SELECT 'L7' AS case, f.status, off.*
  FROM (SELECT (shopanalytics.logistic_agg((x > 3)::integer = 1, ARRAY[x], 1, 'l2', 1, false, 'none')).* FROM generate_series(1, 6) AS x) f,
       LATERAL (SELECT
                       pg_temp.off(coef, '{-3.922133600306206,1.1206096000874874}') < 1e-9 AS coef,
                       pg_temp.off(ARRAY[objective], '{1.9907592166337684}') < 1e-9 AS objective,
                       std_err IS NULL AND z IS NULL AND p_value IS NULL AND vcov IS NULL AND aic IS NULL AND bic IS NULL AS no_statistics) off;
-- L7, without a penalty
SELECT 'L7' AS case, status, coef, std_err, vcov, log_likelihood, aic, separating, n
  FROM (SELECT (shopanalytics.logistic_agg(x > 3, ARRAY[x])).* FROM generate_series(1, 6) AS x) f;
-- L8
SELECT 'L8' AS case, f.status, off.*
  FROM (SELECT (shopanalytics.logistic_agg(y = 1, ARRAY[x, 2 * x], 1, 'l2', 1)).* FROM (VALUES (1, 0), (2, 1), (3, 0), (4, 0), (5, 0), (6, 1), (7, 0), (8, 1)) AS v(x, y)) f,
       LATERAL (SELECT pg_temp.off(mean, '{4.5,9.0}') < 1e-9 AS mean, pg_temp.off(sd, '{2.29128784747792,4.58257569495584}') < 1e-9 AS sd,
                       pg_temp.off(coef_std, '{-0.5383008685443618,0.23564561070074097,0.23564561070074097}') < 1e-9 AS coef_std,
                       pg_temp.off(coef, '{-1.46389845273314,0.10284417602097537,0.051422088010487685}') < 1e-9 AS coef,
                       pg_temp.off(ARRAY[objective], '{5.038670641669516}') < 1e-9 AS objective,
                       std_err IS NULL AND z IS NULL AND p_value IS NULL AND vcov IS NULL AND aic IS NULL AND bic IS NULL AS no_statistics) off;
-- L8, without a penalty: the first stays
SELECT 'L8' AS case, status, pg_temp.off(coef, '{-1.7634979579938652,0.2680754453209608,NULL}') < 1e-9 AS coef, pg_temp.off(std_err, '{1.838306685410098,0.3457447459517349,NULL}') < 1e-9 AS std_err,
       pg_temp.off(ARRAY[log_likelihood], '{-4.966482211986023}') < 1e-9 AS log_likelihood, aliased, constant
  FROM (SELECT (shopanalytics.logistic_agg(y = 1, ARRAY[x, 2 * x])).* FROM (VALUES (1, 0), (2, 1), (3, 0), (4, 0), (5, 0), (6, 1), (7, 0), (8, 1)) AS v(x, y)) f;

-- Nothing, one row, one class, nothing but NULL; rows with a NULL or without weight are counted
SELECT shopanalytics.logistic_agg(true, ARRAY[1::float8]) IS NULL AS nothing WHERE false;
SELECT name, (f).status, (f).n, (f).n_positive, (f).n_skipped, (f).coef, (f).sd, (f).log_likelihood, (f).iterations
  FROM (SELECT name, shopanalytics.logistic_agg(y, x, w) AS f
          FROM (VALUES ('one row', true, ARRAY[1::float8], 1), ('one class', false, ARRAY[1], 1), ('one class', false, ARRAY[2], 1),
                       ('nulls', NULL, ARRAY[1], 1), ('nulls', true, NULL, 1), ('nulls', true, ARRAY[NULL::float8], 1), ('nulls', true, ARRAY[1], NULL),
                       ('no weight', true, ARRAY[1], 0), ('no weight', false, ARRAY[2], 0)) AS v(name, y, x, w)
         GROUP BY name) g ORDER BY name;
SELECT f.status, f.n, f.n_positive, f.n_skipped, pg_temp.off(f.coef, '{-6.3634699418458744,-1.024106052408071,0.11904491666978413}') < 1e-9 AS coef
  FROM (SELECT (shopanalytics.logistic_agg(y = 1, ARRAY[treatment, trait_anxiety], w)).*
          FROM (SELECT y, treatment, trait_anxiety, 1 AS w FROM patient
                UNION ALL VALUES (NULL, 1, 1, 1), (1, NULL, 1, 1), (0, 1, NULL, 1), (0, 1, 5, NULL), (1, 1, 7, 0)) v) f;
-- no feature: the share of the positive; constant features change nothing
SELECT f.status, f.coef, f.std_err, abs(f.coef[1] - ln(3 / 7.0)) < 1e-15 AS logit, abs(f.std_err[1] - sqrt(1 / (10 * 0.3 * 0.7))) < 1e-15 AS root,
       abs(f.log_likelihood / f.null_log_likelihood - 1) < 1e-14 AS same, f.condition_number, f.mean
  FROM (SELECT (shopanalytics.logistic_agg(n <= 3, '{}')).* FROM generate_series(1, 10) AS n) f;
SELECT f.status, f.constant, f.aliased, f.coef[3] AS coef, f.std_err[3] AS std_err, f.mean[2] AS mean, f.sd[2] AS sd, f.vcov[3:3][1:4] AS vcov,
       pg_temp.off(f.coef, '{-6.3634699418458744,-1.024106052408071,0,0.11904491666978413}') < 1e-9 AS others
  FROM (SELECT (shopanalytics.logistic_agg(y = 1, ARRAY[treatment, 0.1, trait_anxiety])).* FROM patient) f;

-- Every error
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;
SELECT arguments, e.*
  FROM unnest(ARRAY['true, ''{1,NaN}''', 'true, ''{-Infinity,1}''', 'true, ARRAY[ARRAY[1], ARRAY[2]]', 'true, array_fill(n, ARRAY[n])', 'true, array_fill(n, ARRAY[1001])',
                    'true, ARRAY[n], -1', 'true, ARRAY[n], ''NaN''', 'true, ARRAY[n], ''Infinity''', 'true, ARRAY[n], 1, ''l1'', 1', 'true, ARRAY[n], 1, NULL, 1', 'true, ARRAY[n], 1, ''l2'', NULL',
                    'true, ARRAY[n], 1, ''l2'', 0', 'true, ARRAY[n], 1, ''l2'', ''NaN''', 'true, ARRAY[n], 1, ''l2'', ''Infinity''', 'true, ARRAY[n], 1, ''l2'', n', 'true, ARRAY[n], 1, CASE n WHEN 1 THEN ''l2'' ELSE ''none'' END, 1',
                    'true, ARRAY[n], 1, ''l2'', 1, n = 1, ''none''', 'true, ARRAY[n], 1, ''l2'', 1, NULL, ''none''', 'true, ARRAY[n], 1, ''l2'', 1, true, ''equal''']) WITH ORDINALITY AS a(arguments, i),
       pg_temp.error_of('SELECT shopanalytics.logistic_agg(' || arguments || ') FROM generate_series(1, 2) AS n') AS e
 ORDER BY i;
SET shopanalytics.max_group_memory = '64kB';
SELECT state, message FROM pg_temp.error_of('SELECT shopanalytics.logistic_agg(n % 3 = 0, ARRAY[n]) FROM generate_series(1, 10000) AS n');
SELECT (shopanalytics.logistic_agg(n % 3 = 0, ARRAY[n])).n FROM generate_series(1, 2000) AS n;
RESET shopanalytics.max_group_memory;

-- Numbers of any size are fitted, up to 1e300, and beyond a status says so: never NaN, never infinity
SELECT size, f.status, pg_temp.off(ARRAY[f.coef[1]], '{-6.3634699418458744}') < 1e-9 AS intercept,
       pg_temp.off(ARRAY[f.coef[2] * size, f.coef[3] * size], '{-1.024106052408071,0.11904491666978413}') < 1e-9 AS coef,
       pg_temp.off(f.z, '{-1.9799810146423502,-0.8744969808198322,2.1652728587611856}') < 1e-9 AS z,
       (SELECT bool_or(c IN ('NaN', 'Infinity', '-Infinity')) FROM unnest(f.coef || f.std_err || f.z || f.mean || f.sd) AS c) AS strange
  FROM unnest('{1e-306,1e-300,1e-290,1e-200,1e-100,1e-5,1e5,1e100,1e200,1e298,1e300,1e306}'::float8[]) AS size,
       LATERAL (SELECT (shopanalytics.logistic_agg(y = 1, ARRAY[treatment * size, trait_anxiety * size])).* FROM patient) f;
SELECT f.status, f.coef FROM (SELECT (shopanalytics.logistic_agg(n % 3 = 0, ARRAY[CASE WHEN n % 2 = 0 THEN 1 ELSE -1 END * 1.7e308::float8, n])).* FROM generate_series(1, 9) AS n) f;
-- NIST's NumAcc4: 10000000.2 and 0.1 about it
SELECT abs(f.sd[1] / 0.1 - 1) < 1e-8 AS sd FROM (SELECT (shopanalytics.logistic_agg(n % 7 = 0, ARRAY[CASE n % 2 WHEN 0 THEN 10000000.1 ELSE 10000000.3 END])).* FROM generate_series(1, 1000) AS n) f;

-- Separation, all there is.  With one feature of three values and up to two rows of either label at each, there is
-- an answer unless all of one label is at or above all of the other; a constant feature has none to separate.
WITH counts AS (SELECT g, x, y, div(g, (3 ^ (2 * x + y))::integer)::integer % 3 AS w FROM generate_series(0, 728) AS g, generate_series(0, 2) AS x, generate_series(0, 1) AS y),
fits AS (SELECT g, shopanalytics.logistic_agg(y = 1, ARRAY[x], w) AS f FROM counts GROUP BY g),
oracle AS (
    SELECT g, CASE WHEN count(*) FILTER (WHERE w > 0) = 0 THEN 'no_rows'
                   WHEN count(*) FILTER (WHERE w > 0 AND y = 1) = 0 OR count(*) FILTER (WHERE w > 0 AND y = 0) = 0 THEN 'one_class'
                   WHEN min(x) FILTER (WHERE w > 0) = max(x) FILTER (WHERE w > 0) THEN 'ok'
                   WHEN min(x) FILTER (WHERE w > 0 AND y = 1) >= max(x) FILTER (WHERE w > 0 AND y = 0)
                     OR min(x) FILTER (WHERE w > 0 AND y = 0) >= max(x) FILTER (WHERE w > 0 AND y = 1) THEN 'separable'
                   ELSE 'ok' END AS status
      FROM counts GROUP BY g)
SELECT o.status, count(*) AS groups, count(*) FILTER (WHERE (f).status <> o.status) AS differ,
       count(*) FILTER (WHERE ((f).coef IS NULL) <> (o.status <> 'ok')) AS odd
  FROM fits JOIN oracle o USING (g) GROUP BY o.status ORDER BY o.status;
-- Two features of two values, a row of either label at each point or none: a direction that makes no row worse and one
-- better is looked for among all of small whole numbers
CREATE TEMP TABLE point AS
SELECT g, x1, x2, y FROM generate_series(0, 255) AS g, generate_series(0, 1) AS x1, generate_series(0, 1) AS x2, generate_series(0, 1) AS y
 WHERE (g >> (4 * x1 + 2 * x2 + y)) % 2 = 1;
CREATE TEMP TABLE separable AS
SELECT DISTINCT g
  FROM (SELECT p.g FROM point p, generate_series(-2, 2) AS a, generate_series(-2, 2) AS b, generate_series(-2, 2) AS c,
               LATERAL (SELECT (2 * y - 1) * (a + b * x1 + c * x2) AS side) s
         GROUP BY p.g, a, b, c HAVING min(side) >= 0 AND max(side) > 0) d;
SELECT count(*) AS groups, count(s.g) AS separable, count(*) FILTER (WHERE (s.g IS NOT NULL) <> ((f).status IN ('separable', 'one_class'))) AS differ,
       count(*) FILTER (WHERE (f).status = 'collinear') AS collinear, count(*) FILTER (WHERE (f).status = 'ok') AS ok
  FROM (SELECT g, shopanalytics.logistic_agg(y = 1, ARRAY[x1, x2]) AS f FROM point GROUP BY g) fits LEFT JOIN separable s USING (g);
-- fewer rows than features; a rare category that is always positive is named; so are two, and with the penalty there is an answer
SELECT f.status, f.separating FROM (SELECT (shopanalytics.logistic_agg(n % 2 = 0, ARRAY[n * n, n % 3, n, sqrt(n), ln(n), 1 / n::float8])).* FROM generate_series(1, 4) AS n) f;
SELECT f.status, f.coef, f.separating
  FROM (SELECT (shopanalytics.logistic_agg(hashint4(n) % 3 = 0 OR n % 500 = 0, ARRAY[n, (n % 500 = 0)::integer, hashint4(-n) % 10])).* FROM generate_series(1, 5000) AS n) f;
SELECT f.status, f.coef, f.separating
  FROM (SELECT (shopanalytics.logistic_agg((hashint4(n) % 3 = 0 OR n % 500 = 0) AND n % 100 <> 7, ARRAY[n, (n % 500 = 0)::integer, hashint4(-n) % 10, (n % 100 = 7)::integer])).* FROM generate_series(1, 5000) AS n) f;
SELECT f.status, f.coef[3] > 2 AS positive, f.separating
  FROM (SELECT (shopanalytics.logistic_agg(hashint4(n) % 3 = 0 OR n % 500 = 0, ARRAY[n, (n % 500 = 0)::integer, hashint4(-n) % 10], 1, 'l2', 1)).* FROM generate_series(1, 5000) AS n) f;

-- An oracle in plain SQL: at the answer the gradient is 0, and the covariance is the inverse of the curvature.  A
-- hundred random groups, features of very different sizes, weights
CREATE FUNCTION pg_temp.u(n bigint, seed bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ((hashint8extended(n, seed) >> 11) & 9007199254740991)::float8 / 9007199254740992.0 $$;
CREATE TABLE logistic_row AS
SELECT g, n, pg_temp.u(n, 1) < 1 / (1 + exp(-(0.5 * (g % 5 - 2) + x1 / 100 - 2000 * x2 + x3 * (g % 3 - 1)))) AS y, x1, x2, x3, (1 + floor(3 * pg_temp.u(n, 6)))::integer AS w
  FROM (SELECT g, g * 1000 + i AS n, 300 * (pg_temp.u(g * 1000 + i, 2) - 0.5) AS x1, 1e-3 * pg_temp.u(g * 1000 + i, 3) * pg_temp.u(g * 1000 + i, 4) AS x2, floor(3 * pg_temp.u(g * 1000 + i, 5)) AS x3
          FROM generate_series(1, 100) AS g, generate_series(1, 60 + g) AS i) v;
CREATE TEMP TABLE fit AS
SELECT kind, c, g, f.*
  FROM (SELECT 'none' AS kind, 'Infinity'::float8 AS c, g, shopanalytics.logistic_agg(y, ARRAY[x1, x2, x3], w) AS fit FROM logistic_row GROUP BY g
        UNION ALL SELECT 'l2', 0.1, g, shopanalytics.logistic_agg(y, ARRAY[x1, x2, x3], w, 'l2', 0.1) FROM logistic_row GROUP BY g
        UNION ALL SELECT 'raw', 10, g, shopanalytics.logistic_agg(y, ARRAY[x1, x2, x3], w, 'l2', 10, false, 'none') FROM logistic_row GROUP BY g) s,
       LATERAL (SELECT (fit).* OFFSET 0) f;
SELECT kind, status, count(*), min(iterations) > 2 AND max(iterations) < 12 AS iterations FROM fit GROUP BY kind, status ORDER BY kind;
ANALYZE fit;
CREATE TEMP TABLE at_answer AS
SELECT f.kind, f.g, r.w, r.y::integer AS y, ARRAY[1, x1, x2, x3] AS x, 1 / (1 + exp(-(b1 + b2 * x1 + b3 * x2 + b4 * x3))) AS p
  FROM (SELECT kind, g, coef[1] AS b1, coef[2] AS b2, coef[3] AS b3, coef[4] AS b4 FROM fit OFFSET 0) f JOIN logistic_row r USING (g);
ANALYZE at_answer;
SELECT kind, count(*), max(abs(slope - CASE WHEN j = 1 OR kind = 'none' THEN 0 WHEN kind = 'raw' THEN coef[j] / c ELSE coef_std[j] * sd[j - 1] / c END) / size) < 1e-12 AS gradient_is_0
  FROM (SELECT kind, g, j, sum(w * (y - p) * x[j]) AS slope, sum(w * abs(y - p) * abs(x[j])) AS size FROM at_answer, generate_series(1, 4) AS j GROUP BY kind, g, j) s JOIN fit USING (kind, g)
 GROUP BY kind ORDER BY kind;
WITH curvature AS (SELECT g, i, k, sum(w * p * (1 - p) * x[i] * x[k]) AS h FROM at_answer, generate_series(1, 4) AS i, generate_series(1, 4) AS k WHERE kind = 'none' GROUP BY g, i, k),
     product AS (SELECT g, j, k, sum(vcov[j][i] * h) - (j = k)::integer AS error, sum(abs(vcov[j][i] * h)) AS size FROM fit JOIN curvature USING (g), generate_series(1, 4) AS j WHERE kind = 'none' GROUP BY g, j, k)
SELECT count(*), max(abs(error) / size) < 1e-11 AS inverse FROM product;
-- standard errors, z, p, odds ratios, likelihoods and what is made of them
SELECT count(*), bool_and(pg_temp.off(std_err, ARRAY(SELECT sqrt(vcov[j][j]) FROM generate_series(1, 4) AS j)) < 1e-12) AS std_err,
       bool_and(pg_temp.off(z, ARRAY(SELECT coef[j] / std_err[j] FROM generate_series(1, 4) AS j)) < 1e-12) AS z,
       bool_and(pg_temp.off(odds_ratio[1:2], ARRAY[exp(coef[1]), exp(coef[2])]) < 1e-12) AS odds_ratio,
       bool_and(abs(aic - (8 - 2 * log_likelihood)) < 1e-9) AS aic, bool_and(abs(bic - (4 * ln(weight) - 2 * log_likelihood)) < 1e-9) AS bic,
       bool_and(abs(mcfadden_r2 - (1 - log_likelihood / null_log_likelihood)) < 1e-12) AS mcfadden,
       bool_and(abs(log_likelihood - likelihood) < 1e-10 * abs(likelihood)) AS log_likelihood,
       bool_and(abs(null_log_likelihood - (positive * ln(positive / weight::float8) + (weight - positive) * ln((weight - positive) / weight::float8))) < 1e-9) AS null_log_likelihood
  FROM fit JOIN (SELECT g, sum(w) AS weight, sum(w * y) AS positive, sum(w * ln(CASE y WHEN 1 THEN p ELSE 1 - p END)) AS likelihood FROM at_answer WHERE kind = 'none' GROUP BY g) l USING (g)
 WHERE kind = 'none';
-- exp and log1p of the fit, from margin 0 to 18, against 40 digits: without features the log-likelihood is known
SELECT count(*), max(abs(f.log_likelihood / exact - 1)) < 1e-14 AS log_likelihood, max(abs(f.null_log_likelihood / exact - 1)) < 1e-14 AS null_log_likelihood
  FROM generate_series(0, 180) AS k, LATERAL (SELECT exp(k / 10.0)::float8::numeric AS w) u, LATERAL (SELECT w * ln(1 - round(1 / (1 + w), 45)) - ln(1 + w) AS exact) e,
       LATERAL (SELECT (shopanalytics.logistic_agg(y, '{}', CASE WHEN y THEN w::float8 ELSE 1 END)).* FROM (VALUES (true), (false)) v(y)) f;
-- with two features, variance inflation and condition number follow from their weighted correlation
WITH f AS MATERIALIZED (SELECT g, shopanalytics.logistic_agg(y, ARRAY[x1, x1 * x3 + x2], 1) AS fit FROM logistic_row GROUP BY g),
     b AS MATERIALIZED (SELECT g, (fit).coef[1] AS b1, (fit).coef[2] AS b2, (fit).coef[3] AS b3 FROM f),
     p AS (SELECT g, x1 AS a, x1 * x3 + x2 AS b, 1 / (1 + exp(-(b1 + b2 * x1 + b3 * (x1 * x3 + x2)))) AS p FROM b JOIN logistic_row USING (g)),
     m AS (SELECT g, sum(p * (1 - p)) AS s, sum(p * (1 - p) * a) AS sa, sum(p * (1 - p) * b) AS sb, sum(p * (1 - p) * a * a) AS saa, sum(p * (1 - p) * b * b) AS sbb, sum(p * (1 - p) * a * b) AS sab FROM p GROUP BY g),
     r AS (SELECT (fit).vif, (fit).condition_number, (sab - sa * sb / s) / sqrt((saa - sa * sa / s) * (sbb - sb * sb / s)) AS r FROM m JOIN f USING (g))
SELECT count(*), bool_and(pg_temp.off(vif, ARRAY[1 / (1 - r * r), 1 / (1 - r * r)]) < 1e-10) AS vif, bool_and(pg_temp.off(ARRAY[condition_number], ARRAY[sqrt((1 + abs(r)) / (1 - abs(r)))]) < 1e-10) AS condition_number FROM r;
SELECT vif, condition_number FROM (SELECT (shopanalytics.logistic_agg(n % 3 = 0, ARRAY[n, 2 * n], 1, 'l2', 1)).* FROM generate_series(1, 10) AS n) f;

-- A weight is so many rows; rows in any order
CREATE TEMP TABLE other AS
SELECT kind, g, (f).coef, (f).std_err, (f).log_likelihood, (f).bic
  FROM (SELECT kind, g, f FROM (SELECT 'repeated' AS kind, g, shopanalytics.logistic_agg(y, ARRAY[x1, x2, x3]) AS f FROM logistic_row, generate_series(1, w) GROUP BY g
        UNION ALL SELECT 'order ' || seed, g, shopanalytics.logistic_agg(y, ARRAY[x1, x2, x3], w) FROM (SELECT * FROM logistic_row, generate_series(1, 3) AS seed ORDER BY hashint4extended(n, seed)) o GROUP BY g, seed) u OFFSET 0) s;
SELECT o.kind, count(*), max(pg_temp.off(o.coef, f.coef)) < 1e-10 AS coef, max(pg_temp.off(o.std_err, f.std_err)) < 1e-10 AS std_err, max(pg_temp.off(ARRAY[o.log_likelihood, o.bic], ARRAY[f.log_likelihood, f.bic])) < 1e-10 AS statistics
  FROM other o JOIN fit f ON f.kind = 'none' AND f.g = o.g GROUP BY o.kind ORDER BY o.kind;

-- B1, its first 5000 rows: sizes from 0.2 to 100000; gradient as above
CREATE TEMP TABLE b1 AS
SELECT i, pg_temp.u(i, 11) < 1 / (1 + exp(-(-3.0 + 1.8 * x[1] + 0.012 * x[2] - 0.0006 * x[3] + 0.35 * x[5] - 1.1 * x[6] + 0.00002 * x[7] + 0.2 * x[8] - 2.5 * x[9] + 0.9 * x[10]))) AS y, x
  FROM (SELECT i, ARRAY[pg_temp.u(i, 1), 150 * pg_temp.u(i, 2), 2000 * pg_temp.u(i, 3) - 1000, pg_temp.u(i, 4), floor(6 * pg_temp.u(i, 5)), (pg_temp.u(i, 6) < 0.3)::integer,
                        1e5 * pg_temp.u(i, 7) ^ 2, 10 * pg_temp.u(i, 8) - 5, 0.2 * pg_temp.u(i, 9), -ln(1 - pg_temp.u(i, 10))] AS x FROM generate_series(1, 5000) AS i) q;
WITH f AS MATERIALIZED (SELECT shopanalytics.logistic_agg(y, x) AS fit FROM b1),
     b AS MATERIALIZED (SELECT (fit).coef FROM f),
     p AS MATERIALIZED (SELECT y::integer AS y, x, 1 / (1 + exp(-(coef[1] + coef[2] * x[1] + coef[3] * x[2] + coef[4] * x[3] + coef[5] * x[4] + coef[6] * x[5] + coef[7] * x[6] + coef[8] * x[7] + coef[9] * x[8] + coef[10] * x[9] + coef[11] * x[10]))) AS p FROM b, b1)
SELECT count(*), bool_and(gradient_is_0) AS gradient_is_0 FROM (SELECT abs(sum((y - p) * x[j])) / sum(abs(y - p) * abs(x[j])) < 1e-12 AS gradient_is_0 FROM p, generate_series(1, 10) AS j GROUP BY j) s;

-- Parallel
CREATE FUNCTION pg_temp.partial(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line LIKE '%Partial%Aggregate%' THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$;
ALTER TABLE logistic_row SET (parallel_workers = 2);
ANALYZE logistic_row;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SET cpu_operator_cost = 1;
\set by_group 'SELECT g, shopanalytics.logistic_agg(y, ARRAY[x1, x2, x3], w) AS f FROM logistic_row GROUP BY g'
SELECT pg_temp.partial(:'by_group');
SELECT count(*), max(pg_temp.off((p.f).coef, f.coef)) < 1e-10 AS coef, max(pg_temp.off((p.f).vcov, f.vcov)) < 1e-10 AS vcov, count(*) FILTER (WHERE (p.f).n <> f.n OR (p.f).status <> f.status) AS differ
  FROM (:by_group) p JOIN fit f ON f.kind = 'none' AND f.g = p.g;
-- no row in any worker, one row, no feature array in some, other arguments in some
SELECT pg_temp.partial('SELECT shopanalytics.logistic_agg(y, ARRAY[x1]) FROM logistic_row WHERE n + g < 0');
SELECT shopanalytics.logistic_agg(y, ARRAY[x1]) IS NULL AS none FROM logistic_row WHERE n + g < 0;
SELECT (f).status, (f).n, (f).n_skipped FROM (SELECT shopanalytics.logistic_agg(y, ARRAY[x1]) AS f FROM logistic_row WHERE n = (SELECT min(n) FROM logistic_row)) s;
SELECT (f).status, (f).n, (f).n_skipped FROM (SELECT shopanalytics.logistic_agg(y, CASE WHEN g = 50 THEN ARRAY[x1] END) AS f FROM logistic_row) s;
SELECT e.* FROM unnest(ARRAY['y, CASE WHEN g < 90 THEN ARRAY[x1] ELSE ARRAY[x1, x2] END', 'y, ARRAY[x1], w, ''l2'', CASE WHEN g < 90 THEN 1 ELSE 2 END']) AS a, pg_temp.error_of('SELECT shopanalytics.logistic_agg(' || a || ') FROM logistic_row') AS e;
DROP TABLE logistic_row;

-- Not separable, though it looks like it from afar: a row that is far out moves most
-- and is right anyway, so that the others decide
CREATE TEMP TABLE near (x float8, y boolean);
INSERT INTO near SELECT i, i + 4 * ((i + 21) % 3) > 4 FROM generate_series(-20, 20) i;
SELECT f.status, o.status AS with_outlier,
       abs(o.coef[1] / f.coef[1] - 1) < 1e-6 AND abs(o.coef[2] / f.coef[2] - 1) < 1e-6 AS same, abs(o.std_err[2] / f.std_err[2] - 1) < 1e-6 AS same_error
  FROM (SELECT (f).* FROM (SELECT shopanalytics.logistic_agg(y, ARRAY[x]) AS f FROM near) s) f,
       (SELECT (f).* FROM (SELECT shopanalytics.logistic_agg(y, ARRAY[x]) AS f FROM (TABLE near UNION ALL VALUES (1e6, true)) s) s) o;

-- and two that are wrong by little: at the answer, the loss has no slope
TRUNCATE near;
INSERT INTO near SELECT i / 100.0, i > 0 FROM generate_series(-1000, 1000) i WHERE i <> 0;
INSERT INTO near VALUES (0.0001, false), (-0.0001, true);
SELECT f.status, abs(f.coef[1]) < 1e-6 AS middle, f.coef[2] > 100 AS steep,
       abs(sum((y::integer - 1 / (1 + exp(least(700, greatest(-700, -f.coef[2] * x))))) * x)) < 1e-12 AS no_slope
  FROM near, (SELECT (shopanalytics.logistic_agg(y, ARRAY[x])).* FROM near) f
 GROUP BY f.status, f.coef;
DROP TABLE near;
