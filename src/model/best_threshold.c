/*-------------------------------------------------------------------------
 *
 * best_threshold.c
 *	  From which probability on a row is best taken as positive.
 *
 * The test rows of the training are read again as it read them, and scored.  That
 * is right only as long as the terms of its rows are still what they were then,
 * which is checked; otherwise the rows to look at must be given.  A stored source
 * is a query that somebody wrote: it is run only for him.
 *
 * Every score of a row may be the threshold, and so may infinity, which takes no
 * row as positive.  The rows are gone through from the highest score down.  Of
 * equally good thresholds the highest is taken, which flags the fewest rows.
 *
 * IDENTIFICATION
 *	  src/model/best_threshold.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "behaviour/group_memory.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "intake/intake.h"
#include "miscadmin.h"
#include "model/dataset.h"
#include "model/model.h"
#include "model/ranks.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "compat.h"

#define FETCH_ROWS		1000
#define MIN_ROWS		1024
#define ROWS_AT_ONCE	65536	/* between looks for interrupts */

typedef enum Objective
{
	OBJECTIVE_F1,
	OBJECTIVE_COST,
	OBJECTIVE_MAX_FPR,
	OBJECTIVE_YOUDEN
} Objective;

static const char *const objective_names[] = {"f1", "cost", "max_fpr", "youden"};

/* Rows by the keys of their scores; RankedRow.row is the label. */
typedef struct ScoredRows
{
	RankedRow  *rows;
	int64		nrows;
	int64		max_rows;
	int64		npositive;
} ScoredRows;

typedef struct ThresholdWish
{
	Objective	objective;
	double		cost_fp;
	double		cost_fn;
	double		max_fpr;
} ThresholdWish;

typedef struct Threshold
{
	double		threshold;
	int64		tp;
	int64		fp;
	double		merit;
} Threshold;

PG_FUNCTION_INFO_V1(best_threshold);

static void
check_cost(const char *name, double cost)
{
	if (!isfinite(cost) || cost < 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be a number from 0 on, not %g", name, cost));
}

static void
read_wish(FunctionCallInfo fcinfo, ThresholdWish *wish)
{
	static const char *const arguments[] = {"model", "objective", "cost_fp", "cost_fn"};
	char	   *name;
	int			i;

	for (i = 0; i < lengthof(arguments); i++)
	{
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("%s must not be null", arguments[i]));
	}
	name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	for (i = 0; i < lengthof(objective_names) && strcmp(name, objective_names[i]) != 0; i++)
		;
	if (i == lengthof(objective_names))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("unknown objective \"%s\"", name),
				errhint("The objectives are f1, cost, max_fpr and youden."));
	wish->objective = (Objective) i;
	wish->cost_fp = PG_GETARG_FLOAT8(2);
	wish->cost_fn = PG_GETARG_FLOAT8(3);
	check_cost("cost_fp", wish->cost_fp);
	check_cost("cost_fn", wish->cost_fn);

	wish->max_fpr = PG_ARGISNULL(4) ? get_float8_nan() : PG_GETARG_FLOAT8(4);
	if (wish->objective == OBJECTIVE_MAX_FPR && !(wish->max_fpr >= 0 && wish->max_fpr <= 1))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("objective max_fpr needs max_fpr, from 0 to 1"));
}

static void
add_row(ScoredRows *rows, bool label, double score)
{
	if (rows->nrows == rows->max_rows)
	{
		int64		most = group_memory_limit() / sizeof(RankedRow);

		if (rows->nrows >= most)
			group_memory_exceeded();
		rows->max_rows = Min(Max(MIN_ROWS, 2 * rows->max_rows), most);
		if (rows->rows == NULL)
			rows->rows = MemoryContextAllocHuge(CurrentMemoryContext, rows->max_rows * sizeof(RankedRow));
		else
			rows->rows = repalloc_huge(rows->rows, rows->max_rows * sizeof(RankedRow));
	}
	rows->rows[rows->nrows].key = rank_key(score);
	rows->rows[rows->nrows].row = label;
	rows->nrows++;
	rows->npositive += label;
}

static bool
same_name(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
same_feature(const Feature *a, const Feature *b)
{
	if (strcmp(a->name, b->name) != 0 || a->kind != b->kind || a->nterms != b->nterms)
		return false;
	if (a->kind != FEATURE_CATEGORY)
		return a->null_fill == b->null_fill && a->fill == b->fill;
	if (a->encoding != b->encoding || a->unknown != b->unknown || a->unknown_value != b->unknown_value ||
		a->null_skip != b->null_skip || a->nlevels != b->nlevels)
		return false;
	for (int i = 0; i < a->nlevels; i++)
	{
		const Level *la = &a->levels[i];
		const Level *lb = &b->levels[i];

		if (la->kind != lb->kind || la->value != lb->value || la->term != lb->term || !same_name(la->name, lb->name))
			return false;
	}
	return true;
}

/*
 * Are the terms of rows still made as they were for the model?
 */
static void
check_same_terms(const Preparation *now, const Preparation *then)
{
	for (int i = 0; i < Max(now->nfeatures, then->nfeatures); i++)
	{
		const Feature *feature = i < then->nfeatures ? &then->features[i] : &now->features[i];

		if (i >= now->nfeatures || i >= then->nfeatures || !same_feature(&now->features[i], &then->features[i]))
			ereport(ERROR,
					errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("the source is not what it was when the model was trained: column \"%s\" differs", feature->name),
					errhint("Pass rows to look at as source."));
	}
}

/*
 * The arguments of the training, in the order of dataset_arguments(), and whether
 * the caller is who trained.
 */
static const char *const training_query =
"SELECT v.source, v.label,"
"       CASE WHEN pg_catalog.jsonb_typeof(v.options OPERATOR(pg_catalog.->) 'features') OPERATOR(pg_catalog.=) 'array'"
"            THEN ARRAY(SELECT pg_catalog.jsonb_array_elements_text(v.options OPERATOR(pg_catalog.->) 'features')) END,"
"       v.options OPERATOR(pg_catalog.->>) 'key_column', v.options OPERATOR(pg_catalog.->>) 'weight_column',"
"       v.options OPERATOR(pg_catalog.->>) 'positive', COALESCE(v.options OPERATOR(pg_catalog.->>) 'null_policy', 'skip'),"
"       v.options OPERATOR(pg_catalog.->>) 'encoding', COALESCE(v.options OPERATOR(pg_catalog.->>) 'unknown_policy', 'other'),"
"       COALESCE((v.options OPERATOR(pg_catalog.->>) 'min_category_count')::pg_catalog.int4, 10),"
"       CASE WHEN pg_catalog.jsonb_typeof(v.options OPERATOR(pg_catalog.->) 'prepare') OPERATOR(pg_catalog.=) 'object'"
"            THEN v.options OPERATOR(pg_catalog.->) 'prepare' END,"
"       COALESCE((v.options OPERATOR(pg_catalog.->>) 'test_fraction')::pg_catalog.float8, 0.25),"
"       COALESCE(v.options OPERATOR(pg_catalog.->>) 'split', 'hash'),"
"       COALESCE((v.options OPERATOR(pg_catalog.->>) 'seed')::pg_catalog.int8, 42),"
"       v.trained_by OPERATOR(pg_catalog.=) CURRENT_USER::pg_catalog.text"
"  FROM shopanalytics.model_version v"
" WHERE v.model OPERATOR(pg_catalog.=) $1 AND v.version OPERATOR(pg_catalog.=) $2";

/*
 * What the training was told; positive is what it was told of that, or NULL.
 */
static void
training_options(const Model *model, bool read_source, DatasetOptions *options)
{
	LOCAL_FCINFO(training, DATASET_ARGUMENTS);
	MemoryContext context = CurrentMemoryContext;
	MemoryContext old;
	Oid			types[] = {TEXTOID, INT4OID};
	Datum		args[] = {CStringGetTextDatum(model->name), Int32GetDatum(model->version)};
	bool		is_own;
	bool		is_null;

	SPI_connect();
	if (SPI_execute_with_args(training_query, 2, types, args, NULL, true, 1) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "version %d of model \"%s\" is gone", model->version, model->name);
	InitFunctionCallInfoData(*training, NULL, DATASET_ARGUMENTS, InvalidOid, NULL, NULL);
	old = MemoryContextSwitchTo(context);
	for (int i = 0; i < DATASET_ARGUMENTS; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(SPI_tuptable->tupdesc, i);
		Datum		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, i + 1, &training->args[i].isnull);

		if (!training->args[i].isnull)
			training->args[i].value = datumCopy(value, attribute->attbyval, attribute->attlen);
	}
	MemoryContextSwitchTo(old);
	is_own = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, DATASET_ARGUMENTS + 1, &is_null));
	SPI_finish();

	if (read_source && !is_own)
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("the source of model \"%s\" was written by another role, and is not read for you", model->name),
				errhint("Pass rows to look at as source."));
	dataset_arguments(training, options);
}

/*
 * The test rows of the training.
 */
static void
score_test_rows(FunctionCallInfo fcinfo, ScoredRows *rows)
{
	const Model *model = model_named(fcinfo);
	DatasetOptions options;
	Dataset    *dataset;
	ColumnsScan scan;
	Block	   *block;
	double	   *terms;

	training_options(model, true, &options);
	if (options.label == NULL)
		ereport(ERROR,
				errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("model \"%s\" has no label", model->name));
	for (int i = 0; i < model->preparation->nfeatures; i++)
	{
		const Feature *feature = &model->preparation->features[i];

		if (feature->kind != FEATURE_CATEGORY)
			options.keep_nulls |= feature->null_fill == NULL_KEEP;
		else
			options.default_dummy |= feature->encoding == ENCODING_DUMMY;
	}
	dataset = dataset_read(&options);

	/* What the source calls may have used the cache. */
	model = model_named(fcinfo);
	terms = palloc(Max(model->preparation->nterms, 1) * sizeof(double));
	check_same_terms(dataset->preparation, model->preparation);

	columns_rewind(&scan, dataset->test);
	while ((block = columns_next(&scan)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		for (int r = 0; r < block->nrows; r++)
		{
			for (int t = 0; t < model->preparation->nterms; t++)
				terms[t] = block->x[t * BLOCK_ROWS + r];
			add_row(rows, block->y[r] == 1, model_probability(model, terms));
		}
	}
	dataset_free(dataset);
	if (rows->nrows == 0)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("version %d of model \"%s\" was trained without test rows", model->version, model->name),
				errhint("Pass rows to look at as source, or train with a test_fraction."));
}

/*
 * Whether a row is positive, as an expression: a boolean, or a number 0 or 1.  Of a
 * text without a choice it is the greater one, as in a training.
 */
static char *
label_expression(const IntakeSource *source, const char *label, const char *positive)
{
	const char *quoted = quote_identifier(label);
	IntakeSourceColumn *columns;
	int			ncolumns = intake_source_columns(source, &columns);
	char		category;
	bool		is_preferred;

	for (int i = 0; i < ncolumns; i++)
	{
		if (strcmp(columns[i].name, label) != 0)
			continue;
		get_type_category_preferred(columns[i].type, &category, &is_preferred);
		if (columns[i].type == BOOLOID)
			return psprintf("source.%s::pg_catalog.bool", quoted);
		if (category == TYPCATEGORY_NUMERIC && positive == NULL)
			return psprintf("source.%s::pg_catalog.float8", quoted);
		if (positive != NULL)
			return psprintf("source.%s::pg_catalog.text OPERATOR(pg_catalog.=) %s", quoted, quote_literal_cstr(positive));
		return psprintf("source.%s::pg_catalog.text OPERATOR(pg_catalog.=) (SELECT pg_catalog.max(source.%s::pg_catalog.text COLLATE pg_catalog.\"C\") FROM %s)", quoted, quoted, source->from);
	}
	ereport(ERROR,
			errcode(ERRCODE_UNDEFINED_COLUMN),
			errmsg("the source has no column \"%s\", the label of the model", label));
}

static bool
is_positive(Datum label, Oid type)
{
	double		number;

	if (type == BOOLOID)
		return DatumGetBool(label);
	number = DatumGetFloat8(label);
	if (number != 0 && number != 1)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("a label must be 0 or 1, not %g", number));
	return number == 1;
}

/*
 * All rows of a source that have a label and a score.
 */
static void
score_source_rows(FunctionCallInfo fcinfo, const char *text, ScoredRows *rows)
{
	const Model *model = model_named(fcinfo);
	MemoryContext context = CurrentMemoryContext;
	DatasetOptions options;
	IntakeSource *source = intake_find(text, &intake_source);
	char	   *sql;
	Portal		portal;

	training_options(model, false, &options);
	if (options.label == NULL)
		ereport(ERROR,
				errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("model \"%s\" has no label", model->name));
	sql = psprintf("SELECT %s, shopanalytics.predict(%s, source) FROM %s",
				   label_expression(source, options.label, options.positive),
				   quote_literal_cstr(psprintf("%s@%d", model->name, model->version)), source->from);
	SPI_connect();
	portal = SPI_cursor_open_with_args(NULL, sql, 0, NULL, NULL, NULL, true, CURSOR_OPT_NO_SCROLL);
	do
	{
		MemoryContext old;

		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		old = MemoryContextSwitchTo(context);
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			bool		no_label;
			bool		no_score;
			Datum		label = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &no_label);
			Datum		score = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2, &no_score);

			if (!no_label && !no_score)
				add_row(rows, is_positive(label, SPI_gettypeid(SPI_tuptable->tupdesc, 1)), DatumGetFloat8(score));
		}
		MemoryContextSwitchTo(old);
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	SPI_cursor_close(portal);
	SPI_finish();
}

static double
ratio(double part, double whole)
{
	return whole > 0 ? part / whole : get_float8_nan();
}

/* The greater the better. */
static double
merit(const ThresholdWish *wish, const ScoredRows *rows, int64 tp, int64 fp)
{
	int64		nnegative = rows->nrows - rows->npositive;
	int64		fn = rows->npositive - tp;

	switch (wish->objective)
	{
		case OBJECTIVE_F1:
			return 2.0 * tp / (2 * tp + fp + fn);
		case OBJECTIVE_COST:
			return -(wish->cost_fp * fp + wish->cost_fn * fn);
		case OBJECTIVE_MAX_FPR:
			return (double) fp <= wish->max_fpr * nnegative ? (double) tp : -1;
		case OBJECTIVE_YOUDEN:
			return (double) tp / rows->npositive - (double) fp / nnegative;
	}
	elog(ERROR, "unknown objective: %d", (int) wish->objective);
}

static Threshold
choose(const ThresholdWish *wish, ScoredRows *rows)
{
	Threshold	best = {get_float8_infinity(), 0, 0, merit(wish, rows, 0, 0)};
	int64		tp = 0;
	int64		fp = 0;

	ranks_sort_rows(rows->rows, rows->nrows);
	for (int64 i = rows->nrows - 1; i >= 0;)
	{
		uint64		key = rows->rows[i].key;
		double		worth;

		for (; i >= 0 && rows->rows[i].key == key; i--)
		{
			if (i % ROWS_AT_ONCE == 0)
				CHECK_FOR_INTERRUPTS();
			tp += rows->rows[i].row;
			fp += !rows->rows[i].row;
		}
		worth = merit(wish, rows, tp, fp);
		if (worth > best.merit)
			best = (Threshold)
		{
			rank_score(key), tp, fp, worth
		};
	}
	return best;
}

/*
 * best_threshold(model text, objective text, cost_fp float8, cost_fn float8,
 * max_fpr float8, source text) returns (threshold, precision, recall, fpr, f1,
 * expected_cost, n, n_positive)
 */
Datum
best_threshold(PG_FUNCTION_ARGS)
{
	ThresholdWish wish;
	ScoredRows	rows = {0};
	Threshold	best;
	TupleDesc	desc;
	Datum		values[8];
	bool		nulls[8] = {false};
	double		numbers[6];
	int64		fn;

	read_wish(fcinfo, &wish);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (PG_ARGISNULL(5))
		score_test_rows(fcinfo, &rows);
	else
		score_source_rows(fcinfo, text_to_cstring(PG_GETARG_TEXT_PP(5)), &rows);
	if (rows.npositive == 0 || rows.npositive == rows.nrows)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("a threshold needs positive and negative rows; of " INT64_FORMAT " rows " INT64_FORMAT " are positive", rows.nrows, rows.npositive));

	best = choose(&wish, &rows);
	fn = rows.npositive - best.tp;
	numbers[0] = best.threshold;
	numbers[1] = ratio(best.tp, best.tp + best.fp);
	numbers[2] = ratio(best.tp, rows.npositive);
	numbers[3] = ratio(best.fp, rows.nrows - rows.npositive);
	numbers[4] = 2.0 * best.tp / (2 * best.tp + best.fp + fn);
	numbers[5] = (wish.cost_fp * best.fp + wish.cost_fn * fn) / rows.nrows;
	for (int i = 0; i < lengthof(numbers); i++)
	{
		values[i] = Float8GetDatum(numbers[i]);
		nulls[i] = isnan(numbers[i]);
	}
	values[6] = Int64GetDatum(rows.nrows);
	values[7] = Int64GetDatum(rows.npositive);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
