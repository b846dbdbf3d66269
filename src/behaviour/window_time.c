/*-------------------------------------------------------------------------
 *
 * window_time.c
 *	  What window functions over rows in order of time have in common.
 *
 * IDENTIFICATION
 *	  src/behaviour/window_time.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "behaviour/interval_usecs.h"
#include "behaviour/window_time.h"

/* A length of time, in the unit of the times; the name is for messages. */
uint64
time_length(TimeScale scale, Datum value, const char *name)
{
	if (scale == SCALE_CLOCK)
		return interval_usecs(DatumGetIntervalP(value), name);

	if (DatumGetInt64(value) < 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must not be negative, got " INT64_FORMAT,
					   name, DatumGetInt64(value)),
				errhint("Write a length of zero or more."));

	return DatumGetInt64(value);
}

/* For arguments that are to be constant, which nothing else sees to. */
void
window_check_same(bool same, const char *name)
{
	if (!same)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must not change within a partition", name),
				errhint("Add what it depends on to PARTITION BY."));
}

void
window_time_error(FunctionCallInfo fcinfo, int argno, int64 last, int64 ts)
{
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(get_fn_expr_argtype(fcinfo->flinfo, argno),
					  &output, &is_varlena);
	ereport(ERROR,
			errcode(ERRCODE_WINDOWING_ERROR),
			errmsg("times are not in ascending order"),
			errdetail("%s comes after %s.",
					  OidOutputFunctionCall(output, Int64GetDatum(ts)),
					  OidOutputFunctionCall(output, Int64GetDatum(last))),
			errhint("Order the window by the same time: OVER (PARTITION BY ... ORDER BY ...), ascending."));
}
