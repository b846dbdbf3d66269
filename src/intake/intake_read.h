/*-------------------------------------------------------------------------
 *
 * intake_read.h
 *	  What reading a source is made of; see intake_read.c.
 *
 * IDENTIFICATION
 *	  src/intake/intake_read.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_INTAKE_READ_H
#define SHOPANALYTICS_INTAKE_READ_H

#include "intake/intake.h"
#include "nodes/plannodes.h"
#include "tcop/dest.h"

typedef bool (*IntakeReceive) (TupleTableSlot *slot, DestReceiver *self);

/* Many rows in one. */
typedef void (*IntakePacked) (void *arg, int part, const char *bytes, size_t len);

extern PlannedStmt *intake_plan(Intake *intake, int cursor_options);
extern PlannedStmt *intake_plan_packed(Intake *intake);
extern void intake_run(Intake *intake, PlannedStmt *plan, DestReceiver *receiver, IntakeReceive receive);
extern void intake_run_rows(Intake *intake, PlannedStmt *plan, IntakeRow row, void *arg);
extern bool intake_read_packed(Intake *intake, IntakePacked packed, void *arg,
							   int *workers);

#endif							/* SHOPANALYTICS_INTAKE_READ_H */
