/*-------------------------------------------------------------------------
 *
 * logistic.c
 *	  Logistic regression: fitted, written, read, applied.
 *
 * The coefficients make the sum of weight * loss + sum of b^2 / (2 c) least; the
 * second sum is the penalty and leaves out the intercept.  Columns are standardized
 * first, whatever the penalty is on: that a column's numbers are large, or far from
 * 0, then costs no digits.
 *
 * IDENTIFICATION
 *	  src/model/logistic.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"

#include "model/logistic.h"
#include "model/logistic_statistics.h"

#define WRITTEN_VERSION		1

/* Between these, squares of numbers can be summed. */
#define SQUARE_MIN			1e-100
#define SQUARE_MAX			1e100
/* Beyond, there is no room for a difference of two. */
#define SIZE_MAX_FITTED		1e300

/* A penalty that leaves nothing of a coefficient is penalty enough. */
#define PENALTY_MAX			1e200

static bool
choose(const char *option, const char *name, const char *yes)
{
	if (strcmp(name, yes) != 0 && strcmp(name, "none") != 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be \"%s\" or \"none\", got \"%s\"", option, yes, name));

	return strcmp(name, yes) == 0;
}

/* Is it l2? */
bool
logistic_penalty(const char *name)
{
	return choose("penalty", name, "l2");
}

/* Is it balanced? */
bool
logistic_class_weight(const char *name)
{
	return choose("class_weight", name, "balanced");
}

void
logistic_check_options(const LogisticOptions *options)
{
	if (!(options->c > 0) || isinf(options->c))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("c must be a number above 0, got %g", options->c),
				errhint("It is the inverse of the penalty's strength; penalty => 'none' is without one."));
	if (options->max_iterations < 1)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("max_iterations must be at least 1, got %d", options->max_iterations));
	if (!(options->tolerance > 0 && options->tolerance <= 0.1))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("tolerance must be above 0 and at most 0.1, got %g", options->tolerance));
}

const char *
logistic_status_name(LogisticStatus status)
{
	static const char *const names[] = {
		"ok", "collinear", "not_converged", "separable", "out_of_range", "one_class", "no_rows"
	};

	return names[status];
}

static LogisticModel *
model_create(int nterms)
{
	LogisticModel *model = palloc0(sizeof(LogisticModel));
	LogisticTerm none = {0};

	none.sd = 1;
	none.coef = none.coef_std = none.std_err = none.z = none.p_value = none.vif = NAN;
	model->nterms = nterms;
	model->intercept = none;
	model->terms = palloc(Max(nterms, 1) * sizeof(LogisticTerm));
	for (int i = 0; i < nterms; i++)
		model->terms[i] = none;
	model->base_rate = NAN;
	model->threshold = 0.5;
	model->log_likelihood = model->null_log_likelihood = model->objective = NAN;
	model->aic = model->bic = model->condition_number = NAN;

	return model;
}

/* Means and standard deviations; false: numbers that cannot be fitted. */
static bool
fit_scale(Columns *train, LogisticMoments *moments, LogisticModel *model)
{
	int			n = train->ncolumns;
	double	   *factor = palloc(Max(n, 1) * sizeof(double));
	bool		again = false;

	for (int i = 0; i < n; i++)
		factor[i] = 1;
	logistic_moments(train, factor, moments);
	if (moments->n[0] + moments->n[1] == 0)
		return true;

	for (int i = 0; i < n; i++)
	{
		LogisticMoment *moment = &moments->column[i];
		double		size = Max(fabs(moment->min), fabs(moment->max));

		if (!(size <= SIZE_MAX_FITTED) || isnan(moment->mean))
			return false;
		if (size > 0 && (size < SQUARE_MIN || size > SQUARE_MAX))
		{
			factor[i] = ldexp(1, -ilogb(size));
			again = true;
		}
	}
	if (again)
		logistic_moments(train, factor, moments);

	for (int i = 0; i < n; i++)
	{
		LogisticMoment *moment = &moments->column[i];
		LogisticTerm *term = &model->terms[i];
		double		sd = sqrt(moment->m2 / (moments->weight[0] + moments->weight[1])) / factor[i];

		term->mean = moment->mean / factor[i];
		term->constant = moment->min == moment->max || !(sd > 0);
		if (term->constant)
			term->mean = moment->min;
		else
			term->sd = sd;
		if (isnan(sd) || 1 / term->sd > SIZE_MAX_FITTED)
			return false;
	}
	pfree(factor);

	return true;
}

static void
standardize(Columns *train, const LogisticModel *model)
{
	double	   *mean = palloc(Max(model->nterms, 1) * sizeof(double));
	double	   *sd = palloc(Max(model->nterms, 1) * sizeof(double));

	for (int i = 0; i < model->nterms; i++)
	{
		mean[i] = model->terms[i].mean;
		sd[i] = model->terms[i].sd;
	}
	columns_standardize(train, mean, sd);
	pfree(mean);
	pfree(sd);
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
is_finite(double value)
{
	return !isnan(value) && !isinf(value);
}

static bool
coefficients_are_finite(const LogisticModel *model)
{
	for (int i = 0; i < model->nterms; i++)
		if (!model->terms[i].aliased && !is_finite(model->terms[i].coef))
			return false;

	return is_finite(model->intercept.coef);
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

/* The loss of a label that weighs w of "total" when all rows get its share. */
static double
share_loss(double w, double total)
{
	return w > 0 ? -w * log(w / total) : 0;
}

static void
fit_coefficients(Columns *train, const LogisticMoments *moments, LogisticModel *model)
{
	int			n = model->nterms + 1;
	const LogisticOptions *options = &model->options;
	double	   *penalty = palloc0(n * sizeof(double));
	double	   *reach = palloc(n * sizeof(double));
	double		total = moments->weight[0] + moments->weight[1];
	double		weight[2];
	Newton		newton = {0};

	newton.columns = train;
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
	newton.pass = logistic_pass_create(train->ncolumns);
	for (int k = 0; k < 2; k++)
	{
		newton.class_weight[k] = options->balanced ? total / (2 * moments->weight[k]) : 1;
		weight[k] = newton.class_weight[k] * moments->weight[k];
	}
	model->null_log_likelihood = -(share_loss(weight[0], weight[0] + weight[1]) +
								   share_loss(weight[1], weight[0] + weight[1]));

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
 * The rows are standardized in place.  The model is made in the current context,
 * and so is what it takes to make it, which is not much beside the rows.
 */
LogisticModel *
logistic_fit(Columns *train, const LogisticOptions *options)
{
	LogisticModel *model = model_create(train->ncolumns);
	LogisticMoments moments;

	model->options = *options;
	moments.column = palloc(Max(train->ncolumns, 1) * sizeof(LogisticMoment));
	if (!fit_scale(train, &moments, model))
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
	{
		standardize(train, model);
		fit_coefficients(train, &moments, model);
	}
	if (!logistic_usable(model->status) && model->status != LOGISTIC_NOT_CONVERGED)
		for (int i = 0; i < model->nterms; i++)
			model->terms[i].coef = model->terms[i].coef_std = NAN;

	return model;
}

double
logistic_mcfadden(const LogisticModel *model)
{
	return 1 - model->log_likelihood / model->null_log_likelihood;
}

/* In log-odds; the sum that explanations split up. */
double
logistic_margin(const LogisticModel *model, const double *terms)
{
	double		margin = model->intercept.coef_std;

	for (int i = 0; i < model->nterms; i++)
	{
		const LogisticTerm *term = &model->terms[i];

		if (!term->aliased && !term->constant)
			margin += term->coef_std * ((terms[i] - term->mean) / term->sd);
	}

	return margin;
}

double
logistic_probability(double margin)
{
	double		e = exp(-fabs(margin));

	return (margin >= 0 ? 1 : e) / (1 + e);
}

double
logistic_predict(const LogisticModel *model, const double *terms)
{
	return logistic_probability(logistic_margin(model, terms));
}

/* The same for all rows of a block, by the same steps. */
void
logistic_predict_block(const LogisticModel *model, const Block *block, double *probability)
{
	for (int r = 0; r < block->nrows; r++)
		probability[r] = model->intercept.coef_std;
	for (int i = 0; i < model->nterms; i++)
	{
		const LogisticTerm *term = &model->terms[i];
		const double *x = block->x + (Size) i * BLOCK_ROWS;

		if (term->aliased || term->constant)
			continue;
		for (int r = 0; r < block->nrows; r++)
			probability[r] += term->coef_std * ((x[r] - term->mean) / term->sd);
	}
	for (int r = 0; r < block->nrows; r++)
		probability[r] = logistic_probability(probability[r]);
}

static void
term_write(StringInfo buf, const LogisticTerm *term)
{
	pq_sendfloat8(buf, term->mean);
	pq_sendfloat8(buf, term->sd);
	pq_sendfloat8(buf, term->coef_std);
	pq_sendfloat8(buf, term->coef);
	pq_sendfloat8(buf, term->std_err);
	pq_sendfloat8(buf, term->z);
	pq_sendfloat8(buf, term->p_value);
	pq_sendfloat8(buf, term->vif);
	pq_sendbyte(buf, term->aliased | term->constant << 1 | term->separating << 2);
}

/* All but the covariance, which is large and not asked for later. */
void
logistic_write(StringInfo buf, const LogisticModel *model)
{
	pq_sendbyte(buf, WRITTEN_VERSION);
	pq_sendbyte(buf, model->status);
	pq_sendbyte(buf, model->options.penalized | model->options.standardize << 1 | model->options.balanced << 2);
	pq_sendfloat8(buf, model->options.c);
	pq_sendint32(buf, model->options.max_iterations);
	pq_sendfloat8(buf, model->options.tolerance);
	pq_sendint32(buf, model->nterms);
	pq_sendint32(buf, model->iterations);
	pq_sendint64(buf, model->n);
	pq_sendint64(buf, model->npositive);
	pq_sendfloat8(buf, model->base_rate);
	pq_sendfloat8(buf, model->threshold);
	pq_sendfloat8(buf, model->log_likelihood);
	pq_sendfloat8(buf, model->null_log_likelihood);
	pq_sendfloat8(buf, model->objective);
	pq_sendfloat8(buf, model->aic);
	pq_sendfloat8(buf, model->bic);
	pq_sendfloat8(buf, model->condition_number);
	term_write(buf, &model->intercept);
	for (int i = 0; i < model->nterms; i++)
		term_write(buf, &model->terms[i]);
}

static void
check_read(bool valid)
{
	if (!valid)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				errmsg("invalid state of a logistic regression"));
}

static void
term_read(StringInfo buf, LogisticTerm *term)
{
	int			flags;

	term->mean = pq_getmsgfloat8(buf);
	term->sd = pq_getmsgfloat8(buf);
	term->coef_std = pq_getmsgfloat8(buf);
	term->coef = pq_getmsgfloat8(buf);
	term->std_err = pq_getmsgfloat8(buf);
	term->z = pq_getmsgfloat8(buf);
	term->p_value = pq_getmsgfloat8(buf);
	term->vif = pq_getmsgfloat8(buf);
	flags = pq_getmsgbyte(buf);
	term->aliased = (flags & 1) != 0;
	term->constant = (flags & 2) != 0;
	term->separating = (flags & 4) != 0;

	check_read(flags < 8 && is_finite(term->mean) && is_finite(term->sd) && term->sd > 0 &&
			   !isinf(term->coef) && !isinf(term->coef_std));
}

/* Of a usable model, every coefficient that counts is a number. */
static void
check_usable(const LogisticModel *model)
{
	check_read(is_finite(model->intercept.coef_std));
	for (int i = 0; i < model->nterms; i++)
		check_read(model->terms[i].aliased || is_finite(model->terms[i].coef_std));
}

LogisticModel *
logistic_read(StringInfo buf, int nterms)
{
	LogisticModel *model;
	int			version = pq_getmsgbyte(buf);
	int			status = pq_getmsgbyte(buf);
	int			flags = pq_getmsgbyte(buf);

	check_read(version == WRITTEN_VERSION && status <= LOGISTIC_LAST_STATUS && flags < 8 &&
			   nterms >= 0 && nterms <= LOGISTIC_MAX_TERMS);
	model = model_create(nterms);
	model->status = status;
	model->options.penalized = (flags & 1) != 0;
	model->options.standardize = (flags & 2) != 0;
	model->options.balanced = (flags & 4) != 0;
	model->options.c = pq_getmsgfloat8(buf);
	model->options.max_iterations = pq_getmsgint(buf, 4);
	model->options.tolerance = pq_getmsgfloat8(buf);
	check_read((int) pq_getmsgint(buf, 4) == nterms);
	model->iterations = pq_getmsgint(buf, 4);
	model->n = pq_getmsgint64(buf);
	model->npositive = pq_getmsgint64(buf);
	model->base_rate = pq_getmsgfloat8(buf);
	model->threshold = pq_getmsgfloat8(buf);
	model->log_likelihood = pq_getmsgfloat8(buf);
	model->null_log_likelihood = pq_getmsgfloat8(buf);
	model->objective = pq_getmsgfloat8(buf);
	model->aic = pq_getmsgfloat8(buf);
	model->bic = pq_getmsgfloat8(buf);
	model->condition_number = pq_getmsgfloat8(buf);
	check_read(model->n >= 0 && model->npositive >= 0 && model->npositive <= model->n &&
			   model->iterations >= 0 && is_finite(model->threshold));
	term_read(buf, &model->intercept);
	for (int i = 0; i < nterms; i++)
		term_read(buf, &model->terms[i]);
	if (logistic_usable(model->status))
		check_usable(model);

	return model;
}
