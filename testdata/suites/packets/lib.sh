# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Helpers of the packet tests: one node with two pods, another node with two
# more pods, and a client outside, each in its own network namespace.
#
#   pod1 --+                 +-- client   192.0.2.100 .. 119   2001:db8:1::100 ..
#          +-- node (here) --+
#   pod2 --+                 +-- remote   172.18.0.2, pods 10.244.2.21 and .22
#
# The node's own addresses: 192.0.2.1 towards the client, 172.18.0.1 towards
# the other node, 10.244.1.1 towards its pods. It routes for all of them.

PACKETS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=${PACKETS%/testdata/suites/packets}
SVCRULES=${SVCRULES:-$ROOT/build/svcrules}
PROBE=${PROBE:-$ROOT/build/probe}
TIMEOUT=${TIMEOUT:-300}
# a session affinity in seconds that outlasts two requests of each of ten clients
SHORT=${SHORT:-1}
PREFIX=${PREFIX:-svcr$$}
NAMESPACES=(node pod1 pod2 remote client)
ROUTERS=(node) # of these, those that forward packets; svcrules runs there
ON=node        # that the functions below apply rules on
WORK=
NEVER=
SERVERS=()
OBJECTS=()
BACKEND=${BACKEND:-nftables}
PODS="10.244.0.0/16,fd00:10:244::/48"
INPUT=
OUTPUT=
STATUS=0
KEEP_FLOWS=
passed=0
failed=0
skipped=0
LABEL=

# what happens is compared with what 'svcrules explain' predicts; EXPLAIN= switches that off
EXPLAIN=${EXPLAIN-yes}
case $BACKEND in iptables-*) EXPLAIN= ;; esac
# shellcheck source=explain.sh
. "$PACKETS/explain.sh"

# pause SECONDS: a sleep that starts no program
pause() {
	read -rt "$1" -u "$NEVER" || :
}

# ---- results ----

ok() {
	passed=$((passed + 1))
	echo "ok - $LABEL$1"
}

not_ok() {
	failed=$((failed + 1))
	echo "not ok - $LABEL$1: expected $2, got $3"
}

skip() {
	skipped=$((skipped + 1))
	echo "skip - $LABEL$1: $2"
}

# late WHAT REGEX GOT: says so if all answers came and some requests only had none in time
late() {
	local answered=${3//|timeout/}

	[ "$answered" != "$3" ] && [[ $answered =~ ^($2)$ ]] &&
		echo "TOO SLOW: packets: $LABEL$1: all expected answers came, but not to each request within $TIMEOUT ms (TIMEOUT)"
}

# check WHAT REGEX GOT: all of GOT must match.
check() {
	if [[ $3 =~ ^($2)$ ]]; then
		ok "$1"
	else
		not_ok "$1" "'$2'" "'$3'"
		late "$@"
	fi
}

# ---- namespaces ----

at() {
	local where=$1
	shift
	case $1 in "$PROBE" | busybox) ;; *) flows_explain ;; esac
	nsenter --net="/run/netns/$PREFIX-$where" -- "$@"
}

# start NAMESPACE COMMAND...: for the background: $! is then the process itself, not a shell around it
start() {
	local where=$1
	shift
	[ "$1" = "$PROBE" ] || flows_explain
	exec nsenter --net="/run/netns/$PREFIX-$where" -- "$@"
}

# ip: requests before a change of addresses and routes are explained before it
ip() {
	flows_explain
	command ip "$@"
}

link() { # link A DEVICE B DEVICE: a cable between two namespaces
	ip link add "$2" netns "$PREFIX-$1" type veth peer name "$4" netns "$PREFIX-$3"
	ip -n "$PREFIX-$1" link set "$2" up
	ip -n "$PREFIX-$3" link set "$4" up
}

address() { # address NAMESPACE DEVICE ADDRESS[,OPTION...]...
	local where=$1 device=$2 a
	shift 2
	for a; do
		[[ $a != *:* ]] || a+=" nodad"
		echo "addr add ${a//,/ } dev $device"
	done | ip -n "$PREFIX-$where" -batch -
}

route() { # route NAMESPACE ip-route arguments
	local where=$1
	shift
	ip -n "$PREFIX-$where" route add "$@"
}

sysctls() { # sysctls NAMESPACE KEY=VALUE...
	local where=$1
	shift
	# shellcheck disable=SC2016
	at "$where" bash -c 'for s; do p=/proc/sys/${s%%=*}; [ ! -e "$p" ] || echo "${s#*=}" >"$p"; done' sysctls "$@"
}

add_pod() { # add_pod NAME LAST-NUMBER: routed, one veth, no bridge
	local four=10.244.1.$2 six=fd00:10:244:1::$2
	link node "to-$1" "$1" eth0
	address node "to-$1" 10.244.1.1/32 fd00:10:244:1::1/128
	address "$1" eth0 "$four/32" "$six/128"
	route node "$four" dev "to-$1"
	route node "$six" dev "to-$1"
	route "$1" default via 10.244.1.1 dev eth0 onlink
	route "$1" default via fd00:10:244:1::1 dev eth0 onlink
}

add_remote() {
	link node to-remote remote eth0
	address node to-remote 172.18.0.1/24 fd00:172::1/64
	address remote eth0 172.18.0.2/24 fd00:172::2/64
	address remote lo 10.244.2.21/32 10.244.2.22/32 fd00:10:244:2::21/128 fd00:10:244:2::22/128
	route node 10.244.2.0/24 via 172.18.0.2
	route node fd00:10:244:2::/64 via fd00:172::2
	route remote default via 172.18.0.1
	route remote default via fd00:172::1
}

add_client() {
	link node to-client client eth0
	address node to-client 192.0.2.1/24 2001:db8:1::1/64
	# the client uses .100 unless --from names another address
	address client eth0 192.0.2.{100..119}/24 2001:db8:1::100/64 2001:db8:1::{101..119}/64,preferred_lft,0
	route client default via 192.0.2.1
	route client default via 2001:db8:1::1
	# The node needs a route to every VIP for its own requests; the client forwards nothing.
	route node default via 192.0.2.100
	route node default via 2001:db8:1::100
}

# connect: lays the cables; a file with another topology replaces it
connect() {
	add_pod pod1 11
	add_pod pod2 12
	add_remote
	add_client
}

topology_up() {
	local n
	WORK=$(mktemp -d)
	INPUT=$WORK/input.json
	flows_begin
	mkfifo "$WORK/never" && exec {NEVER}<>"$WORK/never" || return 1
	for n in "${NAMESPACES[@]}"; do
		ip netns add "$PREFIX-$n" || return 1
		ip -n "$PREFIX-$n" link set lo up
		sysctls "$n" net/ipv6/conf/all/accept_dad=0 net/ipv6/conf/default/accept_dad=0 \
			net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/default/rp_filter=0
	done
	# Tests count refusals, so ICMP errors are not limited.
	for n in "${ROUTERS[@]}"; do
		sysctls "$n" net/ipv4/ip_forward=1 net/ipv6/conf/all/forwarding=1 net/ipv4/icmp_ratelimit=0 \
			net/ipv6/icmp/ratelimit=0 net/ipv4/conf/all/send_redirects=0 \
			net/ipv4/conf/default/send_redirects=0
	done
	connect
}

topology_down() {
	local p n
	for p in "${SERVERS[@]}"; do kill "$p" 2>/dev/null; done
	for p in "${SERVERS[@]}"; do wait "$p" 2>/dev/null; done
	for n in "${ROUTERS[@]}"; do at "$n" "$SVCRULES" delete --quiet 2>/dev/null; done # also deletes the state files
	for n in "${NAMESPACES[@]}"; do ip netns del "$PREFIX-$n" 2>/dev/null; done
	[ -z "$WORK" ] || rm -rf "$WORK"
}

# serve NAMESPACE NAME TRIPLES...: starts a probe server and waits until it is ready.
serve() {
	local where=$1 log i
	shift
	[ -z "$EXPLAIN" ] || known_servers "$@"
	log=$WORK/server-$where-$1-${#SERVERS[@]}
	: >"$log"
	start "$where" "$PROBE" serve "$@" >"$log" 2>&1 &
	SERVERS+=($!)
	for i in {1..1000}; do # the machine may be busy
		[[ $(<"$log") != *ready* ]] || return 0
		pause 0.01
	done
	echo "server $1 in $where did not start ($i): $(cat "$log")" >&2
	return 1
}

both() { # both ADDRESS PORT: prints the triples of a server for TCP and UDP
	echo tcp "$1" "$2" udp "$1" "$2"
}

serve_pods() {
	local i
	# shellcheck disable=SC2046
	for i in 1 2; do
		serve pod$i pod$i $(both 10.244.1.1$i 8080) $(both fd00:10:244:1::1$i 8080)
		serve remote remote$i $(both 10.244.2.2$i 8080) $(both fd00:10:244:2::2$i 8080)
	done
	# shellcheck disable=SC2046
	serve node host $(both 192.0.2.1 9000) $(both 2001:db8:1::1 9000)
}

# begin and finish are the first and last call of every test file.
begin() {
	local n
	! is_iptables || skip_whole_file
	trap topology_down EXIT
	trap 'exit 130' INT TERM
	topology_up || exit 2
	if [ "$BACKEND" = ipvs ] && [ -z "$KEEP_FLOWS" ]; then # IPVS forgets flows of UDP soon, see forget_flows
		for n in "${ROUTERS[@]}"; do at "$n" ipvsadm --set 0 0 1; done
	fi
	serve_pods || exit 2
}

finish() {
	[ -z "$EXPLAIN" ] || flows_end
	echo "# ${0##*/}: $passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
	exit
}

# each_family FUNCTION: calls it for IPv4, then for IPv6
each_family() {
	local f
	for f in 4 6; do
		LABEL="IPv$f "
		if [ "$f" = 6 ] && [ ! -e /proc/net/if_inet6 ]; then
			skip "$1" "this kernel has no IPv6"
			continue
		fi
		use_family "$f"
		other_addresses "$f"
		"$1"
	done
	LABEL=
}

# other_addresses 4|6: sets those that are others in another topology, whose file replaces it
other_addresses() {
	:
}

# use_family 4|6: sets the addresses that a test uses.
# shellcheck disable=SC2034
use_family() {
	if [ "$1" = 4 ]; then
		POD1=10.244.1.11 POD2=10.244.1.12 REMOTE1=10.244.2.21 REMOTE2=10.244.2.22
		GATEWAY=10.244.1.1 NODE=192.0.2.1 NODE2=172.18.0.1 OTHER=172.18.0.2
		CLIENT=192.0.2.100 CLIENT2=192.0.2.101 LOOPBACK=127.0.0.1
		VIP=10.96.0.1 VIP2=10.96.0.2 VIP3=10.96.0.3 VIP4=10.96.0.4 VIP5=10.96.0.5 VIP6=10.96.0.6 EXT=203.0.113.1 LB=203.0.113.10 LB2=203.0.113.11
		FREE=10.96.7.7 SERVICE_CIDR=10.96.0.0/16 CLIENT_PREFIX=192.0.2. HOST=32
	else
		POD1=fd00:10:244:1::11 POD2=fd00:10:244:1::12 REMOTE1=fd00:10:244:2::21 REMOTE2=fd00:10:244:2::22
		GATEWAY=fd00:10:244:1::1 NODE=2001:db8:1::1 NODE2=fd00:172::1 OTHER=fd00:172::2
		CLIENT=2001:db8:1::100 CLIENT2=2001:db8:1::101 LOOPBACK=::1
		VIP=fd00:10:96::1 VIP2=fd00:10:96::2 VIP3=fd00:10:96::3 VIP4=fd00:10:96::4 VIP5=fd00:10:96::5 VIP6=fd00:10:96::6 EXT=2001:db8:cb::1 LB=2001:db8:cb::10 LB2=2001:db8:cb::11
		FREE=fd00:10:96::7:7 SERVICE_CIDR=fd00:10:96::/112 CLIENT_PREFIX=2001:db8:1:: HOST=128
	fi
}

# ---- input, as kubectl prints it ----

# No helper starts a subshell; each leaves its result in REPLY.

quoted() { # quoted A,B: "A", "B"
	local IFS=, item
	REPLY=
	for item in $1; do REPLY+=${REPLY:+, }\"$item\"; done
}

families_of() {
	local IFS=, a list=
	for a in $1; do
		case $a in
		*:*) list+=${list:+,}IPv6 ;;
		*) list+=${list:+,}IPv4 ;;
		esac
	done
	quoted "$list"
}

ingress_of() { # ingress_of IP[/Proxy],...
	local IFS=, a
	REPLY=
	for a in $1; do
		local mode=VIP
		[[ $a != */* ]] || mode=${a#*/}
		REPLY+="${REPLY:+, }{ \"ip\": \"${a%%/*}\", \"ipMode\": \"$mode\" }"
	done
}

service_ports() { # service_ports PORT [NODEPORT]: one port for TCP, the same for UDP
	local node=${2:+"\"nodePort\": $2, "}
	REPLY="{ \"name\": \"t\", ${node}\"port\": $1, \"protocol\": \"TCP\", \"targetPort\": 8080 },
		{ \"name\": \"u\", ${node}\"port\": $1, \"protocol\": \"UDP\", \"targetPort\": 8080 }"
}

# add_object: appends the standard input to OBJECTS
add_object() {
	mapfile -t -d '' -O ${#OBJECTS[@]} OBJECTS
}

# svc NAME ip=CLUSTER-IPS [port=80] [type=T] [node=PORT] [etp=P] [itp=P] [ext=IPS]
#     [lb=IP[/Proxy],..] [ranges=CIDRS] [affinity=SECONDS]
svc() {
	local name=$1 ip='' port=80 type=ClusterIP node='' etp='' itp=Cluster ext='' lb='' ranges='' affinity=''
	local more='' addresses families ports ingress=''
	shift
	local "$@"
	[ -z "$etp" ] || more+="\"externalTrafficPolicy\": \"$etp\", "
	[ -z "$ext" ] || { quoted "$ext" && more+="\"externalIPs\": [ $REPLY ], "; }
	[ -z "$ranges" ] || { quoted "$ranges" && more+="\"loadBalancerSourceRanges\": [ $REPLY ], "; }
	if [ -n "$affinity" ]; then
		more+="\"sessionAffinity\": \"ClientIP\", \"sessionAffinityConfig\": { \"clientIP\": { \"timeoutSeconds\": $affinity } }, "
	else
		more+='"sessionAffinity": "None", '
	fi
	quoted "$ip" && addresses=$REPLY
	families_of "$ip" && families=$REPLY
	service_ports "$port" "$node" && ports=$REPLY
	[ -z "$lb" ] || { ingress_of "$lb" && ingress="\"ingress\": [ $REPLY ]"; }
	add_object <<-JSON
	{
	    "apiVersion": "v1",
	    "kind": "Service",
	    "metadata": {
	        "creationTimestamp": "2026-05-04T08:00:00Z",
	        "name": "$name",
	        "namespace": "production"
	    },
	    "spec": {
	        "clusterIP": "${ip%%,*}",
	        "clusterIPs": [ $addresses ],
	        "internalTrafficPolicy": "$itp",
	        "ipFamilies": [ $families ],
	        $more
	        "ports": [ $ports ],
	        "selector": { "app": "$name" },
	        "type": "$type"
	    },
	    "status": { "loadBalancer": { $ingress } }
	}
	JSON
}

# edit OLD NEW: replaces text in the last of OBJECTS
edit() {
	OBJECTS[-1]=${OBJECTS[-1]//"$1"/"$2"}
}

# endpoint ADDRESS@NODE[!terminating|!unready][^ZONE-HINT]
endpoint() {
	local a=$1 ready=true serving=true terminating=false hints=''
	if [[ $a == *^* ]]; then
		hints="\"hints\": { \"forZones\": [ { \"name\": \"${a#*^}\" } ] }, "
		a=${a%%^*}
	fi
	case $a in
	*!terminating) ready=false terminating=true ;;
	*!unready) ready=false serving=false ;;
	esac
	a=${a%%!*}
	REPLY="{ \"addresses\": [ \"${a%%@*}\" ], \"conditions\": { \"ready\": $ready, \"serving\": $serving, \"terminating\": $terminating },
		$hints\"nodeName\": \"${a#*@}\" }"
}

# slice SERVICE 4|6 ENDPOINT...: adds an EndpointSlice of that family, port 8080
slice() {
	local name=$1 family=$2 e list='' port=${SLICE_PORT:-8080}
	shift 2
	for e; do endpoint "$e" && list+="${list:+, }$REPLY"; done
	add_object <<-JSON
	{
	    "addressType": "IPv$family",
	    "apiVersion": "discovery.k8s.io/v1",
	    "endpoints": [ $list ],
	    "kind": "EndpointSlice",
	    "metadata": {
	        "labels": { "kubernetes.io/service-name": "$name" },
	        "name": "$name-ipv$family",
	        "namespace": "production"
	    },
	    "ports": [
	        { "name": "t", "port": $port, "protocol": "TCP" },
	        { "name": "u", "port": $port, "protocol": "UDP" }
	    ]
	}
	JSON
}

# serves NAME ENDPOINT...: adds a slice of the family in use
serves() {
	local name=$1 family=4
	shift
	[[ $VIP != *:* ]] || family=6
	slice "$name" "$family" "$@"
}

node_object() { # node_object INTERNAL-IPS ZONE
	local IFS=, a list=''
	for a in $1; do list+="${list:+, }{ \"address\": \"$a\", \"type\": \"InternalIP\" }"; done
	OBJECTS+=("{ \"apiVersion\": \"v1\", \"kind\": \"Node\", \"metadata\": { \"labels\": {
		\"topology.kubernetes.io/zone\": \"$2\" }, \"name\": \"node1\" }, \"spec\": { },
		\"status\": { \"addresses\": [ $list ] } }")
}

# write_input: writes OBJECTS to the input file and empties the list; as in every cluster, there is
# an EndpointSlice
write_input() {
	local o sep=
	case ${OBJECTS[*]} in
	*'"EndpointSlice"'*) ;;
	*) slice none 4 ;;
	esac
	{
		printf '{\n"apiVersion": "v1",\n"items": [\n'
		for o in "${OBJECTS[@]}"; do
			printf '%s%s\n' "$sep" "$o"
			sep=,
		done
		printf '],\n"kind": "List",\n"metadata": { "resourceVersion": "" }\n}\n'
	} >"$INPUT"
	OBJECTS=()
}

# ---- svcrules ----

# use_backend NAME: sets what is tested, its target, the name of its tables, and the
# answer at ports of load-balancer and external IPs that no service defines
# shellcheck disable=SC2034
use_backend() {
	BACKEND=$1
	TARGET=${1%-*}
	OPTIONS=(--backend "$TARGET" --node-name node1 --cluster-cidr "$PODS")
	if [ "$TARGET" = iptables ]; then
		# shellcheck source=iptables.sh
		. "$PACKETS/iptables.sh"
		NOT_OURS='timeout|unreachable'
	elif [ "$1" = nftables ]; then
		TABLE=svcrules NOT_OURS='timeout|unreachable'
	else # with IPVS such an address is the node's own: requests must not reach the host
		TABLE=svcrules-$1 NOT_OURS=refused
	fi
}
use_backend "$BACKEND"

# is_iptables: true if iptables-restore of some kind loads the rules
is_iptables() {
	[ "$TARGET" = iptables ]
}

# not_iptables WHAT REASON: true unless it is; then WHAT is skipped
not_iptables() {
	is_iptables || return 0
	skip "$1" "$2"
	return 1
}

# svcrules COMMAND [OPTION...]: sets OUTPUT (both streams) and STATUS
svcrules() {
	local command=$1
	shift
	OUTPUT=$(at "$ON" "$SVCRULES" "$command" -f "$INPUT" "${OPTIONS[@]}" "$@" 2>&1)
	STATUS=$?
}

# forget_flows: a flow of UDP stays with its endpoint as long as that serves, and a request may happen
# to use the port of one
forget_flows() {
	at "$ON" conntrack -D -p udp >/dev/null 2>&1
}

# apply [OPTION...]: applies OBJECTS; files about flows set KEEP_FLOWS
apply() {
	[ -n "$KEEP_FLOWS" ] || forget_flows
	write_input
	if is_iptables; then
		load "$@"
		return
	fi
	svcrules apply --max-lost all "$@" # scenarios replace all services
	[ "$STATUS" -eq 0 ] || not_ok "apply" "exit 0" "exit $STATUS: $OUTPUT"
}

delete() {
	if is_iptables; then
		unload
		return
	fi
	OUTPUT=$(at "$ON" "$SVCRULES" delete 2>&1)
	STATUS=$?
}

# ---- requests ----

ask() { # ask FROM tcp|udp|both ADDRESS PORT [probe's options]
	local where=$1 reply status
	shift
	if [ -z "$EXPLAIN" ]; then
		"$PROBE" in "/run/netns/$PREFIX-$where" ask "$@" --timeout "$TIMEOUT" --give-up 2 2>&1
		return
	fi
	reply=$("$PROBE" in "/run/netns/$PREFIX-$where" ask "$@" --timeout "$TIMEOUT" --give-up 2 2>&1)
	status=$?
	[ -z "$reply" ] || echo "$reply"
	explained "$where" "$reply" "$@"
	return $status
}

# answers FROM PROTOCOL ADDRESS PORT [OPTION...]: prints the distinct answers, sorted, as A|B
answers() {
	ask "$@" --summary answers
}

# who ...: prints only the names
who() {
	ask "$@" --summary names
}

# check_both WHAT REGEX ANSWERS: ANSWERS is a line for TCP and a line for UDP
check_both() {
	check "$1, tcp" "$2" "${3%%$'\n'*}"
	check "$1, udp" "$2" "${3#*$'\n'}"
}

# expect WHAT REGEX FROM ADDRESS PORT [OPTION...]: sends one request over TCP and one over UDP
expect() {
	local what=$1 want=$2 from=$3
	shift 3
	check_both "$what" "$want" "$(answers "$from" both "$@")"
}

# expect_all WHAT "NAME NAME" FROM ADDRESS PORT [OPTION...]: exactly these answer;
# the names are sorted
expect_all() {
	local what=$1 want=$2 from=$3
	shift 3
	check_both "$what" "${want// /\\|}" "$(who "$from" both "$@" --count 60)"
}

# ---- a connection that stays open ----

hold_start() { # hold_start NAME FROM ADDRESS PORT
	local i
	trap '' PIPE
	mkfifo "$WORK/$1.in"
	start "$2" "$PROBE" hold tcp "$3" "$4" --timeout 5000 <"$WORK/$1.in" >"$WORK/$1.out" 2>&1 &
	SERVERS+=($!)
	exec {HOLD}>"$WORK/$1.in"
	for i in {1..600}; do # longer than the probe waits, also below
		[ -s "$WORK/$1.out" ] && return 0
		pause 0.01
	done
	echo "no connection ($i)" >"$WORK/$1.out"
}

hold_say() { # hold_say NAME LINE: prints the echo
	local i before now
	mapfile -t before <"$WORK/$1.out"
	{ echo "$2" >&"$HOLD"; } 2>/dev/null
	for i in {1..600}; do
		mapfile -t now <"$WORK/$1.out"
		[ ${#now[@]} -eq ${#before[@]} ] || break
		pause 0.01
	done
	echo "${now[-1]}"
}

hold_end() {
	exec {HOLD}>&-
}
