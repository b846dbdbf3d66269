/*-------------------------------------------------------------------------
 *
 * tree_nodes.c
 *	  What stored trees look like: tree_nodes(), feature_importance(),
 *	  out_of_bag().
 *
 * IDENTIFICATION
 *	  src/model/tree_nodes.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "model/forest.h"
#include "model/model.h"
#include "utils/builtins.h"
#include "utils/float.h"

#define NODE_COLUMNS		11
#define IMPORTANCE_COLUMNS	3

/* Where a node stands, which nodes do not say themselves. */
typedef struct NodePlace
{
	int			parent;			/* -1: it is the root */
	int			depth;
} NodePlace;

static NodePlace *
places_of_nodes(const ForestTree *tree)
{
	NodePlace  *places = palloc0(tree->nnodes * sizeof(NodePlace));
	int			i;

	places[0].parent = -1;
	for (i = 0; i < tree->nnodes; i++)
	{
		const TreeNode *node = &tree->nodes[i];

		if (node->question == TREE_LEAF)
			continue;
		places[i + 1].parent = places[node->right].parent = i;
		places[i + 1].depth = places[node->right].depth = places[i].depth + 1;
	}

	return places;
}

/* What holds for rows of a child, in words; a term that is a level holds or does not. */
static char *
condition(const Preparation *preparation, const TreeNode *node, bool left)
{
	const Term *term = &preparation->terms[node->term];
	StringInfoData buf;

	initStringInfo(&buf);
	if (node->question == TREE_IS_NULL)
		appendStringInfo(&buf, left ? "%s is not null" : "%s is null", term->name);
	else if (term->level >= 0 || term->is_null)
		appendStringInfo(&buf, left ? "not (%s)" : "%s", term->name);
	else
		appendStringInfo(&buf, "%s %s %s", term->name, left ? "<=" : ">", float8out_internal(node->threshold));

	return buf.data;
}

static void
put_node(ReturnSetInfo *rsinfo, const Model *model, const ForestTree *tree, const NodePlace *places, int index)
{
	const TreeNode *node = &tree->nodes[index];
	Datum		values[NODE_COLUMNS] = {0};
	bool		nulls[NODE_COLUMNS] = {false};
	bool		is_leaf = node->question == TREE_LEAF;
	int			parent = places[index].parent;

	values[0] = Int32GetDatum(index);
	nulls[1] = nulls[3] = parent < 0;
	if (parent >= 0)
	{
		values[1] = Int32GetDatum(parent);
		values[3] = CStringGetTextDatum(condition(model->preparation, &tree->nodes[parent], index == parent + 1));
	}
	values[2] = Int32GetDatum(places[index].depth);
	values[4] = BoolGetDatum(is_leaf);
	nulls[5] = nulls[7] = nulls[8] = nulls[6] = is_leaf;
	if (!is_leaf)
	{
		values[5] = CStringGetTextDatum(model->preparation->terms[node->term].name);
		nulls[6] = node->question == TREE_IS_NULL;
		values[6] = Float8GetDatum(node->threshold);
		values[7] = BoolGetDatum(node->question == TREE_NULL_LEFT);
		values[8] = Int32GetDatum(node->right);
	}
	values[9] = Int64GetDatum(node->nrows);
	values[10] = Float8GetDatum(node->share);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

static void
check_tree(int tree, int ntrees)
{
	if (tree < 1 || tree > ntrees)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("tree must be between 1 and %d, the number of trees, got %d", ntrees, tree));
}

/*
 * tree_nodes(model text, tree integer)
 *		-> (node integer, parent integer, depth integer, condition text,
 *			is_leaf boolean, term text, threshold float8, null_goes_left boolean,
 *			right_node integer, n bigint, share float8)
 */
PG_FUNCTION_INFO_V1(tree_nodes);
Datum
tree_nodes(PG_FUNCTION_ARGS)
{
	const Model *model = model_need_kind(model_named(fcinfo), MODEL_FOREST);
	const ForestModel *forest = model->body;
	int			number = PG_GETARG_INT32(1);
	const ForestTree *tree;
	NodePlace  *places;
	int			i;

	check_tree(number, forest->ntrees);
	InitMaterializedSRF(fcinfo, 0);
	tree = &forest->trees[number - 1];
	places = places_of_nodes(tree);
	for (i = 0; i < tree->nnodes; i++)
	{
		CHECK_FOR_INTERRUPTS();
		put_node((ReturnSetInfo *) fcinfo->resultinfo, model, tree, places, i);
	}

	return (Datum) 0;
}

/*
 * feature_importance(model text) -> (term text, gain float8, permutation float8)
 */
PG_FUNCTION_INFO_V1(feature_importance);
Datum
feature_importance(PG_FUNCTION_ARGS)
{
	const Model *model = model_need_kind(model_named(fcinfo), MODEL_FOREST);
	const ForestModel *forest = model->body;
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int			t;

	InitMaterializedSRF(fcinfo, 0);
	for (t = 0; t < forest->nterms; t++)
	{
		Datum		values[IMPORTANCE_COLUMNS] = {
			CStringGetTextDatum(model->preparation->terms[t].name),
			Float8GetDatum(forest->gain[t]),
			Float8GetDatum(forest->permutation[t])
		};
		bool		nulls[IMPORTANCE_COLUMNS] = {false, false, isnan(forest->permutation[t])};

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}

	return (Datum) 0;
}

/*
 * out_of_bag(model text) -> (n bigint, roc_auc float8, error float8)
 */
PG_FUNCTION_INFO_V1(out_of_bag);
Datum
out_of_bag(PG_FUNCTION_ARGS)
{
	const Model *model = model_need_kind(model_named(fcinfo), MODEL_FOREST);
	const ForestModel *forest = model->body;
	Datum		values[3] = {
		Int64GetDatum(forest->oob_rows),
		Float8GetDatum(forest->oob_auc),
		Float8GetDatum(forest->oob_error)
	};
	bool		nulls[3] = {false, isnan(forest->oob_auc), isnan(forest->oob_error)};
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}
