/*-------------------------------------------------------------------------
 *
 * cron_next_parse.c
 *	  The text of a schedule: five fields of cron, a nickname such as @daily,
 *	  or an interval such as 5 minutes.
 *
 * The fields are those of Vixie's cron.  What it takes for something else than
 * people mean is an error here: a step longer than its range, such as every 90th
 * minute of an hour, and days that no month has.
 *
 * IDENTIFICATION
 *	  src/schedule/cron_next_parse.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "datatype/timestamp.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/datetime.h"

#include "schedule/cron_next.h"

#define CRON_FIELDS		5
#define CRON_SHOWN		100		/* bytes of an expression in a message */
#define CRON_MAX_INTERVAL	256 /* bytes */
#define CRON_MAX_DAYS	36525	/* of an interval, a hundred years */
#define FEBRUARY_OF_LEAP_YEAR	29

#define HINT_SCHEDULE	"A schedule is five fields as in \"30 2 * * mon-fri\" (minute, hour, day of month, month, day of week), a name as @daily, or an interval as \"5 minutes\"."

typedef struct CronField
{
	const char *label;
	int			low;
	int			high;
	const char *const *names;	/* of the values from low, or NULL */
} CronField;

typedef struct CronReader
{
	const char *expression;		/* the whole of it, for messages */
	const char *at;
	const CronField *field;
	CronSchedule *schedule;
} CronReader;

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const wday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

static const CronField fields[CRON_FIELDS] = {
	{"minute", 0, 59, NULL},
	{"hour", 0, 23, NULL},
	{"day of month", 1, 31, NULL},
	{"month", 1, 12, month_names},
	{"day of week", 0, 7, wday_names}
};

#define FIELD_MDAY	2
#define FIELD_WDAY	4

static const struct
{
	const char *name;
	const char *expression;
}			nicknames[] = {
	{"@yearly", "0 0 1 1 *"},
	{"@annually", "0 0 1 1 *"},
	{"@monthly", "0 0 1 * *"},
	{"@weekly", "0 0 * * 0"},
	{"@daily", "0 0 * * *"},
	{"@midnight", "0 0 * * *"},
	{"@hourly", "0 * * * *"}
};

/* As much of a text as a message shows. */
char *
cron_shown(const char *text)
{
	int			length = strlen(text);

	return pnstrdup(text, pg_mbcliplen(text, length, CRON_SHOWN));
}

static void
pg_attribute_noreturn()
cron_fail(const char *expression, const char *reason, const char *hint)
{
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("schedule \"%s\" is not valid: %s", cron_shown(expression), reason),
			errhint("%s", hint ? hint : HINT_SCHEDULE));
}

/* The field as it is written, quoted. */
static char *
cron_field_text(const CronReader *reader)
{
	const char *end = reader->at;

	while (*end && !isspace((unsigned char) *end))
		end++;

	return cron_shown(pnstrdup(reader->at, Min(end - reader->at, CRON_SHOWN * MAX_MULTIBYTE_CHAR_LEN)));
}

static void
pg_attribute_noreturn()
cron_fail_field(const CronReader *reader, const char *hint)
{
	cron_fail(reader->expression,
			  psprintf("\"%s\" in the field %s", cron_field_text(reader), reader->field->label),
			  hint ? hint : psprintf("A field is * or a list of numbers from %d to %d%s, of ranges as %d-%d, and of steps as */2 or %d-%d/2.",
									 reader->field->low, reader->field->high,
									 reader->field->names ? " or of names" : "",
									 reader->field->low, reader->field->high, reader->field->low, reader->field->high));
}

/* A number of at most three digits, more than any field needs; -1 if there is none. */
static int
cron_read_number(const char **at)
{
	int			number = 0;
	int			digits = 0;

	while (isdigit((unsigned char) (*at)[digits]) && digits < 3)
		number = number * 10 + ((*at)[digits++] - '0');
	if (digits == 0 || isdigit((unsigned char) (*at)[digits]))
		return -1;
	*at += digits;

	return number;
}

/* A value of the field, by number or name; -1 if there is none. */
static int
cron_read_value(const CronField *field, const char **at)
{
	if (isdigit((unsigned char) **at))
	{
		int			number = cron_read_number(at);

		return number >= field->low && number <= field->high ? number : -1;
	}

	for (int i = 0; field->names && field->names[i]; i++)
	{
		if (pg_strncasecmp(*at, field->names[i], 3) == 0 && !isalnum((unsigned char) (*at)[3]))
		{
			*at += 3;
			return field->low + i;
		}
	}

	return -1;
}

/* One element of a field's list: bits of its values. */
static uint64
cron_read_element(CronReader *reader, const char **at)
{
	const CronField *field = reader->field;
	int			low = field->low;
	int			high = field->high;
	int			step = 1;
	bool		is_range = true;
	uint64		bits = 0;

	if (**at == '*')
		(*at)++;
	else if (field == &fields[FIELD_MDAY] && pg_toupper((unsigned char) **at) == 'L')
	{
		(*at)++;
		reader->schedule->last_mday = true;
		return 0;
	}
	else
	{
		low = cron_read_value(field, at);
		if (low < 0)
			cron_fail_field(reader, NULL);
		high = low;
		is_range = **at == '-';
		if (is_range)
		{
			(*at)++;
			high = cron_read_value(field, at);
			if (high < 0)
				cron_fail_field(reader, NULL);
			/* sat-sun: a Sunday at the end is that of the week's end */
			if (field == &fields[FIELD_WDAY] && high == 0 && low > 0)
				high = field->high;
			if (low > high)
				cron_fail_field(reader, "A range goes up: write the two parts of one that goes round, as in 22-23,0-5.");
		}
	}

	if (**at == '/')
	{
		(*at)++;
		if (!is_range)
			cron_fail_field(reader, psprintf("A step is taken over a range: write %d-%d/..., or */... for all.", low, field->high));
		step = cron_read_number(at);
		if (step < 1)
			cron_fail_field(reader, NULL);
		if (step > (field == &fields[FIELD_WDAY] ? 7 : field->high - field->low + 1))
			cron_fail_field(reader, "Steps begin anew with each hour, day, month, year or week, so one that is longer is never taken; for every 90 minutes write the interval \"90 minutes\".");
	}

	for (int value = low; value <= high; value += step)
		bits |= UINT64CONST(1) << value;

	return bits;
}

static uint64
cron_read_field(CronReader *reader)
{
	const char *at = reader->at;
	uint64		bits = 0;

	for (;;)
	{
		bits |= cron_read_element(reader, &at);
		if (*at != ',')
			break;
		at++;
	}
	if (*at && !isspace((unsigned char) *at))
		cron_fail_field(reader, NULL);
	reader->at = at;

	return bits;
}

static const char *
skip_spaces(const char *at)
{
	while (isspace((unsigned char) *at))
		at++;

	return at;
}

static int
count_fields(const char *at)
{
	int			count = 0;

	for (at = skip_spaces(at); *at; at = skip_spaces(at))
	{
		count++;
		while (*at && !isspace((unsigned char) *at))
			at++;
	}

	return count;
}

/* There must be a day on which it runs: not so on 31 February. */
static void
cron_check_days(const CronSchedule *schedule, const char *expression)
{
	if (schedule->last_mday || !(schedule->mday_star || schedule->wday_star))
		return;

	for (int month = 1; month <= MONTHS_PER_YEAR; month++)
	{
		int			days = month == 2 ? FEBRUARY_OF_LEAP_YEAR : day_tab[0][month - 1];

		if ((schedule->months >> month & 1) &&
			(schedule->mdays & ((UINT64CONST(1) << (days + 1)) - 1)) != 0)
			return;
	}

	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("schedule \"%s\" would never run: none of its months has such a day", cron_shown(expression)),
			errhint("L in the field day of month is the last day of each month."));
}

static void
cron_parse_fields(CronSchedule *schedule, const char *expression)
{
	CronReader	reader = {expression, expression, fields, schedule};
	uint64		bits[CRON_FIELDS];
	bool		star[CRON_FIELDS];
	int			count = count_fields(expression);

	if (count != CRON_FIELDS)
		cron_fail(expression, psprintf("it has %d %s, and five are needed", count, count == 1 ? "field" : "fields"), NULL);

	for (int i = 0; i < CRON_FIELDS; i++)
	{
		reader.field = &fields[i];
		reader.at = skip_spaces(reader.at);
		star[i] = *reader.at == '*';
		bits[i] = cron_read_field(&reader);
	}

	schedule->minutes = bits[0];
	schedule->hours = bits[1];
	schedule->mdays = bits[2];
	schedule->months = bits[3];
	/* Sunday is 7 as well */
	schedule->wdays = (bits[4] | bits[4] >> 7) & 0x7f;
	schedule->clock_star = star[0] || star[1];
	schedule->mday_star = star[2];
	schedule->wday_star = star[4];

	cron_check_days(schedule, expression);
}

/*
 * Signs other than those of units and numbers are refused, which PostgreSQL takes
 * for spaces; and the minus sign, because what it applies to depends on a setting
 * of the session.
 */
static void
cron_parse_interval(CronSchedule *schedule, const char *expression)
{
	char	   *field[MAXDATEFIELDS];
	int			ftype[MAXDATEFIELDS];
	char		workbuf[CRON_MAX_INTERVAL];
	int			nf;
	int			dtype = 0;
	struct pg_itm_in span = {0};

	if (strlen(expression) >= CRON_MAX_INTERVAL / 2 ||
		strspn(expression, "0123456789.: \t\n\r\f\vabcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") < strlen(expression) ||
		ParseDateTime(expression, workbuf, sizeof(workbuf), field, ftype, MAXDATEFIELDS, &nf) != 0 ||
		DecodeInterval(field, ftype, nf, INTERVAL_FULL_RANGE, &dtype, &span) != 0 ||
		dtype != DTK_DELTA)
		cron_fail(expression, "it is neither a cron expression nor an interval", NULL);

	if (span.tm_mon != 0 || span.tm_year != 0)
		cron_fail(expression, "months and years are not always equally long",
				  "For something monthly write a cron expression, as \"0 0 1 * *\" or @monthly.");

	/* no sign, so neither part is negative */
	if (span.tm_mday > CRON_MAX_DAYS || span.tm_usec > CRON_MAX_DAYS * USECS_PER_DAY)
		cron_fail(expression, "an interval has at most 100 years", NULL);
	schedule->every = span.tm_mday * USECS_PER_DAY + span.tm_usec;
	if (schedule->every < USECS_PER_SEC)
		cron_fail(expression, "an interval has at least one second", NULL);
}

/* Whether it is meant as fields: the first two are of signs that cron has there. */
static bool
cron_is_fields(const char *expression)
{
	const char *at = expression;

	for (int i = 0; i < 2; i++)
	{
		at = skip_spaces(at);
		while (*at && !isspace((unsigned char) *at))
		{
			if (!isdigit((unsigned char) *at) && strchr("*,-/?", *at) == NULL)
				return false;
			at++;
		}
	}

	return true;
}

/* Raises an error unless it is a schedule that some time will run. */
void
cron_schedule_parse(CronSchedule *schedule, const char *expression)
{
	const char *start = skip_spaces(expression);

	memset(schedule, 0, sizeof(CronSchedule));

	if (*start == '@')
	{
		int			length = strcspn(start, " \t\n\r\f\v");

		for (int i = 0; i < lengthof(nicknames); i++)
		{
			if (length == strlen(nicknames[i].name) && pg_strncasecmp(start, nicknames[i].name, length) == 0 &&
				*skip_spaces(start + length) == '\0')
			{
				cron_parse_fields(schedule, nicknames[i].expression);
				return;
			}
		}
		cron_fail(expression, "there is no such name",
				  "The names are @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly.");
	}

	if (*start == '\0')
		cron_fail(expression, "it is empty", NULL);
	if (cron_is_fields(start))
		cron_parse_fields(schedule, expression);
	else
		cron_parse_interval(schedule, expression);
}
