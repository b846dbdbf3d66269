/*-------------------------------------------------------------------------
 *
 * sequence_fuzz.c
 *	  Hostile patterns, and what they find, without a server.
 *
 * The input is a byte that says how many conditions there are, the pattern, a
 * zero byte and two bytes per event.  The pattern is copied into a block of
 * just its size, so that the address sanitizer sees a read of one byte too
 * many.  A second reader, which makes a list of elements and no more, says
 * whether it is one; then every chain of events is tried in the order of their
 * places until the list allows one, and the matcher must find the same.
 *
 * IDENTIFICATION
 *	  test/fuzz/sequence_fuzz.c
 *
 *-------------------------------------------------------------------------
 */
#include "behaviour/sequence.h"

#include <stdlib.h>
#include <string.h>

#define MAX_EVENTS	12
#define MAX_ELEMENTS	512

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) do { if (!(condition)) abort(); } while (0)

typedef enum ElementKind
{
	ELEMENT_EVENT,				/* (?N) or . */
	ELEMENT_ANYTHING,			/* .* */
	ELEMENT_LESS,				/* (?t op s) */
	ELEMENT_LESS_EQUAL,
	ELEMENT_GREATER,
	ELEMENT_GREATER_EQUAL,
	ELEMENT_EQUAL
} ElementKind;

typedef struct Element
{
	ElementKind kind;
	uint64_t	value;			/* number of the condition, 0 for any;
								 * microseconds */
} Element;

typedef struct Elements
{
	int			n;
	Element		element[MAX_ELEMENTS];
} Elements;

void
sequence_interrupt(void)
{
}

static bool
fuzz_add(Elements *elements, ElementKind kind, uint64_t value)
{
	CHECK(elements->n < MAX_ELEMENTS);
	elements->element[elements->n].kind = kind;
	elements->element[elements->n].value = value;
	elements->n++;

	return true;
}

/* Digits from *at on, at most one too many for any use; false if there are none. */
static bool
fuzz_number(const char **at, const char *end, uint64_t * value)
{
	const char *start = *at;

	*value = 0;
	for (; *at < end && **at >= '0' && **at <= '9'; (*at)++)
		if (*value <= UINT64_C(1000000000000))
			*value = *value * 10 + (uint64_t) (**at - '0');

	return *at > start;
}

/* What is between "(?t" and ")". */
static bool
fuzz_time(const char *at, const char *end, Elements *elements)
{
	static const struct
	{
		const char *text;
		ElementKind kind;
	}			operators[] = {
		{"<=", ELEMENT_LESS_EQUAL}, {">=", ELEMENT_GREATER_EQUAL}, {"==", ELEMENT_EQUAL},
		{"<", ELEMENT_LESS}, {">", ELEMENT_GREATER}
	};

	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
	{
		size_t		len = strlen(operators[i].text);
		uint64_t	seconds;
		uint64_t	fraction = 0;

		if ((size_t) (end - at) < len || memcmp(at, operators[i].text, len) != 0)
			continue;
		at += len;
		if (!fuzz_number(&at, end, &seconds) || seconds > UINT64_C(1000000000000))
			return false;
		if (at < end)
		{
			const char *point = at++;

			if (*point != '.' || !fuzz_number(&at, end, &fraction) || at - point > 7)
				return false;
			for (int digits = (int) (at - point) - 1; digits < 6; digits++)
				fraction *= 10;
		}

		return at == end && fuzz_add(elements, operators[i].kind, seconds * 1000000 + fraction);
	}

	return false;
}

/* The elements of a pattern; false if it is none. */
static bool
fuzz_read(const char *at, const char *end, int nconditions, Elements *elements)
{
	int			nevents = 0;
	bool		timed = false;

	elements->n = 0;
	while (at < end)
	{
		if (memchr(" \t\r\n", *at, 4))
			at++;
		else if (*at == '.')
		{
			if (end - at > 1 && at[1] == '*')
			{
				fuzz_add(elements, ELEMENT_ANYTHING, 0);
				at += 2;
				continue;
			}
			fuzz_add(elements, ELEMENT_EVENT, 0);
			at++;
			nevents++;
			timed = false;
		}
		else
		{
			const char *close = memchr(at, ')', (size_t) (end - at));

			if (close == NULL || close - at < 3 || at[0] != '(' || at[1] != '?')
				return false;
			if (at[2] == 't')
			{
				if (nevents == 0 || !fuzz_time(at + 3, close, elements))
					return false;
				timed = true;
			}
			else
			{
				uint64_t	number;

				at += 2;
				if (!fuzz_number(&at, close, &number) || at != close ||
					number < 1 || number > (uint64_t) nconditions)
					return false;
				fuzz_add(elements, ELEMENT_EVENT, number);
				nevents++;
				timed = false;
			}
			at = close + 1;
		}
	}

	return !timed && nevents <= SEQUENCE_MAX_STEPS;
}

/* Does a time condition hold between two events? */
static bool
fuzz_apart(const Element *element, int64_t from, int64_t to)
{
	bool		infinite = from != to && (from == INT64_MIN || to == INT64_MAX);
	unsigned	__int128 distance = infinite ? (unsigned __int128) 1 << 100 : (unsigned __int128) ((__int128) to - from);

	switch (element->kind)
	{
		case ELEMENT_LESS:
			return distance < element->value;
		case ELEMENT_LESS_EQUAL:
			return distance <= element->value;
		case ELEMENT_GREATER:
			return distance > element->value;
		case ELEMENT_GREATER_EQUAL:
			return distance >= element->value;
		case ELEMENT_EQUAL:
			return distance == element->value;
		default:
			return true;
	}
}

/*
 * The elements from number e on, the event before them being at place last (-1:
 * none yet, and the first is at place from or behind).
 */
static bool
fuzz_find(const Elements *elements, int e, const SequenceEvent *events, int nevents,
		  int from, int last, int *position)
{
	int			between = e;

	while (e < elements->n && elements->element[e].kind != ELEMENT_EVENT)
		e++;
	if (e == elements->n)
		return true;

	for (int i = last < 0 ? from : last + 1; i < nevents; i++)
	{
		uint64_t	number = elements->element[e].value;
		bool		fits = number == 0 || (events[i].conditions >> (number - 1) & 1) != 0;

		if (last >= 0)
		{
			if (between == e && i > last + 1)
				return false;
			for (int b = between; b < e; b++)
				fits = fits && fuzz_apart(&elements->element[b], events[last].ts, events[i].ts);
		}
		*position = i;
		if (fits && fuzz_find(elements, e + 1, events, nevents, from, i, position + 1))
			return true;
	}

	return false;
}

static int
fuzz_compare(const void *left, const void *right)
{
	const SequenceEvent *a = left;
	const SequenceEvent *b = right;

	if (a->ts != b->ts)
		return a->ts < b->ts ? -1 : 1;

	return a->conditions < b->conditions ? -1 : a->conditions > b->conditions;
}

/*
 * Few times and few conditions, so that much is found: of the first byte the
 * conditions, of the second the time.
 */
static int
fuzz_events(const uint8_t *data, size_t size, int nconditions, SequenceEvent *events)
{
	int			nevents = 0;

	for (; size >= 2 && nevents < MAX_EVENTS; data += 2, size -= 2)
	{
		SequenceEvent *event = &events[nevents++];

		event->conditions = (uint32_t) (data[0] & 7) | (uint32_t) 1 << (data[0] >> 3);
		event->conditions &= UINT32_MAX >> (SEQUENCE_MAX_CONDITIONS - nconditions);
		if (event->conditions == 0)
			event->conditions = 1;
		switch (data[1] >> 4)
		{
			case 0:
				event->ts = INT64_MIN;
				break;
			case 1:				/* the first that timestamptz has */
				event->ts = INT64_C(-211813488000000000);
				break;
			case 13:
				event->ts = INT64_C(1) << (data[1] & 15) * 4;
				break;
			case 14:			/* and the last */
				event->ts = INT64_C(9223371331199999999);
				break;
			case 15:
				event->ts = INT64_MAX;
				break;
			default:
				event->ts = (data[1] >> 4) * INT64_C(1000000) + (data[1] & 3);
		}
	}
	qsort(events, (size_t) nevents, sizeof(SequenceEvent), fuzz_compare);

	return nevents;
}

static void
fuzz_match(const SequencePattern *pattern, const Elements *elements,
		   const SequenceEvent *events, int nevents)
{
	SequenceMatcher matcher;
	uint64_t	fits[MAX_EVENTS];
	int			position[SEQUENCE_MAX_STEPS];
	int			expected[SEQUENCE_MAX_STEPS + 1];
	int			from = 0;

	sequence_matcher_init(&matcher, pattern, events, nevents, fits);
	for (;;)
	{
		int			next = sequence_matcher_next(&matcher, from, position);
		bool		found = fuzz_find(elements, 0, events, nevents, from, -1, expected);

		CHECK((next >= 0) == found);
		CHECK(next == sequence_matcher_next(&matcher, from, NULL));
		if (!found)
			break;
		CHECK(memcmp(position, expected, sizeof(int) * (size_t) pattern->nsteps) == 0);
		CHECK(next == expected[pattern->nsteps - 1] + 1);
		from = next;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static Elements elements;
	SequencePattern pattern;
	SequenceError error;
	SequenceEvent events[MAX_EVENTS];
	const uint8_t *zero;
	char	   *text;
	int			nconditions;
	int			len;

	if (size == 0)
		return 0;
	nconditions = data[0] % SEQUENCE_MAX_CONDITIONS + 1;
	data++;
	size--;
	zero = size > 0 ? memchr(data, 0, size) : NULL;
	len = zero ? (int) (zero - data) : (int) size;
	if (len > MAX_ELEMENTS)
		return 0;
	text = malloc((size_t) len);

	if (len > 0)
		memcpy(text, data, (size_t) len);

	if (sequence_parse(text, len, nconditions, &pattern, &error))
	{
		int			nevents = 0;

		CHECK(error.fault == SEQUENCE_FAULT_NONE);
		CHECK(fuzz_read(text, text +len, nconditions, &elements));
		CHECK(pattern.nsteps >= 0 && pattern.nsteps <= SEQUENCE_MAX_STEPS);
		if (zero != NULL)
			nevents = fuzz_events(zero + 1, size - (size_t) len - 1, nconditions, events);
		if (pattern.nsteps > 0 && nevents > 0)
			fuzz_match(&pattern, &elements, events, nevents);
	}
	else
	{
		CHECK(error.fault != SEQUENCE_FAULT_NONE && error.expected != NULL);
		CHECK(error.at >= 0 && error.at <= len);
		CHECK(!fuzz_read(text, text +len, nconditions, &elements));
	}
	free(text);

	return 0;
}
