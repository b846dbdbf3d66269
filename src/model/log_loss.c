/*-------------------------------------------------------------------------
 *
 * log_loss.c
 *	  Aggregates log_loss() and brier_score(): the mean loss of probabilities.
 *
 * The losses are added exactly (exact_sum.c), so that neither the order of rows
 * nor a parallel plan changes the last digit of their mean.
 *
 * IDENTIFICATION
 *	  src/model/log_loss.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"

#include "behaviour/exact_sum.h"
#include "compat.h"
#include "model/binary_scores.h"
#include "model/evaluation.h"

typedef struct LossState
{
	int64		n;
	ExactSum	sum;
} LossState;

PG_FUNCTION_INFO_V1(log_loss_transfn);
PG_FUNCTION_INFO_V1(brier_score_transfn);
PG_FUNCTION_INFO_V1(log_loss_combinefn);
PG_FUNCTION_INFO_V1(log_loss_serialfn);
PG_FUNCTION_INFO_V1(log_loss_deserialfn);
PG_FUNCTION_INFO_V1(log_loss_finalfn);

/* Argument 0, made if there is none yet. */
static LossState *
loss_state(FunctionCallInfo fcinfo)
{
	MemoryContext aggcontext;
	MemoryContext oldcontext;
	LossState  *state;

	/* cannot be called directly because of internal-type argument */
	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "aggregate function called in non-aggregate context");

	if (!PG_ARGISNULL(0))
		return (LossState *) PG_GETARG_POINTER(0);
	oldcontext = MemoryContextSwitchTo(aggcontext);
	state = palloc0(sizeof(LossState));
	exact_sum_init(&state->sum, EXACT_BINARY);
	MemoryContextSwitchTo(oldcontext);

	return state;
}

static pg_attribute_always_inline Datum
loss_add(FunctionCallInfo fcinfo, double (*loss_of) (bool label, double score))
{
	LossState  *state = loss_state(fcinfo);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		double		score = PG_GETARG_FLOAT8(2);

		score_check_probability(score);
		exact_sum_add_float8(&state->sum, loss_of(PG_GETARG_BOOL(1), score), 1);
		state->n++;
	}

	PG_RETURN_POINTER(state);
}

/* (internal, label boolean, score float8) => internal */
Datum
log_loss_transfn(PG_FUNCTION_ARGS)
{
	return loss_add(fcinfo, log_loss_of);
}

/* (internal, label boolean, score float8) => internal */
Datum
brier_score_transfn(PG_FUNCTION_ARGS)
{
	return loss_add(fcinfo, brier_score_of);
}

/* (internal, internal) => internal */
Datum
log_loss_combinefn(PG_FUNCTION_ARGS)
{
	LossState  *dst;
	LossState  *src;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}

	/* src lives in a short-lived context: never return it, always copy */
	src = (LossState *) PG_GETARG_POINTER(1);
	dst = loss_state(fcinfo);
	dst->n += src->n;
	exact_sum_merge(&dst->sum, &src->sum, 1);

	PG_RETURN_POINTER(dst);
}

/* (internal) => bytea */
Datum
log_loss_serialfn(PG_FUNCTION_ARGS)
{
	LossState  *state;
	StringInfoData buf;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "aggregate function called in non-aggregate context");

	state = (LossState *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buf);
	pq_sendint64(&buf, state->n);
	exact_sum_send(&buf, &state->sum);

	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* (bytea, internal) => internal; result is short-lived, current context is right */
Datum
log_loss_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *serialized;
	StringInfoData buf;
	LossState  *state;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "aggregate function called in non-aggregate context");

	serialized = PG_GETARG_BYTEA_PP(0);
	buf.data = VARDATA_ANY(serialized);
	buf.len = VARSIZE_ANY_EXHDR(serialized);
	buf.maxlen = 0;
	buf.cursor = 0;

	state = palloc0(sizeof(LossState));
	exact_sum_init(&state->sum, EXACT_BINARY);
	state->n = pq_getmsgint64(&buf);
	exact_sum_recv(&buf, &state->sum);
	pq_getmsgend(&buf);

	PG_RETURN_POINTER(state);
}

/* (internal) => float8 */
Datum
log_loss_finalfn(PG_FUNCTION_ARGS)
{
	LossState  *state;

	/* cannot be called directly because of internal-type argument */
	Assert(AggCheckCallContext(fcinfo, NULL));

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (LossState *) PG_GETARG_POINTER(0);
	if (state->n == 0)
		PG_RETURN_NULL();

	PG_RETURN_FLOAT8(exact_sum_float8(&state->sum, state->n));
}
