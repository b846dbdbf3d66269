/*-------------------------------------------------------------------------
 *
 * funnel_match.c
 *	  Which steps of a funnel the rows of one time can serve.
 *
 * Rows of one time count in any order, and a row serves one step only.  So
 * what they can do for steps k+1 to m is a question of matching: is there a
 * row of its own for each?  A greedy choice can be wrong: rows that match
 * {1,2} and {1} serve steps 1 and 2, but not if the first of them takes 1.
 *
 * - For steps in order the answer is, for each k, the largest m.  It does not
 *	 fall when k grows, hence one matching is carried along: steps are added at
 *	 its end by augmenting paths and taken off its start.
 *
 *	 Of rows that match a step any n are enough, with n steps: the other steps
 *	 take n - 1 of them at most.  That bounds the work for a time of millions
 *	 of rows.
 *
 * - For steps in any order the sets of rows that can serve a step each are the
 *	 independent sets of a matroid (of the transversal kind).  Rows come in
 *	 order of time and the last is always the one preferred, so it is taken
 *	 either in addition or for the one least preferred of the circuit it
 *	 closes.  That keeps the best basis, whose rows up to any time are as many
 *	 as any set of rows up to that time can serve.  It has at most n rows, and
 *	 a new row costs a walk over them.
 *
 * IDENTIFICATION
 *	  src/behaviour/funnel_match.c
 *
 *-------------------------------------------------------------------------
 */
#include "behaviour/funnel.h"

#include <string.h>

#define STEP(k)		(UINT32_C(1) << (k))
#define MAX_KINDS	(FUNNEL_MAX_STEPS * FUNNEL_MAX_STEPS)

/* Kinds of rows, and the steps that are given to them. */
typedef struct FunnelMatching
{
	int			nkinds;
	uint32_t	stamp;			/* of the current search */
	uint32_t	seen[MAX_KINDS];	/* stamp of the last search to come here */
	uint32_t	steps[MAX_KINDS];	/* that the rows match */
	uint32_t	given[MAX_KINDS];	/* thereof those that they serve */
	uint8_t		spare[MAX_KINDS];	/* rows that serve none yet */
} FunnelMatching;

static int
lowest_step(uint32_t steps)
{
	return __builtin_ctz(steps);
}

static int
number_of_steps(uint32_t steps)
{
	return __builtin_popcount(steps);
}

static void
funnel_group_add(FunnelGroup *group, const FunnelEvent *event)
{
	if (event->steps == 0)
	{
		group->foreign = true;
		return;
	}
	group->steps |= event->steps;
	group->nrows += event->count;
	if (group->nrows > FUNNEL_MAX_COUNT)
		group->nrows = FUNNEL_MAX_COUNT;
	if ((event->steps & (event->steps - 1)) != 0)
		group->simple = false;
}

static void
funnel_group_fill(FunnelGroup *group, const FunnelEvent *events, size_t nevents)
{
	group->time = events[0].time;
	group->events = events;
	group->nevents = nevents;
	group->steps = 0;
	group->nrows = 0;
	group->foreign = false;
	group->simple = true;
	for (size_t i = 0; i < nevents; i++)
		funnel_group_add(group, &events[i]);
}

/* The group that begins at pos; returns where the next begins. */
size_t
funnel_group_next(const FunnelHistory *history, size_t pos, FunnelGroup *group)
{
	const FunnelEvent *events = history->events;
	size_t		end = pos + 1;

	funnel_interrupt();
	while (end < history->nevents && events[end].time == events[pos].time)
		end++;
	funnel_group_fill(group, &events[pos], end - pos);

	return end;
}

/* The group that ends before pos; returns where it begins. */
size_t
funnel_group_previous(const FunnelHistory *history, size_t pos,
					  FunnelGroup *group)
{
	const FunnelEvent *events = history->events;
	size_t		begin = pos - 1;

	funnel_interrupt();
	while (begin > 0 && events[begin - 1].time == events[pos - 1].time)
		begin--;
	funnel_group_fill(group, &events[begin], pos - begin);

	return begin;
}

static void
funnel_matching_init(FunnelMatching *matching, const FunnelGroup *group,
					 int nsteps)
{
	uint8_t		nrows[FUNNEL_MAX_STEPS] = {0};

	matching->nkinds = 0;
	matching->stamp = 0;
	for (size_t i = 0; i < group->nevents; i++)
	{
		uint32_t	steps = group->events[i].steps;
		uint32_t	count = group->events[i].count;
		bool		wanted = false;

		if (count > (uint32_t) nsteps)
			count = nsteps;
		for (uint32_t rest = steps; rest != 0; rest &= rest - 1)
		{
			uint8_t    *n = &nrows[lowest_step(rest)];

			if (*n < nsteps)
			{
				wanted = true;
				*n += count;
			}
		}
		if (wanted)
		{
			int			kind = matching->nkinds++;

			matching->seen[kind] = 0;
			matching->steps[kind] = steps;
			matching->given[kind] = 0;
			matching->spare[kind] = count;
		}
	}
}

/* Finds a row for a step, moving others to other rows if need be. */
static bool
funnel_matching_place(FunnelMatching *matching, int step)
{
	for (int kind = 0; kind < matching->nkinds; kind++)
	{
		if ((matching->steps[kind] & STEP(step)) == 0 ||
			matching->seen[kind] == matching->stamp)
			continue;
		matching->seen[kind] = matching->stamp;

		if (matching->spare[kind] > 0)
		{
			matching->spare[kind]--;
			matching->given[kind] |= STEP(step);
			return true;
		}
		for (uint32_t rest = matching->given[kind]; rest != 0; rest &= rest - 1)
		{
			if (funnel_matching_place(matching, lowest_step(rest)))
			{
				matching->given[kind] ^= STEP(lowest_step(rest)) | STEP(step);
				return true;
			}
		}
	}

	return false;
}

static void
funnel_matching_release(FunnelMatching *matching, int step)
{
	int			kind = 0;

	while ((matching->given[kind] & STEP(step)) == 0)
		kind++;
	matching->given[kind] ^= STEP(step);
	matching->spare[kind]++;
}

/*
 * For each level k below nsteps, runs[k] is the level up to which the rows can
 * serve the steps from k + 1 on; k if they cannot serve that one.
 */
void
funnel_group_runs(const FunnelGroup *group, int nsteps,
				  const FunnelRules *rules, uint8_t *runs)
{
	FunnelMatching matching;
	int			end = 0;

	/* one step in all, or as many as follow on each other */
	if (rules->strict_increase || rules->reuse || group->simple ||
		group->nrows <= 1)
	{
		bool		several = !rules->strict_increase &&
		(rules->reuse || group->nrows > 1);

		for (int k = nsteps - 1; k >= 0; k--)
		{
			if ((group->steps & STEP(k)) == 0)
				runs[k] = k;
			else
				runs[k] = several && k + 1 < nsteps ? runs[k + 1] : k + 1;
		}
		return;
	}

	funnel_matching_init(&matching, group, nsteps);
	for (int k = 0; k < nsteps; k++)
	{
		if (end < k)
			end = k;
		while (end < nsteps &&
			   (matching.stamp++, funnel_matching_place(&matching, end)))
			end++;
		runs[k] = end;
		if (end > k)
			funnel_matching_release(&matching, k);
	}
}

/* Can each of the rows serve one of the steps, and one of its own? */
static bool
funnel_group_all_serve(const FunnelGroup *group, uint32_t steps)
{
	FunnelRules rules = {.order = FUNNEL_ANY};
	FunnelBasis basis = {0};
	uint32_t	nrows = 0;

	for (size_t i = 0; i < group->nevents; i++)
	{
		FunnelEvent event = group->events[i];
		FunnelGroup one;

		event.steps &= steps;
		nrows += event.count;
		funnel_group_fill(&one, &event, 1);
		funnel_basis_add(&basis, &one, &rules, FUNNEL_PREFER_EARLIER);
	}

	return number_of_steps(basis.held) == (int) nrows;
}

/*
 * The levels, as bits, that a chain can have reached after it went through all
 * the rows of the group, each of which served a step, coming from a level.
 */
uint64_t
funnel_group_consumes(const FunnelGroup *group, int level,
					  const FunnelRules *rules, const uint8_t *runs)
{
	uint64_t	levels = 0;
	int			first = level + (int) group->nrows;
	int			last = runs[level];

	if (group->foreign || first > last)
		return 0;
	/* as many steps as rows, of which each serves its own */
	if (!rules->reuse || rules->strict_increase)
		return UINT64_C(1) << first;

	for (int m = first; m <= last; m++)
	{
		uint32_t	steps = (uint32_t) ((UINT64_C(1) << m) -
										(UINT64_C(1) << level));

		if (group->nrows == 1 || funnel_group_all_serve(group, steps))
			levels |= UINT64_C(1) << m;
	}

	return levels;
}

/* Takes in a row that comes last in the order of preference. */
static void
funnel_basis_add_row(FunnelBasis *basis, uint32_t steps, int64_t time,
					 FunnelPrefer prefer)
{
	int8_t		from[FUNNEL_MAX_STEPS];
	uint32_t	reached = steps;
	int			target = -1;

	for (uint32_t rest = steps; rest != 0; rest &= rest - 1)
		from[lowest_step(rest)] = -1;

	/* a step whose row could do another serves as well as that other */
	for (uint32_t rest = steps; rest != 0;)
	{
		int			step = lowest_step(rest);
		uint32_t	fresh;

		if ((basis->held & STEP(step)) == 0)
		{
			target = step;
			break;
		}
		rest &= rest - 1;
		fresh = basis->steps[step] & ~reached;
		reached |= fresh;
		rest |= fresh;
		for (; fresh != 0; fresh &= fresh - 1)
			from[lowest_step(fresh)] = step;
	}

	/* none is free: the row takes the place of the one least wanted */
	if (target < 0)
	{
		for (uint32_t rest = reached; rest != 0; rest &= rest - 1)
		{
			int			step = lowest_step(rest);

			if (target < 0 ||
				(prefer == FUNNEL_PREFER_LATER ? basis->time[step] < basis->time[target] :
				 basis->time[step] > basis->time[target]))
				target = step;
		}
		/* a row of the same time, or of one preferred, stays */
		if (target < 0 ||
			(prefer == FUNNEL_PREFER_LATER ? basis->time[target] >= time :
			 basis->time[target] <= time))
			return;
	}

	basis->held |= STEP(target);
	for (; from[target] >= 0; target = from[target])
	{
		basis->steps[target] = basis->steps[from[target]];
		basis->time[target] = basis->time[from[target]];
	}
	basis->steps[target] = steps;
	basis->time[target] = time;
}

/* Takes in the rows of a time, for steps in any order. */
void
funnel_basis_add(FunnelBasis *basis, const FunnelGroup *group,
				 const FunnelRules *rules, FunnelPrefer prefer)
{
	/* of a time only one step is wanted */
	if (rules->strict_increase)
	{
		funnel_basis_add_row(basis, group->steps, group->time, prefer);
		return;
	}

	/* each step for itself */
	if (rules->reuse || group->simple)
	{
		for (uint32_t rest = group->steps; rest != 0; rest &= rest - 1)
			funnel_basis_add_row(basis, STEP(lowest_step(rest)), group->time,
								 prefer);
		return;
	}

	for (size_t i = 0; i < group->nevents; i++)
	{
		const FunnelEvent *event = &group->events[i];
		int			count = number_of_steps(event->steps);

		if (count > (int) event->count)
			count = event->count;
		while (count-- > 0)
			funnel_basis_add_row(basis, event->steps, event->time, prefer);
	}
}
