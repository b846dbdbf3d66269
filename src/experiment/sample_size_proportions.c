/*-------------------------------------------------------------------------
 *
 * sample_size_proportions.c
 *	  sample_size_proportions(): how many users an experiment needs.
 *
 * IDENTIFICATION
 *	  src/experiment/sample_size_proportions.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/float.h"

#include "experiment/arguments.h"
#include "experiment/distribution.h"

PG_FUNCTION_INFO_V1(sample_size_proportions);

static void
check_rate(double rate, const char *name)
{
	if (!(rate >= 0 && rate <= 1))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be between 0 and 1, not %g", name, rate),
				errhint("A rate of 5 %% is 0.05."));
}

static void
check_power(double power, double alpha)
{
	if (!(power > alpha && power < 1))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("power must be between alpha, %g, and 1, both excluded, not %g", alpha, power),
				errhint("0.8 finds the difference in 80 %% of all experiments."));
}

/* (p1 float8, p2 float8, power float8, alpha float8) => float8, of each arm */
Datum
sample_size_proportions(PG_FUNCTION_ARGS)
{
	double		p1 = PG_GETARG_FLOAT8(0);
	double		p2 = PG_GETARG_FLOAT8(1);
	double		power = PG_GETARG_FLOAT8(2);
	double		alpha = PG_GETARG_FLOAT8(3);
	double		mean = (p1 + p2) / 2;
	double		root;

	check_rate(p1, "p1");
	check_rate(p2, "p2");
	argument_check_alpha(alpha);
	check_power(power, alpha);
	if (p1 == p2)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("p1 and p2 are both %g", p1),
				errhint("Without a difference there is nothing to find; p2 is the rate that is hoped for."));

	root = (-normal_quantile(alpha / 2) * sqrt(2 * mean * (1 - mean)) +
			normal_quantile(power) * sqrt(p1 * (1 - p1) + p2 * (1 - p2))) / (p2 - p1);
	if (isinf(root * root))
		float_overflow_error();

	PG_RETURN_FLOAT8(root * root);
}
