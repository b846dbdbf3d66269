/*-------------------------------------------------------------------------
 *
 * packed_scan.h
 *	  Events from parallel workers, many at a time; see packed_scan.c.
 *
 * IDENTIFICATION
 *	  src/intake/packed_scan.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_PACKED_SCAN_H
#define SHOPANALYTICS_PACKED_SCAN_H

#include "nodes/plannodes.h"

/* The bytes are an IntakeLeftOut, not records of a part. */
#define PACKED_SCAN_LEFT_OUT	(-1)

extern void packed_scan_init(void);
extern bool packed_scan_insert(PlannedStmt *plan, bool have_keys);

#endif							/* SHOPANALYTICS_PACKED_SCAN_H */
