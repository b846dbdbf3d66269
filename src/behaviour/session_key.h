/*-------------------------------------------------------------------------
 *
 * session_key.h
 *	  A lasting name for a session; see session_key.c.
 *
 * IDENTIFICATION
 *	  src/behaviour/session_key.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_SESSION_KEY_H
#define SHOPANALYTICS_SESSION_KEY_H

#include "datatype/timestamp.h"
#include "utils/uuid.h"

extern void session_key_make(pg_uuid_t *key, const char *user, int user_len,
							 TimestampTz start);

#endif							/* SHOPANALYTICS_SESSION_KEY_H */
