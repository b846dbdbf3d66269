/*-------------------------------------------------------------------------
 *
 * logistic_agg.h
 *	  A value of type logistic_fit.
 *
 * IDENTIFICATION
 *	  src/model/logistic_agg.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_LOGISTIC_AGG_H
#define SHOPANALYTICS_LOGISTIC_AGG_H

#include "access/tupdesc.h"

#include "model/logistic.h"

extern Datum logistic_agg_result(const LogisticModel *model, int64 nskipped, TupleDesc desc);

#endif							/* SHOPANALYTICS_LOGISTIC_AGG_H */
