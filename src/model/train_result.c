/*-------------------------------------------------------------------------
 *
 * train_result.c
 *	  What a training returns: the bytes of a model, and a train_result.
 *
 * What is not put in is NULL; model, version and kind are put in by what stores the
 * model.
 *
 * IDENTIFICATION
 *	  src/model/train_result.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/typcache.h"

#include "model/train_result.h"

/* For a function that returns (state bytea, result train_result). */
void
train_result_start(TrainResult *result, FunctionCallInfo fcinfo)
{
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &result->answer) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	desc = lookup_rowtype_tupdesc(TupleDescAttr(result->answer, 1)->atttypid, -1);
	result->desc = CreateTupleDescCopy(desc);
	ReleaseTupleDesc(desc);
	result->values = palloc0(result->desc->natts * sizeof(Datum));
	result->nulls = palloc(result->desc->natts * sizeof(bool));
	memset(result->nulls, true, result->desc->natts * sizeof(bool));
}

void
train_result_put(TrainResult *result, const char *name, Datum value)
{
	for (int i = 0; i < result->desc->natts; i++)
	{
		if (strcmp(NameStr(TupleDescAttr(result->desc, i)->attname), name) == 0)
		{
			result->values[i] = value;
			result->nulls[i] = false;
			return;
		}
	}
	elog(ERROR, "a train_result has no attribute \"%s\"", name);
}

/* NaN is NULL. */
void
train_result_put_float(TrainResult *result, const char *name, double value)
{
	if (!isnan(value))
		train_result_put(result, name, Float8GetDatum(value));
}

/* Of the test's rows. */
void
train_result_put_evaluation(TrainResult *result, const Evaluation *evaluation)
{
	train_result_put_float(result, "roc_auc", evaluation->roc_auc);
	train_result_put_float(result, "average_precision", evaluation->average_precision);
	train_result_put_float(result, "log_loss", evaluation->log_loss);
	train_result_put_float(result, "brier_score", evaluation->brier_score);
	train_result_put_float(result, "accuracy", evaluation->accuracy);
	train_result_put_float(result, "precision", evaluation->precision);
	train_result_put_float(result, "recall", evaluation->recall);
	train_result_put_float(result, "f1", evaluation->f1);
}

/* What the function returns. */
Datum
train_result_finish(TrainResult *result, bytea *state)
{
	HeapTuple	tuple = heap_form_tuple(result->desc, result->values, result->nulls);
	Datum		values[2] = {PointerGetDatum(state), HeapTupleGetDatum(tuple)};
	bool		nulls[2] = {false, false};

	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(result->answer), values, nulls));
}
