/*-------------------------------------------------------------------------
 *
 * psi.c
 *	  psi(): the population stability index, of counts and of two samples.
 *
 * The sum over all bins of (c - r) ln(c / r), where r and c are the shares of
 * the reference and of what is current; a share of zero counts as epsilon.
 *
 * The bins of two samples are the quantiles of the reference, computed once as
 * percentile_cont does, and duplicates merged; a bin has low <= value < high.
 * NULL is a value like others and a bin of its own, if there is any.
 *
 * IDENTIFICATION
 *	  src/model/psi.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/array.h"

#include "compat.h"
#include "model/binary_scores.h"
#include "model/evaluation.h"
#include "model/point_array.h"

#define DEFAULT_BINS	10
#define DEFAULT_EPSILON	1e-4
#define MAX_BINS		1000
#define BINS_AT_ONCE	65536	/* between looks for interrupts */

/* The bins of two samples. */
typedef struct PsiBins
{
	int			nbins;			/* the one of NULL is the last */
	bool		has_null;
	double		low[MAX_BINS + 1];	/* NaN: no limit */
	double		high[MAX_BINS + 1];
	int64		reference[MAX_BINS + 1];
	int64		current[MAX_BINS + 1];
} PsiBins;

PG_FUNCTION_INFO_V1(psi);
PG_FUNCTION_INFO_V1(psi_transfn);
PG_FUNCTION_INFO_V1(psi_finalfn);
PG_FUNCTION_INFO_V1(psi_bins_finalfn);

static void
check_epsilon(double epsilon)
{
	if (!(epsilon > 0 && epsilon < 1))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("epsilon must be between 0 and 1, got %g", epsilon));
}

/* What one bin adds. */
static double
psi_term(int64 reference, double nreference, int64 current, double ncurrent, double epsilon)
{
	double		r = reference == 0 ? epsilon : reference / nreference;
	double		c = current == 0 ? epsilon : current / ncurrent;

	return (c - r) * log(c / r);
}

/* Empty if either sample is. */
static bool
psi_of_counts(const int64 *reference, const int64 *current, int nbins, double epsilon, double *result)
{
	double		nreference = 0;
	double		ncurrent = 0;
	double		sum = 0;

	for (int i = 0; i < nbins; i++)
	{
		nreference += reference[i];
		ncurrent += current[i];
	}
	if (nreference == 0 || ncurrent == 0)
		return false;
	for (int i = 0; i < nbins; i++)
	{
		if (i % BINS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		sum += psi_term(reference[i], nreference, current[i], ncurrent, epsilon);
	}
	*result = sum;

	return true;
}

/* The counts of an array. */
static int64 *
array_counts(ArrayType *array, const char *name, int *n)
{
	int64	   *count = (int64 *) ARR_DATA_PTR(array);

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				errmsg("%s must have one dimension, got %d", name, ARR_NDIM(array)));
	if (array_contains_nulls(array))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not contain NULL", name));
	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	for (int i = 0; i < *n; i++)
		if (count[i] < 0)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("%s must not contain negative counts, got " INT64_FORMAT, name, count[i]));

	return count;
}

/* (reference bigint[], current bigint[], epsilon float8) => float8 */
Datum
psi(PG_FUNCTION_ARGS)
{
	int			nreference;
	int			ncurrent;
	int64	   *reference = array_counts(PG_GETARG_ARRAYTYPE_P(0), "reference", &nreference);
	int64	   *current = array_counts(PG_GETARG_ARRAYTYPE_P(1), "current", &ncurrent);
	double		epsilon = PG_GETARG_FLOAT8(2);
	double		result;

	check_epsilon(epsilon);
	if (nreference != ncurrent)
		ereport(ERROR,
				errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				errmsg("reference and current must have as many bins, got %d and %d",
					   nreference, ncurrent));
	if (!psi_of_counts(reference, current, nreference, epsilon, &result))
		PG_RETURN_NULL();

	PG_RETURN_FLOAT8(result);
}

/* (internal, current boolean, value float8 [, bins int4 [, epsilon float8]]) => internal */
Datum
psi_transfn(PG_FUNCTION_ARGS)
{
	BinaryScoresOptions options = {.count = DEFAULT_BINS,.epsilon = DEFAULT_EPSILON};
	BinaryScores *state;

	if (PG_NARGS() > 3 && !PG_ARGISNULL(3))
		options.count = PG_GETARG_INT32(3);
	if (options.count < 2 || options.count > MAX_BINS)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("bins must be between 2 and %d, got %d", MAX_BINS, options.count));
	if (PG_NARGS() > 4 && !PG_ARGISNULL(4))
		options.epsilon = PG_GETARG_FLOAT8(4);
	check_epsilon(options.epsilon);
	state = binary_scores_state(fcinfo, &options);

	if (!PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(2))
			state->nnull[PG_GETARG_BOOL(1) ? 1 : 0]++;
		else
		{
			score_check_number(PG_GETARG_FLOAT8(2), "value");
			binary_scores_add(state, PG_GETARG_BOOL(1), PG_GETARG_FLOAT8(2));
		}
	}

	PG_RETURN_POINTER(state);
}

/* How many keys are below the value. */
static int64
keys_below(const RankedClass *class, double value)
{
	uint64		key = rank_key(value);
	int64		low = 0;
	int64		high = class->n;

	while (low < high)
	{
		int64		middle = low + (high - low) / 2;

		if (class->key[middle] < key)
			low = middle + 1;
		else
			high = middle;
	}

	return low;
}

/* False if either sample is empty. */
static bool
find_bins(const BinaryScores *state, PsiBins *bins)
{
	RankedClass reference = binary_scores_class(state, false);
	RankedClass current = binary_scores_class(state, true);
	double		edge[MAX_BINS];
	int			nedges = 0;

	if (reference.n + state->nnull[0] == 0 || current.n + state->nnull[1] == 0)
		return false;
	if (reference.n > 0)
		nedges = binary_scores_quantiles(&reference, state->options.count, edge);
	bins->nbins = nedges + 1;
	for (int i = 0; i <= nedges; i++)
	{
		bins->low[i] = i == 0 ? NAN : edge[i - 1];
		bins->high[i] = i == nedges ? NAN : edge[i];
		bins->reference[i] = (i == nedges ? reference.n : keys_below(&reference, edge[i])) -
			(i == 0 ? 0 : keys_below(&reference, edge[i - 1]));
		bins->current[i] = (i == nedges ? current.n : keys_below(&current, edge[i])) -
			(i == 0 ? 0 : keys_below(&current, edge[i - 1]));
	}
	bins->has_null = state->nnull[0] + state->nnull[1] > 0;
	if (bins->has_null)
	{
		bins->low[bins->nbins] = bins->high[bins->nbins] = NAN;
		bins->reference[bins->nbins] = state->nnull[0];
		bins->current[bins->nbins++] = state->nnull[1];
	}

	return true;
}

/* (internal) => float8 */
Datum
psi_finalfn(PG_FUNCTION_ARGS)
{
	BinaryScores *state = binary_scores_sorted(fcinfo);
	PsiBins    *bins = palloc(sizeof(PsiBins));
	double		result;

	if (state == NULL || !find_bins(state, bins) ||
		!psi_of_counts(bins->reference, bins->current, bins->nbins, state->options.epsilon, &result))
		PG_RETURN_NULL();

	PG_RETURN_FLOAT8(result);
}

/* (internal) => psi_bin[] */
Datum
psi_bins_finalfn(PG_FUNCTION_ARGS)
{
	BinaryScores *state = binary_scores_sorted(fcinfo);
	PsiBins    *bins = palloc(sizeof(PsiBins));
	PointArray	points;

	if (state == NULL || !find_bins(state, bins))
		PG_RETURN_NULL();

	point_array_begin(&points, fcinfo);
	for (int i = 0; i < bins->nbins; i++)
	{
		point_add_integer(&points, i + 1);
		point_add_number(&points, bins->low[i]);
		point_add_number(&points, bins->high[i]);
		point_add_count(&points, bins->reference[i]);
		point_add_count(&points, bins->current[i]);
		point_add_number(&points, psi_term(bins->reference[i], state->n[0] + state->nnull[0],
										   bins->current[i], state->n[1] + state->nnull[1],
										   state->options.epsilon));
		point_array_add(&points);
	}

	PG_RETURN_DATUM(point_array_datum(&points));
}
