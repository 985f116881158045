# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # what lib.sh sets
# The data plane: new flows through service addresses, by layout, in turns.
# Sourced after apply.sh. A sender in the node's own namespace with a pod's
# address: nothing is masqueraded, and nothing but the rules differs. UDP leaves
# by a bridge without ports TCP is served on this host, which has all the addresses.

POD=10.255.255.254
GATEWAY=10.255.255.253 # of all: a neighbour entry for each address would cost more than the rules

wire() { # wire NAMESPACE
	ip -n "$1" link add sink type bridge || return
	ip -n "$1" addr add $POD/32 dev sink
	ip -n "$1" link set sink up arp off
	at "$1" bash -c 'echo 4096 >/proc/sys/net/core/somaxconn; echo 4096 >/proc/sys/net/ipv4/tcp_max_syn_backlog'
}

forget() { at "$1" conntrack -F >/dev/null 2>&1; }

udp_flows() { # udp_flows SIZE LAYOUT COUNT
	local space=${kept[$2]}
	ip -n "$space" route replace 10.0.0.0/8 via $GATEWAY dev sink onlink src $POD
	at "$space" "$tool" flows udp "$3" <"$out/vips" | facts "$1" "$2" udp-us
	forget "$space"
}

tcp_flows() {
	local space=${kept[$2]} port=8080
	[ "$2" != none ] || port=80
	ip -n "$space" route replace local 10.0.0.0/8 dev lo src $POD
	at "$space" "$tool" flows tcp "$3" $port <"$out/vips" | facts "$1" "$2" tcp-us
	forget "$space"
	ip -n "$space" route del local 10.0.0.0/8 dev lo
}

stream() { # stream SIZE LAYOUT: one established connection
	local space=${kept[$2]} rate port=8080
	[ "$2" != none ] || port=80
	ip -n "$space" route replace local 10.0.0.0/8 dev lo src $POD
	rate=$(at "$space" "$tool" throughput 700 "$(awk '$1 == "tcp" { print $2; exit }' "$out/vips")" 80 $port) &&
		fact "$1" "$2" gbit "$rate"
	forget "$space"
	ip -n "$space" route del local 10.0.0.0/8 dev lo
}

# data_plane SIZE ROUNDS: through all layouts in kept
data_plane() {
	local size=$1 rounds=$2 layout i count
	fresh || return
	kept[none]=$ns
	generate "$size" "$out/vips" --form vips
	for layout in "${!kept[@]}"; do wire "${kept[$layout]}"; done
	for ((i = 0; i < rounds; i++)); do
		for layout in none ours maps chains iptables; do
			[ -n "${kept[$layout]:-}" ] || continue
			count=4000
			[ "$layout" != iptables ] || count=2000 # each rule is tried in turn
			udp_flows "$size" "$layout" $count
			tcp_flows "$size" "$layout" 2000
			[ $((i % 3)) -ne 0 ] || stream "$size" "$layout"
		done
	done
	rm -f "$out/vips"
}

# only_flows SIZE ROUNDS FORM...: loads the layouts for their data plane alone
only_flows() {
	local size=$1 rounds=$2 form
	shift 2
	echo "== $size, flows"
	generate "$size" "$out/base.json"
	fresh || return
	kept[ours]=$ns
	at "$ns" "$svcrules" apply -f "$out/base.json" "${node[@]}" --quiet >"$out/said" 2>&1
	for form; do load "$size" "$form"; done
	data_plane "$size" "$rounds"
	rm -f "$out/base.json"
	end
}
