# The examples of the documentation: each file's SQL blocks run in order, in one
# session on a database of the file's own, and a block of text that follows one
# directly is what psql prints for it, its notices apart when the text shows none.
# A block without may print what it likes, but no error.  A file that creates the extension itself begins without it.
# What the documentation calls in our schema exists, and so does what the tables of
# migration.md say to use, in their second column.
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

# The names that a file uses: after our schema; in migration.md, calls in second columns.
sub named
{
	my ($file) = @_;
	my $markdown = slurp_file($file);
	my @names = $markdown =~ /\bshopanalytics\.([a-z_]\w*)/g;

	if ($file eq 'doc/migration.md')
	{
		push @names, $_ =~ /\b([a-z_]\w*)\(/g foreach $markdown =~ /^\|[^|]*\|([^|]*)\|/mg;
	}
	my %names = map { $_ => 1 } @names;
	return sort keys %names;
}

my @files = ('README.md');
find(
	{
		no_chdir => 1,
		wanted => sub { push @files, $_ if /\.md$/ }
	},
	'doc');
@files = sort grep { -e $_ } @files;
my @all = @files;
@files = grep { examples(slurp_file($_)) } @files;
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

$node->safe_psql('postgres', 'CREATE EXTENSION shopanalytics');
my %there = map { $_ => 1 } split /\n/, $node->safe_psql('postgres', q{
	LOAD 'shopanalytics';
	SELECT proname FROM pg_proc WHERE pronamespace IN ('shopanalytics'::regnamespace, 'pg_catalog'::regnamespace)
	UNION SELECT typname FROM pg_type WHERE typnamespace = 'shopanalytics'::regnamespace
	UNION SELECT split_part(name, '.', 2) FROM pg_settings WHERE name LIKE 'shopanalytics.%'});
is(join(' ', grep { !$there{$_} } named($_)), '', "$_ names what exists") foreach @all;

$node->stop;
done_testing();
