/*-------------------------------------------------------------------------
 *
 * retention_report.c
 *	  How many of those who came in a period return in each later one.
 *
 * By the calendar, and if one return is enough, only two events of a user and
 * period matter: the first that starts and the last that returns.  Whoever came
 * in the period came with the first, and the last tells whether a return was
 * later than that.  Events are about in order of time, so most of the others are
 * dropped as they come, and what is kept is counted user by user.
 *
 * IDENTIFICATION
 *	  src/behaviour/retention_report.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "behaviour/cohorts.h"
#include "funcapi.h"
#include "intake/groups.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"

#define RETENTION_NCOLUMNS		8
#define RETENTION_MAX_TIMES		1000000
#define RETENTION_FIRST_ROOM	1024

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

#define EVENT_STARTS	1
#define EVENT_RETURNS	2
#define EVENT_KNOWN		4		/* of a name: looked at before */

/* An event as it is kept; group first, for groups.c. */
typedef struct RetentionEvent
{
	uint32		user;
	uint32		what;			/* code of the breakdown, times 4, and flags */
	TimestampTz time;
} RetentionEvent;

#define EVENT_WHAT(breakdown, flags)	((breakdown) << 2 | (flags))
#define EVENT_BREAKDOWN(what)			((what) >> 2)

/* The events of a user that came last, as far as they are in one period. */
typedef struct RetentionRun
{
	int64		period;
	TimestampTz first_start;	/* DT_NOEND: none */
	TimestampTz last_return;	/* DT_NOBEGIN: none */
	uint32		breakdown;		/* of the first start */
} RetentionRun;

/* A start or a return; by the rolling clock, returns are in no period. */
typedef struct RetentionPoint
{
	int64		period;
	TimestampTz time;
	uint32		rank;			/* in the breakdown */
} RetentionPoint;

typedef struct RetentionReport
{
	CohortPlan	plan;
	bool		unbounded;
	bool		recurring;
	bool		has_entries;	/* users come by a source of their own */
	int32		min_occurrences;
	const char *start_event;
	const char *return_event;

	IntakeColumn *columns;
	IntakeLeftOut left_out;
	Codes	   *users;
	CohortBreakdown breakdown;
	Codes	   *names;			/* of events; NULL: they do not matter */
	uint8	   *name_flags;		/* by code */
	uint32		nname_flags;
	bool		keep_all;		/* not only what matters of a period */
	RetentionRun *runs;			/* by user */
	uint32		nruns;
	Groups	   *groups;

	/* Of one user. */
	RetentionPoint *starts;
	RetentionPoint *returns;
	size_t		room;
	size_t		nstarts;
	size_t		nreturns;

	CohortCells cells;
	int64	   *retained;		/* by place: see CohortCells */
	size_t		nretained;
	ReturnSetInfo *rsinfo;
} RetentionReport;

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
		keep_event(report, user, EVENT_WHAT(run->breakdown, EVENT_STARTS | EVENT_RETURNS),
				   run->first_start);
	else
	{
		if (run->first_start != DT_NOEND)
			keep_event(report, user, EVENT_WHAT(run->breakdown, EVENT_STARTS), run->first_start);
		if (run->last_return != DT_NOBEGIN)
			keep_event(report, user, EVENT_RETURNS, run->last_return);
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
extend_run(RetentionReport *report, uint32 user, uint32 flags, uint32 breakdown,
		   TimestampTz time)
{
	int64		period = calendar_period(&report->plan.calendar, time);
	RetentionRun *run;

	if (user >= report->nruns)
		make_runs(report, user + 1);
	run = &report->runs[user];
	if (run->period != period)
	{
		end_run(report, user);
		run->period = period;
	}
	if ((flags & EVENT_RETURNS) && time > run->last_return)
		run->last_return = time;
	if (!(flags & EVENT_STARTS) || time > run->first_start)
		return;
	if (time == run->first_start)
	{
		/* at one time, the first in the breakdown comes first */
		if (cohort_breakdown_compare(&report->breakdown, breakdown, run->breakdown) >= 0)
			return;
	}
	run->first_start = time;
	run->breakdown = breakdown;
}

static void
add_event(RetentionReport *report, uint32 user, uint32 flags, uint32 breakdown,
		  TimestampTz time)
{
	if (report->keep_all)
		keep_event(report, user, EVENT_WHAT(breakdown, flags), time);
	else
		extend_run(report, user, flags, breakdown, time);
}

static uint32
flags_of_name(const RetentionReport *report, const char *name)
{
	uint32		flags = EVENT_KNOWN;

	if (!report->has_entries &&
		(report->start_event == NULL || strcmp(report->start_event, name) == 0))
		flags |= EVENT_STARTS;
	if (report->return_event == NULL || strcmp(report->return_event, name) == 0)
		flags |= EVENT_RETURNS;

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
			flags |= EVENT_STARTS;
		if (report->return_event == NULL)
			flags |= EVENT_RETURNS;
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

	return report->name_flags[code] & ~EVENT_KNOWN;
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
	if (flags & EVENT_STARTS)
		breakdown = cohort_breakdown_code(&report->breakdown, values[RETENTION_BREAKDOWN],
										  nulls[RETENTION_BREAKDOWN]);
	add_event(report, codes_get(report->users, values[RETENTION_USER]), flags, breakdown, time);
}

/* A row of the source of users who come. */
static void
take_entry(void *arg, const Datum *values, const bool *nulls)
{
	RetentionReport *report = arg;

	if (is_left_out(report, values, nulls))
		return;
	add_event(report, codes_get(report->users, values[RETENTION_USER]), EVENT_STARTS,
			  cohort_breakdown_code(&report->breakdown, values[RETENTION_BREAKDOWN],
									nulls[RETENTION_BREAKDOWN]),
			  DatumGetTimestampTz(values[RETENTION_TIME]));
}

static int
compare_points(const void *a, const void *b)
{
	const RetentionPoint *left = a;
	const RetentionPoint *right = b;

	if (left->period != right->period)
		return left->period < right->period ? -1 : 1;
	if (left->time != right->time)
		return left->time < right->time ? -1 : 1;

	return (left->rank > right->rank) - (left->rank < right->rank);
}

/* The events of one user as starts and returns, each in order. */
static void
sort_out(RetentionReport *report, const RecordGroup *group)
{
	const RetentionEvent *events = group->records;
	bool		rolling = report->plan.period_length > 0;
	size_t		i;

	if (group->count > report->room)
	{
		report->room = Max(group->count, 2 * report->room);
		report->starts = repalloc_huge(report->starts, report->room * sizeof(RetentionPoint));
		report->returns = repalloc_huge(report->returns, report->room * sizeof(RetentionPoint));
	}
	report->nstarts = report->nreturns = 0;
	for (i = 0; i < group->count; i++)
	{
		RetentionPoint point = {.time = events[i].time};

		point.period = calendar_period(&report->plan.calendar, point.time);
		if (events[i].what & EVENT_STARTS)
		{
			point.rank = report->breakdown.ranks[EVENT_BREAKDOWN(events[i].what)];
			report->starts[report->nstarts++] = point;
		}
		if (events[i].what & EVENT_RETURNS)
		{
			point.rank = 0;
			if (rolling)
				point.period = 0;
			report->returns[report->nreturns++] = point;
		}
	}
	qsort(report->starts, report->nstarts, sizeof(RetentionPoint), compare_points);
	qsort(report->returns, report->nreturns, sizeof(RetentionPoint), compare_points);
}

/* The first return that is later than the entry. */
static size_t
first_return(const RetentionReport *report, const RetentionPoint *entry)
{
	RetentionPoint after = {.period = entry->period,.time = entry->time};
	size_t		low = 0,
				high = report->nreturns;

	if (report->plan.period_length > 0)
		after.period = 0;

	/* An entry that is no event comes before the events of its moment. */
	if (!report->has_entries)
		after.rank = 1;
	while (low < high)
	{
		size_t		middle = low + (high - low) / 2;

		if (compare_points(&report->returns[middle], &after) < 0)
			low = middle + 1;
		else
			high = middle;
	}

	return low;
}

static int64 *
retained_of(RetentionReport *report, uint32 cell)
{
	size_t		stride = report->plan.periods + 1;
	size_t		needed = (cell + 1) * stride;

	if (needed > report->nretained)
	{
		size_t		room = Max(needed, 2 * report->nretained);

		report->retained = repalloc_huge(report->retained, room * sizeof(int64));
		memset(report->retained + report->nretained, 0,
			   (room - report->nretained) * sizeof(int64));
		report->nretained = room;
	}

	return report->retained + cell * stride;
}

/* Counts one user in a cohort, and the periods in which that user returns. */
static void
count_entry(RetentionReport *report, const RetentionPoint *entry)
{
	const CohortPlan *plan = &report->plan;
	uint32		cell = cohort_cell(&report->cells, plan, entry->period, entry->rank);
	int64	   *retained = retained_of(report, cell);
	int64		last = report->unbounded ? 0 : plan->periods;
	size_t		first = first_return(report, entry);
	size_t		i = first;

	while (i < report->nreturns)
	{
		int64		index = cohort_index(plan, entry->time, entry->period,
										 report->returns[i].time, report->returns[i].period);
		size_t		start = i;

		if (index > last)
			break;
		do
			i++;
		while (i < report->nreturns &&
			   cohort_index(plan, entry->time, entry->period, report->returns[i].time,
							report->returns[i].period) == index);
		if (i - start >= report->min_occurrences)
			retained[index]++;
	}

	/* In or after a period: up to the one that leaves enough returns. */
	if (report->unbounded && report->nreturns - first >= report->min_occurrences)
	{
		const RetentionPoint *point = &report->returns[report->nreturns - report->min_occurrences];
		int64		until = cohort_index(plan, entry->time, entry->period, point->time,
										 point->period);
		int64		index;

		for (index = 1; index <= Min(until, plan->periods); index++)
			retained[index]++;
	}
}

static void
count_user(RetentionReport *report, const RecordGroup *group)
{
	const RetentionPoint *entry;
	size_t		i;

	sort_out(report, group);
	entry = report->starts;
	if (report->recurring)
	{
		int64		counted = PG_INT64_MIN;

		for (i = 0; i < report->nstarts; i++)
		{
			entry = &report->starts[i];
			if (entry->time < report->plan.from || entry->period == counted)
				continue;
			count_entry(report, entry);
			counted = entry->period;
			CHECK_FOR_INTERRUPTS();
		}
		return;
	}

	/* Clocks set back over midnight can put a later time on an earlier day. */
	for (i = 1; i < report->nstarts; i++)
	{
		if (report->starts[i].time < entry->time)
			entry = &report->starts[i];
	}
	if (report->nstarts > 0 && entry->time >= report->plan.from)
		count_entry(report, entry);
}

static Datum
rate(int64 part, int64 whole)
{
	Datum		quotient = DirectFunctionCall2(numeric_div,
											   NumericGetDatum(int64_to_numeric(part)),
											   NumericGetDatum(int64_to_numeric(whole)));

	return DirectFunctionCall2(numeric_round, quotient, Int32GetDatum(4));
}

static void
put_row(void *arg, const CohortRow *row)
{
	RetentionReport *report = arg;
	const char *breakdown = report->breakdown.texts[row->breakdown];
	const int64 *counts = row->has_members ? retained_of(report, row->cell) : NULL;
	int64		retained = row->index == 0 ? row->size : counts == NULL ? 0 : counts[row->index];
	Datum		values[RETENTION_NCOLUMNS];
	bool		nulls[RETENTION_NCOLUMNS] = {false};

	values[0] = TimestampTzGetDatum(row->cohort);
	nulls[1] = breakdown == NULL;
	values[1] = nulls[1] ? (Datum) 0 : CStringGetTextDatum(breakdown);
	values[2] = Int64GetDatum(row->size);
	values[3] = Int32GetDatum(row->index);
	nulls[4] = !row->is_complete;
	values[4] = Int64GetDatum(retained);
	nulls[5] = !row->is_complete || row->size == 0;
	values[5] = nulls[5] ? (Datum) 0 : rate(retained, row->size);
	values[6] = BoolGetDatum(row->is_complete);
	nulls[7] = !row->is_complete || row->index > 0;
	values[7] = Int64GetDatum(counts == NULL ? 0 : counts[0]);
	tuplestore_putvalues(report->rsinfo->setResult, report->rsinfo->setDesc, values, nulls);
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
	report->columns = entry_columns;
	if (entries != NULL)
		intake_read(entries, take_entry, report);
	intake_tell_left_out(&report->left_out);
}

PG_FUNCTION_INFO_V1(retention_report);
Datum
retention_report(PG_FUNCTION_ARGS)
{
	RetentionReport *report = palloc0(sizeof(RetentionReport));
	RecordGroup group;
	uint32		user;

	read_arguments(report, fcinfo);
	InitMaterializedSRF(fcinfo, 0);
	report->rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	read_events(report, fcinfo);
	for (user = 0; !report->keep_all && user < Min(report->users->count, report->nruns); user++)
		end_run(report, user);

	cohort_breakdown_rank(&report->breakdown);
	cohort_cells_init(&report->cells);
	report->room = RETENTION_FIRST_ROOM;
	report->starts = palloc(report->room * sizeof(RetentionPoint));
	report->returns = palloc(report->room * sizeof(RetentionPoint));
	report->nretained = RETENTION_FIRST_ROOM;
	report->retained = palloc0(report->nretained * sizeof(int64));
	groups_finish(report->groups, report->users->count);
	while (groups_next(report->groups, &group))
		count_user(report, &group);
	cohort_rows(&report->plan, &report->breakdown, &report->cells, put_row, report);
	groups_destroy(report->groups);

	return (Datum) 0;
}
