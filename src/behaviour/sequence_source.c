/*-------------------------------------------------------------------------
 *
 * sequence_source.c
 *	  The pattern that a call of a sequence aggregate was given.
 *
 * The compiled pattern belongs to the function call, as it is the same for all
 * groups of nearly every query; states refer to it.  It is never freed before
 * the call is, because states may outlive a change of pattern.
 *
 * IDENTIFICATION
 *	  src/behaviour/sequence_source.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "behaviour/conditions.h"
#include "behaviour/sequence_source.h"
#include "compat.h"

#define SEQUENCE_MAX_PATTERN	4096	/* bytes; what 64 events may need */

StaticAssertDecl(SEQUENCE_MAX_CONDITIONS == CONDITIONS_MAX,
				 "a pattern can name every condition");

static void
sequence_pattern_report(const char *text, int len, int nconditions,
						const SequenceError *error)
{
	int			character = pg_mbstrlen_with_len(text, error->at) + 1;
	int			code = ERRCODE_INVALID_REGULAR_EXPRESSION;

	if (error->fault == SEQUENCE_FAULT_CONDITION)
		code = ERRCODE_INVALID_PARAMETER_VALUE;
	else if (error->fault == SEQUENCE_FAULT_LIMIT)
		code = ERRCODE_PROGRAM_LIMIT_EXCEEDED;

	ereport(ERROR,
			errcode(code),
			errmsg("invalid sequence pattern, at character %d: %s",
				   character, error->expected),
			errdetail("The pattern is \"%.*s\".",
					  pg_mbcliplen(text, len, 200), text),
			error->fault == SEQUENCE_FAULT_CONDITION ?
			errhint("Conditions are numbered from 1, here to %d.", nconditions) :
			errhint("Write (?1) for an event of the first condition, . for any event, .* for any number of events, (?t<=3600) for the seconds between two events."));
}

/* The compiled pattern, from the call's memory if it was the last one there. */
const SequenceSource *
sequence_source_get(FmgrInfo *flinfo, const char *text, int len,
					int nconditions)
{
	SequenceSource *source = flinfo->fn_extra;
	SequencePattern pattern;
	SequenceError error;

	if (source != NULL && source->pattern.nconditions == nconditions &&
		source->len == len && memcmp(source->text, text, len) == 0)
		return source;

	if (len > SEQUENCE_MAX_PATTERN)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("a sequence pattern must have at most %d bytes, got %d",
					   SEQUENCE_MAX_PATTERN, len));
	if (!sequence_parse(text, len, nconditions, &pattern, &error))
		sequence_pattern_report(text, len, nconditions, &error);

	source = MemoryContextAlloc(flinfo->fn_mcxt,
								offsetof(SequenceSource, text) + len);
	source->pattern = pattern;
	source->len = len;
	memcpy(source->text, text, len);
	flinfo->fn_extra = source;

	return source;
}

void
sequence_check_same_pattern(const SequenceSource *a, const SequenceSource *b)
{
	if (a == b)
		return;
	if (a->pattern.nconditions != b->pattern.nconditions)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("the number of conditions must not change within a group, got %d and %d",
					   a->pattern.nconditions, b->pattern.nconditions));
	if (a->len != b->len || memcmp(a->text, b->text, a->len) != 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("the pattern must not change within a group"),
				errhint("Add what it depends on to GROUP BY."));
}
