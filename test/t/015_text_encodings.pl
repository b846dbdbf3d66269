# Text functions in databases of every kind of encoding: converted (LATIN1,
# WIN1252, EUC_JP, EUC_KR), without conversion (SQL_ASCII, MULE_INTERNAL), and a
# UTF8 database that holds bytes which are not UTF-8.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('encodings');
$node->init(extra => [ '--no-locale', '--encoding=UTF8' ]);
$node->start;

for my $encoding (qw(LATIN1 WIN1252 EUC_JP EUC_KR MULE_INTERNAL SQL_ASCII))
{
	$node->safe_psql('postgres',
		"CREATE DATABASE \L$encoding\E ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
	$node->safe_psql(lc $encoding, 'CREATE EXTENSION shopanalytics');
}

# The bytes of a call's result in hex; %s stands for the text with these bytes.
sub bytes_of
{
	my ($database, $call, $hex) = @_;
	my $text = "convert_from(decode('$hex', 'hex'), '$database')";
	return $node->safe_psql($database,
		sprintf("SET client_encoding = '$database'; SELECT encode(textsend(shopanalytics.$call), 'hex')", $text));
}

sub hex_of { return unpack('H*', $_[0]); }

my @cases = (
	# database, call, input, result, why
	[ 'latin1', 'clean_text(%s)', "\xA0x\xA0\x85y\xADz\x80", 'x yz', 'no-break space, next line, soft hyphen, control' ],
	[ 'latin1', 'clean_name(%s)', "\xC9MILE O'NEIL", "\xC9mile O'Neil", 'accented capital stays' ],
	[ 'latin1', 'clean_name(%s)', "\xE9mile", "\xC9mile", 'accented letter becomes a capital' ],
	[ 'latin1', 'clean_name(%s)', "\xFFves", "\xFFves", 'a letter whose capital the encoding lacks' ],
	[ 'latin1', 'fingerprint(%s)', "\xC9cole \xE9COLE", 'ecole', 'accents folded' ],
	[ 'latin1', 'fingerprint(%s)', "\xB5m \xBD", "12 \xB5m", 'micro sign has no other form here' ],
	[ 'latin1', 'ngram_fingerprint(%s)', "\xE9c\xC9Cec", 'ceec', 'n-grams' ],
	[ 'win1252', 'clean_text(%s)', "a\x85b", "a\x85b", 'an ellipsis, not next line' ],
	[ 'win1252', 'clean_name(%s)', "\x9Cuvre", "\x8Cuvre", 'ligature' ],
	[ 'win1252', 'clean_name(%s)', "\xFFves", "\x9Fves", 'y with diaeresis has its capital here' ],
	[ 'win1252', 'fingerprint(%s)', "O\x92Neil", 'oneil', 'typographic apostrophe' ],
	[ 'euc_jp', 'clean_text(%s)', "\xA1\xA1\xB4\xC1\xA1\xA1\xBB\xFA", "\xB4\xC1 \xBB\xFA", 'ideographic space' ],
	[ 'euc_jp', 'fingerprint(%s)', "\xBB\xFA \xA3\xC1 \xB4\xC1", "a \xBB\xFA \xB4\xC1", 'full-width letter' ],
	[ 'euc_kr', 'fingerprint(%s)', "\xC7\xD1\xB1\xDB A", "a \xC7\xD1\xB1\xDB", 'Hangul stays whole' ],
	[ 'mule_internal', 'clean_name(%s)', "JOS\x81\xC9  SMITH", "Jos\x81\xC9 Smith", 'no conversion: ASCII only' ],
	[ 'sql_ascii', 'clean_text(%s)', " \xFF\x80\xC3 \t \xA0\xE9\x01 ", "\xFF\x80\xC3 \xA0\xE9", 'high bytes are kept' ],
	[ 'sql_ascii', 'clean_name(%s)', "JOS\xC9 O'NEIL", "Jos\xC9 O'Neil", 'ASCII letters are cased' ],
	[ 'sql_ascii', 'fingerprint(%s)', "b\xFF, A\xC3\x89", "a\xC3\x89 b\xFF", 'ASCII letters are folded' ],
	[ 'sql_ascii', 'ngram_fingerprint(%s, 1)', "\xFFa\xFEA", "a\xFE\xFF", 'bytes are characters' ]);

for my $case (@cases)
{
	my ($database, $call, $input, $result, $why) = @$case;
	is(bytes_of($database, $call, hex_of($input)), hex_of($result), "$database: $why");
}

is( $node->safe_psql(
		'sql_ascii',
		"SELECT encode(textsend(first_name), 'hex'), encode(textsend(last_name), 'hex')
		   FROM shopanalytics.split_name(convert_from('\\xc320536d697468ff', 'SQL_ASCII'))"),
	'c3|536d697468ff',
	'sql_ascii: a name is split at blanks');

# Random bytes, many of them on the borders of UTF-8.
srand(15);
my @borders = (0x20, 0x2C, 0x27, 0x41, 0x7F, 0x80, 0xBF, 0xC0, 0xC2, 0xCC, 0xE0, 0xE2, 0xED, 0xEF, 0xF0, 0xF4, 0xF8, 0xFF);
my @texts;
for (1 .. 3000)
{
	push @texts,
	  join '', map { sprintf '%02x', rand() < 0.5 ? $borders[ rand @borders ] : 1 + int rand 255 } 1 .. 1 + int rand 24;
}
$node->safe_psql('sql_ascii',
	'CREATE TABLE hostile AS SELECT convert_from(decode(h, \'hex\'), \'SQL_ASCII\') AS t FROM unnest(ARRAY['
	  . join(',', map { "'$_'" } @texts) . ']) AS h');
is( $node->safe_psql(
		'sql_ascii', q{
		SELECT count(*),
		       count(*) FILTER (WHERE shopanalytics.clean_text(c) = c),
		       count(*) FILTER (WHERE shopanalytics.clean_name(n) = n),
		       count(*) FILTER (WHERE shopanalytics.fingerprint(k) = k),
		       count(shopanalytics.ngram_fingerprint(t, 3)),
		       count(s)
		  FROM hostile, shopanalytics.clean_text(t) AS c, shopanalytics.clean_name(t) AS n,
		       shopanalytics.fingerprint(t) AS k, shopanalytics.split_name(t) AS s}),
	'3000|3000|3000|3000|3000|3000',
	'SQL_ASCII: random bytes are stable under a second pass');

# High bytes come out as they went in, in order.
sub high_bytes { return join '', grep { hex($_) >= 0x80 } $_[0] =~ /../g; }
for my $function (qw(clean_text clean_name))
{
	my @out = split /\n/, $node->safe_psql('sql_ascii', "SELECT encode(textsend(shopanalytics.$function(t)), 'hex') FROM hostile");
	my $lost = grep { high_bytes($texts[$_]) ne high_bytes($out[$_] // '') } 0 .. $#texts;
	is($lost, 0, "SQL_ASCII: $function keeps all high bytes");
}

# A megabyte of each kind of trouble; a slow path would run into the timeout.
for my $database (qw(sql_ascii latin1))
{
	is( $node->safe_psql(
			$database, q{
			SET statement_timeout = '60s';
			SELECT bool_and(length(shopanalytics.clean_text(t)) <= length(t)
			                AND length(shopanalytics.clean_name(t)) <= length(t)
			                AND shopanalytics.fingerprint(t) IS NOT NULL
			                AND shopanalytics.ngram_fingerprint(t) IS NOT NULL
			                AND shopanalytics.split_name(t) IS DISTINCT FROM NULL)
			  FROM (SELECT repeat(chr(c), 1000000) FROM unnest(ARRAY[1, 32, 39, 44, 45, 65, 160, 201, 255]) AS c) AS big(t)}),
		't',
		"$database: a megabyte of one character");
}

# What a UTF8 database can hold after a careless upgrade: not UTF-8.
$node->safe_psql('postgres', "UPDATE pg_database SET encoding = pg_char_to_encoding('UTF8') WHERE datname = 'sql_ascii'");
is( $node->safe_psql(
		'sql_ascii', q{
		SELECT count(shopanalytics.clean_text(t)), count(shopanalytics.clean_name(t)), count(shopanalytics.fingerprint(t)),
		       count(shopanalytics.ngram_fingerprint(t, 3)), count(shopanalytics.split_name(t))
		  FROM hostile}),
	'3000|3000|3000|3000|3000',
	'UTF8 with invalid bytes: no error');
is( $node->safe_psql(
		'sql_ascii', q{
		SELECT count(*) FILTER (WHERE bytes ~ '^(..)*(f8|ff|c0)') > 0,
		       count(*) FILTER (WHERE regexp_replace(cleaned, '(..)*?(f8|ff|c0|$)', '\2', 'g')
		                         <> regexp_replace(bytes, '(..)*?(f8|ff|c0|$)', '\2', 'g'))
		  FROM (SELECT encode(textsend(t), 'hex') AS bytes, encode(textsend(shopanalytics.clean_text(t)), 'hex') AS cleaned
		          FROM hostile) AS h}),
	't|0',
	'UTF8 with invalid bytes: they are kept');

$node->stop;
done_testing();
