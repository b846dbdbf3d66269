/*-------------------------------------------------------------------------
 *
 * retention_report.c
 *	  How many of those who came in a period return in each later one.
 *
 * Users are counted one by one, each with all events that matter: whatever the
 * mode, a period in which a user returns is one look at a list in order of time.
 *
 * IDENTIFICATION
 *	  src/behaviour/retention_report.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "behaviour/retention_report.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"

#define RETENTION_NCOLUMNS		8

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
		if (events[i].what & RETENTION_STARTS)
		{
			point.rank = report->breakdown.ranks[RETENTION_BREAKDOWN_OF(events[i].what)];
			report->starts[report->nstarts++] = point;
		}
		if (events[i].what & RETENTION_RETURNS)
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

	CHECK_FOR_INTERRUPTS();
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
	values[5] = nulls[5] ? (Datum) 0 : intake_share(retained, row->size);
	values[6] = BoolGetDatum(row->is_complete);
	nulls[7] = !row->is_complete || row->index > 0;
	values[7] = Int64GetDatum(counts == NULL ? 0 : counts[0]);
	tuplestore_putvalues(report->rsinfo->setResult, report->rsinfo->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(retention_report);
Datum
retention_report(PG_FUNCTION_ARGS)
{
	RetentionReport *report = palloc0(sizeof(RetentionReport));
	RecordGroup group;

	InitMaterializedSRF(fcinfo, 0);
	report->rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	retention_report_read(report, fcinfo);

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
