# shellcheck shell=bash disable=SC2153
# SPDX-License-Identifier: GPL-2.0-or-later
# Helpers of the packet tests about NetworkPolicy, sourced after lib.sh or two-nodes.sh: objects, which
# are written as YAML in one line each, and requests, of which many are sent at the same time.

POLICIES=                      # the file with Pods, Namespaces and NetworkPolicies
OBJECTS_YAML=                  # those that are not written yet
PORTS=(8080 8081 8082 8090 53) # each pod serves TCP and UDP there
QUEUE=()                       # requests that judge sends

# the addresses of the topology's pods, both families; pod1 and pod2 are on node1
# shellcheck disable=SC2034
P1=10.244.1.11,fd00:10:244:1::11 P2=10.244.1.12,fd00:10:244:1::12
# shellcheck disable=SC2034
R1=10.244.2.21,fd00:10:244:2::21 R2=10.244.2.22,fd00:10:244:2::22

# serve_pods: replaces the one of the topology, which serves one port
serve_pods() {
	serve_ports pod1 pod1 10.244.1.11 fd00:10:244:1::11
	serve_ports pod2 pod2 10.244.1.12 fd00:10:244:1::12
	if [ "$ON" = node ]; then
		serve_ports remote remote1 10.244.2.21 fd00:10:244:2::21
		serve_ports remote remote2 10.244.2.22 fd00:10:244:2::22
		serve_ports remote other 172.18.0.2 fd00:172::2
	else
		serve_ports pod3 remote1 10.244.2.21 fd00:10:244:2::21
		serve_ports pod4 remote2 10.244.2.22 fd00:10:244:2::22
		serve_ports node2 other 192.0.2.2 2001:db8:1::2
	fi
	serve_ports "$ON" host 192.0.2.1 2001:db8:1::1 10.244.1.1 fd00:10:244:1::1
	serve_ports client client 192.0.2.100 2001:db8:1::100
	serve_ports client client2 192.0.2.101 2001:db8:1::101
}

# place NAME: where requests of that name start: sets WHERE, the namespace, and MORE, options of probe
place() {
	WHERE=$1 MORE=
	case $1 in
	remote1) WHERE=pod3 MORE="--from $REMOTE1" ;;
	remote2) WHERE=pod4 MORE="--from $REMOTE2" ;;
	other) WHERE=node2 MORE="--from $OTHER" ;;
	host) WHERE=$ON ;;
	client2) WHERE=client MORE="--from $CLIENT2" ;;
	esac
	[ "$ON" != node ] || case $WHERE in pod3 | pod4 | node2) WHERE=remote ;; esac
}

# address_of NAME: sets ADDRESS, the address of who has that name, in the family in use
address_of() {
	case $1 in
	pod1) ADDRESS=$POD1 ;;
	pod2) ADDRESS=$POD2 ;;
	remote1) ADDRESS=$REMOTE1 ;;
	remote2) ADDRESS=$REMOTE2 ;;
	other) ADDRESS=$OTHER ;;
	host) ADDRESS=$NODE ;;
	client) ADDRESS=$CLIENT ;;
	client2) ADDRESS=$CLIENT2 ;;
	*) ADDRESS=$1 ;;
	esac
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

# enforce [OPTION...]: applies the policies, and OBJECTS; afterwards nothing is left to change. What
# apply said is in APPLIED.
enforce() {
	write_policies
	[[ ${OBJECTS[*]} == *'"Service"'* ]] || svc unused ip=$VIP6 # as in every cluster there is one
	apply "$@"
	# shellcheck disable=SC2034 # for the tests
	APPLIED=$OUTPUT
	svcrules diff
	[ "$STATUS" -eq 0 ] || not_ok "diff after apply" "exit 0" "exit $STATUS: $OUTPUT"
}

# ---- verdicts ----

# passes and drops WHAT FROM TO PORT[/PROTOCOL] [OPTION...]: queue a request over TCP and UDP, or over
# that protocol alone; judge sends what is queued. FROM and TO are names as in place; TO may be an
# address.
passes() {
	queue pass "$@"
}

drops() {
	queue drop "$@"
}

queue() {
	local verdict=$1 what=$2 from=$3 to=$4 port=$5 protocols='tcp udp' p ADDRESS WHERE MORE
	shift 5
	[[ $port != */* ]] || protocols=${port#*/}
	place "$from"
	address_of "$to"
	[ "$ADDRESS" != "$to" ] || to="[a-z]+[0-9]?"
	for p in $protocols; do
		QUEUE+=("$verdict|$what: $from to $ADDRESS port ${port%/*}/$p|$WHERE|$to|$p $ADDRESS ${port%/*} $MORE $*")
	done
}

# judge: sends the queued requests at the same time. A denied one has no answer at all: a refusal or
# an ICMP error is wrong. What passes is waited for long, so that a busy machine fails no test.
judge() {
	local i verdict what from to arguments patience jobs=()
	for i in "${!QUEUE[@]}"; do
		IFS='|' read -r verdict what from to arguments <<<"${QUEUE[i]}"
		patience=5000
		[ "$verdict" = pass ] || patience=$TIMEOUT
		# shellcheck disable=SC2086
		"$PROBE" in "/run/netns/$PREFIX-$from" ask $arguments --timeout "$patience" --summary answers \
			>"$WORK/verdict-$i" 2>&1 &
		jobs+=($!)
	done
	[ ${#jobs[@]} -eq 0 ] || wait "${jobs[@]}"
	for i in "${!QUEUE[@]}"; do
		IFS='|' read -r verdict what from to arguments <<<"${QUEUE[i]}"
		[ "$verdict" != drop ] || to=timeout
		[ "$verdict" = drop ] || to+=' [0-9a-f.:]+'
		check "$what" "$to" "$(<"$WORK/verdict-$i")"
		# shellcheck disable=SC2086
		[ -z "$EXPLAIN" ] || explained "$from" "$(<"$WORK/verdict-$i")" $arguments --summary answers
	done
	QUEUE=()
}

# policy_tables: prints the tables that enforce policies, "ip ip6" if there are both
policy_tables() {
	at "$ON" nft list tables | sed -n 's/^table \([a-z0-9]*\) svcrules-policy$/\1/p' | sort | paste -sd' '
}

# none_installed WHAT: no table enforces policies
none_installed() {
	check "$1: nothing is installed" "" "$(policy_tables)"
}

# said WHAT REGEX: the output of the last command has a part like that
said() {
	check "$1" ".*($2).*" "$(tr '\n' ' ' <<<"$OUTPUT")"
}

# pings WHAT yes|no FROM TO: an echo request is answered, or not
pings() {
	local WHERE MORE ADDRESS patience=5
	place "$3"
	address_of "$4"
	[ "$2" = yes ] || patience=1
	if ! command -v busybox >/dev/null; then
		skip "$1: ping" "busybox is missing"
		return
	fi
	check "$1: ping from $3 to $4" "$2" \
		"$(at "$WHERE" busybox ping -c 1 -W $patience ${MORE:+-I "${MORE#--from }"} "$ADDRESS" >/dev/null 2>&1 && echo yes || echo no)"
}
