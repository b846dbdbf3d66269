/*-------------------------------------------------------------------------
 *
 * unicode_text.h
 *	  Text as an array of code points, whatever the server encoding.
 *
 * IDENTIFICATION
 *	  src/text/unicode_text.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_UNICODE_TEXT_H
#define SHOPANALYTICS_UNICODE_TEXT_H

#include "common/unicode_norm.h"
#include "mb/pg_wchar.h"

/*
 * A byte that is no part of a character, as found in SQL_ASCII databases, is
 * kept as this plus the byte.
 */
#define UNICODE_RAW_BYTE	0x110000

typedef struct UnicodeText
{
	pg_wchar   *chars;			/* zero-terminated */
	Size		length;
} UnicodeText;

extern UnicodeText unicode_from_text(const text *input);
extern void unicode_check_length(Size bytes);
extern text *unicode_to_text(const UnicodeText *ut);
extern bool unicode_is_storable(pg_wchar c);
extern void unicode_compose(UnicodeText *ut);
extern UnicodeText unicode_alloc(Size length);

#endif							/* SHOPANALYTICS_UNICODE_TEXT_H */
