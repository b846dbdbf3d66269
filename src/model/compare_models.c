/*-------------------------------------------------------------------------
 *
 * compare_models.c
 *	  What compare_models() compares: scores of the same rows by several models.
 *
 * A model's own test rows are found again by reading its source with the
 * arguments of its training, which draw the same rows.  The preparation of the
 * features is fitted on the way, and must come out as the model has it; where it
 * does not, the source is another one by now, and there is no answer.
 *
 * IDENTIFICATION
 *	  src/model/compare_models.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "intake/intake.h"
#include "model/dataset.h"
#include "model/delong.h"
#include "model/evaluation.h"
#include "model/model.h"
#include "model/ranks.h"
#include "model/scored_rows.h"

#define ROWS_AT_ONCE	64		/* scored between looks for interrupts */
#define MEASURES		13		/* columns of _compare_scores */

/* The arguments of _test_scores after those of every training. */
enum
{
	ARG_STATE = DATASET_ARGUMENTS,
	ARG_KEEP_NULLS,
	ARG_DUMMY
};

PG_FUNCTION_INFO_V1(_test_scores);
PG_FUNCTION_INFO_V1(_source_scores);
PG_FUNCTION_INFO_V1(_compare_scores);

/* The preparation's bytes; how many rows a level had is no part of what it does. */
static void
write_effect(StringInfo buf, Preparation *preparation)
{
	for (int i = 0; i < preparation->nfeatures; i++)
	{
		Feature    *feature = &preparation->features[i];

		for (int j = 0; j < feature->nlevels; j++)
			feature->levels[j].count = 0;
	}
	preparation_write(buf, preparation);
}

static bool
same_effect(Preparation *a, Preparation *b)
{
	StringInfoData bytes_a;
	StringInfoData bytes_b;

	initStringInfo(&bytes_a);
	initStringInfo(&bytes_b);
	write_effect(&bytes_a, a);
	write_effect(&bytes_b, b);

	return bytes_a.len == bytes_b.len && memcmp(bytes_a.data, bytes_b.data, bytes_a.len) == 0;
}

static void
score_rows(ScoredRows *rows, const Model *model, Columns *test)
{
	double	   *terms = palloc(Max(1, test->ncolumns) * sizeof(double));
	ColumnsScan scan;
	Block	   *block;

	scored_rows_most(test->nrows);
	scored_rows_allocate(rows, test->nrows);
	columns_rewind(&scan, test);
	while ((block = columns_next(&scan)) != NULL)
	{
		for (int r = 0; r < block->nrows; r++)
		{
			if (r % ROWS_AT_ONCE == 0)
				CHECK_FOR_INTERRUPTS();
			for (int c = 0; c < test->ncolumns; c++)
				terms[c] = block->x[(Size) c * BLOCK_ROWS + r];
			scored_rows_add(rows, block->id[r], block->y[r] != 0, model_probability(model, terms));
		}
	}
}

/*
 * _test_scores(arguments of a training, state bytea, keep_nulls boolean,
 *		default_dummy boolean) -> bytea
 */
Datum
_test_scores(PG_FUNCTION_ARGS)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "shopanalytics test rows",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	DatasetOptions options;
	Dataset    *dataset;
	Model	   *model;
	ScoredRows	rows;
	bytea	   *bytes = NULL;

	if (PG_ARGISNULL(ARG_STATE) || PG_ARGISNULL(ARG_KEEP_NULLS) || PG_ARGISNULL(ARG_DUMMY))
		elog(ERROR, "arguments must not be null");
	model = model_read(PG_GETARG_BYTEA_PP(ARG_STATE));
	dataset_arguments(fcinfo, &options);
	dataset_need_label(&options);
	options.keep_nulls = PG_GETARG_BOOL(ARG_KEEP_NULLS);
	options.default_dummy = PG_GETARG_BOOL(ARG_DUMMY);
	dataset = dataset_read(&options);
	if (same_effect(model->preparation, dataset->preparation))
	{
		score_rows(&rows, model, dataset->test);
		rows = scored_rows_sorted(&rows);
		MemoryContextSwitchTo(oldcontext);
		bytes = scored_rows_write(&rows);
	}
	MemoryContextSwitchTo(oldcontext);
	dataset_free(dataset);
	MemoryContextDelete(context);

	if (bytes == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(bytes);
}

/* Whether a label is the positive one. */
static bool
label_value(const char *name, const char *value, const char *positive)
{
	if (positive != NULL)
		return strcmp(value, positive) == 0;
	if (strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
		return true;
	if (strcmp(value, "false") == 0 || strcmp(value, "0") == 0)
		return false;
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("label \"%s\" is neither boolean nor 0 or 1: %s", name, value),
			errhint("Pass a query that makes it boolean."));
}

/* SELECT label, scores FROM source: all its rows */
static char *
scores_query(const Datum *models, int nmodels, const char *source, const char *label)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT source.%s::pg_catalog.text", quote_identifier(label));
	for (int i = 0; i < nmodels; i++)
		appendStringInfo(&sql, ", shopanalytics.predict(%s, source)",
						 quote_literal_cstr(TextDatumGetCString(models[i])));
	appendStringInfo(&sql, " FROM %s", intake_find(source, &intake_source)->from);

	return sql.data;
}

/* Where the rows of a source go to. */
typedef struct SourceScores
{
	const char *label;
	const char *positive;
	int			nmodels;
	ScoredRows *rows;			/* of each model */
} SourceScores;

/* IntakeRow; a row that any model does not score is left out for all. */
static void
take_scores(void *arg, const Datum *values, const bool *nulls)
{
	SourceScores *scores = arg;
	bool		label;

	for (int i = 0; i <= scores->nmodels; i++)
		if (nulls[i])
			return;
	label = label_value(scores->label, TextDatumGetCString(values[0]), scores->positive);
	for (int i = 0; i < scores->nmodels; i++)
		scored_rows_add(&scores->rows[i], scores->rows[i].n, label, DatumGetFloat8(values[i + 1]));
}

/*
 * _source_scores(models text[], source text, label text, positive text) -> bytea[]
 */
Datum
_source_scores(PG_FUNCTION_ARGS)
{
	SourceScores scores = {0};
	Intake		intake = {.noun = &intake_source};
	Datum	   *models;
	Datum	   *bytes;

	/*
	 * compare_models() asks with its own arguments, and where there is a
	 * source
	 */
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || array_contains_nulls(PG_GETARG_ARRAYTYPE_P(0)))
		elog(ERROR, "models and source must not be null");
	if (PG_ARGISNULL(2))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("label must not be null"),
				errhint("Name the column that says what was to be predicted."));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT,
					  &models, NULL, &scores.nmodels);
	scores.label = text_to_cstring(PG_GETARG_TEXT_PP(2));
	scores.positive = PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3));
	scores.rows = palloc(sizeof(ScoredRows) * Max(1, scores.nmodels));
	for (int i = 0; i < scores.nmodels; i++)
		scored_rows_allocate(&scores.rows[i], 0);

	intake.sql = scores_query(models, scores.nmodels, text_to_cstring(PG_GETARG_TEXT_PP(1)), scores.label);
	intake_read(&intake, take_scores, &scores);

	bytes = palloc(sizeof(Datum) * Max(1, scores.nmodels));
	for (int i = 0; i < scores.nmodels; i++)
		bytes[i] = PointerGetDatum(scored_rows_write(&scores.rows[i]));
	PG_RETURN_ARRAYTYPE_P(construct_array(bytes, scores.nmodels, BYTEAOID, -1, false, TYPALIGN_INT));
}

/* The p-value of the difference of two models on the same rows. */
static double
difference_p_value(const ScoredRows *a, const ScoredRows *b)
{
	const ScoredRows *rows[2] = {a, b};
	DelongClass class[2] = {0};
	DelongResult result;

	for (int label = 0; label < 2; label++)
	{
		for (int m = 0; m < 2; m++)
		{
			uint64	   *key = palloc_extended(sizeof(uint64) * Max(1, a->n), MCXT_ALLOC_HUGE);
			int64		n = 0;

			for (int64 i = 0; i < a->n; i++)
				if (a->label[i] == (label == 1))
					key[n++] = rank_key(rows[m]->score[i]);
			class[label].key[m] = key;
			class[label].n = n;
		}
	}
	delong(&class[0], &class[1], &result);

	return result.p_value;
}

static void
put_measures(ReturnSetInfo *rsinfo, int place, double threshold, const ScoredRows *rows, const ScoredRows *first)
{
	Evaluation	e;
	double		measure[MEASURES] = {0};
	Datum		values[MEASURES];
	bool		nulls[MEASURES];
	int			i = 2;

	evaluate(rows->label, rows->score, rows->n, threshold, &e);
	measure[i++] = e.roc_auc;
	measure[i++] = e.roc_auc_std_err;
	measure[i++] = e.average_precision;
	measure[i++] = e.log_loss;
	measure[i++] = e.brier_score;
	measure[i++] = e.calibration_error;
	measure[i++] = e.accuracy;
	measure[i++] = e.precision;
	measure[i++] = e.recall;
	measure[i++] = e.f1;
	measure[i++] = first == NULL || first == rows ? NAN : difference_p_value(first, rows);
	Assert(i == MEASURES);

	for (i = 0; i < MEASURES; i++)
	{
		nulls[i] = isnan(measure[i]);
		values[i] = Float8GetDatum(measure[i]);
	}
	values[0] = Int32GetDatum(place);
	values[1] = Int64GetDatum(rows->n);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * _compare_scores(scores bytea[], thresholds float8[])
 *		-> (place integer, n bigint, roc_auc float8, ... delong_p float8)
 */
Datum
_compare_scores(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext context;
	MemoryContext oldcontext;
	Datum	   *bytes;
	bool	   *is_absent;
	Datum	   *thresholds;
	int			nplaces;
	int			nthresholds;
	ScoredRows **rows;
	int		   *place;
	int			nmodels = 0;

	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(CurrentMemoryContext, "shopanalytics scores",
									ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(context);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), BYTEAOID, -1, false, TYPALIGN_INT,
					  &bytes, &is_absent, &nplaces);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &thresholds, NULL, &nthresholds);
	if (nplaces != nthresholds)
		elog(ERROR, "%d scores do not go with %d thresholds", nplaces, nthresholds);

	rows = palloc(sizeof(ScoredRows *) * Max(1, nplaces));
	place = palloc(sizeof(int) * Max(1, nplaces));
	for (int i = 0; i < nplaces; i++)
	{
		if (is_absent[i])
			continue;
		rows[nmodels] = palloc(sizeof(ScoredRows));
		scored_rows_read(rows[nmodels], DatumGetByteaPP(bytes[i]));
		place[nmodels++] = i;
	}
	scored_rows_in_common(rows, nmodels);
	for (int m = 0; m < nmodels && rows[m]->n > 0; m++)
		put_measures(rsinfo, place[m] + 1, DatumGetFloat8(thresholds[place[m]]), rows[m],
					 place[0] == 0 ? rows[0] : NULL);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);

	return (Datum) 0;
}
