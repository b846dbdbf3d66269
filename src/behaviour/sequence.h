/*-------------------------------------------------------------------------
 *
 * sequence.h
 *	  Patterns of events, and where they are in a history.
 *
 * Plain C, without the server, so that it can be fuzzed without one.
 *
 * IDENTIFICATION
 *	  src/behaviour/sequence.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_SEQUENCE_H
#define SHOPANALYTICS_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

#define SEQUENCE_MAX_CONDITIONS	32	/* one bit each in a uint32_t */
#define SEQUENCE_MAX_STEPS	64	/* one bit each in a uint64_t */

/* Times are those of timestamptz: microseconds from 2000 on. */
#define SEQUENCE_TIME_NOBEGIN	INT64_MIN
#define SEQUENCE_TIME_NOEND	INT64_MAX

typedef struct SequenceEvent
{
	int64_t		ts;				/* when it happened */
	uint32_t	conditions;		/* which it fulfils */
} SequenceEvent;

/*
 * The way from the event of one step to that of the next.  An infinite time is
 * UINT64_MAX away from any other.
 */
typedef struct SequenceLink
{
	bool		adjacent;		/* no event between them */
	uint64_t	nearest;		/* distance in time, microseconds */
	uint64_t	farthest;
} SequenceLink;

typedef struct SequencePattern
{
	int			nconditions;	/* that its author could name */
	int			nsteps;			/* events of a match */
	uint32_t	needs;			/* conditions without which there is none */
	uint64_t	any;			/* steps that every event fits */
	uint64_t	steps_of[SEQUENCE_MAX_CONDITIONS];	/* steps an event fits, by
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
	uint64_t   *fits;
} SequenceMatcher;

/* sequence_parse.c */
extern bool sequence_parse(const char *text, int len, int nconditions,
						   SequencePattern *pattern, SequenceError *error);

/* sequence_find.c */
extern void sequence_matcher_init(SequenceMatcher *matcher,
								  const SequencePattern *pattern,
								  const SequenceEvent *event, int nevents,
								  uint64_t * fits);
extern int	sequence_matcher_next(const SequenceMatcher *matcher, int from,
								  int *position);

/* Called in loops over events; the server may stop there. */
extern void sequence_interrupt(void);

#endif							/* SHOPANALYTICS_SEQUENCE_H */
