/*-------------------------------------------------------------------------
 *
 * arm_moments.h
 *	  Means, variances and covariance of the values of two arms, as a state of
 *	  aggregates.
 *
 * IDENTIFICATION
 *	  src/experiment/arm_moments.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_ARM_MOMENTS_H
#define SHOPANALYTICS_ARM_MOMENTS_H

#include "behaviour/exact_sum.h"
#include "fmgr.h"

/* Sums of values and of products of two: of the first, of the second, of both. */
typedef struct Arm
{
	int64		n;
	ExactSum	sum[2];
	ExactSum	product[3];
} Arm;

typedef struct ArmMoments
{
	int			nvalues;		/* of a row, 1 or 2 */
	Arm			arm[2];			/* control, treatment */
} ArmMoments;

/* var and cov are of a sample; NaN where there are too few rows. */
typedef struct Moments
{
	int64		n;
	double		mean[2];
	double		var[2];
	double		cov;
} Moments;

extern ArmMoments *arm_moments_state(FunctionCallInfo fcinfo, int nvalues);
extern void arm_add(Arm *arm, const double *value, int nvalues);
extern void arm_merge(Arm *arm, const Arm *other, int nvalues);
extern void arm_init(Arm *arm);
extern void arm_moments(const Arm *arm, int nvalues, Moments *result);

#endif							/* SHOPANALYTICS_ARM_MOMENTS_H */
