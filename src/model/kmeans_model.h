/*-------------------------------------------------------------------------
 *
 * kmeans_model.h
 *	  A k-means model and the cluster of a row; see kmeans_model.c.
 *
 * IDENTIFICATION
 *	  src/model/kmeans_model.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_KMEANS_MODEL_H
#define SHOPANALYTICS_KMEANS_MODEL_H

#include "lib/stringinfo.h"

#define KMEANS_MAX_CLUSTERS 1000
#define KMEANS_MAX_SHARE	1e100	/* how far a row may be off those of the
									 * training */

/* Shares are multiples of this, and so are sums of them: no sum is rounded. */
#define KMEANS_STEPS	17592186044416.0	/* 2^44 */

/*
 * Added to a number between -64 and 64 and taken off again, it leaves the nearest
 * multiple of 1 / KMEANS_STEPS: next to it, doubles are that far apart.
 */
#define KMEANS_ROUND	384.0
#define KMEANS_MAX_ROUNDED	64.0

/* Stored: numbers never change. */
typedef enum KmeansScale
{
	KMEANS_MINMAX = 1,			/* (x - min) / (max - min) */
	KMEANS_STANDARD = 2,		/* (x - mean) / standard deviation of all rows */
	KMEANS_NONE = 3
} KmeansScale;

/*
 * How the numbers of a row become coordinates.  A share is where a number lies
 * between the least (0) and the greatest (1) of its term, in steps of 2^-44; times
 * weight it is a coordinate, and times unit a scaled one but for an offset.
 */
typedef struct KmeansSpace
{
	int			nterms;
	KmeansScale scale;
	double	   *low;			/* the least value */
	double	   *range;			/* from it to the greatest; 0: constant, and
								 * left out of account */
	double	   *offset;			/* scaled is (value - offset) / factor */
	double	   *factor;
	double	   *inverse;		/* 1 / range, or 0 */
	double	   *weight;			/* at most 1 */
	double		unit;
} KmeansSpace;

typedef struct KmeansModel
{
	KmeansSpace space;
	int			k;				/* clusters that there are */
	int			vip;			/* number of the cluster, from 1; 0: not asked */
	bool		converged;
	int			iterations;		/* how often the centers were moved */
	int64		n;
	double		inertia;		/* scaled */
	int64	   *size;			/* by cluster */
	double	   *center;			/* k times nterms shares */
	double	   *place;			/* the same as coordinates */
} KmeansModel;

extern void kmeans_write(StringInfo buf, const KmeansModel *model);
extern KmeansModel *kmeans_read(StringInfo buf, int nterms);
extern void kmeans_coordinates(const KmeansModel *model, const double *terms, double *place);
extern int	kmeans_nearest(const KmeansModel *model, const double *place, double *distance);
extern double kmeans_center(const KmeansModel *model, int cluster, int term);
extern double kmeans_center_scaled(const KmeansModel *model, int cluster, int term);
extern void kmeans_space_create(KmeansSpace *space, int nterms, KmeansScale scale);
extern double kmeans_scaled(const KmeansSpace *space, int term, double share);
extern void kmeans_place(const KmeansSpace *space, const double *share, double *place);

#endif							/* SHOPANALYTICS_KMEANS_MODEL_H */
