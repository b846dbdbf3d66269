/*-------------------------------------------------------------------------
 *
 * logistic_agg.c
 *	  Aggregate logistic_agg(): a logistic regression for each group.
 *
 * Newton's method goes over the rows several times, so the state is all of them, as
 * they came.  A group whose rows cannot be fitted does not stop the query: its
 * status says why.
 *
 * IDENTIFICATION
 *	  src/model/logistic_agg.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "behaviour/group_memory.h"
#include "compat.h"
#include "model/logistic_agg.h"
#include "model/logistic_fit.h"

/* Of a row there are the label, the weight and the features. */
#define ROW_HEAD		2
#define INIT_ROWS		16
#define ANY_FEATURES	(-1)	/* no array was seen */

typedef struct LogisticRows
{
	LogisticOptions options;	/* the same for all rows */
	int32		nfeatures;
	int64		nskipped;
	int64		nrows;
	int64		max_rows;
	double	   *value;			/* row after row */
} LogisticRows;

PG_FUNCTION_INFO_V1(logistic_agg_transfn);
PG_FUNCTION_INFO_V1(logistic_agg_combinefn);
PG_FUNCTION_INFO_V1(logistic_agg_serialfn);
PG_FUNCTION_INFO_V1(logistic_agg_deserialfn);
PG_FUNCTION_INFO_V1(logistic_agg_finalfn);

/* Caller must have switched to the context the state is to live in. */
static LogisticRows *
rows_create(const LogisticOptions *options)
{
	LogisticRows *rows = palloc0(sizeof(LogisticRows));

	rows->options = *options;
	rows->nfeatures = ANY_FEATURES;

	return rows;
}

static int
row_width(const LogisticRows *rows)
{
	return rows->nfeatures + ROW_HEAD;
}

static void
rows_reserve(LogisticRows *rows, int64 extra, MemoryContext context)
{
	Size		size = row_width(rows) * sizeof(double);
	int64		max_rows = Max(rows->max_rows, INIT_ROWS);

	if (rows->nrows + extra <= rows->max_rows)
		return;
	if (extra > (int64) (group_memory_limit() / size) - rows->nrows)
		group_memory_exceeded();
	while (max_rows < rows->nrows + extra)
		max_rows *= 2;
	max_rows = Min(max_rows, (int64) (group_memory_limit() / size));
	if (rows->value == NULL)
		rows->value = MemoryContextAlloc(context, max_rows * size);
	else
		rows->value = repalloc(rows->value, max_rows * size);
	rows->max_rows = max_rows;
}

/* Arrays of one length, whether from rows or from another state. */
static void
rows_check_nfeatures(LogisticRows *rows, int32 nfeatures)
{
	if (rows->nfeatures == ANY_FEATURES)
		rows->nfeatures = nfeatures;
	else if (nfeatures != ANY_FEATURES && nfeatures != rows->nfeatures)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("the number of features must not change within a group, got %d and %d",
					   rows->nfeatures, nfeatures));
}

static void
rows_check_options(const LogisticRows *rows, const LogisticOptions *options)
{
	if (rows->options.penalized != options->penalized || rows->options.c != options->c ||
		rows->options.standardize != options->standardize || rows->options.balanced != options->balanced)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("penalty, c, standardize and class_weight must not change within a group"),
				errhint("Add what they depend on to GROUP BY."));
}

static void
check_not_null(FunctionCallInfo fcinfo, int arg, const char *name)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", name));
}

/* Arguments from the fourth on; those that a form of the aggregate does not have are defaults. */
static LogisticOptions
options_get(FunctionCallInfo fcinfo)
{
	LogisticOptions options = {
		.penalized = false,.c = 1,.standardize = true,.balanced = false,
		.max_iterations = 100,.tolerance = 1e-8
	};

	if (PG_NARGS() > 4)
	{
		check_not_null(fcinfo, 4, "penalty");
		check_not_null(fcinfo, 5, "c");
		options.penalized = logistic_penalty(text_to_cstring(PG_GETARG_TEXT_PP(4)));
		options.c = PG_GETARG_FLOAT8(5);
	}
	if (PG_NARGS() > 6)
	{
		check_not_null(fcinfo, 6, "standardize");
		check_not_null(fcinfo, 7, "class_weight");
		options.standardize = PG_GETARG_BOOL(6);
		options.balanced = logistic_class_weight(text_to_cstring(PG_GETARG_TEXT_PP(7)));
	}
	logistic_check_options(&options);

	return options;
}

static void
check_feature(double value, int position)
{
	if (isnan(value) || isinf(value))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("feature %d is %s", position, isnan(value) ? "NaN" : "infinite"),
				errhint("Make it NULL, and its row is left out, or give another value for it."));
}

static double
weight_get(FunctionCallInfo fcinfo)
{
	double		weight;

	if (PG_NARGS() <= 3)
		return 1;
	weight = PG_GETARG_FLOAT8(3);
	if (!(weight >= 0) || isinf(weight))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("a weight must be a number from 0 on, got %g", weight));

	return weight;
}

/* The features of a row, or NULL when one of them is missing. */
static const double *
features_get(ArrayType *array, int *n)
{
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				errmsg("features must be an array of one dimension"));
	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (*n > LOGISTIC_MAX_TERMS)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("%d features are more than the %d that can be fitted", *n, LOGISTIC_MAX_TERMS));

	return array_contains_nulls(array) ? NULL : (const double *) ARR_DATA_PTR(array);
}

/* (internal, label boolean, features float8[] [, weight [, penalty, c [, standardize, class_weight]]]) => internal */
Datum
logistic_agg_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	LogisticRows *rows;
	LogisticOptions options = options_get(fcinfo);
	const double *feature = NULL;
	double		weight = 0;
	double	   *row;

	/* cannot be called directly because of internal-type argument */
	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "logistic_agg_transfn called in non-aggregate context");

	if (PG_ARGISNULL(0))
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(aggcontext);

		rows = rows_create(&options);
		MemoryContextSwitchTo(oldcontext);
	}
	else
	{
		rows = (LogisticRows *) PG_GETARG_POINTER(0);
		rows_check_options(rows, &options);
	}

	/*
	 * a row with anything missing, or that does not weigh anything, is left
	 * out
	 */
	if (!PG_ARGISNULL(2))
	{
		int			n;

		feature = features_get(PG_GETARG_ARRAYTYPE_P(2), &n);
		rows_check_nfeatures(rows, n);
	}
	if (PG_NARGS() <= 3 || !PG_ARGISNULL(3))
		weight = weight_get(fcinfo);
	if (feature == NULL || weight == 0 || PG_ARGISNULL(1))
	{
		rows->nskipped++;
		PG_RETURN_POINTER(rows);
	}

	rows_reserve(rows, 1, aggcontext);
	row = rows->value + rows->nrows * row_width(rows);
	row[0] = PG_GETARG_BOOL(1);
	row[1] = weight;
	for (int i = 0; i < rows->nfeatures; i++)
	{
		check_feature(feature[i], i + 1);
		row[ROW_HEAD + i] = feature[i];
	}
	rows->nrows++;

	PG_RETURN_POINTER(rows);
}

/* (internal, internal) => internal */
Datum
logistic_agg_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	LogisticRows *dst;
	LogisticRows *src;

	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "logistic_agg_combinefn called in non-aggregate context");

	dst = PG_ARGISNULL(0) ? NULL : (LogisticRows *) PG_GETARG_POINTER(0);
	src = PG_ARGISNULL(1) ? NULL : (LogisticRows *) PG_GETARG_POINTER(1);

	if (src == NULL)
	{
		if (dst == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(dst);
	}

	/* src lives in a short-lived context: never return it, always copy */
	if (dst == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(aggcontext);

		dst = rows_create(&src->options);
		MemoryContextSwitchTo(oldcontext);
	}
	rows_check_options(dst, &src->options);
	rows_check_nfeatures(dst, src->nfeatures);
	dst->nskipped += src->nskipped;
	if (src->nrows > 0)
	{
		rows_reserve(dst, src->nrows, aggcontext);
		memcpy(dst->value + dst->nrows * row_width(dst), src->value,
			   src->nrows * row_width(src) * sizeof(double));
		dst->nrows += src->nrows;
	}

	PG_RETURN_POINTER(dst);
}

/* (internal) => bytea */
Datum
logistic_agg_serialfn(PG_FUNCTION_ARGS)
{
	LogisticRows *rows;
	StringInfoData buf;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "logistic_agg_serialfn called in non-aggregate context");

	rows = (LogisticRows *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buf);
	pq_sendbyte(&buf, rows->options.penalized);
	pq_sendfloat8(&buf, rows->options.c);
	pq_sendbyte(&buf, rows->options.standardize);
	pq_sendbyte(&buf, rows->options.balanced);
	pq_sendint32(&buf, rows->options.max_iterations);
	pq_sendfloat8(&buf, rows->options.tolerance);
	pq_sendint32(&buf, rows->nfeatures);
	pq_sendint64(&buf, rows->nskipped);
	pq_sendint64(&buf, rows->nrows);
	for (int64 i = 0; i < rows->nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < row_width(rows); j++)
			pq_sendfloat8(&buf, rows->value[i * row_width(rows) + j]);
	}

	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* (bytea, internal) => internal; result is short-lived, current context is right */
Datum
logistic_agg_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *serialized;
	StringInfoData buf;
	LogisticOptions options;
	LogisticRows *rows;
	int64		nrows;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "logistic_agg_deserialfn called in non-aggregate context");

	serialized = PG_GETARG_BYTEA_PP(0);
	buf.data = VARDATA_ANY(serialized);
	buf.len = VARSIZE_ANY_EXHDR(serialized);
	buf.maxlen = 0;
	buf.cursor = 0;

	options.penalized = pq_getmsgbyte(&buf) != 0;
	options.c = pq_getmsgfloat8(&buf);
	options.standardize = pq_getmsgbyte(&buf) != 0;
	options.balanced = pq_getmsgbyte(&buf) != 0;
	options.max_iterations = pq_getmsgint(&buf, 4);
	options.tolerance = pq_getmsgfloat8(&buf);
	rows = rows_create(&options);
	rows->nfeatures = pq_getmsgint(&buf, 4);
	rows->nskipped = pq_getmsgint64(&buf);
	nrows = pq_getmsgint64(&buf);
	if (rows->nfeatures < ANY_FEATURES || rows->nfeatures > LOGISTIC_MAX_TERMS ||
		nrows < 0 || nrows > buf.len || (nrows > 0 && rows->nfeatures == ANY_FEATURES))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				errmsg("invalid state of logistic_agg"));
	if (nrows > 0)
		rows_reserve(rows, nrows, CurrentMemoryContext);
	for (int64 i = 0; i < nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < row_width(rows); j++)
			rows->value[i * row_width(rows) + j] = pq_getmsgfloat8(&buf);
	}
	rows->nrows = nrows;
	pq_getmsgend(&buf);

	PG_RETURN_POINTER(rows);
}

static Columns *
rows_columns(const LogisticRows *rows)
{
	int			n = Max(rows->nfeatures, 0);
	Columns    *columns = columns_create(n, true, true, SIZE_MAX);

	for (int64 i = 0; i < rows->nrows; i++)
	{
		const double *row = rows->value + i * row_width(rows);
		Block	   *block = columns_row(columns);
		int			r = block->nrows++;

		block->y[r] = row[0];
		block->weight[r] = row[1];
		block->id[r] = 0;
		for (int c = 0; c < n; c++)
			block->x[(Size) c * BLOCK_ROWS + r] = row[ROW_HEAD + c];
	}
	columns_finish(columns);

	return columns;
}

/* (internal) => logistic_fit */
Datum
logistic_agg_finalfn(PG_FUNCTION_ARGS)
{
	const LogisticRows *rows;
	Columns    *columns;
	LogisticModel *model;
	TupleDesc	desc;
	Datum		result;

	/* cannot be called directly because of internal-type argument */
	Assert(AggCheckCallContext(fcinfo, NULL));

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "logistic_agg_finalfn must return a composite type");
	rows = (const LogisticRows *) PG_GETARG_POINTER(0);
	columns = rows_columns(rows);
	model = logistic_fit(columns, &rows->options);
	result = logistic_agg_result(model, rows->nskipped, BlessTupleDesc(desc));
	columns_free(columns);

	PG_RETURN_DATUM(result);
}
