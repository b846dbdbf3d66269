/*-------------------------------------------------------------------------
 *
 * session_ranges.c
 *	  Aggregate session_ranges(): when a user was there, from times in any
 *	  order.
 *
 * The state is a bag of stretches of time, each without a gap longer than the
 * timeout, which may overlap.  A time that comes next to the stretch of the row
 * before makes that longer, as it does whenever rows come roughly in order; any
 * other makes a new one.  When the bag is full, it is sorted and what belongs
 * together is joined, so it holds about as many stretches as there are sessions,
 * not rows.  Joining does not change what the bag means, and putting two bags
 * into one combines two states.
 *
 * IDENTIFICATION
 *	  src/behaviour/session_ranges.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "common/int.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "behaviour/group_memory.h"
#include "behaviour/interval_usecs.h"
#include "compat.h"

#define STRETCHES_INIT	4
#define RANGE_SIZE		32		/* of a stretch as a range, which takes longer */
#define STRETCH_BYTES	16		/* serialized */

typedef struct Stretch
{
	TimestampTz first;
	TimestampTz last;
} Stretch;

typedef struct SessionRangesState
{
	int64		timeout;		/* longest gap, microseconds; same for all
								 * rows */
	int64		nstretches;		/* used entries in stretch[] */
	int64		maxstretches;	/* allocated entries in stretch[] */
	Stretch    *stretch;		/* the latest is that of the row before */
} SessionRangesState;

PG_FUNCTION_INFO_V1(session_ranges_transfn);
PG_FUNCTION_INFO_V1(session_ranges_combinefn);
PG_FUNCTION_INFO_V1(session_ranges_serialfn);
PG_FUNCTION_INFO_V1(session_ranges_deserialfn);
PG_FUNCTION_INFO_V1(session_ranges_finalfn);

#define ST_SORT stretches_sort
#define ST_ELEMENT_TYPE Stretch
#define ST_COMPARE(a, b) ((a)->first < (b)->first ? -1 : (a)->first > (b)->first)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Is the later of two times still in the session of the earlier? */
static inline bool
session_goes_on(int64 timeout, TimestampTz from, TimestampTz to)
{
	if (from != to && (TIMESTAMP_IS_NOBEGIN(from) || TIMESTAMP_IS_NOEND(to)))
		return false;

	return (uint64) to - (uint64) from <= (uint64) timeout;
}

/* Joins the stretches of one session; afterwards they are in order. */
static void
session_ranges_join(SessionRangesState *state)
{
	int64		njoined = 0;

	if (state->nstretches == 0)
		return;

	stretches_sort(state->stretch, state->nstretches);
	for (int64 i = 1; i < state->nstretches; i++)
	{
		Stretch    *joined = &state->stretch[njoined];
		Stretch    *next = &state->stretch[i];

		if (next->first <= joined->last ||
			session_goes_on(state->timeout, joined->last, next->first))
			joined->last = Max(joined->last, next->last);
		else
			state->stretch[++njoined] = *next;
	}
	state->nstretches = njoined + 1;
}

/* Caller must have switched to the context the state is to live in. */
static SessionRangesState *
session_ranges_create(int64 timeout)
{
	SessionRangesState *state = palloc(sizeof(SessionRangesState));

	state->timeout = timeout;
	state->nstretches = 0;
	state->maxstretches = STRETCHES_INIT;
	state->stretch = palloc(sizeof(Stretch) * STRETCHES_INIT);

	return state;
}

/* Joins what can be joined before it takes more memory. */
static void
session_ranges_reserve(SessionRangesState *state, int64 nstretches)
{
	int64		needed;
	int64		most = group_memory_limit() / RANGE_SIZE;

	if (state->nstretches + nstretches <= state->maxstretches)
		return;

	session_ranges_join(state);
	needed = state->nstretches + nstretches;
	if (needed > most)
		group_memory_exceeded();

	/* half of it empty, or it would soon have to be joined again */
	if (needed > state->maxstretches / 2)
	{
		state->maxstretches = Min(needed * 2, most);
		state->stretch = repalloc(state->stretch,
								  sizeof(Stretch) * state->maxstretches);
	}
}

static inline void
session_ranges_add(SessionRangesState *state, TimestampTz ts)
{
	if (state->nstretches > 0)
	{
		Stretch    *stretch = &state->stretch[state->nstretches - 1];

		if (ts > stretch->last)
		{
			if (session_goes_on(state->timeout, stretch->last, ts))
			{
				stretch->last = ts;
				return;
			}
		}
		else if (ts >= stretch->first)
			return;
		else if (session_goes_on(state->timeout, ts, stretch->first))
		{
			stretch->first = ts;
			return;
		}
	}

	session_ranges_reserve(state, 1);
	state->stretch[state->nstretches].first = ts;
	state->stretch[state->nstretches].last = ts;
	state->nstretches++;
}

static void
session_ranges_check_same(int64 a, int64 b)
{
	if (a != b)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("timeout must not change within a group"),
				errhint("Add what it depends on to GROUP BY."));
}

/* (internal, ts timestamptz, timeout interval) => internal */
Datum
session_ranges_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	SessionRangesState *state;
	int64		timeout;

	/* cannot be called directly because of internal-type argument */
	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "session_ranges_transfn called in non-aggregate context");

	if (PG_ARGISNULL(2))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("timeout must not be null"));
	timeout = interval_usecs(PG_GETARG_INTERVAL_P(2), "timeout");
	if (timeout == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("timeout must not be zero"),
				errhint("A session lasts for the timeout after its last event."));

	if (PG_ARGISNULL(0))
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(aggcontext);

		state = session_ranges_create(timeout);
		MemoryContextSwitchTo(oldcontext);
	}
	else
	{
		state = (SessionRangesState *) PG_GETARG_POINTER(0);
		session_ranges_check_same(state->timeout, timeout);
	}

	if (!PG_ARGISNULL(1))
		session_ranges_add(state, PG_GETARG_TIMESTAMPTZ(1));

	PG_RETURN_POINTER(state);
}

/* (internal, internal) => internal */
Datum
session_ranges_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	SessionRangesState *dst;
	SessionRangesState *src;

	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "session_ranges_combinefn called in non-aggregate context");

	dst = PG_ARGISNULL(0) ? NULL : (SessionRangesState *) PG_GETARG_POINTER(0);
	src = PG_ARGISNULL(1) ? NULL : (SessionRangesState *) PG_GETARG_POINTER(1);

	if (src == NULL)
	{
		if (dst == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(dst);
	}

	/* src lives in a short-lived context: never return it, always copy */
	if (dst == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(aggcontext);

		dst = session_ranges_create(src->timeout);
		MemoryContextSwitchTo(oldcontext);
	}
	else
		session_ranges_check_same(dst->timeout, src->timeout);

	session_ranges_reserve(dst, src->nstretches);
	memcpy(dst->stretch + dst->nstretches, src->stretch,
		   sizeof(Stretch) * src->nstretches);
	dst->nstretches += src->nstretches;

	PG_RETURN_POINTER(dst);
}

/* (internal) => bytea */
Datum
session_ranges_serialfn(PG_FUNCTION_ARGS)
{
	SessionRangesState *state;
	StringInfoData buf;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "session_ranges_serialfn called in non-aggregate context");

	state = (SessionRangesState *) PG_GETARG_POINTER(0);
	session_ranges_join(state);

	pq_begintypsend(&buf);
	enlargeStringInfo(&buf, 16 + STRETCH_BYTES * state->nstretches);
	pq_sendint64(&buf, state->timeout);
	pq_sendint64(&buf, state->nstretches);
	for (int64 i = 0; i < state->nstretches; i++)
	{
		pq_sendint64(&buf, state->stretch[i].first);
		pq_sendint64(&buf, state->stretch[i].last);
	}

	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* The bytes may be anybody's: whatever they are, the state is a sound one. */
static SessionRangesState *
session_ranges_recv(StringInfo buf)
{
	SessionRangesState *state;
	int64		timeout = pq_getmsgint64(buf);
	int64		nstretches = pq_getmsgint64(buf);
	bool		sound = timeout > 0 && nstretches >= 0 &&
	nstretches == (buf->len - buf->cursor) / STRETCH_BYTES;

	state = session_ranges_create(timeout);
	if (sound)
		session_ranges_reserve(state, nstretches);
	for (int64 i = 0; sound && i < nstretches; i++)
	{
		Stretch    *stretch = &state->stretch[i];

		stretch->first = pq_getmsgint64(buf);
		stretch->last = pq_getmsgint64(buf);
		sound = stretch->first <= stretch->last;
		state->nstretches++;
	}
	if (!sound)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				errmsg("invalid state of session_ranges"));
	pq_getmsgend(buf);

	return state;
}

/* (bytea, internal) => internal; result is short-lived, current context is right */
Datum
session_ranges_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *serialized;
	StringInfoData buf;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "session_ranges_deserialfn called in non-aggregate context");

	serialized = PG_GETARG_BYTEA_PP(0);
	buf.data = VARDATA_ANY(serialized);
	buf.len = VARSIZE_ANY_EXHDR(serialized);
	buf.maxlen = 0;
	buf.cursor = 0;

	PG_RETURN_POINTER(session_ranges_recv(&buf));
}

/* A session lasts until the timeout after its last event is over. */
static RangeType *
session_range(const Stretch *stretch, int64 timeout, TypeCacheEntry *rangetype)
{
	RangeBound	lower;
	RangeBound	upper;
	TimestampTz end = stretch->last;

	if (!TIMESTAMP_NOT_FINITE(end) &&
		(pg_add_s64_overflow(end, timeout, &end) || !IS_VALID_TIMESTAMP(end)))
		ereport(ERROR,
				errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				errmsg("the timeout after %s is out of range",
					   timestamptz_to_str(stretch->last)));

	lower.val = TimestampTzGetDatum(stretch->first);
	lower.infinite = false;
	lower.inclusive = true;
	lower.lower = true;
	upper.val = TimestampTzGetDatum(end);
	upper.infinite = false;
	upper.inclusive = TIMESTAMP_NOT_FINITE(end);
	upper.lower = false;

	return make_range(rangetype, &lower, &upper, false, NULL);
}

/* (internal) => tstzmultirange */
Datum
session_ranges_finalfn(PG_FUNCTION_ARGS)
{
	TypeCacheEntry *rangetype = lookup_type_cache(TSTZRANGEOID, TYPECACHE_RANGE_INFO);
	SessionRangesState *state;
	RangeType **ranges;

	/* cannot be called directly because of internal-type argument */
	Assert(AggCheckCallContext(fcinfo, NULL));

	if (PG_ARGISNULL(0))
		PG_RETURN_MULTIRANGE_P(make_empty_multirange(TSTZMULTIRANGEOID,
													 rangetype));
	state = (SessionRangesState *) PG_GETARG_POINTER(0);

	session_ranges_join(state);
	ranges = palloc(sizeof(RangeType *) * Max(state->nstretches, 1));
	for (int64 i = 0; i < state->nstretches; i++)
	{
		CHECK_FOR_INTERRUPTS();
		ranges[i] = session_range(&state->stretch[i], state->timeout, rangetype);
	}

	PG_RETURN_MULTIRANGE_P(make_multirange(TSTZMULTIRANGEOID, rangetype,
										   state->nstretches, ranges));
}
