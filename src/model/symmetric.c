/*-------------------------------------------------------------------------
 *
 * symmetric.c
 *	  Small symmetric matrices: Cholesky factor, rank, inverse, eigenvalues.
 *
 * They have a row for each term of a model, so a few hundred at most: simple
 * methods of n^3 steps do.
 *
 * IDENTIFICATION
 *	  src/model/symmetric.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "model/symmetric.h"

static double
dot(const double *a, const double *b, int n)
{
	double		s[4] = {0};
	int			i;

	/* four sums, because each addition waits for the one before */
	for (i = 0; i + 4 <= n; i += 4)
	{
		s[0] += a[i] * b[i];
		s[1] += a[i + 1] * b[i + 1];
		s[2] += a[i + 2] * b[i + 2];
		s[3] += a[i + 3] * b[i + 3];
	}
	for (; i < n; i++)
		s[0] += a[i] * b[i];

	return (s[0] + s[1]) + (s[2] + s[3]);
}

/*
 * The number of columns that do not depend on those before them; the others are
 * marked.  Of the square of a column's length, what is left when the columns
 * before are taken out must be more than "tolerance" times what it was.  The
 * pivots are tried in the order of the columns, so the first of several that
 * depend on each other stays.
 */
int
symmetric_rank(const double *a, int n, double tolerance, bool *dependent)
{
	double	   *l = palloc0((Size) n * n * sizeof(double));
	int			rank = 0;

	for (int i = 0; i < n; i++)
	{
		double	   *row = l + (Size) i * n;
		double		rest;

		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < i; j++)
			if (!dependent[j])
				row[j] = (a[(Size) i * n + j] - dot(row, l + (Size) j * n, j)) / l[(Size) j * n + j];
		rest = a[(Size) i * n + i] - dot(row, row, i);
		dependent[i] = !(rest > tolerance * a[(Size) i * n + i]);
		if (dependent[i])
			memset(row, 0, n * sizeof(double));
		else
		{
			row[i] = sqrt(rest);
			rank++;
		}
	}
	pfree(l);

	return rank;
}

/* a = L L'; L takes the place of a.  False: a is not positive definite. */
bool
symmetric_factor(double *a, int n)
{
	for (int i = 0; i < n; i++)
	{
		double	   *row = a + (Size) i * n;
		double		rest;

		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < i; j++)
			row[j] = (row[j] - dot(row, a + (Size) j * n, j)) / a[(Size) j * n + j];
		rest = row[i] - dot(row, row, i);
		/* NaN and what overflowed fail here, too */
		if (!(rest > 0) || isinf(rest))
			return false;
		row[i] = sqrt(rest);
	}

	return true;
}

/* L L' x = b; x takes the place of b. */
void
symmetric_solve(const double *factor, int n, double *b)
{
	for (int i = 0; i < n; i++)
		b[i] = (b[i] - dot(factor + (Size) i * n, b, i)) / factor[(Size) i * n + i];
	for (int i = n - 1; i >= 0; i--)
	{
		double		x = b[i] / factor[(Size) i * n + i];

		b[i] = x;
		for (int j = 0; j < i; j++)
			b[j] -= factor[(Size) i * n + j] * x;
	}
}

/* All of the inverse of L L', both triangles. */
void
symmetric_invert(const double *factor, int n, double *inverse)
{
	memset(inverse, 0, (Size) n * n * sizeof(double));
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		inverse[(Size) i * n + i] = 1;
		symmetric_solve(factor, n, inverse + (Size) i * n);
	}
	/* what rounding made of it is not quite symmetric */
	for (int i = 0; i < n; i++)
		for (int j = 0; j < i; j++)
			inverse[(Size) j * n + i] = inverse[(Size) i * n + j];
}

/*
 * The same eigenvalues in a matrix with a diagonal and one number beside each of its
 * entries, below[i] being that between i and i - 1.  Householder's reflections, from
 * the last row up; a is lost.
 */
static void
tridiagonalize(double *a, int n, double *diagonal, double *below)
{
	double	   *p = palloc(n * sizeof(double));

	below[0] = 0;
	for (int i = n - 1; i > 0; i--)
	{
		double	   *u = a + (Size) i * n;
		double		length = sqrt(dot(u, u, i));
		double		h;
		double		k;

		CHECK_FOR_INTERRUPTS();
		diagonal[i] = u[i];
		below[i] = u[i - 1];
		if (i == 1 || length == 0 || dot(u, u, i - 1) == 0)
			continue;

		/* u is reflected onto its last entry */
		below[i] = -copysign(length, u[i - 1]);
		h = length * (length + fabs(u[i - 1]));
		u[i - 1] -= below[i];
		/* p = a u / h, by rows of the lower triangle */
		for (int j = 0; j < i; j++)
		{
			const double *row = a + (Size) j * n;

			p[j] = dot(row, u, j + 1);
			for (int l = 0; l < j; l++)
				p[l] += row[l] * u[j];
		}
		for (int j = 0; j < i; j++)
			p[j] /= h;
		k = dot(u, p, i) / (2 * h);
		for (int j = 0; j < i; j++)
			p[j] -= k * u[j];
		for (int j = 0; j < i; j++)
			for (int l = 0; l <= j; l++)
				a[(Size) j * n + l] -= u[j] * p[l] + p[j] * u[l];
	}
	diagonal[0] = a[0];
	pfree(p);
}

/* How many eigenvalues are below x: the negative pivots of the matrix less x. */
static int
count_below(const double *diagonal, const double *below, int n, double x)
{
	int			count = 0;
	double		pivot = 1;

	for (int i = 0; i < n; i++)
	{
		pivot = diagonal[i] - x - (i > 0 ? below[i] * below[i] / pivot : 0);
		if (pivot == 0)
			pivot = -1e-300;
		count += pivot < 0;
	}

	return count;
}

/* The number below which there are not more than "rank" eigenvalues, by halving. */
static double
find_eigenvalue(const double *diagonal, const double *below, int n, int rank, double low, double high)
{
	for (int i = 0; i < 200 && low < high; i++)
	{
		double		middle = low + (high - low) / 2;

		if (middle <= low || middle >= high)
			break;
		if (count_below(diagonal, below, n, middle) > rank)
			high = middle;
		else
			low = middle;
	}

	return low + (high - low) / 2;
}

/* The least and the greatest eigenvalue; a is lost. */
void
symmetric_extremes(double *a, int n, double *least, double *greatest)
{
	double	   *diagonal = palloc(n * sizeof(double));
	double	   *below = palloc(n * sizeof(double));
	double		bound = 0;

	tridiagonalize(a, n, diagonal, below);
	for (int i = 0; i < n; i++)
		bound = Max(bound, fabs(diagonal[i]) + fabs(below[i]) + (i + 1 < n ? fabs(below[i + 1]) : 0));
	*least = find_eigenvalue(diagonal, below, n, 0, -bound, bound);
	*greatest = find_eigenvalue(diagonal, below, n, n - 1, -bound, bound);
	pfree(diagonal);
	pfree(below);
}
