/*-------------------------------------------------------------------------
 *
 * calendar_period.h
 *	  Periods of the calendar, numbered; see calendar_period.c.
 *
 * IDENTIFICATION
 *	  src/behaviour/calendar_period.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_CALENDAR_PERIOD_H
#define SHOPANALYTICS_CALENDAR_PERIOD_H

#include "behaviour/rolling_day.h"

#define CALENDAR_WEEK_DAYS 7

typedef enum CalendarUnit
{
	CALENDAR_HOUR,
	CALENDAR_DAY,
	CALENDAR_WEEK,
	CALENDAR_MONTH,
	CALENDAR_QUARTER,
	CALENDAR_YEAR
} CalendarUnit;

/* As many stretches between changes of clocks as are remembered. */
#define CALENDAR_ZONES 16

typedef struct Calendar
{
	CalendarUnit unit;
	int			week_start;		/* 1: Monday, to 7: Sunday */
	const char *timezone;		/* NULL: that of the session */
	RollingZone zones[CALENDAR_ZONES];
} Calendar;

extern void calendar_set(Calendar *calendar, CalendarUnit unit,
						 const char *timezone, int week_start);
extern int64 calendar_period(Calendar *calendar, TimestampTz ts);
extern TimestampTz calendar_start(Calendar *calendar, int64 period);

#endif							/* SHOPANALYTICS_CALENDAR_PERIOD_H */
