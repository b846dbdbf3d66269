/*-------------------------------------------------------------------------
 *
 * cuped.c
 *	  Aggregate cuped(): the Welch test of values less what their value before the
 *	  experiment explains.
 *
 * The slope theta is that of all rows, of both arms: adjusting does not look at
 * which arm a row is in (Deng, Xu, Kohavi and Walker, 2013).
 *
 * IDENTIFICATION
 *	  src/experiment/cuped.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "experiment/arm_moments.h"
#include "experiment/welch_test.h"
#include "model/point_array.h"

#define DEFAULT_ALPHA	0.05

/* A variance that is smaller than this share of what it is left of is rounding. */
#define ROUNDING		1e-14

PG_FUNCTION_INFO_V1(cuped_transfn);
PG_FUNCTION_INFO_V1(cuped_finalfn);

/* (internal, is_treatment boolean, value float8, pre float8) => internal */
Datum
cuped_transfn(PG_FUNCTION_ARGS)
{
	ArmMoments *state = arm_moments_state(fcinfo, 2);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2) && !PG_ARGISNULL(3))
	{
		double		value[2] = {PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3)};

		arm_add(&state->arm[PG_GETARG_BOOL(1) ? 1 : 0], value, 2);
	}

	PG_RETURN_POINTER(state);
}

/* The arm as it is, or with theta times its distance from the mean of all taken away. */
static ArmSummary
adjusted(const Moments *arm, double theta, double mean_of_all)
{
	ArmSummary	summary = {.n = arm->n,.mean = arm->mean[0],.var = arm->var[0]};

	if (theta == 0)
		return summary;
	summary.mean -= theta * (arm->mean[1] - mean_of_all);
	summary.var -= theta * (2 * arm->cov - theta * arm->var[1]);
	if (summary.var < ROUNDING * arm->var[0])
		summary.var = 0;

	return summary;
}

/* The variance within the arms. */
static double
pooled_variance(const ArmSummary *control, const ArmSummary *treatment)
{
	double		share = (control->n - 1.0) / ((control->n - 1.0) + (treatment->n - 1.0));

	return share * control->var + (1 - share) * treatment->var;
}

/* (internal) => cuped_result */
Datum
cuped_finalfn(PG_FUNCTION_ARGS)
{
	ArmMoments *state;
	Arm			all;
	Moments		moments[2];
	Moments		total;
	double		theta;
	ArmSummary	before[2];
	ArmSummary	after[2];
	WelchResult unadjusted;
	WelchResult welch;
	double		variance;
	PointArray	result;

	/* cannot be called directly because of internal-type argument */
	Assert(AggCheckCallContext(fcinfo, NULL));

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (ArmMoments *) PG_GETARG_POINTER(0);
	arm_init(&all);
	for (int i = 0; i < 2; i++)
	{
		arm_merge(&all, &state->arm[i], 2);
		arm_moments(&state->arm[i], 2, &moments[i]);
	}
	arm_moments(&all, 2, &total);

	theta = total.var[1] > 0 ? total.cov / total.var[1] : 0;
	for (int i = 0; i < 2; i++)
	{
		before[i] = adjusted(&moments[i], 0, 0);
		after[i] = adjusted(&moments[i], theta, total.mean[1]);
	}
	welch_compare(&before[0], &before[1], DEFAULT_ALPHA, &unadjusted);
	welch_compare(&after[0], &after[1], DEFAULT_ALPHA, &welch);
	if (welch.reason == NULL && total.var[1] == 0)
		welch.reason = "pre is the same in all rows: nothing is adjusted";

	variance = pooled_variance(&before[0], &before[1]);
	if (welch.reason == NULL && variance == 0)
		welch.reason = "value is the same within each arm: no variance_reduction";

	point_array_begin(&result, fcinfo);
	point_add_count(&result, after[0].n);
	point_add_count(&result, after[1].n);
	point_add_number(&result, total.n > 1 ? theta : get_float8_nan());
	point_add_number(&result, after[0].mean);
	point_add_number(&result, after[1].mean);
	point_add_number(&result, after[0].var);
	point_add_number(&result, after[1].var);
	point_add_number(&result, welch.difference);
	point_add_number(&result, welch.relative_lift);
	point_add_number(&result, welch.std_err);
	point_add_number(&result, welch.t);
	point_add_number(&result, welch.df);
	point_add_number(&result, welch.p_value);
	point_add_number(&result, welch.lower);
	point_add_number(&result, welch.upper);
	point_add_number(&result, welch.cohen_d);
	point_add_number(&result, variance > 0 ?
					 1 - pooled_variance(&after[0], &after[1]) / variance : get_float8_nan());
	point_add_number(&result, unadjusted.difference);
	point_add_number(&result, unadjusted.std_err);
	point_add_number(&result, unadjusted.p_value);
	point_add_text(&result, welch.reason);

	PG_RETURN_DATUM(point_datum(&result));
}
