/*-------------------------------------------------------------------------
 *
 * rolling_day.c
 *	  The calendar day of a moment in a time zone, cheaply.
 *
 * Between two changes of its clocks a zone is a fixed offset from UTC, and
 * the day a division.  So one look into the zone serves all times up to the
 * next change, half a year in most zones.  The answer is the date of
 * ts AT TIME ZONE zone.
 *
 * Days need not ascend with time: where clocks are set back over midnight, as
 * they were at 00:01 in St. John's until 2011, the evening comes twice, with
 * some of the next day in between.  So every change of clocks is also asked
 * how early a day it leads back to.
 *
 * IDENTIFICATION
 *	  src/behaviour/rolling_day.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/datetime.h"

#include "behaviour/rolling_day.h"
#include "compat.h"

#define EPOCH_SECS	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

/* NULL names the zone of the session.  What is known of the same zone stays. */
void
rolling_zone_set(RollingZone *zone, const char *name)
{
	int			offset = 0;

	if (name == NULL)
	{
		/* not by its name, which may be that of an abbreviation, too */
		if (zone->tz == session_timezone && zone->name[0] == '\0')
			return;
		zone->kind = TZNAME_ZONE;
		zone->tz = session_timezone;
		zone->name[0] = '\0';
	}
	else
	{
		if (strcmp(zone->name, name) == 0 && name[0] != '\0')
			return;
		zone->kind = DecodeTimezoneName(name, &offset, &zone->tz);
		strlcpy(zone->name, name, sizeof(zone->name));
	}

	if (zone->kind == TZNAME_FIXED_OFFSET)
	{
		zone->from = DT_NOBEGIN;
		zone->until = DT_NOEND;
		zone->offset = offset * USECS_PER_SEC;
		zone->later = PG_INT64_MAX;
	}
	else
		zone->from = zone->until = DT_NOBEGIN;	/* nothing known yet */
}

static int64
rolling_zone_offset(const RollingZone *zone, pg_time_t secs)
{
	struct pg_tm *tm = pg_localtime(&secs, zone->tz);

	if (tm == NULL)
		ereport(ERROR,
				errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				errmsg("timestamp out of range"));

	return tm->tm_gmtoff * USECS_PER_SEC;
}

/* Moves on to the next change of clocks after *secs, if there is one. */
static bool
rolling_zone_change(const RollingZone *zone, pg_time_t *secs)
{
	pg_time_t	change;
	long int	gmtoff[2];
	int			isdst[2];

	if (pg_next_dst_boundary(secs, &gmtoff[0], &isdst[0], &change,
							 &gmtoff[1], &isdst[1], zone->tz) != 1)
		return false;
	*secs = change;

	/* changes that no timestamp reaches do not count */
	return change < DT_NOEND / USECS_PER_SEC;
}

/* Finds out about the time from ts to the next change of clocks. */
void
rolling_zone_find(RollingZone *zone, TimestampTz ts)
{
	pg_time_t	secs = ts / USECS_PER_SEC - (ts % USECS_PER_SEC < 0) + EPOCH_SECS;
	TimestampTz change;
	int			isdst;

	if (zone->kind == TZNAME_DYNTZ)
	{
		/* What an abbreviation meant has no limits that we could ask for. */
		zone->offset = -USECS_PER_SEC *
			DetermineTimeZoneAbbrevOffsetTS(ts, zone->name, zone->tz, &isdst);
		zone->from = ts;
		zone->until = ts + 1;
		zone->later = rolling_local_day(ts, zone->offset) - ROLLING_MAX_SETBACK;
		return;
	}

	zone->offset = rolling_zone_offset(zone, secs);
	zone->from = ts;
	zone->until = DT_NOEND;
	zone->later = PG_INT64_MAX;

	/* Later changes than that cannot lead back to before this one. */
	while (rolling_zone_change(zone, &secs))
	{
		change = (secs - EPOCH_SECS) * USECS_PER_SEC;
		if (zone->until == DT_NOEND)
			zone->until = change;
		else if (change - zone->until > ROLLING_MAX_SETBACK * USECS_PER_DAY)
			break;
		zone->later = Min(zone->later,
						  rolling_local_day(change, rolling_zone_offset(zone, secs)));
	}
}
