/*-------------------------------------------------------------------------
 *
 * cohort_revenue_report.c
 *	  What those who came in a period bring in each later one.
 *
 * An order is kept as sixteen bytes, with a code for its amount: there are far
 * fewer amounts than orders.  Sums are of type numeric and so exact, in any
 * order of the rows.
 *
 * IDENTIFICATION
 *	  src/behaviour/cohort_revenue_report.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "behaviour/cohorts.h"
#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "intake/groups.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"

#define REVENUE_NCOLUMNS	10
#define REVENUE_FIRST_ROOM	1024
#define REVENUE_LTV_SCALE	2	/* at least */

typedef enum RevenueColumn
{
	REVENUE_USER,
	REVENUE_TIME,
	REVENUE_BREAKDOWN,
	REVENUE_ENTRY_COLUMNS,		/* those above are columns of cohorts, too */
	REVENUE_AMOUNT = REVENUE_ENTRY_COLUMNS,
	REVENUE_COLUMNS
} RevenueColumn;

typedef enum RevenueArgument
{
	ARG_ORDERS,
	ARG_PERIOD,
	ARG_PERIODS,
	ARG_CLOCK,
	ARG_TIMEZONE,
	ARG_WEEK_START,
	ARG_BREAKDOWN,
	ARG_USER_COLUMN,
	ARG_TIME_COLUMN,
	ARG_AMOUNT_COLUMN,
	ARG_FROM_TIME,
	ARG_TO_TIME,
	ARG_COHORTS
} RevenueArgument;

static const char *const time_names[] = {"event_time", "ts", "order_date", NULL};
static const char *const amount_names[] = {"order_total", "amount", "price", "value", NULL};

/* An order as it is kept; user first, for groups.c. */
typedef struct RevenueOrder
{
	uint32		user;
	uint32		amount;			/* code, plus one; 0: NULL */
	TimestampTz time;
} RevenueOrder;

/* When a user came first. */
typedef struct RevenueEntry
{
	TimestampTz time;			/* DT_NOEND: never */
	uint32		breakdown;
} RevenueEntry;

/* An order of one user; by the rolling clock, it is in no period. */
typedef struct RevenuePoint
{
	int64		period;
	TimestampTz time;
	uint32		amount;
} RevenuePoint;

/* What a cohort brings in a period. */
typedef struct RevenueSum
{
	int64		customers;
	int64		orders;
	Numeric		revenue;		/* NULL: no order with an amount yet */
} RevenueSum;

typedef struct RevenueReport
{
	CohortPlan	plan;
	bool		has_entries;	/* customers come by a source of their own */
	IntakeColumn *columns;
	IntakeLeftOut left_out;
	Codes	   *users;
	Codes	   *amounts;
	int32		scale;			/* the largest of an amount */
	CohortBreakdown breakdown;
	RevenueEntry *entries;		/* by user */
	uint32		nentries;
	Groups	   *groups;
	RevenuePoint *points;		/* of one user */
	size_t		room;
	CohortCells cells;
	RevenueSum *sums;			/* by place: see CohortCells */
	size_t		nsums;
	Numeric		cumulative;		/* of the cohort whose rows are put */
	ReturnSetInfo *rsinfo;
} RevenueReport;

static Numeric
add(Numeric a, Numeric b)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_add, NumericGetDatum(a), NumericGetDatum(b)));
}

static Numeric
round_to(Numeric value, int32 scale)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_round, NumericGetDatum(value), Int32GetDatum(scale)));
}

/* Equal amounts can be written with other scales: the largest one counts. */
static void
note_scale(RevenueReport *report, Numeric amount)
{
	if (numeric_is_nan(amount) || numeric_is_inf(amount))
		return;
	report->scale = Max(report->scale,
						DatumGetInt32(DirectFunctionCall1(numeric_scale, NumericGetDatum(amount))));
}

static void
note_entry(RevenueReport *report, uint32 user, TimestampTz time, uint32 breakdown)
{
	RevenueEntry *entry;

	if (user >= report->nentries)
	{
		uint32		i = report->nentries;

		report->nentries = Max(user + 1, 2 * i);
		report->entries = repalloc_huge(report->entries, report->nentries * sizeof(RevenueEntry));
		for (; i < report->nentries; i++)
			report->entries[i].time = DT_NOEND;
	}
	entry = &report->entries[user];
	if (time > entry->time ||
		(time == entry->time &&
		 cohort_breakdown_compare(&report->breakdown, breakdown, entry->breakdown) >= 0))
		return;
	entry->time = time;
	entry->breakdown = breakdown;
}

/* Must the row be left out for its user or its time? */
static bool
is_left_out(RevenueReport *report, const Datum *values, const bool *nulls)
{
	if (nulls[REVENUE_USER] ||
		intake_is_empty(&report->columns[REVENUE_USER], values[REVENUE_USER]))
	{
		report->left_out.no_user++;
		return true;
	}

	return intake_time_left_out(&report->left_out, values[REVENUE_TIME], nulls[REVENUE_TIME]);
}

static void
take_entry(void *arg, const Datum *values, const bool *nulls)
{
	RevenueReport *report = arg;

	if (is_left_out(report, values, nulls))
		return;
	note_entry(report, codes_get(report->users, values[REVENUE_USER]),
			   DatumGetTimestampTz(values[REVENUE_TIME]),
			   cohort_breakdown_code(&report->breakdown, values[REVENUE_BREAKDOWN],
									 nulls[REVENUE_BREAKDOWN]));
}

static void
take_order(void *arg, const Datum *values, const bool *nulls)
{
	RevenueReport *report = arg;
	RevenueOrder *order;
	TimestampTz time;
	uint32		user;
	uint32		amount = 0;

	if (is_left_out(report, values, nulls))
		return;
	time = DatumGetTimestampTz(values[REVENUE_TIME]);
	user = codes_get(report->users, values[REVENUE_USER]);
	if (TIMESTAMP_IS_NOEND(report->plan.to))
		report->plan.data_end = Max(report->plan.data_end, time);
	if (!report->has_entries)
		note_entry(report, user, time,
				   cohort_breakdown_code(&report->breakdown, values[REVENUE_BREAKDOWN],
										 nulls[REVENUE_BREAKDOWN]));
	if (!nulls[REVENUE_AMOUNT])
	{
		Numeric		number = intake_number(&report->columns[REVENUE_AMOUNT], values[REVENUE_AMOUNT]);

		note_scale(report, number);
		amount = codes_get(report->amounts, NumericGetDatum(number)) + 1;
	}

	order = groups_add(report->groups);
	order->user = user;
	order->amount = amount;
	order->time = time;
}

static int
compare_points(const void *a, const void *b)
{
	const RevenuePoint *left = a;
	const RevenuePoint *right = b;

	if (left->period != right->period)
		return left->period < right->period ? -1 : 1;

	return (left->time > right->time) - (left->time < right->time);
}

/* The orders of one customer from the entry on, in order. */
static size_t
sort_out(RevenueReport *report, const RecordGroup *group, TimestampTz entry)
{
	const RevenueOrder *orders = group->records;
	size_t		n = 0;
	size_t		i;

	if (group->count > report->room)
	{
		report->room = Max(group->count, 2 * report->room);
		report->points = repalloc_huge(report->points, report->room * sizeof(RevenuePoint));
	}
	for (i = 0; i < group->count; i++)
	{
		if (orders[i].time < entry)
			continue;
		report->points[n].period = report->plan.period_length > 0 ? 0 :
			calendar_period(&report->plan.calendar, orders[i].time);
		report->points[n].time = orders[i].time;
		report->points[n].amount = orders[i].amount;
		n++;
	}
	qsort(report->points, n, sizeof(RevenuePoint), compare_points);

	return n;
}

static RevenueSum *
sums_of(RevenueReport *report, uint32 cell)
{
	size_t		stride = report->plan.periods + 1;
	size_t		needed = (cell + 1) * stride;

	if (needed > report->nsums)
	{
		size_t		room = Max(needed, 2 * report->nsums);

		report->sums = repalloc_huge(report->sums, room * sizeof(RevenueSum));
		memset(report->sums + report->nsums, 0, (room - report->nsums) * sizeof(RevenueSum));
		report->nsums = room;
	}

	return report->sums + cell * stride;
}

/* Did the user come, and in the time that is asked for? */
static const RevenueEntry *
entry_of(const RevenueReport *report, uint32 user)
{
	const RevenueEntry *entry;

	if (user >= report->nentries)
		return NULL;
	entry = &report->entries[user];

	return entry->time == DT_NOEND || entry->time < report->plan.from ? NULL : entry;
}

static void
add_order(RevenueReport *report, RevenueSum *sum, uint32 amount)
{
	Numeric		before = sum->revenue;
	Numeric		number;

	sum->orders++;
	if (amount == 0)
		return;
	number = DatumGetNumeric(codes_value(report->amounts, amount - 1));
	sum->revenue = before == NULL ? round_to(number, report->scale) : add(before, number);
	if (before != NULL)
		pfree(before);
}

static void
count_orders(RevenueReport *report, const RecordGroup *group, uint32 cell,
			 const RevenueEntry *entry, int64 cohort)
{
	RevenueSum *sums = sums_of(report, cell);
	size_t		n = sort_out(report, group, entry->time);
	int64		last = -1;
	size_t		i;

	CHECK_FOR_INTERRUPTS();
	for (i = 0; i < n; i++)
	{
		int64		index = cohort_index(&report->plan, entry->time, cohort,
										 report->points[i].time, report->points[i].period);

		if (index < 0)
			continue;
		if (index > report->plan.periods)
			break;
		if (index != last)
			sums[index].customers++;
		last = index;
		add_order(report, &sums[index], report->points[i].amount);
	}
}

/* Every customer who came in the time that is asked for, with orders or without. */
static void
count_customers(RevenueReport *report)
{
	uint32	   *cells = palloc_extended(Max(report->users->count, 1) * sizeof(uint32), MCXT_ALLOC_HUGE);
	RecordGroup group;
	uint32		user;

	for (user = 0; user < report->users->count; user++)
	{
		const RevenueEntry *entry = entry_of(report, user);

		if (entry == NULL)
			continue;
		cells[user] = cohort_cell(&report->cells, &report->plan,
								  calendar_period(&report->plan.calendar, entry->time),
								  report->breakdown.ranks[entry->breakdown]);
	}

	groups_finish(report->groups, report->users->count);
	while (groups_next(report->groups, &group))
	{
		const RevenueEntry *entry = entry_of(report, group.number);

		if (entry == NULL)
			continue;
		count_orders(report, &group, cells[group.number], entry,
					 calendar_period(&report->plan.calendar, entry->time));
	}
}

static void
put_row(void *arg, const CohortRow *row)
{
	RevenueReport *report = arg;
	const char *breakdown = report->breakdown.texts[row->breakdown];
	RevenueSum	sum = {0};
	Numeric		revenue;
	Datum		values[REVENUE_NCOLUMNS];
	bool		nulls[REVENUE_NCOLUMNS] = {false};
	int			i;

	if (row->has_members)
		sum = sums_of(report, row->cell)[row->index];
	revenue = sum.revenue != NULL ? sum.revenue : round_to(int64_to_numeric(0), report->scale);
	report->cumulative = row->index == 0 ? revenue : add(report->cumulative, revenue);

	values[0] = TimestampTzGetDatum(row->cohort);
	nulls[1] = breakdown == NULL;
	values[1] = nulls[1] ? (Datum) 0 : CStringGetTextDatum(breakdown);
	values[2] = Int64GetDatum(row->size);
	values[3] = Int32GetDatum(row->index);
	values[4] = Int64GetDatum(sum.customers);
	values[5] = Int64GetDatum(sum.orders);
	values[6] = NumericGetDatum(revenue);
	values[7] = NumericGetDatum(report->cumulative);
	values[8] = (Datum) 0;
	nulls[8] = row->size == 0;
	if (row->size > 0)
		values[8] = NumericGetDatum(round_to(DatumGetNumeric(DirectFunctionCall2(numeric_div, values[7],
																				 NumericGetDatum(int64_to_numeric(row->size)))),
											 Max(report->scale, REVENUE_LTV_SCALE)));
	values[9] = BoolGetDatum(row->is_complete);
	for (i = 4; i < 9 && !row->is_complete; i++)
		nulls[i] = true;
	tuplestore_putvalues(report->rsinfo->setResult, report->rsinfo->setDesc, values, nulls);
}

/* Opens and reads the orders, and who came when if that is a source of its own. */
static void
read_orders(RevenueReport *report, FunctionCallInfo fcinfo)
{
	const char *breakdown = intake_column_argument(fcinfo, ARG_BREAKDOWN);
	IntakeColumn columns[REVENUE_COLUMNS] = {
		[REVENUE_USER] = {"user_column", intake_column_argument(fcinfo, ARG_USER_COLUMN),
		intake_user_names, INTAKE_ANY, true},
		[REVENUE_TIME] = {"time_column", intake_column_argument(fcinfo, ARG_TIME_COLUMN),
		time_names, INTAKE_TIME, true},
		[REVENUE_BREAKDOWN] = {"breakdown", report->has_entries ? NULL : breakdown,
		NULL, INTAKE_ANY, false},
		[REVENUE_AMOUNT] = {"amount_column", intake_column_argument(fcinfo, ARG_AMOUNT_COLUMN),
		amount_names, INTAKE_NUMBER, true},
	};
	IntakeColumn entry_columns[REVENUE_ENTRY_COLUMNS] = {
		[REVENUE_USER] = columns[REVENUE_USER],
		[REVENUE_TIME] = columns[REVENUE_TIME],
		[REVENUE_BREAKDOWN] = {"breakdown", breakdown,.kind = INTAKE_ANY},
	};

	/* Who came first when can only be told from all data. */
	IntakePeriod recent = {report->plan.from, report->plan.to};
	IntakePeriod all = {DT_NOBEGIN, report->plan.to};
	Intake	   *orders;
	Intake	   *entries = NULL;

	orders = intake_open(intake_events_argument(fcinfo, ARG_ORDERS), columns, REVENUE_COLUMNS,
						 report->has_entries ? &recent : &all);
	if (report->has_entries)
		entries = cohort_open_entries(text_to_cstring(PG_GETARG_TEXT_PP(ARG_COHORTS)),
									  entry_columns, REVENUE_ENTRY_COLUMNS, &all,
									  &columns[REVENUE_USER]);
	report->users = codes_create(columns[REVENUE_USER].type, columns[REVENUE_USER].collation);
	report->amounts = codes_create(NUMERICOID, InvalidOid);
	cohort_breakdown_init(&report->breakdown, report->has_entries ?
						  &entry_columns[REVENUE_BREAKDOWN] : &columns[REVENUE_BREAKDOWN]);
	report->groups = groups_create(sizeof(RevenueOrder));
	report->entries = palloc(REVENUE_FIRST_ROOM * sizeof(RevenueEntry));

	report->columns = columns;
	intake_read(orders, take_order, report);
	report->columns = entry_columns;
	if (entries != NULL)
		intake_read(entries, take_entry, report);
	intake_tell_left_out(&report->left_out);
}

PG_FUNCTION_INFO_V1(cohort_revenue_report);
Datum
cohort_revenue_report(PG_FUNCTION_ARGS)
{
	RevenueReport *report = palloc0(sizeof(RevenueReport));

	cohort_plan(&report->plan, fcinfo, ARG_PERIOD, ARG_PERIODS, ARG_CLOCK, ARG_TIMEZONE,
				ARG_WEEK_START, ARG_FROM_TIME, ARG_TO_TIME);
	report->has_entries = !PG_ARGISNULL(ARG_COHORTS);
	InitMaterializedSRF(fcinfo, 0);
	report->rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	read_orders(report, fcinfo);

	cohort_breakdown_rank(&report->breakdown);
	cohort_cells_init(&report->cells);
	report->room = REVENUE_FIRST_ROOM;
	report->points = palloc(report->room * sizeof(RevenuePoint));
	report->nsums = REVENUE_FIRST_ROOM;
	report->sums = palloc0(report->nsums * sizeof(RevenueSum));
	count_customers(report);
	cohort_rows(&report->plan, &report->breakdown, &report->cells, put_row, report);
	groups_destroy(report->groups);

	return (Datum) 0;
}
