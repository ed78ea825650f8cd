# SPDX-License-Identifier: GPL-2.0
# A harness for prove, for tools/check. Before the summary, it prints what the failed tests said. It counts the skipped tests by
# reason: writes lines "COUNT, a tab, REASON" to the file $SKIPS. The reason is the feature that the kernel or the machine lacks,
# if the test named one, else that of the SKIP directive.
package CheckHarness;
use strict;
use warnings;
use parent 'TAP::Harness';

# Lines that are printed of a program that ends with an error, but without a failed test.
use constant LAST => 20;

my (%count, @failed);

# Returns a function that takes the lines of a program one by one; it keeps the failed tests, each with the comments that follow.
sub keep_failed {
	my ($said, $last) = @_;
	my $failed;

	return sub {
		my $line = shift;

		$failed = !$line->is_ok if $line->is_test;
		push @$said, $line->as_string if $failed && ($line->is_test || $line->is_comment);
		push @$last, $line->as_string;
		shift @$last if @$last > LAST;
	};
}

sub make_parser {
	my ($self, $job) = @_;
	my ($parser, $session) = $self->SUPER::make_parser($job);
	my (@said, @last, $lacks);
	my $keep = keep_failed(\@said, \@last);

	$parser->callback(ALL => sub {
		my $line = shift;

		$keep->($line);
		$lacks = $1 if $line->is_comment && $line->as_string =~ /^# this kernel or machine lacks: (.*)/;
		return if !$line->is_test;
		$count{$lacks // $line->explanation}++ if $line->has_skip;
		undef $lacks;
	});
	$parser->callback(EOF => sub {
		return if !$parser->has_problems;
		push @failed, [$job->description, @said ? @said : @last];
	});
	return ($parser, $session);
}

sub summary {
	my ($self, $aggregate, $interrupted) = @_;

	for (@failed) {
		my ($name, @lines) = @$_;

		print "\nWhat $name said:\n", map { "  $_\n" } @lines;
	}
	return $self->SUPER::summary($aggregate, $interrupted);
}

sub runtests {
	my ($self, @tests) = @_;
	my $aggregate = $self->SUPER::runtests(@tests);

	open my $file, '>', $ENV{SKIPS} or die "$ENV{SKIPS}: $!\n";
	print $file "$count{$_}\t$_\n" for sort keys %count;
	close $file or die "$ENV{SKIPS}: $!\n";
	return $aggregate;
}

1;
