/*-------------------------------------------------------------------------
 *
 * model.h
 *	  A trained model, its bytes, and the models that are stored; see model.c
 *	  and model_cache.c.
 *
 * IDENTIFICATION
 *	  src/model/model.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_MODEL_H
#define SHOPANALYTICS_MODEL_H

#include "datatype/timestamp.h"
#include "fmgr.h"
#include "model/preparation.h"

/* Stored: a number is added, and never changes. */
typedef enum ModelKind
{
	MODEL_LOGISTIC = 1,
	MODEL_FOREST = 2,			/* a tree is a forest of one */
	MODEL_KMEANS = 3
} ModelKind;

typedef struct Model
{
	ModelKind	kind;
	Preparation *preparation;
	void	   *body;			/* LogisticModel, ForestModel or KmeansModel */

	/* Of a stored model. */
	char	   *name;
	int			version;
	double		threshold;		/* from where on yes */
	TimestampTz trained_at;
} Model;

/* What a model is asked for about a row. */
typedef enum ModelAnswer
{
	MODEL_PROBABILITY,
	MODEL_CLUSTER
} ModelAnswer;

/* What the terms of a record were made from. */
typedef struct ModelRecord
{
	TupleDesc	desc;
	PreparationRow *row;
	Datum	   *values;
	bool	   *nulls;
} ModelRecord;

extern bytea *model_write(ModelKind kind, const Preparation *preparation, const void *body);
extern Model *model_read(bytea *state);
extern double model_probability(const Model *model, const double *terms);

/*
 * Of functions whose argument 0 is the name of a model: the model, read with the
 * caller's rights, as it is now.  It belongs to the cache, and is good until the
 * next call of one of these.
 *
 * Where argument 1 is a record or an array of float8, *terms are its numbers as the
 * model takes them, good until the next call at the same place; NULL when the
 * answer is NULL.  A model that has no such answer is an error.  *record, if it is asked for, is good as long as they are.
 */
extern const Model *model_named(FunctionCallInfo fcinfo);
extern const Model *model_of_record(FunctionCallInfo fcinfo, ModelAnswer answer, double **terms, ModelRecord *record);
extern const Model *model_of_array(FunctionCallInfo fcinfo, ModelAnswer answer, double **terms);
extern void model_need_answer(const Model *model, ModelAnswer answer);
extern const Model *model_need_kind(const Model *model, ModelKind kind);

#endif							/* SHOPANALYTICS_MODEL_H */
