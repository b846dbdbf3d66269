/*-------------------------------------------------------------------------
 *
 * funnel_chain.c
 *	  How far the events of a visitor go through the steps of a funnel.
 *
 * All answers are exact, and the same for any order of simultaneous rows,
 * which is why rows are taken by their time, a group at once (funnel_match.c
 * tells what a group can do).  The winning chain is the deepest; of these that
 * with the earliest start, of these that with the earliest end, and then each
 * step, from the first on, as early as can be.
 *
 * Steps in order.  Going forward, the latest start of a chain that has reached
 * level k is all that matters of the past: rows of earlier times are not used
 * again, and of two chains of one level the later start is inside the window
 * whenever the other is.  A chain of level m contains one of level k < m, so
 * the latest start does not rise with the level, and a chain that goes through
 * several steps in a group had best enter it at the lowest level from which
 * the group can do that.
 *
 * Which start is the earliest one cannot be told in that direction.  The same
 * the other way round can: going backward, the earliest end of the steps from
 * k + 1 to the deepest level is all that matters of the future.  From that
 * start each group is then used as far as it goes.  Nothing is lost by it: the
 * steps of a run are a run too, so whoever has come further in a group can do
 * in the next whatever somebody behind can do there.
 *
 * Strict.  A chain leaves out no row between its first and its last time; at
 * these two, rows that help nothing come before and after it.  So a group
 * inside a chain is used up, row by row, and a chain has no more groups than
 * steps: each start is followed until it can go no further, with the set of
 * levels it may have.  Which levels are possible does not depend on anything
 * but the start.
 *
 * Any order.  The rows in the window are to serve as many steps as they can;
 * the best basis of the rows so far knows that for every window that ends now
 * (funnel_match.c), and that of the rows from here on for every window that
 * begins here.
 *
 * Complete chains that do not overlap: the one that ends first leaves the most
 * room to the others, so it is counted, and what comes later starts anew.  The
 * next has to begin at a later time.
 *
 * A chain is open at the end of the data if it has begun and a next step at
 * that time could be added to it; if that step could, all the others could.
 *
 * IDENTIFICATION
 *	  src/behaviour/funnel_chain.c
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

/* Takes in the next group, steps in order. */
void
funnel_progress(FunnelProgress *progress, const FunnelGroup *group,
				const uint8_t *runs, int nsteps, int64_t window)
{
	int			reached = progress->reached;

	/* from the top down, so that what is read was not yet written */
	for (int k = reached < nsteps ? reached : nsteps - 1; k >= 0; k--)
	{
		int			lowest = k > 0 && runs[k - 1] > k ? runs[k - 1] : k;
		int64_t		start = k == 0 ? group->time : progress->start[k];

		if (runs[k] == lowest || !funnel_within(start, group->time, window))
			continue;
		for (int m = lowest + 1; m <= runs[k]; m++)
			progress->start[m] = start;
		if (runs[k] > reached)
			reached = runs[k];
	}
	progress->reached = reached;
}

static int
ordered_deepest(const FunnelHistory *history, const FunnelRules *rules)
{
	FunnelProgress progress = {0};
	size_t		pos = 0;

	while (pos < history->nevents && progress.reached < history->nsteps)
	{
		FunnelGroup group;
		uint8_t		runs[FUNNEL_MAX_STEPS];

		pos = funnel_group_next(history, pos, &group);
		if (group.steps == 0)
			continue;
		funnel_group_runs(&group, history->nsteps, rules, runs);
		funnel_progress(&progress, &group, runs, history->nsteps, rules->window);
	}

	return progress.reached;
}

/* Where the earliest chain of that level begins. */
static size_t
ordered_start(const FunnelHistory *history, const FunnelRules *rules, int level)
{
	int64_t		end[FUNNEL_MAX_STEPS];	/* of the steps from k + 1 on */
	int			known = level;	/* from here on there is such an end */
	size_t		start = 0;
	size_t		pos = history->nevents;

	while (pos > 0)
	{
		FunnelGroup group;
		uint8_t		runs[FUNNEL_MAX_STEPS];

		pos = funnel_group_previous(history, pos, &group);
		if (group.steps == 0)
			continue;
		funnel_group_runs(&group, level, rules, runs);
		for (int k = 0; k < level; k++)
		{
			if (runs[k] == k || runs[k] < known)
				continue;
			end[k] = runs[k] == level ? group.time : end[runs[k]];
			if (k < known)
				known = k;
			if (k == 0 && funnel_within(group.time, end[0], rules->window))
				start = pos;
		}
	}

	return start;
}

static void
ordered_times(const FunnelHistory *history, const FunnelRules *rules, int level,
			  int64_t * times)
{
	size_t		pos = ordered_start(history, rules, level);
	int			reached = 0;

	while (reached < level)
	{
		FunnelGroup group;
		uint8_t		runs[FUNNEL_MAX_STEPS];

		pos = funnel_group_next(history, pos, &group);
		funnel_group_runs(&group, level, rules, runs);
		for (int end = runs[reached]; reached < end; reached++)
			times[reached] = group.time;
	}
}

static int64_t
ordered_complete(const FunnelHistory *history, const FunnelRules *rules)
{
	FunnelProgress progress = {0};
	int64_t		complete = 0;
	size_t		pos = 0;

	while (pos < history->nevents)
	{
		FunnelGroup group;
		uint8_t		runs[FUNNEL_MAX_STEPS];

		pos = funnel_group_next(history, pos, &group);
		if (group.steps == 0)
			continue;
		funnel_group_runs(&group, history->nsteps, rules, runs);
		funnel_progress(&progress, &group, runs, history->nsteps, rules->window);
		if (progress.reached == history->nsteps)
		{
			complete++;
			progress.reached = 0;
		}
	}

	return complete;
}

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

static int
strict_deepest(const FunnelHistory *history, const FunnelRules *rules,
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
static void
strict_times(const FunnelHistory *history, const FunnelRules *rules, size_t pos,
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

static int64_t
strict_complete(const FunnelHistory *history, const FunnelRules *rules)
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

/* Steps that rows of the basis serve within the window. */
static int
basis_within(const FunnelBasis *basis, int64_t time, int64_t window)
{
	int			nsteps = 0;

	for (uint32_t rest = basis->held; rest != 0; rest &= rest - 1)
	{
		int64_t		other = basis->time[__builtin_ctz(rest)];

		if (other < time ? funnel_within(other, time, window) :
			funnel_within(time, other, window))
			nsteps++;
	}

	return nsteps;
}

static int
any_deepest(const FunnelHistory *history, const FunnelRules *rules)
{
	FunnelBasis basis = {0};
	int			deepest = 0;
	size_t		pos = 0;

	while (pos < history->nevents && deepest < history->nsteps)
	{
		FunnelGroup group;
		int			nsteps;

		pos = funnel_group_next(history, pos, &group);
		if (group.steps == 0)
			continue;
		funnel_basis_add(&basis, &group, rules, FUNNEL_PREFER_LATER);
		nsteps = basis_within(&basis, group.time, rules->window);
		if (nsteps > deepest)
			deepest = nsteps;
	}

	return deepest;
}

static void
any_times(const FunnelHistory *history, const FunnelRules *rules, int level,
		  int64_t * times)
{
	FunnelBasis backward = {0};
	FunnelBasis forward = {0};
	FunnelGroup group;
	size_t		start = 0;
	int			reached = 0;

	for (size_t pos = history->nevents; pos > 0;)
	{
		pos = funnel_group_previous(history, pos, &group);
		if (group.steps == 0)
			continue;
		funnel_basis_add(&backward, &group, rules, FUNNEL_PREFER_EARLIER);
		if (basis_within(&backward, group.time, rules->window) >= level)
			start = pos;
	}

	/* in this direction every row that helps is the best one */
	for (size_t pos = start; reached < level;)
	{
		int			end;

		pos = funnel_group_next(history, pos, &group);
		funnel_basis_add(&forward, &group, rules, FUNNEL_PREFER_EARLIER);
		end = __builtin_popcount(forward.held);
		for (; reached < end && reached < level; reached++)
			times[reached] = group.time;
	}
}

static int64_t
any_complete(const FunnelHistory *history, const FunnelRules *rules)
{
	FunnelBasis basis = {0};
	int64_t		complete = 0;
	size_t		pos = 0;

	while (pos < history->nevents)
	{
		FunnelGroup group;

		pos = funnel_group_next(history, pos, &group);
		if (group.steps == 0)
			continue;
		funnel_basis_add(&basis, &group, rules, FUNNEL_PREFER_LATER);
		if (basis_within(&basis, group.time, rules->window) == history->nsteps)
		{
			complete++;
			basis.held = 0;
		}
	}

	return complete;
}

/* The level that is reached; 0: not even the first step. */
int
funnel_deepest(const FunnelHistory *history, const FunnelRules *rules)
{
	size_t		start;

	switch (rules->order)
	{
		case FUNNEL_ORDERED:
			return ordered_deepest(history, rules);
		case FUNNEL_STRICT:
			return strict_deepest(history, rules, &start);
		case FUNNEL_ANY:
			return any_deepest(history, rules);
	}

	return 0;
}

/* The level, and the times of the winning chain, which ascend. */
int
funnel_chain(const FunnelHistory *history, const FunnelRules *rules,
			 int64_t * times)
{
	size_t		start = 0;
	int			level = rules->order == FUNNEL_STRICT ?
	strict_deepest(history, rules, &start) :
	funnel_deepest(history, rules);

	if (level == 0)
		return 0;

	switch (rules->order)
	{
		case FUNNEL_ORDERED:
			ordered_times(history, rules, level, times);
			break;
		case FUNNEL_STRICT:
			strict_times(history, rules, start, level, times);
			break;
		case FUNNEL_ANY:
			any_times(history, rules, level, times);
			break;
	}

	return level;
}

/* The most chains of all steps that fit one after another. */
int64_t
funnel_complete(const FunnelHistory *history, const FunnelRules *rules)
{
	if (history->nsteps == 0)
		return 0;

	switch (rules->order)
	{
		case FUNNEL_ORDERED:
			return ordered_complete(history, rules);
		case FUNNEL_STRICT:
			return strict_complete(history, rules);
		case FUNNEL_ANY:
			return any_complete(history, rules);
	}

	return 0;
}

/* The time of the last row of one of these steps; false if there is none. */
static bool
last_time(const FunnelHistory *history, uint32_t steps, int64_t * time)
{
	for (size_t pos = history->nevents; pos > 0; pos--)
	{
		if ((history->events[pos - 1].steps & steps) != 0)
		{
			*time = history->events[pos - 1].time;
			return true;
		}
	}

	return false;
}

static bool
strict_is_open(const FunnelHistory *history, const FunnelRules *rules,
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

/* Has a chain begun that rows from that time on, the end, could continue? */
bool
funnel_is_open(const FunnelHistory *history, const FunnelRules *rules,
			   int64_t end)
{
	int64_t		time;

	switch (rules->order)
	{
		case FUNNEL_ORDERED:
			return last_time(history, 1, &time) &&
				funnel_within(time, end, rules->window);
		case FUNNEL_STRICT:
			return strict_is_open(history, rules, end);
		case FUNNEL_ANY:
			return last_time(history, UINT32_MAX, &time) &&
				funnel_within(time, end, rules->window);
	}

	return false;
}
