#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Node ports: the addresses on which they are served.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
begin

web() {
	svc web type="${1:-NodePort}" ip=$VIP node=30080 lb="${2:-}"
	serves web "$POD1@node1"
}

narrowed() {
	web
	apply --nodeport-addresses $NODE2/$HOST
	expect "narrowed: the address inside" "pod1 $GATEWAY" remote $NODE2 30080 --from $OTHER
	expect "narrowed: an address outside" refused client $NODE 30080
	web
	apply --nodeport-addresses $EXT/$HOST
	expect "a list without any address of the node: none" refused client $NODE 30080
	web
	apply
	expect "no list any more" "pod1 $GATEWAY" client $NODE 30080
}

primary() {
	web
	node_object "$NODE" zone
	apply --nodeport-addresses primary
	expect "primary: the InternalIP" "pod1 $GATEWAY" client $NODE 30080
	expect "primary: another address" refused remote $NODE2 30080
	web
	node_object "$NODE" zone
	apply
	expect "the Node object's addresses" "pod1 $GATEWAY" client $NODE 30080
	expect "not those it does not name" refused remote $NODE2 30080
	web
	apply --node-ip $NODE2
	expect "--node-ip: that address" "pod1 $GATEWAY" remote $NODE2 30080
	expect "--node-ip: another address" refused client $NODE 30080
}

bound_vip() {
	address node lo $LB/$HOST $VIP/$HOST
	web LoadBalancer $LB
	apply
	expect "load-balancer IP bound here" "pod1 $GATEWAY" client $LB 80
	expect "no node port on a bound load-balancer IP" refused client $LB 30080
	expect "no node port on a bound cluster IP" refused client $VIP 30080
	expect "a node port next to bound VIPs" "pod1 $GATEWAY" client $NODE 30080
	ip -n "$PREFIX-node" addr del $LB/$HOST dev lo
	ip -n "$PREFIX-node" addr del $VIP/$HOST dev lo
}

leftover() {
	web ClusterIP
	apply
	expect "a leftover nodePort of a ClusterIP service" refused client $NODE 30080
	expect "its cluster IP" "pod1 $GATEWAY" client $VIP 80
}

node_ports() {
	narrowed
	primary
	bound_vip
	leftover
}

each_family node_ports
finish
