#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An apply that is killed at any message it sends is completed by the next one:
# also the stale UDP flows of a service that the killed run removed.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
begin

flows() {
	at node conntrack -L -p udp --orig-port-src 40001 2>/dev/null | grep -c 'dport=80'
}

both() {
	svc gone ip=10.96.0.9
	slice gone 4 10.244.1.11@node1
	one
}

one() {
	svc stays ip=10.96.0.1
	slice stays 4 10.244.1.11@node1
}

# killed N: true if the run ended before its N-th message
killed() {
	both
	apply --quiet
	ask pod2 udp 10.96.0.9 80 --sport 40001 >/dev/null
	[ "$(flows)" -eq 1 ] || not_ok "killed at $1" "a flow to begin with" none
	one
	write_input
	OBJECTS=()
	at node strace -qq -f -o "$WORK/trace" -e trace=sendto,sendmsg \
		-e inject=sendto,sendmsg:signal=KILL:when="$1" \
		"$SVCRULES" apply -f "$INPUT" "${OPTIONS[@]}" --quiet >/dev/null 2>&1
}

all_points() {
	local n
	for ((n = 1; n < 100; n++)); do
		killed "$n" && break
		one
		apply --quiet --wait 0
		check "killed at message $n: the flow of the removed service is gone after the next apply" 0 "$(flows)"
		svcrules diff
		check "killed at message $n: the rules are complete" 0 "$STATUS"
	done
	check "there were messages to be killed at" yes "$([ "$n" -gt 10 ] && echo yes)"
	check "not killed: the flow is gone" 0 "$(flows)"
}

all_points
finish
