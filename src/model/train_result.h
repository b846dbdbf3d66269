/*-------------------------------------------------------------------------
 *
 * train_result.h
 *	  What a training returns: the bytes of a model, and a train_result.
 *
 * IDENTIFICATION
 *	  src/model/train_result.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_TRAIN_RESULT_H
#define SHOPANALYTICS_TRAIN_RESULT_H

#include "access/tupdesc.h"
#include "fmgr.h"

#include "model/evaluation.h"

/* A train_result that is being filled, by the names of its attributes. */
typedef struct TrainResult
{
	TupleDesc	answer;			/* (state bytea, result train_result) */
	TupleDesc	desc;			/* of the train_result */
	Datum	   *values;
	bool	   *nulls;
} TrainResult;

extern void train_result_start(TrainResult *result, FunctionCallInfo fcinfo);
extern void train_result_put(TrainResult *result, const char *name, Datum value);
extern void train_result_put_float(TrainResult *result, const char *name, double value);
extern void train_result_put_evaluation(TrainResult *result, const Evaluation *evaluation);
extern Datum train_result_finish(TrainResult *result, bytea *state);

#endif							/* SHOPANALYTICS_TRAIN_RESULT_H */
