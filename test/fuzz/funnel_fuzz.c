/*-------------------------------------------------------------------------
 *
 * funnel_fuzz.c
 *	  Hostile bytes against the two forms of a funnel, without a server.
 *
 * The bytes are copied into a block of just their size, so that the address
 * sanitizer sees a read of one byte too many.  What is read is asked every
 * question in every mode, and must come back as it was from both forms.
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

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) do { if (!(condition)) abort(); } while (0)

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
		history.nsteps = reader.nsteps;
		fuzz_ask(&history, choice < 64 ? 0 : choice < 128 ? INT64_MAX : (int64_t) choice << (choice % 40));
		fuzz_round_trip(&history);
	}
	free(block);

	return 0;
}
