/*-------------------------------------------------------------------------
 *
 * clean_name.c
 *	  clean_name: the usual spelling of a person's name that came in one case.
 *
 * Only a name in one case throughout is recased: whoever typed mixed case meant
 * it.  What is not known for sure is left at one capital per part, so that the
 * rules err where a reader expects it ("Mackenzie", not "MacKenzie").
 *
 * The name is seen as words between blanks, each word as parts between hyphens,
 * dots and the like.  Whole words decide about particles (van, de la), numerals
 * and letters after the name; parts decide about capitals inside (McDonald,
 * O'Neil).  The decision for a word needs the kind of its two neighbours, so
 * one pass suffices.
 *
 * IDENTIFICATION
 *	  src/text/clean_name.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "compat.h"
#include "text/clean_text.h"
#include "text/name_words.h"
#include "text/unicode_class.h"

#define CAPITAL_SIGMA	0x03A3
#define FINAL_SIGMA		0x03C2
#define MIDDLE_DOT		0x00B7

/* A word between blanks. */
typedef struct CleanNameWord
{
	Size		start;
	Size		end;			/* past the last character; start when none */
	Size		core;			/* the same without punctuation around it */
	Size		core_end;
	bool		comma;			/* ends with a comma */
	NameParticle particle;
	const char *suffix;			/* spelling as a suffix, or NULL */
	const char *degree;			/* spelling after a comma, or NULL */
} CleanNameWord;

/* Where in the name a word stands. */
typedef struct CleanNamePlace
{
	bool		family_first;	/* name has the form "Last, First" */
	int			segment;		/* commas before */
	int			index;			/* words before, in the segment */
	bool		lowered;		/* previous word was left in lower case */
	bool		degree;			/* previous word was a degree */
} CleanNamePlace;

/* What follows Mac in names that are written with a second capital. */
static const char *const clean_name_mac[] = {
	"adam", "alister", "allister", "arthur", "askill", "aulay", "auley",
	"bain", "bean", "beth", "bride", "callum", "carthy", "caskill", "coll",
	"connell", "cormack", "cormick", "corquodale", "crae", "culloch",
	"daniel", "dermott", "diarmid", "donald", "donell", "donnell", "dougal",
	"dougall", "dowell", "duff", "eachern", "elroy", "evoy", "ewan", "ewen",
	"fadyen", "farlan", "farland", "farlane", "gillivray", "gowan", "grath",
	"gregor", "guire", "innes", "innis", "intosh", "intyre", "isaac", "ivor",
	"lachlan", "laine", "laren", "laughlin", "laurin", "lean", "leay",
	"leish", "lellan", "lennan", "leod", "mahon", "manus", "master",
	"millan", "millen", "murdo", "murray", "namara", "naughton", "neal",
	"neil", "neill", "nicol", "niven", "phail", "phee", "pherson", "quarrie",
	"queen", "rae", "ritchie", "shane", "sween", "sweeney", "taggart",
	"tavish", "vicar", "whinnie", "william"
};

/* Before an apostrophe these keep the next letter a capital. */
static const char *const clean_name_elisions[] = {
	"da", "dall", "de", "dell", "la", "le", "sant"
};

/* Two consonants that are not initials. */
static const char *const clean_name_not_initials[] = {
	"dr", "fr", "jr", "lt", "md", "mr", "ms", "mx", "ng", "sr", "st"
};

/* In lower case between two hyphens. */
static const char *const clean_name_links[] = {"de", "des", "du", "la"};

PG_FUNCTION_INFO_V1(clean_name);

/* Letters, digits and what sticks to them. */
static bool
clean_name_is_wordly(pg_wchar c)
{
	switch (unicode_class_of(c))
	{
		case UNICODE_SPACE:
		case UNICODE_SYMBOL:
			return false;
		case UNICODE_PUNCTUATION:
			return c == MIDDLE_DOT || name_is_apostrophe(c);
		default:
			return true;
	}
}

/* In lower case throughout, or in upper case throughout? */
static bool
clean_name_is_one_case(const UnicodeText *ut)
{
	bool		upper = false;
	bool		lower = false;

	for (Size i = 0; i < ut->length; i++)
	{
		pg_wchar	c = ut->chars[i];

		CHECK_FOR_INTERRUPTS();
		upper |= unicode_lower_of(c) != c;
		lower |= unicode_title_of(c) != c;
		if (upper && lower)
			return false;
	}
	return upper || lower;
}

/* A mapped letter the server encoding lacks stays what it was. */
static void
clean_name_set(pg_wchar *place, pg_wchar mapped)
{
	if (mapped != *place && unicode_is_storable(mapped))
		*place = mapped;
}

static void
clean_name_lower(UnicodeText *ut)
{
	pg_wchar   *chars = ut->chars;

	for (Size i = 0; i < ut->length; i++)
	{
		CHECK_FOR_INTERRUPTS();
		/* the small sigma of the end of a word has a form of its own */
		if (chars[i] == CAPITAL_SIGMA && i > 0 &&
			clean_name_is_wordly(chars[i - 1]) &&
			!(i + 1 < ut->length && clean_name_is_wordly(chars[i + 1])))
			clean_name_set(&chars[i], FINAL_SIGMA);
		else
			clean_name_set(&chars[i], unicode_lower_of(chars[i]));
	}
}

/* The word from the first character at or after start that is no blank. */
static CleanNameWord
clean_name_word_at(const UnicodeText *ut, Size start)
{
	const pg_wchar *chars = ut->chars;
	CleanNameWord word = {0};
	const pg_wchar *core;
	Size		length;

	while (start < ut->length && chars[start] == ' ')
		start++;
	word.start = word.end = start;
	while (word.end < ut->length && chars[word.end] != ' ')
		word.end++;
	if (word.end == word.start)
		return word;

	word.comma = chars[word.end - 1] == ',';
	word.core = word.start;
	word.core_end = word.end;
	while (word.core < word.core_end && !clean_name_is_wordly(chars[word.core]))
		word.core++;
	while (word.core < word.core_end && !clean_name_is_wordly(chars[word.core_end - 1]))
		word.core_end--;

	core = chars + word.core;
	length = word.core_end - word.core;
	word.particle = name_particle(core, length);
	word.suffix = name_suffix(core, length);
	word.degree = name_degree(core, length);
	return word;
}

/* "Last, First", as opposed to "First Last, Suffix" */
static bool
clean_name_is_family_first(const UnicodeText *ut)
{
	CleanNameWord word = clean_name_word_at(ut, 0);

	while (word.end > word.start)
	{
		CleanNameWord next = clean_name_word_at(ut, word.end);

		CHECK_FOR_INTERRUPTS();
		if (word.comma && next.end > next.start &&
			next.suffix == NULL && next.degree == NULL)
			return true;
		word = next;
	}
	return false;
}

/* Is this word to stay in lower case? */
static bool
clean_name_stays_lower(const CleanNameWord *word, const CleanNameWord *next,
					   const CleanNamePlace *place)
{
	bool		leads = place->index == 0 &&
	!(place->family_first && place->segment == 0);
	bool		followed = next->end > next->start && !word->comma &&
	next->suffix == NULL;

	/* "Berg, Jan van der" */
	if (place->family_first && place->segment > 0 && place->index > 0)
		followed = true;
	if (!followed)
		return false;

	switch (word->particle)
	{
		case NAME_NO_PARTICLE:
			return false;
		case NAME_PARTICLE:
			return true;
		case NAME_PARTICLE_OR_FIRST:
			/* van der Berg, but Van Morrison and Al Pacino */
			return !leads || next->particle == NAME_PARTICLE;
		case NAME_ARTICLE:
			return place->lowered;
		case NAME_PREPOSITION:
			return next->particle == NAME_PARTICLE;
		case NAME_AND:
			return place->index >= (leads || !place->family_first ? 2 : 1);
	}
	return false;
}

/* How this word is spelled at the end of a name, or NULL. */
static const char *
clean_name_spelling(const CleanNameWord *word, const CleanNameWord *next,
					const CleanNamePlace *place)
{
	bool		after_comma = place->segment > 0 && place->index == 0;
	bool		last = next->end == next->start || word->comma;

	if (word->degree != NULL && (after_comma || place->degree))
		return word->degree;
	if (word->suffix != NULL && (after_comma || place->index > 0) &&
		(last || after_comma || next->suffix != NULL))
		return word->suffix;
	return NULL;
}

/* Two consonants before other words: initials without dots. */
static bool
clean_name_is_initials(const UnicodeText *ut, const CleanNameWord *word,
					   const CleanNameWord *next, const CleanNamePlace *place)
{
	const pg_wchar *core = ut->chars + word->core;

	if (word->core_end - word->core != 2 ||
		((next->end == next->start || word->comma) &&
		 !(place->family_first && place->segment > 0)))
		return false;
	for (int i = 0; i < 2; i++)
		if (core[i] < 'a' || core[i] > 'z' || strchr("aeiouy", (char) core[i]))
			return false;
	return NAME_FIND(core, 2, clean_name_not_initials) == NULL;
}

/*
 * Is this part, before a hyphen, the Arabic article?  Its consonant takes on
 * that of the name: al-Rashid, ar-Rahman.
 */
static bool
clean_name_is_article(const pg_wchar *part, Size length, const pg_wchar *next)
{
	if (length != 2 || part[2] != '-' || next[0] == 0 || next[1] == 0 ||
		next[2] == 0 || !clean_name_is_wordly(next[2]))
		return false;
	return (part[1] == 'l' && part[0] < 0x80 && strchr("aeu", (char) part[0])) ||
		(part[0] == 'a' && part[1] < 0x80 && part[1] == next[0] &&
		 strchr("dnrstz", (char) part[1]));
}

/* Capitals of one part of a word, a run of wordly characters. */
static void
clean_name_case_part(pg_wchar *chars, Size start, Size end, Size word_start)
{
	Size		first = start;
	Size		length;

	while (first < end && name_is_apostrophe(chars[first]))
		first++;
	length = end - first;
	if (length == 0)
		return;

	if (clean_name_is_article(chars + first, length, chars + end + 1) ||
		(first > word_start && chars[first - 1] == '-' && chars[end] == '-' &&
		 NAME_FIND(chars + first, length, clean_name_links)))
		return;

	/* decide about what follows while it is in lower case */
	for (Size i = first + 1; i + 2 < end; i++)
	{
		if (!name_is_apostrophe(chars[i]))
			continue;
		if (i == first + 1 ||
			NAME_FIND(chars + first, i - first, clean_name_elisions))
			clean_name_set(&chars[i + 1], unicode_title_of(chars[i + 1]));
		break;
	}
	if (length >= 4 && chars[first] == 'm' && chars[first + 1] == 'c')
		clean_name_set(&chars[first + 2], unicode_title_of(chars[first + 2]));
	else if (length >= 6 && chars[first] == 'm' && chars[first + 1] == 'a' &&
			 chars[first + 2] == 'c' &&
			 NAME_FIND(chars + first + 3, length - 3, clean_name_mac))
		clean_name_set(&chars[first + 3], unicode_title_of(chars[first + 3]));

	clean_name_set(&chars[first], unicode_title_of(chars[first]));
}

static void
clean_name_case_word(pg_wchar *chars, const CleanNameWord *word)
{
	Size		start = word->start;

	while (start < word->end)
	{
		Size		end = start;

		CHECK_FOR_INTERRUPTS();
		while (end < word->end && clean_name_is_wordly(chars[end]))
			end++;
		clean_name_case_part(chars, start, end, word->start);
		start = end + 1;
	}
}

/* The algorithm, on cleaned text. */
static void
clean_name_apply(UnicodeText *ut)
{
	CleanNamePlace place = {0};
	CleanNameWord word;

	if (!clean_name_is_one_case(ut))
		return;

	clean_name_lower(ut);
	place.family_first = clean_name_is_family_first(ut);
	word = clean_name_word_at(ut, 0);
	while (word.end > word.start)
	{
		CleanNameWord next = clean_name_word_at(ut, word.end);
		const char *spelling = clean_name_spelling(&word, &next, &place);
		bool		lower = false;

		CHECK_FOR_INTERRUPTS();
		if (spelling != NULL)
		{
			const char *letter = spelling;

			for (Size i = word.core; i < word.core_end; i++)
				if (ut->chars[i] != '.')
					ut->chars[i] = (unsigned char) *letter++;
		}
		else if (clean_name_is_initials(ut, &word, &next, &place))
			for (Size i = word.core; i < word.core_end; i++)
				ut->chars[i] = unicode_title_of(ut->chars[i]);
		else
		{
			lower = clean_name_stays_lower(&word, &next, &place);
			if (!lower)
				clean_name_case_word(ut->chars, &word);
		}

		place.lowered = lower;
		place.degree = spelling != NULL && spelling == word.degree;
		if (word.comma)
		{
			place.segment++;
			place.index = 0;
		}
		else
			place.index++;
		word = next;
	}
}

/* clean_name(value text) returns text */
Datum
clean_name(PG_FUNCTION_ARGS)
{
	UnicodeText ut = unicode_from_text(PG_GETARG_TEXT_PP(0));

	clean_text_apply(&ut);
	clean_name_apply(&ut);
	PG_RETURN_TEXT_P(unicode_to_text(&ut));
}
