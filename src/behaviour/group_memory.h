/*-------------------------------------------------------------------------
 *
 * group_memory.h
 *	  The setting shopanalytics.max_group_memory.
 *
 * IDENTIFICATION
 *	  src/behaviour/group_memory.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_GROUP_MEMORY_H
#define SHOPANALYTICS_GROUP_MEMORY_H

extern void group_memory_define(void);
extern Size group_memory_limit(void);
extern void group_memory_exceeded(void) pg_attribute_noreturn();

#endif							/* SHOPANALYTICS_GROUP_MEMORY_H */
