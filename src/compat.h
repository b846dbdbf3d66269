/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  The one place that knows about PostgreSQL versions: old versions get
 *	  the names of the new ones, so a shim goes when its version goes.
 *
 * IDENTIFICATION
 *	  src/compat.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_COMPAT_H
#define SHOPANALYTICS_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "shopanalytics needs PostgreSQL 15 or later"
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* Intervals can be infinite since 17. */
#if PG_VERSION_NUM < 170000
#define INTERVAL_NOT_FINITE(i)	((void) (i), false)
#endif

#endif							/* SHOPANALYTICS_COMPAT_H */
