/*-------------------------------------------------------------------------
 *
 * row_image.c
 *	  Images of rows: jsonb of columns and values, from which the values come
 *	  back by the input functions of their types.
 *
 * Numbers and booleans are those of jsonb; NaN, infinities and -0, which it
 * does not have, are text.  A jsonb is itself, but JSON's null, which must not
 * be taken for a null of SQL, is {"$json": null}, and so is wrapped what would
 * be taken for a wrapping.  Everything else is the text that the type's output
 * function gives, arrays and composite values too: an image is written with
 * whatever rights, and to_jsonb() would call casts to json that anybody made.
 *
 * An image is the same in any session: what is written often is written here
 * without a look at settings, and for the rest the caller pins them.
 *
 * IDENTIFICATION
 *	  src/audit/row_image.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/bytea.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/datum.h"
#include "utils/float.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/pg_locale.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "audit/row_image.h"
#include "compat.h"

#define IMAGE_WRAPPER "$json"
#define IMAGE_WRAPPER_LENGTH 5

PG_FUNCTION_INFO_V1(_row_image);

static ImageKind
image_kind(Oid type)
{
	switch (getBaseType(type))
	{
		case INT2OID:
			return IMAGE_INT2;
		case INT4OID:
			return IMAGE_INT4;
		case INT8OID:
			return IMAGE_INT8;
		case FLOAT4OID:
			return IMAGE_FLOAT4;
		case FLOAT8OID:
			return IMAGE_FLOAT8;
		case NUMERICOID:
			return IMAGE_NUMERIC;
		case BOOLOID:
			return IMAGE_BOOL;
		case JSONBOID:
			return IMAGE_JSONB;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			return IMAGE_TEXT;
		case DATEOID:
			return IMAGE_DATE;
		case TIMESTAMPOID:
			return IMAGE_TIMESTAMP;
		case TIMESTAMPTZOID:
			return IMAGE_TIMESTAMPTZ;
		default:
			return IMAGE_OUTPUT;
	}
}

/*
 * False for a column that has no value to write down.  The name is that of the
 * descriptor, which must live as long.
 */
bool
image_column_init(ImageColumn *column, TupleDesc desc, int place)
{
	Form_pg_attribute attribute = TupleDescAttr(desc, place);

	if (attribute->attisdropped || attribute->attgenerated == 'v')
		return false;

	column->place = place;
	column->typlen = attribute->attlen;
	column->typbyval = attribute->attbyval;
	column->kind = image_kind(attribute->atttypid);
	column->needs_pin = false;
	column->name = NameStr(attribute->attname);
	column->name_length = strlen(column->name);
	column->use = '\0';
	if (column->kind == IMAGE_OUTPUT)
	{
		Oid			output;
		bool		is_varlena;

		getTypeOutputInfo(attribute->atttypid, &output, &is_varlena);
		fmgr_info(output, &column->output);
		column->needs_pin = attribute->atttypid != UUIDOID && !type_is_enum(attribute->atttypid);
	}
	return true;
}

/* In the order that keys of jsonb have: shorter ones first. */
static int
image_column_cmp(const void *a, const void *b)
{
	const ImageColumn *x = a;
	const ImageColumn *y = b;

	if (x->name_length != y->name_length)
		return x->name_length < y->name_length ? -1 : 1;
	return memcmp(x->name, y->name, x->name_length);
}

void
image_sort_columns(ImageColumn *columns, int ncolumns)
{
	qsort(columns, ncolumns, sizeof(ImageColumn), image_column_cmp);
}

static void
image_pin(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Sets what the text of values depends on, until AtEOXact_GUC() of the result.
 * What is set so already is left alone: setting takes longer than a look.
 */
int
image_pin_settings(void)
{
	int			nestlevel = NewGUCNestLevel();

	if (DateStyle != USE_ISO_DATES)
		image_pin("datestyle", "ISO");
	if (IntervalStyle != INTSTYLE_POSTGRES)
		image_pin("intervalstyle", "postgres");
	if (strcmp(pg_get_timezone_name(session_timezone), "UTC") != 0)
		image_pin("timezone", "UTC");
	if (extra_float_digits < 1)
		image_pin("extra_float_digits", "1");
	if (bytea_output != BYTEA_OUTPUT_HEX)
		image_pin("bytea_output", "hex");
	if (strcmp(locale_monetary, "C") != 0)
		image_pin("lc_monetary", "C");

	/*
	 * Names of tables, functions and types are written as far as they are
	 * needed.
	 */
	if (strcmp(namespace_search_path, "pg_catalog, pg_temp") != 0)
		image_pin("search_path", "pg_catalog, pg_temp");

	return nestlevel;
}

/*
 * Whether two values are the same bytes.  What is kept out of line and was not
 * changed is recognised by its pointer, and not fetched.
 */
bool
image_is_same(const ImageColumn *column, Datum a, bool a_is_null, Datum b, bool b_is_null)
{
	if (a_is_null || b_is_null)
		return a_is_null && b_is_null;
	if (column->typbyval)
		return a == b;
	if (column->typlen == -1)
	{
		Size		size = VARSIZE_ANY(DatumGetPointer(a));

		if (size == VARSIZE_ANY(DatumGetPointer(b)) && memcmp(DatumGetPointer(a), DatumGetPointer(b), size) == 0)
			return true;
	}
	return datum_image_eq(a, b, column->typbyval, column->typlen);
}

static void
image_string(JsonbValue *result, const char *string, Size length)
{
	result->type = jbvString;
	result->val.string.val = unconstify(char *, string);
	result->val.string.len = length;
}

static void
image_text(JsonbValue *result, const char *text)
{
	image_string(result, text, strlen(text));
}

static void
image_numeric(JsonbValue *result, Numeric number)
{
	if (numeric_is_nan(number) || numeric_is_inf(number))
	{
		image_text(result, DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number))));
		return;
	}
	result->type = jbvNumeric;
	result->val.numeric = number;
}

/* A float by its shortest text that gives it back. */
static void
image_float(JsonbValue *result, const char *text, double value)
{
	if (isnan(value) || isinf(value))
		image_text(result, isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
	else if (value == 0 && signbit(value))
		image_text(result, "-0");
	else
	{
		result->type = jbvNumeric;
		result->val.numeric = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	}
}

static void
image_wrap(JsonbValue *result, const JsonbValue *content)
{
	JsonbPair  *pair = palloc0(sizeof(JsonbPair));

	image_string(&pair->key, IMAGE_WRAPPER, IMAGE_WRAPPER_LENGTH);
	pair->value = *content;
	result->type = jbvObject;
	result->val.object.nPairs = 1;
	result->val.object.pairs = pair;
}

/* A value of jsonb as a tree, which can be part of another. */
static JsonbValue *
image_unpack(Jsonb *json)
{
	JsonbIterator *iterator = JsonbIteratorInit(&json->root);
	JsonbParseState *state = NULL;
	JsonbIteratorToken token;
	JsonbValue	item;
	JsonbValue *tree = NULL;

	while ((token = JsonbIteratorNext(&iterator, &item, false)) != WJB_DONE)
		tree = pushJsonbValue(&state, token, token < WJB_BEGIN_ARRAY ? &item : NULL);
	return tree;
}

static void
image_jsonb(JsonbValue *result, Jsonb *json)
{
	JsonbValue	content;
	bool		is_wrapping = false;

	if (JB_ROOT_IS_SCALAR(json))
	{
		(void) JsonbExtractScalar(&json->root, &content);
		is_wrapping = content.type == jbvNull;
	}
	else
	{
		content = *image_unpack(json);
		if (content.type == jbvObject && content.val.object.nPairs == 1)
		{
			JsonbValue *key = &content.val.object.pairs[0].key;

			is_wrapping = key->val.string.len == IMAGE_WRAPPER_LENGTH && memcmp(key->val.string.val, IMAGE_WRAPPER, IMAGE_WRAPPER_LENGTH) == 0;
		}
	}

	if (is_wrapping)
		image_wrap(result, &content);
	else
		*result = content;
}

static void
image_timestamp(JsonbValue *result, Timestamp timestamp, bool has_zone)
{
	char	   *text = palloc(MAXDATELEN + 1);
	struct pg_tm tm;
	fsec_t		fsec;

	if (TIMESTAMP_NOT_FINITE(timestamp))
		EncodeSpecialTimestamp(timestamp, text);
	else
	{
		if (timestamp2tm(timestamp, NULL, &tm, &fsec, NULL, NULL) != 0)
			ereport(ERROR,
					errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					errmsg("timestamp out of range"));
		tm.tm_isdst = 0;
		EncodeDateTime(&tm, fsec, has_zone, 0, NULL, USE_ISO_DATES, text);
	}
	image_text(result, text);
}

static void
image_date(JsonbValue *result, DateADT date)
{
	char	   *text = palloc(MAXDATELEN + 1);
	struct pg_tm tm;

	if (DATE_NOT_FINITE(date))
		EncodeSpecialDate(date, text);
	else
	{
		j2date(date + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
		EncodeDateOnly(&tm, USE_ISO_DATES, text);
	}
	image_text(result, text);
}

static void
image_int(JsonbValue *result, int64 value)
{
	result->type = jbvNumeric;
	result->val.numeric = int64_to_numeric(value);
}

/* A value of a column, which may point into the one given. */
void
image_value(ImageColumn *column, Datum value, bool isnull, JsonbValue *result)
{
	if (isnull)
	{
		result->type = jbvNull;
		return;
	}

	switch (column->kind)
	{
		case IMAGE_INT2:
			image_int(result, DatumGetInt16(value));
			break;
		case IMAGE_INT4:
			image_int(result, DatumGetInt32(value));
			break;
		case IMAGE_INT8:
			image_int(result, DatumGetInt64(value));
			break;
		case IMAGE_FLOAT4:
			{
				char text[	FLOAT_SHORTEST_DECIMAL_LEN];

				float_to_shortest_decimal_buf(DatumGetFloat4(value), text);
				image_float(result, text, DatumGetFloat4(value));
				break;
			}
		case IMAGE_FLOAT8:
			{
				char text[	DOUBLE_SHORTEST_DECIMAL_LEN];

				double_to_shortest_decimal_buf(DatumGetFloat8(value), text);
				image_float(result, text, DatumGetFloat8(value));
				break;
			}
		case IMAGE_NUMERIC:
			image_numeric(result, DatumGetNumeric(value));
			break;
		case IMAGE_BOOL:
			result->type = jbvBool;
			result->val.boolean = DatumGetBool(value);
			break;
		case IMAGE_JSONB:
			image_jsonb(result, DatumGetJsonbP(value));
			break;
		case IMAGE_TEXT:
			{
				text	   *content = DatumGetTextPP(value);

				image_string(result, VARDATA_ANY(content), VARSIZE_ANY_EXHDR(content));
				break;
			}
		case IMAGE_DATE:
			image_date(result, DatumGetDateADT(value));
			break;
		case IMAGE_TIMESTAMP:
			image_timestamp(result, DatumGetTimestamp(value), false);
			break;
		case IMAGE_TIMESTAMPTZ:
			image_timestamp(result, DatumGetTimestampTz(value), true);
			break;
		case IMAGE_OUTPUT:
			image_text(result, OutputFunctionCall(&column->output, value));
			break;
	}
}

/* Whether what is written of two values, of different bytes, is the same text. */
bool
image_texts_are_equal(const JsonbValue *a, const JsonbValue *b)
{
	return a->type == jbvString && b->type == jbvString && a->val.string.len == b->val.string.len &&
		memcmp(a->val.string.val, b->val.string.val, a->val.string.len) == 0;
}

/* Puts the column's name into a pair, of which image_value() makes the value. */
void
image_name(const ImageColumn *column, JsonbPair *pair)
{
	image_string(&pair->key, column->name, column->name_length);
}

/* An object of pairs that are in the order of image_sort_columns(). */
Jsonb *
image_object(JsonbPair *pairs, int npairs)
{
	JsonbValue	object;

	object.type = jbvObject;
	object.val.object.nPairs = npairs;
	object.val.object.pairs = pairs;
	return JsonbValueToJsonb(&object);
}

/* _row_image(record) RETURNS jsonb */
Datum
_row_image(PG_FUNCTION_ARGS)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(0);
	TupleDesc	desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row), HeapTupleHeaderGetTypMod(row));
	HeapTupleData tuple;
	Datum	   *values = palloc(sizeof(Datum) * desc->natts);
	bool	   *nulls = palloc(sizeof(bool) * desc->natts);
	ImageColumn *columns = palloc(sizeof(ImageColumn) * desc->natts);
	JsonbPair  *pairs = palloc(sizeof(JsonbPair) * desc->natts);
	int			ncolumns = 0;
	bool		needs_pin = false;
	int			nestlevel = 0;
	Jsonb	   *result;

	for (int i = 0; i < desc->natts; i++)
		if (image_column_init(&columns[ncolumns], desc, i))
			needs_pin |= columns[ncolumns++].needs_pin;
	image_sort_columns(columns, ncolumns);

	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	heap_deform_tuple(&tuple, desc, values, nulls);

	if (needs_pin)
		nestlevel = image_pin_settings();
	for (int i = 0; i < ncolumns; i++)
	{
		image_name(&columns[i], &pairs[i]);
		image_value(&columns[i], values[columns[i].place], nulls[columns[i].place], &pairs[i].value);
	}
	if (needs_pin)
		AtEOXact_GUC(true, nestlevel);

	result = image_object(pairs, ncolumns);
	ReleaseTupleDesc(desc);
	PG_RETURN_JSONB_P(result);
}
