/*-------------------------------------------------------------------------
 *
 * calibration.h
 *	  How far probabilities are from what comes true; see calibration.c.
 *
 * IDENTIFICATION
 *	  src/model/calibration.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_CALIBRATION_H
#define SHOPANALYTICS_CALIBRATION_H

#include "model/ranks.h"

#define CALIBRATION_BINS		10	/* if nothing else is asked for */
#define CALIBRATION_MAX_BINS	1000

/* Scores are in 0 to 1, and there is at least one; memory is the current context's. */
extern double calibration_error(RankedClass negative, RankedClass positive, int bins);

#endif							/* SHOPANALYTICS_CALIBRATION_H */
