/*-------------------------------------------------------------------------
 *
 * delong_test.c
 *	  Aggregate delong_test(): do two scores of the same rows differ in the area
 *	  under the ROC curve?
 *
 * IDENTIFICATION
 *	  src/model/delong_test.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"

#include "behaviour/group_memory.h"
#include "compat.h"
#include "model/binary_scores.h"
#include "model/delong.h"
#include "model/point_array.h"

#define MIN_ROWS	8

/* The two scores of the rows of one class, as keys of ranks.h. */
typedef struct ScorePairs
{
	uint64	   *key[2];
	int64		n;
	int64		max;
} ScorePairs;

typedef struct DelongState
{
	ScorePairs	class[2];
} DelongState;

PG_FUNCTION_INFO_V1(delong_test_transfn);
PG_FUNCTION_INFO_V1(delong_test_combinefn);
PG_FUNCTION_INFO_V1(delong_test_serialfn);
PG_FUNCTION_INFO_V1(delong_test_deserialfn);
PG_FUNCTION_INFO_V1(delong_test_finalfn);

/* Argument 0, made if there is none yet. */
static DelongState *
delong_state(FunctionCallInfo fcinfo)
{
	MemoryContext aggcontext;
	DelongState *state;

	/* cannot be called directly because of internal-type argument */
	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "aggregate function called in non-aggregate context");

	if (!PG_ARGISNULL(0))
		return (DelongState *) PG_GETARG_POINTER(0);
	state = MemoryContextAllocZero(aggcontext, sizeof(DelongState));
	for (int class = 0; class < 2; class++)
	{
		ScorePairs *pairs = &state->class[class];

		pairs->max = MIN_ROWS;
		for (int score = 0; score < 2; score++)
			pairs->key[score] = MemoryContextAlloc(aggcontext, sizeof(uint64) * MIN_ROWS);
	}

	return state;
}

/* Makes room for n more. */
static void
pairs_reserve(DelongState *state, int class, int64 n)
{
	ScorePairs *pairs = &state->class[class];
	int64		most = group_memory_limit() / (2 * sizeof(uint64)) - state->class[1 - class].max;
	int64		needed = pairs->n + n;

	if (likely(needed <= pairs->max))
		return;
	if (needed > most)
		group_memory_exceeded();
	pairs->max = Min(Max(needed, 2 * pairs->max), most);
	for (int score = 0; score < 2; score++)
		pairs->key[score] = repalloc(pairs->key[score], sizeof(uint64) * pairs->max);
}

/* (internal, label boolean, score_a float8, score_b float8) => internal */
Datum
delong_test_transfn(PG_FUNCTION_ARGS)
{
	DelongState *state = delong_state(fcinfo);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2) && !PG_ARGISNULL(3))
	{
		int			class = PG_GETARG_BOOL(1) ? 1 : 0;
		ScorePairs *pairs = &state->class[class];

		score_check_number(PG_GETARG_FLOAT8(2), "score_a");
		score_check_number(PG_GETARG_FLOAT8(3), "score_b");
		pairs_reserve(state, class, 1);
		pairs->key[0][pairs->n] = rank_key(PG_GETARG_FLOAT8(2));
		pairs->key[1][pairs->n++] = rank_key(PG_GETARG_FLOAT8(3));
	}

	PG_RETURN_POINTER(state);
}

/* (internal, internal) => internal */
Datum
delong_test_combinefn(PG_FUNCTION_ARGS)
{
	DelongState *dst;
	DelongState *src;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}

	/* src lives in a short-lived context: never return it, always copy */
	src = (DelongState *) PG_GETARG_POINTER(1);
	dst = delong_state(fcinfo);
	for (int class = 0; class < 2; class++)
	{
		ScorePairs *to = &dst->class[class];
		const ScorePairs *from = &src->class[class];

		pairs_reserve(dst, class, from->n);
		for (int score = 0; score < 2; score++)
			memcpy(to->key[score] + to->n, from->key[score], sizeof(uint64) * from->n);
		to->n += from->n;
	}

	PG_RETURN_POINTER(dst);
}

/* (internal) => bytea; the keys as they are, for a process of the same server */
Datum
delong_test_serialfn(PG_FUNCTION_ARGS)
{
	DelongState *state;
	StringInfoData buf;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "aggregate function called in non-aggregate context");

	state = (DelongState *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buf);
	for (int class = 0; class < 2; class++)
	{
		const ScorePairs *pairs = &state->class[class];

		pq_sendint64(&buf, pairs->n);
		for (int score = 0; score < 2; score++)
			pq_sendbytes(&buf, (char *) pairs->key[score], sizeof(uint64) * pairs->n);
	}

	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* (bytea, internal) => internal; result is short-lived, current context is right */
Datum
delong_test_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *serialized;
	StringInfoData buf;
	DelongState *state;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "aggregate function called in non-aggregate context");

	serialized = PG_GETARG_BYTEA_PP(0);
	buf.data = VARDATA_ANY(serialized);
	buf.len = VARSIZE_ANY_EXHDR(serialized);
	buf.maxlen = 0;
	buf.cursor = 0;

	state = palloc0(sizeof(DelongState));
	for (int class = 0; class < 2; class++)
	{
		ScorePairs *pairs = &state->class[class];

		pairs->n = pairs->max = pq_getmsgint64(&buf);
		if (pairs->n < 0 || pairs->n > (buf.len - buf.cursor) / (2 * sizeof(uint64)))
			ereport(ERROR,
					errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					errmsg("invalid state of delong_test"));
		for (int score = 0; score < 2; score++)
		{
			pairs->key[score] = palloc(sizeof(uint64) * Max(pairs->n, 1));
			pq_copymsgbytes(&buf, (char *) pairs->key[score], sizeof(uint64) * pairs->n);
		}
	}
	pq_getmsgend(&buf);

	PG_RETURN_POINTER(state);
}

static DelongClass
class_of(const DelongState *state, int class)
{
	DelongClass result;

	result.key[0] = state->class[class].key[0];
	result.key[1] = state->class[class].key[1];
	result.n = state->class[class].n;

	return result;
}

/* (internal) => delong_result */
Datum
delong_test_finalfn(PG_FUNCTION_ARGS)
{
	DelongState *state;
	DelongClass negative;
	DelongClass positive;
	DelongResult result;
	PointArray	point;

	/* cannot be called directly because of internal-type argument */
	Assert(AggCheckCallContext(fcinfo, NULL));

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (DelongState *) PG_GETARG_POINTER(0);
	negative = class_of(state, 0);
	positive = class_of(state, 1);
	delong(&negative, &positive, &result);

	point_array_begin(&point, fcinfo);
	point_add_number(&point, result.auc[0]);
	point_add_number(&point, result.auc[1]);
	point_add_number(&point, result.difference);
	point_add_number(&point, result.std_err);
	point_add_number(&point, result.z);
	point_add_number(&point, result.p_value);
	point_add_count(&point, negative.n + positive.n);
	point_add_count(&point, positive.n);

	PG_RETURN_DATUM(point_datum(&point));
}
