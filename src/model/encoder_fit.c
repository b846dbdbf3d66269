/*-------------------------------------------------------------------------
 *
 * encoder_fit.c
 *	  The levels of a column, with what an encoder has to know about each.
 *
 * One pass: rows are counted by the value itself, and a value is written as text
 * once, at the end.  Values that are written alike are one level.  Sums of labels
 * are exact, so the order of rows does not matter.
 *
 * IDENTIFICATION
 *	  src/model/encoder_fit.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "behaviour/exact_sum.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "intake/codes.h"
#include "intake/intake_order.h"
#include "intake/intake_value.h"
#include "miscadmin.h"
#include "model/encoder.h"
#include "utils/builtins.h"

#include "compat.h"

#define ENCODER_FIT_ATTRS	9

typedef enum FitColumn
{
	FIT_VALUE,
	FIT_LABEL
} FitColumn;

typedef struct FitLevel
{
	text	   *text;			/* NULL for the level of NULLs */
	int64		nrows;
	ExactSum	sum;			/* of the labels, if there are any */
} FitLevel;

typedef struct Fit
{
	IntakeColumn columns[2];
	int			ncolumns;
	Codes	   *codes;
	FitLevel   *levels;			/* by code */
	uint32		nlevels;
	uint32		room;
	FitLevel	none;			/* of NULLs */
	ExactSum	total;			/* of all labels */
	int64		nrows;
	int64		nskipped;		/* rows without a label */
	MemoryContext context;
} Fit;

static const char *
required_text(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", name));

	return text_to_cstring(PG_GETARG_TEXT_PP(argno));
}

static void
check_encoder_name(const char *name)
{
	size_t		len = strlen(name);

	if (len == 0 || len >= NAMEDATALEN)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_NAME),
				errmsg("invalid name of an encoder: \"%.100s\"", name),
				errhint("A name has 1 to %d bytes.", NAMEDATALEN - 1));
}

/* Arguments 5 to 7, and that there is a label if and only if one is needed. */
static EncoderOptions
encoder_options(FunctionCallInfo fcinfo, EncoderMethod method, bool has_label)
{
	EncoderOptions options = {.method = method};

	if (has_label && method != ENCODER_TARGET)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("label is for method target only"));
	if (!has_label && method == ENCODER_TARGET)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("method target needs a label"),
				errhint("label => the column, boolean or a number, whose mean becomes the code."));
	if (PG_ARGISNULL(5) || PG_ARGISNULL(6))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", PG_ARGISNULL(5) ? "min_count" : "smoothing"));
	if (PG_GETARG_INT32(5) < 1)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("min_count is %d, but must be at least 1", PG_GETARG_INT32(5)));
	if (!(PG_GETARG_FLOAT8(6) >= 0) || isinf(PG_GETARG_FLOAT8(6)))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("smoothing is %g, but must be 0 or more, and finite", PG_GETARG_FLOAT8(6)));
	options.min_count = PG_GETARG_INT32(5);
	options.smoothing = PG_GETARG_FLOAT8(6);
	options.unknown = encoder_unknown(required_text(fcinfo, 7, "unknown"));

	return options;
}

static void
check_label(const IntakeColumn *column)
{
	switch (column->type)
	{
		case BOOLOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			return;
		default:
			ereport(ERROR,
					errcode(ERRCODE_DATATYPE_MISMATCH),
					errmsg("label \"%s\" is of type %s, neither boolean nor a number",
						   column->name, format_type_be(column->type)),
					errhint("Pass a query as the source that compares it, for example status = 'paid' AS label."));
	}
}

static double
label_value(const IntakeColumn *column, Datum value)
{
	double		label;

	switch (column->type)
	{
		case BOOLOID:
			return DatumGetBool(value) ? 1 : 0;
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		case INT8OID:
			return (double) DatumGetInt64(value);
		case FLOAT4OID:
			label = DatumGetFloat4(value);
			break;
		case FLOAT8OID:
			label = DatumGetFloat8(value);
			break;
		default:
			label = DatumGetFloat8(DirectFunctionCall1(numeric_float8, value));
			break;
	}
	if (isnan(label) || isinf(label))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("label \"%s\" is %s in a row", column->name,
					   isnan(label) ? "NaN" : label > 0 ? "Infinity" : "-Infinity"));

	return label;
}

/* Caller must have switched to the context of the fit. */
static void
start_level(Fit *fit, FitLevel *level)
{
	memset(level, 0, sizeof(FitLevel));
	if (fit->ncolumns > FIT_LABEL)
		exact_sum_init(&level->sum, EXACT_BINARY);
}

static FitLevel *
find_level(Fit *fit, Datum value, bool isnull)
{
	uint32		code;

	if (isnull)
		return &fit->none;
	code = codes_get(fit->codes, value);
	if (code == fit->nlevels)
	{
		MemoryContext old = MemoryContextSwitchTo(fit->context);

		if (fit->nlevels == ENCODER_MAX_LEVELS)
			ereport(ERROR,
					errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg("column \"%s\" has more than %d levels", fit->columns[FIT_VALUE].name, ENCODER_MAX_LEVELS),
					errhint("Pass a query as the source that puts rare values together."));
		fit->levels = codes_make_room(fit->levels, &fit->room, code, sizeof(FitLevel));
		start_level(fit, &fit->levels[fit->nlevels++]);
		MemoryContextSwitchTo(old);
	}

	return &fit->levels[code];
}

static void
fit_row(void *arg, const Datum *values, const bool *nulls)
{
	Fit		   *fit = arg;
	FitLevel   *level;

	if (fit->ncolumns > FIT_LABEL && nulls[FIT_LABEL])
	{
		fit->nskipped++;
		return;
	}
	level = find_level(fit, values[FIT_VALUE], nulls[FIT_VALUE]);
	level->nrows++;
	fit->nrows++;
	if (fit->ncolumns > FIT_LABEL)
	{
		double		label = label_value(&fit->columns[FIT_LABEL], values[FIT_LABEL]);

		exact_sum_add_float8(&level->sum, label, 1);
		exact_sum_add_float8(&fit->total, label, 1);
	}
}

/* What value::text is. */
static text *
level_text(const IntakeColumn *column, Datum value)
{
	char	   *str;

	if (column->type == BOOLOID)
		return cstring_to_text(DatumGetBool(value) ? "true" : "false");
	str = intake_text(column, value);
	if (column->type == BPCHAROID)
	{
		int			len = strlen(str);

		while (len > 0 && str[len - 1] == ' ')
			len--;
		return cstring_to_text_with_len(str, len);
	}

	return cstring_to_text(str);
}

static int
compare_levels(const void *a, const void *b)
{
	const text *left = ((const FitLevel *) a)->text;
	const text *right = ((const FitLevel *) b)->text;
	int			left_len = VARSIZE_ANY_EXHDR(left);
	int			right_len = VARSIZE_ANY_EXHDR(right);
	int			order = memcmp(VARDATA_ANY(left), VARDATA_ANY(right), Min(left_len, right_len));

	return order != 0 ? order : left_len - right_len;
}

/* In order, those that are written alike put together, NULL behind them. */
static void
finish_levels(Fit *fit)
{
	uint32		kept = 0;

	for (uint32 i = 0; i < fit->nlevels; i++)
	{
		CHECK_FOR_INTERRUPTS();
		fit->levels[i].text = level_text(&fit->columns[FIT_VALUE], codes_value(fit->codes, i));
	}
	qsort(fit->levels, fit->nlevels, sizeof(FitLevel), compare_levels);
	for (uint32 i = 0; i < fit->nlevels; i++)
	{
		FitLevel   *level = &fit->levels[i];

		if (kept > 0 && compare_levels(&fit->levels[kept - 1], level) == 0)
		{
			fit->levels[kept - 1].nrows += level->nrows;
			if (fit->ncolumns > FIT_LABEL)
				exact_sum_merge(&fit->levels[kept - 1].sum, &level->sum, 1);
		}
		else
			fit->levels[kept++] = *level;
	}
	fit->levels = codes_make_room(fit->levels, &fit->room, kept, sizeof(FitLevel));
	if (fit->none.nrows > 0)
		fit->levels[kept++] = fit->none;
	fit->nlevels = kept;
}

static ArrayType *
build_array(Datum *values, bool *nulls, int n, Oid type)
{
	int			lower = 1;

	return construct_md_array(values, nulls, 1, &n, &lower, type, type == TEXTOID ? -1 : 8,
							  type != TEXTOID && FLOAT8PASSBYVAL,
							  type == TEXTOID ? TYPALIGN_INT : TYPALIGN_DOUBLE);
}

/* The levels as arrays, and what an encoder makes of them. */
static Datum
fit_result(Fit *fit, const EncoderOptions *options, TupleDesc tupdesc)
{
	int			n = fit->nlevels;
	Datum	   *texts = palloc(sizeof(Datum) * n);
	bool	   *is_null = palloc(sizeof(bool) * n);
	Datum	   *rows = palloc(sizeof(Datum) * n);
	Datum	   *sums = palloc(sizeof(Datum) * n);
	bool		has_label = fit->ncolumns > FIT_LABEL;
	double		prior = has_label ? exact_sum_float8(&fit->total, fit->nrows) : 0;
	ArrayType  *arrays[3];
	Encoder    *encoder;
	Datum		values[ENCODER_FIT_ATTRS];
	bool		nulls[ENCODER_FIT_ATTRS] = {false};

	for (int i = 0; i < n; i++)
	{
		texts[i] = PointerGetDatum(fit->levels[i].text);
		is_null[i] = fit->levels[i].text == NULL;
		rows[i] = Int64GetDatum(fit->levels[i].nrows);
		sums[i] = Float8GetDatum(has_label ? exact_sum_float8(&fit->levels[i].sum, 1) : 0);
	}
	arrays[0] = build_array(texts, is_null, n, TEXTOID);
	arrays[1] = build_array(rows, NULL, n, INT8OID);
	arrays[2] = build_array(sums, NULL, n, FLOAT8OID);
	encoder = encoder_create(options, prior, arrays[0], arrays[1], has_label ? arrays[2] : NULL);
	if (encoder->width > ENCODER_MAX_WIDTH)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("a code would have %d numbers, more than the limit of %d",
					   encoder->width, ENCODER_MAX_WIDTH),
				errhint("Raise min_count, or take method target or frequency."));

	values[0] = Int64GetDatum(fit->nrows);
	values[1] = Int64GetDatum(fit->nskipped);
	values[2] = Int32GetDatum(encoder->npositions);
	values[3] = Int32GetDatum(encoder->nlevels - encoder->npositions);
	values[4] = Int32GetDatum(encoder->width);
	for (int i = 0; i < 3; i++)
		values[5 + i] = PointerGetDatum(arrays[i]);
	values[8] = Float8GetDatum(prior);
	nulls[7] = nulls[8] = !has_label;

	return HeapTupleGetDatum(heap_form_tuple(tupdesc, values, nulls));
}

/* With the arguments of _fit_encoder(). */
Datum
encoder_fit(FunctionCallInfo fcinfo)
{
	Fit			fit = {.context = CurrentMemoryContext};
	EncoderOptions options;
	Intake	   *intake;
	const char *source;
	TupleDesc	tupdesc;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	check_encoder_name(required_text(fcinfo, 0, "encoder"));
	source = required_text(fcinfo, 1, "source");
	fit.columns[FIT_VALUE].argument = "column_name";
	fit.columns[FIT_VALUE].name = required_text(fcinfo, 2, "column_name");
	fit.columns[FIT_LABEL].argument = "label";
	fit.columns[FIT_LABEL].name = PG_ARGISNULL(4) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(4));
	fit.ncolumns = PG_ARGISNULL(4) ? 1 : 2;
	options = encoder_options(fcinfo, encoder_method(required_text(fcinfo, 3, "method")), fit.ncolumns > FIT_LABEL);

	fit.levels = palloc(sizeof(FitLevel));
	start_level(&fit, &fit.none);
	exact_sum_init(&fit.total, EXACT_BINARY);
	intake = intake_open_source(intake_find(source, &intake_source), fit.columns, fit.ncolumns, NULL);
	if (fit.ncolumns > FIT_LABEL)
		check_label(&fit.columns[FIT_LABEL]);
	fit.codes = codes_create_exact(fit.columns[FIT_VALUE].type, fit.columns[FIT_VALUE].collation);
	intake_read_in_order(intake, fit_row, &fit);
	if (fit.nrows == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg(fit.nskipped > 0 ? "no row of the source has a label" : "the source has no rows"));
	finish_levels(&fit);

	PG_RETURN_DATUM(fit_result(&fit, &options, BlessTupleDesc(tupdesc)));
}
