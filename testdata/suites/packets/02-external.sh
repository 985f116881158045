#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# External IPs, load-balancer IPs and node ports under both external policies.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
begin

# shared NAME CLUSTER-IP PORT POLICY [ENDPOINT...]: a service with all kinds of addresses
shared() {
	local name=$1 ip=$2 port=$3 policy=$4
	shift 4
	svc "$name" type=LoadBalancer ip="$ip" port="$port" node="300$port" ext=$EXT lb=$LB etp="$policy"
	serves "$name" "$@"
}

objects() {
	shared cluster $VIP 80 Cluster "$POD1@node1" "$REMOTE1@node2"
	shared local $VIP2 81 Local "$POD1@node1" "$REMOTE1@node2"
	shared away $VIP3 82 Local "$REMOTE1@node2"
	shared none $VIP4 83 Local
	shared nobody $VIP5 84 Cluster
}

# rows WHAT ADDRESS BASE: the rows of the table for one kind of address
rows() {
	local what=$1 to=$2 base=$3 from both_masqueraded="pod1 $GATEWAY\\|remote1 $NODE2"
	for from in pod2 node client; do
		expect "$what Cluster from $from" "$both_masqueraded" $from "$to" $((base)) --count 30
		expect "$what Local without endpoints from $from" refused $from "$to" $((base + 3))
		expect "$what Cluster without endpoints from $from" refused $from "$to" $((base + 4))
	done
	expect "$what Local from outside" "pod1 $CLIENT" client "$to" $((base + 1)) --count 20
	expect "$what Local from another node" "pod1 $OTHER" remote "$to" $((base + 1)) --from $OTHER --count 20
	expect "$what Local from a pod" "pod1 $POD2\\|remote1 $POD2" pod2 "$to" $((base + 1)) --count 30
	expect "$what Local from this node" "$both_masqueraded" node "$to" $((base + 1)) --count 30
	expect "$what Local, hairpin" "pod1 $GATEWAY\\|remote1 $POD1" pod1 "$to" $((base + 1)) --count 30
	expect "$what Local, nothing local, from outside" timeout client "$to" $((base + 2))
	expect "$what Local, nothing local, from another node" timeout remote "$to" $((base + 2)) --from $OTHER
	expect "$what Local, nothing local, from a pod" "remote1 $POD2" pod2 "$to" $((base + 2))
	expect "$what Local, nothing local, from this node" "remote1 $NODE2" node "$to" $((base + 2))
}

policies_apart() {
	expect "external Local does not govern the cluster IP" "pod1 $GATEWAY\\|remote1 $NODE2" client $VIP2 81 --count 30
	svc inner type=NodePort ip=$VIP node=30080 itp=Local etp=Cluster
	serves inner "$REMOTE1@node2"
	apply
	expect "internal Local drops at the cluster IP" timeout client $VIP 80
	expect "internal Local does not govern the node port" "remote1 $NODE2" client $NODE 30080
}

external_addresses() {
	svc plain ip=$VIP port=85 ext=$EXT etp=Local
	serves plain "$POD1@node1" "$REMOTE1@node2"
	svc own ip=$VIP2 port=90 ext=$NODE
	serves own "$POD2@node1"
	apply
	expect "external IP of a ClusterIP service, Local" "pod1 $CLIENT" client $EXT 85 --count 10
	expect "external IP that is the node's own" "pod2 $GATEWAY" client $NODE 90
	expect "the node's other ports are the host's" "host $CLIENT" client $NODE 9000
	expect "a closed port of the host" refused client $NODE 91
}

external() {
	objects
	apply
	rows "external IP" $EXT 80
	rows "load-balancer IP" $LB 80
	rows "node port" $NODE 30080
	expect "node port on another address of the node" "pod1 $GATEWAY\\|remote1 $NODE2" remote $NODE2 30080 --count 30
	expect "node port on the address towards the pods" "pod1 $GATEWAY\\|remote1 $NODE2" pod2 $GATEWAY 30080 --count 30
	expect "node port on loopback: not served" refused node $LOOPBACK 30080
	expect "undefined port of an external IP: untouched" "$NOT_OURS" client $EXT 99
	expect "undefined port of a load-balancer IP: untouched" "$NOT_OURS" client $LB 99
	expect "a host's port stays the host's" "host $CLIENT" client $NODE 9000
	policies_apart
	external_addresses
}

each_family external
finish
