/*-------------------------------------------------------------------------
 *
 * sequential_test.c
 *	  sequential_test(): an interval and a p-value that hold however often one
 *	  looks.
 *
 * An asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy and
 * Ramdas, 2021), narrowest at about "tuning" users.
 *
 * IDENTIFICATION
 *	  src/experiment/sequential_test.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/float.h"

#include "experiment/arguments.h"
#include "model/point_array.h"

PG_FUNCTION_INFO_V1(sequential_test);

static void
check_tuning(double tuning)
{
	argument_check_finite(tuning, "tuning");
	if (tuning < 1)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("tuning must be 1 or more, not %g", tuning),
				errhint("It is the number of users at which the interval is to be narrowest."));
}

/*
 * (difference float8, std_err float8, n bigint, alpha float8, tuning float8)
 * => sequential_result
 */
Datum
sequential_test(PG_FUNCTION_ARGS)
{
	double		difference = PG_GETARG_FLOAT8(0);
	double		std_err = PG_GETARG_FLOAT8(1);
	int64		n = PG_GETARG_INT64(2);
	double		alpha = PG_GETARG_FLOAT8(3);
	double		tuning = PG_GETARG_FLOAT8(4);
	double		rho;
	double		scale;
	double		z;
	double		half_width = get_float8_nan();
	double		p_value = get_float8_nan();
	PointArray	result;

	argument_check_finite(difference, "difference");
	argument_check_not_negative(std_err, "std_err");
	argument_check_count(n, "n");
	argument_check_alpha(alpha);
	check_tuning(tuning);

	rho = sqrt((-2 * log(alpha) + log(-2 * log(alpha) + 1)) / tuning);
	scale = n * rho * rho + 1;
	if (std_err > 0)
	{
		half_width = std_err * sqrt(2 * scale * (log(scale) / 2 - log(alpha)) / n) / rho;
		z = difference / std_err;
		p_value = Min(1, sqrt(scale) * exp(-n * rho * rho / (2 * scale) * z * z));
	}

	point_array_begin(&result, fcinfo);
	point_add_number(&result, difference);
	point_add_number(&result, std_err);
	point_add_count(&result, n);
	point_add_number(&result, rho);
	point_add_number(&result, half_width);
	point_add_number(&result, difference - half_width);
	point_add_number(&result, difference + half_width);
	point_add_number(&result, p_value);
	point_add_text(&result, std_err > 0 ? NULL : "std_err is 0");

	PG_RETURN_DATUM(point_datum(&result));
}
