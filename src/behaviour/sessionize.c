/*-------------------------------------------------------------------------
 *
 * sessionize.c
 *	  sessionize(), session_start(), session_split_reason(): window functions
 *	  that cut a visitor's events into sessions.
 *
 * Rows arrive in order of time, so what a row means depends on the session so
 * far and on nothing behind it: a few numbers per partition are all the state,
 * no earlier row is read again, and the mark is moved along so that the
 * executor can drop the rows it has passed.  Frames do not matter.
 *
 * All answers must be the same for any order of simultaneous events, as long
 * as the rules are.  That is why a timeout that changes within a partition is
 * an error: with two of them in one instant the sort would choose.
 *
 * IDENTIFICATION
 *	  src/behaviour/sessionize.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "nodes/parsenodes.h"
#include "nodes/supportnodes.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "windowapi.h"

#include "behaviour/session.h"
#include "behaviour/window_time.h"
#include "compat.h"

/* The arguments that all the functions have. */
enum
{
	ARG_TS,
	ARG_TIMEOUT,
	ARG_SPLIT,
	ARG_MAX_DURATION,
	ARG_MAX_EVENTS
};

/* Per partition; starts as zeroes. */
typedef struct SessionState
{
	bool		ready;			/* the fields down to rules are set */
	bool		rules_vary;		/* rules must be read for each row */
	bool		split_varies;	/* split must be read for each row */
	bool		split;			/* otherwise, what it is */
	SessionRules rules;
	Session		session;
} SessionState;

PG_FUNCTION_INFO_V1(sessionize_support);
PG_FUNCTION_INFO_V1(window_sessionize);
PG_FUNCTION_INFO_V1(window_session_start);
PG_FUNCTION_INFO_V1(window_session_split_reason);
PG_FUNCTION_INFO_V1(window_sessionize_bigint);
PG_FUNCTION_INFO_V1(window_session_start_bigint);
PG_FUNCTION_INFO_V1(window_session_split_reason_bigint);

static void
session_rules_read(WindowObject winobj, TimeScale scale, SessionRules *rules)
{
	Datum		value;
	bool		isnull;

	value = WinGetFuncArgCurrent(winobj, ARG_TIMEOUT, &isnull);
	if (isnull)
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("timeout must not be null"),
				scale == SCALE_CLOCK ?
				errhint("Leave it out for 30 minutes.") :
				errhint("Give it in the unit of the times."));
	rules->scale = scale;
	rules->timeout = time_length(scale, value, "timeout");

	value = WinGetFuncArgCurrent(winobj, ARG_MAX_DURATION, &isnull);
	rules->max_duration = isnull ? PG_UINT64_MAX :
		time_length(scale, value, "max_duration");

	value = WinGetFuncArgCurrent(winobj, ARG_MAX_EVENTS, &isnull);
	if (!isnull && DatumGetInt32(value) < 1)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("max_events must be at least 1, got %d",
					   DatumGetInt32(value)),
				errhint("Leave it out for sessions of any number of events."));
	rules->max_events = isnull ? PG_INT64_MAX : DatumGetInt32(value);
}

/* Once per partition: what is constant is read here and not again. */
static void
session_state_prepare(FunctionCallInfo fcinfo, SessionState *state,
					  TimeScale scale)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	FmgrInfo   *flinfo = fcinfo->flinfo;

	session_rules_read(winobj, scale, &state->rules);
	state->rules_vary = !(get_fn_expr_arg_stable(flinfo, ARG_TIMEOUT) &&
						  get_fn_expr_arg_stable(flinfo, ARG_MAX_DURATION) &&
						  get_fn_expr_arg_stable(flinfo, ARG_MAX_EVENTS));

	state->split_varies = !get_fn_expr_arg_stable(flinfo, ARG_SPLIT);
	if (!state->split_varies)
	{
		bool		isnull;
		Datum		value = WinGetFuncArgCurrent(winobj, ARG_SPLIT, &isnull);

		state->split = !isnull && DatumGetBool(value);
	}

	state->ready = true;
}

/*
 * What all the functions share: takes in the current row.  False if it has no
 * time; then it belongs to no session and changes nothing.
 */
static inline bool
session_next(FunctionCallInfo fcinfo, TimeScale scale,
			 SessionState **result, SplitReason *reason)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	SessionState *state = WinGetPartitionLocalMemory(winobj, sizeof(SessionState));
	Datum		value;
	bool		isnull;
	int64		ts;
	bool		split;

	*result = state;
	window_forget_rows(winobj);

	if (!state->ready)
		session_state_prepare(fcinfo, state, scale);
	else if (state->rules_vary)
	{
		SessionRules rules;

		session_rules_read(winobj, scale, &rules);
		window_check_same(rules.timeout == state->rules.timeout, "timeout");
		window_check_same(rules.max_duration == state->rules.max_duration,
						  "max_duration");
		window_check_same(rules.max_events == state->rules.max_events,
						  "max_events");
	}

	value = WinGetFuncArgCurrent(winobj, ARG_TS, &isnull);
	if (isnull)
		return false;
	ts = DatumGetInt64(value);
	if (state->session.number > 0)
		window_check_time(fcinfo, ARG_TS, state->session.last, ts);

	split = state->split;
	if (state->split_varies)
	{
		value = WinGetFuncArgCurrent(winobj, ARG_SPLIT, &isnull);
		split = !isnull && DatumGetBool(value);
	}

	*reason = session_advance(&state->session, &state->rules, ts, split);

	return true;
}

static inline Datum
session_number_datum(FunctionCallInfo fcinfo, TimeScale scale)
{
	SessionState *state;
	SplitReason reason;

	if (!session_next(fcinfo, scale, &state, &reason))
		PG_RETURN_NULL();

	PG_RETURN_INT64(state->session.number);
}

static inline Datum
session_start_datum(FunctionCallInfo fcinfo, TimeScale scale)
{
	SessionState *state;
	SplitReason reason;

	if (!session_next(fcinfo, scale, &state, &reason))
		PG_RETURN_NULL();

	PG_RETURN_INT64(state->session.start);
}

static inline Datum
session_reason_datum(FunctionCallInfo fcinfo, TimeScale scale)
{
	static const char *const names[] = {
		[SPLIT_FIRST] = "first",
		[SPLIT_TIMEOUT] = "timeout",
		[SPLIT_FORCED] = "split",
		[SPLIT_MAX_DURATION] = "max_duration",
		[SPLIT_MAX_EVENTS] = "max_events"
	};
	SessionState *state;
	SplitReason reason;

	if (!session_next(fcinfo, scale, &state, &reason) || reason == SPLIT_NONE)
		PG_RETURN_NULL();

	PG_RETURN_TEXT_P(cstring_to_text(names[reason]));
}

/*
 * (internal) => internal; tells the planner that the frame does not matter, so
 * that it takes the cheapest and the executor need not look for peers.  Before
 * 16 nobody asks.
 */
Datum
sessionize_support(PG_FUNCTION_ARGS)
{
#if PG_VERSION_NUM >= 160000
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestOptimizeWindowClause))
	{
		((SupportRequestOptimizeWindowClause *) request)->frameOptions =
			FRAMEOPTION_NONDEFAULT | FRAMEOPTION_ROWS |
			FRAMEOPTION_START_UNBOUNDED_PRECEDING |
			FRAMEOPTION_END_CURRENT_ROW;
		PG_RETURN_POINTER(request);
	}
#endif

	PG_RETURN_POINTER(NULL);
}

/*
 * (ts timestamptz, timeout interval, split boolean, max_duration interval,
 * max_events int4) => int8; timestamp likewise, here and below
 */
Datum
window_sessionize(PG_FUNCTION_ARGS)
{
	return session_number_datum(fcinfo, SCALE_CLOCK);
}

/* (ts timestamptz, ...) => timestamptz */
Datum
window_session_start(PG_FUNCTION_ARGS)
{
	return session_start_datum(fcinfo, SCALE_CLOCK);
}

/* (ts timestamptz, ...) => text */
Datum
window_session_split_reason(PG_FUNCTION_ARGS)
{
	return session_reason_datum(fcinfo, SCALE_CLOCK);
}

/*
 * (ts int8, timeout int8, split boolean, max_duration int8, max_events int4)
 * => int8
 */
Datum
window_sessionize_bigint(PG_FUNCTION_ARGS)
{
	return session_number_datum(fcinfo, SCALE_NUMBER);
}

/* (ts int8, ...) => int8 */
Datum
window_session_start_bigint(PG_FUNCTION_ARGS)
{
	return session_start_datum(fcinfo, SCALE_NUMBER);
}

/* (ts int8, ...) => text */
Datum
window_session_split_reason_bigint(PG_FUNCTION_ARGS)
{
	return session_reason_datum(fcinfo, SCALE_NUMBER);
}
