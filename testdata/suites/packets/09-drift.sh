#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Changes by other programs are repaired, and their rules stay; delete; no program is started.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
begin

# so many source ranges that they are in a set
long=$(for ((i = 0; i < 40; i += 2)); do printf ',198.18.%d.0/24' $i; done)

web() {
	svc web type=LoadBalancer ip=10.96.0.1,fd00:10:96::1 node=30080 lb=203.0.113.10,2001:db8:cb::10 \
		etp=Local ranges=192.0.2.0/24,2001:db8:1::/64$long affinity=600
	slice web 4 10.244.1.11@node1
	slice web 6 fd00:10:244:1::11@node1
	svc plain ip=10.96.0.2,fd00:10:96::2
	slice plain 4 10.244.1.11@node1 10.244.1.12@node1
	slice plain 6 fd00:10:244:1::11@node1
}

answered() {
	check "$1: the service answers" "pod1 10.244.1.1" "$(ask client tcp 10.96.0.1 80)"
	check "$1: the IPv6 service answers" "pod1 fd00:10:244:1::1" "$(ask client udp fd00:10:96::1 80)"
}

# Prints the rule set without remembered clients, whose remaining time changes.
rules_but_clients() {
	at node nft list ruleset | grep -v expires
}

unchanged() {
	local before
	svcrules diff
	check "diff after apply" 0 "$STATUS"
	before=$(rules_but_clients)
	web
	apply
	check "a second apply has nothing to do" ".*([Nn]o change|[Nn]othing|unchanged|up to date).*" "$(tr '\n' ' ' <<<"$OUTPUT")"
	check "and changes nothing" same "$([ "$before" = "$(rules_but_clients)" ] && echo same)"
	web
	apply --quiet
	check "--quiet says nothing" "" "$OUTPUT"
}

# drift WHAT NFT-ARGUMENTS...: another program does this to our table
drift() {
	local what=$1 error
	shift
	if ! error=$(at node nft "$@" 2>&1); then
		not_ok "$what" "nft to do it" "$(head -n 1 <<<"$error")"
		return
	fi
	svcrules diff
	check "$what: diff sees it" 1 "$STATUS"
	web
	apply
	svcrules diff
	check "$what: repaired" 0 "$STATUS"
	answered "$what"
}

drifts() {
	drift "tables flushed" "flush table ip $TABLE; flush table ip6 $TABLE"
	drift "table deleted" "delete table ip $TABLE"
	drift "both tables deleted" "delete table ip $TABLE; delete table ip6 $TABLE"
	drift "all rules and tables flushed" "flush ruleset"
	drift "element deleted" "delete element ip $TABLE services { 10.96.0.1 . tcp . 80 }"
	drift "map emptied" "flush map ip $TABLE endpoints"
	drift "list of sources emptied" "flush set ip $TABLE $(sources)"
	drift "source added" "add element ip $TABLE $(sources) { 10.9.0.0/16 }"
	drift "set emptied" "flush set ip6 $TABLE cluster-ips"
	drift "sources emptied" "flush set ip $TABLE $(sources)"
	drift "source added" "add element ip $TABLE $(sources) { 10.9.0.0/16 }"
	drift "another set of sources" "add set ip $TABLE sources-7 { type ipv4_addr; flags interval; }"
	drift "set of sources with another type" "add set ip $TABLE sources-7 { type inet_service; }"
	drift "policy changed" "chain ip $TABLE $(base_chain) { policy drop; }"
	drift "made dormant" "table ip6 $TABLE { flags dormant; }"
	drift "chain added" "add chain ip $TABLE stray"
	drift "rule added to a base chain" "insert rule ip $TABLE $(base_chain) drop"
	drift "element added" "add element ip $TABLE cluster-ips { 10.96.3.3 }"
	drift "rules deleted" "flush chain ip $TABLE $(base_chain)"
}

sources() {
	at node nft list table ip $TABLE | grep -o '^.set sources-[0-9]*' | cut -d' ' -f2
}

base_chain() {
	at node nft list table ip $TABLE | awk '$1 == "chain" { c = $2 } /hook prerouting/ { print c; exit }'
}

neighbours() {
	at node nft list table ip mine | sed 's/packets.*//'
	at node nft list table inet svcrules-not
}

foreign_same() {
	[ -n "$1" ] && [ "$1" = "$(neighbours)" ] && echo same
}

foreign() {
	local before
	at node nft -f - <<-NFT
	table ip mine {
	    map services { type ipv4_addr : verdict; elements = { 1.2.3.4 : accept } }
	    chain prerouting { type nat hook prerouting priority -90; counter; }
	}
	table inet svcrules-not {
	    chain c {
	    }
	}
	NFT
	before=$(neighbours)
	web
	apply
	answered "beside a neighbour"
	check "apply leaves other tables alone" same "$(foreign_same "$before")"
	delete
	check "delete" 0 "$STATUS"
	check "delete leaves other tables alone" same "$(foreign_same "$before")"
	check "delete leaves nothing of ours" "inet svcrules-not ip mine" \
		"$(at node nft list tables | cut -d' ' -f2- | sort | paste -sd' ')"
	check "nothing beside tables either" "" "$(beside_tables)"
	check "a deleted service is gone" "timeout|unreachable" "$(ask client tcp 10.96.0.1 80)"
	delete
	check "delete of nothing" 0 "$STATUS"
	at node nft flush ruleset
}

beside_tables() { # interfaces and virtual servers
	ip -n "$PREFIX-node" -br link show type dummy 2>/dev/null
	[ "$BACKEND" != ipvs ] || at node ipvsadm -Sn
}

dry_run() {
	web
	write_input
	svcrules apply --dry-run
	check "dry run" 0 "$STATUS"
	check "dry run leaves nothing" "" "$(at node nft list ruleset)$(beside_tables)"
	svcrules apply --check
	check "apply --check" 0 "$STATUS"
	check "apply --check leaves nothing" "" "$(at node nft list ruleset)$(beside_tables)"
}

traced() {
	local count
	if ! command -v strace >/dev/null || ! at node strace -o /dev/null true 2>/dev/null; then
		skip "no exec" "strace does not work here"
		return
	fi
	web
	write_input
	at node strace -f -o "$WORK/trace" -e trace=execve,execveat \
		"$SVCRULES" apply -f "$INPUT" "${OPTIONS[@]}" >/dev/null 2>&1
	count=$(grep -c execve "$WORK/trace")
	check "apply executes nothing but itself" 1 "$count"
}

dry_run
web
apply
answered "first apply"
unchanged
drifts
foreign
traced
finish
