-- A17, A18: e-mail addresses.  The cases come from the grammars of RFC 5321
-- 4.1.2, RFC 5322 3.4.1 and 4.4, RFC 6531 3.3 and of the HTML standard; what
-- each status means is in doc/reference/email.md.

--
-- Ordinary use
--
SELECT email, shopanalytics.email_status(email), shopanalytics.email_valid(email),
       shopanalytics.email_normalize(email), shopanalytics.email_domain(email)
FROM (VALUES (1, 'anna@example.com'), (2, ' Anna@Example.COM '), (3, 'anna.example.com'),
             (4, 'anna@example'), (5, 'anna@bücher.example'), (6, ''), (7, NULL)) AS t(n, email)
ORDER BY n;

-- a literal or varchar finds the function, not a cast to its type
SELECT shopanalytics.email_status('anna@example.com');
SELECT shopanalytics.email_status('anna@example.com'::varchar(40), 'html5');
SELECT shopanalytics.email_status(email => 'anna@example.com', profile => 'rfc5322');

--
-- Each case: the status under default, html5, rfc5321, rfc6531, rfc5322; a
-- dash stands for the status before it.  No row is right.
--
CREATE TABLE email_case (address text, by_default text, html5 text, rfc5321 text, rfc6531 text, rfc5322 text);

-- plain addresses and the characters of atoms
INSERT INTO email_case VALUES
    ('a@b.de', 'valid', '-', '-', '-', '-'),
    ('first.last@sub.example.co.uk', 'valid', '-', '-', '-', '-'),
    ($$!#$%&'*+-/=?^_`{|}~@example.org$$, 'valid', '-', '-', '-', '-'),
    ('0@0a.de', 'valid', '-', '-', '-', '-'),
    ('a@b.xn--p1ai', 'valid', '-', '-', '-', '-'),
    ('a@b--c.de', 'valid', '-', '-', '-', '-'),
    ('a@1and1.de', 'valid', '-', '-', '-', '-'),
    ('a@b.museum', 'valid', '-', '-', '-', '-');

-- nothing, blanks and the @
INSERT INTO email_case VALUES
    ('', 'empty', '-', '-', '-', '-'),
    ('  ', 'empty', '-', '-', '-', '-'),
    (E'\t\n', 'empty', '-', '-', '-', '-'),
    (E'\u3000', 'empty', '-', '-', '-', '-'),
    (' a@b.de', 'outer_blank', '-', '-', '-', 'valid'),
    ('a@b.de ', 'outer_blank', '-', '-', '-', 'valid'),
    (E'a@b.de\n', 'outer_blank', '-', '-', '-', 'broken_folding'),
    (E'a@b.de\u00a0', 'outer_blank', '-', '-', '-', 'domain_not_ascii'),
    ('ab.de', 'missing_at', '-', '-', '-', '-'),
    ('a at b.de', 'missing_at', '-', '-', '-', '-'),
    ('"a@b.de"', 'missing_at', 'local_character', 'missing_at', '-', '-'),
    ('(a@b.de)', 'comment_not_allowed', 'comment_not_allowed', 'comment_not_allowed', '-', 'missing_at'),
    ('a@b@c.de', 'several_at', '-', '-', '-', '-'),
    ('a@@c.de', 'several_at', '-', '-', '-', '-'),
    ('a@c.de@', 'several_at', '-', '-', '-', '-'),
    ('@b.de', 'missing_local', '-', '-', '-', '-'),
    ('@', 'missing_local', '-', '-', '-', '-'),
    ('a@', 'missing_domain', '-', '-', '-', '-'),
    ('Anna <a@b.de>', 'display_name', '-', '-', '-', '-'),
    ('<a@b.de>', 'display_name', '-', '-', '-', '-'),
    ('"Anna (x)" <a@b.de>', 'display_name', '-', '-', '-', '-'),
    ('a>@b.de', 'local_character', '-', '-', '-', '-');

-- local part
INSERT INTO email_case VALUES
    ('.a@b.de', 'local_leading_dot', 'valid', 'local_leading_dot', '-', '-'),
    ('a.@b.de', 'local_trailing_dot', 'valid', 'local_trailing_dot', '-', '-'),
    ('a..b@b.de', 'local_double_dot', 'valid', 'local_double_dot', '-', '-'),
    ('a b@b.de', 'local_blank', '-', '-', '-', '-'),
    (E'a\u00a0b@b.de', 'local_blank', '-', '-', '-', 'local_not_ascii'),
    ('a,b@b.de', 'local_character', '-', '-', '-', '-'),
    ('a\b@b.de', 'local_character', '-', '-', '-', '-'),
    ('a[b]@b.de', 'local_character', '-', '-', '-', '-'),
    ('mailto:a@b.de', 'local_character', '-', '-', '-', '-'),
    ('anna@b.de; otto@b.de', 'several_at', '-', '-', '-', 'domain_character'),
    ('jürgen@b.de', 'valid', 'local_not_ascii', '-', 'valid', 'local_not_ascii'),
    ('用户@b.de', 'valid', 'local_not_ascii', '-', 'valid', 'local_not_ascii'),
    (E'\u0646\u0627\u0645\u0647\u200c\u0627\u06cc@b.de', 'valid', 'local_not_ascii', '-', 'valid', 'local_not_ascii'),
    ('a€@b.de', 'local_symbol', 'local_not_ascii', '-', 'local_symbol', 'local_not_ascii'),
    ('a“b”@b.de', 'local_symbol', 'local_not_ascii', '-', 'local_symbol', 'local_not_ascii'),
    (E'a\ufffdb@b.de', 'local_symbol', 'local_not_ascii', '-', 'local_symbol', 'local_not_ascii'),
    (E'a\uffffb@b.de', 'local_symbol', 'local_not_ascii', '-', 'local_symbol', 'local_not_ascii'),
    (E'a\U0001F600@b.de', 'local_symbol', 'local_not_ascii', '-', 'local_symbol', 'local_not_ascii');

-- quoted local parts
INSERT INTO email_case VALUES
    ('"a b"@b.de', 'valid', 'local_character', 'valid', '-', '-'),
    ('"a@b"@b.de', 'valid', 'local_character', 'valid', '-', '-'),
    ('"a..b."@b.de', 'valid', 'local_character', 'valid', '-', '-'),
    ('""@b.de', 'valid', 'local_character', 'valid', '-', '-'),
    ('"\""@b.de', 'valid', 'local_character', 'valid', '-', '-'),
    ('"\\"@b.de', 'valid', 'local_character', 'valid', '-', '-'),
    ('"(a"@b.de', 'valid', 'local_character', 'valid', '-', '-'),
    ('"ä€"@b.de', 'valid', 'local_character', 'local_not_ascii', 'valid', 'local_not_ascii'),
    ('"\ä"@b.de', 'valid', 'local_character', 'local_not_ascii', 'valid', 'local_character'),
    ('"a@b.de', 'local_quote_unclosed', 'local_character', 'local_quote_unclosed', '-', '-'),
    ('"a\"@b.de', 'local_quote_unclosed', 'local_character', 'local_quote_unclosed', '-', '-'),
    ('"a@b.de\', 'local_quote_unclosed', 'local_character', 'local_quote_unclosed', '-', '-'),
    ('a"b"@b.de', 'local_quote_misplaced', 'local_character', 'local_quote_misplaced', '-', '-'),
    ('"a"b@b.de', 'local_quote_misplaced', 'local_character', 'local_quote_misplaced', '-', '-'),
    ('"a""b"@b.de', 'local_quote_misplaced', 'local_character', 'local_quote_misplaced', '-', '-'),
    ('"a".b@b.de', 'local_quote_misplaced', 'local_character', 'local_quote_misplaced', '-', 'valid'),
    ('a."b"."c d"@b.de', 'local_quote_misplaced', 'local_character', 'local_quote_misplaced', '-', 'valid');

-- comments, folding and control characters
INSERT INTO email_case VALUES
    ('a(x)@b.de', 'comment_not_allowed', '-', '-', '-', 'valid'),
    ('a@b.de(x)', 'comment_not_allowed', '-', '-', '-', 'valid'),
    ('(1(2(3)))a(\))@(x) b . (y) de', 'comment_not_allowed', '-', '-', '-', 'valid'),
    ('(x a@b.de', 'comment_not_allowed', '-', '-', '-', 'comment_unclosed'),
    ('a@b.de(x', 'comment_not_allowed', '-', '-', '-', 'comment_unclosed'),
    ('a@b.de(x\', 'comment_not_allowed', '-', '-', '-', 'comment_unclosed'),
    ('(ä)a@b.de', 'comment_not_allowed', '-', '-', '-', 'comment_character'),
    ('a(x)b@b.de', 'comment_not_allowed', '-', '-', '-', 'local_blank'),
    ('a@b(x)c.de', 'comment_not_allowed', '-', '-', '-', 'domain_blank'),
    ('a@b.de)', 'domain_character', '-', '-', '-', '-'),
    (E'a\r\n @b.de', 'control_character', '-', '-', '-', 'valid'),
    (E'a@\r\n\tb.de', 'control_character', '-', '-', '-', 'valid'),
    (E'"a\r\n b"@b.de', 'control_character', '-', '-', '-', 'valid'),
    (E'a\r\n@b.de', 'control_character', '-', '-', '-', 'broken_folding'),
    (E'a\r\n\r\n @b.de', 'control_character', '-', '-', '-', 'broken_folding'),
    (E'a\n @b.de', 'control_character', '-', '-', '-', 'broken_folding'),
    (E'(a\nb)a@b.de', 'control_character', '-', '-', '-', 'broken_folding'),
    (E'a\x01@b.de', 'control_character', '-', '-', '-', '-'),
    (E'a@b\x7f.de', 'control_character', '-', '-', '-', '-'),
    (E'"a\x01"@b.de', 'control_character', '-', '-', '-', 'valid'),
    (E'(\x01)a@b.de', 'control_character', '-', '-', '-', 'valid'),
    (E'"\\\n"@b.de', 'control_character', '-', '-', '-', 'valid'),
    (E'a\u0085b@b.de', 'control_character', '-', '-', '-', 'local_not_ascii');

-- domain
INSERT INTO email_case VALUES
    ('a@.b.de', 'domain_leading_dot', '-', '-', '-', '-'),
    ('a@b.de.', 'domain_trailing_dot', '-', '-', '-', '-'),
    ('a@b..de', 'domain_double_dot', '-', '-', '-', '-'),
    ('a@b c.de', 'domain_blank', '-', '-', '-', '-'),
    (E'a@b\u2009c.de', 'domain_blank', '-', '-', '-', 'domain_not_ascii'),
    ('a@b_c.de', 'domain_character', '-', '-', '-', '-'),
    ('a@b.de,c', 'domain_character', '-', '-', '-', '-'),
    ('a@http://b.de', 'domain_character', '-', '-', '-', '-'),
    ('a@-b.de', 'domain_leading_hyphen', '-', '-', '-', '-'),
    ('a@b-.de', 'domain_trailing_hyphen', '-', '-', '-', '-'),
    ('a@b.-', 'domain_leading_hyphen', '-', '-', '-', '-'),
    ('a@localhost', 'domain_without_dot', 'valid', '-', '-', '-'),
    ('a@b.123', 'domain_numeric', 'valid', '-', '-', '-'),
    ('a@b.c', 'domain_top_level', 'valid', '-', '-', '-'),
    ('a@b.4u', 'domain_top_level', 'valid', '-', '-', '-'),
    ('a@b.co-m', 'domain_top_level', 'valid', '-', '-', '-'),
    ('a@b.xn--', 'domain_trailing_hyphen', '-', '-', '-', '-'),
    ('a@192.0.2.1', 'domain_numeric', 'valid', 'domain_numeric', '-', '-'),
    ('a@123', 'domain_without_dot', 'valid', '-', '-', '-'),
    ('a@bücher.example', 'valid', '-', 'domain_not_ascii', 'valid', 'domain_not_ascii'),
    ('a@BÜCHER.example', 'valid', '-', 'domain_not_ascii', 'valid', 'domain_not_ascii'),
    ('a@例子。广告', 'valid', '-', 'domain_not_ascii', 'valid', 'domain_not_ascii'),
    ('a@例子。。广告', 'domain_double_dot', '-', 'domain_not_ascii', 'domain_double_dot', 'domain_not_ascii'),
    ('a@例子', 'domain_without_dot', 'valid', 'domain_not_ascii', 'valid', 'domain_not_ascii'),
    ('a@☃.example', 'domain_not_idna', '-', 'domain_not_ascii', 'domain_not_idna', 'domain_not_ascii'),
    ('a@xn--zzzzz99999.ü.de', 'domain_not_idna', '-', 'domain_not_ascii', 'domain_not_idna', 'domain_not_ascii'),
    (E'a@\u00ad\u00ad', 'domain_not_idna', '-', 'domain_not_ascii', 'domain_not_idna', 'domain_not_ascii'),
    ('a@-ü.de', 'domain_not_idna', '-', 'domain_not_ascii', 'domain_not_idna', 'domain_leading_hyphen');

-- address literals
INSERT INTO email_case VALUES
    ('a@[192.0.2.1]', 'literal_not_allowed', '-', 'valid', '-', '-'),
    ('a@[192.0.2.256]', 'literal_not_allowed', '-', 'literal_ipv4', '-', 'valid'),
    ('a@[192.0.2]', 'literal_not_allowed', '-', 'literal_ipv4', '-', 'valid'),
    ('a@[192.0.2.1.]', 'literal_not_allowed', '-', 'literal_ipv4', '-', 'valid'),
    ('a@[]', 'literal_not_allowed', '-', 'literal_ipv4', '-', 'valid'),
    ('a@[IPv6:2001:db8::1]', 'literal_not_allowed', '-', 'valid', '-', '-'),
    ('a@[ipv6:::]', 'literal_not_allowed', '-', 'valid', '-', '-'),
    ('a@[IPv6:1:2:3:4:5:6:7:8]', 'literal_not_allowed', '-', 'valid', '-', '-'),
    ('a@[IPv6:1:2:3:4:5:6:192.0.2.1]', 'literal_not_allowed', '-', 'valid', '-', '-'),
    ('a@[IPv6:::ffff:192.0.2.1]', 'literal_not_allowed', '-', 'valid', '-', '-'),
    ('a@[IPv6:1:2:3:4:5:6:7::]', 'literal_not_allowed', '-', 'valid', '-', '-'),
    ('a@[IPv6:1:2:3:4:5:6:7:8::]', 'literal_not_allowed', '-', 'literal_ipv6', '-', 'valid'),
    ('a@[IPv6:1:2:3:4:5:6:7]', 'literal_not_allowed', '-', 'literal_ipv6', '-', 'valid'),
    ('a@[IPv6:1:2:3:4:5:6:7:8:9]', 'literal_not_allowed', '-', 'literal_ipv6', '-', 'valid'),
    ('a@[IPv6:1::2::3]', 'literal_not_allowed', '-', 'literal_ipv6', '-', 'valid'),
    ('a@[IPv6:1:::2]', 'literal_not_allowed', '-', 'literal_ipv6', '-', 'valid'),
    ('a@[IPv6:12345::]', 'literal_not_allowed', '-', 'literal_ipv6', '-', 'valid'),
    ('a@[IPv6::1:2]', 'literal_not_allowed', '-', 'literal_ipv6', '-', 'valid'),
    ('a@[IPv6:1:2:]', 'literal_not_allowed', '-', 'literal_ipv6', '-', 'valid'),
    ('a@[IPv6:g::]', 'literal_not_allowed', '-', 'literal_ipv6', '-', 'valid'),
    ('a@[IPv6:]', 'literal_not_allowed', '-', 'literal_ipv6', '-', 'valid'),
    ('a@[IPv6:1:2:3:4:5:6:7:192.0.2.1]', 'literal_not_allowed', '-', 'literal_ipv6', '-', 'valid'),
    ('a@[2001:db8::1]', 'literal_not_allowed', '-', 'literal_tag', '-', 'valid'),
    ('a@[x-tag:value]', 'literal_not_allowed', '-', 'literal_tag', '-', 'valid'),
    ('a@[192.0.2.1', 'literal_not_allowed', '-', 'literal_unclosed', '-', '-'),
    ('a@[192.0.2.1\]', 'literal_not_allowed', '-', 'literal_character', '-', 'literal_unclosed'),
    ('a@[any thing]', 'literal_not_allowed', '-', 'literal_character', '-', 'valid'),
    ('a@[a[b]', 'literal_not_allowed', '-', 'literal_character', '-', '-'),
    ('a@[ä]', 'literal_not_allowed', '-', 'literal_character', '-', '-'),
    ('a@[192.0.2.1].de', 'literal_not_allowed', '-', 'literal_misplaced', '-', '-'),
    ('a@b[192.0.2.1]', 'domain_character', '-', '-', '-', 'literal_misplaced'),
    ('a@[192.0.2.1] (home)', 'literal_not_allowed', '-', 'literal_misplaced', '-', 'valid');

-- lengths, in octets: 64 before the @, 63 in a label, 255 in a domain, 254 in all
INSERT INTO email_case VALUES
    (repeat('a', 64) || '@b.de', 'valid', '-', '-', '-', '-'),
    (repeat('a', 65) || '@b.de', 'local_too_long', 'valid', 'local_too_long', '-', 'valid'),
    ('"' || repeat('a', 62) || '"@b.de', 'valid', 'local_character', 'valid', '-', '-'),
    ('"' || repeat('a', 63) || '"@b.de', 'local_too_long', 'local_character', 'local_too_long', '-', 'valid'),
    (repeat('ä', 32) || '@b.de', 'valid', 'local_not_ascii', '-', 'valid', 'local_not_ascii'),
    (repeat('ä', 33) || '@b.de', 'local_too_long', 'local_not_ascii', '-', 'local_too_long', 'local_not_ascii'),
    ('a@' || repeat('b', 63) || '.de', 'valid', '-', '-', '-', '-'),
    ('a@' || repeat('b', 64) || '.de', 'domain_label_too_long', '-', '-', '-', '-'),
    ('a@' || repeat('ü', 57) || '.de', 'valid', '-', 'domain_not_ascii', 'valid', 'domain_not_ascii'),
    ('a@' || repeat('ü', 58) || '.de', 'domain_label_too_long', '-', 'domain_not_ascii', 'domain_label_too_long', 'domain_not_ascii'),
    ('a@' || repeat('b.', 125) || 'de', 'valid', '-', '-', '-', '-'),
    ('ab@' || repeat('b.', 125) || 'de', 'too_long', 'valid', 'too_long', '-', 'valid'),
    ('a@' || repeat('b.', 126) || 'com', 'too_long', 'valid', 'too_long', '-', 'valid'),
    ('a@' || repeat('b.', 127) || 'de', 'domain_too_long', '-', '-', '-', '-'),
    ('a@' || repeat('ü.', 90) || 'de', 'domain_too_long', '-', 'domain_not_ascii', 'domain_too_long', 'domain_not_ascii');

CREATE VIEW email_answer AS
SELECT address, profile, expected, shopanalytics.email_status(address, profile) AS got, shopanalytics.email_valid(address, profile) AS valid
FROM email_case,
     LATERAL (VALUES ('default', by_default),
                     ('html5', coalesce(nullif(html5, '-'), by_default)),
                     ('rfc5321', coalesce(nullif(rfc5321, '-'), nullif(html5, '-'), by_default)),
                     ('rfc6531', coalesce(nullif(rfc6531, '-'), nullif(rfc5321, '-'), nullif(html5, '-'), by_default)),
                     ('rfc5322', coalesce(nullif(rfc5322, '-'), nullif(rfc6531, '-'), nullif(rfc5321, '-'), nullif(html5, '-'), by_default))) AS v(profile, expected);

SELECT left(address, 40) AS address, profile, expected, got FROM email_answer
WHERE expected <> got::text OR valid <> (got = 'valid') ORDER BY 1, 2;

-- every status is reached; invalid_encoding cannot be in a UTF8 database
SELECT status FROM unnest(enum_range(NULL::shopanalytics.email_verdict)) AS status
WHERE NOT EXISTS (SELECT FROM email_answer WHERE got = status);

SELECT count(*) AS addresses FROM email_case;

-- what one profile takes another that is wider takes too
SELECT left(address, 40), narrow.profile, wide.profile
FROM email_answer AS narrow JOIN email_answer AS wide USING (address)
WHERE (narrow.profile, wide.profile) IN (('rfc5321', 'rfc5322'), ('rfc5321', 'rfc6531'), ('default', 'rfc6531'))
  AND narrow.valid AND NOT wide.valid;

-- a text of 1 MB, in time that grows with its length only
SELECT profile, shopanalytics.email_status(repeat('a', 1000000) || '@b.de', profile) AS local,
       shopanalytics.email_status('a@' || repeat('b.', 500000) || 'de', profile) AS domain,
       shopanalytics.email_status(repeat('(', 1000000) || '@', profile) AS comment,
       shopanalytics.email_status(repeat('"\"', 300000) || '@b.de', profile) AS quotes,
       shopanalytics.email_status(repeat('@', 1000000), profile) AS at,
       shopanalytics.email_status(repeat('é', 500000) || '@' || repeat('é', 500000), profile) AS beyond_ascii,
       shopanalytics.email_status(repeat(' ', 1000000), profile) AS blank
FROM unnest(ARRAY['default', 'html5', 'rfc5321', 'rfc5322', 'rfc6531']) AS profile ORDER BY 1;

--
-- Normal form
--
SELECT email, '[' || shopanalytics.email_normalize(email) || ']' AS normal,
       '[' || shopanalytics.email_normalize(email, provider_rules => true) || ']' AS by_provider_rules,
       shopanalytics.email_domain(email) AS domain
FROM (VALUES
    (1, 'Anna.Schmidt@Example.COM'),
    (2, E'\u00a0\t Anna@Example.com\r\n\u200b'),
    (3, 'Jürgen@BÜCHER.Example'),
    (4, 'a@例子。广告'),
    (5, 'a@straße.de'),
    (6, 'Anna@[IPv6:2001:DB8::1]'),
    (7, 'Root@LOCALHOST'),
    (8, '"Anna S"@Example.com'),
    (10, 'Anna.S+Shop@GMail.com'),
    (11, 'anna.s@googlemail.com'),
    (12, 'anna.s+shop@Outlook.com'),
    (13, 'Anna-news@yahoo.com'),
    (14, 'an.na_s+x@proton.me'),
    (15, 'anna+x@me.com'),
    (16, '+x@gmail.com'), (19, 'a.-x@yahoo.com'),
    (17, '"Anna.S+x"@gmail.com'),
    (18, 'anna.s+x@example.com'),
    (20, ' not an address '),
    (21, 'Anna@@Example.com'),
    (22, ' Anna <Anna@Example.com>'),
    (23, 'Anna@-Example.com'),
    (24, '   '),
    (25, '')) AS t(n, email)
ORDER BY n;

-- 254 octets once in A-labels, and 255: no address any more, so left as it is
SELECT n, shopanalytics.email_status(email), length(shopanalytics.email_normalize(email)), shopanalytics.email_normalize(email) = email AS unchanged
FROM generate_series(59, 60) AS n, LATERAL (SELECT repeat('a', n) || '@' || repeat('ü.', 24) || 'DE' AS email) AS t;

-- a second run changes nothing
SELECT address FROM email_case, unnest(ARRAY[false, true]) AS rules,
       LATERAL (SELECT shopanalytics.email_normalize(address, rules) AS once) AS n
WHERE shopanalytics.email_normalize(once, rules) <> once;

-- and only the domain and the outer blanks change
SELECT address FROM email_case
WHERE split_part(btrim(address, E' \t\r\n\u00a0\u3000'), '@', 1) <> split_part(shopanalytics.email_normalize(address), '@', 1);

--
-- Null and errors
--
SELECT shopanalytics.email_status(NULL), shopanalytics.email_valid('a@b.de', NULL),
       shopanalytics.email_normalize(NULL), shopanalytics.email_domain(NULL);

SELECT shopanalytics.email_status('a@b.de', 'rfc822');
\echo :LAST_ERROR_SQLSTATE
SELECT shopanalytics.email_valid('a@b.de', '');
SELECT shopanalytics.email_valid('a@b.de', 'Default');
-- also where the profile comes from the rows
SELECT shopanalytics.email_valid('a@b.de', profile) FROM (VALUES ('html5'), ('nonsense')) AS t(profile);

DROP TABLE email_case CASCADE;
