#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# reasons.sh [NAME...]: each cause for which a service refuses or drops, or is left out, has words of
# its own, the same in all commands: diff, get, explain and check say that cause and no other one, and
# compile writes its kind into the comment of what refuses. The table of causes is below.
set -u
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
svcrules=$(realpath "${SVCRULES:-$root/build/svcrules}")
[ -x "$svcrules" ] || { echo "reasons.sh: $svcrules is missing, run make first" >&2; exit 2; }
# In a network namespace of its own, if there may be one.
live=${REASONS_LIVE:-}
for how in -nm -Urnm; do
	if [ -z "$live" ] && unshare $how "$svcrules" delete --quiet >/dev/null 2>&1; then
		REASONS_LIVE=true SVCRULES=$svcrules unshare $how "$root/testdata/suites/reasons.sh" "$@"
		exit
	fi
done
live=${live:-false}
if $live; then mount -t tmpfs none /run || exit 2; fi
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 2
passed=0 failed=0 skipped=0 only=("$@") options=()

# ---- objects ----

service() { # service NAME CREATED SPEC-AFTER-ADDRESS [METADATA]
	printf -- '---\n{kind: Service, apiVersion: v1, metadata: {name: %s, namespace: production, creationTimestamp: %s%s}, spec: {clusterIP: 10.96.0.10%s}}\n' \
		"$1" "$2" "${4:+, $4}" "$3"
}
web() { service web 2026-01-01T00:00:00Z "$@"; }
port='ports: [{name: http, port: 80, targetPort: 8080}]'

slice() { # slice SERVICE FAMILY PORTS ENDPOINT...
	local name=$1 family=$2 ports=$3
	shift 3
	printf -- '---\n{kind: EndpointSlice, apiVersion: discovery.k8s.io/v1, metadata: {name: %s-x, namespace: production, labels: {kubernetes.io/service-name: %s}}, addressType: %s, ports: [%s], endpoints: [%s]}\n' \
		"$name" "$name" "$family" "$ports" "$(IFS=,; echo "$*")"
}
http='{name: http, port: 8080}'
at() { # at ADDRESS NODE READY
	echo "{addresses: ['$1'], nodeName: $2, conditions: {ready: $3}}"
}

pod() { # pod NAME ADDRESS NODE APP READY
	printf -- '---\n{kind: Pod, apiVersion: v1, metadata: {name: %s, namespace: production, labels: {app: %s}}, spec: {nodeName: %s, containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}, status: {phase: Running, podIPs: [{ip: %s}], conditions: [{type: Ready, status: "%s", lastTransitionTime: 2026-11-20T10:0%s:00Z}]}}\n' \
		"$1" "$4" "$3" "$2" "$5" "${1##*-}"
}
pods() { # pods APP READY: two, and the client
	pod web-1 10.244.1.1 node1 "$1" "$2"
	pod web-2 10.244.2.1 node2 "$1" "$2"
	pod client-3 10.244.1.9 node1 client True
}

nodes() {
	local i
	for i in 1 2; do
		printf -- '---\n{kind: Node, apiVersion: v1, metadata: {name: node%s}, spec: {podCIDRs: [10.244.%s.0/24]}, status: {addresses: [{type: InternalIP, address: 192.0.2.%s}]}}\n' $i $i $i
	done
}
two() { slice "$1" IPv4 "$http" "$(at 10.244.1.1 node1 "${2:-true}")" "$(at 10.244.2.1 node2 "${2:-true}")"; }

# ---- causes ----

# Each writes the input of the cause of its name; what it shares with others is added to it.
no_slice() { web ", $port"; two wep; }
other_ports() { web ", $port"; slice web IPv4 '{name: web, port: 8080}, {name: metrics, port: 9090}' "$(at 10.244.1.1 node1 true)"; }
near_port() { web ", $port"; slice web IPv4 '{name: htpp, port: 8080}' "$(at 10.244.1.1 node1 true)"; }
protocol() { web ", $port"; slice web IPv4 '{name: http, port: 8080, protocol: UDP}' "$(at 10.244.1.1 node1 true)"; }
no_tcp_port() { web ", $port"; slice web IPv4 '{name: dns, port: 53, protocol: UDP}' "$(at 10.244.1.1 node1 true)"; }
not_ready() { web ", $port"; two web false; }
family() { web ", $port"; slice web IPv6 "$http" "$(at fd00::1 node1 true)"; }
local_elsewhere() {
	web ", internalTrafficPolicy: Local, $port"
	slice web IPv4 "$http" "$(at 10.244.2.1 node2 true)" "$(at 10.244.2.2 node2 true)" "$(at 10.244.2.3 node2 true)"
}
empty_slice() { web ", $port"; slice web IPv4 "$http"; }
conflict() { web ", $port"; two web; service old 2025-01-01T00:00:00Z ", $port"; two old; }
too_large() { # 1000 ports with 101 endpoints
	local i list='' slices='' endpoints=()
	for ((i = 1; i < 1000; i++)); do
		list+=", {name: p$i, port: $((1000 + i))}"
		slices+=", {name: p$i, port: $((1000 + i))}"
	done
	for ((i = 1; i <= 101; i++)); do endpoints+=("$(at "10.244.1.$i" node1 true)"); done
	web ", ${port%]}$list]"
	slice web IPv4 "$http$slices" "${endpoints[@]}"
}
other_proxy() { web ", $port" 'labels: {service.kubernetes.io/service-proxy-name: mesh}'; two web; }
# with Pods: slices as the endpoint slice controller makes them
selector() { web ", selector: {app: wbe}, $port"; slice web IPv4 ''; pods web True; }
pods_not_ready() { web ", selector: {app: web}, $port"; two web false; pods web False; }
target_port() {
	web ', selector: {app: web}, ports: [{name: http, port: 80, targetPort: htpp}]'
	slice web IPv4 '' "$(at 10.244.1.1 node1 true)" "$(at 10.244.2.1 node2 true)"
	pods web True
}
# the only other name is meant, however it is called; a port of UDP is another one
only_port_name() { target_port | sed 's/name: http, containerPort/name: serve, containerPort/'; }
udp_port_name() { target_port | sed 's/name: http, containerPort/name: htpp, protocol: UDP, containerPort/'; }
# with Pods and without slices
selector_of_pods() { web ", selector: {app: wbe}, $port"; pods web True; }
pods_alone_not_ready() { web ", selector: {app: web}, $port"; pods web False; }
target_port_of_pods() { web ', selector: {app: web}, ports: [{name: http, port: 80, targetPort: htpp}]'; pods web True; }
# with Pods that have no address of the family
pods6() { pods web True | sed -E "s/ip: 10.244.([12]).1}/ip: 'fd00::\\1'}/"; }
pods_of_other_family() {
	web ", selector: {app: web}, $port"
	slice web IPv4 ''
	slice web IPv6 "$http" "$(at fd00::1 node1 true)" "$(at fd00::2 node2 true)" | sed s/web-x/web-y/
	pods6
}
empty_as_of_other_family() { web ", selector: {app: web}, $port"; slice web IPv4 ''; pods6; }
pods_alone_of_other_family() { web ", selector: {app: web}, $port"; pods6; }

# NAME | VERDICT | WORDS | KIND in comments, - for none | CHECK, - for none | its words, if they differ
causes() {
	sed 's/^[[:space:]]*//; s/ *| */|/g' <<'TABLE'
	no_slice             | refused  | no EndpointSlice has the label kubernetes.io/service-name=web; without a selector, somebody has to make one | no EndpointSlice | no-slice |
	other_ports          | refused  | its slices have the ports metrics and web, not http | no endpoint has this port | no-such-port |
	near_port            | refused  | its slices have the port htpp, not http (did you mean htpp?) | no endpoint has this port | no-such-port |
	protocol             | refused  | its slices have the port http for UDP, not TCP | no endpoint has this protocol | wrong-protocol |
	no_tcp_port          | refused  | its slices have no port for TCP | no endpoint has this port | no-such-port |
	not_ready            | refused  | 2 endpoints, none is ready | no endpoint is ready | not-ready |
	family               | refused  | only IPv6 endpoints | no endpoint of this family | wrong-family |
	local_elsewhere      | dropped  | policy Local: 3 endpoints, all on node2 | no ready endpoint on this node | not-on-this-node |
	empty_slice          | refused  | its slices have no endpoint | no endpoint | no-endpoint |
	conflict             | left out | 10.96.0.10:80 belongs to the older Service production/old | - | cluster-ip-twice conflict | 10.96.0.10 tcp port 80 is Service production/old's, which is older
	too_large            | left out | its addresses, ports and endpoints make more than 100000 elements (--max-elements) | - | too-many-elements | and --max-elements is 100000
	other_proxy          | left out | a label gives the service to another proxy | - | - |
	selector             | refused  | the selector app=wbe matches no pod of namespace production; most of its pods have app=web (did you mean it?) | no endpoint | selector-no-pod |
	pods_not_ready       | refused  | 2 pods match, none is ready (web-1 since 2026-11-20T10:01:00Z) | no endpoint is ready | not-ready |
	target_port          | refused  | targetPort 'htpp' is a name that no container of the 2 matching pods has (did you mean http?) | no endpoint has this port | target-port-name |
	only_port_name       | refused  | targetPort 'htpp' is a name that no container of the 2 matching pods has (did you mean serve?) | no endpoint has this port | target-port-name |
	udp_port_name        | refused  | targetPort 'htpp' is a name that no container of the 2 matching pods has | no endpoint has this port | target-port-name |
	selector_of_pods     | refused  | the selector app=wbe matches no pod of namespace production; most of its pods have app=web (did you mean it?) | no pod matches | selector-no-pod |
	pods_alone_not_ready | refused  | 2 pods match, none is ready (web-1 since 2026-11-20T10:01:00Z) | no endpoint is ready | not-ready |
	target_port_of_pods  | refused  | targetPort 'htpp' is a name that no container of the 2 matching pods has (did you mean http?) | no endpoint has this port | target-port-name |
	pods_of_other_family | refused  | only IPv6 endpoints | no endpoint of this family | wrong-family |
	empty_as_of_other_family | refused | its slices have no endpoint; 2 pods match, with addresses of IPv6 alone | no endpoint | no-endpoint |
	pods_alone_of_other_family | refused | only IPv6 endpoints | no endpoint of this family | wrong-family |
TABLE
}

# What only one cause says, one a line: "NAMES: WORDS".
phrases() {
	sed 's/^[[:space:]]*//' <<'LIST'
	no_slice: no EndpointSlice has the label
	other_ports near_port: its slices have the port
	no_tcp_port: have no port for
	protocol: for UDP, not TCP
	not_ready: endpoints, none is ready
	family pods_of_other_family pods_alone_of_other_family: only IPv6 endpoints
	local_elsewhere: policy Local
	none: no such port
	empty_slice empty_as_of_other_family: its slices have no endpoint
	conflict: belongs to the older
	too_large: --max-elements
	other_proxy: another proxy
	selector selector_of_pods: matches no pod
	pods_not_ready pods_alone_not_ready: match, none is ready
	target_port target_port_of_pods only_port_name udp_port_name: that no container
LIST
}

# ---- what commands say ----

fail() {
	failed=$((failed + 1))
	echo "not ok - $1"
}

# No other cause may be named in what a command says about the service.
foreign() { # foreign NAME TEXT: prints the words of other causes
	local names words
	while IFS=: read -r names words; do
		[[ " $names " != *" $1 "* ]] || continue
		# a wrong protocol is told in a sentence about the port
		[ "$1/$names" != 'protocol/other_ports near_port' ] || continue
		[[ $2 != *"${words# }"* ]] || echo "${words# }"
	done < <(phrases)
}

says() { # says NAME COMMAND TEXT WORDS: the words once or more, and those of no other cause
	local other
	other=$(foreign "$1" "$3")
	if [[ $3 != *"$4"* ]]; then
		fail "$1: $2 does not say '$4':"$'\n'"$3"
	elif [ -n "$other" ]; then
		fail "$1: $2 says '$other':"$'\n'"$3"
	else
		passed=$((passed + 1))
	fi
}

# run STATUS COMMAND...: prints the standard output; another exit status is said there
run() {
	local want=$1 got
	shift
	"$svcrules" "$@" "${options[@]}" 2>err
	got=$?
	[ $got -eq "$want" ] || echo "[exit status $got, expected $want: $(<err)]"
}

right_status() { # right_status NAME COMMAND TEXT
	if [[ $3 == *'[exit status'* ]]; then fail "$1: $2: $3"; else passed=$((passed + 1)); fi
}

# The comment of the element or rule that refuses has the kind; what is left out has none.
comment() { # comment NAME TARGET KIND
	local out
	out=$(run 0 compile -f input.yaml)
	if [ "$3" = - ]; then
		# nothing refuses for this service
		if [[ $out == *'[exit status'* || $out == *production/web* ]]; then
			fail "$1: compile --target $2: $out"
		else
			passed=$((passed + 1))
		fi
	elif [[ $(grep -o '"production/web:http, [^"]*"' <<<"$out" | sort -u) = "\"production/web:http, $3\"" ]]; then
		passed=$((passed + 1))
	else
		fail "$1: the comments of compile --target $2 are not '$3':"$'\n'"$(grep production/web <<<"$out")"
	fi
}

check_says() { # check_says NAME WORDS CHECK WORDS-OF-CHECK
	local out
	case $3 in
	-) out=$(run 0 check -f input.yaml | grep web) ;;
	not-on-this-node) out=$(run 0 check -f input.yaml | grep web) ;;
	*) out=$(run 1 check -f input.yaml | grep -e web -e exit) ;;
	esac
	right_status "$1" check "$out"
	[ "$3" = - ] || says "$1" check "$out" "${4:-$2}"
	# the check of that name, and no other one
	if [ "$(grep -oE ' \[[a-z-]+\]$' <<<"$out" | tr -d '[] ' | sort -u | xargs)" = "${3#-}" ]; then
		passed=$((passed + 1))
	else
		fail "$1: check finds something else than '$3':"$'\n'"$out"
	fi
}

# The kernel's rules keep the kind in their comments: 'get' and 'explain --live' without the objects.
live_says() { # live_says NAME VERDICT KIND
	[ "$3" != - ] || return
	if ! $live; then
		skipped=$((skipped + 1))
		return
	fi
	options=()
	run 0 apply -f input.yaml --node-name node1 --allow-empty --quiet >applied
	right_status "$1" apply "$(<applied)"
	says "$1" "get without a file" "$(run 0 get services web -n production -o wide)" "<none: $3>"
	says "$1" "explain --live" "$(run 1 explain --live --from 10.244.1.9 --to 10.96.0.10:80)" "$2: $3"
	says "$1" "diff with the kernel" "$(run 0 diff -f input.yaml --node-name node1 --allow-empty)" "no changes"
}

one_cause() { # one_cause NAME VERDICT WORDS KIND CHECK WORDS-OF-CHECK
	local target out status=1 verdict="$2: "

	# what is left out may be passed on, or reach the service that has the address
	[ "$2" != 'left out' ] || { status=0 verdict=; }
	{ nodes; "$1"; } >input.yaml
	{ nodes; web ", selector: {app: web}, $port"; two web; pods web True; } >base.yaml
	for target in nftables ipvs; do
		options=(--node-name node1 --target "$target")
		out=$(run 1 diff --from base.yaml -f input.yaml)
		says "$1" "diff --target $target" "$out" "$verdict$3"
		right_status "$1" "diff --target $target" "$out"
		out=$(run 1 diff --from base.yaml -f input.yaml -o markdown)
		# there it may be the text of a table, in which some characters are escaped
		says "$1" "diff --target $target -o markdown" "$(tr -d '\\`' <<<"$out")" "$3"
		out=$(run $status explain -f input.yaml --from 10.244.1.9 --to production/web:http)
		says "$1" "explain --target $target" "$out" "$verdict$3"
		right_status "$1" "explain --target $target" "$out"
		comment "$1" "$target" "$4"
	done
	# a rule for all ports of a cluster IP refuses there: it is shared, and has no comment
	sed -i 's/clusterIP: 10.96.0.10,/&externalIPs: [203.0.113.5],/' input.yaml
	options=(--node-name node1 --target iptables --family ipv4)
	comment "$1" iptables "$4"
	sed -i 's/externalIPs: .203.0.113.5.,//' input.yaml
	options=(--node-name node1 -n production)
	out=$(run 0 get services web -o wide -f input.yaml)
	says "$1" "get services -o wide" "$out" "$3"
	out=$(run 0 get endpoints web -o wide -f input.yaml)
	says "$1" "get endpoints -o wide" "$out" "$3"
	options=(--node-name node1)
	check_says "$1" "$3" "$5" "$6"
	live_says "$1" "$2" "$4"
}

while IFS='|' read -r name verdict words kind check more; do
	[[ ${#only[@]} -eq 0 || " ${only[*]} " == *" $name "* ]] || continue
	one_cause "$name" "$verdict" "$words" "$kind" "$check" "$more"
done < <(causes)
echo "reasons: $passed passed, $failed failed, $skipped skipped"
[ $((passed > 0 && failed == 0)) -eq 1 ]
