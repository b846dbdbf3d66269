/*-------------------------------------------------------------------------
 *
 * sequence_find.c
 *	  Finds a pattern in a history.
 *
 * One pass from the last event to the first tells for each event, in a bit per
 * step, whether the pattern from that step on can be matched with this event as
 * the step's.  That is so if the event fits the step and an event that can take
 * the next step is where the link allows: the next event, any later one, or
 * some later one in a range of time.  For the last kind the range slides along
 * with the event, and only the nearest in it need be known: if that one is too
 * far, all are.  So the pass costs a few operations per event, and one per link
 * with a time; nothing is tried twice, whatever the pattern.
 *
 * A second walk then takes, from any place, the first event that can begin a
 * match, and for each step the first event that can continue it.  It never has
 * to go back.  The match it finds begins as early as any does, and among those
 * goes on as early as any does, and so on.
 *
 * IDENTIFICATION
 *	  src/behaviour/sequence_find.c
 *
 *-------------------------------------------------------------------------
 */
#include "behaviour/sequence.h"

#include <stddef.h>

#define EVENTS_PER_CHECK	65536	/* between looks for a cancelled query */

/* A link with a time, and the later events that are far enough for it. */
typedef struct TimedLink
{
	const SequenceLink *link;
	uint64_t	bit;			/* of the step before it */
	int			far_enough;		/* first event that is */
	int			nearest;		/* first of them that fits the next step */
} TimedLink;

/* Distance of two times, the earlier first. */
static inline uint64_t
sequence_distance(int64_t from, int64_t to)
{
	if (from != to && (from == SEQUENCE_TIME_NOBEGIN || to == SEQUENCE_TIME_NOEND))
		return UINT64_MAX;

	return (uint64_t) to - (uint64_t) from;
}

static inline bool
sequence_link_is_timed(const SequenceLink *link)
{
	return link->nearest > 0 || link->farthest < UINT64_MAX;
}

/* The steps that an event fits, taken for itself. */
static inline uint64_t
sequence_steps_of(const SequencePattern *pattern, uint32_t conditions)
{
	uint64_t	steps = pattern->any;

	for (uint32_t left = conditions & pattern->needs; left != 0; left &= left - 1)
		steps |= pattern->steps_of[__builtin_ctz(left)];

	return steps;
}

/* Can an event take the step before a link with a time? */
static inline bool
timed_link_holds(TimedLink *timed, const SequenceMatcher *matcher, int i)
{
	const SequenceEvent *event = matcher->event;

	while (timed->far_enough > i + 1 &&
		   sequence_distance(event[i].ts, event[timed->far_enough - 1].ts) >=
		   timed->link->nearest)
	{
		timed->far_enough--;
		if (matcher->fits[timed->far_enough] & (timed->bit << 1))
			timed->nearest = timed->far_enough;
	}

	return timed->nearest < matcher->nevents &&
		sequence_distance(event[i].ts, event[timed->nearest].ts) <=
		timed->link->farthest;
}

/*
 * The events are in order of time.  The result refers to them and to fits[],
 * which has room for as many.  The pattern has a step.
 */
void
sequence_matcher_init(SequenceMatcher *matcher, const SequencePattern *pattern,
					  const SequenceEvent *event, int nevents,
					  uint64_t * fits)
{
	TimedLink	timed[SEQUENCE_MAX_STEPS];
	int			ntimed = 0;
	uint64_t	adjacent = 0;	/* steps before a link of this kind */
	uint64_t	open = 0;
	uint64_t	last = UINT64_C(1) << (pattern->nsteps - 1);
	uint64_t	next = 0;		/* steps that the event behind fits */
	uint64_t	later = 0;		/* steps that some event behind fits */

	for (int step = 0; step < pattern->nsteps - 1; step++)
	{
		const SequenceLink *link = &pattern->link[step];
		uint64_t	bit = UINT64_C(1) << step;

		if (link->adjacent)
			adjacent |= bit;
		else if (sequence_link_is_timed(link))
		{
			timed[ntimed].link = link;
			timed[ntimed].bit = bit;
			timed[ntimed].far_enough = nevents;
			timed[ntimed].nearest = nevents;
			ntimed++;
		}
		else
			open |= bit;
	}

	matcher->pattern = pattern;
	matcher->event = event;
	matcher->nevents = nevents;
	matcher->fits = fits;

	for (int i = nevents - 1; i >= 0; i--)
	{
		uint64_t	steps = sequence_steps_of(pattern, event[i].conditions);
		uint64_t	can = last | ((next >> 1) & adjacent) | ((later >> 1) & open);

		for (int t = 0; t < ntimed; t++)
		{
			if ((steps & timed[t].bit) && timed_link_holds(&timed[t], matcher, i))
				can |= timed[t].bit;
		}
		next = steps & can;
		later |= next;
		fits[i] = next;

		if (i % EVENTS_PER_CHECK == 0)
			sequence_interrupt();
	}
}

/*
 * The first match that begins at an event or behind it.  Its events go to
 * position[], if not NULL; returns where the next match may begin, or -1 if
 * there is no match.
 */
int
sequence_matcher_next(const SequenceMatcher *matcher, int from, int *position)
{
	const SequencePattern *pattern = matcher->pattern;
	const SequenceEvent *event = matcher->event;
	int			i = from;

	for (; i < matcher->nevents; i++)
	{
		if (matcher->fits[i] & 1)
			break;
		if (i % EVENTS_PER_CHECK == 0)
			sequence_interrupt();
	}
	if (i >= matcher->nevents)
		return -1;

	for (int step = 0;; step++)
	{
		const SequenceLink *link = &pattern->link[step];
		uint64_t	bit = UINT64_C(2) << step;
		int64_t		ts = event[i].ts;

		if (position != NULL)
			position[step] = i;
		i++;
		if (step == pattern->nsteps - 1)
			return i;

		/* there is one, or this step would not have been taken */
		while (!(matcher->fits[i] & bit) ||
			   sequence_distance(ts, event[i].ts) < link->nearest)
			i++;
	}
}
