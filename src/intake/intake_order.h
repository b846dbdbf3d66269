/*-------------------------------------------------------------------------
 *
 * intake_order.h
 *	  Reading the rows of a source in an order that does not change; see
 *	  intake_order.c.
 *
 * IDENTIFICATION
 *	  src/intake/intake_order.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_INTAKE_ORDER_H
#define SHOPANALYTICS_INTAKE_ORDER_H

#include "intake/intake.h"

extern void intake_read_in_order(Intake *intake, IntakeRow row, void *arg);

#endif							/* SHOPANALYTICS_INTAKE_ORDER_H */
