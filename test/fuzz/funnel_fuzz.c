/*-------------------------------------------------------------------------
 *
 * funnel_fuzz.c
 *	  Hostile bytes against the two forms of a funnel, without a server.
 *
 * The bytes are copied into a block of just their size, so that the address
 * sanitizer sees a read of one byte too many.  What is read is asked every
 * question in every mode, and must come back as it was from both forms.  If it
 * is small the answers must be those of a search of every chain there is.
 *
 * IDENTIFICATION
 *	  test/fuzz/funnel_fuzz.c
 *
 *-------------------------------------------------------------------------
 */
#include "behaviour/funnel.h"

#include <stdlib.h>
#include <string.h>

#define MAX_EVENTS	512
#define SEARCH_ROWS	6
#define SEARCH_STEPS	5

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) do { if (!(condition)) abort(); } while (0)

typedef struct Row
{
	int64_t		time;
	uint32_t	steps;
} Row;

typedef struct Best
{
	int			level;
	int64_t		times[SEARCH_STEPS];
	bool		complete[SEARCH_ROWS][SEARCH_ROWS]; /* from the time of a row
													 * to that of another */
} Best;

typedef struct Search
{
	int			nsteps;
	int			nrows;
	int64_t		window;
	Row			row[SEARCH_ROWS];
	Best		best[3][4];		/* by order; strict increase is 1, reuse is 2 */
} Search;

void
funnel_interrupt(void)
{
}

static int
fuzz_compare(const void *left, const void *right)
{
	const FunnelEvent *a = left;
	const FunnelEvent *b = right;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a->steps != b->steps)
		return a->steps < b->steps ? -1 : 1;

	return 0;
}

/* Events of a text come in any order. */
static size_t
fuzz_sort(FunnelEvent *events, size_t nevents)
{
	size_t		kept = 0;

	if (nevents == 0)
		return 0;
	qsort(events, nevents, sizeof(FunnelEvent), fuzz_compare);
	for (size_t i = 1; i < nevents; i++)
		if (fuzz_compare(&events[kept], &events[i]) != 0)
			events[++kept] = events[i];

	return kept + 1;
}

/* What is reached, and that times ascend within the window. */
static void
fuzz_ask(const FunnelHistory *history, int64_t window)
{
	for (int mode = 0; mode < 12; mode++)
	{
		FunnelRules rules = {
			.order = mode % 3,
			.strict_increase = mode / 3 % 2 == 1,
			.reuse = mode / 6 == 1,
			.window = window
		};
		int64_t		times[FUNNEL_MAX_STEPS];
		int			level = funnel_chain(history, &rules, times);
		int64_t		complete = funnel_complete(history, &rules);

		CHECK(level >= 0 && level <= history->nsteps);
		CHECK(level == funnel_deepest(history, &rules));
		CHECK((complete > 0) == (level == history->nsteps && level > 0));
		CHECK((size_t) complete <= history->nevents);
		for (int i = 1; i < level; i++)
			CHECK(rules.strict_increase ? times[i] > times[i - 1] : times[i] >= times[i - 1]);
		if (level > 0)
			CHECK(funnel_within(times[0], times[level - 1], window));
	}
}

/* One row each for those that are equal; false if it is too much to search. */
static bool
search_init(Search *search, const FunnelHistory *history, int64_t window)
{
	memset(search, 0, sizeof(*search));
	search->nsteps = history->nsteps;
	search->window = window;
	for (size_t i = 0; i < history->nevents; i++)
		for (uint32_t n = 0; n < history->events[i].count; n++)
		{
			if (search->nrows == SEARCH_ROWS)
				return false;
			search->row[search->nrows].time = history->events[i].time;
			search->row[search->nrows++].steps = history->events[i].steps;
		}

	return history->nsteps <= SEARCH_STEPS;
}

static bool
search_within(const Search *search, int64_t from, int64_t to)
{
	if (from == to)
		return true;

	return from != INT64_MIN && to != INT64_MAX && (__int128) to - from <= search->window;
}

/* The deeper, then the earlier start, end, and each step. */
static bool
search_better(const Best *best, int level, const int64_t * times)
{
	if (level != best->level)
		return level > best->level;
	if (times[0] != best->times[0])
		return times[0] < best->times[0];
	if (times[level - 1] != best->times[level - 1])
		return times[level - 1] < best->times[level - 1];
	for (int i = 1; i < level; i++)
		if (times[i] != best->times[i])
			return times[i] < best->times[i];

	return false;
}

static int
search_place(const Search *search, int64_t time)
{
	int			i = 0;

	while (search->row[i].time != time)
		i++;

	return i;
}

/* A chain, for each mode that allows it. */
static void
search_take(Search *search, FunnelOrder order, int level, const int64_t * times,
			bool increase, bool once)
{
	for (int mode = 0; mode < 4; mode++)
	{
		Best	   *best = &search->best[order][mode];

		if (((mode & 1) && !increase) || (!(mode & 2) && !once))
			continue;
		if (search_better(best, level, times))
		{
			best->level = level;
			memcpy(best->times, times, sizeof(int64_t) * (size_t) level);
		}
		if (level == search->nsteps)
			best->complete[search_place(search, times[0])][search_place(search, times[level - 1])] = true;
	}
}

/* What goes on from a chain of that level, steps in order. */
static void
search_ordered(Search *search, int level, int64_t * times, uint32_t used,
			   bool increase, bool once)
{
	bool		gap = false;

	if (level > 0)
	{
		search_take(search, FUNNEL_ORDERED, level, times, increase, once);
		for (int i = 0; i < search->nrows; i++)
			gap = gap || (!(used >> i & 1) && search->row[i].time > times[0] &&
						  search->row[i].time < times[level - 1]);
		if (!gap)
			search_take(search, FUNNEL_STRICT, level, times, increase, once);
	}
	for (int i = 0; i < search->nrows && level < search->nsteps; i++)
	{
		int64_t		time = search->row[i].time;

		if (!(search->row[i].steps >> level & 1) ||
			(level > 0 && (time < times[level - 1] || !search_within(search, times[0], time))))
			continue;
		times[level] = time;
		search_ordered(search, level + 1, times, used | UINT32_C(1) << i,
					   increase && (level == 0 || time > times[level - 1]),
					   once && !(used >> i & 1));
	}
}

/* Each step from that one on has a row or none. */
static void
search_any(Search *search, int step, int level, const int64_t * times, uint32_t used,
		   bool increase, bool once)
{
	if (step == search->nsteps)
	{
		if (level > 0 && search_within(search, times[0], times[level - 1]))
			search_take(search, FUNNEL_ANY, level, times, increase, once);
		return;
	}
	search_any(search, step + 1, level, times, used, increase, once);
	for (int i = 0; i < search->nrows; i++)
	{
		int64_t		longer[SEARCH_STEPS];
		int64_t		time = search->row[i].time;
		int			at = level;

		if (!(search->row[i].steps >> step & 1))
			continue;
		for (; at > 0 && times[at - 1] > time; at--)
			longer[at] = times[at - 1];
		longer[at] = time;
		for (int k = 0; k < at; k++)
			longer[k] = times[k];
		search_any(search, step + 1, level + 1, longer, used | UINT32_C(1) << i,
				   increase && (at == 0 || times[at - 1] < time), once && !(used >> i & 1));
	}
}

/* The most complete chains one after another: always the one that ends first. */
static int
search_completions(const Search *search, const Best *best)
{
	int			n = 0;
	int			behind = 0;		/* the first row that the next may begin with */

	for (int last = 0; last < search->nrows; last++)
		for (int start = behind; start <= last; start++)
			if (best->complete[start][last])
			{
				n++;
				for (behind = last; behind < search->nrows && search->row[behind].time == search->row[last].time;)
					behind++;
				break;
			}

	return n;
}

static void
fuzz_search(const FunnelHistory *history, int64_t window)
{
	static Search search;
	int64_t		times[FUNNEL_MAX_STEPS];

	if (!search_init(&search, history, window))
		return;
	search_ordered(&search, 0, times, 0, true, true);
	search_any(&search, 0, 0, times, 0, true, true);
	for (int order = 0; order < 3; order++)
		for (int mode = 0; mode < 4; mode++)
		{
			const Best *best = &search.best[order][mode];
			FunnelRules rules = {
				.order = (FunnelOrder) order,
				.strict_increase = (mode & 1) != 0,
				.reuse = (mode & 2) != 0,
				.window = window
			};

			CHECK(funnel_chain(history, &rules, times) == best->level);
			CHECK(memcmp(times, best->times, sizeof(int64_t) * (size_t) best->level) == 0);
			CHECK(funnel_complete(history, &rules) == search_completions(&search, best));
		}
}

static void
fuzz_round_trip(const FunnelHistory *history)
{
	size_t		size = funnel_encode(history, NULL);
	uint8_t    *bytes = malloc(size);
	char	   *text = malloc(FUNNEL_TEXT_HEAD_SIZE + history->nevents * FUNNEL_TEXT_EVENT_SIZE);
	size_t		len = funnel_format_head(history->nsteps, text);
	FunnelReader binary;
	FunnelReader written;
	FunnelEvent event;

	CHECK(funnel_encode(history, bytes) == size);
	for (size_t i = 0; i < history->nevents; i++)
		len += funnel_format_event(&history->events[i], text +len);

	CHECK(funnel_decode_head(&binary, bytes, size) && binary.nsteps == history->nsteps);
	CHECK(funnel_parse_head(&written, text, len) && written.nsteps == history->nsteps);
	for (size_t i = 0; i < history->nevents; i++)
	{
		CHECK(funnel_decode_event(&binary, &event));
		CHECK(memcmp(&event, &history->events[i], sizeof(event)) == 0);
		CHECK(funnel_parse_event(&written, &event));
		CHECK(memcmp(&event, &history->events[i], sizeof(event)) == 0);
	}
	CHECK(!funnel_decode_event(&binary, &event) && binary.fault == NULL);
	CHECK(!funnel_parse_event(&written, &event) && written.fault == NULL);
	free(bytes);
	free(text);
}

/* The first byte chooses the form and the window. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FunnelEvent events[MAX_EVENTS];
	FunnelHistory history = {.events = events};
	FunnelReader reader;
	uint8_t    *block;
	uint8_t		choice;

	if (size == 0)
		return 0;
	choice = data[0];
	block = malloc(size - 1);
	if (size > 1)
		memcpy(block, data + 1, size - 1);

	if (choice & 1)
	{
		if (funnel_parse_head(&reader, (const char *) block, size - 1))
			while (history.nevents < MAX_EVENTS &&
				   funnel_parse_event(&reader, &events[history.nevents]))
				history.nevents++;
		history.nevents = fuzz_sort(events, history.nevents);
	}
	else if (funnel_decode_head(&reader, block, size - 1))
		while (history.nevents < MAX_EVENTS &&
			   funnel_decode_event(&reader, &events[history.nevents]))
			history.nevents++;
	CHECK(reader.at >= block && reader.at <= block + (size - 1));

	if (reader.fault == NULL)
	{
		int64_t		window = choice < 64 ? 0 : choice < 128 ? INT64_MAX : (int64_t) choice << (choice % 40);

		history.nsteps = reader.nsteps;
		fuzz_ask(&history, window);
		fuzz_search(&history, window);
		fuzz_round_trip(&history);
	}
	free(block);

	return 0;
}
