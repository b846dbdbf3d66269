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

#define JACOBI_MAX_SWEEPS	60

static double
dot(const double *a, const double *b, int n)
{
	double		sum = 0;

	for (int i = 0; i < n; i++)
		sum += a[i] * b[i];

	return sum;
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

/* Rows p and q of n numbers are turned by an angle. */
static void
rotate(double *p, double *q, int n, double c, double s)
{
	for (int k = 0; k < n; k++)
	{
		double		x = p[k];
		double		y = q[k];

		p[k] = c * x - s * y;
		q[k] = s * x + c * y;
	}
}

/* The angle by which entry (p, q) becomes 0, and both sides of the matrix turned. */
static void
jacobi_rotate(double *a, int n, int p, int q, double *vector)
{
	double		apq = a[(Size) p * n + q];
	double		theta = (a[(Size) q * n + q] - a[(Size) p * n + p]) / (2 * apq);
	double		t = copysign(1 / (fabs(theta) + sqrt(theta * theta + 1)), theta);
	double		c = 1 / sqrt(t * t + 1);
	double		s = t * c;

	rotate(a + (Size) p * n, a + (Size) q * n, n, c, s);
	for (int k = 0; k < n; k++)
		rotate(a + (Size) k * n + p, a + (Size) k * n + q, 1, c, s);
	rotate(vector + (Size) p * n, vector + (Size) q * n, n, c, s);
}

/*
 * Eigenvalues and eigenvectors (the rows of "vector") by Jacobi's rotations, in
 * no order.  All of a is read, and lost.
 */
void
symmetric_eigen(double *a, int n, double *value, double *vector)
{
	memset(vector, 0, (Size) n * n * sizeof(double));
	for (int i = 0; i < n; i++)
		vector[(Size) i * n + i] = 1;

	for (int sweep = 0; sweep < JACOBI_MAX_SWEEPS; sweep++)
	{
		bool		turned = false;

		for (int p = 0; p < n; p++)
		{
			CHECK_FOR_INTERRUPTS();
			for (int q = p + 1; q < n; q++)
			{
				double		small = 1e-17 * sqrt(fabs(a[(Size) p * n + p] * a[(Size) q * n + q]));

				/*
				 * what is too small to change an eigenvalue, or is none at
				 * all
				 */
				if (!(fabs(a[(Size) p * n + q]) > Max(small, 1e-300)))
					continue;
				jacobi_rotate(a, n, p, q, vector);
				turned = true;
			}
		}
		if (!turned)
			break;
	}
	for (int i = 0; i < n; i++)
		value[i] = a[(Size) i * n + i];
}
