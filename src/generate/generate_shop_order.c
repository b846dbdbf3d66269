/*-------------------------------------------------------------------------
 *
 * generate_shop_order.c
 *	  Orders of a generated shop and their items.
 *
 * Orders are numbered in time.  The total is the sum of the items in whole
 * cents, so it is exact.
 *
 * IDENTIFICATION
 *	  src/generate/generate_shop_order.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/datetime.h"

#include "generate/generate_shop.h"

#define OPENING_HOUR		9
#define CLOSING_HOUR		18

/* A future date is a mistyped year, of at least this year and the span. */
#define FUTURE_YEAR			2020
#define FUTURE_SPAN			50

typedef enum Channel
{
	WEB, MOBILE_APP, MARKETPLACE, STORE, PHONE
} Channel;

static const char *const channel_name[] = {
	[WEB] = "web",
	[MOBILE_APP] = "mobile app",
	[MARKETPLACE] = "marketplace",
	[STORE] = "store",
	[PHONE] = "phone"
};

static const uint8 open_percent[] = {38, 26, 12, 17, 7};
static const uint8 closed_percent[] = {51, 35, 14};

typedef enum Payment
{
	CREDIT_CARD, PAYPAL, BANK_TRANSFER, INVOICE, GIFT_CARD, CASH
} Payment;

static const char *const payment_name[] = {
	[CREDIT_CARD] = "credit card",
	[PAYPAL] = "paypal",
	[BANK_TRANSFER] = "bank transfer",
	[INVOICE] = "invoice",
	[GIFT_CARD] = "gift card",
	[CASH] = "cash"
};

static const uint8 payment_percent[] = {50, 25, 8, 12, 5};

/* From midnight: a night trough, business hours, a smaller evening peak */
static const uint8 order_hour[HOURS_PER_DAY] = {
	8, 4, 2, 1, 1, 2, 6, 16, 38, 72, 88, 92, 84, 80, 82, 84, 82, 74, 62, 60, 62, 54, 34, 18
};

static const uint8 lines_percent[GENERATE_MAX_ITEMS] = {46, 27, 14, 7, 4, 2};
static const uint8 quantity_percent[] = {76, 15, 5, 4};

static bool
shop_is_open(const Shop *shop, const Visit *visit)
{
	int			weekday = j2day(shop->first_day + visit->day + POSTGRES_EPOCH_JDATE);
	int			hour = visit->second / SECS_PER_HOUR;

	return weekday != 0 && hour >= OPENING_HOUR && hour < CLOSING_HOUR;
}

/*
 * Fraud likes what is quick and hard to take back: orders from a distance, by
 * somebody new.  Not all of it looks so, and some sound orders do.
 */
static void
suspect_visit(const Shop *shop, int64 number, Visit *visit)
{
	Random		random = generate_random(shop, STREAM_SUSPICION, number);

	visit->is_suspicious = generate_anomaly(shop, &random, ANOMALY_SUSPICIOUS_ORDER) != 0;
	if (!visit->is_suspicious)
		return;

	visit->channel = random_percent(&random, 70) ? WEB : MOBILE_APP;
	if (random_percent(&random, 75))
		visit->customer = generate_new_customer(shop, &random, visit->day);
}

void
generate_visit(const Shop *shop, int64 number, Visit *visit)
{
	Random		random = generate_random(shop, STREAM_ORDER, number);
	int64		first;

	visit->day = generate_find(shop->orders_before, shop->days, number);
	first = shop->orders_before[visit->day];
	visit->second = generate_second_of_day(&random, order_hour, number - first,
										   shop->orders_before[visit->day + 1] - first);
	if (shop_is_open(shop, visit))
		visit->channel = random_choice(&random, open_percent, lengthof(open_percent));
	else
		visit->channel = random_choice(&random, closed_percent, lengthof(closed_percent));
	visit->customer = generate_active_customer(shop, &random, visit->day);
	suspect_visit(shop, number, visit);
}

bool
generate_is_online(const Visit *visit)
{
	return visit->channel == WEB || visit->channel == MOBILE_APP;
}

bool
generate_is_app(const Visit *visit)
{
	return visit->channel == MOBILE_APP;
}

/* Products of an order differ while there are enough to choose from. */
static int32
choose_product(const Shop *shop, Random *random, const OrderItem *items, int32 lines)
{
	int32		product = 0;

	for (int try = 0; try < 8; try++)
	{
		bool		is_new = true;

		product = generate_find(shop->product_weight, shop->products,
								(int64) random_below(random, shop->product_weight[shop->products]));
		for (int32 line = 0; line < lines; line++)
			is_new &= items[line].product != product;
		if (is_new)
			break;
	}
	return product;
}

int32
generate_items(const Shop *shop, int64 number, const Customer *customer, bool is_suspicious, OrderItem *items)
{
	Random		random = generate_random(shop, STREAM_ITEM, number);
	int32		lines = 1 + random_choice(&random, lines_percent, lengthof(lines_percent));

	for (int32 line = 0; line < lines; line++)
	{
		OrderItem  *item = &items[line];
		int64		price;

		item->product = choose_product(shop, &random, items, line);
		item->quantity = 1 + random_choice(&random, quantity_percent, lengthof(quantity_percent));
		if (generate_buys_in_bulk(customer) && random_percent(&random, 40))
			item->quantity *= random_between(&random, 2, 6);
		if (is_suspicious && random_percent(&random, 75))
			item->quantity *= random_between(&random, 2, 8);
		price = shop->product_price[item->product];
		if (random_percent(&random, 15))
			price -= (price * 5 * random_between(&random, 1, 6) + 50) / 100;
		item->unit_price = (int32) price;
	}
	return lines;
}

int32
generate_usual_payment(Random *random)
{
	return random_choice(random, payment_percent, lengthof(payment_percent));
}

static void
choose_payment(Random *random, const Customer *customer, Order *order)
{
	int32		payment = customer->payment;

	if (order->visit.is_suspicious && random_percent(random, 60))
		payment = GIFT_CARD;
	else if (order->visit.channel == STORE && random_percent(random, 45))
		payment = CASH;
	else if (generate_buys_in_bulk(customer) && random_percent(random, 45))
		payment = INVOICE;
	else if (random_percent(random, 25))
		payment = generate_usual_payment(random);
	order->payment_method = payment_name[payment];
}

/* Years are added to the date, so that day and month stay as typed. */
static int32
future_shift(const Shop *shop, int32 day, int32 years)
{
	DateADT		date = shop->first_day + day;
	int			year,
				month,
				mday;
	int			later;

	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
	later = Max(year, FUTURE_YEAR) + years;
	if (month == 2 && mday == 29 && !isleap(later))
		mday = 28;
	return date2j(later, month, mday) - POSTGRES_EPOCH_JDATE - date;
}

/*
 * What became of the order by the end of the window: an order too young to have
 * been sent has no shipment date, nor has a cancelled one.  Sold over the
 * counter is delivered at once; the rest leaves on a working day and arrives
 * some days later, apart from what gets stuck on the way.
 */
static void
ship_order(const Shop *shop, Random *random, Order *order, int32 shift)
{
	int32		day = order->visit.day;
	int32		second;
	int32		arrival;

	order->has_shipped = true;
	if (order->visit.channel == STORE)
	{
		second = order->visit.second + random_between(random, 60, 900);
		order->status = random_percent(random, 3) ? "returned" : "delivered";
		order->shipped = generate_shifted_time(shop, day, second, shift);
		return;
	}

	day += random_between(random, 1, 4);
	second = random_between(random, 8 * SECS_PER_HOUR, 18 * SECS_PER_HOUR);
	arrival = random_between(random, 1, 5);
	if (j2day(shop->first_day + day + POSTGRES_EPOCH_JDATE) == 0)
		day++;
	arrival += day;

	if (random_percent(random, 4))
	{
		order->status = "cancelled";
		order->has_shipped = false;
	}
	else if (day >= shop->days)
	{
		order->status = day - shop->days > 1 ? "placed" : "processing";
		order->has_shipped = false;
	}
	else if (arrival >= shop->days || random_percent(random, 2))
		order->status = "shipped";
	else
		order->status = random_percent(random, 6) ? "returned" : "delivered";

	if (order->has_shipped)
		order->shipped = generate_shifted_time(shop, day, second, shift);
}

void
generate_order(const Shop *shop, int64 number, Order *order)
{
	Random		anomaly = generate_random(shop, STREAM_ORDER_ANOMALY, number);
	Random		random = generate_random(shop, STREAM_FULFILMENT, number);
	uint32		missing;
	int32		years;
	int32		shift = 0;
	Customer	customer;
	OrderItem	items[GENERATE_MAX_ITEMS];
	int32		lines;

	generate_visit(shop, number, &order->visit);
	generate_customer(shop, order->visit.customer, &customer);
	lines = generate_items(shop, number, &customer, order->visit.is_suspicious, items);
	order->total = 0;
	for (int32 line = 0; line < lines; line++)
		order->total += (int64) items[line].quantity * items[line].unit_price;
	order->channel = channel_name[order->visit.channel];
	choose_payment(&random, &customer, order);

	order->anomalies = generate_anomaly(shop, &anomaly, ANOMALY_NEGATIVE_TOTAL);
	order->anomalies |= generate_anomaly(shop, &anomaly, ANOMALY_FUTURE_DATE);
	if (order->visit.is_suspicious)
		order->anomalies |= ANOMALY_BIT(ANOMALY_SUSPICIOUS_ORDER);
	missing = generate_anomaly(shop, &anomaly, ANOMALY_MISSING_SHIPMENT_DATE);
	years = random_between(&anomaly, FUTURE_SPAN, FUTURE_SPAN + 20);

	if (order->anomalies & ANOMALY_BIT(ANOMALY_NEGATIVE_TOTAL))
		order->total = -order->total;
	if (order->anomalies & ANOMALY_BIT(ANOMALY_FUTURE_DATE))
		shift = future_shift(shop, order->visit.day, years);
	order->placed = generate_shifted_time(shop, order->visit.day, order->visit.second, shift);

	/* The shipment moves along: it must not come before the order. */
	ship_order(shop, &random, order, shift);
	if (missing && order->has_shipped && strcmp(order->status, "returned") != 0)
	{
		order->anomalies |= ANOMALY_BIT(ANOMALY_MISSING_SHIPMENT_DATE);
		order->has_shipped = false;
	}
}
