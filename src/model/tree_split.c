/*-------------------------------------------------------------------------
 *
 * tree_split.c
 *	  Which of two divisions of a node is the better one.
 *
 * Of P positive among W rows by weight, and p among w of them on the left, the
 * Gini impurity that is left is least where p^2 / w + (P - p)^2 / (W - w) is
 * greatest.  Floating point tells nearly all divisions apart.  Where it does not,
 * and equal ones are frequent in small nodes, integers do:  but for what is the
 * same for the whole node, the above is (pW - Pw)^2 / (w(W - w)).  So which one is
 * chosen never hangs on rounding, and of equal ones it is the first.
 *
 * IDENTIFICATION
 *	  src/model/tree_split.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/tree.h"

/* Far above the error of computed worths, which is of a few units of 1e-16. */
#define SPLIT_NEARLY	1e-14

#define WIDE_WORDS	16			/* of 32 bits */

/* An integer of any use here, the least word first. */
typedef struct WideInteger
{
	uint32		word[WIDE_WORDS];
} WideInteger;

static WideInteger
wide_from(uint64 value)
{
	WideInteger result = {{(uint32) value, (uint32) (value >> 32)}};

	return result;
}

/* The product must fit, as that of 8 factors of 64 bits does. */
static WideInteger
wide_multiply(const WideInteger *a, const WideInteger *b)
{
	WideInteger result = {{0}};
	int			i;
	int			j;

	for (i = 0; i < WIDE_WORDS; i++)
	{
		uint64		carry = 0;

		if (a->word[i] == 0)
			continue;
		for (j = 0; i + j < WIDE_WORDS; j++)
		{
			carry += (uint64) a->word[i] * b->word[j] + result.word[i + j];
			result.word[i + j] = (uint32) carry;
			carry >>= 32;
		}
	}

	return result;
}

static int
wide_compare(const WideInteger *a, const WideInteger *b)
{
	int			i;

	for (i = WIDE_WORDS - 1; i >= 0; i--)
	{
		if (a->word[i] != b->word[i])
			return a->word[i] < b->word[i] ? -1 : 1;
	}

	return 0;
}

/* The lesser is taken from the greater. */
static WideInteger
wide_distance(const WideInteger *a, const WideInteger *b)
{
	bool		swap = wide_compare(a, b) < 0;
	const WideInteger *greater = swap ? b : a;
	const WideInteger *lesser = swap ? a : b;
	WideInteger result;
	uint32		borrow = 0;
	int			i;

	for (i = 0; i < WIDE_WORDS; i++)
	{
		uint64		difference = (uint64) greater->word[i] - lesser->word[i] - borrow;

		result.word[i] = (uint32) difference;
		borrow = (difference >> 32) != 0;
	}

	return result;
}

static WideInteger
product(uint64 a, uint64 b)
{
	WideInteger wide_a = wide_from(a);
	WideInteger wide_b = wide_from(b);

	return wide_multiply(&wide_a, &wide_b);
}

/* (pW - Pw)^2 of the one times w(W - w) of the other */
static WideInteger
cross_worth(const TreeCount *all, const TreeCount *one, const TreeCount *other)
{
	WideInteger a = product(one->positive, all->weight);
	WideInteger b = product(all->positive, one->weight);
	WideInteger distance = wide_distance(&a, &b);
	WideInteger square = wide_multiply(&distance, &distance);
	WideInteger sides = product(other->weight, all->weight - other->weight);

	return wide_multiply(&square, &sides);
}

static int
compare_exactly(const TreeCount *all, const TreeCount *a, const TreeCount *b)
{
	WideInteger worth_a = cross_worth(all, a, b);
	WideInteger worth_b = cross_worth(all, b, a);

	return wide_compare(&worth_a, &worth_b);
}

static double
split_worth(const TreeCount *all, const TreeCount *left)
{
	double		p_left = (double) (int64) left->positive;
	double		p_right = (double) (int64) (all->positive - left->positive);
	double		w_left = (double) (int64) left->weight;
	double		w_right = (double) (int64) (all->weight - left->weight);

	return p_left * p_left / w_left + p_right * p_right / w_right;
}

/*
 * Takes a division in place of the best so far, if it is better, or as good and of
 * an earlier term; those of a term come in their order.  "best" starts with worth
 * -1.  Both sides must have weight.
 */
void
tree_split_consider(TreeSplit *best, const TreeCount *all, const TreeCount *left,
					int term, int question, int bin)
{
	double		worth = split_worth(all, left);

	if (worth < best->worth * (1 - SPLIT_NEARLY))
		return;
	if (worth <= best->worth * (1 + SPLIT_NEARLY))
	{
		int			order = compare_exactly(all, left, &best->left);

		if (order < 0 || (order == 0 && term >= best->term))
			return;
	}

	best->term = term;
	best->question = question;
	best->bin = bin;
	best->left = *left;
	best->worth = worth;
}
