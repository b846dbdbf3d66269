/*-------------------------------------------------------------------------
 *
 * tree.c
 *	  Grows one decision tree on rows in bins.
 *
 * A node's rows are counted by bin, one histogram for each term, and every
 * division between two bins is tried.  Counts are integers: neither the order of
 * rows nor who counts them makes a difference.
 *
 * Where most terms are looked at in every node, only the smaller child's rows are
 * counted, and the other's histograms are the parent's minus those.  Where a few
 * are drawn for each node, as in a forest, a child would hardly look at its
 * parent's, and each node counts its own.
 *
 * A row that counts once is one addition of a word with the weight in its upper
 * half and the positive weight in the lower one.  Rows with weights of their own
 * have three words.
 *
 * IDENTIFICATION
 *	  src/model/tree.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "model/draw.h"
#include "model/forest.h"
#include "model/tree.h"
#include "utils/memutils.h"

#include "compat.h"

#define CHUNK_ROWS	1024		/* counted or divided at a time */

struct TreeGrower
{
	TreeRows	rows;
	bool		weighted;
	Size		words;			/* of a term's histogram */
	uint32	   *row;			/* rows that were drawn, by node */
	uint32	   *right_row;		/* while a node is divided */
	int		   *order;			/* of terms in a node; the first are drawn */

	/* of the tree that grows */
	TreeOptions options;
	const uint8 *codes;
	Tree	   *tree;
	bool		subtract;		/* histograms of all terms are kept */
	uint64	   *spare[TREE_MAX_DEPTH + 2];	/* those free for use */
	int			nspare;
	uint64	   *drawn;			/* else: histograms of terms drawn for a node */
	double		root_weight;
};

TreeGrower *
tree_grower_create(const TreeRows *rows)
{
	TreeGrower *grower = palloc0(sizeof(TreeGrower));
	Size		size = Max(rows->nrows, 1) * sizeof(uint32);

	grower->rows = *rows;
	grower->weighted = rows->weight != NULL;
	grower->words = BINS_COUNT * (grower->weighted ? 3 : 1);
	grower->row = MemoryContextAllocHuge(CurrentMemoryContext, size);
	grower->right_row = MemoryContextAllocHuge(CurrentMemoryContext, size);
	grower->order = palloc(rows->bins->ncolumns * sizeof(int));

	return grower;
}

/* Of all terms; there are never more than one for each level, and one. */
static uint64 *
histograms_take(TreeGrower *grower)
{
	if (grower->nspare > 0)
		return grower->spare[--grower->nspare];

	return MemoryContextAllocHuge(CurrentMemoryContext,
								  grower->rows.bins->ncolumns * grower->words * sizeof(uint64));
}

static void
histograms_give_back(TreeGrower *grower, uint64 *histograms)
{
	if (histograms != NULL)
		grower->spare[grower->nspare++] = histograms;
}

static void
histograms_free(TreeGrower *grower)
{
	while (grower->nspare > 0)
		pfree(histograms_take(grower));
}

static inline uint64
packed_count(uint8 code)
{
	uint64		ndraws = TREE_NDRAWS(code);

	return ndraws << 32 | (TREE_LABEL(code) ? ndraws : 0);
}

static inline TreeCount
weighted_count(uint8 code, uint64 weight)
{
	TreeCount	count;

	count.nrows = TREE_NDRAWS(code);
	count.weight = count.nrows * weight;
	count.positive = TREE_LABEL(code) ? count.weight : 0;

	return count;
}

static inline TreeCount
bin_count(const TreeGrower *grower, const uint64 *histogram, int bin)
{
	TreeCount	count;

	if (grower->weighted)
		memcpy(&count, histogram + 3 * bin, sizeof(count));
	else
	{
		count.nrows = histogram[bin] >> 32;
		count.weight = count.nrows;
		count.positive = (uint32) histogram[bin];
	}

	return count;
}

static inline void
count_add(TreeCount *sum, const TreeCount *count)
{
	sum->nrows += count->nrows;
	sum->weight += count->weight;
	sum->positive += count->positive;
}

static inline TreeCount
count_difference(const TreeCount *all, const TreeCount *part)
{
	TreeCount	difference = {all->nrows - part->nrows, all->weight - part->weight, all->positive - part->positive};

	return difference;
}

static void
count_packed(TreeGrower *grower, uint64 *histograms, const int *terms, int nterms, const uint32 *row, int nrows)
{
	uint64		value[CHUNK_ROWS];
	int			t;
	int			r;

	for (r = 0; r < nrows; r++)
		value[r] = packed_count(grower->codes[row[r]]);
	for (t = 0; t < nterms; t++)
	{
		const uint8 *cell = grower->rows.cells[terms[t]];
		uint64	   *histogram = histograms + t * grower->words;

		for (r = 0; r < nrows; r++)
			histogram[cell[row[r]]] += value[r];
	}
}

static void
count_weighted(TreeGrower *grower, uint64 *histograms, const int *terms, int nterms, const uint32 *row, int nrows)
{
	TreeCount	value[CHUNK_ROWS];
	int			t;
	int			r;

	for (r = 0; r < nrows; r++)
		value[r] = weighted_count(grower->codes[row[r]], grower->rows.weight[row[r]]);
	for (t = 0; t < nterms; t++)
	{
		const uint8 *cell = grower->rows.cells[terms[t]];
		TreeCount  *histogram = (TreeCount *) (histograms + t * grower->words);

		for (r = 0; r < nrows; r++)
			count_add(&histogram[cell[row[r]]], &value[r]);
	}
}

/* Fills one histogram for each of the terms. */
static void
count_rows(TreeGrower *grower, uint64 *histograms, const int *terms, int nterms, uint32 from, uint32 to)
{
	memset(histograms, 0, nterms * grower->words * sizeof(uint64));
	while (from < to)
	{
		int			n = Min(to - from, CHUNK_ROWS);

		CHECK_FOR_INTERRUPTS();
		if (grower->weighted)
			count_weighted(grower, histograms, terms, nterms, grower->row + from, n);
		else
			count_packed(grower, histograms, terms, nterms, grower->row + from, n);
		from += n;
	}
}

static void
subtract(uint64 *from, const uint64 *what, Size words)
{
	Size		i;

	for (i = 0; i < words; i++)
		from[i] -= what[i];
}

static void
consider(const TreeGrower *grower, TreeSplit *best, const TreeCount *all, const TreeCount *left,
		 int term, int question, int bin)
{
	if (left->nrows >= grower->options.min_leaf && all->nrows - left->nrows >= grower->options.min_leaf)
		tree_split_consider(best, all, left, term, question, bin);
}

/*
 * Tries every division by the term, from the lowest threshold, NULL first to the
 * left.  In a node without NULL, those to come go with the greater part.  False if
 * all rows are in one bin.
 */
static bool
try_term(const TreeGrower *grower, TreeSplit *best, const TreeCount *all, int term, const uint64 *histogram)
{
	TreeCount	null = bin_count(grower, histogram, BINS_NULL);
	TreeCount	values = count_difference(all, &null);
	TreeCount	left = {0, 0, 0};
	int			nbins = grower->rows.bins->nbins[term];
	int			bin;
	bool		varies = null.nrows > 0 && values.nrows > 0;

	for (bin = 0; bin < nbins - 1; bin++)
	{
		TreeCount	count = bin_count(grower, histogram, bin);
		TreeCount	with_null;

		if (count.nrows == 0)
			continue;
		count_add(&left, &count);
		if (left.nrows == values.nrows)
			break;
		varies = true;

		if (null.nrows == 0)
			consider(grower, best, all, &left, term,
					 left.weight >= all->weight - left.weight ? TREE_NULL_LEFT : TREE_NULL_RIGHT, bin);
		else
		{
			with_null = left;
			count_add(&with_null, &null);
			consider(grower, best, all, &with_null, term, TREE_NULL_LEFT, bin);
			consider(grower, best, all, &left, term, TREE_NULL_RIGHT, bin);
		}
	}
	if (null.nrows > 0 && values.nrows > 0)
		consider(grower, best, all, &values, term, TREE_IS_NULL, BINS_NULL - 1);

	return varies;
}

/* The next of the terms in an order that is drawn for the node. */
static void
draw_term(TreeGrower *grower, int node, int place)
{
	int			nterms = grower->rows.bins->ncolumns;
	double		drawn = draw_uniform((uint64) node << 32 | place, grower->options.seed,
									 FOREST_DRAW_TERM + grower->options.tree);
	int			other = place + (int) (drawn * (nterms - place));
	int			term = grower->order[other];

	grower->order[other] = grower->order[place];
	grower->order[place] = term;
}

/*
 * The best division by max_features terms drawn for the node, and if the node's
 * rows are all alike in those, by the first further one in which they are not.
 */
static void
split_by_drawn(TreeGrower *grower, TreeSplit *best, const TreeCount *all, int node, uint32 from, uint32 to)
{
	uint64	   *histograms = grower->drawn;
	int			nterms = grower->rows.bins->ncolumns;
	int			ndrawn = grower->options.max_features;
	int			done = 0;
	bool		varies = false;
	int			i;

	for (i = 0; i < nterms; i++)
		grower->order[i] = i;
	while (done < nterms && !varies)
	{
		int			n = done == 0 ? ndrawn : 1;

		for (i = done; i < done + n; i++)
			draw_term(grower, node, i);
		count_rows(grower, histograms, grower->order + done, n, from, to);
		for (i = 0; i < n; i++)
			varies |= try_term(grower, best, all, grower->order[done + i], histograms + i * grower->words);
		done += n;
	}
}

static void
split_by_all(TreeGrower *grower, TreeSplit *best, const TreeCount *all, int node, const uint64 *histograms)
{
	int			nterms = grower->rows.bins->ncolumns;
	int			ndrawn = grower->options.max_features;
	bool		varies = false;
	int			i;

	for (i = 0; i < nterms; i++)
		grower->order[i] = i;
	for (i = 0; i < nterms && (i < ndrawn || !varies); i++)
	{
		int			term;

		if (ndrawn < nterms)
			draw_term(grower, node, i);
		term = grower->order[i];
		varies |= try_term(grower, best, all, term, histograms + term * grower->words);
	}
}

/* Puts rows that go left before the others; both keep their order. */
static uint32
divide_rows(TreeGrower *grower, const TreeSplit *split, uint32 from, uint32 to)
{
	const uint8 *cell = grower->rows.cells[split->term];
	uint32	   *row = grower->row;
	uint32	   *right_row = grower->right_row;
	uint32		left = from;
	uint32		right = 0;
	uint8		goes_left[BINS_COUNT];
	int			bin;

	for (bin = 0; bin < BINS_COUNT; bin++)
		goes_left[bin] = bin == BINS_NULL ? split->question == TREE_NULL_LEFT : bin <= split->bin;

	while (from < to)
	{
		uint32		end = from + Min(to - from, CHUNK_ROWS);

		CHECK_FOR_INTERRUPTS();
		for (; from < end; from++)
		{
			uint32		r = row[from];
			uint8		is_left = goes_left[cell[r]];

			row[left] = r;
			right_row[right] = r;
			left += is_left;
			right += 1 - is_left;
		}
	}
	memcpy(row + left, right_row, right * sizeof(uint32));

	return left;
}

static int
add_node(TreeGrower *grower, const TreeCount *count)
{
	Tree	   *tree = grower->tree;
	TreeNode   *node;

	if (tree->nnodes == tree->max_nodes)
	{
		tree->max_nodes *= 2;
		tree->nodes = repalloc_huge(tree->nodes, tree->max_nodes * sizeof(TreeNode));
	}
	node = &tree->nodes[tree->nnodes];
	memset(node, 0, sizeof(TreeNode));
	node->term = -1;
	node->nrows = count->nrows;
	node->share = (double) count->positive / (double) count->weight;

	return tree->nnodes++;
}

/* Weight times Gini impurity */
static double
impurity(const TreeCount *count)
{
	double		positive = count->positive;
	double		negative = count->weight - count->positive;

	return 2 * positive * (negative / (double) count->weight);
}

static bool
is_leaf(const TreeGrower *grower, const TreeCount *count, int depth)
{
	return depth == grower->options.max_depth ||
		count->positive == 0 || count->positive == count->weight ||
		count->nrows < 2 * (uint64) grower->options.min_leaf;
}

/*
 * Children's histograms out of the parent's, whose place one of them gets; NULL for
 * a leaf, which needs none.
 */
static void
child_histograms(TreeGrower *grower, uint64 *parent, uint32 from, uint32 middle, uint32 to,
				 uint64 **left, uint64 **right, bool left_is_leaf, bool right_is_leaf)
{
	int			nterms = grower->rows.bins->ncolumns;
	bool		left_is_smaller = middle - from <= to - middle;
	uint64	   *smaller;
	int			i;

	*left = *right = NULL;
	if (parent == NULL)
		return;
	if (left_is_leaf && right_is_leaf)
	{
		histograms_give_back(grower, parent);
		return;
	}

	for (i = 0; i < nterms; i++)
		grower->order[i] = i;
	smaller = histograms_take(grower);
	if (left_is_smaller)
		count_rows(grower, smaller, grower->order, nterms, from, middle);
	else
		count_rows(grower, smaller, grower->order, nterms, middle, to);
	subtract(parent, smaller, nterms * grower->words);
	*left = left_is_smaller ? smaller : parent;
	*right = left_is_smaller ? parent : smaller;

	if (left_is_leaf)
	{
		histograms_give_back(grower, *left);
		*left = NULL;
	}
	if (right_is_leaf)
	{
		histograms_give_back(grower, *right);
		*right = NULL;
	}
}

/* Grows the node of rows from "from" to before "to", and all below it. */
static void
grow_node(TreeGrower *grower, const TreeCount *count, int depth, uint32 from, uint32 to, uint64 *histograms)
{
	int			index = add_node(grower, count);
	TreeSplit	split = {.term = -1,.worth = -1};
	TreeNode   *node;
	TreeCount	right;
	uint32		middle;
	double		gain;
	uint64	   *left_histograms;
	uint64	   *right_histograms;

	if (is_leaf(grower, count, depth))
	{
		histograms_give_back(grower, histograms);
		return;
	}

	if (grower->subtract)
		split_by_all(grower, &split, count, index, histograms);
	else
		split_by_drawn(grower, &split, count, index, from, to);
	if (split.term < 0)
	{
		histograms_give_back(grower, histograms);
		return;
	}

	middle = divide_rows(grower, &split, from, to);
	right = count_difference(count, &split.left);
	gain = impurity(count) - impurity(&split.left) - impurity(&right);
	grower->tree->gain[split.term] += Max(gain, 0) / grower->root_weight;	/* rounding may be all
																			 * there is */
	child_histograms(grower, histograms, from, middle, to, &left_histograms, &right_histograms,
					 is_leaf(grower, &split.left, depth + 1), is_leaf(grower, &right, depth + 1));

	grow_node(grower, &split.left, depth + 1, from, middle, left_histograms);

	node = &grower->tree->nodes[index];
	node->right = grower->tree->nnodes;
	node->term = split.term;
	node->question = split.question;
	node->bin = split.bin;
	if (split.question != TREE_IS_NULL)
		node->threshold = grower->rows.bins->threshold[split.term][split.bin];

	grow_node(grower, &right, depth + 1, middle, to, right_histograms);
}

static uint32
take_drawn_rows(TreeGrower *grower, TreeCount *count)
{
	uint32		ndrawn = 0;
	uint32		r;

	memset(count, 0, sizeof(TreeCount));
	for (r = 0; r < grower->rows.nrows; r++)
	{
		uint8		code = grower->codes[r];
		TreeCount	one;

		if (r % CHUNK_ROWS == 0)
			CHECK_FOR_INTERRUPTS();
		one = weighted_count(code, grower->weighted ? grower->rows.weight[r] : 1);
		grower->row[ndrawn] = r;
		if (one.weight > 0)
		{
			count_add(count, &one);
			ndrawn++;
		}
	}

	return ndrawn;
}

/*
 * Grows a tree on rows as their codes say, in the current memory context; with no
 * node at all if no row was drawn.
 */
void
tree_grow(TreeGrower *grower, const TreeOptions *options, const uint8 *codes, Tree *tree)
{
	int			nterms = grower->rows.bins->ncolumns;
	TreeCount	count;
	uint32		ndrawn;
	uint64	   *histograms = NULL;
	int			i;

	grower->options = *options;
	grower->codes = codes;
	grower->tree = tree;
	grower->subtract = options->max_features > nterms / 2;
	grower->nspare = 0;

	tree->nnodes = 0;
	tree->max_nodes = 64;
	tree->nodes = palloc(tree->max_nodes * sizeof(TreeNode));
	tree->gain = palloc0(nterms * sizeof(double));

	ndrawn = take_drawn_rows(grower, &count);
	if (ndrawn == 0)
		return;
	grower->root_weight = (double) count.weight;
	if (grower->subtract)
	{
		histograms = histograms_take(grower);
		for (i = 0; i < nterms; i++)
			grower->order[i] = i;
		count_rows(grower, histograms, grower->order, nterms, 0, ndrawn);
	}
	else
		grower->drawn = palloc(options->max_features * grower->words * sizeof(uint64));

	grow_node(grower, &count, 0, 0, ndrawn, histograms);

	if (grower->subtract)
		histograms_free(grower);
	else
		pfree(grower->drawn);
}
