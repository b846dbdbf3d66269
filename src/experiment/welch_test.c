/*-------------------------------------------------------------------------
 *
 * welch_test.c
 *	  welch_test(), of means and variances or as an aggregate of values: do the
 *	  means of two arms differ?
 *
 * IDENTIFICATION
 *	  src/experiment/welch_test.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "experiment/arguments.h"
#include "experiment/arm_moments.h"
#include "experiment/distribution.h"
#include "experiment/welch_test.h"
#include "model/point_array.h"

#define DEFAULT_ALPHA	0.05

PG_FUNCTION_INFO_V1(welch_test);
PG_FUNCTION_INFO_V1(welch_test_transfn);
PG_FUNCTION_INFO_V1(welch_test_finalfn);

/* Why there is no test; NULL when there is one. */
static const char *
welch_reason(const ArmSummary *control, const ArmSummary *treatment)
{
	if (control->n == 0)
		return treatment->n == 0 ? "no values in either arm" : "no values in the control";
	if (treatment->n == 0)
		return "no values in the treatment";
	if (control->n == 1)
		return treatment->n == 1 ? "one value in each arm: no variance" :
			"one value in the control: no variance";
	if (treatment->n == 1)
		return "one value in the treatment: no variance";
	if (control->var == 0 && treatment->var == 0)
		return "the variance is 0 in both arms";

	return NULL;
}

void
welch_compare(const ArmSummary *control, const ArmSummary *treatment, double alpha,
			  WelchResult *result)
{
	double		nan = get_float8_nan();
	double		square1;
	double		square2;
	double		share;
	double		half;

	result->relative_lift = result->std_err = result->t = result->df = result->p_value = nan;
	result->lower = result->upper = result->cohen_d = nan;
	result->reason = welch_reason(control, treatment);
	result->difference = treatment->mean - control->mean;
	if (isinf(result->difference))
		float_overflow_error();
	if (control->mean != 0)
		result->relative_lift = result->difference / fabs(control->mean);
	else if (result->reason == NULL)
		result->reason = "the mean of the control is 0: no relative_lift";
	if (isinf(result->relative_lift))
		float_overflow_error();
	if (welch_reason(control, treatment) != NULL)
		return;

	square1 = control->var / control->n;
	square2 = treatment->var / treatment->n;
	if (isinf(square1 + square2) || isinf(control->var + treatment->var))
		float_overflow_error();
	if (square1 + square2 == 0)
		float_underflow_error();
	share = square1 / (square1 + square2);
	result->std_err = sqrt(square1 + square2);
	result->t = result->difference / result->std_err;
	result->df = 1 / (share * share / (control->n - 1) +
					  (1 - share) * (1 - share) / (treatment->n - 1));
	result->p_value = student_two_sided(result->t, result->df);
	half = student_critical(alpha, result->df) * result->std_err;
	result->lower = result->difference - half;
	result->upper = result->difference + half;
	share = (control->n - 1.0) / ((control->n - 1.0) + (treatment->n - 1.0));
	result->cohen_d = result->difference / sqrt(share * control->var + (1 - share) * treatment->var);
}

static Datum
welch_datum(FunctionCallInfo fcinfo, const ArmSummary *control, const ArmSummary *treatment,
			double alpha)
{
	WelchResult welch;
	PointArray	result;

	welch_compare(control, treatment, alpha, &welch);
	point_array_begin(&result, fcinfo);
	point_add_count(&result, control->n);
	point_add_count(&result, treatment->n);
	point_add_number(&result, control->mean);
	point_add_number(&result, treatment->mean);
	point_add_number(&result, control->n > 1 ? control->var : get_float8_nan());
	point_add_number(&result, treatment->n > 1 ? treatment->var : get_float8_nan());
	point_add_number(&result, welch.difference);
	point_add_number(&result, welch.relative_lift);
	point_add_number(&result, welch.std_err);
	point_add_number(&result, welch.t);
	point_add_number(&result, welch.df);
	point_add_number(&result, welch.p_value);
	point_add_number(&result, welch.lower);
	point_add_number(&result, welch.upper);
	point_add_number(&result, welch.cohen_d);
	point_add_text(&result, welch.reason);

	return point_datum(&result);
}

/*
 * (mean1 float8, var1 float8, n1 bigint, mean2 float8, var2 float8, n2 bigint, alpha float8)
 * => welch_result
 */
Datum
welch_test(PG_FUNCTION_ARGS)
{
	ArmSummary	control = {.mean = PG_GETARG_FLOAT8(0),.var = PG_GETARG_FLOAT8(1),.n = PG_GETARG_INT64(2)};
	ArmSummary	treatment = {.mean = PG_GETARG_FLOAT8(3),.var = PG_GETARG_FLOAT8(4),.n = PG_GETARG_INT64(5)};
	double		alpha = PG_GETARG_FLOAT8(6);

	argument_check_finite(control.mean, "mean1");
	argument_check_not_negative(control.var, "var1");
	argument_check_count(control.n, "n1");
	argument_check_finite(treatment.mean, "mean2");
	argument_check_not_negative(treatment.var, "var2");
	argument_check_count(treatment.n, "n2");
	argument_check_alpha(alpha);

	PG_RETURN_DATUM(welch_datum(fcinfo, &control, &treatment, alpha));
}

/* (internal, is_treatment boolean, value float8) => internal */
Datum
welch_test_transfn(PG_FUNCTION_ARGS)
{
	ArmMoments *state = arm_moments_state(fcinfo, 1);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		double		value = PG_GETARG_FLOAT8(2);

		arm_add(&state->arm[PG_GETARG_BOOL(1) ? 1 : 0], &value, 1);
	}

	PG_RETURN_POINTER(state);
}

static ArmSummary
summary_of(const Arm *arm)
{
	Moments		moments;
	ArmSummary	summary;

	arm_moments(arm, 1, &moments);
	summary.n = moments.n;
	summary.mean = moments.mean[0];
	summary.var = moments.var[0];

	return summary;
}

/* (internal) => welch_result */
Datum
welch_test_finalfn(PG_FUNCTION_ARGS)
{
	ArmMoments *state;
	ArmSummary	control;
	ArmSummary	treatment;

	/* cannot be called directly because of internal-type argument */
	Assert(AggCheckCallContext(fcinfo, NULL));

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (ArmMoments *) PG_GETARG_POINTER(0);
	control = summary_of(&state->arm[0]);
	treatment = summary_of(&state->arm[1]);

	PG_RETURN_DATUM(welch_datum(fcinfo, &control, &treatment, DEFAULT_ALPHA));
}
