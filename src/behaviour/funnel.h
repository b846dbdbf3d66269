/*-------------------------------------------------------------------------
 *
 * funnel.h
 *	  Funnels: the events of one visitor, and how far they go through steps.
 *
 * Plain C, without the server, so that it can be fuzzed without one.
 *
 * IDENTIFICATION
 *	  src/behaviour/funnel.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_FUNNEL_H
#define SHOPANALYTICS_FUNNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUNNEL_MAX_STEPS	32

/* From here on more equal rows make no difference to any answer. */
#define FUNNEL_MAX_COUNT	(FUNNEL_MAX_STEPS + 1)

/* Times are those of timestamptz: microseconds from 2000 on. */
#define FUNNEL_TIME_NOBEGIN	INT64_MIN
#define FUNNEL_TIME_NOEND	INT64_MAX
#define FUNNEL_TIME_MIN		INT64_C(-211813488000000000)
#define FUNNEL_TIME_END		INT64_C(9223371331200000000)	/* the first too late */

/* Rows of one time that match the same steps. */
typedef struct FunnelEvent
{
	int64_t		time;
	uint32_t	steps;			/* bit 0 is step 1; none: a row of no step */
	uint32_t	count;			/* of rows, at most FUNNEL_MAX_COUNT; 1 if no
								 * step */
} FunnelEvent;

/* Strictly ascending by time, then steps. */
typedef struct FunnelHistory
{
	const FunnelEvent *events;
	size_t		nevents;
	int			nsteps;			/* 0: nothing was ever seen */
} FunnelHistory;

typedef enum FunnelOrder
{
	FUNNEL_ORDERED,				/* other rows may come between */
	FUNNEL_STRICT,				/* no other row between */
	FUNNEL_ANY					/* the steps in any order */
} FunnelOrder;

typedef struct FunnelRules
{
	FunnelOrder order;
	bool		strict_increase;	/* each step later than the one before */
	bool		reuse;			/* a row may serve several steps */
	int64_t		window;			/* from the first step to the last, at most */
} FunnelRules;

/* funnel_chain.c */
extern int	funnel_deepest(const FunnelHistory *history, const FunnelRules *rules);
extern int	funnel_chain(const FunnelHistory *history, const FunnelRules *rules,
						 int64_t * times);
extern int64_t funnel_complete(const FunnelHistory *history,
							   const FunnelRules *rules);
extern bool funnel_is_open(const FunnelHistory *history,
						   const FunnelRules *rules, int64_t end);

/* Steps with no other row between; funnel_strict.c. */
extern int	funnel_strict_deepest(const FunnelHistory *history,
								  const FunnelRules *rules, size_t *start);
extern void funnel_strict_times(const FunnelHistory *history,
								const FunnelRules *rules, size_t pos,
								int level, int64_t * times);
extern int64_t funnel_strict_complete(const FunnelHistory *history,
									  const FunnelRules *rules);
extern bool funnel_strict_is_open(const FunnelHistory *history,
								  const FunnelRules *rules, int64_t end);

#define FUNNEL_MAX_EXCLUSIONS	32

/* A row that matches exclusions. */
typedef struct FunnelMark
{
	int64_t		time;
	uint32_t	exclusions;		/* as bits */
} FunnelMark;

/* Between the times of these steps, from 1 on, no such mark. */
typedef struct FunnelExclusion
{
	int			from;
	int			to;
} FunnelExclusion;

/* Further rules for steps in order. */
typedef struct FunnelLimits
{
	int64_t		after[FUNNEL_MAX_STEPS];	/* the step before, at most; of
											 * step k + 1; negative: no limit */
	int			nexclusions;
	FunnelExclusion exclusions[FUNNEL_MAX_EXCLUSIONS];
} FunnelLimits;

/* Ascending by time. */
typedef struct FunnelMarks
{
	const FunnelMark *marks;
	size_t		nmarks;
} FunnelMarks;

/* funnel_limits.c */
extern int	funnel_limited_chain(const FunnelHistory *history,
								 const FunnelRules *rules,
								 const FunnelLimits *limits,
								 const FunnelMarks *marks, int64_t end,
								 int64_t * times, bool *open);

/* Rows of one time, and what they do together; funnel_match.c. */
typedef struct FunnelGroup
{
	int64_t		time;
	const FunnelEvent *events;
	size_t		nevents;
	uint32_t	steps;			/* that any row matches */
	uint32_t	nrows;			/* that match a step, at most FUNNEL_MAX_COUNT */
	bool		foreign;		/* there is a row that matches none */
	bool		simple;			/* no row matches two */
} FunnelGroup;

/* Going forward, in order: level k was reached by a chain from start[k] on. */
typedef struct FunnelProgress
{
	int			reached;		/* levels up to here have a start */
	int64_t		start[FUNNEL_MAX_STEPS + 1];	/* the latest there is */
} FunnelProgress;

/* Rows that together serve as many steps as can be, one each. */
typedef struct FunnelBasis
{
	uint32_t	held;			/* the steps that are served */
	uint32_t	steps[FUNNEL_MAX_STEPS];	/* by a row that matches these */
	int64_t		time[FUNNEL_MAX_STEPS]; /* at this time */
} FunnelBasis;

typedef enum FunnelPrefer
{
	FUNNEL_PREFER_EARLIER,
	FUNNEL_PREFER_LATER
} FunnelPrefer;

extern size_t funnel_group_next(const FunnelHistory *history, size_t pos,
								FunnelGroup *group);
extern size_t funnel_group_previous(const FunnelHistory *history, size_t pos,
									FunnelGroup *group);
extern void funnel_group_runs(const FunnelGroup *group, int nsteps,
							  const FunnelRules *rules, uint8_t *runs);
extern uint64_t funnel_group_consumes(const FunnelGroup *group, int level,
									  const FunnelRules *rules,
									  const uint8_t *runs);
extern void funnel_progress(FunnelProgress *progress, const FunnelGroup *group,
							const uint8_t *runs, int nsteps, int64_t window);
extern void funnel_basis_add(FunnelBasis *basis, const FunnelGroup *group,
							 const FunnelRules *rules, FunnelPrefer prefer);

/* The form in which a funnel is stored and sent, and its text; funnel_codec.c. */
typedef struct FunnelReader
{
	const uint8_t *at;
	const uint8_t *end;
	const char *fault;			/* what is wrong, if something is */
	int			nsteps;
	uint64_t	nevents;		/* to come; in bytes only */
	uint64_t	nnobegin;		/* thereof at the start, without a time */
	uint64_t	nnoend;			/* thereof at the end, without a time */
	int64_t		unit;			/* of time */
	int64_t		time;			/* in units; of the event before */
	bool		started;		/* there is an event before */
	FunnelEvent last;			/* it */
} FunnelReader;

#define FUNNEL_TEXT_HEAD_SIZE	16
#define FUNNEL_TEXT_EVENT_SIZE	160

extern size_t funnel_encode(const FunnelHistory *history, uint8_t *out);
extern bool funnel_decode_head(FunnelReader *reader, const uint8_t *bytes,
							   size_t len);
extern bool funnel_decode_event(FunnelReader *reader, FunnelEvent *event);
extern size_t funnel_format_head(int nsteps, char *out);
extern size_t funnel_format_event(const FunnelEvent *event, char *out);
extern bool funnel_parse_head(FunnelReader *reader, const char *str, size_t len);
extern bool funnel_parse_event(FunnelReader *reader, FunnelEvent *event);

/* Called in loops over events; the server may stop there. */
extern void funnel_interrupt(void);

/*
 * Is the later of two times within the window of the earlier?  An infinite time
 * is within that of its equal only.
 */
static inline bool
funnel_within(int64_t from, int64_t to, int64_t window)
{
	if (from == to)
		return true;
	if (from == FUNNEL_TIME_NOBEGIN || to == FUNNEL_TIME_NOEND)
		return false;

	return (uint64_t) to - (uint64_t) from <= (uint64_t) window;
}

#endif							/* SHOPANALYTICS_FUNNEL_H */
