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
	if (block->rows->id[r] != choice->id)
		return block->rows->id[r] < choice->id;
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
	choice->id = block->rows->id[r];
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

static double
row_weight(const KmeansFit *fit, const KmeansStart *start, int r)
{
	double		mass = fit->block.mass[r];

	if (start->k == 0)
		return mass;
	if (fit->options->init == KMEANS_RANDOM)
		return fit->distance[r] > 0 ? mass : 0;

	return mass * fit->distance[r];
}

/* Offers each row of the block as the next center of the start. */
static void
draw_block(KmeansFit *fit, KmeansStart *start, RowChoice *choice)
{
	const KmeansBlock *block = &fit->block;
	uint64		seed = fit->options->seed;
	uint64		purpose = DRAW_CENTER + ((uint64) start->number << 16) + start->k;
	int			r;

	if (start->k > 0)
		kmeans_assign(fit, start->place, start->k);
	for (r = 0; r < block->nrows; r++)
	{
		double		weight = row_weight(fit, start, r);
		double		u;

		if (weight <= 0)
			continue;
		u = draw_uniform(block->rows->id[r], seed, purpose);

		/* -ln(u) is at least 1 - u, so few logarithms are needed */
		if (choice->found && 1 - u > choice->key * weight * (1 + 1e-9))
			continue;
		choice_offer(choice, block, r, -log(u) / weight, fit->space.nterms);
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
