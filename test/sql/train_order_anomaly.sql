-- train_order_anomaly, score_order: which orders are bad.  -- A34 A36 A38 C9
SET timezone = 'UTC';
SET client_min_messages = warning;
CALL shopanalytics.create_store('anom', timezone => 'Europe/Berlin');
CALL shopanalytics.generate_shop('anom', customers => 800, days => 200, seed => 7, anomalies => '{"suspicious_order": 0.05}');
CREATE VIEW known_bad AS SELECT key AS order_id FROM anom.anomaly_truth WHERE table_name = 'orders' AND kind = 'suspicious_order';

-- No leakage: a model that is to find flagged orders sees nothing of the columns that flag them, here the total and
-- the date; a rule of the user's own takes away more; known bad orders leave all.
SELECT shopanalytics._flag_columns('anom') @> '{order_total,order_date}' AS flagged_by_total_and_date;
SELECT shopanalytics._order_model_features('anom', NULL, '{}');
INSERT INTO anom.clean_rule (entity, name, issue, severity) VALUES ('orders', 'phone_order', $$channel = 'phone'$$, 'error');
SELECT 'channel' = ANY (shopanalytics._order_model_features('anom', NULL, '{}')) AS channel;
UPDATE anom.clean_rule SET severity = 'warning' WHERE name = 'phone_order';
SELECT 'channel' = ANY (shopanalytics._order_model_features('anom', NULL, '{}')) AS channel;
DELETE FROM anom.clean_rule WHERE name = 'phone_order';
SELECT cardinality(shopanalytics._order_model_features('anom', 'known_bad', '{hour,weekday}')) - count(*) AS less FROM shopanalytics._order_feature_columns();

-- Against the truth: far better than the majority, which finds nothing.
CREATE TABLE trained AS SELECT * FROM shopanalytics.train_order_anomaly('anom', 'public.known_bad');
SELECT kind, model, version, status, n_train + n_test AS orders, roc_auc > 0.85 AS ranks, average_precision > 0.3 AS finds, accuracy > 0.9 AS accurate,
       "precision" > 0.4 AS precise, recall > 0.4 AS recalls FROM trained;
SELECT count(*) FILTER (WHERE is_chosen) AS chosen, count(DISTINCT n_test) AS tests, max(accuracy) FILTER (WHERE kind = 'majority') BETWEEN 0.92 AND 0.98 AS majority FROM trained;

-- Accuracy, precision and recall of the logistic regression again, from the scores of its test rows.
SELECT (m).n = c.n_test AS all_tested, (m).accuracy = c.accuracy AS accuracy, (m)."precision" = c."precision" AS precision, (m).recall = c.recall AS recall
  FROM trained c, LATERAL (
       SELECT shopanalytics.confusion(d.label_value = 1, shopanalytics.predict('anom.order_anomaly_logistic@1', d.terms), c.threshold) AS m
         FROM shopanalytics._dataset(shopanalytics._order_training_query('anom', 'public.known_bad'), 'is_bad_order',
                                     shopanalytics._order_model_features('anom', 'public.known_bad', '{}'), 'order_id', NULL, NULL, 'indicator') d
        WHERE d.part = 'test') t
 WHERE c.kind = 'logistic';

-- A38: every order has its score, in one row; to repeat the scoring changes nothing.
SELECT count(*) = (SELECT count(*) FROM anom.orders) AS all_scored, count(DISTINCT order_id) = count(*) AS once, count(DISTINCT model) AS models,
       bool_and(is_flagged = (score >= (SELECT threshold FROM anom.order_model))) AS by_threshold,
       bool_and(jsonb_array_length(reasons) = 3) AS reasons
  FROM anom.order_flags;
SELECT count(*) FILTER (WHERE is_flagged) = (SELECT flagged FROM trained WHERE is_chosen) AS counted FROM anom.order_flags;
CREATE TABLE before AS SELECT *, xmin::text AS written FROM anom.order_flags;
SELECT shopanalytics.score(format('%s@%s', model, version), shopanalytics._order_training_query('anom', bad_orders), 'anom.order_flags', 'order_id', threshold, only_new => false) FROM anom.order_model;
SELECT count(*) AS changed FROM before b FULL JOIN (SELECT *, xmin::text AS written FROM anom.order_flags) f USING (order_id, model) WHERE b.written IS DISTINCT FROM f.written;

-- C9: the score of one order is that of all of them, and does not move for being asked again.
SELECT count(*) FILTER (WHERE s.score <> f.score OR s.is_flagged <> f.is_flagged OR s.reasons <> f.reasons) AS differing, count(*)
  FROM (SELECT * FROM before ORDER BY score DESC LIMIT 20) f, shopanalytics.score_order('anom', f.order_id) s;
SELECT count(*) AS changed FROM before b JOIN (SELECT *, xmin::text AS written FROM anom.order_flags) f USING (order_id, model) WHERE b.written <> f.written;
SELECT count(*) FROM shopanalytics.score_order('anom', 'no such order');

-- A trigger scores a new order at the end of the transaction, when its items are there.
CREATE CONSTRAINT TRIGGER score AFTER INSERT ON anom.orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION shopanalytics.score_new_order();
BEGIN;
INSERT INTO anom.customers (customer_id, segment, country, signup_date) VALUES ('new', 'Consumer', 'Germany', '2025-12-30');
INSERT INTO anom.orders (order_id, customer_id, order_date, order_total, channel, payment_method, status) VALUES ('suspect', 'new', '2025-12-31 02:00+00', 1500, 'web', 'gift card', 'placed');
INSERT INTO anom.order_items (order_id, line_number, product_id, quantity, unit_price) VALUES ('suspect', 1, 'P00001', 50, 30);
SELECT count(*) FROM anom.order_flags WHERE order_id = 'suspect';
COMMIT;
SELECT is_flagged, score > 0.5 AS high, reasons -> 0 ->> 'words' AS first_reason FROM anom.order_flags WHERE order_id = 'suspect';
-- What goes wrong does not keep the order away.
ALTER TABLE anom.order_model RENAME TO order_model_away;
INSERT INTO anom.orders (order_id, order_date, order_total) VALUES ('unscored', '2025-12-31 03:00+00', 10);
ALTER TABLE anom.order_model_away RENAME TO order_model;
SELECT count(*) FROM anom.orders WHERE order_id = 'unscored';
DROP TRIGGER score ON anom.orders;

-- The same seed, the same models; and the layers above the base made anew leave the flags.
CREATE TABLE again AS SELECT * FROM shopanalytics.train_order_anomaly('anom', 'SELECT order_id FROM public.known_bad', exclude => '{hour}');
SELECT kind, version, flagged IS NOT NULL AS flagged FROM again;
CALL shopanalytics.upgrade_store('anom', rebuild => true);
SELECT count(*) > 0 AS kept FROM anom.order_flags;

-- Bad input.
CREATE FUNCTION pg_temp.attempt(statement text) RETURNS TABLE (code text, message text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN QUERY SELECT 'none', NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
    RETURN NEXT;
END $$;
SELECT a.* FROM (VALUES
    (1, $$SELECT shopanalytics.train_order_anomaly(NULL)$$),
    (2, $$SELECT shopanalytics.train_order_anomaly('nowhere')$$),
    (3, $$SELECT shopanalytics.train_order_anomaly('anom', exclude => '{colour}')$$),
    (4, $$SELECT shopanalytics.train_order_anomaly('anom', 'public.nowhere')$$),
    (5, $$SELECT shopanalytics.train_order_anomaly('anom', 'SELECT order_id FROM public.known_bad WHERE false')$$),
    (6, $$SELECT shopanalytics.train_order_anomaly('anom', 'SELECT order_id) x; DROP TABLE anom.orders; --')$$),
    (7, $$SELECT shopanalytics.train_order_anomaly('anom', exclude => (SELECT array_agg(feature) FROM shopanalytics._order_feature_columns()))$$),
    (8, $$SELECT shopanalytics.score_order('nowhere', 'o')$$)) v (n, statement), pg_temp.attempt(statement) a ORDER BY n;
TRUNCATE anom.order_model;
SELECT * FROM pg_temp.attempt($$SELECT shopanalytics.score_order('anom', 'o')$$);
SELECT shopanalytics.model_drop('anom.order_anomaly_logistic', force => true) AS logistic, shopanalytics.model_drop('anom.order_anomaly_forest', force => true) AS forest;
CALL shopanalytics.drop_store('anom', cascade => true);
DROP TABLE trained, again, before;
