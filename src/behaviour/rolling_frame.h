/*-------------------------------------------------------------------------
 *
 * rolling_frame.h
 *	  Sums of days and the frame that moves over them; see rolling_frame.c.
 *
 * IDENTIFICATION
 *	  src/behaviour/rolling_frame.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_ROLLING_FRAME_H
#define SHOPANALYTICS_ROLLING_FRAME_H

#include "behaviour/rolling_total.h"

/* Days of rows that have none, far enough from real days to calculate with. */
#define DAY_NULLS_FIRST		(PG_INT64_MIN / 2)
#define DAY_MINUS_INFINITY	(PG_INT64_MIN / 4)
#define DAY_INFINITY		(PG_INT64_MAX / 4)
#define DAY_NULLS_LAST		(PG_INT64_MAX / 2)
#define DAY_IS_FINITE(day)	((day) > DAY_MINUS_INFINITY && (day) < DAY_INFINITY)

typedef struct RollingDay
{
	int64		day;
	RollingTotal total;			/* of all its rows read so far */
} RollingDay;

typedef struct RollingFrame
{
	MemoryContext context;
	int32		ndays;			/* length of the frame */

	/* a ring in order of days: some past, some in the frame, some ahead */
	RollingDay *ring;
	uint32		mask;			/* entries in the ring, less one */
	uint32		first;			/* place of the oldest */
	uint32		npast;
	uint32		nframe;
	uint32		ndaysread;		/* all of them */

	RollingTotal total;			/* of the days in the frame */
	int64		day;			/* the frame ends with it */
} RollingFrame;

extern void rolling_frame_init(RollingFrame *frame, Oid type);
extern void rolling_frame_clear(RollingFrame *frame, int32 ndays);
extern RollingTotal *rolling_frame_find(RollingFrame *frame, int64 day);
extern void rolling_frame_move(RollingFrame *frame, int64 day);

#endif							/* SHOPANALYTICS_ROLLING_FRAME_H */
