/*-------------------------------------------------------------------------
 *
 * logistic_kernel.h
 *	  What a logistic regression needs of all rows, in one pass each.
 *
 * IDENTIFICATION
 *	  src/model/logistic_kernel.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_LOGISTIC_KERNEL_H
#define SHOPANALYTICS_LOGISTIC_KERNEL_H

#include "model/logistic_rows.h"

/* Of one column; by weight. */
typedef struct LogisticMoment
{
	double		mean;
	double		m2;				/* sum of squares about the mean */
	double		min;
	double		max;
} LogisticMoment;

typedef struct LogisticMoments
{
	int64		n[2];			/* rows with a weight above 0, by label */
	double		weight[2];
	LogisticMoment *column;
} LogisticMoments;

/* At one point; matrices and vectors have the intercept first. */
typedef struct LogisticPass
{
	double		loss;			/* -log likelihood */
	double		min_margin;		/* least margin by which a row is on its side */
	double	   *gradient;		/* of -loss */
	double	   *hessian;		/* of loss; lower triangle */
} LogisticPass;

extern void logistic_moments(LogisticRows *rows, LogisticMoments *moments);
extern LogisticPass *logistic_pass_create(int n);
extern void logistic_pass(LogisticRows *rows, int step, const double *coef, LogisticPass *pass);
extern void logistic_sides(LogisticRows *rows, const double *direction, double slack,
						   double *least, double *greatest);

#endif							/* SHOPANALYTICS_LOGISTIC_KERNEL_H */
