
# A18: verdicts on e-mail addresses by other people's test suites, against ours
# under the profile of the same name; and addresses in databases that do not
# hold UTF-8.

use strict;
use warnings;
use open qw(:std :encoding(UTF-8));

use Encode;
use File::Spec;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION shopanalytics');

# Why an address that a suite calls invalid is valid: the first of these that
# is true of its standard and itself.
my @allowed = (
	[ qr/^(?!rfc5322).*\@\[IPv6:/s => 'RFC 4291 2.2 and RFC 5952 4: a :: may stand for one group' ],
	[ qr/\@\s*(?:\([^)]*\)\s*)*\[/ => 'RFC 5322 3.4.1: a domain-literal holds any dtext' ],
	[ qr/^rfc5322 [^\@]{65,}\@/ => 'RFC 5322 sets no length, 64 is of RFC 5321 4.5.3.1.1' ],
	[ qr/^rfc5322 .{255,}$/s => 'RFC 5322 sets no length, 254 is of RFC 5321 4.5.3.1.3' ],
	[ qr/^\w+ "/ => 'RFC 5322 3.2.4 and 4.1: quotes may be empty, hold blanks and obsolete controls' ],
	[ qr/ .*\s/s => 'RFC 5322 4.4: blanks and comments around atoms' ],
	[ qr/\@.*[^\x00-\x7f]/ => 'RFC 5890 2.3.2.3: a name of U-labels, of one label or more' ],
	[ qr/\@[^.]+$/ => 'RFC 5321 4.1.2: a domain may be one label' ],
	[ qr/\.[a-z]$/i => 'RFC 1034 3.5: a label may be one letter' ],
	[ qr/^/ => 'RFC 5322 3.4.1: a local part of words, an @, a host name' ]);

# Why an address that a suite calls valid is not: what the reference says of
# its status.
my %section;
foreach my $line (split /\n/, slurp_file('doc/reference/email.md'))
{
	$section{$1} = "$3: $2" if $line =~ /^\| `(\w+)` \| (.+) \| (RFC .+) \|$/;
}

sub explanation
{
	my ($standard, $address, $status) = @_;

	return $section{$status} if $status ne 'valid';
	foreach my $rule (@allowed)
	{
		return $rule->[1] if "$standard $address" =~ $rule->[0];
	}
	return undef;
}

# Rows of a query as lists of fields; addresses come as JSON strings, so that
# line breaks in them do no harm.
sub rows
{
	my ($query) = @_;
	return map { [ split /\t/ ] } split /\n/,
	  decode('UTF-8', $node->safe_psql('postgres', $query, extra_params => [ '-F', "\t" ]));
}

my $shared = $ENV{SHOPANALYTICS_SHARED} // '../shared';
my $corpus = File::Spec->rel2abs("$shared/data/email");

SKIP:
{
	skip "no corpus of e-mail addresses in $shared/data/email", 1
	  unless -e "$corpus/emails.tsv";

	$node->safe_psql('postgres', qq{
CREATE TABLE verdict (source text, address text, expected text, standard text, diagnosis text);
\\copy verdict FROM '$corpus/emails.tsv' WITH (FORMAT text, HEADER true)
CREATE TABLE agreed AS
SELECT standard, address, min(expected) AS expected, count(DISTINCT source) AS sources,
       string_agg(DISTINCT source, ', ') AS named,
       shopanalytics.email_status(address, standard)::text AS status
FROM verdict WHERE standard IN ('html5', 'rfc5321', 'rfc5322', 'rfc6531')
GROUP BY standard, address HAVING min(expected) = max(expected);
ALTER TABLE agreed ADD same boolean GENERATED ALWAYS AS ((status = 'valid') = (expected = 'valid')) STORED;
});

	note 'Disagreements, with the section that decides:';
	foreach my $row (rows(q{
SELECT standard, expected, status, named, to_json(address), address
FROM (SELECT *, replace(replace(address, E'\n', ' '), E'\t', ' ') FROM agreed WHERE NOT same) AS a
	(standard, full_address, expected, sources, named, status, same, address)
ORDER BY standard, expected, status, named, address COLLATE "C"}))
	{
		my ($standard, $expected, $status, $named, $json, $address) = @$row;
		my $why = explanation($standard, $address, $status);

		note "$standard: $named says $expected, we $status: $json ("
		  . ($why // 'no section found') . ")";
		ok(defined $why, "$standard: disagreement on $json has a section")
		  unless defined $why;
	}

	foreach my $row (rows(q{
SELECT standard, count(*), count(*) FILTER (WHERE same),
       count(*) FILTER (WHERE sources > 1), count(*) FILTER (WHERE same AND sources > 1)
FROM agreed GROUP BY standard ORDER BY standard}))
	{
		my ($standard, $all, $all_same, $several, $several_same) = @$row;

		diag sprintf('%s: %d of %d addresses without contradiction agree (%.1f %%); of those with several sources %d of %d',
			$standard, $all_same, $all, 100 * $all_same / $all, $several_same, $several);
		cmp_ok($several_same, '>=', 0.98 * $several,
			"$standard: at least 98 % agree where several sources do");
		next if $standard eq 'rfc5322' || $standard eq 'rfc6531';
		cmp_ok($all_same, '>=', 0.98 * $all,
			"$standard: at least 98 % agree where no source contradicts another");
	}

	note 'Under the default profile, libraries by their own rules:';
	note sprintf('%-28s %4d of %4d agree', @$_)
	  foreach rows(q{
SELECT source, count(*) FILTER (WHERE shopanalytics.email_valid(address) = (expected = 'valid')), count(*)
FROM verdict WHERE standard = 'practical' GROUP BY source ORDER BY source});
	note sprintf('rfc822, whole mailboxes with names and groups: %d of %d agree under rfc5322', @$_)
	  foreach rows(q{
SELECT count(*) FILTER (WHERE shopanalytics.email_valid(address, 'rfc5322') = (expected = 'valid')), count(*)
FROM verdict WHERE standard = 'rfc822'});
}

# What bytes there are in a database without an encoding is nobody's promise.
$node->safe_psql('postgres', q{CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'});
$node->safe_psql('bytes', 'CREATE EXTENSION shopanalytics');

sub byte_status
{
	my ($octets) = @_;
	my $hex = unpack('H*', $octets);
	return $node->safe_psql('bytes', qq{
SELECT string_agg(DISTINCT shopanalytics.email_status(address, profile)::text, ' '
                  ORDER BY shopanalytics.email_status(address, profile)::text)
       || CASE WHEN bool_and(shopanalytics.email_normalize(address) = btrim(address)) THEN '' ELSE ' changed' END
FROM (SELECT convert_from('\\x$hex', 'SQL_ASCII')) AS a(address),
     unnest(ARRAY['default', 'html5', 'rfc5321', 'rfc5322', 'rfc6531']) AS profile});
}

is(byte_status("a\@b.de"), 'valid', 'SQL_ASCII: ASCII');
foreach my $case (
	[ "\xe4\@b.de", 'a byte of Latin 1' ],
	[ "a\@b\xff.de", 'a byte that UTF-8 never has' ],
	[ "\"\xc0\x80\"\@b.de", 'an overlong form' ],
	[ "\xed\xa0\x80\@b.de", 'a surrogate' ],
	[ "\xf4\x90\x80\x80\@b.de", 'a code beyond Unicode' ],
	[ "(\xe4)a\@b.de", 'in a comment' ],
	[ "a\@b.de\xe2\x82", 'a character cut short' ],
	[ "a\@[\xe4]", 'in a literal' ])
{
	is(byte_status($case->[0]), 'invalid_encoding', "SQL_ASCII: $case->[1]");
}
is($node->safe_psql('bytes', q{SELECT shopanalytics.email_status(convert_from('\xc3a440622e6465', 'SQL_ASCII'))}),
	'valid', 'SQL_ASCII: UTF-8');

foreach my $case (
	[ 'LATIN1', 'e4406266fc2e6465', 'valid', 'e440786e2d2d62662d796b612e6465' ],
	[ 'LATIN1', 'a061406222646520', 'outer_blank', '614062226465' ],
	[ 'EUC_JP', 'b0a140b0a12e6465', 'valid', 'b0a140786e2d2d6c6c712e6465' ],
	[ 'WIN1252', '8140622e6465', 'invalid_encoding', '8140622e6465' ],
	[ 'MULE_INTERNAL', '81e440622e6465', 'invalid_encoding', '81e440622e6465' ])
{
	my ($encoding, $hex, $status, $normal) = @$case;
	my $database = lc "db_$encoding";

	$node->safe_psql('postgres', qq{CREATE DATABASE $database TEMPLATE template0 ENCODING '$encoding' LC_COLLATE 'C' LC_CTYPE 'C'})
	  unless $node->safe_psql('postgres', qq{SELECT 1 FROM pg_database WHERE datname = '$database'});
	$node->safe_psql($database, 'SET client_min_messages = error; CREATE EXTENSION IF NOT EXISTS shopanalytics');
	is( $node->safe_psql($database, qq{
SELECT shopanalytics.email_status(address) || ' ' || encode(convert_to(shopanalytics.email_normalize(address), '$encoding'), 'hex')
FROM convert_from('\\x$hex', '$encoding') AS address}),
		"$status $normal", "$encoding: $hex");
}

SKIP:
{
	skip "no corpus of e-mail addresses in $shared/data/email", 1
	  unless -e "$corpus/not_text.tsv";

	open(my $file, '<:encoding(UTF-8)', "$corpus/not_text.tsv") or die "$corpus/not_text.tsv: $!";
	my @lines = <$file>;
	close $file;
	chomp @lines;
	shift @lines;
	foreach my $line (@lines)
	{
		my ($source, $address, $expected, $standard) = split /\t/, $line;
		my $octets = encode('UTF-8', $address);

		# \udcXX is a raw byte, \uXXXX a code unit, in UTF-8 whatever it is
		$octets =~ s/\\udc([0-9a-f]{2})/chr hex $1/gie;
		$octets =~ s/\\u([0-9a-f]{4})/my $c = hex $1; $c < 0x80 ? chr $c : $c < 0x800 ? pack('C2', 0xc0 | $c >> 6, 0x80 | $c & 0x3f) : pack('C3', 0xe0 | $c >> 12, 0x80 | $c >> 6 & 0x3f, 0x80 | $c & 0x3f)/gie;
		$octets =~ s/\\\\/\\/g;

		my $profile = $standard =~ /^(?:practical|rfc822)$/ ? 'default' : $standard;
		my $hex = unpack('H*', $octets);
		my ($rc, $out, $err) = $node->psql('bytes',
			qq{SELECT shopanalytics.email_status(convert_from('\\x$hex', 'SQL_ASCII'), '$profile')});

		if ($octets =~ /\0/)
		{
			like($err, qr/invalid byte sequence for encoding/, "not text, refused: $address");
		}
		else
		{
			isnt($out, 'valid', "not text: $address is $out");
			is($err, '', "not text: no error for $address");
		}
	}
}

$node->stop;
done_testing();
