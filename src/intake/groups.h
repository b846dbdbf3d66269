/*-------------------------------------------------------------------------
 *
 * groups.h
 *	  Records gathered by the number of their group; see groups.c.
 *
 * IDENTIFICATION
 *	  src/intake/groups.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_GROUPS_H
#define SHOPANALYTICS_GROUPS_H

#include "intake/codes.h"

#define GROUPS_MAX_WAITING	64

/* A record whose group's number is still to be looked up. */
typedef struct GroupsWaiting
{
	Datum		value;
	uint32	   *number;
} GroupsWaiting;

typedef struct Groups
{
	size_t		size;			/* of a record; its first member is the
								 * group's number, an uint32 */
	char	   *next;			/* place of the next record in the last block */
	char	   *end;			/* of that block */
	struct GroupsStore *store;
	Codes	   *codes;			/* of the values that name groups, or NULL */
	GroupsWaiting waiting[GROUPS_MAX_WAITING];
	int			nwaiting;
} Groups;

/* The records of one group, in the order in which they came. */
typedef struct RecordGroup
{
	uint32		number;
	void	   *records;
	size_t		count;
} RecordGroup;

extern void groups_define_settings(void);
extern size_t groups_memory(void);
extern void groups_tell_files(void);
extern Groups *groups_create(size_t record_size);
extern void groups_make_room(Groups *groups);
extern void groups_look_up(Groups *groups);
extern void groups_finish_named(Groups *groups);
extern void groups_leave_out(Groups *groups, const bool *left_out);
extern void groups_finish(Groups *groups, uint32 ngroups);
extern bool groups_next(Groups *groups, RecordGroup *group);
extern void groups_destroy(Groups *groups);

/* The place of a new record, to be filled at once. */
static inline void *
groups_add(Groups *groups)
{
	void	   *record;

	if (unlikely(groups->next == groups->end))
		groups_make_room(groups);
	record = groups->next;
	groups->next += groups->size;

	return record;
}

/*
 * The same for groups that values name.  There are often more of them than the
 * processor's cache holds, and each record is of another one: so what is known
 * of a value is asked for now, and the record's number filled in a little later.
 */
static inline void *
groups_add_named(Groups *groups, Datum value)
{
	uint32	   *record = groups_add(groups);

	if (groups->codes->kind != CODES_INTEGER)
		*record = codes_get(groups->codes, value);
	else
	{
		GroupsWaiting *waiting = &groups->waiting[groups->nwaiting++];

		codes_prefetch(groups->codes, value);
		waiting->value = value;
		waiting->number = record;
		if (groups->nwaiting == GROUPS_MAX_WAITING)
			groups_look_up(groups);
	}

	return record;
}

#endif							/* SHOPANALYTICS_GROUPS_H */
