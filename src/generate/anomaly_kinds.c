/*-------------------------------------------------------------------------
 *
 * anomaly_kinds.c
 *	  The kinds of anomalies the generator can put into a shop, and their rates.
 *
 * A kind has the name of the clean rule that finds it; a suspicious order is
 * found by no rule, but by a model.
 *
 * IDENTIFICATION
 *	  src/generate/anomaly_kinds.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "generate/generate_shop.h"

/* A rate of 1, as a threshold: draws have 53 bits, as a double has. */
#define CERTAIN		(UINT64CONST(1) << 53)

/* The key that sets every kind not named itself */
#define EVERY_KIND	"all"

typedef struct KindInfo
{
	const char *name;
	const char *table_name;
	double		default_rate;
	const char *description;
} KindInfo;

static const KindInfo kind_info[ANOMALY_COUNT] = {
	[ANOMALY_DUPLICATE_CUSTOMER] = {"duplicate_customer", "customers", 0.02,
	"a second row with the same customer_id and an earlier signup_date"},
	[ANOMALY_MISSING_EMAIL] = {"missing_email", "customers", 0.02,
	"email is null"},
	[ANOMALY_BAD_EMAIL] = {"bad_email", "customers", 0.03,
	"email is not an address"},
	[ANOMALY_UNTIDY_EMAIL] = {"untidy_email", "customers", 0.03,
	"email is an address with blanks around it or capitals in its domain"},
	[ANOMALY_UNTIDY_NAME] = {"untidy_name", "customers", 0.03,
	"name has blanks to remove, or is all in capitals or in small letters"},
	[ANOMALY_MISSING_SEGMENT] = {"missing_segment", "customers", 0.02,
	"segment is null"},
	[ANOMALY_NEGATIVE_TOTAL] = {"negative_total", "orders", 0.01,
	"order_total has the wrong sign"},
	[ANOMALY_FUTURE_DATE] = {"future_date", "orders", 0.01,
	"the year of order_date is 50 to 70 too high"},
	[ANOMALY_MISSING_SHIPMENT_DATE] = {"missing_shipment_date", "orders", 0.02,
	"shipment_date is null although the order is shipped or delivered"},
	[ANOMALY_SUSPICIOUS_ORDER] = {"suspicious_order", "orders", 0,
	"many pieces, a new customer, a gift card: what is seen in fraud, but no rule forbids"},
	[ANOMALY_NEGATIVE_DURATION] = {"negative_duration", "sessions", 0.01,
	"session_end is before session_start"},
	[ANOMALY_ZERO_DURATION] = {"zero_duration", "sessions", 0.02,
	"session_end is session_start"},
	[ANOMALY_UNKNOWN_DEVICE] = {"unknown_device", "sessions", 0.01,
	"device is none that the shop knows"}
};

PG_FUNCTION_INFO_V1(anomaly_kinds);

const char *
generate_anomaly_name(AnomalyKind kind)
{
	return kind_info[kind].name;
}

static int
find_kind(const char *name, int length)
{
	int			kind;

	for (kind = 0; kind < ANOMALY_COUNT; kind++)
	{
		if (strlen(kind_info[kind].name) == length && memcmp(kind_info[kind].name, name, length) == 0)
			break;
	}
	return kind;
}

static void
report_unknown_kind(const char *name, int length)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int kind = 0; kind < ANOMALY_COUNT; kind++)
		appendStringInfo(&names, "%s, ", kind_info[kind].name);
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("anomaly kind \"%.*s\" does not exist", pg_mbcliplen(name, length, NAMEDATALEN), name),
			errhint("The kinds are %sand %s for every other kind.", names.data, EVERY_KIND));
}

static double
rate_of(const char *name, int length, JsonbValue *value)
{
	double		rate = -1;

	if (value->type == jbvNumeric)
		rate = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
	if (!(rate >= 0 && rate <= 1))
	{
		Jsonb	   *json = JsonbValueToJsonb(value);
		char	   *shown = JsonbToCString(NULL, &json->root, VARSIZE(json));

		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("rate of anomaly \"%.*s\" must be a number from 0 to 1, not %.*s", length, name,
					   pg_mbcliplen(shown, strlen(shown), NAMEDATALEN), shown),
				errhint("A rate of 0.02 puts the anomaly into two rows of a hundred."));
	}
	return rate;
}

/* Rows have at most one of these neighbouring kinds. */
static void
check_exclusive_kinds(const uint64 *threshold, AnomalyKind from, AnomalyKind to)
{
	StringInfoData names;
	uint64		sum = 0;

	for (int kind = from; kind <= to; kind++)
		sum += threshold[kind];
	if (sum <= CERTAIN)
		return;

	initStringInfo(&names);
	for (int kind = from; kind <= to; kind++)
		appendStringInfo(&names, "%s%s", kind == from ? "" : kind == to ? " and " : ", ", kind_info[kind].name);
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("rates of %s add up to more than 1", names.data),
			errhint("A row can have only one of these anomalies."));
}

/* The rate of each kind; a double has 53 bits, so the product is exact. */
void
generate_anomaly_thresholds(Jsonb *anomalies, uint64 *threshold)
{
	JsonbValue	every;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;
	bool		has_every;

	if (!JB_ROOT_IS_OBJECT(anomalies))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("anomalies must be a JSON object"),
				errhint("Write a rate for each kind to change, such as {\"bad_email\": 0.05}."));

	has_every = getKeyJsonValueFromContainer(&anomalies->root, EVERY_KIND, strlen(EVERY_KIND), &every) != NULL;
	for (int kind = 0; kind < ANOMALY_COUNT; kind++)
		threshold[kind] = CERTAIN * (has_every ? rate_of(EVERY_KIND, strlen(EVERY_KIND), &every) :
									 kind_info[kind].default_rate);

	iterator = JsonbIteratorInit(&anomalies->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		char	   *name;
		int			length;
		int			kind;

		if (token != WJB_KEY)
			continue;
		name = value.val.string.val;
		length = value.val.string.len;
		(void) JsonbIteratorNext(&iterator, &value, true);
		if (length == strlen(EVERY_KIND) && memcmp(name, EVERY_KIND, length) == 0)
			continue;
		kind = find_kind(name, length);
		if (kind == ANOMALY_COUNT)
			report_unknown_kind(name, length);
		threshold[kind] = CERTAIN * rate_of(name, length, &value);
	}

	check_exclusive_kinds(threshold, ANOMALY_MISSING_EMAIL, ANOMALY_UNTIDY_EMAIL);
	check_exclusive_kinds(threshold, ANOMALY_NEGATIVE_DURATION, ANOMALY_ZERO_DURATION);
}

/* () => setof (kind text, table_name text, default_rate float8, description text) */
Datum
anomaly_kinds(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int kind = 0; kind < ANOMALY_COUNT; kind++)
	{
		Datum		values[4];
		bool		nulls[4] = {false};

		values[0] = CStringGetTextDatum(kind_info[kind].name);
		values[1] = CStringGetTextDatum(kind_info[kind].table_name);
		values[2] = Float8GetDatum(kind_info[kind].default_rate);
		values[3] = CStringGetTextDatum(kind_info[kind].description);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
