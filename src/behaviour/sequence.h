/*-------------------------------------------------------------------------
 *
 * sequence.h
 *	  Patterns of events, and where they are in a history.
 *
 * IDENTIFICATION
 *	  src/behaviour/sequence.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_SEQUENCE_H
#define SHOPANALYTICS_SEQUENCE_H

#include "datatype/timestamp.h"

#include "behaviour/conditions.h"

#define SEQUENCE_MAX_STEPS	64	/* one bit each in a uint64 */

typedef struct SequenceEvent
{
	TimestampTz ts;				/* when it happened */
	uint32		conditions;		/* which it fulfils */
} SequenceEvent;

/*
 * The way from the event of one step to that of the next.  An infinite time is
 * PG_UINT64_MAX away from any other.
 */
typedef struct SequenceLink
{
	bool		adjacent;		/* no event between them */
	uint64		nearest;		/* distance in time, microseconds */
	uint64		farthest;
} SequenceLink;

typedef struct SequencePattern
{
	int			nconditions;	/* that its author could name */
	int			nsteps;			/* events of a match */
	uint32		needs;			/* conditions without which there is none */
	uint64		any;			/* steps that every event fits */
	uint64		steps_of[CONDITIONS_MAX];	/* steps an event fits, by
											 * condition */
	SequenceLink link[SEQUENCE_MAX_STEPS];	/* from each step to the next */
} SequencePattern;

typedef enum SequenceFault
{
	SEQUENCE_FAULT_NONE,
	SEQUENCE_FAULT_SYNTAX,
	SEQUENCE_FAULT_CONDITION,	/* not among those there are */
	SEQUENCE_FAULT_LIMIT
} SequenceFault;

typedef struct SequenceError
{
	SequenceFault fault;
	int			at;				/* byte of the pattern, from 0 */
	const char *expected;		/* what is wrong, for the user */
} SequenceError;

/* Per event, the steps that it can begin a match of the rest of the pattern with. */
typedef struct SequenceMatcher
{
	const SequencePattern *pattern;
	const SequenceEvent *event;
	int			nevents;
	uint64	   *fits;
} SequenceMatcher;

extern bool sequence_parse(const char *text, int len, int nconditions,
						   SequencePattern *pattern, SequenceError *error);
extern void sequence_matcher_init(SequenceMatcher *matcher,
								  const SequencePattern *pattern,
								  const SequenceEvent *event, int nevents);
extern int	sequence_matcher_next(const SequenceMatcher *matcher, int from,
								  int *position);

#endif							/* SHOPANALYTICS_SEQUENCE_H */
