/*-------------------------------------------------------------------------
 *
 * arguments.c
 *	  Checks of what tests of experiments are given.
 *
 * IDENTIFICATION
 *	  src/experiment/arguments.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "experiment/arguments.h"

void
argument_check_alpha(double alpha)
{
	if (!(alpha > 0 && alpha < 1))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("alpha must be between 0 and 1, both excluded, not %g", alpha),
				errhint("0.05 makes intervals of 95 %%."));
}

void
argument_check_finite(double value, const char *name)
{
	if (isnan(value) || isinf(value))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s is %s", name, isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity"),
				errhint("Make it null, or leave it out."));
}

void
argument_check_not_negative(double value, const char *name)
{
	argument_check_finite(value, name);
	if (value < 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must not be negative, but is %g", name, value));
}

void
argument_check_count(int64 n, const char *name)
{
	if (n < 1)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be 1 or more, not %lld", name, (long long) n),
				errhint("With NULLIF(%s, 0) the result is null where nobody was observed.", name));
}

/* The elements of an array of one dimension. */
int
argument_array_length(ArrayType *array, const char *name)
{
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				errmsg("%s must be an array of one dimension, not %d", name, ARR_NDIM(array)));

	return ARR_NDIM(array) == 0 ? 0 : ARR_DIMS(array)[0];
}
