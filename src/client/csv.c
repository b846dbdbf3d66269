/*-------------------------------------------------------------------------
 *
 * csv.c
 *	  Rows and fields of a CSV file.
 *
 * The grammar is RFC 4180: a field that begins with a quote ends with the next
 * single one and may hold delimiters, line breaks and doubled quotes; a quote
 * inside any other field is an ordinary character (5" disk), which COPY would
 * take for the start of a quoted part that may swallow the following rows.
 * Rows end with LF or CR LF, mixed as they come, or with CR alone when the
 * first row does.  A defect spoils its own row only.
 *
 * The text read stays in one piece until it is released, and a row is only
 * offsets into it: nothing is copied here, and what a rejected row looked like
 * is still at hand.  A row that is cut by the end of the text is parsed again
 * from its start once more was read; as at least as much is read as the row has
 * already, that is linear also for rows of a gigabyte.
 *
 * IDENTIFICATION
 *	  src/client/csv.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include "common/logging.h"
#include "mb/pg_wchar.h"

#include "csv.h"

/* The server takes no larger field, and no larger line of COPY data. */
#define CSV_MAX_ROW		((size_t) 0x3fffffff)
#define CSV_MIN_READ	((size_t) 256 * 1024)

/* What a byte means, beside the CSV_ flags it gives its field. */
#define BYTE_DELIMITER	0x20
#define BYTE_QUOTE		0x40
#define BYTE_BREAK		0x80

#define FIELD_FLAGS		(CSV_HIGH | CSV_ESCAPE | CSV_NUL | CSV_DOUBLED | CSV_QUOTED)

/* In encodings whose characters embed ASCII, these bytes never are a part. */
#define FIRST_TRAIL_BYTE	0x30

static void
csv_classify(CsvReader *csv, char delimiter, char quote)
{
	for (int i = 0x80; i < 256; i++)
		csv->class[i] = CSV_HIGH;
	csv->class['\0'] = CSV_NUL;
	csv->class['\\'] = CSV_ESCAPE;
	csv->class['\t'] = CSV_ESCAPE;
	csv->class['\n'] = BYTE_BREAK;
	csv->class['\r'] = BYTE_BREAK;
	csv->class[(unsigned char) delimiter] |= BYTE_DELIMITER;
	if (quote)
		csv->class[(unsigned char) quote] |= BYTE_QUOTE;
}

/* Reads on; at the end of the file sets eof. */
static void
csv_fill(CsvReader *csv)
{
	size_t		pending = csv->used - csv->next;
	size_t		want = Max(CSV_MIN_READ, pending);
	size_t		got;

	if (pending > CSV_MAX_ROW)
	{
		pg_log_error("file \"%s\", line " INT64_FORMAT ": row is longer than 1 GB",
					 input_name(csv->in), csv->line);
		pg_log_error_hint("If a quote opens in this row and does not close, close it; or give another --quote.");
		exit(1);
	}

	if (csv->used + want > csv->size)
	{
		csv->size = Max(csv->used + want, csv->size * 2);
		csv->buf = pg_realloc(csv->buf, csv->size + 1);
	}
	got = input_read(csv->in, csv->buf + csv->used, want);
	csv->used += got;
	csv->eof = got < want;
}

/* A byte order mark says what the file is, and is no part of its first name. */
static void
csv_skip_mark(CsvReader *csv)
{
	const unsigned char *text = (const unsigned char *) csv->buf;

	if (csv->used >= 2 &&
		((text[0] == 0xFF && text[1] == 0xFE) || (text[0] == 0xFE && text[1] == 0xFF)))
	{
		pg_log_error("file \"%s\" is encoded in UTF-16", input_name(csv->in));
		pg_log_error_hint("Convert it: iconv -f UTF-16 -t UTF-8 FILE | shopctl load ... -");
		exit(1);
	}
	if (csv->encoding == PG_UTF8 && csv->used >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		csv->next = 3;
}

CsvReader *
csv_open(Input *in, int encoding, char delimiter, char quote, int maxfields)
{
	CsvReader  *csv = pg_malloc0(sizeof(CsvReader));

	csv->in = in;
	csv->encoding = encoding;
	csv->embeds_ascii = PG_ENCODING_IS_CLIENT_ONLY(encoding);
	csv->quote = quote;
	csv->line = 1;
	csv->first = true;
	csv_classify(csv, delimiter, quote);
	csv_set_maxfields(csv, maxfields);
	csv_fill(csv);
	csv_skip_mark(csv);
	return csv;
}

/* Steps to the last byte of a character whose other bytes may look like ASCII. */
static const unsigned char *
csv_last_byte(const CsvReader *csv, const unsigned char *p, const unsigned char *stop)
{
	int			length = pg_encoding_mblen(csv->encoding, (const char *) p);

	while (--length > 0 && p + 1 < stop && p[1] >= FIRST_TRAIL_BYTE)
		p++;
	return p;
}

/*
 * Parses the row that starts there into csv->row and sets *next to the start of
 * the one after it.  False when the text ends before the row surely does, which
 * cannot be when whole says that no more follows.  The caller has put a line
 * feed at the end of the text, so that the inner loops need not look for it.
 */
static bool
csv_parse(CsvReader *csv, size_t start, size_t end, bool whole,
		  size_t *next, int64 *nlines)
{
	const unsigned char *const base = (const unsigned char *) csv->buf;
	const unsigned char *const stop = base + end;
	const unsigned char *const class = csv->class;
	const int	stepping = csv->embeds_ascii ? CSV_HIGH : 0;
	const unsigned char *p = base + start;
	CsvRow	   *row = &csv->row;
	int64		lines = 0;

	row->start = start;
	row->line = csv->line;
	row->nfields = 0;
	row->defect = CSV_FINE;

	for (;;)
	{
		const unsigned char *from = p;
		const unsigned char *to = NULL; /* end of the field when in quotes */
		int64		from_line = lines;
		int			flags = 0;
		int			c;
		CsvDefect	defect = CSV_FINE;

		if (p < stop && (class[*p] & BYTE_QUOTE))
		{
			flags = CSV_QUOTED;
			p++;
			for (;;)
			{
				while (((c = class[*p]) & (BYTE_QUOTE | BYTE_BREAK)) == 0)
				{
					flags |= c;
					if (c & stepping)
						p = csv_last_byte(csv, p, stop);
					p++;
				}
				if (p >= stop)
				{
					if (!whole)
						return false;
					defect = CSV_UNTERMINATED;
					break;
				}
				if (c & BYTE_BREAK)
				{
					if (*p == '\n' || csv->cr_ends_line)
						lines++;
					flags |= CSV_ESCAPE;
					p++;
					continue;
				}
				if (p + 1 >= stop && !whole)
					return false;
				if (p + 1 < stop && p[1] == *p)
				{
					flags |= CSV_DOUBLED | c;
					p += 2;
					continue;
				}
				to = p++;
				break;
			}
		}

		/* Unquoted text, of which there must be none after a closing quote. */
		for (;;)
		{
			while (((c = class[*p]) & (BYTE_DELIMITER | BYTE_BREAK)) == 0)
			{
				flags |= c;
				if (c & stepping)
					p = csv_last_byte(csv, p, stop);
				p++;
			}
			if (p >= stop)
			{
				if (!whole)
					return false;
				break;
			}
			if ((c & BYTE_DELIMITER) || *p == '\n')
				break;

			/* a CR: part of a line break, or data */
			if (p + 1 >= stop && !whole)
				return false;
			if (csv->first && p + 1 < stop && p[1] != '\n')
				csv->cr_ends_line = true;
			if (csv->cr_ends_line || p + 1 >= stop || p[1] == '\n')
				break;
			flags |= CSV_ESCAPE;
			p++;
		}
		if (to != NULL && p > to + 1)
			defect = CSV_AFTER_QUOTE;

		if (defect != CSV_FINE && row->defect == CSV_FINE)
		{
			row->defect = defect;
			row->defect_field = row->nfields;
			row->defect_line = csv->line + from_line;
		}
		if (row->nfields < csv->maxfields)
		{
			CsvField   *field = &row->fields[row->nfields];

			if (to != NULL && defect == CSV_FINE)
			{
				field->start = from + 1 - base;
				field->length = to - from - 1;
				field->flags = flags & FIELD_FLAGS;
			}
			else
			{
				/* a defective field is kept as it stands, quotes and all */
				field->start = from - base;
				field->length = p - from;
				field->flags = flags & FIELD_FLAGS & ~(CSV_QUOTED | CSV_DOUBLED);
			}
		}
		row->nfields++;

		if (p < stop && (class[*p] & BYTE_DELIMITER))
		{
			p++;
			continue;
		}
		break;
	}

	row->length = p - base - start;
	if (p < stop)
	{
		lines++;
		p += (*p == '\r' && p + 1 < stop && p[1] == '\n') ? 2 : 1;
	}
	*next = p - base;
	*nlines = lines;
	return true;
}

/* Reads the next row into csv->row; false at the end of the file. */
bool
csv_next(CsvReader *csv)
{
	for (;;)
	{
		size_t		next;
		int64		nlines;

		if (csv->next == csv->used && csv->eof)
			return false;
		csv->buf[csv->used] = '\n';
		if (csv->next < csv->used &&
			csv_parse(csv, csv->next, csv->used, csv->eof, &next, &nlines))
		{
			csv->first = false;
			csv->next = next;
			csv->line += nlines;
			return true;
		}
		csv_fill(csv);
	}
}

/* Parses a row that csv_next() had once more; it must not be released yet. */
void
csv_reread(CsvReader *csv, size_t start, size_t length)
{
	char		saved = csv->buf[start + length];
	size_t		next;
	int64		nlines;

	csv->buf[start + length] = '\n';
	(void) csv_parse(csv, start, start + length, true, &next, &nlines);
	csv->buf[start + length] = saved;
}

/* Forgets the rows read so far. */
void
csv_release(CsvReader *csv)
{
	csv->used -= csv->next;
	memmove(csv->buf, csv->buf + csv->next, csv->used);
	csv->next = 0;
}

/* Fields past that number are counted and not kept. */
void
csv_set_maxfields(CsvReader *csv, int maxfields)
{
	csv->maxfields = maxfields;
	csv->row.fields = pg_realloc(csv->row.fields, sizeof(CsvField) * maxfields);
}

/* Writes a field's value, at most its length; returns the length of the value. */
size_t
csv_field_copy(const CsvReader *csv, const CsvField *field, char *to)
{
	const char *from = csv->buf + field->start;
	const char *end = from + field->length;
	char	   *p = to;

	if ((field->flags & CSV_DOUBLED) == 0)
	{
		memcpy(to, from, field->length);
		return field->length;
	}
	while (from < end)
	{
		const char *last = from;

		if (csv->embeds_ascii && IS_HIGHBIT_SET(*from))
			last = (const char *) csv_last_byte(csv, (const unsigned char *) from,
												(const unsigned char *) end);
		if (*from == csv->quote)
			from++, last++;
		while (from <= last)
			*p++ = *from++;
	}
	return p - to;
}

void
csv_close(CsvReader *csv)
{
	pg_free(csv->row.fields);
	pg_free(csv->buf);
	pg_free(csv);
}
