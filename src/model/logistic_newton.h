/*-------------------------------------------------------------------------
 *
 * logistic_newton.h
 *	  The coefficients of a logistic regression, by Newton's method.
 *
 * IDENTIFICATION
 *	  src/model/logistic_newton.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_LOGISTIC_NEWTON_H
#define SHOPANALYTICS_LOGISTIC_NEWTON_H

#include "model/logistic.h"
#include "model/logistic_kernel.h"

/* Vectors have the intercept first; coefficients are of standardized columns. */
typedef struct Newton
{
	LogisticRows *rows;
	int			n;				/* coefficients */
	bool		penalized;
	const double *penalty;		/* of the half square of each coefficient */
	const double *reach;		/* the largest size of each column's values */
	int			max_iterations;
	double		tolerance;

	bool	   *left_out;		/* constant columns from the start; aliased
								 * ones */
	bool	   *aliased;
	double	   *coef;			/* start, then answer */
	double	   *change;			/* the last step */
	int			iterations;
	LogisticStatus status;
	LogisticPass *pass;			/* at the answer */
	double		objective;		/* there */
} Newton;

extern void newton_warm(Newton *newton);
extern void newton_run(Newton *newton);
extern int	newton_gather(const Newton *newton, const double *hessian, double *to, int *index);

#endif							/* SHOPANALYTICS_LOGISTIC_NEWTON_H */
