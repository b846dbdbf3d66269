# shopctl's command line: help, version, and what it says to a wrong one.
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

program_help_ok('shopctl');
program_version_ok('shopctl');
program_options_handling_ok('shopctl');

# Exit code, standard output and standard error of a call.
sub shopctl
{
	my @arguments = @_;
	my ($stdout, $stderr) = ('', '');

	IPC::Run::run [ 'shopctl', @arguments ], '<', \undef, '>', \$stdout, '2>', \$stderr;
	return ($? >> 8, $stdout, $stderr);
}

sub usage_error_ok
{
	my ($arguments, $message, $name) = @_;
	my ($exit, $stdout, $stderr) = shopctl(@$arguments);

	is($exit, 2, "$name: exit code");
	is($stdout, '', "$name: nothing on standard output");
	like($stderr, $message, "$name: message");
	return;
}

my ($exit, $stdout, $stderr) = shopctl('load', '--help');
is($exit, 0, 'load --help: exit code');
is($stderr, '', 'load --help: nothing on standard error');
my @long = grep { length($_) > 95 } split /\n/, $stdout;
is_deeply(\@long, [], 'load --help: lines fit a terminal');
foreach my $code (0 .. 4)
{
	like($stdout, qr/^  $code  \w/m, "load --help explains exit status $code");
}

($exit, $stdout) = shopctl('load', '--version');
is($exit, 0, 'load --version: exit code');
like($stdout, qr/^shopctl \(shopanalytics\) \d/, 'load --version: output');

usage_error_ok([], qr/no command given/, 'no command');
usage_error_ok(['lod'], qr/unrecognized command "lod"\n.*Try "shopctl --help"/, 'unknown command');
usage_error_ok(['--lod'], qr/unrecognized option "--lod"/, 'unknown option');
usage_error_ok([ 'load', '--lod' ], qr/unrecognized option.*\n.*Try "shopctl load --help"/, 'unknown option of load');
usage_error_ok([ 'load', 'f.csv' ], qr/no table given/, 'no table');
usage_error_ok([ 'load', '-t', 't' ], qr/no file given/, 'no file');
usage_error_ok([ 'load', '-t', 't', '-', '-' ], qr/only once/, 'standard input twice');
usage_error_ok([ 'load', '-t', 't', '--encoding=EBCDIC', 'f' ], qr/encoding "EBCDIC" is not known\n.*hint:/, 'unknown encoding');
usage_error_ok([ 'load', '-t', 't', '--delimiter=;;', 'f' ], qr/single one-byte character, not ";;"/, 'two delimiters');
usage_error_ok([ 'load', '-t', 't', '--delimiter=', 'f' ], qr/single one-byte character/, 'empty delimiter');
usage_error_ok([ 'load', '-t', 't', "--delimiter=\n", 'f' ], qr/cannot be a line break/, 'line feed as delimiter');
usage_error_ok([ 'load', '-t', 't', "--quote=\x{c2}\x{a7}", 'f' ], qr/single one-byte character/, 'quote of two bytes');
usage_error_ok([ 'load', '-t', 't', '--quote=,', 'f' ], qr/must differ/, 'quote is delimiter');
usage_error_ok([ 'load', '-t', 't', '--map=a', 'f' ], qr/pairs.*"a"/, 'map without equals sign');
usage_error_ok([ 'load', '-t', 't', '--map==a', 'f' ], qr/pairs.*"=a"/, 'map without file column');
usage_error_ok([ 'load', '-t', 't', '--map=a=b,', 'f' ], qr/pairs/, 'map with a comma too many');
usage_error_ok([ 'load', '-t', 't', '--columns=a,b', 'f' ], qr/needs --no-header/, 'columns with header');
usage_error_ok([ 'load', '-t', 't', '--no-header', '--columns=a,,b', 'f' ], qr/empty name/, 'columns with an empty name');
usage_error_ok([ 'load', '-t', 't', '--max-rejects=-1', 'f' ], qr/0 or more, not "-1"/, 'negative limit');
usage_error_ok([ 'load', '-t', 't', '--max-rejects=9999999999999999999', 'f' ], qr/must be a number/, 'huge limit');
usage_error_ok([ 'load', '-t', 't', '--max-rejects=1x', 'f' ], qr/not "1x"/, 'limit that is no number');
usage_error_ok([ 'load', '-t', 't', '--date-format=DD/MM', 'f' ], qr/lacks the year/, 'date format without year');
usage_error_ok([ 'load', '-t', 't', '--date-format=YYYY-MM-DDTHH24', 'f' ], qr/not an element.*\n.*hint:/, 'date format with a bare letter');
usage_error_ok([ 'load', '-t', 't', '--date-format=DD.MM.YYYY HH:MI', 'f' ], qr/needs AM or PM/, 'date format with half a clock');
usage_error_ok([ 'load', '-t', 't', '--date-format=DD.MM.YYYY DD', 'f' ], qr/DD is in it twice/, 'date format with two days');

done_testing();
