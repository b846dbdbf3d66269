/*-------------------------------------------------------------------------
 *
 * welch_test.h
 *	  The comparison of two means.
 *
 * IDENTIFICATION
 *	  src/experiment/welch_test.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_WELCH_TEST_H
#define SHOPANALYTICS_WELCH_TEST_H

/* What an arm shows; var is not looked at for one row. */
typedef struct ArmSummary
{
	int64		n;
	double		mean;
	double		var;
} ArmSummary;

/* NaN is what is not defined, for the reason given. */
typedef struct WelchResult
{
	double		difference;
	double		relative_lift;
	double		std_err;
	double		t;
	double		df;
	double		p_value;
	double		lower;
	double		upper;
	double		cohen_d;
	const char *reason;
} WelchResult;

extern void welch_compare(const ArmSummary *control, const ArmSummary *treatment,
						  double alpha, WelchResult *result);

#endif							/* SHOPANALYTICS_WELCH_TEST_H */
