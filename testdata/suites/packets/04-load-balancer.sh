#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Load-balancer IPs: source ranges and ipMode.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
begin

# web RANGES [POLICY]: another service has the same address and no ranges
web() {
	svc web type=LoadBalancer ip=$VIP node=30080 lb=$LB ext=$EXT ranges="$1" etp="${2:-Cluster}"
	serves web "$POD1@node1"
	svc open type=LoadBalancer ip=$VIP2 port=81 lb=$LB
	serves open "$POD1@node1"
}

ranges() {
	web $CLIENT/$HOST
	apply
	expect "ranges: an allowed source" "pod1 $GATEWAY" client $LB 80 --from $CLIENT
	expect "ranges: another source" timeout client $LB 80 --from $CLIENT2
	expect "ranges: a pod" timeout pod2 $LB 80
	expect "ranges: this node" timeout node $LB 80
	expect "ranges: other ports of the address" "pod1 $GATEWAY" client $LB 81 --from $CLIENT2
	expect "ranges guard no node port" "pod1 $GATEWAY" client $NODE 30080 --from $CLIENT2
	expect "ranges guard no external IP" "pod1 $GATEWAY" client $EXT 80 --from $CLIENT2
	expect "ranges guard no cluster IP" "pod1 $GATEWAY" client $VIP 80 --from $CLIENT2
	web " $CLIENT/$HOST , $POD2/$HOST,$POD2/$((HOST - 8))" Local
	apply
	expect "ranges with Local: an allowed source" "pod1 $CLIENT" client $LB 80 --from $CLIENT
	expect "ranges with Local: another source" timeout client $LB 80 --from $CLIENT2
	expect "overlapping ranges: an allowed pod" "pod1 $POD2" pod2 $LB 80
}

# more ranges than rules of a chain, so that they are in a set
many_ranges() {
	local filler='' all=0.0.0.0/0 half=0.0.0.0/1,128.0.0.0/1 i

	for ((i = 0; i < 40; i += 2)); do
		if [[ $VIP == *:* ]]; then filler+=,2001:db8:7:$i::/64; else filler+=,198.18.$i.0/24; fi
	done
	[[ $VIP != *:* ]] || all=::/0 half=::/1,8000::/1
	web "$CLIENT/$HOST$filler"
	apply
	expect "many ranges: an allowed source" "pod1 $GATEWAY" client $LB 80 --from $CLIENT
	expect "many ranges: another source" timeout client $LB 80 --from $CLIENT2
	expect "many ranges: this node" timeout node $LB 80
	expect "many ranges: other ports of the address" "pod1 $GATEWAY" client $LB 81 --from $CLIENT2
	web "$CLIENT2/$HOST$filler"
	apply
	expect "many ranges, one changed: the new source" "pod1 $GATEWAY" client $LB 80 --from $CLIENT2
	expect "many ranges, one changed: the old source" timeout client $LB 80 --from $CLIENT
	web "$CLIENT2/$HOST$filler"
	apply --max-source-ranges 20
	expect "too many ranges: nobody is admitted" timeout client $LB 80 --from $CLIENT2
	web "$all"
	apply
	expect "the range of all addresses" "pod1 $GATEWAY" client $LB 80 --from $CLIENT
	web "$half"
	apply
	expect "two ranges that are all addresses" "pod1 $GATEWAY" client $LB 80 --from $CLIENT2
}

node_ranges() {
	web $NODE/$HOST
	apply
	expect "ranges with this node: this node" "pod1 $GATEWAY" node $LB 80
	expect "ranges with this node: others" timeout client $LB 80
	address node lo $LB/$HOST
	web $NODE/$HOST
	apply
	expect "ranges with this node: from the bound load-balancer IP" "pod1 $GATEWAY" node $LB 80 --from $LB
	web $CLIENT/$HOST
	apply
	expect "ranges without this node: from the bound load-balancer IP" timeout node $LB 80 --from $LB
	ip -n "$PREFIX-node" addr del $LB/$HOST dev lo
}

other_family() {
	local range=2001:db8:1::/64
	[[ $VIP != *:* ]] || range=192.0.2.0/24
	web "$range"
	apply
	expect "only ranges of the other family" timeout client $LB 80
	web ""
	apply
	expect "no ranges any more" "pod1 $GATEWAY" client $LB 80
}

mode() {
	svc web type=LoadBalancer ip=$VIP node=30080 lb=$LB/Proxy,$LB2
	serves web "$POD1@node1"
	apply
	expect "ipMode Proxy: no VIP" "timeout|unreachable" client $LB 80
	expect "ipMode VIP beside it" "pod1 $GATEWAY" client $LB2 80
	expect "node port of a Proxy service" "pod1 $GATEWAY" client $NODE 30080
	svc web type=NodePort ip=$VIP node=30080 lb=$LB
	serves web "$POD1@node1"
	apply
	expect "status of a NodePort service" "timeout|unreachable" client $LB 80
}

load_balancer() {
	ranges
	many_ranges
	node_ranges
	other_family
	mode
}

each_family load_balancer
finish
