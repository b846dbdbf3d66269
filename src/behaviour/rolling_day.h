/*-------------------------------------------------------------------------
 *
 * rolling_day.h
 *	  The calendar day of a moment in a time zone; see rolling_day.c.
 *
 * IDENTIFICATION
 *	  src/behaviour/rolling_day.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_ROLLING_DAY_H
#define SHOPANALYTICS_ROLLING_DAY_H

#include "datatype/timestamp.h"
#include "pgtime.h"

/* A zone's clocks differ from UTC by less than a week: see POSIX zones. */
#define ROLLING_MAX_SETBACK 15	/* days that they can go back, and one more */

typedef struct RollingZone
{
	char		name[TZ_STRLEN_MAX + 1];	/* as given */
	int			kind;			/* TZNAME_..., as DecodeTimezoneName says */
	pg_tz	   *tz;				/* unless the offset is fixed */
	TimestampTz from;			/* clocks stay as they are from here ... */
	TimestampTz until;			/* ... to just before here */
	int64		offset;			/* microseconds that they are ahead of UTC */
	int64		later;			/* the earliest day from "until" on */
} RollingZone;

extern void rolling_zone_set(RollingZone *zone, const char *name);
extern void rolling_zone_find(RollingZone *zone, TimestampTz ts);

static inline int64
rolling_local_day(TimestampTz ts, int64 offset)
{
	int64		local = ts + offset;
	int64		day = local / USECS_PER_DAY;

	return local % USECS_PER_DAY < 0 ? day - 1 : day;
}

/*
 * Days since 2000-01-01 of a finite time.  No later time is on a day before
 * *earliest, which is the same day unless clocks are set back over midnight.
 */
static inline int64
rolling_day(RollingZone *zone, TimestampTz ts, int64 *earliest)
{
	int64		day;

	if (unlikely(ts < zone->from || ts >= zone->until))
		rolling_zone_find(zone, ts);
	day = rolling_local_day(ts, zone->offset);
	*earliest = Min(day, zone->later);

	return day;
}

/* The times from *first to *last are on the day that was found last. */
static inline void
rolling_day_times(const RollingZone *zone, int64 day,
				  TimestampTz *first, TimestampTz *last)
{
	TimestampTz midnight = day * USECS_PER_DAY - zone->offset;

	*first = Max(zone->from, midnight);
	*last = Min(zone->until, midnight + USECS_PER_DAY) - 1;
}

#endif							/* SHOPANALYTICS_ROLLING_DAY_H */
