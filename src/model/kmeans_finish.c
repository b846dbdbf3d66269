/*-------------------------------------------------------------------------
 *
 * kmeans_finish.c
 *	  From the best start of a k-means to a model: the last assignment, and the
 *	  numbers of the clusters.
 *
 * Whatever happened before, sizes and inertia are those of one more assignment to
 * the centers that the model has, by the rules by which it will assign other rows.
 * Numbers are given by what the clusters are, not by which start found them, so
 * that they do not change places from one training to the next.
 *
 * IDENTIFICATION
 *	  src/model/kmeans_finish.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "behaviour/exact_sum.h"
#include "model/kmeans_finish.h"
#include "model/kmeans_start.h"

/* A cluster as far as its number depends on it. */
typedef struct RankedCluster
{
	int			cluster;
	double		score;			/* sum of scaled means that are to be high */
	int64		size;
	const double *place;
	int			nterms;
} RankedCluster;

static KmeansModel *
create_model(const KmeansFit *fit)
{
	const KmeansSpace *space = &fit->space;
	Size		width = space->nterms * sizeof(double);
	Size		ncenters = (Size) fit->options->k * space->nterms;
	KmeansModel *model = palloc0(sizeof(KmeansModel));

	kmeans_space_create(&model->space, space->nterms, space->scale);
	model->space.unit = space->unit;
	memcpy(model->space.low, space->low, width);
	memcpy(model->space.range, space->range, width);
	memcpy(model->space.offset, space->offset, width);
	memcpy(model->space.factor, space->factor, width);
	memcpy(model->space.inverse, space->inverse, width);
	memcpy(model->space.weight, space->weight, width);
	model->iterations = fit->starts[0].iterations;
	model->n = fit->rows->nrows;
	model->size = palloc0(fit->options->k * sizeof(int64));
	model->center = palloc(ncenters * sizeof(double));
	model->place = palloc(ncenters * sizeof(double));

	return model;
}

/*
 * Sets sizes and inertia; empty[j] tells of clusters whose rows have no mass, of
 * which it returns the number.
 */
static int
assign_and_count(KmeansFit *fit, KmeansModel *model, bool *empty)
{
	const KmeansStart *start = &fit->starts[0];
	const KmeansBlock *block;
	ExactSum	inertia = {0};
	int			nempty = 0;
	int			j;
	int			r;

	exact_sum_init(&inertia, EXACT_BINARY);
	memset(model->size, 0, start->k * sizeof(int64));
	memset(empty, true, start->k * sizeof(bool));

	kmeans_pass_begin(fit);
	while ((block = kmeans_pass_next(fit)) != NULL)
	{
		kmeans_assign(fit, start->place, start->k);
		for (r = 0; r < block->nrows; r++)
		{
			int			cluster = (int) fit->label[r];

			model->size[cluster]++;
			empty[cluster] &= block->mass[r] == 0;
			exact_sum_add_float8(&inertia, block->mass[r] * fit->distance[r], 1);
		}
	}
	model->inertia = exact_sum_float8(&inertia, 1) * fit->max_weight *
		fit->space.unit * fit->space.unit;
	for (j = 0; j < start->k; j++)
		nempty += empty[j];

	return nempty;
}

/* Clusters without rows get some, as often as may help, and then go. */
static void
assign_last(KmeansFit *fit, KmeansModel *model)
{
	KmeansStart *start = &fit->starts[0];
	bool	   *empty = palloc(start->k * sizeof(bool));
	int			tries = start->k;
	int			nterms = fit->space.nterms;
	int			kept = 0;
	int			j;

	while (assign_and_count(fit, model, empty) > 0 && tries-- > 0)
		kmeans_relocate(fit, start, empty);

	for (j = 0; j < start->k; j++)
	{
		if (model->size[j] == 0)
			continue;
		model->size[kept] = model->size[j];
		memmove(start->center + (Size) kept * nterms, start->center + (Size) j * nterms,
				nterms * sizeof(double));
		memmove(start->place + (Size) kept * nterms, start->place + (Size) j * nterms,
				nterms * sizeof(double));
		kept++;
	}
	start->k = kept;
	pfree(empty);
}

/* By score, the highest first, of equal ones the smaller; without scores by size. */
static int
compare_clusters(const void *a, const void *b)
{
	const RankedCluster *left = a;
	const RankedCluster *right = b;
	int			c;

	if (left->score != right->score)
		return left->score > right->score ? -1 : 1;
	if (left->size != right->size)
		return left->size < right->size ? -1 : 1;
	for (c = 0; c < left->nterms; c++)
	{
		if (left->place[c] != right->place[c])
			return left->place[c] < right->place[c] ? -1 : 1;
	}

	return left->cluster - right->cluster;
}

/* The order in which the clusters of the start are to be numbered. */
static RankedCluster *
rank_clusters(const KmeansFit *fit, const KmeansModel *model)
{
	const KmeansSpace *space = &fit->space;
	const KmeansStart *start = &fit->starts[0];
	RankedCluster *ranked = palloc(start->k * sizeof(RankedCluster));
	int			j;
	int			c;

	for (j = 0; j < start->k; j++)
	{
		RankedCluster *cluster = &ranked[j];

		cluster->cluster = j;
		cluster->size = model->size[j];
		cluster->place = start->place + (Size) j * space->nterms;
		cluster->nterms = space->nterms;
		cluster->score = fit->options->vip == NULL ? (double) cluster->size : 0;
		for (c = 0; c < space->nterms; c++)
		{
			if (fit->options->vip != NULL && fit->options->vip[c])
				cluster->score += kmeans_scaled(space, c, start->center[j * space->nterms + c]);
		}
	}
	qsort(ranked, start->k, sizeof(RankedCluster), compare_clusters);

	return ranked;
}

/* Gives the clusters of the start other numbers; false if they have them already. */
static bool
renumber(KmeansFit *fit, const RankedCluster *ranked)
{
	KmeansStart *start = &fit->starts[0];
	int			nterms = fit->space.nterms;
	Size		size = (Size) start->k * nterms * sizeof(double);
	double	   *center = palloc(size);
	double	   *place = palloc(size);
	bool		changed = false;
	int			j;

	memcpy(center, start->center, size);
	memcpy(place, start->place, size);
	for (j = 0; j < start->k; j++)
	{
		Size		from = (Size) ranked[j].cluster * nterms;

		changed |= ranked[j].cluster != j;
		memcpy(start->center + (Size) j * nterms, center + from, nterms * sizeof(double));
		memcpy(start->place + (Size) j * nterms, place + from, nterms * sizeof(double));
	}
	pfree(center);
	pfree(place);

	return changed;
}

/* In the current memory context. */
KmeansModel *
kmeans_finish(KmeansFit *fit)
{
	KmeansStart *start = &fit->starts[0];
	KmeansModel *model = create_model(fit);
	RankedCluster *ranked;
	Size		ncenters;

	assign_last(fit, model);

	/* Given centers keep their numbers.  A tie may go to another number now. */
	if (fit->options->init != KMEANS_CENTERS)
	{
		ranked = rank_clusters(fit, model);
		if (renumber(fit, ranked))
			assign_last(fit, model);
		pfree(ranked);
	}
	if (fit->options->vip != NULL)
	{
		ranked = rank_clusters(fit, model);
		model->vip = ranked[0].cluster + 1;
		pfree(ranked);
	}

	model->k = start->k;
	ncenters = (Size) model->k * fit->space.nterms;
	memcpy(model->center, start->center, ncenters * sizeof(double));
	memcpy(model->place, start->place, ncenters * sizeof(double));

	return model;
}
