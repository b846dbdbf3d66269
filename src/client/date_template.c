/*-------------------------------------------------------------------------
 *
 * date_template.c
 *	  Dates and times written after a template such as DD/MM/YYYY HH24:MI.
 *
 * The elements are those of to_timestamp(), but the value has to follow the
 * template from its first to its last character and to be a day that exists:
 * to_timestamp() passes over what it does not need ('12/05/2024 or later'),
 * which in a load would store a date that nobody wrote.  The result is the
 * ISO form that every DateStyle reads in one way.
 *
 * IDENTIFICATION
 *	  src/client/date_template.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include "date_template.h"

#define MAX_ITEMS	64

typedef enum DateElement
{
	DATE_LITERAL,				/* this very character */
	DATE_BLANKS,				/* one blank or more */
	DATE_YEAR, DATE_YEAR2, DATE_MONTH, DATE_DAY,
	DATE_MONTH_NAME, DATE_MONTH_ABBREVIATION, DATE_WEEKDAY,
	DATE_HOUR24, DATE_HOUR12, DATE_MINUTE, DATE_SECOND,
	DATE_MILLI, DATE_MICRO, DATE_MERIDIEM, DATE_ZONE,
	DATE_NOTHING				/* FM: leading zeros are optional anyhow */
} DateElement;

/* Longer names first where one begins another. */
static const struct
{
	const char *name;
	DateElement element;
	int			digits;			/* most digits of a number, 0: no number */
}			elements[] = {
	{"YYYY", DATE_YEAR, 4},
	{"YY", DATE_YEAR2, 2},
	{"MONTH", DATE_MONTH_NAME, 0},
	{"MON", DATE_MONTH_ABBREVIATION, 0},
	{"MM", DATE_MONTH, 2},
	{"MI", DATE_MINUTE, 2},
	{"MS", DATE_MILLI, 3},
	{"DAY", DATE_WEEKDAY, 0},
	{"DY", DATE_WEEKDAY, 0},
	{"DD", DATE_DAY, 2},
	{"HH24", DATE_HOUR24, 2},
	{"HH12", DATE_HOUR12, 2},
	{"HH", DATE_HOUR12, 2},
	{"SS", DATE_SECOND, 2},
	{"US", DATE_MICRO, 6},
	{"A.M.", DATE_MERIDIEM, 0},
	{"P.M.", DATE_MERIDIEM, 0},
	{"AM", DATE_MERIDIEM, 0},
	{"PM", DATE_MERIDIEM, 0},
	{"TZH:TZM", DATE_ZONE, 0},
	{"TZHTZM", DATE_ZONE, 0},
	{"TZH", DATE_ZONE, 0},
	{"TZ", DATE_ZONE, 0},
	{"FM", DATE_NOTHING, 0},
};

static const char *const month_names[] = {
	"January", "February", "March", "April", "May", "June", "July",
	"August", "September", "October", "November", "December"
};

typedef struct DateItem
{
	DateElement element;
	char		literal;
	int			digits;
	bool		fixed;			/* a digit follows: all digits must be there */
} DateItem;

struct DateTemplate
{
	const char *text;			/* as the user wrote it */
	int			nitems;
	DateItem	items[MAX_ITEMS];
	bool		has_time;
	bool		has_meridiem;
};

/* What the value said so far. */
typedef struct DateValue
{
	int			year,
				month,
				day,
				hour,
				minute,
				second,
				micros;
	bool		pm;
	char		zone[8];
} DateValue;

/* NULL and *error when the template cannot be used. */
DateTemplate *
date_template_parse(const char *template, char **error)
{
	DateTemplate *t = pg_malloc0(sizeof(DateTemplate));
	bool		seen[DATE_NOTHING + 1] = {false};
	bool		quoted = false;

	t->text = template;
	for (const char *p = template; *p != '\0';)
	{
		DateItem   *item = &t->items[t->nitems];
		int			i;

		if (*p == '"')
		{
			quoted = !quoted;
			p++;
			continue;
		}
		if (t->nitems == MAX_ITEMS)
		{
			*error = psprintf("it is longer than %d elements", MAX_ITEMS);
			return NULL;
		}
		for (i = 0; i < lengthof(elements) && !quoted; i++)
			if (pg_strncasecmp(p, elements[i].name, strlen(elements[i].name)) == 0)
				break;
		if (!quoted && i < lengthof(elements))
		{
			item->element = elements[i].element;
			item->digits = elements[i].digits;
			p += strlen(elements[i].name);
			if (item->element == DATE_NOTHING)
				continue;
			if (seen[item->element])
			{
				*error = psprintf("%s is in it twice", elements[i].name);
				return NULL;
			}
			seen[item->element] = true;
		}
		else if (!quoted && isalpha((unsigned char) *p))
		{
			*error = psprintf("\"%s\" is not an element that is known", p);
			return NULL;
		}
		else if (*p == ' ')
		{
			item->element = DATE_BLANKS;
			while (*p == ' ')
				p++;
		}
		else
		{
			item->element = DATE_LITERAL;
			item->literal = *p++;
		}
		t->nitems++;
	}

	for (int i = 0; i + 1 < t->nitems; i++)
		t->items[i].fixed = t->items[i + 1].digits > 0 ||
			(t->items[i + 1].element == DATE_LITERAL && isdigit((unsigned char) t->items[i + 1].literal));

	if ((!seen[DATE_YEAR] && !seen[DATE_YEAR2]) || !seen[DATE_DAY] ||
		(!seen[DATE_MONTH] && !seen[DATE_MONTH_NAME] && !seen[DATE_MONTH_ABBREVIATION]))
	{
		*error = pstrdup("it lacks the year, the month or the day");
		return NULL;
	}
	if (seen[DATE_HOUR12] && !seen[DATE_MERIDIEM])
	{
		*error = pstrdup("HH is an hour up to 12 and needs AM or PM; write HH24 for the hours of a day");
		return NULL;
	}
	t->has_time = seen[DATE_HOUR24] || seen[DATE_HOUR12];
	t->has_meridiem = seen[DATE_HOUR12];
	return t;
}

/* Reads a number of min to max digits; -1 when there is none. */
static int
read_number(const char **p, const char *end, int min, int max)
{
	int			n = 0;
	int			result = 0;

	while (n < max && *p < end && isdigit((unsigned char) **p))
	{
		result = result * 10 + (**p - '0');
		(*p)++;
		n++;
	}
	return n < min ? -1 : result;
}

static int
read_month(const char **p, const char *end, bool abbreviated)
{
	for (int i = 0; i < lengthof(month_names); i++)
	{
		size_t		length = abbreviated ? 3 : strlen(month_names[i]);

		if (end - *p >= length && pg_strncasecmp(*p, month_names[i], length) == 0)
		{
			*p += length;
			return i + 1;
		}
	}
	return -1;
}

/* Z, +02, +0200, +02:00; the server judges the numbers. */
static bool
read_zone(const char **p, const char *end, char *zone)
{
	int			n = 0;

	if (*p < end && (**p == 'Z' || **p == 'z'))
	{
		strcpy(zone, "Z");
		(*p)++;
		return true;
	}
	if (*p == end || (**p != '+' && **p != '-'))
		return false;
	while (*p < end && n < 6 &&
		   (n == 0 || isdigit((unsigned char) **p) || (**p == ':' && n == 3)))
		zone[n++] = *(*p)++;
	zone[n] = '\0';
	return n == 3 || n == 5 || (n == 6 && zone[3] == ':');
}

/* A fraction of a second: 5 is half a second, however many digits may follow. */
static int
read_fraction(const char **p, const char *end, int max)
{
	const char *start = *p;
	int			result = read_number(p, end, 1, max);

	for (int n = *p - start; result >= 0 && n < 6; n++)
		result *= 10;
	return result;
}

static bool
read_item(const DateItem *item, const char **p, const char *end, DateValue *v)
{
	int			min = item->fixed ? item->digits : 1;

	switch (item->element)
	{
		case DATE_LITERAL:
			return *p < end && *(*p)++ == item->literal;
		case DATE_BLANKS:
			if (*p == end || **p != ' ')
				return false;
			while (*p < end && **p == ' ')
				(*p)++;
			return true;
		case DATE_YEAR:
			/* 24 is not the year 24: somebody mixed two templates */
			return (v->year = read_number(p, end, 4, 4)) >= 1;
		case DATE_YEAR2:
			if ((v->year = read_number(p, end, 2, 2)) < 0)
				return false;
			v->year += v->year < 70 ? 2000 : 1900;
			return true;
		case DATE_MONTH:
			v->month = read_number(p, end, min, 2);
			return v->month >= 1 && v->month <= 12;
		case DATE_MONTH_NAME:
			return (v->month = read_month(p, end, false)) > 0;
		case DATE_MONTH_ABBREVIATION:
			return (v->month = read_month(p, end, true)) > 0;
		case DATE_DAY:
			v->day = read_number(p, end, min, 2);
			return v->day >= 1;
		case DATE_WEEKDAY:
			if (*p == end || !isalpha((unsigned char) **p))
				return false;
			while (*p < end && isalpha((unsigned char) **p))
				(*p)++;
			return true;
		case DATE_HOUR24:
			v->hour = read_number(p, end, min, 2);
			return v->hour >= 0 && v->hour <= 23;
		case DATE_HOUR12:
			v->hour = read_number(p, end, min, 2);
			return v->hour >= 1 && v->hour <= 12;
		case DATE_MINUTE:
			v->minute = read_number(p, end, min, 2);
			return v->minute >= 0 && v->minute <= 59;
		case DATE_SECOND:
			/* 60 is a leap second, as the server has it */
			v->second = read_number(p, end, min, 2);
			return v->second >= 0 && v->second <= 60;
		case DATE_MILLI:
		case DATE_MICRO:
			return (v->micros = read_fraction(p, end, item->digits)) >= 0;
		case DATE_MERIDIEM:
			if (*p == end || strchr("AaPp", **p) == NULL)
				return false;
			v->pm = (**p == 'P' || **p == 'p');
			(*p)++;
			if (*p < end && **p == '.')
				(*p)++;
			if (*p == end || (**p != 'M' && **p != 'm'))
				return false;
			(*p)++;
			if (*p < end && **p == '.')
				(*p)++;
			return true;
		case DATE_ZONE:
			return read_zone(p, end, v->zone);
		case DATE_NOTHING:
			return true;
	}
	return false;
}

static int
days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return 29;
	return days[month - 1];
}

/* Writes the ISO form of the value; false, and why, when there is none. */
bool
date_template_apply(const DateTemplate *template, const char *value, size_t length,
					char *result, char *error, size_t error_size)
{
	const char *p = value;
	const char *end = value + length;
	DateValue	v = {0};
	int			n;

	for (int i = 0; i < template->nitems; i++)
	{
		if (!read_item(&template->items[i], &p, end, &v))
		{
			snprintf(error, error_size, "value does not match the date format \"%s\"", template->text);
			return false;
		}
	}
	if (p < end)
	{
		snprintf(error, error_size, "value goes on after the date format \"%s\"", template->text);
		return false;
	}
	if (v.day > days_in_month(v.year, v.month))
	{
		snprintf(error, error_size, "%s %d has no day %d", month_names[v.month - 1], v.year, v.day);
		return false;
	}

	if (template->has_meridiem)
		v.hour = v.hour % 12 + (v.pm ? 12 : 0);
	n = snprintf(result, DATE_TEMPLATE_RESULT, "%04d-%02d-%02d", v.year, v.month, v.day);
	if (template->has_time)
		n += snprintf(result + n, DATE_TEMPLATE_RESULT - n, " %02d:%02d:%02d.%06d",
					  v.hour, v.minute, v.second, v.micros);
	snprintf(result + n, DATE_TEMPLATE_RESULT - n, "%s", v.zone);
	return true;
}
