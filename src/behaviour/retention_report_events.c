/*-------------------------------------------------------------------------
 *
 * retention_report_events.c
 *	  What retention_report() reads of the events.
 *
 * By the calendar, and if one return is enough, only two events of a user and
 * period matter: the first that starts and the last that returns.  Whoever came
 * in the period came with the first, and the last tells whether a return was
 * later than that.  Events are about in order of time, so most of the others are
 * dropped as they come.
 *
 * IDENTIFICATION
 *	  src/behaviour/retention_report_events.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "behaviour/retention_report.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"

#define RETENTION_MAX_TIMES		1000000

typedef enum RetentionColumn
{
	RETENTION_USER,
	RETENTION_TIME,
	RETENTION_BREAKDOWN,
	RETENTION_ENTRY_COLUMNS,	/* those above are columns of cohorts, too */
	RETENTION_EVENT = RETENTION_ENTRY_COLUMNS,
	RETENTION_COLUMNS
} RetentionColumn;

typedef enum RetentionArgument
{
	ARG_EVENTS,
	ARG_PERIOD,
	ARG_PERIODS,
	ARG_START_EVENT,
	ARG_RETURN_EVENT,
	ARG_MODE,
	ARG_COHORT,
	ARG_CLOCK,
	ARG_TIMEZONE,
	ARG_WEEK_START,
	ARG_MIN_OCCURRENCES,
	ARG_BREAKDOWN,
	ARG_USER_COLUMN,
	ARG_TIME_COLUMN,
	ARG_EVENT_COLUMN,
	ARG_FROM_TIME,
	ARG_TO_TIME,
	ARG_COHORTS
} RetentionArgument;

static const char *const mode_words[] = {"bounded", "unbounded", NULL};
static const char *const cohort_words[] = {"first_time", "recurring", NULL};

static inline void
keep_event(RetentionReport *report, uint32 user, uint32 what, TimestampTz time)
{
	RetentionEvent *event = groups_add(report->groups);

	event->user = user;
	event->what = what;
	event->time = time;
}

static void
end_run(RetentionReport *report, uint32 user)
{
	RetentionRun *run = &report->runs[user];

	if (run->first_start == run->last_return)
		keep_event(report, user, RETENTION_WHAT(run->breakdown, RETENTION_STARTS | RETENTION_RETURNS),
				   run->first_start);
	else
	{
		if (run->first_start != DT_NOEND)
			keep_event(report, user, RETENTION_WHAT(run->breakdown, RETENTION_STARTS), run->first_start);
		if (run->last_return != DT_NOBEGIN)
			keep_event(report, user, RETENTION_RETURNS, run->last_return);
	}
	run->first_start = DT_NOEND;
	run->last_return = DT_NOBEGIN;
}

static void
make_runs(RetentionReport *report, uint32 nusers)
{
	uint32		i = report->nruns;

	report->nruns = Max(nusers, 2 * i);
	report->runs = repalloc_huge(report->runs, report->nruns * sizeof(RetentionRun));
	for (; i < report->nruns; i++)
	{
		report->runs[i].period = PG_INT64_MIN;
		report->runs[i].first_start = DT_NOEND;
		report->runs[i].last_return = DT_NOBEGIN;
		report->runs[i].breakdown = 0;
	}
}

/* Keeps of a period's events what matters. */
static void
extend_run(RetentionReport *report, const RetentionWaiting *event)
{
	int64		period = calendar_period(&report->plan.calendar, event->time);
	uint32		breakdown = RETENTION_BREAKDOWN_OF(event->what);
	RetentionRun *run;

	if (event->code >= report->nruns)
		make_runs(report, event->code + 1);
	run = &report->runs[event->code];
	if (run->period != period)
	{
		end_run(report, event->code);
		run->period = period;
	}
	if ((event->what & RETENTION_RETURNS) && event->time > run->last_return)
		run->last_return = event->time;
	if (!(event->what & RETENTION_STARTS) || event->time > run->first_start)
		return;

	/* at one time, the first in the breakdown comes first */
	if (event->time == run->first_start &&
		cohort_breakdown_compare(&report->breakdown, breakdown, run->breakdown) >= 0)
		return;
	run->first_start = event->time;
	run->breakdown = breakdown;
}

/* Takes the events that wait. */
static void
take_waiting(RetentionReport *report)
{
	int			i;

	for (i = 0; i < report->nwaiting; i++)
	{
		RetentionWaiting *waiting = &report->waiting[i];

		waiting->code = codes_get(report->users, waiting->user);
#ifdef __GNUC__
		if (waiting->code < report->nruns)
			__builtin_prefetch(&report->runs[waiting->code]);
#endif
	}
	for (i = 0; i < report->nwaiting; i++)
	{
		const RetentionWaiting *waiting = &report->waiting[i];

		if (report->keep_all)
			keep_event(report, waiting->code, waiting->what, waiting->time);
		else
			extend_run(report, waiting);
	}
	report->nwaiting = 0;
}

/*
 * There are more users than a processor's cache holds, and each event is of
 * another one: what is known of the user is asked for now and used a little
 * later.  Values that are no integers do not wait: they are gone with the row.
 */
static void
add_event(RetentionReport *report, Datum user, uint32 what, TimestampTz time)
{
	RetentionWaiting *waiting = &report->waiting[report->nwaiting++];

	codes_prefetch(report->users, user);
	waiting->user = user;
	waiting->what = what;
	waiting->time = time;
	if (report->users->kind != CODES_INTEGER || report->nwaiting == RETENTION_MAX_WAITING)
		take_waiting(report);
}

static uint32
flags_of_name(RetentionReport *report, const char *name)
{
	uint32		flags = RETENTION_KNOWN;

	if (!report->has_entries &&
		(report->start_event == NULL || strcmp(report->start_event, name) == 0))
		flags |= RETENTION_STARTS;
	if (report->return_event == NULL || strcmp(report->return_event, name) == 0)
		flags |= RETENTION_RETURNS;
	report->seen |= flags;

	return flags;
}

/* What an event is good for, by its name. */
static uint32
flags_of_event(RetentionReport *report, Datum value, bool isnull)
{
	uint32		code;

	if (report->names == NULL || isnull)
	{
		uint32		flags = 0;

		if (report->start_event == NULL && !report->has_entries)
			flags |= RETENTION_STARTS;
		if (report->return_event == NULL)
			flags |= RETENTION_RETURNS;
		return flags;
	}

	code = codes_get(report->names, value);
	if (code >= report->nname_flags)
	{
		report->name_flags = repalloc_huge(report->name_flags, 2 * (Size) code);
		memset(report->name_flags + report->nname_flags, 0, 2 * (Size) code - report->nname_flags);
		report->nname_flags = 2 * code;
	}
	if (report->name_flags[code] == 0)
		report->name_flags[code] =
			flags_of_name(report, intake_text(&report->columns[RETENTION_EVENT], value));

	return report->name_flags[code] & ~RETENTION_KNOWN;
}

/* Must the row be left out for its user or its time? */
static bool
is_left_out(RetentionReport *report, const Datum *values, const bool *nulls)
{
	if (nulls[RETENTION_USER] ||
		intake_is_empty(&report->columns[RETENTION_USER], values[RETENTION_USER]))
	{
		report->left_out.no_user++;
		return true;
	}

	return intake_time_left_out(&report->left_out, values[RETENTION_TIME], nulls[RETENTION_TIME]);
}

static void
take_event(void *arg, const Datum *values, const bool *nulls)
{
	RetentionReport *report = arg;
	TimestampTz time;
	uint32		breakdown = 0;
	uint32		flags;

	if (is_left_out(report, values, nulls))
		return;
	time = DatumGetTimestampTz(values[RETENTION_TIME]);
	if (TIMESTAMP_IS_NOEND(report->plan.to))
		report->plan.data_end = Max(report->plan.data_end, time);
	flags = flags_of_event(report, values[RETENTION_EVENT], nulls[RETENTION_EVENT]);
	if (flags == 0)
		return;
	if (flags & RETENTION_STARTS)
		breakdown = cohort_breakdown_code(&report->breakdown, values[RETENTION_BREAKDOWN],
										  nulls[RETENTION_BREAKDOWN]);
	add_event(report, values[RETENTION_USER], RETENTION_WHAT(breakdown, flags), time);
}

/* A row of the source of users who come. */
static void
take_entry(void *arg, const Datum *values, const bool *nulls)
{
	RetentionReport *report = arg;
	uint32		breakdown;

	if (is_left_out(report, values, nulls))
		return;
	breakdown = cohort_breakdown_code(&report->breakdown, values[RETENTION_BREAKDOWN],
									  nulls[RETENTION_BREAKDOWN]);
	add_event(report, values[RETENTION_USER], RETENTION_WHAT(breakdown, RETENTION_STARTS),
			  DatumGetTimestampTz(values[RETENTION_TIME]));
}

static char *
optional_text(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(argno));
}

static void
read_arguments(RetentionReport *report, FunctionCallInfo fcinfo)
{
	cohort_plan(&report->plan, fcinfo, ARG_PERIOD, ARG_PERIODS, ARG_CLOCK, ARG_TIMEZONE,
				ARG_WEEK_START, ARG_FROM_TIME, ARG_TO_TIME);
	report->unbounded = cohort_choice(fcinfo, ARG_MODE, "mode", mode_words) == 1;
	report->recurring = cohort_choice(fcinfo, ARG_COHORT, "cohort", cohort_words) == 1;
	report->min_occurrences = cohort_number(fcinfo, ARG_MIN_OCCURRENCES, "min_occurrences",
											1, RETENTION_MAX_TIMES);
	report->start_event = optional_text(fcinfo, ARG_START_EVENT);
	report->return_event = optional_text(fcinfo, ARG_RETURN_EVENT);
	report->has_entries = !PG_ARGISNULL(ARG_COHORTS);
	if (report->has_entries && report->start_event != NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("start_event and cohorts cannot be given together"),
				errhint("With cohorts, users come by the rows of that source; choose these by a query."));
	report->keep_all = report->plan.period_length > 0 || report->min_occurrences > 1;
}

/* Opens and reads the events, and who came when if that is a source of its own. */
static void
read_events(RetentionReport *report, FunctionCallInfo fcinfo)
{
	bool		by_name = report->start_event != NULL || report->return_event != NULL;
	const char *breakdown = intake_column_argument(fcinfo, ARG_BREAKDOWN);
	IntakeColumn columns[RETENTION_COLUMNS] = {
		[RETENTION_USER] = {"user_column", intake_column_argument(fcinfo, ARG_USER_COLUMN),
		intake_user_names, INTAKE_ANY, true},
		[RETENTION_TIME] = {"time_column", intake_column_argument(fcinfo, ARG_TIME_COLUMN),
		intake_time_names, INTAKE_TIME, true},
		[RETENTION_BREAKDOWN] = {"breakdown", report->has_entries ? NULL : breakdown,
		NULL, INTAKE_ANY, false},
		[RETENTION_EVENT] = {"event_column", intake_column_argument(fcinfo, ARG_EVENT_COLUMN),
		by_name ? intake_event_names : NULL, INTAKE_ANY, by_name},
	};
	IntakeColumn entry_columns[RETENTION_ENTRY_COLUMNS] = {
		[RETENTION_USER] = columns[RETENTION_USER],
		[RETENTION_TIME] = columns[RETENTION_TIME],
		[RETENTION_BREAKDOWN] = {"breakdown", breakdown,.kind = INTAKE_ANY},
	};

	/* Who came first when can only be told from all data. */
	IntakePeriod recent = {report->plan.from, report->plan.to};
	IntakePeriod all = {DT_NOBEGIN, report->plan.to};
	Intake	   *events;
	Intake	   *entries = NULL;
	uint32		user;

	events = intake_open(intake_events_argument(fcinfo, ARG_EVENTS), columns, RETENTION_COLUMNS,
						 report->recurring || report->has_entries ? &recent : &all);
	if (report->has_entries)
		entries = cohort_open_entries(text_to_cstring(PG_GETARG_TEXT_PP(ARG_COHORTS)),
									  entry_columns, RETENTION_ENTRY_COLUMNS,
									  report->recurring ? &recent : &all,
									  &columns[RETENTION_USER]);
	report->users = codes_create(columns[RETENTION_USER].type, columns[RETENTION_USER].collation);
	cohort_breakdown_init(&report->breakdown, report->has_entries ?
						  &entry_columns[RETENTION_BREAKDOWN] : &columns[RETENTION_BREAKDOWN]);
	if (by_name)
	{
		report->names = codes_create(columns[RETENTION_EVENT].type,
									 columns[RETENTION_EVENT].collation);
		report->nname_flags = RETENTION_FIRST_ROOM;
		report->name_flags = palloc0(RETENTION_FIRST_ROOM);
	}
	report->groups = groups_create(sizeof(RetentionEvent));
	report->runs = palloc(sizeof(RetentionRun));
	make_runs(report, RETENTION_FIRST_ROOM);

	report->columns = columns;
	intake_read(events, take_event, report);
	take_waiting(report);
	report->columns = entry_columns;
	if (entries != NULL)
		intake_read(entries, take_entry, report);
	take_waiting(report);
	for (user = 0; !report->keep_all && user < Min(report->users->count, report->nruns); user++)
		end_run(report, user);
	intake_tell_left_out(&report->left_out);
	if (report->start_event != NULL && !(report->seen & RETENTION_STARTS))
		intake_tell_no_event(report->start_event);
	if (report->return_event != NULL && !(report->seen & RETENTION_RETURNS))
		intake_tell_no_event(report->return_event);
}

void
retention_report_read(RetentionReport *report, FunctionCallInfo fcinfo)
{
	read_arguments(report, fcinfo);
	read_events(report, fcinfo);
}
