#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# NetworkPolicy: peers, which are pods, namespaces and blocks of addresses.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=policies.sh
. "$(dirname "$0")/policies.sh"
begin_policies

# cluster: two namespaces, whose pods share labels
cluster() {
	namespace shop "team: a"
	namespace data "team: b"
	pod shop/web $P1@node1 "app: web"
	pod shop/api $P2@node1 "app: api, tier: back"
	pod data/db $R1@node2 "app: api"
	pod data/cache $R2@node2 'app: cache, tier: back, empty: ""'
}

SOURCES=(pod2 remote1 remote2 other client client2)

# from WHAT PEERS NAME...: of SOURCES, these alone reach shop/web if its ingress is from PEERS; and if
# its egress is to them, it reaches these alone
from() {
	local what=$1 peers=$2 name
	shift 2
	cluster
	policy shop/p "podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress], ingress: [{from: [$peers]}], egress: [{to: [$peers]}]"
	enforce
	for name in "${SOURCES[@]}"; do
		case " $* " in
		*" $name "*)
			passes "$what" "$name" pod1 8080
			passes "$what" pod1 "$name" 8081
			;;
		*)
			drops "$what" "$name" pod1 8080
			drops "$what" pod1 "$name" 8081
			;;
		esac
	done
	judge
}

selectors() {
	from "a podSelector means the policy's namespace" "{podSelector: {matchLabels: {app: api}}}" pod2
	from "an empty podSelector" "{podSelector: {}}" pod2
	from "a namespaceSelector" "{namespaceSelector: {matchLabels: {team: b}}}" remote1 remote2
	from "a namespace by its name" "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: data}}}" remote1 remote2
	from "both in one peer" "{namespaceSelector: {matchLabels: {team: b}}, podSelector: {matchLabels: {app: api}}}" remote1
	from "two peers" "{namespaceSelector: {matchLabels: {team: b}}}, {podSelector: {matchLabels: {app: api}}}" pod2 remote1 remote2
	from "an empty namespaceSelector" "{namespaceSelector: {}}" pod2 remote1 remote2
	from "an empty namespaceSelector with a podSelector" "{namespaceSelector: {}, podSelector: {matchLabels: {tier: back}}}" pod2 remote2
	from "no peers: everybody" "" "${SOURCES[@]}"
	from "a peer that matches nothing" "{podSelector: {matchLabels: {app: nobody}}}"
	from "a namespace that matches nothing" "{namespaceSelector: {matchLabels: {team: c}}, podSelector: {}}"
}

expressions() {
	from "In" "{namespaceSelector: {}, podSelector: {matchExpressions: [{key: app, operator: In, values: [cache, other]}]}}" remote2
	from "NotIn, also without the key" "{namespaceSelector: {}, podSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [front, back]}]}}" remote1
	from "Exists" "{namespaceSelector: {}, podSelector: {matchExpressions: [{key: tier, operator: Exists}]}}" pod2 remote2
	from "DoesNotExist" "{namespaceSelector: {}, podSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}}" remote1
	from "labels and expressions" "{namespaceSelector: {matchExpressions: [{key: team, operator: Exists}]}, podSelector: {matchLabels: {app: api}, matchExpressions: [{key: tier, operator: Exists}]}}" pod2
	from "an empty value" '{namespaceSelector: {}, podSelector: {matchLabels: {empty: ""}}}' remote2
}

blocks() {
	local all=0.0.0.0/0 wide=192.0.2.0/24 bits=192.0.2.77/24 pods=10.244.2.0/24 foreign=2001:db8:1::100/128 foreign_all=::/0 half=192.0.2.100/31
	if [ "$HOST" = 128 ]; then
		all=::/0 wide=2001:db8:1::/64 bits=2001:db8:1::77:1/64 pods=fd00:10:244:2::/64 foreign=192.0.2.100/32 foreign_all=0.0.0.0/0 half=2001:db8:1::100/127
	fi
	from "one address" "{ipBlock: {cidr: $CLIENT/$HOST}}" client
	from "two addresses" "{ipBlock: {cidr: $half}}" client client2
	from "host bits are masked" "{ipBlock: {cidr: $bits}}" client client2
	from "pods' addresses too" "{ipBlock: {cidr: $pods}}" remote1 remote2
	from "all addresses" "{ipBlock: {cidr: \"$all\"}}" "${SOURCES[@]}"
	from "the other family" "{ipBlock: {cidr: $foreign}}, {ipBlock: {cidr: \"$foreign_all\"}}"
	from "except one" "{ipBlock: {cidr: $wide, except: [$CLIENT2/$HOST]}}" client
	from "except a pod" "{ipBlock: {cidr: \"$all\", except: [$REMOTE1/$HOST, $POD2/$HOST]}}" remote2 other client client2
	from "except the pods, which a selector allows" "{ipBlock: {cidr: \"$all\", except: [$pods]}}, {namespaceSelector: {matchLabels: {team: b}}}" "${SOURCES[@]}"
	from "except, which another block allows" "{ipBlock: {cidr: $wide, except: [$half]}}, {ipBlock: {cidr: $CLIENT2/$HOST}}" client2
	from "except all of it" "{ipBlock: {cidr: $CLIENT/$HOST, except: [$CLIENT/$HOST]}}"
	from "a block and pods" "{ipBlock: {cidr: $CLIENT/$HOST}}, {podSelector: {}}" pod2 client
}

# Peers and ports of different rules do not combine; nor do those of two policies.
rules() {
	cluster
	policy shop/p "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}, {ipBlock: {cidr: $CLIENT/$HOST}}], ports: [{port: 8080}]}, {from: [{namespaceSelector: {matchLabels: {team: b}}}], ports: [{port: 8081}]}, {from: [{podSelector: {matchLabels: {tier: back}}}], ports: [{port: 53, protocol: UDP}, {port: 53}]}, {ports: [{port: 8090}]}]"
	policy shop/q "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: $CLIENT2/$HOST}}], ports: [{port: 8082}]}]"
	enforce
	passes "the first rule, a pod" pod2 pod1 8080/tcp
	passes "the first rule, a block" client pod1 8080/tcp
	passes "the second rule" remote1 pod1 8081/tcp
	passes "the third rule, for a pod that matches the first too" pod2 pod1 53
	passes "the rule without peers, a pod" remote2 pod1 8090/tcp
	passes "the rule without peers, a block's address" client pod1 8090/tcp
	passes "the rule without peers, another address" other pod1 8090/tcp
	passes "the other policy" client2 pod1 8082/tcp
	drops "the first rule's peer, the second's port" pod2 pod1 8081
	drops "the first rule's block, the second's port" client pod1 8081
	drops "the second rule's peer, the first's port" remote1 pod1 8080
	drops "the second rule's peer, the third's port" remote1 pod1 53
	drops "the other policy's peer, the first's port" client2 pod1 8080
	drops "the first policy's peer, the other's port" client pod1 8082
	drops "the rule without peers, another port" other pod1 8080
	judge
}

# A request needs the egress of its source and the ingress of its destination.
both_ends() {
	local in="podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 8080}, {port: 8081}]}]"
	cluster
	policy shop/in "$in"
	policy shop/out "podSelector: {matchLabels: {app: api}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 8081}, {port: 8082}]}]"
	enforce
	passes "both allow it" pod2 pod1 8081/tcp
	drops "ingress alone allows it" pod2 pod1 8080/tcp
	drops "egress alone allows it" pod2 pod1 8082/tcp
	drops "neither allows it" pod2 pod1 8090/tcp
	passes "the other way is open" pod1 pod2 8090
	judge
}

peers() {
	selectors
	expressions
	blocks
	rules
	both_ends
}

each_family peers
finish
