/*-------------------------------------------------------------------------
 *
 * cohorts.c
 *	  Users by the period in which they came.
 *
 * What the reports over cohorts share: their arguments, the values they are
 * broken down by, the cohorts that have members, and the rows of the result.
 *
 * IDENTIFICATION
 *	  src/behaviour/cohorts.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "common/int.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "behaviour/cohorts.h"
#include "compat.h"

#define COHORT_MAX_PERIODS	1000
#define COHORT_MAX_ROWS		10000000
#define COHORT_FIRST_ROOM	256
#define SHOWN_BYTES			64	/* of a word that is wrong */

/* Room for the rank of a breakdown below the number of a cohort. */
#define COHORT_RANK_BITS	30

static const char *const unit_words[] = {"hour", "day", "week", "month", "quarter", "year", NULL};
static const char *const clock_words[] = {"calendar", "rolling", NULL};

/* The place among the words of the one that was given. */
int
cohort_choice(FunctionCallInfo fcinfo, int argno, const char *name,
			  const char *const *words)
{
	StringInfoData known;
	char	   *given;
	int			i;

	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", name));
	given = text_to_cstring(PG_GETARG_TEXT_PP(argno));
	for (i = 0; words[i] != NULL; i++)
	{
		if (strcmp(words[i], given) == 0)
			return i;
	}

	initStringInfo(&known);
	for (i = 0; words[i] != NULL; i++)
		appendStringInfo(&known, "%s%s", i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ",
						 words[i]);
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("%s \"%.*s\" is not known", name,
				   pg_mbcliplen(given, strlen(given), SHOWN_BYTES), given),
			errhint("Write %s.", known.data));
}

int32
cohort_number(FunctionCallInfo fcinfo, int argno, const char *name, int32 least, int32 most)
{
	int32		number;

	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", name));
	number = PG_GETARG_INT32(argno);
	if (number < least || number > most)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s is %d, but must be from %d to %d", name, number, least, most));

	return number;
}

static int64
rolling_length(CalendarUnit unit)
{
	switch (unit)
	{
		case CALENDAR_HOUR:
			return USECS_PER_HOUR;
		case CALENDAR_DAY:
			return USECS_PER_DAY;
		case CALENDAR_WEEK:
			return CALENDAR_WEEK_DAYS * USECS_PER_DAY;
		default:
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("a %s has no length that the rolling clock could measure", unit_words[unit]),
					errhint("Set period to hour, day or week, or clock to calendar."));
	}
}

/* Reads the arguments that all reports over cohorts have, by their places. */
void
cohort_plan(CohortPlan *plan, FunctionCallInfo fcinfo, int period, int periods,
			int clock, int timezone, int week_start, int from, int to)
{
	CalendarUnit unit = cohort_choice(fcinfo, period, "period", unit_words);
	IntakePeriod given;

	plan->periods = cohort_number(fcinfo, periods, "periods", 1, COHORT_MAX_PERIODS);
	plan->period_length = cohort_choice(fcinfo, clock, "clock", clock_words) == 0 ?
		0 : rolling_length(unit);
	calendar_set(&plan->calendar, unit,
				 PG_ARGISNULL(timezone) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(timezone)),
				 cohort_number(fcinfo, week_start, "week_start", 1, CALENDAR_WEEK_DAYS));
	given = intake_period_arguments(fcinfo, from, to);
	plan->from = given.from;
	plan->to = given.to;
	plan->data_end = TIMESTAMP_IS_NOEND(plan->to) ? DT_NOBEGIN : plan->to;
}

static bool
is_integer(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

static bool
is_string(Oid type)
{
	return type == TEXTOID || type == VARCHAROID;
}

static void
entries_error(void *arg)
{
	errcontext("argument cohorts");
}

/* The source of who came when; its users are those of the events. */
Intake *
cohort_open_entries(const char *entries, IntakeColumn *columns, int ncolumns,
					const IntakePeriod *period, const IntakeColumn *user)
{
	ErrorContextCallback callback;
	Intake	   *intake;

	callback.callback = entries_error;
	callback.arg = NULL;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	intake = intake_open(entries, columns, ncolumns, period);
	if (columns[0].type != user->type &&
		!(is_integer(columns[0].type) && is_integer(user->type)) &&
		!(is_string(columns[0].type) && is_string(user->type)))
		ereport(ERROR,
				errcode(ERRCODE_DATATYPE_MISMATCH),
				errmsg("users are of type %s in the cohorts and of type %s in the events",
					   format_type_be(columns[0].type), format_type_be(user->type)),
				errhint("Pass a query that casts the column."));
	error_context_stack = callback.previous;

	return intake;
}

void
cohort_breakdown_init(CohortBreakdown *breakdown, IntakeColumn *column)
{
	memset(breakdown, 0, sizeof(CohortBreakdown));
	breakdown->room = COHORT_FIRST_ROOM;
	breakdown->texts = palloc0(breakdown->room * sizeof(char *));
	if (!column->present)
		return;
	breakdown->column = column;
	breakdown->codes = codes_create(column->type, column->collation);
}

static uint32
cohort_breakdown_count(const CohortBreakdown *breakdown)
{
	return breakdown->codes == NULL ? 1 : breakdown->codes->count + 1;
}

uint32
cohort_breakdown_code(CohortBreakdown *breakdown, Datum value, bool isnull)
{
	uint32		code;

	if (breakdown->codes == NULL || isnull)
		return 0;
	code = codes_get(breakdown->codes, value) + 1;
	if (code == breakdown->room)
	{
		if (code >= UINT32_C(1) << COHORT_RANK_BITS)
			ereport(ERROR,
					errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg("the breakdown has too many values"));
		breakdown->texts = repalloc_huge(breakdown->texts, 2 * (Size) code * sizeof(char *));
		memset(breakdown->texts + code, 0, code * sizeof(char *));
		breakdown->room *= 2;
	}
	if (breakdown->texts[code] == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(breakdown->codes->context);

		breakdown->texts[code] = intake_text(breakdown->column, value);
		MemoryContextSwitchTo(old);
	}

	return code;
}

/* By bytes, so that it depends on no locale; NULL comes last. */
int
cohort_breakdown_compare(const CohortBreakdown *breakdown, uint32 a, uint32 b)
{
	int			order;

	if (a == b)
		return 0;
	if (a == 0 || b == 0)
		return a == 0 ? 1 : -1;
	order = strcmp(breakdown->texts[a], breakdown->texts[b]);

	/* values that look alike and are not the same still need an order */
	return order != 0 ? order : (a > b) - (a < b);
}

static int
compare_codes(const void *a, const void *b, void *arg)
{
	return cohort_breakdown_compare(arg, *(const uint32 *) a, *(const uint32 *) b);
}

/* All values are known: gives them their places in the result. */
void
cohort_breakdown_rank(CohortBreakdown *breakdown)
{
	uint32		n = cohort_breakdown_count(breakdown);
	uint32		i;

	breakdown->ranks = palloc_extended(n * sizeof(uint32), MCXT_ALLOC_HUGE);
	breakdown->by_rank = palloc_extended(n * sizeof(uint32), MCXT_ALLOC_HUGE);
	for (i = 0; i < n; i++)
		breakdown->by_rank[i] = i;
	qsort_arg(breakdown->by_rank, n, sizeof(uint32), compare_codes, breakdown);
	for (i = 0; i < n; i++)
		breakdown->ranks[breakdown->by_rank[i]] = i;
}

void
cohort_cells_init(CohortCells *cells)
{
	cells->keys = codes_create(INT8OID, InvalidOid);
	cells->room = COHORT_FIRST_ROOM;
	cells->sizes = palloc0(cells->room * sizeof(int64));
}

static void
check_rows(uint64 rows)
{
	if (rows > COHORT_MAX_ROWS)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("the report would have more than %d rows", COHORT_MAX_ROWS),
				errhint("Set from_time and to_time, ask for fewer periods, or leave out events of impossible times."));
}

/* The cell of a cohort and a place in the breakdown, to which a user is added. */
uint32
cohort_cell(CohortCells *cells, const CohortPlan *plan, int64 cohort, uint32 rank)
{
	int64		key = cohort * (INT64CONST(1) << COHORT_RANK_BITS) + rank;
	uint32		cell = codes_get(cells->keys, Int64GetDatum(key));

	if (cell == cells->room)
	{
		check_rows((uint64) cell * (plan->periods + 1));
		cells->sizes = repalloc_huge(cells->sizes, 2 * (Size) cell * sizeof(int64));
		memset(cells->sizes + cell, 0, cell * sizeof(int64));
		cells->room *= 2;
	}
	cells->sizes[cell]++;

	return cell;
}

static int64
key_of(const CohortCells *cells, uint32 cell)
{
	return DatumGetInt64(codes_value(cells->keys, cell));
}

static int
compare_cells(const void *a, const void *b, void *arg)
{
	int64		left = key_of(arg, *(const uint32 *) a);
	int64		right = key_of(arg, *(const uint32 *) b);

	return (left > right) - (left < right);
}

/* When the period is over for everybody who can be of the cohort. */
static TimestampTz
end_of_period(const CohortPlan *plan, const TimestampTz *starts, int64 cohort, int32 index)
{
	TimestampTz end;

	if (plan->period_length == 0)
		return starts[cohort + index + 1];
	end = starts[cohort + 1];
	if (TIMESTAMP_NOT_FINITE(end) ||
		pg_add_s64_overflow(end, (index + 1) * plan->period_length, &end))
		return DT_NOEND;

	return end;
}

/* The places in the breakdown that have members in some cohort. */
static uint32 *
ranks_with_members(const CohortCells *cells, const CohortBreakdown *breakdown, uint32 *n)
{
	uint32		nranks = cohort_breakdown_count(breakdown);
	bool	   *used = palloc_extended(nranks, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	uint32	   *ranks = palloc_extended(nranks * sizeof(uint32), MCXT_ALLOC_HUGE);
	uint32		i;

	for (i = 0; i < cells->keys->count; i++)
		used[key_of(cells, i) & ((INT64CONST(1) << COHORT_RANK_BITS) - 1)] = true;
	if (breakdown->codes == NULL)
		used[0] = true;
	*n = 0;
	for (i = 0; i < nranks; i++)
	{
		if (used[i])
			ranks[(*n)++] = i;
	}

	return ranks;
}

/*
 * Calls "put" for every row of the result: every cohort of the calendar from the
 * first to the last, whether somebody came or not, and every period.  What it
 * allocates lasts for the rows of one cohort.
 */
void
cohort_rows(CohortPlan *plan, const CohortBreakdown *breakdown,
			const CohortCells *cells, CohortPutRow put, void *arg)
{
	uint32		ncells = cells->keys->count;
	uint32	   *order = palloc_extended(Max(ncells, 1) * sizeof(uint32), MCXT_ALLOC_HUGE);
	uint32		nranks;
	uint32	   *ranks = ranks_with_members(cells, breakdown, &nranks);
	TimestampTz *starts;
	int64		first,
				last,
				i;
	uint32		next = 0;		/* cell in order */
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "shopanalytics cohort rows",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = CurrentMemoryContext;

	if (ncells == 0 && (TIMESTAMP_IS_NOBEGIN(plan->from) || TIMESTAMP_IS_NOEND(plan->to)))
		return;
	for (i = 0; i < ncells; i++)
		order[i] = i;
	qsort_arg(order, ncells, sizeof(uint32), compare_cells, unconstify(CohortCells *, cells));

	/*
	 * clocks set back over midnight can lead to a day before that of
	 * from_time
	 */
	first = TIMESTAMP_IS_NOBEGIN(plan->from) ? PG_INT64_MAX : calendar_period(&plan->calendar, plan->from);
	last = TIMESTAMP_IS_NOEND(plan->to) ? PG_INT64_MIN : calendar_period(&plan->calendar, plan->to - 1);
	if (ncells > 0)
	{
		first = Min(first, key_of(cells, order[0]) >> COHORT_RANK_BITS);
		last = Max(last, key_of(cells, order[ncells - 1]) >> COHORT_RANK_BITS);
	}
	check_rows(last - first);
	check_rows((uint64) (last - first + 1) * Max(nranks, 1) * (plan->periods + 1));

	starts = palloc_extended((last - first + plan->periods + 2) * sizeof(TimestampTz),
							 MCXT_ALLOC_HUGE);
	for (i = 0; i <= last - first + plan->periods + 1; i++)
		starts[i] = calendar_start(&plan->calendar, first + i);

	for (i = 0; i <= last - first; i++)
	{
		uint32		r;

		for (r = 0; r < nranks; r++)
		{
			int64		key = (first + i) * (INT64CONST(1) << COHORT_RANK_BITS) + ranks[r];
			CohortRow	row = {.cohort = starts[i],.breakdown = breakdown->by_rank[ranks[r]]};

			if (next < ncells && key_of(cells, order[next]) == key)
			{
				row.has_members = true;
				row.cell = order[next++];
				row.size = cells->sizes[row.cell];
			}
			MemoryContextSwitchTo(context);
			for (row.index = 0; row.index <= plan->periods; row.index++)
			{
				row.is_complete = end_of_period(plan, starts, i, row.index) <= plan->data_end;
				put(arg, &row);
			}
			MemoryContextSwitchTo(old);
			MemoryContextReset(context);
			CHECK_FOR_INTERRUPTS();
		}
	}
	Assert(next == ncells);
	MemoryContextDelete(context);
}
