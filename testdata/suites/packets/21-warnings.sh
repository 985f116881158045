#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What apply says about a host or an input that cannot work, and that it says nothing about a
# plain node.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
begin

BRIDGE_NF=$(at node sh -c 'ls /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null')

# cluster [CLUSTER-IPS]: a service with a node port, and this node's Node object
cluster() {
	local ips=${1:-10.96.0.1,fd00:10:96::1}
	svc web ip="$ips" type=NodePort node=30080
	slice web 4 10.244.1.11@node1 10.244.2.21@node2
	slice web 6 fd00:10:244:1::11@node1
	node_object 192.0.2.1,2001:db8:1::1 a
}

# says WHAT REGEX [OPTION...]: applies a cluster, whose warnings, in one line, match
says() {
	local what=$1 want=$2
	shift 2
	cluster
	write_input
	svcrules apply "$@"
	check "$what: exit status" 0 "$STATUS"
	check "$what" "$want" "$(grep warning: <<<"$OUTPUT" | tr '\n' ' ')"
}

plain() {
	says "a plain node" ''
	says "the same input again" ''
	says "read again" '' --verify
}

chain() { # chain FAMILY HOOK POLICY RULE: a base chain of another program
	at node nft -f - <<-RULES
	table $1 fw {
	    chain $2-$3 {
	        type filter hook $2 priority 5; policy $3;
	        $4
	    }
	}
	RULES
}

forward_chains() {
	local family
	chain inet forward accept drop
	chain inet input drop accept
	says "policies that do not matter" '' --verify
	at node nft delete table inet fw
	at node nft add table inet fw '{ flags dormant; }'
	chain inet forward drop accept
	says "a table that is switched off" '' --verify
	at node nft delete table inet fw
	for family in inet ip; do
		chain $family forward drop accept
		says "table $family" "[^:]*: warning: the policy of chain forward-drop of table $family fw is drop: [^:]*" --verify
		at node nft delete table $family fw
	done
	chain ip forward drop accept
	chain ip6 forward drop accept
	says "both families" '.*table ip fw .*table ip6 fw .*' --verify
	says "and with an unchanged input" '.*table ip fw .*table ip6 fw .*'
	at node nft 'delete table ip fw; delete table ip6 fw'
	says "tables gone" '' --verify
}

# Docker's iptables of either kind
iptables_policy() {
	local program
	for program in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do
		if ! at node "$program" -P FORWARD DROP 2>/dev/null; then
			skip "$program" "does not work here"
			continue
		fi
		says "$program -P FORWARD DROP" '.*policy of chain FORWARD of .* is drop.*' --verify
		at node "$program" -P FORWARD ACCEPT
		says "$program -P FORWARD ACCEPT" '' --verify
	done
}

routes() {
	if [ "$BACKEND" = ipvs ]; then # cluster IPs are addresses of the node itself
		at node ip route del default
		says "no default route" '' --verify
		route node default via 192.0.2.100
		return
	fi
	at node ip route del default
	says "no default route" '[^:]*: warning: this node has no route to cluster IPs such as 10.96.0.1: .*' --verify
	at node ip route add 10.96.0.0/16 dev to-client
	says "a route to the cluster IPs" '' --verify
	at node ip route del 10.96.0.0/16
	at node ip route add unreachable 10.96.0.0/16
	says "a route that refuses" '.*no route to cluster IPs such as 10.96.0.1:.*' --verify
	at node ip route del unreachable 10.96.0.0/16
	route node default via 192.0.2.100
	at node ip -6 route del default
	says "no default route, IPv6" '.*no route to cluster IPs such as fd00:10:96::1:.*' --verify
	route node default via 2001:db8:1::100
}

bridges() {
	if ! at node ip link add br0 type bridge 2>/dev/null; then
		skip "bridges" "this kernel has none"
		return
	fi
	if [ -n "$BRIDGE_NF" ]; then
		sysctls node net/bridge/bridge-nf-call-iptables=1 net/bridge/bridge-nf-call-ip6tables=1
		says "a bridge" '' --verify
		sysctls node net/bridge/bridge-nf-call-iptables=0
		says "bridge-nf-call-iptables is 0" '[^:]*: warning: /proc/sys/net/bridge/bridge-nf-call-iptables is 0: pods on one bridge .*' --verify
		sysctls node net/bridge/bridge-nf-call-iptables=1
		cluster
		write_input
		OUTPUT=$(at node unshare -m sh -c 'mount --make-rprivate / && mount -t tmpfs none /proc/sys/net/bridge && exec "$@"' - \
			"$SVCRULES" apply --verify -f "$INPUT" "${OPTIONS[@]}" 2>&1)
	else
		cluster
		write_input
		svcrules apply --verify
	fi
	check "no br_netfilter" '.*warning: there is a bridge, and no .*bridge-nf-call-iptables: .*load the module br_netfilter.*' \
		"$(tr '\n' ' ' <<<"$OUTPUT")"
	at node ip link del br0
	says "no bridge any more" '' --verify
}

# What the input shows, compile and diff say, too.
input() {
	says "another name" '.*no Node of the input \(1\) is named .host-17., as this node: .*--node-name.*' --node-name host-17
	svcrules diff --node-name host-17
	check "diff" '.*no Node of the input.*' "$(tr '\n' ' ' <<<"$OUTPUT")"
	svcrules compile --node-name host-17
	check "compile" 1 "$(grep -c 'no Node of the input' <<<"$OUTPUT")"
	says "prefixes of other pods" '.*2 endpoints of this node, such as .*, are outside all pod CIDRs: .*--cluster-cidr.*' \
		--cluster-cidr 10.250.0.0/16,fd00:250::/32
	says "no address for node ports" '.*--nodeport-addresses: no IPv4 address of this node is in these prefixes: .*' \
		--nodeport-addresses 198.51.100.0/24
	says "a family without address" '.*no IPv6 address of this node is known.*' --node-ip 192.0.2.1
	says "nothing any more" ''
}

for scenario in plain forward_chains iptables_policy routes bridges input; do
	LABEL="${scenario//_/ }: "
	"$scenario"
done
finish
