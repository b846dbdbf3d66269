/*-------------------------------------------------------------------------
 *
 * distribution.h
 *	  Tails and quantiles of the normal, chi-square and Student distributions.
 *
 * IDENTIFICATION
 *	  src/experiment/distribution.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_DISTRIBUTION_H
#define SHOPANALYTICS_DISTRIBUTION_H

extern double normal_two_sided(double z);
extern double normal_quantile(double p);
extern double chi_square_tail(double x, int df);
extern double student_two_sided(double t, double df);
extern double student_critical(double alpha, double df);

#endif							/* SHOPANALYTICS_DISTRIBUTION_H */
