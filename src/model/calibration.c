/*-------------------------------------------------------------------------
 *
 * calibration.c
 *	  Aggregates calibration() and expected_calibration_error(): do rows with a
 *	  score of 0.3 turn out positive three times in ten?
 *
 * A score belongs to the bin with low <= score < high, and 1 to the last one.
 *
 * IDENTIFICATION
 *	  src/model/calibration.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"

#include "behaviour/exact_sum.h"
#include "compat.h"
#include "model/binary_scores.h"
#include "model/calibration.h"
#include "model/evaluation.h"
#include "model/point_array.h"

#define KEYS_AT_ONCE	65536	/* between looks for interrupts */
#define NORMAL_975		1.959963984540054	/* for an interval of 95 percent */

typedef enum CalibrationMethod
{
	CALIBRATION_EQUAL_WIDTH,
	CALIBRATION_QUANTILE
} CalibrationMethod;

/* One bin after the other. */
typedef struct BinScan
{
	RankedClass class[2];
	int64		next[2];		/* first key of each class not yet seen */
	ExactSum	scores;			/* of the bin */
	int64		count[2];		/* in the bin, by class */
} BinScan;

PG_FUNCTION_INFO_V1(calibration_transfn);
PG_FUNCTION_INFO_V1(calibration_finalfn);
PG_FUNCTION_INFO_V1(expected_calibration_error_finalfn);

static int32
calibration_method(text *name)
{
	char	   *method = text_to_cstring(name);

	if (strcmp(method, "equal_width") == 0)
		return CALIBRATION_EQUAL_WIDTH;
	if (strcmp(method, "quantile") == 0)
		return CALIBRATION_QUANTILE;
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("unknown method of calibration \"%s\"", method),
			errhint("The methods are equal_width and quantile."));
}

/* (internal, label boolean, score float8 [, bins int4 [, method text]]) => internal */
Datum
calibration_transfn(PG_FUNCTION_ARGS)
{
	BinaryScoresOptions options = {.count = CALIBRATION_BINS,.method = CALIBRATION_EQUAL_WIDTH};
	BinaryScores *state;

	if (PG_NARGS() > 3 && !PG_ARGISNULL(3))
		options.count = PG_GETARG_INT32(3);
	if (options.count < 1 || options.count > CALIBRATION_MAX_BINS)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("bins must be between 1 and %d, got %d", CALIBRATION_MAX_BINS, options.count));
	if (PG_NARGS() > 4 && !PG_ARGISNULL(4))
		options.method = calibration_method(PG_GETARG_TEXT_PP(4));
	state = binary_scores_state(fcinfo, &options);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		score_check_probability(PG_GETARG_FLOAT8(2));
		binary_scores_add(state, PG_GETARG_BOOL(1), PG_GETARG_FLOAT8(2));
	}

	PG_RETURN_POINTER(state);
}

static void
bins_begin(BinScan *scan, RankedClass negative, RankedClass positive)
{
	memset(scan, 0, sizeof(BinScan));
	scan->class[0] = negative;
	scan->class[1] = positive;
	exact_sum_init(&scan->scores, EXACT_BINARY);
}

/* Takes the scores below the end of the next bin. */
static void
bins_next(BinScan *scan, double end)
{
	exact_sum_clear(&scan->scores);
	for (int class = 0; class < 2; class++)
	{
		const RankedClass *all = &scan->class[class];
		int64		i = scan->next[class];

		for (; i < all->n; i++)
		{
			double		score = rank_score(all->key[i]);

			if (score >= end)
				break;
			if (i % KEYS_AT_ONCE == 0)
				CHECK_FOR_INTERRUPTS();
			exact_sum_add_float8(&scan->scores, score, 1);
		}
		scan->count[class] = i - scan->next[class];
		scan->next[class] = i;
	}
}

static int
equal_width_edges(int bins, double *edge)
{
	for (int i = 1; i < bins; i++)
		edge[i - 1] = (double) i / bins;

	return bins - 1;
}

/* Both classes in one, sorted. */
static RankedClass
all_scores(const BinaryScores *state)
{
	int64		n = state->n[0] + state->n[1];
	uint64	   *key = palloc_extended(sizeof(uint64) * n, MCXT_ALLOC_HUGE);
	RankedClass all;

	memcpy(key, state->key[0], sizeof(uint64) * state->n[0]);
	memcpy(key + state->n[0], state->key[1], sizeof(uint64) * state->n[1]);
	ranks_sort(key, n);
	all.key = key;
	all.n = n;

	return all;
}

/* Wilson's interval of a share; it does not leave 0 to 1. */
static void
wilson_interval(int64 positives, int64 n, double *low, double *high)
{
	double		z2 = NORMAL_975 * NORMAL_975;
	double		middle = positives + z2 / 2;
	double		half = NORMAL_975 * sqrt((double) positives * (n - positives) / n + z2 / 4);

	*low = positives == 0 ? 0 : (middle - half) / (n + z2);
	*high = positives == n ? 1 : (middle + half) / (n + z2);
}

/* (internal) => calibration_bin[] */
Datum
calibration_finalfn(PG_FUNCTION_ARGS)
{
	BinaryScores *state = binary_scores_sorted(fcinfo);
	double		edge[CALIBRATION_MAX_BINS];
	int			nedges;
	double		low = 0;
	double		top = 1;
	BinScan		scan;
	PointArray	bins;

	if (state == NULL || state->n[0] + state->n[1] == 0)
		PG_RETURN_NULL();

	if (state->options.method == CALIBRATION_QUANTILE)
	{
		RankedClass all = all_scores(state);

		nedges = binary_scores_quantiles(&all, state->options.count, edge);
		low = rank_score(all.key[0]);
		top = rank_score(all.key[all.n - 1]);
		/* with many equal scores a quantile can be the lowest */
		if (nedges > 0 && edge[0] == low)
			memmove(edge, edge + 1, sizeof(double) * --nedges);
	}
	else
		nedges = equal_width_edges(state->options.count, edge);

	point_array_begin(&bins, fcinfo);
	bins_begin(&scan, binary_scores_class(state, false), binary_scores_class(state, true));
	for (int i = 0; i <= nedges; i++)
	{
		double		high = i < nedges ? edge[i] : top;
		int64		n;
		double		ci_low = NAN;
		double		ci_high = NAN;

		bins_next(&scan, i < nedges ? high : INFINITY);
		n = scan.count[0] + scan.count[1];
		if (n > 0)
			wilson_interval(scan.count[1], n, &ci_low, &ci_high);
		point_add_integer(&bins, i + 1);
		point_add_number(&bins, low);
		point_add_number(&bins, high);
		point_add_count(&bins, n);
		point_add_number(&bins, n == 0 ? NAN : exact_sum_float8(&scan.scores, n));
		point_add_number(&bins, share_of(scan.count[1], n));
		point_add_number(&bins, ci_low);
		point_add_number(&bins, ci_high);
		point_array_add(&bins);
		low = high;
	}

	PG_RETURN_DATUM(point_array_datum(&bins));
}

/* Of each bin |positives - sum of the scores|, over the number of rows. */
double
calibration_error(RankedClass negative, RankedClass positive, int bins)
{
	double		edge[CALIBRATION_MAX_BINS];
	int			nedges = equal_width_edges(bins, edge);
	BinScan		scan;
	double		error = 0;

	bins_begin(&scan, negative, positive);
	for (int i = 0; i <= nedges; i++)
	{
		bins_next(&scan, i < nedges ? edge[i] : INFINITY);
		exact_sum_add_float8(&scan.scores, scan.count[1], -1);
		error += fabs(exact_sum_float8(&scan.scores, 1));
	}

	return error / (negative.n + positive.n);
}

/* (internal) => float8 */
Datum
expected_calibration_error_finalfn(PG_FUNCTION_ARGS)
{
	BinaryScores *state = binary_scores_sorted(fcinfo);

	if (state == NULL || state->n[0] + state->n[1] == 0)
		PG_RETURN_NULL();

	PG_RETURN_FLOAT8(calibration_error(binary_scores_class(state, false),
									   binary_scores_class(state, true), state->options.count));
}
