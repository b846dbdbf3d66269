# Logistic regression on published tables: the cases L and B1, R's glm on real data,
# and a training that is cancelled.  -- L1 L2 L3 L4 L5 L6 L7 L8 B1
use strict;
use warnings;

use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $shared = $ENV{SHOPANALYTICS_SHARED} // '../shared';
my $cases = "$shared/oracles/ml_cases.json";
my $data = "$shared/data/classification";
plan skip_all => "no $cases" unless -e $cases;
plan skip_all => "no data in $data" unless -e "$data/glm_reference.csv";

my $case = decode_json(slurp_file($cases));

my $node = PostgreSQL::Test::Cluster->new('logistic');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION shopanalytics');

# The largest relative difference of two lists of numbers; infinite if they do not pair.
sub off
{
    my ($got, $expected) = @_;
    my $off = 0;

    return 'inf' unless @$got == @$expected;
    foreach my $i (0 .. $#$got)
    {
        my ($g, $e) = ($got->[$i], $expected->[$i]);

        next if !defined $g && !defined $e;
        return 'inf' if !defined $g || !defined $e;
        my $error = abs($g - $e) / (abs($e) || 1);
        $off = $error if $error > $off;
    }
    return $off;
}

sub close_to
{
    my ($got, $expected, $bound, $name) = @_;
    my $off = off($got, $expected);

    cmp_ok($off, '<', $bound, $name) or diag("got @{[map { $_ // 'NULL' } @$got]}\nexpected @{[map { $_ // 'NULL' } @$expected]}");
    return;
}

# The aggregate's answer for rows (features, label last) as a hash.
sub fit
{
    my ($rows, $options) = @_;
    my $values = join ', ', map { my @row = @$_; my $y = pop @row; sprintf("(ARRAY[%s]::float8[], %d)", join(',', @row), $y) } @$rows;

    return decode_json($node->safe_psql('postgres', "SELECT to_json(shopanalytics.logistic_agg(y = 1, x$options)) FROM (VALUES $values) v(x, y)"));
}

my %rows;
$rows{L1} = $rows{L2} = $case->{L1}{input}{rows};
$rows{L3} = [ map { [ $_->[0], $_->[1] + 1e8, $_->[2] ] } @{ $rows{L1} } ];
$rows{L4} = $rows{L5} = $rows{L6} = $case->{L4}{input}{rows};
$rows{L7} = [ map { [ $case->{L7}{input}{x}[$_], $case->{L7}{input}{y}[$_] ] } 0 .. $#{ $case->{L7}{input}{x} } ];
$rows{L8} = [ map { my $x = $case->{L8}{input}{x1}[$_]; [ $x, 2 * $x, $case->{L8}{input}{y}[$_] ] } 0 .. $#{ $case->{L8}{input}{x1} } ];

foreach my $name (qw(L1 L6))
{
    my $e = $case->{$name}{expected};
    my $f = fit($rows{$name}, '');

    is($f->{status}, 'ok', "$name: status");
    close_to($f->{$_}, $e->{$_}, 1e-9, "$name: $_") foreach qw(coef std_err z p_value odds_ratio);
    close_to([ map { @$_ } @{ $f->{vcov} } ], [ map { @$_ } @{ $e->{vcov} } ], 1e-9, "$name: vcov");
    close_to([ $f->{$_} ], [ $e->{$_} ], 1e-9, "$name: $_") foreach qw(log_likelihood null_log_likelihood objective aic bic mcfadden_r2);
}
close_to([ @{ fit($rows{L3}, '')->{coef} }[ 1, 2 ] ], $case->{L3}{expected}{slopes_equal_L1}, 1e-7, 'L3: slopes');

my %options = (L2 => q{, 1, 'l2', 1}, L4 => q{, 1, 'l2', 1}, L5 => q{, 1, 'l2', 1, true, 'balanced'}, L7 => q{, 1, 'l2', 1, false, 'none'}, L8 => q{, 1, 'l2', 1});
foreach my $name (sort keys %options)
{
    my $e = $case->{$name}{expected};
    my $f = fit($rows{$name}, $options{$name});

    is($f->{status}, 'ok', "$name: status");
    close_to($f->{coef}, [ $e->{intercept_raw_units}, @{ $e->{coef_raw_units} } ], 1e-9, "$name: coef");
    close_to([ $f->{objective} ], [ $e->{objective} ], 1e-9, "$name: objective");
    next if $name eq 'L7';
    close_to($f->{coef_std}, [ $e->{intercept}, @{ $e->{coef} } ], 1e-9, "$name: coef_std");
    close_to([ @{ $f->{mean} }, @{ $f->{sd} } ], [ @{ $e->{scale_mean} }, @{ $e->{scale_sd} } ], 1e-9, "$name: mean and sd");
}
is(fit($rows{L7}, '')->{status}, 'separable', 'L7: separable without a penalty');
{
    my $e = $case->{L8}{unregularised_x1_only};
    my $f = fit($rows{L8}, '');

    is($f->{status}, 'collinear', 'L8: collinear without a penalty');
    close_to([ @{ $f->{coef} }, @{ $f->{std_err} } ], [ @{ $e->{coef} }, undef, @{ $e->{std_err} }, undef ], 1e-9, 'L8: the first is there');
}

# The probabilities of the cases, from stored models.
sub predicted
{
    my ($name, $options) = @_;
    my $n = @{ $rows{$name}[0] } - 1;
    my $columns = join ', ', map { "x$_" } 1 .. $n;
    my $i = 0;
    my $values = join ', ', map { $i++; '(' . join(', ', $i, @$_) . ')' } @{ $rows{$name} };

    $node->safe_psql('postgres', "CREATE TABLE \"$name\" (id, $columns, y) AS VALUES $values");
    $node->safe_psql('postgres', "SELECT shopanalytics.train_logistic('$name', '\"$name\"', 'y', key_column => 'id', test_fraction => 0$options)");
    return [ split /\n/, $node->safe_psql('postgres', "SELECT shopanalytics.predict('$name', t) FROM \"$name\" t ORDER BY id") ];
}
close_to(predicted('L1', q{, penalty => 'none'}), $case->{L1}{expected}{fitted}, 1e-9, 'L1: fitted');
close_to(predicted('L2', ''), $case->{L2}{expected}{proba}, 1e-9, 'L2: probabilities');
close_to(predicted('L4', ''), $case->{L4}{expected}{proba}, 1e-9, 'L4: probabilities');
close_to(predicted('L5', q{, class_weight => 'balanced'}), $case->{L5}{expected}{proba}, 1e-9, 'L5: probabilities');
close_to(predicted('L6', q{, penalty => 'none'}), $case->{L6}{expected}{fitted}, 1e-9, 'L6: fitted');
close_to(predicted('L7', q{, standardize => false}), $case->{L7}{expected}{proba}, 1e-9, 'L7: probabilities');
close_to(predicted('L8', ''), $case->{L8}{expected}{proba}, 1e-9, 'L8: probabilities');

# R's glm on real tables.  Its standard errors are those before its last step, which shows most in
# the smallest table: L1 has the exact ones of it.
$node->safe_psql('postgres', q{
    CREATE TABLE pima_tr (npreg int, glu int, bp int, skin int, bmi float8, ped float8, age int, type text);
    CREATE TABLE pima_te (LIKE pima_tr);
    CREATE TABLE pima_768 (npreg int, glu int, bp int, skin int, insulin int, bmi float8, ped float8, age int, class int);
    CREATE TABLE biopsy (id text, v1 int, v2 int, v3 int, v4 int, v5 int, v6 int, v7 int, v8 int, v9 int, class text);
    CREATE TABLE madlib_patients (id int, second_attack int, treatment int, trait_anxiety int);
    CREATE TABLE glm_reference (set text, formula text, term text, estimate float8, std_error float8, z float8, p float8, n int, loglik float8, deviance float8, aic float8, iterations int);
    CREATE TABLE pima_te_predicted (row int, prob float8, actual text);
});
foreach my $table (qw(pima_tr pima_te pima_768 biopsy madlib_patients glm_reference pima_te_predicted))
{
    my $file = slurp_file("$data/$table.csv");

    $file =~ s/\bNA\b//g;
    $file =~ s/\\/\\\\/g;
    $node->safe_psql('postgres', "COPY $table FROM STDIN (FORMAT csv, HEADER)\n;\n$file\\.\n");
}
my %label = (pima_tr => 'type', pima_768 => 'class', biopsy => 'class', madlib_patients => 'second_attack');
foreach my $set (sort keys %label)
{
    my $features = $node->safe_psql('postgres', "SELECT array_agg(lower(term)) FROM glm_reference WHERE set LIKE '$set%' AND term <> '(Intercept)'");
    my $result = $node->safe_psql('postgres', qq{
        SELECT status, n_train = n, abs(log_likelihood / loglik - 1) < 1e-9, abs(t.aic / r.aic - 1) < 1e-9
          FROM shopanalytics.train_logistic('$set', '$set', '$label{$set}', features => '$features', penalty => 'none', test_fraction => 0) t,
               (SELECT DISTINCT n, loglik, aic FROM glm_reference WHERE set LIKE '$set%') r});

    is($result, 'ok|t|t|t', "$set: status, rows, log-likelihood, AIC as R's");
    my @off = split /\|/, $node->safe_psql('postgres', qq{
        SELECT count(*) - (SELECT count(*) FROM glm_reference WHERE set LIKE '$set%'), max(abs(coef / estimate - 1)), max(abs(c.std_err / r.std_error - 1))
          FROM shopanalytics.coefficients('$set') c JOIN glm_reference r ON r.set LIKE '$set%' AND lower(r.term) = c.term});

    is($off[0], 0, "$set: every term");
    cmp_ok($off[1], '<', 1e-9, "$set: coefficients as R's");
    cmp_ok($off[2], '<', $set eq 'madlib_patients' ? 1.2e-8 : 1e-8, "$set: standard errors as R's");
}
cmp_ok($node->safe_psql('postgres', q{
    SELECT max(abs(shopanalytics.predict('pima_tr', t) / prob - 1))
      FROM (SELECT row_number() OVER () AS row, * FROM pima_te) t JOIN pima_te_predicted p USING (row)}), '<', 1e-9, "pima_te: predictions as R's");

# B1, all of it
$node->safe_psql('postgres', q{
    CREATE FUNCTION u(i bigint, s bigint) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT ((hashint8extended(i, s) >> 11) & 9007199254740991)::float8 / 9007199254740992.0 $$;
    CREATE UNLOGGED TABLE b1 AS
    SELECT i AS id, u(i, 11) < 1 / (1 + exp(-(-3.0 + 1.8 * x1 + 0.012 * x2 - 0.0006 * x3 + 0 * x4 + 0.35 * x5 - 1.1 * x6 + 0.00002 * x7 + 0.2 * x8 - 2.5 * x9 + 0.9 * x10))) AS y,
           x1, x2, x3, x4, x5, x6, x7, x8, x9, x10
      FROM (SELECT i, u(i, 1) AS x1, 150 * u(i, 2) AS x2, 2000 * u(i, 3) - 1000 AS x3, u(i, 4) AS x4, floor(6 * u(i, 5)) AS x5, (u(i, 6) < 0.3)::int::float8 AS x6,
                   1e5 * u(i, 7) ^ 2 AS x7, 10 * u(i, 8) - 5 AS x8, 0.2 * u(i, 9) AS x9, -ln(1 - u(i, 10)) AS x10
              FROM generate_series(1, 1000000) AS i) q;
});
my %b1 = (
    l2 => [ 0.664084124307241, 0.52083313239296, 0.518579013656469, -0.347234753090289, -0.00074043179074083, 0.591737265038488, -0.499638644577465, 0.597663313736277, 0.579699295976108, -0.144608442803922, 0.899435955209126 ],
    none => [ -2.99121918419929, 1.80431665570797, 0.0119780400479782, -0.000601596947182364, -0.00256432034046855, 0.346380792454286, -1.08979305530804, 2.00244428664856e-05, 0.200687273078743, -2.50485841123325, 0.89851707835143 ],
    std_err => [ 0.0112969765541479, 0.00886181404344217, 5.90459704557376e-05, 4.34695332052748e-06, 0.00854430102746046, 0.00151002116193704, 0.00543662506559313, 8.90149720731362e-08, 0.00089233784974294, 0.0428608878490161, 0.00338107258299572 ]);
foreach my $penalty (qw(l2 none))
{
    my @got = split /\|/, $node->safe_psql('postgres', "SELECT status, n_train, n_positive, log_likelihood FROM shopanalytics.train_logistic('b1_$penalty', 'b1', 'y', key_column => 'id', penalty => '$penalty', test_fraction => 0)");

    is("@got[0 .. 2]", 'ok 1000000 604859', "B1 $penalty: status, rows, positive rows");
    close_to([ $got[3] ], [ $penalty eq 'l2' ? -494830.805768132 : -494830.805749351 ], 1e-12, "B1 $penalty: log-likelihood");
    close_to([ split /\n/, $node->safe_psql('postgres', 'SELECT ' . ($penalty eq 'l2' ? 'coef_std' : 'coef') . " FROM shopanalytics.coefficients('b1_$penalty')") ], $b1{$penalty}, 1e-9, "B1 $penalty: coefficients");
}
close_to([ split /\n/, $node->safe_psql('postgres', "SELECT std_err FROM shopanalytics.coefficients('b1_none')") ], $b1{std_err}, 1e-9, 'B1: standard errors');
close_to([ split /\|/, $node->safe_psql('postgres', "SELECT shopanalytics.roc_auc(y, p), shopanalytics.average_precision(y, p) FROM (SELECT y, shopanalytics.predict('b1_l2', b1) AS p FROM b1) s") ],
    [ 0.827438131102565, 0.877575445150963 ], 1e-9, 'B1: areas');

# A statement_timeout ends a training in any of its phases, and nothing is stored.
foreach my $timeout (100, 300, 500)
{
    my $start = time;
    my ($status, $out, $error) = $node->psql('postgres', "SET statement_timeout = $timeout; SELECT 1 FROM shopanalytics.train_logistic('late', 'SELECT * FROM b1, generate_series(1, 3)', 'y', tolerance => 1e-16)");

    like($error, qr/canceling statement due to statement timeout/, "cancelled after $timeout ms");
    cmp_ok(time - $start, '<', $timeout / 1000 + 2, 'at once');
}
is($node->safe_psql('postgres', "SELECT count(*) FROM shopanalytics.model WHERE name = 'late'"), 0, 'no model of a training that did not end');

done_testing();
