/*-------------------------------------------------------------------------
 *
 * tree.h
 *	  One decision tree, grown on rows in bins; see tree.c.
 *
 * IDENTIFICATION
 *	  src/model/tree.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_TREE_H
#define SHOPANALYTICS_TREE_H

#include "model/bins.h"

#define TREE_MAX_DEPTH	64

/* What is asked at a node. */
typedef enum TreeQuestion
{
	TREE_LEAF,					/* nothing */
	TREE_NULL_LEFT,				/* value <= threshold, or NULL, goes left */
	TREE_NULL_RIGHT,			/* value <= threshold goes left, NULL right */
	TREE_IS_NULL				/* any value goes left, NULL right */
} TreeQuestion;

/*
 * Nodes of a tree stand one after the other, each before its children, and the
 * left one next to its parent.
 */
typedef struct TreeNode
{
	double		threshold;		/* 0 if none is asked for */
	double		share;			/* of the positive ones, by weight */
	int64		nrows;			/* that trained the node, each as often as it
								 * was drawn */
	int32		right;			/* the right child; 0 of a leaf */
	int32		term;			/* that is asked for; -1 of a leaf */
	uint8		question;		/* TreeQuestion */
	uint8		bin;			/* the last that goes left; while training */
} TreeNode;

/* Rows to grow trees on, whatever their order. */
typedef struct TreeRows
{
	const Bins *bins;
	uint8	  **cells;			/* by column, by row: the bin */
	uint32		nrows;
	uint64	   *weight;			/* by row; NULL: every row counts once */
} TreeRows;

typedef struct TreeOptions
{
	int			max_depth;
	int64		min_leaf;		/* rows */
	int			max_features;	/* terms that are looked at in a node */
	uint64		seed;
	int			tree;			/* its number: each draws for itself */
} TreeOptions;

/*
 * How often a row was drawn for the tree, and its label: in one byte, for it is
 * looked up at random.
 */
#define TREE_CODE(ndraws, label) ((uint8) ((ndraws) << 1 | (label)))
#define TREE_NDRAWS(code) ((code) >> 1)
#define TREE_LABEL(code) ((code) & 1)

/* Rows of a node or a bin; integers, so that their order never matters. */
typedef struct TreeCount
{
	uint64		nrows;
	uint64		weight;
	uint64		positive;		/* weight of positive rows */
} TreeCount;

/* The best division of a node so far. */
typedef struct TreeSplit
{
	int			term;			/* -1: none */
	int			question;
	int			bin;
	TreeCount	left;
	double		worth;
} TreeSplit;

typedef struct Tree
{
	TreeNode   *nodes;
	int			nnodes;
	int			max_nodes;
	double	   *gain;			/* by term: impurity that its splits took
								 * away, of the root's weight */
} Tree;

typedef struct TreeGrower TreeGrower;

extern TreeGrower *tree_grower_create(const TreeRows *rows);
extern void tree_grow(TreeGrower *grower, const TreeOptions *options, const uint8 *codes, Tree *tree);

/* tree_split.c */
extern void tree_split_consider(TreeSplit *best, const TreeCount *all, const TreeCount *left,
								int term, int question, int bin);

/* Where a row with these values goes from a node that is no leaf. */
static inline const TreeNode *
tree_child(const TreeNode *nodes, const TreeNode *node, const double *terms)
{
	double		value = terms[node->term];
	bool		left;

	if (value != value)
		left = node->question == TREE_NULL_LEFT;
	else
		left = node->question == TREE_IS_NULL || value <= node->threshold;

	return left ? node + 1 : nodes + node->right;
}

static inline const TreeNode *
tree_leaf(const TreeNode *nodes, const double *terms)
{
	const TreeNode *node = nodes;

	while (node->question != TREE_LEAF)
		node = tree_child(nodes, node, terms);

	return node;
}

/* The same for a value's bin, while training; without a branch, a bin of values is below BINS_NULL. */
static inline const TreeNode *
tree_cell_child(const TreeNode *nodes, const TreeNode *node, uint8 cell)
{
	bool		left = (cell <= node->bin) | ((cell == BINS_NULL) & (node->question == TREE_NULL_LEFT));
	const TreeNode *child[2] = {nodes + node->right, node + 1};

	return child[left];
}

static inline const TreeNode *
tree_cells_leaf(const TreeNode *nodes, uint8 **cells, uint32 row)
{
	const TreeNode *node = nodes;

	while (node->question != TREE_LEAF)
		node = tree_cell_child(nodes, node, cells[node->term][row]);

	return node;
}

#endif							/* SHOPANALYTICS_TREE_H */
