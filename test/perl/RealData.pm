# For the tests on public data: where they are, a server, and two questions that must
# have the same answer.
package RealData;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(data_folder start_node same);

# The folder of the data; without this file in it there is nothing to test.
sub data_folder
{
	my ($name, $file) = @_;
	my $folder = ($ENV{SHOPANALYTICS_SHARED} // '../shared') . "/data/$name";

	plan skip_all => "no $folder/$file" unless -e "$folder/$file";
	return $folder;
}

# A server with the extension, to which programs connect by default.
sub start_node
{
	my $node = PostgreSQL::Test::Cluster->new('main');

	$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
	$node->append_conf('postgresql.conf', "timezone = 'UTC'");
	$node->start;
	$ENV{PGHOST} = $node->host;
	$ENV{PGPORT} = $node->port;
	$ENV{PGDATABASE} = 'postgres';
	$node->safe_psql('postgres', 'CREATE EXTENSION shopanalytics');
	return $node;
}

# The same rows, whatever their order: as many, and none of ours that plain SQL lacks.
sub same
{
	my ($node, $name, $ours, $plain, $settings) = @_;
	my ($rows, $found, $wrong) = split /\|/, $node->safe_psql('postgres', ($settings // '') . qq{;
		WITH ours AS MATERIALIZED ($ours), plain AS MATERIALIZED ($plain)
		SELECT (SELECT count(*) FROM plain), (SELECT count(*) FROM ours),
		       (SELECT string_agg(w::text, E'\\n') FROM (TABLE ours EXCEPT ALL TABLE plain LIMIT 5) AS w)}), 3;

	cmp_ok($rows, '>', 0, "$name: $rows rows");
	is("$found $wrong", "$rows ", "$name: as by plain SQL");
	return;
}

1;
