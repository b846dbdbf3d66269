/*-------------------------------------------------------------------------
 *
 * active_users_report.c
 *	  Exact numbers of users active on a day, in a week and in a month, by day.
 *
 * A user active on day d counts for the days d to d + 6 of weekly users: once,
 * however many of their days fall into those seven.  So each user's days, in
 * order, are stretches of days on which they count, and a stretch is two
 * entries in an array of differences.  One pass over the events, and no day is
 * looked at for every user.
 *
 * IDENTIFICATION
 *	  src/behaviour/active_users_report.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "behaviour/rolling_day.h"
#include "funcapi.h"
#include "intake/codes.h"
#include "intake/groups.h"
#include "intake/intake_value.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"

#define ACTIVE_MAX_DAYS		1000000
#define ACTIVE_NCOLUMNS		5

typedef enum ActiveColumn
{
	ACTIVE_USER,
	ACTIVE_TIME,
	ACTIVE_COLUMNS
} ActiveColumn;

/* A day on which a user was active; days count from 2000-01-01. */
typedef struct ActiveDay
{
	uint32		user;
	int32		day;
} ActiveDay;

#define ACTIVE_MAX_WAITING	64

/* An event whose user is still to be looked up. */
typedef struct ActiveWaiting
{
	Datum		user;
	uint32		code;
	int32		day;
} ActiveWaiting;

typedef struct ActiveUsers
{
	IntakeColumn *columns;
	IntakeLeftOut left_out;
	RollingZone zone;
	Codes	   *users;
	Groups	   *groups;
	int32	   *last_day;		/* by user: the day that came last */
	uint32		nlast_day;
	uint32		room_last_day;
	int32		min_day;
	int32		max_day;
	ActiveWaiting waiting[ACTIVE_MAX_WAITING];
	int			nwaiting;
} ActiveUsers;

/* Users who count on a day for being active on one of the last "days". */
typedef struct ActiveSpan
{
	int32		days;
	int64	   *change;			/* by day of the report: how many more count */
} ActiveSpan;

static void
remember_day(ActiveUsers *active, uint32 user, int32 day)
{
	ActiveDay  *record;

	/* Codes are given out in order, so a new one is the next. */
	if (user == active->nlast_day)
	{
		active->last_day = codes_make_room(active->last_day, &active->room_last_day,
										   user, sizeof(int32));
		active->last_day[active->nlast_day++] = PG_INT32_MIN;
	}

	/* Most events of a user follow another one of the same day. */
	if (active->last_day[user] == day)
		return;
	active->last_day[user] = day;
	record = groups_add(active->groups);
	record->user = user;
	record->day = day;
	active->min_day = Min(active->min_day, day);
	active->max_day = Max(active->max_day, day);
}

/* First all codes and then all days, so that no look-up waits for another. */
static void
take_waiting(ActiveUsers *active)
{
	int			i;

	for (i = 0; i < active->nwaiting; i++)
	{
		active->waiting[i].code = codes_get(active->users, active->waiting[i].user);
		if (active->waiting[i].code < active->nlast_day)
			codes_prefetch_place(&active->last_day[active->waiting[i].code]);
	}
	for (i = 0; i < active->nwaiting; i++)
		remember_day(active, active->waiting[i].code, active->waiting[i].day);
	active->nwaiting = 0;
}

/* Users of other types than integers are gone with the row. */
static void
take_day(ActiveUsers *active, Datum user, int32 day)
{
	ActiveWaiting *waiting = &active->waiting[active->nwaiting];

	if (active->users->kind != CODES_INTEGER)
	{
		remember_day(active, codes_get(active->users, user), day);
		return;
	}
	codes_prefetch(active->users, user);
	waiting->user = user;
	waiting->day = day;
	if (++active->nwaiting == ACTIVE_MAX_WAITING)
		take_waiting(active);
}

static void
take_event(void *arg, const Datum *values, const bool *nulls)
{
	ActiveUsers *active = arg;
	int64		earliest;
	int64		day;

	if (nulls[ACTIVE_USER] ||
		intake_is_empty(&active->columns[ACTIVE_USER], values[ACTIVE_USER]))
	{
		active->left_out.no_user++;
		return;
	}
	if (intake_time_left_out(&active->left_out, values[ACTIVE_TIME], nulls[ACTIVE_TIME]))
		return;

	day = rolling_day(&active->zone, DatumGetTimestampTz(values[ACTIVE_TIME]), &earliest);
	take_day(active, values[ACTIVE_USER], (int32) day);
}

#define ST_SORT sort_days
#define ST_ELEMENT_TYPE ActiveDay
#define ST_COMPARE(a, b) (((a)->day > (b)->day) - ((a)->day < (b)->day))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* The days of one user, in order; those of the report are first to last. */
static void
count_days(const ActiveSpan *span, const ActiveDay *days, size_t ndays,
		   int32 first, int32 last)
{
	int64		until = first;	/* the days before this one are counted */
	size_t		i;

	for (i = 0; i < ndays; i++)
	{
		int64		start = Max((int64) days[i].day, until);
		int64		end = Min((int64) days[i].day + span->days, (int64) last + 1);

		if (start >= end)
			continue;
		span->change[start - first]++;
		span->change[end - first]--;
		until = end;
	}
}

/*
 * A day argument, which may be NULL, or a number of days since 2000-01-01.
 */
static bool
day_argument(FunctionCallInfo fcinfo, int argno, const char *name, int32 *day)
{
	DateADT		date;

	if (PG_ARGISNULL(argno))
		return false;
	date = PG_GETARG_DATEADT(argno);
	if (DATE_NOT_FINITE(date))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be finite", name));
	*day = date;

	return true;
}

static int32
days_argument(FunctionCallInfo fcinfo, int argno, const char *name)
{
	int32		days;

	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", name));
	days = PG_GETARG_INT32(argno);
	if (days < 1 || days > 366)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s is %d, but must be from 1 to 366", name, days));

	return days;
}

/*
 * Of the events, those that can matter for the days from first to last: a day
 * more on both sides, whatever the zone.
 */
static IntakePeriod
period_of_days(bool has_first, int32 first, bool has_last, int32 last, int32 before)
{
	IntakePeriod period = {DT_NOBEGIN, DT_NOEND};
	int64		from = ((int64) first - before - 1) * USECS_PER_DAY;
	int64		to = ((int64) last + 2) * USECS_PER_DAY;

	if (has_first && IS_VALID_TIMESTAMP(from))
		period.from = from;
	if (has_last && IS_VALID_TIMESTAMP(to))
		period.to = to;

	return period;
}

static void
put_days(ReturnSetInfo *rsinfo, const ActiveSpan *spans, int32 first, int32 last)
{
	int64		active[3] = {0, 0, 0};
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext,
													  "shopanalytics row",
													  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(row_context);
	int64		day;
	int			i;

	for (day = first; day <= last; day++)
	{
		Datum		values[ACTIVE_NCOLUMNS];
		bool		nulls[ACTIVE_NCOLUMNS] = {false};

		for (i = 0; i < 3; i++)
			active[i] += spans[i].change[day - first];
		values[0] = DateADTGetDatum((DateADT) day);
		for (i = 0; i < 3; i++)
			values[1 + i] = Int64GetDatum(active[i]);
		nulls[4] = active[2] == 0;
		values[4] = nulls[4] ? (Datum) 0 : intake_share(active[0], active[2]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		MemoryContextReset(row_context);
		CHECK_FOR_INTERRUPTS();
	}
	MemoryContextSwitchTo(old);
}

/* All events are in; the report has the days from first to last. */
static void
report_days(ActiveUsers *active, ReturnSetInfo *rsinfo, ActiveSpan *spans,
			int32 first, int32 last)
{
	RecordGroup group;
	int			i;

	/* One of them may be that of the data. */
	if (last < first)
		return;
	if ((int64) last - first >= ACTIVE_MAX_DAYS)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("the report would have more than %d days", ACTIVE_MAX_DAYS),
				errhint("Set from_day and to_day, or leave out events of impossible times."));

	for (i = 0; i < 3; i++)
		spans[i].change = palloc0(((Size) last - first + 2) * sizeof(int64));
	groups_finish(active->groups, active->users->count);
	while (groups_next(active->groups, &group))
	{
		sort_days(group.records, group.count);
		for (i = 0; i < 3; i++)
			count_days(&spans[i], group.records, group.count, first, last);
	}
	put_days(rsinfo, spans, first, last);
}

PG_FUNCTION_INFO_V1(active_users_report);
Datum
active_users_report(PG_FUNCTION_ARGS)
{
	IntakeColumn columns[ACTIVE_COLUMNS] = {
		[ACTIVE_USER] = {"user_column", intake_column_argument(fcinfo, 1),
		intake_user_names, INTAKE_ANY, true},
		[ACTIVE_TIME] = {"time_column", intake_column_argument(fcinfo, 2),
		intake_time_names, INTAKE_TIME, true},
	};
	ActiveUsers active = {.columns = columns,.min_day = PG_INT32_MAX,.max_day = PG_INT32_MIN};
	int32		first = 0,
				last = 0;
	bool		has_first = day_argument(fcinfo, 4, "from_day", &first);
	bool		has_last = day_argument(fcinfo, 5, "to_day", &last);
	ActiveSpan	spans[3] = {{.days = 1}};
	IntakePeriod period;
	Intake	   *intake;

	if (has_first && has_last && last < first)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("to_day must not be before from_day"));
	spans[1].days = days_argument(fcinfo, 6, "week_days");
	spans[2].days = days_argument(fcinfo, 7, "month_days");
	rolling_zone_set(&active.zone, PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3)));
	period = period_of_days(has_first, first, has_last, last,
							Max(spans[1].days, spans[2].days));
	InitMaterializedSRF(fcinfo, 0);

	intake = intake_open(intake_events_argument(fcinfo, 0), columns, ACTIVE_COLUMNS, &period);
	active.users = codes_create(columns[ACTIVE_USER].type, columns[ACTIVE_USER].collation);
	active.groups = groups_create(sizeof(ActiveDay));
	active.last_day = palloc(sizeof(int32));
	intake_read(intake, take_event, &active);
	take_waiting(&active);
	intake_tell_left_out(&active.left_out);

	/* Without any event there are only the days that were asked for. */
	if (active.users->count > 0 || (has_first && has_last))
		report_days(&active, (ReturnSetInfo *) fcinfo->resultinfo, spans,
					has_first ? first : active.min_day, has_last ? last : active.max_day);
	groups_destroy(active.groups);

	return (Datum) 0;
}
