/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  The one place that knows about PostgreSQL versions: old versions get
 *	  the names of the new ones, so a shim goes when its version goes.
 *
 * IDENTIFICATION
 *	  src/compat.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_COMPAT_H
#define SHOPANALYTICS_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "shopanalytics needs PostgreSQL 15 or later"
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* Intervals can be infinite since 17. */
#if PG_VERSION_NUM < 170000
#define INTERVAL_NOT_FINITE(i)	((void) (i), false)
#endif

/* Making a range can fail softly since 16. */
#if PG_VERSION_NUM < 160000
#include "utils/rangetypes.h"

#define make_range(typcache, lower, upper, empty, escontext) \
	make_range(typcache, lower, upper, empty)
#endif

/* What is read must be there: said so since 16. */
#if PG_VERSION_NUM < 160000
#define BufFileReadExact(file, ptr, size) \
	do { \
		if (BufFileRead((file), (ptr), (size)) != (size)) \
			ereport(ERROR, \
					errcode_for_file_access(), \
					errmsg("could not read from a temporary file")); \
	} while (0)
#endif

/* Names can fail to parse softly since 16. */
#if PG_VERSION_NUM < 160000
#define stringToQualifiedNameList(string, escontext) \
	stringToQualifiedNameList(string)
#endif

/* Objects of all kinds have one check of rights since 16; ours are functions. */
#if PG_VERSION_NUM < 160000
#define object_aclcheck(classid, objectid, roleid, mode) \
	pg_proc_aclcheck(objectid, roleid, mode)
#endif

/* A transaction's number for its own process is part of its virtual one since 17. */
#if PG_VERSION_NUM >= 170000
#define LOCAL_TRANSACTION_ID	(MyProc->vxid.lxid)
#else
#define LOCAL_TRANSACTION_ID	(MyProc->lxid)
#endif

/* 18 has EXPLAIN in parts. */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif

/* Nothing is executed twice, which 18 takes for granted. */
#if PG_VERSION_NUM >= 180000
#define ExecutorRun(desc, direction, count, once) \
	ExecutorRun(desc, direction, count)
#endif

/* Whether a stronger lock counts as well is asked since 17. */
#if PG_VERSION_NUM >= 170000
#define LockHeldByMe(locktag, lockmode) \
	LockHeldByMe(locktag, lockmode, false)
#endif

/* 17 has a hash of 64 bits. */
#if PG_VERSION_NUM < 170000
static inline uint64
murmurhash64(uint64 data)
{
	uint64		h = data;

	h ^= h >> 33;
	h *= UINT64CONST(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64CONST(0xc4ceb9fe1a85ec53);
	h ^= h >> 33;

	return h;
}
#endif

/* 16 found one place for what every AT TIME ZONE did by itself. */
#if PG_VERSION_NUM < 160000
#include "parser/scansup.h"
#include "utils/datetime.h"

#define TZNAME_FIXED_OFFSET 0
#define TZNAME_DYNTZ		1
#define TZNAME_ZONE			2

static inline int
DecodeTimezoneName(const char *tzname, int *offset, pg_tz **tz)
{
	char	   *lowzone = downcase_truncate_identifier(tzname, strlen(tzname), false);
	int			type = DecodeTimezoneAbbrev(0, lowzone, offset, tz);

	if (type == TZ || type == DTZ)
		return TZNAME_FIXED_OFFSET;
	if (type == DYNTZ)
		return TZNAME_DYNTZ;

	*tz = pg_tzset(tzname);
	if (*tz == NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("time zone \"%s\" not recognized", tzname));

	return TZNAME_ZONE;
}
#endif

#endif							/* SHOPANALYTICS_COMPAT_H */
