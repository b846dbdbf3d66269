/*-------------------------------------------------------------------------
 *
 * email_domain.c
 *	  The right-hand side of an address: host names, international names and
 *	  address literals.
 *
 * IDENTIFICATION
 *	  src/text/email_domain.c
 *
 *-------------------------------------------------------------------------
 */
#include "text/email.h"

#include <idn2.h>
#include <string.h>

/* prefix is in lower case */
static bool
email_starts_with(const char *str, size_t len, const char *prefix)
{
	size_t		i = 0;

	while (i < len && prefix[i] != '\0' && email_lower(str[i]) == prefix[i])
		i++;

	return prefix[i] == '\0';
}

/*
 * Letters, two at least, or an A-label: RFC 1123 2.1 has the last label be
 * alphabetic, and of one letter there is none.
 */
static bool
email_is_top_level(const char *label, size_t len)
{
	if (email_starts_with(label, len, "xn--"))
		return true;
	for (size_t i = 0; i < len; i++)
		if (EMAIL_IS(label[i], EMAIL_DIGIT) || label[i] == '-')
			return false;

	return len > 1;
}

/*
 * Labels of letters, digits and inner hyphens: RFC 1123 2.1, RFC 1034 3.5.
 */
EmailStatus
email_check_host(const char *host, size_t len, EmailHost kind)
{
	size_t		i = 0;
	size_t		start;			/* of the last label so far */
	bool		numeric;		/* is it all digits? */
	bool		all_numeric = true;
	bool		long_label = false;
	int			labels = 0;

	for (;;)
	{
		start = i;
		numeric = true;
		while (i < len && EMAIL_IS(host[i], EMAIL_LDH))
			numeric &= EMAIL_IS(host[i++], EMAIL_DIGIT);
		all_numeric &= numeric;
		if (i < len && host[i] != '.')
			return EMAIL_DOMAIN_CHARACTER;
		if (i == start)
			return i == 0 ? EMAIL_DOMAIN_LEADING_DOT :
				i == len ? EMAIL_DOMAIN_TRAILING_DOT : EMAIL_DOMAIN_DOUBLE_DOT;
		if (host[start] == '-')
			return EMAIL_DOMAIN_LEADING_HYPHEN;
		if (host[i - 1] == '-')
			return EMAIL_DOMAIN_TRAILING_HYPHEN;
		if (i - start > EMAIL_MAX_LABEL)
			long_label = true;
		labels++;
		if (i == len)
			break;
		i++;
	}

	if (long_label)
		return EMAIL_DOMAIN_LABEL_TOO_LONG;
	if (len > EMAIL_MAX_DOMAIN)
		return EMAIL_DOMAIN_TOO_LONG;
	if (kind == EMAIL_HOST_PUBLIC && labels == 1)
		return EMAIL_DOMAIN_WITHOUT_DOT;
	if ((kind == EMAIL_HOST_PUBLIC && numeric) ||
		(kind == EMAIL_HOST_NAME && all_numeric && labels > 1))
		return EMAIL_DOMAIN_NUMERIC;
	if (kind == EMAIL_HOST_PUBLIC && !email_is_top_level(host + start, len - start))
		return EMAIL_DOMAIN_TOP_LEVEL;

	return EMAIL_VALID;
}

/*
 * A domain in UTF-8 to A-labels, lower-cased, by IDNA 2008 with the mapping
 * of UTS #46.  ascii takes EMAIL_MAX_DOMAIN bytes and a terminator.
 */
EmailStatus
email_to_ascii(const char *domain, size_t len, char *ascii, size_t *asciilen)
{
	char		source[EMAIL_MAX_DOMAIN + 1];
	uint8_t    *mapped;
	int			rc;

	if (len > EMAIL_MAX_DOMAIN)
		return EMAIL_DOMAIN_TOO_LONG;
	memcpy(source, domain, len);
	source[len] = '\0';

	rc = idn2_lookup_u8((const uint8_t *) source, &mapped,
						IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (rc == IDN2_TOO_BIG_LABEL || rc == IDN2_PUNYCODE_BIG_OUTPUT)
		return EMAIL_DOMAIN_LABEL_TOO_LONG;
	if (rc == IDN2_TOO_BIG_DOMAIN)
		return EMAIL_DOMAIN_TOO_LONG;
	if (rc != IDN2_OK)
		return EMAIL_DOMAIN_NOT_IDNA;

	*asciilen = strlen((const char *) mapped);
	if (*asciilen <= EMAIL_MAX_DOMAIN)
		memcpy(ascii, mapped, *asciilen + 1);
	idn2_free(mapped);

	/* nothing is left of a domain of ignorable characters */
	if (*asciilen == 0)
		return EMAIL_DOMAIN_NOT_IDNA;

	return *asciilen <= EMAIL_MAX_DOMAIN ? EMAIL_VALID : EMAIL_DOMAIN_TOO_LONG;
}

/* IPv4-address-literal */
static bool
email_is_ipv4(const char *str, size_t len)
{
	size_t		i = 0;

	for (int part = 0; part < 4; part++)
	{
		int			number = 0;
		size_t		start;

		if (part > 0 && (i == len || str[i++] != '.'))
			return false;
		start = i;
		while (i < len && i - start < 3 && EMAIL_IS(str[i], EMAIL_DIGIT))
			number = number * 10 + (str[i++] - '0');
		if (i == start || number > 255)
			return false;
	}

	return i == len;
}

static bool
email_is_hex(char c)
{
	return EMAIL_IS(c, EMAIL_DIGIT) || (c >= 'a' && c <= 'f') ||
		(c >= 'A' && c <= 'F');
}

/*
 * IPv6-addr: eight groups, the last two perhaps as IPv4.  RFC 5321 has a ::
 * stand for two groups at least, RFC 4291 2.2 for one, and by RFC 5952 4 what
 * RFC 4291 takes must be accepted.
 */
static bool
email_is_ipv6(const char *str, size_t len)
{
	size_t		i = 0;
	int			groups = 0;
	bool		shortened = false;

	if (len >= 2 && str[0] == ':' && str[1] == ':')
	{
		shortened = true;
		i = 2;
		if (i == len)
			return true;
	}

	for (;;)
	{
		size_t		start = i;

		while (i < len && i - start < 4 && email_is_hex(str[i]))
			i++;
		if (i == start)
			return false;
		if (i < len && str[i] == '.')
		{
			if (!email_is_ipv4(str + start, len - start))
				return false;
			groups += 2;
			break;
		}
		groups++;
		if (i == len)
			break;
		if (str[i++] != ':' || groups == 8)
			return false;
		if (i < len && str[i] == ':')
		{
			if (shortened)
				return false;
			shortened = true;
			if (++i == len)
				break;
		}
	}

	return shortened ? groups <= 7 : groups == 8;
}

/*
 * An address literal with its brackets: RFC 5321 4.1.3.  No tag but IPv6 was
 * ever registered.
 */
EmailStatus
email_check_literal(const char *str, size_t len)
{
	static const char tag[] = "ipv6:";
	const size_t taglen = sizeof(tag) - 1;
	const char *close = memchr(str, ']', len);
	const char *body = str + 1;
	size_t		bodylen;

	if (close == NULL)
		return EMAIL_LITERAL_UNCLOSED;
	if (close + 1 != str + len)
		return EMAIL_LITERAL_MISPLACED;

	bodylen = close - body;
	for (size_t i = 0; i < bodylen; i++)
		if (!EMAIL_IS(body[i], EMAIL_DTEXT))
			return EMAIL_LITERAL_CHARACTER;

	if (email_starts_with(body, bodylen, tag))
		return email_is_ipv6(body + taglen, bodylen - taglen) ? EMAIL_VALID :
			EMAIL_LITERAL_IPV6;
	if (memchr(body, ':', bodylen) != NULL)
		return EMAIL_LITERAL_TAG;

	return email_is_ipv4(body, bodylen) ? EMAIL_VALID : EMAIL_LITERAL_IPV4;
}
