#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bench-smoke.sh: tests at a small size what `make bench` relies on: the generator,
# the layouts that are compared, the messages to the kernel. Counts are the same in
# every run; the only ratios of times have wide margins (required: above 8 and 1.5; measured
# at this size: above 30 and 5). Runs as root, or as an ordinary user inside a new user
# namespace.
set -u
export LC_ALL=C
NAME=bench-smoke passed=0 failed=0 skipped=0
root=$(cd "$(dirname "$0")/../.." && pwd)
SVCRULES=${SVCRULES:-$root/build/svcrules}
PROBE=${PROBE:-$root/build/probe}
# shellcheck source=testdata/suites/netns.sh
. "$(dirname "$0")/netns.sh"
# shellcheck disable=SC2154 # of netns.sh
out=$work
# shellcheck source=testdata/suites/bench/lib.sh
. "$(dirname "$0")/bench/lib.sh"
# shellcheck source=testdata/suites/bench/apply.sh
. "$(dirname "$0")/bench/apply.sh"
# shellcheck source=testdata/suites/bench/flows.sh
. "$(dirname "$0")/bench/flows.sh"
# shellcheck source=testdata/suites/bench/policies.sh
. "$(dirname "$0")/bench/policies.sh"
servers=()
# shellcheck disable=SC2154 # of netns.sh
trap '[ ${#servers[@]} -eq 0 ] || kill "${servers[@]}"; drop_all; ip netns del "$netns"; rm -rf "$work"' EXIT
SETTLE=0
# An ordinary user cannot send a message larger than net.core.wmem_max.
small=${SVCR_INSIDE:+300x10}
SIZE=${SIZE:-${small:-2000x10}}

ok() { # ok TRUE WHAT
	if [ "$1" = 1 ]; then
		passed=$((passed + 1))
		echo "ok - $2"
	else
		failed=$((failed + 1))
		echo "not ok - $2"
	fi
}

truth() { "$@" && echo 1 || echo 0; }

logged() { # logged NAME METRIC: prints the last value
	awk -F '\t' -v n="$1" -v m="$2" '$2 == n && $3 == m { v = $4 } END { print v + 0 }' "$log"
}

generator() {
	local options
	for options in "--services 300 --endpoints 10" "--services 100 --mixed --dual-stack" "--one-service 1000" \
		"--services 300 --endpoints 10 --add-service --roll 1"; do
		# shellcheck disable=SC2086 # words
		"$cluster" $options >"$out/1.json"
		# shellcheck disable=SC2086
		"$cluster" $options >"$out/2.json"
		ok "$(truth cmp -s "$out/1.json" "$out/2.json")" "cluster $options: the same bytes twice"
		"$svcrules" compile -f "$out/1.json" "${node[@]}" 2>"$out/said" >"$out/own.nft"
		ok "$(truth test -s "$out/own.nft" -a ! -s "$out/said")" "cluster $options: compiled without a word $(head -n 1 "$out/said")"
	done
}

changes() {
	generate "$SIZE" "$out/base.json"
	generate "$SIZE" "$out/less.json" --remove-endpoint
	generate "$SIZE" "$out/one.json" --replace-endpoint
	generate "$SIZE" "$out/added.json" --add-service
	fresh
	counted "$SIZE" cold "$out/base.json" --save "$out/batch"
	ok "$(truth test "$(logged cold dumps)" -le 1)" "a cold apply dumps nothing but chains, for a warning about a firewall"
	counted "$SIZE" no-op "$out/base.json"
	ok "$(truth test "$(logged no-op changes)" -eq 0)" "a second apply sends no change"
	local what
	for what in less base one base added base; do
		counted "$SIZE" $what "$out/$what.json"
		ok "$(truth test "$(logged $what changes)" -gt 0 -a "$(logged $what changes)" -le 10)" \
			"to '$what': $(logged $what changes) changes sent"
	done
}

# The time of this batch is the floor, so the batch must do what a cold apply does.
replayed() {
	fresh
	own "$SIZE" replay "$tool" replay "$out/batch"
	inside "$ns" "$svcrules" diff -f "$out/base.json" "${node[@]}" >"$out/said" 2>&1
	ok "$(truth test $? -eq 0)" "the saved batch, replayed, leaves nothing to change: $(tail -n 1 "$out/said")"
}

alone() {
	local execs libs
	execs=$(inside "$ns" strace -f -e trace=execve -o "$out/trace" "$svcrules" apply -f "$out/base.json" --quiet "${node[@]}" \
		2>/dev/null; grep -c execve "$out/trace")
	ok "$(truth test "$execs" -eq 1)" "apply starts no other program"
	libs=$(ldd "$svcrules" | grep -vcE 'linux-vdso|ld-linux|libc\.so|libmnl|libnftnl|libjansson|libnl-3|libnl-route-3|libyaml|libcap-ng|libm\.so')
	ok "$(truth test "$libs" -eq 0)" "only the libraries named are linked"
}

ratios() {
	local ours theirs peak
	if [ -n "$small" ]; then
		skipped=$((skipped + 1))
		echo "SKIP - times: the size is too small to tell"
		return
	fi
	fresh && apply "$SIZE" cold "$out/base.json"
	generate "$SIZE" "$out/chains" --form chains
	fresh && timed "$SIZE" chains nft -f "$out/chains"
	ours=$(logged cold wall) theirs=$(logged chains wall) peak=$(logged cold peak)
	ok "$(awk -v a="$theirs" -v b="$ours" 'BEGIN { print (a > 8 * b) }')" \
		"a cold apply takes $ours s, nft(8) with a chain per service and endpoint $theirs s (expected: above 8 times)"
	ok "$(truth test "$peak" -lt "$(stat -c %s "$out/base.json")")" "peak memory, $peak bytes, is below the input's size"
}

# answers WHAT PROTOCOL ADDRESS PORT ENDPOINT...: exactly these endpoints answer at the address
answers() {
	local what=$1 got want
	want=$(printf '%s\n' "${@:5}" | sort | xargs)
	got=$(inside "$ns" "$PROBE" ask "$2" "$3" "$4" --count 60 | awk '{ print $1 }' | sort -u | xargs)
	ok "$(truth test "$got" = "$want")" "$what: $2 $3 $4 is served by $got"
}

# Servers for the endpoints of services 0 (TCP), 3 (UDP) and 7 (node port), three of each service.
listen() {
	local a
	for a in 10.128.0.{1,2,3,10,11,12,22,23,24}; do
		ip -n "$ns" addr add "$a/32" dev lo
		ip netns exec "$ns" "$PROBE" serve "$a" tcp "$a" 8080 udp "$a" 5353 >/dev/null 2>&1 &
		servers+=($!)
	done
	ip -n "$ns" addr add 192.0.2.1/32 dev lo
	ip -n "$ns" route add 10.96.0.0/12 dev lo
	sleep 0.3
}

layouts() {
	local form
	generate 20x3 "$out/base.json"
	for form in svcrules chains maps iptables; do
		if [ $form = svcrules ]; then
			fresh && apply 20x3 cold "$out/base.json"
		elif ! load 20x3 $form 2>"$out/why"; then
			skipped=$((skipped + 1))
			echo "SKIP - $form: $(cat "$out/why")"
			continue
		fi
		listen
		answers $form tcp 10.96.0.1 80 10.128.0.{1,2,3}
		answers $form udp 10.96.0.4 53 10.128.0.{10,11,12}
		answers $form tcp 192.0.2.1 30000 10.128.0.{22,23,24}
		kill "${servers[@]}"
		servers=()
	done
}

# ---- NetworkPolicy: PODSxPOLICIES, with LOCAL pods on the node

POLICIES=${POLICIES:-${small:+600x60}}
POLICIES=${POLICIES:-3000x300}
LOCAL=${small:+15}
LOCAL=${LOCAL:-60}

policy_generator() {
	local options
	for options in "" --relabel-pod --move-replica --move-pod; do
		# shellcheck disable=SC2086 # words
		policy_input "$POLICIES" "$LOCAL" "$out/1.json" $options
		# shellcheck disable=SC2086
		policy_input "$POLICIES" "$LOCAL" "$out/2.json" $options
		ok "$(truth cmp -s "$out/1.json" "$out/2.json")" "cluster with policies $options: the same bytes twice"
		"$svcrules" compile -f "$out/1.json" "${enforcing[@]}" 2>"$out/said" >"$out/own.nft"
		ok "$(truth test "$(grep -c 'map isolated-in' "$out/own.nft")" -eq 1 -a ! -s "$out/said")" \
			"cluster with policies $options: compiled without a word $(head -n 1 "$out/said")"
	done
}

policy_changes_sent() {
	local what n dumps limit
	policy_input "$POLICIES" "$LOCAL" "$out/base.json"
	policy_input "$POLICIES" "$LOCAL" "$out/relabel.json" --relabel-pod
	policy_input "$POLICIES" "$LOCAL" "$out/replica.json" --move-replica
	policy_input "$POLICIES" "$LOCAL" "$out/move.json" --move-pod
	policy_input "$POLICIES" "$LOCAL" "$out/endpoint.json" --replace-endpoint
	policy_counts "$POLICIES"
	ok "$(truth test "$(logged policy-no-op changes)" -eq 0)" "policies: a second apply sends no change"
	dumps=$(logged policy-endpoint dumps)
	for what in relabel replica move; do # the last makes two chains with two rules each, and a set
		n=$(logged policy-$what changes) limit=12
		[ $what != move ] || limit=14
		ok "$(truth test "$n" -gt 0 -a "$n" -le "$limit")" "policies, to '$what': $n changes sent"
		ok "$(truth test "$(logged policy-$what dumps)" -le "$dumps")" "policies, to '$what': as many dumps as for one endpoint, $dumps"
	done
}

# asks LAYOUT PORT: prints how many of 1000 new flows to pods of the node come to the chain that denies
asks() {
	local deny=reference
	[ "$1" != enforced ] || deny="svcrules-policy"
	inside "${kept[$1]}" nft reset counter ip $deny denied >/dev/null
	sed -n "s/^udp \(.*\) .*/udp \1 $2/p" "$out/vips" | inside "${kept[$1]}" "$tool" flows udp 1000 >"$out/said" 2>&1 ||
		echo "failed: $(tail -n 1 "$out/said")"
	inside "${kept[$1]}" nft list counter ip $deny denied | awk '/packets/ { print $2 }'
}

# What is compared enforces the same: a chain that denies lets the node's own packets pass at last.
policy_layouts() {
	local form table chain n
	"$cluster" --pods "${POLICIES%x*}" --local "$LOCAL" --policies "${POLICIES#*x}" --form pod-vips >"$out/vips"
	for form in enforced pod-chains policy-chains; do
		table=reference chain=deny
		if [ $form = enforced ]; then
			table=svcrules-policy chain=deny-in
		else
			policies "$POLICIES" "$LOCAL" $form "$out/$form"
			if ! fresh || ! timed "$POLICIES" $form nft -f "$out/$form" 2>"$out/why"; then
				skipped=$((skipped + 1))
				echo "SKIP - $form: $(cat "$out/why")"
				continue
			fi
			kept[$form]=$ns
		fi
		wire "${kept[$form]}"
		ip -n "${kept[$form]}" route replace 10.0.0.0/8 via $GATEWAY dev sink onlink src $POD
		inside "${kept[$form]}" nft "add counter ip $table denied; insert rule ip $table $chain counter name denied"
		n=$(asks $form 8125)
		ok "$(truth test "$n" = 0)" "$form: of 1000 flows that policies allow, $n are denied"
		n=$(asks $form 8126)
		ok "$(truth test "$n" = 1000)" "$form: of 1000 flows that no policy allows, $n are denied"
	done
}

policy_ratio() {
	local ours theirs
	[ -z "$small" ] || return
	fresh && enforce "$POLICIES" policy-cold "$out/base.json"
	fresh && enforce "$POLICIES" policy-cold "$out/base.json" # again: the first one reads a new file
	ours=$(logged policy-cold wall) theirs=$(logged policy-chains wall)
	ok "$(truth test "$(logged policy-cold peak)" -lt "$(stat -c %s "$out/base.json")")" "policies: peak memory is below the input's size"
	ok "$(awk -v a="$theirs" -v b="$ours" 'BEGIN { print (a > 1.5 * b) }')" \
		"policies: a cold apply takes $ours s, nft(8) with a chain per pod, policy and rule $theirs s (expected: above 1.5 times)"
}

generator
changes
replayed
alone
ratios
layouts
policy_generator
policy_changes_sent
policy_layouts
policy_ratio
finish
