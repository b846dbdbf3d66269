/*-------------------------------------------------------------------------
 *
 * curves.c
 *	  Aggregates roc_curve() and pr_curve().
 *
 * A point is what comes out when all rows from a score on count as positive.
 * Points that the curve does not need are left out: of the ROC curve those on a
 * straight line between others, of the other one those that only lose precision
 * on a stretch of constant recall.  If there are still more than max_points,
 * those are kept that come next after equal steps of (true positive rate + false
 * positive rate), which grows from 0 to 2 along either curve.
 *
 * IDENTIFICATION
 *	  src/model/curves.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "compat.h"
#include "model/binary_scores.h"
#include "model/evaluation.h"
#include "model/point_array.h"

#define DEFAULT_POINTS	200
#define MAX_POINTS		1000000
#define GROUPS_AT_ONCE	65536	/* between looks for interrupts */

typedef enum CurveKind
{
	CURVE_ROC,
	CURVE_PR
} CurveKind;

typedef struct CurvePoint
{
	double		threshold;
	int64		tp;
	int64		fp;
} CurvePoint;

/* The corners of a curve, one after the other. */
typedef struct CornerScan
{
	CurveKind	kind;
	int64		npositive;
	int64		nnegative;
	TieScan		ties;
	int64		ngroups;
	bool		ended;
	CurvePoint	before;			/* the corner before */
	CurvePoint	last;			/* the point that may be one */
} CornerScan;

PG_FUNCTION_INFO_V1(roc_curve_transfn);
PG_FUNCTION_INFO_V1(roc_curve_finalfn);
PG_FUNCTION_INFO_V1(pr_curve_finalfn);

/* (internal, label boolean, score float8 [, max_points int4]) => internal */
Datum
roc_curve_transfn(PG_FUNCTION_ARGS)
{
	BinaryScoresOptions options = {.count = DEFAULT_POINTS};
	BinaryScores *state;

	if (PG_NARGS() > 3)
	{
		options.count = PG_ARGISNULL(3) ? MAX_POINTS : PG_GETARG_INT32(3);
		if (options.count < 2 || options.count > MAX_POINTS)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("max_points must be between 2 and %d, got %d", MAX_POINTS, options.count));
	}
	state = binary_scores_state(fcinfo, &options);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		score_check_number(PG_GETARG_FLOAT8(2), "score");
		binary_scores_add(state, PG_GETARG_BOOL(1), PG_GETARG_FLOAT8(2));
	}

	PG_RETURN_POINTER(state);
}

static void
corners_begin(CornerScan *scan, CurveKind kind, const BinaryScores *state)
{
	memset(scan, 0, sizeof(CornerScan));
	scan->kind = kind;
	scan->nnegative = state->n[0];
	scan->npositive = state->n[1];
	ties_begin(&scan->ties, binary_scores_class(state, false), binary_scores_class(state, true));
	scan->last.threshold = INFINITY;
	scan->before.tp = -1;
}

/* Does the curve need point b between a and c? */
static bool
is_corner(CurveKind kind, const CurvePoint *a, const CurvePoint *b, const CurvePoint *c)
{
	if (kind == CURVE_PR)
		return a->tp != b->tp || b->tp != c->tp;

	return (WideCount) (b->tp - a->tp) * (c->fp - b->fp) !=
		(WideCount) (c->tp - b->tp) * (b->fp - a->fp);
}

static bool
corners_next(CornerScan *scan, CurvePoint *corner)
{
	while (!scan->ended)
	{
		bool		first = scan->before.tp < 0;
		CurvePoint	next;

		if (scan->ngroups++ % GROUPS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		*corner = scan->last;
		if (!ties_next(&scan->ties))
		{
			scan->ended = true;
			return true;
		}
		next.threshold = rank_score(scan->ties.key);
		next.tp = scan->npositive - scan->ties.positive.n;
		next.fp = scan->nnegative - scan->ties.negative.n;
		scan->last = next;
		if (first || is_corner(scan->kind, &scan->before, corner, &next))
		{
			scan->before = *corner;
			return true;
		}
	}

	return false;
}

static void
point_add(PointArray *points, const CornerScan *scan, const CurvePoint *corner)
{
	point_add_number(points, corner->threshold);
	point_add_count(points, corner->tp);
	point_add_count(points, corner->fp);
	if (scan->kind == CURVE_ROC)
		point_add_number(points, (double) corner->fp / scan->nnegative);
	else
		point_add_number(points, corner->tp + corner->fp == 0 ? 1.0 :
						 share_of(corner->tp, corner->tp + corner->fp));
	point_add_number(points, (double) corner->tp / scan->npositive);
	point_array_add(points);
}

static Datum
curve_datum(FunctionCallInfo fcinfo, CurveKind kind)
{
	BinaryScores *state = binary_scores_sorted(fcinfo);
	CornerScan	scan;
	CurvePoint	corner;
	PointArray	points;
	int64		ncorners = 0;
	int64		step = 0;
	double		steps;

	if (state == NULL || state->n[1] == 0 || (kind == CURVE_ROC && state->n[0] == 0))
		PG_RETURN_NULL();

	corners_begin(&scan, kind, state);
	while (corners_next(&scan, &corner))
		ncorners++;

	point_array_begin(&points, fcinfo);
	steps = state->options.count - 1;
	corners_begin(&scan, kind, state);
	while (corners_next(&scan, &corner))
	{
		double		progress = (double) corner.tp / scan.npositive +
		(scan.nnegative == 0 ? 0.0 : (double) corner.fp / scan.nnegative);

		if (ncorners > state->options.count)
		{
			if (!scan.ended && (progress < step * 2 / steps || step >= steps))
				continue;
			step = Max(step, (int64) floor(progress * steps / 2)) + 1;
		}
		point_add(&points, &scan, &corner);
	}

	PG_RETURN_DATUM(point_array_datum(&points));
}

/* (internal) => roc_point[] */
Datum
roc_curve_finalfn(PG_FUNCTION_ARGS)
{
	return curve_datum(fcinfo, CURVE_ROC);
}

/* (internal) => pr_point[] */
Datum
pr_curve_finalfn(PG_FUNCTION_ARGS)
{
	return curve_datum(fcinfo, CURVE_PR);
}
