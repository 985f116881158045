# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # what lib.sh sets
# Measures the data plane: new flows through service addresses, with one layout
# after the other, in turns. Sourced after apply.sh. The sender is in the node's own
# namespace and has a pod's address, so nothing is masqueraded and only the rules
# differ. UDP leaves through a bridge without ports; the node itself serves TCP, as it
# has all the addresses.

POD=10.255.255.254
GATEWAY=10.255.255.253 # for all addresses: a neighbour entry for each would cost more than the rules

wire() { # wire NAMESPACE
	ip -n "$1" link add sink type bridge || return
	ip -n "$1" addr add $POD/32 dev sink
	ip -n "$1" link set sink up arp off
	inside "$1" bash -c 'echo 4096 >/proc/sys/net/core/somaxconn; echo 4096 >/proc/sys/net/ipv4/tcp_max_syn_backlog'
}

forget() { inside "$1" conntrack -F >/dev/null 2>&1; }

udp_flows() { # udp_flows SIZE LAYOUT COUNT: logs the times as $name
	local space=${kept[$2]}
	ip -n "$space" route replace 10.0.0.0/8 via $GATEWAY dev sink onlink src $POD
	inside "$space" "$tool" flows udp "$3" <"$out/vips-$1" | facts "$1" "$name" udp-us
	forget "$space"
}

tcp_flows() {
	local space=${kept[$2]} port=8080
	case $2 in none | tracked) port=80 ;; esac
	ip -n "$space" route replace local 10.0.0.0/8 dev lo src $POD
	inside "$space" "$tool" flows tcp "$3" $port <"$out/vips-$1" | facts "$1" "$name" tcp-us
	forget "$space"
	ip -n "$space" route del local 10.0.0.0/8 dev lo
}

stream() { # stream SIZE LAYOUT: one established connection
	local space=${kept[$2]} rate port=8080
	case $2 in none | tracked) port=80 ;; esac
	ip -n "$space" route replace local 10.0.0.0/8 dev lo src $POD
	rate=$(inside "$space" "$tool" throughput 700 "$(awk '$1 == "tcp" { print $2; exit }' "$out/vips-$1")" 80 $port) &&
		fact "$1" "$name" gbit "$rate"
	forget "$space"
	ip -n "$space" route del local 10.0.0.0/8 dev lo
}

# kept[few] has the rules of svcrules for FEW services. They are measured in turns with
# the rules for many services, so that a busy machine slows both, and logged as FEW.
FEW=100x1
beside_few() {
	local steady=${kept[ours]}
	fresh || return
	generate $FEW "$out/base.json"
	inside "$ns" "$svcrules" apply -f "$out/base.json" "${node[@]}" --quiet >"$out/said" 2>&1
	kept[few]=$ns kept[ours]=$steady
	rm -f "$out/base.json"
}

# The turns are short, so that other work of the machine slows all layouts equally.
flows_of() { # flows_of SIZE LAYOUT ROUND
	udp_flows "$1" "$2" 2000
	tcp_flows "$1" "$2" 1000
	[ $(($3 % 8)) -ne 0 ] || stream "$1" "$2"
}

# Loads what every node has without the rules of services: connection tracking and NAT.
tracked() {
	fresh && inside "$ns" nft -f - <<-'NFT'
		table ip tracked {
			chain prerouting { type nat hook prerouting priority -100; }
			chain output { type nat hook output priority -100; }
			chain postrouting {
				type nat hook postrouting priority 100;
				ip saddr 192.0.2.250 masquerade
			}
		}
	NFT
}

# data_plane SIZE ROUNDS: measures all layouts in kept
data_plane() {
	local size=$1 rounds=$2 layout name i
	fresh || return
	kept[none]=$ns
	tracked || return
	kept[tracked]=$ns
	generate "$size" "$out/vips-$size" --form vips
	generate $FEW "$out/vips-$FEW" --form vips
	for layout in "${!kept[@]}"; do wire "${kept[$layout]}"; done
	for ((i = 0; i < rounds; i++)); do
		for layout in none tracked ours maps chains iptables; do
			[ -n "${kept[$layout]:-}" ] || continue
			name=$layout
			flows_of "$size" "$layout" "$i"
		done
		[ -z "${kept[few]:-}" ] || { name=ours; flows_of $FEW few 1; }
	done
	rm -f "$out"/vips-*
}
