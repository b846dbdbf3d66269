/*-------------------------------------------------------------------------
 *
 * model.c
 *	  The bytes of a trained model, as they are stored.
 *
 * A byte for the format, a byte for the kind, then the preparation of the features
 * and the body, each written and read by its own file.  Whoever may insert a
 * version of a model chooses its bytes: what is read is checked, so that no bytes
 * can do more than give a wrong number.
 *
 * IDENTIFICATION
 *	  src/model/model.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "compat.h"
#include "libpq/pqformat.h"
#include "model/forest.h"
#include "model/kmeans.h"
#include "model/logistic.h"
#include "model/model.h"

#define MODEL_FORMAT	1

static const char *
kind_name(ModelKind kind)
{
	switch (kind)
	{
		case MODEL_LOGISTIC:
			return "logistic regression";
		case MODEL_FOREST:
			return "trees";
		case MODEL_KMEANS:
			return "k-means";
	}
	elog(ERROR, "unknown kind of a model: %d", (int) kind);
}

/*
 * The model in new memory of the current context.
 */
bytea *
model_write(ModelKind kind, const Preparation *preparation, const void *body)
{
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, MODEL_FORMAT);
	pq_sendbyte(&buf, kind);
	preparation_write(&buf, preparation);
	switch (kind)
	{
		case MODEL_LOGISTIC:
			logistic_write(&buf, body);
			break;
		case MODEL_FOREST:
			forest_write(&buf, body);
			break;
		case MODEL_KMEANS:
			kmeans_write(&buf, body);
			break;
	}
	return pq_endtypsend(&buf);
}

/*
 * The model in new memory of the current context, which the caller gives it for
 * its own: nothing is freed singly.  The bytes are not needed afterwards.
 */
Model *
model_read(bytea *state)
{
	Model	   *model = palloc0(sizeof(Model));
	StringInfoData buf;
	int			format;

	buf.data = VARDATA_ANY(state);
	buf.len = VARSIZE_ANY_EXHDR(state);
	buf.maxlen = 0;
	buf.cursor = 0;

	format = pq_getmsgbyte(&buf);
	if (format != MODEL_FORMAT)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				errmsg("unknown format of a model: %d", format));
	model->kind = (ModelKind) pq_getmsgbyte(&buf);
	model->preparation = preparation_read(&buf);
	switch (model->kind)
	{
		case MODEL_LOGISTIC:
			model->body = logistic_read(&buf, model->preparation->nterms);
			break;
		case MODEL_FOREST:
			model->body = forest_read(&buf, model->preparation->nterms);
			break;
		case MODEL_KMEANS:
			model->body = kmeans_read(&buf, model->preparation->nterms);
			break;
		default:
			ereport(ERROR,
					errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					errmsg("unknown kind of a model: %d", (int) model->kind));
	}
	pq_getmsgend(&buf);
	return model;
}

static double
logistic_answer(const LogisticModel *model, const double *terms)
{
	double		probability;

	if (unlikely(model->status > LOGISTIC_NOT_CONVERGED))
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("this version of the model cannot predict: status %s", logistic_status_name(model->status)),
				errhint("Choose another version by its number, as in churn@3, or by shopanalytics.model_alias()."));
	probability = logistic_predict(model, terms);
	if (unlikely(isnan(probability)))
		ereport(ERROR,
				errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				errmsg("the numbers of the row are too large for the model"));
	return probability;
}

/*
 * That a row is positive.
 */
double
model_probability(const Model *model, const double *terms)
{
	switch (model->kind)
	{
		case MODEL_LOGISTIC:
			return logistic_answer(model->body, terms);
		case MODEL_FOREST:
			return forest_predict(model->body, terms);
		case MODEL_KMEANS:
			model_need_answer(model, MODEL_PROBABILITY);
	}
	elog(ERROR, "unknown kind of a model: %d", (int) model->kind);
}

/*
 * The model, if it is of the kind.
 */
const Model *
model_need_kind(const Model *model, ModelKind kind)
{
	if (model->kind != kind)
		ereport(ERROR,
				errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("this needs a model of %s, not of %s", kind_name(kind), kind_name(model->kind)));
	return model;
}

void
model_need_answer(const Model *model, ModelAnswer answer)
{
	if (answer == MODEL_CLUSTER)
		model_need_kind(model, MODEL_KMEANS);
	else if (model->kind == MODEL_KMEANS)
		ereport(ERROR,
				errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("a model of k-means has no probabilities"),
				errhint("Use shopanalytics.cluster() and shopanalytics.cluster_distance()."));
}
