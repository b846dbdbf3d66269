/*-------------------------------------------------------------------------
 *
 * email_fuzz.c
 *	  Hostile bytes against the parser of e-mail addresses, without a server.
 *
 * The text is copied into a block of just its size, so that the address
 * sanitizer sees a read of one byte too many.  What must hold for any bytes is
 * asserted; the rest is the sanitizers' to find.
 *
 * IDENTIFICATION
 *	  test/fuzz/email_fuzz.c
 *
 *-------------------------------------------------------------------------
 */
#include "text/email.h"

#include <stdlib.h>
#include <string.h>

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) do { if (!(condition)) abort(); } while (0)

/* A valid text has its separator inside, at an @. */
static bool
fuzz_valid(const char *str, size_t len, EmailProfile profile)
{
	size_t		separator = SIZE_MAX;
	EmailStatus status = email_parse(str, len, profile, &separator);

	CHECK(status < EMAIL_STATUS_COUNT);
	if (status != EMAIL_VALID)
		return false;
	CHECK(separator > 0 && separator < len - 1 && str[separator] == '@');

	return true;
}

static bool
fuzz_is_ascii(const char *str, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((uint8_t) str[i] >= 0x80)
			return false;

	return true;
}

/* The normal form is an address, and its own normal form. */
static void
fuzz_normal_form(const char *str, size_t len, bool provider_rules)
{
	char		once[EMAIL_NORMAL_SIZE];
	char		twice[EMAIL_NORMAL_SIZE];
	size_t		once_len = email_normal_form(str, len, provider_rules, once);

	CHECK(once_len <= EMAIL_MAX_ADDRESS);
	if (once_len == 0)
		return;
	CHECK(fuzz_valid(once, once_len, EMAIL_RFC6531));
	CHECK(email_normal_form(once, once_len, provider_rules, twice) == once_len);
	CHECK(memcmp(once, twice, once_len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *str = malloc(size);
	const char *trimmed = str;
	size_t		trimmed_len = size;
	bool		valid[EMAIL_PROFILE_COUNT];
	char		domain[EMAIL_MAX_DOMAIN];

	/* data is NULL for no bytes */
	if (size > 0)
		memcpy(str, data, size);

	for (int profile = 0; profile < EMAIL_PROFILE_COUNT; profile++)
		valid[profile] = fuzz_valid(str, size, profile);

	/* a wider profile takes what a narrower one takes */
	CHECK(!valid[EMAIL_RFC5321] || valid[EMAIL_RFC5322]);
	CHECK(!valid[EMAIL_RFC5321] || valid[EMAIL_RFC6531]);
	CHECK(!valid[EMAIL_DEFAULT] || valid[EMAIL_RFC6531]);
	/* in ASCII there is nothing international */
	if (fuzz_is_ascii(str, size))
		CHECK(valid[EMAIL_RFC5321] == valid[EMAIL_RFC6531]);
	else
		CHECK(!valid[EMAIL_RFC5321] && !valid[EMAIL_RFC5322]);

	email_trim(&trimmed, &trimmed_len);
	CHECK(trimmed >= str && trimmed + trimmed_len <= str + size);
	CHECK(!valid[EMAIL_RFC6531] || trimmed_len == size);
	CHECK(email_normal_domain(trimmed, trimmed_len, domain) <= EMAIL_MAX_DOMAIN);
	fuzz_normal_form(trimmed, trimmed_len, false);
	fuzz_normal_form(trimmed, trimmed_len, true);

	free(str);

	return 0;
}
