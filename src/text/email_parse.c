/*-------------------------------------------------------------------------
 *
 * email_parse.c
 *	  Is this text an e-mail address, and if not, why not?
 *
 * Nearly every address is a plain one: letters, digits and a few signs, an @
 * and a host name.  Such a text is an address under every profile, so one
 * pass over a class table answers most calls.  Whatever that pass does not
 * take is looked at again, slowly, by the rules of the profile, for the first
 * reason why it is none.  Each step reads the text once, from left to right.
 *
 * IDENTIFICATION
 *	  src/text/email_parse.c
 *
 *-------------------------------------------------------------------------
 */
#include "text/email.h"

#include <string.h>

typedef struct EmailRules
{
	bool		quoted;			/* quoted local parts */
	bool		free_dots;		/* dots anywhere in the local part */
	bool		literal;		/* address literals for a domain */
	bool		international;	/* UTF-8 in the local part */
	bool		international_domain;	/* UTF-8 in the domain */
	EmailHost	host;
	bool		limits;			/* lengths of RFC 5321 4.5.3.1 */
} EmailRules;

/* RFC 5322 has a grammar, and a file, of its own. */
static const EmailRules email_rules[] = {
	[EMAIL_DEFAULT] = {
		.quoted = true,
		.international = true,
		.international_domain = true,
		.host = EMAIL_HOST_PUBLIC,
		.limits = true
	},
	[EMAIL_HTML5] = {
		.free_dots = true,
		.international_domain = true,
		.host = EMAIL_HOST_LABELS
	},
	[EMAIL_RFC5321] = {
		.quoted = true,
		.literal = true,
		.host = EMAIL_HOST_NAME,
		.limits = true
	},
	[EMAIL_RFC6531] = {
		.quoted = true,
		.literal = true,
		.international = true,
		.international_domain = true,
		.host = EMAIL_HOST_NAME,
		.limits = true
	}
};

const uint8_t email_class[256] = {
	0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0xc0, 0x80, 0x80,
	0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
	0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 0x39, 0x30, 0x39,
	0x39, 0x39, 0x39, 0x39, 0x28, 0x28, 0x39, 0x39, 0x38, 0x3b, 0x38, 0x39,
	0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x38, 0x38,
	0x38, 0x39, 0x38, 0x39, 0x38, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b,
	0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b,
	0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x18, 0x00, 0x18, 0x39, 0x39,
	0x39, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b,
	0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b, 0x3b,
	0x3b, 0x3b, 0x3b, 0x39, 0x39, 0x39, 0x39, 0x80
};

/*
 * A dot-atom of ASCII, an @, a host name with a dot whose last label is two
 * letters or more, all within the limits.
 */
static bool
email_is_plain(const char *str, size_t len, size_t *separator)
{
	const char *p = str;
	const char *end = str + len;
	const char *start;
	int			labels = 0;

	for (;;)
	{
		start = p;
		while (p < end && EMAIL_IS(*p, EMAIL_ATEXT))
			p++;
		if (p == start || p == end)
			return false;
		if (*p == '@')
			break;
		if (*p != '.')
			return false;
		p++;
	}
	*separator = p - str;
	if (*separator > EMAIL_MAX_LOCAL || len > EMAIL_MAX_ADDRESS)
		return false;

	do
	{
		start = ++p;
		while (p < end && EMAIL_IS(*p, EMAIL_LDH))
			p++;
		if (p == start || p - start > EMAIL_MAX_LABEL ||
			*start == '-' || p[-1] == '-')
			return false;
		labels++;
	} while (p < end && *p == '.');

	if (p < end || labels == 1 || end - start < 2)
		return false;
	while (start < end && *start != '-' && !EMAIL_IS(*start, EMAIL_DIGIT))
		start++;

	return start == end;
}

/*
 * What can be said of the bytes alone.  Controls go here, so that the rest
 * need not think of them: only RFC 5322 allows any.
 */
static EmailStatus
email_check_bytes(const char *str, size_t len)
{
	bool		control = false;
	bool		blank = true;
	bool		outer = false;
	uint32_t	code = 0;

	for (size_t i = 0; i < len;)
	{
		int			size = email_utf8_char(str + i, len - i, &code);

		if (size == 0)
			return EMAIL_INVALID_ENCODING;
		if (email_is_blank(code))
		{
			if (i == 0)
				outer = true;
		}
		else
			blank = false;
		if (code < 0x80 ? EMAIL_IS(code, EMAIL_CONTROL) : code < 0xA0)
			control = true;
		i += size;
	}

	if (blank)
		return EMAIL_EMPTY;
	if (outer || email_is_blank(code))
		return EMAIL_OUTER_BLANK;

	return control ? EMAIL_CONTROL_CHARACTER : EMAIL_VALID;
}

/* "..." at the start of the text; RFC 5321 4.1.2, Quoted-string. */
static EmailStatus
email_parse_quoted(const char *str, size_t len, const EmailRules *rules,
				   size_t *separator)
{
	size_t		i = 1;

	while (i < len && str[i] != '"')
	{
		if (str[i] == '\\' && ++i == len)
			break;
		if ((uint8_t) str[i] >= 0x80 && !rules->international)
			return EMAIL_LOCAL_NOT_ASCII;
		i++;
	}
	if (i == len)
		return EMAIL_LOCAL_QUOTE_UNCLOSED;
	if (++i == len)
		return EMAIL_MISSING_AT;
	if (str[i] != '@')
		return EMAIL_LOCAL_QUOTE_MISPLACED;
	*separator = i;

	return EMAIL_VALID;
}

/* Why this character may not stand in an atom. */
static EmailStatus
email_local_reason(const char *str, size_t len, const EmailRules *rules)
{
	uint32_t	code;

	email_utf8_char(str, len, &code);
	if (email_is_blank(code))
		return EMAIL_LOCAL_BLANK;
	if (code >= 0x80)
		return rules->international ? EMAIL_LOCAL_SYMBOL : EMAIL_LOCAL_NOT_ASCII;
	if (code == '"' && rules->quoted)
		return EMAIL_LOCAL_QUOTE_MISPLACED;
	if (code == '(')
		return EMAIL_COMMENT_NOT_ALLOWED;

	return EMAIL_LOCAL_CHARACTER;
}

/* Atoms with dots between them; RFC 5321 4.1.2, Dot-string. */
static EmailStatus
email_parse_atoms(const char *str, size_t len, const EmailRules *rules,
				  size_t *separator)
{
	size_t		i = 0;

	while (i < len && str[i] != '@')
	{
		uint32_t	code;
		int			size;

		if (EMAIL_IS(str[i], EMAIL_ATEXT))
		{
			i++;
			continue;
		}
		if (str[i] == '.')
		{
			if (!rules->free_dots)
			{
				if (i == 0)
					return EMAIL_LOCAL_LEADING_DOT;
				if (i + 1 < len && str[i + 1] == '.')
					return EMAIL_LOCAL_DOUBLE_DOT;
				if (i + 1 < len && str[i + 1] == '@')
					return EMAIL_LOCAL_TRAILING_DOT;
			}
			i++;
			continue;
		}
		size = email_utf8_char(str + i, len - i, &code);
		if (!rules->international || code < 0x80 || email_is_blank(code) ||
			email_is_symbol(code))
			return email_local_reason(str + i, len - i, rules);
		i += size;
	}
	if (i == len)
		return EMAIL_MISSING_AT;
	if (i == 0)
		return EMAIL_MISSING_LOCAL;
	*separator = i;

	return EMAIL_VALID;
}

static EmailStatus
email_parse_domain(const char *domain, size_t len, const EmailRules *rules)
{
	char		ascii[EMAIL_MAX_DOMAIN + 1];
	bool		international = false;
	EmailStatus status;

	if (len == 0)
		return EMAIL_MISSING_DOMAIN;
	if (domain[0] == '[')
		return rules->literal ? email_check_literal(domain, len) :
			EMAIL_LITERAL_NOT_ALLOWED;
	if (memchr(domain, '@', len) != NULL)
		return EMAIL_SEVERAL_AT;

	for (size_t i = 0; i < len;)
	{
		uint32_t	code;
		int			size = email_utf8_char(domain + i, len - i, &code);

		if (email_is_blank(code))
			return EMAIL_DOMAIN_BLANK;
		if (code == '(')
			return EMAIL_COMMENT_NOT_ALLOWED;
		if (code >= 0x80)
			international = true;
		else if (code != '.' && !EMAIL_IS(code, EMAIL_LDH))
			return EMAIL_DOMAIN_CHARACTER;
		i += size;
	}
	if (!international)
		return email_check_host(domain, len, rules->host);
	if (!rules->international_domain)
		return EMAIL_DOMAIN_NOT_ASCII;

	status = email_to_ascii(domain, len, ascii, &len);
	if (status != EMAIL_VALID)
		return status;

	return email_check_host(ascii, len, rules->host);
}

/* "Somebody <somebody@example.com>" is a mailbox, not an address. */
static bool
email_has_display_name(const char *str, size_t len)
{
	return str[len - 1] == '>' && memchr(str, '<', len) != NULL;
}

EmailStatus
email_parse(const char *str, size_t len, EmailProfile profile,
			size_t *separator)
{
	const EmailRules *rules = &email_rules[profile];
	EmailStatus status;

	if (email_is_plain(str, len, separator))
		return EMAIL_VALID;

	status = email_check_bytes(str, len);
	if (status == EMAIL_EMPTY || status == EMAIL_INVALID_ENCODING)
		return status;
	if (email_has_display_name(str, len))
		return EMAIL_DISPLAY_NAME;
	if (memchr(str, '@', len) == NULL)
		return EMAIL_MISSING_AT;
	if (profile == EMAIL_RFC5322)
		return email_parse_rfc5322(str, len, separator);
	if (status != EMAIL_VALID)
		return status;

	if (str[0] == '"' && rules->quoted)
		status = email_parse_quoted(str, len, rules, separator);
	else
		status = email_parse_atoms(str, len, rules, separator);
	if (status != EMAIL_VALID)
		return status;

	status = email_parse_domain(str + *separator + 1, len - *separator - 1,
								rules);
	if (status != EMAIL_VALID || !rules->limits)
		return status;

	if (*separator > EMAIL_MAX_LOCAL)
		return EMAIL_LOCAL_TOO_LONG;

	return len > EMAIL_MAX_ADDRESS ? EMAIL_TOO_LONG : EMAIL_VALID;
}
