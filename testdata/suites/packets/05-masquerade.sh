#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Options of masquerading; 01 and 02 test it for each kind of address.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
begin

web() {
	svc web type=LoadBalancer ip=$VIP node=30080 lb=$LB etp=Local
	serves web "$POD1@node1"
}

masquerade() {
	web
	apply --masquerade-all
	expect "--masquerade-all: pod to cluster IP" "pod1 $GATEWAY" pod2 $VIP 80
	expect "--masquerade-all: outside to a Local load balancer" "pod1 $CLIENT" client $LB 80
	expect "--masquerade-all: no service, not touched" "pod1 $CLIENT" client $POD1 8080
	web
	apply --masquerade-mark 0x10
	expect "another mark" "pod1 $GATEWAY" client $VIP 80
	expect "another mark, not masqueraded" "pod1 $CLIENT" client $LB 80
	web
	OPTIONS=(--backend "$TARGET" --node-name node1)
	apply
	expect "no pod CIDRs: outside keeps its address" "pod1 $CLIENT" client $VIP 80
	expect "no pod CIDRs: hairpin" "pod1 $GATEWAY" pod1 $VIP 80
	web
	OPTIONS=(--backend "$TARGET" --node-name node1 --cluster-cidr "$PODS")
	apply
	expect "pod CIDRs again" "pod1 $GATEWAY" client $VIP 80
	expect "masquerade-all off again" "pod1 $POD2" pod2 $VIP 80
}

# Other bits of a packet's mark stay, and our bit is cleared before the packet leaves.
marks() {
	web
	apply
	at node nft -f - <<-NFT
	table inet neighbour {
	    counter good { }
	    counter bad { }
	    chain before { type filter hook prerouting priority -190; iifname "to-client" meta mark set 0x3; }
	    chain after {
	        type filter hook postrouting priority 250;
	        oifname "to-pod1" th dport 8080 meta mark 0x3 counter name good
	        oifname "to-pod1" th dport 8080 meta mark != 0x3 counter name bad
	    }
	}
	NFT
	expect "a neighbour's mark" "pod1 $GATEWAY" client $VIP 80
	check "other bits of the mark stay" "packets [1-9][0-9]*" "$(packets good)"
	check "our bit is cleared" "packets 0" "$(packets bad)"
	at node nft delete table inet neighbour
}

packets() {
	at node nft list counter inet neighbour "$1" | grep -o 'packets [0-9]*'
}

each_family masquerade
each_family marks
finish
