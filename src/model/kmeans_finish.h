/*-------------------------------------------------------------------------
 *
 * kmeans_finish.h
 *	  From the best start of a k-means to a model; see kmeans_finish.c.
 *
 * IDENTIFICATION
 *	  src/model/kmeans_finish.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_KMEANS_FINISH_H
#define SHOPANALYTICS_KMEANS_FINISH_H

#include "model/kmeans_pass.h"

extern KmeansModel *kmeans_finish(KmeansFit *fit);

#endif							/* SHOPANALYTICS_KMEANS_FINISH_H */
