/*-------------------------------------------------------------------------
 *
 * kmeans_start.c
 *	  The first centers of a k-means, and those of clusters that lost their rows.
 *
 * k-means++ takes a row as the next center with a probability in proportion to its
 * squared distance from the nearest center so far.  A draw for each row, -ln(u) /
 * weight, whose least wins, does that without cumulative sums, and so in any order
 * of rows: u is a hash of the row's id.  Rows with equal ids, such as equal rows
 * without a key, are one in the draw.
 *
 * IDENTIFICATION
 *	  src/model/kmeans_start.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "model/draw.h"
#include "model/kmeans_start.h"
#include "model/vector.h"

/* The row with the least key; of equal keys the least id, then the least shares. */
typedef struct RowChoice
{
	bool		found;
	double		key;
	uint64		id;
	double	   *share;
} RowChoice;

static bool
choice_is_better(const RowChoice *choice, const KmeansBlock *block, int r, double key, int nterms)
{
	int			c;

	if (!choice->found)
		return true;
	if (key != choice->key)
		return key < choice->key;
	if (block->id[r] != choice->id)
		return block->id[r] < choice->id;
	for (c = 0; c < nterms; c++)
	{
		double		share = block->share[(Size) c * BLOCK_ROWS + r];

		if (share != choice->share[c])
			return share < choice->share[c];
	}

	return false;
}

static void
choice_offer(RowChoice *choice, const KmeansBlock *block, int r, double key, int nterms)
{
	int			c;

	if (!choice_is_better(choice, block, r, key, nterms))
		return;
	choice->found = true;
	choice->key = key;
	choice->id = block->id[r];
	for (c = 0; c < nterms; c++)
		choice->share[c] = block->share[(Size) c * BLOCK_ROWS + r];
}

static void
choice_clear(RowChoice *choice, int nterms)
{
	choice->found = false;
	if (choice->share == NULL)
		choice->share = palloc(nterms * sizeof(double));
}

static void
set_center(KmeansFit *fit, KmeansStart *start, int cluster, const double *share)
{
	int			nterms = fit->space.nterms;
	Size		at = (Size) cluster * nterms;

	memcpy(start->center + at, share, nterms * sizeof(double));
	kmeans_place(&fit->space, start->center + at, start->place + at);
}

/* By how much each row of the block is to be taken as the next center. */
static const double *
row_weights(KmeansFit *fit, const KmeansStart *start)
{
	const double *mass = fit->block.mass;
	double	   *weight = fit->other;
	bool		any = fit->options->init == KMEANS_RANDOM;
	int			r;

	if (start->k == 0)
		return mass;
	kmeans_assign(fit, start->place, start->k);
	for (r = 0; r < BLOCK_ROWS; r++)
		weight[r] = mass[r] * (any ? fit->distance[r] > 0 : fit->distance[r]);

	return weight;
}

/*
 * -ln(u) is at least 1 - u, so few rows need a logarithm: are there any in the block
 * whose key may be up to "limit"?
 */
VECTORIZED static bool
some_may_win(const uint64 *id, uint64 seed, uint64 purpose, const double *weight, double limit)
{
	int64		found = 0;
	int			r;

	for (r = 0; r < BLOCK_ROWS; r++)
		found += 1 - draw_uniform(id[r], seed, purpose) <= limit * weight[r];

	return found > 0;
}

/* Offers each row of the block as the next center of the start. */
static void
draw_block(KmeansFit *fit, KmeansStart *start, RowChoice *choice)
{
	const KmeansBlock *block = &fit->block;
	const double *weight = row_weights(fit, start);
	uint64		seed = fit->options->seed;
	uint64		purpose = DRAW_CENTER + ((uint64) start->number << 16) + start->k;
	int			r;

	if (choice->found && block->nrows == BLOCK_ROWS &&
		!some_may_win(block->id, seed, purpose, weight, choice->key * (1 + 1e-9)))
		return;
	for (r = 0; r < block->nrows; r++)
	{
		if (weight[r] > 0)
			choice_offer(choice, block, r, -log(draw_uniform(block->id[r], seed, purpose)) / weight[r],
						 fit->space.nterms);
	}
}

/* One more center for each start; false if no row is apart from those there are. */
static bool
draw_centers(KmeansFit *fit, RowChoice *choices)
{
	bool		found = false;
	int			s;

	for (s = 0; s < fit->nstarts; s++)
		choice_clear(&choices[s], fit->space.nterms);

	kmeans_pass_begin(fit);
	while (kmeans_pass_next(fit) != NULL)
	{
		for (s = 0; s < fit->nstarts; s++)
		{
			CHECK_FOR_INTERRUPTS();
			draw_block(fit, &fit->starts[s], &choices[s]);
		}
	}

	for (s = 0; s < fit->nstarts; s++)
	{
		if (!choices[s].found)
			continue;
		set_center(fit, &fit->starts[s], fit->starts[s].k++, choices[s].share);
		found = true;
	}

	return found;
}

static void
take_given_centers(KmeansFit *fit)
{
	const KmeansSpace *space = &fit->space;
	KmeansStart *start = &fit->starts[0];
	double	   *share = palloc(space->nterms * sizeof(double));
	int			j;
	int			c;

	for (j = 0; j < fit->options->k; j++)
	{
		for (c = 0; c < space->nterms; c++)
		{
			double		value = fit->options->centers[j * space->nterms + c];

			share[c] = (value - space->low[c]) * space->inverse[c];
			if (!(fabs(share[c]) < KMEANS_MAX_SHARE))
				ereport(ERROR,
						errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("center %d of init_centers is too far from the rows", j + 1));
		}
		set_center(fit, start, j, share);
	}
	start->k = fit->options->k;
}

/* Sets the centers of all starts; there are fewer than k if fewer rows differ. */
void
kmeans_first_centers(KmeansFit *fit)
{
	RowChoice  *choices;
	int			j;

	if (fit->options->init == KMEANS_CENTERS)
	{
		take_given_centers(fit);
		return;
	}
	choices = palloc0(fit->nstarts * sizeof(RowChoice));
	for (j = 0; j < fit->options->k; j++)
	{
		if (!draw_centers(fit, choices))
			break;
	}
}

/* Offers the row of the block that is farthest from the nearest of the centers. */
static void
farthest_of_block(KmeansFit *fit, const double *places, int nplaces, RowChoice *choice)
{
	int			r;

	kmeans_assign(fit, places, nplaces);
	for (r = 0; r < fit->block.nrows; r++)
	{
		if (fit->distance[r] > 0 && fit->block.mass[r] > 0 &&
			(!choice->found || -fit->distance[r] <= choice->key))
			choice_offer(choice, &fit->block, r, -fit->distance[r], fit->space.nterms);
	}
}

/*
 * Each empty cluster gets the row that is farthest from all centers; there is
 * at least one cluster with rows.  A cluster for which there is no such row goes.
 */
void
kmeans_relocate(KmeansFit *fit, KmeansStart *start, bool *empty)
{
	int			nterms = fit->space.nterms;
	Size		width = nterms * sizeof(double);
	double	   *places = palloc((Size) start->k * width);
	int			nplaces = 0;
	RowChoice	choice = {0};
	int			kept = 0;
	int			j;

	for (j = 0; j < start->k; j++)
	{
		if (!empty[j])
			memcpy(places + (Size) nplaces++ * nterms, start->place + (Size) j * nterms, width);
	}
	for (j = 0; j < start->k; j++)
	{
		if (!empty[j])
			continue;
		choice_clear(&choice, nterms);
		kmeans_pass_begin(fit);
		while (kmeans_pass_next(fit) != NULL)
			farthest_of_block(fit, places, nplaces, &choice);
		if (!choice.found)
			break;
		set_center(fit, start, j, choice.share);
		empty[j] = false;
		memcpy(places + (Size) nplaces++ * nterms, start->place + (Size) j * nterms, width);
	}

	for (j = 0; j < start->k; j++)
	{
		if (empty[j])
			continue;
		if (kept < j)
			set_center(fit, start, kept, start->center + (Size) j * nterms);
		kept++;
	}
	start->k = kept;
	pfree(places);
	if (choice.share != NULL)
		pfree(choice.share);
}
