/*-------------------------------------------------------------------------
 *
 * kmeans.c
 *	  Clusters of rows by k-means: Lloyd's algorithm from several starts.
 *
 * All starts go through the rows together (kmeans_pass.c) until each has settled:
 * until its centers move by less than the tolerance.  The best, that with the
 * largest sum of squares between its clusters, which the sums of its last
 * assignment give without another pass, then goes on until no row changes its
 * cluster.  So the answer is a fixed point, not one that depends on the tolerance.
 *
 * Nothing depends on the order of rows: draws are of a row's id, sums are exact,
 * ties have a rule.
 *
 * IDENTIFICATION
 *	  src/model/kmeans.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "behaviour/exact_sum.h"
#include "model/kmeans_finish.h"
#include "model/kmeans_start.h"
#include "utils/memutils.h"

/* Squares of numbers without a scale are to be finite. */
#define MAX_RANGE	1e150

static void
find_ranges(KmeansFit *fit)
{
	KmeansSpace *space = &fit->space;
	int			nterms = space->nterms;
	double	   *high = palloc(nterms * sizeof(double));
	ColumnsScan scan;
	Block	   *block;
	int			c;
	int			r;

	for (c = 0; c < nterms; c++)
	{
		space->low[c] = DBL_MAX;
		high[c] = -DBL_MAX;
	}
	columns_rewind(&scan, fit->rows);
	while ((block = columns_next(&scan)) != NULL)
	{
		for (c = 0; c < nterms; c++)
		{
			const double *x = block->x + (Size) c * BLOCK_ROWS;
			double		least = space->low[c];
			double		greatest = high[c];

			for (r = 0; r < block->nrows; r++)
			{
				least = x[r] < least ? x[r] : least;
				greatest = x[r] > greatest ? x[r] : greatest;
			}
			space->low[c] = least;
			high[c] = greatest;
		}
		for (r = 0; block->weight != NULL && r < block->nrows; r++)
			fit->max_weight = Max(fit->max_weight, block->weight[r]);
	}
	if (!fit->rows->has_weight)
		fit->max_weight = 1;
	if (fit->max_weight <= 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("no row has a weight above 0"));

	for (c = 0; c < nterms; c++)
	{
		space->range[c] = high[c] - space->low[c];
		if (!(space->range[c] < (space->scale == KMEANS_NONE ? MAX_RANGE : DBL_MAX)))
			ereport(ERROR,
					errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					errmsg("values from %g to %g are too far apart", space->low[c], high[c]));

		/* its inverse would be infinite */
		if (space->range[c] < DBL_MIN)
			space->range[c] = 0;
		space->inverse[c] = space->range[c] > 0 ? 1 / space->range[c] : 0;
		space->weight[c] = 0;
	}
	pfree(high);
}

/* Sums of all rows, and from them the variances of shares. */
static void
find_variances(KmeansFit *fit, double *mean, double *variance)
{
	int			nterms = fit->space.nterms;
	ExactSum   *squares = palloc0(nterms * sizeof(ExactSum));
	const KmeansBlock *block;
	double		mass;
	int			c;
	int			r;

	kmeans_pass_begin(fit);
	while ((block = kmeans_pass_next(fit)) != NULL)
	{
		for (c = 0; c <= nterms; c++)
		{
			const double *x = c < nterms ? block->moment + (Size) c * BLOCK_ROWS : block->mass;
			double		sum = 0;

			for (r = 0; r < block->nrows; r++)
				sum += x[r];
			kmeans_sum_add(&fit->total[c], sum);
		}
	}

	mass = kmeans_sum_value(&fit->total[nterms]);
	for (c = 0; c < nterms; c++)
	{
		mean[c] = kmeans_sum_value(&fit->total[c]) / mass;
		exact_sum_init(&squares[c], EXACT_BINARY);
	}
	kmeans_pass_begin(fit);
	while ((block = kmeans_pass_next(fit)) != NULL)
	{
		for (c = 0; c < nterms; c++)
		{
			const double *x = block->share + (Size) c * BLOCK_ROWS;

			for (r = 0; r < block->nrows; r++)
				exact_sum_add_float8(&squares[c], block->mass[r] * (x[r] - mean[c]) * (x[r] - mean[c]), 1);
		}
	}
	for (c = 0; c < nterms; c++)
		variance[c] = exact_sum_float8(&squares[c], 1) / mass;
}

static void
set_scale(KmeansSpace *space, const double *mean, const double *variance)
{
	double		widest = 0;
	int			c;

	for (c = 0; c < space->nterms; c++)
		widest = Max(widest, space->range[c]);

	space->unit = 0;
	for (c = 0; c < space->nterms; c++)
	{
		switch (space->scale)
		{
			case KMEANS_MINMAX:
				space->offset[c] = space->low[c];
				space->factor[c] = space->range[c];
				break;
			case KMEANS_STANDARD:
				space->offset[c] = space->low[c] + mean[c] * space->range[c];
				space->factor[c] = sqrt(variance[c]) * space->range[c];
				break;
			case KMEANS_NONE:
				space->offset[c] = 0;
				space->factor[c] = 1;

				/* what is constant here need not be in a row that comes later */
				if (space->range[c] == 0)
				{
					space->range[c] = widest > 0 ? widest : 1;
					space->inverse[c] = 1 / space->range[c];
				}
				break;
		}
		if (space->range[c] == 0 || space->factor[c] == 0)
		{
			space->range[c] = space->inverse[c] = 0;
			space->offset[c] = space->low[c];
			space->factor[c] = 1;
		}
		space->weight[c] = space->range[c] / space->factor[c];
		space->unit = Max(space->unit, space->weight[c]);
	}
	if (space->unit == 0)
		space->unit = 1;
	for (c = 0; c < space->nterms; c++)
		space->weight[c] /= space->unit;
}

static void
find_space(KmeansFit *fit)
{
	int			nterms = fit->space.nterms;
	double	   *mean = palloc(nterms * sizeof(double));
	double	   *variance = palloc(nterms * sizeof(double));
	int			c;

	find_ranges(fit);
	find_variances(fit, mean, variance);
	set_scale(&fit->space, mean, variance);
	fit->variance = 0;
	for (c = 0; c < nterms; c++)
		fit->variance += fit->space.weight[c] * fit->space.weight[c] * variance[c] / nterms;
}

static void
create_starts(KmeansFit *fit)
{
	Size		ncenters = (Size) fit->options->k * fit->space.nterms;
	Size		nsums = (Size) fit->options->k * (fit->space.nterms + 1);
	int			s;

	fit->nstarts = fit->options->init == KMEANS_CENTERS ? 1 : fit->options->nstarts;
	fit->starts = palloc0(fit->nstarts * sizeof(KmeansStart));
	for (s = 0; s < fit->nstarts; s++)
	{
		KmeansStart *start = &fit->starts[s];

		start->number = s;
		start->center = palloc(ncenters * sizeof(double));
		start->place = palloc(ncenters * sizeof(double));
		start->sum = palloc0(nsums * sizeof(KmeansSum));
		start->last_sum = palloc0(nsums * sizeof(KmeansSum));
	}
}

/* The square of how far the center moves to the mean of its cluster's rows. */
static double
move_center(KmeansFit *fit, KmeansStart *start, int cluster)
{
	int			nterms = fit->space.nterms;
	const KmeansSum *sum = start->sum + (Size) cluster * (nterms + 1);
	double	   *center = start->center + (Size) cluster * nterms;
	double	   *place = start->place + (Size) cluster * nterms;
	double		mass = kmeans_sum_value(&sum[nterms]);
	double		all = kmeans_sum_value(&fit->total[nterms]);
	double		moved = 0;
	int			c;

	for (c = 0; c < nterms; c++)
	{
		double		weight = fit->space.weight[c];
		double		mean = kmeans_sum_value(&sum[c]) / mass;
		double		from_middle = (mean - kmeans_sum_value(&fit->total[c]) / all) * weight;
		double		shift = mean * weight - place[c];

		center[c] = mean;
		place[c] = mean * weight;
		moved += shift * shift;
		start->between += mass * from_middle * from_middle;
	}

	return moved;
}

/* After an assignment: whether the start has settled is told by start->settled. */
static void
move_centers(KmeansFit *fit, KmeansStart *start, double tolerance)
{
	int			nterms = fit->space.nterms;
	bool	   *empty;
	int			nempty = 0;
	double		moved = 0;
	int			j;

	if (memcmp(start->sum, start->last_sum, (Size) start->k * (nterms + 1) * sizeof(KmeansSum)) == 0)
	{
		start->settled = true;
		return;
	}

	empty = palloc0(start->k * sizeof(bool));
	start->iterations++;
	start->between = 0;
	for (j = 0; j < start->k; j++)
	{
		empty[j] = kmeans_sum_is_zero(&start->sum[(Size) j * (nterms + 1) + nterms]);
		if (empty[j])
			nempty++;
		else
			moved += move_center(fit, start, j);
	}
	if (nempty > 0)
		kmeans_relocate(fit, start, empty);
	else
		start->settled = moved < tolerance * fit->variance;
	pfree(empty);
}

/*
 * Moves the centers of all starts until they have settled, but not more than so
 * often; true if they have.
 */
static bool
iterate(KmeansFit *fit, double tolerance, int max_iterations)
{
	bool		settled = false;
	int			i;
	int			s;

	for (i = 0; i < max_iterations && !settled; i++)
	{
		kmeans_assign_all(fit);
		settled = true;
		for (s = 0; s < fit->nstarts; s++)
		{
			if (!fit->starts[s].settled)
				move_centers(fit, &fit->starts[s], tolerance);
			settled &= fit->starts[s].settled;
		}
	}

	return settled;
}

/* The best start comes first, and is the only one from here on. */
static void
keep_best(KmeansFit *fit)
{
	int			best = 0;
	int			s;

	for (s = 1; s < fit->nstarts; s++)
	{
		if (fit->starts[s].between > fit->starts[best].between)
			best = s;
	}
	fit->starts[0] = fit->starts[best];
	fit->starts[0].settled = false;
	fit->nstarts = 1;
}

KmeansModel *
kmeans_fit(Columns *rows, const KmeansOptions *options)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "shopanalytics k-means",
												  ALLOCSET_DEFAULT_SIZES);
	KmeansFit	fit = {0};
	KmeansModel *model;
	bool		converged;

	MemoryContextSwitchTo(context);
	fit.options = options;
	fit.rows = rows;
	kmeans_space_create(&fit.space, rows->ncolumns, options->scale);
	fit.total = palloc0((rows->ncolumns + 1) * sizeof(KmeansSum));
	kmeans_pass_init(&fit);
	find_space(&fit);
	create_starts(&fit);
	kmeans_first_centers(&fit);

	if (fit.nstarts > 1)
	{
		iterate(&fit, options->tolerance, options->max_iterations);
		keep_best(&fit);
	}
	converged = iterate(&fit, 0, options->max_iterations - fit.starts[0].iterations);

	MemoryContextSwitchTo(caller);
	model = kmeans_finish(&fit);
	model->converged = converged;
	MemoryContextDelete(context);

	return model;
}
