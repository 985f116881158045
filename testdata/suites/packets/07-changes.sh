#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Connections and flows while endpoints come and go.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
KEEP_FLOWS=yes
begin

web() {
	svc web type=NodePort ip=$VIP node=30080 ext=$EXT
	serves web "$@"
	svc other ip=$VIP2
	serves other "$POD1@node1"
}

long_connection() { # long_connection FROM ADDRESS PORT
	local name=hold-$1-$3-${#SERVERS[@]}
	web "$POD1@node1"
	apply
	hold_start "$name" "$1" "$2" "$3"
	check "connection of $1 to $2" "pod1 one" "$(hold_say "$name" one)"
	web "$POD1@node1" "$POD2@node1" "$REMOTE1@node2"
	apply
	check "its connection while endpoints are added" "pod1 two" "$(hold_say "$name" two)"
	web "$POD2@node1" "$REMOTE1@node2"
	apply
	check "its connection while its own endpoint goes" "pod1 three" "$(hold_say "$name" three)"
	check "new connections go elsewhere" "pod2\\|remote1" "$(who "$1" tcp "$2" "$3" --count 20)"
	web
	apply
	check "its connection while no endpoint is left" "pod1 four" "$(hold_say "$name" four)"
	check "new connections are refused" refused "$(answers "$1" tcp "$2" "$3")"
	svc other ip=$VIP2
	serves other "$POD1@node1"
	apply
	# an address and port of IPVS is released at once, for the host or another proxy
	[ "$BACKEND" = ipvs ] || check "its connection while the service goes" "pod1 five" "$(hold_say "$name" five)"
	hold_end
}

stale_udp() { # stale_udp FROM ADDRESS PORT SOURCE-PORT
	local from=$1 to=$2 port=$3 sport=$4
	web "$POD1@node1"
	apply
	check "UDP flow of $from to $to:$port" pod1 "$(who "$from" udp "$to" "$port" --sport "$sport")"
	web "$POD1@node1" "$POD2@node1"
	apply
	check "the flow stays with a serving endpoint" pod1 "$(who "$from" udp "$to" "$port" --sport "$sport" --count 10)"
	web "$POD2@node1"
	apply
	check "the flow leaves a removed endpoint" pod2 "$(who "$from" udp "$to" "$port" --sport "$sport")"
	web
	apply
	check "the flow of a service without endpoints" refused "$(who "$from" udp "$to" "$port" --sport "$sport")"
	web "$POD1@node1"
	apply
	check "the flow recovers with an endpoint" pod1 "$(who "$from" udp "$to" "$port" --sport "$sport")"
}

early_udp() { # early_udp FROM ADDRESS PORT SOURCE-PORT: a flow older than the service
	svc other ip=$VIP2
	serves other "$POD1@node1"
	apply
	check "UDP flow of $1 to $2:$3 before the service" "timeout|unreachable|refused" "$(who "$1" udp "$2" "$3" --sport "$4")"
	web "$POD1@node1"
	apply
	check "the flow finds the new service" pod1 "$(who "$1" udp "$2" "$3" --sport "$4")"
}

# A client that opens a connection before the service is there gets it with its next try.
early_tcp() { # early_tcp FROM ADDRESS PORT SOURCE-PORT
	local asked
	svc other ip=$VIP2
	serves other "$POD1@node1"
	apply
	TIMEOUT=5000 who "$1" tcp "$2" "$3" --sport "$4" >"$WORK/early" &
	asked=$!
	for _ in {1..50}; do
		! at node conntrack -L -f "$CT_FAMILY" -p tcp --state SYN_SENT --orig-port-src "$4" 2>/dev/null | grep -q "dport=$3" || break
		pause 0.02
	done
	web "$POD1@node1"
	apply
	wait "$asked"
	check "a connection of $1 to $2:$3 opened before the service" pod1 "$(<"$WORK/early")"
}

# A service with policy Local drops packets while it has endpoints only on other nodes.
local_udp() {
	svc web type=LoadBalancer ip=$VIP lb=$LB etp=Local
	serves web "$REMOTE1@node2"
	apply
	check "UDP flow to a Local service, dropped" timeout "$(who client udp $LB 80 --sport 5400)"
	svc web type=LoadBalancer ip=$VIP lb=$LB etp=Local
	serves web "$REMOTE1@node2" "$POD1@node1"
	apply
	check "the flow recovers with a local endpoint" pod1 "$(who client udp $LB 80 --sport 5400)"
}

entry() { # entry ZONE SOURCE-PORT [ENDPOINT]: makes a UDP flow of the client to the VIP
	local to=${3:-$VIP} back=80
	[ $# -lt 3 ] || back=8080
	at node conntrack -I -p udp -w "$1" -s "$CLIENT" -d "$VIP" --sport "$2" --dport 80 \
		-r "$to" -q "$CLIENT" --reply-port-src $back --reply-port-dst "$2" -t 100 >/dev/null 2>&1
}

entries() { # entries SOURCE-PORT: prints how many there are
	at node conntrack -L -f "$CT_FAMILY" -p udp --orig-port-src "$1" 2>/dev/null | grep -c dport=80
}

# Entries of other zones are not ours, and one that nobody translated only as long as the service is.
foreign_entries() {
	web "$POD1@node1"
	apply
	entry 0 5601 "$POD2" && entry 7 5602 "$POD2" && entry 0 5603 "$POD1"
	web "$POD1@node1" "$REMOTE1@node2"
	apply
	check "an entry to nobody of the service's" 0 "$(entries 5601)"
	check "the same in another zone" 1 "$(entries 5602)"
	check "one to its endpoint" 1 "$(entries 5603)"
	entry 0 5604
	svc other ip=$VIP2
	serves other "$POD1@node1"
	apply
	check "the service is gone: a translated entry" 0 "$(entries 5603)"
	check "an entry that nobody translated" 1 "$(entries 5604)"
	check "one of another zone" 1 "$(entries 5602)"
	web "$POD1@node1"
	apply
	check "the service is back: the entry that nobody translated" 0 "$(entries 5604)"
	at node conntrack -D -w 7 >/dev/null 2>&1
}

# A conntrack entry that has nothing to do with services stays.
foreign_udp() {
	web "$POD1@node1"
	apply
	check "a flow past all services" "pod2 $CLIENT" "$(ask client udp $POD2 8080 --sport 5500)"
	web "$POD2@node1"
	apply
	if at node conntrack -L -p udp --orig-port-src 5500 2>/dev/null | grep -q 'dport=8080'; then
		ok "other flows' entries stay"
	else
		not_ok "other flows' entries stay" "an entry" "none"
	fi
}

changes() {
	local from n=5000 CT_FAMILY=ipv4 flows=true
	[[ $VIP != *:* ]] || CT_FAMILY=ipv6
	not_iptables "stale flows, early flows, entries of others" "loading rules deletes no flows" || flows=false
	for from in client pod2 node; do
		long_connection $from $VIP 80
		$flows || continue
		stale_udp $from $VIP 80 $((n += 1))
		early_udp $from $VIP 80 $((n += 1))
		early_tcp $from $VIP 80 $((n += 1))
	done
	long_connection client $NODE 30080
	long_connection client $EXT 80
	$flows || return 0
	stale_udp client $NODE 30080 $((n += 1))
	early_udp client $NODE 30080 $((n += 1))
	stale_udp client $EXT 80 $((n += 1))
	early_udp client $EXT 80 $((n += 1))
	local_udp
	foreign_entries
	foreign_udp
}

each_family changes
finish
