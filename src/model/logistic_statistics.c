/*-------------------------------------------------------------------------
 *
 * logistic_statistics.c
 *	  What is told of a logistic regression beside its coefficients.
 *
 * All of it comes from the curvature H of the loss (without the penalty) at the
 * answer, over standardized columns; with a penalty, where only collinearity is told,
 * at a point so near that six digits of it are the same.
 *
 * IDENTIFICATION
 *	  src/model/logistic_statistics.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "model/logistic_statistics.h"
#include "model/symmetric.h"

/* An eigenvalue below this, relative to the largest, is one of rounding. */
#define SINGULAR	1e-13

/* A term that is given by others but for a share of 1e-8 of its variance is given by them. */
#define VIF_MAX		1e8
#define RIDGE		1e-14

/*
 * The correlations of columns 1 to m - 1 of H, with column 0, the intercept's, taken
 * out: those of the terms, each row with its weight p (1 - p).
 */
static double *
correlations(const double *h, int m)
{
	int			k = m - 1;
	double	   *r = palloc((Size) k * k * sizeof(double));

	for (int i = 0; i < k; i++)
	{
		const double *row = h + (Size) (i + 1) * m;

		for (int j = 0; j <= i; j++)
			r[(Size) i * k + j] = row[j + 1] - row[0] * h[(Size) (j + 1) * m] / h[0];
	}
	for (int i = 0; i < k; i++)
		for (int j = 0; j < i; j++)
		{
			r[(Size) i * k + j] /= sqrt(r[(Size) i * k + i]) * sqrt(r[(Size) j * k + j]);
			r[(Size) j * k + i] = r[(Size) i * k + j];
		}
	for (int i = 0; i < k; i++)
		r[(Size) i * k + i] = 1;

	return r;
}

/*
 * The inverse of correlations, those that cannot be inverted made so by a little on
 * the diagonal: what it gives then is so large that it stands for infinity.
 */
static void
inflations(const double *r, int k, double *inverse)
{
	double	   *factor = palloc((Size) k * k * sizeof(double));
	double		ridge = 0;

	for (;;)
	{
		memcpy(factor, r, (Size) k * k * sizeof(double));
		for (int i = 0; i < k; i++)
			factor[(Size) i * k + i] += ridge;
		if (symmetric_factor(factor, k) || ridge > 1)
			break;
		ridge = ridge == 0 ? RIDGE : 10 * ridge;
	}
	symmetric_invert(factor, k, inverse);
	pfree(factor);
}

/*
 * Condition number and variance inflation.  The condition number is the root of
 * the largest over the smallest eigenvalue of the terms' correlations; the inflation
 * of a term's variance is its entry in their inverse.
 */
void
logistic_collinearity(const Newton *newton, LogisticModel *model)
{
	double	   *h = palloc((Size) newton->n * newton->n * sizeof(double));
	int		   *index = palloc(newton->n * sizeof(int));
	int			m = newton_gather(newton, newton->pass->hessian, h, index);
	int			k = m - 1;
	double	   *r = correlations(h, m);
	double	   *inverse = palloc((Size) m * m * sizeof(double));
	double		low;
	double		high;

	if (k == 0)
		return;
	inflations(r, k, inverse);
	for (int j = 0; j < k; j++)
	{
		double		vif = inverse[(Size) j * k + j];

		model->terms[index[j + 1] - 1].vif = vif < VIF_MAX ? vif : INFINITY;
	}
	symmetric_extremes(r, k, &low, &high);
	model->condition_number = low > SINGULAR * high ? sqrt(high / low) : INFINITY;
}

static void
term_inference(LogisticTerm *term, double variance, double scale)
{
	term->std_err = sqrt(variance) / scale;
	term->z = term->coef / term->std_err;
	/* both tails of the normal distribution */
	term->p_value = erfc(fabs(term->z) / sqrt(2.0));
}

/*
 * With x' = (x - mean) / sd, the coefficient of x is that of x' over sd, and the
 * intercept loses their products with the means.  This is linear, b = T b', so the
 * covariance of b is T V T'.  "v" is V, with rows and columns for all terms.
 */
static void
raw_covariance(const double *v, LogisticModel *model)
{
	int			n = model->nterms + 1;
	double	   *half = palloc((Size) n * n * sizeof(double));	/* V T' */

	for (int i = 0; i < n; i++)
	{
		const double *from = v + (Size) i * n;
		double	   *to = half + (Size) i * n;

		to[0] = from[0];
		for (int j = 1; j < n; j++)
		{
			const LogisticTerm *term = &model->terms[j - 1];

			to[j] = from[j] / term->sd;
			to[0] -= to[j] * term->mean;
		}
	}
	model->vcov = palloc((Size) n * n * sizeof(double));
	for (int j = 0; j < n; j++)
	{
		double		first = half[j];

		for (int i = 1; i < n; i++)
		{
			const LogisticTerm *term = &model->terms[i - 1];
			double		value = half[(Size) i * n + j] / term->sd;

			first -= value * term->mean;
			model->vcov[(Size) i * n + j] = value;
		}
		model->vcov[j] = first;
	}
	/* rounding once more */
	for (int i = 0; i < n; i++)
		for (int j = 0; j < i; j++)
			model->vcov[(Size) i * n + j] = model->vcov[(Size) j * n + i];
	for (int i = 1; i < n; i++)
		for (int j = 0; j < n; j++)
			if (model->terms[i - 1].aliased || model->terms[i - 1].constant)
				model->vcov[(Size) i * n + j] = model->vcov[(Size) j * n + i] = NAN;
	pfree(half);
}

/* Standard errors and what follows, for coefficients of greatest likelihood. */
void
logistic_inference(const Newton *newton, double total_weight, LogisticModel *model)
{
	int			n = newton->n;
	double	   *h = palloc((Size) n * n * sizeof(double));
	double	   *inverse = palloc((Size) n * n * sizeof(double));
	double	   *v = palloc0((Size) n * n * sizeof(double));
	int		   *index = palloc(n * sizeof(int));
	int			m = newton_gather(newton, newton->pass->hessian, h, index);

	model->aic = 2.0 * m - 2 * model->log_likelihood;
	model->bic = m * log(total_weight) - 2 * model->log_likelihood;
	if (!symmetric_factor(h, m))
		return;
	symmetric_invert(h, m, inverse);
	for (int i = 0; i < m; i++)
		for (int j = 0; j < m; j++)
			v[(Size) index[i] * n + index[j]] = inverse[(Size) i * m + j];
	raw_covariance(v, model);

	/* not from the covariance, which may be below the least number there is */
	for (int i = 1; i < m; i++)
	{
		LogisticTerm *term = &model->terms[index[i] - 1];

		term_inference(term, inverse[(Size) i * m + i], term->sd);
	}
	term_inference(&model->intercept, model->vcov[0], 1);
	pfree(h);
	pfree(inverse);
	pfree(v);
}
