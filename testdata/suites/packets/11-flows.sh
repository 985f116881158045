#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Remembered clients and UDP flows when a policy, a timeout or a service changes.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
KEEP_FLOWS=yes
begin

entries() { # entries SOURCE-PORT PORT: prints how many flows the node tracks
	local family=ipv4
	[[ $VIP != *:* ]] || family=ipv6
	at node conntrack -L -f $family -p udp --orig-port-src "$1" 2>/dev/null | grep -c "dport=$2"
}

# many PROTOCOL ADDRESS PORT: prints who answers each of ten clients
many() {
	local i
	for i in {110..119}; do
		# all are answered, on a busy machine as well: each answer counts
		TIMEOUT=2000 ask client "$1" "$2" "$3" --from "$CLIENT_PREFIX$i"
	done | cut -d' ' -f1 | paste -sd' '
}

web() { # web POLICY AFFINITY ENDPOINT...
	local policy=$1 affinity=$2
	shift 2
	svc web type=LoadBalancer ip=$VIP node=30080 lb=$LB ext=$EXT etp="$policy" affinity="$affinity"
	serves web "$@"
}

stays() {
	local protocol before
	for protocol in tcp udp; do
		web Cluster 600 "$POD1@node1" "$POD2@node1" "$REMOTE1@node2"
		apply
		before=$(many $protocol $VIP 80)
		web Cluster 600 "$POD1@node1" "$POD2@node1" "$REMOTE1@node2" "$REMOTE2@node2"
		apply
		check "clients stay when endpoints come, $protocol" "$before" "$(many $protocol $VIP 80)"
		web Cluster 600 "$POD1@node1" "$POD2@node1" "$REMOTE2@node2"
		apply
		check "clients of the others stay when one goes, $protocol" "${before//remote1/(pod1|pod2|remote2)}" "$(many $protocol $VIP 80)"
		before=$(many $protocol $NODE 30080)
		check "node port: clients stay, $protocol" "$before" "$(many $protocol $NODE 30080)"
		check "node port: spread, $protocol" ".*(pod1.*pod2|pod2.*pod1|pod1.*remote2|pod2.*remote2|remote2.*pod[12]).*" "$before"
		svc other ip=$VIP2
		serves other "$POD1@node1"
		web Cluster 600 "$POD1@node1" "$POD2@node1" "$REMOTE2@node2"
		apply
		check "node port: stay when another service comes, $protocol" "$before" "$(many $protocol $NODE 30080)"
		svc none ip=$VIP3
		apply
	done
}

to_local() {
	local protocol
	for protocol in tcp udp; do
		web Cluster 600 "$REMOTE1@node2" "$REMOTE2@node2"
		apply
		check "remembered on another node, $protocol" "(remote[12] ?)*" "$(many $protocol $LB 80)"
		check "node port: remembered on another node, $protocol" "(remote[12] ?)*" "$(many $protocol $NODE 30080)"
		web Cluster 600 "$REMOTE1@node2" "$REMOTE2@node2" "$POD1@node1"
		apply
		check "stay there, $protocol" "(remote[12] ?)*" "$(many $protocol $LB 80)"
		web Local 600 "$REMOTE1@node2" "$REMOTE2@node2" "$POD1@node1"
		apply
		forget_flows # a client that takes the port of its flow of before again would be sent as before
		check "Local now: the local endpoint, $protocol" "(pod1 ?)*" "$(many $protocol $LB 80)"
		check "Local now: the local endpoint at the node port, $protocol" "(pod1 ?)*" "$(many $protocol $NODE 30080)"
		check "Local now: its client's address, $protocol" "pod1 $CLIENT" "$(answers client $protocol $EXT 80 --count 5)"
		check "the cluster IP is not concerned, $protocol" "pod1|remote[12]" "$(who client $protocol $VIP 80 --count 10)"
		svc none ip=$VIP3
		apply
	done
}

# Under policy Local, clients inside the cluster can be sent to other nodes, and are remembered.
inside_under_local() {
	local protocol
	for protocol in tcp udp; do
		web Local 600 "$REMOTE1@node2" "$POD1@node1"
		apply
		check "Local, a pod, $protocol" "pod1|remote1" "$(who pod2 $protocol $LB 80 --count 20)"
		check "Local, this node, $protocol" "pod1|remote1" "$(who node $protocol $LB 80 --count 20)"
		check "Local, this node at the node port, $protocol" "pod1|remote1" "$(who node $protocol $NODE 30080 --count 20)"
		check "Local, outside, $protocol" "pod1" "$(who client $protocol $LB 80 --count 10)"
	done
}

shortened() {
	local before
	web Cluster 600 "$POD1@node1" "$POD2@node1" "$REMOTE1@node2" "$REMOTE2@node2"
	apply
	before=$(many udp $VIP 80)
	web Cluster "$SHORT" "$POD1@node1" "$POD2@node1" "$REMOTE1@node2" "$REMOTE2@node2"
	apply
	if [ "$BACKEND" = ipvs ]; then
		check "a shorter timeout is for newcomers" 2 "$(at node ipvsadm -Sn | grep -F "$VIP" | grep -c -- "-p $SHORT\$")"
		return # remembered clients keep their timeout, as svcrules(1) says, CAVEATS
	fi
	sleep $((SHORT + 1)).5
	if [ "$(many udp $VIP 80)" != "$before" ]; then
		ok "a shorter timeout is for the remembered too"
	else
		not_ok "a shorter timeout is for the remembered too" "another choice" "$before"
	fi
}

forgotten() {
	web Local 600 "$POD1@node1" "$REMOTE1@node2"
	apply
	who pod2 udp $VIP 80 >/dev/null
	who pod2 udp $LB 80 >/dev/null
	check "a client is remembered" "[1-9][0-9]*" "$(remembered)"
	svc none ip=$VIP3
	apply
	check "nothing is remembered of a removed service" 0 "$(remembered)"
}

# Clients in the sets of nftables; with IPVS only services with policy Local have them.
remembered() {
	at node nft list ruleset | sed '/set draining/,/}/d' | grep expires | grep -cF -e "$VIP " -e "$LB "
}

flows() {
	local to n=6000
	for to in "$LB 80" "$EXT 80" "$NODE 30080"; do
		n=$((n + 1))
		forget_flows
		web Cluster "" "$REMOTE1@node2"
		apply
		# shellcheck disable=SC2086
		check "UDP flow to $to" remote1 "$(who client udp $to --sport $n)"
		web Local "" "$REMOTE1@node2" "$POD1@node1"
		apply
		# shellcheck disable=SC2086
		check "UDP flow to $to, Local now: its endpoint serves others still" remote1 "$(who client udp $to --sport $n)"
		# shellcheck disable=SC2086
		check "a new one to $to" "pod1 $CLIENT" "$(answers client udp $to --count 5)"
		web Cluster "" "$POD1@node1"
		apply
		# shellcheck disable=SC2086
		check "UDP flow to $to, its endpoint is gone" "pod1 .*" "$(answers client udp $to --sport $n --count 5)"
		check "UDP flow to $to is known" 1 "$(entries $n "${to#* }")"
		svc none ip=$VIP3
		apply
		check "UDP flow to $to, service deleted" 0 "$(entries $n "${to#* }")"
	done
	web Local "" "$REMOTE1@node2" "$POD1@node1"
	apply
	check "UDP flow of this node" "pod1|remote1" "$(who node udp $LB 80 --sport 6100)"
	to=$(who node udp $LB 80 --sport 6100)
	web Local "" "$REMOTE1@node2" "$POD1@node1" "$POD2@node1"
	apply
	check "this node's flow stays" "$to" "$(who node udp $LB 80 --sport 6100 --count 5)"
	web Local "" "$REMOTE1@node2" "$REMOTE2@node2" "$POD1@node1" "$POD2@node1"
	apply
	check "this node's flow stays still" "$to" "$(who node udp $LB 80 --sport 6100 --count 5)"
	local i flow=()
	for i in {1..12}; do flow+=("$(who pod2 udp $LB 80 --sport $((6200 + i)))"); done
	web Local "" "$REMOTE1@node2" "$REMOTE2@node2" "$POD1@node1"
	apply
	to=0
	for i in {1..12}; do
		[[ ${flow[i - 1]} == pod2 || $(who pod2 udp $LB 80 --sport $((6200 + i))) == "${flow[i - 1]}" ]] && to=$((to + 1))
	done
	check "pods' flows stay" 12 "$to"
}

# A flow stays with an endpoint that serves still: one that ends, or one that a hint now leads past.
graceful() {
	forget_flows
	web Cluster "" "$POD1@node1"
	apply
	check "a flow" pod1 "$(who pod2 udp $VIP 80 --sport 6300)"
	web Cluster "" "$POD1@node1!terminating" "$POD2@node1"
	apply
	check "new ones leave an endpoint that ends" pod2 "$(who client udp $VIP 80 --count 6)"
	check "the flow stays with it" pod1 "$(who pod2 udp $VIP 80 --sport 6300)"
	web Cluster "" "$POD2@node1"
	apply
	check "until it is gone" pod2 "$(who pod2 udp $VIP 80 --sport 6300)"
	web Cluster "" "$REMOTE1@node2^b"
	apply --zone a
	check "a flow to another zone" remote1 "$(who pod2 udp $VIP 80 --sport 6301)"
	web Cluster "" "$REMOTE1@node2^b" "$POD1@node1^a"
	apply --zone a
	check "new ones keep to the zone" pod1 "$(who client udp $VIP 80 --count 6)"
	check "the flow stays there" remote1 "$(who pod2 udp $VIP 80 --sport 6301)"
}

all() {
	stays
	to_local
	inside_under_local
	shortened
	forgotten
	flows
	graceful
}

each_family all
finish
