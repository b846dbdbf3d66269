/*-------------------------------------------------------------------------
 *
 * session_key.c
 *	  session_key(): a lasting name for a session, from its user and its start.
 *
 * A UUID of version 5 (RFC 9562): SHA-1 over the name space of session keys and
 * the name "<start>:<user>", where start is in microseconds since 1970 and user
 * in UTF-8.  So other programs can make the same keys, and the same session has
 * the same key in every database.  The first colon ends the start, so no two
 * pairs have one name.
 *
 * IDENTIFICATION
 *	  src/behaviour/session_key.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha1.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "behaviour/session_key.h"
#include "compat.h"

#define UNIX_EPOCH_USECS \
	((POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)
#define START_SIZE	32			/* bytes for a start with its colon */

PG_FUNCTION_INFO_V1(session_key);

/* The version 5 UUID of "session_key.shopanalytics" in the name space of DNS. */
static const uint8 session_key_namespace[UUID_LEN] = {
	0xa4, 0x1a, 0x2d, 0xce, 0x32, 0x48, 0x55, 0xc7,
	0xb2, 0x92, 0x70, 0xf1, 0xca, 0x3b, 0xd4, 0x6a
};

/* Returns the length. */
static int
session_key_start(TimestampTz start, char *result)
{
	if (TIMESTAMP_IS_NOBEGIN(start))
		return snprintf(result, START_SIZE, "-infinity:");
	if (TIMESTAMP_IS_NOEND(start))
		return snprintf(result, START_SIZE, "infinity:");
	if (start < -UNIX_EPOCH_USECS)
		return snprintf(result, START_SIZE, INT64_FORMAT ":",
						start + UNIX_EPOCH_USECS);

	/* the last years have more microseconds than a signed number */
	return snprintf(result, START_SIZE, UINT64_FORMAT ":",
					(uint64) start + (uint64) UNIX_EPOCH_USECS);
}

static void
session_key_digest(const char *start, int start_len,
				   const char *user, int user_len, uint8 *digest)
{
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA1);

	if (pg_cryptohash_init(hash) < 0 ||
		pg_cryptohash_update(hash, session_key_namespace, UUID_LEN) < 0 ||
		pg_cryptohash_update(hash, (const uint8 *) start, start_len) < 0 ||
		pg_cryptohash_update(hash, (const uint8 *) user, user_len) < 0 ||
		pg_cryptohash_final(hash, digest, SHA1_DIGEST_LENGTH) < 0)
		ereport(ERROR,
				errcode(ERRCODE_INTERNAL_ERROR),
				errmsg("could not compute SHA-1: %s",
					   pg_cryptohash_error(hash)));
	pg_cryptohash_free(hash);
}

/* The user is in the server's encoding. */
void
session_key_make(pg_uuid_t *key, const char *user, int user_len, TimestampTz start)
{
	char		start_text[START_SIZE];
	int			start_len = session_key_start(start, start_text);
	uint8		digest[SHA1_DIGEST_LENGTH];

	/* bytes of no known encoding are taken as they are */
	if (GetDatabaseEncoding() != PG_SQL_ASCII)
	{
		char	   *utf8 = pg_server_to_any(user, user_len, PG_UTF8);

		if (utf8 != user)
		{
			user = utf8;
			user_len = strlen(utf8);
		}
	}
	session_key_digest(start_text, start_len, user, user_len, digest);

	memcpy(key->data, digest, UUID_LEN);
	key->data[6] = (key->data[6] & 0x0F) | 0x50;	/* version 5 */
	key->data[8] = (key->data[8] & 0x3F) | 0x80;	/* variant of the RFC */
}

/* (user_key text, session_start timestamptz) => uuid */
Datum
session_key(PG_FUNCTION_ARGS)
{
	text	   *user_key = PG_GETARG_TEXT_PP(0);
	pg_uuid_t  *key = palloc(sizeof(pg_uuid_t));

	session_key_make(key, VARDATA_ANY(user_key), VARSIZE_ANY_EXHDR(user_key),
					 PG_GETARG_TIMESTAMPTZ(1));

	PG_RETURN_UUID_P(key);
}
