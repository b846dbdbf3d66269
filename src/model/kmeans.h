/*-------------------------------------------------------------------------
 *
 * kmeans.h
 *	  Clusters of rows by k-means; see kmeans.c.
 *
 * IDENTIFICATION
 *	  src/model/kmeans.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_KMEANS_H
#define SHOPANALYTICS_KMEANS_H

#include "model/columns.h"
#include "model/kmeans_model.h"

#define KMEANS_MAX_STARTS	1000

typedef enum KmeansInit
{
	KMEANS_PLUSPLUS,			/* far from each other */
	KMEANS_RANDOM,				/* rows that differ */
	KMEANS_CENTERS				/* those of the options */
} KmeansInit;

typedef struct KmeansOptions
{
	int			k;
	KmeansScale scale;
	KmeansInit	init;
	const double *centers;		/* k times nterms, in the units of the rows */
	int			nstarts;
	int			max_iterations;
	double		tolerance;
	uint64		seed;
	const bool *vip;			/* by term: the higher, the better; or NULL */
} KmeansOptions;

/* The rows become something else. */
extern KmeansModel *kmeans_fit(Columns *rows, const KmeansOptions *options);

#endif							/* SHOPANALYTICS_KMEANS_H */
