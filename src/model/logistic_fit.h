/*-------------------------------------------------------------------------
 *
 * logistic_fit.h
 *	  A logistic regression from rows.
 *
 * IDENTIFICATION
 *	  src/model/logistic_fit.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_LOGISTIC_FIT_H
#define SHOPANALYTICS_LOGISTIC_FIT_H

#include "model/logistic.h"

extern LogisticModel *logistic_fit(Columns *train, const LogisticOptions *options);

#endif							/* SHOPANALYTICS_LOGISTIC_FIT_H */
