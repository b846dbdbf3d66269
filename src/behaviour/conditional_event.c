/*-------------------------------------------------------------------------
 *
 * conditional_event.c
 *	  conditional_true_event(), conditional_change_event(): window functions
 *	  that number the stretches between events, from 0.
 *
 * A count per partition is all the state.  No row is read again but the one
 * before the current, so the mark is moved along for the executor to drop what
 * is passed.  Frames do not matter.
 *
 * IDENTIFICATION
 *	  src/behaviour/conditional_event.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/typcache.h"
#include "windowapi.h"

#include "compat.h"

#define ROWS_KEPT	32			/* of those already passed, at most */

PG_FUNCTION_INFO_V1(window_conditional_true_event);
PG_FUNCTION_INFO_V1(window_conditional_change_event);

/* The type's own equality, looked up once per call site. */
static FmgrInfo *
conditional_event_equality(FunctionCallInfo fcinfo)
{
	TypeCacheEntry *type = fcinfo->flinfo->fn_extra;

	if (type == NULL)
	{
		Oid			typid = get_fn_expr_argtype(fcinfo->flinfo, 0);

		type = lookup_type_cache(typid, TYPECACHE_EQ_OPR_FINFO);
		if (!OidIsValid(type->eq_opr_finfo.fn_oid))
			ereport(ERROR,
					errcode(ERRCODE_UNDEFINED_FUNCTION),
					errmsg("could not identify an equality operator for type %s",
						   format_type_be(typid)),
					errhint("Cast the value to a type that has one."));
		fcinfo->flinfo->fn_extra = type;
	}

	return &type->eq_opr_finfo;
}

/* (cond boolean) => int8 */
Datum
window_conditional_true_event(PG_FUNCTION_ARGS)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	int64	   *count = WinGetPartitionLocalMemory(winobj, sizeof(int64));
	int64		position = WinGetCurrentPosition(winobj);
	bool		isnull;
	Datum		cond = WinGetFuncArgCurrent(winobj, 0, &isnull);

	if (position % ROWS_KEPT == 0 && position > 0)
		WinSetMarkPosition(winobj, position);
	if (!isnull && DatumGetBool(cond))
		(*count)++;

	PG_RETURN_INT64(*count);
}

/* (v anyelement) => int8 */
Datum
window_conditional_change_event(PG_FUNCTION_ARGS)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	int64	   *count = WinGetPartitionLocalMemory(winobj, sizeof(int64));
	int64		position = WinGetCurrentPosition(winobj);
	FmgrInfo   *equality = conditional_event_equality(fcinfo);
	bool		before_isnull;
	bool		isnull;
	bool		isout;
	Datum		before;
	Datum		v;

	if (position > 0)
	{
		before = WinGetFuncArgInPartition(winobj, 0, -1, WINDOW_SEEK_CURRENT,
										  position % ROWS_KEPT == 0,
										  &before_isnull, &isout);
		v = WinGetFuncArgCurrent(winobj, 0, &isnull);

		/* as <> does: what is not known is not known to have changed */
		if (!before_isnull && !isnull &&
			!DatumGetBool(FunctionCall2Coll(equality, PG_GET_COLLATION(),
											before, v)))
			(*count)++;
	}

	PG_RETURN_INT64(*count);
}
