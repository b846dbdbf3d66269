/*-------------------------------------------------------------------------
 *
 * binary_scores.h
 *	  The state of aggregates over (label, score).
 *
 * IDENTIFICATION
 *	  src/model/binary_scores.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_BINARY_SCORES_H
#define SHOPANALYTICS_BINARY_SCORES_H

#include "fmgr.h"

#include "model/ranks.h"

/* What an aggregate was asked for besides; all rows of a group agree. */
typedef struct BinaryScoresOptions
{
	int32		count;			/* of bins or points; 0: not asked for */
	int32		method;
	double		epsilon;
} BinaryScoresOptions;

/* The scores of each class, 0 and 1, as keys of ranks.h, in any order. */
typedef struct BinaryScores
{
	uint64	   *key[2];
	int64		n[2];
	int64		max[2];
	int64		nnull[2];		/* rows without a score, where they count */
	bool		sorted;
	BinaryScoresOptions options;
} BinaryScores;

extern void score_check_number(double score, const char *name);
extern void score_check_probability(double score);
extern BinaryScores *binary_scores_state(FunctionCallInfo fcinfo, const BinaryScoresOptions *options);
extern void binary_scores_add(BinaryScores *state, bool label, double score);
extern BinaryScores *binary_scores_sorted(FunctionCallInfo fcinfo);
extern RankedClass binary_scores_class(const BinaryScores *state, bool label);
extern int	binary_scores_quantiles(const RankedClass *class, int bins, double *edge);

#endif							/* SHOPANALYTICS_BINARY_SCORES_H */
