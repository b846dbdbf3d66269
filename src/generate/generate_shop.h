/*-------------------------------------------------------------------------
 *
 * generate_shop.h
 *	  What the parts of the generator share.
 *
 * A shop is described by a few numbers; Shop adds the tables that follow from
 * them: how many orders each day has, who has signed up by then, who buys how
 * much.  With them every row of every table is a function of its number, so the
 * tables need no look at each other: sessions know their orders, orders their
 * customers, items their prices.
 *
 * IDENTIFICATION
 *	  src/generate/generate_shop.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_GENERATE_SHOP_H
#define SHOPANALYTICS_GENERATE_SHOP_H

#include "datatype/timestamp.h"
#include "pgtime.h"
#include "utils/date.h"
#include "utils/jsonb.h"

#include "generate/random.h"

#define GENERATE_MAX_CUSTOMERS	100000000
#define GENERATE_MAX_PRODUCTS	10000000
#define GENERATE_MAX_ORDERS		INT64CONST(2000000000)
#define GENERATE_MAX_SESSIONS	INT64CONST(2000000000)
#define GENERATE_MAX_DAYS		36525

#define GENERATE_MAX_ITEMS		6	/* lines of an order */
#define GENERATE_MAX_NAME		64	/* bytes, with the end */
#define GENERATE_MAX_EMAIL		128

/* In the order of anomaly_kinds(), which is the order of the rates. */
typedef enum AnomalyKind
{
	ANOMALY_DUPLICATE_CUSTOMER,
	ANOMALY_MISSING_EMAIL,
	ANOMALY_BAD_EMAIL,
	ANOMALY_UNTIDY_EMAIL,
	ANOMALY_UNTIDY_NAME,
	ANOMALY_MISSING_SEGMENT,
	ANOMALY_NEGATIVE_TOTAL,
	ANOMALY_FUTURE_DATE,
	ANOMALY_MISSING_SHIPMENT_DATE,
	ANOMALY_SUSPICIOUS_ORDER,
	ANOMALY_NEGATIVE_DURATION,
	ANOMALY_ZERO_DURATION,
	ANOMALY_UNKNOWN_DEVICE,
	ANOMALY_COUNT
} AnomalyKind;

#define ANOMALY_BIT(kind)	(1U << (kind))

/* One for each purpose, so that a change to one leaves the others as they are. */
typedef enum RandomStream
{
	STREAM_DAY = 1,
	STREAM_CUSTOMER,
	STREAM_PERSON,
	STREAM_DUPLICATE,
	STREAM_CUSTOMER_ANOMALY,
	STREAM_PRODUCT,
	STREAM_ORDER,
	STREAM_ITEM,
	STREAM_FULFILMENT,
	STREAM_ORDER_ANOMALY,
	STREAM_SESSION,
	STREAM_SESSION_ANOMALY,
	STREAM_SUSPICION,
	STREAM_COUNT
} RandomStream;

typedef struct Shop
{
	int32		customers;
	int32		products;
	int64		orders;
	int64		sessions;
	int32		days;			/* length of the window */
	DateADT		first_day;		/* of the window */
	int32		past_days;		/* before the window, with signups only */
	pg_tz	   *timezone;
	bool		accents;		/* names may carry letters beyond ASCII */
	uint64		key[STREAM_COUNT];	/* seeds of the streams */
	uint64		threshold[ANOMALY_COUNT];	/* rates, in terms of 2^-53 */
	TimestampTz *midnight;		/* [days + 1] when each day begins */
	int64	   *orders_before;	/* [days + 1] orders on earlier days */
	int64	   *sessions_before;	/* [days + 1] likewise */
	int64	   *signups_before; /* [past_days + days + 1] from the first past
								 * day */
	int64	   *customer_weight;	/* [customers + 1] sum of those before */
	int64	   *product_weight; /* [products + 1] likewise */
	int32	   *product_price;	/* [products] in cents */
} Shop;

typedef struct Customer
{
	int32		segment;
	int32		country;
	int32		payment;		/* the method the customer is used to */
	int32		lifetime;		/* days from signup after which orders get
								 * rare */
} Customer;

typedef struct Person
{
	char		name[GENERATE_MAX_NAME];	/* in the server's encoding */
	char		email[GENERATE_MAX_EMAIL];	/* ASCII */
} Person;

typedef struct OrderItem
{
	int32		product;
	int32		quantity;
	int32		unit_price;		/* in cents */
} OrderItem;

/* What an order is before its items: enough for the sessions around it. */
typedef struct Visit
{
	int32		day;			/* of the window */
	int32		second;			/* of the local day */
	int32		customer;
	int32		channel;
	bool		is_suspicious;
} Visit;

typedef struct Order
{
	Visit		visit;
	TimestampTz placed;
	int64		total;			/* in cents */
	const char *channel;
	const char *payment_method;
	const char *status;
	bool		has_shipped;
	TimestampTz shipped;
	uint32		anomalies;		/* ANOMALY_BIT of each */
} Order;

typedef struct Session
{
	int32		customer;
	TimestampTz start;
	TimestampTz end;
	const char *device;
	const char *channel;
	uint32		anomalies;
} Session;

/* The generator of one row of a stream; rows count from 0. */
static inline Random
generate_random(const Shop *shop, RandomStream stream, uint64 row)
{
	Random		random = {random_at(shop->key[stream], row + 1)};

	return random;
}

/* Draws whether the rate is zero or not, so that it does not move other kinds. */
static inline uint32
generate_anomaly(const Shop *shop, Random *random, AnomalyKind kind)
{
	return (random_next(random) >> 11) < shop->threshold[kind] ? ANOMALY_BIT(kind) : 0;
}

/* At most one of neighbouring kinds, which exclude each other. */
static inline uint32
generate_either_anomaly(const Shop *shop, Random *random, AnomalyKind from, AnomalyKind to)
{
	uint64		draw = random_next(random) >> 11;

	for (int kind = from; kind <= to; kind++)
	{
		if (draw < shop->threshold[kind])
			return ANOMALY_BIT(kind);
		draw -= shop->threshold[kind];
	}
	return 0;
}

/*
 * The last i below n with before[i] <= value, where before[0] is: which day or
 * which customer a running number falls on.  Written so that it compiles to
 * conditional moves, since which way it goes cannot be predicted.
 */
static inline int32
generate_find(const int64 *before, int32 n, int64 value)
{
	const int64 *at = before;

	while (n > 1)
	{
		int32		half = n / 2;

		at = at[half] <= value ? at + half : at;
		n -= half;
	}
	return (int32) (at - before);
}

/* generate_shop_plan.c */
extern void generate_shop_fill(Shop *shop, uint64 seed);
extern TimestampTz generate_local_time(const Shop *shop, int32 day, int32 second);
extern TimestampTz generate_shifted_time(const Shop *shop, int32 day, int32 second, int32 shift);
extern int32 generate_signup_day(const Shop *shop, int32 customer);
extern int32 generate_active_customer(const Shop *shop, Random *random, int32 day);
extern int32 generate_new_customer(const Shop *shop, Random *random, int32 day);
extern int32 generate_second_of_day(Random *random, const uint8 *hour_weight, uint64 rank, uint64 of);

/* generate_shop_person.c */
extern const char *generate_segment_name(const Customer *customer);
extern const char *generate_country_name(const Customer *customer);
extern bool generate_buys_in_bulk(const Customer *customer);
extern void generate_customer(const Shop *shop, int32 number, Customer *customer);
extern uint32 generate_customer_anomalies(const Shop *shop, int32 number);
extern void generate_person(const Shop *shop, int32 number, const Customer *customer, uint32 anomalies, Person *person);
extern int32 generate_older_signup(const Shop *shop, int32 number, const Customer *customer, Person *person, bool *comes_first);

/* generate_shop_product.c */
extern int32 generate_price(const Shop *shop, int32 number);
extern void generate_product_name(int32 number, const char **category, char *name, size_t size);

/* generate_shop_order.c */
extern void generate_visit(const Shop *shop, int64 number, Visit *visit);
extern int32 generate_usual_payment(Random *random);
extern bool generate_is_online(const Visit *visit);
extern bool generate_is_app(const Visit *visit);
extern int32 generate_items(const Shop *shop, int64 number, const Customer *customer, bool is_suspicious, OrderItem *items);
extern void generate_order(const Shop *shop, int64 number, Order *order);

/* generate_shop_session.c */
extern void generate_session(const Shop *shop, int64 number, Session *session);

/* anomaly_kinds.c */
extern const char *generate_anomaly_name(AnomalyKind kind);
extern void generate_anomaly_thresholds(Jsonb *anomalies, uint64 *threshold);

#endif							/* SHOPANALYTICS_GENERATE_SHOP_H */
