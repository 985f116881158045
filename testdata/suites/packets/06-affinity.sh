#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ClientIP session affinity.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# loading iptables rules deletes no flows, and a request may happen to use the port of a stale one
is_iptables || KEEP_FLOWS=yes
begin

web() { # web SECONDS ENDPOINT...
	local seconds=$1
	shift
	svc web type=LoadBalancer ip=$VIP node=30080 lb=$LB etp=Local affinity="$seconds"
	serves web "$@"
}

# from_many PROTOCOL: prints who answers each of eighteen clients, in their order: so many that
# they choose alike by chance once in 131,072 runs, not once in 512 as ten do
from_many() {
	local i
	for i in {101..104} {106..119}; do
		ask client "$1" $VIP 80 --from "$CLIENT_PREFIX$i"
	done | cut -d' ' -f1 | paste -sd' '
}

another() {
	if [ "$1" = pod1 ]; then echo pod2; else echo pod1; fi
}

sticks() {
	local protocol=$1 chosen
	web 600 "$POD1@node1" "$POD2@node1"
	apply
	chosen=$(who client "$protocol" $VIP 80)
	check "one endpoint in 20 tries, $protocol" "$chosen" "$(who client "$protocol" $VIP 80 --count 20)"
	web 600 "$POD1@node1" "$POD2@node1"
	apply
	check "the same after an apply, $protocol" "$chosen" "$(who client "$protocol" $VIP 80 --count 10)"
	web 600 "$POD1@node1" "$POD2@node1" "$REMOTE1@node2" "$REMOTE2@node2"
	apply
	check "the same with more endpoints, $protocol" "$chosen" "$(who client "$protocol" $VIP 80 --count 10)"
	web 600 "$POD1@node1" "$POD2@node1"
	apply
	if [ "$chosen" = pod1 ]; then web 600 "$POD2@node1"; else web 600 "$POD1@node1"; fi
	apply
	check "another once it is gone, $protocol" "$(another "$chosen")" "$(who client "$protocol" $VIP 80 --count 10)"
	web 600 "$POD1@node1" "$POD2@node1"
	apply
	check "and stays with that one, $protocol" "$(another "$chosen")" "$(who client "$protocol" $VIP 80 --count 10)"
}

everywhere() {
	local from to protocol
	for protocol in tcp udp; do
		for from in client pod1 node; do
			for to in "$VIP 80" "$LB 80" "$NODE 30080"; do
				# shellcheck disable=SC2086
				check "from $from to $to, $protocol" "(pod[12]|remote[12])" "$(who $from $protocol $to --count 15)"
			done
		done
		check "Local stays within the local endpoints, $protocol" "pod[12]" "$(who client $protocol $LB 80 --count 10)"
	done
}

expires() {
	local before
	# IPVS remembers a client as long as its flows
	[ "$BACKEND" != ipvs ] || at node ipvsadm --set 0 0 1
	web "$SHORT" "$POD1@node1" "$POD2@node1"
	apply
	before=$(from_many udp)
	check "eighteen clients are spread" ".*(pod1 .*pod2|pod2 .*pod1).*" "$before"
	check "and each stays" "$before" "$(from_many udp)"
	sleep $((SHORT + 1)).2
	ask client udp $VIP 80 --from "${CLIENT_PREFIX}105" >/dev/null # moves round robin on, so that it does not begin with the same endpoint
	if [ "$(from_many udp)" != "$before" ]; then
		ok "forgotten after the timeout"
	else
		not_ok "forgotten after the timeout" "another choice" "$before"
	fi
	[ "$BACKEND" != ipvs ] || at node ipvsadm --set 0 0 300
}

off_again() {
	svc web ip=$VIP
	serves web "$POD1@node1" "$POD2@node1"
	apply
	expect_all "no affinity any more" "pod1 pod2" client $VIP 80
	web 600 "$POD1@node1" "$POD2@node1"
	apply
	check "affinity again" "pod[12]" "$(who client tcp $VIP 80 --count 20)"
	svc web ip=$VIP
	serves web "$POD1@node1" "$POD2@node1"
	apply
	expect_all "and off again" "pod1 pod2" client $VIP 80
}

affinity() {
	sticks tcp
	sticks udp
	web 600 "$POD1@node1" "$POD2@node1" "$REMOTE1@node2" "$REMOTE2@node2"
	apply
	everywhere
	expires
	off_again
}

each_family affinity
finish
