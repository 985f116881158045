#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# NetworkPolicy while it changes: of a stream of requests that the old and the new policies deny none
# gets through, and none is lost that both allow.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=policies.sh
. "$(dirname "$0")/policies.sh"
KEEP_FLOWS=yes # a flow that is forgotten loses its answer
begin_policies
STEPS=${STEPS:-40}
# so many connections come and go that the table of a small machine would be full of old ones
sysctls node net/netfilter/nf_conntrack_tcp_timeout_time_wait=1 net/netfilter/nf_conntrack_udp_timeout=1

# step N: applies one of many states, all of which deny the client pod1, and allow pod2 its port 8080
step() {
	local i tier=$(($1 % 3)) more=$(($1 % 5))
	namespace shop "n: x$(($1 % 4))"
	pod shop/web $P1@node1 "app: web, tier: t$tier" "{name: http, containerPort: $((8080 + $1 % 2))}"
	pod shop/api $P2@node1 "app: api, tier: t$(($1 % 2))"
	pod shop/db $R1@node2 "app: db, tier: t$more"
	[ $(($1 % 2)) -eq 0 ] || pod shop/more $R2@node2 "app: more"
	policy shop/closed "podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress]"
	policy shop/api "podSelector: {matchExpressions: [{key: app, operator: In, values: [web]}]}, ingress: [{from: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 8080, endPort: $((8080 + tier))}, {port: 8080, protocol: UDP}]}]"
	for ((i = 0; i < more; i++)); do
		policy "shop/p$i" "podSelector: {matchLabels: {tier: t$i}}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {matchLabels: {app: db}}}, {ipBlock: {cidr: $REMOTE2/$HOST}}], ports: [{port: $((8081 + i))}, {port: http}]}], egress: [{to: [{podSelector: {matchLabels: {app: web}}}]}]"
	done
	[ $(($1 % 7)) -ne 6 ] || policy shop/nodes "podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {n: x1}}}], ports: [{port: 8080}]}], egress: [{}]"
	enforce
}

# sends WHERE ADDRESS: datagrams and connections to port 8080 until it is ended
sends() {
	# shellcheck disable=SC2016
	start "$1" bash -c 'while :; do for i in 1 2 3 4 5 6 7 8 9; do echo x >"/dev/udp/$1/8080"; done; "$2" ask tcp "$1" 8080 --timeout 1 --count 20 --give-up 20 >/dev/null; done' \
		sends "$2" "$PROBE" 2>/dev/null &
	STREAM=$!
	SERVERS+=("$STREAM")
}

# counted NAMESPACE TABLE CHAIN: prints how many packets its rule counted
counted() {
	local family=$FAMILY
	[ "$2" != seen ] || family=inet
	at "$1" nft list chain "$family" "$2" "$3" | sed -n 's/.*packets \([0-9]*\) .*/\1/p'
}

stream() {
	local i
	step 0
	at pod1 nft -f - <<-NFT
	table inet seen {
	    chain in { type filter hook input priority 0; ${FAMILY} saddr $CLIENT ct state new counter; }
	}
	NFT
	at client nft -f - <<-NFT
	table inet seen {
	    chain out { type filter hook output priority 0; ${FAMILY} daddr $POD1 counter; }
	    chain in { type filter hook input priority 0; ${FAMILY} saddr $POD1 counter; }
	}
	NFT
	sends client "$POD1"
	for ((i = 1; i <= STEPS; i++)); do step "$i"; done
	kill "$STREAM" 2>/dev/null
	wait "$STREAM" 2>/dev/null
	check "packets that were sent" "[0-9]{3,}" "$(counted client seen out)"
	check "packets that got through" 0 "$(counted pod1 seen in)"
	check "answers" 0 "$(counted client seen in)"
	at pod1 nft delete table inet seen
	at client nft delete table inet seen
}

# answered PROTOCOL: prints the different answers to the requests of allowed; the last line may be torn
answered() {
	sed '$d' "$WORK/allowed-$1" | cut -d' ' -f1 | sort -u | paste -sd'|'
}

# Requests that all states allow are answered, as long as the states change. Every packet between the
# two pods is counted before the policies and after them. The kernel reads at each lookup which
# generation of a set is in force, and puts changed ranges in force a little later: a packet that is
# under way at that moment may find no element, and is dropped (3 of 40,000 in 40 applies on Linux
# 6.18). TCP sends it again.
allowed() {
	local i p pids=() priority before
	step 0
	for priority in 97 101; do
		at node nft -f - <<-NFT
		table $FAMILY count$priority {
		    chain between {
		        type filter hook postrouting priority $priority;
		        $FAMILY saddr { $POD1, $POD2 } $FAMILY daddr { $POD1, $POD2 } counter
		    }
		}
		NFT
	done
	for p in tcp udp; do
		"$PROBE" in "/run/netns/$PREFIX-pod2" ask $p "$POD1" 8080 --timeout 5000 --count 1000000 >"$WORK/allowed-$p" 2>&1 &
		pids+=($!)
		SERVERS+=($!)
	done
	for ((i = 1; i <= STEPS; i++)); do step "$i"; done
	kill "${pids[@]}"
	wait "${pids[@]}" 2>/dev/null
	pause 0.1
	check "requests that are always allowed, tcp" pod1 "$(answered tcp)"
	check "requests that are always allowed, udp" 'pod1(\|timeout)?' "$(answered udp)"
	before=$(counted node count97 between)
	check "packets of them" "[0-9]{3,}" "$before"
	check "packets of them that were dropped" "1?[0-9]" $((before - $(counted node count101 between)))
	for priority in 97 101; do at node nft delete table "$FAMILY" "count$priority"; done
}

all() {
	FAMILY=ip
	[ "$HOST" = 32 ] || FAMILY=ip6
	stream
	allowed
}

each_family all
finish
