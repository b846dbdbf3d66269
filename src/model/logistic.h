/*-------------------------------------------------------------------------
 *
 * logistic.h
 *	  Logistic regression: options, written, read, applied; see logistic_fit.h.
 *
 * IDENTIFICATION
 *	  src/model/logistic.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_LOGISTIC_H
#define SHOPANALYTICS_LOGISTIC_H

#include "lib/stringinfo.h"

#include "model/columns.h"

#define LOGISTIC_MAX_TERMS	1000

/* The first two can be used. */
typedef enum LogisticStatus
{
	LOGISTIC_OK,
	LOGISTIC_COLLINEAR,			/* some terms were left out */
	LOGISTIC_NOT_CONVERGED,
	LOGISTIC_SEPARABLE,			/* there is no maximum of likelihood */
	LOGISTIC_OUT_OF_RANGE,		/* numbers too large or too small */
	LOGISTIC_ONE_CLASS,
	LOGISTIC_NO_ROWS,
} LogisticStatus;

#define LOGISTIC_LAST_STATUS	LOGISTIC_NO_ROWS

typedef struct LogisticOptions
{
	bool		penalized;		/* L2, of all coefficients but the intercept */
	double		c;				/* the inverse of its strength */
	bool		standardize;	/* the penalty is on coefficients of
								 * standardized terms */
	bool		balanced;		/* both classes weigh the same */
	int			max_iterations;
	double		tolerance;		/* of the largest change of a margin that one
								 * term makes */
} LogisticOptions;

/*
 * NaN stands for "none": coefficients where the status says so or the term is
 * aliased, the rest without statistics.
 */
typedef struct LogisticTerm
{
	double		mean;
	double		sd;				/* of the population; 1 for a constant */
	double		coef_std;		/* of (x - mean) / sd */
	double		coef;			/* of x */
	double		std_err;		/* of coef */
	double		z;
	double		p_value;
	double		vif;
	bool		aliased;		/* depends on terms before it */
	bool		constant;
	bool		separating;		/* its coefficient grew without end */
} LogisticTerm;

typedef struct LogisticModel
{
	LogisticStatus status;
	LogisticOptions options;
	int			nterms;
	int			iterations;
	int64		n;				/* rows of a weight above 0 */
	int64		npositive;
	double		base_rate;		/* share of the positive, by weight */
	double		threshold;		/* 0.5: of the training */
	double		log_likelihood; /* without the penalty */
	double		null_log_likelihood;
	double		objective;		/* what was minimized */
	double		aic;
	double		bic;
	double		condition_number;
	LogisticTerm intercept;		/* mean 0, sd 1; no vif */
	LogisticTerm *terms;
	double	   *vcov;			/* of the raw coefficients, intercept first;
								 * NULL: none, or the model was read */
} LogisticModel;

extern bool logistic_penalty(const char *name);
extern bool logistic_class_weight(const char *name);
extern void logistic_check_options(const LogisticOptions *options);
extern LogisticModel *logistic_create(int nterms);
extern const char *logistic_status_name(LogisticStatus status);
extern double logistic_mcfadden(const LogisticModel *model);

extern double logistic_margin(const LogisticModel *model, const double *terms);
extern double logistic_probability(double margin);
extern double logistic_predict(const LogisticModel *model, const double *terms);
extern void logistic_predict_block(const LogisticModel *model, const Block *block, double *probability);

extern void logistic_write(StringInfo buf, const LogisticModel *model);
extern LogisticModel *logistic_read(StringInfo buf, int nterms);

static inline bool
logistic_usable(LogisticStatus status)
{
	return status <= LOGISTIC_COLLINEAR;
}

#endif							/* SHOPANALYTICS_LOGISTIC_H */
