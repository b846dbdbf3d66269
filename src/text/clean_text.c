/*-------------------------------------------------------------------------
 *
 * clean_text.c
 *	  clean_text: one form for text that looks the same.
 *
 * White space is trimmed and each run of it becomes one blank; characters that
 * nobody sees and that only make equal text unequal go; canonically equivalent
 * text gets its composed form.
 *
 * Joiners are the hard case.  Persian and the scripts of India need them to
 * spell words, emoji sequences are made with them, and everywhere else they
 * are dirt.  A joiner therefore stays only where its neighbours call for it.
 * The neighbours looked at are the character written last and the very next
 * one, so that a second pass finds the same neighbours and changes nothing.
 *
 * IDENTIFICATION
 *	  src/text/clean_text.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "compat.h"
#include "text/clean_text.h"
#include "text/unicode_class.h"

#define ZERO_WIDTH_JOINER	0x200D
#define BLACK_FLAG			0x1F3F4

PG_FUNCTION_INFO_V1(clean_text);

/* Letters and marks of scripts whose spelling uses joiners, by their blocks. */
static bool
clean_text_is_joining(pg_wchar c)
{
	return (c >= 0x0600 && c <= 0x109F) ||	/* Arabic to Myanmar */
		(c >= 0x1780 && c <= 0x18AF) || /* Khmer, Mongolian */
		(c >= 0x1900 && c <= 0x1CFF) || /* Limbu to Vedic extensions */
		(c >= 0xA800 && c <= 0xABFF) || /* Syloti Nagri to Meetei Mayek */
		(c >= 0xFB50 && c <= 0xFDFF) || /* Arabic presentation forms */
		(c >= 0xFE70 && c <= 0xFEFC) ||
		(c >= 0x10A00 && c <= 0x11FFF) ||	/* Kharoshthi to Tamil supplement */
		(c >= 0x1E900 && c <= 0x1E95F); /* Adlam */
}

static bool
clean_text_is_emoji(pg_wchar c)
{
	return (c >= 0x2190 && c <= 0x2BFF) || c == 0xFE0F ||
		(c >= 0x1F000 && c <= 0x1FAFF);
}

/* Does the joiner between these two mean something? */
static bool
clean_text_joins(pg_wchar previous, pg_wchar joiner, pg_wchar next)
{
	if (unicode_class_of(previous) == UNICODE_JOINER)
		return false;
	/* at the end of a word it still asks for the joined shape of a letter */
	if (joiner == ZERO_WIDTH_JOINER)
		return clean_text_is_joining(previous) ||
			(clean_text_is_emoji(previous) && clean_text_is_emoji(next));
	return clean_text_is_joining(previous) && clean_text_is_joining(next) &&
		unicode_class_of(next) != UNICODE_JOINER &&
		unicode_class_of(next) != UNICODE_REMOVED;
}

/* The algorithm; works in place, as the result is never longer. */
void
clean_text_apply(UnicodeText *ut)
{
	pg_wchar   *chars = ut->chars;
	Size		out = 0;
	bool		blank = false;

	for (Size i = 0; i < ut->length; i++)
	{
		pg_wchar	c = chars[i];
		pg_wchar	previous = out > 0 && !blank ? chars[out - 1] : 0;

		CHECK_FOR_INTERRUPTS();
		switch (unicode_class_of(c))
		{
			case UNICODE_SPACE:
				blank = out > 0;
				continue;
			case UNICODE_REMOVED:
				continue;
			case UNICODE_JOINER:
				if (!clean_text_joins(previous, c, chars[i + 1]))
					continue;
				break;
			case UNICODE_TAG:
				if (previous != BLACK_FLAG &&
					unicode_class_of(previous) != UNICODE_TAG)
					continue;
				break;
			default:
				break;
		}
		if (blank)
			chars[out++] = ' ';
		blank = false;
		chars[out++] = c;
	}
	chars[out] = 0;
	ut->length = out;

	unicode_compose(ut);
}

/* Printable ASCII with single blanks inside is what most values are. */
static bool
clean_text_is_clean(const text *input)
{
	const char *s = VARDATA_ANY(input);
	Size		length = VARSIZE_ANY_EXHDR(input);

	if (length > 0 && (s[0] == ' ' || s[length - 1] == ' '))
		return false;
	for (Size i = 0; i < length; i++)
		if (s[i] < ' ' || s[i] > '~' || (s[i] == ' ' && s[i + 1] == ' '))
			return false;
	return true;
}

/* clean_text(value text) returns text */
Datum
clean_text(PG_FUNCTION_ARGS)
{
	text	   *input = PG_GETARG_TEXT_PP(0);
	UnicodeText ut;

	if (clean_text_is_clean(input))
		PG_RETURN_TEXT_P(input);

	ut = unicode_from_text(input);
	clean_text_apply(&ut);
	PG_RETURN_TEXT_P(unicode_to_text(&ut));
}
