#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The state file that a run leaves for the next one saves reading, and never leads to
# wrong rules, even if the kernel's rules, the input or the file changed in between.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
KEEP_FLOWS=yes
begin

STATE=/run/svcrules

state_file() {
	echo "$STATE/nftables-svcrules-$(at node stat -Lc %i /proc/self/ns/net)"
}

cluster() { # cluster ENDPOINT...
	svc web ip=10.96.0.1
	slice web 4 "$@"
}

# traced [OPTION...]: applies OBJECTS and counts the messages sent; sets DUMPS, CHAINS,
# BATCHES, SAID
traced() {
	write_input
	OUTPUT=$(at node strace -qq -e trace=sendmsg,sendto -e write=none -o "$WORK/trace" \
		"$SVCRULES" apply -f "$INPUT" "${OPTIONS[@]}" "$@" 2>&1)
	STATUS=$?
	SAID=$(tr '\n' ' ' <<<"$OUTPUT")
	DUMPS=$(grep -E 'NFNL_SUBSYS_NFTABLES' "$WORK/trace" | grep -v NFT_MSG_GETCHAIN | grep -c 'NLM_F_DUMP')
	CHAINS=$(grep NFT_MSG_GETCHAIN "$WORK/trace" | grep -c 'NLM_F_DUMP') # for a warning about a firewall
	BATCHES=$(grep -c 'NFNL_MSG_BATCH_BEGIN' "$WORK/trace")
}

# expects WHAT DUMPS BATCHES ANSWER: regular expressions; ANSWER is for who answers at the VIP
expects() {
	check "$1: exit status" 0 "$STATUS"
	check "$1: dumps" "$2" "$DUMPS"
	check "$1: transactions" "$3" "$BATCHES"
	check "$1: who answers" "$4" "$(who pod2 tcp 10.96.0.1 80 --count 20)"
	svcrules diff
	check "$1: nothing differs" 0 "$STATUS"
}

same_input() {
	cluster 10.244.1.11@node1
	traced
	expects "first, without a table" 0 1 pod1
	cluster 10.244.1.11@node1
	traced
	expects "the same again" 0 0 pod1
	check "the same again: no chains are asked for" 0 "$CHAINS"
	check "it says so" '.*1 endpoint: no changes in .*' "$SAID"
	cluster 10.244.1.11@node1
	traced --quiet
	expects "the same with another option" 0 0 pod1
	cluster 10.244.1.11@node1
	traced --verify
	expects "--verify" '[1-9][0-9]*' 0 pod1
}

other_input() {
	cluster 10.244.1.11@node1
	apply
	cluster 10.244.2.21@node2
	traced
	expects "another endpoint, written with as many bytes" 0 1 remote1
	cluster 10.244.2.21@node2 10.244.1.11@node1
	traced
	expects "one more" 0 1 'pod1\|remote1'
	cluster 10.244.1.11@node1
	traced --node-name node2
	expects "less, and other options" 0 1 pod1
}

# Another program changes the rules, which the generation number shows.
other_rules() {
	cluster 10.244.1.11@node1
	apply
	at node nft flush map ip svcrules endpoints
	cluster 10.244.1.11@node1
	traced
	expects "elements gone" '[1-9][0-9]*' 1 pod1
	at node nft delete table ip svcrules
	cluster 10.244.1.11@node1
	traced
	expects "table gone" 0 1 pod1
	at node nft 'add table ip somebody'
	cluster 10.244.1.12@node1
	traced
	expects "another's table" '[1-9][0-9]*' 1 pod2
	at node nft 'delete table ip somebody'
}

# hurt WHAT COMMAND...: the command damages the state file; the next apply reads the kernel instead.
hurt() {
	local what=$1
	shift
	cluster 10.244.1.11@node1
	apply
	[ -f "$(state_file)" ] || not_ok "$what" "a state file" none
	"$@"
	cluster 10.244.1.11@node1
	traced
	expects "$what" '[1-9][0-9]*' 0 pod1
	cluster 10.244.1.11@node1
	traced
	expects "$what: and then again" 0 0 pod1
}

flip() {
	printf '\377' | dd of="$(state_file)" bs=1 seek="$1" conv=notrunc status=none
}

# The part of the state file that has the rules is read and checked only if it is needed.
flip_last() {
	cluster 10.244.1.11@node1
	apply
	flip "$(($(stat -c %s "$(state_file)") - 40))"
	cluster 10.244.1.12@node1
	traced
	expects "a byte of the rules changed" '[1-9][0-9]*' 1 pod2
}

hurt_files() {
	hurt "no file" rm "$(state_file)"
	hurt "empty" truncate -s 0 "$(state_file)"
	hurt "cut" truncate -s 300 "$(state_file)"
	hurt "a byte of the head changed" flip 90
	hurt "a group may write" chmod g+w "$(state_file)"
	flip_last
}

# A run that was killed after it made the rules and before it wrote the file.
killed() {
	cluster 10.244.1.11@node1
	apply
	cluster 10.244.1.12@node1
	write_input
	at node strace -qq -o "$WORK/trace" -e trace=renameat,renameat2 \
		-e inject=renameat,renameat2:signal=KILL:when=1 \
		"$SVCRULES" apply -f "$INPUT" "${OPTIONS[@]}" --quiet >/dev/null 2>&1
	check "killed: the rules were made" pod2 "$(who pod1 tcp 10.96.0.1 80 --count 5)"
	cluster 10.244.1.11@node1
	traced
	expects "killed, then the input from before" '[1-9][0-9]*' 1 pod1
}

# Warnings about the input are printed again, although the input is not read again.
notices() {
	cluster 10.244.1.11@node1
	OBJECTS+=('{ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s" } }')
	local objects=("${OBJECTS[@]}")
	traced
	check "a notice" '.*ignored: 1 Secret.*' "$SAID"
	OBJECTS=("${objects[@]}")
	traced
	check "a notice again" '.*ignored: 1 Secret.*' "$SAID"
	expects "a notice again" 0 0 pod1
}

# A change of the host's addresses changes the rules.
host_address() {
	svc web ip=10.96.0.1 type=NodePort node=30080
	slice web 4 10.244.1.11@node1
	local objects=("${OBJECTS[@]}")
	apply
	ip -n "$PREFIX-node" addr add 192.0.2.9/24 dev to-client
	OBJECTS=("${objects[@]}")
	traced
	expects "a new address" 0 1 pod1
	expect "the node port at the new address" 'pod1 .*' client 192.0.2.9 30080
	ip -n "$PREFIX-node" addr del 192.0.2.9/24 dev to-client
}

# The host has no address at first, as at boot; that, too, is remembered.
host_without_address() {
	svc web ip=10.96.0.1 type=NodePort node=30080
	slice web 4 10.244.1.11@node1
	local objects=("${OBJECTS[@]}")
	NAMESPACES+=(bare)
	ip netns add "$PREFIX-bare"
	ON=bare
	apply
	check "no node port" "" "$(at bare nft list map ip svcrules services | grep 30080)"
	ip -n "$PREFIX-bare" link add x0 type veth peer name x1
	ip -n "$PREFIX-bare" addr add 192.0.2.7/24 dev x0
	OBJECTS=("${objects[@]}")
	apply
	check "the node port at the first address" "192.0.2.7 . tcp . 30080" \
		"$(at bare nft list map ip svcrules services | grep -o '[0-9.]* \. tcp \. 30080')"
	svcrules diff
	check "nothing differs" 0 "$STATUS"
	ip -n "$PREFIX-bare" addr del 192.0.2.7/24 dev x0
	OBJECTS=("${objects[@]}")
	apply
	check "no node port without it" "" "$(at bare nft list map ip svcrules services | grep 30080)"
	delete
	ON=node
}

gone() {
	cluster 10.244.1.11@node1
	apply
	delete
	check "delete removes the file" no "$([ -e "$(state_file)" ] && echo yes || echo no)"
	cluster 10.244.1.11@node1
	traced
	expects "after delete" '[0-9]+' 1 pod1
}

# A removed UDP service: the set that remembers it is created and deleted without a dump.
removed_udp() {
	svc gone ip=10.96.0.9
	slice gone 4 10.244.1.11@node1
	cluster 10.244.1.11@node1
	apply
	ask pod2 udp 10.96.0.9 80 --sport 40001 >/dev/null
	cluster 10.244.1.11@node1
	traced
	expects "a UDP service less" 0 2 pod1
	check "its flow" 0 "$(at node conntrack -L -p udp --orig-port-src 40001 2>/dev/null | grep -c dport=80)"
	cluster 10.244.1.11@node1
	traced
	expects "and again" 0 0 pod1
}

for scenario in same_input other_input other_rules hurt_files killed notices host_address host_without_address gone removed_udp; do
	LABEL="${scenario//_/ }: "
	"$scenario"
done
finish
