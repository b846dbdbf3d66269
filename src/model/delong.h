/*-------------------------------------------------------------------------
 *
 * delong.h
 *	  Do two scores of the same rows differ in the area under the ROC curve?
 *
 * IDENTIFICATION
 *	  src/model/delong.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_DELONG_H
#define SHOPANALYTICS_DELONG_H

/* The rows of one class: two scores of each, as keys of ranks.h. */
typedef struct DelongClass
{
	const uint64 *key[2];
	int64		n;
} DelongClass;

/* NaN: undefined, because there are too few rows of a class. */
typedef struct DelongResult
{
	double		auc[2];
	double		difference;
	double		std_err;		/* of the difference */
	double		z;
	double		p_value;
} DelongResult;

extern void delong(const DelongClass *negative, const DelongClass *positive, DelongResult *result);

#endif							/* SHOPANALYTICS_DELONG_H */
