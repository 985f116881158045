#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# NetworkPolicy on two nodes, each of which judges for its own pods.
set -u
# shellcheck source=two-nodes.sh
. "$(dirname "$0")/two-nodes.sh"
# shellcheck source=policies.sh
. "$(dirname "$0")/policies.sh"
begin
POLICIES=$WORK/policies.yaml

# cluster POLICY-FUNCTION: applies the same input on both nodes
cluster() {
	local n
	for n in 1 2; do
		namespace shop
		pod shop/web $P1@node1 "app: web"
		pod shop/api $P2@node1 "app: api"
		pod shop/db $R1@node2 "app: db"
		pod shop/cache $R2@node2 "app: cache"
		"$1"
		write_policies
		svc web type=NodePort ip=$VIP node=30080 ext=$EXT
		serves web "$POD1@node1" "$REMOTE1@node2"
		apply_on $n --network-policy -f "$POLICIES"
	done
}

database() {
	policy shop/db 'podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 8080}, {port: 8081}]}]'
	policy shop/web 'podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 8081}, {port: 8082}]}]'
}

each_judges() {
	cluster database
	passes "both nodes allow it" pod1 remote1 8081/tcp
	drops "its own node denies the request" pod1 remote1 8080
	drops "the other node denies the request" pod1 remote1 8082
	drops "the other node denies another pod" pod2 remote1 8081
	drops "its node denies a pod of the same node" remote2 remote1 8081
	passes "pods without policies" remote2 pod2 8080
	passes "a node and its pod" other remote1 8080
	drops "a node and a pod of the other node" host remote1 8080
	passes "a pod and its node" pod1 host 8080
	drops "a pod and the other node" pod1 other 8080
	passes "the node with the policy on requests, from outside" client pod1 8080
	drops "the node with the policy on its ingress, from outside" client remote1 8080
	judge
}

everybody_but_nodes() {
	policy shop/all 'podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]'
}

# A service with endpoints on both nodes: the node that the client asks sends some requests on, with
# an address of its own.
through_services() {
	cluster everybody_but_nodes
	expect_all "pods, through the service" "pod1 remote1" pod2 $VIP 80
	drops "another node" other pod1 8080
	drops "another node" host remote1 8080
	judge
	expect "from outside, neither endpoint" timeout client $NODE 30080 --count 4
	cluster outside
	expect "the client's address alone is allowed, on each node" "(pod1 [^|]*)?.?(timeout)?" client $NODE 30080 --count 8
	cluster outside_and_node
	expect_all "the client's address and that of the node which translates" "pod1 remote1" client $NODE 30080
	drops "another client" client2 pod1 8080
	judge
}

outside() {
	policy shop/all "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: $CLIENT/$HOST}}]}]"
}

outside_and_node() {
	policy shop/all "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: $CLIENT/$HOST}}, {ipBlock: {cidr: $NODE/$HOST}}]}]"
}

# A router on the way, the other node, says that a packet is too long.
too_long() {
	cluster database
	ip -n "$PREFIX-node2" link set to-pod3 mtu 1300
	# shellcheck disable=SC2016
	check "packets that the other node finds too long" answered "$(at pod1 timeout 5 bash -c \
		'exec 3<>"/dev/tcp/$1/8081" && read -r <&3 && printf "%3500s\n" x >&3 && read -rn 1 <&3 && echo answered' - "$REMOTE1" 2>/dev/null)"
	ip -n "$PREFIX-node2" link set to-pod3 mtu 1500
}

all() {
	each_judges
	through_services
	too_long
}

each_family all
finish
