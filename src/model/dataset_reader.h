/*-------------------------------------------------------------------------
 *
 * dataset_reader.h
 *	  What the files of dataset.h share while rows are read.
 *
 * IDENTIFICATION
 *	  src/model/dataset_reader.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_DATASET_READER_H
#define SHOPANALYTICS_DATASET_READER_H

#include "behaviour/stable_hash.h"
#include "intake/codes.h"
#include "intake/intake.h"
#include "model/dataset.h"
#include "model/preparation_value.h"

#define TRAIN	0
#define TEST	1

#define DATASET_MAX_LABELS	100 /* that are told apart */

typedef enum FillRule
{
	FILL_NONE,
	FILL_ZERO,
	FILL_MEAN,
	FILL_MEDIAN
} FillRule;

typedef enum SplitRule
{
	SPLIT_HASH,
	SPLIT_SEQUENCE,
	SPLIT_COLUMN
} SplitRule;

/* A feature's column; a category's value is its code, until all are known. */
typedef struct DatasetColumn
{
	Feature    *feature;
	ValueForm	form;
	FmgrInfo	output;
	FillRule	fill;
	int			min_count;
	double		smoothing;
	uint64		factor;			/* for a row's hash: dataset_id.c */
	Codes	   *codes;			/* of categories */
	uint64	   *code_hash;		/* by code: of the value as text */
	uint32		ncode_hash;
	uint32		hash_room;
	int		   *level;			/* by code; -1: none */

	int64		nleft_out;		/* rows, for a null here and in none before */

	/* What makes an error, once all is read. */
	int64		nbad;			/* NaN and infinities */
	int64		nnull;			/* where there must be none */
	char	   *bad_key;		/* of the first such row, or NULL */
} DatasetColumn;

typedef enum LabelForm
{
	LABEL_NONE,
	LABEL_NUMBER,				/* or boolean */
	LABEL_TEXT
} LabelForm;

typedef struct DatasetLabel
{
	LabelForm	form;
	ValueForm	value;
	FmgrInfo	output;

	/* Of LABEL_TEXT. */
	Codes	   *codes;
	uint32		ncodes;
	int			value_of_code[DATASET_MAX_LABELS];
	char	   *text[DATASET_MAX_LABELS];	/* of values */
	int			nvalues;
	int			positive;		/* which of them; -1: not known yet */
} DatasetLabel;

/* How many rows there were of these values: see dataset_id.c. */
typedef struct RowCount
{
	uint64		hash;
	int64		count;			/* 0: the slot is free */
} RowCount;

typedef struct RowCounts
{
	RowCount   *slots;
	uint64		mask;
	uint64		used;
	uint64		max_slots;
	MemoryContext context;
} RowCounts;

typedef struct DatasetStage DatasetStage;

typedef struct DatasetReader
{
	const DatasetOptions *options;
	Dataset    *dataset;
	Preparation *preparation;
	MemoryContext context;		/* for what is needed while rows are read */
	DatasetColumn *columns;
	int			ncolumns;

	/* Of the query: the features, then these, if there are any. */
	IntakeColumn *intake;
	int			nintake;
	int			label_at;		/* -1: not there */
	int			key_at;
	int			weight_at;
	int			split_at;

	DatasetLabel label;
	StableHash *key_hash;
	ValueForm	weight_form;
	SplitRule	split;
	RowCounts	counts;

	bool		two_looks;		/* all rows are needed before a term is known */
	DatasetStage *stage;
	Columns    *part[2];		/* train and test; SPLIT_SEQUENCE: only one */
	int64		npositive[2];
	int64		ntrain;			/* rows of the first part before the test's */
	double		prior;			/* share of them that are positive */
} DatasetReader;

/* dataset_read.c */
extern Columns *dataset_part(const DatasetReader *reader, int part, int ncolumns);
extern void dataset_check_terms(const Preparation *preparation, int64 nterms);

/* dataset_options.c */
extern void dataset_check_options(const DatasetOptions *options);
extern SplitRule dataset_split(const DatasetOptions *options, const char **column);
extern void dataset_column_options(const DatasetOptions *options, DatasetColumn *column);
extern void dataset_check_prepare(const DatasetOptions *options, const Preparation *preparation);

/* dataset_columns.c */
extern Intake *dataset_open(DatasetReader *reader);

/* dataset_label.c */
extern void dataset_label_open(DatasetReader *reader);
extern double dataset_label_value(DatasetReader *reader, Datum value);
extern uint64 dataset_label_hash(const DatasetReader *reader, double y);
extern void dataset_label_finish(DatasetReader *reader);

/* dataset_id.c */
extern void dataset_id_open(DatasetReader *reader);
extern uint64 dataset_hash_of_row(const DatasetReader *reader, const double *row, double y, double weight);
extern uint64 dataset_id_of_hash(DatasetReader *reader, uint64 hash);

/* dataset_take.c */
extern void dataset_take_rows(DatasetReader *reader, Intake *intake);

/* dataset_fit.c */
extern void dataset_fit(DatasetReader *reader);

/* dataset_terms.c */
extern void dataset_terms(DatasetReader *reader);

#endif							/* SHOPANALYTICS_DATASET_READER_H */
