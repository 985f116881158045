# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Another topology for packet tests, sourced instead of lib.sh: two nodes with two pods each, and a
# client, on one Ethernet segment. Each node routes for its own pods alone, and pods of different
# nodes reach each other through their nodes, so that answers may take another way than requests:
# a node that routes for everybody hides what goes wrong then.
#
#   pod1 --+                              +-- pod3  10.244.2.21
#          node1 --+-- segment --+-- node2
#   pod2 --+       |                      +-- pod4  10.244.2.22
#               client   192.0.2.100 .. 119
#
# Addresses have the names of lib.sh: REMOTE1 and REMOTE2 are pod3 and pod4, where servers are called
# remote1 and remote2, NODE is node1, OTHER is node2.

# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
NAMESPACES=(segment node1 node2 pod1 pod2 pod3 pod4 client)
# shellcheck disable=SC2034 # of lib.sh
ROUTERS=(node1 node2) ON=node1

plug() { # plug NAMESPACE: a cable to the segment
	link segment "to-$1" "$1" eth0
	ip -n "$PREFIX-segment" link set "to-$1" master bridge
}

add_node() { # add_node N
	plug "node$1"
	address "node$1" eth0 "192.0.2.$1/24" "2001:db8:1::$1/64"
}

add_pod_of() { # add_pod_of N NAME LAST-NUMBER: of node N, routed, one veth
	local four=10.244.$1.$3 six=fd00:10:244:$1::$3
	link "node$1" "to-$2" "$2" eth0
	address "node$1" "to-$2" "10.244.$1.1/32" "fd00:10:244:$1::1/128"
	address "$2" eth0 "$four/32" "$six/128"
	route "node$1" "$four" dev "to-$2"
	route "node$1" "$six" dev "to-$2"
	route "$2" default via "10.244.$1.1" dev eth0 onlink
	route "$2" default via "fd00:10:244:$1::1" dev eth0 onlink
}

connect() {
	local n
	ip -n "$PREFIX-segment" link add bridge type bridge
	ip -n "$PREFIX-segment" link set bridge up
	sysctls segment net/bridge/bridge-nf-call-iptables=0 net/bridge/bridge-nf-call-ip6tables=0
	add_node 1
	add_node 2
	plug client
	address client eth0 192.0.2.{100..119}/24 2001:db8:1::100/64 2001:db8:1::{101..119}/64,preferred_lft,0
	add_pod_of 1 pod1 11
	add_pod_of 1 pod2 12
	add_pod_of 2 pod3 21
	add_pod_of 2 pod4 22
	route node1 10.244.2.0/24 via 192.0.2.2
	route node2 10.244.1.0/24 via 192.0.2.1
	route node1 fd00:10:244:2::/64 via 2001:db8:1::2
	route node2 fd00:10:244:1::/64 via 2001:db8:1::1
	for n in node1 node2; do
		route $n default via 192.0.2.100
		route $n default via 2001:db8:1::100
	done
	# the client asks node1 for addresses of services
	route client default via 192.0.2.1
	route client default via 2001:db8:1::1
}

serve_pods() {
	local i
	# shellcheck disable=SC2046
	for i in 1 2; do
		serve pod$i pod$i $(both 10.244.1.1$i 8080) $(both fd00:10:244:1::1$i 8080)
		serve pod$((i + 2)) remote$i $(both 10.244.2.2$i 8080) $(both fd00:10:244:2::2$i 8080)
	done
}

# both_nodes: adds the two Node objects, each with the prefixes of its pods
both_nodes() {
	local n
	for n in 1 2; do
		OBJECTS+=("{ \"apiVersion\": \"v1\", \"kind\": \"Node\", \"metadata\": { \"name\": \"node$n\" },
			\"spec\": { \"podCIDRs\": [ \"10.244.$n.0/24\", \"fd00:10:244:$n::/64\" ] },
			\"status\": { \"addresses\": [ { \"type\": \"InternalIP\", \"address\": \"192.0.2.$n\" },
			{ \"type\": \"InternalIP\", \"address\": \"2001:db8:1::$n\" } ] } }")
	done
}

# apply_on N [OPTION...]: applies OBJECTS on node N, which the Node objects describe
apply_on() {
	local n=$1
	shift
	ON=node$n OPTIONS=(--backend "$TARGET" --node-name "node$n")
	both_nodes
	apply "$@"
	ON=node1 OPTIONS=(--backend "$TARGET" --node-name node1)
}

# shellcheck disable=SC2034 # for the tests
other_addresses() {
	if [ "$1" = 4 ]; then
		OTHER=192.0.2.2 OTHER2=192.0.2.3
	else
		OTHER=2001:db8:1::2 OTHER2=2001:db8:1::3
	fi
}

# neighbour: adds on node1 the rules of a CNI plugin, which masquerade what leaves the pods'
# network or enters it; they come after the chains of the same priority that are there already
neighbour() {
	local f pods multicast
	for f in ip ip6; do
		pods=10.244.0.0/16 multicast=224.0.0.0/4
		[ $f = ip ] || pods=fd00:10:244::/48 multicast=ff00::/8
		at node1 nft -f - <<-NFT
		table $f neighbour {
		    chain postrouting {
		        type nat hook postrouting priority 100;
		        $f saddr $pods $f daddr $pods return
		        $f saddr $pods $f daddr != $multicast masquerade
		        $f saddr != $pods $f daddr $pods masquerade
		    }
		}
		NFT
	done
}

neighbour_gone() {
	at node1 nft "delete table ip neighbour; delete table ip6 neighbour"
}
