/*-------------------------------------------------------------------------
 *
 * funnel_codec.c
 *	  The bytes and the text of a funnel.
 *
 * Both are the same on every machine, whatever its settings, and have one form
 * for one content.
 *
 * Bytes: the version, the number of steps, the unit of time (the longest of
 * which all times are multiples), the number of events, how many of them are
 * at -infinity, and at infinity.  Then each event: its steps, with a bit for
 * whether a count follows; the count; and, unless it is infinite, its distance
 * from the finite event before, the first from 2000.  All numbers are written
 * in groups of 7 bits, lowest first.  Most events take 3 to 5 bytes.
 *
 * Text: v1/3 1714554000:1 1714554600.25:2,3x2 1714554700:-
 * The version, the number of steps; for each event seconds since 1970, the
 * steps it matches, how many such rows if not one.
 *
 * What is read may be anybody's: every number is checked before it is used,
 * and that the order is right.  Texts may come from a human and in any order.
 *
 * IDENTIFICATION
 *	  src/behaviour/funnel_codec.c
 *
 *-------------------------------------------------------------------------
 */
#include "behaviour/funnel.h"

#include <stdio.h>
#include <string.h>

#define FUNNEL_VERSION		1

#define USECS_PER_SECOND	INT64_C(1000000)
#define SECONDS_TO_2000		INT64_C(946684800)
/* In seconds no time is further from 1970. */
#define MAX_SECONDS			INT64_C(9224318016000)

static const int64_t units[] = {
	1, 1000, USECS_PER_SECOND, 60 * USECS_PER_SECOND,
	3600 * USECS_PER_SECOND, 86400 * USECS_PER_SECOND
};

#define NUNITS	((int) (sizeof(units) / sizeof(units[0])))

static bool
fail(FunnelReader *reader, const char *fault)
{
	reader->fault = fault;

	return false;
}

static bool
is_infinite(int64_t time)
{
	return time == FUNNEL_TIME_NOBEGIN || time == FUNNEL_TIME_NOEND;
}

/* Writes, or only counts if out is NULL; returns the position behind. */
static size_t
put_number(uint8_t *out, size_t pos, uint64_t number)
{
	for (; number >= 0x80; number >>= 7, pos++)
		if (out != NULL)
			out[pos] = (uint8_t) (number | 0x80);
	if (out != NULL)
		out[pos] = (uint8_t) number;

	return pos + 1;
}

static bool
get_number(FunnelReader *reader, uint64_t * number)
{
	int			shift = 0;
	uint8_t		byte;

	*number = 0;
	do
	{
		if (reader->at == reader->end)
			return fail(reader, "It is cut short.");
		byte = *reader->at++;
		if (shift == 63 && byte > 1)
			return fail(reader, "A number has more than 64 bits.");
		*number |= (uint64_t) (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);

	return true;
}

/* Returns how many bytes it takes; writes them unless out is NULL. */
size_t
funnel_encode(const FunnelHistory *history, uint8_t *out)
{
	const FunnelEvent *events = history->events;
	size_t		nnobegin = 0;
	size_t		nnoend = 0;
	int			unit = NUNITS - 1;
	int64_t		before = 0;
	bool		started = false;
	size_t		pos = 0;

	for (size_t i = 0; i < history->nevents; i++)
	{
		if (events[i].time == FUNNEL_TIME_NOBEGIN)
			nnobegin++;
		else if (events[i].time == FUNNEL_TIME_NOEND)
			nnoend++;
		else
			while (events[i].time % units[unit] != 0)
				unit--;
	}

	pos = put_number(out, pos, FUNNEL_VERSION);
	pos = put_number(out, pos, history->nsteps);
	pos = put_number(out, pos, unit);
	pos = put_number(out, pos, history->nevents);
	pos = put_number(out, pos, nnobegin);
	pos = put_number(out, pos, nnoend);

	for (size_t i = 0; i < history->nevents; i++)
	{
		bool		several = events[i].count > 1;

		pos = put_number(out, pos, (uint64_t) events[i].steps << 1 | several);
		if (several)
			pos = put_number(out, pos, events[i].count);
		if (!is_infinite(events[i].time))
		{
			int64_t		time = events[i].time / units[unit];

			if (started)
				pos = put_number(out, pos, (uint64_t) time - (uint64_t) before);
			else
				/* the sign last, so that it costs one bit */
				pos = put_number(out, pos, time < 0 ?
								 ~(uint64_t) time << 1 | 1 : (uint64_t) time << 1);
			started = true;
			before = time;
		}
	}

	return pos;
}

/* False: see fault; otherwise as many events follow as the reader says. */
bool
funnel_decode_head(FunnelReader *reader, const uint8_t *bytes, size_t len)
{
	uint64_t	version;
	uint64_t	nsteps;
	uint64_t	unit;

	memset(reader, 0, sizeof(*reader));
	reader->at = bytes;
	reader->end = bytes + len;

	if (!get_number(reader, &version))
		return false;
	if (version != FUNNEL_VERSION)
		return fail(reader, "It is of another version than 1.");
	if (!get_number(reader, &nsteps) || !get_number(reader, &unit) ||
		!get_number(reader, &reader->nevents) ||
		!get_number(reader, &reader->nnobegin) ||
		!get_number(reader, &reader->nnoend))
		return false;
	if (nsteps > FUNNEL_MAX_STEPS)
		return fail(reader, "It has more than 32 steps.");
	if (unit >= NUNITS)
		return fail(reader, "Its unit of time is unknown.");
	/* every event takes a byte at least */
	if (reader->nevents > (uint64_t) (reader->end - reader->at))
		return fail(reader, "It is cut short.");
	if (reader->nnobegin > reader->nevents ||
		reader->nnoend > reader->nevents - reader->nnobegin)
		return fail(reader, "It has more infinite times than events.");
	if (nsteps == 0 && reader->nevents > 0)
		return fail(reader, "It has events and no steps.");
	reader->nsteps = (int) nsteps;
	reader->unit = units[unit];
	if (reader->nevents == 0 && reader->at != reader->end)
		return fail(reader, "It has bytes left over.");

	return true;
}

static bool
decode_time(FunnelReader *reader, int64_t * result)
{
	int64_t		least = FUNNEL_TIME_MIN / reader->unit;
	int64_t		greatest = (FUNNEL_TIME_END - 1) / reader->unit;
	uint64_t	number;
	int64_t		time;

	if (!get_number(reader, &number))
		return false;
	if (reader->started)
	{
		if (number > (uint64_t) greatest - (uint64_t) reader->time)
			return fail(reader, "A time is out of range.");
		time = (int64_t) ((uint64_t) reader->time + number);
	}
	else
	{
		time = (int64_t) (number >> 1);
		if (number & 1)
			time = ~time;
		if (time < least || time > greatest)
			return fail(reader, "A time is out of range.");
	}
	reader->started = true;
	reader->time = time;
	*result = time * reader->unit;

	return true;
}

/* False: there is none left, unless there is a fault. */
bool
funnel_decode_event(FunnelReader *reader, FunnelEvent *event)
{
	uint64_t	steps;
	uint64_t	count = 1;

	if (reader->nevents == 0)
		return false;

	if (!get_number(reader, &steps))
		return false;
	if (steps >> 1 >> reader->nsteps != 0)
		return fail(reader, "An event matches a step that there is not.");
	event->steps = (uint32_t) (steps >> 1);
	if (steps & 1)
	{
		if (!get_number(reader, &count))
			return false;
		if (count < 2 || count > FUNNEL_MAX_COUNT || event->steps == 0)
			return fail(reader, "A number of rows is out of range.");
	}
	event->count = (uint32_t) count;

	if (reader->nnobegin > 0)
	{
		reader->nnobegin--;
		event->time = FUNNEL_TIME_NOBEGIN;
	}
	else if (reader->nevents <= reader->nnoend)
		event->time = FUNNEL_TIME_NOEND;
	else if (!decode_time(reader, &event->time))
		return false;

	/* last.count is zero before the first */
	if (reader->last.count > 0 && reader->last.time == event->time &&
		reader->last.steps >= event->steps)
		return fail(reader, "Its events are not in order.");
	reader->last = *event;

	if (--reader->nevents == 0 && reader->at != reader->end)
		return fail(reader, "It has bytes left over.");

	return true;
}

/* Of at most FUNNEL_TEXT_HEAD_SIZE bytes, with the zero behind them. */
size_t
funnel_format_head(int nsteps, char *out)
{
	return snprintf(out, FUNNEL_TEXT_HEAD_SIZE, "v%d/%d", FUNNEL_VERSION, nsteps);
}

static size_t
format_time(int64_t time, char *out, size_t size)
{
	int64_t		seconds = time / USECS_PER_SECOND;
	int64_t		fraction = time % USECS_PER_SECOND;
	size_t		len;

	if (fraction < 0)
	{
		fraction += USECS_PER_SECOND;
		seconds--;
	}
	seconds += SECONDS_TO_2000;
	if (seconds < 0 && fraction > 0)
	{
		seconds++;
		fraction = USECS_PER_SECOND - fraction;
		len = snprintf(out, size, "-%lld.%06d", (long long) -seconds, (int) fraction);
	}
	else if (fraction > 0)
		len = snprintf(out, size, "%lld.%06d", (long long) seconds, (int) fraction);
	else
		return snprintf(out, size, "%lld", (long long) seconds);

	while (out[len - 1] == '0')
		len--;

	return len;
}

/* Of at most FUNNEL_TEXT_EVENT_SIZE bytes; the blank before it included. */
size_t
funnel_format_event(const FunnelEvent *event, char *out)
{
	size_t		size = FUNNEL_TEXT_EVENT_SIZE;
	size_t		len = 0;
	char		mark = ':';

	out[len++] = ' ';
	if (is_infinite(event->time))
		len += snprintf(out + len, size - len, "%sinfinity", event->time < 0 ? "-" : "");
	else
		len += format_time(event->time, out + len, size - len);

	if (event->steps == 0)
		len += snprintf(out + len, size - len, ":-");
	for (uint32_t rest = event->steps; rest != 0; rest &= rest - 1, mark = ',')
		len += snprintf(out + len, size - len, "%c%d", mark, __builtin_ctz(rest) + 1);
	if (event->count > 1)
		len += snprintf(out + len, size - len, "x%d", (int) event->count);

	return len;
}

static bool
is_blank(uint8_t byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool
is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

static void
skip_blanks(FunnelReader *reader)
{
	while (reader->at < reader->end && is_blank(*reader->at))
		reader->at++;
}

static bool
skip_char(FunnelReader *reader, char wanted)
{
	if (reader->at == reader->end || *reader->at != (uint8_t) wanted)
		return false;
	reader->at++;

	return true;
}

/* A number of digits up to a greatest, which is below 2^59. */
static bool
parse_digits(FunnelReader *reader, int64_t greatest, int64_t * number)
{
	if (reader->at == reader->end || !is_digit(*reader->at))
		return fail(reader, "a number is expected");

	*number = 0;
	for (; reader->at < reader->end && is_digit(*reader->at); reader->at++)
	{
		*number = *number * 10 + (*reader->at - '0');
		if (*number > greatest)
			return fail(reader, "the number is out of range");
	}

	return true;
}

/* A text that is followed by a blank or by nothing, in the place of the head. */
bool
funnel_parse_head(FunnelReader *reader, const char *str, size_t len)
{
	int64_t		number;

	memset(reader, 0, sizeof(*reader));
	reader->at = (const uint8_t *) str;
	reader->end = reader->at + len;

	skip_blanks(reader);
	if (!skip_char(reader, 'v'))
		return fail(reader, "a version is expected, as in \"v1/3\"");
	if (!parse_digits(reader, INT32_MAX, &number))
		return false;
	if (number != FUNNEL_VERSION)
		return fail(reader, "only version 1 is known");
	if (!skip_char(reader, '/'))
		return fail(reader, "a slash and the number of steps are expected");
	if (!parse_digits(reader, FUNNEL_MAX_STEPS, &number))
		return false;
	reader->nsteps = (int) number;
	if (reader->at < reader->end && !is_blank(*reader->at))
		return fail(reader, "a blank is expected");

	return true;
}

static bool
parse_time(FunnelReader *reader, int64_t * time)
{
	static const char infinity[] = "infinity";
	size_t		len = sizeof(infinity) - 1;
	bool		minus = skip_char(reader, '-');
	int64_t		seconds;
	int64_t		fraction = 0;

	if ((size_t) (reader->end - reader->at) >= len &&
		memcmp(reader->at, infinity, len) == 0)
	{
		reader->at += len;
		*time = minus ? FUNNEL_TIME_NOBEGIN : FUNNEL_TIME_NOEND;
		return true;
	}

	if (!parse_digits(reader, MAX_SECONDS, &seconds))
		return false;
	if (skip_char(reader, '.'))
	{
		const uint8_t *point = reader->at;

		if (!parse_digits(reader, USECS_PER_SECOND - 1, &fraction))
			return false;
		if (reader->at - point > 6)
			return fail(reader, "a time has 6 digits after the point at most");
		for (size_t digits = reader->at - point; digits < 6; digits++)
			fraction *= 10;
	}
	if (minus)
	{
		seconds = -seconds;
		fraction = -fraction;
	}
	seconds -= SECONDS_TO_2000;
	/* by seconds first, which cannot overflow */
	if (seconds < FUNNEL_TIME_MIN / USECS_PER_SECOND ||
		seconds > FUNNEL_TIME_END / USECS_PER_SECOND)
		return fail(reader, "the time is out of range");
	*time = seconds * USECS_PER_SECOND + fraction;
	if (*time < FUNNEL_TIME_MIN || *time >= FUNNEL_TIME_END)
		return fail(reader, "the time is out of range");

	return true;
}

/* False: there is none left, unless there is a fault, which is where at is. */
bool
funnel_parse_event(FunnelReader *reader, FunnelEvent *event)
{
	int64_t		number;

	skip_blanks(reader);
	if (reader->at == reader->end)
		return false;

	if (reader->nsteps == 0)
		return fail(reader, "a funnel without steps has no events");
	if (!parse_time(reader, &event->time))
		return false;
	if (!skip_char(reader, ':'))
		return fail(reader, "a colon and the steps are expected");

	event->steps = 0;
	event->count = 1;
	if (!skip_char(reader, '-'))
	{
		do
		{
			if (!parse_digits(reader, reader->nsteps, &number))
				return false;
			if (number < 1)
				return fail(reader, "steps count from 1");
			event->steps |= UINT32_C(1) << (number - 1);
		} while (skip_char(reader, ','));

		if (skip_char(reader, 'x'))
		{
			if (!parse_digits(reader, FUNNEL_MAX_COUNT, &number))
				return false;
			if (number < 1)
				return fail(reader, "a number of rows is 1 at least");
			event->count = (uint32_t) number;
		}
	}
	if (reader->at < reader->end && !is_blank(*reader->at))
		return fail(reader, "a blank is expected");

	return true;
}
