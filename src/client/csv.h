/*-------------------------------------------------------------------------
 *
 * csv.h
 *	  Rows and fields of a CSV file.
 *
 * IDENTIFICATION
 *	  src/client/csv.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CSV_H
#define CSV_H

#include "input.h"

/* What a field's bytes hold; a field without any can be copied as it is. */
#define CSV_HIGH		0x01	/* a byte above ASCII */
#define CSV_ESCAPE		0x02	/* backslash, tab or line break */
#define CSV_NUL			0x04	/* a zero byte */
#define CSV_DOUBLED		0x08	/* doubled quotes, to be made single */
#define CSV_QUOTED		0x10	/* stood in quotes, which are not part of it */

typedef enum CsvDefect
{
	CSV_FINE,
	CSV_AFTER_QUOTE,			/* text between a closing quote and a
								 * delimiter */
	CSV_UNTERMINATED			/* the file ends inside quotes */
} CsvDefect;

typedef struct CsvField
{
	size_t		start;			/* offset in the reader's buffer */
	size_t		length;
	int			flags;
} CsvField;

typedef struct CsvRow
{
	int64		line;			/* where it begins; the first line is 1 */
	size_t		start;			/* offset in the reader's buffer */
	size_t		length;			/* without the line break */
	int			nfields;		/* those past maxfields are only counted */
	CsvField   *fields;
	CsvDefect	defect;
	int			defect_field;	/* index of the field with the defect */
	int64		defect_line;	/* where the field with the defect begins */
} CsvRow;

typedef struct CsvReader
{
	Input	   *in;
	int			encoding;
	bool		embeds_ascii;	/* multibyte characters may hold ASCII bytes */
	char		quote;			/* 0: none */
	unsigned char class[256];	/* what a byte means, see csv.c */

	char	   *buf;			/* text that was read and not yet released */
	size_t		size;			/* allocated, but for the sentinel */
	size_t		used;
	size_t		next;			/* offset of the next row */
	int64		line;			/* and its line */
	bool		eof;			/* buf holds the rest of the file */
	bool		first;			/* no row was read yet */
	bool		cr_ends_line;	/* a lone CR ends a row */

	int			maxfields;		/* entries in row.fields */
	CsvRow		row;			/* the row last read */
} CsvReader;

extern CsvReader *csv_open(Input *in, int encoding, char delimiter, char quote, int maxfields);
extern bool csv_next(CsvReader *csv);
extern void csv_reread(CsvReader *csv, size_t start, size_t length);
extern void csv_release(CsvReader *csv);
extern void csv_set_maxfields(CsvReader *csv, int maxfields);
extern size_t csv_field_copy(const CsvReader *csv, const CsvField *field, char *to);
extern void csv_close(CsvReader *csv);

#endif							/* CSV_H */
