/*-------------------------------------------------------------------------
 *
 * logistic_moments.c
 *	  How large the columns of a logistic regression are, and how much they vary.
 *
 * Within a block sums are about its own mean, and blocks are put together as Chan,
 * Golub and LeVeque do.
 *
 * IDENTIFICATION
 *	  src/model/logistic_moments.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "model/logistic_kernel.h"
#include "model/vector.h"

#define WIDTH		4			/* columns at a time */

/* Rows that weigh anything, and their weight, by label. */
static VECTORIZED void
lanes_counts(const double *positive, const double *w, double *restrict lane)
{
	for (int l = 0; l < LANES; l++)
	{
		double		n = 0;
		double		n1 = 0;
		double		w0 = 0;
		double		w1 = 0;

		for (int r = 0; r < BLOCK_ROWS; r += LANES)
		{
			double		one = positive[r + l];
			double		weight = w[r + l];
			double		counts = weight > 0 ? 1 : 0;

			n += counts;
			n1 += counts * one;
			w0 += weight * (1 - one);
			w1 += weight * one;
		}
		lane[l] = n;
		lane[LANES + l] = n1;
		lane[2 * LANES + l] = w0;
		lane[3 * LANES + l] = w1;
	}
}

/* Sums of four columns. */
static VECTORIZED void
lanes_means(const double *x, const double *w, double *restrict lane)
{
	for (int l = 0; l < LANES; l++)
	{
		double		s0 = 0;
		double		s1 = 0;
		double		s2 = 0;
		double		s3 = 0;

		for (int r = 0; r < BLOCK_ROWS; r += LANES)
		{
			double		weight = w[r + l];

			s0 += weight * x[r + l];
			s1 += weight * x[BLOCK_ROWS + r + l];
			s2 += weight * x[2 * BLOCK_ROWS + r + l];
			s3 += weight * x[3 * BLOCK_ROWS + r + l];
		}
		lane[l] = s0;
		lane[LANES + l] = s1;
		lane[2 * LANES + l] = s2;
		lane[3 * LANES + l] = s3;
	}
}

/* Sums of the squares about the means. */
static VECTORIZED void
lanes_squares(const double *x, const double *w, const double *mean, double *restrict lane)
{
	double		m0 = mean[0];
	double		m1 = mean[1];
	double		m2 = mean[2];
	double		m3 = mean[3];

	for (int l = 0; l < LANES; l++)
	{
		double		s0 = 0;
		double		s1 = 0;
		double		s2 = 0;
		double		s3 = 0;

		for (int r = 0; r < BLOCK_ROWS; r += LANES)
		{
			double		weight = w[r + l];
			double		d0 = x[r + l] - m0;
			double		d1 = x[BLOCK_ROWS + r + l] - m1;
			double		d2 = x[2 * BLOCK_ROWS + r + l] - m2;
			double		d3 = x[3 * BLOCK_ROWS + r + l] - m3;

			s0 += weight * (d0 * d0);
			s1 += weight * (d1 * d1);
			s2 += weight * (d2 * d2);
			s3 += weight * (d3 * d3);
		}
		lane[l] = s0;
		lane[LANES + l] = s1;
		lane[2 * LANES + l] = s2;
		lane[3 * LANES + l] = s3;
	}
}

/* Extremes of a column, over the rows that weigh anything. */
static VECTORIZED void
lanes_extremes(const double *x, const double *w, double *restrict low, double *restrict high)
{
	for (int l = 0; l < LANES; l++)
	{
		double		a = INFINITY;
		double		b = -INFINITY;

		for (int r = 0; r < BLOCK_ROWS; r += LANES)
		{
			double		value = x[r + l];
			double		weight = w[r + l];
			double		down = weight > 0 ? value : (double) INFINITY;
			double		up = weight > 0 ? value : -(double) INFINITY;

			a = down < a ? down : a;
			b = up > b ? up : b;
		}
		low[l] = a;
		high[l] = b;
	}
}

static void
add_extremes(const double *x, const double *w, LogisticMoment *moment)
{
	double		low[LANES];
	double		high[LANES];

	lanes_extremes(x, w, low, high);
	for (int l = 0; l < LANES; l++)
	{
		moment->min = Min(moment->min, low[l]);
		moment->max = Max(moment->max, high[l]);
	}
}

/* A block's share of the moments of n columns; "seen" is the weight of all blocks so far. */
static void
add_moments(const double *x, const double *w, int n, double total, double seen,
			LogisticMoment *moment)
{
	double		lane[WIDTH * LANES];
	double		mean[WIDTH];

	lanes_means(x, w, lane);
	for (int i = 0; i < WIDTH; i++)
		mean[i] = lanes_sum(lane + i * LANES) / total;
	lanes_squares(x, w, mean, lane);
	for (int i = 0; i < n; i++)
	{
		double		delta = mean[i] - moment[i].mean;

		moment[i].mean += delta * (total / seen);
		moment[i].m2 += lanes_sum(lane + i * LANES) +
			delta * delta * total * ((seen - total) / seen);
		add_extremes(x + (Size) i * BLOCK_ROWS, w, &moment[i]);
	}
}

/*
 * Means, sums of squares and extremes of all columns, and how many rows there are
 * of either label.
 */
void
logistic_moments(LogisticRows *rows, LogisticMoments *moments)
{
	int			n = rows->n - 1;
	double		seen = 0;

	memset(moments->n, 0, sizeof(moments->n));
	memset(moments->weight, 0, sizeof(moments->weight));
	for (int c = 0; c < n; c++)
	{
		LogisticMoment *moment = &moments->column[c];

		moment->mean = moment->m2 = 0;
		moment->min = INFINITY;
		moment->max = -INFINITY;
	}

	logistic_rows_rewind(rows);
	while (logistic_rows_next(rows, 1))
	{
		double		lane[4 * LANES];
		double		weight[2];
		int64		npositive;

		lanes_counts(rows->positive, rows->weight, lane);
		npositive = (int64) lanes_sum(lane + LANES);
		moments->n[0] += (int64) lanes_sum(lane) - npositive;
		moments->n[1] += npositive;
		weight[0] = lanes_sum(lane + 2 * LANES);
		weight[1] = lanes_sum(lane + 3 * LANES);
		if (!(weight[0] + weight[1] > 0))
			continue;
		moments->weight[0] += weight[0];
		moments->weight[1] += weight[1];
		seen += weight[0] + weight[1];
		for (int c = 0; c < n; c += WIDTH)
		{
			for (int i = c; i < Min(c + WIDTH, n); i++)
				logistic_rows_ahead(rows, i + 1);
			add_moments(rows->x + (Size) (c + 1) * BLOCK_ROWS, rows->weight, Min(WIDTH, n - c),
						weight[0] + weight[1], seen, &moments->column[c]);
		}
	}
}
