/*-------------------------------------------------------------------------
 *
 * forest_rows.c
 *	  How often rows are drawn for a tree, and what they weigh.
 *
 * Whether a row is drawn is told by its id, the seed and the tree's number, and
 * hangs on no other row: so each is drawn a number of times of the Poisson
 * distribution, which is what a bootstrap sample of many rows comes to.
 *
 * Sums of weights must not hang on the order of rows.  So weights are integers:
 * as they are if they are so already, else multiples of the finest power of two
 * for which all sums still fit.  With a million rows that is 2^-35 of the greatest
 * weight.
 *
 * IDENTIFICATION
 *	  src/model/forest_rows.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "model/forest.h"

/* Bits of a tree's sum of weights: so that tree_split.c can multiply exactly. */
#define WEIGHT_BITS		60
#define DRAWS_BITS		4		/* of FOREST_DRAWS */
#define DOUBLE_BITS		53

void
forest_draw_init(ForestDraw *draw, const ForestOptions *options)
{
	double		mean = options->sample_fraction;
	double		probability = options->bootstrap ? exp(-mean) : 1 - mean;
	double		sum = 0;
	int			i;

	draw->seed = options->seed;
	for (i = 0; i < FOREST_DRAWS - 1; i++)
	{
		sum += probability;
		draw->up_to[i] = sum;
		probability = options->bootstrap ? probability * mean / (i + 1) : mean;
	}
	draw->up_to[i] = 2;
}

static double
row_weight(const double *weight, uint32 row)
{
	return weight == NULL ? 1 : weight[row];
}

static uint64 *
integer_weights(const double *weight, const uint8 *label, uint32 nrows, const double *factor)
{
	uint64	   *result = MemoryContextAllocHuge(CurrentMemoryContext, Max(nrows, 1) * sizeof(uint64));
	int			bits = WEIGHT_BITS - DRAWS_BITS;
	double		greatest = 0;
	bool		integers = true;
	double		scale = 1;
	uint32		r;

	for (r = 0; r < nrows; r++)
	{
		double		value = row_weight(weight, r) * factor[label[r]];

		greatest = Max(greatest, value);
		integers &= value == floor(value);
	}
	for (r = nrows; r > 0; r /= 2)
		bits--;
	bits = Min(bits, DOUBLE_BITS);
	if (!integers || greatest > ldexp(1, bits))
	{
		int			exponent;

		/* greatest is below 2 to the exponent */
		frexp(greatest, &exponent);
		scale = ldexp(1, bits - exponent);
	}

	for (r = 0; r < nrows; r++)
		result[r] = (uint64) rint(row_weight(weight, r) * factor[label[r]] * scale);

	return result;
}

/* In the current memory context; NULL if every row counts once. */
uint64 *
forest_weights(const double *weight, const uint8 *label, uint32 nrows, bool balanced)
{
	double		factor[2] = {1, 1};
	uint64	   *result;
	uint64		sum[2] = {0, 0};
	uint32		r;

	if (weight == NULL && !balanced)
		return NULL;

	result = integer_weights(weight, label, nrows, factor);
	for (r = 0; r < nrows; r++)
		sum[label[r]] += result[r];
	if (sum[0] + sum[1] == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("no row of the training has a weight above 0"));
	if (!balanced || sum[0] == 0 || sum[1] == 0)
		return result;

	pfree(result);
	factor[0] = (double) (sum[0] + sum[1]) / (2 * (double) sum[0]);
	factor[1] = (double) (sum[0] + sum[1]) / (2 * (double) sum[1]);

	return integer_weights(weight, label, nrows, factor);
}
