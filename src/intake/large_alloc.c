/*-------------------------------------------------------------------------
 *
 * large_alloc.c
 *	  Memory that is gone through in no order.
 *
 * Hash tables and records that are put into groups are visited all over, and
 * each visit to a page of 4 kB needs that page's translation first.  With huge
 * pages there are few of them.  Linux gives them to who asks, by default.
 *
 * IDENTIFICATION
 *	  src/intake/large_alloc.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/mman.h>

#include "intake/large_alloc.h"
#include "utils/memutils.h"

#include "compat.h"

#define HUGE_PAGE_SIZE	((Size) 2 * 1024 * 1024)

/* A wish; it does not matter if it is not granted. */
static void
ask_for_huge_pages(void *memory, Size size)
{
#ifdef MADV_HUGEPAGE
	uintptr_t	start = TYPEALIGN(HUGE_PAGE_SIZE, (uintptr_t) memory);
	uintptr_t	end = TYPEALIGN_DOWN(HUGE_PAGE_SIZE, (uintptr_t) memory + size);

	if (start < end)
		(void) madvise((void *) start, end - start, MADV_HUGEPAGE);
#endif
}

/* Of any size; freed by pfree() or with its context. */
void *
large_alloc(MemoryContext context, Size size)
{
	void	   *memory = MemoryContextAllocHuge(context, size);

	ask_for_huge_pages(memory, size);

	return memory;
}

void *
large_alloc0(MemoryContext context, Size size)
{
	void	   *memory = large_alloc(context, size);

	memset(memory, 0, size);

	return memory;
}
