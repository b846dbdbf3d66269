/*-------------------------------------------------------------------------
 *
 * coefficients.c
 *	  coefficients(): the terms of a stored logistic regression.
 *
 * IDENTIFICATION
 *	  src/model/coefficients.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "model/logistic.h"
#include "model/model.h"

/* 95 percent of the normal distribution are within so many standard deviations. */
#define Z_95	1.959963984540054

#define COEFFICIENTS_COLUMNS	12

PG_FUNCTION_INFO_V1(coefficients);

/* What a term says of its column. */
static const char *
term_kind(const Preparation *preparation, const Term *term)
{
	if (term->is_null)
		return "null";
	switch (preparation->features[term->feature].kind)
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
	elog(ERROR, "unknown kind of a feature");
}

static void
put_term(ReturnSetInfo *rsinfo, const char *name, const char *kind, const LogisticTerm *term)
{
	double		number[] = {
		term->coef, term->coef_std, term->std_err, term->z, term->p_value,
		term->coef - Z_95 * term->std_err, term->coef + Z_95 * term->std_err, exp(term->coef), term->vif
	};
	Datum		values[COEFFICIENTS_COLUMNS];
	bool		nulls[COEFFICIENTS_COLUMNS] = {false};

	values[0] = CStringGetTextDatum(name);
	values[1] = CStringGetTextDatum(kind);
	for (int i = 0; i < lengthof(number); i++)
	{
		values[2 + i] = Float8GetDatum(number[i]);
		nulls[2 + i] = isnan(number[i]);
	}
	values[COEFFICIENTS_COLUMNS - 1] = BoolGetDatum(term->aliased);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * coefficients(model text) returns setof (term, kind, coef, coef_std, std_err, z,
 * p_value, ci_low, ci_high, odds_ratio, vif, aliased)
 */
Datum
coefficients(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const Model *model = model_need_kind(model_named(fcinfo), MODEL_LOGISTIC);
	const LogisticModel *fit = model->body;

	InitMaterializedSRF(fcinfo, 0);
	put_term(rsinfo, "(intercept)", "intercept", &fit->intercept);
	for (int i = 0; i < fit->nterms; i++)
	{
		const Term *term = &model->preparation->terms[i];

		put_term(rsinfo, term->name, term_kind(model->preparation, term), &fit->terms[i]);
	}

	return (Datum) 0;
}
