/*-------------------------------------------------------------------------
 *
 * sequence_source.c
 *	  The pattern that a call of a sequence aggregate was given.
 *
 * The compiled pattern belongs to the function call, as it is the same for all
 * groups of nearly every query; states refer to it.  It is never freed before
 * the call is, because states may outlive a change of pattern.  A pattern that
 * comes back, as patterns do that are columns, is not compiled again.
 *
 * IDENTIFICATION
 *	  src/behaviour/sequence_source.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "behaviour/conditions.h"
#include "behaviour/sequence_source.h"
#include "compat.h"

#define SEQUENCE_MAX_PATTERN	4096	/* bytes; what 64 events may need */

StaticAssertDecl(SEQUENCE_MAX_CONDITIONS == CONDITIONS_MAX,
				 "a pattern can name every condition");

typedef struct SequenceKey
{
	const char *bytes;
	int			len;
	int			nconditions;
} SequenceKey;

typedef struct SequenceEntry
{
	SequenceKey key;			/* refers to the source */
	const SequenceSource *source;
	char		status;			/* for the hash table alone */
} SequenceEntry;

static inline bool
sequence_key_equal(const SequenceKey *a, const SequenceKey *b)
{
	return a->nconditions == b->nconditions && a->len == b->len &&
		memcmp(a->bytes, b->bytes, a->len) == 0;
}

#define SH_PREFIX sources
#define SH_ELEMENT_TYPE SequenceEntry
#define SH_KEY_TYPE SequenceKey
#define SH_KEY key
#define SH_HASH_KEY(tb, key) hash_bytes((const unsigned char *) (key).bytes, (key).len)
#define SH_EQUAL(tb, a, b) sequence_key_equal(&(a), &(b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* The patterns that a call was given so far. */
typedef struct SequenceSources
{
	SequenceEntry last;			/* the one given last; no source: none yet */
	sources_hash *all;
} SequenceSources;

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

static const SequenceSource *
sequence_compile(MemoryContext context, const SequenceKey *key)
{
	SequenceSource *source;
	SequencePattern pattern;
	SequenceError error;

	if (key->len > SEQUENCE_MAX_PATTERN)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("a sequence pattern must have at most %d bytes, got %d",
					   SEQUENCE_MAX_PATTERN, key->len));
	if (!sequence_parse(key->bytes, key->len, key->nconditions, &pattern, &error))
		sequence_pattern_report(key->bytes, key->len, key->nconditions, &error);

	source = MemoryContextAlloc(context,
								offsetof(SequenceSource, text) + key->len);
	source->pattern = pattern;
	source->len = key->len;
	memcpy(source->text, key->bytes, key->len);

	return source;
}

/* The compiled pattern, from the call's memory if it was there before. */
const SequenceSource *
sequence_source_get(FmgrInfo *flinfo, const char *text, int len,
					int nconditions)
{
	SequenceSources *sources = flinfo->fn_extra;
	SequenceKey key = {.len = len,.nconditions = nconditions};
	SequenceEntry *entry;

	key.bytes = text;

	if (sources == NULL)
	{
		sources = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(SequenceSources));
		sources->all = sources_create(flinfo->fn_mcxt, 1, NULL);
		flinfo->fn_extra = sources;
	}
	if (sources->last.source != NULL && sequence_key_equal(&sources->last.key, &key))
		return sources->last.source;

	entry = sources_lookup(sources->all, key);
	if (entry == NULL)
	{
		const SequenceSource *source = sequence_compile(flinfo->fn_mcxt, &key);
		bool		found;

		key.bytes = source->text;
		entry = sources_insert(sources->all, key, &found);
		entry->source = source;
	}
	sources->last = *entry;

	return entry->source;
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
