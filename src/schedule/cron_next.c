/*-------------------------------------------------------------------------
 *
 * cron_next.c
 *	  cron_next(): when a schedule runs next.
 *
 * The calendar knows no time zone: cron_schedule_find() finds the next minute of
 * the wall clock that the fields name, counted as if each day had 24 hours.  What
 * a minute of the wall clock is in real time is asked of the zone, one stretch of
 * constant offset after the other.
 *
 * When the clocks change, a schedule at fixed times runs once for each of them:
 * at the first moment at which the wall clock shows that time or a later one.  So
 * 02:30 is 03:00 on the day that has no 02:30, and the first 02:30 on the day that
 * has two.  A schedule with an asterisk in the hour or the minute follows the real
 * time: it runs whenever the wall clock shows such a minute.  Debian's cron does
 * both so.
 *
 * Every time is looked for from the one before, and nothing is kept: the same
 * question always has the same answer.
 *
 * IDENTIFICATION
 *	  src/schedule/cron_next.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "schedule/cron_next.h"

/* No zone is further than this from UTC. */
#define ZONE_MAX_SECS	((int64) MAX_TZDISP_HOUR * SECS_PER_HOUR + SECS_PER_HOUR)

/* Intervals are counted from the first day of the century, a Monday. */
#define INTERVAL_ANCHOR_DAY	366

/* A stretch of real time in which the zone has one offset. */
typedef struct ZoneStretch
{
	TimestampTz from;
	TimestampTz until;			/* not included; infinity for the last */
	int64		offset;			/* microseconds that the wall clock is ahead
								 * of UTC */
} ZoneStretch;

PG_FUNCTION_INFO_V1(cron_next);
PG_FUNCTION_INFO_V1(_cron_due);

static int64
floor_divide(int64 value, int64 by)
{
	return value / by - (value % by < 0);
}

/* The stretch that a time is in; from is the time itself. */
static void
zone_stretch_at(ZoneStretch *stretch, pg_tz *zone, TimestampTz at)
{
	pg_time_t	second = (pg_time_t) floor_divide(at, USECS_PER_SEC) +
	((POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY);
	pg_time_t	boundary;
	long int	before_offset;
	long int	after_offset;
	int			before_isdst;
	int			after_isdst;
	int			found;

	found = pg_next_dst_boundary(&second, &before_offset, &before_isdst,
								 &boundary, &after_offset, &after_isdst, zone);
	if (found < 0)
		ereport(ERROR,
				errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				errmsg("time is out of the range of its time zone"));

	stretch->from = at;
	stretch->until = found > 0 ? time_t_to_timestamptz(boundary) : DT_NOEND;
	stretch->offset = before_offset * USECS_PER_SEC;
}

/* The first moment at which the wall clock shows this time, or a later one. */
static TimestampTz
first_moment(pg_tz *zone, Timestamp local)
{
	ZoneStretch stretch;

	zone_stretch_at(&stretch, zone, local - ZONE_MAX_SECS * USECS_PER_SEC);
	while (local - stretch.offset >= stretch.until)
		zone_stretch_at(&stretch, zone, stretch.until);

	return Max(local - stretch.offset, stretch.from);
}

static bool
day_matches(const CronSchedule *schedule, int julian, int year, int month, int mday)
{
	bool		by_mday = (schedule->mdays >> mday & 1) ||
	(schedule->last_mday && mday == day_tab[isleap(year)][month - 1]);
	bool		by_wday = schedule->wdays >> j2day(julian) & 1;

	/* Vixie's rule: either, when both are restricted */
	if (schedule->mday_star || schedule->wday_star)
		return by_mday && by_wday;

	return by_mday || by_wday;
}

/* Sets minute, of a day, to the first one from there that the fields name. */
static bool
find_minute_of_day(const CronSchedule *schedule, int *minute)
{
	for (int hour = *minute / MINS_PER_HOUR; hour < HOURS_PER_DAY; hour++)
	{
		int			first = Max(*minute - hour * MINS_PER_HOUR, 0);

		if ((schedule->hours >> hour & 1) == 0)
			continue;
		for (int i = first; i < MINS_PER_HOUR; i++)
		{
			if (schedule->minutes >> i & 1)
			{
				*minute = hour * MINS_PER_HOUR + i;
				return true;
			}
		}
	}

	return false;
}

/*
 * Sets minute, of the wall clock since 2000-01-01 00:00, to the first one from
 * there that the schedule names; false past the end of the calendar.  A day that
 * exists comes at least every 40 years, the 29th of February on a weekday.
 */
bool
cron_schedule_find(const CronSchedule *schedule, int64 *minute)
{
	int64		day = floor_divide(*minute, MINS_PER_DAY);
	int			of_day = (int) (*minute - day * MINS_PER_DAY);

	while (day < TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE)
	{
		int			julian = (int) day + POSTGRES_EPOCH_JDATE;
		int			year,
					month,
					mday;

		j2date(julian, &year, &month, &mday);
		if ((schedule->months >> month & 1) == 0)
			day += day_tab[isleap(year)][month - 1] - mday + 1;
		else
		{
			if (day_matches(schedule, julian, year, month, mday) && find_minute_of_day(schedule, &of_day))
			{
				*minute = day * MINS_PER_DAY + of_day;
				return true;
			}
			day++;
		}
		of_day = 0;
	}

	return false;
}

/* The first minute of the wall clock that begins after a time. */
static int64
minute_after(int64 local)
{
	return floor_divide(local, USECS_PER_MINUTE) + 1;
}

/* An asterisk in the hour or the minute: each time the wall clock shows it. */
static TimestampTz
next_by_real_time(const CronSchedule *schedule, TimestampTz after, pg_tz *zone)
{
	ZoneStretch stretch;
	int64		minute;

	zone_stretch_at(&stretch, zone, after);
	minute = minute_after(after + stretch.offset);
	for (;;)
	{
		TimestampTz next;

		if (!cron_schedule_find(schedule, &minute))
			return DT_NOEND;
		next = minute * USECS_PER_MINUTE - stretch.offset;
		if (next < stretch.until)
			return next;

		zone_stretch_at(&stretch, zone, stretch.until);
		minute = minute_after(stretch.from + stretch.offset - 1);
	}
}

/* Fixed times: each once, whatever the clocks do. */
static TimestampTz
next_by_wall_clock(const CronSchedule *schedule, TimestampTz after, pg_tz *zone)
{
	ZoneStretch stretch;
	int64		minute;

	zone_stretch_at(&stretch, zone, after);
	for (minute = minute_after(after + stretch.offset); cron_schedule_find(schedule, &minute); minute++)
	{
		TimestampTz next = first_moment(zone, minute * USECS_PER_MINUTE);

		/* else the wall clock has shown it before it was put back */
		if (next > after)
			return next;
	}

	return DT_NOEND;
}

static TimestampTz
next_by_interval(int64 every, TimestampTz after, pg_tz *zone)
{
	TimestampTz anchor = first_moment(zone, INTERVAL_ANCHOR_DAY * USECS_PER_DAY);
	TimestampTz last = anchor + floor_divide(after - anchor, every) * every;
	TimestampTz next;

	return pg_add_s64_overflow(last, every, &next) ? DT_NOEND : next;
}

static TimestampTz
next_time(const CronSchedule *schedule, TimestampTz after, pg_tz *zone)
{
	if (schedule->every > 0)
		return next_by_interval(schedule->every, after, zone);
	if (schedule->clock_star)
		return next_by_real_time(schedule, after, zone);

	return next_by_wall_clock(schedule, after, zone);
}

static pg_tz *
read_zone(const char *name)
{
	pg_tz	   *zone = pg_tzset(name);

	if (zone == NULL || !pg_tz_acceptable(zone))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("time zone \"%s\" is not known", cron_shown(name)),
				errhint("SELECT name FROM pg_timezone_names lists the time zones, such as Europe/Berlin."));

	return zone;
}

/* A day is left on both sides for what the zone adds. */
static void
check_time(TimestampTz at)
{
	if (TIMESTAMP_NOT_FINITE(at) || at < MIN_TIMESTAMP + USECS_PER_DAY || at >= END_TIMESTAMP - USECS_PER_DAY)
		ereport(ERROR,
				errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				errmsg("time of a schedule is out of range"));
}

/* cron_next(schedule text, after timestamptz, timezone text) => timestamptz */
Datum
cron_next(PG_FUNCTION_ARGS)
{
	char	   *expression = text_to_cstring(PG_GETARG_TEXT_PP(0));
	TimestampTz after = PG_GETARG_TIMESTAMPTZ(1);
	pg_tz	   *zone = read_zone(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	CronSchedule schedule;
	TimestampTz next;

	cron_schedule_parse(&schedule, expression);
	check_time(after);

	next = next_time(&schedule, after, zone);
	if (next >= END_TIMESTAMP)
		ereport(ERROR,
				errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				errmsg("the next time of schedule \"%s\" is out of range", cron_shown(expression)));

	PG_RETURN_TIMESTAMPTZ(next);
}

/*
 * _cron_due(schedule text, after timestamptz, until timestamptz, timezone text,
 *			 OUT first timestamptz, OUT last timestamptz, OUT times bigint)
 *
 * The times after one moment and not after another.
 */
Datum
_cron_due(PG_FUNCTION_ARGS)
{
	char	   *expression = text_to_cstring(PG_GETARG_TEXT_PP(0));
	TimestampTz after = PG_GETARG_TIMESTAMPTZ(1);
	TimestampTz until = PG_GETARG_TIMESTAMPTZ(2);
	pg_tz	   *zone = read_zone(text_to_cstring(PG_GETARG_TEXT_PP(3)));
	CronSchedule schedule;
	TupleDesc	tupdesc;
	Datum		values[3];
	bool		nulls[3] = {false};
	TimestampTz first;
	TimestampTz last;
	int64		times = 0;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	cron_schedule_parse(&schedule, expression);
	check_time(after);
	check_time(until);

	first = last = next_time(&schedule, after, zone);
	if (first > until)
		nulls[0] = nulls[1] = true;
	else if (schedule.every > 0)
	{
		times = (until - first) / schedule.every + 1;
		last = first + (times - 1) * schedule.every;
	}
	else
	{
		for (TimestampTz at = first; at <= until; at = next_time(&schedule, at, zone))
		{
			CHECK_FOR_INTERRUPTS();
			last = at;
			times++;
		}
	}

	values[0] = TimestampTzGetDatum(first);
	values[1] = TimestampTzGetDatum(last);
	values[2] = Int64GetDatum(times);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}
