/*-------------------------------------------------------------------------
 *
 * predict.c
 *	  What a stored model says of a row.
 *
 * A row is read by the names of its columns: it may have more of them, in any
 * order.  Nothing of a row is left in memory after it, and nothing is looked up
 * again while the statement's snapshot is the same; see model_cache.c.
 *
 * IDENTIFICATION
 *	  src/model/predict.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "model/model.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(predict);
PG_FUNCTION_INFO_V1(predict_array);
PG_FUNCTION_INFO_V1(predict_class);
PG_FUNCTION_INFO_V1(model_features);

/*
 * predict(model text, r record) returns float8
 */
Datum
predict(PG_FUNCTION_ARGS)
{
	double	   *terms;
	const Model *model = model_of_record(fcinfo, MODEL_PROBABILITY, &terms, NULL);

	if (terms == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(model_probability(model, terms));
}

/*
 * predict(model text, features float8[]) returns float8
 */
Datum
predict_array(PG_FUNCTION_ARGS)
{
	double	   *terms;
	const Model *model = model_of_array(fcinfo, MODEL_PROBABILITY, &terms);

	if (terms == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(model_probability(model, terms));
}

/*
 * predict_class(model text, r record, threshold float8) returns boolean
 */
Datum
predict_class(PG_FUNCTION_ARGS)
{
	double	   *terms;
	const Model *model;
	double		threshold;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	model = model_of_record(fcinfo, MODEL_PROBABILITY, &terms, NULL);
	threshold = PG_ARGISNULL(2) ? model->threshold : PG_GETARG_FLOAT8(2);
	if (isnan(threshold))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("threshold must be a number"));
	if (terms == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BOOL(model_probability(model, terms) >= threshold);
}

static const char *
feature_kind_name(FeatureKind kind)
{
	switch (kind)
	{
		case FEATURE_NUMBER:
			return "number";
		case FEATURE_TIME:
			return "time";
		case FEATURE_DURATION:
			return "duration";
		case FEATURE_CATEGORY:
			return "category";
	}
	elog(ERROR, "unknown kind of a feature: %d", (int) kind);
}

/*
 * model_features(model text) returns setof (position, term, feature, kind)
 */
Datum
model_features(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const Preparation *preparation = model_named(fcinfo)->preparation;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < preparation->nterms; i++)
	{
		const Term *term = &preparation->terms[i];
		const Feature *feature = &preparation->features[term->feature];
		Datum		values[4] = {
			Int32GetDatum(i + 1),
			CStringGetTextDatum(term->name),
			CStringGetTextDatum(feature->name),
			CStringGetTextDatum(feature_kind_name(feature->kind))
		};
		bool		nulls[4] = {false};

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
