/*-------------------------------------------------------------------------
 *
 * user_events.h
 *	  The times of events, by user; see user_events.c.
 *
 * IDENTIFICATION
 *	  src/intake/user_events.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_USER_EVENTS_H
#define SHOPANALYTICS_USER_EVENTS_H

#include "intake/codes.h"
#include "intake/intake_value.h"
#include "intake/parts.h"

/* The columns that are read. */
enum
{
	USER_EVENTS_USER,
	USER_EVENTS_TIME,
	USER_EVENTS_KEY,
	USER_EVENTS_COLUMNS
};

/* The members from the key on are there only if there is a column of keys. */
typedef struct UserEvent
{
	TimestampTz time;
	Datum		key;			/* as a code where that is shorter */
	bool		has_key;
} UserEvent;

typedef struct UserEventRecord
{
	uint64		user;			/* himself if a number, else his code */
	UserEvent	event;
} UserEventRecord;

typedef struct UserEvents
{
	IntakeColumn columns[USER_EVENTS_COLUMNS];
	IntakeLeftOut left_out;
	Codes	   *users;
	Codes	   *keys;			/* NULL: none, or each is a Datum by value */
	Parts	   *parts;			/* all, in groups of UserEvent by user */
	int			workers;		/* that were asked for to read them */
} UserEvents;

extern UserEvents *user_events_read(const char *events, const char *user_column,
									const char *time_column, const char *key_column);
extern char *user_events_user(UserEvents *events, const PartsGroup *group);
extern char *user_events_key(UserEvents *events, const UserEvent *event);

static inline size_t
user_events_record_size(bool have_keys)
{
	return have_keys ? sizeof(UserEventRecord) : offsetof(UserEventRecord, event.key);
}

#endif							/* SHOPANALYTICS_USER_EVENTS_H */
