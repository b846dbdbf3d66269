/*-------------------------------------------------------------------------
 *
 * segment_scan.h
 *	  Rows of a table in their order, read by parallel workers; see
 *	  segment_scan.c.
 *
 * IDENTIFICATION
 *	  src/intake/segment_scan.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_SEGMENT_SCAN_H
#define SHOPANALYTICS_SEGMENT_SCAN_H

#include "nodes/plannodes.h"

/* A row of the scan has many of the table, as segment_buffer.h says. */
extern void segment_scan_init(void);
extern bool segment_scan_insert(PlannedStmt *plan);

#endif							/* SHOPANALYTICS_SEGMENT_SCAN_H */
