/*-------------------------------------------------------------------------
 *
 * generate_shop_person.c
 *	  Customers of a generated shop: segment, country, name and e-mail.
 *
 * Names come from small lists by language, so that name and country go
 * together.  Letters beyond ASCII stay within Latin-1's and are written in
 * UTF-8; a database in another encoding gets the plain letters, since not every
 * encoding has the others.
 *
 * Addresses end in the customer's number, which makes them differ, at domains
 * that are reserved for examples (RFC 2606) and so belong to nobody.
 *
 * IDENTIFICATION
 *	  src/generate/generate_shop_person.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "generate/generate_shop.h"

#define NAMES_PER_LANGUAGE	24

typedef enum Language
{
	ENGLISH, GERMAN, FRENCH, SPANISH, DUTCH, ITALIAN, NORDIC, PORTUGUESE
} Language;

static const char *const first_name[][NAMES_PER_LANGUAGE] = {
	[ENGLISH] = {
		"James", "Mary", "Robert", "Patricia", "John", "Jennifer",
		"Michael", "Linda", "David", "Elizabeth", "William", "Barbara",
		"Richard", "Susan", "Joseph", "Jessica", "Thomas", "Karen",
		"Sean", "Siobhan", "Aisha", "Priya", "Wei", "Mary-Jane"
	},
	[GERMAN] = {
		"Hans", "Anna", "Jürgen", "Ursula", "Thomas", "Sabine",
		"Jörg", "Monika", "Stefan", "Petra", "Björn", "Käthe",
		"Lukas", "Lena", "Felix", "Marie", "Jonas", "Hannah",
		"Günter", "Karin", "Dieter", "Heike", "Karl-Heinz", "Emine"
	},
	[FRENCH] = {
		"Jean", "Marie", "Pierre", "Hélène", "Michel", "Françoise",
		"André", "Monique", "Philippe", "Zoé", "Louis", "Chloé",
		"Jean-Luc", "Anne-Marie", "Noël", "Inès", "Rémi", "Camille",
		"Jérôme", "Élodie", "Hugo", "Léa", "Karim", "Amélie"
	},
	[SPANISH] = {
		"José", "María", "Antonio", "Carmen", "Manuel", "Ana",
		"Francisco", "Lucía", "David", "Isabel", "Juan", "Pilar",
		"Javier", "Teresa", "Jesús", "Sofía", "Andrés", "Elena",
		"Ángel", "Paula", "Íñigo", "Marta", "Raúl", "Begoña"
	},
	[DUTCH] = {
		"Jan", "Anna", "Pieter", "Johanna", "Daan", "Emma",
		"Willem", "Sophie", "Bram", "Julia", "Sven", "Lotte",
		"Joost", "Femke", "Thijs", "Anouk", "Ruben", "Sanne",
		"Koen", "Fleur", "Maarten", "Noor", "Zoë", "Michiel"
	},
	[ITALIAN] = {
		"Marco", "Giulia", "Luca", "Francesca", "Andrea", "Chiara",
		"Matteo", "Sara", "Alessandro", "Martina", "Davide", "Elisa",
		"Paolo", "Paola", "Niccolò", "Valentina", "Giuseppe", "Silvia",
		"Antonio", "Laura", "Simone", "Federica", "Stefano", "Ilaria"
	},
	[NORDIC] = {
		"Lars", "Anna", "Søren", "Ingrid", "Åke", "Astrid",
		"Bjørn", "Sigrid", "Erik", "Freja", "Nils", "Karin",
		"Mikkel", "Maja", "Jørgen", "Linnéa", "Olav", "Signe",
		"Henrik", "Elsa", "Magnus", "Ida", "Håkon", "Märta"
	},
	[PORTUGUESE] = {
		"João", "Maria", "Pedro", "Ana", "Tiago", "Inês",
		"Miguel", "Beatriz", "Luís", "Mariana", "Rui", "Catarina",
		"Gonçalo", "Sofia", "André", "Leonor", "Paulo", "Joana",
		"Sérgio", "Helena", "Vítor", "Marta", "Simão", "Conceição"
	}
};

static const char *const last_name[][NAMES_PER_LANGUAGE] = {
	[ENGLISH] = {
		"Smith", "Johnson", "Williams", "Brown", "Jones", "Miller",
		"Davis", "Wilson", "Anderson", "Taylor", "Moore", "Walker",
		"O'Neil", "O'Brien", "McDonald", "McCarthy", "Murphy", "Kelly",
		"Clark", "Wright", "Smith-Jones", "Patel", "Khan", "Campbell"
	},
	[GERMAN] = {
		"Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Meyer",
		"Wagner", "Becker", "Schulz", "Hoffmann", "Schäfer", "Koch",
		"Bauer", "Richter", "Klein", "Wolf", "Schröder", "Neumann",
		"Schwarz", "Krüger", "Braun", "Vogel", "Öztürk", "Meyer-Lang"
	},
	[FRENCH] = {
		"Martin", "Bernard", "Dubois", "Thomas", "Robert", "Richard",
		"Petit", "Durand", "Leroy", "Moreau", "Simon", "Laurent",
		"Lefèvre", "Michel", "Garnier", "Bertrand", "Roux", "Vincent",
		"Fournier", "Morel", "Benoît", "Traoré", "Benali", "Petit-Jean"
	},
	[SPANISH] = {
		"García", "Rodríguez", "González", "Fernández", "López", "Martínez",
		"Sánchez", "Pérez", "Gómez", "Martín", "Jiménez", "Ruiz",
		"Hernández", "Díaz", "Moreno", "Muñoz", "Álvarez", "Romero",
		"Alonso", "Gutiérrez", "Navarro", "Torres", "Núñez", "de la Cruz"
	},
	[DUTCH] = {
		"de Jong", "Jansen", "de Vries", "van den Berg", "van Dijk", "Bakker",
		"Janssen", "Visser", "Smit", "Meijer", "de Boer", "Mulder",
		"de Groot", "Bos", "Vos", "Peters", "Hendriks", "van Leeuwen",
		"Dekker", "Brouwer", "van der Berg", "Dijkstra", "Smits", "van der Meer"
	},
	[ITALIAN] = {
		"Rossi", "Russo", "Ferrari", "Esposito", "Bianchi", "Romano",
		"Colombo", "Ricci", "Marino", "Greco", "Bruno", "Gallo",
		"Conti", "Costa", "Giordano", "Mancini", "Rizzo", "Lombardi",
		"Moretti", "Barbieri", "Fontana", "Santoro", "D'Angelo", "Caruso"
	},
	[NORDIC] = {
		"Andersson", "Johansson", "Karlsson", "Nilsson", "Eriksson", "Larsson",
		"Hansen", "Jensen", "Nielsen", "Pedersen", "Sørensen", "Rasmussen",
		"Olsen", "Berg", "Haugen", "Lindström", "Bergström", "Åberg",
		"Møller", "Dahl", "Lund", "Holm", "Sjöberg", "Östlund"
	},
	[PORTUGUESE] = {
		"Silva", "Santos", "Ferreira", "Pereira", "Oliveira", "Costa",
		"Rodrigues", "Martins", "Sousa", "Fernandes", "Gonçalves", "Gomes",
		"Lopes", "Marques", "Alves", "Almeida", "Ribeiro", "Pinto",
		"Carvalho", "Teixeira", "Moreira", "Correia", "Simões", "Araújo"
	}
};

static const struct
{
	const char *name;
	Language	language;
}			country[] = {
	{"United States", ENGLISH}, {"United Kingdom", ENGLISH}, {"Germany", GERMAN},
	{"France", FRENCH}, {"Netherlands", DUTCH}, {"Spain", SPANISH},
	{"Italy", ITALIAN}, {"Sweden", NORDIC}, {"Canada", ENGLISH},
	{"Brazil", PORTUGUESE}, {"Mexico", SPANISH}, {"Austria", GERMAN},
	{"Ireland", ENGLISH}, {"Denmark", NORDIC}, {"Belgium", FRENCH},
	{"Portugal", PORTUGUESE}
};

static const uint8 country_percent[] = {24, 13, 14, 9, 6, 6, 5, 4, 4, 3, 3, 2, 2, 2, 2, 1};

typedef enum Segment
{
	CONSUMER, CORPORATE, HOME_OFFICE, SMALL_BUSINESS, VIP
} Segment;

static const char *const segment_name[] = {
	[CONSUMER] = "Consumer",
	[CORPORATE] = "Corporate",
	[HOME_OFFICE] = "Home Office",
	[SMALL_BUSINESS] = "Small Business",
	[VIP] = "VIP"
};

static const uint8 segment_percent[] = {54, 22, 14, 10};

/* Customers who buy this many times what the least active one buys */
#define VIP_FROM			33000

static const char *const mail_domain[] = {
	"example.com", "example.org", "example.net", "mail.example", "inbox.example", "post.example"
};

static const uint8 mail_domain_percent[] = {42, 14, 20, 12, 8, 4};

const char *
generate_segment_name(const Customer *customer)
{
	return segment_name[customer->segment];
}

const char *
generate_country_name(const Customer *customer)
{
	return country[customer->country].name;
}

bool
generate_buys_in_bulk(const Customer *customer)
{
	return customer->segment == CORPORATE || customer->segment == SMALL_BUSINESS;
}

/* Lifetimes are between 15 days and four years, half of them under 160 days. */
void
generate_customer(const Shop *shop, int32 number, Customer *customer)
{
	Random		random = generate_random(shop, STREAM_CUSTOMER, number);
	uint32		weight = shop->customer_weight[number + 1] - shop->customer_weight[number];

	/* the draw that made the weight */
	random_next(&random);

	customer->segment = weight >= VIP_FROM ? VIP : random_choice(&random, segment_percent, lengthof(segment_percent));
	customer->country = random_choice(&random, country_percent, lengthof(country_percent));
	customer->payment = generate_usual_payment(&random);
	customer->lifetime = 15 + random_lognormal(&random, 145, FIXED_ONE * 3 / 2, 4 * 365);
}

uint32
generate_customer_anomalies(const Shop *shop, int32 number)
{
	Random		random = generate_random(shop, STREAM_CUSTOMER_ANOMALY, number);
	uint32		anomalies = generate_anomaly(shop, &random, ANOMALY_DUPLICATE_CUSTOMER);

	anomalies |= generate_either_anomaly(shop, &random, ANOMALY_MISSING_EMAIL, ANOMALY_UNTIDY_EMAIL);
	anomalies |= generate_anomaly(shop, &random, ANOMALY_UNTIDY_NAME);
	anomalies |= generate_anomaly(shop, &random, ANOMALY_MISSING_SEGMENT);
	return anomalies;
}

/* Latin-1's letters in UTF-8 are two bytes, the first of them 0xC3. */
#define IS_LETTER_LEAD(c)	((unsigned char) (c) == 0xC3)

/* Copies with the letters beyond ASCII made plain. */
static void
copy_plain(char *to, const char *from)
{
	static const char plain[] =
	"AAAAAAACEEEEIIIIDNOOOOO*OUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty";

	for (; *from; from++)
	{
		if (IS_LETTER_LEAD(*from))
			*to++ = plain[(unsigned char) *++from - 0x80];
		else
			*to++ = *from;
	}
	*to = '\0';
}

/* In place; both cases of a letter have the same length. */
static void
change_case(char *name, bool upper)
{
	for (char *at = name; *at; at++)
	{
		unsigned char c = (unsigned char) *at;

		if (IS_LETTER_LEAD(c))
		{
			at++;
			*at = (char) (upper ? *at & ~0x20 : *at | 0x20);
		}
		else if (upper ? (c >= 'a' && c <= 'z') : (c >= 'A' && c <= 'Z'))
			*at = (char) (c ^ 0x20);
	}
}

/* Every way must be one that clean_name() undoes. */
static void
make_name_untidy(Random *random, char *name, bool accents)
{
	char		clean[GENERATE_MAX_NAME];
	char	   *blank;
	int32		way = random_below(random, 7);

	strlcpy(clean, name, sizeof(clean));
	blank = strchr(clean, ' ');
	switch (way)
	{
		case 0:
			change_case(name, true);
			break;
		case 1:
			change_case(name, false);
			break;
		case 2:
			snprintf(name, GENERATE_MAX_NAME, " %s", clean);
			break;
		case 3:
			snprintf(name, GENERATE_MAX_NAME, "%s  ", clean);
			break;
		case 4:
			snprintf(name, GENERATE_MAX_NAME, "%.*s  %s", (int) (blank - clean), clean, blank);
			break;
		case 5:
			snprintf(name, GENERATE_MAX_NAME, "%.*s\t%s", (int) (blank - clean), clean, blank + 1);
			break;
		default:
			/* a no-break space, as copied from a web page */
			snprintf(name, GENERATE_MAX_NAME, accents ? "%s\xC2\xA0" : "\t%s", clean);
			break;
	}
}

/* Letters only, in lower case: what people put before the @. */
static void
copy_letters(char *to, const char *plain)
{
	for (; *plain; plain++)
	{
		if ((*plain >= 'a' && *plain <= 'z') || (*plain >= 'A' && *plain <= 'Z'))
			*to++ = *plain | 0x20;
	}
	*to = '\0';
}

/* Every way must be one that email_status() finds invalid. */
static void
make_email_bad(Random *random, const char *first, const char *last, const char *local,
			   const char *domain, char *email)
{
	switch (random_below(random, 12))
	{
		case 0:
			snprintf(email, GENERATE_MAX_EMAIL, "%s%s", local, domain);
			break;
		case 1:
			snprintf(email, GENERATE_MAX_EMAIL, "%s@@%s", local, domain);
			break;
		case 2:
			snprintf(email, GENERATE_MAX_EMAIL, "%s@", local);
			break;
		case 3:
			snprintf(email, GENERATE_MAX_EMAIL, "@%s", domain);
			break;
		case 4:
			snprintf(email, GENERATE_MAX_EMAIL, "%s@example", local);
			break;
		case 5:
			snprintf(email, GENERATE_MAX_EMAIL, "%s@example,com", local);
			break;
		case 6:
			snprintf(email, GENERATE_MAX_EMAIL, "%s@example..com", local);
			break;
		case 7:
			snprintf(email, GENERATE_MAX_EMAIL, "%s %s@%s", first, last, domain);
			break;
		case 8:
			snprintf(email, GENERATE_MAX_EMAIL, "%s..%s@%s", first, last, domain);
			break;
		case 9:
			snprintf(email, GENERATE_MAX_EMAIL, "%s@-%s", local, domain);
			break;
		case 10:
			snprintf(email, GENERATE_MAX_EMAIL, "%s@%s@%s", first, last, domain);
			break;
		default:
			strlcpy(email, "none", GENERATE_MAX_EMAIL);
			break;
	}
}

/* Every way must leave a valid address that email_normalize() changes. */
static void
make_email_untidy(Random *random, char *email)
{
	char		clean[GENERATE_MAX_EMAIL];
	int32		way = random_below(random, 4);

	strlcpy(clean, email, sizeof(clean));
	switch (way)
	{
		case 0:
			change_case(email, true);
			break;
		case 1:
			change_case(strchr(email, '@'), true);
			break;
		case 2:
			snprintf(email, GENERATE_MAX_EMAIL, " %s", clean);
			break;
		default:
			snprintf(email, GENERATE_MAX_EMAIL, "%s ", clean);
			break;
	}
}

/* The same person every time; the anomalies decide what is written down. */
void
generate_person(const Shop *shop, int32 number, const Customer *customer, uint32 anomalies, Person *person)
{
	Random		random = generate_random(shop, STREAM_PERSON, number);
	Language	language = country[customer->country].language;
	const char *first = first_name[language][random_below(&random, NAMES_PER_LANGUAGE)];
	const char *last = last_name[language][random_below(&random, NAMES_PER_LANGUAGE)];
	const char *domain = mail_domain[random_choice(&random, mail_domain_percent, lengthof(mail_domain))];
	char		plain[GENERATE_MAX_NAME];
	char		first_letters[GENERATE_MAX_NAME];
	char		last_letters[GENERATE_MAX_NAME];
	char		local[GENERATE_MAX_EMAIL];

	copy_plain(plain, first);
	copy_letters(first_letters, plain);
	copy_plain(plain, last);
	copy_letters(last_letters, plain);
	switch (random_below(&random, 8))
	{
		case 0:
			snprintf(local, sizeof(local), "%.1s.%s%d", first_letters, last_letters, number + 1);
			break;
		case 1:
			snprintf(local, sizeof(local), "%s_%s%d", first_letters, last_letters, number + 1);
			break;
		case 2:
			snprintf(local, sizeof(local), "%s%d", first_letters, number + 1);
			break;
		case 3:
			snprintf(local, sizeof(local), "%.1s%s%d", first_letters, last_letters, number + 1);
			break;
		case 4:
			snprintf(local, sizeof(local), "%s.%s+shop%d", first_letters, last_letters, number + 1);
			break;
		default:
			snprintf(local, sizeof(local), "%s.%s%d", first_letters, last_letters, number + 1);
			break;
	}

	if (anomalies & ANOMALY_BIT(ANOMALY_BAD_EMAIL))
		make_email_bad(&random, first_letters, last_letters, local, domain, person->email);
	else
		snprintf(person->email, sizeof(person->email), "%s@%s", local, domain);
	if (anomalies & ANOMALY_BIT(ANOMALY_UNTIDY_EMAIL))
		make_email_untidy(&random, person->email);

	snprintf(plain, sizeof(plain), "%s %s", first, last);
	if (shop->accents)
		strlcpy(person->name, plain, sizeof(person->name));
	else
		copy_plain(person->name, plain);
	if (anomalies & ANOMALY_BIT(ANOMALY_UNTIDY_NAME))
		make_name_untidy(&random, person->name, shop->accents);
}

/*
 * The earlier row of a customer that has two: how many days before the true
 * row's signup it was made, by which address, and whether it comes before that
 * row in the table.  It has no other anomaly.
 */
int32
generate_older_signup(const Shop *shop, int32 number, const Customer *customer, Person *person, bool *comes_first)
{
	Random		random = generate_random(shop, STREAM_DUPLICATE, number);
	char	   *domain;

	generate_person(shop, number, customer, 0, person);
	domain = strchr(person->email, '@') + 1;
	if (random_percent(&random, 50))
		strlcpy(domain, "old.example", sizeof(person->email) - (domain - person->email));
	*comes_first = random_percent(&random, 50);
	return random_between(&random, 1, 200);
}
