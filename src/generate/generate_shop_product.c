/*-------------------------------------------------------------------------
 *
 * generate_shop_product.c
 *	  The catalogue of a generated shop.
 *
 * IDENTIFICATION
 *	  src/generate/generate_shop_product.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "generate/generate_shop.h"

#define THINGS_PER_CATEGORY 8

/* Prices, in cents */
#define CHEAPEST			200
#define MOST_EXPENSIVE		500000

static const struct
{
	const char *name;
	int32		median_price;	/* in cents */
	const char *thing[THINGS_PER_CATEGORY];
}			category[] = {
	{"Electronics", 8900, {"Headphones", "Bluetooth Speaker", "Webcam", "Power Bank", "Tablet", "Monitor", "Keyboard", "Smart Watch"}},
	{"Home & Kitchen", 3400, {"Coffee Grinder", "Frying Pan", "Desk Lamp", "Kettle", "Toaster", "Knife Set", "Storage Box", "Wall Clock"}},
	{"Clothing", 2900, {"T-Shirt", "Hoodie", "Rain Jacket", "Jeans", "Wool Scarf", "Running Socks", "Sun Hat", "Leather Belt"}},
	{"Books", 1500, {"Cookbook", "Travel Guide", "Crime Novel", "Picture Book", "Atlas", "Biography", "Language Course", "Garden Calendar"}},
	{"Toys & Games", 2200, {"Board Game", "Building Blocks", "Puzzle", "Plush Bear", "Train Set", "Card Game", "Kite", "Toy Kitchen"}},
	{"Sports", 4500, {"Yoga Mat", "Dumbbell Set", "Bicycle Helmet", "Football", "Tent", "Sleeping Bag", "Water Bottle", "Skipping Rope"}},
	{"Beauty", 1900, {"Face Cream", "Shampoo", "Hair Dryer", "Perfume", "Hand Soap", "Lip Balm", "Nail Polish", "Bath Oil"}},
	{"Garden", 3800, {"Garden Hose", "Plant Pot", "Hedge Shears", "Bird Feeder", "Lantern", "Watering Can", "Deck Chair", "Seed Box"}},
	{"Office", 1300, {"Notebook", "Fountain Pen", "Desk Organiser", "Paper Shredder", "Stapler", "Whiteboard", "Office Chair", "Label Printer"}},
	{"Grocery", 900, {"Olive Oil", "Dark Chocolate", "Green Tea", "Espresso Beans", "Honey", "Pasta Box", "Sea Salt", "Almond Butter"}}
};

static const char *const manner[] = {
	"Classic", "Compact", "Premium", "Eco", "Travel", "Family", "Modern", "Vintage",
	"Basic", "Deluxe", "Nordic", "Urban", "Mini", "Pro", "Everyday", "Signature"
};

#define CATEGORIES	lengthof(category)
#define MANNERS		lengthof(manner)

/*
 * A price near the usual one of the category and just below a round sum.  The
 * first draw of the row is the product's weight.
 */
int32
generate_price(const Shop *shop, int32 number)
{
	Random		random = generate_random(shop, STREAM_PRODUCT, number);
	int32		price;

	random_next(&random);
	price = random_lognormal(&random, category[number % CATEGORIES].median_price, FIXED_ONE, MOST_EXPENSIVE);
	price = Max(price, CHEAPEST) / 100 * 100;
	switch (random_below(&random, 10))
	{
		case 0:
			return price - 5;
		case 1:
			return price - 51;
		case 2:
			return price;
		default:
			return price - 1;
	}
}

/*
 * Neighbours in number differ in category, then in thing, then in manner; a
 * catalogue that has used up every pair begins a second series.
 */
void
generate_product_name(int32 number, const char **category_name, char *name, size_t size)
{
	int32		thing = number / CATEGORIES % THINGS_PER_CATEGORY;
	int32		round = number / (CATEGORIES * THINGS_PER_CATEGORY);
	int32		series = round / MANNERS + 1;
	const char *how = manner[(round + number % (CATEGORIES * THINGS_PER_CATEGORY) * 5) % MANNERS];

	*category_name = category[number % CATEGORIES].name;
	if (series == 1)
		snprintf(name, size, "%s %s", how, category[number % CATEGORIES].thing[thing]);
	else
		snprintf(name, size, "%s %s %d", how, category[number % CATEGORIES].thing[thing], series);
}
