/*-------------------------------------------------------------------------
 *
 * delong.c
 *	  Do two scores of the same rows differ in the area under the ROC curve?
 *
 * E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, "Comparing the areas under
 * two or more correlated receiver operating characteristic curves", Biometrics
 * 44 (1988); in the time of a sort, as X. Sun, W. Xu, "Fast implementation of
 * DeLong's algorithm", IEEE Signal Processing Letters 21 (2014), do it.
 *
 * A row's placement is how many rows of the other class it stands right to,
 * counted twice, and ties once.  So placements are integers, and so are their
 * sums, products and the numerators of the variances; see ranks.c.  Nothing is
 * lost by cancelling, and the order of rows does not matter.
 *
 * IDENTIFICATION
 *	  src/model/delong.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "model/delong.h"
#include "model/ranks.h"

#define ROWS_AT_ONCE	65536	/* between looks for interrupts */

static RankedRow *
sorted_rows(const uint64 *key, int64 n)
{
	RankedRow  *row = palloc_extended(sizeof(RankedRow) * n, MCXT_ALLOC_HUGE);

	for (int64 i = 0; i < n; i++)
	{
		row[i].key = key[i];
		row[i].row = i;
	}
	ranks_sort_rows(row, n);

	return row;
}

/* The placements of the rows of both classes by one of the scores. */
static void
place_rows(const uint64 *negative, int64 nnegative, const uint64 *positive, int64 npositive,
		   int64 *place_negative, int64 *place_positive)
{
	RankedRow  *low = sorted_rows(negative, nnegative);
	RankedRow  *high = sorted_rows(positive, npositive);
	int64		i = 0;
	int64		j = 0;

	for (int64 groups = 0; i < nnegative || j < npositive; groups++)
	{
		uint64		key = i == nnegative ? high[j].key :
		j == npositive ? low[i].key : Min(low[i].key, high[j].key);
		int64		first_i = i;
		int64		first_j = j;

		if (groups % ROWS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		while (i < nnegative && low[i].key == key)
			i++;
		while (j < npositive && high[j].key == key)
			j++;
		for (int64 k = first_i; k < i; k++)
			place_negative[low[k].row] = 2 * npositive - first_j - j;
		for (int64 k = first_j; k < j; k++)
			place_positive[high[k].row] = first_i + i;
	}
	pfree(low);
	pfree(high);
}

/* Sums over one class. */
typedef struct PlacementSums
{
	int64		sum[2];
	WideCount	squares;		/* of the differences */
} PlacementSums;

static PlacementSums
sum_placements(int64 *const place[2], int64 n)
{
	PlacementSums sums = {0};

	for (int64 i = 0; i < n; i++)
	{
		int64		difference = place[0][i] - place[1][i];

		if (i % ROWS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		sums.sum[0] += place[0][i];
		sums.sum[1] += place[1][i];
		sums.squares += (WideCount) difference * difference;
	}

	return sums;
}

/* The part of the variance of the difference that comes from one class. */
static double
variance_of(const PlacementSums *sums, int64 n, int64 nother)
{
	return ranks_mean_variance(n, sums->sum[0] - sums->sum[1], sums->squares) /
		(4.0 * nother * nother);
}

void
delong(const DelongClass *negative, const DelongClass *positive, DelongResult *result)
{
	MemoryContext context;
	MemoryContext oldcontext;
	int64		nnegative = negative->n;
	int64		npositive = positive->n;
	double		pairs = 2.0 * nnegative * npositive;
	int64	   *place_negative[2];
	int64	   *place_positive[2];
	PlacementSums negatives;
	PlacementSums positives;

	result->auc[0] = result->auc[1] = result->difference = NAN;
	result->std_err = result->z = result->p_value = NAN;
	if (nnegative == 0 || npositive == 0)
		return;

	context = AllocSetContextCreate(CurrentMemoryContext, "delong", ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(context);
	for (int score = 0; score < 2; score++)
	{
		place_negative[score] = palloc_extended(sizeof(int64) * nnegative, MCXT_ALLOC_HUGE);
		place_positive[score] = palloc_extended(sizeof(int64) * npositive, MCXT_ALLOC_HUGE);
		place_rows(negative->key[score], nnegative, positive->key[score], npositive,
				   place_negative[score], place_positive[score]);
	}
	negatives = sum_placements(place_negative, nnegative);
	positives = sum_placements(place_positive, npositive);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);

	result->auc[0] = positives.sum[0] / pairs;
	result->auc[1] = positives.sum[1] / pairs;
	result->difference = (positives.sum[0] - positives.sum[1]) / pairs;
	if (nnegative < 2 || npositive < 2)
		return;
	result->std_err = sqrt(variance_of(&positives, npositive, nnegative) +
						   variance_of(&negatives, nnegative, npositive));

	/*
	 * scores that rank alike do not differ; others without variance: no
	 * answer
	 */
	if (result->std_err > 0)
	{
		result->z = result->difference / result->std_err;
		result->p_value = erfc(fabs(result->z) / sqrt(2.0));
	}
	else if (result->difference == 0)
	{
		result->z = 0;
		result->p_value = 1;
	}
}
