/*-------------------------------------------------------------------------
 *
 * scored_rows.c
 *	  Rows with the score that a model gives them, and those that several
 *	  models have in common.
 *
 * They go from one function to another as bytes: rows by id, and those of one id,
 * of which there are several where the key is none, by label and then as they were
 * read.  So rows of several models are paired in one walk.
 *
 * IDENTIFICATION
 *	  src/model/scored_rows.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "behaviour/group_memory.h"
#include "compat.h"
#include "model/ranks.h"
#include "model/scored_rows.h"

#define ROWS_AT_ONCE	65536	/* between looks for interrupts */
#define MIN_ROWS		1024
#define LABEL_BIT		62		/* of RankedRow.row, above its number */

/* How many rows the setting allows; there must be room for n. */
int64
scored_rows_most(int64 n)
{
	int64		most = group_memory_limit() / SCORED_ROW_SIZE;

	if (n > most)
		group_memory_exceeded();

	return most;
}

void
scored_rows_allocate(ScoredRows *rows, int64 max)
{
	rows->n = 0;
	rows->max = Max(max, MIN_ROWS);
	rows->id = palloc_extended(sizeof(uint64) * rows->max, MCXT_ALLOC_HUGE);
	rows->score = palloc_extended(sizeof(double) * rows->max, MCXT_ALLOC_HUGE);
	rows->label = palloc_extended(sizeof(bool) * rows->max, MCXT_ALLOC_HUGE);
}

/* Makes room for one more. */
void
scored_rows_grow(ScoredRows *rows)
{
	rows->max = Min(2 * rows->max, scored_rows_most(rows->max + 1));
	rows->id = repalloc(rows->id, sizeof(uint64) * rows->max);
	rows->score = repalloc(rows->score, sizeof(double) * rows->max);
	rows->label = repalloc(rows->label, sizeof(bool) * rows->max);
}

bytea *
scored_rows_write(const ScoredRows *rows)
{
	Size		size = VARHDRSZ + SCORED_ROW_SIZE * rows->n;
	bytea	   *bytes = palloc(size);
	char	   *to = VARDATA(bytes);

	SET_VARSIZE(bytes, size);
	memcpy(to, rows->id, sizeof(uint64) * rows->n);
	to += sizeof(uint64) * rows->n;
	memcpy(to, rows->score, sizeof(double) * rows->n);
	to += sizeof(double) * rows->n;
	memcpy(to, rows->label, sizeof(bool) * rows->n);

	return bytes;
}

/* Any bytes can come: the wrong ones give wrong numbers, and no more. */
void
scored_rows_read(ScoredRows *rows, const bytea *bytes)
{
	int64		n = VARSIZE_ANY_EXHDR(bytes) / SCORED_ROW_SIZE;
	const char *from = VARDATA_ANY(bytes);

	if (n * SCORED_ROW_SIZE != VARSIZE_ANY_EXHDR(bytes))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				errmsg("invalid scores of rows"));
	scored_rows_allocate(rows, n);
	rows->n = n;
	memcpy(rows->id, from, sizeof(uint64) * n);
	from += sizeof(uint64) * n;
	memcpy(rows->score, from, sizeof(double) * n);
	from += sizeof(double) * n;
	for (int64 i = 0; i < n; i++)
		rows->label[i] = from[i] != 0;
}

/* The rows in the order in which all are paired. */
ScoredRows
scored_rows_sorted(const ScoredRows *rows)
{
	RankedRow  *order = palloc_extended(sizeof(RankedRow) * Max(1, rows->n), MCXT_ALLOC_HUGE);
	ScoredRows	sorted;
	int64		n = 0;

	for (int label = 0; label < 2; label++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int64 i = 0; i < rows->n; i++)
		{
			if (rows->label[i] != (label == 1))
				continue;
			order[n].key = rows->id[i];
			order[n++].row = (uint64) label << LABEL_BIT | i;
		}
	}
	ranks_sort_rows(order, n);

	scored_rows_allocate(&sorted, n);
	for (int64 i = 0; i < n; i++)
	{
		int64		row = order[i].row & ~(UINT64CONST(1) << LABEL_BIT);

		scored_rows_add(&sorted, rows->id[row], rows->label[row], rows->score[row]);
	}
	pfree(order);

	return sorted;
}

/* Orders rows by id, then label. */
static int
compare_heads(const ScoredRows *a, int64 i, const ScoredRows *b, int64 j)
{
	if (a->id[i] != b->id[j])
		return a->id[i] < b->id[j] ? -1 : 1;

	return (int) a->label[i] - (int) b->label[j];
}

/* Leaves of several models' rows those that all have; in place. */
void
scored_rows_in_common(ScoredRows **rows, int nmodels)
{
	int64	   *at = palloc0(sizeof(int64) * Max(1, nmodels));
	int64		n = 0;
	int64		steps = 0;

	while (nmodels > 0)
	{
		int			last = 0;	/* model whose next row comes last */
		bool		in_common = true;

		if (steps++ % ROWS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		for (int m = 0; m < nmodels; m++)
		{
			if (at[m] == rows[m]->n)
				goto done;
			if (compare_heads(rows[last], at[last], rows[m], at[m]) < 0)
				last = m;
		}
		for (int m = 0; m < nmodels; m++)
		{
			if (m != last && compare_heads(rows[m], at[m], rows[last], at[last]) < 0)
			{
				at[m]++;
				in_common = false;
			}
		}
		if (!in_common)
			continue;
		for (int m = 0; m < nmodels; m++)
		{
			rows[m]->id[n] = rows[m]->id[at[m]];
			rows[m]->label[n] = rows[m]->label[at[m]];
			rows[m]->score[n] = rows[m]->score[at[m]++];
		}
		n++;
	}
done:
	for (int m = 0; m < nmodels; m++)
		rows[m]->n = n;
	pfree(at);
}
