/*-------------------------------------------------------------------------
 *
 * email.h
 *	  What the parts of the e-mail check share.
 *
 * The parser knows nothing of PostgreSQL: it takes bytes and a length, takes
 * no memory of its own and raises no error, so that the fuzz harness can drive
 * it without a server.
 *
 * IDENTIFICATION
 *	  src/text/email.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_EMAIL_H
#define SHOPANALYTICS_EMAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets: RFC 5321 4.5.3.1.1, 4.5.3.1.2, 4.5.3.1.3 (less the angle brackets) */
#define EMAIL_MAX_LOCAL		64
#define EMAIL_MAX_DOMAIN	255
#define EMAIL_MAX_ADDRESS	254
#define EMAIL_MAX_LABEL		63

/* Every status with its label in SQL, in the order of the SQL type. */
#define EMAIL_STATUS_LIST(STATUS) \
	STATUS(EMAIL_VALID, "valid") \
	STATUS(EMAIL_EMPTY, "empty") \
	STATUS(EMAIL_INVALID_ENCODING, "invalid_encoding") \
	STATUS(EMAIL_CONTROL_CHARACTER, "control_character") \
	STATUS(EMAIL_OUTER_BLANK, "outer_blank") \
	STATUS(EMAIL_DISPLAY_NAME, "display_name") \
	STATUS(EMAIL_MISSING_AT, "missing_at") \
	STATUS(EMAIL_SEVERAL_AT, "several_at") \
	STATUS(EMAIL_MISSING_LOCAL, "missing_local") \
	STATUS(EMAIL_MISSING_DOMAIN, "missing_domain") \
	STATUS(EMAIL_COMMENT_NOT_ALLOWED, "comment_not_allowed") \
	STATUS(EMAIL_COMMENT_UNCLOSED, "comment_unclosed") \
	STATUS(EMAIL_COMMENT_CHARACTER, "comment_character") \
	STATUS(EMAIL_BROKEN_FOLDING, "broken_folding") \
	STATUS(EMAIL_LOCAL_LEADING_DOT, "local_leading_dot") \
	STATUS(EMAIL_LOCAL_TRAILING_DOT, "local_trailing_dot") \
	STATUS(EMAIL_LOCAL_DOUBLE_DOT, "local_double_dot") \
	STATUS(EMAIL_LOCAL_BLANK, "local_blank") \
	STATUS(EMAIL_LOCAL_CHARACTER, "local_character") \
	STATUS(EMAIL_LOCAL_NOT_ASCII, "local_not_ascii") \
	STATUS(EMAIL_LOCAL_SYMBOL, "local_symbol") \
	STATUS(EMAIL_LOCAL_QUOTE_UNCLOSED, "local_quote_unclosed") \
	STATUS(EMAIL_LOCAL_QUOTE_MISPLACED, "local_quote_misplaced") \
	STATUS(EMAIL_LOCAL_TOO_LONG, "local_too_long") \
	STATUS(EMAIL_DOMAIN_LEADING_DOT, "domain_leading_dot") \
	STATUS(EMAIL_DOMAIN_TRAILING_DOT, "domain_trailing_dot") \
	STATUS(EMAIL_DOMAIN_DOUBLE_DOT, "domain_double_dot") \
	STATUS(EMAIL_DOMAIN_BLANK, "domain_blank") \
	STATUS(EMAIL_DOMAIN_CHARACTER, "domain_character") \
	STATUS(EMAIL_DOMAIN_NOT_ASCII, "domain_not_ascii") \
	STATUS(EMAIL_DOMAIN_NOT_IDNA, "domain_not_idna") \
	STATUS(EMAIL_DOMAIN_LEADING_HYPHEN, "domain_leading_hyphen") \
	STATUS(EMAIL_DOMAIN_TRAILING_HYPHEN, "domain_trailing_hyphen") \
	STATUS(EMAIL_DOMAIN_WITHOUT_DOT, "domain_without_dot") \
	STATUS(EMAIL_DOMAIN_NUMERIC, "domain_numeric") \
	STATUS(EMAIL_DOMAIN_TOP_LEVEL, "domain_top_level") \
	STATUS(EMAIL_DOMAIN_LABEL_TOO_LONG, "domain_label_too_long") \
	STATUS(EMAIL_DOMAIN_TOO_LONG, "domain_too_long") \
	STATUS(EMAIL_LITERAL_NOT_ALLOWED, "literal_not_allowed") \
	STATUS(EMAIL_LITERAL_UNCLOSED, "literal_unclosed") \
	STATUS(EMAIL_LITERAL_CHARACTER, "literal_character") \
	STATUS(EMAIL_LITERAL_MISPLACED, "literal_misplaced") \
	STATUS(EMAIL_LITERAL_IPV4, "literal_ipv4") \
	STATUS(EMAIL_LITERAL_IPV6, "literal_ipv6") \
	STATUS(EMAIL_LITERAL_TAG, "literal_tag") \
	STATUS(EMAIL_TOO_LONG, "too_long")

#define EMAIL_STATUS_SYMBOL(symbol, label) symbol,
typedef enum EmailStatus
{
	EMAIL_STATUS_LIST(EMAIL_STATUS_SYMBOL)
	EMAIL_STATUS_COUNT
} EmailStatus;

#undef EMAIL_STATUS_SYMBOL

typedef enum EmailProfile
{
	EMAIL_DEFAULT,				/* what mail systems accept today */
	EMAIL_HTML5,				/* HTML, input type=email */
	EMAIL_RFC5321,				/* Mailbox of SMTP */
	EMAIL_RFC5322,				/* addr-spec of a message header */
	EMAIL_RFC6531,				/* Mailbox of SMTP with SMTPUTF8 */
	EMAIL_PROFILE_COUNT
} EmailProfile;

/* What more than labels a domain must be. */
typedef enum EmailHost
{
	EMAIL_HOST_LABELS,			/* no more */
	EMAIL_HOST_NAME,			/* not an IPv4 address: RFC 1123 2.1 */
	EMAIL_HOST_PUBLIC			/* a dot, and a top-level domain at the end */
} EmailHost;

/* Character classes of ASCII bytes; bytes from 0x80 on have none. */
#define EMAIL_ATEXT		0x01	/* RFC 5322 3.2.3 */
#define EMAIL_LDH		0x02	/* letter, digit, hyphen: RFC 1123 2.1 */
#define EMAIL_DIGIT		0x04
#define EMAIL_QTEXT		0x08	/* RFC 5322 3.2.4 */
#define EMAIL_CTEXT		0x10	/* RFC 5322 3.2.2 */
#define EMAIL_DTEXT		0x20	/* RFC 5322 3.4.1 */
#define EMAIL_BLANK		0x40	/* space and tab */
#define EMAIL_CONTROL	0x80	/* all below space, and DEL */

extern const uint8_t email_class[256];

#define EMAIL_IS(byte, class) ((email_class[(uint8_t) (byte)] & (class)) != 0)

/* ASCII only, whatever the locale. */
static inline char
email_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* email_parse.c: separator is the offset of the @, set when the text is valid */
extern EmailStatus email_parse(const char *str, size_t len,
							   EmailProfile profile, size_t *separator);

/* email_rfc5322.c */
extern EmailStatus email_parse_rfc5322(const char *str, size_t len,
									   size_t *separator);

/* email_domain.c */
extern EmailStatus email_check_host(const char *host, size_t len,
									EmailHost kind);
extern EmailStatus email_check_literal(const char *str, size_t len);
extern EmailStatus email_to_ascii(const char *domain, size_t len,
								  char *ascii, size_t *asciilen);

/* email_unicode.c */
extern int	email_utf8_char(const char *str, size_t len, uint32_t *code);
extern bool email_is_blank(uint32_t code);
extern bool email_is_symbol(uint32_t code);
extern void email_trim(const char **str, size_t *len);

/* email_normalize.c: result takes EMAIL_NORMAL_SIZE bytes */
#define EMAIL_NORMAL_SIZE	(EMAIL_MAX_LOCAL + 1 + EMAIL_MAX_DOMAIN)
extern size_t email_normal_domain(const char *str, size_t len, char *result);
extern size_t email_normal_form(const char *str, size_t len,
								bool provider_rules, char *result);

#endif							/* SHOPANALYTICS_EMAIL_H */
