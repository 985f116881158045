#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# NetworkPolicy: which pods a policy isolates, and in which direction.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=policies.sh
. "$(dirname "$0")/policies.sh"
begin_policies

# cluster: shop/web and shop/api on this node, data/db and data/cache on another
cluster() {
	namespace shop
	namespace data
	pod shop/web $P1@node1 "app: web"
	pod shop/api $P2@node1 "app: api"
	pod data/db $R1@node2 "app: db"
	pod data/cache $R2@node2 "app: cache"
}

in_is() { # in_is open|closed WHAT POD: who reaches the pod
	local verb=passes
	[ "$1" = open ] || verb=drops
	$verb "$2" client "$3" 8080
	$verb "$2" remote1 "$3" 8080
}

out_is() { # out_is open|closed WHAT POD: whom the pod reaches
	local verb=passes
	[ "$1" = open ] || verb=drops
	$verb "$2" "$3" client 8080
	$verb "$2" "$3" remote1 8080
}

open_pods() {
	cluster
	enforce
	in_is open "no policy" pod1
	out_is open "no policy" pod1
	none_installed "no policy"
	judge
	cluster
	policy shop/nobody 'podSelector: {matchLabels: {app: nobody}}, policyTypes: [Ingress, Egress]'
	policy data/there 'podSelector: {}, policyTypes: [Ingress, Egress]'
	enforce
	none_installed "policies for no pod of this node"
	in_is open "pods of another namespace, or of none" pod1
	passes "what only another node's pod denies" pod1 remote1 8080
	judge
}

directions() {
	cluster
	policy shop/p 'podSelector: {}, policyTypes: [Ingress]'
	enforce
	in_is closed "Ingress alone" pod1
	in_is closed "an empty selector selects all pods" pod2
	drops "Ingress alone" pod2 pod1 8080
	out_is open "Ingress alone" pod1
	passes "pods of other namespaces are not selected" pod1 remote2 8080
	judge
	cluster
	policy shop/p 'podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]'
	enforce
	in_is open "Egress alone" pod1
	out_is closed "Egress alone" pod1
	drops "Egress alone" pod1 pod2 8080
	passes "Egress alone" pod2 pod1 8080
	out_is open "a pod that is not selected" pod2
	judge
	cluster
	policy shop/p 'podSelector: {matchLabels: {app: web}}, policyTypes: [Egress, Ingress]'
	enforce
	in_is closed "both directions" pod1
	out_is closed "both directions" pod1
	in_is open "a pod that is not selected" pod2
	judge
}

types() {
	cluster
	policy shop/p 'podSelector: {}, egress: [{to: [{podSelector: {}}]}]'
	enforce
	in_is closed "no policyTypes, a rule for egress" pod1
	out_is closed "no policyTypes, a rule for egress" pod1
	drops "the rule is for egress alone" pod1 pod2 8080
	judge
	cluster
	policy shop/p 'podSelector: {}, policyTypes: [], ingress: [{}], egress: []'
	enforce
	in_is open "policyTypes empty: ingress by its rules" pod1
	out_is open "policyTypes empty, egress without rules" pod1
	judge
	cluster
	policy shop/p 'podSelector: {}, egress: []'
	enforce
	in_is closed "no policyTypes and no rules" pod1
	out_is open "no policyTypes, egress without rules" pod1
	judge
	cluster
	policy shop/p "podSelector: {}, policyTypes: [Egress], ingress: [{ports: [{port: 8081}]}], egress: [{to: [{ipBlock: {cidr: $CLIENT/$HOST}}]}]"
	enforce
	in_is open "rules of ingress, which is not in policyTypes" pod1
	passes "rules of egress, which is" pod1 client 8080
	drops "rules of egress, which is" pod1 remote1 8080
	judge
}

union() {
	cluster
	policy shop/a 'podSelector: {}, policyTypes: [Ingress, Egress]'
	policy shop/b "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: $CLIENT/$HOST}}], ports: [{port: 8080}]}]"
	policy shop/c "podSelector: {matchExpressions: [{key: app, operator: In, values: [web, api]}]}, ingress: [{from: [{ipBlock: {cidr: $CLIENT/$HOST}}], ports: [{port: 8081}]}, {from: [{ipBlock: {cidr: $REMOTE1/$HOST}}]}]"
	enforce
	passes "one policy of three" client pod1 8080/tcp
	passes "another policy" client pod1 8081/tcp
	drops "none of the policies" client pod1 8082/tcp
	passes "another rule" remote1 pod1 8082
	drops "a policy that does not select this pod" client pod2 8080/tcp
	passes "the policy that selects both" client pod2 8081/tcp
	out_is closed "egress is denied by one and allowed by none" pod1
	judge
	cluster
	policy shop/a 'podSelector: {}, policyTypes: [Ingress, Egress]'
	policy shop/b 'podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]'
	enforce
	in_is open "everything allowed beside nothing allowed" pod1
	out_is open "everything allowed beside nothing allowed" pod1
	pings "everything allowed beside nothing allowed" yes client pod1
	in_is closed "the other pod" pod2
	judge
}

# Pods that are none for policies: of the host's network, ended, without an address, node or labels.
odd_pods() {
	namespace shop
	pod shop/agent "$NODE@node1" "app: web" "" "hostNetwork: true"
	pod shop/api $P2@node1 "app: api"
	policy shop/p 'podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress]'
	enforce
	none_installed "a pod in the host's network is not selected"
	passes "a pod in the host's network" client host 8080
	judge
	cluster
	pod shop/agent "$OTHER@node2" "app: agent" "" "hostNetwork: true"
	policy shop/p 'podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {matchLabels: {app: agent}}}, {namespaceSelector: {}}]}], egress: [{to: [{podSelector: {matchLabels: {app: agent}}}]}]'
	enforce
	drops "a pod in another host's network is no peer" other pod1 8080
	drops "a pod in another host's network is no peer" pod1 other 8080
	passes "a pod in its own network is" remote1 pod1 8080
	judge
	cluster
	pod shop/job1 $P2@node1 "app: job" "" "" Succeeded
	pod shop/job2 $P2@node1 "app: job" "" "" Failed
	policy shop/p 'podSelector: {matchLabels: {app: job}}, policyTypes: [Ingress]'
	policy shop/q 'podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: job}}}]}]'
	enforce
	in_is open "ended pods do not isolate the address that another pod has now" pod2
	drops "ended pods are no peers" pod2 pod1 8080
	judge
	cluster
	pod shop/waits @ "app: web"
	pod shop/starts @node1 "app: web" "" "" Pending
	pod shop/nowhere "@" "" "" "" Pending
	OBJECTS_YAML+="---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: bare}, spec: {nodeName: node1, containers: []}, status: {}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: alone}, spec: {nodeName: node2, containers: []}, status: {phase: Running, podIP: \"$OTHER\"}}
"
	policy shop/p 'podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [api]}]}, ingress: [{from: [{podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}}]}]'
	enforce
	drops "pods without an address" remote1 pod1 8080
	passes "podIP alone, and no labels" other pod1 8080
	judge
}

# A Namespace whose object is missing has no labels.
no_namespace() {
	pod shop/web $P1@node1 "app: web"
	pod data/db $R1@node2 "app: db"
	policy shop/p 'podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: data}}}]}]'
	enforce
	said "a Namespace is missing: that is said" data
	drops "a name that is not invented" remote1 pod1 8080
	judge
	pod shop/web $P1@node1 "app: web"
	pod data/db $R1@node2 "app: db"
	policy shop/p 'podSelector: {}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [a]}]}}]}]'
	enforce
	passes "no labels: NotIn holds" remote1 pod1 8080
	drops "no labels: NotIn holds, for pods" client pod1 8080
	judge
	pod shop/web $P1@node1 "app: web"
	pod shop/api $P2@node1 "app: api"
	policy shop/p 'podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}]}]'
	enforce
	passes "the policy's own namespace" pod2 pod1 8080
	judge
}

isolation() {
	open_pods
	directions
	types
	union
	odd_pods
	no_namespace
}

each_family isolation
finish
