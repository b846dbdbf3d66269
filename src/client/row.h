/*-------------------------------------------------------------------------
 *
 * row.h
 *	  A row of a file as a line of COPY data.
 *
 * IDENTIFICATION
 *	  src/client/row.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef ROW_H
#define ROW_H

#include "csv.h"
#include "mapping.h"

/* Why a row cannot even be sent. */
typedef struct RowDefect
{
	int			field;			/* index of the field, -1: the row as a whole */
	char		reason[256];
} RowDefect;

typedef struct RowFormat
{
	const LoadOptions *opt;
	const Target *target;
	const Mapping *map;
	char	   *scratch;		/* for a field with doubled quotes */
	size_t		scratch_size;
} RowFormat;

extern bool row_is_blank(const CsvReader *csv, const RowFormat *format);
extern size_t row_room(const CsvReader *csv, const RowFormat *format);
extern size_t row_format(const CsvReader *csv, RowFormat *format, char *to, RowDefect *defect);

#endif							/* ROW_H */
