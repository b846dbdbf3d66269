# plpgsql_check has nothing to say about any PL/pgSQL function.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('check');
$node->init;
$node->start;

if ($node->psql('postgres', 'CREATE EXTENSION plpgsql_check') != 0)
{
	$node->stop;
	plan skip_all => 'plpgsql_check is not installed';
}
$node->safe_psql('postgres', q{
	CREATE EXTENSION shopanalytics;
	CALL shopanalytics.create_store('checked');
	CREATE TRIGGER score_row AFTER INSERT ON checked.orders FOR EACH ROW EXECUTE FUNCTION shopanalytics.score_row('model', 'checked.order_flags');
	CREATE TRIGGER score_new_order AFTER INSERT ON checked.orders FOR EACH ROW EXECUTE FUNCTION shopanalytics.score_new_order();
});

# These put DDL of ours or the name of a type into a statement as it is, or run a
# user's own SQL with his own rights.
my @runs_text = qw(_run_ddl _follow_key_type _job_execute cr_add_query generate_shop _run_pinned _clean_rows _clean_blame _lock_row
	_check_staging _merge_latest _merge_items fill_vip_customers score_row);

# The temporary tables that functions make for each other.
my $working_tables = q{
	CALL shopanalytics._clean_prepare('checked', NULL);
	CREATE TEMP TABLE "clean row" (number bigint, "excluded by" text[], hits text[]);
	CREATE TEMP VIEW "clean view" AS SELECT NULL::jsonb AS image;
	CREATE TEMP TABLE "merge row" (id integer);
	CREATE TEMP TABLE "merge item" (op text, key jsonb, after jsonb);
};

# One line for each finding.  A trigger function is checked against a table that
# fires it.  The checker knows no columns of a record that comes from EXECUTE, and
# takes the literal in a declaration for text.
sub findings
{
	my ($schema) = @_;
	my $runs_text = join ', ', map { "'$_'" } @runs_text;

	return split /\n/, $node->safe_psql('postgres', $working_tables . qq{
		SELECT concat_ws(': ', f.oid::regprocedure, 'line ' || c.lineno, c.level, c.message, c.detail)
		  FROM pg_proc f JOIN pg_language l ON l.oid = f.prolang AND l.lanname = 'plpgsql'
		  LEFT JOIN (SELECT tgfoid, min(tgrelid::oid) AS tgrelid FROM pg_trigger GROUP BY tgfoid) t ON t.tgfoid = f.oid,
		       plpgsql_check_function_tb(f.oid, coalesce(t.tgrelid, 0), fatal_errors => false,
		           extra_warnings => true, security_warnings => true, compatibility_warnings => true) c
		 WHERE f.pronamespace = '$schema'::regnamespace
		   AND NOT (f.prosrc ~ 'IN\\s+EXECUTE' AND c.message ~ 'is not assigned yet|cached plan|never read variable|result of dynamic SQL|are no plan')
		   AND NOT (f.prosrc ~ 'RETURN QUERY EXECUTE' AND c.message ~ 'is maybe unmodified')
		   AND c.message !~ 'target type is different'
		   AND NOT (f.proname IN ($runs_text) AND c.level = 'security')
		 ORDER BY 1});
}

my @functions = split /\n/, $node->safe_psql('postgres', q{
	SELECT f.oid::regprocedure
	  FROM pg_proc f JOIN pg_language l ON l.oid = f.prolang
	 WHERE l.lanname = 'plpgsql' AND f.pronamespace = 'shopanalytics'::regnamespace
	 ORDER BY f.oid::regprocedure::text});
my @findings = findings('shopanalytics');
foreach my $function (@functions)
{
	is(join("\n", grep { index($_, "$function: ") == 0 } @findings), '', $function);
}

# It would have found something.
$node->safe_psql('postgres', q{
	CREATE SCHEMA careless;
	CREATE FUNCTION careless.f(name text) RETURNS integer LANGUAGE plpgsql AS $$
	DECLARE
		unused integer;
	BEGIN
		EXECUTE 'DROP TABLE ' || name;
		RETURN missing FROM pg_class;
	END $$;
});
my $careless = join "\n", findings('careless');
like($careless, qr/unused variable/, 'an unused variable is found');
like($careless, qr/"missing" does not exist/, 'an unknown column is found');
like($careless, qr/security/, 'an open EXECUTE is found');

$node->stop;
done_testing();
