/*-------------------------------------------------------------------------
 *
 * email.c
 *	  email_status(), email_valid(), email_normalize(), email_domain(): the
 *	  SQL side of the e-mail check.
 *
 * The parser reads UTF-8.  The bytes of a UTF8 database are handed to it where
 * they lie, and so are those of SQL_ASCII, which may be anything: what is not
 * UTF-8 gets a status.  Text of any other encoding is converted first.
 *
 * IDENTIFICATION
 *	  src/text/email.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_enum.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "text/email.h"

#define EMAIL_STATUS_LABEL(symbol, label) label,
static const char *const email_status_labels[] = {
	EMAIL_STATUS_LIST(EMAIL_STATUS_LABEL)
};

static const char *const email_profile_names[] = {
	[EMAIL_DEFAULT] = "default",
	[EMAIL_HTML5] = "html5",
	[EMAIL_RFC5321] = "rfc5321",
	[EMAIL_RFC5322] = "rfc5322",
	[EMAIL_RFC6531] = "rfc6531"
};

/* Kept in fn_extra. */
typedef struct EmailStatusCache
{
	Oid			type;			/* the enum type email_verdict */
	Oid			value[EMAIL_STATUS_COUNT];	/* its values, as they are needed */
} EmailStatusCache;

PG_FUNCTION_INFO_V1(email_status);
PG_FUNCTION_INFO_V1(email_valid);
PG_FUNCTION_INFO_V1(email_normalize);
PG_FUNCTION_INFO_V1(email_domain);

static EmailProfile
email_profile_of(const text *name)
{
	const char *data = VARDATA_ANY(name);
	size_t		len = VARSIZE_ANY_EXHDR(name);

	for (int i = 0; i < EMAIL_PROFILE_COUNT; i++)
		if (strlen(email_profile_names[i]) == len &&
			memcmp(email_profile_names[i], data, len) == 0)
			return i;

	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("unknown e-mail profile \"%s\"", text_to_cstring(name)),
			errhint("Profiles are default, html5, rfc5321, rfc5322 and rfc6531."));
}

/* Text of these is read as it is, and so is written as it is. */
static bool
email_needs_conversion(void)
{
	return GetDatabaseEncoding() != PG_UTF8 && GetDatabaseEncoding() != PG_SQL_ASCII;
}

static bool
email_is_ascii(const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (IS_HIGHBIT_SET(data[i]))
			return false;

	return true;
}

/*
 * Points data and len at the text in UTF-8; false when it has no such form.
 */
static bool
email_as_utf8(const text *source, const char **data, size_t *len)
{
	Oid			conversion;
	int			size;
	char	   *buffer;

	*data = VARDATA_ANY(source);
	*len = VARSIZE_ANY_EXHDR(source);
	if (!email_needs_conversion() || email_is_ascii(*data, *len))
		return true;

	conversion = FindDefaultConversionProc(GetDatabaseEncoding(), PG_UTF8);
	if (!OidIsValid(conversion))
		return false;
	if (*len > (INT_MAX - 1) / MAX_CONVERSION_GROWTH - 1)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("e-mail address of %zu bytes is too long to convert", *len));

	size = (*len + 1) * MAX_CONVERSION_GROWTH + 1;
	buffer = MemoryContextAllocHuge(CurrentMemoryContext, size);
	if (pg_do_encoding_conversion_buf(conversion, GetDatabaseEncoding(), PG_UTF8,
									  (unsigned char *) *data, *len,
									  (unsigned char *) buffer, size,
									  true) != *len)
		return false;
	*data = buffer;
	*len = strlen(buffer);

	return true;
}

static EmailStatus
email_status_of(const text *address, EmailProfile profile)
{
	const char *data;
	size_t		len;
	size_t		separator;

	if (!email_as_utf8(address, &data, &len))
		return EMAIL_INVALID_ENCODING;

	return email_parse(data, len, profile, &separator);
}

/* Looked up by label, since dump and restore may renumber the values. */
static Oid
email_status_value(FmgrInfo *flinfo, EmailStatus status)
{
	EmailStatusCache *cache = flinfo->fn_extra;

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(EmailStatusCache));
		cache->type = get_func_rettype(flinfo->fn_oid);
		flinfo->fn_extra = cache;
	}
	if (!OidIsValid(cache->value[status]))
	{
		HeapTuple	tuple = SearchSysCache2(ENUMTYPOIDNAME,
											ObjectIdGetDatum(cache->type),
											CStringGetDatum(email_status_labels[status]));

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "type email_verdict has no value \"%s\"",
				 email_status_labels[status]);
		cache->value[status] = ((Form_pg_enum) GETSTRUCT(tuple))->oid;
		ReleaseSysCache(tuple);
	}

	return cache->value[status];
}

/* email_status(text, profile text) => email_verdict */
Datum
email_status(PG_FUNCTION_ARGS)
{
	EmailProfile profile = email_profile_of(PG_GETARG_TEXT_PP(1));
	EmailStatus status = email_status_of(PG_GETARG_TEXT_PP(0), profile);

	PG_RETURN_OID(email_status_value(fcinfo->flinfo, status));
}

/* email_valid(text, profile text) => boolean */
Datum
email_valid(PG_FUNCTION_ARGS)
{
	EmailProfile profile = email_profile_of(PG_GETARG_TEXT_PP(1));

	PG_RETURN_BOOL(email_status_of(PG_GETARG_TEXT_PP(0), profile) == EMAIL_VALID);
}

/* The way back from email_as_utf8. */
static text *
email_to_text(const char *data, size_t len)
{
	if (email_needs_conversion())
	{
		char	   *converted = pg_any_to_server(data, len, PG_UTF8);

		if (converted != data)
			return cstring_to_text(converted);
	}

	return cstring_to_text_with_len(data, len);
}

/* email_normalize(text, provider_rules boolean) => text */
Datum
email_normalize(PG_FUNCTION_ARGS)
{
	text	   *address = PG_GETARG_TEXT_PP(0);
	char		normal[EMAIL_NORMAL_SIZE];
	const char *data;
	size_t		len;
	size_t		normal_len;

	/* what cannot be read is left as it is */
	if (!email_as_utf8(address, &data, &len))
		PG_RETURN_TEXT_P(address);

	email_trim(&data, &len);
	normal_len = email_normal_form(data, len, PG_GETARG_BOOL(1), normal);

	PG_RETURN_TEXT_P(normal_len > 0 ? email_to_text(normal, normal_len) :
					 email_to_text(data, len));
}

/* email_domain(text) => text */
Datum
email_domain(PG_FUNCTION_ARGS)
{
	char		domain[EMAIL_MAX_DOMAIN];
	const char *data;
	size_t		len;

	if (!email_as_utf8(PG_GETARG_TEXT_PP(0), &data, &len))
		PG_RETURN_NULL();

	email_trim(&data, &len);
	len = email_normal_domain(data, len, domain);
	if (len == 0)
		PG_RETURN_NULL();

	PG_RETURN_TEXT_P(cstring_to_text_with_len(domain, len));
}
