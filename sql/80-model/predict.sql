-- What a stored model says of a row.
--
-- Stable, because they read the tables of models.

CREATE FUNCTION shopanalytics.predict(model text, r record) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.predict(model text, features float8[]) RETURNS float8
    AS 'MODULE_PATHNAME', 'predict_array' LANGUAGE C STABLE STRICT PARALLEL SAFE;

-- Not strict: without a threshold it is that of the model.
CREATE FUNCTION shopanalytics.predict_class(model text, r record, threshold float8 DEFAULT NULL) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.model_features(model text, OUT "position" integer, OUT term text, OUT feature text, OUT kind text) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.predict(text, record) IS 'probability that a row is positive, by a model that reads it by the names of its columns';
COMMENT ON FUNCTION shopanalytics.predict(text, float8[]) IS 'probability that a row is positive, by a model that is given its numbers in the order of model_features';
COMMENT ON FUNCTION shopanalytics.predict_class(text, record, float8) IS 'whether the probability that a row is positive reaches the threshold';
COMMENT ON FUNCTION shopanalytics.model_features(text) IS 'the numbers that a model takes, in order, and the columns that they come from';
