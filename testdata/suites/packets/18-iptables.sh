#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Loading the rules of the target iptables: for the first time, again, beside the rules of others,
# and removing them.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
if ! is_iptables; then
	skip "loading iptables rules" "this target is $BACKEND"
	finish
fi
begin

# program: iptables or ip6tables, for the family in use
program() {
	if [[ $VIP == *:* ]]; then echo ip6tables; else echo iptables; fi
}

web() { # web ENDPOINT...
	svc web type=LoadBalancer ip=$VIP node=30080 lb=$LB ranges=$CLIENT/$HOST affinity=600
	serves web "$@"
	svc plain ip=$VIP2
	serves plain "$POD1@node1" "$POD2@node1"
}

hooks() { # the rules of built-in chains that are ours
	saved "$(program)" | grep -c -- '^-A [A-Z]* -j SVCRULES-'
}

answered() {
	expect "$1: a service" "pod1 .*" client $VIP 80
	expect "$1: a load balancer" "pod1 .*" client $LB 80
}

# text [OPTION...]: loads what compile prints; sets STATUS
text() {
	compiled "$(program)" "$@" 2>/dev/null | restore "$(program)" >"$WORK/restored" 2>&1
	STATUS=$?
}

# The same text cannot add hooks once only, so it asks for them unless it knows what is loaded.
loading() {
	local before
	before=$(saved "$(program)")
	web "$POD1@node1"
	write_input
	text
	check "hooks are missing: refused" "[1-9]" "$STATUS"
	check "hooks are missing: nothing is hooked" 0 "$(hooks)"
	text --loaded /dev/null
	check "for the first time" 0 "$STATUS"
	check "for the first time: hooks" 9 "$(hooks)"
	answered "for the first time"
	before=$(saved "$(program)")
	text
	check "again" 0 "$STATUS"
	check "again: the same" "" "$(diff <(sort <<<"$before") <(saved "$(program)" | sort))"
	load
	check "again, knowing what is loaded: the same" "" "$(diff <(sort <<<"$before") <(saved "$(program)" | sort))"
	text --loaded /dev/null
	check "as if for the first time: hooks twice" 18 "$(hooks)"
	load
	check "which knowing what is loaded repairs" 9 "$(hooks)"
	answered "repaired"
}

# Chains of services that are gone stay, without a way to them, until what is loaded is known.
stale() {
	svc plain ip=$VIP2
	serves plain "$POD2@node1"
	write_input
	text
	check "a service is gone" 0 "$STATUS"
	expect "a service is gone: its load balancer" "$NOT_OURS" client $LB 80
	check "a service is gone: its chains" "[1-9].*" "$(saved "$(program)" | grep -c production/web)"
	load
	check "knowing what is loaded: no chain of it" 0 "$(saved "$(program)" | grep -c production/web)"
	expect "the other service" "pod2 .*" client $VIP2 80
}

# Rules as kube-proxy and Docker make them, and a chain with a name like ours.
others() {
	local target=10.244.1.12:8080 net=172.17.0.0/16
	[[ $VIP != *:* ]] || { target="[$POD2]:8080" net=fd00:17::/64; }
	restore "$(program)" <<-RULES
	*nat
	:KUBE-SERVICES - [0:0]
	:KUBE-SVC-ABC - [0:0]
	:DOCKER - [0:0]
	-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
	-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
	-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
	-A KUBE-SERVICES -d $VIP3/$HOST -p tcp -m tcp --dport 80 -j KUBE-SVC-ABC
	-A KUBE-SVC-ABC -p tcp -j DNAT --to-destination $target
	-A POSTROUTING -s $net -j MASQUERADE
	-A DOCKER -p tcp -m tcp --dport 7777 -j DNAT --to-destination $target
	COMMIT
	*filter
	:SVCRULESNOT - [0:0]
	-A FORWARD -p tcp -m tcp --dport 9 -j SVCRULESNOT
	-A SVCRULESNOT -j ACCEPT
	COMMIT
	RULES
}

beside() {
	local before
	web "$POD1@node1"
	delete
	check "nothing is left" 0 "$(saved "$(program)" | grep -c SVCRULES)"
	others
	before=$(saved "$(program)" | sort)
	web "$POD1@node1"
	apply
	answered "beside the rules of others"
	check "a service of theirs" "pod2 .*" "$(answers client tcp $VIP3 80)"
	check "a port of theirs" "pod2 .*" "$(answers client tcp $NODE 7777)"
	check "their rules stay" "" "$(comm -23 <(echo "$before") <(saved "$(program)" | sort))"
	check "our rules are in front" "-A PREROUTING -j SVCRULES-PREROUTING" \
		"$(saved "$(program)" | sed -n '/^\*nat/,/^COMMIT/p' | grep -- '^-A PREROUTING' | head -n 1)"
	delete
	check "removed: the rest is as before" "" "$(diff <(echo "$before") <(saved "$(program)" | sort))"
	apply_and_remove_by_text
}

# Without --loaded the text removes the chains of its input, and fails if they are not hooked.
apply_and_remove_by_text() {
	web "$POD1@node1"
	apply
	text --remove
	check "removed by a text that knows its input alone" 0 "$STATUS"
	check "then nothing is left" 0 "$(saved "$(program)" | grep -c 'SVCRULES-')"
	text --remove
	check "removed again: refused" "[1-9]" "$STATUS"
}

# More endpoints than one chain has rules, and more addresses than a chain of a tree has.
many() {
	local i all=() triples=() service=10.96.1. pod=10.244.1. net=10.244.1.128/26
	[ "$KIND" = legacy ] || return 0 # one of the programs is enough: the text is the same
	[[ $VIP != *:* ]] || service=fd00:10:96::1: pod=fd00:10:244:1::8: net=fd00:10:244:1::8:0/112
	for i in {1..40}; do
		svc "s$i" ip="$service$i"
		serves "s$i" "$POD1@node1"
	done
	for i in {130..170}; do
		all+=("$pod$i@node1")
		address pod1 eth0 "$pod$i/$HOST"
		triples+=(tcp "$pod$i" 8080)
	done
	route node $net dev to-pod1
	serve pod1 wide "${triples[@]}" || return
	svc wide ip=$VIP2
	serves wide "$POD2@node1" "${all[@]}"
	apply
	for i in 1 9 17 33 40; do
		expect "one of many services" "pod1 .*" client "$service$i" 80
	done
	check "many endpoints" "pod2\\|wide" "$(who client tcp $VIP2 80 --count 300)"
	check "many endpoints: chains, for TCP and for UDP" 4 "$(saved "$(program)" | grep -c '^:SVCRULES-P-')"
}

iptables_rules() {
	loading
	stale
	beside
	many
	delete
}

each_family iptables_rules
finish
