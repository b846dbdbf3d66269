/*-------------------------------------------------------------------------
 *
 * ranks.c
 *	  Scores of two classes in order, and what follows from the order alone.
 *
 * The classes are kept apart and sorted each on its own, so that a row takes
 * eight bytes and no label; one walk down both then sees the groups of ties.
 *
 * With P positives and N negatives, all counts here are below 2PN, and the
 * squares that the standard error needs below (2PN)^2.  So up to 2^32 rows
 * they are integers of 64 and 128 bits, and an area or a distance is a
 * quotient of two of them: no row order and no parallel plan can change it.
 *
 * IDENTIFICATION
 *	  src/model/ranks.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "model/ranks.h"

#define RADIX_BITS		8
#define RADIX			(1 << RADIX_BITS)
#define RADIX_PASSES	(64 / RADIX_BITS)
#define RADIX_MIN_KEYS	768		/* fewer are sorted by comparison */
#define KEYS_AT_ONCE	65536	/* between looks for interrupts */

#define ST_SORT sort_few_keys
#define ST_ELEMENT_TYPE uint64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_few_rows
#define ST_ELEMENT_TYPE RankedRow
#define ST_COMPARE(a, b) ((a)->key != (b)->key ? ((a)->key < (b)->key ? -1 : 1) : \
						  (a)->row < (b)->row ? -1 : (a)->row > (b)->row)
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * Sorts elements of so many words by the first, its digits from the lowest up.
 * What all keys share need not be moved.
 */
static pg_attribute_always_inline void
radix_sort(uint64 *key, int64 n, const int words)
{
	int64		count[RADIX_PASSES][RADIX] = {0};
	uint64	   *from = key;
	uint64	   *to;
	uint64	   *scratch;
	bool		ordered = true;

	for (int64 i = 0; i < n; i++)
	{
		if (i % KEYS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		for (int pass = 0; pass < RADIX_PASSES; pass++)
			count[pass][key[i * words] >> (pass * RADIX_BITS) & (RADIX - 1)]++;
		ordered &= i == 0 || key[(i - 1) * words] <= key[i * words];
	}
	if (ordered)
		return;

	to = scratch = palloc_extended(sizeof(uint64) * words * n, MCXT_ALLOC_HUGE);
	for (int pass = 0; pass < RADIX_PASSES; pass++)
	{
		int			shift = pass * RADIX_BITS;
		int64	   *place = count[pass];
		int64		sum = 0;
		uint64	   *swap;

		if (place[from[0] >> shift & (RADIX - 1)] == n)
			continue;
		for (int digit = 0; digit < RADIX; digit++)
		{
			int64		keys = place[digit];

			place[digit] = sum;
			sum += keys;
		}
		for (int64 i = 0; i < n; i++)
		{
			int64		next;

			if (i % KEYS_AT_ONCE == 0)
				CHECK_FOR_INTERRUPTS();
			next = place[from[i * words] >> shift & (RADIX - 1)]++;
			for (int word = 0; word < words; word++)
				to[next * words + word] = from[i * words + word];
		}
		swap = from;
		from = to;
		to = swap;
	}
	if (from != key)
		memcpy(key, from, sizeof(uint64) * words * n);
	pfree(scratch);
}

void
ranks_sort(uint64 *key, int64 n)
{
	if (n >= RADIX_MIN_KEYS)
		radix_sort(key, n, 1);
	else if (n > 1)
		sort_few_keys(key, n);
}

/* Rows of the same key keep their order, which is that of their numbers. */
void
ranks_sort_rows(RankedRow *row, int64 n)
{
	StaticAssertStmt(sizeof(RankedRow) == 2 * sizeof(uint64) && offsetof(RankedRow, key) == 0,
					 "a ranked row is two words, the key the first");
	if (n >= RADIX_MIN_KEYS)
		radix_sort((uint64 *) row, n, 2);
	else if (n > 1)
		sort_few_rows(row, n);
}

/* The variance of the mean of n integers, from their sum and that of squares. */
double
ranks_mean_variance(int64 n, WideCount sum, WideCount squares)
{
	return (double) (n * squares - sum * sum) / n / n / (n - 1);
}

void
rank_metrics(RankedClass negative, RankedClass positive, RankMetrics *result)
{
	int64		nnegative = negative.n;
	int64		npositive = positive.n;
	double		pairs = 2.0 * npositive * nnegative;
	uint64		won = 0;		/* twice the pairs in the right order, ties
								 * once */
	uint64		distance = 0;
	WideCount	won_squares = 0;	/* for each positive */
	WideCount	lost_squares = 0;	/* for each negative */
	double		precision = 0;	/* sum over the positives */
	double		carry = 0;
	TieScan		scan;

	Assert(nnegative < UINT64CONST(1) << 32 && npositive < UINT64CONST(1) << 32);
	ties_begin(&scan, negative, positive);
	for (int64 i = 0; ties_next(&scan); i++)
	{
		int64		below = scan.negative.n;
		int64		fp = nnegative - below;
		int64		tp = npositive - scan.positive.n;
		uint64		beaten = 2 * below + scan.negatives;
		uint64		beating = 2 * tp - scan.positives;
		double		step;
		double		sum;

		if (i % KEYS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		won += beaten * scan.positives;
		won_squares += (WideCount) beaten * beaten * scan.positives;
		lost_squares += (WideCount) beating * beating * scan.negatives;
		distance = Max(distance, (uint64) Abs(tp * nnegative - fp * npositive));

		/* with what is lost in adding kept apart (Neumaier) */
		step = scan.positives * ((double) tp / (tp + fp));
		sum = precision + step;
		carry += precision >= step ? precision - sum + step : step - sum + precision;
		precision = sum;
	}

	result->roc_auc = result->roc_auc_std_err = result->ks = result->gini = NAN;
	result->average_precision = npositive == 0 ? NAN : (precision + carry) / npositive;
	if (npositive == 0 || nnegative == 0)
		return;
	result->roc_auc = won / pairs;
	result->gini = (2.0 * won - pairs) / pairs;
	result->ks = distance / (pairs / 2);
	if (npositive > 1 && nnegative > 1)
		result->roc_auc_std_err =
			sqrt(ranks_mean_variance(npositive, won, won_squares) / (4.0 * nnegative * nnegative) +
				 ranks_mean_variance(nnegative, won, lost_squares) / (4.0 * npositive * npositive));
}
