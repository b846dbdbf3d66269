/*-------------------------------------------------------------------------
 *
 * split_name.c
 *	  split_name: title, first, middle and last name, suffix.
 *
 * Three forms are read:
 *
 *		Title First Middle Last Suffix
 *		Title First Middle Last, Suffix
 *		Last, Title First Middle Suffix
 *
 * Each word gets a role, in this order: titles from the front, suffixes from
 * the end, then the last name with its particles, then what is left.  No word
 * is dropped, none is changed, and within a part words keep their order; so the
 * parts together always hold the whole name.
 *
 * IDENTIFICATION
 *	  src/text/split_name.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "text/clean_text.h"
#include "text/name_words.h"
#include "text/unicode_class.h"

typedef enum SplitNameRole
{
	SPLIT_NAME_TITLE,
	SPLIT_NAME_FIRST,
	SPLIT_NAME_MIDDLE,
	SPLIT_NAME_LAST_PARTICLE,	/* before the rest of the last name */
	SPLIT_NAME_LAST,
	SPLIT_NAME_SUFFIX
} SplitNameRole;

typedef struct SplitNameWord
{
	Size		start;
	Size		end;
	Size		core;			/* the same without punctuation around it */
	Size		core_end;
	Size		segment;		/* commas before */
	NameParticle particle;
	SplitNameRole role;
} SplitNameWord;

typedef struct SplitName
{
	UnicodeText text;
	SplitNameWord *words;
	Size		count;
} SplitName;

/* A stretch of words, the end excluded. */
typedef struct SplitNameRange
{
	Size		start;
	Size		end;
} SplitNameRange;

static const char *const split_name_titles[] = {
	"Mr", "Mrs", "Ms", "Miss", "Mx", "Mister", "Madam", "Sir", "Dame", "Lord",
	"Lady", "Dr", "Doctor", "Prof", "Professor", "Rev", "Reverend", "Fr",
	"Father", "Sister", "Brother", "Rabbi", "Imam", "Sheikh", "Shaikh", "Hon",
	"Judge", "Justice", "Capt", "Captain", "Cpt", "Cmdr", "Commander", "Col",
	"Colonel", "Cpl", "Corporal", "Gen", "General", "Adm", "Admiral", "Lt",
	"Lieutenant", "Maj", "Major", "Pvt", "Private", "Sgt", "Sergeant", "Sen",
	"Senator", "Gov", "Governor", "Rep", "Pres", "President", "Amb",
	"Ambassador", "Herr", "Frau", "Hr", "Ing", "Ir", "Drs", "Dhr", "Mevr",
	"Monsieur", "Madame", "Mme", "Mlle", "Sr", "Sra", "Srta", "Sig", "Sigra",
	"Signor", "Signora", "Shri", "Smt", "med", "habil"
};

/* With these one word is a first name. */
static const char *const split_name_first_titles[] = {
	"Sir", "Dame", "Sister", "Brother", "Father"
};

/* These two lists join words to the next one. */
static const char *const split_name_bound_first[] = {
	"Abd", "Abdel", "Abdul", "Abu", "Umm"
};
static const char *const split_name_last_starts[] = {
	"El", "Lo", "Mac", "Mc", "San", "Santa", "St", "Ste", "Te"
};

PG_FUNCTION_INFO_V1(split_name);

static bool
split_name_is_comma(pg_wchar c)
{
	return c == ',' || c == 0x060C || c == 0xFF0C || c == 0x3001;
}

static const char *
split_name_find(const SplitName *name, Size i, const char *const *words, int count)
{
	const SplitNameWord *word = &name->words[i];

	return name_find(name->text.chars + word->core, word->core_end - word->core,
					 words, count);
}

#define SPLIT_NAME_FIND(name, i, words) \
	split_name_find(name, i, words, lengthof(words))

/* Sets the word from start to end, its core and its particle. */
static void
split_name_add_word(SplitName *name, Size start, Size end, Size segment)
{
	const pg_wchar *chars = name->text.chars;
	SplitNameWord *word = &name->words[name->count++];

	word->start = word->core = start;
	word->end = word->core_end = end;
	word->segment = segment;
	word->role = SPLIT_NAME_MIDDLE;
	while (word->core < word->core_end && !name_is_apostrophe(chars[word->core]) &&
		   unicode_class_of(chars[word->core]) == UNICODE_PUNCTUATION)
		word->core++;
	while (word->core < word->core_end &&
		   unicode_class_of(chars[word->core_end - 1]) == UNICODE_PUNCTUATION)
		word->core_end--;
	word->particle = name_particle(chars + word->core, word->core_end - word->core);
}

/* Words are separated by blanks and commas, segments by commas. */
static void
split_name_tokenize(SplitName *name)
{
	const pg_wchar *chars = name->text.chars;
	Size		length = name->text.length;
	Size		segment = 0;

	name->count = 0;
	name->words = MemoryContextAllocHuge(CurrentMemoryContext,
										 (length / 2 + 1) * sizeof(SplitNameWord));
	for (Size i = 0; i < length;)
	{
		Size		start = i;

		CHECK_FOR_INTERRUPTS();
		while (i < length && chars[i] != ' ' && !split_name_is_comma(chars[i]))
			i++;
		if (i > start)
			split_name_add_word(name, start, i, segment);
		else
		{
			/* commas before the first word separate nothing */
			if (chars[i] != ' ' && name->count > 0)
				segment = name->words[name->count - 1].segment + 1;
			i++;
		}
	}
}

static bool
split_name_is_title(const SplitName *name, Size i)
{
	return SPLIT_NAME_FIND(name, i, split_name_titles) != NULL;
}

/* A degree is a suffix after a comma only. */
static bool
split_name_is_suffix(const SplitName *name, Size i)
{
	const SplitNameWord *word = &name->words[i];
	const pg_wchar *core = name->text.chars + word->core;
	Size		length = word->core_end - word->core;

	return name_suffix(core, length) != NULL ||
		(word->segment > 0 && name_degree(core, length) != NULL);
}

/* "V" at the end of three or more words, without a dot */
static bool
split_name_is_fifth(const SplitName *name, Size i)
{
	const SplitNameWord *word = &name->words[i];

	return word->end - word->start == 1 && name->text.chars[word->start] == 'V';
}

static bool
split_name_is_and(const SplitName *name, Size i)
{
	static const char *const ands[] = {"and", "und", "et", "y"};
	const SplitNameWord *word = &name->words[i];

	return SPLIT_NAME_FIND(name, i, ands) != NULL ||
		(word->end - word->start == 1 && name->text.chars[word->start] == '&');
}

static void
split_name_set(SplitName *name, Size start, Size end, SplitNameRole role)
{
	for (Size i = start; i < end; i++)
		name->words[i].role = role;
}

/* Takes titles from the front, "Mr and Mrs" too. */
static void
split_name_take_titles(SplitName *name, SplitNameRange *range)
{
	while (range->start < range->end)
	{
		Size		i = range->start;

		if (split_name_is_title(name, i))
			range->start++;
		else if (i > 0 && i + 1 < range->end && split_name_is_and(name, i) &&
				 name->words[i - 1].role == SPLIT_NAME_TITLE &&
				 split_name_is_title(name, i + 1))
			range->start += 2;
		else
			return;
		split_name_set(name, i, range->start, SPLIT_NAME_TITLE);
	}
}

/* Takes suffixes from the end; one word stays, unless it follows a comma. */
static void
split_name_take_suffixes(SplitName *name, SplitNameRange *range)
{
	while (range->end > range->start)
	{
		Size		i = range->end - 1;

		if (i == range->start && name->words[i].segment == 0)
			return;
		if (!split_name_is_suffix(name, i) &&
			!(i >= range->start + 2 && split_name_is_fifth(name, i)))
			return;
		name->words[i].role = SPLIT_NAME_SUFFIX;
		range->end = i;
	}
}

/* Does a family name start here, with a particle? */
static bool
split_name_starts_last(const SplitName *name, Size i, Size end)
{
	NameParticle next = i + 1 < end ? name->words[i + 1].particle : NAME_NO_PARTICLE;

	if (i + 1 >= end)
		return false;
	switch (name->words[i].particle)
	{
		case NAME_PARTICLE:
		case NAME_PARTICLE_OR_FIRST:
		case NAME_ARTICLE:
			return true;
		case NAME_PREPOSITION:
			return next == NAME_PARTICLE;
		default:
			return SPLIT_NAME_FIND(name, i, split_name_last_starts) != NULL;
	}
}

/* Spanish y; Portuguese e and Catalan i, which as initials are capitals */
static bool
split_name_joins_family(const SplitName *name, Size i)
{
	const SplitNameWord *word = &name->words[i];
	pg_wchar	c = name->text.chars[word->start];

	return word->end - word->start == 1 && (c == 'y' || c == 'Y' || c == 'e' || c == 'i');
}

/* A name that can only be a family name: van der Berg, de la Vega */
static bool
split_name_is_family_only(const SplitName *name, SplitNameRange range)
{
	NameParticle first = name->words[range.start].particle;
	NameParticle second = name->words[range.start + 1].particle;

	return first == NAME_PARTICLE ||
		((first == NAME_PARTICLE_OR_FIRST || first == NAME_PREPOSITION) &&
		 second == NAME_PARTICLE);
}

/*
 * Written in Han, Hangul or kana with one of these: the family name comes
 * first.  Katakana alone transcribes foreign names in their own order.
 */
static bool
split_name_is_east_asian(const SplitName *name, SplitNameRange range)
{
	bool		native = false;

	for (Size i = range.start; i < range.end; i++)
		for (Size k = name->words[i].start; k < name->words[i].end; k++)
		{
			pg_wchar	c = name->text.chars[k];
			bool		katakana = c >= 0x30A0 && c <= 0x30FF;
			bool		other = (c >= 0x3400 && c <= 0x9FFF) ||
			(c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x3FFFD) ||
			(c >= 0xAC00 && c <= 0xD7A3) || (c >= 0x3041 && c <= 0x309F) ||
			c == 0x3005;

			if (!katakana && !other)
				return false;
			native |= other;
		}
	return native;
}

/* First, middle and last name of words in the order in which they are said. */
static void
split_name_given_first(SplitName *name, SplitNameRange range, bool one_is_last)
{
	Size		first_end = range.start + 1;
	Size		last;

	if (range.end == range.start)
		return;
	if (range.end - range.start == 1)
	{
		name->words[range.start].role = one_is_last ? SPLIT_NAME_LAST : SPLIT_NAME_FIRST;
		return;
	}
	if (split_name_is_family_only(name, range))
	{
		split_name_set(name, range.start, range.end, SPLIT_NAME_LAST);
		return;
	}
	if (split_name_is_east_asian(name, range))
	{
		name->words[range.start].role = SPLIT_NAME_LAST;
		name->words[range.start + 1].role = SPLIT_NAME_FIRST;
		return;
	}

	if (range.end - range.start > 2 &&
		SPLIT_NAME_FIND(name, range.start, split_name_bound_first) != NULL)
		first_end++;
	for (last = first_end; last + 1 < range.end; last++)
	{
		if (split_name_starts_last(name, last, range.end))
			break;
		/* Ortega y Gasset */
		if (last > first_end && split_name_joins_family(name, last))
		{
			last--;
			break;
		}
	}
	split_name_set(name, range.start, first_end, SPLIT_NAME_FIRST);
	split_name_set(name, last, range.end, SPLIT_NAME_LAST);
}

/* First and middle name after a comma: "Berg, Jan van der" */
static void
split_name_given_only(SplitName *name, SplitNameRange range)
{
	if (range.end == range.start)
		return;
	while (range.end > range.start + 1 &&
		   name->words[range.end - 1].particle != NAME_NO_PARTICLE &&
		   name->words[range.end - 1].particle != NAME_AND)
		name->words[--range.end].role = SPLIT_NAME_LAST_PARTICLE;
	name->words[range.start].role = SPLIT_NAME_FIRST;
	if (range.end > range.start + 2 &&
		SPLIT_NAME_FIND(name, range.start, split_name_bound_first) != NULL)
		name->words[range.start + 1].role = SPLIT_NAME_FIRST;
}

/* The algorithm: gives each word its role. */
static void
split_name_assign(SplitName *name)
{
	SplitNameRange front = {0, 0};
	bool		comma;
	bool		titled;
	bool		given_seen = false;

	while (front.end < name->count && name->words[front.end].segment == 0)
		front.end++;
	comma = name->text.length > 0 &&
		(front.end < name->count ||
		 split_name_is_comma(name->text.chars[name->text.length - 1]));

	/* after a comma there are suffixes only, or the given names */
	for (Size i = front.end; i < name->count;)
	{
		SplitNameRange range = {i, i};

		CHECK_FOR_INTERRUPTS();
		while (range.end < name->count &&
			   name->words[range.end].segment == name->words[i].segment)
			range.end++;
		i = range.end;
		split_name_take_suffixes(name, &range);
		split_name_take_titles(name, &range);
		if (range.end > range.start && !given_seen)
		{
			split_name_given_only(name, range);
			given_seen = true;
		}
	}

	split_name_take_titles(name, &front);
	titled = front.start > 0 &&
		SPLIT_NAME_FIND(name, front.start - 1, split_name_first_titles) == NULL;
	split_name_take_suffixes(name, &front);
	if (given_seen)
		split_name_set(name, front.start, front.end, SPLIT_NAME_LAST);
	else
		split_name_given_first(name, front, titled || comma);
}

/* Appends the words of a role. */
static void
split_name_append(const SplitName *name, SplitNameRole role,
				  const char *separator, UnicodeText *part)
{
	for (Size i = 0; i < name->count; i++)
	{
		const SplitNameWord *word = &name->words[i];

		CHECK_FOR_INTERRUPTS();
		if (word->role != role)
			continue;
		if (part->length > 0)
			for (const char *s = separator; *s; s++)
				part->chars[part->length++] = (unsigned char) *s;
		memcpy(part->chars + part->length, name->text.chars + word->start,
			   (word->end - word->start) * sizeof(pg_wchar));
		part->length += word->end - word->start;
	}
}

/* The words of one role, or of two, or NULL when there are none. */
static void
split_name_return(const SplitName *name, SplitNameRole first, SplitNameRole second,
				  const char *separator, Datum *value, bool *isnull)
{
	/* a separator replaces a blank or a comma, and may be one longer */
	UnicodeText part = unicode_alloc(name->text.length + name->count);

	split_name_append(name, first, separator, &part);
	if (second != first)
		split_name_append(name, second, separator, &part);
	part.chars[part.length] = 0;
	*isnull = part.length == 0;
	*value = *isnull ? (Datum) 0 : PointerGetDatum(unicode_to_text(&part));
	pfree(part.chars);
}

/*
 * split_name(value text, OUT title text, OUT first_name text,
 *			  OUT middle_name text, OUT last_name text, OUT suffix text)
 */
Datum
split_name(PG_FUNCTION_ARGS)
{
	SplitName	name;
	TupleDesc	tupdesc;
	Datum		values[5];
	bool		nulls[5];

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	name.text = unicode_from_text(PG_GETARG_TEXT_PP(0));
	clean_text_apply(&name.text);
	split_name_tokenize(&name);
	split_name_assign(&name);

	split_name_return(&name, SPLIT_NAME_TITLE, SPLIT_NAME_TITLE, " ",
					  &values[0], &nulls[0]);
	split_name_return(&name, SPLIT_NAME_FIRST, SPLIT_NAME_FIRST, " ",
					  &values[1], &nulls[1]);
	split_name_return(&name, SPLIT_NAME_MIDDLE, SPLIT_NAME_MIDDLE, " ",
					  &values[2], &nulls[2]);
	split_name_return(&name, SPLIT_NAME_LAST_PARTICLE, SPLIT_NAME_LAST, " ",
					  &values[3], &nulls[3]);
	split_name_return(&name, SPLIT_NAME_SUFFIX, SPLIT_NAME_SUFFIX, ", ",
					  &values[4], &nulls[4]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc),
													  values, nulls)));
}
