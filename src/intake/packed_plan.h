/*-------------------------------------------------------------------------
 *
 * packed_plan.h
 *	  A scan of our own between a Gather and what its workers do; see
 *	  packed_plan.c.
 *
 * IDENTIFICATION
 *	  src/intake/packed_plan.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_PACKED_PLAN_H
#define SHOPANALYTICS_PACKED_PLAN_H

#include "executor/tuptable.h"
#include "nodes/extensible.h"
#include "nodes/plannodes.h"

/* The columns of a row: what its bytes are, and these. */
enum
{
	PACKED_TAG,
	PACKED_BYTES,
	PACKED_COLUMNS
};

#define PACKED_SIZE		4096

extern Plan *packed_plan_child(const PlannedStmt *plan, List **columns);
extern void packed_plan_insert(PlannedStmt *plan, const CustomScanMethods *methods, List *private);

/* A row of a bytea, which lasts as long as the caller lets it. */
static inline TupleTableSlot *
packed_row(TupleTableSlot *slot, int32 tag, void *bytea_of_bytes)
{
	ExecClearTuple(slot);
	slot->tts_values[PACKED_TAG] = Int32GetDatum(tag);
	slot->tts_isnull[PACKED_TAG] = false;
	slot->tts_values[PACKED_BYTES] = PointerGetDatum(bytea_of_bytes);
	slot->tts_isnull[PACKED_BYTES] = false;

	return ExecStoreVirtualTuple(slot);
}

#endif							/* SHOPANALYTICS_PACKED_PLAN_H */
