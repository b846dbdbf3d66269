/*-------------------------------------------------------------------------
 *
 * mode_list.c
 *	  Modes given by a user as a list with commas.
 *
 * IDENTIFICATION
 *	  src/behaviour/mode_list.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "parser/scansup.h"

#include "behaviour/mode_list.h"
#include "compat.h"

#define SHOWN_BYTES		64		/* of a word that is wrong */

static void
mode_list_unknown(const char *word, int len, const ModeWord *words)
{
	StringInfoData known;

	initStringInfo(&known);
	for (const ModeWord *w = words; w->word != NULL; w++)
		appendStringInfo(&known, "%s%s", w == words ? "" : ", ", w->word);

	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("mode \"%.*s\" is not known",
				   pg_mbcliplen(word, len, SHOWN_BYTES), word),
			errhint("Write one or several of these, with commas: %s.", known.data));
}

/* The bits of the words in the list; blanks around them do not matter. */
uint32
mode_list(const text *mode, const ModeWord *words)
{
	const char *at = VARDATA_ANY(mode);
	const char *end = at + VARSIZE_ANY_EXHDR(mode);
	uint32		bits = 0;

	for (;;)
	{
		const char *comma = memchr(at, ',', end - at);
		const char *stop = comma != NULL ? comma : end;
		const ModeWord *known = words;

		while (at < stop && scanner_isspace(*at))
			at++;
		while (stop > at && scanner_isspace(stop[-1]))
			stop--;
		while (known->word != NULL &&
			   (strlen(known->word) != stop - at ||
				memcmp(known->word, at, stop - at) != 0))
			known++;
		if (known->word == NULL)
			mode_list_unknown(at, stop - at, words);
		bits |= known->bit;

		if (comma == NULL)
			return bits;
		at = comma + 1;
	}
}
