/*-------------------------------------------------------------------------
 *
 * retention.c
 *	  Aggregate retention(): which conditions a user ever fulfilled, for users
 *	  who fulfilled the first.
 *
 * All that a group comes to is a set of conditions and how many there are of
 * them.  Both fit into a bigint, so the state is that plain type: it needs no
 * memory, no serialization and no deserialization.
 *
 * IDENTIFICATION
 *	  src/behaviour/retention.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"

#include "behaviour/conditions.h"
#include "compat.h"

/* The state: fulfilled conditions in the low half, their number above; 0: no row. */
#define RETENTION_STATE(n, fulfilled)	((int64) (n) << 32 | (fulfilled))

PG_FUNCTION_INFO_V1(retention_transfn);
PG_FUNCTION_INFO_V1(retention_combinefn);
PG_FUNCTION_INFO_V1(retention_finalfn);

/* The functions can be called with any number for a state. */
static int
retention_state_nconditions(int64 state)
{
	int64		n = state >> 32;

	if (n < 0 || n > CONDITIONS_MAX ||
		(uint64) (uint32) state >> n != 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("invalid state of retention: " INT64_FORMAT, state));

	return (int) n;
}

static int64
retention_state_merge(int64 a, int64 b)
{
	int			na = retention_state_nconditions(a);
	int			nb = retention_state_nconditions(b);

	if (na != nb && na != 0 && nb != 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("the number of conditions must not change within a group, got %d and %d",
					   na, nb));

	return a | b;
}

/* (int8, VARIADIC conditions boolean[]) => int8 */
Datum
retention_transfn(PG_FUNCTION_ARGS)
{
	int			n;
	uint32		fulfilled = conditions_mask(PG_GETARG_ARRAYTYPE_P(1), "conditions", 1, &n);

	PG_RETURN_INT64(retention_state_merge(PG_GETARG_INT64(0),
										  RETENTION_STATE(n, fulfilled)));
}

/* (int8, int8) => int8 */
Datum
retention_combinefn(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(retention_state_merge(PG_GETARG_INT64(0),
										  PG_GETARG_INT64(1)));
}

/* (int8) => boolean[] */
Datum
retention_finalfn(PG_FUNCTION_ARGS)
{
	int64		state = PG_GETARG_INT64(0);
	int			n = retention_state_nconditions(state);
	Datum		retained[CONDITIONS_MAX];

	if (n == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(BOOLOID));

	/* without the first condition, nothing counts */
	for (int i = 0; i < n; i++)
		retained[i] = BoolGetDatum((state & 1) && (state >> i & 1));

	PG_RETURN_ARRAYTYPE_P(construct_array(retained, n, BOOLOID,
										  sizeof(bool), true,
										  TYPALIGN_CHAR));
}
