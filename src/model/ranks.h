/*-------------------------------------------------------------------------
 *
 * ranks.h
 *	  Scores of two classes in order, and what follows from the order alone.
 *
 * IDENTIFICATION
 *	  src/model/ranks.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_RANKS_H
#define SHOPANALYTICS_RANKS_H

/* Products of three counts of rows; double is near enough where there is none. */
#ifdef HAVE_INT128
typedef int128 WideCount;
#else
typedef double WideCount;
#endif

/* The scores of one class, as keys. */
typedef struct RankedClass
{
	const uint64 *key;			/* ascending */
	int64		n;
} RankedClass;

/* A score and the row that has it. */
typedef struct RankedRow
{
	uint64		key;
	uint64		row;
} RankedRow;

/* Groups of equal scores of both classes, from the highest score down. */
typedef struct TieScan
{
	RankedClass negative;		/* n: those below the group */
	RankedClass positive;
	uint64		key;			/* of the group */
	int64		negatives;		/* in the group */
	int64		positives;
} TieScan;

/* NaN: undefined, because there are too few rows of a class. */
typedef struct RankMetrics
{
	double		roc_auc;
	double		roc_auc_std_err;
	double		average_precision;
	double		ks;
	double		gini;
} RankMetrics;

extern void ranks_sort(uint64 *key, int64 n);
extern void ranks_sort_rows(RankedRow *row, int64 n);
extern double ranks_mean_variance(int64 n, WideCount sum, WideCount squares);
extern void rank_metrics(RankedClass negative, RankedClass positive, RankMetrics *result);

/* Keys are ordered as the scores are; both zeros have the same. */
static inline uint64
rank_key(double score)
{
	uint64		bits;

	score += 0.0;
	memcpy(&bits, &score, sizeof(bits));

	return bits >> 63 ? ~bits : bits | UINT64CONST(1) << 63;
}

static inline double
rank_score(uint64 key)
{
	uint64		bits = key >> 63 ? key & ~(UINT64CONST(1) << 63) : ~key;
	double		score;

	memcpy(&score, &bits, sizeof(score));

	return score;
}

static inline void
ties_begin(TieScan *scan, RankedClass negative, RankedClass positive)
{
	memset(scan, 0, sizeof(TieScan));
	scan->negative = negative;
	scan->positive = positive;
}

static inline bool
ties_next(TieScan *scan)
{
	RankedClass *negative = &scan->negative;
	RankedClass *positive = &scan->positive;
	int64		negatives = negative->n;
	int64		positives = positive->n;

	if (negatives == 0 && positives == 0)
		return false;
	scan->key = negatives == 0 ? positive->key[positives - 1] :
		positives == 0 ? negative->key[negatives - 1] :
		Max(negative->key[negatives - 1], positive->key[positives - 1]);
	while (negative->n > 0 && negative->key[negative->n - 1] == scan->key)
		negative->n--;
	while (positive->n > 0 && positive->key[positive->n - 1] == scan->key)
		positive->n--;
	scan->negatives = negatives - negative->n;
	scan->positives = positives - positive->n;

	return true;
}

#endif							/* SHOPANALYTICS_RANKS_H */
