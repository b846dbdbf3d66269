/*-------------------------------------------------------------------------
 *
 * unicode_class.h
 *	  What a character is, for cleaning text, and its simple case mappings.
 *
 * IDENTIFICATION
 *	  src/text/unicode_class.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_UNICODE_CLASS_H
#define SHOPANALYTICS_UNICODE_CLASS_H

#include "mb/pg_wchar.h"

typedef enum UnicodeClass
{
	UNICODE_OTHER,				/* letters, digits, and all that is not below */
	UNICODE_SPACE,				/* property White_Space */
	UNICODE_REMOVED,			/* controls, and format characters that carry
								 * nothing but layout */
	UNICODE_JOINER,				/* meaningful between some letters or emoji */
	UNICODE_TAG,				/* meaningful after a black flag */
	UNICODE_VARIATION,			/* variation selectors */
	UNICODE_PUNCTUATION,		/* categories P* */
	UNICODE_SYMBOL,				/* categories Sm, Sc and So */
	UNICODE_MODIFIER,			/* categories Lm and Sk */
	UNICODE_ACCENT,				/* the blocks of combining diacritical marks */
	UNICODE_MARK				/* other characters with a combining class */
} UnicodeClass;

extern UnicodeClass unicode_class_of(pg_wchar c);
extern pg_wchar unicode_lower_of(pg_wchar c);
extern pg_wchar unicode_title_of(pg_wchar c);
extern pg_wchar unicode_fold_of(pg_wchar c);

#endif							/* SHOPANALYTICS_UNICODE_CLASS_H */
