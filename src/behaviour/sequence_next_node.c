/*-------------------------------------------------------------------------
 *
 * sequence_next_node.c
 *	  Aggregate sequence_next_node(): what comes after, or before, a chain of
 *	  events that follow each other directly.
 *
 * The chain is looked for at one place only, the base, so there is nothing to
 * search: the events from the base on must fulfil the conditions one by one,
 * and the answer is the event that comes then.
 *
 * IDENTIFICATION
 *	  src/behaviour/sequence_next_node.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "behaviour/conditions.h"
#include "behaviour/path_nodes.h"
#include "compat.h"

typedef enum NextNodeBase
{
	BASE_HEAD,					/* the first event */
	BASE_TAIL,					/* the last event */
	BASE_FIRST_MATCH,			/* the first that fulfils the first condition */
	BASE_LAST_MATCH				/* the last that does */
} NextNodeBase;

/* What to look for; the same for all rows. */
typedef struct NextNodeQuery
{
	int32		step;			/* 1: forward, -1: backward */
	int32		base;			/* a NextNodeBase */
	int32		nevents;		/* conditions */
} NextNodeQuery;

typedef struct NextNodeState
{
	NextNodeQuery query;
	PathNodes	nodes;
} NextNodeState;

PG_FUNCTION_INFO_V1(sequence_next_node_transfn);
PG_FUNCTION_INFO_V1(sequence_next_node_combinefn);
PG_FUNCTION_INFO_V1(sequence_next_node_serialfn);
PG_FUNCTION_INFO_V1(sequence_next_node_deserialfn);
PG_FUNCTION_INFO_V1(sequence_next_node_finalfn);

static bool
next_node_word_is(const text *word, const char *wanted)
{
	return VARSIZE_ANY_EXHDR(word) == strlen(wanted) &&
		memcmp(VARDATA_ANY(word), wanted, strlen(wanted)) == 0;
}

static int32
next_node_step(const text *direction)
{
	if (next_node_word_is(direction, "forward"))
		return 1;
	if (next_node_word_is(direction, "backward"))
		return -1;

	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("direction must be forward or backward, got \"%.*s\"",
				   pg_mbcliplen(VARDATA_ANY(direction),
								VARSIZE_ANY_EXHDR(direction), 64),
				   VARDATA_ANY(direction)));
}

static NextNodeBase
next_node_base(const text *base)
{
	static const char *const names[] = {
		[BASE_HEAD] = "head",
		[BASE_TAIL] = "tail",
		[BASE_FIRST_MATCH] = "first_match",
		[BASE_LAST_MATCH] = "last_match"
	};

	for (int i = 0; i < lengthof(names); i++)
	{
		if (next_node_word_is(base, names[i]))
			return (NextNodeBase) i;
	}

	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("base must be head, tail, first_match or last_match, got \"%.*s\"",
				   pg_mbcliplen(VARDATA_ANY(base),
								VARSIZE_ANY_EXHDR(base), 64),
				   VARDATA_ANY(base)));
}

static void
next_node_check_not_null(bool isnull, const char *name)
{
	if (isnull)
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", name));
}

static bool
next_node_query_is_sound(const NextNodeQuery *query)
{
	return (query->step == 1 || query->step == -1) &&
		query->base >= BASE_HEAD && query->base <= BASE_LAST_MATCH &&
		query->nevents <= CONDITIONS_MAX &&
		query->nevents >= (query->base >= BASE_FIRST_MATCH ? 1 : 0);
}

static void
next_node_check_same(const NextNodeQuery *a, const NextNodeQuery *b)
{
	if (a->step != b->step || a->base != b->base || a->nevents != b->nevents)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("direction, base and number of events must not change within a group"),
				errhint("Add what they depend on to GROUP BY."));
}

/* Caller must have switched to the context the state is to live in. */
static NextNodeState *
next_node_state_create(const NextNodeQuery *query)
{
	NextNodeState *state = palloc(sizeof(NextNodeState));

	state->query = *query;
	path_nodes_init(&state->nodes);

	return state;
}

/* Where the chain must begin, or -1. */
static int64
next_node_find_base(const NextNodeQuery *query, const PathNodes *nodes)
{
	bool		from_end = query->base == BASE_TAIL || query->base == BASE_LAST_MATCH;
	bool		any = query->base == BASE_HEAD || query->base == BASE_TAIL;

	for (int64 i = 0; i < nodes->nnodes; i++)
	{
		int64		place = from_end ? nodes->nnodes - 1 - i : i;
		const PathNode *node = &nodes->node[place];

		if (node->is_base && (any || (node->conditions & 1)))
			return place;
		if (any)
			return -1;
	}

	return -1;
}

/* The node behind the chain, or NULL; the nodes are in order. */
static const PathNode *
next_node_find(const NextNodeQuery *query, const PathNodes *nodes)
{
	int64		place = next_node_find_base(query, nodes);

	if (place < 0)
		return NULL;
	for (int i = 0; i < query->nevents; i++)
	{
		if (place < 0 || place >= nodes->nnodes ||
			!(nodes->node[place].conditions & (UINT32_C(1) << i)))
			return NULL;
		place += query->step;
	}

	return place < 0 || place >= nodes->nnodes ? NULL : &nodes->node[place];
}

/*
 * (internal, direction text, base text, ts timestamptz, value text,
 * base_condition boolean, VARIADIC events boolean[]) => internal
 */
Datum
sequence_next_node_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	NextNodeState *state;
	NextNodeQuery query;
	PathNode	node = {0};

	/* cannot be called directly because of internal-type argument */
	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "sequence_next_node_transfn called in non-aggregate context");

	next_node_check_not_null(PG_ARGISNULL(1), "direction");
	next_node_check_not_null(PG_ARGISNULL(2), "base");
	next_node_check_not_null(PG_ARGISNULL(6), "the array of events");
	query.step = next_node_step(PG_GETARG_TEXT_PP(1));
	query.base = next_node_base(PG_GETARG_TEXT_PP(2));
	node.conditions = conditions_mask(PG_GETARG_ARRAYTYPE_P(6), "events", query.base >= BASE_FIRST_MATCH ? 1 : 0,
									  &query.nevents);

	if (PG_ARGISNULL(0))
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(aggcontext);

		state = next_node_state_create(&query);
		MemoryContextSwitchTo(oldcontext);
	}
	else
	{
		state = (NextNodeState *) PG_GETARG_POINTER(0);
		next_node_check_same(&state->query, &query);
	}

	/* without a time it has no place; without a value it still has one */
	if (PG_ARGISNULL(3))
		PG_RETURN_POINTER(state);

	node.ts = PG_GETARG_TIMESTAMPTZ(3);
	node.is_base = !PG_ARGISNULL(5) && PG_GETARG_BOOL(5);
	node.len = -1;
	if (!PG_ARGISNULL(4))
	{
		text	   *value = PG_GETARG_TEXT_PP(4);

		node.len = VARSIZE_ANY_EXHDR(value);
		node.name = VARDATA_ANY(value);
	}
	path_nodes_add(&state->nodes, &node);

	PG_RETURN_POINTER(state);
}

/* (internal, internal) => internal */
Datum
sequence_next_node_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	NextNodeState *dst;
	NextNodeState *src;

	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "sequence_next_node_combinefn called in non-aggregate context");

	dst = PG_ARGISNULL(0) ? NULL : (NextNodeState *) PG_GETARG_POINTER(0);
	src = PG_ARGISNULL(1) ? NULL : (NextNodeState *) PG_GETARG_POINTER(1);

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

		dst = next_node_state_create(&src->query);
		MemoryContextSwitchTo(oldcontext);
	}
	else
		next_node_check_same(&dst->query, &src->query);
	path_nodes_append(&dst->nodes, &src->nodes);

	PG_RETURN_POINTER(dst);
}

/* (internal) => bytea */
Datum
sequence_next_node_serialfn(PG_FUNCTION_ARGS)
{
	NextNodeState *state;
	StringInfoData buf;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "sequence_next_node_serialfn called in non-aggregate context");

	state = (NextNodeState *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buf);
	pq_sendint32(&buf, state->query.step);
	pq_sendint32(&buf, state->query.base);
	pq_sendint32(&buf, state->query.nevents);
	path_nodes_send(&buf, &state->nodes);

	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* (bytea, internal) => internal; result is short-lived, current context is right */
Datum
sequence_next_node_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *serialized;
	StringInfoData buf;
	NextNodeQuery query;
	NextNodeState *state;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "sequence_next_node_deserialfn called in non-aggregate context");

	serialized = PG_GETARG_BYTEA_PP(0);
	buf.data = VARDATA_ANY(serialized);
	buf.len = VARSIZE_ANY_EXHDR(serialized);
	buf.maxlen = 0;
	buf.cursor = 0;

	query.step = pq_getmsgint(&buf, 4);
	query.base = pq_getmsgint(&buf, 4);
	query.nevents = pq_getmsgint(&buf, 4);
	state = next_node_state_create(&query);
	if (!next_node_query_is_sound(&query) ||
		!path_nodes_recv(&buf, &state->nodes))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				errmsg("invalid state of sequence_next_node"));
	pq_getmsgend(&buf);

	PG_RETURN_POINTER(state);
}

/* (internal) => text */
Datum
sequence_next_node_finalfn(PG_FUNCTION_ARGS)
{
	NextNodeState *state;
	const PathNode *next;

	/* cannot be called directly because of internal-type argument */
	Assert(AggCheckCallContext(fcinfo, NULL));

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();

	/* the order in which nodes are kept means nothing */
	state = (NextNodeState *) PG_GETARG_POINTER(0);
	path_nodes_sort(&state->nodes);
	next = next_node_find(&state->query, &state->nodes);
	if (next == NULL || next->len < 0)
		PG_RETURN_NULL();

	PG_RETURN_TEXT_P(cstring_to_text_with_len(next->name, next->len));
}
