-- Aliases of versions: what they stand for, what they stood for, and back again.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
CREATE FUNCTION pg_temp.add(model text, status text DEFAULT 'ok') RETURNS integer LANGUAGE sql AS $$
    SELECT (shopanalytics._model_add(model, 'logistic', '\x01', jsonb_populate_record(NULL::shopanalytics.train_result, jsonb_build_object('status', status)), 's', 'y', '{}')).version
$$;
SELECT pg_temp.add('churn'), pg_temp.add('churn'), pg_temp.add('churn');
SELECT pg_temp.add('churn', 'separable'), pg_temp.add('churn', 'not_converged');
SELECT alias, version, reason, changed_by = current_user AS by_me, changed_at <= clock_timestamp() AS in_the_past FROM shopanalytics.model_alias_history('churn');

-- Moved by hand, with a reason; to where it is already nothing happens.
SELECT shopanalytics.model_alias('churn', 'champion', 2, 'best in march'), shopanalytics.model_alias('churn', 'champion', 2) AS again;
SELECT shopanalytics.model_alias('churn', 'champion', 5);
SELECT * FROM shopanalytics.model_alias ORDER BY model, alias;
-- a version that cannot predict stands for nothing
SELECT shopanalytics.model_alias('churn', 'champion', 4);
SELECT shopanalytics.model_alias('churn', 'champion', 6);
SELECT shopanalytics.model_alias('nothing', 'champion', 1);
SELECT shopanalytics.model_alias('churn', '7', 1);
SELECT shopanalytics.model_alias('churn', 'a@b', 1);
SELECT shopanalytics.model_alias('churn', '', 1);
SELECT shopanalytics.model_alias('churn', NULL, 1);
SELECT shopanalytics.model_alias(NULL, 'champion', 1);
SELECT shopanalytics.model_alias('churn', 'Ä 7', 1);

-- Back, step by step and not to and fro.
SELECT shopanalytics.model_rollback('churn');
SELECT shopanalytics.model_rollback('churn', reason => 'worse still');
SELECT shopanalytics.model_rollback('churn');
-- forth, and back to where it was before
SELECT shopanalytics.model_alias('churn', 'current', 3);
SELECT shopanalytics.model_rollback('churn'), shopanalytics.model_alias('churn', 'current', 2) AS moved, shopanalytics.model_rollback('churn') AS back;
SELECT alias, version, reason FROM shopanalytics.model_alias_history('churn') WHERE alias = 'current';
-- over a removal, and over a version that is gone
SELECT shopanalytics.model_alias('churn', 'champion', NULL, 'withdrawn'), shopanalytics.model_alias('churn', 'champion', NULL) AS again;
SELECT shopanalytics.model_drop('churn', 5);
SELECT shopanalytics.model_rollback('churn', 'champion');
SELECT shopanalytics.model_rollback('churn', 'champion');
SELECT shopanalytics.model_rollback('churn', 'nothing');
SELECT shopanalytics.model_rollback('nothing');
SELECT alias, version, reason FROM shopanalytics.model_alias_history('churn') WHERE alias = 'champion';
SELECT shopanalytics.model_alias_history('nothing');
SELECT shopanalytics.model_alias_history(NULL);
SELECT version, aliases FROM shopanalytics.model_versions('churn');

SELECT shopanalytics.model_drop('churn', force => true);
