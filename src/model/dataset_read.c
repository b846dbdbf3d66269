/*-------------------------------------------------------------------------
 *
 * dataset_read.c
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
 *	  src/model/dataset_read.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "intake/groups.h"
#include "model/dataset_reader.h"
#include "utils/memutils.h"

#include "compat.h"

#define MANY_LEFT_OUT	0.1		/* of all rows, for one column */

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
					errmsg_plural("column \"%s\" has NaN or infinity in " INT64_FORMAT " row",
								  "column \"%s\" has NaN or infinity in " INT64_FORMAT " rows",
								  column->nbad, column->feature->name, column->nbad),
					column->bad_key == NULL ? 0 : errdetail("The first was of key %s.", column->bad_key),
					errhint("Pass a query that makes them null, or that leaves the rows out."));
		if (column->nnull > 0)
			ereport(ERROR,
					errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg_plural("column \"%s\" is null in " INT64_FORMAT " row",
								  "column \"%s\" is null in " INT64_FORMAT " rows",
								  column->nnull, column->feature->name, column->nnull),
					column->bad_key == NULL ? 0 : errdetail("The first was of key %s.", column->bad_key),
					errhint("null_policy, or \"impute\" of prepare, can fill them or leave the rows out."));
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

/* The one for whose nulls most rows were left out. */
static const DatasetColumn *
leaves_out_most(const DatasetReader *reader)
{
	const DatasetColumn *most = &reader->columns[0];

	for (int i = 1; i < reader->ncolumns; i++)
	{
		if (reader->columns[i].nleft_out > most->nleft_out)
			most = &reader->columns[i];
	}

	return most;
}

/* Are there any?  And is it said when many are left out? */
static void
check_rows(const DatasetReader *reader)
{
	const Dataset *dataset = reader->dataset;
	const DatasetColumn *most = leaves_out_most(reader);
	int64		nrows = reader->part[TRAIN]->nrows + reader->part[TEST]->nrows;

	if (nrows == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("there are no rows to train on"),
				dataset->nskipped == 0 ? 0 :
				most->nleft_out == 0 ?
				errdetail(INT64_FORMAT " rows were left out, " INT64_FORMAT " of them without a label.",
						  dataset->nskipped, dataset->nlabel_null) :
				errdetail(INT64_FORMAT " rows were left out, " INT64_FORMAT " of them for a null in column \"%s\".",
						  dataset->nskipped, most->nleft_out, most->feature->name));
	if (most->nleft_out > MANY_LEFT_OUT * (nrows + dataset->nskipped))
		ereport(NOTICE,
				errmsg(INT64_FORMAT " of " INT64_FORMAT " rows are left out, " INT64_FORMAT " of them for a null in column \"%s\"",
					   dataset->nskipped, nrows + dataset->nskipped, most->nleft_out, most->feature->name),
				errhint("null_policy, or \"impute\" of prepare, can fill them."));
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

/*
 * The share of the memory that a part may take.  In a sequence, all rows are read
 * into the first one.
 */
static double
share_of_part(const DatasetReader *reader, int part)
{
	double		test = 0.5;

	if (reader->split == SPLIT_HASH)
		test = reader->options->test_fraction;
	else if (reader->split == SPLIT_SEQUENCE)
		test = reader->part[TRAIN] == NULL ? 0 : reader->options->test_fraction;

	return part == TEST ? test : 1 - test;
}

/* Like the others, but of so many columns. */
Columns *
dataset_part(const DatasetReader *reader, int part, int ncolumns)
{
	return columns_create(ncolumns, reader->label.form != LABEL_NONE, reader->weight_at >= 0,
						  (size_t) (groups_memory() * share_of_part(reader, part)));
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
		.context = AllocSetContextCreate(CurrentMemoryContext, "shopanalytics dataset",
										 ALLOCSET_DEFAULT_SIZES),
	};
	Intake	   *intake;
	bool		spilled;

	dataset_check_options(options);
	dataset->preparation = reader.preparation;
	intake = dataset_open(&reader);
	reader.part[TEST] = dataset_part(&reader, TEST, reader.ncolumns);
	reader.part[TRAIN] = dataset_part(&reader, TRAIN, reader.ncolumns);
	dataset_take_rows(&reader, intake);
	check_bad(&reader);
	check_rows(&reader);
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
	MemoryContextDelete(reader.context);

	return dataset;
}

void
dataset_free(Dataset *dataset)
{
	columns_free(dataset->train);
	columns_free(dataset->test);
	pfree(dataset);
}
