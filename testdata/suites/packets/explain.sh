# shellcheck shell=bash disable=SC2153
# SPDX-License-Identifier: GPL-2.0-or-later
# What 'svcrules explain' predicts is compared with what packets do, for each request that a test
# sends: sourced by lib.sh. The rules are followed as the kernel has them (--live); those that are
# made from an input are the same values, which unit tests show.
#
# Requests and their answers are only written down while a test runs. Before anything may change what
# happens to packets (a program that runs on a node, an address, a server) all that were written down
# are explained at once, by explain.pl: see at() and ip().

FLOWS= # the file with requests that are not explained yet; set by flows_begin

flows_begin() {
	FLOWS=$WORK/flows
	: >"$WORK/servers"
	: >"$WORK/explained"
}

# known_servers NAME TRIPLES...: writes down where a server listens
known_servers() {
	flows_explain
	echo "$*" >>"$WORK/servers"
}

# live_options: sets REPLY, those of OPTIONS that name tables; the kernel's rules need no input
live_options() {
	local i
	REPLY=--live
	for ((i = 0; i < ${#OPTIONS[@]}; i++)); do
		case ${OPTIONS[i]} in
		-f) i=$((i + 1)) ;;
		--network-policy) ;;
		*) REPLY+=" ${OPTIONS[i]}" ;;
		esac
	done
}

# node_of NAMESPACE: sets REPLY, the router whose rules see requests from there first
node_of() {
	REPLY=${ROUTERS[0]}
	case $1 in pod3 | pod4 | node2) [ ${#ROUTERS[@]} -eq 1 ] || REPLY=node2 ;; esac
}

# explained NAMESPACE ANSWERS PROTOCOL ADDRESS PORT [OPTION...]: writes down a request, which is the first
# packet of a connection; not one with a source port of its own (--sport), which may belong to an
# open flow. ANSWERS has a line for each protocol, or for each request.
explained() {
	local where=$1 said=$2 node
	shift 2
	[[ " $* " != *' --sport '* && $said != probe:* ]] || return 0
	node_of "$where"
	node=$REPLY
	live_options
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$LABEL" "$where" "$node" "$REPLY" "${said//$'\n'/;}" "$*" >>"$FLOWS"
}

# flows_explain: explains what was written down since the last time
flows_explain() {
	[ -s "$FLOWS" ] || return 0
	local these=$WORK/flows-$BASHPID
	mv "$FLOWS" "$these" 2>/dev/null || return 0 # a process in the background was faster
	perl "$PACKETS/explain.pl" "$PREFIX" "$WORK" "$these" "${ROUTERS[*]}" >>"$WORK/explained" 2>&1 ||
		echo "not ok - explain: explain.pl failed" >>"$WORK/explained"
	rm -f "$these"
}

# flows_end: prints how many flows were explained, and what was predicted wrongly
flows_end() {
	local line ok=0 wrong=0
	[ -n "$FLOWS" ] || return 0
	flows_explain
	while IFS= read -r line; do
		case $line in
		ok) ok=$((ok + 1)) ;;
		*) wrong=$((wrong + 1)) && echo "$line" ;;
		esac
	done <"$WORK/explained"
	failed=$((failed + wrong))
	echo "# explain: $((ok + wrong)) flows, $wrong disagreements"
}
