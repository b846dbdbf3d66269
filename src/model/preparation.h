/*-------------------------------------------------------------------------
 *
 * preparation.h
 *	  From the columns of a row to the numbers that a model works on; see
 *	  preparation.c.
 *
 * IDENTIFICATION
 *	  src/model/preparation.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_PREPARATION_H
#define SHOPANALYTICS_PREPARATION_H

#include "access/tupdesc.h"
#include "lib/stringinfo.h"

#define PREPARATION_MAX_TERMS	1000
#define PREPARATION_MAX_LEVELS	1000000

/* All of these are stored: numbers may be added, and never change. */
typedef enum FeatureKind
{
	FEATURE_NUMBER = 1,			/* boolean too, as 0 and 1 */
	FEATURE_TIME = 2,			/* seconds since 1970 */
	FEATURE_DURATION = 3,		/* seconds */
	FEATURE_CATEGORY = 4
} FeatureKind;

/* What NULL of a number becomes. */
typedef enum NullFill
{
	NULL_SKIP = 1,				/* the row is left out, the answer NULL */
	NULL_ERROR = 2,
	NULL_VALUE = 3,				/* Feature.fill */
	NULL_INDICATOR = 4,			/* fill, and a term of its own says so */
	NULL_KEEP = 5				/* NaN */
} NullFill;

typedef enum Encoding
{
	ENCODING_ONE_HOT = 1,
	ENCODING_DUMMY = 2,			/* the same without the first level */
	ENCODING_ORDINAL = 3,
	ENCODING_FREQUENCY = 4,
	ENCODING_TARGET = 5
} Encoding;

typedef enum UnknownPolicy
{
	UNKNOWN_OTHER = 1,			/* the level for all that is rare */
	UNKNOWN_IGNORE = 2,			/* no level */
	UNKNOWN_ERROR = 3
} UnknownPolicy;

typedef enum LevelKind
{
	LEVEL_VALUE = 1,
	LEVEL_OTHER = 2,			/* all that are rare, together */
	LEVEL_NULL = 3
} LevelKind;

/* Values in the order of their bytes, then the others, then NULL. */
typedef struct Level
{
	LevelKind	kind;
	char	   *name;			/* NULL unless LEVEL_VALUE */
	int64		count;			/* of training rows */
	double		value;			/* if the feature is one number */
	int			term;			/* if not; -1: dropped */
} Level;

typedef struct Feature
{
	char	   *name;			/* of the column */
	FeatureKind kind;
	int			first_term;		/* its terms are next to each other */
	int			nterms;

	/* Of numbers and times. */
	NullFill	null_fill;
	double		fill;

	/* Of categories; NULL is a level if training had it, else as unknown. */
	bool		null_skip;		/* NULL is as NULL_SKIP says instead */
	bool		null_error;
	Encoding	encoding;
	UnknownPolicy unknown;
	double		unknown_value;	/* without a level for others */
	int			nlevels;
	Level	   *levels;
	int			other_level;	/* -1: none */
	int			null_level;		/* -1: none */
} Feature;

typedef struct Term
{
	char	   *name;			/* amount, payment_method=card, age is null */
	int			feature;
	int			level;			/* -1: not that of one level */
	bool		is_null;		/* is this NULL_INDICATOR's? */
} Term;

typedef struct Preparation
{
	int			nfeatures;
	Feature    *features;
	int			nterms;
	Term	   *terms;
} Preparation;

typedef struct PreparationRow PreparationRow;

extern void preparation_write(StringInfo buf, const Preparation *p);
extern Preparation *preparation_read(StringInfo buf);
extern int64 preparation_place_terms(Preparation *p);
extern void preparation_name_terms(Preparation *p);
extern bool preparation_has_level_terms(const Feature *feature);
extern void preparation_level_terms(const Feature *feature, int level, double *terms);
extern void preparation_unknown_error(const Feature *feature, const char *text) pg_attribute_noreturn();

extern PreparationRow *preparation_bind(const Preparation *p, TupleDesc desc);
extern bool preparation_apply(PreparationRow *row, const Datum *values, const bool *nulls, double *terms);
extern Datum preparation_array(const double *numbers, int stride, int n);
extern int	preparation_attribute(const PreparationRow *row, int feature);

#endif							/* SHOPANALYTICS_PREPARATION_H */
