/*-------------------------------------------------------------------------
 *
 * calendar_period.c
 *	  Periods of the calendar, numbered.
 *
 * Periods of one unit have numbers without holes, so how many periods lie
 * between two moments is a difference.  From the day up the number is that of
 * the local date: a day of 23 or 25 hours is one day.  An hour is one of those
 * that pass, so the hour that the clocks show twice is two.
 *
 * IDENTIFICATION
 *	  src/behaviour/calendar_period.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "behaviour/calendar_period.h"
#include "compat.h"

#define QUARTERS_PER_YEAR	4
#define MONTHS_PER_QUARTER	3
#define MONDAY_BEFORE		1	/* day 2, 2000-01-03, is a Monday */

/* A bit less than 102 days, so that a year of any zone has its own stretches. */
#define STRETCH_BITS		43

/* NULL names the zone of the session. */
void
calendar_set(Calendar *calendar, CalendarUnit unit, const char *timezone, int week_start)
{
	int			i;

	memset(calendar, 0, sizeof(Calendar));
	calendar->unit = unit;
	calendar->week_start = week_start;
	calendar->timezone = timezone;
	for (i = 0; i < CALENDAR_ZONES; i++)
		rolling_zone_set(&calendar->zones[i], timezone);
}

static int64
floor_divide(int64 value, int64 by)
{
	return value / by - (value % by < 0);
}

/*
 * What is known of the clocks around ts.  Events come in any order, and those of
 * one user again and again from the beginning: each quarter has its own place.
 */
static RollingZone *
zone_at(Calendar *calendar, TimestampTz ts)
{
	RollingZone *zone = &calendar->zones[(ts >> STRETCH_BITS) & (CALENDAR_ZONES - 1)];

	if (unlikely(ts < zone->from || ts >= zone->until))
		rolling_zone_find(zone, ts);

	return zone;
}

/* How much later than by UTC an hour begins. */
static int64
hour_shift(Calendar *calendar, TimestampTz ts)
{
	int64		offset = zone_at(calendar, ts)->offset;

	return offset - floor_divide(offset, USECS_PER_HOUR) * USECS_PER_HOUR;
}

/* The number of the period that a finite time is in. */
int64
calendar_period(Calendar *calendar, TimestampTz ts)
{
	int64		day;
	int			year,
				month,
				mday;

	if (calendar->unit == CALENDAR_HOUR)
	{
		int64		hour = floor_divide(ts, USECS_PER_HOUR);

		return hour + floor_divide(ts - hour * USECS_PER_HOUR + hour_shift(calendar, ts),
								   USECS_PER_HOUR);
	}

	day = rolling_local_day(ts, zone_at(calendar, ts)->offset);
	if (calendar->unit == CALENDAR_DAY)
		return day;
	if (calendar->unit == CALENDAR_WEEK)
		return floor_divide(day - MONDAY_BEFORE - calendar->week_start, CALENDAR_WEEK_DAYS);

	j2date((int) day + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
	switch (calendar->unit)
	{
		case CALENDAR_MONTH:
			return (int64) year * MONTHS_PER_YEAR + month - 1;
		case CALENDAR_QUARTER:
			return (int64) year * QUARTERS_PER_YEAR + (month - 1) / MONTHS_PER_QUARTER;
		default:
			return year;
	}
}

static int64
first_of_month(int64 year, int64 month)
{
	return date2j((int) year, (int) month, 1) - POSTGRES_EPOCH_JDATE;
}

/* The day with which a period begins. */
static int64
first_day(const Calendar *calendar, int64 period)
{
	int64		year;

	switch (calendar->unit)
	{
		case CALENDAR_WEEK:
			return period * CALENDAR_WEEK_DAYS + MONDAY_BEFORE + calendar->week_start;
		case CALENDAR_MONTH:
			year = floor_divide(period, MONTHS_PER_YEAR);
			return first_of_month(year, period - year * MONTHS_PER_YEAR + 1);
		case CALENDAR_QUARTER:
			year = floor_divide(period, QUARTERS_PER_YEAR);
			return first_of_month(year, (period - year * QUARTERS_PER_YEAR) * MONTHS_PER_QUARTER + 1);
		case CALENDAR_YEAR:
			return first_of_month(period, 1);
		default:
			return period;
	}
}

/*
 * When a period begins, as date_trunc() says; -infinity or infinity if that is
 * out of the range of times.
 */
TimestampTz
calendar_start(Calendar *calendar, int64 period)
{
	int64		unit = calendar->unit == CALENDAR_HOUR ? USECS_PER_HOUR : USECS_PER_DAY;
	int64		number = calendar->unit == CALENDAR_HOUR ? period : first_day(calendar, period);
	Timestamp	start;

	/* a day is left on both sides for what the zone adds */
	if (number <= MIN_TIMESTAMP / unit + USECS_PER_DAY / unit)
		return DT_NOBEGIN;
	if (number >= END_TIMESTAMP / unit - USECS_PER_DAY / unit)
		return DT_NOEND;

	start = number * unit;
	if (calendar->unit == CALENDAR_HOUR)
		return start - hour_shift(calendar, start);

	if (calendar->timezone == NULL)
		return DatumGetTimestampTz(DirectFunctionCall1(timestamp_timestamptz,
													   TimestampGetDatum(start)));

	return DatumGetTimestampTz(DirectFunctionCall2(timestamp_zone,
												   CStringGetTextDatum(calendar->timezone),
												   TimestampGetDatum(start)));
}
