/*-------------------------------------------------------------------------
 *
 * group_memory.c
 *	  The setting shopanalytics.max_group_memory.
 *
 * work_mem does not bound what an aggregate keeps for one group.  One visitor
 * with millions of events, who is no human, should not take the server down.
 *
 * IDENTIFICATION
 *	  src/behaviour/group_memory.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/guc.h"
#include "utils/memutils.h"

#include "behaviour/group_memory.h"

static int	max_group_memory;	/* kB */

void
group_memory_define(void)
{
	DefineCustomIntVariable("shopanalytics.max_group_memory",
							"Sets the most memory that the rows of one group may take.",
							"It bounds each state of an aggregate that keeps rows and each value of type funnel.",
							&max_group_memory,
							256 * 1024,
							64,
							MaxAllocSize / 1024,
							PGC_USERSET,
							GUC_UNIT_KB,
							NULL, NULL, NULL);
}

/* In bytes. */
Size
group_memory_limit(void)
{
	return (Size) max_group_memory * 1024;
}

void
group_memory_exceeded(void)
{
	ereport(ERROR,
			errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			errmsg("the rows of one group take more memory than shopanalytics.max_group_memory, %d kB",
				   max_group_memory),
			errhint("Raise the setting, or leave rows out with WHERE or FILTER."));
}
