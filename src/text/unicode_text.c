/*-------------------------------------------------------------------------
 *
 * unicode_text.c
 *	  Text as an array of code points, whatever the server encoding.
 *
 * Text of a UTF8 database is decoded; text of other encodings is converted to
 * UTF-8 first and back at the end.  Where there is no conversion (SQL_ASCII,
 * MULE_INTERNAL, a character that Unicode does not have), bytes with the high
 * bit set become raw units that no rule matches and that are written back as
 * they were; no server encoding uses ASCII bytes inside a longer character.
 * The same units carry invalid bytes that got into a UTF8 database.
 *
 * A transformation may put in characters that the server encoding lacks (LATIN1
 * has y with diaeresis, but not its capital).  It asks unicode_is_storable()
 * first, so that the way back never fails.
 *
 * IDENTIFICATION
 *	  src/text/unicode_text.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "text/unicode_class.h"
#include "text/unicode_text.h"

/*
 * Longest run of combining marks that is put into canonical order, from UAX
 * #15, section 13 (Stream-Safe Text Format).  The server's normalization sorts
 * marks by insertion, which a megabyte of them would turn into hours.
 */
#define UNICODE_MAX_MARKS	30

/* Room for that many code points and a terminator. */
UnicodeText
unicode_alloc(Size length)
{
	UnicodeText ut;

	ut.chars = MemoryContextAllocHuge(CurrentMemoryContext,
									  (length + 1) * sizeof(pg_wchar));
	ut.chars[0] = 0;
	ut.length = 0;
	return ut;
}

/* One character, or one raw byte; returns the number of bytes taken. */
static int
unicode_decode(const unsigned char *s, const unsigned char *end, pg_wchar *c)
{
	int			length;

	if (*s < 0x80)
	{
		*c = *s;
		return 1;
	}
	length = pg_utf_mblen(s);
	if (length > end - s || length == 1 || !pg_utf8_islegal(s, length))
	{
		*c = UNICODE_RAW_BYTE + *s;
		return 1;
	}
	*c = utf8_to_unicode(s);
	return length;
}

/*
 * The conversion between the server encoding and UTF-8, or InvalidOid.  The
 * database encoding never changes, but the conversion is looked up each time,
 * as it may be dropped.
 */
static Oid
unicode_conversion(bool to_utf8)
{
	int			encoding = GetDatabaseEncoding();

	if (encoding == PG_SQL_ASCII || encoding == PG_UTF8)
		return InvalidOid;
	return to_utf8 ? FindDefaultConversionProc(encoding, PG_UTF8)
		: FindDefaultConversionProc(PG_UTF8, encoding);
}

static int
unicode_utf8_length(pg_wchar c)
{
	return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

static bool
unicode_has_high_bit(const unsigned char *s, Size length)
{
	for (Size i = 0; i < length; i++)
		if (IS_HIGHBIT_SET(s[i]))
			return true;
	return false;
}

/*
 * Converts all of s, or returns NULL.  Text too long for the buffer of the
 * worst case is not converted.
 */
static unsigned char *
unicode_convert(const unsigned char *s, Size length, bool to_utf8, Size *converted)
{
	Oid			proc = unicode_conversion(to_utf8);
	int			encoding = GetDatabaseEncoding();
	Size		room;
	unsigned char *result;
	int			done;

	if (!OidIsValid(proc) || length > MaxAllocSize / MAX_CONVERSION_GROWTH - 2)
		return NULL;

	/* one character more than needed: the conversion keeps one back */
	room = (length + 1) * MAX_CONVERSION_GROWTH + 1;
	result = palloc(room);
	done = pg_do_encoding_conversion_buf(proc,
										 to_utf8 ? encoding : PG_UTF8,
										 to_utf8 ? PG_UTF8 : encoding,
										 (unsigned char *) s, (int) length,
										 result, (int) room, true);
	if (done != length)
	{
		pfree(result);
		return NULL;
	}
	*converted = strlen((char *) result);
	return result;
}

UnicodeText
unicode_from_text(const text *input)
{
	const unsigned char *s = (const unsigned char *) VARDATA_ANY(input);
	Size		length = VARSIZE_ANY_EXHDR(input);
	const unsigned char *end;
	unsigned char *converted = NULL;
	bool		decode = GetDatabaseEncoding() == PG_UTF8;
	UnicodeText result;

	if (!decode && unicode_has_high_bit(s, length))
	{
		converted = unicode_convert(s, length, true, &length);
		if (converted != NULL)
		{
			s = converted;
			decode = true;
		}
	}

	result = unicode_alloc(length);
	end = s + length;
	while (s < end)
	{
		pg_wchar   *c = &result.chars[result.length++];

		if (decode)
			s += unicode_decode(s, end, c);
		else
		{
			*c = IS_HIGHBIT_SET(*s) ? UNICODE_RAW_BYTE + *s : *s;
			s++;
		}
		CHECK_FOR_INTERRUPTS();
	}
	result.chars[result.length] = 0;
	if (converted != NULL)
		pfree(converted);
	return result;
}

/* A code point takes a byte at least, so code points can be checked early. */
void
unicode_check_length(Size bytes)
{
	if (bytes > MaxAllocSize - VARHDRSZ)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("result of %zu bytes or more is too long for a text value", bytes));
}

text *
unicode_to_text(const UnicodeText *ut)
{
	Size		bytes = 0;
	bool		raw = false;
	bool		high = false;
	text	   *result;
	unsigned char *out;

	for (Size i = 0; i < ut->length; i++)
	{
		pg_wchar	c = ut->chars[i];

		if (c >= UNICODE_RAW_BYTE)
		{
			raw = true;
			bytes++;
		}
		else
			bytes += unicode_utf8_length(c);
		high |= c >= 0x80;
	}
	unicode_check_length(bytes);

	result = palloc(VARHDRSZ + bytes);
	SET_VARSIZE(result, VARHDRSZ + bytes);
	out = (unsigned char *) VARDATA(result);
	for (Size i = 0; i < ut->length; i++)
	{
		pg_wchar	c = ut->chars[i];

		if (c >= UNICODE_RAW_BYTE)
			*out++ = (unsigned char) (c - UNICODE_RAW_BYTE);
		else
		{
			unicode_to_utf8(c, out);
			out += unicode_utf8_length(c);
		}
	}

	if (high && !raw && GetDatabaseEncoding() != PG_UTF8)
	{
		char	   *back = pg_any_to_server(VARDATA(result), (int) bytes, PG_UTF8);
		text	   *converted = cstring_to_text(back);

		pfree(back);
		pfree(result);
		return converted;
	}
	return result;
}

/* Does the server encoding have this character? */
bool
unicode_is_storable(pg_wchar c)
{
	unsigned char utf8[MAX_MULTIBYTE_CHAR_LEN + 1];
	unsigned char *converted;
	Size		length;

	if (c < 0x80 || GetDatabaseEncoding() == PG_UTF8)
		return true;

	unicode_to_utf8(c, utf8);
	converted = unicode_convert(utf8, unicode_utf8_length(c), false, &length);
	if (converted == NULL)
		return false;
	pfree(converted);
	return true;
}

static bool
unicode_is_stream_safe(const UnicodeText *ut)
{
	int			marks = 0;

	for (Size i = 0; i < ut->length; i++)
	{
		UnicodeClass class = ut->chars[i] < 0x300 ? UNICODE_OTHER
		: unicode_class_of(ut->chars[i]);

		marks = class == UNICODE_ACCENT || class == UNICODE_MARK ? marks + 1 : 0;
		if (marks > UNICODE_MAX_MARKS)
			return false;
		CHECK_FOR_INTERRUPTS();
	}
	return true;
}

/*
 * Normalization Form C, in UTF8 databases: elsewhere text is not decomposed in
 * practice, and a composed form may be missing.  Text that is not stream-safe
 * stays as it is.
 */
void
unicode_compose(UnicodeText *ut)
{
	bool		beyond_latin = false;
	pg_wchar   *composed;

	/* all characters below U+0300 are normalized */
	for (Size i = 0; i < ut->length && !beyond_latin; i++)
		beyond_latin = ut->chars[i] >= 0x300;

	if (!beyond_latin || GetDatabaseEncoding() != PG_UTF8 ||
		unicode_is_normalized_quickcheck(UNICODE_NFC, ut->chars) == UNICODE_NORM_QC_YES ||
		!unicode_is_stream_safe(ut))
		return;

	composed = unicode_normalize(UNICODE_NFC, ut->chars);
	pfree(ut->chars);
	ut->chars = composed;
	ut->length = 0;
	while (ut->chars[ut->length] != 0)
		ut->length++;
}
