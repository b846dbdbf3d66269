/*-------------------------------------------------------------------------
 *
 * shopanalytics.c
 *	  Module magic; every object has a file of its own in a subject folder.
 *
 * IDENTIFICATION
 *	  src/shopanalytics.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "compat.h"

PG_MODULE_MAGIC;
