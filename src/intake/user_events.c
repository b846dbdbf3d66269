/*-------------------------------------------------------------------------
 *
 * user_events.c
 *	  The times of events, by user.
 *
 * For reports that ask for no more of an event than whose it is, when it was,
 * and perhaps a key to find it again.  That fits into a few words, so if users
 * and keys are numbers, workers can read the events, too, and hand them over
 * many at a time.  Other users and keys get codes, which are given out here.
 *
 * IDENTIFICATION
 *	  src/intake/user_events.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "intake/intake_read.h"
#include "intake/packed_scan.h"
#include "intake/user_events.h"
#include "utils/lsyscache.h"

#include "compat.h"

static void
take_event(void *arg, const Datum *values, const bool *nulls)
{
	UserEvents *events = arg;
	UserEventRecord *record;

	if (nulls[USER_EVENTS_USER] ||
		intake_is_empty(&events->columns[USER_EVENTS_USER], values[USER_EVENTS_USER]))
	{
		events->left_out.no_user++;
		return;
	}
	if (intake_time_left_out(&events->left_out, values[USER_EVENTS_TIME],
							 nulls[USER_EVENTS_TIME]))
		return;

	record = parts_add(events->parts,
					   codes_word(events->users, values[USER_EVENTS_USER]));
	record->event.time = DatumGetTimestampTz(values[USER_EVENTS_TIME]);
	if (events->columns[USER_EVENTS_KEY].present)
	{
		bool		isnull = nulls[USER_EVENTS_KEY];
		Datum		key = values[USER_EVENTS_KEY];

		record->event.has_key = !isnull;
		record->event.key = isnull ? 0 : events->keys == NULL ? key :
			UInt32GetDatum(codes_get(events->keys, key));
	}
}

/* Many rows that a worker has packed, or this process in the same way. */
static void
take_packed(void *arg, int part, const char *bytes, size_t len)
{
	UserEvents *events = arg;

	if (part == PACKED_SCAN_LEFT_OUT)
	{
		IntakeLeftOut left_out;

		Assert(len == sizeof(left_out));
		memcpy(&left_out, bytes, len);
		events->left_out.no_user += left_out.no_user;
		events->left_out.no_time += left_out.no_time;
		events->left_out.infinite_time += left_out.infinite_time;
	}
	else
		parts_append(events->parts, part, bytes, len);
}

/* Reads them all, in the current memory context.  A column's name may be NULL. */
UserEvents *
user_events_read(const char *source, const char *user_column,
				 const char *time_column, const char *key_column)
{
	UserEvents *events = palloc0(sizeof(UserEvents));
	IntakeColumn *user = &events->columns[USER_EVENTS_USER];
	IntakeColumn *time = &events->columns[USER_EVENTS_TIME];
	IntakeColumn *key = &events->columns[USER_EVENTS_KEY];
	Intake	   *intake;

	user->argument = "user_column";
	user->name = user_column;
	user->usual = intake_user_names;
	user->kind = INTAKE_ANY;
	user->required = true;
	time->argument = "time_column";
	time->name = time_column;
	time->usual = intake_time_names;
	time->kind = INTAKE_TIME;
	time->required = true;
	key->argument = "key_column";
	key->name = key_column;
	key->kind = INTAKE_ANY;

	intake = intake_open(source, events->columns, USER_EVENTS_COLUMNS, NULL);
	events->users = codes_create(user->type, user->collation);
	if (key->present && !get_typbyval(key->type))
		events->keys = codes_create_exact(key->type, key->collation);
	events->parts = parts_create(user_events_record_size(key->present));

	if (events->users->kind != CODES_INTEGER || events->keys != NULL ||
		!intake_read_packed(intake, take_packed, events, &events->workers))
		intake_read(intake, take_event, events);
	intake_tell_left_out(&events->left_out);
	parts_finish(events->parts);

	return events;
}

/* As text. */
char *
user_events_user(UserEvents *events, const PartsGroup *group)
{
	return intake_text(&events->columns[USER_EVENTS_USER],
					   codes_word_value(events->users, group->word));
}

/* As text; only if the event has a key. */
char *
user_events_key(UserEvents *events, const UserEvent *event)
{
	Datum		key = events->keys == NULL ? event->key :
	codes_value(events->keys, DatumGetUInt32(event->key));

	return intake_text(&events->columns[USER_EVENTS_KEY], key);
}
