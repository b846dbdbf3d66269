/*-------------------------------------------------------------------------
 *
 * rolling_frame.c
 *	  Sums of days and the frame of rolling_revenue() that moves over them.
 *
 * Rows are added to their day.  The frame is the sum of some days, to which
 * days are added and from which days are taken away, exactly (exact_sum.c), so
 * that its length does not matter.  It moves once for each day.
 *
 * Where clocks are set back over midnight the frame may go back a day
 * (rolling_day.c); past days are kept for as long as that can happen.
 *
 * IDENTIFICATION
 *	  src/behaviour/rolling_frame.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "behaviour/rolling_day.h"
#include "behaviour/rolling_frame.h"

#define ROLLING_INIT_DAYS	16	/* a power of two */

/* All that it needs is allocated in the current context, and stays there. */
void
rolling_frame_init(RollingFrame *frame, Oid type)
{
	memset(frame, 0, sizeof(RollingFrame));
	frame->context = CurrentMemoryContext;
	rolling_total_init(&frame->total, type);
}

/* Begins with no days, and a length of ndays. */
void
rolling_frame_clear(RollingFrame *frame, int32 ndays)
{
	frame->ndays = ndays;
	frame->first = 0;
	frame->npast = 0;
	frame->nframe = 0;
	frame->ndaysread = 0;
	rolling_total_clear(&frame->total);
	frame->day = PG_INT64_MIN;
}

/* The i-th day in the ring. */
static inline RollingDay *
rolling_ring_day(RollingFrame *frame, uint32 i)
{
	return &frame->ring[(frame->first + i) & frame->mask];
}

static void
rolling_ring_grow(RollingFrame *frame)
{
	uint64		size = frame->ring ? 2 * ((uint64) frame->mask + 1) : ROLLING_INIT_DAYS;
	RollingDay *ring;

	ring = MemoryContextAllocExtended(frame->context, size * sizeof(RollingDay),
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint32 i = 0; i < frame->ndaysread; i++)
		ring[i] = *rolling_ring_day(frame, i);
	if (frame->ring)
		pfree(frame->ring);
	frame->ring = ring;
	frame->first = 0;
	frame->mask = size - 1;
}

/* The sum of a day that may still get rows; nearly always of the last one. */
RollingTotal *
rolling_frame_find(RollingFrame *frame, int64 day)
{
	uint32		i = frame->ndaysread;
	RollingDay *entry;
	MemoryContext oldcontext;

	while (i > 0 && rolling_ring_day(frame, i - 1)->day > day)
		i--;
	if (i > 0 && rolling_ring_day(frame, i - 1)->day == day)
		return &rolling_ring_day(frame, i - 1)->total;

	/* days in the frame are complete, so none can be missing */
	Assert(i >= frame->npast + frame->nframe);

	if (frame->ring == NULL || frame->ndaysread > frame->mask)
		rolling_ring_grow(frame);
	entry = rolling_ring_day(frame, frame->ndaysread);
	if (entry->total.sum.limb == NULL)
	{
		oldcontext = MemoryContextSwitchTo(frame->context);
		rolling_total_init(&entry->total, frame->total.type);
		MemoryContextSwitchTo(oldcontext);
	}
	rolling_total_clear(&entry->total);
	entry->day = day;

	for (uint32 j = frame->ndaysread++; j > i; j--)
	{
		RollingDay	swap = *rolling_ring_day(frame, j);

		*rolling_ring_day(frame, j) = *rolling_ring_day(frame, j - 1);
		*rolling_ring_day(frame, j - 1) = swap;
	}

	return &rolling_ring_day(frame, i)->total;
}

/* Makes the frame that of a day, all rows of which have been added. */
void
rolling_frame_move(RollingFrame *frame, int64 day)
{
	int64		from = DAY_IS_FINITE(day) ? day - (frame->ndays - 1) : day;
	RollingDay *entry;

	/* back over a midnight: start again with the oldest day there is */
	if (day < frame->day)
	{
		rolling_total_clear(&frame->total);
		frame->npast = 0;
		frame->nframe = 0;
	}
	frame->day = day;

	while (frame->nframe > 0 &&
		   (entry = rolling_ring_day(frame, frame->npast))->day < from)
	{
		rolling_total_merge(&frame->total, &entry->total, -1);
		frame->npast++;
		frame->nframe--;
	}

	while (frame->npast + frame->nframe < frame->ndaysread &&
		   (entry = rolling_ring_day(frame, frame->npast + frame->nframe))->day <= day)
	{
		if (entry->day < from)
			frame->npast++;
		else
		{
			rolling_total_merge(&frame->total, &entry->total, 1);
			frame->nframe++;
		}
	}

	/* what no frame can go back to makes room */
	while (frame->npast > 0 &&
		   rolling_ring_day(frame, 0)->day < from - ROLLING_MAX_SETBACK)
	{
		frame->first = (frame->first + 1) & frame->mask;
		frame->npast--;
		frame->ndaysread--;
	}
}
