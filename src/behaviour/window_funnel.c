/*-------------------------------------------------------------------------
 *
 * window_funnel.c
 *	  window_funnel() and window_funnel_events(): funnels by ClickHouse's
 *	  rules.
 *
 * The rules are those of windowFunnel in ClickHouse 26.  It looks at pairs of
 * row and step, by time and then step, and a mode may tell it to stop at one:
 *
 * - strict_order: at a row of no step after the first row of step 1; at a step
 *	 whose predecessor was not reached (with allow_reentry such a pair is
 *	 passed over, and nothing more comes of it).
 * - strict_deduplication: at a step, other than the first, that was reached.
 *
 * What was reached until then counts, which is an ordinary funnel of the pairs
 * before; strict_once forbids to reuse a row, strict_increase to take two
 * steps in one instant.  So all that is left to do here is to find where to
 * stop.
 *
 * One defect is not copied: with strict_increase ClickHouse forgets a chain
 * when a later one of the same level replaces it, though it could have gone on.
 * And where two rows match the same step at the same time and one of them is
 * needed elsewhere (strict_once with strict_deduplication), there the order of
 * rows decides in ClickHouse; here the repetition always counts.
 *
 * IDENTIFICATION
 *	  src/behaviour/window_funnel.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "behaviour/conditions.h"
#include "behaviour/event_list.h"
#include "behaviour/interval_usecs.h"
#include "behaviour/mode_list.h"
#include "compat.h"

/* Bits of the modes. */
#define MODE_DEFAULT				0x01
#define MODE_STRICT_DEDUPLICATION	0x02
#define MODE_STRICT_ORDER			0x04
#define MODE_STRICT_INCREASE		0x08
#define MODE_STRICT_ONCE			0x10
#define MODE_ALLOW_REENTRY			0x20

static const ModeWord window_funnel_modes[] = {
	{"default", MODE_DEFAULT},
	{"strict_deduplication", MODE_STRICT_DEDUPLICATION},
	{"strict_order", MODE_STRICT_ORDER},
	{"strict_increase", MODE_STRICT_INCREASE},
	{"strict_once", MODE_STRICT_ONCE},
	{"allow_reentry", MODE_ALLOW_REENTRY},
	{NULL, 0}
};

/* The window and the modes are those of the first row. */
typedef struct WindowFunnel
{
	EventList	list;
	Interval	span;			/* the window as it was given */
	text	   *mode;			/* the modes as they were given, if they were */
	int64		window;
	uint32		modes;
} WindowFunnel;

PG_FUNCTION_INFO_V1(window_funnel_transfn);
PG_FUNCTION_INFO_V1(window_funnel_mode_transfn);
PG_FUNCTION_INFO_V1(window_funnel_combinefn);
PG_FUNCTION_INFO_V1(window_funnel_serialfn);
PG_FUNCTION_INFO_V1(window_funnel_deserialfn);
PG_FUNCTION_INFO_V1(window_funnel_finalfn);
PG_FUNCTION_INFO_V1(window_funnel_events_finalfn);

static uint32
window_funnel_mode_bits(const text *mode)
{
	uint32		modes = mode_list(mode, window_funnel_modes) & ~MODE_DEFAULT;

	if ((modes & MODE_ALLOW_REENTRY) != 0 && (modes & MODE_STRICT_ORDER) == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("mode allow_reentry needs mode strict_order"));

	return modes;
}

static void
window_funnel_check_same(bool same, const char *name)
{
	if (!same)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must not change within a group", name),
				errhint("Add what it depends on to GROUP BY."));
}

static void
window_funnel_check_null(bool isnull, const char *name)
{
	if (isnull)
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", name));
}

static WindowFunnel *
window_funnel_create(MemoryContext context, int64 window, uint32 modes)
{
	WindowFunnel *state = MemoryContextAllocZero(context, sizeof(WindowFunnel));

	event_list_init(&state->list, context);
	state->window = window;
	state->modes = modes;

	return state;
}

/* Mode is NULL if the function has no such argument. */
static WindowFunnel *
window_funnel_start(MemoryContext context, const Interval *span,
					const text *mode)
{
	WindowFunnel *state;

	state = window_funnel_create(context, interval_usecs(span, "window_size"),
								 mode == NULL ? 0 : window_funnel_mode_bits(mode));
	state->span = *span;
	if (mode != NULL)
	{
		state->mode = MemoryContextAlloc(context, VARSIZE_ANY(mode));
		memcpy(state->mode, mode, VARSIZE_ANY(mode));
	}

	return state;
}

/* Done for every row, hence without reading again what is written the same. */
static void
window_funnel_check_arguments(const WindowFunnel *state, const Interval *span,
							  const text *mode)
{
	if (span->time != state->span.time || span->day != state->span.day ||
		span->month != state->span.month)
		window_funnel_check_same(interval_usecs(span, "window_size") == state->window,
								 "window_size");
	if (mode != NULL &&
		(VARSIZE_ANY(mode) != VARSIZE_ANY(state->mode) ||
		 memcmp(mode, state->mode, VARSIZE_ANY(mode)) != 0))
		window_funnel_check_same(window_funnel_mode_bits(mode) == state->modes,
								 "mode");
}

/* The arguments before the times are: state, window_size and maybe mode. */
static Datum
window_funnel_advance(FunctionCallInfo fcinfo, bool has_mode)
{
	int			arg = has_mode ? 3 : 2;
	MemoryContext aggcontext;
	WindowFunnel *state;
	const Interval *span;
	const text *mode = NULL;
	FunnelEvent event;
	int			nsteps;

	/* cannot be called directly because of internal-type argument */
	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "window_funnel_transfn called in non-aggregate context");

	window_funnel_check_null(PG_ARGISNULL(1), "window_size");
	span = PG_GETARG_INTERVAL_P(1);
	if (has_mode)
	{
		window_funnel_check_null(PG_ARGISNULL(2), "mode");
		mode = PG_GETARG_TEXT_PP(2);
	}
	window_funnel_check_null(PG_ARGISNULL(arg + 1), "steps");

	if (PG_ARGISNULL(0))
		state = window_funnel_start(aggcontext, span, mode);
	else
	{
		state = (WindowFunnel *) PG_GETARG_POINTER(0);
		window_funnel_check_arguments(state, span, mode);
	}

	event.steps = conditions_mask(PG_GETARG_ARRAYTYPE_P(arg + 1), "steps", 1, &nsteps);
	event_list_set_steps(&state->list, nsteps);

	/* rows of no step can only stop strict_order */
	if (!PG_ARGISNULL(arg) &&
		(event.steps != 0 || (state->modes & MODE_STRICT_ORDER) != 0))
	{
		event.time = PG_GETARG_TIMESTAMPTZ(arg);
		event.count = 1;
		event_list_add(&state->list, &event);
	}

	PG_RETURN_POINTER(state);
}

/* (internal, window_size interval, ts timestamptz, steps boolean[]) => internal */
Datum
window_funnel_transfn(PG_FUNCTION_ARGS)
{
	return window_funnel_advance(fcinfo, false);
}

/*
 * (internal, window_size interval, mode text, ts timestamptz, steps boolean[])
 * => internal
 */
Datum
window_funnel_mode_transfn(PG_FUNCTION_ARGS)
{
	return window_funnel_advance(fcinfo, true);
}

/* (internal, internal) => internal */
Datum
window_funnel_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	WindowFunnel *state;
	WindowFunnel *other;

	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "window_funnel_combinefn called in non-aggregate context");

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}

	/* the other state is short-lived: never returned, always copied */
	other = (WindowFunnel *) PG_GETARG_POINTER(1);
	if (PG_ARGISNULL(0))
		state = window_funnel_create(aggcontext, other->window, other->modes);
	else
		state = (WindowFunnel *) PG_GETARG_POINTER(0);
	window_funnel_check_same(state->window == other->window, "window_size");
	window_funnel_check_same(state->modes == other->modes, "mode");
	event_list_add_all(&state->list, &other->list);

	PG_RETURN_POINTER(state);
}

/* (internal) => bytea */
Datum
window_funnel_serialfn(PG_FUNCTION_ARGS)
{
	WindowFunnel *state = (WindowFunnel *) PG_GETARG_POINTER(0);
	StringInfoData head;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "window_funnel_serialfn called in non-aggregate context");

	initStringInfo(&head);
	pq_sendint64(&head, state->window);
	pq_sendint32(&head, state->modes);

	PG_RETURN_BYTEA_P(event_list_encode(&state->list, head.data, head.len));
}

/* (bytea, internal) => internal; result is short-lived, current context is right */
Datum
window_funnel_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;
	StringInfoData buf;
	WindowFunnel *state;
	int64		window;
	uint32		modes;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "window_funnel_deserialfn called in non-aggregate context");

	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	window = pq_getmsgint64(&buf);
	modes = pq_getmsgint(&buf, 4);
	if (window < 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				errmsg("invalid state of window_funnel"));

	state = window_funnel_create(CurrentMemoryContext, window, modes);
	event_list_decode(&state->list, buf.data + buf.cursor, buf.len - buf.cursor,
					  ERRCODE_INVALID_BINARY_REPRESENTATION);

	PG_RETURN_POINTER(state);
}

/* How many rows of the group match the step? */
static Size
window_funnel_nrows(const FunnelGroup *group, int step)
{
	Size		nrows = 0;

	for (Size i = 0; i < group->nevents; i++)
		if (group->events[i].steps & (UINT32_C(1) << step))
			nrows += group->events[i].count;

	return nrows;
}

/*
 * Where the modes stop: returns the number of events before the group, or all;
 * of that group the steps that are set in last are still looked at.
 */
static Size
window_funnel_stop(const FunnelHistory *history, const FunnelRules *rules,
				   uint32 modes, uint32 *last)
{
	bool		once_each = (modes & MODE_STRICT_DEDUPLICATION) != 0;
	bool		in_order = (modes & MODE_STRICT_ORDER) != 0;
	bool		skip = (modes & MODE_ALLOW_REENTRY) != 0;
	FunnelProgress progress = {0};
	bool		begun = false;
	Size		next;

	for (Size pos = 0; pos < history->nevents; pos = next)
	{
		FunnelGroup group;
		uint8		runs[FUNNEL_MAX_STEPS];
		int			before = progress.reached;

		next = funnel_group_next(history, pos, &group);
		*last = 0;
		if (in_order && begun && group.foreign)
			return pos;

		funnel_group_runs(&group, history->nsteps, rules, runs);
		funnel_progress(&progress, &group, runs, history->nsteps, rules->window);
		if (group.steps & 1)
			begun = true;

		for (int step = 1; step < history->nsteps; step++)
		{
			uint32		smaller = (UINT32_C(1) << step) - 1;

			if ((group.steps & (UINT32_C(1) << step)) == 0)
				continue;
			*last = smaller;
			if (once_each && before > step)
				return pos;
			if (in_order && !skip && begun && progress.reached < step)
				return pos;
			*last = smaller << 1 | 1;
			if (once_each && progress.reached > step &&
				window_funnel_nrows(&group, step) > 1)
				return pos;
		}
	}

	return history->nevents;
}

/* The history up to there, in memory of its own if it is not the whole. */
static FunnelHistory
window_funnel_cut(const FunnelHistory *history, const FunnelRules *rules,
				  uint32 modes)
{
	FunnelHistory cut = *history;
	uint32		last = 0;
	Size		stop;
	Size		end;
	FunnelEvent *events;

	if ((modes & (MODE_STRICT_DEDUPLICATION | MODE_STRICT_ORDER)) == 0)
		return cut;
	stop = window_funnel_stop(history, rules, modes, &last);
	if (stop == history->nevents)
		return cut;

	end = stop;
	while (end < history->nevents &&
		   history->events[end].time == history->events[stop].time)
		end++;
	events = palloc(end * sizeof(FunnelEvent));
	memcpy(events, history->events, end * sizeof(FunnelEvent));
	for (Size i = stop; i < end; i++)
		events[i].steps &= last;
	cut.events = events;
	cut.nevents = end;

	return cut;
}

/* The events that count, and the rules for them; false if there was no row. */
static bool
window_funnel_question(FunctionCallInfo fcinfo, FunnelHistory *history,
					   FunnelRules *rules)
{
	WindowFunnel *state;

	/* cannot be called directly because of internal-type argument */
	Assert(AggCheckCallContext(fcinfo, NULL));

	if (PG_ARGISNULL(0))
		return false;

	state = (WindowFunnel *) PG_GETARG_POINTER(0);
	rules->order = FUNNEL_ORDERED;
	rules->strict_increase = (state->modes & MODE_STRICT_INCREASE) != 0;
	rules->reuse = (state->modes & MODE_STRICT_ONCE) == 0;
	rules->window = state->window;
	*history = event_list_history(&state->list);
	*history = window_funnel_cut(history, rules, state->modes);

	return true;
}

/* (internal) => int4 */
Datum
window_funnel_finalfn(PG_FUNCTION_ARGS)
{
	FunnelHistory history;
	FunnelRules rules;

	if (!window_funnel_question(fcinfo, &history, &rules))
		PG_RETURN_INT32(0);

	PG_RETURN_INT32(funnel_deepest(&history, &rules));
}

/* (internal) => timestamptz[] */
Datum
window_funnel_events_finalfn(PG_FUNCTION_ARGS)
{
	FunnelHistory history;
	FunnelRules rules;
	int64		times[FUNNEL_MAX_STEPS];
	Datum		values[FUNNEL_MAX_STEPS];
	int			level = 0;

	if (window_funnel_question(fcinfo, &history, &rules))
		level = funnel_chain(&history, &rules, times);
	for (int i = 0; i < level; i++)
		values[i] = TimestampTzGetDatum(times[i]);

	PG_RETURN_ARRAYTYPE_P(construct_array(values, level, TIMESTAMPTZOID,
										  sizeof(TimestampTz), FLOAT8PASSBYVAL,
										  TYPALIGN_DOUBLE));
}
