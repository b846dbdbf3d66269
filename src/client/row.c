/*-------------------------------------------------------------------------
 *
 * row.c
 *	  A row of a file as a line of COPY data.
 *
 * COPY's text format is used, not CSV: a row is then one line whatever its
 * fields hold, so the line that an error of the server names is the row.  The
 * bytes stay in the encoding of the file; the server converts them.
 *
 * IDENTIFICATION
 *	  src/client/row.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include "mb/pg_wchar.h"

#include "row.h"

/* A line without content is no row, unless the table's only column is empty. */
bool
row_is_blank(const CsvReader *csv, const RowFormat *format)
{
	return csv->row.length == 0 && format->map->nfields > 1;
}

/* The most bytes that row_format() can need. */
size_t
row_room(const CsvReader *csv, const RowFormat *format)
{
	return csv->row.length * 2 + (size_t) format->map->nfields * (DATE_TEMPLATE_RESULT + 3);
}

static bool
is_null(const LoadOptions *opt, const char *value, const CsvField *field)
{
	if (field->flags & CSV_QUOTED)
		return false;
	if (opt->nulls.head == NULL)
		return field->length == 0;
	for (SimpleStringListCell *cell = opt->nulls.head; cell != NULL; cell = cell->next)
		if (strlen(cell->val) == field->length && memcmp(cell->val, value, field->length) == 0)
			return true;
	return false;
}

/* Where multibyte characters may hold a backslash, they are passed as one. */
static char *
copy_escaped(const char *value, size_t length, int encoding, bool embeds_ascii, char *to)
{
	const char *end = value + length;

	while (value < end)
	{
		char		c = *value++;

		switch (c)
		{
			case '\\':
				*to++ = '\\';
				*to++ = '\\';
				break;
			case '\t':
				*to++ = '\\';
				*to++ = 't';
				break;
			case '\n':
				*to++ = '\\';
				*to++ = 'n';
				break;
			case '\r':
				*to++ = '\\';
				*to++ = 'r';
				break;
			default:
				*to++ = c;
				if (embeds_ascii && IS_HIGHBIT_SET(c))
					for (int n = pg_encoding_mblen(encoding, value - 1); n > 1 && value < end; n--)
						*to++ = *value++;
		}
	}
	return to;
}

static bool
check_bytes(const LoadOptions *opt, const char *value, size_t length, int flags, RowDefect *defect)
{
	int			valid;

	if ((flags & (CSV_HIGH | CSV_NUL)) == 0)
		return true;
	valid = pg_encoding_verifymbstr(opt->encoding, value, length);
	if (valid == length)
		return true;
	if (value[valid] == '\0')
		snprintf(defect->reason, sizeof(defect->reason), "zero byte at byte %d", valid + 1);
	else
		snprintf(defect->reason, sizeof(defect->reason), "invalid byte for encoding %s: 0x%02x at byte %d",
				 opt->encoding_name, (unsigned char) value[valid], valid + 1);
	return false;
}

static bool
check_shape(const CsvRow *row, const Mapping *map, RowDefect *defect)
{
	defect->field = -1;
	switch (row->defect)
	{
		case CSV_FINE:
			break;
		case CSV_AFTER_QUOTE:
			snprintf(defect->reason, sizeof(defect->reason),
					 "text after the closing quote of field %d in line " INT64_FORMAT,
					 row->defect_field + 1, row->defect_line);
			return false;
		case CSV_UNTERMINATED:
			snprintf(defect->reason, sizeof(defect->reason),
					 "the quote that opens field %d in line " INT64_FORMAT " does not close before the end of the file",
					 row->defect_field + 1, row->defect_line);
			return false;
	}
	if (row->nfields != map->nfields)
	{
		snprintf(defect->reason, sizeof(defect->reason), "row has %d %s, but %d %s expected",
				 row->nfields, row->nfields == 1 ? "field" : "fields",
				 map->nfields, map->nfields == 1 ? "is" : "are");
		return false;
	}
	return true;
}

static const char *
single_quotes(const CsvReader *csv, RowFormat *format, const CsvField *field, size_t *length)
{
	if (format->scratch_size < field->length)
	{
		format->scratch_size = field->length * 2;
		format->scratch = pg_realloc(format->scratch, format->scratch_size);
	}
	*length = csv_field_copy(csv, field, format->scratch);
	return format->scratch;
}

/*
 * Writes the row last read, with its line feed, and returns the length; or 0
 * and the defect when it cannot be loaded.
 */
size_t
row_format(const CsvReader *csv, RowFormat *format, char *to, RowDefect *defect)
{
	const LoadOptions *opt = format->opt;
	const Mapping *map = format->map;
	const CsvRow *row = &csv->row;
	char	   *start = to;

	if (!check_shape(row, map, defect))
		return 0;

	for (int i = 0; i < map->nfields; i++)
	{
		const CsvField *field = &row->fields[i];
		const char *value = csv->buf + field->start;
		size_t		length = field->length;

		if (map->column[i] < 0)
			continue;
		if (is_null(opt, value, field))
		{
			*to++ = '\\';
			*to++ = 'N';
			*to++ = '\t';
			continue;
		}
		if (field->flags & CSV_DOUBLED)
			value = single_quotes(csv, format, field, &length);
		defect->field = i;
		if (!check_bytes(opt, value, length, field->flags, defect))
			return 0;
		if (opt->date_template != NULL && format->target->columns[map->column[i]].is_date)
		{
			if (!date_template_apply(opt->date_template, value, length, to,
									 defect->reason, sizeof(defect->reason)))
				return 0;
			to += strlen(to);
		}
		else if (field->flags & CSV_ESCAPE)
			to = copy_escaped(value, length, opt->encoding, csv->embeds_ascii, to);
		else
		{
			memcpy(to, value, length);
			to += length;
		}
		*to++ = '\t';
	}

	/* the last delimiter becomes the end of the line */
	to[-1] = '\n';
	return to - start;
}
