/*-------------------------------------------------------------------------
 *
 * unicode_class.c
 *	  Character classes and case mappings that depend on no locale.
 *
 * The server's own lower() and upper() follow the collation: in the C locale
 * they know ASCII only.  Functions that are marked immutable and whose results
 * are stored as keys must not differ from one database to the next, hence
 * tables of our own.
 *
 * Case mappings are the simple ones, one character for one character.
 *
 * IDENTIFICATION
 *	  src/text/unicode_class.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "text/unicode_class.h"

typedef struct UnicodeRange
{
	pg_wchar	first;
	pg_wchar	last;
	UnicodeClass class;
} UnicodeRange;

/* every step-th character from first to last maps to itself plus delta */
typedef struct UnicodeCaseRun
{
	pg_wchar	first;
	pg_wchar	last;
	int			step;
	int			delta;
} UnicodeCaseRun;

#include "text/unicode_table.h"

UnicodeClass
unicode_class_of(pg_wchar c)
{
	int			low = 0;
	int			high = lengthof(unicode_ranges) - 1;

	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return UNICODE_OTHER;

	while (low <= high)
	{
		int			mid = (low + high) / 2;

		if (c < unicode_ranges[mid].first)
			high = mid - 1;
		else if (c > unicode_ranges[mid].last)
			low = mid + 1;
		else
			return unicode_ranges[mid].class;
	}
	return UNICODE_OTHER;
}

static pg_wchar
unicode_case_map(const UnicodeCaseRun *runs, int count, pg_wchar c)
{
	int			low = 0;
	int			high = count - 1;

	while (low <= high)
	{
		int			mid = (low + high) / 2;

		if (c < runs[mid].first)
			high = mid - 1;
		else if (c > runs[mid].last)
			low = mid + 1;
		else if ((c - runs[mid].first) % runs[mid].step == 0)
			return c + runs[mid].delta;
		else
			break;
	}
	return c;
}

pg_wchar
unicode_lower_of(pg_wchar c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
	return unicode_case_map(unicode_lower_runs, lengthof(unicode_lower_runs), c);
}

/* The form a letter takes at the start of a word: upper case, or title case. */
pg_wchar
unicode_title_of(pg_wchar c)
{
	if (c < 0x80)
		return c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c;
	return unicode_case_map(unicode_title_runs, lengthof(unicode_title_runs), c);
}

/* One form for all letters that differ by case only, final sigma included. */
pg_wchar
unicode_fold_of(pg_wchar c)
{
	return unicode_lower_of(unicode_title_of(c));
}
