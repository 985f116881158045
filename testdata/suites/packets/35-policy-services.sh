#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# NetworkPolicy and services: judged is the pod's address and port, and the client's own address.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=policies.sh
. "$(dirname "$0")/policies.sh"
begin_policies

cluster() {
	namespace shop
	namespace data
	pod shop/web $P1@node1 "app: web" "{name: http, containerPort: 8080}"
	pod shop/api $P2@node1 "app: api"
	pod data/db $R1@node2 "app: db"
	pod data/cache $R2@node2 "app: cache"
}

# web POLICY: a service of shop/web alone, with that externalTrafficPolicy; its port is 80
web() {
	svc web type=LoadBalancer ip=$VIP node=30080 lb=$LB ext=$EXT etp="$1"
	serves web "$POD1@node1"
}

db() {
	svc db ip=$VIP2
	serves db "$REMOTE1@node2"
}

ports() {
	cluster
	policy shop/p 'podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 8080}, {port: 8080, protocol: UDP}]}]'
	web Cluster
	enforce
	passes "the pod's port" pod2 $VIP 80
	passes "the pod's port" client $VIP 80
	passes "the pod's port" client $NODE 30080
	passes "the pod's port" client $LB 80
	passes "the pod's port" remote1 $VIP 80
	judge
	cluster
	policy shop/p 'podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 80}, {port: 80, protocol: UDP}, {port: 30080}, {port: 30080, protocol: UDP}]}]'
	web Cluster
	enforce
	drops "the service's port" pod2 $VIP 80
	drops "the service's port" client $VIP 80
	drops "the node port" client $NODE 30080
	drops "the service's port" client $LB 80
	passes "the node" host $VIP 80
	passes "the node" host $NODE 30080
	judge
	cluster
	policy shop/p 'podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}], ports: [{port: http}]}]'
	web Cluster
	enforce
	passes "a named port" pod2 $VIP 80/tcp
	drops "a named port, of TCP" pod2 $VIP 80/udp
	drops "a named port, another peer" remote1 $VIP 80/tcp
	judge
}

# Under both policies the client's own address is judged, though a pod sees that of the node
# under policy Cluster.
clients() { # clients POLICY SEEN
	local to
	cluster
	policy shop/p "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: $CLIENT/$HOST}}]}]"
	web "$1"
	enforce
	for to in "$NODE 30080" "$LB 80" "$EXT 80"; do
		# shellcheck disable=SC2086
		passes "policy $1: the client's address" client $to
		# shellcheck disable=SC2086
		drops "policy $1: another client's" client2 $to
	done
	passes "the cluster IP, from outside" client $VIP 80
	drops "the cluster IP, another client" client2 $VIP 80
	drops "the cluster IP, a pod" pod2 $VIP 80
	judge
	expect "policy $1: what the pod sees" "pod1 $2" client $NODE 30080
	cluster
	policy shop/p "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: $GATEWAY/$HOST}}, {ipBlock: {cidr: $NODE/$HOST}}, {namespaceSelector: {}}]}]"
	web "$1"
	enforce
	for to in "$NODE 30080" "$LB 80" "$EXT 80"; do
		# shellcheck disable=SC2086
		drops "policy $1: not the address that the node puts there" client $to
	done
	passes "policy $1: pods" pod2 $NODE 30080
	passes "policy $1: pods" remote2 $VIP 80
	passes "policy $1: the node" host $NODE 30080
	judge
}

egress() {
	cluster
	policy shop/p "podSelector: {matchLabels: {app: api}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: $VIP/$HOST}}, {ipBlock: {cidr: $SERVICE_CIDR}}, {ipBlock: {cidr: $LB/$HOST}}]}]"
	web Cluster
	db
	enforce
	drops "a block with the cluster IP" pod2 $VIP 80
	drops "a block with the cluster IP" pod2 $VIP2 80
	drops "a block with the load balancer's IP" pod2 $LB 80
	judge
	cluster
	policy shop/p "podSelector: {matchLabels: {app: api}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: $REMOTE1/$HOST}}], ports: [{port: 8080}, {port: 8080, protocol: UDP}]}]"
	web Cluster
	db
	enforce
	passes "a block with the endpoint, and its port" pod2 $VIP2 80
	drops "a block without the endpoint" pod2 $VIP 80
	judge
	cluster
	policy shop/p "podSelector: {matchLabels: {app: api}}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: data}}, podSelector: {matchLabels: {app: db}}}], ports: [{port: 8080}]}]"
	web Cluster
	db
	enforce
	passes "pods behind the service" pod2 $VIP2 80/tcp
	drops "pods behind the service, another protocol" pod2 $VIP2 80/udp
	drops "pods behind another service" pod2 $VIP 80
	drops "its node port" pod2 $NODE 30080
	passes "the node's own port" pod2 $NODE 8080
	judge
	cluster
	policy shop/p "podSelector: {matchLabels: {app: api}}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}], ports: [{port: 80}, {port: 80, protocol: UDP}]}]"
	web Cluster
	db
	enforce
	drops "the service's port" pod2 $VIP 80
	drops "the service's port" pod2 $VIP2 80
	judge
}

# A pod reaches itself, and through no other pod's door.
itself() {
	cluster
	policy shop/p 'podSelector: {}, policyTypes: [Ingress, Egress]'
	web Cluster
	db
	enforce
	passes "itself, cluster IP" pod1 $VIP 80
	passes "itself, node port" pod1 $NODE 30080
	passes "itself, load balancer" pod1 $LB 80
	passes "itself, directly" pod1 pod1 8080
	drops "another pod" pod2 $VIP 80
	drops "another service" pod1 $VIP2 80
	judge
}

# Endpoints that are the node itself, or another node.
hosts() {
	cluster
	policy shop/p 'podSelector: {}, policyTypes: [Ingress, Egress]'
	svc here ip=$VIP3
	serves here "$NODE@node1"
	svc there ip=$VIP4
	serves there "$OTHER@node2"
	enforce
	passes "a service of its own node" pod1 $VIP3 80
	drops "a service of another node" pod1 $VIP4 80
	judge
	cluster
	policy shop/p "podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: $OTHER/$HOST}}], ports: [{port: 8080}]}]"
	svc there ip=$VIP4
	serves there "$OTHER@node2"
	enforce
	passes "a block with that node" pod1 $VIP4 80/tcp
	judge
}

# A service's own rules about sources, and affinity, hold beside policies.
beside() {
	cluster
	policy shop/p "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: $CLIENT/$HOST}}, {ipBlock: {cidr: $CLIENT2/$HOST}}]}]"
	svc web type=LoadBalancer ip=$VIP node=30080 lb=$LB etp=Local ranges=$CLIENT/$HOST affinity=600
	serves web "$POD1@node1"
	enforce
	passes "both allow it" client $LB 80
	drops "the policy alone allows it" client2 $LB 80
	passes "the node port has no source ranges" client2 $NODE 30080
	judge
}

services() {
	ports
	clients Local "$CLIENT"
	clients Cluster "$GATEWAY"
	egress
	itself
	hosts
	beside
}

each_family services
finish
