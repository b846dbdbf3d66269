/*-------------------------------------------------------------------------
 *
 * logistic_fit.c
 *	  A logistic regression from rows.
 *
 * The coefficients make the sum of weight * loss + sum of b^2 / (2 c) least; the
 * second sum is the penalty and leaves out the intercept.  Columns are standardized
 * first, whatever the penalty is on: that a column's numbers are large, or far from
 * 0, then costs no digits.
 *
 * IDENTIFICATION
 *	  src/model/logistic_fit.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "model/logistic_fit.h"
#include "model/logistic_statistics.h"

/* Between these, squares of numbers can be summed. */
#define SQUARE_MIN			1e-100
#define SQUARE_MAX			1e100
/* Beyond, there is no room for a difference of two. */
#define SIZE_MAX_FITTED		1e300

/* A penalty that leaves nothing of a coefficient is penalty enough. */
#define PENALTY_MAX			1e200

/* Means and standard deviations; false: numbers that cannot be fitted. */
static bool
fit_scale(LogisticRows *rows, LogisticMoments *moments, LogisticModel *model)
{
	bool		again = false;

	logistic_moments(rows, moments);
	if (moments->n[0] + moments->n[1] == 0)
		return true;

	for (int i = 0; i < model->nterms; i++)
	{
		LogisticMoment *moment = &moments->column[i];
		double		size = Max(fabs(moment->min), fabs(moment->max));

		if (!(size <= SIZE_MAX_FITTED) || isnan(moment->mean))
			return false;
		if (size > 0 && (size < SQUARE_MIN || size > SQUARE_MAX))
		{
			rows->factor[i + 1] = ldexp(1, -ilogb(size));
			again = true;
		}
	}
	if (again)
		logistic_moments(rows, moments);

	for (int i = 0; i < model->nterms; i++)
	{
		LogisticMoment *moment = &moments->column[i];
		LogisticTerm *term = &model->terms[i];
		double		factor = rows->factor[i + 1];
		double		sd = sqrt(moment->m2 / (moments->weight[0] + moments->weight[1])) / factor;

		moment->min /= factor;
		moment->max /= factor;
		term->mean = moment->mean / factor;
		term->constant = moment->min == moment->max || !(sd > 0);
		if (term->constant)
			term->mean = moment->min;
		else
			term->sd = sd;
		if (isnan(sd) || 1 / term->sd > SIZE_MAX_FITTED)
			return false;
		rows->mean[i + 1] = term->mean;
		rows->factor[i + 1] = 1 / term->sd;
	}

	return true;
}

/* Coefficients of the raw terms from those of the standardized ones. */
static void
raw_coefficients(const Newton *newton, LogisticModel *model)
{
	model->intercept.coef_std = model->intercept.coef = newton->coef[0];
	for (int i = 0; i < model->nterms; i++)
	{
		LogisticTerm *term = &model->terms[i];

		term->aliased = newton->aliased[i + 1];
		if (term->aliased)
			continue;
		term->coef_std = newton->coef[i + 1];
		term->coef = term->coef_std / term->sd;
		model->intercept.coef -= term->coef * term->mean;
	}
}

static bool
coefficients_are_finite(const LogisticModel *model)
{
	for (int i = 0; i < model->nterms; i++)
		if (!model->terms[i].aliased && !isfinite(model->terms[i].coef))
			return false;

	return isfinite(model->intercept.coef);
}

/* The terms along which the rows are separated; all of them, when rows are by all. */
static void
find_separating(const Newton *newton, LogisticModel *model)
{
	const double *along = newton->pass->min_margin > 0 ? newton->coef : newton->change;
	double		most = 0;

	for (int i = 1; i < newton->n; i++)
		most = Max(most, fabs(along[i]) * newton->reach[i]);
	for (int i = 1; i < newton->n; i++)
		model->terms[i - 1].separating = most > 0 && fabs(along[i]) * newton->reach[i] > 0.01 * most;
}

/* What is told of the answer, or of why there is none. */
static void
finish(const Newton *newton, const LogisticMoments *moments, LogisticModel *model)
{
	model->status = newton->status;
	model->iterations = newton->iterations;
	if (model->status == LOGISTIC_SEPARABLE)
		find_separating(newton, model);
	if (model->status != LOGISTIC_OK && model->status != LOGISTIC_NOT_CONVERGED)
		return;

	raw_coefficients(newton, model);
	model->log_likelihood = -newton->pass->loss;
	model->objective = newton->objective;
	if (!coefficients_are_finite(model))
		model->status = LOGISTIC_OUT_OF_RANGE;
	if (model->status != LOGISTIC_OK)
		return;

	for (int i = 0; i < model->nterms; i++)
		if (model->terms[i].aliased)
			model->status = LOGISTIC_COLLINEAR;
	logistic_collinearity(newton, model);
	if (!model->options.penalized && !model->options.balanced)
		logistic_inference(newton, moments->weight[0] + moments->weight[1], model);
}

/* The loss of the rows of a label that weigh w, when all rows get its share. */
static double
share_loss(double w, double other)
{
	return -w * (w > other ? log1p(-other / (w + other)) : log(w / (w + other)));
}

static void
fit_coefficients(LogisticRows *rows, const LogisticMoments *moments, LogisticModel *model)
{
	int			n = model->nterms + 1;
	const LogisticOptions *options = &model->options;
	double	   *penalty = palloc0(n * sizeof(double));
	double	   *reach = palloc(n * sizeof(double));
	double		total = moments->weight[0] + moments->weight[1];
	double		weight[2];
	Newton		newton = {0};

	newton.rows = rows;
	newton.n = n;
	newton.penalized = options->penalized;
	newton.penalty = penalty;
	newton.reach = reach;
	newton.max_iterations = options->max_iterations;
	newton.tolerance = options->tolerance;
	newton.left_out = palloc0(n * sizeof(bool));
	newton.aliased = palloc0(n * sizeof(bool));
	newton.coef = palloc0(n * sizeof(double));
	newton.change = palloc0(n * sizeof(double));
	newton.pass = logistic_pass_create(n);
	for (int k = 0; k < 2; k++)
	{
		rows->class_weight[k] = options->balanced ? total / (2 * moments->weight[k]) : 1;
		weight[k] = rows->class_weight[k] * moments->weight[k];
	}
	model->null_log_likelihood = -(share_loss(weight[0], weight[1]) + share_loss(weight[1], weight[0]));

	reach[0] = 1;
	newton.coef[0] = log(weight[1] / weight[0]);
	for (int i = 1; i < n; i++)
	{
		const LogisticTerm *term = &model->terms[i - 1];
		const LogisticMoment *moment = &moments->column[i - 1];

		newton.left_out[i] = term->constant;
		reach[i] = Max(moment->max - term->mean, term->mean - moment->min) / term->sd;
		penalty[i] = 1 / options->c;
		if (!options->standardize)
			penalty[i] = Min(penalty[i] / term->sd / term->sd, PENALTY_MAX);
	}

	newton_warm(&newton);
	newton_run(&newton);
	finish(&newton, moments, model);
}

/*
 * The model is made in the current context, and so is what it takes to make it,
 * which is not much beside the rows.
 */
LogisticModel *
logistic_fit(Columns *train, const LogisticOptions *options)
{
	LogisticModel *model = logistic_create(train->ncolumns);
	LogisticRows *rows = logistic_rows_create(train);
	LogisticMoments moments;

	model->options = *options;
	moments.column = palloc(Max(train->ncolumns, 1) * sizeof(LogisticMoment));
	if (!fit_scale(rows, &moments, model))
		model->status = LOGISTIC_OUT_OF_RANGE;
	else if (moments.n[0] + moments.n[1] == 0)
		model->status = LOGISTIC_NO_ROWS;
	else if (moments.n[0] == 0 || moments.n[1] == 0)
		model->status = LOGISTIC_ONE_CLASS;

	model->n = moments.n[0] + moments.n[1];
	model->npositive = moments.n[1];
	if (model->n > 0)
		model->base_rate = moments.weight[1] / (moments.weight[0] + moments.weight[1]);
	if (model->status == LOGISTIC_OK)
		fit_coefficients(rows, &moments, model);
	if (!logistic_usable(model->status) && model->status != LOGISTIC_NOT_CONVERGED)
		for (int i = 0; i < model->nterms; i++)
			model->terms[i].coef = model->terms[i].coef_std = NAN;

	return model;
}
