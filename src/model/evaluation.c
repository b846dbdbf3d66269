/*-------------------------------------------------------------------------
 *
 * evaluation.c
 *	  How good the scores of rows with a known class are.
 *
 * The same rules as those of the aggregates in metrics.c, for rows in memory.
 * Sums are exact (exact_sum.c), and the rest is counts: nothing depends on the
 * order of rows.
 *
 * IDENTIFICATION
 *	  src/model/evaluation.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "behaviour/exact_sum.h"
#include "model/calibration.h"
#include "model/evaluation.h"
#include "model/ranks.h"

#define ROWS_AT_ONCE	65536	/* between looks for interrupts */

double
log_loss_of(bool label, double score)
{
	score = Min(Max(score, LOG_LOSS_CLIP), 1 - LOG_LOSS_CLIP);

	return label ? -log(score) : -log1p(-score);
}

double
brier_score_of(bool label, double score)
{
	double		error = score - (label ? 1 : 0);

	return error * error;
}

double
share_of(double numerator, double denominator)
{
	return denominator == 0 ? NAN : numerator / denominator;
}

void
evaluate(const bool *label, const double *score, int64 n, double threshold, Evaluation *result)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "evaluation",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	uint64	   *key = palloc_extended(sizeof(uint64) * Max(n, 1), MCXT_ALLOC_HUGE);
	int64		nnegative = 0;
	int64		npositive = 0;
	bool		probabilities = true;
	Confusion	confusion = {0};
	ExactSum	log_loss;
	ExactSum	brier_score;
	RankedClass negative;
	RankedClass positive;
	RankMetrics ranks;

	exact_sum_init(&log_loss, EXACT_BINARY);
	exact_sum_init(&brier_score, EXACT_BINARY);

	/* negatives from the front of the keys, positives from the end */
	for (int64 i = 0; i < n; i++)
	{
		if (i % ROWS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		if (isnan(score[i]))
			elog(ERROR, "the score of row " INT64_FORMAT " is not a number", i + 1);
		if (label[i])
			key[n - ++npositive] = rank_key(score[i]);
		else
			key[nnegative++] = rank_key(score[i]);
		confusion_add(&confusion, label[i], score[i], threshold);
		probabilities &= score[i] >= 0 && score[i] <= 1;
		if (probabilities)
		{
			exact_sum_add_float8(&log_loss, log_loss_of(label[i], score[i]), 1);
			exact_sum_add_float8(&brier_score, brier_score_of(label[i], score[i]), 1);
		}
	}
	ranks_sort(key, nnegative);
	ranks_sort(key + nnegative, npositive);
	negative.key = key;
	negative.n = nnegative;
	positive.key = key + nnegative;
	positive.n = npositive;
	rank_metrics(negative, positive, &ranks);

	result->n = n;
	result->npositive = npositive;
	result->roc_auc = ranks.roc_auc;
	result->roc_auc_std_err = ranks.roc_auc_std_err;
	result->average_precision = ranks.average_precision;
	result->ks = ranks.ks;
	result->log_loss = result->brier_score = result->calibration_error = NAN;
	if (probabilities && n > 0)
	{
		result->log_loss = exact_sum_float8(&log_loss, n);
		result->brier_score = exact_sum_float8(&brier_score, n);
		result->calibration_error = calibration_error(negative, positive, CALIBRATION_BINS);
	}
	result->accuracy = share_of(confusion.tp + confusion.tn, n);
	result->precision = share_of(confusion.tp, confusion.tp + confusion.fp);
	result->recall = share_of(confusion.tp, confusion.tp + confusion.fn);
	result->f1 = share_of(2.0 * confusion.tp, 2.0 * confusion.tp + confusion.fp + confusion.fn);

	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
}
