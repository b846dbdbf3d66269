/*-------------------------------------------------------------------------
 *
 * generate_shop.c
 *	  The rows of a generated shop, for generate_shop() to insert.
 *
 * Each function makes rows first to last of one table, so that the procedure
 * can work in parts, show progress and be cancelled, and no part is larger than
 * it likes.  The rest of the arguments describe the shop and must be the same
 * for every part and every table.
 *
 * Results are records, described by the caller: the types of the key columns
 * follow the store's.
 *
 * IDENTIFICATION
 *	  src/generate/generate_shop.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "generate/generate_shop.h"

#define MAX_COLUMNS		9

/* In a list of column types: a key, of whatever type the store has */
#define KEY_TYPE		InvalidOid

typedef struct KeyKind
{
	char		letter;			/* before a text key */
	int			digits;			/* at least so many after it */
} KeyKind;

static const KeyKind customer_key = {'C', 7};
static const KeyKind product_key = {'P', 5};
static const KeyKind order_key = {'O', 10};
static const KeyKind session_key = {'S', 10};

/* Where the rows of one call go. */
typedef struct Output
{
	ReturnSetInfo *rsinfo;
	MemoryContext row_context;	/* emptied after each row */
	MemoryContext call_context;
	Datum		values[MAX_COLUMNS];
	bool		nulls[MAX_COLUMNS];
	int			columns;		/* set so far in this row */
} Output;

PG_FUNCTION_INFO_V1(_splitmix64);
PG_FUNCTION_INFO_V1(_generate_customers);
PG_FUNCTION_INFO_V1(_generate_products);
PG_FUNCTION_INFO_V1(_generate_orders);
PG_FUNCTION_INFO_V1(_generate_order_items);
PG_FUNCTION_INFO_V1(_generate_sessions);

static void
check_count(const char *name, int64 count, int64 least, int64 most)
{
	if (count < least || count > most)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be between %lld and %lld, not %lld", name,
					   (long long) least, (long long) most, (long long) count));
}

/* Years whose dates, shifted or not, every part of the server can show. */
static void
check_end_date(DateADT date)
{
	if (DATE_NOT_FINITE(date) ||
		date < date2j(1900, 1, 1) - POSTGRES_EPOCH_JDATE ||
		date > date2j(2999, 12, 31) - POSTGRES_EPOCH_JDATE)
		ereport(ERROR,
				errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				errmsg("end date must be between 1900-01-01 and 2999-12-31"));
}

static pg_tz *
checked_timezone(const text *name)
{
	char	   *zone = text_to_cstring(name);
	pg_tz	   *result = strlen(zone) <= TZ_STRLEN_MAX ? pg_tzset(zone) : NULL;

	if (result == NULL || !pg_tz_acceptable(result))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("time zone \"%.*s\" is not known", pg_mbcliplen(zone, strlen(zone), TZ_STRLEN_MAX), zone),
				errhint("SELECT name FROM pg_timezone_names lists the time zones, such as Europe/Berlin."));
	return result;
}

/*
 * (seed bigint, customers integer, products integer, orders bigint,
 *  sessions bigint, days integer, end_date date, timezone text,
 *  anomalies jsonb, first bigint, last bigint)
 */
static Shop *
shop_of_arguments(FunctionCallInfo fcinfo)
{
	Shop	   *shop = palloc0(sizeof(Shop));
	DateADT		end_date = PG_GETARG_DATEADT(6);

	check_count("customers", PG_GETARG_INT32(1), 1, GENERATE_MAX_CUSTOMERS);
	check_count("products", PG_GETARG_INT32(2), 1, GENERATE_MAX_PRODUCTS);
	check_count("orders", PG_GETARG_INT64(3), 0, GENERATE_MAX_ORDERS);
	check_count("sessions", PG_GETARG_INT64(4), 0, GENERATE_MAX_SESSIONS);
	check_count("days", PG_GETARG_INT32(5), 1, GENERATE_MAX_DAYS);
	check_end_date(end_date);

	shop->customers = PG_GETARG_INT32(1);
	shop->products = PG_GETARG_INT32(2);
	shop->orders = PG_GETARG_INT64(3);
	shop->sessions = PG_GETARG_INT64(4);
	shop->days = PG_GETARG_INT32(5);
	shop->first_day = end_date - shop->days + 1;
	shop->timezone = checked_timezone(PG_GETARG_TEXT_PP(7));
	shop->accents = GetDatabaseEncoding() == PG_UTF8;
	generate_anomaly_thresholds(PG_GETARG_JSONB_P(8), shop->threshold);
	generate_shop_fill(shop, (uint64) PG_GETARG_INT64(0));
	return shop;
}

static bool
is_key_type(Oid type)
{
	return type == TEXTOID || type == INT4OID || type == INT8OID || type == UUIDOID;
}

/* The types given are what the function fills in, a key column apart. */
static void
output_begin(Output *output, FunctionCallInfo fcinfo, const Oid *types, int columns)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	TupleDesc	desc = rsinfo && IsA(rsinfo, ReturnSetInfo) ? rsinfo->expectedDesc : NULL;

	if (desc == NULL || desc->natts != columns)
		ereport(ERROR,
				errcode(ERRCODE_DATATYPE_MISMATCH),
				errmsg("a column definition list with %d columns is required", columns));
	for (int i = 0; i < columns; i++)
	{
		Oid			type = TupleDescAttr(desc, i)->atttypid;

		if (types[i] == KEY_TYPE ? !is_key_type(type) : type != types[i])
			ereport(ERROR,
					errcode(ERRCODE_DATATYPE_MISMATCH),
					errmsg("column \"%s\" cannot be generated as type %s",
						   NameStr(TupleDescAttr(desc, i)->attname), format_type_be(type)),
					types[i] == KEY_TYPE ?
					errhint("A key is text, bigint, integer or uuid.") :
					errhint("The column is of type %s.", format_type_be(types[i])));
	}

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	output->rsinfo = rsinfo;
	output->row_context = AllocSetContextCreate(CurrentMemoryContext, "generated row", ALLOCSET_SMALL_SIZES);
	output->call_context = MemoryContextSwitchTo(output->row_context);
	output->columns = 0;
}

static void
output_row(Output *output)
{
	Assert(output->columns == output->rsinfo->setDesc->natts);
	tuplestore_putvalues(output->rsinfo->setResult, output->rsinfo->setDesc, output->values, output->nulls);
	output->columns = 0;
	MemoryContextReset(output->row_context);
	CHECK_FOR_INTERRUPTS();
}

static void
output_end(Output *output)
{
	MemoryContextSwitchTo(output->call_context);
	MemoryContextDelete(output->row_context);
}

static void
add_value(Output *output, Datum value)
{
	output->nulls[output->columns] = false;
	output->values[output->columns++] = value;
}

static void
add_null(Output *output)
{
	output->nulls[output->columns] = true;
	output->values[output->columns++] = (Datum) 0;
}

static void
add_text(Output *output, const char *value)
{
	add_value(output, CStringGetTextDatum(value));
}

static void
add_cents(Output *output, int64 cents)
{
	add_value(output, NumericGetDatum(int64_div_fast_to_numeric(cents, 2)));
}

static Datum
text_key(const KeyKind *kind, int64 number)
{
	char		key[24];

	key[0] = kind->letter;
	return PointerGetDatum(cstring_to_text_with_len(key, pg_ultostr_zeropad(key + 1, (uint32) number, kind->digits) - key));
}

/* Version 8 of RFC 9562, whose bits are ours: some that vary, then the number. */
static Datum
uuid_key(const KeyKind *kind, int64 number)
{
	pg_uuid_t  *uuid = palloc(sizeof(pg_uuid_t));
	uint64		varying = random_at(kind->letter, number);

	for (int i = 0; i < 8; i++)
		uuid->data[i] = (unsigned char) (varying >> (56 - 8 * i));
	uuid->data[6] = (uuid->data[6] & 0x0F) | 0x80;
	uuid->data[8] = 0x80;
	uuid->data[9] = (unsigned char) kind->letter;
	for (int i = 0; i < 6; i++)
		uuid->data[10 + i] = (unsigned char) (number >> (40 - 8 * i));
	return UUIDPGetDatum(uuid);
}

/* Keys count from 1, rows from 0. */
static void
add_key(Output *output, const KeyKind *kind, int64 row)
{
	int64		number = row + 1;

	switch (TupleDescAttr(output->rsinfo->setDesc, output->columns)->atttypid)
	{
		case INT4OID:
			add_value(output, Int32GetDatum((int32) number));
			break;
		case INT8OID:
			add_value(output, Int64GetDatum(number));
			break;
		case UUIDOID:
			add_value(output, uuid_key(kind, number));
			break;
		default:
			add_value(output, text_key(kind, number));
			break;
	}
}

static void
add_anomalies(Output *output, uint32 anomalies)
{
	Datum		names[ANOMALY_COUNT];
	int			count = 0;

	if (anomalies == 0)
	{
		add_null(output);
		return;
	}
	for (int kind = 0; kind < ANOMALY_COUNT; kind++)
	{
		if (anomalies & ANOMALY_BIT(kind))
			names[count++] = CStringGetTextDatum(generate_anomaly_name(kind));
	}
	add_value(output, PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT)));
}

static int64
first_row(FunctionCallInfo fcinfo)
{
	return Max(PG_GETARG_INT64(9), 1) - 1;
}

/* One past the last row wanted. */
static int64
end_row(FunctionCallInfo fcinfo, int64 rows)
{
	return Min(PG_GETARG_INT64(10), rows);
}

/*
 * (seed bigint, n bigint) => bigint: the n-th number, from 1, of SplitMix64 as a
 * signed number, so that it can be compared with published ones.
 */
Datum
_splitmix64(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((int64) random_at((uint64) PG_GETARG_INT64(0), (uint64) PG_GETARG_INT64(1)));
}

static void
output_customer(Output *output, const Shop *shop, int32 number, const Customer *customer,
				const Person *person, int32 days_before, uint32 anomalies)
{
	add_key(output, &customer_key, number);
	add_text(output, person->name);
	if (anomalies & ANOMALY_BIT(ANOMALY_MISSING_EMAIL))
		add_null(output);
	else
		add_text(output, person->email);
	if (anomalies & ANOMALY_BIT(ANOMALY_MISSING_SEGMENT))
		add_null(output);
	else
		add_text(output, generate_segment_name(customer));
	add_text(output, generate_country_name(customer));
	add_value(output, DateADTGetDatum(shop->first_day + generate_signup_day(shop, number) - days_before));
	add_anomalies(output, anomalies);
	output_row(output);
}

/* customer_id, name, email, segment, country, signup_date, anomalies */
Datum
_generate_customers(PG_FUNCTION_ARGS)
{
	static const Oid types[] = {KEY_TYPE, TEXTOID, TEXTOID, TEXTOID, TEXTOID, DATEOID, TEXTARRAYOID};
	Shop	   *shop = shop_of_arguments(fcinfo);
	int64		end = end_row(fcinfo, shop->customers);
	Output		output;

	output_begin(&output, fcinfo, types, lengthof(types));
	for (int64 number = first_row(fcinfo); number < end; number++)
	{
		uint32		anomalies = generate_customer_anomalies(shop, number);
		bool		is_double = anomalies & ANOMALY_BIT(ANOMALY_DUPLICATE_CUSTOMER);
		bool		older_first = false;
		int32		days_before = 0;
		Customer	customer;
		Person		person;
		Person		older;

		generate_customer(shop, number, &customer);
		generate_person(shop, number, &customer, anomalies, &person);
		if (is_double)
			days_before = generate_older_signup(shop, number, &customer, &older, &older_first);
		if (is_double && older_first)
			output_customer(&output, shop, number, &customer, &older, days_before, 0);
		output_customer(&output, shop, number, &customer, &person, 0, anomalies);
		if (is_double && !older_first)
			output_customer(&output, shop, number, &customer, &older, days_before, 0);
	}
	output_end(&output);
	return (Datum) 0;
}

/* product_id, name, category, price */
Datum
_generate_products(PG_FUNCTION_ARGS)
{
	static const Oid types[] = {KEY_TYPE, TEXTOID, TEXTOID, NUMERICOID};
	Shop	   *shop = shop_of_arguments(fcinfo);
	int64		end = end_row(fcinfo, shop->products);
	Output		output;

	output_begin(&output, fcinfo, types, lengthof(types));
	for (int64 number = first_row(fcinfo); number < end; number++)
	{
		const char *category;
		char		name[GENERATE_MAX_NAME];

		generate_product_name(number, &category, name, sizeof(name));
		add_key(&output, &product_key, number);
		add_text(&output, name);
		add_text(&output, category);
		add_cents(&output, shop->product_price[number]);
		output_row(&output);
	}
	output_end(&output);
	return (Datum) 0;
}

/*
 * order_id, customer_id, order_date, order_total, channel, payment_method,
 * status, shipment_date, anomalies
 */
Datum
_generate_orders(PG_FUNCTION_ARGS)
{
	static const Oid types[] = {
		KEY_TYPE, KEY_TYPE, TIMESTAMPTZOID, NUMERICOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TEXTARRAYOID
	};
	Shop	   *shop = shop_of_arguments(fcinfo);
	int64		end = end_row(fcinfo, shop->orders);
	Output		output;

	output_begin(&output, fcinfo, types, lengthof(types));
	for (int64 number = first_row(fcinfo); number < end; number++)
	{
		Order		order;

		generate_order(shop, number, &order);
		add_key(&output, &order_key, number);
		add_key(&output, &customer_key, order.visit.customer);
		add_value(&output, TimestampTzGetDatum(order.placed));
		add_cents(&output, order.total);
		add_text(&output, order.channel);
		add_text(&output, order.payment_method);
		add_text(&output, order.status);
		if (order.has_shipped)
			add_value(&output, TimestampTzGetDatum(order.shipped));
		else
			add_null(&output);
		add_anomalies(&output, order.anomalies);
		output_row(&output);
	}
	output_end(&output);
	return (Datum) 0;
}

/* order_id, line_number, product_id, quantity, unit_price; first and last are orders */
Datum
_generate_order_items(PG_FUNCTION_ARGS)
{
	static const Oid types[] = {KEY_TYPE, INT4OID, KEY_TYPE, NUMERICOID, NUMERICOID};
	Shop	   *shop = shop_of_arguments(fcinfo);
	int64		end = end_row(fcinfo, shop->orders);
	Output		output;

	output_begin(&output, fcinfo, types, lengthof(types));
	for (int64 number = first_row(fcinfo); number < end; number++)
	{
		Visit		visit;
		Customer	customer;
		OrderItem	items[GENERATE_MAX_ITEMS];
		int32		lines;

		generate_visit(shop, number, &visit);
		generate_customer(shop, visit.customer, &customer);
		lines = generate_items(shop, number, &customer, visit.is_suspicious, items);
		for (int32 line = 0; line < lines; line++)
		{
			add_key(&output, &order_key, number);
			add_value(&output, Int32GetDatum(line + 1));
			add_key(&output, &product_key, items[line].product);
			add_value(&output, NumericGetDatum(int64_to_numeric(items[line].quantity)));
			add_cents(&output, items[line].unit_price);
			output_row(&output);
		}
	}
	output_end(&output);
	return (Datum) 0;
}

/* session_id, customer_id, session_start, session_end, device, channel, anomalies */
Datum
_generate_sessions(PG_FUNCTION_ARGS)
{
	static const Oid types[] = {
		KEY_TYPE, KEY_TYPE, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTARRAYOID
	};
	Shop	   *shop = shop_of_arguments(fcinfo);
	int64		end = end_row(fcinfo, shop->sessions);
	Output		output;

	output_begin(&output, fcinfo, types, lengthof(types));
	for (int64 number = first_row(fcinfo); number < end; number++)
	{
		Session		session;

		generate_session(shop, number, &session);
		add_key(&output, &session_key, number);
		add_key(&output, &customer_key, session.customer);
		add_value(&output, TimestampTzGetDatum(session.start));
		add_value(&output, TimestampTzGetDatum(session.end));
		add_text(&output, session.device);
		add_text(&output, session.channel);
		add_anomalies(&output, session.anomalies);
		output_row(&output);
	}
	output_end(&output);
	return (Datum) 0;
}
