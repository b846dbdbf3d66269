/*-------------------------------------------------------------------------
 *
 * generate_shop_plan.c
 *	  The shape of a generated shop: its calendar, and who and what is busy.
 *
 * Days have weights (weekday, season, growth, chance), and orders, sessions and
 * signups are dealt out to days in proportion.  So numbers rise with time, as
 * those of a real shop do, and a row finds its day by a search in a small table
 * instead of waiting for the rows before it.
 *
 * Customers and products have Pareto weights: a row draws from the running sum
 * of the weights.  The weights of those who have signed up by some day are a
 * front part of that sum, which is how no order comes before its signup.
 *
 * IDENTIFICATION
 *	  src/generate/generate_shop_plan.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/datetime.h"

#include "generate/generate_shop.h"

/* The heaviest customer and product, in terms of the lightest */
#define CUSTOMER_MOST		100
#define PRODUCT_MOST		300

/* Signups begin this long before the first order, or half a window if longer. */
#define PAST_DAYS_AT_LEAST	30

/* Of 100 orders, so many come from customers of the last NEW_DAYS days. */
#define NEW_PERCENT			25
#define NEW_DAYS			14

/* Monday first, in percent */
static const uint8 weekday_weight[] = {112, 108, 104, 102, 106, 88, 80};

/* Every seventh day of the year, in percent; a line between. */
static const uint8 season_weight[] = {
	88, 84, 82, 81, 81, 82, 83, 84, 86, 88, 89, 90, 92, 94, 94, 95, 96, 98,
	99, 99, 98, 97, 96, 95, 94, 92, 90, 88, 87, 86, 86, 87, 88, 90, 92, 94,
	96, 98, 99, 100, 102, 104, 106, 108, 111, 115, 121, 134, 148, 164, 176,
	124, 86, 88
};

/* Thanksgiving is the fourth Thursday of November: the Friday after, to Monday. */
static bool
is_black_friday_weekend(int year, int month, DateADT day)
{
	int			first = date2j(year, 11, 1);
	int			thursday = first + (3 - (first % 7) + 7) % 7 + 21;

	return (month == 11 || month == 12) &&
		day + POSTGRES_EPOCH_JDATE > thursday && day + POSTGRES_EPOCH_JDATE <= thursday + 4;
}

/*
 * How busy a day is, about 10000 on average.  progress is how much of the
 * window has gone, in thousandths.  At most 65535, which with the limits of the
 * shop keeps every product in deal_out() below 2^63.
 */
static int64
day_weight(const Shop *shop, DateADT day, int32 progress)
{
	Random		random = generate_random(shop, STREAM_DAY, (uint64) (int64) day);
	int			year,
				month,
				mday,
				day_of_year;
	int64		weight;

	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
	day_of_year = day + POSTGRES_EPOCH_JDATE - date2j(year, 1, 1);

	/* Julian day 0 is a Monday */
	weight = weekday_weight[(day + POSTGRES_EPOCH_JDATE) % 7];
	weight *= season_weight[day_of_year / 7] * (7 - day_of_year % 7) +
		season_weight[day_of_year / 7 + 1] * (day_of_year % 7);
	weight = weight * (900 + progress / 5) / 7000;
	weight = weight * random_between(&random, 900, 1100) / 1000;
	if (is_black_friday_weekend(year, month, day))
		weight = weight * 16 / 10;
	if (month == 12 && (mday == 25 || mday == 26))
		weight = weight * 4 / 10;
	Assert(weight > 0 && weight <= 65535);
	return weight;
}

/* before[i]: how many of count belong to the days before day i, rounded up. */
static int64 *
deal_out(int64 count, const int64 *weight_before, int32 n)
{
	int64	   *before = palloc(sizeof(int64) * (n + 1));
	int64		total = weight_before[n] - weight_before[0];

	for (int32 i = 0; i <= n; i++)
		before[i] = (count * (weight_before[i] - weight_before[0]) + total - 1) / total;
	return before;
}

/* The running sum of n Pareto weights, each the first draw of its row. */
static int64 *
sum_weights(const Shop *shop, RandomStream stream, int32 n, uint32 most)
{
	int64	   *before = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(int64) * ((Size) n + 1));

	before[0] = 0;
	for (int32 i = 0; i < n; i++)
	{
		Random		random = generate_random(shop, stream, i);

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		before[i + 1] = before[i] + random_pareto(&random, most);
	}
	return before;
}

/* The instant of a local time of any day. */
static TimestampTz
instant(const Shop *shop, DateADT date, int32 second)
{
	struct pg_tm fields;

	memset(&fields, 0, sizeof(fields));
	j2date(date + POSTGRES_EPOCH_JDATE, &fields.tm_year, &fields.tm_mon, &fields.tm_mday);
	fields.tm_hour = second / SECS_PER_HOUR;
	fields.tm_min = second / SECS_PER_MINUTE % MINS_PER_HOUR;
	fields.tm_sec = second % SECS_PER_MINUTE;
	return date * USECS_PER_DAY +
		((int64) second + DetermineTimeZoneOffset(&fields, shop->timezone)) * USECS_PER_SEC;
}

/*
 * An instant from the local time of a day of the window.  Where the clocks
 * change the day is stretched or squeezed instead, so that it keeps to its date
 * and what came first stays first.
 */
TimestampTz
generate_local_time(const Shop *shop, int32 day, int32 second)
{
	int64		length = (shop->midnight[day + 1] - shop->midnight[day]) / USECS_PER_SEC;

	return shop->midnight[day] + second * length / SECS_PER_DAY * USECS_PER_SEC;
}

/* The same, shift days later. */
TimestampTz
generate_shifted_time(const Shop *shop, int32 day, int32 second, int32 shift)
{
	if (shift == 0)
		return generate_local_time(shop, day, second);
	return instant(shop, shop->first_day + day + shift, second);
}

/* Day of the window on which the customer signed up; negative before it. */
int32
generate_signup_day(const Shop *shop, int32 customer)
{
	return generate_find(shop->signups_before, shop->past_days + shop->days, customer) - shop->past_days;
}

/*
 * Somebody who has signed up by that day.  Some draws are for customers of the
 * last days, whose first order is often the day's; a customer past its lifetime
 * is passed over a few times, so that customers come and go.
 */
int32
generate_active_customer(const Shop *shop, Random *random, int32 day)
{
	int32		evening = shop->past_days + day + 1;
	int32		known = (int32) shop->signups_before[evening];
	int32		settled = evening > NEW_DAYS ? (int32) shop->signups_before[evening - NEW_DAYS] : 0;
	int32		customer = 0;

	for (int try = 0; try < 8; try++)
	{
		int32		from = random_percent(random, NEW_PERCENT) && settled < known ? settled : 0;
		int64		base = shop->customer_weight[from];
		Customer	profile;

		customer = generate_find(shop->customer_weight, known,
								 base + (int64) random_below(random, shop->customer_weight[known] - base));
		generate_customer(shop, customer, &profile);
		if (day - generate_signup_day(shop, customer) <= profile.lifetime)
			break;
	}
	return customer;
}

/* One of those who signed up last, where there are any. */
int32
generate_new_customer(const Shop *shop, Random *random, int32 day)
{
	int32		evening = shop->past_days + day + 1;
	int32		known = (int32) shop->signups_before[evening];
	int32		settled = evening > NEW_DAYS ? (int32) shop->signups_before[evening - NEW_DAYS] : 0;

	if (settled == known)
		return known - 1;
	return settled + (int32) random_below(random, known - settled);
}

/*
 * The time of day of the rank-th (from 0) of so many: each has a slice of the
 * day's weights of its own and falls somewhere in it, so times rise with rank.
 * The first two minutes of the day stay free for the sessions before.
 */
int32
generate_second_of_day(Random *random, const uint8 *hour_weight, uint64 rank, uint64 of)
{
	uint64		share = ((rank << 32) + (random_next(random) >> 32)) / of;
	uint64		total = 0;
	uint64		at;
	int32		hour = 0;

	for (int32 i = 0; i < HOURS_PER_DAY; i++)
		total += hour_weight[i];
	at = (share * total * SECS_PER_HOUR) >> 32;
	while (hour < HOURS_PER_DAY - 1 && at >= (uint64) hour_weight[hour] * SECS_PER_HOUR)
		at -= (uint64) hour_weight[hour++] * SECS_PER_HOUR;
	return Max(hour * SECS_PER_HOUR + (int32) (at / hour_weight[hour]), 2 * SECS_PER_MINUTE);
}

/*
 * Computes the tables; the caller has set the numbers they follow from.  About
 * a third of the customers signed up before the window, over half its length,
 * so that its first days have somebody to buy.
 */
void
generate_shop_fill(Shop *shop, uint64 seed)
{
	int32		span;
	int64	   *weight_before;

	shop->past_days = Max(shop->days / 2, PAST_DAYS_AT_LEAST);
	for (int stream = 0; stream < STREAM_COUNT; stream++)
		shop->key[stream] = random_at(seed, stream + 1);

	shop->midnight = palloc(sizeof(TimestampTz) * (shop->days + 1));
	for (int32 day = 0; day <= shop->days; day++)
		shop->midnight[day] = instant(shop, shop->first_day + day, 0);

	span = shop->past_days + shop->days;
	weight_before = palloc(sizeof(int64) * (span + 1));
	weight_before[0] = 0;
	for (int32 i = 0; i < span; i++)
		weight_before[i + 1] = weight_before[i] +
			day_weight(shop, shop->first_day - shop->past_days + i,
					   Max(i - shop->past_days, 0) * 1000 / shop->days);
	shop->signups_before = deal_out(shop->customers, weight_before, span);
	shop->orders_before = deal_out(shop->orders, weight_before + shop->past_days, shop->days);
	shop->sessions_before = deal_out(shop->sessions, weight_before + shop->past_days, shop->days);
	pfree(weight_before);

	shop->customer_weight = sum_weights(shop, STREAM_CUSTOMER, shop->customers, CUSTOMER_MOST);
	shop->product_weight = sum_weights(shop, STREAM_PRODUCT, shop->products, PRODUCT_MOST);
	shop->product_price = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(int32) * (Size) shop->products);
	for (int32 i = 0; i < shop->products; i++)
	{
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		shop->product_price[i] = generate_price(shop, i);
	}
}
