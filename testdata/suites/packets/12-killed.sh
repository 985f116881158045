#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An apply that is killed at any message it sends is completed by the next one, which
# also deletes the stale UDP flows of a service that the killed run removed.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
KEEP_FLOWS=yes
begin

flows() {
	at node conntrack -L -p udp --orig-port-src 40001 2>/dev/null | grep -c 'dport=80'
}

before() {
	svc gone ip=10.96.0.9
	slice gone 4 10.244.1.11@node1
	svc stays ip=10.96.0.1
	slice stays 4 10.244.1.11@node1
	svc back ip=fd00:10:96::3
	slice back 6 fd00:10:244:1::11@node1
}

after() {
	svc new type=NodePort node=30080 ip=10.96.0.2
	slice new 4 10.244.1.11@node1
	svc stays ip=10.96.0.1
	slice stays 4 10.244.1.12@node1
	svc back ip=fd00:10:96::3
	slice back 6 fd00:10:244:1::11@node1
}

# killed N: applies `after` and kills it at the N-th message; true if it ended before
killed() {
	after
	write_input
	at node strace -qq -f -o "$WORK/trace" -e trace=sendto,sendmsg \
		-e inject=sendto,sendmsg:signal=KILL:when="$1" \
		"$SVCRULES" apply -f "$INPUT" "${OPTIONS[@]}" --quiet >/dev/null 2>&1
}

# completed HOW: the next apply completes the change
completed() {
	after
	apply --quiet --wait 0
	svcrules diff
	check "$1: the rules are complete" 0 "$STATUS"
	check "$1: all is served" "pod2 pod1 pod1 pod1" "$(served)"
}

served() {
	local answers
	answers=("$(who client tcp 10.96.0.1 80)" "$(who pod2 udp 10.96.0.2 80)" "$(who client tcp 192.0.2.1 30080)"
		"$(who node tcp fd00:10:96::3 80)")
	echo "${answers[*]}"
}

change() {
	local n
	for ((n = 1; n < 100; n++)); do
		before
		apply --quiet
		ask pod2 udp 10.96.0.9 80 --sport 40001 >/dev/null
		[ "$(flows)" -eq 1 ] || not_ok "killed at $n" "a flow to begin with" none
		killed "$n" && break
		check "killed at message $n: what did not change is served" pod1 "$(who pod2 tcp fd00:10:96::3 80)"
		completed "killed at message $n"
		check "killed at message $n: the flow of the removed service is gone" 0 "$(flows)"
	done
	check "there were messages to be killed at" yes "$([ "$n" -gt 10 ] && echo yes)"
	check "not killed: the flow is gone" 0 "$(flows)"
}

cold() {
	local n
	for ((n = 1; n < 100; n++)); do
		at node "$SVCRULES" delete --quiet
		[ -z "$(at node nft list tables)" ] || not_ok "cold, killed at $n" "nothing to begin with" tables
		killed "$n" && break
		completed "cold, killed at message $n"
	done
	check "there were messages of a first apply to be killed at" yes "$([ "$n" -gt 5 ] && echo yes)"
}

# The same when the last service of a family goes, and its table.
last() {
	local n
	for ((n = 1; n < 100; n++)); do
		svc gone ip=10.96.0.9
		slice gone 4 10.244.1.11@node1
		apply --quiet
		ask pod2 udp 10.96.0.9 80 --sport 40001 >/dev/null
		svc back ip=fd00:10:96::3
		slice back 6 fd00:10:244:1::11@node1
		write_input
		at node strace -qq -f -o "$WORK/trace" -e trace=sendto,sendmsg -e inject=sendto,sendmsg:signal=KILL:when="$n" \
			"$SVCRULES" apply -f "$INPUT" "${OPTIONS[@]}" --quiet >/dev/null 2>&1 && break
		svcrules apply --quiet
		check "the last of a family, killed at message $n: the flow is gone" 0 "$(flows)"
		svcrules diff
		check "the last of a family, killed at message $n: so is all else" 0 "$STATUS"
	done
	check "there were messages of that to be killed at" yes "$([ "$n" -gt 5 ] && echo yes)"
}

# A delete that is killed is completed by the next delete.
deleted() {
	local n
	for ((n = 1; n < 100; n++)); do
		after
		apply --quiet
		ask pod2 udp 10.96.0.2 80 --sport 40001 >/dev/null
		at node strace -qq -f -o "$WORK/trace" -e trace=sendto,sendmsg -e inject=sendto,sendmsg:signal=KILL:when="$n" \
			"$SVCRULES" delete --quiet >/dev/null 2>&1 && break
		at node "$SVCRULES" delete --quiet
		check "delete, killed at message $n: the next leaves nothing" "" "$(at node nft list tables)$(
			ip -n "$PREFIX-node" -br link show type dummy 2>/dev/null)$(
			[ "$BACKEND" != ipvs ] || at node ipvsadm -Sn)"
		check "delete, killed at message $n: no flow either" 0 "$(flows)"
	done
	check "there were messages of delete to be killed at" yes "$([ "$n" -gt 3 ] && echo yes)"
}

# A change of targets, killed at each third message: at any time one of the two serves.
switched() { # switched FROM TO
	local n
	for ((n = 1; n < 200; n += 3)); do
		use_backend "$1"
		after
		apply --quiet
		use_backend "$2"
		killed "$n" && break
		# both are there now, and 'svcrules explain' follows the rules of one
		check "from $1, killed at message $n: all is served" "pod2 pod1 pod1 pod1" "$(EXPLAIN='' served)"
		completed "from $1, killed at message $n"
	done
	check "from $1: there were messages to be killed at" yes "$([ "$n" -gt 10 ] && echo yes)"
}

change
last
cold
deleted
if [ "$BACKEND" = ipvs ]; then
	switched nftables ipvs
	switched ipvs nftables
fi
finish
