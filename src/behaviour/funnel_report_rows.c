/*-------------------------------------------------------------------------
 *
 * funnel_report_rows.c
 *	  The rows of funnel_report(), from what was counted.
 *
 * Times are integers of microseconds, so averages and percentiles are exact,
 * rounded at the end.
 *
 * IDENTIFICATION
 *	  src/behaviour/funnel_report_rows.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "behaviour/funnel_report.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"

enum
{
	OUT_VALUE,
	OUT_STEP,
	OUT_NAME,
	OUT_USERS,
	OUT_DROPPED,
	OUT_PENDING,
	OUT_STEP_CONVERSION,
	OUT_OVERALL_CONVERSION,
	OUT_MEDIAN,
	OUT_AVERAGE,
	OUT_P90,
	OUT_COLUMNS
};

#define ST_SORT sort_spans
#define ST_ELEMENT_TYPE int64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* Most users first; of as many by the bytes of the value, NULL last. */
static int
compare_tallies(const void *a, const void *b)
{
	const FunnelTally *left = *(FunnelTally *const *) a;
	const FunnelTally *right = *(FunnelTally *const *) b;

	if (left->steps[0].users != right->steps[0].users)
		return left->steps[0].users > right->steps[0].users ? -1 : 1;
	if (left->text == NULL || right->text == NULL)
		return (left->text == NULL) -(right->text == NULL);

	return strcmp(left->text, right->text);
}

/* Leaves out the values that nobody has. */
static void
order_tallies(FunnelTallies *tallies, const IntakeColumn *breakdown, const Codes *values)
{
	uint32		kept = 0;

	for (uint32 i = 0; i < tallies->count; i++)
	{
		FunnelTally *tally = tallies->tallies[i];

		if (tally == NULL)
			continue;
		if (tally->value > 0)
			tally->text = intake_text(breakdown, codes_value(values, tally->value - 1));
		tallies->tallies[kept++] = tally;
		CHECK_FOR_INTERRUPTS();
	}
	tallies->count = kept;
	qsort(tallies->tallies, kept, sizeof(FunnelTally *), compare_tallies);
}

static Datum
ratio(int64 part, int64 whole, bool *isnull)
{
	*isnull = whole == 0;

	return *isnull ? (Datum) 0 : intake_share(part, whole);
}

/* As timestamptz - timestamptz gives it: whole days apart. */
static Datum
span_interval(int64 usecs)
{
	return DirectFunctionCall2(timestamp_mi, TimestampGetDatum(usecs), TimestampGetDatum(0));
}

/* As percentile_cont() does, between the two nearest; spans are in order. */
static int64
percentile(const int64 *spans, int64 count, int tenths)
{
	int64		pos = (count - 1) / 10 * tenths + (count - 1) % 10 * tenths / 10;
	int64		part = (count - 1) % 10 * tenths % 10;
	int64		gap;

	if (part == 0)
		return spans[pos];
	gap = spans[pos + 1] - spans[pos];

	return spans[pos] + gap / 10 * part + (gap % 10 * part + 5) / 10;
}

/* Without a sum that could overflow. */
static int64
average(const int64 *spans, int64 count)
{
	int64		whole = 0;
	uint64		rest = 0;

	for (int64 i = 0; i < count; i++)
	{
		whole += spans[i] / count;
		rest += spans[i] % count;
	}

	return whole + (int64) ((rest + count / 2) / count);
}

static void
put_times(const FunnelTallyStep *step, Datum *values, bool *nulls)
{
	sort_spans(step->spans, step->users);
	values[OUT_MEDIAN] = span_interval(percentile(step->spans, step->users, 5));
	values[OUT_AVERAGE] = span_interval(average(step->spans, step->users));
	values[OUT_P90] = span_interval(percentile(step->spans, step->users, 9));
	nulls[OUT_MEDIAN] = nulls[OUT_AVERAGE] = nulls[OUT_P90] = false;
}

/* Steps in any order have no names, only a number of them. */
static Datum
step_name(const FunnelQuestion *question, int k)
{
	if (question->rules.order == FUNNEL_ANY)
		return PointerGetDatum(cstring_to_text(psprintf("any %d", k + 1)));

	return PointerGetDatum(cstring_to_text(question->steps[k]));
}

static void
put_step(const FunnelQuestion *question, const FunnelTally *tally, int k, ReturnSetInfo *rsinfo)
{
	const FunnelTallyStep *step = &tally->steps[k];
	const FunnelTallyStep *before = &tally->steps[Max(k - 1, 0)];
	Datum		values[OUT_COLUMNS] = {0};
	bool		nulls[OUT_COLUMNS] = {false};

	nulls[OUT_VALUE] = tally->text == NULL;
	if (tally->text !=NULL)
		values[OUT_VALUE] = PointerGetDatum(cstring_to_text(tally->text));
	values[OUT_STEP] = Int32GetDatum(k + 1);
	values[OUT_NAME] = step_name(question, k);
	values[OUT_USERS] = Int64GetDatum(step->users);
	values[OUT_DROPPED] = Int64GetDatum(before->users - step->users);
	values[OUT_PENDING] = Int64GetDatum(step->pending);
	values[OUT_STEP_CONVERSION] = ratio(step->users, before->users, &nulls[OUT_STEP_CONVERSION]);
	values[OUT_OVERALL_CONVERSION] = ratio(step->users, tally->steps[0].users,
										   &nulls[OUT_OVERALL_CONVERSION]);
	nulls[OUT_MEDIAN] = nulls[OUT_AVERAGE] = nulls[OUT_P90] = true;
	if (k > 0 && step->users > 0)
		put_times(step, values, nulls);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

void
funnel_report_rows(const FunnelQuestion *question, const IntakeColumn *breakdown,
				   const Codes *values, FunnelTallies *tallies, ReturnSetInfo *rsinfo)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "shopanalytics funnel rows",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old;

	order_tallies(tallies, breakdown, values);
	old = MemoryContextSwitchTo(context);
	for (uint32 i = 0; i < tallies->count; i++)
	{
		for (int k = 0; k < question->nsteps; k++)
			put_step(question, tallies->tallies[i], k, rsinfo);
		MemoryContextReset(context);
		CHECK_FOR_INTERRUPTS();
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
