/*-------------------------------------------------------------------------
 *
 * interval_usecs.c
 *	  A span of time given by a user, as microseconds.
 *
 * An interval has months, days and microseconds, and only the last is a
 * length.  Between two instants we measure lengths: a day is 24 hours, also on
 * the day the clocks change, and a month, whose length nobody can tell without
 * a calendar, is refused.
 *
 * IDENTIFICATION
 *	  src/behaviour/interval_usecs.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "behaviour/interval_usecs.h"
#include "compat.h"

static char *
interval_text(const Interval *span)
{
	return DatumGetCString(DirectFunctionCall1(interval_out,
											   IntervalPGetDatum(span)));
}

/*
 * The length of span, zero or more.  The name is that of the argument, for
 * messages.
 */
int64
interval_usecs(const Interval *span, const char *name)
{
	int64		usecs;

	/* before the months: an infinite interval has the most of them */
	if (INTERVAL_NOT_FINITE(span))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be finite, got %s", name, interval_text(span)));

	if (span->month != 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must not contain months or years, got %s",
					   name, interval_text(span)),
				errhint("Write it in weeks, days, hours or smaller units; a day counts as 24 hours."));

	if (pg_mul_s64_overflow(span->day, USECS_PER_DAY, &usecs) ||
		pg_add_s64_overflow(usecs, span->time, &usecs))
		ereport(ERROR,
				errcode(ERRCODE_INTERVAL_FIELD_OVERFLOW),
				errmsg("%s is out of range: %s", name, interval_text(span)));

	if (usecs < 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must not be negative, got %s",
					   name, interval_text(span)),
				errhint("Write a length of zero or more."));

	return usecs;
}
