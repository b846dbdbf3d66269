/*-------------------------------------------------------------------------
 *
 * asof.c
 *	  asof_last(), asof_next(): window functions that join each row to the
 *	  right row nearest to it in time, on one side.
 *
 * The window runs over the rows of both tables in order of time.  Each row is
 * taken in once, by a reader that goes ahead of the current row as far as it
 * must: for asof_last to the end of the rows at the same time, for asof_next
 * to the next right row, or to where max_gap ends.  What it may still have to
 * answer is kept as a copy, so nothing behind the current row is read again.
 *
 * All rows at one time get the same answer, wherever among them the right rows
 * are sorted.  The rest of the window's order decides only between right rows
 * at one time, of which the nearest counts as if they were apart: the last for
 * asof_last, the first for asof_next.  Frames do not matter.
 *
 * IDENTIFICATION
 *	  src/behaviour/asof.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "fmgr.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "windowapi.h"

#include "behaviour/window_time.h"
#include "compat.h"

/* The arguments that both functions have. */
enum
{
	ARG_VALUE,
	ARG_TS,
	ARG_IS_RIGHT,
	ARG_MAX_GAP,
	ARG_INCLUSIVE,
	ARG_IGNORE_NULLS
};

typedef struct AsofRules
{
	uint64		max_gap;		/* PG_UINT64_MAX: any */
	bool		inclusive;		/* a right row at the same time counts */
	bool		ignore_nulls;	/* a right row without a value does not */
} AsofRules;

/* A right row. */
typedef struct AsofRow
{
	bool		found;			/* there is one */
	bool		isnull;
	int64		ts;
	Datum		value;			/* in the memory of the partition */
} AsofRow;

/* Per partition; starts as zeroes. */
typedef struct AsofState
{
	bool		ready;			/* the fields down to typlen are set */
	bool		rules_vary;		/* rules must be read for each row */
	AsofRules	rules;
	TimeScale	scale;
	bool		typbyval;
	int16		typlen;

	int64		last;			/* time of the last row that had any */
	int64		nread;			/* rows that the reader is through with */
	int64		last_read;		/* time of the last that had any */
	AsofRow		near;			/* the right row it read last */
	AsofRow		far;			/* for asof_last: the last one before near's
								 * time */
} AsofState;

PG_FUNCTION_INFO_V1(window_asof_last);
PG_FUNCTION_INFO_V1(window_asof_last_bigint);
PG_FUNCTION_INFO_V1(window_asof_next);
PG_FUNCTION_INFO_V1(window_asof_next_bigint);

static void
asof_row_clear(const AsofState *state, AsofRow *row)
{
	if (row->found && !row->isnull && !state->typbyval)
		pfree(DatumGetPointer(row->value));
	row->found = false;
}

static void
asof_row_set(const AsofState *state, AsofRow *row,
			 int64 ts, Datum value, bool isnull)
{
	asof_row_clear(state, row);

	row->found = true;
	row->isnull = isnull;
	row->ts = ts;
	if (!isnull)
	{
		/* the state is a chunk of the memory that goes with the partition */
		MemoryContext partition = GetMemoryChunkContext((void *) state);
		MemoryContext oldcontext = MemoryContextSwitchTo(partition);

		row->value = datumCopy(value, state->typbyval, state->typlen);
		MemoryContextSwitchTo(oldcontext);
	}
}

/*
 * An argument, for the row at a position that is not before the current one.
 * False if the partition ends before.
 */
static inline bool
asof_arg(WindowObject winobj, int argno, int64 position,
		 Datum *value, bool *isnull)
{
	int64		ahead = position - WinGetCurrentPosition(winobj);
	bool		isout = false;

	if (ahead == 0)
	{
		*value = WinGetFuncArgCurrent(winobj, argno, isnull);
		return true;
	}

	if (ahead > INT_MAX)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("the next right row is more than %d rows away", INT_MAX),
				errhint("Give max_gap, or divide the rows by PARTITION BY."));

	*value = WinGetFuncArgInPartition(winobj, argno, (int) ahead,
									  WINDOW_SEEK_CURRENT, false,
									  isnull, &isout);

	return !isout;
}

/* Reads the next row's time; false at the end of the partition. */
static inline bool
asof_read_time(FunctionCallInfo fcinfo, AsofState *state,
			   int64 *ts, bool *isnull)
{
	Datum		value;

	if (!asof_arg(PG_WINDOW_OBJECT(), ARG_TS, state->nread, &value, isnull))
		return false;

	if (!*isnull)
	{
		*ts = DatumGetInt64(value);
		window_check_time(fcinfo, ARG_TS, state->last_read, *ts);
		state->last_read = *ts;
	}

	return true;
}

/* Keeps the next row, whose time is known, if it is a right one that counts. */
static inline void
asof_read_right(WindowObject winobj, AsofState *state, int64 ts)
{
	Datum		value;
	bool		isnull;

	(void) asof_arg(winobj, ARG_IS_RIGHT, state->nread, &value, &isnull);
	if (isnull || !DatumGetBool(value))
		return;

	(void) asof_arg(winobj, ARG_VALUE, state->nread, &value, &isnull);
	if (isnull && state->rules.ignore_nulls)
		return;

	if (state->near.found && state->near.ts != ts)
	{
		asof_row_clear(state, &state->far);
		state->far = state->near;
		state->near.found = false;
	}
	asof_row_set(state, &state->near, ts, value, isnull);
}

/*
 * The last right row at or before ts, the time of the current row.  Rows
 * passed over without being read have no time.
 */
static inline const AsofRow *
asof_find_last(FunctionCallInfo fcinfo, AsofState *state, int64 ts)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	int64		position = WinGetCurrentPosition(winobj);
	int64		read_ts;
	bool		isnull;

	state->nread = Max(state->nread, position);
	while ((state->nread == position || state->rules.inclusive) &&
		   asof_read_time(fcinfo, state, &read_ts, &isnull))
	{
		if (!isnull)
		{
			if (read_ts != ts)
				break;
			asof_read_right(winobj, state, ts);
		}
		state->nread++;
	}

	if (state->near.found && state->near.ts == ts && !state->rules.inclusive)
		return &state->far;

	return &state->near;
}

/* The first right row at or after ts, the time of the current row. */
static inline const AsofRow *
asof_find_next(FunctionCallInfo fcinfo, AsofState *state, int64 ts)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	bool		inclusive = state->rules.inclusive;
	int64		read_ts;
	bool		isnull;

	/* unless the row found last time is still ahead, go on from there */
	if (state->near.found &&
		(state->near.ts < ts || (state->near.ts == ts && !inclusive)))
		asof_row_clear(state, &state->near);

	state->nread = Max(state->nread, WinGetCurrentPosition(winobj));
	while (!state->near.found &&
		   asof_read_time(fcinfo, state, &read_ts, &isnull))
	{
		if (!isnull)
		{
			if (time_gap(state->scale, ts, read_ts) > state->rules.max_gap)
				break;
			if (read_ts != ts || inclusive)
				asof_read_right(winobj, state, read_ts);
		}
		state->nread++;
	}

	return &state->near;
}

static bool
asof_flag_read(WindowObject winobj, int argno, const char *name)
{
	bool		isnull;
	Datum		value = WinGetFuncArgCurrent(winobj, argno, &isnull);

	if (isnull)
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", name),
				errhint("Write true or false, or leave it out."));

	return DatumGetBool(value);
}

static void
asof_rules_read(WindowObject winobj, TimeScale scale, AsofRules *rules)
{
	bool		isnull;
	Datum		value = WinGetFuncArgCurrent(winobj, ARG_MAX_GAP, &isnull);

	rules->max_gap = isnull ? PG_UINT64_MAX : time_length(scale, value, "max_gap");
	rules->inclusive = asof_flag_read(winobj, ARG_INCLUSIVE, "inclusive");
	rules->ignore_nulls = asof_flag_read(winobj, ARG_IGNORE_NULLS, "ignore_nulls");
}

/* Once per partition: what is constant is read here and not again. */
static void
asof_state_prepare(FunctionCallInfo fcinfo, AsofState *state, TimeScale scale)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;

	asof_rules_read(PG_WINDOW_OBJECT(), scale, &state->rules);
	state->rules_vary = !(get_fn_expr_arg_stable(flinfo, ARG_MAX_GAP) &&
						  get_fn_expr_arg_stable(flinfo, ARG_INCLUSIVE) &&
						  get_fn_expr_arg_stable(flinfo, ARG_IGNORE_NULLS));
	state->scale = scale;
	state->last = state->last_read = PG_INT64_MIN;
	get_typlenbyval(get_fn_expr_argtype(flinfo, ARG_VALUE),
					&state->typlen, &state->typbyval);

	state->ready = true;
}

static void
asof_rules_check(WindowObject winobj, const AsofState *state)
{
	AsofRules	rules;

	asof_rules_read(winobj, state->scale, &rules);
	window_check_same(rules.max_gap == state->rules.max_gap, "max_gap");
	window_check_same(rules.inclusive == state->rules.inclusive, "inclusive");
	window_check_same(rules.ignore_nulls == state->rules.ignore_nulls,
					  "ignore_nulls");
}

/* What both functions share, for both scales. */
static inline Datum
asof_datum(FunctionCallInfo fcinfo, TimeScale scale, bool is_next)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	AsofState  *state = WinGetPartitionLocalMemory(winobj, sizeof(AsofState));
	const AsofRow *row;
	Datum		value;
	bool		isnull;
	int64		ts;
	uint64		gap;

	window_forget_rows(winobj);

	if (!state->ready)
		asof_state_prepare(fcinfo, state, scale);
	else if (state->rules_vary)
		asof_rules_check(winobj, state);

	value = WinGetFuncArgCurrent(winobj, ARG_TS, &isnull);
	if (isnull)
		PG_RETURN_NULL();
	ts = DatumGetInt64(value);
	window_check_time(fcinfo, ARG_TS, state->last, ts);
	state->last = ts;

	row = is_next ? asof_find_next(fcinfo, state, ts) :
		asof_find_last(fcinfo, state, ts);
	if (!row->found || row->isnull)
		PG_RETURN_NULL();

	gap = is_next ? time_gap(scale, ts, row->ts) : time_gap(scale, row->ts, ts);
	if (gap > state->rules.max_gap)
		PG_RETURN_NULL();

	PG_RETURN_DATUM(row->value);
}

/*
 * (value anyelement, ts timestamptz, is_right boolean, max_gap interval,
 * inclusive boolean, ignore_nulls boolean) => anyelement; timestamp likewise,
 * here and below
 */
Datum
window_asof_last(PG_FUNCTION_ARGS)
{
	return asof_datum(fcinfo, SCALE_CLOCK, false);
}

/*
 * (value anyelement, ts int8, is_right boolean, max_gap int8,
 * inclusive boolean, ignore_nulls boolean) => anyelement
 */
Datum
window_asof_last_bigint(PG_FUNCTION_ARGS)
{
	return asof_datum(fcinfo, SCALE_NUMBER, false);
}

/* (value anyelement, ts timestamptz, ...) => anyelement */
Datum
window_asof_next(PG_FUNCTION_ARGS)
{
	return asof_datum(fcinfo, SCALE_CLOCK, true);
}

/* (value anyelement, ts int8, ...) => anyelement */
Datum
window_asof_next_bigint(PG_FUNCTION_ARGS)
{
	return asof_datum(fcinfo, SCALE_NUMBER, true);
}
