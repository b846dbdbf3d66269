/*-------------------------------------------------------------------------
 *
 * logistic_newton.c
 *	  The coefficients of a logistic regression, by Newton's method.
 *
 * Each step solves the quadratic that has the objective's value, slope and
 * curvature, which doubles the number of right digits.  A step that would raise
 * the objective is halved until it does not.  The last pass over the rows is at the
 * answer itself, so the curvature there, from which standard errors come, is not
 * one step old.  With a penalty there are no standard errors, and that pass can be
 * saved.
 *
 * How large a step is, is measured by the change of a row's margin that one term
 * can make.  So a rare category counts as much as a frequent one.
 *
 * Without a penalty there need not be an answer.  If some coefficients put every
 * row on its side, twice these coefficients do it better: the rows are separable,
 * and the passes find out when it happens.  If there is a direction that improves
 * some rows and makes none worse, the same is true.  Newton's method then goes that
 * way, by steps that do not get shorter: as soon as they do not, it is asked
 * whether the step is such a direction.
 *
 * IDENTIFICATION
 *	  src/model/logistic_newton.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "model/logistic_newton.h"
#include "model/symmetric.h"

#define RANK_TOLERANCE		1e-9	/* of the square of a column's length */
#define NEAR				0.1 /* a step that ends near the answer */
#define MAX_HALVINGS		40
#define NOISE				1e-13	/* relative error of an objective */
#define STALLED				1e-20	/* relative gain that no digit shows */
#define DETERMINED			1e-4	/* a step by rounding that still leaves
									 * digits */
#define SEPARATED			1e-9	/* a margin that is not 0 by rounding */

/* Newton's steps get twice as many digits right; along a separation, they are alike. */
#define LONG_STEP			0.5 /* of the step before */
#define LONG_STEPS			3	/* in a row that raise suspicion */
#define EARLY_STEPS			8	/* with which anything can happen */
#define WORSE				1e-9	/* of what a margin is the sum of, that is
									 * none */
#define WORSE_STALLED		1e-4	/* the same, where rounding has a say */
#define WORSE_NEVER			1e-12	/* of the best row, where terms are nearly
									 * 0 */
#define MOVED				0.1 /* a margin that a last step would not move by */

#define SETTLED				1e-6	/* a margin's move that a step without a
									 * pass can have */

/* Of how many blocks a start is computed, and from how many on it is worth it. */
#define WARM_MIN_BLOCKS		400
#define WARM_FIRST_BLOCKS	40	/* for the way, to within WARM_FIRST */
#define WARM_FIRST			0.1
#define WARM_STRIDE			10	/* then each 10th, to within WARM_ENOUGH */
#define WARM_ENOUGH			1e-2	/* its square is right, which is less than
									 * what the sample is off */
#define WARM_STEPS			8

/* The rows and columns in use, side by side; their number, and which they are. */
int
newton_gather(const Newton *newton, const double *hessian, double *to, int *index)
{
	int			m = 0;

	for (int i = 0; i < newton->n; i++)
		if (!newton->left_out[i])
			index[m++] = i;
	for (int i = 0; i < m; i++)
		for (int j = 0; j <= i; j++)
			to[(Size) i * m + j] = hessian[(Size) index[i] * newton->n + index[j]];

	return m;
}

static double
penalty_at(const Newton *newton, const double *coef)
{
	double		sum = 0;

	if (newton->penalized)
		for (int i = 1; i < newton->n; i++)
			sum += newton->penalty[i] * coef[i] * coef[i];

	return sum / 2;
}

static void
evaluate(Newton *newton)
{
	logistic_pass(newton->rows, 1, newton->coef, newton->pass);
	newton->objective = newton->pass->loss + penalty_at(newton, newton->coef);
}

/*
 * Newton's step, and by how much it is expected to lower the objective; "share" is
 * of the penalty that counts, "ridge" is added to all curvatures.  False: there is
 * none.
 */
static bool
newton_step(const Newton *newton, const LogisticPass *pass, double share, double ridge,
			double *step, double *decrement)
{
	int			n = newton->n;
	double	   *matrix = palloc((Size) n * n * sizeof(double));
	int		   *index = palloc(n * sizeof(int));
	double	   *gradient = palloc(n * sizeof(double));
	double	   *solution = palloc(n * sizeof(double));
	int			m = newton_gather(newton, pass->hessian, matrix, index);
	bool		solved;

	for (int i = 0; i < m; i++)
	{
		double		penalty = newton->penalized ? share * newton->penalty[index[i]] : 0;

		matrix[(Size) i * m + i] += penalty + ridge;
		gradient[i] = pass->gradient[index[i]] - penalty * newton->coef[index[i]];
		solution[i] = gradient[i];
	}
	solved = symmetric_factor(matrix, m);
	if (solved)
		symmetric_solve(matrix, m, solution);

	*decrement = 0;
	if (solved)
		memset(step, 0, n * sizeof(double));
	for (int i = 0; i < m && solved; i++)
	{
		step[index[i]] = solution[i];
		*decrement += gradient[i] * solution[i] / 2;
	}
	pfree(matrix);
	pfree(index);
	pfree(gradient);
	pfree(solution);

	return solved && !isnan(*decrement) && !isinf(*decrement);
}

/* The largest change of a margin by one term, relative to what the term makes of it. */
static double
step_size(const Newton *newton, const double *step)
{
	double		size = 0;

	for (int i = 0; i < newton->n; i++)
		size = Max(size, fabs(step[i]) * newton->reach[i] /
				   (1 + fabs(newton->coef[i]) * newton->reach[i]));

	return size;
}

/* No row's margin changes by more. */
static double
margin_change(const Newton *newton)
{
	double		sum = 0;

	for (int i = 0; i < newton->n; i++)
		sum += fabs(newton->change[i]) * newton->reach[i];

	return sum;
}

/* Steps over each "stride"-th block, until one is short enough; false: none is. */
static bool
warm_steps(Newton *newton, int stride, double enough)
{
	int			n = newton->n;
	int			blocks = newton->rows->columns->nblocks;
	double		share = (double) BLOCK_ROWS * ((blocks + stride - 1) / stride) / newton->rows->columns->nrows;
	double		size = INFINITY;
	double	   *step = palloc(n * sizeof(double));

	for (int i = 0; i < WARM_STEPS && size > enough; i++)
	{
		double		decrement;

		logistic_pass(newton->rows, stride, newton->coef, newton->pass);
		if (!newton_step(newton, newton->pass, share, newton->pass->hessian[0] * 1e-6, step, &decrement))
			break;
		size = step_size(newton, step);
		/* far away there is no curvature to come back by */
		if (!(size < 10))
			break;
		for (int j = 0; j < n; j++)
			newton->coef[j] += step[j];
	}
	pfree(step);

	return size <= enough;
}

/*
 * A start from some blocks in memory, evenly spread: it saves passes over all of
 * them, and changes nothing in the answer.  The way there is by fewer blocks still.
 * What does not look right is no start.
 */
void
newton_warm(Newton *newton)
{
	int			blocks = newton->rows->columns->nblocks;
	double	   *start;

	if (blocks < WARM_MIN_BLOCKS)
		return;
	start = palloc(newton->n * sizeof(double));
	memcpy(start, newton->coef, newton->n * sizeof(double));
	if (!warm_steps(newton, Max(blocks / Max(WARM_FIRST_BLOCKS, newton->n), WARM_STRIDE), WARM_FIRST))
		memcpy(newton->coef, start, newton->n * sizeof(double));
	if (!warm_steps(newton, WARM_STRIDE, WARM_ENOUGH))
		memcpy(newton->coef, start, newton->n * sizeof(double));
	pfree(start);
}

/* Without a penalty, terms that depend on those before them have no coefficient. */
static void
find_aliased(Newton *newton)
{
	int			n = newton->n;
	double	   *matrix = palloc((Size) n * n * sizeof(double));
	int		   *index = palloc(n * sizeof(int));
	bool	   *dependent = palloc(n * sizeof(bool));
	int			m = newton_gather(newton, newton->pass->hessian, matrix, index);

	symmetric_rank(matrix, m, RANK_TOLERANCE, dependent);
	for (int i = 0; i < m; i++)
	{
		if (!dependent[i])
			continue;
		newton->left_out[index[i]] = newton->aliased[index[i]] = true;
		if (newton->coef[index[i]] != 0)
			newton->coef[index[i]] = 0;
	}
	pfree(matrix);
	pfree(index);
	pfree(dependent);
}

/*
 * Does the last step improve rows, and make none worse?  How much worse a row gets
 * is seen against the row's own terms: against the row that gets best, which may be
 * far out, a row on the wrong side would look like nothing.
 */
static bool
separates(const Newton *newton, double worse)
{
	double		least;
	double		greatest;

	logistic_sides(newton->rows, newton->change, worse, &least, &greatest);

	return greatest > MOVED && least >= -WORSE_NEVER * greatest;
}

/*
 * Goes by "change", or a part of it; the part, 0 if no part lowers the objective.
 * The pass is at the coefficients where it leaves them.
 */
static double
descend(Newton *newton)
{
	int			n = newton->n;
	double		before = newton->objective;
	double	   *from = palloc(n * sizeof(double));
	double		part = 1;

	memcpy(from, newton->coef, n * sizeof(double));
	for (int i = 0; i <= MAX_HALVINGS; i++)
	{
		for (int j = 0; j < n; j++)
			newton->coef[j] = from[j] + part * newton->change[j];
		evaluate(newton);
		if (newton->objective <= before + NOISE * (1 + fabs(before)))
		{
			pfree(from);
			return part;
		}
		part /= 2;
	}
	memcpy(newton->coef, from, n * sizeof(double));
	evaluate(newton);
	pfree(from);

	return 0;
}

/*
 * Near the answer, a step is some constant times the square of the one before; the
 * last two tell the constant, and so the next step.  Is it not worth a pass?  After
 * a step from far away, which curvature had run out for, they tell nothing.
 */
static bool
next_is_nothing(double size, double last_size, double tolerance)
{
	double		ratio = size / last_size;

	return last_size < NEAR && ratio < 1e-2 && size * ratio * ratio <= 1e-6 * tolerance;
}

/*
 * Goes by "change", the last step, without a pass; false: the curvature behind it is
 * wanted, or may be another.  When no margin moves by more than d, no row's p (1 - p)
 * changes by more than a share d of it, nor does what is told of collinearity.  The
 * loss is that of the quadratic.
 */
static bool
settle(Newton *newton)
{
	int			n = newton->n;
	LogisticPass *pass = newton->pass;

	if (!newton->penalized || !(margin_change(newton) <= SETTLED))
		return false;
	for (int i = 0; i < n; i++)
	{
		const double *row = pass->hessian + (Size) i * n;
		double		slope = row[i] * newton->change[i] / 2 - pass->gradient[i];

		for (int j = 0; j < i; j++)
			slope += row[j] * newton->change[j];
		pass->loss += slope * newton->change[i];
		newton->coef[i] += newton->change[i];
	}
	newton->objective = pass->loss + penalty_at(newton, newton->coef);

	return true;
}

/* From newton->coef to the answer, or to why there is none. */
void
newton_run(Newton *newton)
{
	double		last_size = INFINITY;
	int			nlong = 0;

	evaluate(newton);
	if (!newton->penalized)
	{
		bool		moved = false;

		find_aliased(newton);
		for (int i = 0; i < newton->n; i++)
			moved |= newton->aliased[i];
		if (moved)
			evaluate(newton);
	}

	newton->status = LOGISTIC_NOT_CONVERGED;
	for (;;)
	{
		double		decrement;
		double		size;
		double		part;
		bool		last;

		if (isnan(newton->objective) || isinf(newton->objective))
		{
			newton->status = LOGISTIC_OUT_OF_RANGE;
			return;
		}
		if (!newton->penalized && newton->pass->min_margin > SEPARATED)
		{
			newton->status = LOGISTIC_SEPARABLE;
			return;
		}
		if (newton->iterations == newton->max_iterations ||
			!newton_step(newton, newton->pass, 1, 0, newton->change, &decrement))
			break;

		size = step_size(newton, newton->change);
		last = size <= newton->tolerance || next_is_nothing(size, last_size, newton->tolerance);
		newton->iterations++;
		if (last && settle(newton))
		{
			newton->status = LOGISTIC_OK;
			return;
		}
		part = descend(newton);
		if (part == 0)
		{
			/* where rounding decides what is lower, it is as low as it gets */
			if (decrement <= 1e-9 * (1 + fabs(newton->objective)) && size <= DETERMINED)
				newton->status = LOGISTIC_OK;
			break;
		}
		nlong = size > LONG_STEP * last_size ? nlong + 1 : 0;

		if (part == 1 && last)
		{
			newton->status = LOGISTIC_OK;
			return;
		}

		/* steps of rounding errors, where terms nearly depend on each other */
		if (nlong > 0 && decrement <= STALLED * (1 + fabs(newton->objective)))
		{
			if (size <= DETERMINED)
				newton->status = LOGISTIC_OK;
			break;
		}
		last_size = size;
		if (!newton->penalized && nlong >= LONG_STEPS && newton->iterations >= EARLY_STEPS &&
			separates(newton, WORSE))
		{
			newton->status = LOGISTIC_SEPARABLE;
			return;
		}
	}

	/* what could not be told from rounding errors need not be the end */
	if (!newton->penalized && newton->iterations > 0 &&
		separates(newton, newton->status == LOGISTIC_OK ? WORSE_STALLED : WORSE))
		newton->status = LOGISTIC_SEPARABLE;
}
