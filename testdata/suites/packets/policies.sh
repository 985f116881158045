# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Helpers of the packet tests about NetworkPolicy, sourced after lib.sh or two-nodes.sh: objects, which
# are written as YAML in one line each, and requests, of which many are sent at the same time.

POLICIES=                      # the file with Pods, Namespaces and NetworkPolicies
OBJECTS_YAML=                  # those that are not written yet
PORTS=(8080 8081 8082 8090 53) # each pod serves TCP and UDP there
QUEUE=()                       # requests that `judge` sends
BUNDLE_ALL=1                   # a number that rules keep in the priority of packets

# serve_pods: replaces the one of the topology, which serves one port
serve_pods() {
	serve_ports pod1 pod1 10.244.1.11 fd00:10:244:1::11
	serve_ports pod2 pod2 10.244.1.12 fd00:10:244:1::12
	if [ "$ON" = node ]; then
		serve_ports remote remote1 10.244.2.21 fd00:10:244:2::21
		serve_ports remote remote2 10.244.2.22 fd00:10:244:2::22
		serve_ports remote other 172.18.0.2 fd00:172::2
		serve_ports node host 192.0.2.1 2001:db8:1::1
	else
		serve_ports pod3 remote1 10.244.2.21 fd00:10:244:2::21
		serve_ports pod4 remote2 10.244.2.22 fd00:10:244:2::22
		serve_ports node1 host 192.0.2.1 2001:db8:1::1
		serve_ports node2 other 192.0.2.2 2001:db8:1::2
	fi
	serve_ports client client 192.0.2.100 2001:db8:1::100
	serve_ports client client2 192.0.2.101 2001:db8:1::101
}

serve_ports() { # serve_ports NAMESPACE NAME ADDRESS...: at each of PORTS
	local where=$1 name=$2 a p triples=()
	shift 2
	for a; do
		for p in "${PORTS[@]}"; do triples+=(tcp "$a" "$p" udp "$a" "$p"); done
	done
	serve "$where" "$name" "${triples[@]}"
}

# begin_policies: begin, and apply then enforces policies
begin_policies() {
	begin
	POLICIES=$WORK/policies.yaml
	OPTIONS+=(--network-policy -f "$POLICIES")
}

# namespace NAME [LABELS]: a Namespace object, with the label that every API server adds
namespace() {
	OBJECTS_YAML+="---
{apiVersion: v1, kind: Namespace, metadata: {name: $1, labels: {kubernetes.io/metadata.name: $1${2:+, $2}}}}
"
}

# pod NAMESPACE/NAME ADDRESS[,ADDRESS]@NODE [LABELS] [PORTS] [SPEC] [PHASE]: LABELS are "app: web, tier: x",
# PORTS "{name: http, containerPort: 8080}, ...", SPEC more members of spec; empty addresses or an
# empty node are missing in the object
pod() {
	local node=${2#*@} addresses=${2%@*} a ips='' status="phase: ${6:-Running}"
	for a in ${addresses//,/ }; do ips+="${ips:+, }{ip: \"$a\"}"; done
	[ -z "$ips" ] || status+=", podIP: \"${addresses%%,*}\", podIPs: [$ips]"
	OBJECTS_YAML+="---
{apiVersion: v1, kind: Pod, metadata: {namespace: ${1%/*}, name: ${1#*/}${3:+, labels: {$3\}}},
 spec: {${node:+nodeName: $node, }${5:+$5, }containers: [{name: main, ports: [${4:-}]}]}, status: {$status}}
"
}

# policy NAMESPACE/NAME SPEC: SPEC without the braces around it
policy() {
	OBJECTS_YAML+="---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: ${1%/*}, name: ${1#*/}},
 spec: {$2}}
"
}

# write_policies: writes the objects to the file, and forgets them
write_policies() {
	printf '%s' "$OBJECTS_YAML" >"$POLICIES"
	OBJECTS_YAML=
}

# enforce [OPTION...]: applies the policies, and OBJECTS
enforce() {
	write_policies
	apply "$@"
}

# ---- verdicts ----

# passes and drops WHAT FROM ADDRESS PORT[/PROTOCOL] [OPTION...]: queue a request over TCP and UDP, or
# over that protocol alone; judge sends what is queued
passes() {
	queue pass "$@"
}

drops() {
	queue drop "$@"
}

queue() {
	local verdict=$1 what=$2 from=$3 to=$4 port=$5 protocols='tcp udp' p
	shift 5
	[[ $port != */* ]] || protocols=${port#*/}
	for p in $protocols; do
		QUEUE+=("$verdict|$what, $p|$from|$p $to ${port%/*} $*")
	done
}

# judge: sends the queued requests at the same time. A denied one has no answer at all: a refusal or
# an ICMP error is wrong. What passes is waited for long, so that a busy machine fails no test.
judge() {
	local i verdict what from arguments got wait jobs=()
	for i in "${!QUEUE[@]}"; do
		IFS='|' read -r verdict what from arguments <<<"${QUEUE[i]}"
		wait=5000
		[ "$verdict" = pass ] || wait=$TIMEOUT
		# shellcheck disable=SC2086
		"$PROBE" in "/run/netns/$PREFIX-$from" ask $arguments --timeout "$wait" --summary answers \
			>"$WORK/verdict-$i" 2>&1 &
		jobs+=($!)
	done
	[ ${#jobs[@]} -eq 0 ] || wait "${jobs[@]}"
	for i in "${!QUEUE[@]}"; do
		IFS='|' read -r verdict what from arguments <<<"${QUEUE[i]}"
		got=$(<"$WORK/verdict-$i")
		if [ "$verdict" = drop ]; then
			check "$what" timeout "$got"
		else
			check "$what" '[a-z]+[0-9]* [0-9a-f.:]+' "$got"
		fi
	done
	QUEUE=()
}

# policy_tables: prints the tables that enforce policies, "ip ip6" if there are both
policy_tables() {
	at "$ON" nft list tables | sed -n "s/^table \([a-z0-9]*\) $TABLE-policy\$/\1/p" | sort | paste -sd' '
}
