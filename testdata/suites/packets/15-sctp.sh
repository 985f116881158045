#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Services over SCTP; skipped if the kernel has no SCTP.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
KEEP_FLOWS=yes
begin
TIMEOUT=5000
if [[ $(ask node sctp 127.0.0.1 9) == *'not supported'* ]]; then
	skip "SCTP" "this kernel has none"
	finish
fi

# web ENDPOINT...: a service with an SCTP port only
web() {
	svc web type=LoadBalancer ip=$VIP node=30080 lb=$LB etp=Local
	service_ports 80 30080
	edit "$REPLY" '{ "name": "t", "port": 80, "nodePort": 30080, "protocol": "SCTP", "targetPort": 8080 }'
	serves web "$@"
	edit '"protocol": "TCP"' '"protocol": "SCTP"'
}

# A packet is sent again after half a second instead of three. It happens: on several processors the
# first data may overtake the end of the handshake, and is dropped; and IPVS drops the first packet of a
# client that uses a source port again while the last association from that port is remembered.
for ns in client node pod1 pod2 remote; do sysctls "$ns" net/sctp/rto_initial=500 net/sctp/rto_min=500; done

# A client that always uses one port, as in telephony, loses its endpoint.
same_port() {
	web "$POD1@node1"
	apply
	check "from a fixed port" pod1 "$(who client sctp $VIP 80 --sport 7001)"
	web "$POD2@node1"
	apply
	check "from the same port, once the endpoint is gone" pod2 "$(who client sctp $VIP 80 --sport 7001)"
	check "no entry leads to the one that is gone" 0 "$(at node conntrack -L -p sctp 2>/dev/null | grep -c "src=$POD1 .*dport=7001")"
}

sctp() {
	local from
	serve pod1 pod1 sctp $POD1 8080
	serve pod2 pod2 sctp $POD2 8080
	serve remote remote1 sctp $REMOTE1 8080
	web "$POD1@node1"
	apply
	check "from outside" "pod1 $GATEWAY" "$(answers client sctp $VIP 80)"
	check "from a pod" "pod1 $POD2" "$(answers pod2 sctp $VIP 80)"
	check "from the pod itself" "pod1 $GATEWAY" "$(answers pod1 sctp $VIP 80)"
	check "from the node" "pod1 .*" "$(answers node sctp $VIP 80)"
	check "Local: the client's address, load balancer" "pod1 $CLIENT" "$(answers client sctp $LB 80)"
	check "Local: the client's address, node port" "pod1 $CLIENT" "$(answers client sctp $NODE 30080)"
	check "no other protocol, node port" refused "$(answers client tcp $NODE 30080)"
	web "$POD1@node1" "$POD2@node1" "$REMOTE1@node2"
	apply
	check "balanced" "pod1\\|pod2\\|remote1" "$(who client sctp $VIP 80 --count 60)"
	check "balanced, Local" "pod1\\|pod2" "$(who client sctp $LB 80 --count 40)"
	web "$REMOTE1@node2"
	apply
	check "Local without an endpoint" timeout "$(answers client sctp $LB 80)"
	! not_iptables "an endpoint of a fixed port goes" "loading rules deletes no flows" || same_port
	web "$REMOTE1@node2"
	apply
	for from in client pod2; do
		check "new ones go elsewhere, $from" "remote1" "$(who $from sctp $VIP 80 --count 5)"
	done
	if not_iptables "nothing to change" "diff reads no iptables rules"; then
		svcrules diff
		check "nothing to change" 0 "$STATUS"
	fi
}

each_family sctp
finish
