/*-------------------------------------------------------------------------
 *
 * preparation_value.h
 *	  Values of a column as numbers; see preparation_value.c.
 *
 * IDENTIFICATION
 *	  src/model/preparation_value.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_PREPARATION_VALUE_H
#define SHOPANALYTICS_PREPARATION_VALUE_H

#include "datatype/timestamp.h"
#include "fmgr.h"
#include "model/preparation.h"
#include "utils/date.h"
#include "utils/timestamp.h"

typedef enum ValueForm
{
	VALUE_NONE,					/* no number, no category */
	VALUE_BOOL,
	VALUE_INT2,
	VALUE_INT4,
	VALUE_INT8,
	VALUE_FLOAT4,
	VALUE_FLOAT8,
	VALUE_NUMERIC,
	VALUE_DATE,
	VALUE_TIMESTAMP,			/* with time zone, too */
	VALUE_TIME,
	VALUE_INTERVAL,
	VALUE_TEXT,					/* char(n) too: blanks at its end do not count */
	VALUE_WORD					/* a category of which only the output is
								 * known */
} ValueForm;

extern ValueForm value_form(Oid type);
extern FeatureKind value_kind(ValueForm form);
extern char *value_text(ValueForm form, FmgrInfo *output, Datum value);
extern double value_slow_number(ValueForm form, Datum value);

static inline bool
value_is_number(ValueForm form)
{
	return form > VALUE_NONE && form < VALUE_TEXT;
}

/* NaN and infinities, also of times, come out as such. */
static inline double
value_number(ValueForm form, Datum value)
{
	switch (form)
	{
		case VALUE_FLOAT8:
			return DatumGetFloat8(value);
		case VALUE_FLOAT4:
			return DatumGetFloat4(value);
		case VALUE_INT4:
			return DatumGetInt32(value);
		case VALUE_INT8:
			return (double) DatumGetInt64(value);
		case VALUE_INT2:
			return DatumGetInt16(value);
		case VALUE_BOOL:
			return DatumGetBool(value);
		default:
			return value_slow_number(form, value);
	}
}

#endif							/* SHOPANALYTICS_PREPARATION_VALUE_H */
