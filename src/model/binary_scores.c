/*-------------------------------------------------------------------------
 *
 * binary_scores.c
 *	  The state of aggregates over (label, score).
 *
 * All scores of a group are kept, eight bytes each, the classes apart.  What
 * order they are in means nothing, so that a final function may sort them in
 * place: aggregates over the same arguments share the state, and the next of
 * them finds it sorted.
 *
 * IDENTIFICATION
 *	  src/model/binary_scores.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"

#include "behaviour/group_memory.h"
#include "compat.h"
#include "model/binary_scores.h"

#define MIN_KEYS	8

PG_FUNCTION_INFO_V1(binary_scores_transfn);
PG_FUNCTION_INFO_V1(binary_scores_combinefn);
PG_FUNCTION_INFO_V1(binary_scores_serialfn);
PG_FUNCTION_INFO_V1(binary_scores_deserialfn);

void
score_check_number(double score, const char *name)
{
	if (unlikely(isnan(score)))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be a number, got NaN", name),
				errhint("Turn NaN into NULL: nullif(%s, 'NaN').", name));
}

void
score_check_probability(double score)
{
	score_check_number(score, "score");
	if (unlikely(score < 0 || score > 1))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("score must be a probability between 0 and 1, got %g", score));
}

static void
check_same_options(const BinaryScoresOptions *a, const BinaryScoresOptions *b)
{
	if (a->count != b->count || a->method != b->method || a->epsilon != b->epsilon)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("arguments other than the label and the score must not change within a group"),
				errhint("Add what they depend on to GROUP BY."));
}

/* Argument 0 of a transition function, made if there is none yet. */
BinaryScores *
binary_scores_state(FunctionCallInfo fcinfo, const BinaryScoresOptions *options)
{
	MemoryContext aggcontext;
	BinaryScores *state;

	/* cannot be called directly because of internal-type argument */
	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "aggregate function called in non-aggregate context");

	if (!PG_ARGISNULL(0))
	{
		state = (BinaryScores *) PG_GETARG_POINTER(0);
		check_same_options(&state->options, options);
		return state;
	}
	state = MemoryContextAllocZero(aggcontext, sizeof(BinaryScores));
	state->options = *options;
	for (int class = 0; class < 2; class++)
	{
		state->max[class] = MIN_KEYS;
		state->key[class] = MemoryContextAlloc(aggcontext, sizeof(uint64) * MIN_KEYS);
	}

	return state;
}

/* Makes room for n more. */
static void
scores_reserve(BinaryScores *state, int class, int64 n)
{
	int64		most = group_memory_limit() / sizeof(uint64) - state->max[1 - class];
	int64		needed = state->n[class] + n;

	if (likely(needed <= state->max[class]))
		return;
	if (needed > most)
		group_memory_exceeded();
	state->max[class] = Min(Max(needed, 2 * state->max[class]), most);
	state->key[class] = repalloc(state->key[class], sizeof(uint64) * state->max[class]);
}

void
binary_scores_add(BinaryScores *state, bool label, double score)
{
	int			class = label ? 1 : 0;

	scores_reserve(state, class, 1);
	state->key[class][state->n[class]++] = rank_key(score);
	state->sorted = false;
}

/* The state of a final function, sorted; NULL if there was no row. */
BinaryScores *
binary_scores_sorted(FunctionCallInfo fcinfo)
{
	BinaryScores *state;

	/* cannot be called directly because of internal-type argument */
	Assert(AggCheckCallContext(fcinfo, NULL));

	if (PG_ARGISNULL(0))
		return NULL;
	state = (BinaryScores *) PG_GETARG_POINTER(0);
	if (!state->sorted)
	{
		ranks_sort(state->key[0], state->n[0]);
		ranks_sort(state->key[1], state->n[1]);
		state->sorted = true;
	}

	return state;
}

RankedClass
binary_scores_class(const BinaryScores *state, bool label)
{
	RankedClass class;

	class.key = state->key[label ? 1 : 0];
	class.n = state->n[label ? 1 : 0];

	return class;
}

/*
 * The distinct inner quantiles of a class that is sorted and not empty, as
 * percentile_cont has them (type 7).  Returns how many there are.
 */
int
binary_scores_quantiles(const RankedClass *class, int bins, double *edge)
{
	int			n = 0;

	for (int i = 1; i < bins; i++)
	{
		double		place = (double) i / bins * (class->n - 1);
		int64		below = (int64) floor(place);
		double		low = rank_score(class->key[below]);
		double		high = rank_score(class->key[Min(below + 1, class->n - 1)]);
		double		value;

		/* not between infinities, which have no middle */
		if (low == high || place == below)
			value = low;
		else if (isinf(low) || isinf(high))
			value = high;
		else if (isinf(high - low))
			value = low / 2 + high / 2;
		else
			value = low + (place - below) * (high - low);
		if (n == 0 || value > edge[n - 1])
			edge[n++] = value;
	}

	return n;
}

/* (internal, label boolean, score float8) => internal */
Datum
binary_scores_transfn(PG_FUNCTION_ARGS)
{
	const BinaryScoresOptions options = {0};
	BinaryScores *state = binary_scores_state(fcinfo, &options);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		score_check_number(PG_GETARG_FLOAT8(2), "score");
		binary_scores_add(state, PG_GETARG_BOOL(1), PG_GETARG_FLOAT8(2));
	}

	PG_RETURN_POINTER(state);
}

/* (internal, internal) => internal */
Datum
binary_scores_combinefn(PG_FUNCTION_ARGS)
{
	BinaryScores *dst;
	BinaryScores *src;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}

	/* src lives in a short-lived context: never return it, always copy */
	src = (BinaryScores *) PG_GETARG_POINTER(1);
	dst = binary_scores_state(fcinfo, &src->options);
	for (int class = 0; class < 2; class++)
	{
		scores_reserve(dst, class, src->n[class]);
		memcpy(dst->key[class] + dst->n[class], src->key[class],
			   sizeof(uint64) * src->n[class]);
		dst->n[class] += src->n[class];
		dst->nnull[class] += src->nnull[class];
	}
	dst->sorted = false;

	PG_RETURN_POINTER(dst);
}

/* (internal) => bytea; the keys as they are, for a process of the same server */
Datum
binary_scores_serialfn(PG_FUNCTION_ARGS)
{
	BinaryScores *state;
	StringInfoData buf;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "aggregate function called in non-aggregate context");

	state = (BinaryScores *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buf);
	pq_sendint32(&buf, state->options.count);
	pq_sendint32(&buf, state->options.method);
	pq_sendfloat8(&buf, state->options.epsilon);
	for (int class = 0; class < 2; class++)
	{
		pq_sendint64(&buf, state->nnull[class]);
		pq_sendint64(&buf, state->n[class]);
		pq_sendbytes(&buf, (char *) state->key[class], sizeof(uint64) * state->n[class]);
	}

	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* (bytea, internal) => internal; result is short-lived, current context is right */
Datum
binary_scores_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *serialized;
	StringInfoData buf;
	BinaryScores *state;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "aggregate function called in non-aggregate context");

	serialized = PG_GETARG_BYTEA_PP(0);
	buf.data = VARDATA_ANY(serialized);
	buf.len = VARSIZE_ANY_EXHDR(serialized);
	buf.maxlen = 0;
	buf.cursor = 0;

	state = palloc0(sizeof(BinaryScores));
	state->options.count = pq_getmsgint(&buf, 4);
	state->options.method = pq_getmsgint(&buf, 4);
	state->options.epsilon = pq_getmsgfloat8(&buf);
	for (int class = 0; class < 2; class++)
	{
		state->nnull[class] = pq_getmsgint64(&buf);
		state->n[class] = state->max[class] = pq_getmsgint64(&buf);
		if (state->n[class] < 0 || state->n[class] > (buf.len - buf.cursor) / sizeof(uint64))
			ereport(ERROR,
					errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					errmsg("invalid state of an aggregate over scores"));
		state->key[class] = palloc(sizeof(uint64) * Max(state->n[class], 1));
		pq_copymsgbytes(&buf, (char *) state->key[class], sizeof(uint64) * state->n[class]);
	}
	pq_getmsgend(&buf);

	PG_RETURN_POINTER(state);
}
