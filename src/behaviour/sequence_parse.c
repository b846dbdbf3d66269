/*-------------------------------------------------------------------------
 *
 * sequence_parse.c
 *	  Compiles the pattern of a sequence.
 *
 * A pattern is a list of elements, with white space between them where it
 * helps to read:
 *
 *		(?N)		an event that fulfils condition N
 *		.			any event
 *		.*			any number of events
 *		(?t op s)	any number of events; the times of the events named before
 *					and after it are s seconds apart, op is <=, <, >=, > or ==
 *
 * Only the first two take an event, and are called steps.  What is between two
 * of them, however often it is said, comes to one thing: the later event is the
 * next one, or any later one whose distance in time is in some range.  Thus the
 * compiled pattern is a row of steps with a link after each, and has no loops.
 * What is before the first and after the last step says nothing, as a match may
 * begin and end anywhere; a time condition there is an error.
 *
 * IDENTIFICATION
 *	  src/behaviour/sequence_parse.c
 *
 *-------------------------------------------------------------------------
 */
#include "behaviour/sequence.h"

#include <string.h>

#define USECS_PER_SEC	INT64_C(1000000)
#define SECONDS_MAX		INT64_C(1000000000000)	/* more than there are */

typedef struct SequenceParser
{
	const char *text;
	int			len;
	int			at;				/* next byte */
	SequencePattern *pattern;
	SequenceError *error;
	SequenceLink link;			/* after the latest step, so far */
	int			timed_at;		/* byte of the last time condition in it, or
								 * -1 */
} SequenceParser;

static bool
parse_fail(SequenceParser *parser, SequenceFault fault, int at,
		   const char *expected)
{
	parser->error->fault = fault;
	parser->error->at = at;
	parser->error->expected = expected;

	return false;
}

/* Moves over a piece of text, if it comes next. */
static bool
parse_accept(SequenceParser *parser, const char *piece)
{
	int			len = (int) strlen(piece);

	if (parser->len - parser->at < len ||
		memcmp(parser->text +parser->at, piece, len) != 0)
		return false;
	parser->at += len;

	return true;
}

/* Locales have other spaces, and other digits. */
static bool
parse_space(SequenceParser *parser)
{
	char		c = parser->text[parser->at];

	if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
		return false;
	parser->at++;

	return true;
}

static bool
parse_digit(SequenceParser *parser, int *digit)
{
	if (parser->at == parser->len ||
		parser->text[parser->at] < '0' || parser->text[parser->at] > '9')
		return false;
	*digit = parser->text[parser->at++] - '0';

	return true;
}

static void
parse_link_reset(SequenceParser *parser)
{
	parser->link.adjacent = true;
	parser->link.nearest = 0;
	parser->link.farthest = UINT64_MAX;
	parser->timed_at = -1;
}

/* A step for condition number n, or for any event if it is 0. */
static bool
parse_step(SequenceParser *parser, int at, int n)
{
	SequencePattern *pattern = parser->pattern;
	uint64_t	bit;

	if (pattern->nsteps == SEQUENCE_MAX_STEPS)
		return parse_fail(parser, SEQUENCE_FAULT_LIMIT, at,
						  "a pattern has at most 64 events");

	bit = UINT64_C(1) << pattern->nsteps;
	if (n == 0)
		pattern->any |= bit;
	else
	{
		pattern->steps_of[n - 1] |= bit;
		pattern->needs |= UINT32_C(1) << (n - 1);
	}
	if (pattern->nsteps > 0)
		pattern->link[pattern->nsteps - 1] = parser->link;
	pattern->nsteps++;
	parse_link_reset(parser);

	return true;
}

static bool
parse_condition(SequenceParser *parser, int at)
{
	int			number_at = parser->at;
	int			n = 0;
	int			digit;

	/* more digits do not make a number smaller that is too large already */
	while (parse_digit(parser, &digit))
		if (n <= SEQUENCE_MAX_CONDITIONS)
			n = n * 10 + digit;
	if (parser->at == number_at)
		return parse_fail(parser, SEQUENCE_FAULT_SYNTAX, number_at,
						  "expected the number of a condition, or \"t\"");
	if (!parse_accept(parser, ")"))
		return parse_fail(parser, SEQUENCE_FAULT_SYNTAX, parser->at,
						  "expected \")\"");
	if (n < 1 || n > parser->pattern->nconditions)
		return parse_fail(parser, SEQUENCE_FAULT_CONDITION, number_at,
						  "there is no condition of this number");

	return parse_step(parser, at, n);
}

/* Seconds, with up to six decimals, as microseconds. */
static bool
parse_seconds(SequenceParser *parser, int64_t * usecs)
{
	int			number_at = parser->at;
	int64_t		seconds = 0;
	int64_t		fraction = 0;
	int64_t		unit = USECS_PER_SEC;
	int			digit;

	while (parse_digit(parser, &digit))
		if (seconds <= SECONDS_MAX)
			seconds = seconds * 10 + digit;
	if (parser->at == number_at)
		return parse_fail(parser, SEQUENCE_FAULT_SYNTAX, number_at,
						  "expected a number of seconds");
	if (seconds > SECONDS_MAX)
		return parse_fail(parser, SEQUENCE_FAULT_LIMIT, number_at,
						  "there are at most 1000000000000 seconds");

	if (parse_accept(parser, "."))
	{
		while (parse_digit(parser, &digit))
		{
			unit /= 10;
			if (unit == 0)
				return parse_fail(parser, SEQUENCE_FAULT_SYNTAX, number_at,
								  "seconds have at most six decimals");
			fraction += digit * unit;
		}
		if (unit == USECS_PER_SEC)
			return parse_fail(parser, SEQUENCE_FAULT_SYNTAX, parser->at,
							  "expected a digit");
	}
	*usecs = seconds * USECS_PER_SEC + fraction;

	return true;
}

static bool
parse_time(SequenceParser *parser, int at)
{
	SequenceLink *link = &parser->link;
	bool		less = false;
	bool		more = false;
	bool		equal = false;
	int64_t		usecs;
	uint64_t	bound;

	if (parse_accept(parser, "=="))
		equal = true;
	else if (parse_accept(parser, "<"))
		less = true;
	else if (parse_accept(parser, ">"))
		more = true;
	else
		return parse_fail(parser, SEQUENCE_FAULT_SYNTAX, parser->at,
						  "expected one of <=, <, >=, > and ==");
	if (!equal)
		equal = parse_accept(parser, "=");

	if (!parse_seconds(parser, &usecs))
		return false;
	if (!parse_accept(parser, ")"))
		return parse_fail(parser, SEQUENCE_FAULT_SYNTAX, parser->at,
						  "expected \")\"");
	if (parser->pattern->nsteps == 0)
		return parse_fail(parser, SEQUENCE_FAULT_SYNTAX, at,
						  "there is no event before this time condition");

	parser->timed_at = at;
	link->adjacent = false;
	if (less && !equal && usecs == 0)
	{
		/* less than nothing: an empty range */
		link->nearest = UINT64_MAX;
		link->farthest = 0;
		return true;
	}
	bound = (uint64_t) usecs + (equal ? 0 : 1);
	if (!less && link->nearest < bound)
		link->nearest = bound;
	bound = (uint64_t) usecs - (equal ? 0 : 1);
	if (!more && link->farthest > bound)
		link->farthest = bound;

	return true;
}

/* False if the text is no pattern, with what is wrong in *error. */
bool
sequence_parse(const char *text, int len, int nconditions,
			   SequencePattern *pattern, SequenceError *error)
{
	SequenceParser parser;

	memset(pattern, 0, sizeof(*pattern));
	pattern->nconditions = nconditions;
	error->fault = SEQUENCE_FAULT_NONE;

	parser.text = text;

	parser.len = len;
	parser.at = 0;
	parser.pattern = pattern;
	parser.error = error;
	parse_link_reset(&parser);

	while (parser.at < len)
	{
		int			at = parser.at;

		if (parse_space(&parser))
			continue;
		else if (parse_accept(&parser, ".*"))
			parser.link.adjacent = false;
		else if (parse_accept(&parser, "."))
		{
			if (!parse_step(&parser, at, 0))
				return false;
		}
		else if (parse_accept(&parser, "(?t"))
		{
			if (!parse_time(&parser, at))
				return false;
		}
		else if (parse_accept(&parser, "(?"))
		{
			if (!parse_condition(&parser, at))
				return false;
		}
		else
			return parse_fail(&parser, SEQUENCE_FAULT_SYNTAX, at,
							  "expected \"(?\", \".\" or \".*\"");
	}

	if (parser.timed_at >= 0)
		return parse_fail(&parser, SEQUENCE_FAULT_SYNTAX, parser.timed_at,
						  "there is no event after this time condition");

	return true;
}
