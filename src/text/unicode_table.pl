#!/usr/bin/perl
#
# Writes unicode_table.h, the character tables of unicode_class.c, from the
# Unicode data that come with Perl:
#
#	perl src/text/unicode_table.pl > src/text/unicode_table.h
#
use strict;
use warnings;
use Unicode::UCD qw(prop_invmap);

my $last = 0x10FFFF;

# Decided by us, see doc/reference/text.md; everything else is a property.
my @removed = (
	[ 0x00AD, 0x00AD ],    # soft hyphen
	[ 0x061C, 0x061C ],    # Arabic letter mark
	[ 0x200B, 0x200B ],    # zero width space
	[ 0x200E, 0x200F ],    # left-to-right and right-to-left mark
	[ 0x202A, 0x202E ],    # bidi embeddings and overrides
	[ 0x2060, 0x2064 ],    # word joiner, invisible operators
	[ 0x2066, 0x206F ],    # bidi isolates, deprecated controls
	[ 0xFEFF, 0xFEFF ],    # byte order mark
	[ 0xFFF9, 0xFFFB ],    # interlinear annotation
);
my @joiners = ([ 0x180E, 0x180E ], [ 0x200C, 0x200D ]);
my @tags = ([ 0xE0001, 0xE0001 ], [ 0xE0020, 0xE007F ]);
my @accents = (
	[ 0x0300, 0x036F ], [ 0x1AB0, 0x1AFF ], [ 0x1DC0, 0x1DFF ],
	[ 0x20D0, 0x20FF ], [ 0xFE20, 0xFE2F ]);

# Expands an inversion map to one value per code point.
sub expand
{
	my ($property) = @_;
	my ($starts, $values, undef, $default) = prop_invmap($property);
	my @of;
	for my $i (0 .. $#$starts)
	{
		my $end = $i < $#$starts ? $starts->[ $i + 1 ] - 1 : $last;
		$end = $last if $end > $last;
		for my $c ($starts->[$i] .. $end)
		{
			my $v = $values->[$i];
			# an "a" map counts up through the range
			$v += $c - $starts->[$i]
			  if $v ne $default && $property =~ /Mapping$/;
			$of[$c] = $v;
		}
	}
	return \@of;
}

my $category = expand('General_Category');
my $space    = expand('White_Space');
my $ccc      = expand('Canonical_Combining_Class');

my @class;
for my $c (0 .. $last)
{
	my $gc = $category->[$c];
	$class[$c] =
	    $space->[$c] eq 'Y'                         ? 'SPACE'
	  : $gc eq 'Cc'                                 ? 'REMOVED'
	  : $gc =~ /^P/                                 ? 'PUNCTUATION'
	  : $gc eq 'Lm' || $gc eq 'Sk'                  ? 'MODIFIER'
	  : $gc =~ /^S/                                 ? 'SYMBOL'
	  : $ccc->[$c] !~ /^(?:0|NR|Not_Reordered)$/    ? 'MARK'
	  : '';
}
for my $set ([ \@accents, 'ACCENT' ], [ \@removed, 'REMOVED' ],
	[ \@joiners, 'JOINER' ], [ \@tags, 'TAG' ],
	[ [ [ 0xFE00, 0xFE0F ], [ 0xE0100, 0xE01EF ] ], 'VARIATION' ])
{
	for my $range (@{ $set->[0] })
	{
		$class[$_] = $set->[1] for $range->[0] .. $range->[1];
	}
}

# Characters whose mapping differs from themselves, as runs of one distance and
# a step of one or two; a step of two never jumps over a mapped character.
sub case_runs
{
	my ($property) = @_;
	my $map = expand($property);
	my @runs;
	for my $c (0x80 .. $last)
	{
		my $to = $map->[$c];
		next if !defined $to || $to eq '0' || $to == $c;
		my $delta = $to - $c;
		if (@runs && $runs[-1]{delta} == $delta)
		{
			my $step = $c - $runs[-1]{last};
			if (   $step <= 2
				&& ($runs[-1]{step} == 0 || $runs[-1]{step} == $step))
			{
				$runs[-1]{step} = $step;
				$runs[-1]{last} = $c;
				next;
			}
		}
		push @runs, { first => $c, last => $c, delta => $delta, step => 0 };
	}
	return @runs;
}

my $version = Unicode::UCD::UnicodeVersion();
print <<"HEAD";
/*-------------------------------------------------------------------------
 *
 * unicode_table.h
 *	  Character classes and simple case mappings, Unicode $version.
 *
 * Written by unicode_table.pl: change that, not this.  Only unicode_class.c
 * includes it.
 *
 * IDENTIFICATION
 *	  src/text/unicode_table.h
 *
 *-------------------------------------------------------------------------
 */
HEAD

print "static const UnicodeRange unicode_ranges[] = {\n";
for (my $c = 0; $c <= $last;)
{
	my $from = $c;
	$c++ while $c <= $last && $class[$c] eq $class[$from];
	next if $class[$from] eq '';
	printf "\t{0x%04X, 0x%04X, UNICODE_%s},\n", $from, $c - 1, $class[$from];
}
print "};\n";

for my $map ([ 'lower', 'Simple_Lowercase_Mapping' ],
	[ 'title', 'Simple_Titlecase_Mapping' ])
{
	print "\nstatic const UnicodeCaseRun unicode_${\ $map->[0]}_runs[] = {\n";
	printf "\t{0x%04X, 0x%04X, %d, %d},\n", $_->{first}, $_->{last},
	  $_->{step} || 1, $_->{delta}
	  for case_runs($map->[1]);
	print "};\n";
}
