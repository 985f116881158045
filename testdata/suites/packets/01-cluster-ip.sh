#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Cluster IPs: where traffic goes, what is refused, which source address is seen.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
begin

objects() {
	svc near ip=$VIP
	serves near "$POD1@node1"
	svc far ip=$VIP2
	serves far "$REMOTE1@node2"
	svc empty ip=$VIP3
	serves empty
	svc here ip=$VIP4 itp=Local
	serves here "$POD1@node1" "$REMOTE1@node2"
	svc away ip=$VIP5 itp=Local
	serves away "$REMOTE1@node2"
	svc all ip=$VIP6
	serves all "$POD1@node1" "$POD2@node1" "$REMOTE1@node2" "$REMOTE2@node2"
}

sources() {
	expect "a pod keeps its address" "pod1 $POD2" pod2 $VIP 80
	expect "a pod keeps its address to another node" "remote1 $POD1" pod1 $VIP2 80
	expect "a pod elsewhere keeps its address" "pod1 $REMOTE1" remote $VIP 80 --from $REMOTE1
	expect "outside is masqueraded" "pod1 $GATEWAY" client $VIP 80
	expect "outside is masqueraded to another node" "remote1 $NODE2" client $VIP2 80
	expect "another node is outside" "pod1 $GATEWAY" remote $VIP 80 --from $OTHER
	expect "this node is masqueraded" "pod1 $GATEWAY" node $VIP 80
	expect "this node to another node" "remote1 $NODE2" node $VIP2 80
	expect "hairpin" "pod1 $GATEWAY" pod1 $VIP 80
}

policies() {
	local from
	for from in pod1 node client; do
		expect "no endpoints, $from: refused" refused $from $VIP3 80
		expect "undefined port, $from: refused" refused $from $VIP 81
		expect "internal Local with only remote endpoints, $from: dropped" timeout $from $VIP5 80
		expect_all "balance over all, $from" "pod1 pod2 remote1 remote2" $from $VIP6 80
	done
	expect "internal Local from a pod" "pod1 $POD2" pod2 $VIP4 80 --count 20
	expect "internal Local from this node" "pod1 $GATEWAY" node $VIP4 80 --count 20
	expect "internal Local from outside" "pod1 $GATEWAY" client $VIP4 80 --count 20
	check "every refusal is seen, 20 of 20" 20 "$(ask client tcp $VIP3 80 --count 20 | grep -c refused)"
}

service_cidr() {
	objects
	apply --service-cidr $SERVICE_CIDR
	expect "unallocated cluster IP from a pod: dropped" timeout pod1 $FREE 80
	expect "unallocated cluster IP from this node: dropped" timeout node $FREE 80
	expect "unallocated cluster IP from outside: dropped" timeout client $FREE 80
	expect "allocated cluster IP" "pod1 $POD2" pod2 $VIP 80
	expect "undefined port of an allocated one" refused client $VIP 81
	expect "headless neighbours" "pod1 $CLIENT" client $POD1 8080
}

hints() {
	svc zoned ip=$VIP
	serves zoned "$POD1@node1^a" "$REMOTE1@node2^b"
	apply --zone b
	expect "zone hints" "remote1 $POD1" pod1 $VIP 80 --count 20
	svc zoned ip=$VIP
	serves zoned "$POD1@node1^a" "$REMOTE1@node2"
	apply --zone a
	expect_all "one endpoint without a hint" "pod1 remote1" pod2 $VIP 80
}

terminating() {
	svc web ip=$VIP
	serves web "$POD1@node1!terminating" "$REMOTE1@node2!unready"
	apply
	expect "only terminating endpoints" "pod1 $POD2" pod2 $VIP 80 --count 20
	svc web ip=$VIP
	serves web "$POD1@node1!terminating" "$REMOTE1@node2"
	apply
	expect "a ready one beats a terminating one" "remote1 $POD2" pod2 $VIP 80 --count 20
	svc web ip=$VIP
	serves web "$POD1@node1!unready" "$REMOTE1@node2!unready"
	apply
	expect "none ready" refused pod2 $VIP 80
}

cluster_ip() {
	objects
	apply
	sources
	policies
	service_cidr
	hints
	terminating
}

each_family cluster_ip
finish
