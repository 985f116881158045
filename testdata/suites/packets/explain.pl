#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# explain.pl PREFIX WORK FILE ROUTERS: asks 'svcrules explain' on each node about all requests in FILE at
# once, and compares what it predicts with the answers. Prints "ok" for each, or "not ok - ...".
# What is predicted for UDP must hold for UDP, and so on. See explain.sh for FILE.
use strict;
use warnings;

my ($prefix, $work, $file, $routers) = @ARGV;
my %router = map { $_ => 1 } split ' ', $routers;
my $two_nodes = keys %router > 1;
my ($svcrules, $probe) = @ENV{qw(SVCRULES PROBE)};
my (%server, %route);

sub lines_of {
	my ($name) = @_;
	open my $in, '<', $name or die "$name: $!\n";
	my @lines = <$in>;
	chomp @lines;
	return @lines;
}

sub write_lines {
	my ($name, @lines) = @_;
	open my $out, '>', $name or die "$name: $!\n";
	print $out map { "$_\n" } @lines;
	close $out or die "$name: $!\n";
}

# The source address and the kind of the routes from namespaces to addresses, a list of [WHERE, TO].
sub find_routes {
	my %to;
	$to{$_->[0]}{$_->[1]} = 1 for grep { !$route{$_->[0]}{$_->[1]} } @_;
	for my $where (keys %to) {
		write_lines("$work/routes", map { "route get $_" } keys %{ $to{$where} });
		for (`ip -force -o -n $prefix-$where -batch $work/routes 2>/dev/null`) {
			my ($local, $to) = /^(local |unreachable )?(\S+)/ or next;
			my ($source) = / src (\S+)/;
			$route{$where}{$to} = { source => $source, local => ($local || '') eq 'local ' };
		}
		$route{$where}{$_} ||= {} for keys %{ $to{$where} };
	}
}

# The router that has the address, or whose pod has it; empty: there is one alone, or none has it.
sub node_at {
	my ($address) = @_;
	return '' unless $two_nodes;
	return $address =~ /^(10\.244\.|fd00:10:244:)([12])[.:]/ ? "node$2" :
	       $address =~ /^(192\.0\.2\.|2001:db8:1::)([12])$/ ? "node$2" : '';
}

sub place {
	my ($address, $port) = @_;
	return $address =~ /:/ ? "[$address]:$port" : "$address:$port";
}

# One answer of explain: its ways, and whether an endpoint depends on what came before.
sub parse_answer {
	my ($text, $to, $port) = @_;
	my %answer = (ways => [], unsure => scalar($text =~ /"(remembered|scheduler)":/));
	my ($ways, %way);
	for (split /\n/, $text) {
		$ways = 1 if /"ways":/;
		next unless $ways;
		$way{to} = $1 if /"address": "([^"]*)"/;
		$way{port} = $1 if /"port": ([0-9]+)/;
		$way{masqueraded} = $1 eq 'true' if /"masqueraded": (\w+)/;
		next unless /^ {10}"verdict": "(\w+)"/;
		push @{ $answer{ways} }, { to => $to, port => $port, %way, verdict => $1 };
		%way = ();
	}
	return \%answer;
}

# True if the interface of IPVS has the address, on that node.
sub is_on_svcrules0 {
	my ($node, $address) = @_;
	return scalar grep { / \Q$address\E\// } `ip -n $prefix-$node -o address show dev svcrules0 2>/dev/null`;
}

# Whom a packet is from, for explain: an address, or this node, if it asks itself at an address that only
# the kernel knows: the interface of IPVS keeps those of services for a while when nftables serves again.
sub source_of {
	my ($packet) = @_;
	my ($flow, $source) = @$packet{qw(flow source)};
	return $source unless $flow->{here} && $source eq $packet->{to} && $flow->{options} !~ /ipvs/;
	$packet->{is_node} //= is_on_svcrules0($flow->{where}, $source);
	return $packet->{is_node} ? 'node' : $source;
}

# Asks about all packets that see the rules of one node. Each packet gets its answer.
sub ask_node {
	my ($node, $options, @packets) = @_;
	my %answer;
	write_lines("$work/questions", map { join ' ', source_of($_), place($_->{to}, $_->{port}), $_->{protocol} } @packets);
	my $out = `nsenter --net=/run/netns/$prefix-$node -- $svcrules explain $options --questions $work/questions -o json 2>$work/explain.err`;
	for (split /^}\n/m, $out) {
		my ($from, $to, $protocol) = /"question": \{\s*"from": "(.*)",\s*"to": "(.*)",\s*"protocol": "(.*)"/ or next;
		$answer{"$from $to $protocol"} = $_;
	}
	for my $p (@packets) {
		my $text = $answer{source_of($p) . ' ' . place($p->{to}, $p->{port}) . " $p->{protocol}"};
		$p->{answer} = parse_answer($text, $p->{to}, $p->{port}) if defined $text;
	}
}

# Adds what one way leads to, to what is predicted for the request; or returns the packet that another
# node sees then. For one that is masqueraded the source is the address of the node that did it.
sub outcome {
	my ($packet, $way) = @_;
	my ($flow, $node) = ($packet->{flow}, $packet->{node});
	my $predicted = $flow->{predicted};
	my $masqueraded = $packet->{masqueraded} || $way->{masqueraded};
	return push(@$predicted, { like => 'refused' }) && () if $way->{verdict} eq 'refused';
	return push(@$predicted, { like => 'timeout' }) && () if $way->{verdict} eq 'dropped';
	my $next = node_at($way->{to});
	if ($next && $next ne $node) {
		return { %$packet, answer => undef, node => $next, to => $way->{to}, port => $way->{port},
			masqueraded => $masqueraded, left => $masqueraded ? $node : undef };
	}
	my $any = $way->{to} =~ /:/ ? '::' : '0.0.0.0';
	my $name = $server{"$packet->{protocol} $way->{to} $way->{port}"} // $server{"$packet->{protocol} $any $way->{port}"};
	push @$predicted, !defined $name ? { like => 'refused|timeout|unreachable' } :
		{ name => $name, masqueraded => $masqueraded };
	return ();
}

# Follows all packets until no other node sees them.
sub follow {
	my (@packets) = @_;
	while (@packets) {
		my (%of, @next);
		find_routes(map { [ $_->{left}, $_->{to} ] } grep { $_->{left} } @packets);
		for (grep { $_->{left} } @packets) {
			my $source = $route{ delete $_->{left} }{ $_->{to} }{source};
			$_->{source} = $source if $source;
		}
		push @{ $of{"$_->{node} $_->{flow}{options}"} }, $_ for @packets;
		ask_node($_->[0]{node}, $_->[0]{flow}{options}, @$_) for values %of;
		for my $p (@packets) {
			if (!$p->{answer}) {
				my ($error) = (lines_of("$work/explain.err"), 'it said nothing');
				push @{ $p->{flow}{predicted} }, { like => "explain failed: $error" };
				next;
			}
			$p->{flow}{unsure} = 1 if $p->{answer}{unsure};
			push @next, map { outcome($p, $_) } @{ $p->{answer}{ways} };
		}
		@packets = @next;
	}
}

# True if the answer "NAME SOURCE", "NAME" or another word was predicted.
sub was_predicted {
	my ($flow, $answer) = @_;
	my ($name, $source) = split ' ', $answer, 2;
	for my $p (@{ $flow->{predicted} }) {
		return 1 if $p->{like} && $answer =~ /^($p->{like})$/;
		next unless $p->{name} && $p->{name} eq ($name // '');
		return 1 unless defined $source;
		# what is masqueraded does not come from the client, but this node's own may
		return 1 if $p->{masqueraded} ? $flow->{here} || $source ne $flow->{source} : $source eq $flow->{source};
	}
	return 0;
}

sub predictions {
	my ($flow) = @_;
	my %seen;
	return join ' ', grep { !$seen{$_}++ } map { $_->{like} // "$_->{name} (" . ($_->{masqueraded} ? 'masqueraded' : $flow->{source}) . ')' }
		@{ $flow->{predicted} };
}

# One request more, for which there is plenty of time: on a busy machine an answer may come too late.
sub late_answer {
	my ($flow) = @_;
	my ($both, @rest) = split ' ', $flow->{arguments};
	my $answer = `$probe in /run/netns/$prefix-$flow->{where} ask $flow->{protocol} @rest --timeout 5000 --count 1 --summary answers 2>&1`;
	chomp $answer;
	return $answer;
}

# Each of the answers was predicted, and if there are many requests each name that was predicted is
# among them.
sub compare {
	my ($flow) = @_;
	my $what = "$flow->{label}$flow->{where} ($flow->{source}) to $flow->{to} port $flow->{port}/$flow->{protocol}";
	my $dropped = grep { ($_->{like} // '') =~ /timeout/ } @{ $flow->{predicted} };
	my %came;
	for my $answer (split /\|/, $flow->{got}) {
		$answer = late_answer($flow) if $answer eq 'timeout' && !$dropped;
		$came{ (split ' ', $answer)[0] // '' } = 1;
		next if was_predicted($flow, $answer);
		print "not ok - explain: $what: got '$answer', predicted '", predictions($flow), "'\n";
		return;
	}
	if (!$flow->{unsure} && $flow->{many} >= 60) {
		for (grep { $_->{name} && !$came{ $_->{name} } } @{ $flow->{predicted} }) {
			print "not ok - explain: $what: $_->{name} never answered\n";
			return;
		}
	}
	print "ok\n";
}

for (lines_of("$work/servers")) {
	my ($name, @triples) = split ' ';
	$server{ join ' ', splice @triples, 0, 3 } = $name while @triples >= 3;
}

my @flows;
for (lines_of($file)) {
	my ($label, $where, $node, $options, $said, $arguments) = split /\t/;
	my ($protocols, $to, $port) = split ' ', $arguments;
	my @said = split /;/, $said, -1;
	my $all = join '|', @said;
	my ($from) = $arguments =~ / --from (\S+)/;
	my ($many) = $arguments =~ / --count (\d+)/;
	for my $protocol ($protocols eq 'both' ? qw(tcp udp) : $protocols) {
		my $got = $arguments =~ / --summary / ? shift @said // '' : $all;
		push @flows, { label => $label, where => $where, node => $node, options => $options, got => $got,
			arguments => $arguments, protocol => $protocol, to => $to, port => $port,
			from => $from,
			many => $many // 1, here => $where eq $node, predicted => [] };
	}
}
find_routes(map { [ $_->{where}, $_->{to} ] } @flows);
for (@flows) {
	my $route = $route{ $_->{where} }{ $_->{to} };
	$_->{source} = $_->{from} // $route->{source};
	$_->{source} = undef if $route->{local} && !$_->{here}; # it never leaves the namespace
}
@flows = grep { defined $_->{source} } @flows;
follow(map { { flow => $_, node => $_->{node}, source => $_->{source}, protocol => $_->{protocol},
	to => $_->{to}, port => $_->{port} } } @flows);
compare($_) for @flows;
