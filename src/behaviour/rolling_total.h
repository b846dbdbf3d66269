/*-------------------------------------------------------------------------
 *
 * rolling_total.h
 *	  What a frame of rows adds up to; see rolling_total.c.
 *
 * IDENTIFICATION
 *	  src/behaviour/rolling_total.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_ROLLING_TOTAL_H
#define SHOPANALYTICS_ROLLING_TOTAL_H

#include "fmgr.h"
#include "lib/stringinfo.h"

#include "behaviour/exact_sum.h"

typedef struct RollingTotal
{
	Oid			type;			/* of the values: float8, numeric or an
								 * integer */
	ExactSum	sum;			/* of the finite values */
	int64		nvalues;		/* values, special ones included */
	int64		nnan;			/* of them NaN, ... */
	int64		nplus;			/* ... Infinity ... */
	int64		nminus;			/* ... and -Infinity */
	int64	   *scale;			/* scale[s]: finite numerics of display scale
								 * s */
	int32		nscales;		/* the largest scale that counts, plus one */
	int32		maxscales;		/* entries allocated */
} RollingTotal;

extern void rolling_total_init(RollingTotal *total, Oid type);
extern void rolling_total_clear(RollingTotal *total);
extern void rolling_total_add(RollingTotal *total, Datum value, int sign);
extern void rolling_total_merge(RollingTotal *total, const RollingTotal *other,
								int sign);
extern Datum rolling_total_sum(const RollingTotal *total);
extern Datum rolling_total_avg(const RollingTotal *total);
extern void rolling_total_send(StringInfo buf, const RollingTotal *total);
extern void rolling_total_recv(StringInfo buf, RollingTotal *total);

#endif							/* SHOPANALYTICS_ROLLING_TOTAL_H */
