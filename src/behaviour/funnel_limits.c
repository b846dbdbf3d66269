/*-------------------------------------------------------------------------
 *
 * funnel_limits.c
 *	  Chains of steps in order, with limits from step to step and rows that
 *	  must not come between.
 *
 * Each rule is a deadline that one step sets to later ones, and the later that
 * step is, the later the deadline: the window after the first step, the limit
 * after the step before, the first mark after the step from which on there is
 * to be none.  A mark at the time of either step is not between them.
 *
 * Take two chains of a level, and of each step the later of its two times: that
 * is a chain as well, for a deadline that one of the times keeps was set by one
 * that is no later than the one that sets it now.  (What a group of rows serves
 * of it is a part of a run that the group served in one of the two.)  So for
 * each level there is one chain whose steps are all the latest that any chain
 * can have; it goes on whenever any other does, and is all that has to be
 * remembered of the past.  Whether it goes on at a time does not depend on how
 * many steps are taken then.
 *
 * The earlier of the two times make a chain for the same reason.  So going
 * backward there is for each level one earliest way to the end, and the one
 * from the first step on is the winning chain.
 *
 * IDENTIFICATION
 *	  src/behaviour/funnel_limits.c
 *
 *-------------------------------------------------------------------------
 */
#include "behaviour/funnel.h"

#include <string.h>

/* A place among the marks, which moves with the groups. */
typedef struct FunnelMarkCursor
{
	const FunnelMarks *marks;
	size_t		pos;
	uint32_t	seen;			/* exclusions with a mark up to here */
	int64_t		time[FUNNEL_MAX_EXCLUSIONS];	/* of the nearest one */
} FunnelMarkCursor;

typedef struct FunnelLimitedChains
{
	int			reached;		/* levels up to here have a chain */
	int64_t		times[FUNNEL_MAX_STEPS + 1][FUNNEL_MAX_STEPS];
} FunnelLimitedChains;

static void
take_mark(FunnelMarkCursor *cursor, const FunnelMark *mark)
{
	for (uint32_t rest = mark->exclusions; rest != 0; rest &= rest - 1)
		cursor->time[__builtin_ctz(rest)] = mark->time;
	cursor->seen |= mark->exclusions;
}

/* Knows of each exclusion the last mark before that time; times ascend. */
static void
marks_before(FunnelMarkCursor *cursor, int64_t time)
{
	const FunnelMarks *marks = cursor->marks;

	for (; cursor->pos < marks->nmarks && marks->marks[cursor->pos].time < time; cursor->pos++)
		take_mark(cursor, &marks->marks[cursor->pos]);
}

/* Knows of each exclusion the first mark after that time; times descend. */
static void
marks_after(FunnelMarkCursor *cursor, int64_t time)
{
	const FunnelMarks *marks = cursor->marks;

	for (; cursor->pos > 0 && marks->marks[cursor->pos - 1].time > time; cursor->pos--)
		take_mark(cursor, &marks->marks[cursor->pos - 1]);
}

static bool
keeps_limit(const FunnelLimits *limits, int level, int64_t from, int64_t to)
{
	int64_t		after = limits->after[level];

	return after < 0 || funnel_within(from, to, after);
}

/* Can steps at that time be added to a chain of that level? */
static bool
goes_on(const FunnelRules *rules, const FunnelLimits *limits,
		const FunnelMarkCursor *before, int level, const int64_t * times,
		int64_t time)
{
	if (!funnel_within(times[0], time, rules->window) ||
		!keeps_limit(limits, level, times[level - 1], time))
		return false;

	for (uint32_t rest = before->seen; rest != 0; rest &= rest - 1)
	{
		int			i = __builtin_ctz(rest);

		if (limits->exclusions[i].from <= level && limits->exclusions[i].to > level &&
			times[limits->exclusions[i].from - 1] < before->time[i])
			return false;
	}

	return true;
}

/*
 * Can the steps from "first" to "last" - 1, from 0 on, at that time come before
 * the rest of a chain, to the level?
 */
static bool
leads_on(const FunnelRules *rules, const FunnelLimits *limits,
		 const FunnelMarkCursor *after, int first, int last, int level,
		 const int64_t * times, int64_t time)
{
	if (last == level)
		return true;
	if ((first == 0 && !funnel_within(time, times[level - 1], rules->window)) ||
		!keeps_limit(limits, last, time, times[last]))
		return false;

	for (uint32_t rest = after->seen; rest != 0; rest &= rest - 1)
	{
		int			i = __builtin_ctz(rest);
		int			from = limits->exclusions[i].from;
		int			to = limits->exclusions[i].to;

		if (from > first && from <= last && to > last &&
			times[(to < level ? to : level) - 1] > after->time[i])
			return false;
	}

	return true;
}

/* Going forward: the latest chain of each level. */
static void
find_latest(const FunnelHistory *history, const FunnelRules *rules,
			const FunnelLimits *limits, FunnelMarkCursor *before,
			FunnelLimitedChains *latest)
{
	int			nsteps = history->nsteps;
	size_t		pos = 0;

	latest->reached = 0;
	while (pos < history->nevents)
	{
		FunnelGroup group;
		uint8_t		runs[FUNNEL_MAX_STEPS];
		int			reached = latest->reached;

		pos = funnel_group_next(history, pos, &group);
		if (group.steps == 0)
			continue;
		funnel_group_runs(&group, nsteps, rules, runs);
		marks_before(before, group.time);

		/* from the top down: what is read was not yet written */
		for (int k = reached < nsteps ? reached : nsteps - 1; k >= 0; k--)
		{
			if (runs[k] == k ||
				(k > 0 && !goes_on(rules, limits, before, k, latest->times[k], group.time)))
				continue;
			for (int m = k + 1; m <= runs[k]; m++)
			{
				memcpy(latest->times[m], latest->times[k], k * sizeof(int64_t));
				for (int i = k; i < m; i++)
					latest->times[m][i] = group.time;
			}
			if (runs[k] > latest->reached)
				latest->reached = runs[k];
		}
	}
}

/* Going backward: the earliest chain of that level, which there is. */
static void
find_earliest(const FunnelHistory *history, const FunnelRules *rules,
			  const FunnelLimits *limits, const FunnelMarks *marks,
			  int level, int64_t * times)
{
	/* by step: a way from it to the end, which begins with its own time */
	int64_t		rest[FUNNEL_MAX_STEPS][FUNNEL_MAX_STEPS];
	FunnelMarkCursor after = {.marks = marks,.pos = marks->nmarks};
	uint64_t	known = UINT64_C(1) << level;
	size_t		pos = history->nevents;

	while (pos > 0)
	{
		FunnelGroup group;
		uint8_t		runs[FUNNEL_MAX_STEPS];

		pos = funnel_group_previous(history, pos, &group);
		if (group.steps == 0)
			continue;
		funnel_group_runs(&group, level, rules, runs);
		marks_after(&after, group.time);

		/* from the bottom up: what is read was not yet written */
		for (int k = 0; k < level; k++)
		{
			for (int m = runs[k]; m > k; m--)
			{
				if ((known & (UINT64_C(1) << m)) == 0 ||
					!leads_on(rules, limits, &after, k, m, level,
							  m < level ? rest[m] : NULL, group.time))
					continue;
				for (int i = k; i < m; i++)
					rest[k][i] = group.time;
				if (m < level)
					memcpy(&rest[k][m], &rest[m][m], (level - m) * sizeof(int64_t));
				known |= UINT64_C(1) << k;
				break;
			}
		}
	}
	memcpy(times, rest[0], level * sizeof(int64_t));
}

/*
 * The level, and the times of the winning chain.  Open tells whether a chain has
 * begun that rows from the end of the data on could continue.
 */
int
funnel_limited_chain(const FunnelHistory *history, const FunnelRules *rules,
					 const FunnelLimits *limits, const FunnelMarks *marks,
					 int64_t end, int64_t * times, bool *open)
{
	FunnelLimitedChains latest;
	FunnelMarkCursor before = {.marks = marks};

	find_latest(history, rules, limits, &before, &latest);
	marks_before(&before, end);
	*open = false;
	for (int k = 1; k <= latest.reached && k < history->nsteps; k++)
	{
		if (goes_on(rules, limits, &before, k, latest.times[k], end))
			*open = true;
	}
	if (latest.reached > 0)
		find_earliest(history, rules, limits, marks, latest.reached, times);

	return latest.reached;
}
