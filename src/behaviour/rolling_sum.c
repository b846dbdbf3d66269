/*-------------------------------------------------------------------------
 *
 * rolling_sum.c
 *	  Aggregates rolling_sum() and rolling_avg(), made for moving frames.
 *
 * The sum of a frame that moves is cheap if rows that leave can be taken away
 * from it.  sum(float8) cannot, because it rounds, and computes each frame
 * anew; sum(numeric) must start again when the row with the largest scale
 * leaves.  These aggregates keep a total that forgets nothing (see
 * rolling_total.c), so a row costs the same whatever the length of the frame,
 * and the answer depends on the values in the frame alone: for numeric that of
 * sum and avg, for float8 the exact sum, or the exact sum over the number of
 * values, rounded once.
 *
 * The state is the same whether the frame moves or not.  It exists from the
 * first row on, because a moving aggregate may not have a null state.
 *
 * IDENTIFICATION
 *	  src/behaviour/rolling_sum.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"

#include "behaviour/rolling_total.h"

PG_FUNCTION_INFO_V1(rolling_sum_transfn);
PG_FUNCTION_INFO_V1(rolling_sum_invfn);
PG_FUNCTION_INFO_V1(rolling_sum_combinefn);
PG_FUNCTION_INFO_V1(rolling_sum_serialfn);
PG_FUNCTION_INFO_V1(rolling_sum_deserialfn);
PG_FUNCTION_INFO_V1(rolling_sum_finalfn);
PG_FUNCTION_INFO_V1(rolling_avg_finalfn);

/* Caller must have switched to the context the state is to live in. */
static RollingTotal *
rolling_sum_create(Oid type)
{
	RollingTotal *state = palloc(sizeof(RollingTotal));

	rolling_total_init(state, type);

	return state;
}

/* (internal, x float8 | numeric | int8 | int4 | int2) => internal */
Datum
rolling_sum_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	MemoryContext oldcontext;
	RollingTotal *state;

	/* cannot be called directly because of internal-type argument */
	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "rolling_sum_transfn called in non-aggregate context");

	if (PG_ARGISNULL(0))
	{
		oldcontext = MemoryContextSwitchTo(aggcontext);
		state = rolling_sum_create(get_fn_expr_argtype(fcinfo->flinfo, 1));
		MemoryContextSwitchTo(oldcontext);
	}
	else
		state = (RollingTotal *) PG_GETARG_POINTER(0);

	/* like sum(x): a NULL is no value */
	if (!PG_ARGISNULL(1))
		rolling_total_add(state, PG_GETARG_DATUM(1), 1);

	PG_RETURN_POINTER(state);
}

/* (internal, x) => internal; undoes rolling_sum_transfn */
Datum
rolling_sum_invfn(PG_FUNCTION_ARGS)
{
	RollingTotal *state;

	if (!AggCheckCallContext(fcinfo, NULL) || PG_ARGISNULL(0))
		elog(ERROR, "rolling_sum_invfn called in non-aggregate context");

	state = (RollingTotal *) PG_GETARG_POINTER(0);
	if (!PG_ARGISNULL(1))
		rolling_total_add(state, PG_GETARG_DATUM(1), -1);

	PG_RETURN_POINTER(state);
}

/* (internal, internal) => internal */
Datum
rolling_sum_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	MemoryContext oldcontext;
	RollingTotal *dst;
	RollingTotal *src;

	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "rolling_sum_combinefn called in non-aggregate context");

	dst = PG_ARGISNULL(0) ? NULL : (RollingTotal *) PG_GETARG_POINTER(0);
	src = PG_ARGISNULL(1) ? NULL : (RollingTotal *) PG_GETARG_POINTER(1);

	if (src == NULL)
	{
		if (dst == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(dst);
	}

	/* src lives in a short-lived context: never return it, always copy */
	if (dst == NULL)
	{
		oldcontext = MemoryContextSwitchTo(aggcontext);
		dst = rolling_sum_create(src->type);
		MemoryContextSwitchTo(oldcontext);
	}
	rolling_total_merge(dst, src, 1);

	PG_RETURN_POINTER(dst);
}

/* (internal) => bytea */
Datum
rolling_sum_serialfn(PG_FUNCTION_ARGS)
{
	StringInfoData buf;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "rolling_sum_serialfn called in non-aggregate context");

	pq_begintypsend(&buf);
	rolling_total_send(&buf, (RollingTotal *) PG_GETARG_POINTER(0));

	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* (bytea, internal) => internal; result is short-lived, current context is right */
Datum
rolling_sum_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *serialized;
	StringInfoData buf;
	RollingTotal *state = palloc(sizeof(RollingTotal));

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "rolling_sum_deserialfn called in non-aggregate context");

	serialized = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, VARDATA_ANY(serialized),
						   VARSIZE_ANY_EXHDR(serialized));
	rolling_total_recv(&buf, state);
	pq_getmsgend(&buf);
	pfree(buf.data);

	PG_RETURN_POINTER(state);
}

/* (internal) => numeric | float8 */
Datum
rolling_sum_finalfn(PG_FUNCTION_ARGS)
{
	RollingTotal *state = PG_ARGISNULL(0) ? NULL : (RollingTotal *) PG_GETARG_POINTER(0);

	/* cannot be called directly because of internal-type argument */
	Assert(AggCheckCallContext(fcinfo, NULL));

	if (state == NULL || state->nvalues == 0)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(rolling_total_sum(state));
}

/* (internal) => numeric | float8 */
Datum
rolling_avg_finalfn(PG_FUNCTION_ARGS)
{
	RollingTotal *state = PG_ARGISNULL(0) ? NULL : (RollingTotal *) PG_GETARG_POINTER(0);

	Assert(AggCheckCallContext(fcinfo, NULL));

	if (state == NULL || state->nvalues == 0)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(rolling_total_avg(state));
}
