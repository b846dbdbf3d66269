# 4.M: pg_upgrade takes a governed shop along, checked and done: log, requests, jobs and
# checks are as they were, and the log still verifies.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $old = PostgreSQL::Test::Cluster->new('old');
my $new = PostgreSQL::Test::Cluster->new('new');
$_->init foreach $old, $new;
$old->start;
$old->safe_psql('postgres', q{
	CREATE EXTENSION shopanalytics;
	CALL shopanalytics.create_store('demo');
	SELECT shopanalytics.audit_partitions(2);
	SELECT count(shopanalytics.audit_enable(t, pii => '{name,email}')) FROM unnest('{demo.customers}'::regclass[]) t;
	INSERT INTO demo.customers (customer_id, name, email) SELECT i, 'N' || i, i || '@shop.example' FROM generate_series(1, 100) i;
	UPDATE demo.customers SET name = upper(name) WHERE row_id % 2 = 0;
	SELECT shopanalytics.grant_duty(current_user::regrole, d, 'demo') FROM unnest('{propose,dq_admin}'::text[]) d;
	SELECT shopanalytics.cr_open('demo', 'demo.customers', 'manual', 'One name');
	SELECT shopanalytics.cr_add(1, 'U', '{"row_id": 7}', '{"name": "Seven"}'), shopanalytics.cr_submit(1);
	SELECT shopanalytics.dq_store_checks('demo');
	SELECT shopanalytics.job_add('demo', 'nightly', '@daily', 'stage');
	SELECT shopanalytics.seal()});

# All rows of the extension's tables, and what is wrong with the log.
sub contents
{
	my ($node) = @_;
	my @tables = split /\n/, $node->safe_psql('postgres', q{
		SELECT c.oid::regclass FROM pg_class c JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
		  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
		 WHERE e.extname = 'shopanalytics' AND c.relkind IN ('r', 'p') ORDER BY c.oid::regclass::text COLLATE "C"});
	return join "\n", (map { "$_:\n" . $node->safe_psql('postgres', "SELECT t::text FROM $_ t ORDER BY 1") } @tables),
	  $node->safe_psql('postgres', q{SELECT problem FROM shopanalytics.verify()}),
	  $node->safe_psql('postgres', q{SELECT table_name, problem FROM shopanalytics.audit_coverage()});
}

my $before = contents($old);
like($before, qr/Seven/, 'there is a request');
like($before, qr/nightly/, 'and a job');
$old->stop;

my $bin = $old->config_data('--bindir');
my @upgrade = ('pg_upgrade', '--no-sync', '-b', $bin, '-B', $bin, '-d', $old->data_dir, '-D', $new->data_dir,
	'-p', $old->port, '-P', $new->port, '-s', $new->host);
chdir $PostgreSQL::Test::Utils::tmp_check or die $!;
command_ok([ @upgrade, '--check' ], 'pg_upgrade --check is content');
command_ok(\@upgrade, 'pg_upgrade');
$new->start;
is(contents($new), $before, 'all is as it was');
is($new->safe_psql('postgres', q{UPDATE demo.customers SET name = 'x' WHERE row_id = 1; SELECT shopanalytics.seal() > 0}), 't', 'and it goes on');
is($new->safe_psql('postgres', 'SELECT count(*) FROM shopanalytics.verify()'), '0', 'with nothing wrong');
$new->stop;
done_testing();
