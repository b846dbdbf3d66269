/*-------------------------------------------------------------------------
 *
 * metrics.c
 *	  Aggregates over (label, score) that follow from the order of the scores:
 *	  roc_auc(), roc_auc_std_err(), gini(), average_precision(), ks_statistic().
 *
 * IDENTIFICATION
 *	  src/model/metrics.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "compat.h"
#include "model/binary_scores.h"

PG_FUNCTION_INFO_V1(roc_auc_finalfn);
PG_FUNCTION_INFO_V1(roc_auc_std_err_finalfn);
PG_FUNCTION_INFO_V1(gini_finalfn);
PG_FUNCTION_INFO_V1(average_precision_finalfn);
PG_FUNCTION_INFO_V1(ks_statistic_finalfn);

static RankMetrics
metrics_of(FunctionCallInfo fcinfo)
{
	BinaryScores *state = binary_scores_sorted(fcinfo);
	RankMetrics metrics = {NAN, NAN, NAN, NAN, NAN};

	if (state != NULL)
		rank_metrics(binary_scores_class(state, false),
					 binary_scores_class(state, true), &metrics);

	return metrics;
}

static Datum
metric_datum(FunctionCallInfo fcinfo, double value)
{
	if (isnan(value))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(value);
}

/* (internal) => float8 */
Datum
roc_auc_finalfn(PG_FUNCTION_ARGS)
{
	return metric_datum(fcinfo, metrics_of(fcinfo).roc_auc);
}

/* (internal) => float8 */
Datum
roc_auc_std_err_finalfn(PG_FUNCTION_ARGS)
{
	return metric_datum(fcinfo, metrics_of(fcinfo).roc_auc_std_err);
}

/* (internal) => float8 */
Datum
gini_finalfn(PG_FUNCTION_ARGS)
{
	return metric_datum(fcinfo, metrics_of(fcinfo).gini);
}

/* (internal) => float8 */
Datum
average_precision_finalfn(PG_FUNCTION_ARGS)
{
	return metric_datum(fcinfo, metrics_of(fcinfo).average_precision);
}

/* (internal) => float8 */
Datum
ks_statistic_finalfn(PG_FUNCTION_ARGS)
{
	return metric_datum(fcinfo, metrics_of(fcinfo).ks);
}
