/*-------------------------------------------------------------------------
 *
 * cr_apply.c
 *	  The lock that one session holds while it applies a change request.
 *
 * It must outlive the transaction of a batch and must not outlive an error or
 * a cancel.  A session's advisory lock is kept by an abort, and a procedure
 * that commits cannot catch errors to release it: whoever came next over a
 * pooled connection would find the request locked for good.  An ordinary lock
 * that is held for the session goes with an abort, as VACUUM and CREATE INDEX
 * CONCURRENTLY rely on.  So the lock is one on objects: of the table of
 * requests, numbered by the request or by its target.
 *
 * IDENTIFICATION
 *	  src/request/cr_apply.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lock.h"

#include "compat.h"

/* What of a lock's tag tells a target from a request, and how much of a request's number it holds. */
#define TARGET_PART		0
#define REQUEST_PART	1
#define REQUEST_PARTS	0x7fff

PG_FUNCTION_INFO_V1(_may_commit);
PG_FUNCTION_INFO_V1(_lock_apply);
PG_FUNCTION_INFO_V1(_holds_apply_lock);
PG_FUNCTION_INFO_V1(_unlock_apply);

static LOCKTAG
request_tag(Oid requests, int64 request)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, requests, (uint32) request,
					   REQUEST_PART + ((uint64) request >> 32) % REQUEST_PARTS);
	return tag;
}

static LOCKTAG
target_tag(Oid requests, Oid target)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, requests, target, TARGET_PART);
	return tag;
}

/*
 * _may_commit() returns boolean
 *
 * Whether the procedure that asks may end the transaction: not in a block of
 * the caller's, nor in a function.
 */
Datum
_may_commit(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(SPI_inside_nonatomic_context());
}

/*
 * _lock_apply(requests oid, request bigint, target oid, for_session boolean) returns boolean
 *
 * Whether both locks were free; never waits.  Locks that are not for the
 * session go with the transaction, or the subtransaction.
 */
Datum
_lock_apply(PG_FUNCTION_ARGS)
{
	LOCKTAG		request = request_tag(PG_GETARG_OID(0), PG_GETARG_INT64(1));
	LOCKTAG		target = target_tag(PG_GETARG_OID(0), PG_GETARG_OID(2));
	bool		for_session = PG_GETARG_BOOL(3);

	if (LockAcquire(&request, ExclusiveLock, for_session, true) == LOCKACQUIRE_NOT_AVAIL)
		PG_RETURN_BOOL(false);
	if (LockAcquire(&target, ExclusiveLock, for_session, true) == LOCKACQUIRE_NOT_AVAIL)
	{
		LockRelease(&request, ExclusiveLock, for_session);
		PG_RETURN_BOOL(false);
	}
	PG_RETURN_BOOL(true);
}

/*
 * _holds_apply_lock(requests oid, request bigint, target oid) returns boolean
 */
Datum
_holds_apply_lock(PG_FUNCTION_ARGS)
{
	LOCKTAG		request = request_tag(PG_GETARG_OID(0), PG_GETARG_INT64(1));
	LOCKTAG		target = target_tag(PG_GETARG_OID(0), PG_GETARG_OID(2));

	PG_RETURN_BOOL(LockHeldByMe(&request, ExclusiveLock) && LockHeldByMe(&target, ExclusiveLock));
}

/*
 * _unlock_apply(requests oid, request bigint, target oid) returns void
 *
 * For locks of the session alone.
 */
Datum
_unlock_apply(PG_FUNCTION_ARGS)
{
	LOCKTAG		request = request_tag(PG_GETARG_OID(0), PG_GETARG_INT64(1));
	LOCKTAG		target = target_tag(PG_GETARG_OID(0), PG_GETARG_OID(2));

	LockRelease(&target, ExclusiveLock, true);
	LockRelease(&request, ExclusiveLock, true);
	PG_RETURN_VOID();
}
