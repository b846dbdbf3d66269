-- Models and their versions: numbers without gaps, who may see and change them.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
CREATE ROLE regress_model_ann;
CREATE ROLE regress_model_team;
CREATE ROLE regress_model_ben IN ROLE regress_model_team;
CREATE ROLE regress_model_cat IN ROLE regress_model_team;
CREATE ROLE regress_model_dan;

-- What a training stores, without one.
CREATE SCHEMA model_test;
GRANT USAGE ON SCHEMA model_test TO PUBLIC;
CREATE FUNCTION model_test.add(model text, status text DEFAULT 'ok') RETURNS integer LANGUAGE sql AS $$
    SELECT (shopanalytics._model_add(model, 'logistic', '\x01', jsonb_populate_record(NULL::shopanalytics.train_result,
                jsonb_build_object('status', status, 'n_train', 70, 'roc_auc', 0.75, 'f1', 0.5)), 'public.orders', 'is_bad', '{"seed": 42}')).version
$$;
CREATE VIEW model_test.versions WITH (security_invoker = true) AS
SELECT model, version, kind, status, aliases, label, source, n_train, roc_auc, f1, state_bytes, owner, is_shared, trained_by FROM shopanalytics.model_versions();
GRANT SELECT ON model_test.versions TO PUBLIC;

-- Versions are counted for each model.
SET ROLE regress_model_ann;
SELECT model_test.add('churn'), model_test.add('churn'), model_test.add('bad orders');
-- the alias current moves to what is usable
SELECT model_test.add('churn', 'separable'), model_test.add('churn', 'not_converged');
SELECT model_test.add('churn', 'collinear');
SELECT * FROM model_test.versions;
SELECT version, status FROM shopanalytics.model_versions('churn');
SELECT metrics ->> 'model' AS model, metrics ->> 'version' AS version, metrics ->> 'kind' AS kind, options, is_usable FROM shopanalytics.model_version WHERE model = 'churn' AND version = 3;
-- what the training itself returned
SELECT (r).model, (r).version, (r).kind, (r).status
  FROM (SELECT shopanalytics._model_add('m', 'forest', '\x02', jsonb_populate_record(NULL::shopanalytics.train_result, '{"status": "ok"}'), 's', NULL, NULL) AS r) t;
-- clusters have another result
SELECT shopanalytics._model_add_version('vip', 'kmeans', '\x03', 'ok', true, '{"k": 2}', 's', NULL, '{}');
SELECT metrics FROM shopanalytics.model_version WHERE model = 'vip';
-- nothing was fitted
SELECT shopanalytics._model_add_version('none', 'logistic', NULL, 'one_class', false, '{}', 's', 'y', '{}');
SELECT shopanalytics._model_add_version('none', 'logistic', NULL, 'ok', true, '{}', 's', 'y', '{}');

-- Names.
SELECT model_test.add(NULL);
SELECT model_test.add('');
SELECT model_test.add('a@b');
SELECT model_test.add(repeat('x', 128));
SELECT model_test.add(repeat('x', 127)), model_test.add('a.b'), model_test.add('Ä "quoted"'), model_test.add('42');
SELECT shopanalytics.model_versions('nothing');
SELECT shopanalytics.model_versions('churn@2');

-- Others do not see it, and cannot take its name.
SET ROLE regress_model_dan;
SELECT * FROM model_test.versions;
SELECT model_test.add('churn');
SELECT shopanalytics.model_share('churn');
SELECT shopanalytics.model_versions('churn');
-- Shared, it is read and not changed.
SET ROLE regress_model_ann;
SELECT shopanalytics.model_share('churn'), shopanalytics.model_share('churn') AS again;
SELECT shopanalytics.model_share('nothing');
SELECT shopanalytics.model_share('churn', NULL);
SET ROLE regress_model_dan;
SELECT model, version, is_shared FROM model_test.versions;
SELECT model_test.add('churn');
-- and that is said before a training, not after it
SELECT shopanalytics.train_logistic('churn', 'SELECT 1 / 0', 'y');
SELECT shopanalytics.train_tree('churn', 'SELECT 1 / 0', 'y');
SELECT shopanalytics.train_forest('churn', 'SELECT 1 / 0', 'y');
SELECT shopanalytics.train_kmeans('churn', 'SELECT 1 / 0');
SELECT shopanalytics.model_share('churn', false);
-- the tables themselves let him do no more
UPDATE shopanalytics.model SET is_shared = false;
UPDATE shopanalytics.model SET owner = current_user;
DELETE FROM shopanalytics.model;
DELETE FROM shopanalytics.model_version;
DELETE FROM shopanalytics.model_alias;
UPDATE shopanalytics.model_alias SET version = 1;
UPDATE shopanalytics.model_version SET state = '\x00';
INSERT INTO shopanalytics.model_version (model, version, kind, status, is_usable, state, source, options, metrics) VALUES ('churn', 9, 'logistic', 'ok', true, '\x01', 's', '{}', '{}');
INSERT INTO shopanalytics.model_version (model, version, kind, status, is_usable, source, options, metrics, trained_by) VALUES ('churn', 9, 'logistic', 'ok', false, 's', '{}', '{}', 'regress_model_ann');
-- a version of his own, which others are to list, holds metrics
SELECT shopanalytics._model_add_version('dan''s', 'logistic', '\x01', 'ok', true, '{}', 's', 'y', '{}'), shopanalytics.model_share('dan''s');
INSERT INTO shopanalytics.model_version (model, version, kind, status, is_usable, source, options, metrics) VALUES ('dan''s', 2, 'logistic', 'ok', false, 's', '{}', '{"n_train": "many"}');
INSERT INTO shopanalytics.model_version (model, version, kind, status, is_usable, source, options, metrics) VALUES ('dan''s', 2, 'logistic', 'ok', false, 's', '{}', '{"threshold": 1e400}');
INSERT INTO shopanalytics.model_version (model, version, kind, status, is_usable, source, options, metrics) VALUES ('dan''s', 2, 'logistic', 'ok', false, 's', '{}', '[]');
SELECT shopanalytics.model_drop('dan''s');
INSERT INTO shopanalytics.model_alias VALUES ('churn', 'mine', 1);
INSERT INTO shopanalytics.model_alias_history (model, alias, version) VALUES ('churn', 'current', 1);
DELETE FROM shopanalytics.model_alias_history;
INSERT INTO shopanalytics.model (name, owner) VALUES ('theirs', 'regress_model_ann');
SET ROLE regress_model_ann;
SELECT shopanalytics.model_share('churn', false);
SET ROLE regress_model_dan;
SELECT count(*) FROM shopanalytics.model_alias_history;

-- A model of a role belongs to all of its members.
RESET ROLE;
SET ROLE regress_model_team;
SELECT model_test.add('team');
SET ROLE regress_model_ben;
SELECT model_test.add('team');
-- who trains it is told whose it is
SELECT shopanalytics._check_may_train('team');
SET ROLE regress_model_team;
SELECT shopanalytics._check_may_train('team');
SET ROLE regress_model_cat;
SELECT shopanalytics.model_share('team');
SELECT model, version, owner, trained_by FROM model_test.versions;

-- Of a role that is gone nobody has the rights.
RESET ROLE;
SELECT shopanalytics._has_rights_of('regress_model_ann'), shopanalytics._has_rights_of('regress_model_nobody');

-- A transaction that fails leaves no gap.
BEGIN;
SELECT model_test.add('bad orders');
ROLLBACK;
SELECT model_test.add('bad orders');

DELETE FROM shopanalytics.model;
SELECT (SELECT count(*) FROM shopanalytics.model_version) AS versions, (SELECT count(*) FROM shopanalytics.model_alias) AS aliases, (SELECT count(*) FROM shopanalytics.model_alias_history) AS history;
DROP SCHEMA model_test CASCADE;
DROP ROLE regress_model_ann, regress_model_ben, regress_model_cat, regress_model_dan, regress_model_team;
