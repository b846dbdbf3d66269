/*-------------------------------------------------------------------------
 *
 * path_agg.c
 *	  Aggregate path_agg(): the places a user passed, in order of time.
 *
 * All nodes are kept until the end, also when only the first few are asked for:
 * which are the first is known when the last row has been seen.
 *
 * IDENTIFICATION
 *	  src/behaviour/path_agg.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "behaviour/path_nodes.h"
#include "compat.h"

typedef struct PathState
{
	int32		max_length;		/* nodes asked for; same for all rows */
	PathNodes	nodes;
} PathState;

PG_FUNCTION_INFO_V1(path_agg_transfn);
PG_FUNCTION_INFO_V1(path_agg_combinefn);
PG_FUNCTION_INFO_V1(path_agg_serialfn);
PG_FUNCTION_INFO_V1(path_agg_deserialfn);
PG_FUNCTION_INFO_V1(path_agg_finalfn);

/* Caller must have switched to the context the state is to live in. */
static PathState *
path_state_create(int32 max_length)
{
	PathState  *state = palloc(sizeof(PathState));

	state->max_length = max_length;
	path_nodes_init(&state->nodes);

	return state;
}

static void
path_check_same_length(int32 a, int32 b)
{
	if (a != b)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("max_length must not change within a group"),
				errhint("Add what it depends on to GROUP BY."));
}

/* (internal, ts timestamptz, node text, max_length int4) => internal */
Datum
path_agg_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	PathState  *state;
	int32		max_length = PG_ARGISNULL(3) ? PG_INT32_MAX : PG_GETARG_INT32(3);

	/* cannot be called directly because of internal-type argument */
	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "path_agg_transfn called in non-aggregate context");

	if (max_length < 1)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("max_length must be at least 1, got %d", max_length),
				errhint("Give NULL for paths of any length."));

	if (PG_ARGISNULL(0))
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(aggcontext);

		state = path_state_create(max_length);
		MemoryContextSwitchTo(oldcontext);
	}
	else
	{
		state = (PathState *) PG_GETARG_POINTER(0);
		path_check_same_length(state->max_length, max_length);
	}

	/* without a time or a name, nobody was anywhere */
	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		text	   *name = PG_GETARG_TEXT_PP(2);
		PathNode	node = {0};

		node.ts = PG_GETARG_TIMESTAMPTZ(1);
		node.len = VARSIZE_ANY_EXHDR(name);
		node.name = VARDATA_ANY(name);
		path_nodes_add(&state->nodes, &node);
	}

	PG_RETURN_POINTER(state);
}

/* (internal, internal) => internal */
Datum
path_agg_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	PathState  *dst;
	PathState  *src;

	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "path_agg_combinefn called in non-aggregate context");

	dst = PG_ARGISNULL(0) ? NULL : (PathState *) PG_GETARG_POINTER(0);
	src = PG_ARGISNULL(1) ? NULL : (PathState *) PG_GETARG_POINTER(1);

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

		dst = path_state_create(src->max_length);
		MemoryContextSwitchTo(oldcontext);
	}
	else
		path_check_same_length(dst->max_length, src->max_length);
	path_nodes_append(&dst->nodes, &src->nodes);

	PG_RETURN_POINTER(dst);
}

/* (internal) => bytea */
Datum
path_agg_serialfn(PG_FUNCTION_ARGS)
{
	PathState  *state;
	StringInfoData buf;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "path_agg_serialfn called in non-aggregate context");

	state = (PathState *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buf);
	pq_sendint32(&buf, state->max_length);
	path_nodes_send(&buf, &state->nodes);

	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* (bytea, internal) => internal; result is short-lived, current context is right */
Datum
path_agg_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *serialized;
	StringInfoData buf;
	PathState  *state;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "path_agg_deserialfn called in non-aggregate context");

	serialized = PG_GETARG_BYTEA_PP(0);
	buf.data = VARDATA_ANY(serialized);
	buf.len = VARSIZE_ANY_EXHDR(serialized);
	buf.maxlen = 0;
	buf.cursor = 0;

	state = path_state_create(pq_getmsgint(&buf, 4));
	if (state->max_length < 1 || !path_nodes_recv(&buf, &state->nodes))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				errmsg("invalid state of path_agg"));
	pq_getmsgend(&buf);

	PG_RETURN_POINTER(state);
}

/* Is it the place where the user already was? */
static inline bool
path_stays(const PathNode *before, const PathNode *node)
{
	return before->len == node->len &&
		(node->len <= 0 || memcmp(before->name, node->name, node->len) == 0);
}

/* (internal) => text[] */
Datum
path_agg_finalfn(PG_FUNCTION_ARGS)
{
	PathState  *state;
	ArrayBuildState *path;
	int32		length = 0;

	/* cannot be called directly because of internal-type argument */
	Assert(AggCheckCallContext(fcinfo, NULL));

	if (PG_ARGISNULL(0))
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(TEXTOID));

	/* the order in which nodes are kept means nothing */
	state = (PathState *) PG_GETARG_POINTER(0);
	path_nodes_sort(&state->nodes);

	path = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	for (int64 i = 0; i < state->nodes.nnodes && length < state->max_length; i++)
	{
		const PathNode *node = &state->nodes.node[i];

		CHECK_FOR_INTERRUPTS();
		if (i > 0 && path_stays(node - 1, node))
			continue;
		accumArrayResult(path,
						 PointerGetDatum(cstring_to_text_with_len(node->name, node->len)),
						 false, TEXTOID, CurrentMemoryContext);
		length++;
	}

	PG_RETURN_DATUM(makeArrayResult(path, CurrentMemoryContext));
}
