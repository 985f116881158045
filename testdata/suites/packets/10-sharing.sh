#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Services of another proxy, host-network endpoints, shared and disputed addresses.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
begin

# endpoints NAME ADDRESS...: adds an object of the old kind Endpoints
endpoints() {
	local name=$1 a list=''
	shift
	for a; do list+="${list:+, }{ \"ip\": \"$a\" }"; done
	OBJECTS+=("{ \"apiVersion\": \"v1\", \"kind\": \"Endpoints\", \"metadata\": { \"name\": \"$name\",
		\"namespace\": \"production\" }, \"subsets\": [ { \"addresses\": [ $list ], \"ports\": [
		{ \"name\": \"t\", \"port\": 8080, \"protocol\": \"TCP\" },
		{ \"name\": \"u\", \"port\": 8080, \"protocol\": \"UDP\" } ] } ] }")
}

# A cluster IP of another proxy: the host itself listens on it, and requests must reach it.
another_proxy() {
	svc web ip=$VIP
	serves web "$POD1@node1"
	svc theirs ip=$VIP2
	edit '"metadata": {' '"metadata": { "labels": { "service.kubernetes.io/service-proxy-name": "x" },'
	serves theirs "$POD1@node1"
	address node lo $VIP2/$HOST
	# shellcheck disable=SC2046
	serve node theirs $(both $VIP2 80)
	apply --service-cidr $SERVICE_CIDR
	expect "another proxy's cluster IP" "theirs $CLIENT" client $VIP2 80
	expect "another proxy's cluster IP from a pod" "theirs $POD1" pod1 $VIP2 80
	expect "its undefined port" refused client $VIP2 81
	expect "an unallocated cluster IP" timeout client $FREE 80
	expect "our cluster IP" "pod1 $POD2" pod2 $VIP 80
	web_only
	apply
	expect "no CIDR any more: another proxy's" "theirs $CLIENT" client $VIP2 80
	ip -n "$PREFIX-node" addr del $VIP2/$HOST dev lo
}

web_only() {
	svc web ip=$VIP
	serves web "$POD1@node1"
}

host_network() {
	local protocol
	svc own type=NodePort ip=$VIP3 node=30081 ext=$NODE
	SLICE_PORT=9000 serves own "$NODE@node1"
	apply
	expect "host endpoint from outside" "host $NODE|host $CLIENT" client $VIP3 80
	expect "host endpoint from a pod" "host $POD1" pod1 $VIP3 80
	expect "host endpoint from the node" "host .*" node $VIP3 80
	expect "host endpoint, external IP that is the endpoint, from outside" "host .*" client $NODE 80
	expect "host endpoint, external IP that is the endpoint, from a pod" "host .*" pod1 $NODE 80
	expect "host endpoint, external IP that is the endpoint, from the node" "host .*" node $NODE 80
	expect "host endpoint, node port from outside" "host .*" client $NODE 30081
	expect "host endpoint, node port from the node" "host .*" node $NODE 30081
	expect "host endpoint itself" "host $CLIENT" client $NODE 9000
	expect "other ports of it" refused client $NODE 9009
	svc own type=NodePort ip=$VIP3 node=30081 ext=$NODE etp=Local
	SLICE_PORT=9000 serves own "$NODE@node1"
	apply
	expect "host endpoint under Local, from outside" "host $CLIENT" client $NODE 30081
	expect "host endpoint under Local, external IP" "host $CLIENT" client $NODE 80
}

clients() { # prints the remembered clients
	if [ "$BACKEND" = ipvs ]; then
		at node ipvsadm -Lnc
	elif is_iptables; then # a list for each endpoint of a service, not of an address
		at node sh -c 'cat /proc/net/xt_recent/*' | sed "s/^src=/$VIP4 &/"
	else
		at node nft list ruleset | grep expires
	fi
}

# Clients of endpoints on the node itself are remembered: three endpoints, two on the host.
host_affinity() {
	local from to protocol chosen
	# shellcheck disable=SC2046
	serve node host2 $(both $NODE2 9000)
	# shellcheck disable=SC2046
	serve pod1 pod $(both $POD1 9000)
	svc own type=NodePort ip=$VIP4 node=30082 ext=$NODE affinity=600
	SLICE_PORT=9000 serves own "$NODE@node1" "$NODE2@node1" "$POD1@node1"
	apply
	for protocol in tcp udp; do
		for from in client pod2 node; do
			for to in "$VIP4 80" "$NODE 30082" "$NODE 80"; do
				# shellcheck disable=SC2086
				check "host endpoint remembered for $from to $to, $protocol" "host|host2|pod" \
					"$(who $from $protocol $to --count 20)"
			done
		done
	done
	check "remembered" "yes" "$(clients | grep -qF "$VIP4" && echo yes)"
	for from in {101..112}; do ask client udp $VIP4 80 --from "$CLIENT_PREFIX$from"; done >"$WORK/first"
	for from in {101..112}; do ask client udp $VIP4 80 --from "$CLIENT_PREFIX$from"; done >"$WORK/second"
	check "twelve clients stay" same "$(cmp -s "$WORK/first" "$WORK/second" && echo same)"
	chosen=$(cut -d' ' -f1 "$WORK/first" | sort -u | wc -l)
	check "and are spread" "[23]" "$chosen"
}

shared_address() {
	svc a type=LoadBalancer ip=$VIP port=80 lb=$LB
	serves a "$POD1@node1"
	svc b type=LoadBalancer ip=$VIP2 port=81 lb=$LB
	serves b "$POD2@node1"
	svc t type=LoadBalancer ip=$VIP3 port=53 lb=$LB
	service_ports 53
	edit "$REPLY" '{ "name": "t", "port": 53, "protocol": "TCP" }'
	serves t "$POD1@node1"
	svc u type=LoadBalancer ip=$VIP4 port=53 lb=$LB
	service_ports 53
	edit "$REPLY" '{ "name": "u", "port": 53, "protocol": "UDP" }'
	serves u "$POD2@node1"
	apply
	expect "shared address, one port" "pod1 .*" client $LB 80
	expect "shared address, another port" "pod2 .*" client $LB 81
	check "shared port over TCP" "pod1" "$(who client tcp $LB 53)"
	check "shared port over UDP" "pod2" "$(who client udp $LB 53)"
	check "no warning" 0 "$(grep -c 'warning.*production' <<<"$OUTPUT")"
}

disputed() {
	svc young ip=$VIP ext=$EXT
	serves young "$POD1@node1"
	svc zold ip=$VIP2 ext=$EXT
	edit 2026-05-04 2025-05-04
	serves zold "$POD2@node1"
	svc thief ip=$VIP3 ext=$VIP2
	edit 2026-05-04 2024-05-04
	serves thief "$POD1@node1"
	apply
	expect "disputed external IP: the older" "pod2 .*" client $EXT 80
	expect "disputed cluster IP: its owner" "pod2 .*" client $VIP2 80
	expect "the loser's own cluster IP" "pod1 .*" client $VIP 80
	check "warnings" ".*production/young.*" "$(grep -i warning <<<"$OUTPUT" | tr '\n' ' ')"
	check "warnings name both" ".*production/zold.*" "$(grep -i warning <<<"$OUTPUT" | grep young | tr '\n' ' ')"
	check "warnings on a cluster IP" ".*production/thief.*" "$(grep -i warning <<<"$OUTPUT" | grep thief | tr '\n' ' ')"
	svc young ip=$VIP ext=$EXT
	serves young "$POD1@node1"
	apply
	expect "the older is gone: the next" "pod1 .*" client $EXT 80
}

legacy() {
	svc web ip=$VIP
	endpoints web $POD1 $POD2
	apply
	expect_all "Endpoints" "pod1 pod2" client $VIP 80
	svc web ip=$VIP
	endpoints web $POD1 $POD2
	serves web "$POD2@node1"
	apply
	expect_all "a slice beside Endpoints" "pod2" client $VIP 80
	svc web ip=$VIP
	endpoints web $POD1 $POD2
	serves web
	apply
	expect "an empty slice beside Endpoints" refused client $VIP 80
}

sharing() {
	another_proxy
	host_network
	host_affinity
	shared_address
	disputed
	legacy
}

each_family sharing
finish
