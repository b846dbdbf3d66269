-- Dropping versions and models.
\set SHOW_CONTEXT never
CREATE FUNCTION pg_temp.add(model text) RETURNS integer LANGUAGE sql AS $$
    SELECT (shopanalytics._model_add(model, 'logistic', '\x01', jsonb_populate_record(NULL::shopanalytics.train_result, '{"status": "ok"}'), 's', 'y', '{}')).version
$$;
SELECT pg_temp.add('churn'), pg_temp.add('churn'), pg_temp.add('churn'), pg_temp.add('other');

-- What an alias stands for stays, unless it is forced.
SELECT shopanalytics.model_drop('churn', 3);
SELECT shopanalytics.model_drop('churn', 1);
SELECT shopanalytics.model_drop('churn', 1);
SELECT shopanalytics.model_drop('churn', 3, force => true);
SELECT version, aliases FROM shopanalytics.model_versions('churn');
SELECT alias, version, reason FROM shopanalytics.model_alias_history('churn');
-- a number is not given again
SELECT pg_temp.add('churn');

-- A model goes with all that belongs to it; an alias that was set by hand protects it.
SELECT shopanalytics.model_alias('churn', 'champion', 2);
SELECT shopanalytics.model_drop('churn');
SELECT shopanalytics.model_drop('churn', force => true);
SELECT shopanalytics.model_drop('churn');
SELECT shopanalytics.model_drop('nothing');
SELECT shopanalytics.model_drop(NULL);
SELECT shopanalytics.model_drop('other', force => NULL);
SELECT model, version FROM shopanalytics.model_versions();
SELECT pg_temp.add('churn');
SELECT shopanalytics.model_drop('churn'), shopanalytics.model_drop('other');
SELECT (SELECT count(*) FROM shopanalytics.model) AS models, (SELECT count(*) FROM shopanalytics.model_version) AS versions,
       (SELECT count(*) FROM shopanalytics.model_alias) AS aliases, (SELECT count(*) FROM shopanalytics.model_alias_history) AS history;
