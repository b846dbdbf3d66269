/*-------------------------------------------------------------------------
 *
 * rolling_revenue.c
 *	  Window function rolling_revenue(): sums over the last calendar days.
 *
 * The value of a row is that of its day, as with a RANGE frame over days: all
 * rows of a day have the same value, and rows that come later in the day count
 * in it.  So rows are summed by day as they are read, ahead of the row that is
 * asked for, until its day is complete; the frame is the sum of some days, to
 * which days are added and from which days are taken away, exactly.  The work
 * per row is one addition; the rest is done once a day.
 *
 * Rows that are read ahead are read in batches, all times of a batch before
 * all its amounts: a window object has one read position, and to get two
 * arguments of one row from it costs a step forward and a step back.
 *
 * Where clocks are set back over midnight, rows in order of time are not in
 * order of their days (rolling_day.c).  A day then stays open until no later
 * row can be on it, and the frame may go back a day.
 *
 * IDENTIFICATION
 *	  src/behaviour/rolling_revenue.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "windowapi.h"

#include "behaviour/rolling_day.h"
#include "behaviour/rolling_frame.h"

/* places of the arguments */
#define ARG_AMOUNT		0
#define ARG_TS			1
#define ARG_DAYS		2
#define ARG_TIMEZONE	3

#define ROLLING_BATCH		64	/* rows to read ahead at least, at a time */
#define ROLLING_MAX_BATCH	4096	/* rows to evaluate before memory is freed */
#define ROLLING_INIT_RUNS	64

/* Successive rows on the same day. */
typedef struct RollingRun
{
	int64		day;
	int64		end;			/* position of the first row after them */
} RollingRun;

/* Lives as long as the query, so that partitions share the memory. */
typedef struct RollingRevenue
{
	MemoryContext context;		/* of all below */
	MemoryContext scratch;		/* for the arguments of a batch of rows */
	MemoryContext results;		/* for the result */
	Oid			ts_type;		/* timestamptz or date */
	bool		fixed;			/* days and zone cannot change by row */
	RollingZone zone;

	/* rows read from the partition */
	int64		nread;
	bool		ended;			/* there are no more */
	bool		has_nulls;		/* the first have no time */
	int64		last_day;		/* latest so far */
	int64		last_ts;
	int64		closed;			/* days before this are complete */

	/* runs[] from firstrun on wait for their rows to be asked for */
	RollingRun *runs;
	int			firstrun;
	int			nruns;
	int			maxruns;

	RollingFrame frame;
	Datum		result;			/* of the first run, once it is known */
	bool		has_result;
	bool		result_isnull;
} RollingRevenue;

PG_FUNCTION_INFO_V1(window_rolling_revenue);

static int32
rolling_check_days(Datum value, bool isnull)
{
	int32		days = DatumGetInt32(value);

	if (isnull)
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("days must not be null"),
				errhint("Leave it out for 7 days."));
	if (days < 1)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("days must be at least 1, got %d", days),
				errhint("1 is the day of the row alone, 7 that day and the six before."));

	return days;
}

static void
rolling_check_same(bool same, const char *name)
{
	if (!same)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must not change within a partition", name),
				errhint("Add what it depends on to PARTITION BY."));
}

static char *
rolling_ts_text(const RollingRevenue *state, int64 ts)
{
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(state->ts_type, &output, &is_varlena);

	return OidOutputFunctionCall(output, state->ts_type == DATEOID ?
								 DateADTGetDatum((DateADT) ts) :
								 TimestampTzGetDatum(ts));
}

/*
 * Rows in order of time pass, and so do rows in order of day; that is the
 * same but where clocks are set back over midnight.
 */
static void
rolling_check_order(const RollingRevenue *state, int64 day, int64 ts)
{
	if (likely(day >= state->last_day))
		return;

	if (state->last_day == DAY_NULLS_LAST)
		ereport(ERROR,
				errcode(ERRCODE_WINDOWING_ERROR),
				errmsg("times are not in ascending order"),
				errdetail("A row without a time comes before a row with one, and after another."),
				errhint("Order the window by the same time: OVER (PARTITION BY ... ORDER BY ...), ascending."));

	if (ts >= state->last_ts)
		return;

	ereport(ERROR,
			errcode(ERRCODE_WINDOWING_ERROR),
			errmsg("times are not in ascending order"),
			errdetail("%s comes after %s.",
					  rolling_ts_text(state, ts),
					  rolling_ts_text(state, state->last_ts)),
			errhint("Order the window by the same time: OVER (PARTITION BY ... ORDER BY ...), ascending."));
}

static void
rolling_run_append(RollingRevenue *state, int64 day)
{
	RollingRun *last = &state->runs[state->firstrun + state->nruns - 1];

	if (state->nruns > 0 && last->day == day)
	{
		last->end++;
		return;
	}

	if (state->firstrun + state->nruns == state->maxruns)
	{
		if (state->firstrun < state->maxruns / 2)
		{
			state->maxruns *= 2;
			state->runs = repalloc_huge(state->runs, state->maxruns * sizeof(RollingRun));
		}
		memmove(state->runs, state->runs + state->firstrun,
				state->nruns * sizeof(RollingRun));
		state->firstrun = 0;
	}
	last = &state->runs[state->firstrun + state->nruns++];
	last->day = day;
	last->end = state->nread + 1;
}

/* Rows without a time come first or last, not both. */
static void
rolling_check_nulls_together(const RollingRevenue *state, bool is_first)
{
	if (state->has_nulls && !is_first)
		ereport(ERROR,
				errcode(ERRCODE_WINDOWING_ERROR),
				errmsg("times are not in ascending order"),
				errdetail("Rows without a time come before rows with one and after them."),
				errhint("Order the window by the same time: OVER (PARTITION BY ... ORDER BY ...), ascending."));
}

/* Notes the time of the next row. */
static inline void
rolling_read_time(RollingRevenue *state, Datum value, bool isnull)
{
	int64		day;
	int64		ts;
	int64		earliest;

	if (isnull)
	{
		/* peers of each other and of nothing else, first or last */
		bool		is_first = state->last_day == DAY_NULLS_FIRST;

		rolling_check_nulls_together(state, is_first);
		state->has_nulls |= is_first;
		day = earliest = is_first ? DAY_NULLS_FIRST : DAY_NULLS_LAST;
		ts = is_first ? PG_INT64_MIN : PG_INT64_MAX;
	}
	else if (state->ts_type == DATEOID)
	{
		ts = DatumGetDateADT(value);
		day = earliest = DATE_IS_NOBEGIN(ts) ? DAY_MINUS_INFINITY :
			DATE_IS_NOEND(ts) ? DAY_INFINITY : ts;
	}
	else
	{
		ts = DatumGetTimestampTz(value);
		if (unlikely(TIMESTAMP_NOT_FINITE(ts)))
			day = earliest = TIMESTAMP_IS_NOBEGIN(ts) ? DAY_MINUS_INFINITY : DAY_INFINITY;
		else
			day = rolling_day(&state->zone, ts, &earliest);
	}

	rolling_check_order(state, day, ts);
	state->last_day = Max(state->last_day, day);
	state->last_ts = Max(state->last_ts, ts);
	state->closed = Max(state->closed, earliest);
	rolling_run_append(state, day);
	state->nread++;
}

static inline bool
rolling_is_complete(const RollingRevenue *state, int64 day)
{
	return state->ended || day < state->closed;
}

/* Reads rows until the day of the first run is complete, or for a while. */
static void
rolling_read(RollingRevenue *state, WindowObject winobj)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(state->scratch);
	int64		start = state->nread;
	int			run = Max(state->nruns - 1, 0);
	RollingTotal *total = NULL;
	Datum		value;
	bool		isnull;
	bool		isout;

	do
	{
		value = WinGetFuncArgInPartition(winobj, ARG_TS, state->nread,
										 WINDOW_SEEK_HEAD, false,
										 &isnull, &isout);
		if (isout)
			state->ended = true;
		else
			rolling_read_time(state, value, isnull);
	} while (!state->ended &&
			 (state->nread - start < ROLLING_BATCH ||
			  (state->nread - start < ROLLING_MAX_BATCH &&
			   !rolling_is_complete(state, state->runs[state->firstrun].day))));

	for (int64 pos = start; pos < state->nread; pos++)
	{
		value = WinGetFuncArgInPartition(winobj, ARG_AMOUNT, pos,
										 WINDOW_SEEK_HEAD, false,
										 &isnull, &isout);
		while (pos >= state->runs[state->firstrun + run].end)
		{
			run++;
			total = NULL;
		}
		if (total == NULL)
			total = rolling_frame_find(&state->frame, state->runs[state->firstrun + run].day);
		if (!isnull)
			rolling_total_add(total, value, 1);
	}

	if (state->nread > 0)
		WinSetMarkPosition(winobj, state->nread - 1);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(state->scratch);
	CHECK_FOR_INTERRUPTS();
}

/* The zone's name, in a buffer of the caller; NULL is that of the session. */
static const char *
rolling_zone_arg(WindowObject winobj, char *buffer)
{
	bool		isnull;
	Datum		value = WinGetFuncArgCurrent(winobj, ARG_TIMEZONE, &isnull);

	if (isnull)
		return NULL;
	text_to_cstring_buffer(DatumGetTextPP(value), buffer, TZ_STRLEN_MAX + 1);

	return buffer;
}

static void
rolling_partition_begin(RollingRevenue *state, WindowObject winobj)
{
	char		buffer[TZ_STRLEN_MAX + 1];
	Datum		value;
	bool		isnull;

	value = WinGetFuncArgCurrent(winobj, ARG_DAYS, &isnull);
	rolling_frame_clear(&state->frame, rolling_check_days(value, isnull));
	if (state->ts_type != DATEOID)
		rolling_zone_set(&state->zone, rolling_zone_arg(winobj, buffer));

	state->nread = 0;
	state->ended = false;
	state->has_nulls = false;
	state->last_day = DAY_NULLS_FIRST;
	state->last_ts = PG_INT64_MIN;
	state->closed = PG_INT64_MIN;
	state->firstrun = 0;
	state->nruns = 0;
	state->has_result = false;
}

/* Days and zone are arguments like others, so nothing else stops a change. */
static void
rolling_partition_check(const RollingRevenue *state, WindowObject winobj)
{
	char		buffer[TZ_STRLEN_MAX + 1];
	const char *name;
	Datum		value;
	bool		isnull;

	value = WinGetFuncArgCurrent(winobj, ARG_DAYS, &isnull);
	rolling_check_same(rolling_check_days(value, isnull) == state->frame.ndays, "days");
	if (state->ts_type != DATEOID)
	{
		name = rolling_zone_arg(winobj, buffer);
		rolling_check_same(strcmp(name ? name : "", state->zone.name) == 0, "timezone");
	}
}

static RollingRevenue *
rolling_revenue_create(FmgrInfo *flinfo)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(flinfo->fn_mcxt);
	RollingRevenue *state = palloc0(sizeof(RollingRevenue));

	state->context = flinfo->fn_mcxt;
	state->scratch = AllocSetContextCreate(flinfo->fn_mcxt,
										   "rolling_revenue arguments",
										   ALLOCSET_DEFAULT_SIZES);
	state->results = AllocSetContextCreate(flinfo->fn_mcxt,
										   "rolling_revenue result",
										   ALLOCSET_SMALL_SIZES);
	state->ts_type = get_fn_expr_argtype(flinfo, ARG_TS);
	state->fixed = get_fn_expr_arg_stable(flinfo, ARG_DAYS) &&
		(state->ts_type == DATEOID || get_fn_expr_arg_stable(flinfo, ARG_TIMEZONE));
	state->maxruns = ROLLING_INIT_RUNS;
	state->runs = palloc(sizeof(RollingRun) * ROLLING_INIT_RUNS);
	rolling_frame_init(&state->frame, get_fn_expr_argtype(flinfo, ARG_AMOUNT));
	MemoryContextSwitchTo(oldcontext);

	return state;
}

/*
 * (amount numeric | float8 | int8 | int4 | int2, ts timestamptz, days int4,
 *	timezone text) => numeric | float8
 * (amount, ts date, days int4) => numeric | float8
 */
Datum
window_rolling_revenue(PG_FUNCTION_ARGS)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	RollingRevenue *state = fcinfo->flinfo->fn_extra;
	bool	   *is_begun;
	int64		pos;
	MemoryContext oldcontext;

	if (state == NULL)
		fcinfo->flinfo->fn_extra = state = rolling_revenue_create(fcinfo->flinfo);

	is_begun = WinGetPartitionLocalMemory(winobj, sizeof(bool));
	if (!*is_begun)
	{
		rolling_partition_begin(state, winobj);
		*is_begun = true;
	}
	else if (!state->fixed)
		rolling_partition_check(state, winobj);

	pos = WinGetCurrentPosition(winobj);
	while (state->nruns > 0 && state->runs[state->firstrun].end <= pos)
	{
		state->firstrun++;
		state->nruns--;
		state->has_result = false;
	}

	if (!state->has_result)
	{
		while (state->nruns == 0 ||
			   !rolling_is_complete(state, state->runs[state->firstrun].day))
			rolling_read(state, winobj);
		rolling_frame_move(&state->frame, state->runs[state->firstrun].day);

		MemoryContextReset(state->results);
		oldcontext = MemoryContextSwitchTo(state->results);
		state->result_isnull = state->frame.total.nvalues == 0;
		if (!state->result_isnull)
			state->result = rolling_total_sum(&state->frame.total);
		MemoryContextSwitchTo(oldcontext);
		state->has_result = true;
	}

	if (state->result_isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(state->result);
}
