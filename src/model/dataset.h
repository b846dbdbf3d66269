/*-------------------------------------------------------------------------
 *
 * dataset.h
 *	  The rows that a model is trained on and tested with; see dataset_read.c.
 *
 * IDENTIFICATION
 *	  src/model/dataset.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_DATASET_H
#define SHOPANALYTICS_DATASET_H

#include "fmgr.h"
#include "model/columns.h"
#include "model/preparation.h"
#include "utils/jsonb.h"

/* Arguments of every function that trains; its own ones follow. */
#define DATASET_ARGUMENTS	14

typedef struct DatasetOptions
{
	const char *source;			/* a table, a view or a query */
	const char *label;			/* NULL: there is none */
	const char *key;			/* or NULL */
	const char *weight;			/* or NULL */
	const char *positive;		/* which of the label's values is 1, or NULL */
	const char *null_policy;	/* NULL: skip */
	const char *encoding;		/* NULL: one_hot, or dummy */
	const char *unknown_policy; /* NULL: other */
	const char *split;			/* NULL: hash */
	char	  **features;		/* NULL: all that can be used */
	int			nfeatures;
	int			min_category_count;
	Jsonb	   *prepare;		/* or NULL */
	double		test_fraction;
	int64		seed;
	bool		keep_nulls;		/* skip means that numbers stay NULL, NaN */
	bool		default_dummy;	/* what encoding NULL means */
} DatasetOptions;

typedef struct Dataset
{
	Preparation *preparation;
	Columns    *train;			/* never empty; with both labels if any */
	Columns    *test;			/* may be empty, never NULL */
	int64		nskipped;		/* rows left out, those without a label too */
	int64		nlabel_null;
	int64		ntrain_positive;
	char	   *positive;		/* the label's values, as text; NULL without */
	char	   *negative;
} Dataset;

/*
 * keep_nulls and default_dummy are set to false, for the caller to change; a label
 * that is needed is asked for by dataset_need_label().
 */
extern void dataset_arguments(FunctionCallInfo fcinfo, DatasetOptions *options);
extern void dataset_need_label(const DatasetOptions *options);
extern Dataset *dataset_read(const DatasetOptions *options);
extern void dataset_free(Dataset *dataset);

#endif							/* SHOPANALYTICS_DATASET_H */
