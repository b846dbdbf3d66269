/*-------------------------------------------------------------------------
 *
 * confusion.c
 *	  Aggregate confusion(): rows by their class and by what a threshold makes
 *	  of them.
 *
 * IDENTIFICATION
 *	  src/model/confusion.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"

#include "compat.h"
#include "model/binary_scores.h"
#include "model/evaluation.h"
#include "model/point_array.h"

#define DEFAULT_THRESHOLD	0.5

typedef struct ConfusionState
{
	double		threshold;		/* the same for all rows */
	Confusion	count;
} ConfusionState;

PG_FUNCTION_INFO_V1(confusion_transfn);
PG_FUNCTION_INFO_V1(confusion_combinefn);
PG_FUNCTION_INFO_V1(confusion_serialfn);
PG_FUNCTION_INFO_V1(confusion_deserialfn);
PG_FUNCTION_INFO_V1(confusion_finalfn);

static void
check_threshold(double threshold)
{
	if (isnan(threshold))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("threshold must be a number, got NaN"));
}

/* Argument 0, made if there is none yet. */
static ConfusionState *
confusion_state(FunctionCallInfo fcinfo, double threshold)
{
	MemoryContext aggcontext;
	ConfusionState *state;

	/* cannot be called directly because of internal-type argument */
	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "aggregate function called in non-aggregate context");

	if (PG_ARGISNULL(0))
	{
		check_threshold(threshold);
		state = MemoryContextAllocZero(aggcontext, sizeof(ConfusionState));
		state->threshold = threshold;
		return state;
	}

	state = (ConfusionState *) PG_GETARG_POINTER(0);
	if (state->threshold != threshold)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("threshold must not change within a group, got %g and %g",
					   state->threshold, threshold),
				errhint("Add what it depends on to GROUP BY."));

	return state;
}

/* (internal, label boolean, score float8 [, threshold float8]) => internal */
Datum
confusion_transfn(PG_FUNCTION_ARGS)
{
	double		threshold = DEFAULT_THRESHOLD;
	ConfusionState *state;

	if (PG_NARGS() > 3)
	{
		if (PG_ARGISNULL(3))
			ereport(ERROR,
					errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("threshold must not be NULL"));
		threshold = PG_GETARG_FLOAT8(3);
	}
	state = confusion_state(fcinfo, threshold);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		score_check_number(PG_GETARG_FLOAT8(2), "score");
		confusion_add(&state->count, PG_GETARG_BOOL(1), PG_GETARG_FLOAT8(2), threshold);
	}

	PG_RETURN_POINTER(state);
}

/* (internal, internal) => internal */
Datum
confusion_combinefn(PG_FUNCTION_ARGS)
{
	ConfusionState *dst;
	ConfusionState *src;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}

	/* src lives in a short-lived context: never return it, always copy */
	src = (ConfusionState *) PG_GETARG_POINTER(1);
	dst = confusion_state(fcinfo, src->threshold);
	dst->count.tp += src->count.tp;
	dst->count.fp += src->count.fp;
	dst->count.tn += src->count.tn;
	dst->count.fn += src->count.fn;

	PG_RETURN_POINTER(dst);
}

/* (internal) => bytea */
Datum
confusion_serialfn(PG_FUNCTION_ARGS)
{
	ConfusionState *state;
	StringInfoData buf;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "aggregate function called in non-aggregate context");

	state = (ConfusionState *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buf);
	pq_sendfloat8(&buf, state->threshold);
	pq_sendint64(&buf, state->count.tp);
	pq_sendint64(&buf, state->count.fp);
	pq_sendint64(&buf, state->count.tn);
	pq_sendint64(&buf, state->count.fn);

	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* (bytea, internal) => internal; result is short-lived, current context is right */
Datum
confusion_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *serialized;
	StringInfoData buf;
	ConfusionState *state;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "aggregate function called in non-aggregate context");

	serialized = PG_GETARG_BYTEA_PP(0);
	buf.data = VARDATA_ANY(serialized);
	buf.len = VARSIZE_ANY_EXHDR(serialized);
	buf.maxlen = 0;
	buf.cursor = 0;

	state = palloc(sizeof(ConfusionState));
	state->threshold = pq_getmsgfloat8(&buf);
	state->count.tp = pq_getmsgint64(&buf);
	state->count.fp = pq_getmsgint64(&buf);
	state->count.tn = pq_getmsgint64(&buf);
	state->count.fn = pq_getmsgint64(&buf);
	pq_getmsgend(&buf);

	PG_RETURN_POINTER(state);
}

/* Matthews' correlation; undefined when a row or a column is empty. */
static double
matthews(const Confusion *c)
{
	double		numerator = (double) c->tp * c->tn - (double) c->fp * c->fn;
	double		denominator = (double) (c->tp + c->fp) * (c->tp + c->fn) *
	(double) (c->tn + c->fp) * (c->tn + c->fn);

	return share_of(numerator, sqrt(denominator));
}

/* (internal) => confusion_matrix */
Datum
confusion_finalfn(PG_FUNCTION_ARGS)
{
	Confusion	c = {0};
	double		recall;
	double		specificity;
	PointArray	matrix;

	/* cannot be called directly because of internal-type argument */
	Assert(AggCheckCallContext(fcinfo, NULL));

	if (!PG_ARGISNULL(0))
		c = ((ConfusionState *) PG_GETARG_POINTER(0))->count;
	recall = share_of(c.tp, c.tp + c.fn);
	specificity = share_of(c.tn, c.tn + c.fp);

	point_array_begin(&matrix, fcinfo);
	point_add_count(&matrix, c.tp + c.fp + c.tn + c.fn);
	point_add_count(&matrix, c.tp);
	point_add_count(&matrix, c.fp);
	point_add_count(&matrix, c.tn);
	point_add_count(&matrix, c.fn);
	point_add_number(&matrix, share_of(c.tp + c.tn, c.tp + c.fp + c.tn + c.fn));
	point_add_number(&matrix, share_of(c.tp, c.tp + c.fp));
	point_add_number(&matrix, recall);
	point_add_number(&matrix, share_of(2.0 * c.tp, 2.0 * c.tp + c.fp + c.fn));
	point_add_number(&matrix, specificity);
	point_add_number(&matrix, (recall + specificity) / 2);
	point_add_number(&matrix, matthews(&c));

	PG_RETURN_DATUM(point_datum(&matrix));
}
