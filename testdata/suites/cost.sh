#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# cost.sh [KIND...]: whatever one tenant writes, the time grows in proportion to it: inputs of
# each kind with N and with 4 * N things must not differ by more than 8 times in processor time
# (and 0.3 s). What asks for too much is left out, and nothing else. Then a change of rules comes through while another program commits all the time.
# Runs as root, or as an ordinary user inside a new user namespace.
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
SVCRULES=$(realpath "${SVCRULES:-${here%/testdata/suites}/build/svcrules}")
passed=0
failed=0
skipped=0
# shellcheck disable=SC2034 # of netns.sh
NAME=cost
# shellcheck source=testdata/suites/netns.sh
. "$(dirname "$0")/netns.sh"
N=${N:-8000}
# An ordinary user cannot send a message larger than net.core.wmem_max.
[ -z "${SVCR_INSIDE:-}" ] || N=400
only=("$@")

check() { # check WHAT TRUE-OR-FALSE FIGURES
	if "$2"; then
		passed=$((passed + 1))
		echo "ok - $1: $3"
	else
		failed=$((failed + 1))
		echo "not ok - $1: $3"
	fi
}

# input KIND N: prints objects. (Each list is printed as it is made: awk copies long texts.)
input() {
	awk -v kind="$1" -v n="$2" '
	function ip(first, i) { return first "." int(i / 65536) % 256 "." int(i / 256) % 256 "." i % 256 }
	function thing(what, i) {
		if (what == "ports") return "{\"name\":\"p" i "\",\"port\":" i % 65535 + 1 "}"
		if (what == "ranges") return "\"" ip(20, 2 * i) "/32\""
		if (what == "ipv4") return "\"" ip(11, i) "\""
		if (what == "ipv6") return sprintf("\"2001:db8::%x\"", i + 1)
		if (what == "ingress") return "{\"ip\":\"" ip(30, i) "\"}"
		return "{\"addresses\":[\"" ip(10, i) "\"],\"conditions\":{\"ready\":" (what == "ready" ? "true" : "false") "}}"
	}
	function list(name, what, first, k,  i) { # "name":[k things]
		printf "\"%s\":[", name
		for (i = 0; i < k; i++)
			printf "%s%s", i ? "," : "", thing(what, first + i)
		printf "]"
	}
	function service(name, spec) {
		printf "{\"kind\":\"Service\",\"metadata\":{\"name\":\"%s\"},\"spec\":{%s,", name, spec
	}
	function slice(name, of, ports, what, k) {
		printf "{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"%s\",\"labels\":{\"kubernetes.io/service-name\":\"%s\"}},", name, of
		printf "\"addressType\":\"IPv4\","
		list("ports", "ports", 0, ports)
		printf ","
		list("endpoints", what, 0, k)
		print "}"
	}
	function balancer(name, vip, ports, first, ranges, address, addresses) {
		service(name, "\"type\":\"LoadBalancer\",\"allocateLoadBalancerNodePorts\":false,\"clusterIP\":\"" vip "\"")
		list("ports", "ports", 0, ports)
		printf ","
		list("loadBalancerSourceRanges", "ranges", first, ranges)
		printf "},\"status\":{\"loadBalancer\":{"
		list("ingress", "ingress", address, addresses)
		print "}}}"
	}
	BEGIN {
		vip = "\"clusterIP\":\"10.96.0.1\""
		if (kind == "ports" || kind == "unready" || kind == "product") {
			service("a", vip)
			list("externalIPs", "ipv4", 0, kind == "product" ? n : 0)
			printf ","
			list("ports", "ports", 0, n)
			print "}}"
			slice("a1", "a", n, kind == "unready" ? "unready" : "ready", kind == "ports" ? 1 : n)
			service("b", "\"clusterIP\":\"10.96.0.2\"")
			list("ports", "ports", 0, 1)
			print "}}"
		} else if (kind == "families") {
			service("a", "\"ports\":[{\"port\":80}]")
			list("clusterIPs", "ipv4", 0, n)
			printf ","
			list("externalIPs", "ipv6", 0, n)
			print "}}"
		} else if (kind == "ports-of-slices") {
			service("a", vip)
			list("ports", "ports", 0, n / 20)
			print "}}"
			for (i = 0; i < n / 20; i++)
				slice("a" i, "a", 20, "ready", 1)
		} else if (kind == "conflicts") {
			for (i = 1; i <= n; i++)
				print "{\"kind\":\"Service\",\"metadata\":{\"name\":\"s" i "\"},\"spec\":{\"clusterIP\":\"" ip(10, i) \
					"\",\"externalIPs\":[\"20.0.0.1\"],\"ports\":[{\"port\":80}]}}"
		} else if (kind == "ranges-of-many") {
			for (i = 1; i <= n / 4; i++)
				balancer("s" i, ip(10, i), 1, i, 8, i, 1)
		} else {
			balancer("a", "10.96.0.1", kind == "ranges-ports" ? n : 1, 0, n, 0, kind == "ranges-addresses" ? n : 1)
		}
	}' </dev/null
}

# seconds COMMAND...: prints the processor time that it takes; what it says is in $work/said
seconds() {
	local TIMEFORMAT='%U %S'
	{ time "$@" >"$work/said" 2>&1; } 2>&1 | awk '{ print $1 + $2 }'
}

# A first apply, one that reads the rules, and what another input would change.
# shellcheck disable=SC2317 # a command of seconds
again_and_diff() {
	at nft flush ruleset
	at "$SVCRULES" apply --quiet -f "$1" --node-name node1 --node-ip 192.0.2.1
	sed 's/10\.96\.0\.1"/10.96.0.99"/' "$1" >"$1.other"
	at "$SVCRULES" apply --quiet --verify -f "$1" --node-name node1 --node-ip 192.0.2.1
	at "$SVCRULES" diff -f "$1.other" --node-name node1 --node-ip 192.0.2.1
}

# The same for policies; the other input has another label.
# shellcheck disable=SC2317 # a command of seconds
enforce_and_diff() {
	local options=(--network-policy --allow-empty --node-name node1 --node-ip 192.0.2.1)

	at nft flush ruleset
	at "$SVCRULES" apply --quiet -f "$1" "${options[@]}"
	sed 's/"app":"a1"/"app":"a2"/' "$1" >"$1.other"
	at "$SVCRULES" apply --quiet --verify -f "$1" "${options[@]}"
	at "$SVCRULES" diff -f "$1.other" "${options[@]}"
}

# All checks.
# shellcheck disable=SC2317 # a command of seconds
check_all() {
	"$SVCRULES" check -f "$1" -W single-endpoint -W pending
}

# shellcheck disable=SC2317 # a command of seconds
check_objects() {
	"$SVCRULES" check -f "$1" -W single-endpoint -W pending -W ingress-without-tls
}

# shellcheck disable=SC2317 # a command of seconds
compile_ingress() {
	"$SVCRULES" compile --target nginx --ingress-class other -f "$1"
}

# What lists and explains, from the input and from the rules.
# shellcheck disable=SC2317 # a command of seconds
list_all() {
	local what
	at nft flush ruleset
	at "$SVCRULES" apply --quiet -f "$1" --node-name node1 --node-ip 192.0.2.1
	for what in services endpoints; do
		at "$SVCRULES" get "$what" -A -o wide
		at "$SVCRULES" get "$what" -A
		"$SVCRULES" get "$what" -A -o wide -f "$1" --node-name node1 --node-ip 192.0.2.1
	done
	at "$SVCRULES" status
	at "$SVCRULES" doctor
	"$SVCRULES" explain -f "$1" --from outside --to 10.96.0.1:1 --node-name node1 --node-ip 192.0.2.1
	at "$SVCRULES" explain --live --from outside --to 10.96.0.1:1
}

is_wanted() {
	local name

	[ ${#only[@]} -gt 0 ] || return 0
	for name in "${only[@]}"; do
		[ "$name" != "$1" ] || return 0
	done
	return 1
}

# policies KIND N: prints pods and policies, with N / 2 things
policies() {
	awk -v kind="$1" -v n="$(($2 / 2))" -f "$here/cost-policies.awk" </dev/null
}

# What only checks look at: N services that select the same N pods, or templates; N hosts with
# certificates; N paths to a service of N ports; N names that lead to one another.
# shellcheck disable=SC2317 # called by its name
objects() {
	awk -v kind="$1" -v n="$2" '
	function head(k, name) { printf "{\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\",\"labels\":{\"app\":\"a\",\"n\":\"%s\"}},", k, name, name }
	function service(name, spec) { head("Service", name); print "\"spec\":{" spec "}}" }
	function thing(what, i) {
		if (what == "ports") return "\"name\":\"p" i "\",\"port\":" i % 65535 + 1
		if (what == "hosts") return "\"hosts\":[\"h" i ".test\"],\"secretName\":\"s" i "\""
		if (what == "rules") return "\"host\":\"h" i ".test\""
		return "\"path\":\"/" i "\",\"pathType\":\"Exact\",\"backend\":{\"service\":{\"name\":\"a\",\"port\":{\"name\":\"p" i "\"}}}"
	}
	function list(what,  i) {
		for (i = 0; i < n; i++)
			printf "%s{%s}", i ? "," : "", thing(what, i)
	}
	BEGIN {
		select = "\"selector\":{\"app\":\"a\"},\"ports\":[{\"port\":80,\"targetPort\":\"x\"}]"
		for (i = 0; i < n && kind ~ /^selected/; i++) {
			service("s" i, select)
			head(kind == "selected" ? "Pod" : "Deployment", "p" i)
			if (kind == "selected")
				printf "\"status\":{\"phase\":\"Running\",\"podIP\":\"10.%d.%d.%d\"}}\n", int(i / 65536), int(i / 256) % 256, i % 256
			else
				printf "\"spec\":{\"template\":{\"metadata\":{\"labels\":{\"app\":\"a\",\"n\":\"%d\"}}}}}\n", i
		}
		for (i = 0; i < n && kind == "names"; i++)
			service("s" i, "\"type\":\"ExternalName\",\"externalName\":\"s" i + 1 ".default.svc.cluster.local\"")
		if (kind == "hosts" || kind == "backends") {
			head("Ingress", "i")
			printf "\"spec\":{\"ingressClassName\":\"other\",\"tls\":["
			if (kind == "hosts") list("hosts")
			printf "],\"rules\":["
			if (kind == "hosts") list("rules")
			else { printf "{\"http\":{\"paths\":["; list("paths"); printf "]}}" }
			print "]}}"
			head("Service", "a")
			printf "\"spec\":{\"ports\":["
			list("ports")
			print "]}}"
		}
	}' </dev/null
}

proportion() { # proportion KIND INPUT RUN [NAME]
	local few many

	is_wanted "${4:-$1}" || return
	"$2" "$1" "$N" >"$work/few.json"
	"$2" "$1" $((4 * N)) >"$work/many.json"
	few=$(seconds "$3" "$work/few.json")
	many=$(seconds "$3" "$work/many.json")
	check "${4:-$1}" "$(awk -v a="$few" -v b="$many" 'BEGIN { print b <= 8 * a + 0.3 ? "true" : "false" }')" \
		"$few s for $N, $many s for 4 times as many"
}

for kind in ports families ports-of-slices unready conflicts ranges ranges-ports ranges-addresses ranges-of-many product; do
	proportion $kind input again_and_diff
	proportion $kind input check_all check-$kind
	proportion $kind input list_all list-$kind
done
for kind in policy-rules policies policy-not-in policy-not-in-ports policy-lead policy-blocks policy-nested-blocks \
	policy-nested-blocks-few-ports policy-excepts policy-ports policy-namespaces policy-namespaces-not-in \
	policy-names policy-names-of-one; do
	proportion $kind policies enforce_and_diff
	proportion $kind policies check_all check-$kind
done

for kind in selected selected-templates hosts backends names; do
	proportion $kind objects check_objects
done
for kind in hosts backends; do
	proportion $kind objects compile_ingress nginx-$kind
done

if is_wanted product; then
	input product 8000 >"$work/product.json"
	at nft flush ruleset
	at "$SVCRULES" apply --quiet -f "$work/product.json" --node-name node1 >"$work/said" 2>&1
	at nft list map ip svcrules services 2>/dev/null >"$work/map"
	# shellcheck disable=SC2015 # both only say what is so
	check 'the other service is served' "$(grep -q 'default/b' "$work/map" && ! grep -q 'default/a' "$work/map" && echo true || echo false)" \
		"$(head -c 200 "$work/said")"
fi

# A tenant that asks for too much is denied, and another is not; the order of the objects does not matter.
bounded() { # bounded KIND
	local options=(--network-policy --allow-empty --node-name node1 --node-ip 192.0.2.1)

	policies "$1" 12000 >"$work/bounded.json"
	tac "$work/bounded.json" >"$work/turned.json"
	at "$SVCRULES" compile -f "$work/bounded.json" "${options[@]}" >"$work/rules" 2>"$work/said"
	at "$SVCRULES" compile -f "$work/turned.json" "${options[@]}" >"$work/turned" 2>/dev/null
	check "$1: its tenant is denied with a warning" "$(grep -q 'NetworkPolicy t/p.* all ingress of these pods is denied \[policy-too-many-elements\]$' \
		"$work/said" && echo true || echo false)" "$(grep -c . "$work/said") messages"
	check "$1: the other tenant's rule stays" "$(grep -B 1 'comment "other/deny"' "$work/rules" | grep -q 'map @pairs jump ports' && echo true || echo false)" \
		"$(grep -c . "$work/rules") lines of rules"
	check "$1: the same rules in another order" "$(cmp -s "$work/rules" "$work/turned" && echo true || echo false)" "turned around"
}

for kind in policy-not-in policy-lead policy-namespaces-not-in policy-not-in-ports; do
	! is_wanted bounded || bounded $kind
done

# Changes a set of its own again and again, as a firewall daemon may, until $work/stop exists.
foreign() {
	at nft 'add table ip other; add set ip other s { type ipv4_addr; }'
	until [ -e "$work/stop" ]; do
		echo "add element ip other s { 10.0.0.1 }"
		echo "delete element ip other s { 10.0.0.1 }"
		sleep 0.01
	done | at_with /dev/stdin nft -i >/dev/null 2>&1
}

if is_wanted starved; then
	input ranges-addresses "$N" >"$work/a.json"
	sed 's/10\.96\.0\.1"/10.96.0.99"/' "$work/a.json" >"$work/b.json"
	at nft flush ruleset
	foreign &
	sleep 0.5
	wrong=0
	for f in a b a b a b; do
		at "$SVCRULES" apply --quiet -f "$work/$f.json" --node-name node1 >"$work/said" 2>&1 || wrong=$((wrong + 1))
	done
	touch "$work/stop"
	wait
	check 'starved' "$([ $wrong = 0 ] && echo true || echo false)" "$wrong of 6 applies failed $(head -n 1 "$work/said")"
fi
finish
