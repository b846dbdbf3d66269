/*-------------------------------------------------------------------------
 *
 * generate_shop_session.c
 *	  Visits to a generated shop.
 *
 * The sessions of a day are spread over its orders.  The last one of an online
 * order is the visit that led to it and ends just after; the others are visits
 * that led to nothing yet, many by customers who are about to buy.
 *
 * IDENTIFICATION
 *	  src/generate/generate_shop_session.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "generate/generate_shop.h"

#define DEVICES 4

static const char *const device_name[DEVICES] = {"desktop", "mobile", "tablet", "smart tv"};

static const uint8 buying_percent[DEVICES] = {69, 22, 8, 1};
static const uint8 app_percent[DEVICES] = {0, 88, 12, 0};
static const uint8 browsing_percent[DEVICES] = {30, 59, 8, 3};

static const char *const unknown_device[] = {"unknown", "smart fridge", "game console", "bot", "(not set)", "watch"};

#define SOURCES 6

static const char *const source_name[SOURCES] = {
	"organic search", "direct", "paid search", "social", "email", "referral"
};

static const uint8 buying_source_percent[SOURCES] = {27, 33, 16, 4, 15, 5};
static const uint8 browsing_source_percent[SOURCES] = {33, 19, 17, 16, 8, 7};

/* From midnight: people look around in the evening, and buy during the day. */
static const uint8 browsing_hour[HOURS_PER_DAY] = {
	20, 10, 5, 3, 3, 5, 14, 30, 42, 50, 54, 58, 64, 60, 54, 54, 58, 64, 74, 92, 104, 98, 72, 40
};

#define LONGEST_SECONDS		(4 * SECS_PER_HOUR)

/*
 * Durations are log-normal: half of the visits that look around are under three
 * minutes, besides a quarter that leave at once.
 */
static int32
browsing_seconds(Random *random)
{
	if (random_percent(random, 25))
		return random_between(random, 1, 15);
	return 5 + random_lognormal(random, 180, FIXED_ONE * 8 / 5, LONGEST_SECONDS);
}

/* The visit that ends with an order; it starts on the same day, so not before the signup. */
static void
buying_session(const Shop *shop, Random *random, const Visit *visit, Session *session)
{
	TimestampTz placed = generate_local_time(shop, visit->day, visit->second);
	int32		before = 30 + random_lognormal(random, 420, FIXED_ONE, LONGEST_SECONDS);

	session->customer = visit->customer;
	session->start = Max(placed - before * USECS_PER_SEC, generate_local_time(shop, visit->day, 0));
	session->end = placed + random_between(random, 5, 120) * USECS_PER_SEC;
	session->device = device_name[random_choice(random, generate_is_app(visit) ? app_percent : buying_percent, DEVICES)];
	session->channel = source_name[random_choice(random, buying_source_percent, SOURCES)];
}

/*
 * A visit without an order.  If the customer of one of the next orders is known
 * by then, it is often the one who looks around.
 */
static void
browsing_session(const Shop *shop, Random *random, int32 day, int64 rank, int64 next_order, Session *session)
{
	int64		of = shop->sessions_before[day + 1] - shop->sessions_before[day];
	int64		ahead = Min(shop->orders - next_order, 2 * (shop->orders_before[day + 1] - shop->orders_before[day]));
	int32		second = generate_second_of_day(random, browsing_hour, rank, of);

	session->customer = -1;
	if (random_percent(random, 45) && ahead > 0)
	{
		Visit		visit;

		generate_visit(shop, next_order + (int64) random_below(random, ahead), &visit);
		if (generate_signup_day(shop, visit.customer) <= day)
			session->customer = visit.customer;
	}
	if (session->customer < 0)
		session->customer = generate_active_customer(shop, random, day);
	session->start = generate_local_time(shop, day, second);
	session->end = session->start + browsing_seconds(random) * USECS_PER_SEC;
	session->device = device_name[random_choice(random, browsing_percent, DEVICES)];
	session->channel = source_name[random_choice(random, browsing_source_percent, SOURCES)];
}

void
generate_session(const Shop *shop, int64 number, Session *session)
{
	Random		random = generate_random(shop, STREAM_SESSION, number);
	Random		anomaly = generate_random(shop, STREAM_SESSION_ANOMALY, number);
	int32		day = generate_find(shop->sessions_before, shop->days, number);
	int64		rank = number - shop->sessions_before[day];
	int64		sessions = shop->sessions_before[day + 1] - shop->sessions_before[day];
	int64		orders = shop->orders_before[day + 1] - shop->orders_before[day];
	int64		order = rank * orders / sessions;
	bool		is_last = (rank + 1) * orders / sessions > order;
	Visit		visit;

	order += shop->orders_before[day];
	if (is_last)
		generate_visit(shop, order, &visit);
	if (is_last && generate_is_online(&visit))
		buying_session(shop, &random, &visit, session);
	else
		browsing_session(shop, &random, day, rank, order, session);

	session->anomalies = generate_either_anomaly(shop, &anomaly, ANOMALY_NEGATIVE_DURATION, ANOMALY_ZERO_DURATION);
	session->anomalies |= generate_anomaly(shop, &anomaly, ANOMALY_UNKNOWN_DEVICE);
	if (session->anomalies & ANOMALY_BIT(ANOMALY_NEGATIVE_DURATION))
		session->end = session->start - random_between(&anomaly, 1, SECS_PER_HOUR) * USECS_PER_SEC;
	if (session->anomalies & ANOMALY_BIT(ANOMALY_ZERO_DURATION))
		session->end = session->start;
	if (session->anomalies & ANOMALY_BIT(ANOMALY_UNKNOWN_DEVICE))
		session->device = unknown_device[random_below(&anomaly, lengthof(unknown_device))];
}
