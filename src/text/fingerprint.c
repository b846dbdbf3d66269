/*-------------------------------------------------------------------------
 *
 * fingerprint.c
 *	  fingerprint, ngram_fingerprint: keys under which variants of a value meet.
 *
 * The method is OpenRefine's key collision: fold case and accents, drop
 * punctuation, then sort and join the distinct words, or the distinct n-grams
 * of what is left without blanks.
 *
 * Characters are decomposed for compatibility (NFKD) one by one: that loses
 * the accents and keeps the time linear, where normalizing the whole would sort
 * each run of marks.  What has not been dropped is composed again at the end,
 * so that Hangul and kana stay the characters people know, and n-grams count
 * them as such.
 *
 * IDENTIFICATION
 *	  src/text/fingerprint.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "text/clean_text.h"
#include "text/unicode_class.h"

/* Comparing n-grams costs up to n for each comparison. */
#define NGRAM_MAX			64

/* Longest decomposition that Unicode has (U+FDFA). */
#define FINGERPRINT_GROWTH	18

#define FRACTION_SLASH		0x2044

/* A word or an n-gram. */
typedef struct FingerprintPiece
{
	const pg_wchar *chars;
	Size		length;
} FingerprintPiece;

/* Letters that Unicode does not decompose, in order; lower case only. */
static const struct
{
	pg_wchar	letter;
	const char *replacement;
}			fingerprint_letters[] =

{
	{0x00A9, "c"},				/* copyright sign */
	{0x00DF, "ss"},				/* sharp s */
	{0x00E6, "ae"},
	{0x00F0, "d"},				/* eth */
	{0x00F8, "oe"},				/* o with stroke */
	{0x00FE, "th"},				/* thorn */
	{0x0111, "d"},				/* d with stroke */
	{0x0127, "h"},				/* h with stroke */
	{0x0131, "i"},				/* dotless i */
	{0x0138, "k"},				/* kra */
	{0x0142, "l"},				/* l with stroke */
	{0x014B, "n"},				/* eng */
	{0x0153, "oe"},
	{0x0167, "t"},				/* t with stroke */
	{0x0180, "b"},				/* b with stroke */
	{0x019A, "l"},				/* l with bar */
	{0x01B6, "z"},				/* z with stroke */
	{0x01BF, "w"},				/* wynn */
	{0x01E5, "g"},				/* g with stroke */
	{0x0247, "e"},				/* e with stroke */
	{0x0249, "j"},				/* j with stroke */
	{0x024D, "r"},				/* r with stroke */
	{0x024F, "y"},				/* y with stroke */
	{0x0256, "d"},				/* d with tail */
	{0x0268, "i"},				/* i with stroke */
	{0x0289, "u"},				/* u bar */
	{0x1E9C, "s"},				/* long s with diagonal stroke */
	{0x1E9D, "s"}				/* long s with high stroke */
};

PG_FUNCTION_INFO_V1(fingerprint);
PG_FUNCTION_INFO_V1(ngram_fingerprint);

static const char *
fingerprint_replacement(pg_wchar c)
{
	if (c < fingerprint_letters[0].letter)
		return NULL;
	for (int i = 0; i < lengthof(fingerprint_letters); i++)
		if (fingerprint_letters[i].letter == c)
			return fingerprint_letters[i].replacement;
	return NULL;
}

/*
 * Appends what a key keeps of a character that is not to be decomposed.
 */
static int
fingerprint_fold(pg_wchar c, pg_wchar *out)
{
	const char *replacement;
	int			length = 0;

	switch (unicode_class_of(c))
	{
		case UNICODE_SPACE:
			out[0] = ' ';
			return 1;
		case UNICODE_OTHER:
		case UNICODE_SYMBOL:
		case UNICODE_MARK:
			break;
		default:
			return 0;
	}
	/* a fraction in one character equals one that is spelled out */
	if (c == FRACTION_SLASH)
		return 0;

	c = unicode_fold_of(c);
	replacement = fingerprint_replacement(c);
	if (replacement == NULL)
		out[length++] = c;
	else
		while (*replacement)
			out[length++] = (unsigned char) *replacement++;
	return length;
}

/* Hangul and Han would only be taken apart to be put together again. */
static bool
fingerprint_is_decomposable(pg_wchar c)
{
	return c >= 0xA0 && c < UNICODE_RAW_BYTE &&
		!(c >= 0x3400 && c <= 0x9FFF) && !(c >= 0xAC00 && c <= 0xD7A3);
}

/* What a key keeps of a character, at most 2 * FINGERPRINT_GROWTH. */
static int
fingerprint_expand(pg_wchar c, pg_wchar *out)
{
	pg_wchar	single[2] = {c, 0};
	pg_wchar   *parts;
	int			length = 0;

	if (!fingerprint_is_decomposable(c))
		return fingerprint_fold(c, out);

	parts = unicode_normalize(UNICODE_NFKD, single);
	/* an accent on its own decomposes to a blank with the accent */
	if (parts[0] != ' ' || parts[1] == 0)
		for (int i = 0; i < FINGERPRINT_GROWTH && parts[i] != 0; i++)
			length += fingerprint_fold(parts[i], out + length);
	pfree(parts);

	for (int i = 0; i < length; i++)
		if (!unicode_is_storable(out[i]))
		{
			out[0] = c;
			return 1;
		}
	return length;
}

/* Cleaned, folded and without punctuation; blanks stay if wanted. */
static UnicodeText
fingerprint_normalize(const text *input, bool blanks)
{
	UnicodeText ut = unicode_from_text(input);
	UnicodeText result;
	Size		room;

	clean_text_apply(&ut);
	room = ut.length + 2 * FINGERPRINT_GROWTH;
	result = unicode_alloc(room);
	for (Size i = 0; i < ut.length; i++)
	{
		pg_wchar	kept[2 * FINGERPRINT_GROWTH];
		int			count = fingerprint_expand(ut.chars[i], kept);

		CHECK_FOR_INTERRUPTS();
		if (result.length + count > room)
		{
			room = room * 2 + count;
			result.chars = repalloc_huge(result.chars, (room + 1) * sizeof(pg_wchar));
		}
		for (int k = 0; k < count; k++)
			if (blanks || kept[k] != ' ')
				result.chars[result.length++] = kept[k];
	}
	result.chars[result.length] = 0;
	pfree(ut.chars);

	unicode_compose(&result);
	return result;
}

/* By code point, the shorter one first. */
static int
fingerprint_piece_cmp(const void *left, const void *right, void *arg)
{
	const FingerprintPiece *a = left;
	const FingerprintPiece *b = right;
	Size		common = Min(a->length, b->length);

	for (Size i = 0; i < common; i++)
		if (a->chars[i] != b->chars[i])
			return a->chars[i] < b->chars[i] ? -1 : 1;
	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	return 0;
}

/* Sorts the pieces and joins the distinct ones. */
static text *
fingerprint_join(FingerprintPiece *pieces, Size count, bool blanks)
{
	Size		distinct = 0;
	Size		length = 0;
	UnicodeText key;

	qsort_interruptible(pieces, count, sizeof(FingerprintPiece),
						fingerprint_piece_cmp, NULL);
	for (Size i = 0; i < count; i++)
		if (distinct == 0 ||
			fingerprint_piece_cmp(&pieces[distinct - 1], &pieces[i], NULL) != 0)
		{
			pieces[distinct++] = pieces[i];
			length += pieces[i].length + blanks;
		}

	unicode_check_length(length);
	key = unicode_alloc(length);
	for (Size i = 0; i < distinct; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (blanks && i > 0)
			key.chars[key.length++] = ' ';
		memcpy(key.chars + key.length, pieces[i].chars,
			   pieces[i].length * sizeof(pg_wchar));
		key.length += pieces[i].length;
	}
	key.chars[key.length] = 0;
	return unicode_to_text(&key);
}

static FingerprintPiece *
fingerprint_alloc_pieces(Size count)
{
	return MemoryContextAllocHuge(CurrentMemoryContext,
								  Max(count, 1) * sizeof(FingerprintPiece));
}

/* fingerprint(value text) returns text */
Datum
fingerprint(PG_FUNCTION_ARGS)
{
	UnicodeText ut = fingerprint_normalize(PG_GETARG_TEXT_PP(0), true);
	FingerprintPiece *words;
	Size		count = 0;

	/* no more words than every other character */
	words = fingerprint_alloc_pieces(ut.length / 2 + 1);
	for (Size i = 0; i < ut.length;)
	{
		Size		start = i;

		while (i < ut.length && ut.chars[i] != ' ')
			i++;
		if (i > start)
		{
			words[count].chars = ut.chars + start;
			words[count++].length = i - start;
		}
		else
			i++;
	}
	PG_RETURN_TEXT_P(fingerprint_join(words, count, true));
}

static void
ngram_check_size(int32 n)
{
	if (n < 1 || n > NGRAM_MAX)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("n-gram size %d is out of range", n),
				errhint("The size must be between 1 and %d characters.", NGRAM_MAX));
}

/* ngram_fingerprint(value text, n integer) returns text */
Datum
ngram_fingerprint(PG_FUNCTION_ARGS)
{
	int32		n = PG_GETARG_INT32(1);
	UnicodeText ut;
	FingerprintPiece *grams;
	Size		count;

	ngram_check_size(n);
	ut = fingerprint_normalize(PG_GETARG_TEXT_PP(0), false);

	/* what is too short for one n-gram is its own key */
	if (ut.length <= (Size) n)
		PG_RETURN_TEXT_P(unicode_to_text(&ut));

	count = ut.length - n + 1;
	grams = fingerprint_alloc_pieces(count);
	for (Size i = 0; i < count; i++)
	{
		grams[i].chars = ut.chars + i;
		grams[i].length = n;
	}
	PG_RETURN_TEXT_P(fingerprint_join(grams, count, false));
}
