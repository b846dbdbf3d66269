/*-------------------------------------------------------------------------
 *
 * sequence.c
 *	  Aggregates sequence_match(), sequence_count(), sequence_match_events():
 *	  patterns in the order of a user's events.
 *
 * A row is kept as its time and the set of conditions it fulfils, if there are
 * any; the pattern is looked for when all rows are known.  States combine by
 * putting one behind the other.  Events that are equal in both parts can be
 * exchanged, and the others are sorted, so the answer cannot depend on the
 * order of rows or on how workers share them.
 *
 * IDENTIFICATION
 *	  src/behaviour/sequence.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "behaviour/conditions.h"
#include "behaviour/group_memory.h"
#include "behaviour/sequence_source.h"
#include "compat.h"

#define SEQUENCE_INIT_EVENTS	4
#define SEQUENCE_EVENT_BYTES	12	/* of an event, serialized */

typedef struct SequenceState
{
	const SequenceSource *source;	/* same for all rows */
	uint32		seen;			/* conditions that some event fulfils */
	bool		sorted;			/* the events are in order */
	int64		nevents;		/* used entries in event[] */
	int64		maxevents;		/* allocated entries in event[] */
	SequenceEvent *event;		/* same context as the state */
} SequenceState;

PG_FUNCTION_INFO_V1(sequence_transfn);
PG_FUNCTION_INFO_V1(sequence_combinefn);
PG_FUNCTION_INFO_V1(sequence_serialfn);
PG_FUNCTION_INFO_V1(sequence_deserialfn);
PG_FUNCTION_INFO_V1(sequence_match_finalfn);
PG_FUNCTION_INFO_V1(sequence_count_finalfn);
PG_FUNCTION_INFO_V1(sequence_match_events_finalfn);

/* Equal events are the same for every pattern. */
static inline int
sequence_event_cmp(const SequenceEvent *a, const SequenceEvent *b)
{
	if (a->ts != b->ts)
		return a->ts < b->ts ? -1 : 1;
	if (a->conditions != b->conditions)
		return a->conditions < b->conditions ? -1 : 1;

	return 0;
}

#define ST_SORT sequence_events_sort
#define ST_ELEMENT_TYPE SequenceEvent
#define ST_COMPARE(a, b) sequence_event_cmp(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

void
sequence_interrupt(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* Caller must have switched to the context the state is to live in. */
static SequenceState *
sequence_state_create(const SequenceSource *source)
{
	SequenceState *state = palloc0(sizeof(SequenceState));

	state->source = source;
	state->sorted = true;

	return state;
}

/* Room for more events; the only place where a state grows. */
static void
sequence_state_reserve(SequenceState *state, int64 nevents)
{
	int64		needed = state->nevents + nevents;
	int64		most = group_memory_limit() / sizeof(SequenceEvent);
	int64		maxevents;

	if (needed <= state->maxevents)
		return;
	if (needed > most)
		group_memory_exceeded();

	maxevents = Max(Max(needed, state->maxevents * 2), SEQUENCE_INIT_EVENTS);
	maxevents = Min(maxevents, most);
	if (state->event == NULL)
		state->event = MemoryContextAlloc(GetMemoryChunkContext(state),
										  sizeof(SequenceEvent) * maxevents);
	else
		state->event = repalloc(state->event,
								sizeof(SequenceEvent) * maxevents);
	state->maxevents = maxevents;
}

static inline void
sequence_state_add(SequenceState *state, TimestampTz ts, uint32 conditions)
{
	SequenceEvent *event;

	sequence_state_reserve(state, 1);
	event = &state->event[state->nevents];
	event->ts = ts;
	event->conditions = conditions;
	if (state->nevents > 0 && sequence_event_cmp(event - 1, event) > 0)
		state->sorted = false;
	state->nevents++;
	state->seen |= conditions;
}

/*
 * Makes ready to look for a pattern of at least one event; false if it cannot
 * be there.  Sorting does not change what a state means, so it may be done in
 * place, and once for all the functions that look at it.
 */
static bool
sequence_state_search(SequenceState *state, SequenceMatcher *matcher)
{
	const SequencePattern *pattern = &state->source->pattern;

	/* most users never do all that a pattern asks for */
	if (pattern->nsteps == 0 || state->nevents == 0 || (pattern->needs & ~state->seen) != 0)
		return false;

	if (!state->sorted)
	{
		sequence_events_sort(state->event, state->nevents);
		state->sorted = true;
	}
	sequence_matcher_init(matcher, pattern, state->event, state->nevents,
						  palloc(sizeof(uint64) * state->nevents));

	return true;
}

/* (internal, pattern text, ts timestamptz, VARIADIC conditions boolean[]) => internal */
Datum
sequence_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	SequenceState *state;
	const SequenceSource *source;
	text	   *pattern;
	uint32		conditions;
	int			nconditions;

	/* cannot be called directly because of internal-type argument */
	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "sequence_transfn called in non-aggregate context");

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("pattern must not be null"));
	if (PG_ARGISNULL(3))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("the array of conditions must not be null"));

	pattern = PG_GETARG_TEXT_PP(1);
	conditions = conditions_mask(PG_GETARG_ARRAYTYPE_P(3), "conditions", 1, &nconditions);
	source = sequence_source_get(fcinfo->flinfo, VARDATA_ANY(pattern),
								 VARSIZE_ANY_EXHDR(pattern), nconditions);

	if (PG_ARGISNULL(0))
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(aggcontext);

		state = sequence_state_create(source);
		MemoryContextSwitchTo(oldcontext);
	}
	else
	{
		state = (SequenceState *) PG_GETARG_POINTER(0);
		sequence_check_same_pattern(state->source, source);
	}

	/* without a time, or without a condition, a row is no event */
	if (!PG_ARGISNULL(2) && conditions != 0)
		sequence_state_add(state, PG_GETARG_TIMESTAMPTZ(2), conditions);

	PG_RETURN_POINTER(state);
}

/* (internal, internal) => internal */
Datum
sequence_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	SequenceState *dst;
	SequenceState *src;

	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "sequence_combinefn called in non-aggregate context");

	dst = PG_ARGISNULL(0) ? NULL : (SequenceState *) PG_GETARG_POINTER(0);
	src = PG_ARGISNULL(1) ? NULL : (SequenceState *) PG_GETARG_POINTER(1);

	if (src == NULL)
	{
		if (dst == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(dst);
	}

	/* src lives in a short-lived context: never return it, always copy */
	if (dst == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(aggcontext);

		dst = sequence_state_create(sequence_source_get(fcinfo->flinfo,
														src->source->text,
														src->source->len,
														src->source->pattern.nconditions));
		MemoryContextSwitchTo(oldcontext);
	}
	else
		sequence_check_same_pattern(dst->source, src->source);

	if (src->nevents > 0)
	{
		sequence_state_reserve(dst, src->nevents);
		dst->sorted = dst->sorted && src->sorted &&
			(dst->nevents == 0 ||
			 sequence_event_cmp(&dst->event[dst->nevents - 1], src->event) <= 0);
		memcpy(dst->event + dst->nevents, src->event,
			   sizeof(SequenceEvent) * src->nevents);
		dst->nevents += src->nevents;
		dst->seen |= src->seen;
	}

	PG_RETURN_POINTER(dst);
}

/* (internal) => bytea */
Datum
sequence_serialfn(PG_FUNCTION_ARGS)
{
	SequenceState *state;
	const SequenceSource *source;
	StringInfoData buf;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "sequence_serialfn called in non-aggregate context");

	state = (SequenceState *) PG_GETARG_POINTER(0);
	source = state->source;

	pq_begintypsend(&buf);
	enlargeStringInfo(&buf, 16 + source->len +
					  SEQUENCE_EVENT_BYTES * state->nevents);
	pq_sendint32(&buf, source->pattern.nconditions);
	pq_sendint32(&buf, source->len);
	pq_sendbytes(&buf, source->text, source->len);
	pq_sendint64(&buf, state->nevents);
	for (int64 i = 0; i < state->nevents; i++)
	{
		pq_sendint64(&buf, state->event[i].ts);
		pq_sendint32(&buf, state->event[i].conditions);
	}

	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* The bytes may be anybody's: whatever they are, the state is a sound one. */
static SequenceState *
sequence_state_recv(FmgrInfo *flinfo, StringInfo buf)
{
	SequenceState *state;
	int			nconditions = pq_getmsgint(buf, 4);
	int			len = pq_getmsgint(buf, 4);
	int64		nevents;
	uint32		known;

	if (nconditions < 1 || nconditions > CONDITIONS_MAX || len < 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				errmsg("invalid state of a sequence"));
	state = sequence_state_create(sequence_source_get(flinfo,
													  pq_getmsgbytes(buf, len),
													  len, nconditions));

	nevents = pq_getmsgint64(buf);
	if (nevents < 0 ||
		nevents != (buf->len - buf->cursor) / SEQUENCE_EVENT_BYTES)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				errmsg("invalid state of a sequence"));
	sequence_state_reserve(state, nevents);

	known = PG_UINT32_MAX >> (CONDITIONS_MAX - nconditions);
	for (int64 i = 0; i < nevents; i++)
	{
		TimestampTz ts = pq_getmsgint64(buf);
		uint32		conditions = pq_getmsgint(buf, 4);

		if (conditions == 0 || (conditions & ~known) != 0)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					errmsg("invalid state of a sequence"));
		sequence_state_add(state, ts, conditions);
	}
	pq_getmsgend(buf);

	return state;
}

/* (bytea, internal) => internal; result is short-lived, current context is right */
Datum
sequence_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *serialized;
	StringInfoData buf;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "sequence_deserialfn called in non-aggregate context");

	serialized = PG_GETARG_BYTEA_PP(0);
	buf.data = VARDATA_ANY(serialized);
	buf.len = VARSIZE_ANY_EXHDR(serialized);
	buf.maxlen = 0;
	buf.cursor = 0;

	PG_RETURN_POINTER(sequence_state_recv(fcinfo->flinfo, &buf));
}

static SequenceState *
sequence_state_final(FunctionCallInfo fcinfo)
{
	/* cannot be called directly because of internal-type argument */
	Assert(AggCheckCallContext(fcinfo, NULL));

	return PG_ARGISNULL(0) ? NULL : (SequenceState *) PG_GETARG_POINTER(0);
}

/* A pattern of no events is in every history that has some, once. */
static inline bool
sequence_state_matches_trivially(const SequenceState *state)
{
	return state->source->pattern.nsteps == 0 && state->nevents > 0;
}

/* (internal) => boolean */
Datum
sequence_match_finalfn(PG_FUNCTION_ARGS)
{
	SequenceState *state = sequence_state_final(fcinfo);
	SequenceMatcher matcher;

	if (state == NULL)
		PG_RETURN_BOOL(false);
	if (state->source->pattern.nsteps == 0)
		PG_RETURN_BOOL(sequence_state_matches_trivially(state));

	PG_RETURN_BOOL(sequence_state_search(state, &matcher) &&
				   sequence_matcher_next(&matcher, 0, NULL) >= 0);
}

/* (internal) => int8 */
Datum
sequence_count_finalfn(PG_FUNCTION_ARGS)
{
	SequenceState *state = sequence_state_final(fcinfo);
	SequenceMatcher matcher;
	int64		count = 0;

	if (state == NULL)
		PG_RETURN_INT64(0);
	if (state->source->pattern.nsteps == 0)
		PG_RETURN_INT64(sequence_state_matches_trivially(state) ? 1 : 0);

	if (sequence_state_search(state, &matcher))
	{
		int			next = 0;

		while ((next = sequence_matcher_next(&matcher, next, NULL)) >= 0)
			count++;
	}

	PG_RETURN_INT64(count);
}

/* (internal) => timestamptz[] */
Datum
sequence_match_events_finalfn(PG_FUNCTION_ARGS)
{
	SequenceState *state = sequence_state_final(fcinfo);
	SequenceMatcher matcher;
	int			position[SEQUENCE_MAX_STEPS];
	Datum		ts[SEQUENCE_MAX_STEPS];
	int			nsteps = 0;

	if (state != NULL && sequence_state_search(state, &matcher) &&
		sequence_matcher_next(&matcher, 0, position) >= 0)
		nsteps = state->source->pattern.nsteps;
	for (int step = 0; step < nsteps; step++)
		ts[step] = TimestampTzGetDatum(state->event[position[step]].ts);

	if (nsteps == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(TIMESTAMPTZOID));
	PG_RETURN_ARRAYTYPE_P(construct_array(ts, nsteps, TIMESTAMPTZOID,
										  sizeof(TimestampTz), FLOAT8PASSBYVAL,
										  TYPALIGN_DOUBLE));
}
