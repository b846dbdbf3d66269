/*-------------------------------------------------------------------------
 *
 * rolling_count_distinct.c
 *	  Aggregate rolling_count_distinct(), made for moving frames.
 *
 * PostgreSQL has no count(DISTINCT x) OVER.  This one counts how often each
 * value occurs in the frame, so that a row costs the same whatever the length
 * of the frame: active users of a week or a month, exactly.
 *
 * The state is the same whether the frame moves or not.  It exists from the
 * first row on, because a moving aggregate may not have a null state.
 *
 * IDENTIFICATION
 *	  src/behaviour/rolling_count_distinct.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"

#include "behaviour/distinct_set.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(rolling_count_distinct_transfn);
PG_FUNCTION_INFO_V1(rolling_count_distinct_invfn);
PG_FUNCTION_INFO_V1(rolling_count_distinct_combinefn);
PG_FUNCTION_INFO_V1(rolling_count_distinct_serialfn);
PG_FUNCTION_INFO_V1(rolling_count_distinct_deserialfn);
PG_FUNCTION_INFO_V1(rolling_count_distinct_finalfn);

/* (internal, v anyelement) => internal */
Datum
rolling_count_distinct_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	DistinctSet *set;

	/* cannot be called directly because of internal-type argument */
	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "rolling_count_distinct_transfn called in non-aggregate context");

	if (PG_ARGISNULL(0))
	{
		Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 1);

		if (!OidIsValid(type))
			elog(ERROR, "could not determine the type of the values to count");
		set = distinct_set_create(aggcontext, type, PG_GET_COLLATION(), 0);
	}
	else
		set = (DistinctSet *) PG_GETARG_POINTER(0);

	/* like count(v): a NULL is no value */
	if (!PG_ARGISNULL(1))
		distinct_set_add(set, PG_GETARG_DATUM(1));

	PG_RETURN_POINTER(set);
}

/* (internal, v anyelement) => internal; undoes rolling_count_distinct_transfn */
Datum
rolling_count_distinct_invfn(PG_FUNCTION_ARGS)
{
	DistinctSet *set;

	if (!AggCheckCallContext(fcinfo, NULL) || PG_ARGISNULL(0))
		elog(ERROR, "rolling_count_distinct_invfn called in non-aggregate context");

	set = (DistinctSet *) PG_GETARG_POINTER(0);
	if (!PG_ARGISNULL(1))
		distinct_set_remove(set, PG_GETARG_DATUM(1));

	PG_RETURN_POINTER(set);
}

/* (internal, internal) => internal */
Datum
rolling_count_distinct_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	DistinctSet *dst;
	DistinctSet *src;

	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "rolling_count_distinct_combinefn called in non-aggregate context");

	dst = PG_ARGISNULL(0) ? NULL : (DistinctSet *) PG_GETARG_POINTER(0);
	src = PG_ARGISNULL(1) ? NULL : (DistinctSet *) PG_GETARG_POINTER(1);

	if (src == NULL)
	{
		if (dst == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(dst);
	}

	/* src lives in a short-lived context: never return it, always copy */
	if (dst == NULL)
		dst = distinct_set_create(aggcontext, src->type->type_id,
								  src->collation, distinct_set_count(src));
	distinct_set_merge(dst, src);

	PG_RETURN_POINTER(dst);
}

/* (internal) => bytea */
Datum
rolling_count_distinct_serialfn(PG_FUNCTION_ARGS)
{
	StringInfoData buf;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "rolling_count_distinct_serialfn called in non-aggregate context");

	pq_begintypsend(&buf);
	distinct_set_send(&buf, (DistinctSet *) PG_GETARG_POINTER(0));

	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* (bytea, internal) => internal; result is short-lived, current context is right */
Datum
rolling_count_distinct_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *serialized;
	StringInfoData buf;
	DistinctSet *set;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "rolling_count_distinct_deserialfn called in non-aggregate context");

	serialized = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, VARDATA_ANY(serialized),
						   VARSIZE_ANY_EXHDR(serialized));
	set = distinct_set_recv(&buf, CurrentMemoryContext);
	pq_getmsgend(&buf);
	pfree(buf.data);

	PG_RETURN_POINTER(set);
}

/* (internal) => int8; of no row it is 0 */
Datum
rolling_count_distinct_finalfn(PG_FUNCTION_ARGS)
{
	/* cannot be called directly because of internal-type argument */
	Assert(AggCheckCallContext(fcinfo, NULL));

	if (PG_ARGISNULL(0))
		PG_RETURN_INT64(0);

	PG_RETURN_INT64(distinct_set_count((DistinctSet *) PG_GETARG_POINTER(0)));
}
