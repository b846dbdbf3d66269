/*-------------------------------------------------------------------------
 *
 * funnel.c
 *	  Type funnel: the events of a visitor, to ask how far they went; the
 *	  aggregates that make and merge funnels, and what can be asked.
 *
 * One scan collects, and any number of windows and modes can be asked
 * afterwards, of the day's value or of many merged.  That works because the
 * value keeps what was seen and not what it meant: rows with their times and
 * steps, including the times at which there were rows of no step, which strict
 * chains may not leave out.
 *
 * Values are sorted and free of duplicates, so the same rows give the same
 * bytes in whatever order and by whatever merges they came together.
 *
 * IDENTIFICATION
 *	  src/behaviour/funnel.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "behaviour/conditions.h"
#include "behaviour/event_list.h"
#include "behaviour/funnel_mode.h"
#include "behaviour/interval_usecs.h"
#include "compat.h"

#define SHOWN_BYTES		32		/* of an input that is wrong */

StaticAssertDecl(CONDITIONS_MAX == FUNNEL_MAX_STEPS, "steps are conditions");

PG_FUNCTION_INFO_V1(funnel_in);
PG_FUNCTION_INFO_V1(funnel_out);
PG_FUNCTION_INFO_V1(funnel_recv);
PG_FUNCTION_INFO_V1(funnel_send);
PG_FUNCTION_INFO_V1(funnel_agg_transfn);
PG_FUNCTION_INFO_V1(rollup_transfn);
PG_FUNCTION_INFO_V1(funnel_agg_combinefn);
PG_FUNCTION_INFO_V1(funnel_agg_serialfn);
PG_FUNCTION_INFO_V1(funnel_agg_deserialfn);
PG_FUNCTION_INFO_V1(funnel_agg_finalfn);
PG_FUNCTION_INFO_V1(funnel_level);
PG_FUNCTION_INFO_V1(funnel_times);
PG_FUNCTION_INFO_V1(funnel_durations);
PG_FUNCTION_INFO_V1(funnel_completions);

/* A funnel that was stored; it lives as long as the current context. */
static void
funnel_read(Datum value, EventList *list)
{
	bytea	   *bytes = DatumGetByteaPP(value);

	event_list_init(list, CurrentMemoryContext);
	event_list_decode(list, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes),
					  ERRCODE_DATA_CORRUPTED);
}

/* (cstring) => funnel */
Datum
funnel_in(PG_FUNCTION_ARGS)
{
	const char *str = PG_GETARG_CSTRING(0);
	FunnelReader reader;
	FunnelEvent event;
	EventList	list;

	event_list_init(&list, CurrentMemoryContext);
	if (funnel_parse_head(&reader, str, strlen(str)))
	{
		event_list_set_steps(&list, reader.nsteps);
		while (funnel_parse_event(&reader, &event))
		{
			CHECK_FOR_INTERRUPTS();
			event_list_add(&list, &event);
		}
	}

	if (reader.fault != NULL)
	{
		const char *at = (const char *) reader.at;

		ereport(ERROR,
				errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				errmsg("invalid input syntax for type %s at position %d: %s",
					   "funnel", pg_mbstrlen_with_len(str, at - str) + 1,
					   reader.fault),
				reader.at == reader.end ? errdetail("The input ends there.") :
				errdetail("There is \"%.*s\".",
						  pg_mbcliplen(at, strlen(at), SHOWN_BYTES), at));
	}

	PG_RETURN_BYTEA_P(event_list_encode(&list, NULL, 0));
}

/* (funnel) => cstring */
Datum
funnel_out(PG_FUNCTION_ARGS)
{
	char		part[FUNNEL_TEXT_EVENT_SIZE];
	StringInfoData buf;
	EventList	list;

	funnel_read(PG_GETARG_DATUM(0), &list);

	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, part, funnel_format_head(list.nsteps, part));
	for (Size i = 0; i < list.nevents; i++)
	{
		CHECK_FOR_INTERRUPTS();
		appendBinaryStringInfo(&buf, part,
							   funnel_format_event(&list.events[i], part));
	}

	PG_RETURN_CSTRING(buf.data);
}

/* (internal) => funnel */
Datum
funnel_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			len = buf->len - buf->cursor;
	EventList	list;

	event_list_init(&list, CurrentMemoryContext);
	event_list_decode(&list, pq_getmsgbytes(buf, len), len,
					  ERRCODE_INVALID_BINARY_REPRESENTATION);

	/* written anew, for there is one form only that is ours */
	PG_RETURN_BYTEA_P(event_list_encode(&list, NULL, 0));
}

/* (funnel) => bytea; what is stored is what is sent */
Datum
funnel_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(PG_GETARG_BYTEA_P_COPY(0));
}

/* Caller must have made sure that this is an aggregate. */
static EventList *
funnel_state(FunctionCallInfo fcinfo, MemoryContext aggcontext)
{
	EventList  *list;

	if (!PG_ARGISNULL(0))
		return (EventList *) PG_GETARG_POINTER(0);

	list = MemoryContextAlloc(aggcontext, sizeof(EventList));
	event_list_init(list, aggcontext);

	return list;
}

/* (internal, ts timestamptz, steps boolean[]) => internal */
Datum
funnel_agg_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	EventList  *list;
	FunnelEvent event;
	int			nsteps;

	/* cannot be called directly because of internal-type argument */
	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "funnel_agg_transfn called in non-aggregate context");

	list = funnel_state(fcinfo, aggcontext);
	if (PG_ARGISNULL(2))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("steps must not be null"));
	event.steps = conditions_mask(PG_GETARG_ARRAYTYPE_P(2), "steps", 1, &nsteps);
	event_list_set_steps(list, nsteps);

	/* a row without a time has no place in a sequence */
	if (!PG_ARGISNULL(1))
	{
		event.time = PG_GETARG_TIMESTAMPTZ(1);
		event.count = 1;
		event_list_add(list, &event);
	}

	PG_RETURN_POINTER(list);
}

/* (internal, f funnel) => internal */
Datum
rollup_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	EventList  *list;

	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "rollup_transfn called in non-aggregate context");

	list = funnel_state(fcinfo, aggcontext);
	if (!PG_ARGISNULL(1))
	{
		bytea	   *bytes = PG_GETARG_BYTEA_PP(1);

		event_list_decode(list, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes),
						  ERRCODE_DATA_CORRUPTED);
	}

	PG_RETURN_POINTER(list);
}

/* (internal, internal) => internal */
Datum
funnel_agg_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	EventList  *list;

	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "funnel_agg_combinefn called in non-aggregate context");

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}

	/* the other state is short-lived: never returned, always copied */
	list = funnel_state(fcinfo, aggcontext);
	event_list_add_all(list, (EventList *) PG_GETARG_POINTER(1));

	PG_RETURN_POINTER(list);
}

/* (internal) => bytea */
Datum
funnel_agg_serialfn(PG_FUNCTION_ARGS)
{
	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "funnel_agg_serialfn called in non-aggregate context");

	PG_RETURN_BYTEA_P(event_list_encode((EventList *) PG_GETARG_POINTER(0), NULL, 0));
}

/* (bytea, internal) => internal; result is short-lived, current context is right */
Datum
funnel_agg_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;
	EventList  *list;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "funnel_agg_deserialfn called in non-aggregate context");

	bytes = PG_GETARG_BYTEA_PP(0);
	list = palloc(sizeof(EventList));
	event_list_init(list, CurrentMemoryContext);
	event_list_decode(list, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes),
					  ERRCODE_INVALID_BINARY_REPRESENTATION);

	PG_RETURN_POINTER(list);
}

/* (internal) => funnel; of no row it is the funnel that has seen nothing */
Datum
funnel_agg_finalfn(PG_FUNCTION_ARGS)
{
	EventList	none;

	/* cannot be called directly because of internal-type argument */
	Assert(AggCheckCallContext(fcinfo, NULL));

	if (!PG_ARGISNULL(0))
		PG_RETURN_BYTEA_P(event_list_encode((EventList *) PG_GETARG_POINTER(0), NULL, 0));

	event_list_init(&none, CurrentMemoryContext);
	PG_RETURN_BYTEA_P(event_list_encode(&none, NULL, 0));
}

static void
funnel_check_null(bool isnull, const char *name)
{
	if (isnull)
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", name));
}

/*
 * The arguments of all that can be asked: (f funnel, window_size interval, mode
 * text).  False if there is no funnel.
 */
static bool
funnel_question(FunctionCallInfo fcinfo, FunnelHistory *history,
				FunnelRules *rules)
{
	EventList	list;

	funnel_check_null(PG_ARGISNULL(1), "window_size");
	funnel_check_null(PG_ARGISNULL(2), "mode");
	funnel_mode(PG_GETARG_TEXT_PP(2), rules);
	rules->window = interval_usecs(PG_GETARG_INTERVAL_P(1), "window_size");
	if (PG_ARGISNULL(0))
		return false;

	funnel_read(PG_GETARG_DATUM(0), &list);
	*history = event_list_history(&list);

	return true;
}

/* (f funnel, window_size interval, mode text) => int4 */
Datum
funnel_level(PG_FUNCTION_ARGS)
{
	FunnelHistory history;
	FunnelRules rules;

	if (!funnel_question(fcinfo, &history, &rules))
		PG_RETURN_NULL();

	PG_RETURN_INT32(funnel_deepest(&history, &rules));
}

/* (f funnel, window_size interval, mode text) => timestamptz[] */
Datum
funnel_times(PG_FUNCTION_ARGS)
{
	FunnelHistory history;
	FunnelRules rules;
	int64		times[FUNNEL_MAX_STEPS];
	Datum		values[FUNNEL_MAX_STEPS];
	int			level;

	if (!funnel_question(fcinfo, &history, &rules))
		PG_RETURN_NULL();

	level = funnel_chain(&history, &rules, times);
	for (int i = 0; i < level; i++)
		values[i] = TimestampTzGetDatum(times[i]);

	PG_RETURN_ARRAYTYPE_P(construct_array(values, level, TIMESTAMPTZOID,
										  sizeof(TimestampTz), FLOAT8PASSBYVAL,
										  TYPALIGN_DOUBLE));
}

/* As timestamptz - timestamptz gives it: whole days apart. */
static Interval *
funnel_interval(int64 from, int64 to)
{
	Interval   *span = palloc0(sizeof(Interval));
	int64		usecs = from == to ? 0 : to - from;

	span->day = usecs / USECS_PER_DAY;
	span->time = usecs % USECS_PER_DAY;

	return span;
}

/* (f funnel, window_size interval, mode text) => interval[] */
Datum
funnel_durations(PG_FUNCTION_ARGS)
{
	FunnelHistory history;
	FunnelRules rules;
	int64		times[FUNNEL_MAX_STEPS];
	Datum		values[FUNNEL_MAX_STEPS];
	int			level;

	if (!funnel_question(fcinfo, &history, &rules))
		PG_RETURN_NULL();

	level = funnel_chain(&history, &rules, times);
	for (int i = 1; i < level; i++)
		values[i - 1] = IntervalPGetDatum(funnel_interval(times[i - 1], times[i]));

	PG_RETURN_ARRAYTYPE_P(construct_array(values, Max(level - 1, 0), INTERVALOID,
										  sizeof(Interval), false,
										  TYPALIGN_DOUBLE));
}

/* (f funnel, window_size interval, mode text) => int8 */
Datum
funnel_completions(PG_FUNCTION_ARGS)
{
	FunnelHistory history;
	FunnelRules rules;

	if (!funnel_question(fcinfo, &history, &rules))
		PG_RETURN_NULL();

	PG_RETURN_INT64(funnel_complete(&history, &rules));
}
