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
 * Strict: see funnel_strict.c.
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
			return funnel_strict_deepest(history, rules, &start);
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
	funnel_strict_deepest(history, rules, &start) :
	funnel_deepest(history, rules);

	if (level == 0)
		return 0;

	switch (rules->order)
	{
		case FUNNEL_ORDERED:
			ordered_times(history, rules, level, times);
			break;
		case FUNNEL_STRICT:
			funnel_strict_times(history, rules, start, level, times);
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
			return funnel_strict_complete(history, rules);
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
			return funnel_strict_is_open(history, rules, end);
		case FUNNEL_ANY:
			return last_time(history, UINT32_MAX, &time) &&
				funnel_within(time, end, rules->window);
	}

	return false;
}
