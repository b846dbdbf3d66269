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
