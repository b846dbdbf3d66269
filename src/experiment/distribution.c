/*-------------------------------------------------------------------------
 *
 * distribution.c
 *	  Tails and quantiles of the normal, chi-square and Student distributions.
 *
 * Tails come from continued fractions of the incomplete gamma and beta function
 * (Lentz), so that small ones keep their relative accuracy; quantiles from
 * Newton steps on them.  The beta function is needed for one argument of 1/2
 * only, which leaves a ratio of gamma functions that has a series: their
 * logarithms would cancel for the millions of degrees of freedom there are.
 *
 * IDENTIFICATION
 *	  src/experiment/distribution.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "experiment/distribution.h"

/* Below what a float8 resolves. */
#define CLOSE_ENOUGH	1e-16
#define TINY			1e-300

/* P(|Z| > |z|) */
double
normal_two_sided(double z)
{
	return erfc(fabs(z) * sqrt(0.5));
}

/*
 * The z with P(Z < z) = p, 0 < p < 1: Halley's steps, each of which triples the
 * digits, from Abramowitz and Stegun 26.2.23, which has three.
 */
double
normal_quantile(double p)
{
	double		tail = Min(p, 1 - p);
	double		s = sqrt(-2 * log(tail));
	double		z = s - (2.515517 + s * (0.802853 + s * 0.010328)) /
	(1 + s * (1.432788 + s * (0.189269 + s * 0.001308)));

	for (int i = 0; i < 3; i++)
	{
		double		density = exp(-z * z / 2) / sqrt(2 * M_PI);
		double		error;

		/* near the middle the tail is all but 1/2, and its change lost */
		if (tail > 0.25)
			error = (0.5 - tail) - erf(z * sqrt(0.5)) / 2;
		else
			error = erfc(z * sqrt(0.5)) / 2 - tail;
		error /= density;
		z += error / (1 - z * error / 2);
	}

	return p < 0.5 ? -z : z;
}

/* Q(a, x), the upper incomplete gamma function over the whole. */
static double
gamma_tail(double a, double x)
{
	double		front = exp(a * log(x) - x - lgamma(a));

	if (x < a + 1)
	{
		double		term = 1 / a;
		double		sum = term;

		for (double k = a + 1; term > sum * CLOSE_ENOUGH; k++)
		{
			term *= x / k;
			sum += term;
		}

		return 1 - front * sum;
	}
	else
	{
		double		b = x + 1 - a;
		double		c = 1 / TINY;
		double		d = 1 / b;
		double		fraction = d;
		double		change = 0;

		for (int i = 1; fabs(change - 1) > 2 * DBL_EPSILON && i < 100000; i++)
		{
			double		numerator = -i * (i - a);

			b += 2;
			d = 1 / (numerator * d + b);
			c = b + numerator / c;
			change = c * d;
			fraction *= change;
		}

		return front * fraction;
	}
}

/* P(X > x) */
double
chi_square_tail(double x, int df)
{
	if (x <= 0)
		return 1;
	if (isinf(x))
		return 0;

	return gamma_tail(df / 2.0, x / 2);
}

/* gamma(a + 1/2) / gamma(a), by the series for large a, to which a is moved up. */
static double
gamma_half_ratio(double a)
{
	double		ratio = 1;
	double		u;

	for (; a < 20; a++)
		ratio *= a / (a + 0.5);
	u = 1 / (a * a);

	return ratio * sqrt(a) *
		exp((-1 / 8.0 + u * (1 / 192.0 + u * (-1 / 640.0 +
											  u * (17 / 14336.0 - u * (31 / 18432.0))))) / a);
}

/*
 * The continued fraction of the incomplete beta function of x = 1 - y, in the
 * form of Didonato and Morris: with y, nothing cancels where x is all but 1.
 */
static double
beta_fraction(double a, double b, double x, double y)
{
	double		fraction = a * (a * y - b * x + 1) / (a + 1);
	double		c = fraction;
	double		d = 0;
	double		change = 0;

	for (int m = 1; fabs(change - 1) > 2 * DBL_EPSILON && m < 100000; m++)
	{
		double		place = a + 2 * m - 1;
		double		numerator = (a + m - 1) / place * ((a + b + m - 1) / place) * (m * (b - m) * x * x);
		double		term = m + m * (b - m) * x / place +
		(a + m) * (a * y - b * x + 1 + m * (1 + y)) / (place + 2);

		d = 1 / (term + numerator * d);
		c = term + numerator / c;
		change = c * d;
		fraction *= change;
	}

	return fraction;
}

/* ln(1 + q^2), for any q. */
static double
log_one_and_square(double q)
{
	return q > 1e10 ? 2 * log(q) : log1p(q * q);
}

/* P(|T| > |t|), df >= 1 */
double
student_two_sided(double t, double df)
{
	double		a = df / 2;
	double		q = fabs(t) / sqrt(df);
	double		x = 1 / (1 + q * q);
	double		y = q > 1e10 ? 1 : q * q / (1 + q * q);
	double		front = gamma_half_ratio(a) / sqrt(M_PI) * exp(-a * log_one_and_square(q)) * sqrt(y);

	if (q == 0)
		return 1;
	if (y * (a + 2.5) > 1.5)
		return front / beta_fraction(a, 0.5, x, y);

	return 1 - front / beta_fraction(0.5, a, y, x);
}

/*
 * The t with P(|T| > t) = alpha, 0 < alpha < 1, df >= 1.  The logarithm of the
 * tail is concave in that of t: Newton's steps pass the answer once at most and
 * then come down on it.
 */
double
student_critical(double alpha, double df)
{
	double		ratio = gamma_half_ratio(df / 2) / sqrt(df * M_PI);
	double		t = -normal_quantile(alpha / 2);
	double		step = 1;

	for (int i = 0; i < 100 && fabs(step) > 1e-10; i++)
	{
		double		tail = student_two_sided(t, df);
		double		density = ratio * exp(-(df + 1) / 2 * log_one_and_square(t / sqrt(df)));

		CHECK_FOR_INTERRUPTS();
		step = log(tail / alpha) * tail / (2 * density * t);
		t *= exp(step);
	}

	return t;
}
