/*-------------------------------------------------------------------------
 *
 * forest.h
 *	  Forests of decision trees, a single tree among them; see forest.c.
 *
 * IDENTIFICATION
 *	  src/model/forest.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_FOREST_H
#define SHOPANALYTICS_FOREST_H

#include "lib/stringinfo.h"
#include "model/columns.h"
#include "model/draw.h"
#include "model/tree.h"

#define FOREST_MAX_TREES	10000
#define FOREST_MAX_NODES	10000000	/* of all trees */

/* What is drawn, besides rows of a tree; see draw.h. */
#define FOREST_DRAW_TERM	(UINT64CONST(16) << 32)
#define FOREST_DRAW_SAMPLE	(UINT64CONST(17) << 32)
#define FOREST_DRAW_VALUE	(UINT64CONST(18) << 32)

/* How many terms are looked at in a node. */
typedef enum ForestFeatures
{
	FEATURES_ROOT,				/* the square root of the number of terms */
	FEATURES_ALL,
	FEATURES_GIVEN
} ForestFeatures;

typedef struct ForestOptions
{
	int			ntrees;
	int			max_depth;
	int			min_leaf;
	int			max_bins;
	ForestFeatures features;
	int			max_features;	/* if they are given */
	bool		bootstrap;		/* rows may be drawn for a tree repeatedly */
	double		sample_fraction;
	bool		balanced;		/* both classes weigh the same */
	int64		seed;
} ForestOptions;

typedef struct ForestTree
{
	TreeNode   *nodes;
	int			nnodes;
} ForestTree;

typedef struct ForestModel
{
	int			nterms;
	int			ntrees;
	ForestTree *trees;
	double	   *gain;			/* by term, sum 1; or all 0 */
	double	   *permutation;	/* by term; NaN if not measured */
	int64		oob_rows;		/* that some tree was not trained on */
	double		oob_auc;		/* NaN if undefined */
	double		oob_error;		/* share of rows on the wrong side of 1/2 */
} ForestModel;

/* How rows are drawn for trees. */
#define FOREST_DRAWS	16		/* and no more of one row */

typedef struct ForestDraw
{
	uint64		seed;
	double		up_to[FOREST_DRAWS];	/* probability of so many or fewer */
} ForestDraw;

extern void forest_check_options(const ForestOptions *options, int nterms);
extern ForestModel *forest_fit(Columns *train, Columns *test, const ForestOptions *options);
extern double forest_predict(const ForestModel *model, const double *terms);
extern double forest_contributions(const ForestModel *model, const double *terms,
								   double *contributions, double *base);

/* forest_codec.c */
extern void forest_write(StringInfo buf, const ForestModel *model);
extern ForestModel *forest_read(StringInfo buf, int nterms);

/* forest_rows.c */
extern void forest_draw_init(ForestDraw *draw, const ForestOptions *options);
extern uint64 *forest_weights(const double *weight, const uint8 *label, uint32 nrows, bool balanced);

/* forest_importance.c */
extern void forest_measure_terms(ForestModel *model, const TreeRows *rows, const uint8 *label,
								 const uint64 *id, const ForestDraw *draw, uint64 seed);

/* How often the row is drawn for the tree; without a branch for nearly all. */
static inline int
forest_draw_row(const ForestDraw *draw, uint64 id, int tree)
{
	double		drawn = draw_uniform(id, draw->seed, DRAW_TREE + tree);
	const double *up_to = draw->up_to;
	int			count = (drawn >= up_to[0]) + (drawn >= up_to[1]) + (drawn >= up_to[2]) + (drawn >= up_to[3]);

	if (unlikely(count == 4))
	{
		while (drawn >= up_to[count])
			count++;
	}

	return count;
}

#endif							/* SHOPANALYTICS_FOREST_H */
