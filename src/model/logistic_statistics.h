/*-------------------------------------------------------------------------
 *
 * logistic_statistics.h
 *	  What is told of a logistic regression beside its coefficients.
 *
 * IDENTIFICATION
 *	  src/model/logistic_statistics.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_LOGISTIC_STATISTICS_H
#define SHOPANALYTICS_LOGISTIC_STATISTICS_H

#include "model/logistic_newton.h"

extern void logistic_collinearity(const Newton *newton, LogisticModel *model);
extern void logistic_inference(const Newton *newton, double total_weight, LogisticModel *model);

#endif							/* SHOPANALYTICS_LOGISTIC_STATISTICS_H */
