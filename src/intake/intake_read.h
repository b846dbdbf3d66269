/*-------------------------------------------------------------------------
 *
 * intake_read.h
 *	  Reading events by parallel workers; see intake_read.c and packed_scan.c.
 *
 * IDENTIFICATION
 *	  src/intake/intake_read.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_INTAKE_READ_H
#define SHOPANALYTICS_INTAKE_READ_H

#include "intake/intake.h"

/* Many rows in one. */
typedef void (*IntakePacked) (void *arg, int part, const char *bytes, size_t len);

extern bool intake_read_packed(Intake *intake, IntakePacked packed, void *arg,
							   int *workers);

#endif							/* SHOPANALYTICS_INTAKE_READ_H */
