/*-------------------------------------------------------------------------
 *
 * forest.c
 *	  Trains forests of decision trees and predicts by them.
 *
 * The probability is the mean of what the trees say, and a tree says the share
 * of positive ones among the rows that came to its leaf.  A single tree is a
 * forest of one, of all rows and all terms.
 *
 * Everything that decides about a tree is an integer or is drawn from a row's id,
 * so a training gives the same bytes for any order of rows.  The sums over trees
 * are taken in the order of trees.
 *
 * IDENTIFICATION
 *	  src/model/forest.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>
#include <math.h>

#include "miscadmin.h"
#include "model/evaluation.h"
#include "model/forest.h"
#include "utils/memutils.h"

#define FOREST_MAX_ROWS		2000000000
#define FOREST_THRESHOLD	0.5
#define ROWS_AT_ONCE		4096	/* between looks for a cancel */

typedef struct ForestTraining
{
	TreeRows	rows;
	uint8	   *label;
	uint64	   *id;
	ForestDraw	draw;
	uint8	   *codes;			/* of the tree that grows */
	double	   *oob_sum;		/* by row: what trees say that did not see it */
	int32	   *oob_trees;		/* how many they are */
} ForestTraining;

static void
check_range(const char *name, int64 value, int64 min, int64 max)
{
	if (value < min || value > max)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be between %lld and %lld, got %lld",
					   name, (long long) min, (long long) max, (long long) value));
}

static void
check_sample_fraction(double value)
{
	if (!(value > 0 && value <= 1))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("sample_fraction must be above 0 and at most 1, got %g", value));
}

static void
check_max_features(int value, int nterms)
{
	if (value < 1 || value > nterms)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("max_features must be between 1 and the number of terms, %d, got %d", nterms, value),
				errhint("A category is as many terms as it has values."));
}

/* nterms 0: not known yet */
void
forest_check_options(const ForestOptions *options, int nterms)
{
	check_range("n_trees", options->ntrees, 1, FOREST_MAX_TREES);
	check_range("max_depth", options->max_depth, 0, TREE_MAX_DEPTH);
	check_range("min_leaf", options->min_leaf, 1, INT_MAX);
	check_range("max_bins", options->max_bins, 2, BINS_MAX);
	check_sample_fraction(options->sample_fraction);
	if (nterms > 0 && options->features == FEATURES_GIVEN)
		check_max_features(options->max_features, nterms);
}

static int
features_of_node(const ForestOptions *options, int nterms)
{
	int			root = 1;

	if (options->features == FEATURES_ALL)
		return nterms;
	if (options->features == FEATURES_GIVEN)
		return options->max_features;
	while ((root + 1) * (root + 1) <= nterms)
		root++;

	return root;
}

static void
check_nrows(int64 nrows)
{
	if (nrows > FOREST_MAX_ROWS)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("too many rows to train trees on"),
				errdetail("There are %lld rows, and at most %d are supported.", (long long) nrows, FOREST_MAX_ROWS));
}

static void
check_nnodes(int64 nnodes)
{
	if (nnodes > FOREST_MAX_NODES)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("the trees have too many nodes"),
				errdetail("At most %d are supported.", FOREST_MAX_NODES),
				errhint("Train fewer trees, with less depth or a greater min_leaf."));
}

/* Labels, ids and, if there are any and they are asked for, weights of rows. */
static void
read_rows(Columns *columns, uint8 *label, uint64 *id, double *weight)
{
	ColumnsScan scan;
	Block	   *block;

	columns_rewind(&scan, columns);
	while ((block = columns_next(&scan)) != NULL)
	{
		int			r;

		for (r = 0; r < block->nrows; r++)
			*label++ = block->y[r] != 0;
		memcpy(id, block->id, block->nrows * sizeof(uint64));
		id += block->nrows;
		if (weight != NULL)
		{
			memcpy(weight, block->weight, block->nrows * sizeof(double));
			weight += block->nrows;
		}
	}
}

static void *
alloc_rows(const Columns *columns, Size size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, Max(columns->nrows, 1) * size);
}

/* Frees "train" as soon as its rows are in bins. */
static void
start_training(ForestTraining *training, Columns *train, const ForestOptions *options)
{
	Bins	   *bins = bins_create(train, options->max_bins, options->seed);
	double	   *weight = train->has_weight ? alloc_rows(train, sizeof(double)) : NULL;

	training->rows.bins = bins;
	training->rows.cells = bins_cells(bins, train);
	training->rows.nrows = train->nrows;
	training->label = alloc_rows(train, sizeof(uint8));
	training->id = alloc_rows(train, sizeof(uint64));
	training->codes = alloc_rows(train, sizeof(uint8));
	read_rows(train, training->label, training->id, weight);
	columns_free(train);
	training->rows.weight = forest_weights(weight, training->label, training->rows.nrows, options->balanced);
	if (weight != NULL)
		pfree(weight);
	forest_draw_init(&training->draw, options);
}

/* A tree that no row was drawn for is of all rows. */
static void
draw_rows(ForestTraining *training, int tree)
{
	uint32		nrows = training->rows.nrows;
	int			any = 0;
	uint32		r;

	for (r = 0; r < nrows; r++)
	{
		int			ndraws = forest_draw_row(&training->draw, training->id[r], tree);

		if (r % ROWS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		training->codes[r] = TREE_CODE(ndraws, training->label[r]);
		any |= ndraws;
	}
	if (any == 0)
	{
		for (r = 0; r < nrows; r++)
			training->codes[r] = TREE_CODE(1, training->label[r]);
	}
}

static void
ask_out_of_bag(ForestTraining *training, const ForestTree *tree)
{
	uint32		nrows = training->rows.nrows;
	uint32		r;

	for (r = 0; r < nrows; r++)
	{
		if (r % ROWS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		if (TREE_NDRAWS(training->codes[r]) == 0)
		{
			training->oob_sum[r] += tree_cells_leaf(tree->nodes, training->rows.cells, r)->share;
			training->oob_trees[r]++;
		}
	}
}

static void
evaluate_out_of_bag(ForestModel *model, const ForestTraining *training)
{
	uint32		nrows = training->rows.nrows;
	bool	   *label = MemoryContextAllocHuge(CurrentMemoryContext, Max(nrows, 1) * sizeof(bool));
	double	   *score = MemoryContextAllocHuge(CurrentMemoryContext, Max(nrows, 1) * sizeof(double));
	Evaluation	evaluation;
	int64		n = 0;
	uint32		r;

	for (r = 0; r < nrows; r++)
	{
		if (training->oob_trees[r] == 0)
			continue;
		label[n] = training->label[r];
		score[n++] = training->oob_sum[r] / training->oob_trees[r];
	}
	model->oob_rows = n;
	if (n > 0)
	{
		evaluate(label, score, n, FOREST_THRESHOLD, &evaluation);
		model->oob_auc = evaluation.roc_auc;
		model->oob_error = 1 - evaluation.accuracy;
	}
	pfree(label);
	pfree(score);
}

/* A tree's gains, of sum 1, are added to the forest's; one that is a leaf has none. */
static void
add_gain(ForestModel *model, const double *gain)
{
	double		sum = 0;
	int			t;

	for (t = 0; t < model->nterms; t++)
		sum += gain[t];
	if (sum <= 0)
		return;
	for (t = 0; t < model->nterms; t++)
		model->gain[t] += gain[t] / sum;
}

static void
finish_gain(ForestModel *model)
{
	double		sum = 0;
	int			t;

	for (t = 0; t < model->nterms; t++)
		sum += model->gain[t];
	if (sum <= 0)
		return;
	for (t = 0; t < model->nterms; t++)
		model->gain[t] /= sum;
}

static void
grow_trees(ForestModel *model, ForestTraining *training, const ForestOptions *options, MemoryContext model_context)
{
	TreeGrower *grower = tree_grower_create(&training->rows);
	TreeOptions tree_options = {
		.max_depth = options->max_depth,
		.min_leaf = options->min_leaf,
		.max_features = features_of_node(options, model->nterms),
		.seed = options->seed
	};
	int64		nnodes = 0;
	int			t;

	for (t = 0; t < model->ntrees; t++)
	{
		Tree		tree;
		Size		size;

		draw_rows(training, t);
		tree_options.tree = t;
		tree_grow(grower, &tree_options, training->codes, &tree);
		nnodes += tree.nnodes;
		check_nnodes(nnodes);

		size = tree.nnodes * sizeof(TreeNode);
		model->trees[t].nnodes = tree.nnodes;
		model->trees[t].nodes = MemoryContextAllocHuge(model_context, size);
		memcpy(model->trees[t].nodes, tree.nodes, size);
		add_gain(model, tree.gain);
		pfree(tree.nodes);
		pfree(tree.gain);

		if (training->oob_sum != NULL)
			ask_out_of_bag(training, &model->trees[t]);
	}
	finish_gain(model);
}

/* What terms are worth is measured on rows that trees did not see, if there are any. */
static void
measure_terms(ForestModel *model, const ForestTraining *training, Columns *test, uint64 seed)
{
	TreeRows	rows = {.bins = training->rows.bins};
	uint8	   *label;
	uint64	   *id;

	if (training->oob_sum != NULL)
		forest_measure_terms(model, &training->rows, training->label, training->id, &training->draw, seed);
	else if (test != NULL && test->nrows > 0)
	{
		label = alloc_rows(test, sizeof(uint8));
		id = alloc_rows(test, sizeof(uint64));
		read_rows(test, label, id, NULL);
		rows.cells = bins_cells(rows.bins, test);
		rows.nrows = test->nrows;
		forest_measure_terms(model, &rows, label, id, NULL, seed);
	}
}

static ForestModel *
model_create(int nterms, int ntrees)
{
	ForestModel *model = palloc0(sizeof(ForestModel));
	int			t;

	model->nterms = nterms;
	model->ntrees = ntrees;
	model->trees = palloc0(ntrees * sizeof(ForestTree));
	model->gain = palloc0(Max(nterms, 1) * sizeof(double));
	model->permutation = palloc(Max(nterms, 1) * sizeof(double));
	for (t = 0; t < nterms; t++)
		model->permutation[t] = NAN;
	model->oob_auc = NAN;
	model->oob_error = NAN;

	return model;
}

/*
 * The model is made in the current memory context.  Frees "train" once it is not
 * needed any more; "test" may be NULL.
 */
ForestModel *
forest_fit(Columns *train, Columns *test, const ForestOptions *options)
{
	MemoryContext model_context = CurrentMemoryContext;
	MemoryContext context;
	ForestModel *model;
	ForestTraining training = {0};
	int			nterms = train->ncolumns;

	forest_check_options(options, nterms);
	check_nrows(train->nrows);
	if (test != NULL)
		check_nrows(test->nrows);

	model = model_create(nterms, options->ntrees);
	context = AllocSetContextCreate(model_context, "shopanalytics forest", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	start_training(&training, train, options);
	if (options->bootstrap || options->sample_fraction < 1)
	{
		Size		nrows = Max(training.rows.nrows, 1);

		training.oob_sum = MemoryContextAllocExtended(context, nrows * sizeof(double), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
		training.oob_trees = MemoryContextAllocExtended(context, nrows * sizeof(int32), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	}

	grow_trees(model, &training, options, model_context);
	if (training.oob_sum != NULL)
		evaluate_out_of_bag(model, &training);
	measure_terms(model, &training, test, options->seed);
	MemoryContextSwitchTo(model_context);
	MemoryContextDelete(context);

	return model;
}

double
forest_predict(const ForestModel *model, const double *terms)
{
	double		sum = 0;
	int			t;

	for (t = 0; t < model->ntrees; t++)
		sum += tree_leaf(model->trees[t].nodes, terms)->share;

	return sum / model->ntrees;
}

/*
 * What brought each tree from the share at its root to that of the leaf: each step
 * counts for the term that was asked for.  Base and contributions add up to the
 * prediction, but for rounding.  Returns what forest_predict() does.
 */
double
forest_contributions(const ForestModel *model, const double *terms, double *contributions, double *base)
{
	double		sum = 0;
	int			t;

	*base = 0;
	memset(contributions, 0, model->nterms * sizeof(double));
	for (t = 0; t < model->ntrees; t++)
	{
		const TreeNode *node = model->trees[t].nodes;

		*base += node->share;
		while (node->question != TREE_LEAF)
		{
			const TreeNode *child = tree_child(model->trees[t].nodes, node, terms);

			contributions[node->term] += child->share - node->share;
			node = child;
		}
		sum += node->share;
	}

	*base /= model->ntrees;
	for (t = 0; t < model->nterms; t++)
		contributions[t] /= model->ntrees;

	return sum / model->ntrees;
}
