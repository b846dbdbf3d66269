/*-------------------------------------------------------------------------
 *
 * forest_importance.c
 *	  How much worse a forest gets without the knowledge of a term.
 *
 * For each row, the term's value is replaced by one drawn from the values that the
 * rows have, and the loss is what the area under the ROC curve falls by.  It is
 * measured on rows that trees did not see: a tree is asked about those that were
 * not drawn for it.  Drawn by row, so that it does not hang on the rows' order.
 *
 * Only terms on a row's way to its leaf can change the leaf, and only from the
 * first node on that asks for the term.
 *
 * IDENTIFICATION
 *	  src/model/forest_importance.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "model/evaluation.h"
#include "model/forest.h"

/* Terms times rows, of which there are enough for three digits. */
#define MEASURE_CELLS		1000000
#define MEASURE_MIN_ROWS	1000
#define MEASURE_MAX_ROWS	10000
#define MEASURE_THRESHOLD	0.5

typedef struct Measure
{
	const TreeRows *rows;
	int			nterms;
	uint32	   *row;			/* that are looked at */
	int			nrows;
	double	   *sum;			/* by row: of what trees say */
	int		   *ntrees;			/* by row: how many were asked */
	double	   *change;			/* by term and row: of the sum without the
								 * term */
	uint8	   *replacement;	/* by term and row: a bin */
} Measure;

static bool
row_is_measured(const TreeRows *rows, uint64 id, uint32 row, uint64 seed, double share)
{
	if (rows->weight != NULL && rows->weight[row] == 0)
		return false;

	return share >= 1 || draw_uniform(id, seed, FOREST_DRAW_SAMPLE) < share;
}

static void
choose_rows(Measure *measure, const uint64 *id, uint64 seed)
{
	uint32		nrows = measure->rows->nrows;
	int			wanted = Min(Max(MEASURE_CELLS / measure->nterms, MEASURE_MIN_ROWS), MEASURE_MAX_ROWS);
	double		share = (double) wanted / nrows;
	int			room = 1024;
	uint32		r;

	measure->nrows = 0;
	measure->row = palloc(room * sizeof(uint32));
	for (r = 0; r < nrows; r++)
	{
		if (!row_is_measured(measure->rows, id[r], r, seed, share))
			continue;
		if (measure->nrows == room)
		{
			room *= 2;
			measure->row = repalloc_huge(measure->row, room * sizeof(uint32));
		}
		measure->row[measure->nrows++] = r;
	}
}

/* Draws for each row a bin among those that the rows have. */
static void
draw_replacements(const Measure *measure, int term, const uint64 *id, uint64 seed)
{
	const uint8 *cell = measure->rows->cells[term];
	uint8	   *replacement = measure->replacement + (Size) term * measure->nrows;
	uint8	   *sorted = palloc(measure->nrows);
	int			counts[BINS_COUNT] = {0};
	int			at = 0;
	int			bin;
	int			i;

	for (i = 0; i < measure->nrows; i++)
		counts[cell[measure->row[i]]]++;
	for (bin = 0; bin < BINS_COUNT; bin++)
	{
		memset(sorted + at, bin, counts[bin]);
		at += counts[bin];
	}
	for (i = 0; i < measure->nrows; i++)
	{
		double		drawn = draw_uniform(id[measure->row[i]], seed, FOREST_DRAW_VALUE + term);

		replacement[i] = sorted[(int) (drawn * measure->nrows)];
	}
	pfree(sorted);
}

/* The share of the leaf if the term has another value, from a node that asks for it. */
static double
share_without(const Measure *measure, const TreeNode *nodes, const TreeNode *node, int i)
{
	int			term = node->term;
	uint8		other = measure->replacement[(Size) term * measure->nrows + i];
	uint32		row = measure->row[i];

	while (node->question != TREE_LEAF)
		node = tree_cell_child(nodes, node, node->term == term ? other : measure->rows->cells[node->term][row]);

	return node->share;
}

static void
measure_row(const Measure *measure, const TreeNode *nodes, int i)
{
	uint32		row = measure->row[i];
	double		share = tree_cells_leaf(nodes, measure->rows->cells, row)->share;
	const TreeNode *node = nodes;
	const TreeNode *path[TREE_MAX_DEPTH];
	int			npath = 0;
	int			p;

	while (node->question != TREE_LEAF)
	{
		for (p = 0; p < npath && path[p]->term != node->term; p++)
			;
		if (p == npath)
		{
			path[npath++] = node;
			measure->change[(Size) node->term * measure->nrows + i] += share_without(measure, nodes, node, i) - share;
		}
		node = tree_cell_child(nodes, node, measure->rows->cells[node->term][row]);
	}
	measure->sum[i] += share;
	measure->ntrees[i]++;
}

/* The area under the ROC curve, by what is added to the sums, NULL for nothing. */
static double
measured_auc(const Measure *measure, const uint8 *label, const double *change)
{
	bool	   *labels = palloc(measure->nrows * sizeof(bool));
	double	   *scores = palloc(measure->nrows * sizeof(double));
	Evaluation	evaluation;
	int64		n = 0;
	int			i;

	for (i = 0; i < measure->nrows; i++)
	{
		if (measure->ntrees[i] == 0)
			continue;
		labels[n] = label[measure->row[i]];
		scores[n++] = (measure->sum[i] + (change == NULL ? 0 : change[i])) / measure->ntrees[i];
	}
	evaluation.roc_auc = NAN;
	if (n > 0)
		evaluate(labels, scores, n, MEASURE_THRESHOLD, &evaluation);
	pfree(labels);
	pfree(scores);

	return evaluation.roc_auc;
}

/* "draw" tells which rows a tree was trained on; NULL: none of these. */
void
forest_measure_terms(ForestModel *model, const TreeRows *rows, const uint8 *label,
					 const uint64 *id, const ForestDraw *draw, uint64 seed)
{
	Measure		measure = {.rows = rows,.nterms = model->nterms};
	double		auc;
	Size		ncells;
	int			t;
	int			i;

	if (model->nterms == 0)
		return;
	choose_rows(&measure, id, seed);
	if (measure.nrows == 0)
		return;
	ncells = (Size) model->nterms * measure.nrows;
	measure.sum = palloc0(measure.nrows * sizeof(double));
	measure.ntrees = palloc0(measure.nrows * sizeof(int));
	measure.change = MemoryContextAllocExtended(CurrentMemoryContext, ncells * sizeof(double),
												MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	measure.replacement = MemoryContextAllocHuge(CurrentMemoryContext, ncells);
	for (t = 0; t < model->nterms; t++)
		draw_replacements(&measure, t, id, seed);

	for (t = 0; t < model->ntrees; t++)
	{
		CHECK_FOR_INTERRUPTS();
		for (i = 0; i < measure.nrows; i++)
		{
			if (draw == NULL || forest_draw_row(draw, id[measure.row[i]], t) == 0)
				measure_row(&measure, model->trees[t].nodes, i);
		}
	}

	auc = measured_auc(&measure, label, NULL);
	for (t = 0; t < model->nterms; t++)
	{
		CHECK_FOR_INTERRUPTS();
		model->permutation[t] = auc - measured_auc(&measure, label, measure.change + (Size) t * measure.nrows);
	}
}
