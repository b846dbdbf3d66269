-- coefficients: the terms of a stored logistic regression.  -- A35
CREATE TABLE coefficients_orders (id integer, amount float8, n_items float8, account_age_days float8, night float8, is_anomaly integer);
INSERT INTO coefficients_orders VALUES
    (1, 114.11, 4, 224, 0, 1), (2, 189.34, 1, 781, 1, 0), (3, 9.14, 5, 474, 0, 0), (4, 49.57, 7, 568, 0, 0), (5, 111.01, 7, 886, 1, 0),
    (6, 140.68, 7, 588, 1, 0), (7, 86.28, 7, 280, 0, 0), (8, 155.71, 8, 533, 1, 1), (9, 66.88, 3, 74, 0, 0), (10, 80.31, 1, 190, 1, 0),
    (11, 61.88, 6, 273, 0, 0), (12, 25.75, 2, 405, 0, 0), (13, 30.19, 6, 554, 1, 1), (14, 71.22, 7, 888, 0, 0), (15, 36.37, 4, 159, 1, 1),
    (16, 132.97, 4, 818, 1, 0), (17, 134.92, 5, 131, 0, 0), (18, 192.32, 1, 690, 0, 0), (19, 53.61, 8, 831, 1, 0), (20, 143.82, 6, 480, 1, 0),
    (21, 28.96, 1, 443, 0, 0), (22, 30.83, 7, 782, 1, 0), (23, 57.8, 7, 84, 0, 0), (24, 66.49, 8, 568, 0, 0), (25, 17.83, 4, 802, 1, 0),
    (26, 16.26, 2, 358, 1, 1), (27, 70.0, 4, 253, 1, 1), (28, 29.86, 3, 474, 0, 0), (29, 127.21, 8, 54, 0, 1), (30, 71.97, 7, 179, 0, 0),
    (31, 67.7, 4, 391, 1, 0), (32, 63.18, 1, 515, 1, 0), (33, 102.19, 2, 567, 1, 0), (34, 49.05, 3, 282, 1, 1), (35, 116.74, 6, 174, 0, 0),
    (36, 37.78, 4, 703, 0, 0), (37, 46.64, 2, 42, 1, 0), (38, 33.91, 4, 744, 1, 0), (39, 82.96, 2, 117, 1, 1), (40, 55.99, 5, 894, 0, 0);
CREATE FUNCTION pg_temp.differs(a float8, b float8) RETURNS boolean LANGUAGE sql AS 'SELECT (abs(a - b) > 1e-9 * (1e-300 + abs(b))) IS NOT FALSE';

-- L6: without a penalty, in the features' own units, with statistics.
SELECT status FROM shopanalytics.train_logistic('coefficients', 'coefficients_orders', 'is_anomaly', '{amount,n_items,account_age_days,night}', 'id', penalty => 'none', test_fraction => 0);
CREATE TABLE coefficients_expected (term text, coef float8, std_err float8, z float8, p_value float8, odds_ratio float8);
INSERT INTO coefficients_expected VALUES
    ('(intercept)', -2.5286695720676184::float8, 1.817059916355342::float8, -1.391626962494238::float8, 0.16403538975358936::float8, 0.0797650714025936::float8),
    ('amount', -0.0045261133514988::float8, 0.012775249706101402::float8, -0.3542876621297781::float8, 0.7231233130922294::float8, 0.9954841140635717::float8),
    ('n_items', 0.454528088046668::float8, 0.315548529271914::float8, 1.4404379861805432::float8, 0.1497435231212706::float8, 1.5754297434540179::float8),
    ('account_age_days', -0.007703984527411118::float8, 0.0031002037843293226::float8, -2.4849929434808904::float8, 0.012955400267461437::float8, 0.992325615100921::float8),
    ('night', 3.73717395301611::float8, 1.5949019112902665::float8, 2.343199871139886::float8, 0.019119137757190173::float8, 41.97918721728801::float8);
SELECT count(*) AS terms, count(*) FILTER (WHERE pg_temp.differs(c.coef, e.coef) OR pg_temp.differs(c.std_err, e.std_err) OR pg_temp.differs(c.z, e.z)
                                              OR pg_temp.differs(c.p_value, e.p_value) OR pg_temp.differs(c.odds_ratio, e.odds_ratio)) AS differing
  FROM shopanalytics.coefficients('coefficients') c JOIN coefficients_expected e USING (term);
-- The interval is that of the normal distribution, the standardized coefficient that of one standard deviation.
SELECT count(*) FILTER (WHERE pg_temp.differs(c.ci_low, c.coef - 1.959963984540054 * c.std_err) OR pg_temp.differs(c.ci_high, c.coef + 1.959963984540054 * c.std_err)) AS differing_interval,
       count(*) FILTER (WHERE s.sd IS NOT NULL AND pg_temp.differs(c.coef_std, c.coef * s.sd)) AS differing_std, bool_or(c.aliased) AS aliased
  FROM shopanalytics.coefficients('coefficients') c
  LEFT JOIN (SELECT 'amount' AS term, stddev_pop(amount) AS sd FROM coefficients_orders UNION ALL SELECT 'night', stddev_pop(night) FROM coefficients_orders) s USING (term);
-- The aggregate gives the same in arrays.
SELECT pg_typeof(f) = 'shopanalytics.logistic_fit'::regtype AS type, (SELECT count(*) FROM unnest((f).coef, (f).std_err) WITH ORDINALITY a (coef, std_err, n)
          JOIN (SELECT coef, std_err, row_number() OVER () AS n FROM shopanalytics.coefficients('coefficients')) c USING (n)
         WHERE pg_temp.differs(a.coef, c.coef) OR pg_temp.differs(a.std_err, c.std_err)) AS differing
  FROM (SELECT shopanalytics.logistic_agg(is_anomaly = 1, ARRAY[amount, n_items, account_age_days, night]) AS f FROM coefficients_orders) a;

-- A penalty leaves no statistics; a collinear term has no coefficient of its own.
SELECT status FROM shopanalytics.train_logistic('coefficients', 'coefficients_orders', 'is_anomaly', '{amount,night}', 'id', test_fraction => 0);
SELECT term, kind, coef IS NOT NULL AS coef, std_err, z, p_value, aliased FROM shopanalytics.coefficients('coefficients');
SELECT status FROM shopanalytics.train_logistic('coefficients', 'SELECT *, 2 * amount + 1 AS again FROM coefficients_orders', 'is_anomaly', '{amount,again}', 'id', penalty => 'none', test_fraction => 0);
SELECT term, coef IS NOT NULL AS coef, std_err IS NOT NULL AS std_err, aliased FROM shopanalytics.coefficients('coefficients');

-- Of other models, and of none.
SELECT status FROM shopanalytics.train_tree('coefficients_tree', 'coefficients_orders', 'is_anomaly', '{amount}', 'id', test_fraction => 0);
SELECT * FROM shopanalytics.coefficients('coefficients_tree');
SELECT * FROM shopanalytics.coefficients('no such model');
SELECT count(*) FROM shopanalytics.coefficients(NULL);
SELECT shopanalytics.model_drop('coefficients', force => true) + shopanalytics.model_drop('coefficients_tree', force => true) AS dropped;
DROP TABLE coefficients_orders, coefficients_expected;
