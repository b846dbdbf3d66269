/*-------------------------------------------------------------------------
 *
 * kmeans_start.h
 *	  The first centers of a k-means, and those of clusters that lost their
 *	  rows; see kmeans_start.c.
 *
 * IDENTIFICATION
 *	  src/model/kmeans_start.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_KMEANS_START_H
#define SHOPANALYTICS_KMEANS_START_H

#include "model/kmeans_pass.h"

extern void kmeans_first_centers(KmeansFit *fit);
extern void kmeans_relocate(KmeansFit *fit, KmeansStart *start, bool *empty);

#endif							/* SHOPANALYTICS_KMEANS_START_H */
