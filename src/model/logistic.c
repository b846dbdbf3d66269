/*-------------------------------------------------------------------------
 *
 * logistic.c
 *	  Logistic regression: options, written, read, applied.
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

#define WRITTEN_VERSION		1

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

/* Without anything known yet. */
LogisticModel *
logistic_create(int nterms)
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

	check_read(flags < 8 && isfinite(term->mean) && isfinite(term->sd) && term->sd > 0 &&
			   !isinf(term->coef) && !isinf(term->coef_std));
}

/* Of a usable model, every coefficient that counts is a number. */
static void
check_usable(const LogisticModel *model)
{
	check_read(isfinite(model->intercept.coef_std));
	for (int i = 0; i < model->nterms; i++)
		check_read(model->terms[i].aliased || isfinite(model->terms[i].coef_std));
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
	model = logistic_create(nterms);
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
			   model->iterations >= 0 && isfinite(model->threshold));
	term_read(buf, &model->intercept);
	for (int i = 0; i < nterms; i++)
		term_read(buf, &model->terms[i]);
	if (logistic_usable(model->status))
		check_usable(model);

	return model;
}
