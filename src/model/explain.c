/*-------------------------------------------------------------------------
 *
 * explain.c
 *	  Why a stored model says of a row what it says: what each column
 *	  contributes.
 *
 * For a logistic regression the contribution of a term is its standardized
 * coefficient times the distance of its number from the mean, in standard
 * deviations: what it adds, in log-odds, to what a row of means has, the
 * intercept.  These are the SHAP values of a linear model against the exact mean
 * of the training rows.  For trees it is by how much the share of positive rows
 * changes along the row's path where the term decides, which adds up to the
 * probability.  A column's contribution is the sum over its terms.
 *
 * IDENTIFICATION
 *	  src/model/explain.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "compat.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "model/forest.h"
#include "model/logistic.h"
#include "model/model.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

/* Bytes of a value that words cite. */
#define WORDS_VALUE_BYTES	100

#define FEW_REASONS			5

typedef struct Reason
{
	int			feature;
	const char *name;
	double		contribution;
	double		delta_probability;
	char	   *value;			/* NULL for NULL */
	char	   *words;
} Reason;

typedef struct Explanation
{
	const char *unit;			/* of contributions and base value */
	double		base_value;
	double		margin;			/* NaN: there is none */
	double		probability;
	int			nreasons;
	Reason	   *reasons;
} Explanation;

PG_FUNCTION_INFO_V1(explain);
PG_FUNCTION_INFO_V1(explain_json);

/* The largest first, whatever its sign; of equal ones the first column. */
static int
compare_reasons(const void *a, const void *b)
{
	const Reason *ra = a;
	const Reason *rb = b;
	double		da = fabs(ra->contribution);
	double		db = fabs(rb->contribution);

	if (da != db)
		return da > db ? -1 : 1;
	return ra->feature < rb->feature ? -1 : 1;
}

/*
 * Puts the first ones in order; for a few of many this is quicker than a sort.
 */
static void
sort_reasons(Reason *reasons, int n, int nfirst)
{
	if (nfirst > FEW_REASONS)
	{
		qsort(reasons, n, sizeof(Reason), compare_reasons);
		return;
	}
	for (int i = 0; i < nfirst; i++)
	{
		int			first = i;
		Reason		swap = reasons[i];

		for (int j = i + 1; j < n; j++)
		{
			if (compare_reasons(&reasons[j], &reasons[first]) < 0)
				first = j;
		}
		reasons[i] = reasons[first];
		reasons[first] = swap;
	}
}

/* The level that a category is encoded as, if it is by a term for each; or NULL. */
static const Level *
encoded_level(const Preparation *preparation, const Feature *feature, const double *terms)
{
	for (int t = feature->first_term; t < feature->first_term + feature->nterms; t++)
	{
		if (preparation->terms[t].level >= 0 && terms[t] == 1)
			return &feature->levels[preparation->terms[t].level];
	}
	return NULL;
}

static char *
distance_words(const Feature *feature, double distance)
{
	double		size = fabs(distance);
	const char *side;

	if (size < 0.05)
		return psprintf("%s is about the mean", feature->name);
	if (feature->kind == FEATURE_TIME)
		side = distance > 0 ? "later than" : "earlier than";
	else
		side = distance > 0 ? "above" : "below";
	if (size < 1000)
	{
		/*
		 * Digits as integers: numbers are written for every row that is
		 * scored.
		 */
		int			tenths = (int) rint(size * 10);

		return psprintf("%s is %d.%d standard deviations %s the mean", feature->name, tenths / 10, tenths % 10, side);
	}
	return psprintf("%s is %.3g standard deviations %s the mean", feature->name, size, side);
}

static char *
reason_words(const Model *model, const Reason *reason, Oid type, const double *terms)
{
	const Feature *feature = &model->preparation->features[reason->feature];

	if (reason->value == NULL)
		return psprintf("%s is null", feature->name);
	if (feature->kind != FEATURE_CATEGORY && model->kind == MODEL_LOGISTIC && type != BOOLOID)
	{
		const LogisticTerm *term = &((const LogisticModel *) model->body)->terms[feature->first_term];

		if (term->constant)
			return psprintf("%s was the same in all rows", feature->name);
		return distance_words(feature, (terms[feature->first_term] - term->mean) / term->sd);
	}
	else
	{
		const char *value = type != BOOLOID ? reason->value : *reason->value == 't' ? "true" : "false";
		int			length = strlen(value);
		int			cited = pg_mbcliplen(value, length, WORDS_VALUE_BYTES);
		const Level *level = feature->kind == FEATURE_CATEGORY ? encoded_level(model->preparation, feature, terms) : NULL;

		return psprintf("%s is %.*s%s%s", feature->name, cited, value, cited < length ? "..." : "",
						level != NULL && level->kind == LEVEL_OTHER ? ", which is rare or new" : "");
	}
}

static void
explain_logistic(const LogisticModel *model, const double *terms, double *contributions, Explanation *e)
{
	for (int t = 0; t < model->nterms; t++)
	{
		const LogisticTerm *term = &model->terms[t];

		if (!term->aliased && !term->constant)
			contributions[t] = term->coef_std * ((terms[t] - term->mean) / term->sd);
	}
	e->unit = "log-odds";
	e->base_value = model->intercept.coef_std;
	e->margin = logistic_margin(model, terms);
}

/*
 * Times are written alike whatever the session's settings, so that stored reasons
 * do not change with them.
 */
static char *
value_text(Oid type, Datum value)
{
	const int	utc = 0;
	Oid			output;
	bool		is_varlena;

	if (type == DATEOID || type == TIMESTAMPOID || type == TIMESTAMPTZOID)
		return JsonEncodeDateTime(palloc(MAXDATELEN + 1), value, type, &utc);
	getTypeOutputInfo(type, &output, &is_varlena);
	return OidOutputFunctionCall(output, value);
}

/*
 * False: the model has no answer for the row.
 */
static bool
explain_row(FunctionCallInfo fcinfo, Explanation *e)
{
	double	   *terms;
	double	   *contributions;
	ModelRecord record;
	const Model *model = model_of_record(fcinfo, MODEL_PROBABILITY, &terms, &record);
	const Preparation *preparation = model->preparation;
	int			top_k = PG_ARGISNULL(2) ? preparation->nfeatures : PG_GETARG_INT32(2);

	if (top_k < 1 && !PG_ARGISNULL(2))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("top_k must be at least 1, not %d", top_k));
	if (terms == NULL)
		return false;

	contributions = palloc0(Max(preparation->nterms, 1) * sizeof(double));
	if (model->kind == MODEL_FOREST)
	{
		e->unit = "probability";
		e->margin = NAN;
		e->probability = forest_contributions(model->body, terms, contributions, &e->base_value);
	}
	else
	{
		e->probability = model_probability(model, terms);	/* or an error */
		explain_logistic(model->body, terms, contributions, e);
	}

	e->reasons = palloc(Max(preparation->nfeatures, 1) * sizeof(Reason));
	for (int f = 0; f < preparation->nfeatures; f++)
	{
		const Feature *feature = &preparation->features[f];
		Reason	   *reason = &e->reasons[f];

		reason->feature = f;
		reason->name = feature->name;
		reason->contribution = 0;
		for (int t = feature->first_term; t < feature->first_term + feature->nterms; t++)
			reason->contribution += contributions[t];
	}
	e->nreasons = Min(top_k, preparation->nfeatures);
	sort_reasons(e->reasons, preparation->nfeatures, e->nreasons);
	for (int i = 0; i < e->nreasons; i++)
	{
		Reason	   *reason = &e->reasons[i];
		int			attribute = preparation_attribute(record.row, reason->feature);
		Oid			type = getBaseType(TupleDescAttr(record.desc, attribute)->atttypid);

		reason->delta_probability = isnan(e->margin) ? reason->contribution
			: e->probability - logistic_probability(e->margin - reason->contribution);
		reason->value = record.nulls[attribute] ? NULL : value_text(type, record.values[attribute]);
		reason->words = reason_words(model, reason, type, terms);
	}
	return true;
}

/*
 * explain(model text, r record, top_k integer) returns setof (rank, feature, value,
 * contribution, delta_probability, base_value, margin, probability, unit, words)
 */
Datum
explain(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Explanation e;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || !explain_row(fcinfo, &e))
		return (Datum) 0;
	for (int i = 0; i < e.nreasons; i++)
	{
		const Reason *reason = &e.reasons[i];
		Datum		values[10] = {0};
		bool		nulls[10] = {false};

		values[0] = Int32GetDatum(i + 1);
		values[1] = CStringGetTextDatum(reason->name);
		if (reason->value != NULL)
			values[2] = CStringGetTextDatum(reason->value);
		else
			nulls[2] = true;
		values[3] = Float8GetDatum(reason->contribution);
		values[4] = Float8GetDatum(reason->delta_probability);
		values[5] = Float8GetDatum(e.base_value);
		values[6] = Float8GetDatum(e.margin);
		nulls[6] = isnan(e.margin);
		values[7] = Float8GetDatum(e.probability);
		values[8] = CStringGetTextDatum(e.unit);
		values[9] = CStringGetTextDatum(reason->words);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

static void
push_text(JsonbParseState **state, JsonbIteratorToken token, const char *text)
{
	JsonbValue	value;

	value.type = text !=NULL ? jbvString : jbvNull;

	if (text !=NULL)
	{
		value.val.string.val = unconstify(char *, text);
		value.val.string.len = strlen(text);
	}
	pushJsonbValue(state, token, &value);
}

static void
push_number(JsonbParseState **state, const char *key, double number)
{
	JsonbValue	value;
	char text[	DOUBLE_SHORTEST_DECIMAL_LEN];

	push_text(state, WJB_KEY, key);
	value.type = jbvNull;
	if (isfinite(number))
	{
		value.type = jbvNumeric;
		double_to_shortest_decimal_buf(number, text);
		value.val.numeric = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(text),
																ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	}
	pushJsonbValue(state, WJB_VALUE, &value);
}

static void
push_string(JsonbParseState **state, const char *key, const char *text)
{
	push_text(state, WJB_KEY, key);
	push_text(state, WJB_VALUE, text);
}

/*
 * explain_json(model text, r record, top_k integer) returns jsonb
 */
Datum
explain_json(PG_FUNCTION_ARGS)
{
	Explanation e;
	JsonbParseState *state = NULL;
	JsonbValue *result;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || !explain_row(fcinfo, &e))
		PG_RETURN_NULL();
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_number(&state, "probability", e.probability);
	push_number(&state, "base_value", e.base_value);
	push_number(&state, "margin", e.margin);
	push_string(&state, "unit", e.unit);
	push_text(&state, WJB_KEY, "reasons");
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < e.nreasons; i++)
	{
		pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		push_string(&state, "feature", e.reasons[i].name);
		push_string(&state, "value", e.reasons[i].value);
		push_number(&state, "contribution", e.reasons[i].contribution);
		push_string(&state, "words", e.reasons[i].words);
		pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	result = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(result));
}
