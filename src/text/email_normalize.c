/*-------------------------------------------------------------------------
 *
 * email_normalize.c
 *	  One spelling for all spellings of an address.
 *
 * Only the domain may be rewritten: what stands before the @ is the business
 * of the host that receives (RFC 5321 2.3.11).  The rules of some providers
 * are known, though, and may be asked for.
 *
 * IDENTIFICATION
 *	  src/text/email_normalize.c
 *
 *-------------------------------------------------------------------------
 */
#include "text/email.h"

#include <string.h>

/*
 * Providers that publish which local parts reach the same mailbox.  All of
 * them ignore case.
 */
typedef struct EmailProvider
{
	const char *domain;
	const char *canonical;		/* the name of the same mailboxes, or NULL */
	char		tag;			/* starts what is not part of the name */
	const char *ignored;		/* characters without meaning in the name */
} EmailProvider;

static const EmailProvider email_providers[] = {
	{"gmail.com", NULL, '+', "."},
	{"googlemail.com", "gmail.com", '+', "."},
	{"outlook.com", NULL, '+', ""},
	{"hotmail.com", NULL, '+', ""},
	{"live.com", NULL, '+', ""},
	{"msn.com", NULL, '+', ""},
	{"icloud.com", NULL, '+', ""},
	{"me.com", "icloud.com", '+', ""},
	{"mac.com", "icloud.com", '+', ""},
	{"fastmail.com", NULL, '+', ""},
	{"fastmail.fm", NULL, '+', ""},
	{"proton.me", NULL, '+', ".-_"},
	{"protonmail.com", NULL, '+', ".-_"},
	{"pm.me", NULL, '+', ".-_"},
	{"yahoo.com", NULL, '-', ""},
	{"ymail.com", NULL, '-', ""},
	{"rocketmail.com", NULL, '-', ""}
};

/* The separator of a text that SMTP could carry as an address. */
static bool
email_separator(const char *str, size_t len, size_t *separator)
{
	return len > 0 &&
		email_parse(str, len, EMAIL_RFC6531, separator) == EMAIL_VALID;
}

/* The domain after the separator, which is known to be valid. */
static size_t
email_put_domain(const char *domain, size_t len, char *result)
{
	for (size_t i = 0; i < len; i++)
	{
		if ((uint8_t) domain[i] >= 0x80)
		{
			char		ascii[EMAIL_MAX_DOMAIN + 1];
			size_t		asciilen;

			if (email_to_ascii(domain, len, ascii, &asciilen) != EMAIL_VALID)
				return 0;
			memcpy(result, ascii, asciilen);
			return asciilen;
		}
		result[i] = domain[0] == '[' ? domain[i] : email_lower(domain[i]);
	}

	return len;
}

static const EmailProvider *
email_provider_of(const char *domain, size_t len)
{
	for (size_t i = 0; i < sizeof(email_providers) / sizeof(email_providers[0]); i++)
	{
		const EmailProvider *provider = &email_providers[i];

		if (strlen(provider->domain) == len &&
			memcmp(provider->domain, domain, len) == 0)
			return provider;
	}

	return NULL;
}

/*
 * Applies a provider's rules in place; where no local part would be left, or
 * one that ends in a dot, nothing is done.
 */
static size_t
email_apply_provider(char *local, size_t len, const EmailProvider *provider)
{
	char		kept[EMAIL_MAX_LOCAL];
	size_t		keptlen = 0;

	if (local[0] == '"')
		return len;

	for (size_t i = 0; i < len && local[i] != provider->tag; i++)
		if (strchr(provider->ignored, local[i]) == NULL)
			kept[keptlen++] = email_lower(local[i]);
	if (keptlen == 0 || kept[keptlen - 1] == '.')
		return len;
	memcpy(local, kept, keptlen);

	return keptlen;
}

/*
 * The domain of an address, lower-cased and in A-labels; 0 when the text is no
 * address.
 */
size_t
email_normal_domain(const char *str, size_t len, char *result)
{
	size_t		separator;

	if (!email_separator(str, len, &separator))
		return 0;

	return email_put_domain(str + separator + 1, len - separator - 1, result);
}

/*
 * The whole address; 0 when the text is no address or is longer than an
 * address may be once its domain is in A-labels.
 */
size_t
email_normal_form(const char *str, size_t len, bool provider_rules,
				  char *result)
{
	char		domain[EMAIL_MAX_DOMAIN];
	size_t		domainlen;
	size_t		locallen;
	const EmailProvider *provider;

	if (!email_separator(str, len, &locallen))
		return 0;
	domainlen = email_put_domain(str + locallen + 1, len - locallen - 1, domain);
	if (domainlen == 0 || locallen + 1 + domainlen > EMAIL_MAX_ADDRESS)
		return 0;

	memcpy(result, str, locallen);
	provider = provider_rules ? email_provider_of(domain, domainlen) : NULL;
	if (provider != NULL)
	{
		locallen = email_apply_provider(result, locallen, provider);
		if (provider->canonical != NULL)
		{
			domainlen = strlen(provider->canonical);
			memcpy(domain, provider->canonical, domainlen);
		}
	}
	result[locallen] = '@';
	memcpy(result + locallen + 1, domain, domainlen);

	return locallen + 1 + domainlen;
}
