#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# NetworkPolicy: after each apply only the new state counts, and what is switched off leaves nothing.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=policies.sh
. "$(dirname "$0")/policies.sh"
begin_policies
WITHOUT=(--backend "$BACKEND" --node-name node1 --cluster-cidr "$PODS")
MANY= # more objects

# What the tests change, with its first values.
first() {
	WEB=$P1@node1 API=$P2@node1 DB=$R1@node2
	WEB_LABELS="app: web" API_LABELS="app: api" TEAM="team: b" PHASE=Running
	WEB_PORTS="{name: http, containerPort: 8080}" DB_PORTS="{name: sql, containerPort: 8080}"
	IN='{from: [{podSelector: {matchLabels: {app: api}}}, {namespaceSelector: {matchLabels: {team: b}}}], ports: [{port: http}, {port: 8082}]}'
	OUT='{to: [{namespaceSelector: {}}], ports: [{port: sql}]}'
	MORE_PODS='' MORE_LABELS="app: more"
}

# state VARIABLE=VALUE...: applies the first state with these changes, and no other
state() {
	local word
	first
	for word; do printf -v "${word%%=*}" '%s' "${word#*=}"; done
	namespace shop
	namespace data "$TEAM"
	pod shop/web "$WEB" "$WEB_LABELS" "$WEB_PORTS" "" "$PHASE"
	pod shop/api "$API" "$API_LABELS"
	pod data/db "$DB" "app: db" "$DB_PORTS"
	[ -z "$MORE_PODS" ] || pod shop/more "$MORE_PODS" "$MORE_LABELS" "$WEB_PORTS"
	OBJECTS_YAML+=$MANY
	policy shop/web "podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress], ingress: [$IN], egress: [$OUT]"
	enforce
}

# as_at_first WHEN: queues what the first state allows
as_at_first() {
	passes "$1" pod2 pod1 8080/tcp
	passes "$1" pod2 pod1 8082/tcp
	passes "$1" remote1 pod1 8080/tcp
	passes "$1" pod1 remote1 8080/tcp
	drops "$1" pod2 pod1 8081/tcp
	drops "$1" client pod1 8080
	drops "$1" remote2 pod1 8080/tcp
	drops "$1" pod1 remote1 8081/tcp
	drops "$1" pod1 client 8080
	passes "$1" client pod2 8080
}

labels() {
	state
	as_at_first "at first"
	judge
	state API_LABELS="app: other"
	drops "the peer's labels are others" pod2 pod1 8080/tcp
	passes "the peer's labels are others" remote1 pod1 8080/tcp
	judge
	state WEB_LABELS="app: other"
	passes "the pod's labels are others" client pod1 8081
	none_installed "the pod's labels are others"
	judge
	state
	as_at_first "labels as before"
	judge
	state API_LABELS="app: web"
	drops "the peer is selected itself" client pod2 8080/tcp
	drops "the peer is selected itself" pod2 pod1 8080/tcp
	passes "the peer is selected itself" remote1 pod2 8082/tcp
	judge
	state TEAM="team: c"
	drops "the namespace's labels are others" remote1 pod1 8080/tcp
	passes "the namespace's labels are others" pod2 pod1 8080/tcp
	judge
	state TEAM="team: b, more: x"
	as_at_first "one label more"
	judge
}

addresses() {
	state WEB="$P2@node1" API="$P1@node1"
	passes "two pods swapped addresses" pod1 pod2 8080/tcp
	passes "two pods swapped addresses" client pod1 8080
	drops "two pods swapped addresses" client pod2 8080
	drops "two pods swapped addresses" pod2 client 8080
	judge
	state
	as_at_first "and back"
	judge
	state WEB="@node1" MORE_PODS="$P1@node1"
	passes "an address given to another pod" client pod1 8080
	passes "an address given to another pod" pod1 client 8080
	none_installed "the pod has no address now"
	judge
	state PHASE=Succeeded MORE_PODS="$P1@node1"
	passes "the pod ended, and another has its address" client pod1 8080
	judge
	state DB="$R2@node2"
	passes "the peer has another address" remote2 pod1 8080/tcp
	drops "the peer has another address" remote1 pod1 8080/tcp
	drops "the peer has another address" pod1 remote1 8080/tcp
	passes "the peer has another address" pod1 remote2 8080/tcp
	judge
	state DB="$R2@node2" MORE_PODS="$R1@node2"
	drops "its former address is another pod's" remote1 pod1 8080/tcp
	judge
	state WEB="$P1@node2"
	passes "the pod moved to another node" client pod1 8080
	none_installed "the pod moved to another node"
	judge
	state
	as_at_first "the pod moved here"
	judge
}

# changed: prints how many elements the last apply added and removed
changed() {
	sed -n 's/.*[:,] \([0-9]*\) elements* added, \([0-9]*\) removed.*/\1 \2/p' <<<"$APPLIED"
}

# One pod more or less, with an address of each family, changes at most four elements for each address.
handful() {
	local i new=10.244.1.13,fd00:10:244:1::13@node1
	for i in {21..60}; do
		pod "shop/other$i" "10.244.1.$i,fd00:10:244:1::$i@node1" "app: other$((i % 10))"
		policy "shop/other$i" "podSelector: {matchLabels: {app: other$((i % 10))}}, ingress: [{from: [{podSelector: {matchLabels: {app: api}}}, {podSelector: {matchLabels: {app: other$((i % 7))}}}], ports: [{port: $((8000 + i))}]}]"
	done
	MANY=$OBJECTS_YAML OBJECTS_YAML=
	state
	state MORE_PODS="$new" MORE_LABELS="app: web"
	check "one isolated pod more" "[1-8] 0" "$(changed)"
	state MORE_PODS="$new" MORE_LABELS="app: other3"
	check "its labels are others" "[0-8] [0-8]" "$(changed)"
	state MORE_PODS="${new%1}2" MORE_LABELS="app: other3"
	check "it moved to another node" "[0-8] [1-8]" "$(changed)"
	state
	check "one peer less" "0 [1-2]" "$(changed)"
	MANY=
	state
}

ports() {
	state WEB_PORTS="{name: web, containerPort: 8080}"
	drops "the port has another name" pod2 pod1 8080/tcp
	passes "the port has another name" pod2 pod1 8082/tcp
	judge
	state WEB_PORTS="{name: http, containerPort: 8081}" DB_PORTS="{name: sql, containerPort: 8090}"
	passes "the name has another number" pod2 pod1 8081/tcp
	drops "the name has another number" pod2 pod1 8080/tcp
	passes "the name has another number, egress" pod1 remote1 8090/tcp
	drops "the name has another number, egress" pod1 remote1 8080/tcp
	judge
	state IN='{ports: [{port: 8090, protocol: UDP}]}'
	passes "another rule" client pod1 8090/udp
	drops "another rule" pod2 pod1 8080/tcp
	judge
	state IN='' OUT=''
	drops "no rules" pod2 pod1 8080/tcp
	drops "no rules" pod1 remote1 8080/tcp
	passes "no rules: the node" host pod1 8080
	judge
	state IN='{}'
	passes "everything in" client pod1 8081
	drops "everything in" pod1 client 8081
	judge
	state
	as_at_first "as at first"
	judge
}

# What is installed goes with the policies, with the option, and with delete.
off() {
	local families='ip ip6'
	check "installed" "$families" "$(policy_tables)"
	first
	namespace shop
	pod shop/web "$WEB" "$WEB_LABELS"
	enforce
	none_installed "the policies are gone"
	passes "the policies are gone" client pod1 8080
	judge
	state
	check "installed again" "$families" "$(policy_tables)"
	svc unused ip=$VIP6
	OPTIONS=("${WITHOUT[@]}" -f "$POLICIES")
	apply
	none_installed "without the option"
	said "without the option it is said that policies are not enforced" 'NetworkPolic.* not enforced|not enforced.*NetworkPolic.*'
	passes "without the option" client pod1 8080
	judge
	OPTIONS+=(--network-policy)
	state
	as_at_first "with the option again"
	judge
	delete
	check "delete" 0 "$STATUS"
	none_installed "delete"
	check "delete leaves no table at all" "" "$(at "$ON" nft list tables)"
	passes "delete" client pod1 8080
	judge
	state
}

# What cannot be applied changes nothing, and what another program changes is repaired.
faults() {
	namespace shop
	write_policies
	svc unused ip=$VIP6
	write_input
	svcrules apply
	check "no pods in the input" 3 "$STATUS"
	said "no pods in the input: that is said" "no Pod"
	as_at_first "no pods in the input, so nothing is changed"
	judge
	printf '%s\n' '{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: web}, spec: [], status: {}}' >"$POLICIES"
	svcrules apply
	check "an object that no API server has" "[1-9]" "$STATUS"
	as_at_first "such an object, so nothing is changed"
	judge
	namespace shop
	write_policies
	svcrules apply --allow-empty
	check "no pods, --allow-empty" 0 "$STATUS"
	none_installed "no pods, --allow-empty"
	state
	at "$ON" nft flush table ip svcrules-policy
	at "$ON" nft flush table ip6 svcrules-policy
	passes "another program emptied the tables" client pod1 8080
	judge
	state
	as_at_first "repaired"
	judge
	at "$ON" nft delete table ip svcrules-policy
	at "$ON" nft delete table ip6 svcrules-policy
	state
	as_at_first "repaired, after the tables were deleted"
	judge
}

changes() {
	labels
	addresses
	ports
	handful
	off
	faults
}

each_family changes
finish
