/*-------------------------------------------------------------------------
 *
 * email_rfc5322.c
 *	  The addr-spec of a message header: comments, folding white space and
 *	  the obsolete forms of RFC 5322 section 4 too.
 *
 * With the obsolete forms, a local part is words between dots and a domain
 * atoms between dots, each with comments and blanks around it: one loop takes
 * dot-atom, quoted-string and obs-local-part alike.  Comments nest, but only
 * their depth matters, so nothing here recurses.
 *
 * IDENTIFICATION
 *	  src/text/email_rfc5322.c
 *
 *-------------------------------------------------------------------------
 */
#include "text/email.h"

typedef struct EmailScan
{
	const char *p;				/* next byte */
	const char *end;			/* behind the last */
} EmailScan;

/* The controls that obsolete forms allow: obs-NO-WS-CTL, section 4.1 */
static bool
email_is_obsolete_control(char c)
{
	return EMAIL_IS(c, EMAIL_CONTROL) && c != '\0' && c != '\t' &&
		c != '\r' && c != '\n';
}

/*
 * One blank, or a line break with the blank that must follow it: section
 * 3.2.2, and obs-FWS as erratum 1908 has it.
 */
static EmailStatus
email_skip_fold(EmailScan *scan)
{
	if (EMAIL_IS(*scan->p, EMAIL_BLANK))
	{
		scan->p++;
		return EMAIL_VALID;
	}
	if (scan->end - scan->p < 3 || scan->p[0] != '\r' || scan->p[1] != '\n' ||
		!EMAIL_IS(scan->p[2], EMAIL_BLANK))
		return EMAIL_BROKEN_FOLDING;
	scan->p += 3;

	return EMAIL_VALID;
}

static bool
email_at_fold(const EmailScan *scan)
{
	return EMAIL_IS(*scan->p, EMAIL_BLANK) || *scan->p == '\r' || *scan->p == '\n';
}

/*
 * Inside quotes, a comment or a literal: one character, escaped character or
 * fold.  class is what may stand there as it is; outside is the status for
 * what may not, unclosed for the end of the text.
 */
static EmailStatus
email_skip_content(EmailScan *scan, uint8_t class, EmailStatus outside,
				   EmailStatus unclosed)
{
	if (scan->p == scan->end)
		return unclosed;
	if (*scan->p == '\\')
	{
		if (++scan->p == scan->end)
			return unclosed;
		if ((uint8_t) *scan->p >= 0x80)
			return outside;
		scan->p++;
		return EMAIL_VALID;
	}
	if (email_at_fold(scan))
		return email_skip_fold(scan);
	if (!EMAIL_IS(*scan->p, class) && !email_is_obsolete_control(*scan->p))
		return *scan->p == '\0' ? EMAIL_CONTROL_CHARACTER : outside;
	scan->p++;

	return EMAIL_VALID;
}

static EmailStatus
email_skip_comment(EmailScan *scan)
{
	size_t		depth = 0;

	do
	{
		EmailStatus status = EMAIL_VALID;

		if (scan->p < scan->end && *scan->p == '(')
		{
			depth++;
			scan->p++;
		}
		else if (scan->p < scan->end && *scan->p == ')')
		{
			depth--;
			scan->p++;
		}
		else
			status = email_skip_content(scan, EMAIL_CTEXT,
										EMAIL_COMMENT_CHARACTER,
										EMAIL_COMMENT_UNCLOSED);
		if (status != EMAIL_VALID)
			return status;
	} while (depth > 0);

	return EMAIL_VALID;
}

/* CFWS, perhaps empty */
static EmailStatus
email_skip_cfws(EmailScan *scan)
{
	while (scan->p < scan->end && (*scan->p == '(' || email_at_fold(scan)))
	{
		EmailStatus status = *scan->p == '(' ? email_skip_comment(scan) :
		email_skip_fold(scan);

		if (status != EMAIL_VALID)
			return status;
	}

	return EMAIL_VALID;
}

static EmailStatus
email_skip_quoted(EmailScan *scan)
{
	scan->p++;
	while (scan->p == scan->end || *scan->p != '"')
	{
		EmailStatus status;

		if (scan->p < scan->end && (uint8_t) *scan->p >= 0x80)
			return EMAIL_LOCAL_NOT_ASCII;
		status = email_skip_content(scan, EMAIL_QTEXT, EMAIL_LOCAL_CHARACTER,
									EMAIL_LOCAL_QUOTE_UNCLOSED);
		if (status != EMAIL_VALID)
			return status;
	}
	scan->p++;

	return EMAIL_VALID;
}

/* domain-literal, from its bracket on */
static EmailStatus
email_skip_literal(EmailScan *scan)
{
	scan->p++;
	while (scan->p == scan->end || *scan->p != ']')
	{
		EmailStatus status = email_skip_content(scan, EMAIL_DTEXT,
												EMAIL_LITERAL_CHARACTER,
												EMAIL_LITERAL_UNCLOSED);

		if (status != EMAIL_VALID)
			return status;
	}
	scan->p++;

	return EMAIL_VALID;
}

static bool
email_skip_run(EmailScan *scan, uint8_t class)
{
	const char *start = scan->p;

	while (scan->p < scan->end && EMAIL_IS(*scan->p, class))
		scan->p++;

	return scan->p > start;
}

/* Words between dots, up to the @. */
static EmailStatus
email_scan_local(EmailScan *scan)
{
	bool		first = true;

	for (;; first = false)
	{
		const char *word_end;
		bool		quoted = false;
		EmailStatus status = email_skip_cfws(scan);

		if (status != EMAIL_VALID)
			return status;
		if (scan->p == scan->end)
			return EMAIL_MISSING_AT;
		if (*scan->p == '"')
		{
			quoted = true;
			status = email_skip_quoted(scan);
			if (status != EMAIL_VALID)
				return status;
		}
		else if (!email_skip_run(scan, EMAIL_ATEXT))
		{
			if (*scan->p == '@')
				return first ? EMAIL_MISSING_LOCAL : EMAIL_LOCAL_TRAILING_DOT;
			if (*scan->p == '.')
				return first ? EMAIL_LOCAL_LEADING_DOT : EMAIL_LOCAL_DOUBLE_DOT;
			if ((uint8_t) *scan->p >= 0x80)
				return EMAIL_LOCAL_NOT_ASCII;
			return EMAIL_IS(*scan->p, EMAIL_CONTROL) ?
				EMAIL_CONTROL_CHARACTER : EMAIL_LOCAL_CHARACTER;
		}

		word_end = scan->p;
		status = email_skip_cfws(scan);
		if (status != EMAIL_VALID)
			return status;
		if (scan->p == scan->end)
			return EMAIL_MISSING_AT;
		if (*scan->p == '@')
			return EMAIL_VALID;
		if (*scan->p != '.')
		{
			if (quoted || *scan->p == '"')
				return EMAIL_LOCAL_QUOTE_MISPLACED;
			if (scan->p > word_end)
				return EMAIL_LOCAL_BLANK;
			if ((uint8_t) *scan->p >= 0x80)
				return EMAIL_LOCAL_NOT_ASCII;
			return EMAIL_IS(*scan->p, EMAIL_CONTROL) ?
				EMAIL_CONTROL_CHARACTER : EMAIL_LOCAL_CHARACTER;
		}
		scan->p++;
	}
}

/* Why the domain ends or breaks here; gap tells of comments or blanks before. */
static EmailStatus
email_domain_reason(const EmailScan *scan, bool gap)
{
	if (*scan->p == '@')
		return EMAIL_SEVERAL_AT;
	if (*scan->p == '[' || *scan->p == ']')
		return EMAIL_LITERAL_MISPLACED;
	if (gap)
		return EMAIL_DOMAIN_BLANK;
	if ((uint8_t) *scan->p >= 0x80)
		return EMAIL_DOMAIN_NOT_ASCII;

	return EMAIL_IS(*scan->p, EMAIL_CONTROL) ?
		EMAIL_CONTROL_CHARACTER : EMAIL_DOMAIN_CHARACTER;
}

/*
 * A literal, or atoms between dots, up to the end.  The grammar would take any
 * atom; section 3.4.1 has it be a host name, with the characters and lengths
 * of RFC 1034 3.1 and 3.5 and RFC 1123 2.1.
 */
static EmailStatus
email_scan_domain(EmailScan *scan)
{
	bool		first = true;
	bool		literal;
	bool		long_label = false;
	bool		all_numeric = true;
	size_t		total = 0;

	for (;; first = false)
	{
		const char *start;
		const char *end;
		EmailStatus status = email_skip_cfws(scan);

		if (status != EMAIL_VALID)
			return status;
		if (scan->p == scan->end)
			return first ? EMAIL_MISSING_DOMAIN : EMAIL_DOMAIN_TRAILING_DOT;
		if (*scan->p == '.')
			return first ? EMAIL_DOMAIN_LEADING_DOT : EMAIL_DOMAIN_DOUBLE_DOT;

		start = scan->p;
		literal = first && *start == '[';
		if (literal)
		{
			status = email_skip_literal(scan);
			if (status != EMAIL_VALID)
				return status;
		}
		else if (!email_skip_run(scan, EMAIL_LDH))
			return email_domain_reason(scan, false);
		else if (*start == '-')
			return EMAIL_DOMAIN_LEADING_HYPHEN;
		else if (scan->p[-1] == '-')
			return EMAIL_DOMAIN_TRAILING_HYPHEN;

		end = scan->p;
		total += end - start + (first ? 0 : 1);
		if (!literal && end - start > EMAIL_MAX_LABEL)
			long_label = true;
		while (start < end && EMAIL_IS(*start, EMAIL_DIGIT))
			start++;
		all_numeric &= start == end;

		status = email_skip_cfws(scan);
		if (status != EMAIL_VALID)
			return status;
		if (scan->p == scan->end)
			break;
		if (literal)
			return EMAIL_LITERAL_MISPLACED;
		if (*scan->p != '.')
			return email_domain_reason(scan, scan->p > end);
		scan->p++;
	}

	if (literal)
		return EMAIL_VALID;
	if (long_label)
		return EMAIL_DOMAIN_LABEL_TOO_LONG;
	if (total > EMAIL_MAX_DOMAIN)
		return EMAIL_DOMAIN_TOO_LONG;

	return all_numeric && !first ? EMAIL_DOMAIN_NUMERIC : EMAIL_VALID;
}

EmailStatus
email_parse_rfc5322(const char *str, size_t len, size_t *separator)
{
	EmailScan	scan = {str, str + len};
	EmailStatus status = email_scan_local(&scan);

	if (status != EMAIL_VALID)
		return status;
	*separator = scan.p - str;
	scan.p++;

	return email_scan_domain(&scan);
}
