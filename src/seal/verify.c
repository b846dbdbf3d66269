/*-------------------------------------------------------------------------
 *
 * verify.c
 *	  What verify() computes for each row of the audit: the hash of its
 *	  statement, and whether its own hashes are those of what it says.
 *
 * These are the definitions _audit_header_hash(), _audit_nonpii_hash(),
 * _audit_pii_hash() and _leaf() once more, several times as fast, and made for
 * what somebody may have changed: anything can be null, and nothing is an
 * error.  What is hashed is the text of a JSON array, which is put together
 * here without the array.  They are stable and not immutable as it is converted
 * to UTF-8.
 *
 * IDENTIFICATION
 *	  src/seal/verify.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/int.h"
#include "common/sha2.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "compat.h"

/* Microseconds from 1970 to PostgreSQL's epoch. */
#define UNIX_EPOCH_OFFSET ((POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

typedef struct Digest
{
	uint8		bytes[PG_SHA256_DIGEST_LENGTH];
} Digest;

PG_FUNCTION_INFO_V1(_statement_hash);
PG_FUNCTION_INFO_V1(_row_problem);

static void
digest_failed(pg_cryptohash_ctx *context)
{
	elog(ERROR, "could not compute a SHA256 hash: %s", pg_cryptohash_error(context));
}

/* The hash of two pieces, after a byte 0x00 for a leaf. */
static Digest
digest(pg_cryptohash_ctx *context, bool is_leaf, const char *first, Size first_size, const char *second, Size second_size)
{
	Digest		result;

	if (pg_cryptohash_init(context) < 0 ||
		(is_leaf && pg_cryptohash_update(context, (const uint8 *) "", 1) < 0) ||
		pg_cryptohash_update(context, (const uint8 *) first, first_size) < 0 ||
		pg_cryptohash_update(context, (const uint8 *) second, second_size) < 0 ||
		pg_cryptohash_final(context, result.bytes, sizeof(result.bytes)) < 0)
		digest_failed(context);

	return result;
}

/* Of a prefix and text, in the bytes that _bytes() gives of it. */
static Digest
digest_text(pg_cryptohash_ctx *context, const char *prefix, Size prefix_size, StringInfo text)
{
	const char *bytes = text->data;
	Size		size = text->len;
	int			encoding = GetDatabaseEncoding();

	if (encoding != PG_UTF8 && encoding != PG_SQL_ASCII && encoding != PG_MULE_INTERNAL)
	{
		bytes = pg_server_to_any(bytes, size, PG_UTF8);
		size = strlen(bytes);
	}

	return digest(context, false, prefix, prefix_size, bytes, size);
}

static bool
digest_is(const Digest *hash, const bytea *stored)
{
	return VARSIZE_ANY_EXHDR(stored) == sizeof(hash->bytes) && memcmp(VARDATA_ANY(stored), hash->bytes, sizeof(hash->bytes)) == 0;
}

static bool
op_is_known(char op)
{
	return op == 'I' || op == 'U' || op == 'D' || op == 'T';
}

static void
put_text(StringInfo array, FunctionCallInfo fcinfo, int arg)
{
	appendStringInfoString(array, ", ");
	if (PG_ARGISNULL(arg))
		appendStringInfoString(array, "null");
	else
		escape_json(array, text_to_cstring(PG_GETARG_TEXT_PP(arg)));
}

static void
put_number(StringInfo array, bool isnull, int64 number)
{
	if (isnull)
		appendStringInfoString(array, ", null");
	else
		appendStringInfo(array, ", " INT64_FORMAT, number);
}

/*
 * An image as it is hashed; false for one that is no object, which was never
 * written: JSON's null would be hashed as a null of SQL is.
 */
static bool
put_image(StringInfo array, FunctionCallInfo fcinfo, int arg)
{
	Jsonb	   *image;

	appendStringInfoString(array, ", ");
	if (PG_ARGISNULL(arg))
	{
		appendStringInfoString(array, "null");
		return true;
	}
	image = PG_GETARG_JSONB_P(arg);
	if (!JB_ROOT_IS_OBJECT(image))
		return false;
	JsonbToCString(array, &image->root, VARSIZE(image));

	return true;
}

/* The time of an argument as it is hashed; false when it cannot be. */
static bool
put_time(StringInfo array, FunctionCallInfo fcinfo, int arg)
{
	TimestampTz at;
	int64		microseconds;

	if (PG_ARGISNULL(arg))
		return false;
	at = PG_GETARG_TIMESTAMPTZ(arg);
	if (TIMESTAMP_NOT_FINITE(at) || pg_add_s64_overflow(at, UNIX_EPOCH_OFFSET, &microseconds))
		return false;
	put_number(array, false, microseconds);

	return true;
}

/*
 * (op, tenant, schema_name, table_name, tx_start, at, login, role, actor,
 * source, request, query_id) => bytea; null for what was never written
 */
Datum
_statement_hash(PG_FUNCTION_ARGS)
{
	pg_cryptohash_ctx *context;
	StringInfoData array;
	Digest		hash;
	bytea	   *result;

	if (PG_ARGISNULL(0) || !op_is_known(PG_GETARG_CHAR(0)))
		PG_RETURN_NULL();

	initStringInfo(&array);
	appendStringInfo(&array, "[\"audit 1\", \"%c\"", PG_GETARG_CHAR(0));
	for (int arg = 1; arg <= 3; arg++)
		put_text(&array, fcinfo, arg);
	if (!put_time(&array, fcinfo, 4) || !put_time(&array, fcinfo, 5))
		PG_RETURN_NULL();
	for (int arg = 6; arg <= 9; arg++)
		put_text(&array, fcinfo, arg);
	for (int arg = 10; arg <= 11; arg++)
		put_number(&array, PG_ARGISNULL(arg), PG_ARGISNULL(arg) ? 0 : PG_GETARG_INT64(arg));
	appendStringInfoChar(&array, ']');

	context = pg_cryptohash_create(PG_SHA256);
	hash = digest_text(context, NULL, 0, &array);
	pg_cryptohash_free(context);

	result = palloc(VARHDRSZ + sizeof(hash.bytes));
	SET_VARSIZE(result, VARHDRSZ + sizeof(hash.bytes));
	memcpy(VARDATA(result), hash.bytes, sizeof(hash.bytes));

	PG_RETURN_BYTEA_P(result);
}

/* What is wrong with a row, or null. */
static const char *
row_problem(FunctionCallInfo fcinfo, pg_cryptohash_ctx *context)
{
	bytea	   *header_hash,
			   *pii_hash = PG_ARGISNULL(8) ? NULL : PG_GETARG_BYTEA_PP(8);
	StringInfoData text;
	Digest		hash;

	if (PG_ARGISNULL(0))
		return "tampered: its statement is missing, or was changed";
	if (PG_ARGISNULL(1) || !op_is_known(PG_GETARG_CHAR(1)))
		return "tampered: op";

	initStringInfo(&text);
	appendStringInfo(&text, "[\"%c\"", PG_GETARG_CHAR(1));
	for (int arg = 2; arg <= 5; arg++)
	{
		if (!put_image(&text, fcinfo, arg))
			return "tampered: its key or an image";
	}
	appendStringInfoChar(&text, ']');
	header_hash = PG_GETARG_BYTEA_PP(0);
	hash = digest_text(context, VARDATA_ANY(header_hash), VARSIZE_ANY_EXHDR(header_hash), &text);
	if (PG_ARGISNULL(9) || !digest_is(&hash, PG_GETARG_BYTEA_PP(9)))
		return "tampered: it, its statement, or nonpii_hash";

	hash = digest(context, true, (char *) hash.bytes, sizeof(hash.bytes),
				  pii_hash ? VARDATA_ANY(pii_hash) : NULL, pii_hash ? VARSIZE_ANY_EXHDR(pii_hash) : 0);
	if (PG_ARGISNULL(10) || !digest_is(&hash, PG_GETARG_BYTEA_PP(10)))
		return "tampered: pii_hash or leaf";

	if (PG_ARGISNULL(6))
	{
		if (!PG_ARGISNULL(7))
			return "tampered: salt";
		return pii_hash ? "erased: its personal values are gone, and no erasure names it" : NULL;
	}

	resetStringInfo(&text);
	if (!PG_ARGISNULL(7))
	{
		Jsonb	   *pii = PG_GETARG_JSONB_P(6);
		bytea	   *salt = PG_GETARG_BYTEA_PP(7);

		JsonbToCString(&text, &pii->root, VARSIZE(pii));
		hash = digest_text(context, VARDATA_ANY(salt), VARSIZE_ANY_EXHDR(salt), &text);
	}
	if (PG_ARGISNULL(7) || pii_hash == NULL || !digest_is(&hash, pii_hash))
		return "forged: its personal values are not those that were written";

	return NULL;
}

/*
 * (statement hash, op, key, new_key, before, after, pii, salt, pii_hash,
 * nonpii_hash, leaf) => text, null when the row is as it was written
 */
Datum
_row_problem(PG_FUNCTION_ARGS)
{
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);
	const char *problem = row_problem(fcinfo, context);

	pg_cryptohash_free(context);
	if (problem == NULL)
		PG_RETURN_NULL();

	PG_RETURN_TEXT_P(cstring_to_text(problem));
}
