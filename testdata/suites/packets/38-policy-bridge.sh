#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# NetworkPolicy with pods on a bridge, as many CNI plugins lay it: the kernel shows packets between
# them to the rules if net.bridge.bridge-nf-call-iptables is 1.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=policies.sh
. "$(dirname "$0")/policies.sh"

add_pod() { # add_pod NAME LAST-NUMBER: on the bridge, with an address of its prefix
	link node "to-$1" "$1" eth0
	ip -n "$PREFIX-node" link set "to-$1" master cni0
	ip -n "$PREFIX-node" link set "to-$1" type bridge_slave hairpin on
	address "$1" eth0 "10.244.1.$2/24" "fd00:10:244:1::$2/64"
	route "$1" default via 10.244.1.1
	route "$1" default via fd00:10:244:1::1
}

connect() {
	ip -n "$PREFIX-node" link add cni0 type bridge
	ip -n "$PREFIX-node" link set cni0 up
	address node cni0 10.244.1.1/24 fd00:10:244:1::1/64
	sysctls node net/bridge/bridge-nf-call-iptables=1 net/bridge/bridge-nf-call-ip6tables=1
	add_pod pod1 11
	add_pod pod2 12
	add_remote
	add_client
}

modprobe -q br_netfilter 2>/dev/null
begin_policies
if [ "$(at node cat /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null)" != 1 ]; then
	skip "pods on a bridge" "this kernel has no br_netfilter"
	finish
fi

cluster() {
	namespace shop
	pod shop/web $P1@node1 "app: web"
	pod shop/api $P2@node1 "app: api"
	pod shop/db $R1@node2 "app: db"
	svc web type=NodePort ip=$VIP node=30080
	serves web "$POD1@node1"
}

bridged() {
	cluster
	enforce
	passes "no policy" pod2 pod1 8080
	judge
	cluster
	policy shop/p "podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {matchLabels: {app: api}}}, {ipBlock: {cidr: $CLIENT/$HOST}}], ports: [{port: 8080}]}], egress: [{to: [{podSelector: {}}], ports: [{port: 8082}]}]"
	enforce
	passes "a port, on the bridge" pod2 pod1 8080/tcp
	drops "another port" pod2 pod1 8081
	passes "egress, on the bridge" pod1 pod2 8082/tcp
	drops "egress, another port" pod1 pod2 8081
	passes "the service" pod2 $VIP 80/tcp
	drops "the service, another protocol" pod2 $VIP 80/udp
	passes "a node port, from outside" client $NODE 30080/tcp
	drops "a node port, another client" client2 $NODE 30080
	passes "itself" pod1 $VIP 80
	passes "the bridge's address reaches the pod" host pod1 8081 --from $GATEWAY
	passes "the node reaches the pod" host pod1 8081 --from $NODE
	passes "a pod reaches the bridge's address" pod1 $GATEWAY 8081
	drops "another node" other pod1 8080
	judge
	pings "on the bridge" no pod2 pod1
	cluster
	enforce
	none_installed "the policy is gone"
	passes "the policy is gone" pod2 pod1 8081
	judge
}

each_family bridged
finish
