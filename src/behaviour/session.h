/*-------------------------------------------------------------------------
 *
 * session.h
 *	  When a session ends and the next begins.
 *
 * For the window functions and for the reports that do the same in bulk.
 *
 * IDENTIFICATION
 *	  src/behaviour/session.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_SESSION_H
#define SHOPANALYTICS_SESSION_H

#include "behaviour/window_time.h"

typedef enum SplitReason
{
	SPLIT_NONE,					/* the row continues its session */
	SPLIT_FIRST,
	SPLIT_TIMEOUT,
	SPLIT_FORCED,
	SPLIT_MAX_DURATION,
	SPLIT_MAX_EVENTS
} SplitReason;

typedef struct SessionRules
{
	TimeScale	scale;
	uint64		timeout;		/* longest gap inside a session */
	uint64		max_duration;	/* of a session; PG_UINT64_MAX: any */
	int64		max_events;		/* in a session; PG_INT64_MAX: any */
} SessionRules;

/* A visitor's current session; starts as zeroes. */
typedef struct Session
{
	int64		number;			/* from 1; 0: none yet */
	int64		start;			/* its first time */
	int64		last;			/* its latest time */
	int64		nevents;		/* its rows so far */
} Session;

/* Why the next event starts a session, if it does; the first reason counts. */
static inline SplitReason
session_split(const Session *session, const SessionRules *rules, int64 ts,
			  bool split)
{
	if (session->number == 0)
		return SPLIT_FIRST;
	if (time_gap(rules->scale, session->last, ts) > rules->timeout)
		return SPLIT_TIMEOUT;
	if (split)
		return SPLIT_FORCED;
	if (time_gap(rules->scale, session->start, ts) > rules->max_duration)
		return SPLIT_MAX_DURATION;
	if (session->nevents >= rules->max_events)
		return SPLIT_MAX_EVENTS;

	return SPLIT_NONE;
}

/* The whole algorithm: take in the next event, in order of time. */
static inline SplitReason
session_advance(Session *session, const SessionRules *rules, int64 ts, bool split)
{
	SplitReason reason = session_split(session, rules, ts, split);

	if (reason != SPLIT_NONE)
	{
		session->number++;
		session->start = ts;
		session->nevents = 0;
	}
	session->last = ts;
	session->nevents++;

	return reason;
}

#endif							/* SHOPANALYTICS_SESSION_H */
