#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two nodes whose pods reach each other directly: policy Local, node ports beside a load balancer that
# is the node itself, and a neighbour's chains that masquerade first.
set -u
# shellcheck source=two-nodes.sh
. "$(dirname "$0")/two-nodes.sh"
begin

# A pod of the other node is outside under policy Local: a remote endpoint would answer it directly.
remote_pod() {
	local n
	for n in 1 2; do
		svc web type=NodePort ip=$VIP node=30080 etp=Local ext=$EXT
		serves web "$POD1@node1" "$REMOTE2@node2"
		apply_on $n
	done
	expect "Local, from outside" "pod1 $CLIENT" client $NODE 30080 --count 6
	expect "Local, a pod of the other node" "pod1 $REMOTE1" pod3 $NODE 30080 --count 16
	expect "Local, the endpoint of the other node" "pod1 $REMOTE2" pod4 $NODE 30080 --count 16
	expect "Local, the other node" "pod1 $OTHER" node2 $NODE 30080 --count 6
	expect_all "Local, a pod of this node" "pod1 remote2" pod2 $NODE 30080
	expect_all "Local, a pod of this node, external IP" "pod1 remote2" pod2 $EXT 80
	expect_all "Local, this node" "pod1 remote2" node1 $NODE 30080
	expect_all "cluster IP, a pod of the other node" "pod1 remote2" pod3 $VIP 80
	svc web type=NodePort ip=$VIP node=30080 etp=Local
	serves web "$REMOTE2@node2"
	apply_on 1
	expect "Local without an endpoint here, a pod of the other node" timeout pod3 $NODE 30080
	expect "Local without an endpoint here, a pod of this node" "remote2 $POD2" pod2 $NODE 30080
	# without the node's own prefixes every pod is inside
	svc web type=NodePort ip=$VIP node=30080 etp=Local
	serves web "$POD1@node1"
	OPTIONS=(--backend "$TARGET" --node-name node1 --cluster-cidr "$PODS")
	apply
	expect "Local, prefixes of single nodes unknown" "pod1 $REMOTE1" pod3 $NODE 30080 --count 6
}

# The load balancer's IP is the node's own address: its ports and all node ports work on it.
balancer_is_node() {
	svc lb type=LoadBalancer ip=$VIP node=31080 lb=$NODE
	serves lb "$POD1@node1"
	svc plain type=NodePort ip=$VIP2 node=30080 port=8000
	serves plain "$POD2@node1" "$REMOTE1@node2"
	svc same type=LoadBalancer ip=$VIP3 node=31090 port=30080 lb=$OTHER
	serves same "$REMOTE2@node2"
	# shellcheck disable=SC2046
	serve node1 host $(both "$NODE" 9000)
	apply_on 1
	expect "the balancer's port" "pod1 .*" client $NODE 80 --count 6
	expect "the balancer's node port" "pod1 .*" client $NODE 31080 --count 6
	expect "the balancer's port from a pod" "pod1 .*" pod2 $NODE 80
	expect_all "another service's node port" "pod2 remote1" client $NODE 30080
	expect_all "another service's node port from a pod of the other node" "pod2 remote1" pod3 $NODE 30080
	expect "a node port that is a balancer's port elsewhere" "remote2 .*" client $NODE 31090
	expect "the host's own ports" "host .*" client $NODE 9000
	# one and the same port: the balancer has it, and the other address keeps its node port
	svc lb type=LoadBalancer ip=$VIP node=31080 port=30080 lb=$NODE
	serves lb "$POD1@node1"
	svc plain type=NodePort ip=$VIP2 node=30080 port=8000
	serves plain "$POD2@node1"
	apply_on 1
	check "the same port: that is said" ".*production/plain.* $NODE .*30080 is .*production/lb's, which has it as load-balancer IP.*" \
		"$(tr '\n' ' ' <<<"$OUTPUT")"
	expect "the same port is the balancer's" "pod1 .*" client $NODE 30080 --count 6
}

# Clients that the neighbour masquerades are remembered all the same, each time clients that are new.
remembered() { # remembered WHEN FIRST-NUMBER POD
	local i first all protocol
	for protocol in tcp udp; do
		all=
		for i in {0..5}; do
			all+=" $(who client $protocol $NODE 30080 --from "$CLIENT_PREFIX$(($2 + i))" --count 8)"
		done
		check "$1: each client stays, $protocol" "( (pod1|pod2)){6}" "$all"
		first=$(who "$3" $protocol $VIP 80)
		check "$1: a pod is remembered at endpoints of hosts, $protocol" "host2|host3" "$first"
		check "$1: and stays, $protocol" "$first" "$(who "$3" $protocol $VIP 80 --count 8)"
	done
}

sticky() {
	svc hosts ip=$VIP affinity=600
	serves hosts "$OTHER@node2" "$OTHER2@node2"
	svc web type=NodePort ip=$VIP2 node=30080 etp=Local affinity=600
	serves web "$POD1@node1" "$POD2@node1"
	apply_on 1
}

affinity_beside() {
	address node2 eth0 "$OTHER2/$HOST"
	# shellcheck disable=SC2046
	serve node2 host2 $(both "$OTHER" 8080)
	# shellcheck disable=SC2046
	serve node2 host3 $(both "$OTHER2" 8080)
	delete
	sticky
	remembered alone 100 pod1
	neighbour
	remembered "there before a neighbour" 106 pod2
	delete
	sticky
	remembered "there after a neighbour" 112 pod1
	neighbour_gone
}

hairpin_beside() {
	local when
	for when in before after; do
		[ $when = before ] || delete
		svc web type=NodePort ip=$VIP node=30080 etp=Local
		serves web "$POD1@node1"
		apply_on 1
		[ $when = after ] || neighbour
		expect "there $when a neighbour: a pod reaches itself" "pod1 $GATEWAY" pod1 $VIP 80 --count 4
		expect "there $when a neighbour: at a node port" "pod1 $GATEWAY" pod1 $NODE 30080 --count 4
		expect "there $when a neighbour: from outside" "pod1 .*" client $VIP 80
	done
	neighbour_gone
}

# The path to the endpoint is a tunnel, and the packet around inherits the mark of the one inside.
tunnel() {
	local a b
	for a in 1 2; do
		b=$((3 - a))
		ip -n "$PREFIX-node$a" link add tunnel type vxlan id 7 dstport 4789 local 192.0.2.$a remote 192.0.2.$b
		ip -n "$PREFIX-node$a" link set tunnel up mtu 1450
		address node$a tunnel 10.244.$a.2/32 fd00:10:244:$a::2/128
		route node$a 10.244.$b.2/32 dev tunnel
		route node$a fd00:10:244:$b::2/128 dev tunnel
	done
	for a in 1 2; do
		b=$((3 - a))
		ip -n "$PREFIX-node$a" route replace 10.244.$b.0/24 via 10.244.$b.2 dev tunnel onlink
		ip -n "$PREFIX-node$a" -6 route replace fd00:10:244:$b::/64 via fd00:10:244:$b::2 dev tunnel onlink
	done
	at node1 nft -f - <<-NFT
	table inet watch {
	    counter outer { }
	    counter marked { }
	    chain output {
	        type filter hook output priority -300;
	        udp dport 4789 counter name outer
	        udp dport 4789 meta mark & 0x4000 == 0x4000 counter name marked
	    }
	}
	NFT
	each_family through_tunnel
	at node1 nft delete table inet watch
}

counted() { # counted NAME: the packets of that counter
	at node1 nft list counter inet watch "$1" | sed -n 's/.*packets \([0-9]*\).*/\1/p'
}

through_tunnel() {
	local when
	svc web type=NodePort ip=$VIP node=30080
	serves web "$REMOTE1@node2"
	apply_on 1
	at node1 nft reset counters table inet watch >/dev/null
	for when in alone beside; do
		[ $when = alone ] || neighbour
		expect "$when, through a tunnel" "remote1 ${GATEWAY%1}[12]" client $NODE 30080 --count 3
		check "$when, it was used" "[1-9][0-9]*" "$(counted outer)"
		[ $when = alone ] || not_iptables "$when, no packet around has our mark" \
			"no table of iptables comes after the other chains of NAT" || continue
		check "$when, no packet around has our mark" 0 "$(counted marked)"
	done
	neighbour_gone
}

each_family remote_pod
each_family balancer_is_node
each_family affinity_beside
each_family hairpin_beside
tunnel
finish
