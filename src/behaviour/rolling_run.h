/*-------------------------------------------------------------------------
 *
 * rolling_run.h
 *	  Runs of rows on the same day; see rolling_run.c.
 *
 * IDENTIFICATION
 *	  src/behaviour/rolling_run.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_ROLLING_RUN_H
#define SHOPANALYTICS_ROLLING_RUN_H

/*
 * Successive rows on the same day.  Times from first to last are certainly on
 * it; there are none if the rows have no time.
 */
typedef struct RollingRun
{
	int64		day;
	int64		first;
	int64		last;
	int64		end;			/* position of the first row after them */
} RollingRun;

typedef struct RollingQueue
{
	RollingRun *runs;
	int			first;			/* place of the oldest */
	int			nruns;
	int			maxruns;		/* entries allocated */
} RollingQueue;

extern void rolling_queue_init(RollingQueue *queue);
extern void rolling_queue_append(RollingQueue *queue, const RollingRun *run);

static inline bool
rolling_run_has(const RollingRun *run, int64 ts, bool isnull)
{
	return isnull ? run->first > run->last : ts >= run->first && ts <= run->last;
}

static inline void
rolling_queue_clear(RollingQueue *queue)
{
	queue->first = 0;
	queue->nruns = 0;
}

static inline const RollingRun *
rolling_queue_oldest(const RollingQueue *queue)
{
	return queue->nruns > 0 ? &queue->runs[queue->first] : NULL;
}

static inline void
rolling_queue_drop(RollingQueue *queue)
{
	queue->first++;
	queue->nruns--;
}

#endif							/* SHOPANALYTICS_ROLLING_RUN_H */
