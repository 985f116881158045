#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fields and services that are removed again leave nothing behind.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
begin
APPLY=()
[ "$BACKEND" != ipvs ] || APPLY=(--drain-timeout 0)

plain() {
	svc web ip=$VIP
	serves web "$POD1@node1"
}

# gone WHAT ADDRESS PORT ANSWER: after the change back to a plain service nothing of it is left
gone() {
	plain
	apply "${APPLY[@]}"
	expect "$1 gone" "$4" client "$2" "$3"
	expect "$1 gone, the cluster IP stays" "pod1 $GATEWAY" client $VIP 80
	if not_iptables "$1 gone, the rules equal those of a plain service" "diff reads no iptables rules"; then
		svcrules diff
		check "$1 gone, the rules equal those of a plain service" 0 "$STATUS"
	fi
	check "$1 gone, the listing equals that of a plain service" same "$(same_listing)"
}

listing() {
	if is_iptables; then
		saved iptables | sort
		saved ip6tables | sort
		return
	fi
	at node nft list ruleset | sort # nft lists sets in the order of their creation
	[ "$BACKEND" != ipvs ] || at node ipvsadm -Sn
	ip -n "$PREFIX-node" -o addr show to "$SERVICE_CIDR"
}

same_listing() {
	listing >"$WORK/now"
	if diff "$WORK/plain-$VIP" "$WORK/now" >"$WORK/differences"; then
		echo same
	else
		head -n 4 "$WORK/differences"
	fi
}

off_again() {
	plain
	apply
	listing >"$WORK/plain-$VIP"
	svc web ip=$VIP ext=$EXT
	serves web "$POD1@node1"
	apply
	expect "external IP" "pod1 $GATEWAY" client $EXT 80
	gone "external IP" $EXT 80 "timeout|unreachable"
	svc web ip=$VIP type=NodePort node=30080
	serves web "$POD1@node1"
	apply
	expect "node port" "pod1 $GATEWAY" client $NODE 30080
	gone "node port" $NODE 30080 refused
	svc web ip=$VIP type=LoadBalancer lb=$LB ranges=$CLIENT/$HOST etp=Local affinity=600
	serves web "$POD1@node1"
	apply
	expect "load balancer with everything" "pod1 $CLIENT" client $LB 80
	gone "load balancer" $LB 80 "timeout|unreachable"
	svc web ip=$VIP itp=Local
	serves web "$REMOTE1@node2"
	apply
	expect "internal Local" timeout client $VIP 80
	gone "internal Local" $VIP 80 "pod1 $GATEWAY"
	svc more ip=$VIP2 affinity=5
	serves more "$POD1@node1" "$POD2@node1" "$REMOTE1@node2"
	plain
	apply --service-cidr $SERVICE_CIDR --masquerade-all
	expect "another service" "(pod|remote)[12] .*" client $VIP2 80
	gone "another service" $VIP2 80 "timeout|unreachable"
	delete
}

each_family off_again
finish
