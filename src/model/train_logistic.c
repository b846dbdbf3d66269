/*-------------------------------------------------------------------------
 *
 * train_logistic.c
 *	  _train_logistic(): from a source to the bytes of a logistic regression.
 *
 * It returns the bytes and what the training came to; train_logistic() stores them.
 *
 * IDENTIFICATION
 *	  src/model/train_logistic.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"

#include "model/dataset.h"
#include "model/logistic_fit.h"
#include "model/model.h"
#include "model/train_result.h"

#define NAMES_TOLD	10

/* Arguments after those of every training. */
enum
{
	ARG_PENALTY = DATASET_ARGUMENTS,
	ARG_C,
	ARG_STANDARDIZE,
	ARG_CLASS_WEIGHT,
	ARG_MAX_ITERATIONS,
	ARG_TOLERANCE
};

PG_FUNCTION_INFO_V1(_train_logistic);

static void
need_argument(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", name));
}

/* penalty, c, standardize, class_weight, max_iterations, tolerance */
static void
own_arguments(FunctionCallInfo fcinfo, LogisticOptions *options)
{
	need_argument(fcinfo, ARG_PENALTY, "penalty");
	need_argument(fcinfo, ARG_C, "c");
	need_argument(fcinfo, ARG_STANDARDIZE, "standardize");
	need_argument(fcinfo, ARG_CLASS_WEIGHT, "class_weight");
	need_argument(fcinfo, ARG_MAX_ITERATIONS, "max_iterations");
	need_argument(fcinfo, ARG_TOLERANCE, "tolerance");

	options->penalized = logistic_penalty(text_to_cstring(PG_GETARG_TEXT_PP(ARG_PENALTY)));
	options->c = PG_GETARG_FLOAT8(ARG_C);
	options->standardize = PG_GETARG_BOOL(ARG_STANDARDIZE);
	options->balanced = logistic_class_weight(text_to_cstring(PG_GETARG_TEXT_PP(ARG_CLASS_WEIGHT)));
	options->max_iterations = PG_GETARG_INT32(ARG_MAX_ITERATIONS);
	options->tolerance = PG_GETARG_FLOAT8(ARG_TOLERANCE);
	logistic_check_options(options);
}

typedef bool (*TermTest) (const LogisticTerm *term);

static bool
term_is_constant(const LogisticTerm *term)
{
	return term->constant;
}

static bool
term_is_aliased(const LogisticTerm *term)
{
	return term->aliased;
}

static bool
term_separates(const LogisticTerm *term)
{
	return term->separating;
}

/* The names of the terms that pass, or the first of them; NULL if there is none. */
static char *
names_of(const LogisticModel *model, const Preparation *preparation, TermTest test)
{
	StringInfoData names;
	int			n = 0;

	initStringInfo(&names);
	for (int i = 0; i < model->nterms; i++)
	{
		if (!test(&model->terms[i]))
			continue;
		if (n < NAMES_TOLD)
			appendStringInfo(&names, "%s%s", n > 0 ? ", " : "", preparation->terms[i].name);
		n++;
	}
	if (n > NAMES_TOLD)
		appendStringInfo(&names, " and %d more", n - NAMES_TOLD);

	return n > 0 ? names.data : NULL;
}

/* What there is to know beside the numbers. */
static void
tell(const LogisticModel *model, const Preparation *preparation)
{
	const char *constant = names_of(model, preparation, term_is_constant);
	const char *aliased = names_of(model, preparation, term_is_aliased);
	const char *separating = names_of(model, preparation, term_separates);

	if (model->status == LOGISTIC_OUT_OF_RANGE)
		ereport(ERROR,
				errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				errmsg("features have numbers too large or too small to be fitted"),
				errhint("Their sizes should be between 1e-290 and 1e290: choose other units."));
	if (constant != NULL)
		ereport(NOTICE,
				errmsg("the same in all training rows, with a coefficient of 0: %s", constant));
	if (aliased != NULL)
		ereport(NOTICE,
				errmsg("determined by terms before them, and without a coefficient: %s", aliased),
				errhint("Leave them out, or train with penalty => 'l2'."));
	if (model->status == LOGISTIC_SEPARABLE)
		ereport(NOTICE,
				errmsg("the label can be told from the terms without an error, in all rows or in some: no coefficients are the most likely ones"),
				separating == NULL ? 0 : errdetail("It is told by: %s.", separating),
				errhint("With penalty => 'l2' there is an answer."));
	if (model->status == LOGISTIC_NOT_CONVERGED && model->iterations < model->options.max_iterations)
		ereport(NOTICE,
				errmsg("the coefficients are not determined: after %d iterations only rounding errors moved them",
					   model->iterations),
				errhint("Train with a smaller c, or leave out terms that nearly tell the label or each other."));
	else if (model->status == LOGISTIC_NOT_CONVERGED)
		ereport(NOTICE,
				errmsg("the coefficients still changed after %d iterations", model->iterations),
				errhint("Raise max_iterations or tolerance, or train with penalty => 'l2'."));
}

static void
put_fit(TrainResult *result, const LogisticModel *model)
{
	train_result_put(result, "status", CStringGetTextDatum(logistic_status_name(model->status)));
	train_result_put(result, "converged", BoolGetDatum(logistic_usable(model->status)));
	train_result_put(result, "iterations", Int32GetDatum(model->iterations));
	train_result_put_float(result, "log_likelihood", model->log_likelihood);
	train_result_put_float(result, "null_log_likelihood", model->null_log_likelihood);
	train_result_put_float(result, "aic", model->aic);
	train_result_put_float(result, "bic", model->bic);
	train_result_put_float(result, "mcfadden_r2", logistic_mcfadden(model));
	train_result_put_float(result, "condition_number", model->condition_number);
	train_result_put_float(result, "threshold", model->threshold);
}

static void
evaluate_test(TrainResult *result, const LogisticModel *model, Columns *test)
{
	bool	   *label = MemoryContextAllocHuge(CurrentMemoryContext, test->nrows * sizeof(bool));
	double	   *score = MemoryContextAllocHuge(CurrentMemoryContext, test->nrows * sizeof(double));
	int64		n = 0;
	Evaluation	evaluation;
	ColumnsScan scan;
	Block	   *block;

	columns_rewind(&scan, test);
	while ((block = columns_next(&scan)) != NULL)
	{
		logistic_predict_block(model, block, score + n);
		for (int r = 0; r < block->nrows; r++)
			label[n++] = block->y[r] != 0;
	}
	evaluate(label, score, n, model->threshold, &evaluation);
	train_result_put_evaluation(result, &evaluation);
	pfree(label);
	pfree(score);
}

/*
 * _train_logistic(14 arguments of a dataset, penalty text, c float8,
 *		standardize boolean, class_weight text, max_iterations integer,
 *		tolerance float8) -> (state bytea, result train_result)
 */
Datum
_train_logistic(PG_FUNCTION_ARGS)
{
	LogisticOptions options;
	DatasetOptions source;
	Dataset    *dataset;
	LogisticModel *model;
	TrainResult result;
	instr_time	start;
	instr_time	time;

	INSTR_TIME_SET_CURRENT(start);
	train_result_start(&result, fcinfo);
	own_arguments(fcinfo, &options);
	dataset_arguments(fcinfo, &source);

	/*
	 * the terms of all values of a category sum to 1, which the intercept is,
	 * too
	 */
	source.default_dummy = !options.penalized;
	dataset_need_label(&source);
	dataset = dataset_read(&source);

	model = logistic_fit(dataset->train, &options);
	tell(model, dataset->preparation);
	train_result_put(&result, "n_train", Int64GetDatum(dataset->train->nrows));
	train_result_put(&result, "n_test", Int64GetDatum(dataset->test->nrows));
	train_result_put(&result, "n_skipped", Int64GetDatum(dataset->nskipped));
	train_result_put(&result, "n_positive", Int64GetDatum(dataset->ntrain_positive));
	put_fit(&result, model);
	if (dataset->test->nrows > 0 && model->status <= LOGISTIC_NOT_CONVERGED)
		evaluate_test(&result, model, dataset->test);

	INSTR_TIME_SET_CURRENT(time);
	INSTR_TIME_SUBTRACT(time, start);
	train_result_put_float(&result, "train_ms", INSTR_TIME_GET_MILLISEC(time));
	columns_free(dataset->train);
	columns_free(dataset->test);

	return train_result_finish(&result, model_write(MODEL_LOGISTIC, dataset->preparation, model));
}
