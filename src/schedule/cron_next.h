/*-------------------------------------------------------------------------
 *
 * cron_next.h
 *	  A schedule, read: what its text says, and the calendar's side of it.
 *
 * IDENTIFICATION
 *	  src/schedule/cron_next.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRON_NEXT_H
#define CRON_NEXT_H

#define MINS_PER_DAY	(HOURS_PER_DAY * MINS_PER_HOUR)

typedef struct CronSchedule
{
	int64		every;			/* microseconds of an interval; 0: a cron
								 * expression */
	uint64		minutes;		/* one bit for each value that a field names */
	uint64		hours;
	uint64		mdays;
	uint64		months;
	uint64		wdays;			/* Sunday is 0 */
	bool		last_mday;		/* L in the day of month */
	bool		mday_star;		/* the field starts with an asterisk */
	bool		wday_star;
	bool		clock_star;		/* the hour or the minute does */
} CronSchedule;

extern char *cron_shown(const char *text);
extern void cron_schedule_parse(CronSchedule *schedule, const char *expression);
extern bool cron_schedule_find(const CronSchedule *schedule, int64 *minute);

#endif							/* CRON_NEXT_H */
