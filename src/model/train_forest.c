/*-------------------------------------------------------------------------
 *
 * train_forest.c
 *	  _train_forest() and _train_tree(): from a source to the bytes of a model.
 *
 * They return the bytes and what the training came to; train_forest() and
 * train_tree() store them.
 *
 * IDENTIFICATION
 *	  src/model/train_forest.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "model/dataset.h"
#include "model/evaluation.h"
#include "model/forest.h"
#include "model/model.h"
#include "model/train_result.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define TRAIN_THRESHOLD	0.5
#define ROWS_AT_ONCE	16		/* predicted between looks for a cancel */

static int
own_integer(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", name));

	return PG_GETARG_INT32(argument);
}

static double
own_float(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", name));

	return PG_GETARG_FLOAT8(argument);
}

static bool
own_boolean(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", name));

	return PG_GETARG_BOOL(argument);
}

/* max_features: the default if it is NULL */
static void
own_max_features(FunctionCallInfo fcinfo, int argument, ForestFeatures otherwise, ForestOptions *options)
{
	options->features = PG_ARGISNULL(argument) ? otherwise : FEATURES_GIVEN;
	options->max_features = PG_ARGISNULL(argument) ? 0 : PG_GETARG_INT32(argument);
}

/* class_weight: none or balanced */
static bool
own_balanced(FunctionCallInfo fcinfo, int argument)
{
	const char *name = PG_ARGISNULL(argument) ? "none" : text_to_cstring(PG_GETARG_TEXT_PP(argument));

	if (strcmp(name, "balanced") == 0)
		return true;
	if (strcmp(name, "none") != 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("class_weight must be none or balanced, got \"%s\"", name));

	return false;
}

static void
evaluate_test(TrainResult *result, const ForestModel *model, Columns *test)
{
	bool	   *label = MemoryContextAllocHuge(CurrentMemoryContext, test->nrows * sizeof(bool));
	double	   *score = MemoryContextAllocHuge(CurrentMemoryContext, test->nrows * sizeof(double));
	double	   *terms = palloc(Max(test->ncolumns, 1) * sizeof(double));
	int64		n = 0;
	Evaluation	evaluation;
	ColumnsScan scan;
	Block	   *block;

	columns_rewind(&scan, test);
	while ((block = columns_next(&scan)) != NULL)
	{
		int			r;
		int			c;

		for (r = 0; r < block->nrows; r++)
		{
			if (r % ROWS_AT_ONCE == 0)
				CHECK_FOR_INTERRUPTS();
			for (c = 0; c < test->ncolumns; c++)
				terms[c] = block->x[(Size) c * BLOCK_ROWS + r];
			label[n] = block->y[r] != 0;
			score[n++] = forest_predict(model, terms);
		}
	}
	evaluate(label, score, n, TRAIN_THRESHOLD, &evaluation);
	train_result_put_evaluation(result, &evaluation);
	pfree(label);
	pfree(score);
	pfree(terms);
}

static Datum
train(FunctionCallInfo fcinfo, const ForestOptions *forest_options)
{
	ForestOptions options = *forest_options;
	DatasetOptions dataset_options;
	Dataset    *dataset;
	ForestModel *model;
	TrainResult result;
	instr_time	start;
	instr_time	time;

	INSTR_TIME_SET_CURRENT(start);
	train_result_start(&result, fcinfo);
	dataset_arguments(fcinfo, &dataset_options);
	dataset_options.keep_nulls = true;
	dataset_need_label(&dataset_options);
	options.seed = dataset_options.seed;
	forest_check_options(&options, 0);
	dataset = dataset_read(&dataset_options);

	train_result_put(&result, "n_train", Int64GetDatum(dataset->train->nrows));
	train_result_put(&result, "n_test", Int64GetDatum(dataset->test->nrows));
	train_result_put(&result, "n_skipped", Int64GetDatum(dataset->nskipped));
	train_result_put(&result, "n_positive", Int64GetDatum(dataset->ntrain_positive));
	model = forest_fit(dataset->train, dataset->test, &options);
	dataset->train = NULL;		/* freed by forest_fit */
	train_result_put(&result, "status", CStringGetTextDatum("ok"));
	train_result_put(&result, "threshold", Float8GetDatum(TRAIN_THRESHOLD));
	if (dataset->test->nrows > 0)
		evaluate_test(&result, model, dataset->test);

	INSTR_TIME_SET_CURRENT(time);
	INSTR_TIME_SUBTRACT(time, start);
	train_result_put_float(&result, "train_ms", INSTR_TIME_GET_MILLISEC(time));
	columns_free(dataset->test);

	return train_result_finish(&result, model_write(MODEL_FOREST, dataset->preparation, model));
}

/*
 * _train_forest(14 arguments of a dataset, n_trees integer, max_depth integer,
 *		min_leaf integer, max_bins integer, max_features integer,
 *		class_weight text, bootstrap boolean, sample_fraction float8)
 *		-> (state bytea, result train_result)
 */
PG_FUNCTION_INFO_V1(_train_forest);
Datum
_train_forest(PG_FUNCTION_ARGS)
{
	ForestOptions options = {
		.ntrees = own_integer(fcinfo, DATASET_ARGUMENTS, "n_trees"),
		.max_depth = own_integer(fcinfo, DATASET_ARGUMENTS + 1, "max_depth"),
		.min_leaf = own_integer(fcinfo, DATASET_ARGUMENTS + 2, "min_leaf"),
		.max_bins = own_integer(fcinfo, DATASET_ARGUMENTS + 3, "max_bins"),
		.balanced = own_balanced(fcinfo, DATASET_ARGUMENTS + 5),
		.bootstrap = own_boolean(fcinfo, DATASET_ARGUMENTS + 6, "bootstrap"),
		.sample_fraction = own_float(fcinfo, DATASET_ARGUMENTS + 7, "sample_fraction")
	};

	own_max_features(fcinfo, DATASET_ARGUMENTS + 4, FEATURES_ROOT, &options);

	return train(fcinfo, &options);
}

/*
 * _train_tree(14 arguments of a dataset, max_depth integer, min_leaf integer,
 *		max_bins integer, max_features integer, class_weight text)
 *		-> (state bytea, result train_result)
 */
PG_FUNCTION_INFO_V1(_train_tree);
Datum
_train_tree(PG_FUNCTION_ARGS)
{
	ForestOptions options = {
		.ntrees = 1,
		.max_depth = own_integer(fcinfo, DATASET_ARGUMENTS, "max_depth"),
		.min_leaf = own_integer(fcinfo, DATASET_ARGUMENTS + 1, "min_leaf"),
		.max_bins = own_integer(fcinfo, DATASET_ARGUMENTS + 2, "max_bins"),
		.balanced = own_balanced(fcinfo, DATASET_ARGUMENTS + 4),
		.sample_fraction = 1
	};

	own_max_features(fcinfo, DATASET_ARGUMENTS + 3, FEATURES_ALL, &options);

	return train(fcinfo, &options);
}
