/*-------------------------------------------------------------------------
 *
 * window_time.h
 *	  What window functions over rows in order of time have in common.
 *
 * Times are plain 64-bit integers, microseconds or what the user counts in.
 * The distance of two of them need not fit in 64 bits with a sign, but does
 * without one when the earlier is known, as it is.
 *
 * IDENTIFICATION
 *	  src/behaviour/window_time.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_WINDOW_TIME_H
#define SHOPANALYTICS_WINDOW_TIME_H

#include "datatype/timestamp.h"
#include "fmgr.h"
#include "windowapi.h"

#define ROWS_KEPT	32			/* of those already passed, at most */

typedef enum TimeScale
{
	SCALE_CLOCK,				/* timestamps, which can be infinite */
	SCALE_NUMBER				/* bigint, in any unit */
} TimeScale;

extern uint64 time_length(TimeScale scale, Datum value, const char *name);
extern void window_check_same(bool same, const char *name);
extern void window_time_error(FunctionCallInfo fcinfo, int argno,
							  int64 last, int64 ts);

/*
 * Distance of two times, the earlier first.  From or to an infinite time it is
 * longer than any length, unless both are the same.
 */
static inline uint64
time_gap(TimeScale scale, int64 from, int64 to)
{
	if (scale == SCALE_CLOCK && from != to &&
		(TIMESTAMP_IS_NOBEGIN(from) || TIMESTAMP_IS_NOEND(to)))
		return PG_UINT64_MAX;

	return (uint64) to - (uint64) from;
}

/* The time of a row must not be before that of the last one that had any. */
static inline void
window_check_time(FunctionCallInfo fcinfo, int argno, int64 last, int64 ts)
{
	if (unlikely(ts < last))
		window_time_error(fcinfo, argno, last, ts);
}

/*
 * For functions that read no row before the current one again: the executor
 * need not keep those.  Telling it costs more than the rest of a simple
 * function, hence only now and then; most partitions end before.
 */
static inline void
window_forget_rows(WindowObject winobj)
{
	int64		position = WinGetCurrentPosition(winobj);

	if (position % ROWS_KEPT == 0 && position > 0)
		WinSetMarkPosition(winobj, position);
}

#endif							/* SHOPANALYTICS_WINDOW_TIME_H */
