/*-------------------------------------------------------------------------
 *
 * logistic_kernel.c
 *	  What a logistic regression needs of all rows, in one pass each.
 *
 * A pass takes the blocks in their order, so its answer depends on the order of
 * rows in the last digits only, and not on the processor (see vector.h).  In a
 * block everything goes column by column: margins; then probabilities, weights,
 * residuals and losses in one loop without branches; then, column after column,
 * weight times x, and its products with the columns before it, four at a time.
 *
 * IDENTIFICATION
 *	  src/model/logistic_kernel.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "model/logistic_kernel.h"
#include "model/vector.h"

#define LOG2_E		1.4426950408889634
#define SHIFT		6755399441055744.0	/* 1.5 * 2^52 */
#define LN_2_HIGH	6.93147180369123816490e-01	/* times 1024 it is exact */
#define LN_2_LOW	1.90821492927058770002e-10

/* Of a block, while a pass is at it. */
typedef struct RowTerms
{
	double		weight[BLOCK_ROWS]; /* of the row; 0 after the last */
	double		positive[BLOCK_ROWS];	/* its label */
	double		margin[BLOCK_ROWS];
	double		curvature[BLOCK_ROWS];
	double		residual[BLOCK_ROWS];
	double		loss[BLOCK_ROWS];
	double		side[BLOCK_ROWS];	/* the margin, seen from its label */
	double		wx[BLOCK_ROWS];
} RowTerms;

/*
 * exp(x) for x <= 0; below -700, where nothing is left that could count, exp(-700).
 * x = k ln 2 + f with |f| <= ln(2) / 2, and a Taylor polynomial in f whose rest is
 * below 2^-57.  A number above 2^52 has no digits after the point, which rounds k
 * and leaves it in the low bits.  The result is within 1 ulp.
 */
static pg_attribute_always_inline double
exp_negative(double x)
{
	double		v = x < -700 ? -700 : x;
	double		shifted = v * LOG2_E + SHIFT;
	double		k = shifted - SHIFT;
	double		f = (v - k * LN_2_HIGH) - k * LN_2_LOW;
	double		ff = f * f;
	double		p;
	double		scale;
	uint64		bits;

	p = 1.0 / 87178291200.0;
	p = p * f + 1.0 / 6227020800.0;
	p = p * f + 1.0 / 479001600.0;
	p = p * f + 1.0 / 39916800.0;
	p = p * f + 1.0 / 3628800.0;
	p = p * f + 1.0 / 362880.0;
	p = p * f + 1.0 / 40320.0;
	p = p * f + 1.0 / 5040.0;
	p = p * f + 1.0 / 720.0;
	p = p * f + 1.0 / 120.0;
	p = p * f + 1.0 / 24.0;
	p = p * f + 1.0 / 6.0;
	p = p * f + 0.5;

	memcpy(&bits, &shifted, sizeof(bits));
	bits = (bits + 1023) << 52;
	memcpy(&scale, &bits, sizeof(scale));

	return (1 + (f + ff * p)) * scale;
}

/*
 * log(1 + e) for 0 <= e <= 1: twice the area tangent of s = e / (2 + e) <= 1/3, by
 * its series, whose rest is below 2^-60 of it.  The result is within 2 ulp.
 */
static pg_attribute_always_inline double
log_one_plus(double e)
{
	double		s = e / (2 + e);
	double		t = s * s;
	double		p;

	p = 1.0 / 35;
	p = p * t + 1.0 / 33;
	p = p * t + 1.0 / 31;
	p = p * t + 1.0 / 29;
	p = p * t + 1.0 / 27;
	p = p * t + 1.0 / 25;
	p = p * t + 1.0 / 23;
	p = p * t + 1.0 / 21;
	p = p * t + 1.0 / 19;
	p = p * t + 1.0 / 17;
	p = p * t + 1.0 / 15;
	p = p * t + 1.0 / 13;
	p = p * t + 1.0 / 11;
	p = p * t + 1.0 / 9;
	p = p * t + 1.0 / 7;
	p = p * t + 1.0 / 5;
	p = p * t + 1.0 / 3;

	return 2 * (s + s * (t * p));
}

static VECTORIZED void
block_margins(const double *x, int ncolumns, const double *coef, double *restrict margin)
{
	for (int r = 0; r < BLOCK_ROWS; r++)
		margin[r] = coef[0];
	for (int c = 0; c < ncolumns; c++)
	{
		const double *column = x + (Size) c * BLOCK_ROWS;
		double		b = coef[c + 1];

		for (int r = 0; r < BLOCK_ROWS; r++)
			margin[r] += b * column[r];
	}
}

/* The sizes of what margins are sums of. */
static VECTORIZED void
block_sizes(const double *x, int ncolumns, const double *coef, double *restrict size)
{
	for (int r = 0; r < BLOCK_ROWS; r++)
		size[r] = fabs(coef[0]);
	for (int c = 0; c < ncolumns; c++)
	{
		const double *column = x + (Size) c * BLOCK_ROWS;
		double		b = coef[c + 1];

		for (int r = 0; r < BLOCK_ROWS; r++)
			size[r] += fabs(b * column[r]);
	}
}

/* From margin, label and weight to the rest. */
static VECTORIZED void
block_terms(RowTerms *restrict t)
{
	for (int r = 0; r < BLOCK_ROWS; r++)
	{
		double		w = t->weight[r];
		bool		positive = t->positive[r] > 0.5;
		double		side = positive ? t->margin[r] : -t->margin[r];
		double		size = fabs(side);
		double		e = exp_negative(-size);
		double		likely = 1 / (1 + e);
		double		unlikely = e * likely;
		double		wrong = w * (side >= 0 ? unlikely : likely);

		t->residual[r] = positive ? wrong : -wrong;
		t->curvature[r] = w * (likely * unlikely);
		t->loss[r] = w * (log_one_plus(e) + (side >= 0 ? 0 : size));
		t->side[r] = w > 0 ? side : (double) INFINITY;
	}
}

/*
 * The lanes of sums are the outer loop: it becomes one vector, or a few, and the sum
 * within stays in its order.  That is also why these are functions of their own.
 */
static VECTORIZED void
lanes_total(const double *a, double *restrict lane)
{
	for (int l = 0; l < LANES; l++)
	{
		double		s = 0;

		for (int r = 0; r < BLOCK_ROWS; r += LANES)
			s += a[r + l];
		lane[l] = s;
	}
}

/* a times each of four others */
static VECTORIZED void
lanes_dot(const double *a, const double *b0, const double *b1, const double *b2, const double *b3,
		  double *restrict lane)
{
	for (int l = 0; l < LANES; l++)
	{
		double		s0 = 0;
		double		s1 = 0;
		double		s2 = 0;
		double		s3 = 0;

		for (int r = 0; r < BLOCK_ROWS; r += LANES)
		{
			s0 += a[r + l] * b0[r + l];
			s1 += a[r + l] * b1[r + l];
			s2 += a[r + l] * b2[r + l];
			s3 += a[r + l] * b3[r + l];
		}
		lane[l] = s0;
		lane[LANES + l] = s1;
		lane[2 * LANES + l] = s2;
		lane[3 * LANES + l] = s3;
	}
}

static double
block_total(const double *a)
{
	double		lane[LANES];

	lanes_total(a, lane);

	return lanes_sum(lane);
}

static VECTORIZED void
lanes_least(const double *a, double *restrict lane)
{
	for (int l = 0; l < LANES; l++)
	{
		double		least = INFINITY;

		for (int r = 0; r < BLOCK_ROWS; r += LANES)
			least = a[r + l] < least ? a[r + l] : least;
		lane[l] = least;
	}
}

static double
block_least(const double *a)
{
	double		lane[LANES];
	double		least = INFINITY;

	lanes_least(a, lane);
	for (int l = 0; l < LANES; l++)
		least = Min(least, lane[l]);

	return least;
}

/* Sums of wx * (column 0 to n - 1), added to "to". */
static void
block_products(const double *wx, const double *x, int n, double *to)
{
	double		lane[4 * LANES];

	for (int c = 0; c < n; c += 4)
	{
		/* the last column again, where there are not four */
		lanes_dot(wx, x + (Size) c * BLOCK_ROWS,
				  x + (Size) Min(c + 1, n - 1) * BLOCK_ROWS,
				  x + (Size) Min(c + 2, n - 1) * BLOCK_ROWS,
				  x + (Size) Min(c + 3, n - 1) * BLOCK_ROWS, lane);
		for (int i = 0; i < Min(4, n - c); i++)
			to[c + i] += lanes_sum(lane + i * LANES);
	}
}

static VECTORIZED void
block_weigh(const double *w, const double *x, double *restrict wx)
{
	for (int r = 0; r < BLOCK_ROWS; r++)
		wx[r] = w[r] * x[r];
}

/* Rows after the last of a block count for nothing, and are numbers. */
static void
block_pad(Block *block, int ncolumns)
{
	if (block->nrows == BLOCK_ROWS)
		return;
	for (int c = 0; c < ncolumns; c++)
		memset(block->x + (Size) c * BLOCK_ROWS + block->nrows, 0,
			   (BLOCK_ROWS - block->nrows) * sizeof(double));
}

static VECTORIZED void
block_class_weights(const double *positive, double w0, double w1, double *restrict weight)
{
	for (int r = 0; r < BLOCK_ROWS; r++)
		weight[r] = positive[r] > 0.5 ? w1 : w0;
}

/* Labels and weights of a block, padded. */
static void
block_rows(const Block *block, const double *class_weight, RowTerms *t)
{
	memcpy(t->positive, block->y, block->nrows * sizeof(double));
	memset(t->positive + block->nrows, 0, (BLOCK_ROWS - block->nrows) * sizeof(double));
	block_class_weights(t->positive, class_weight[0], class_weight[1], t->weight);
	if (block->weight != NULL)
	{
		block_weigh(block->weight, t->weight, t->wx);
		memcpy(t->weight, t->wx, sizeof(t->weight));
	}
	memset(t->weight + block->nrows, 0, (BLOCK_ROWS - block->nrows) * sizeof(double));
}

LogisticPass *
logistic_pass_create(int ncolumns)
{
	int			n = ncolumns + 1;
	LogisticPass *pass = palloc0(sizeof(LogisticPass));

	pass->gradient = palloc0(n * sizeof(double));
	pass->hessian = palloc0((Size) n * n * sizeof(double));

	return pass;
}

static void
add_block(const Block *block, int ncolumns, RowTerms *t, LogisticPass *pass)
{
	int			n = ncolumns + 1;

	pass->loss += block_total(t->loss);
	pass->gradient[0] += block_total(t->residual);
	pass->hessian[0] += block_total(t->curvature);
	block_products(t->residual, block->x, ncolumns, pass->gradient + 1);
	for (int c = 0; c < ncolumns; c++)
	{
		double	   *row = pass->hessian + (Size) (c + 1) * n;

		block_weigh(t->curvature, block->x + (Size) c * BLOCK_ROWS, t->wx);
		row[0] += block_total(t->wx);
		block_products(t->wx, block->x, c + 1, row + 1);
	}
	pass->min_margin = Min(pass->min_margin, block_least(t->side));
}

/*
 * Loss, its derivatives and the least margin at "coef".  With a step above 1 only
 * each step-th block in memory is looked at.
 */
void
logistic_pass(Columns *columns, int step, const double *class_weight, const double *coef, LogisticPass *pass)
{
	int			n = columns->ncolumns + 1;
	RowTerms	terms;
	ColumnsScan scan;
	Block	   *block;

	pass->loss = 0;
	pass->min_margin = INFINITY;
	memset(pass->gradient, 0, n * sizeof(double));
	memset(pass->hessian, 0, (Size) n * n * sizeof(double));

	columns_rewind(&scan, columns);
	for (int i = 0; step == 1 || i < columns->nblocks; i++)
	{
		if ((block = columns_next(&scan)) == NULL)
			break;
		if (i % step != 0)
			continue;
		block_pad(block, columns->ncolumns);
		block_rows(block, class_weight, &terms);
		block_margins(block->x, columns->ncolumns, coef, terms.margin);
		block_terms(&terms);
		add_block(block, columns->ncolumns, &terms, pass);
	}
}

/*
 * The least and the greatest margin that "direction" gives a row, seen from its
 * label; to the least, "slack" times the sizes of the terms that the margin is the
 * sum of is added.
 */
void
logistic_sides(Columns *columns, const double *direction, double slack, double *least, double *greatest)
{
	const double class_weight[2] = {1, 1};
	RowTerms	terms;
	double		size[BLOCK_ROWS];
	ColumnsScan scan;
	Block	   *block;

	*least = INFINITY;
	*greatest = -INFINITY;
	columns_rewind(&scan, columns);
	while ((block = columns_next(&scan)) != NULL)
	{
		block_pad(block, columns->ncolumns);
		block_rows(block, class_weight, &terms);
		block_margins(block->x, columns->ncolumns, direction, terms.margin);
		block_sizes(block->x, columns->ncolumns, direction, size);
		for (int r = 0; r < block->nrows; r++)
		{
			double		side = terms.positive[r] > 0.5 ? terms.margin[r] : -terms.margin[r];

			if (!(terms.weight[r] > 0))
				continue;
			*least = Min(*least, side + slack * size[r]);
			*greatest = Max(*greatest, side);
		}
	}
}

static VECTORIZED void
lanes_mean(const double *x, const double *w, double factor, double *restrict lane)
{
	for (int l = 0; l < LANES; l++)
	{
		double		s = 0;

		for (int r = 0; r < BLOCK_ROWS; r += LANES)
			s += w[r + l] * (x[r + l] * factor);
		lane[l] = s;
	}
}

static VECTORIZED void
lanes_square(const double *x, const double *w, double factor, double center, double *restrict lane)
{
	for (int l = 0; l < LANES; l++)
	{
		double		s = 0;

		for (int r = 0; r < BLOCK_ROWS; r += LANES)
		{
			double		off = x[r + l] * factor - center;

			s += w[r + l] * (off * off);
		}
		lane[l] = s;
	}
}

/* Extremes of the rows that weigh anything. */
static VECTORIZED void
lanes_extremes(const double *x, const double *w, double *restrict low, double *restrict high)
{
	for (int l = 0; l < LANES; l++)
	{
		double		a = INFINITY;
		double		b = -INFINITY;

		for (int r = 0; r < BLOCK_ROWS; r += LANES)
		{
			double		down = w[r + l] > 0 ? x[r + l] : (double) INFINITY;
			double		up = w[r + l] > 0 ? x[r + l] : -(double) INFINITY;

			a = down < a ? down : a;
			b = up > b ? up : b;
		}
		low[l] = a;
		high[l] = b;
	}
}

/* A block's share of the moments of one column; "seen" is the weight of all blocks so far. */
static void
add_moment(const double *x, const double *w, double factor, double total, double seen,
		   LogisticMoment *moment)
{
	double		lane[LANES];
	double		high[LANES];
	double		mean;
	double		delta;

	lanes_mean(x, w, factor, lane);
	mean = lanes_sum(lane) / total;
	lanes_square(x, w, factor, mean, lane);
	delta = mean - moment->mean;
	moment->mean += delta * (total / seen);
	moment->m2 += lanes_sum(lane) + delta * delta * total * ((seen - total) / seen);

	lanes_extremes(x, w, lane, high);
	for (int l = 0; l < LANES; l++)
	{
		moment->min = Min(moment->min, lane[l]);
		moment->max = Max(moment->max, high[l]);
	}
}

/*
 * Means, sums of squares and extremes of all columns, and how many rows there are
 * of either label.  Within a block sums are about its own mean, and blocks are put
 * together as Chan, Golub and LeVeque do.  Means and squares are of x * factor.
 */
void
logistic_moments(Columns *columns, const double *factor, LogisticMoments *moments)
{
	const double class_weight[2] = {1, 1};
	RowTerms	terms;
	ColumnsScan scan;
	Block	   *block;
	double		seen = 0;

	memset(moments->n, 0, sizeof(moments->n));
	memset(moments->weight, 0, sizeof(moments->weight));
	for (int c = 0; c < columns->ncolumns; c++)
	{
		LogisticMoment *moment = &moments->column[c];

		moment->mean = moment->m2 = 0;
		moment->min = INFINITY;
		moment->max = -INFINITY;
	}

	columns_rewind(&scan, columns);
	while ((block = columns_next(&scan)) != NULL)
	{
		double		total = 0;

		block_pad(block, columns->ncolumns);
		block_rows(block, class_weight, &terms);
		for (int r = 0; r < block->nrows; r++)
		{
			bool		positive = terms.positive[r] > 0.5;

			moments->n[positive] += terms.weight[r] > 0;
			moments->weight[positive] += terms.weight[r];
			total += terms.weight[r];
		}
		if (!(total > 0))
			continue;
		seen += total;
		for (int c = 0; c < columns->ncolumns; c++)
			add_moment(block->x + (Size) c * BLOCK_ROWS, terms.weight, factor[c], total, seen,
					   &moments->column[c]);
	}
}
