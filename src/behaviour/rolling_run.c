/*-------------------------------------------------------------------------
 *
 * rolling_run.c
 *	  Runs of rows on the same day, in a queue until the rows are asked for.
 *
 * There are many only where days stay open for long: see rolling_day.c.
 *
 * IDENTIFICATION
 *	  src/behaviour/rolling_run.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "behaviour/rolling_run.h"

#define ROLLING_INIT_RUNS	64

/* The array is allocated in the current context and stays there. */
void
rolling_queue_init(RollingQueue *queue)
{
	queue->runs = palloc(sizeof(RollingRun) * ROLLING_INIT_RUNS);
	queue->maxruns = ROLLING_INIT_RUNS;
	rolling_queue_clear(queue);
}

void
rolling_queue_append(RollingQueue *queue, const RollingRun *run)
{
	RollingRun *last = queue->runs + queue->first + queue->nruns - 1;

	if (queue->nruns > 0 && last->day == run->day)
	{
		last->end = run->end;
		return;
	}

	if (queue->first + queue->nruns == queue->maxruns)
	{
		if (queue->first < queue->maxruns / 2)
		{
			queue->maxruns *= 2;
			queue->runs = repalloc_huge(queue->runs, queue->maxruns * sizeof(RollingRun));
		}
		memmove(queue->runs, queue->runs + queue->first,
				queue->nruns * sizeof(RollingRun));
		queue->first = 0;
	}
	queue->runs[queue->first + queue->nruns++] = *run;
}
