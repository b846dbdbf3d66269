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

typedef struct Groups
{
	size_t		size;			/* of a record; its first member is the
								 * group's number, an uint32 */
	char	   *next;			/* place of the next record in the last block */
	char	   *end;			/* of that block */
	struct GroupsStore *store;
} Groups;

/* The records of one group, in the order in which they came. */
typedef struct RecordGroup
{
	uint32		number;
	void	   *records;
	size_t		count;
} RecordGroup;

extern void groups_define_settings(void);
extern Groups *groups_create(size_t record_size);
extern void groups_make_room(Groups *groups);
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

#endif							/* SHOPANALYTICS_GROUPS_H */
