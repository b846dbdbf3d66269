# Funnels against a search in Perl of every chain there is, over small random
# histories: each history in each of the twelve modes of funnel_level, and in those
# of window_funnel.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $histories = 24000;
my $infinity = 9**9**9;

# srand and rand are the same on every platform
srand 20260;

# one row per event: its time, and the steps it matches
sub random_history
{
	my $nsteps = 1 + int rand 4;
	my $span = 2 + int rand 5;
	my $infinite = rand() < 1 / 8;
	my $dense = rand() < 0.4;
	my @events;

	foreach (1 .. 1 + int rand 6)
	{
		my $time = int rand $span + 1;
		my $steps = int rand 1 << $nsteps;

		$steps &= int rand 1 << $nsteps unless $dense;
		$time = -$infinity if $infinite && $time == 0;
		$time = $infinity if $infinite && $time == $span;
		push @events, { time => $time, steps => $steps };
	}
	return { nsteps => $nsteps, window => int rand 6, infinite => $infinite, events => \@events };
}

# infinite times are within the window of their equals only
sub within
{
	my ($from, $to, $window) = @_;

	return $from == $to || (abs $from < $infinity && abs $to < $infinity && $to - $from <= $window);
}

# Of two chains the deeper; then the earlier start, end, first step and so on.
sub better
{
	my ($new, $old) = @_;
	my @order;

	return 1 unless $old;
	return @$new > @$old if @$new != @$old;
	@order = map { $new->[$_] <=> $old->[$_] } 0, -1, 1 .. $#$new;
	foreach (@order)
	{
		return $_ < 0 if $_ != 0;
	}
	return 0;
}

# A chain is taken in for each mode that allows it.
sub take
{
	my ($history, $found, $order, $times, $increase, $once) = @_;

	foreach my $mode (0 .. 3)
	{
		my $result = $found->{$order}[$mode] //= { spans => {} };

		next if ($mode & 1 && !$increase) || (!($mode & 2) && !$once);
		$result->{times} = [@$times] if better($times, $result->{times});
		$result->{spans}{"$times->[0] $times->[-1]"} = [ $times->[0], $times->[-1] ] if @$times == $history->{nsteps};
	}
	return;
}

# Steps in order; strict is that no row between the first and the last time is left out.
sub ordered
{
	my ($history, $found, $times, $used, $increase, $once) = @_;
	my $events = $history->{events};

	if (@$times)
	{
		take($history, $found, 'ordered', $times, $increase, $once);
		take($history, $found, 'strict', $times, $increase, $once)
		  unless grep { !$used->{$_} && $events->[$_]{time} > $times->[0] && $events->[$_]{time} < $times->[-1] } 0 .. $#$events;
	}
	return if @$times == $history->{nsteps};
	foreach my $row (0 .. $#$events)
	{
		my $time = $events->[$row]{time};

		next unless $events->[$row]{steps} >> @$times & 1;
		next if @$times && ($time < $times->[-1] || !within($times->[0], $time, $history->{window}));
		ordered($history, $found, [ @$times, $time ], { %$used, $row => 1 },
			$increase && (!@$times || $time > $times->[-1]), $once && !$used->{$row});
	}
	return;
}

# Any order: each step has a row or none, and the times are sorted at the end.
sub any_order
{
	my ($history, $found, $step, $rows) = @_;
	my $events = $history->{events};

	if ($step < $history->{nsteps})
	{
		any_order($history, $found, $step + 1, $rows);
		any_order($history, $found, $step + 1, [ @$rows, $_ ]) foreach grep { $events->[$_]{steps} >> $step & 1 } 0 .. $#$events;
	}
	elsif (@$rows)
	{
		my @times = sort { $a <=> $b } map { $events->[$_]{time} } @$rows;
		my %used = map { $_ => 1 } @$rows;

		take($history, $found, 'any', \@times, !(grep { $times[$_] == $times[ $_ - 1 ] } 1 .. $#times), keys %used == @$rows)
		  if within($times[0], $times[-1], $history->{window});
	}
	return;
}

# The most complete chains one after another: always the one that ends first.
sub completions
{
	my ($spans) = @_;
	my $count = 0;
	my $end;

	foreach (sort { $a->[1] <=> $b->[1] } values %$spans)
	{
		next if defined $end && $_->[0] <= $end;
		$end = $_->[1];
		$count++;
	}
	return $count;
}

# ClickHouse's procedure: pairs of time and step in order, a row of no step is step 0.
sub procedure
{
	my ($history, $modes) = @_;
	my ($strict, $dedup, $reentry) = map { $modes =~ $_ ? 1 : 0 } qr/order/, qr/dedup/, qr/reentry/;
	my @pairs;
	my @start;

	foreach my $event (@{ $history->{events} })
	{
		my @steps = grep { $event->{steps} >> ($_ - 1) & 1 } 1 .. $history->{nsteps};

		push @pairs, map { [ $event->{time}, $_ ] } @steps ? @steps : 0;
	}
	foreach (sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] } @pairs)
	{
		my ($time, $step) = @$_;

		if ($step == 0)
		{
			last if $strict && defined $start[1];
		}
		elsif ($step == 1)
		{
			$start[1] = $time;
		}
		elsif ($dedup && defined $start[$step])
		{
			last;
		}
		elsif ($strict && defined $start[1] && !defined $start[ $step - 1 ])
		{
			last unless $reentry;
		}
		elsif (defined $start[ $step - 1 ] && $time - $start[ $step - 1 ] <= $history->{window})
		{
			$start[$step] = $start[ $step - 1 ];
			last if $step == $history->{nsteps};
		}
	}
	return scalar grep { defined } @start;
}

sub timestamp { my ($time) = @_; return $time == $infinity ? 'infinity' : $time == -$infinity ? '-infinity' : "2024-05-01 00:00:0$time+00" }
sub array { return '{' . join(',', map { "\"$_\"" } @_) . '}' }

my $folder = PostgreSQL::Test::Utils::tempdir();
open my $event_file, '>', "$folder/event" or die;
open my $found_file, '>', "$folder/found" or die;
open my $level_file, '>', "$folder/level" or die;
my @procedures = ('default', 'strict_deduplication', 'strict_order', 'strict_order,strict_deduplication', 'strict_order,allow_reentry', 'strict_order,allow_reentry,strict_deduplication');
my %like_funnel_level = (strict_once => 0, strict_increase => 1);
my @events;

foreach my $h (1 .. $histories)
{
	my $history = random_history();
	my $found = {};

	push @events, map { join "\t", $h, "$history->{window} s", timestamp($_->{time}), array(split //, reverse sprintf "%0$history->{nsteps}b", $_->{steps}) } @{ $history->{events} };
	ordered($history, $found, [], {}, 1, 1);
	any_order($history, $found, 0, []);
	foreach my $order (qw(ordered strict any))
	{
		foreach my $mode (0 .. 3)
		{
			my $result = $found->{$order}[$mode] // {};
			my @times = @{ $result->{times} // [] };

			print $found_file join("\t", $h, join(',', $order, $mode & 1 ? 'strict_increase' : (), $mode & 2 ? 'reuse' : ()),
				scalar @times, array(map { timestamp($_) } @times), completions($result->{spans} // {})), "\n";
		}
	}
	foreach my $mode (keys %like_funnel_level)
	{
		print $level_file join("\t", $h, $mode, scalar @{ $found->{ordered}[ $like_funnel_level{$mode} ]{times} // [] }), "\n";
	}
	# the procedure knows no infinite times
	next if $history->{infinite};
	print $level_file join("\t", $h, $_, procedure($history, $_)), "\n" foreach @procedures;
}
# in an order that has nothing to do with time
for (my $i = $#events; $i > 0; $i--)
{
	my $j = int rand $i + 1;

	@events[ $i, $j ] = @events[ $j, $i ];
}
print $event_file map { "$_\n" } @events;
close $event_file;
close $found_file;
close $level_file;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "timezone = 'UTC'");
$node->start;
$node->safe_psql('postgres', qq{
	CREATE EXTENSION shopanalytics;
	CREATE TABLE event (h integer, win interval, ts timestamptz, steps boolean[], id serial);
	CREATE TABLE expected (h integer, mode text, level integer, times timestamptz[], completions bigint);
	CREATE TABLE expected_level (h integer, mode text, level integer);
	\\copy event (h, win, ts, steps) FROM '$folder/event'
	\\copy expected FROM '$folder/found'
	\\copy expected_level FROM '$folder/level'
	ANALYZE;
	CREATE TABLE funnel AS SELECT h, win, shopanalytics.funnel_agg(ts, VARIADIC steps) AS f FROM event GROUP BY h, win;
});

# table of expectations, what is found, least number of histories per mode
sub all_modes
{
	my ($name, $expected, $query, $least) = @_;
	my $sql = qq{SELECT mode, count(*), count(*) FILTER (WHERE x.level > 1) > 2000, count(*) FILTER (WHERE o IS DISTINCT FROM x)
	               FROM $expected AS x LEFT JOIN ($query) AS o USING (h, mode) GROUP BY mode ORDER BY mode};

	foreach (split /\n/, $node->safe_psql('postgres', $sql))
	{
		my ($mode, $count, $deep, $differ) = split /\|/;

		cmp_ok($count, '>=', $least, "$name, $mode: histories");
		is("$deep $differ", 't 0', "$name, $mode: many are deep, all as found by search");
	}
	return;
}

all_modes('funnel', 'expected', q{
	SELECT h, mode, shopanalytics.funnel_level(f, win, mode) AS level, shopanalytics.funnel_times(f, win, mode) AS times, shopanalytics.funnel_completions(f, win, mode) AS completions
	  FROM funnel, (SELECT DISTINCT mode FROM expected) AS m}, 24000);
all_modes('window_funnel', 'expected_level', q{
	SELECT h, mode, shopanalytics.window_funnel(win, mode, ts, VARIADIC steps) AS level
	  FROM event, (SELECT DISTINCT mode FROM expected_level) AS m GROUP BY h, mode}, 20000);

# Partial funnels merged in random trees: each goes to one of ever fewer places,
# those that meet are one from then on.
foreach my $tree (1 .. 3)
{
	my $query = "SELECT h, id % 7 AS place, shopanalytics.funnel_agg(ts, VARIADIC steps) AS f FROM event GROUP BY h, id % 7";

	$query = "SELECT h, abs(hashint8extended(h * 100 + place, $tree)) % $_ AS place, shopanalytics.rollup(f) AS f FROM ($query) AS p$_ GROUP BY 1, 2" foreach 5, 4, 3, 2, 1;
	is($node->safe_psql('postgres', "SELECT count(*), count(*) FILTER (WHERE shopanalytics.funnel_send(m.f) <> shopanalytics.funnel_send(funnel.f)) FROM ($query) AS m JOIN funnel USING (h)"),
		"$histories|0", "tree $tree: merged funnels are whole");
}

$node->stop;
done_testing();
