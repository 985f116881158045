#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# NetworkPolicy: which packets are judged: not those of the node, nor replies, nor what belongs to a
# connection; and what becomes of connections when the policies change.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=policies.sh
. "$(dirname "$0")/policies.sh"
begin_policies

cluster() {
	namespace shop
	namespace data
	pod shop/web $P1@node1 "app: web"
	pod shop/api $P2@node1 "app: api"
	pod data/db $R1@node2 "app: db"
}

# closed: shop/web may do nothing, beside what the policies allow that follow
closed() {
	cluster
	policy shop/closed 'podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress]'
}

client_in() { # client_in PORTS: the client reaches shop/web at these
	policy shop/in "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: $CLIENT/$HOST}}], ports: [$1]}]"
}

client_out() { # client_out PORTS: shop/web reaches the client at these
	policy shop/out "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: $CLIENT/$HOST}}], ports: [$1]}]"
}

node_and_pods() {
	local from to
	closed
	enforce
	for from in $NODE $NODE2 $GATEWAY; do
		passes "the node reaches its pods" host pod1 8080 --from "$from"
	done
	for to in $NODE $GATEWAY; do
		passes "a pod reaches its node" pod1 "$to" 8080
	done
	drops "another node does not" other pod1 8080
	drops "nor is it reached" pod1 other 8080
	drops "nor is a pod of this node" pod2 pod1 8080
	judge
	pings "the node" yes host pod1
	pings "its node" yes pod1 host
	pings "another node" no other pod1
	pings "another pod" no pod2 pod1
	pings "to another pod" no pod1 pod2
	# the node and the pod find each other again
	ip -n "$PREFIX-$ON" neigh flush dev to-pod1
	ip -n "$PREFIX-pod1" neigh flush dev eth0
	passes "after the neighbours were forgotten" host pod1 8080
	judge
}

replies() {
	closed
	client_in '{port: 8080}, {port: 8080, protocol: UDP}, {port: 9}, {port: 9, protocol: UDP}'
	enforce
	passes "a reply of a pod whose egress is denied" client pod1 8080
	drops "a request of its own" pod1 client 8080
	judge
	expect "nobody listens: the answer and the ICMP error of the pod pass" refused client "$POD1" 9
	closed
	client_out '{port: 8080}, {port: 8080, protocol: UDP}, {port: 9}, {port: 9, protocol: UDP}'
	enforce
	passes "a reply to a pod whose ingress is denied" pod1 client 8080
	drops "a request to it" client pod1 8080
	judge
	expect "nobody listens: the answer and the ICMP error to the pod pass" refused pod1 "$CLIENT" 9
}

# Echo requests belong to no protocol with ports.
other_protocols() {
	local all='{protocol: TCP}, {protocol: UDP}, {protocol: SCTP}, {port: 1, endPort: 65535}'
	closed
	client_in "$all"
	client_out "$all"
	enforce
	passes "all ports of all protocols with ports" client pod1 8080
	judge
	pings "all ports of all protocols with ports" no client pod1
	pings "all ports of all protocols with ports" no pod1 client
	closed
	client_in ''
	enforce
	pings "everything from the client" yes client pod1
	pings "everything from the client" no pod1 client
	pings "everything from the client" no pod2 pod1
	closed
	client_out ''
	enforce
	pings "everything to the client" yes pod1 client
	pings "everything to the client" no client pod1
}

# talk FROM TO PROTOCOL LENGTH: sends so many bytes at once, and prints "answered" if one comes back
talk() {
	# shellcheck disable=SC2016
	at "$1" timeout 3 bash -c 'exec 3<>"/dev/$2/$1/8080" && { [ "$2" = udp ] || read -r <&3; } && printf "%$3s\n" x >&3 && read -rn 1 <&3 && echo answered' \
		talk "$2" "$3" "$4" 2>/dev/null
}

# Datagrams in fragments, and segments that a router on the way finds too long.
sizes() {
	closed
	client_in '{port: 8080, protocol: UDP}, {port: 8080}'
	enforce
	check "a datagram in fragments" answered "$(talk client "$POD1" udp 3500)"
	check "a datagram in fragments that is denied" "" "$(talk pod2 "$POD1" udp 3500)"
	ip -n "$PREFIX-$ON" link set to-pod1 mtu 1300
	check "longer than the link to the pod takes" answered "$(talk client "$POD1" tcp 3500)"
	ip -n "$PREFIX-$ON" link set to-pod1 mtu 1500
	closed
	client_out '{port: 8080}'
	enforce
	ip -n "$PREFIX-$ON" link set to-client mtu 1300
	check "longer than the link to the client takes" answered "$(talk pod1 "$CLIENT" tcp 3500)"
	ip -n "$PREFIX-$ON" link set to-client mtu 1500
}

connections() {
	closed
	client_in '{port: 8080}'
	enforce
	hold_start "in$HOST" client "$POD1" 8080
	check "a connection" "pod1 $CLIENT" "$(tail -n 1 "$WORK/in$HOST.out")"
	check "it works" "pod1 one" "$(hold_say "in$HOST" one)"
	closed
	client_in '{port: 8080}, {port: 8081}'
	pod shop/more "$REMOTE2@node2" "app: more"
	policy shop/more 'podSelector: {matchLabels: {app: api}}, ingress: [{from: [{podSelector: {matchLabels: {app: more}}}]}]'
	enforce
	check "it survives a change that leaves it allowed" "pod1 two" "$(hold_say "in$HOST" two)"
	closed
	enforce
	check "it runs on when it is no longer allowed" "pod1 three" "$(hold_say "in$HOST" three)"
	drops "a new one is denied" client pod1 8080
	judge
	hold_end
	closed
	client_out '{port: 8080}'
	enforce
	hold_start "out$HOST" pod1 "$CLIENT" 8080
	check "a connection of the pod" "client $POD1" "$(tail -n 1 "$WORK/out$HOST.out")"
	closed
	enforce
	check "it runs on too" "client one" "$(hold_say "out$HOST" one)"
	drops "a new one is denied" pod1 client 8080
	judge
	hold_end
	cluster
	enforce
	hold_start "open$HOST" pod1 "$CLIENT" 8080
	closed
	enforce
	check "a connection from before there were policies" "client one" "$(hold_say "open$HOST" one)"
	hold_end
}

# priorities: prints how many packets to the pod left the node with each of the priorities 0, 1, 2, 4 and 6
priorities() {
	at "$ON" nft list chain "$1" watch after | sed -n 's/.*packets \([0-9]*\) .*/\1/p' | paste -sd' '
}

# A packet's priority decides nothing, however it came about, and an allowed one has that of its type of service.
priority() {
	local family=ip n tos
	[ "$HOST" = 32 ] || family=ip6
	closed
	client_in '{port: 8080}, {port: 8080, protocol: UDP}'
	policy shop/pods 'podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 8081}]}]'
	enforce
	for n in 1 2 3 4 5 6 0x00100001 0xffffffff; do
		at "$ON" nft -f - <<-NFT
		table $family forge {
		    chain before {
		        type filter hook postrouting priority 97;
		        meta priority set $(printf '%x:%x' $((n >> 16)) $((n & 0xffff)))
		    }
		}
		NFT
		passes "priority $n: allowed" client pod1 8080
		passes "priority $n: allowed for pods" pod2 pod1 8081/tcp
		drops "priority $n: another port" client pod1 8082
		drops "priority $n: another port" pod2 pod1 8082
		drops "priority $n: another peer" client2 pod1 8080
		drops "priority $n: egress" pod1 pod2 8080
		judge
		at "$ON" nft delete table $family forge
	done
	at "$ON" nft -f - <<-NFT
	table $family watch {
	    chain after {
	        type filter hook postrouting priority 200;
	        udp dport != 8080 return
	        meta priority 0:0 counter return
	        meta priority 0:1 counter return
	        meta priority 0:2 counter return
	        meta priority 0:4 counter return
	        meta priority 0:6 counter return
	        counter
	    }
	}
	NFT
	for tos in 0x00 0x02 0x04 0x06; do # the type of service is four times that
		at client nft -f - <<-NFT
		table $family types {
		    chain out {
		        type filter hook output priority 0;
		        $family dscp set $tos
		    }
		}
		NFT
		passes "type of service $((tos * 4))" client pod1 8080/udp
		judge
		at client nft delete table $family types
	done
	if [ "$HOST" = 32 ]; then
		check "priorities of allowed packets are those of their type of service" "1 0 1 1 1 0" "$(priorities ip)"
	else
		check "priorities of allowed packets are 0" "4 0 0 0 0 0" "$(priorities ip6)"
	fi
	at "$ON" nft delete table $family watch
}

traffic() {
	node_and_pods
	replies
	other_protocols
	sizes
	connections
	priority
}

each_family traffic
finish
