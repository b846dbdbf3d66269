# The examples of the documentation: each file's SQL blocks run in order, in one
# session on a database of the file's own, and a block of text that follows one
# directly is what psql prints for it, its notices apart when the text shows none.
# A block without may print what it likes, but no error.  A file that creates the extension itself begins without it.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use File::Find;
use IPC::Run;
use Test::More;

# Line of the fence, SQL, and the expected text or undef.
sub examples
{
	my ($markdown) = @_;
	my @found;

	while ($markdown =~ /^```sql\n(.*?)^```\n(?:\n?^```text\n(.*?)^```$)?/msg)
	{
		my ($sql, $text, $before) = ($1, $2, substr($markdown, 0, $-[0]));
		push @found, [ 1 + ($before =~ tr/\n//), $sql, $text ];
	}
	return @found;
}

sub tidy
{
	my ($text) = @_;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\A\n+|\n+\z//g;
	return $text;
}

my @files = ('README.md');
find(
	{
		no_chdir => 1,
		wanted => sub { push @files, $_ if /\.md$/ }
	},
	'doc');
@files = grep { -e $_ && examples(slurp_file($_)) } sort @files;
plan skip_all => 'no examples' unless @files;

my $node = PostgreSQL::Test::Cluster->new('doc');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "timezone = 'UTC'");
$node->start;

my $number = 0;
foreach my $file (@files)
{
	my $markdown = slurp_file($file);
	my @examples = examples($markdown);
	my $database = 'doc' . ++$number;
	my $script = '';

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, 'CREATE EXTENSION shopanalytics')
	  unless $markdown =~ /^CREATE EXTENSION shopanalytics/m;
	$script .= "\\echo == example\n$_->[1]" foreach @examples;

	IPC::Run::run [ 'psql', '-X', '-q', '-d', $node->connstr($database) ],
	  '<', \$script, '>&', \my $output;
	my (undef, @printed) = split /^== example\n/m, $output, -1;

	foreach my $example (@examples)
	{
		my ($line, undef, $expected) = @$example;
		my $printed = shift @printed // 'not reached';

		if (defined $expected)
		{
			$printed =~ s/^NOTICE:.*\n//mg unless $expected =~ /^NOTICE:/m;
			is(tidy($printed), tidy($expected), "$file:$line prints what it says");
		}
		else
		{
			unlike($printed, qr/^(ERROR|FATAL|PANIC|not reached|invalid command)/m, "$file:$line runs");
		}
	}
}

$node->stop;
done_testing();
