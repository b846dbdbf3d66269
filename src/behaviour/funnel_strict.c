/*-------------------------------------------------------------------------
 *
 * funnel_strict.c
 *	  How far the events of a visitor go through steps with no other between.
 *
 * A chain leaves out no row between its first and its last time; at
 * these two, rows that help nothing come before and after it.  So a group
 * inside a chain is used up, row by row, and a chain has no more groups than
 * steps: each start is followed until it can go no further, with the set of
 * levels it may have.  Which levels are possible does not depend on anything
 * but the start.
 *
 * IDENTIFICATION
 *	  src/behaviour/funnel_strict.c
 *
 *-------------------------------------------------------------------------
 */
#include "behaviour/funnel.h"

#define LEVEL(k)	(UINT64_C(1) << (k))

/* The steps of a strict chain from one start. */
typedef struct FunnelTrace
{
	int			reached;		/* the deepest level */
	size_t		end;			/* behind the group where it was reached first */
	int			ngroups;		/* up to that group */
	bool		open;			/* all rows are used up, and no chain is
								 * complete */
	uint64_t	levels[FUNNEL_MAX_STEPS];	/* with each group used up */
} FunnelTrace;

/* The strict chains that begin with the group at pos; returns where the next is. */
static size_t
strict_trace(const FunnelHistory *history, const FunnelRules *rules, size_t pos,
			 FunnelTrace *trace)
{
	int			nsteps = history->nsteps;
	FunnelGroup group;
	uint8_t		runs[FUNNEL_MAX_STEPS];
	size_t		next = funnel_group_next(history, pos, &group);
	int64_t		start = group.time;
	uint64_t	levels;
	int			ngroups = 1;

	funnel_group_runs(&group, nsteps, rules, runs);
	trace->reached = runs[0];
	trace->end = next;
	trace->ngroups = ngroups;
	/* any of these, the other rows having come before */
	levels = (LEVEL(runs[0]) - 1) << 1;
	trace->levels[0] = levels;

	for (pos = next; pos < history->nevents && levels != 0 && trace->reached < nsteps; ngroups++)
	{
		uint64_t	from = levels & (LEVEL(nsteps) - 1);

		pos = funnel_group_next(history, pos, &group);
		levels = 0;
		if (!funnel_within(start, group.time, rules->window))
			break;
		funnel_group_runs(&group, nsteps, rules, runs);
		for (; from != 0; from &= from - 1)
		{
			int			k = __builtin_ctzll(from);

			if (runs[k] > k && runs[k] > trace->reached)
			{
				trace->reached = runs[k];
				trace->end = pos;
				trace->ngroups = ngroups + 1;
			}
			levels |= funnel_group_consumes(&group, k, rules, runs);
		}
		if (ngroups < FUNNEL_MAX_STEPS)
			trace->levels[ngroups] = levels;
	}
	trace->open = pos == history->nevents && levels != 0 && trace->reached < nsteps;

	return next;
}

int
funnel_strict_deepest(const FunnelHistory *history, const FunnelRules *rules,
					  size_t *start)
{
	int			deepest = 0;

	for (size_t pos = 0; pos < history->nevents && deepest < history->nsteps;)
	{
		FunnelTrace trace;
		size_t		next = strict_trace(history, rules, pos, &trace);

		if (trace.reached > deepest)
		{
			deepest = trace.reached;
			*start = pos;
		}
		pos = next;
	}

	return deepest;
}

/*
 * The times of the chain of that level that begins at pos.  Of the levels that
 * are possible with each group, those are kept from which the end is reached;
 * then each group does as many steps as it can.
 */
void
funnel_strict_times(const FunnelHistory *history, const FunnelRules *rules, size_t pos,
					int level, int64_t * times)
{
	FunnelTrace trace;
	FunnelGroup groups[FUNNEL_MAX_STEPS];
	uint8_t		runs[FUNNEL_MAX_STEPS][FUNNEL_MAX_STEPS];
	int			reached = 0;
	int			last;

	strict_trace(history, rules, pos, &trace);
	last = trace.ngroups - 1;
	for (int i = 0; i <= last; i++)
	{
		pos = funnel_group_next(history, pos, &groups[i]);
		funnel_group_runs(&groups[i], history->nsteps, rules, runs[i]);
	}

	for (int i = last; i > 0; i--)
	{
		uint64_t	kept = 0;

		for (uint64_t from = trace.levels[i - 1] & (LEVEL(history->nsteps) - 1); from != 0; from &= from - 1)
		{
			int			k = __builtin_ctzll(from);

			if (i == last ? runs[i][k] >= level :
				(funnel_group_consumes(&groups[i], k, rules, runs[i]) & trace.levels[i]) != 0)
				kept |= LEVEL(k);
		}
		trace.levels[i - 1] = kept;
	}

	for (int i = 0; i <= last; i++)
	{
		uint64_t	levels = i == last ? LEVEL(level) : trace.levels[i];
		int			end;

		if (i > 0 && i < last)
			levels &= funnel_group_consumes(&groups[i], reached, rules, runs[i]);
		for (end = 63 - __builtin_clzll(levels); reached < end; reached++)
			times[reached] = groups[i].time;
	}
}

int64_t
funnel_strict_complete(const FunnelHistory *history, const FunnelRules *rules)
{
	int64_t		complete = 0;
	size_t		end = history->nevents; /* of the chain that ends first */
	bool		found = false;

	for (size_t pos = 0; pos < history->nevents;)
	{
		FunnelTrace trace;
		size_t		next = strict_trace(history, rules, pos, &trace);

		if (trace.reached == history->nsteps && (!found || trace.end < end))
		{
			found = true;
			end = trace.end;
		}
		pos = next;
		/* no later start can end before */
		if (found && pos >= end)
		{
			complete++;
			found = false;
		}
	}

	return complete;
}

bool
funnel_strict_is_open(const FunnelHistory *history, const FunnelRules *rules,
					  int64_t end)
{
	size_t		pos = history->nevents;

	/* an open chain has used up all groups but the first: a row per step */
	for (int i = 0; i < history->nsteps && pos > 0; i++)
	{
		FunnelGroup group;
		FunnelTrace trace;

		pos = funnel_group_previous(history, pos, &group);
		if (!funnel_within(group.time, end, rules->window))
			break;
		strict_trace(history, rules, pos, &trace);
		if (trace.open)
			return true;
	}

	return false;
}
