/*-------------------------------------------------------------------------
 *
 * dataset.c
 *	  The rows that a model is trained on and tested with.
 *
 * The rows of a table, a view or a query go from the executor straight into
 * blocks of columns, with the caller's rights.  Where a row's terms are known at
 * once, it is stored as these.  Where something of all training rows must be known
 * before - which values a category has, a mean, which of two labels is the
 * positive one - it is stored as it is, categories as codes, and made into terms
 * afterwards, block by block: each block is freed when its terms are there.
 *
 * Which rows are the test's is drawn by their ids: dataset_id.c.
 *
 * IDENTIFICATION
 *	  src/model/dataset.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "behaviour/hllsketch.h"
#include "intake/groups.h"
#include "model/dataset_reader.h"
#include "model/draw.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "compat.h"

#define TRAIN	0
#define TEST	1

/* Codes of values not seen before, and how they hash. */
static void
add_code(DatasetReader *reader, DatasetColumn *column, uint32 code, Datum value)
{
	char	   *text = value_text(column->form, &column->output, value);

	if (code >= PREPARATION_MAX_LEVELS)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("column \"%s\" has more than %d different values", column->feature->name,
					   PREPARATION_MAX_LEVELS),
				errhint("Leave it out by features."));
	column->code_hash = codes_make_room(column->code_hash, &column->hash_room, code, sizeof(uint64));
	column->code_hash[code] = hllsketch_hash((const uint8 *) text, strlen(text));
	column->ncode_hash = code + 1;
}

static inline double
category_code(DatasetReader *reader, DatasetColumn *column, Datum value)
{
	uint32		code = codes_get(column->codes, value);

	if (unlikely(code >= column->ncode_hash))
		add_code(reader, column, code, value);

	return code;
}

static char *
key_text(const DatasetReader *reader, const Datum *values, const bool *nulls)
{
	char	   *text;

	if (reader->key_at < 0 || nulls[reader->key_at])
		return NULL;
	text = OutputFunctionCall(&reader->intake[reader->key_at].output,
							  values[reader->key_at]);

	return MemoryContextStrdup(reader->context, text);
}

/* A row has something that makes an error when all is read; find and count it. */
static void
count_bad(DatasetReader *reader, const Datum *values, const bool *nulls)
{
	int			i;

	for (i = 0; i < reader->ncolumns; i++)
	{
		DatasetColumn *column = &reader->columns[i];
		const Feature *feature = column->feature;
		bool		is_category = feature->kind == FEATURE_CATEGORY;
		bool		is_null = nulls[i] && (is_category ? feature->null_error : feature->null_fill == NULL_ERROR);

		if (is_null)
			column->nnull++;
		else if (nulls[i] || is_category || isfinite(reader->row[i]))
			continue;
		else
			column->nbad++;
		if (column->nnull + column->nbad == 1)
			column->bad_key = key_text(reader, values, nulls);
	}
}

/* NULL of a column; false if the row is left out. */
static inline bool
take_null(DatasetReader *reader, const DatasetColumn *column, double *value, double *check)
{
	const Feature *feature = column->feature;

	*value = get_float8_nan();
	if (feature->kind == FEATURE_CATEGORY)
	{
		if (feature->null_error)
			*check = get_float8_nan();

		return !feature->null_skip;
	}
	if (feature->null_fill == NULL_ERROR)
		*check = get_float8_nan();
	else if (column->fill == FILL_ZERO)
		*value = 0;

	return feature->null_fill != NULL_SKIP;
}

/* The features into reader->row; false if the row is left out. */
static inline bool
take_features(DatasetReader *reader, const Datum *values, const bool *nulls)
{
	double	   *row = reader->row;
	double		check = 0;		/* becomes NaN by what is not finite */
	int			i;

	for (i = 0; i < reader->ncolumns; i++)
	{
		DatasetColumn *column = &reader->columns[i];

		if (nulls[i])
		{
			if (!take_null(reader, column, &row[i], &check))
				return false;
		}
		else if (column->codes != NULL)
			row[i] = category_code(reader, column, values[i]);
		else
		{
			row[i] = value_number(column->form, values[i]);
			check += row[i] * 0;
		}
	}
	if (unlikely(check != 0))
		count_bad(reader, values, nulls);

	return true;
}

static double
take_weight(DatasetReader *reader, const Datum *values, const bool *nulls)
{
	int			at = reader->weight_at;
	double		weight;

	if (at < 0)
		return 1;
	weight = nulls[at] ? get_float8_nan() : value_number(reader->weight_form, values[at]);
	if (!(weight >= 0) || isinf(weight))
	{
		char	   *key = key_text(reader, values, nulls);

		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("weight in column \"%s\" must be a number from 0 up, not %s", reader->options->weight,
					   nulls[at] ? "null" : OutputFunctionCall(&reader->intake[at].output, values[at])),
				key == NULL ? 0 : errdetail("In the row of key %s.", key));
	}

	return weight;
}

static int
part_of_row(DatasetReader *reader, const Datum *values, const bool *nulls, uint64 id)
{
	switch (reader->split)
	{
		case SPLIT_HASH:
			return draw_uniform(id, reader->options->seed, DRAW_SPLIT) < reader->options->test_fraction ? TEST : TRAIN;
		case SPLIT_COLUMN:
			if (nulls[reader->split_at])
				return -1;
			return DatumGetBool(values[reader->split_at]) ? TEST : TRAIN;
		case SPLIT_SEQUENCE:
			return TRAIN;		/* until all are counted */
	}

	return TRAIN;
}

static inline void
store_row(DatasetReader *reader, int part, double y, double weight, uint64 id)
{
	Columns    *columns = reader->part[part];
	Block	   *block = columns_row(columns);
	int			r = block->nrows++;
	double	   *x = block->x + r;
	int			i;

	for (i = 0; i < reader->ncolumns; i++, x += BLOCK_ROWS)
		*x = reader->row[i];
	if (block->y != NULL)
		block->y[r] = y;
	if (block->weight != NULL)
		block->weight[r] = weight;
	block->id[r] = id;
	reader->npositive[part] += y == 1;
}

/* IntakeRow */
static void
take_row(void *arg, const Datum *values, const bool *nulls)
{
	DatasetReader *reader = arg;
	double		y = 0;
	double		weight;
	uint64		id;
	int			part;

	if (reader->label_at >= 0)
	{
		if (nulls[reader->label_at])
		{
			reader->dataset->nlabel_null++;
			reader->dataset->nskipped++;
			return;
		}
		y = dataset_label_value(reader, values[reader->label_at]);
	}
	weight = take_weight(reader, values, nulls);
	if (weight == 0 || !take_features(reader, values, nulls))
	{
		reader->dataset->nskipped++;
		return;
	}
	id = reader->key_at >= 0 && !nulls[reader->key_at] ?
		stable_hash(reader->key_hash, values[reader->key_at]) : dataset_id_of_row(reader, y, weight);
	part = part_of_row(reader, values, nulls, id);
	if (part < 0)
	{
		reader->dataset->nskipped++;
		return;
	}
	store_row(reader, part, y, weight, id);
}

/* What was counted while rows were read, and must not be. */
static void
check_bad(const DatasetReader *reader)
{
	int			i;

	for (i = 0; i < reader->ncolumns; i++)
	{
		const DatasetColumn *column = &reader->columns[i];

		if (column->nbad > 0)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("column \"%s\" has NaN or infinity in " INT64_FORMAT " rows", column->feature->name, column->nbad),
					column->bad_key == NULL ? 0 : errdetail("The first was of key %s.", column->bad_key),
					errhint("Pass a query that makes them null, or that leaves the rows out."));
		if (column->nnull > 0)
			ereport(ERROR,
					errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("column \"%s\" is null in " INT64_FORMAT " rows", column->feature->name, column->nnull),
					column->bad_key == NULL ? 0 : errdetail("The first was of key %s.", column->bad_key),
					errhint("Another null_policy than error fills them or leaves the rows out."));
	}
}

/* All of them together, and the feature that has most. */
void
dataset_check_terms(const Preparation *preparation, int64 nterms)
{
	const Feature *most = &preparation->features[0];
	int			i;

	for (i = 1; i < preparation->nfeatures; i++)
	{
		if (preparation->features[i].nterms > most->nterms)
			most = &preparation->features[i];
	}
	if (nterms > PREPARATION_MAX_TERMS)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("the features make " INT64_FORMAT " terms, more than %d", nterms, PREPARATION_MAX_TERMS),
				errdetail("Column \"%s\" makes %d.", most->name, most->nterms),
				errhint("Leave columns out by features, raise min_category_count, or encode a category as \"target\", \"frequency\" or \"ordinal\"."));
}

/* Numbers alone need no second look: their terms are where they are to stay. */
static void
number_terms(DatasetReader *reader)
{
	Preparation *preparation = reader->preparation;

	dataset_check_terms(preparation, preparation_place_terms(preparation));
	preparation_name_terms(preparation);
	reader->dataset->train = reader->part[TRAIN];
	reader->dataset->test = reader->part[TEST];
	reader->dataset->ntrain_positive = reader->npositive[TRAIN];
}

static void
check_rows(const DatasetReader *reader)
{
	const Dataset *dataset = reader->dataset;

	if (reader->part[TRAIN]->nrows + reader->part[TEST]->nrows == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("there are no rows to train on"),
				dataset->nskipped == 0 ? 0 :
				errdetail(INT64_FORMAT " rows were left out, " INT64_FORMAT " of them without a label.",
						  dataset->nskipped, dataset->nlabel_null));
}

static void
check_classes(const DatasetReader *reader)
{
	const Dataset *dataset = reader->dataset;

	if (reader->label.form != LABEL_NONE &&
		(dataset->ntrain_positive == 0 || dataset->ntrain_positive == dataset->train->nrows))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("label \"%s\" has one class only: it is %s in all " INT64_FORMAT " training rows",
					   reader->options->label,
					   dataset->ntrain_positive == 0 ? dataset->negative : dataset->positive,
					   dataset->train->nrows));
}

/* The id of a row by its place among those of the first part. */
static uint64
id_at(DatasetReader *reader, ColumnsScan *scan, Block **block, int64 *before, int64 at)
{
	while (*block == NULL || at >= *before + (*block)->nrows)
	{
		if (*block != NULL)
			*before += (*block)->nrows;
		*block = columns_next(scan);
	}

	return (*block)->id[at - *before];
}

/*
 * How many rows of the first part come before the test's.  In a sequence, rows of
 * one key stay together: those of the last key before the cut are for training.
 */
static int64
training_rows(DatasetReader *reader)
{
	int64		nrows = reader->part[TRAIN]->nrows;
	int64		ntrain = nrows - (int64) rint(nrows * reader->options->test_fraction);
	int64		before = 0;
	Block	   *block = NULL;
	ColumnsScan scan;
	uint64		last;

	if (reader->split != SPLIT_SEQUENCE)
		return nrows;
	if (ntrain == 0)
		return 0;
	columns_rewind(&scan, reader->part[TRAIN]);
	last = id_at(reader, &scan, &block, &before, ntrain - 1);
	while (ntrain < nrows && id_at(reader, &scan, &block, &before, ntrain) == last)
		ntrain++;

	return ntrain;
}

/* The share of the memory that the test's rows may take. */
static double
test_share(const DatasetReader *reader)
{
	switch (reader->split)
	{
		case SPLIT_HASH:
		case SPLIT_SEQUENCE:
			return reader->options->test_fraction;
		case SPLIT_COLUMN:
			break;
	}

	return 0.5;
}

Columns *
dataset_part(const DatasetReader *reader, bool is_test, int ncolumns)
{
	double		share = is_test ? test_share(reader) : 1 - test_share(reader);

	return columns_create(ncolumns, reader->label.form != LABEL_NONE, reader->weight_at >= 0,
						  (size_t) (groups_memory() * share));
}

static void
tell_files(void)
{
	ereport(NOTICE,
			errmsg("the rows take more memory than shopanalytics.intake_memory, %d MB, and go to temporary files",
				   (int) (groups_memory() / (1024 * 1024))),
			errhint("Raising the setting makes the training faster."));
}

/*
 * "source" is read with the caller's rights.  All is allocated in the current
 * memory context; see dataset_free().
 */
Dataset *
dataset_read(const DatasetOptions *options)
{
	Dataset    *dataset = palloc0(sizeof(Dataset));
	DatasetReader reader = {
		.options = options,
		.dataset = dataset,
		.preparation = palloc0(sizeof(Preparation)),
		.context = CurrentMemoryContext,
	};
	Intake	   *intake;
	bool		spilled;
	int			i;

	dataset_check_options(options);
	dataset->preparation = reader.preparation;
	intake = dataset_open(&reader);
	reader.row = palloc(Max(1, reader.ncolumns) * sizeof(double));
	for (i = TRAIN; i <= TEST; i++)
		reader.part[i] = dataset_part(&reader, i == TEST, reader.ncolumns);
	intake_read(intake, take_row, &reader);
	check_bad(&reader);
	check_rows(&reader);
	for (i = TRAIN; i <= TEST; i++)
		columns_finish(reader.part[i]);
	dataset_label_finish(&reader);

	reader.ntrain = training_rows(&reader);
	if (reader.ntrain == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("all " INT64_FORMAT " rows are the test's, there is none to train on",
					   reader.part[TRAIN]->nrows + reader.part[TEST]->nrows));

	spilled = reader.part[TRAIN]->file != NULL || reader.part[TEST]->file != NULL;
	if (reader.two_looks)
	{
		dataset_fit(&reader);
		dataset_terms(&reader);
		spilled |= dataset->train->file != NULL || dataset->test->file != NULL;
	}
	else
		number_terms(&reader);
	if (spilled)
		tell_files();
	check_classes(&reader);

	return dataset;
}

void
dataset_free(Dataset *dataset)
{
	columns_free(dataset->train);
	columns_free(dataset->test);
	pfree(dataset);
}
