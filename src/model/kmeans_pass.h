/*-------------------------------------------------------------------------
 *
 * kmeans_pass.h
 *	  One pass over the rows for all starts of a k-means; see kmeans_pass.c.
 *
 * IDENTIFICATION
 *	  src/model/kmeans_pass.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_KMEANS_PASS_H
#define SHOPANALYTICS_KMEANS_PASS_H

#include "model/kmeans.h"

/* A sum of multiples of 1 / KMEANS_STEPS, the same in any order. */
typedef struct KmeansSum
{
	int64		whole;
	int64		steps;			/* 0 to KMEANS_STEPS - 1 */
} KmeansSum;

/* A block of rows as coordinates.  Arrays are by term, then by row. */
typedef struct KmeansBlock
{
	int			nrows;			/* those after have no mass, and shares of 0 */
	const uint64 *id;
	const double *share;
	const double *place;		/* share times the term's weight */
	const double *mass;			/* of a row: 1, or a share of the greatest
								 * weight */
	const double *moment;		/* share times mass, rounded as a share */
} KmeansBlock;

/* One of the starts.  A cluster's sums are those of its terms, then its mass. */
typedef struct KmeansStart
{
	int			number;
	int			k;				/* clusters so far */
	bool		settled;
	int			iterations;
	double	   *center;			/* shares, by cluster and term */
	double	   *place;
	KmeansSum  *sum;
	KmeansSum  *last_sum;		/* of the assignment before */
	double		between;		/* sum of squares between the clusters */
} KmeansStart;

typedef struct KmeansFit
{
	const KmeansOptions *options;
	Columns    *rows;
	KmeansSpace space;
	double		max_weight;		/* of a row */
	KmeansSum  *total;			/* of all rows, as of a cluster */
	double		variance;		/* mean of the variances of the coordinates */
	int			nstarts;
	KmeansStart *starts;

	ColumnsScan scan;
	bool		is_shares;		/* are the blocks in memory? */
	KmeansBlock block;
	double	   *place;			/* of the block, where these are not its
								 * shares */
	double	   *moment;			/* likewise */
	double	   *mass;
	int			nmass;			/* rows that have it, without weights */
	double	   *label;			/* of the rows of the block, from 0 */
	double	   *distance;		/* to the nearest center, squared */
	double	   *other;			/* room to work in */
	double	   *block_sum;		/* as the sums of a start */
} KmeansFit;

extern void kmeans_pass_init(KmeansFit *fit);
extern void kmeans_pass_begin(KmeansFit *fit);
extern KmeansBlock *kmeans_pass_next(KmeansFit *fit);
extern void kmeans_assign(KmeansFit *fit, const double *place, int k);
extern void kmeans_assign_all(KmeansFit *fit);

static inline void
kmeans_sum_add(KmeansSum *sum, double value)
{
	int64		steps = sum->steps + (int64) (value * KMEANS_STEPS);

	sum->whole += steps >> 44;
	sum->steps = steps & ((INT64CONST(1) << 44) - 1);
}

static inline void
kmeans_sum_subtract(KmeansSum *sum, const KmeansSum *other)
{
	int64		steps = sum->steps - other->steps;

	sum->whole += (steps >> 44) - other->whole;
	sum->steps = steps & ((INT64CONST(1) << 44) - 1);
}

static inline double
kmeans_sum_value(const KmeansSum *sum)
{
	return (double) sum->whole + (double) sum->steps / KMEANS_STEPS;
}

static inline bool
kmeans_sum_is_zero(const KmeansSum *sum)
{
	return sum->whole == 0 && sum->steps == 0;
}

#endif							/* SHOPANALYTICS_KMEANS_PASS_H */
