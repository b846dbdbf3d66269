/*-------------------------------------------------------------------------
 *
 * row_image.h
 *	  Images of rows: jsonb of columns and values.
 *
 * IDENTIFICATION
 *	  src/audit/row_image.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef ROW_IMAGE_H
#define ROW_IMAGE_H

#include "access/tupdesc.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/jsonb.h"

/* How values of a column are written. */
typedef enum ImageKind
{
	IMAGE_INT2,
	IMAGE_INT4,
	IMAGE_INT8,
	IMAGE_FLOAT4,
	IMAGE_FLOAT8,
	IMAGE_NUMERIC,
	IMAGE_BOOL,
	IMAGE_JSONB,
	IMAGE_TEXT,					/* the bytes of the value */
	IMAGE_DATE,
	IMAGE_TIMESTAMP,
	IMAGE_TIMESTAMPTZ,
	IMAGE_OUTPUT				/* what the type's output function says */
} ImageKind;

typedef struct ImageColumn
{
	int			place;			/* among the values of a row, from 0 */
	int16		typlen;
	bool		typbyval;
	ImageKind	kind;
	bool		needs_pin;		/* its text depends on settings */
	FmgrInfo	output;			/* of IMAGE_OUTPUT */
	const char *name;
	int			name_length;
	char		use;			/* for the caller */
} ImageColumn;

extern bool image_column_init(ImageColumn *column, TupleDesc desc, int place);
extern void image_sort_columns(ImageColumn *columns, int ncolumns);
extern int	image_pin_settings(void);
extern bool image_is_same(const ImageColumn *column, Datum a, bool a_is_null, Datum b, bool b_is_null);
extern void image_value(ImageColumn *column, Datum value, bool isnull, JsonbValue *result);
extern bool image_texts_are_equal(const JsonbValue *a, const JsonbValue *b);
extern void image_name(const ImageColumn *column, JsonbPair *pair);
extern void image_append_text(StringInfo text, const JsonbPair *pairs, int npairs);
extern Jsonb *image_object(JsonbPair *pairs, int npairs);

#endif							/* ROW_IMAGE_H */
