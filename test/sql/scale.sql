-- B7.  standard_scale() and minmax_scale().
\pset null '(null)'
SET extra_float_digits = 0;

-- S1: the first row
CREATE TABLE shopper (total_spend float8, n_orders integer, recency_days integer);
INSERT INTO shopper VALUES
    (123.58, 5, 53), (625.44, 5, 95), (75.09, 8, 227), (54.8, 4, 318), (137.13, 6, 153), (1042.2, 23, 58), (1484.44, 21, 58),
    (144.91, 7, 48), (161.24, 7, 249), (354.94, 6, 257), (182.37, 5, 109), (1438.99, 12, 4), (2308.02, 19, 16), (152.18, 9, 255);
SELECT unnest(shopanalytics.standard_scale('{123.58,5,53}', f.mean, f.sd)) AS standard, unnest(shopanalytics.minmax_scale('{123.58,5,53}', f.min, f.max)) AS minmax
  FROM (SELECT (shopanalytics.feature_stats(ARRAY[total_spend, n_orders, recency_days])).* FROM shopper) f;

-- what is scaled has mean 0 and standard deviation 1, or goes from 0 to 1
SELECT (SELECT max(abs(m)) < 1e-15 FROM unnest((s).mean) m) AS mean_0, (SELECT max(abs(d - 1)) < 1e-15 FROM unnest((s).sd) d) AS sd_1, (m).min, (m).max
  FROM (SELECT shopanalytics.feature_stats(shopanalytics.standard_scale(x, f.mean, f.sd)) AS s, shopanalytics.feature_stats(shopanalytics.minmax_scale(x, f.min, f.max)) AS m
          FROM (SELECT ARRAY[total_spend, n_orders, recency_days] AS x FROM shopper) c,
               (SELECT (shopanalytics.feature_stats(ARRAY[total_spend, n_orders, recency_days])).* FROM shopper) f) t;

-- one at a time: outside of what was seen, never varied, no value, not a number
SELECT x, shopanalytics.standard_scale(x, 10, 4) AS standard, shopanalytics.standard_scale(x, 10, 0) AS no_sd,
       shopanalytics.minmax_scale(x, 5, 25) AS minmax, shopanalytics.minmax_scale(x, 5, 5) AS no_width
  FROM (VALUES (0::float8), (5), (10), (15), (30), (NULL), ('NaN'), ('Infinity')) v (x);
SELECT shopanalytics.standard_scale(1, NULL, 1), shopanalytics.standard_scale(1, 1, NULL), shopanalytics.minmax_scale(1, NULL, 1), shopanalytics.minmax_scale(1, 1, NULL);
-- so with arrays
SELECT shopanalytics.standard_scale('{1,NULL,3,4,5}'::float8[], '{0,0,NULL,4,1}', '{2,1,1,0,NULL}'), shopanalytics.minmax_scale('{1,NULL,3,4}'::float8[], '{0,0,NULL,4}', '{4,1,1,4}');
SELECT shopanalytics.standard_scale('{}'::float8[], '{}', '{}'), shopanalytics.standard_scale(NULL::float8[], '{1}', '{1}'), shopanalytics.minmax_scale('{1}'::float8[], NULL, '{1}');
SELECT shopanalytics.minmax_scale('[3:4]={1,2}'::float8[], '{0,0}', '{2,2}');

-- what cannot be
SELECT shopanalytics.standard_scale(1, 1, -1);
\echo :SQLSTATE
SELECT shopanalytics.minmax_scale(1, 2, 1);
\echo :SQLSTATE
SELECT shopanalytics.standard_scale('{1,2}'::float8[], '{1}', '{1,2}');
\echo :SQLSTATE
SELECT shopanalytics.minmax_scale('{1,2}'::float8[], '{1,1}', '{1,2,3}');
SELECT shopanalytics.minmax_scale('{{1,2}}'::float8[], '{1,1}', '{1,2}');
\echo :SQLSTATE
SELECT shopanalytics.standard_scale(1e308, -1e308, 1);
\echo :SQLSTATE

DROP TABLE shopper;
