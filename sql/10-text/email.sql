-- One value per reason; section numbers stand in doc/reference/email.md.  The type
-- is not named as the function, or email_status('...') would be a cast to it.
CREATE TYPE shopanalytics.email_verdict AS ENUM (
    'valid',
    'empty',
    'invalid_encoding',
    'control_character',
    'outer_blank',
    'display_name',
    'missing_at',
    'several_at',
    'missing_local',
    'missing_domain',
    'comment_not_allowed',
    'comment_unclosed',
    'comment_character',
    'broken_folding',
    'local_leading_dot',
    'local_trailing_dot',
    'local_double_dot',
    'local_blank',
    'local_character',
    'local_not_ascii',
    'local_symbol',
    'local_quote_unclosed',
    'local_quote_misplaced',
    'local_too_long',
    'domain_leading_dot',
    'domain_trailing_dot',
    'domain_double_dot',
    'domain_blank',
    'domain_character',
    'domain_not_ascii',
    'domain_not_idna',
    'domain_leading_hyphen',
    'domain_trailing_hyphen',
    'domain_without_dot',
    'domain_numeric',
    'domain_top_level',
    'domain_label_too_long',
    'domain_too_long',
    'literal_not_allowed',
    'literal_unclosed',
    'literal_character',
    'literal_misplaced',
    'literal_ipv4',
    'literal_ipv6',
    'literal_tag',
    'too_long'
);

COMMENT ON TYPE shopanalytics.email_verdict IS
    'why a text is not an e-mail address, or valid';

CREATE FUNCTION shopanalytics.email_status(email text, profile text DEFAULT 'default') RETURNS shopanalytics.email_verdict
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.email_status(text, text) IS
    'the first reason why a text is not an e-mail address under a profile (default, html5, rfc5321, rfc5322, rfc6531), or valid';

CREATE FUNCTION shopanalytics.email_valid(email text, profile text DEFAULT 'default') RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.email_valid(text, text) IS
    'whether a text is an e-mail address under a profile (default, html5, rfc5321, rfc5322, rfc6531)';

CREATE FUNCTION shopanalytics.email_normalize(email text, provider_rules boolean DEFAULT false) RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.email_normalize(text, boolean) IS
    'an e-mail address trimmed, with its domain in lower case and A-labels; other text is only trimmed';

CREATE FUNCTION shopanalytics.email_domain(email text) RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.email_domain(text) IS
    'the domain of an e-mail address in lower case and A-labels, null when the text is none';
