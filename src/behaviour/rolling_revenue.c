/*-------------------------------------------------------------------------
 *
 * rolling_revenue.c
 *	  Window function rolling_revenue(): sums over the last calendar days.
 *
 * The value of a row is that of its day, as with a RANGE frame over days: all
 * rows of a day have the same value, and rows that come later in the day count
 * in it.  So rows are summed by day (rolling_frame.c) as they are read, ahead
 * of the row that is asked for, until its day is complete.
 *
 * To read a row is most of the work, so it is done once: for its amount.  The
 * end of a day is found by looking at times in growing steps.  Between two rows
 * on the same day, and with the same offset from UTC, all rows are on it if
 * they are in order.  Whether they are is seen when their turn comes, as the
 * time of the current row costs little, and so does its amount: where days
 * have a row or two, only the time of the next row has to be read.
 *
 * Where clocks are set back over midnight, rows in order of time are not in
 * order of their days (rolling_day.c).  A day then stays open until no later
 * row can be on it.
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
#include "behaviour/rolling_run.h"

/* places of the arguments */
#define ARG_AMOUNT		0
#define ARG_TS			1
#define ARG_DAYS		2
#define ARG_TIMEZONE	3

#define ROLLING_MAX_STEP	64	/* rows to read at a time */

/* Lives as long as the query, so that partitions share the memory. */
typedef struct RollingRevenue
{
	MemoryContext scratch;		/* for the arguments of rows read ahead */
	MemoryContext results;		/* for the result */
	Oid			ts_type;		/* timestamptz or date */
	bool		fixed;			/* days and zone cannot change by row */
	RollingZone zone;
	RollingFrame frame;

	/* rows read from the partition */
	int64		nread;
	int64		mark;			/* rows before this may be forgotten */
	bool		ended;			/* there are no more */
	bool		has_nulls;		/* the first have no time */
	RollingRun	next;			/* else the day of the next row */
	int64		last_day;		/* latest so far, of the starts of runs */
	int64		last_ts;
	int64		closed;			/* days before this are complete */

	RollingQueue queue;			/* of runs, all rows of which have been read */
	Datum		result;			/* of the oldest run, once it is known */
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

static inline int64
rolling_ts(const RollingRevenue *state, Datum value, bool isnull)
{
	if (isnull)
		return 0;

	return state->ts_type == DATEOID ? DatumGetDateADT(value) : DatumGetTimestampTz(value);
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

static int
rolling_errhint_order(void)
{
	return errhint("Order the window by the same time: OVER (PARTITION BY ... ORDER BY ...), ascending.");
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
				rolling_errhint_order());

	if (ts >= state->last_ts)
		return;

	ereport(ERROR,
			errcode(ERRCODE_WINDOWING_ERROR),
			errmsg("times are not in ascending order"),
			errdetail("%s comes after %s.",
					  rolling_ts_text(state, ts),
					  rolling_ts_text(state, state->last_ts)),
			rolling_errhint_order());
}

/* Rows without a time come first or last, not both. */
static void
rolling_check_nulls_together(RollingRevenue *state, int64 day)
{
	if (day == DAY_NULLS_FIRST)
		state->has_nulls = true;
	else if (state->has_nulls)
		ereport(ERROR,
				errcode(ERRCODE_WINDOWING_ERROR),
				errmsg("times are not in ascending order"),
				errdetail("Rows without a time come before rows with one and after them."),
				rolling_errhint_order());
}

/* The time of a row; false if there is no such row. */
static inline bool
rolling_fetch_time(const RollingRevenue *state, WindowObject winobj, int64 pos,
				   int64 *ts, bool *isnull)
{
	bool		isout;
	Datum		value = WinGetFuncArgInPartition(winobj, ARG_TS, pos,
												 WINDOW_SEEK_HEAD, false,
												 isnull, &isout);

	*ts = rolling_ts(state, value, *isnull);

	return !isout;
}

static void
rolling_add_amount(RollingTotal *total, WindowObject winobj, int64 pos)
{
	bool		isnull;
	bool		isout;
	Datum		value;

	/* much less work, if it happens to be the current row */
	if (pos == WinGetCurrentPosition(winobj))
		value = WinGetFuncArgCurrent(winobj, ARG_AMOUNT, &isnull);
	else
		value = WinGetFuncArgInPartition(winobj, ARG_AMOUNT, pos,
										 WINDOW_SEEK_HEAD, false,
										 &isnull, &isout);
	if (!isnull)
		rolling_total_add(total, value, 1);
}

/* The day of a time, and what else is on it. */
static void
rolling_run_find(RollingRevenue *state, int64 ts, bool isnull,
				 RollingRun *run, int64 *earliest)
{
	if (isnull)
	{
		/* peers of each other and of nothing else, first or last */
		run->day = state->last_day == DAY_NULLS_FIRST ? DAY_NULLS_FIRST : DAY_NULLS_LAST;
		run->first = PG_INT64_MAX;
		run->last = PG_INT64_MIN;
	}
	else
	{
		run->first = run->last = ts;
		if (state->ts_type == DATEOID)
			run->day = DATE_IS_NOBEGIN(ts) ? DAY_MINUS_INFINITY :
				DATE_IS_NOEND(ts) ? DAY_INFINITY : ts;
		else if (TIMESTAMP_NOT_FINITE(ts))
			run->day = TIMESTAMP_IS_NOBEGIN(ts) ? DAY_MINUS_INFINITY : DAY_INFINITY;
		else
		{
			run->day = rolling_day(&state->zone, ts, earliest);
			rolling_day_times(&state->zone, run->day, &run->first, &run->last);
			return;
		}
	}
	*earliest = run->day;
}

/* Notes the time of the row that is to be read next. */
static void
rolling_set_next(RollingRevenue *state, int64 ts, bool isnull)
{
	int64		earliest;

	rolling_run_find(state, ts, isnull, &state->next, &earliest);
	if (isnull)
	{
		rolling_check_nulls_together(state, state->next.day);
		ts = state->next.day == DAY_NULLS_FIRST ? PG_INT64_MIN : PG_INT64_MAX;
	}
	rolling_check_order(state, state->next.day, ts);
	state->last_day = Max(state->last_day, state->next.day);
	state->last_ts = Max(state->last_ts, ts);
	state->closed = Max(state->closed, earliest);
}

/* Reads the rows from the next one that are on its day. */
static void
rolling_read(RollingRevenue *state, WindowObject winobj)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(state->scratch);
	RollingTotal *total = rolling_frame_find(&state->frame, state->next.day);
	int64		end = PG_INT64_MAX; /* a row known not to be on the day */
	int64		end_ts = 0;
	bool		end_isnull = false;
	int64		step = 1;

	rolling_add_amount(total, winobj, state->nread++);
	while (state->nread < end)
	{
		int64		pos = state->nread + step - 1;
		int64		ts;
		bool		isnull;

		if (pos >= end)
			pos = state->nread + (end - state->nread) / 2;
		if (!rolling_fetch_time(state, winobj, pos, &ts, &isnull))
		{
			end = pos;
			state->ended = true;
		}
		else if (!rolling_run_has(&state->next, ts, isnull))
		{
			end = pos;
			end_ts = ts;
			end_isnull = isnull;
			state->ended = false;
		}
		else
		{
			while (state->nread <= pos)
				rolling_add_amount(total, winobj, state->nread++);
			step = Min(2 * step, ROLLING_MAX_STEP);
			MemoryContextReset(state->scratch);
			CHECK_FOR_INTERRUPTS();
		}
	}

	state->next.end = state->nread;
	rolling_queue_append(&state->queue, &state->next);
	if (!state->ended)
		rolling_set_next(state, end_ts, end_isnull);

	/* not at every row, for it costs as much as reading one */
	if (state->nread - state->mark >= ROLLING_MAX_STEP)
	{
		state->mark = state->nread;
		WinSetMarkPosition(winobj, state->mark);
	}
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(state->scratch);
}

static inline bool
rolling_is_complete(const RollingRevenue *state, int64 day)
{
	return state->ended || day < state->closed;
}

/* Were the times between those that were looked at in order? */
static inline void
rolling_check_current(RollingRevenue *state, WindowObject winobj)
{
	const RollingRun *run = rolling_queue_oldest(&state->queue);
	bool		isnull;
	Datum		value = WinGetFuncArgCurrent(winobj, ARG_TS, &isnull);
	int64		ts = rolling_ts(state, value, isnull);
	RollingRun	other;
	int64		earliest;

	if (likely(rolling_run_has(run, ts, isnull)))
		return;

	/* the day may have more times than those */
	if (!isnull && DAY_IS_FINITE(run->day))
	{
		rolling_run_find(state, ts, isnull, &other, &earliest);
		if (other.day == run->day)
			return;
	}

	ereport(ERROR,
			errcode(ERRCODE_WINDOWING_ERROR),
			errmsg("times are not in ascending order"),
			errdetail("%s comes between rows of another day.",
					  isnull ? "A row without a time" : rolling_ts_text(state, ts)),
			rolling_errhint_order());
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
	state->mark = 0;
	state->ended = false;
	state->has_nulls = false;
	state->last_day = DAY_NULLS_FIRST;
	state->last_ts = PG_INT64_MIN;
	state->closed = PG_INT64_MIN;
	rolling_queue_clear(&state->queue);
	state->has_result = false;

	value = WinGetFuncArgCurrent(winobj, ARG_TS, &isnull);
	rolling_set_next(state, rolling_ts(state, value, isnull), isnull);
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

	state->scratch = AllocSetContextCreate(flinfo->fn_mcxt,
										   "rolling_revenue arguments",
										   ALLOCSET_DEFAULT_SIZES);
	state->results = AllocSetContextCreate(flinfo->fn_mcxt,
										   "rolling_revenue result",
										   ALLOCSET_SMALL_SIZES);
	state->ts_type = get_fn_expr_argtype(flinfo, ARG_TS);
	state->fixed = get_fn_expr_arg_stable(flinfo, ARG_DAYS) &&
		(state->ts_type == DATEOID || get_fn_expr_arg_stable(flinfo, ARG_TIMEZONE));
	rolling_queue_init(&state->queue);
	rolling_frame_init(&state->frame, get_fn_expr_argtype(flinfo, ARG_AMOUNT));
	MemoryContextSwitchTo(oldcontext);

	return state;
}

/* The result for the rows of a run, the first of which is the current one. */
static void
rolling_find_result(RollingRevenue *state, WindowObject winobj, int64 pos)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	const RollingRun *run;

	while ((run = rolling_queue_oldest(&state->queue)) == NULL ||
		   !rolling_is_complete(state, run->day))
		rolling_read(state, winobj);
	rolling_frame_move(&state->frame, run->day);

	/* if there is but one row, nobody needs to keep it */
	if (run->end > pos + 1)
	{
		MemoryContextReset(state->results);
		MemoryContextSwitchTo(state->results);
	}
	state->result_isnull = state->frame.total.nvalues == 0;
	if (!state->result_isnull)
		state->result = rolling_total_sum(&state->frame.total);
	MemoryContextSwitchTo(oldcontext);
	state->has_result = true;
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
	const RollingRun *run;
	bool	   *is_begun;
	int64		pos;

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
	run = rolling_queue_oldest(&state->queue);
	if (run != NULL && run->end <= pos)
	{
		rolling_queue_drop(&state->queue);
		state->has_result = false;
	}

	if (state->has_result)
		rolling_check_current(state, winobj);
	else
		rolling_find_result(state, winobj, pos);

	if (state->result_isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(state->result);
}
