/*-------------------------------------------------------------------------
 *
 * forest_codec.c
 *	  Forests as bytes.
 *
 * Whatever the bytes are, what is read can be asked: a node's children stand after
 * it, terms are in range and numbers are numbers.  Nor are there more nodes than a
 * training makes, which bounds their memory.
 *
 * IDENTIFICATION
 *	  src/model/forest_codec.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "model/forest.h"
#include "utils/memutils.h"

#define LEAF_BYTES		10		/* question, share, rows: at least */
#define NODES_AT_ONCE	65536	/* between looks for interrupts */

/* Seven bits to a byte, the lowest first; a byte that others follow has the eighth. */
static void
write_count(StringInfo buf, uint64 count)
{
	for (; count >= 0x80; count >>= 7)
		pq_sendbyte(buf, (uint8) (count | 0x80));
	pq_sendbyte(buf, (uint8) count);
}

static void
write_node(StringInfo buf, const TreeNode *node)
{
	pq_sendbyte(buf, node->question);
	pq_sendfloat8(buf, node->share);
	write_count(buf, node->nrows);
	if (node->question == TREE_LEAF)
		return;
	write_count(buf, node->right);
	write_count(buf, node->term);
	if (node->question != TREE_IS_NULL)
		pq_sendfloat8(buf, node->threshold);
}

void
forest_write(StringInfo buf, const ForestModel *model)
{
	int			t;
	int			i;

	write_count(buf, model->ntrees);
	for (t = 0; t < model->ntrees; t++)
	{
		CHECK_FOR_INTERRUPTS();
		write_count(buf, model->trees[t].nnodes);
		for (i = 0; i < model->trees[t].nnodes; i++)
			write_node(buf, &model->trees[t].nodes[i]);
	}
	for (t = 0; t < model->nterms; t++)
	{
		pq_sendfloat8(buf, model->gain[t]);
		pq_sendfloat8(buf, model->permutation[t]);
	}
	write_count(buf, model->oob_rows);
	pq_sendfloat8(buf, model->oob_auc);
	pq_sendfloat8(buf, model->oob_error);
}

static void
check_forest(bool holds)
{
	if (!holds)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				errmsg("invalid forest in a model"));
}

static void
check_left(StringInfo buf, int64 bytes)
{
	check_forest(bytes <= buf->len - buf->cursor);
}

/* From 0 to 1, or NaN where it may be undefined. */
static double
read_share(StringInfo buf, bool may_be_undefined)
{
	double		share;

	check_left(buf, sizeof(double));
	share = pq_getmsgfloat8(buf);
	check_forest((share >= 0 && share <= 1) || (may_be_undefined && isnan(share)));

	return share;
}

static int64
read_count(StringInfo buf, int64 min, int64 max)
{
	uint64		count = 0;
	int			shift;
	uint8		byte;

	for (shift = 0; shift < 63; shift += 7)
	{
		check_left(buf, 1);
		byte = pq_getmsgbyte(buf);
		count |= (uint64) (byte & 0x7f) << shift;
		if (byte < 0x80)
			break;
	}
	check_forest(shift < 63 && (int64) count >= min && (int64) count <= max);

	return count;
}

static void
read_node(StringInfo buf, TreeNode *node, int index, int nnodes, int nterms)
{
	node->question = pq_getmsgbyte(buf);
	check_forest(node->question <= TREE_IS_NULL);
	node->share = read_share(buf, false);
	node->nrows = read_count(buf, 0, PG_INT64_MAX);
	node->term = -1;
	if (node->question == TREE_LEAF)
		return;

	/* The left child is the next node, the right one after that. */
	node->right = read_count(buf, index + 2, nnodes - 1);
	node->term = read_count(buf, 0, nterms - 1);
	if (node->question != TREE_IS_NULL)
	{
		check_left(buf, sizeof(double));
		node->threshold = pq_getmsgfloat8(buf);
		check_forest(isfinite(node->threshold));
	}
}

static void
read_tree(StringInfo buf, ForestTree *tree, int64 max_nodes, int nterms)
{
	int			i;

	tree->nnodes = read_count(buf, 1, max_nodes);
	check_left(buf, (int64) tree->nnodes * LEAF_BYTES);
	tree->nodes = MemoryContextAllocExtended(CurrentMemoryContext, tree->nnodes * sizeof(TreeNode),
											 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (i = 0; i < tree->nnodes; i++)
	{
		if (i % NODES_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		check_left(buf, LEAF_BYTES);
		read_node(buf, &tree->nodes[i], i, tree->nnodes, nterms);
	}
}

/* In the current memory context. */
ForestModel *
forest_read(StringInfo buf, int nterms)
{
	ForestModel *model = palloc0(sizeof(ForestModel));
	int64		nnodes = 0;
	int			t;

	model->nterms = nterms;
	model->ntrees = read_count(buf, 1, FOREST_MAX_TREES);
	model->trees = palloc0(model->ntrees * sizeof(ForestTree));
	for (t = 0; t < model->ntrees; t++)
	{
		read_tree(buf, &model->trees[t], FOREST_MAX_NODES - nnodes, nterms);
		nnodes += model->trees[t].nnodes;
	}

	check_left(buf, (int64) nterms * 2 * sizeof(double));
	model->gain = palloc(Max(nterms, 1) * sizeof(double));
	model->permutation = palloc(Max(nterms, 1) * sizeof(double));
	for (t = 0; t < nterms; t++)
	{
		model->gain[t] = read_share(buf, false);
		model->permutation[t] = pq_getmsgfloat8(buf);
		check_forest(!isinf(model->permutation[t]));
	}
	model->oob_rows = read_count(buf, 0, PG_INT64_MAX);
	model->oob_auc = read_share(buf, true);
	model->oob_error = read_share(buf, true);

	return model;
}
