# SPDX-License-Identifier: GPL-2.0
# A harness for prove that counts the skipped tests by reason, for tools/check: writes lines "COUNT, a tab, REASON" to the file
# $SKIPS. The reason is the feature that the kernel or the machine lacks, if the test named one, else that of the SKIP directive.
package CountSkips;
use strict;
use warnings;
use parent 'TAP::Harness';

my %count;

sub make_parser {
	my ($self, $job) = @_;
	my ($parser, $session) = $self->SUPER::make_parser($job);
	my $lacks;

	$parser->callback(comment => sub {
		$lacks = $1 if $_[0]->as_string =~ /^# this kernel or machine lacks: (.*)/;
	});
	$parser->callback(test => sub {
		my $test = shift;
		$count{$lacks // $test->explanation}++ if $test->has_skip;
		undef $lacks;
	});
	return ($parser, $session);
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
