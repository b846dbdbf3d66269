/*-------------------------------------------------------------------------
 *
 * audit_columns.h
 *	  What the columns of an audited table are for.
 *
 * IDENTIFICATION
 *	  src/audit/audit_columns.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef AUDIT_COLUMNS_H
#define AUDIT_COLUMNS_H

#include "utils/rel.h"
#include "utils/reltrigger.h"

#include "audit/row_image.h"

/* Uses of columns, as the arguments of the trigger have them. */
#define USE_KEY 'k'
#define USE_PLAIN 's'
#define USE_PERSONAL 'p'
#define USE_IGNORED 'i'

extern int	audit_columns(Relation relation, const Trigger *trigger, ImageColumn *columns, bool *needs_pin);

#endif							/* AUDIT_COLUMNS_H */
