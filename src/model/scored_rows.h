/*-------------------------------------------------------------------------
 *
 * scored_rows.h
 *	  Rows with the score that a model gives them; see scored_rows.c.
 *
 * IDENTIFICATION
 *	  src/model/scored_rows.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_SCORED_ROWS_H
#define SHOPANALYTICS_SCORED_ROWS_H

/* Rows and what a model says of them. */
typedef struct ScoredRows
{
	int64		n;
	int64		max;
	uint64	   *id;
	double	   *score;
	bool	   *label;
} ScoredRows;

#define SCORED_ROW_SIZE	(sizeof(uint64) + sizeof(double) + sizeof(bool))

extern int64 scored_rows_most(int64 n);
extern void scored_rows_allocate(ScoredRows *rows, int64 max);
extern void scored_rows_grow(ScoredRows *rows);
extern bytea *scored_rows_write(const ScoredRows *rows);
extern void scored_rows_read(ScoredRows *rows, const bytea *bytes);
extern ScoredRows scored_rows_sorted(const ScoredRows *rows);
extern void scored_rows_in_common(ScoredRows **rows, int nmodels);

static inline void
scored_rows_add(ScoredRows *rows, uint64 id, bool label, double score)
{
	if (unlikely(rows->n == rows->max))
		scored_rows_grow(rows);
	rows->id[rows->n] = id;
	rows->label[rows->n] = label;
	rows->score[rows->n++] = score;
}

#endif							/* SHOPANALYTICS_SCORED_ROWS_H */
