/*-------------------------------------------------------------------------
 *
 * conditions.c
 *	  The conditions that an event fulfils, as a set of bits.
 *
 * IDENTIFICATION
 *	  src/behaviour/conditions.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tupmacs.h"

#include "behaviour/conditions.h"
#include "compat.h"

/*
 * The elements of a boolean[] that are true, the first in the lowest bit; NULL
 * is not true.  The caller says what they are to the user, and how many he can
 * do with at least.  The array is read in place: this is done for every row.
 */
uint32
conditions_mask(ArrayType *conditions, const char *noun, int fewest, int *nconditions)
{
	int			n = ArrayGetNItems(ARR_NDIM(conditions), ARR_DIMS(conditions));
	const char *value = ARR_DATA_PTR(conditions);
	const bits8 *present = ARR_NULLBITMAP(conditions);
	uint32		mask = 0;

	if (ARR_NDIM(conditions) > 1)
		ereport(ERROR,
				errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				errmsg("%s must be a one-dimensional array", noun));
	if (n < fewest || n > CONDITIONS_MAX)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("there must be %d to %d %s, got %d",
					   fewest, CONDITIONS_MAX, noun, n));

	for (int i = 0; i < n; i++)
	{
		if (present != NULL && att_isnull(i, present))
			continue;
		if (*value++)
			mask |= UINT32_C(1) << i;
	}

	*nconditions = n;
	return mask;
}
