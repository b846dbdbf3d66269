/*-------------------------------------------------------------------------
 *
 * evaluation.h
 *	  How good the scores of rows with a known class are.
 *
 * IDENTIFICATION
 *	  src/model/evaluation.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_EVALUATION_H
#define SHOPANALYTICS_EVALUATION_H

/* Doubles are NaN where they are undefined, which is NULL in SQL. */
typedef struct Evaluation
{
	int64		n;
	int64		npositive;
	double		roc_auc;
	double		average_precision;
	double		log_loss;		/* also NaN for scores outside 0 to 1 */
	double		brier_score;	/* the same */
	double		ks;
	double		accuracy;
	double		precision;
	double		recall;
	double		f1;
	double		roc_auc_std_err;
	double		calibration_error;	/* over ten bins of equal width */
} Evaluation;

/* Rows by their class and by what a threshold makes of them. */
typedef struct Confusion
{
	int64		tp;
	int64		fp;
	int64		tn;
	int64		fn;
} Confusion;

/* Where log_loss clips a probability: the distance of 1 to the next float8. */
#define LOG_LOSS_CLIP	2.220446049250313e-16

extern void evaluate(const bool *label, const double *score, int64 n, double threshold, Evaluation *result);

/* The loss of one row; the score is in 0 to 1. */
extern double log_loss_of(bool label, double score);
extern double brier_score_of(bool label, double score);

/* numerator / denominator, undefined over zero */
extern double share_of(double numerator, double denominator);

static inline void
confusion_add(Confusion *confusion, bool label, double score, double threshold)
{
	bool		predicted = score >= threshold;

	confusion->tp += label && predicted;
	confusion->fp += !label && predicted;
	confusion->tn += !label && !predicted;
	confusion->fn += label && !predicted;
}

#endif							/* SHOPANALYTICS_EVALUATION_H */
