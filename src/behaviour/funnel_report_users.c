/*-------------------------------------------------------------------------
 *
 * funnel_report_users.c
 *	  How far each user of funnel_report() came, counted.
 *
 * Most users do nothing but the first step, and of them no more than that and
 * its last time has to be known: their events are not put together.
 *
 * IDENTIFICATION
 *	  src/behaviour/funnel_report_users.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "behaviour/event_list.h"
#include "behaviour/funnel_report.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"

/* The winning chain of a unit. */
typedef struct FunnelBest
{
	int			level;
	bool		open;			/* this or another chain could go on */
	uint32		value;			/* at the step that attribution asks for */
	int64		times[FUNNEL_MAX_STEPS];
} FunnelBest;

typedef struct FunnelCount
{
	const FunnelEvents *events;
	const FunnelQuestion *question;
	FunnelTallies *tallies;
	char	  **texts;			/* of values, by code, as far as they were
								 * needed */
	EventList	list;			/* events of one chain */
	FunnelMark *marks;
	size_t		marks_room;
} FunnelCount;

static inline int
compare_records(const FunnelRecord *a, const FunnelRecord *b)
{
	if (a->held != b->held)
		return a->held < b->held ? -1 : 1;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;

	return 0;
}

#define ST_SORT sort_records
#define ST_ELEMENT_TYPE FunnelRecord
#define ST_COMPARE(a, b) compare_records(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* Records come about in order of time: sorted only if they did not. */
static void
order_records(FunnelRecord *records, size_t count)
{
	for (size_t i = 1; i < count; i++)
	{
		if (compare_records(&records[i - 1], &records[i]) > 0)
		{
			sort_records(records, count);
			return;
		}
	}
}

static FunnelTally *
tally_of(FunnelCount *count, uint32 value)
{
	FunnelTallies *tallies = count->tallies;
	FunnelTally *tally = tallies->tallies[value];

	if (tally == NULL)
	{
		tally = palloc0(offsetof(FunnelTally, steps) +
						tallies->nsteps * sizeof(FunnelTallyStep));
		tally->value = value;
		tallies->tallies[value] = tally;
	}

	return tally;
}

static void
add_span(FunnelTallyStep *step, int64 usecs)
{
	if (step->users == step->room)
	{
		step->room = Max(2 * step->room, 16);
		step->spans = step->spans == NULL ?
			palloc(step->room * sizeof(int64)) :
			repalloc_huge(step->spans, step->room * sizeof(int64));
	}
	step->spans[step->users] = usecs;
}

static void
count_best(FunnelCount *count, uint32 value, const FunnelBest *best)
{
	FunnelTally *tally;

	if (best->level == 0)
		return;
	tally = tally_of(count, value);
	for (int k = 0; k < best->level; k++)
	{
		if (k > 0)
			add_span(&tally->steps[k], best->times[k] - best->times[k - 1]);
		tally->steps[k].users++;
	}
	if (best->open && best->level < count->question->nsteps)
		tally->steps[best->level - 1].pending++;
}

/* The chain of the events and marks that were collected. */
static void
find_chain(FunnelCount *count, const FunnelMarks *marks, FunnelBest *chain)
{
	const FunnelQuestion *question = count->question;
	FunnelHistory history = event_list_history(&count->list);

	if (question->limited)
		chain->level = funnel_limited_chain(&history, &question->rules,
											&question->limits, marks,
											count->events->end, chain->times,
											&chain->open);
	else
	{
		chain->level = funnel_chain(&history, &question->rules, chain->times);
		chain->open = chain->level > 0 && chain->level < question->nsteps &&
			funnel_is_open(&history, &question->rules, count->events->end);
	}
}

/* A short record, wherever it is. */
static inline const FunnelRecord *
short_record(const RecordGroup *group, size_t i)
{
	return (const FunnelRecord *) ((const char *) group->records + i * FUNNEL_RECORD_SHORT);
}

/* Steps in order, without the second one. */
static void
count_first(FunnelCount *count, const FunnelFirst *first)
{
	const FunnelQuestion *question = count->question;
	TimestampTz end = count->events->end;
	int64		after = question->nsteps > 1 ? question->limits.after[1] : -1;
	FunnelBest	best = {.level = 1};

	if (TIMESTAMP_IS_NOBEGIN(first->last))
		return;
	best.times[0] = first->last;
	best.open = funnel_within(first->last, end, question->rules.window) &&
		(after < 0 || funnel_within(first->last, end, after));
	count_best(count, 0, &best);
}

/*
 * Counts who did not do the second step, so that nobody need look at their
 * events again.
 */
static void
count_firsts(FunnelCount *count)
{
	const FunnelEvents *events = count->events;
	bool	   *counted;

	if (events->firsts == NULL)
		return;
	counted = MemoryContextAllocExtended(CurrentMemoryContext,
										 Max(events->nunits, 1) * sizeof(bool), MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < events->nunits; i++)
	{
		counted[i] = (events->firsts[i].steps & 3) != 3;
		if (counted[i])
			count_first(count, &events->firsts[i]);
	}
	groups_leave_out(events->groups, counted);
}

static void
count_short(FunnelCount *count, const RecordGroup *group)
{
	FunnelMarks no_marks = {NULL, 0};
	FunnelBest	best;

	event_list_clear(&count->list);
	for (size_t i = 0; i < group->count; i++)
	{
		const FunnelRecord *record = short_record(group, i);
		FunnelEvent event = {record->time, record->steps, 1};

		event_list_add(&count->list, &event);
	}
	find_chain(count, &no_marks, &best);
	count_best(count, 0, &best);
}

static const char *
value_text(FunnelCount *count, uint32 value)
{
	const FunnelEvents *events = count->events;
	char	  **text;

	if (count->texts == NULL)
		count->texts = MemoryContextAllocExtended(CurrentMemoryContext,
												  events->values->count * sizeof(char *),
												  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	text = &count->texts[value - 1];

	if (*text == NULL)
		*text = intake_text(&events->columns[REPORT_BREAKDOWN],
							codes_value(events->values, value - 1));

	return *text;
}

/*
 * Of values at one time the first by its bytes counts, NULL last: what comes
 * first in the table must not decide.
 */
static bool
value_is_before(FunnelCount *count, uint32 value, uint32 other)
{
	if (value == other || value == 0)
		return false;
	if (other == 0)
		return true;

	return strcmp(value_text(count, value), value_text(count, other)) < 0;
}

/* The value of the first or the last event of a step; some event is of one. */
static uint32
touch_value(FunnelCount *count, const FunnelRecord *records, size_t nrecords, bool last)
{
	const FunnelRecord *touch = NULL;

	for (size_t i = 0; i < nrecords; i++)
	{
		const FunnelRecord *record = &records[i];

		if (record->steps == 0)
			continue;
		if (touch == NULL ||
			(last ? record->time > touch->time : record->time < touch->time) ||
			(record->time == touch->time && value_is_before(count, record->value, touch->value)))
			touch = record;
	}
	if (touch == NULL)
		elog(ERROR, "no event of a step in a chain");

	return touch->value;
}

/* The value at the step that is asked for, of a chain over these records. */
static uint32
step_value(FunnelCount *count, const FunnelRecord *records, size_t nrecords,
		   const FunnelBest *chain)
{
	const FunnelQuestion *question = count->question;
	int			step = question->attribution_step;
	uint32		steps = question->rules.order == FUNNEL_ANY ? PG_UINT32_MAX :
	UINT32_C(1) << (step - 1);
	const FunnelRecord *found = NULL;

	if (chain->level < step)
		return 0;
	for (size_t i = 0; i < nrecords; i++)
	{
		const FunnelRecord *record = &records[i];

		if (record->time == chain->times[step - 1] && (record->steps & steps) != 0 &&
			(found == NULL || value_is_before(count, record->value, found->value)))
			found = record;
	}
	if (found == NULL)
		elog(ERROR, "no event at a step of a chain");

	return found->value;
}

/* Does the first chain win?  If the times are equal, by its value. */
static bool
chain_wins(FunnelCount *count, const FunnelBest *chain, const FunnelBest *other)
{
	if (chain->level != other->level)
		return chain->level > other->level;
	if (chain->level == 0)
		return false;
	if (chain->times[0] != other->times[0])
		return chain->times[0] < other->times[0];
	if (chain->times[chain->level - 1] != other->times[chain->level - 1])
		return chain->times[chain->level - 1] < other->times[chain->level - 1];
	for (int i = 1; i < chain->level; i++)
	{
		if (chain->times[i] != other->times[i])
			return chain->times[i] < other->times[i];
	}

	return value_is_before(count, chain->value, other->value);
}

static void
add_mark(FunnelCount *count, FunnelMarks *marks, const FunnelRecord *record)
{
	if (marks->nmarks == count->marks_room)
	{
		count->marks_room = Max(2 * count->marks_room, 64);
		count->marks = count->marks == NULL ?
			palloc(count->marks_room * sizeof(FunnelMark)) :
			repalloc_huge(count->marks, count->marks_room * sizeof(FunnelMark));
	}
	count->marks[marks->nmarks].time = record->time;
	count->marks[marks->nmarks++].exclusions = record->excluded;
	marks->marks = count->marks;
}

/* The winning chain of records with one value of what is held. */
static void
find_held_chain(FunnelCount *count, const FunnelRecord *records, size_t nrecords,
				FunnelBest *chain)
{
	const FunnelQuestion *question = count->question;
	FunnelMarks marks = {NULL, 0};

	event_list_clear(&count->list);
	for (size_t i = 0; i < nrecords; i++)
	{
		const FunnelRecord *record = &records[i];

		if (record->excluded != 0)
			add_mark(count, &marks, record);
		if (record->steps != 0 || question->rules.order == FUNNEL_STRICT)
		{
			FunnelEvent event = {record->time, record->steps, 1};

			event_list_add(&count->list, &event);
		}
	}
	find_chain(count, &marks, chain);
	chain->value = question->attribution == ATTRIBUTE_STEP ?
		step_value(count, records, nrecords, chain) : 0;
}

static void
count_long(FunnelCount *count, const RecordGroup *group)
{
	const FunnelQuestion *question = count->question;
	FunnelRecord *records = group->records;
	FunnelBest	best = {0};
	size_t		end;

	order_records(records, group->count);
	for (size_t begin = 0; begin < group->count; begin = end)
	{
		FunnelBest	chain;
		bool		open;

		for (end = begin + 1; end < group->count && records[end].held == records[begin].held;)
			end++;
		find_held_chain(count, &records[begin], end - begin, &chain);
		open = best.open || chain.open;
		if (chain_wins(count, &chain, &best))
			best = chain;
		best.open = open;
	}
	if (best.level == 0)
		return;

	if (!question->broken_down)
		best.value = 0;
	else if (question->attribution == ATTRIBUTE_ALL)
		best.value = records[0].value;
	else if (question->attribution != ATTRIBUTE_STEP)
		best.value = touch_value(count, records, group->count,
								 question->attribution == ATTRIBUTE_LAST);
	count_best(count, best.value, &best);
}

/* Counts all users, by value of the breakdown. */
void
funnel_report_count(FunnelEvents *events, FunnelTallies *tallies)
{
	FunnelCount count = {.events = events,.question = events->question,.tallies = tallies};
	RecordGroup group;

	tallies->nsteps = events->question->nsteps;
	tallies->count = events->values != NULL ? events->values->count + 1 : 1;
	tallies->tallies = palloc_extended(tallies->count * sizeof(FunnelTally *),
									   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	event_list_init(&count.list, CurrentMemoryContext);
	event_list_set_steps(&count.list, tallies->nsteps);
	count_firsts(&count);
	groups_finish(events->groups, events->nunits);
	while (groups_next(events->groups, &group))
	{
		CHECK_FOR_INTERRUPTS();
		if (events->is_short)
			count_short(&count, &group);
		else
			count_long(&count, &group);
	}
	groups_destroy(events->groups);
	/* without a breakdown there is a report of nobody too */
	if (events->values == NULL)
		tally_of(&count, 0);
}
