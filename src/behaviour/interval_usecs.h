/*-------------------------------------------------------------------------
 *
 * interval_usecs.h
 *	  A span of time given by a user, as microseconds.
 *
 * IDENTIFICATION
 *	  src/behaviour/interval_usecs.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_INTERVAL_USECS_H
#define SHOPANALYTICS_INTERVAL_USECS_H

#include "datatype/timestamp.h"

extern int64 interval_usecs(const Interval *span, const char *name);

#endif							/* SHOPANALYTICS_INTERVAL_USECS_H */
