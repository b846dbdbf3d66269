/*-------------------------------------------------------------------------
 *
 * sample_ratio_test.c
 *	  sample_ratio_test(): were users split among the arms as meant?
 *
 * IDENTIFICATION
 *	  src/experiment/sample_ratio_test.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/int.h"
#include "fmgr.h"
#include "utils/float.h"

#include "experiment/arguments.h"
#include "experiment/distribution.h"
#include "model/point_array.h"

#define MAX_ARMS	1000

typedef struct Split
{
	int			narms;
	int64		n;
	int64	   *observed;
	double	   *weight;
	double	   *expected;
} Split;

PG_FUNCTION_INFO_V1(sample_ratio_test);

static void
null_arm(const char *name, int arm)
{
	ereport(ERROR,
			errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			errmsg("%s is null in arm %d", name, arm));
}

static void
split_check_observed(int64 observed, int arm)
{
	if (observed < 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("observed must not be negative, but is %lld in arm %d", (long long) observed, arm));
}

static void
split_check_weight(double weight, int arm)
{
	if (!(weight >= 0 && !isinf(weight)))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("weight must be a number from 0 up, but is %g in arm %d", weight, arm),
				errhint("Weights say how users are meant to be split, such as {50,50}."));
}

/* The arrays of both arguments, checked. */
static void
split_read(Split *split, ArrayType *observed, ArrayType *weights)
{
	int			nweights = argument_array_length(weights, "weights");
	Datum	   *value;
	bool	   *isnull;

	split->narms = argument_array_length(observed, "observed");
	if (split->narms != nweights)
		ereport(ERROR,
				errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				errmsg("observed has %d arms, weights has %d", split->narms, nweights),
				errhint("Every arm has a number of users and a weight, in the same order."));
	if (split->narms > MAX_ARMS)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("%d arms are more than the limit of %d", split->narms, MAX_ARMS));

	split->n = 0;
	split->observed = palloc(sizeof(int64) * split->narms);
	split->weight = palloc(sizeof(double) * split->narms);
	split->expected = palloc(sizeof(double) * split->narms);
	deconstruct_array(observed, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &value, &isnull, &nweights);
	for (int i = 0; i < split->narms; i++)
	{
		if (isnull[i])
			null_arm("observed", i + 1);
		split->observed[i] = DatumGetInt64(value[i]);
		split_check_observed(split->observed[i], i + 1);
		if (pg_add_s64_overflow(split->n, split->observed[i], &split->n))
			ereport(ERROR,
					errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					errmsg("the number of users is out of range"));
	}
	deconstruct_array(weights, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &value, &isnull, &nweights);
	for (int i = 0; i < split->narms; i++)
	{
		if (isnull[i])
			null_arm("weight", i + 1);
		split->weight[i] = DatumGetFloat8(value[i]);
		split_check_weight(split->weight[i], i + 1);
	}
}

/* The total of the weights, of which the greatest counts as 1. */
static double
split_scale_weights(Split *split)
{
	double		greatest = 0;
	double		total = 0;

	for (int i = 0; i < split->narms; i++)
		greatest = Max(greatest, split->weight[i]);
	if (greatest == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("no arm has a weight above 0"),
				errhint("Weights say how users are meant to be split, such as {50,50}."));
	for (int i = 0; i < split->narms; i++)
	{
		split->weight[i] /= greatest;
		total += split->weight[i];
	}

	return total;
}

/* (observed bigint[], weights float8[]) => sample_ratio_result */
Datum
sample_ratio_test(PG_FUNCTION_ARGS)
{
	Split		split;
	double		total;
	double		chi2 = 0;
	int			df = -1;
	const char *reason = NULL;
	PointArray	result;

	split_read(&split, PG_GETARG_ARRAYTYPE_P(0), PG_GETARG_ARRAYTYPE_P(1));
	total = split_scale_weights(&split);
	if (split.n == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("no users were observed in any arm"));

	for (int i = 0; i < split.narms; i++)
	{
		double		distance;

		split.expected[i] = split.n * (split.weight[i] / total);
		distance = split.observed[i] - split.expected[i];
		if (split.expected[i] > 0)
		{
			df++;
			chi2 += distance * distance / split.expected[i];
		}
		else if (split.observed[i] > 0)
		{
			chi2 = get_float8_infinity();
			reason = "there are users in an arm of weight 0";
		}
	}
	if (df == 0 && reason == NULL)
	{
		chi2 = get_float8_nan();
		reason = "one arm only has a weight";
	}

	point_array_begin(&result, fcinfo);
	point_add_count(&result, split.n);
	point_add_numbers(&result, split.expected, split.narms);
	point_add_number(&result, chi2);
	point_add_integer(&result, df);
	point_add_number(&result, isnan(chi2) ? chi2 : chi_square_tail(chi2, df));
	point_add_text(&result, reason);

	PG_RETURN_DATUM(point_datum(&result));
}
