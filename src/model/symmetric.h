/*-------------------------------------------------------------------------
 *
 * symmetric.h
 *	  Small symmetric matrices: Cholesky factor, rank, inverse, eigenvalues.
 *
 * A matrix of size n is n * n numbers, row by row.  Only its lower triangle is
 * read, unless said otherwise.
 *
 * IDENTIFICATION
 *	  src/model/symmetric.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_SYMMETRIC_H
#define SHOPANALYTICS_SYMMETRIC_H

extern int	symmetric_rank(const double *a, int n, double tolerance, bool *dependent);
extern bool symmetric_factor(double *a, int n);
extern void symmetric_solve(const double *factor, int n, double *b);
extern void symmetric_invert(const double *factor, int n, double *inverse);
extern void symmetric_extremes(double *a, int n, double *least, double *greatest);

#endif							/* SHOPANALYTICS_SYMMETRIC_H */
