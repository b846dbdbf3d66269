/*-------------------------------------------------------------------------
 *
 * logistic_kernel.c
 *	  What a logistic regression needs of all rows, in one pass each.
 *
 * A pass takes the blocks in their order, so its answer depends on the order of
 * rows in the last digits only, and not on the processor (see vector.h).  In a
 * block everything goes column by column: margins; then probabilities, weights,
 * residuals and losses in one loop without branches; then, for two columns at a
 * time, weight times x, and its products with the columns before them, by fours.
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
#define LN_2		0.6931471805599453
#define SHIFT		6755399441055744.0	/* 1.5 * 2^52 */
#define LN_2_HIGH	6.93147180369123816490e-01	/* times 1024 it is exact */
#define LN_2_LOW	1.90821492927058770002e-10

/* Of a block, while a pass is at it. */
typedef struct RowTerms
{
	double		margin[BLOCK_ROWS];
	double		curvature[BLOCK_ROWS];
	double		residual[BLOCK_ROWS];
	double		loss[BLOCK_ROWS];
	double		side[BLOCK_ROWS];	/* the margin, seen from its label */
	double		wx[2][BLOCK_ROWS];
} RowTerms;

/*
 * exp(x) for x <= 0; below -700, where nothing is left that could count, exp(-700).
 * x = k ln 2 + f with |f| <= ln(2) / 2, and a Taylor polynomial in f whose rest is
 * below 2^-57, in parts that do not wait for each other.  A number above 2^52 has no
 * digits after the point, which rounds k and leaves it in the low bits.  The result
 * is within 1 ulp.
 */
static pg_attribute_always_inline double
exp_negative(double x)
{
	double		v = x < -700 ? -700 : x;
	double		shifted = v * LOG2_E + SHIFT;
	double		k = shifted - SHIFT;
	double		f = (v - k * LN_2_HIGH) - k * LN_2_LOW;
	double		f2 = f * f;
	double		f4 = f2 * f2;
	double		p0;
	double		p4;
	double		p8;
	double		scale;
	uint64		bits;

	p0 = (1.0 / 2 + f * (1.0 / 6)) + f2 * (1.0 / 24 + f * (1.0 / 120));
	p4 = (1.0 / 720 + f * (1.0 / 5040)) + f2 * (1.0 / 40320 + f * (1.0 / 362880));
	p8 = (1.0 / 3628800 + f * (1.0 / 39916800)) +
		f2 * (1.0 / 479001600 + f * (1.0 / 6227020800.0));
	p0 = p0 + f4 * (p4 + f4 * p8);

	memcpy(&bits, &shifted, sizeof(bits));
	bits = (bits + 1023) << 52;
	memcpy(&scale, &bits, sizeof(scale));

	return (1 + (f + f2 * p0)) * scale;
}

/*
 * 1 / (1 + e) and log(1 + e) for 0 <= e <= 1, with one division for both.  The
 * logarithm is that of 1 + e or, from about the root of 2 on, of half of it: twice
 * the area tangent of s, |s| <= 0.172, by its series, whose rest is below 2^-59 of
 * it.  The results are within 4 ulp.
 */
static pg_attribute_always_inline void
one_plus(double e, double *inverse, double *log)
{
	double		sum = 1 + e;
	bool		half = e > 0.4142;
	double		above = half ? e - 1 : e;
	double		below = half ? e + 3 : e + 2;
	double		d = 1 / (sum * below);
	double		s = above * (d * sum);
	double		t = s * s;
	double		t2 = t * t;
	double		t4 = t2 * t2;
	double		p0;
	double		p4;
	double		p8;

	p0 = (1.0 / 3 + t * (1.0 / 5)) + t2 * (1.0 / 7 + t * (1.0 / 9));
	p4 = (1.0 / 11 + t * (1.0 / 13)) + t2 * (1.0 / 15 + t * (1.0 / 17));
	p8 = 1.0 / 19 + t * (1.0 / 21);
	p0 = p0 + t4 * (p4 + t4 * p8);

	*inverse = d * below;
	*log = 2 * (s + s * (t * p0)) + (half ? LN_2 : 0);
}

static VECTORIZED void
block_margins(const double *x, int n, const double *coef, double *restrict margin)
{
	int			c;

	for (int r = 0; r < BLOCK_ROWS; r++)
		margin[r] = 0;
	for (c = 0; c + 2 <= n; c += 2)
	{
		const double *column = x + (Size) c * BLOCK_ROWS;
		double		b0 = coef[c];
		double		b1 = coef[c + 1];

		for (int r = 0; r < BLOCK_ROWS; r++)
			margin[r] = (margin[r] + b0 * column[r]) + b1 * column[BLOCK_ROWS + r];
	}
	for (; c < n; c++)
	{
		const double *column = x + (Size) c * BLOCK_ROWS;
		double		b = coef[c];

		for (int r = 0; r < BLOCK_ROWS; r++)
			margin[r] += b * column[r];
	}
}

/* The sizes of what margins are sums of. */
static VECTORIZED void
block_sizes(const double *x, int n, const double *coef, double *restrict size)
{
	for (int r = 0; r < BLOCK_ROWS; r++)
		size[r] = 0;
	for (int c = 0; c < n; c++)
	{
		const double *column = x + (Size) c * BLOCK_ROWS;
		double		b = coef[c];

		for (int r = 0; r < BLOCK_ROWS; r++)
			size[r] += fabs(b * column[r]);
	}
}

/* From margin, label and weight to the rest. */
static VECTORIZED void
block_terms(const double *restrict positive, const double *restrict weight, RowTerms *restrict t)
{
	for (int r = 0; r < BLOCK_ROWS; r++)
	{
		double		w = weight[r];
		bool		is_positive = positive[r] > 0.5;
		double		side = is_positive ? t->margin[r] : -t->margin[r];
		double		size = fabs(side);
		double		e = exp_negative(-size);
		double		likely;
		double		loss;
		double		unlikely;
		double		wrong;

		one_plus(e, &likely, &loss);
		unlikely = e * likely;
		wrong = w * (side >= 0 ? unlikely : likely);

		t->residual[r] = is_positive ? wrong : -wrong;
		t->curvature[r] = w * (likely * unlikely);
		t->loss[r] = w * (loss + (side >= 0 ? 0 : size));
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

/* a0 and a1 times each of four columns; loads and sums are then in balance */
static VECTORIZED void
lanes_products(const double *a0, const double *a1, const double *x, double *restrict lane)
{
	for (int l = 0; l < LANES; l++)
	{
		double		s00 = 0;
		double		s01 = 0;
		double		s02 = 0;
		double		s03 = 0;
		double		s10 = 0;
		double		s11 = 0;
		double		s12 = 0;
		double		s13 = 0;

		for (int r = 0; r < BLOCK_ROWS; r += LANES)
		{
			double		v0 = a0[r + l];
			double		v1 = a1[r + l];
			double		x0 = x[r + l];
			double		x1 = x[BLOCK_ROWS + r + l];
			double		x2 = x[2 * BLOCK_ROWS + r + l];
			double		x3 = x[3 * BLOCK_ROWS + r + l];

			s00 += v0 * x0;
			s01 += v0 * x1;
			s02 += v0 * x2;
			s03 += v0 * x3;
			s10 += v1 * x0;
			s11 += v1 * x1;
			s12 += v1 * x2;
			s13 += v1 * x3;
		}
		lane[l] = s00;
		lane[LANES + l] = s01;
		lane[2 * LANES + l] = s02;
		lane[3 * LANES + l] = s03;
		lane[4 * LANES + l] = s10;
		lane[5 * LANES + l] = s11;
		lane[6 * LANES + l] = s12;
		lane[7 * LANES + l] = s13;
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

/* Sums of a0 * (column 0 to n0 - 1), added to to0, and of a1 * the first n1, n1 >= n0. */
static void
block_products(const double *a0, int n0, double *to0, const double *a1, int n1, double *to1,
			   const double *x)
{
	double		lane[2 * 4 * LANES];

	for (int c = 0; c < n1; c += 4)
	{
		lanes_products(a0, a1, x + (Size) c * BLOCK_ROWS, lane);
		for (int i = 0; i < Min(4, n0 - c); i++)
			to0[c + i] += lanes_sum(lane + i * LANES);
		for (int i = 0; i < Min(4, n1 - c); i++)
			to1[c + i] += lanes_sum(lane + (4 + i) * LANES);
	}
}

static VECTORIZED void
block_weigh(const double *w, const double *x, double *restrict wx)
{
	for (int r = 0; r < BLOCK_ROWS; r++)
		wx[r] = w[r] * x[r];
}

LogisticPass *
logistic_pass_create(int n)
{
	LogisticPass *pass = palloc0(sizeof(LogisticPass));

	pass->gradient = palloc0(n * sizeof(double));
	pass->hessian = palloc0((Size) n * n * sizeof(double));

	return pass;
}

static void
add_block(const LogisticRows *rows, RowTerms *t, LogisticPass *pass)
{
	int			n = rows->n;
	const double *x = rows->x;

	pass->loss += block_total(t->loss);
	pass->min_margin = Min(pass->min_margin, block_least(t->side));
	for (int i = 0; i + 1 < n; i += 2)
	{
		double	   *row = pass->hessian + (Size) i * n;

		logistic_rows_ahead(rows, i);
		logistic_rows_ahead(rows, i + 1);
		block_weigh(t->curvature, x + (Size) i * BLOCK_ROWS, t->wx[0]);
		block_weigh(t->curvature, x + (Size) (i + 1) * BLOCK_ROWS, t->wx[1]);
		block_products(t->wx[0], i + 1, row, t->wx[1], i + 2, row + n, x);
	}

	/* the gradient, and beside it the last row, where that has no other */
	if (n % 2 == 1)
	{
		logistic_rows_ahead(rows, n - 1);
		block_weigh(t->curvature, x + (Size) (n - 1) * BLOCK_ROWS, t->wx[0]);
	}
	block_products(t->wx[0], n % 2 == 1 ? n : 0, pass->hessian + (Size) (n - 1) * n,
				   t->residual, n, pass->gradient, x);
}

/*
 * Loss, its derivatives and the least margin at "coef".  With a step above 1 only
 * each step-th block in memory is looked at.
 */
void
logistic_pass(LogisticRows *rows, int step, const double *coef, LogisticPass *pass)
{
	int			n = rows->n;
	RowTerms	terms;

	pass->loss = 0;
	pass->min_margin = INFINITY;
	memset(pass->gradient, 0, n * sizeof(double));
	memset(pass->hessian, 0, (Size) n * n * sizeof(double));

	logistic_rows_rewind(rows);
	while (logistic_rows_next(rows, step))
	{
		block_margins(rows->x, n, coef, terms.margin);
		block_terms(rows->positive, rows->weight, &terms);
		add_block(rows, &terms, pass);
	}
}

/*
 * The least and the greatest margin that "direction" gives a row, seen from its
 * label; to the least, "slack" times the sizes of the terms that the margin is the
 * sum of is added.
 */
void
logistic_sides(LogisticRows *rows, const double *direction, double slack, double *least, double *greatest)
{
	double		margin[BLOCK_ROWS];
	double		size[BLOCK_ROWS];

	*least = INFINITY;
	*greatest = -INFINITY;
	logistic_rows_rewind(rows);
	while (logistic_rows_next(rows, 1))
	{
		block_margins(rows->x, rows->n, direction, margin);
		block_sizes(rows->x, rows->n, direction, size);
		for (int r = 0; r < BLOCK_ROWS; r++)
		{
			double		side = rows->positive[r] > 0.5 ? margin[r] : -margin[r];

			if (!(rows->weight[r] > 0))
				continue;
			*least = Min(*least, side + slack * size[r]);
			*greatest = Max(*greatest, side);
		}
	}
}
