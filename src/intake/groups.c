/*-------------------------------------------------------------------------
 *
 * groups.c
 *	  Records gathered by the number of their group.
 *
 * A report over events needs those of one user together.  Sorting all of them
 * by user and time would be work that the data has mostly done: events are
 * stored about in order of time, and there are far fewer users than events.  So
 * records are put into their groups by counting, in one pass that keeps their
 * order, and a group is sorted by who needs it so.
 *
 * The records of all groups together take at most shopanalytics.intake_memory.
 * If they take more than half of it, there is no room for all of them a second
 * time, and they are put into their groups part by part.  If they would take
 * more than three quarters, they go to temporary files, parted by the group's
 * number, and one part after another is read back.
 *
 * IDENTIFICATION
 *	  src/intake/groups.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "intake/groups.h"
#include "intake/large_alloc.h"
#include "miscadmin.h"
#include "storage/buffile.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "compat.h"

#define GROUPS_BLOCK_SIZE	(1024 * 1024)
#define GROUPS_PART_BITS	6
#define GROUPS_PARTS		(1 << GROUPS_PART_BITS)

static int	intake_memory;		/* kB */

struct GroupsStore
{
	MemoryContext context;
	char	  **blocks;			/* full ones, and the one being filled */
	size_t		nblocks;
	size_t		room;			/* for blocks */
	BufFile   **parts;			/* NULL as long as all are in memory */
	uint64		written[GROUPS_PARTS];	/* records, by part */
	const bool *left_out;		/* by group, or NULL */

	/* While groups are handed out. */
	int			part;			/* the next one to be gathered */
	int			part_bits;		/* of a group's number */
	uint32		ngroups;
	uint32		group;			/* in this part, the next one */
	uint32		npart;			/* number of groups in this part */
	char	   *records;		/* of this part, by group */
	uint64	   *ends;			/* of groups, in records */
};

void
groups_define_settings(void)
{
	DefineCustomIntVariable("shopanalytics.intake_memory",
							"Sets the most memory that a report's events may take before they go to temporary files.",
							"The distinct users, sessions or products are kept in memory beside it.",
							&intake_memory,
							256 * 1024,
							1024,
							MAX_KILOBYTES,
							PGC_USERSET,
							GUC_UNIT_KB,
							NULL, NULL, NULL);
}

/* The setting, in bytes. */
size_t
groups_memory(void)
{
	return (size_t) intake_memory * 1024;
}

void
groups_tell_files(void)
{
	ereport(NOTICE,
			errmsg("the events take more memory than shopanalytics.intake_memory, %d MB, and go to temporary files",
				   intake_memory / 1024),
			errhint("Raising the setting makes the report faster."));
}

/* In the current memory context. */
Groups *
groups_create(size_t record_size)
{
	Groups	   *groups = palloc0(sizeof(Groups));

	groups->size = record_size;
	groups->store = palloc0(sizeof(struct GroupsStore));
	groups->store->context = AllocSetContextCreate(CurrentMemoryContext,
												   "shopanalytics groups",
												   ALLOCSET_DEFAULT_SIZES);
	groups->store->room = 16;
	groups->store->blocks = MemoryContextAlloc(groups->store->context,
											   16 * sizeof(char *));

	return groups;
}

static size_t
records_per_block(const Groups *groups)
{
	return GROUPS_BLOCK_SIZE / groups->size;
}

/* In the last block. */
static size_t
last_block_records(const Groups *groups)
{
	const struct GroupsStore *store = groups->store;

	if (store->nblocks == 0)
		return 0;

	return (groups->next - store->blocks[store->nblocks - 1]) / groups->size;
}

static uint32
group_of(const char *record)
{
	return *(const uint32 *) record;
}

/* Empties all blocks and keeps the first. */
static void
write_blocks(Groups *groups)
{
	struct GroupsStore *store = groups->store;
	size_t		i;

	for (i = 0; i < store->nblocks; i++)
	{
		char	   *record = store->blocks[i];
		size_t		count = i + 1 < store->nblocks ? records_per_block(groups) :
		last_block_records(groups);
		size_t		r;

		for (r = 0; r < count; r++, record += groups->size)
		{
			int			part = group_of(record) % GROUPS_PARTS;

			BufFileWrite(store->parts[part], record, groups->size);
			store->written[part]++;
		}
		if (i > 0)
			pfree(store->blocks[i]);
		CHECK_FOR_INTERRUPTS();
	}
	store->nblocks = 1;
	groups->next = store->blocks[0];
	groups->end = groups->next + records_per_block(groups) * groups->size;
}

static void
go_to_files(Groups *groups)
{
	struct GroupsStore *store = groups->store;
	MemoryContext old = MemoryContextSwitchTo(store->context);
	int			i;

	groups_tell_files();
	store->parts = palloc(GROUPS_PARTS * sizeof(BufFile *));
	for (i = 0; i < GROUPS_PARTS; i++)
		store->parts[i] = BufFileCreateTemp(false);
	MemoryContextSwitchTo(old);
}

/* Fills in the numbers of groups that are still to be looked up. */
void
groups_look_up(Groups *groups)
{
	int			i;

	for (i = 0; i < groups->nwaiting; i++)
		*groups->waiting[i].number = codes_get(groups->codes, groups->waiting[i].value);
	groups->nwaiting = 0;
}

/* The last block is full. */
void
groups_make_room(Groups *groups)
{
	struct GroupsStore *store = groups->store;

	groups_look_up(groups);

	/* Putting them into their groups takes a quarter again at least. */
	if (store->parts == NULL &&
		(store->nblocks + 1) * (GROUPS_BLOCK_SIZE / 1024) > (size_t) intake_memory / 4 * 3)
	{
		if (store->nblocks > 0)
			go_to_files(groups);
	}
	if (store->parts != NULL)
	{
		write_blocks(groups);
		return;
	}

	if (store->nblocks == store->room)
	{
		store->room *= 2;
		store->blocks = repalloc_huge(store->blocks, store->room * sizeof(char *));
	}

	/* Records may have gaps, and nothing unknown is to get into files. */
	groups->next = MemoryContextAllocZero(store->context, GROUPS_BLOCK_SIZE);
	groups->end = groups->next + records_per_block(groups) * groups->size;
	store->blocks[store->nblocks++] = groups->next;
}

static inline bool
is_left_out(const struct GroupsStore *store, uint32 group)
{
	return store->left_out != NULL && store->left_out[group];
}

/*
 * Parts take the groups in turn, so that they are of about the same size.  Is the
 * record's group in the current part, and at which place there?
 */
static inline bool
find_place(const struct GroupsStore *store, const char *record, uint32 *place)
{
	uint32		group = group_of(record);

	*place = group >> store->part_bits;

	return (group & ((1 << store->part_bits) - 1)) == store->part - 1 &&
		!is_left_out(store, group);
}

/* From the number of records in each group to where each begins. */
static uint64
counts_to_starts(uint64 *counts, uint32 n)
{
	uint64		total = 0;
	uint32		i;

	for (i = 0; i < n; i++)
	{
		uint64		count = counts[i];

		counts[i] = total;
		total += count;
	}

	return total;
}

/* Each start moves on to the end of its group, while that fills. */
static inline void
place_record(Groups *groups, uint32 place, const char *record)
{
	struct GroupsStore *store = groups->store;
	uint64	   *start = &store->ends[place];

	memcpy(store->records + (*start)++ * groups->size, record, groups->size);
}

static void
gather_blocks(Groups *groups)
{
	struct GroupsStore *store = groups->store;
	size_t		last = last_block_records(groups);
	bool		is_last = store->part == 1 << store->part_bits;
	uint64		total;
	size_t		i,
				r;

	for (i = 0; i < store->nblocks; i++)
	{
		const char *record = store->blocks[i];
		size_t		count = i + 1 < store->nblocks ? records_per_block(groups) : last;

		for (r = 0; r < count; r++, record += groups->size)
		{
			uint32		place;

			if (find_place(store, record, &place))
				store->ends[place]++;
		}
		CHECK_FOR_INTERRUPTS();
	}
	total = counts_to_starts(store->ends, store->npart);
	store->records = large_alloc(store->context,
								 Max(total, 1) * groups->size);
	for (i = 0; i < store->nblocks; i++)
	{
		const char *record = store->blocks[i];
		size_t		count = i + 1 < store->nblocks ? records_per_block(groups) : last;

		for (r = 0; r < count; r++, record += groups->size)
		{
			uint32		place;

			if (find_place(store, record, &place))
				place_record(groups, place, record);
		}
		if (is_last)
			pfree(store->blocks[i]);
		CHECK_FOR_INTERRUPTS();
	}
}

static void
rewind_part(BufFile *file)
{
	if (BufFileSeek(file, 0, 0, SEEK_SET) != 0)
		ereport(ERROR,
				errcode_for_file_access(),
				errmsg("could not rewind temporary file of a report"));
}

/* Counts on a first reading, places on a second. */
static void
gather_part(Groups *groups, BufFile *file, uint64 total)
{
	struct GroupsStore *store = groups->store;
	uint64		kept;
	char		record[128];
	uint64		i;

	Assert(groups->size <= sizeof(record));
	if (total * groups->size / 1024 > intake_memory)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("a part of the events takes more memory than shopanalytics.intake_memory, %d MB",
					   intake_memory / 1024),
				errhint("Raise the setting, or leave out the users with the most events."));

	rewind_part(file);
	for (i = 0; i < total; i++)
	{
		BufFileReadExact(file, record, groups->size);
		if (!is_left_out(store, group_of(record)))
			store->ends[group_of(record) >> store->part_bits]++;
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	kept = counts_to_starts(store->ends, store->npart);
	store->records = large_alloc(store->context,
								 Max(kept, 1) * groups->size);
	rewind_part(file);
	for (i = 0; i < total; i++)
	{
		BufFileReadExact(file, record, groups->size);
		if (!is_left_out(store, group_of(record)))
			place_record(groups, group_of(record) >> store->part_bits, record);
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	BufFileClose(file);
}

static bool
next_part(Groups *groups)
{
	struct GroupsStore *store = groups->store;
	int			nparts = 1 << store->part_bits;
	int			part = store->part;

	if (part == nparts)
		return false;

	store->part++;
	store->group = 0;
	store->npart = store->ngroups / nparts + (part < store->ngroups % nparts ? 1 : 0);
	if (store->records != NULL)
	{
		pfree(store->records);
		pfree(store->ends);
	}
	store->ends = large_alloc0(store->context, Max(store->npart, 1) * sizeof(uint64));
	if (store->parts == NULL)
		gather_blocks(groups);
	else
		gather_part(groups, store->parts[part], store->written[part]);

	return true;
}

/* Before groups_finish(): groups that are not wanted, by their number. */
void
groups_leave_out(Groups *groups, const bool *left_out)
{
	groups->store->left_out = left_out;
}

/* Records in memory whose group is wanted. */
static uint64
count_kept(const Groups *groups)
{
	const struct GroupsStore *store = groups->store;
	uint64		kept = 0;

	for (size_t i = 0; i < store->nblocks; i++)
	{
		const char *record = store->blocks[i];
		size_t		count = i + 1 < store->nblocks ? records_per_block(groups) :
		last_block_records(groups);

		if (store->left_out == NULL)
		{
			kept += count;
			continue;
		}
		for (size_t r = 0; r < count; r++, record += groups->size)
			kept += !store->left_out[group_of(record)];
		CHECK_FOR_INTERRUPTS();
	}

	return kept;
}

/* All records are in; the number of groups is known. */
void
groups_finish(Groups *groups, uint32 ngroups)
{
	struct GroupsStore *store = groups->store;

	store->ngroups = ngroups;
	if (store->parts != NULL)
	{
		write_blocks(groups);
		store->part_bits = GROUPS_PART_BITS;
	}
	else
	{
		size_t		taken = store->nblocks * (GROUPS_BLOCK_SIZE / 1024);
		size_t		again = count_kept(groups) * groups->size / 1024;

		while (taken + (again >> store->part_bits) > (size_t) intake_memory &&
			   store->part_bits < 2)
			store->part_bits++;
	}
}

/* As above, for groups that values name. */
void
groups_finish_named(Groups *groups)
{
	groups_look_up(groups);
	groups_finish(groups, groups->codes->count);
}

/* Groups without records are passed over. */
bool
groups_next(Groups *groups, RecordGroup *group)
{
	struct GroupsStore *store = groups->store;

	for (;;)
	{
		while (store->group < store->npart)
		{
			uint32		i = store->group++;
			uint64		start = i == 0 ? 0 : store->ends[i - 1];

			CHECK_FOR_INTERRUPTS();
			if (store->ends[i] == start)
				continue;
			group->number = (i << store->part_bits) + (store->part - 1);
			group->records = store->records + start * groups->size;
			group->count = store->ends[i] - start;

			return true;
		}
		if (!next_part(groups))
			return false;
	}
}

/* After the last group or before; an error cleans up by itself. */
void
groups_destroy(Groups *groups)
{
	struct GroupsStore *store = groups->store;

	if (store->parts != NULL)
	{
		/* Those before are read and closed. */
		for (int part = store->part; part < GROUPS_PARTS; part++)
			BufFileClose(store->parts[part]);
	}
	MemoryContextDelete(store->context);
	pfree(store);
	pfree(groups);
}
