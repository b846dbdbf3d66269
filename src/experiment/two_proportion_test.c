/*-------------------------------------------------------------------------
 *
 * two_proportion_test.c
 *	  two_proportion_test(): do the rates of two arms differ?
 *
 * IDENTIFICATION
 *	  src/experiment/two_proportion_test.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "experiment/arguments.h"
#include "experiment/distribution.h"
#include "fmgr.h"
#include "model/point_array.h"
#include "utils/float.h"

typedef struct Proportion
{
	int64		successes;
	int64		n;
	double		rate;
	double		lower;			/* the interval of Wilson */
	double		upper;
} Proportion;

PG_FUNCTION_INFO_V1(two_proportion_test);

static Proportion
proportion(int64 successes, int64 n, int arm, double z)
{
	Proportion	p = {.successes = successes,.n = n};
	double		shrink = 1 + z * z / n;
	double		middle;
	double		half;

	argument_check_count(n, arm == 1 ? "n1" : "n2");
	if (successes < 0 || successes > n)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("x%d must be between 0 and n%d, %lld, not %lld", arm, arm, (long long) n,
					   (long long) successes),
				errhint("x%d counts users with a success, n%d all users of the arm.", arm, arm));
	p.rate = (double) successes / n;
	middle = (p.rate + z * z / (2.0 * n)) / shrink;
	half = z * sqrt(p.rate * (1 - p.rate) / n + z * z / (4.0 * n * n)) / shrink;
	p.lower = successes == 0 ? 0 : middle - half;
	p.upper = successes == n ? 1 : middle + half;

	return p;
}

/* All of the users or none. */
static bool
proportion_is_extreme(const Proportion *p)
{
	return p->successes == 0 || p->successes == p->n;
}

/* What is not defined, and why; NULL when all is. */
static const char *
proportion_reason(const Proportion *control, const Proportion *treatment)
{
	if (control->successes == 0 && treatment->successes == 0)
		return "no success in either arm";
	if (control->successes == control->n && treatment->successes == treatment->n)
		return "nothing but successes in both arms";
	if (proportion_is_extreme(control) && proportion_is_extreme(treatment))
		return "one rate is 0 and the other 1: no std_err";
	if (control->successes == 0)
		return "no success in the control: no relative_lift";

	return NULL;
}

/* (x1 bigint, n1 bigint, x2 bigint, n2 bigint, alpha float8) => two_proportion_result */
Datum
two_proportion_test(PG_FUNCTION_ARGS)
{
	double		alpha = PG_GETARG_FLOAT8(4);
	double		critical;
	Proportion	control;
	Proportion	treatment;
	double		difference;
	double		pooled;
	double		z = get_float8_nan();
	double		std_err = get_float8_nan();
	PointArray	result;

	argument_check_alpha(alpha);
	critical = -normal_quantile(alpha / 2);
	control = proportion(PG_GETARG_INT64(0), PG_GETARG_INT64(1), 1, critical);
	treatment = proportion(PG_GETARG_INT64(2), PG_GETARG_INT64(3), 2, critical);
	difference = treatment.rate - control.rate;

	pooled = ((double) control.successes + treatment.successes) / ((double) control.n + treatment.n);
	if (!proportion_is_extreme(&control) || !proportion_is_extreme(&treatment))
		std_err = sqrt(control.rate * (1 - control.rate) / control.n +
					   treatment.rate * (1 - treatment.rate) / treatment.n);
	if (pooled > 0 && pooled < 1)
		z = difference / sqrt(pooled * (1 - pooled) * (1.0 / control.n + 1.0 / treatment.n));

	point_array_begin(&result, fcinfo);
	point_add_number(&result, control.rate);
	point_add_number(&result, treatment.rate);
	point_add_number(&result, difference);
	point_add_number(&result, control.successes == 0 ? get_float8_nan() : difference / control.rate);
	point_add_number(&result, z);
	point_add_number(&result, normal_two_sided(z));
	point_add_number(&result, std_err);
	point_add_number(&result, difference - critical * std_err);
	point_add_number(&result, difference + critical * std_err);
	point_add_number(&result, difference - hypot(treatment.rate - treatment.lower,
												 control.upper - control.rate));
	point_add_number(&result, difference + hypot(treatment.upper - treatment.rate,
												 control.rate - control.lower));
	point_add_text(&result, proportion_reason(&control, &treatment));

	PG_RETURN_DATUM(point_datum(&result));
}
