#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Only IPVS has this: draining, persistence, schedulers, virtual servers of other
# programs, the interface svcrules0, and the change of targets.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
KEEP_FLOWS=yes
begin
if [ "$BACKEND" != ipvs ]; then
	skip "IPVS" "this target is $BACKEND"
	finish
fi
LIST=$WORK/list

list() {
	at node ipvsadm -Ln >"$LIST"
}

# weight SERVER REAL: prints the weight of a real server, or "none" if there is no such server
weight() {
	list
	awk -v s="$1" -v r="$2" '$1 == "TCP" || $1 == "UDP" { on = $1 " " $2 == s }
		on && $2 == r { print $4; found = 1 } END { if (!found) print "none" }' "$LIST"
}

has() { # has PATTERN: prints yes if the saved rule set has such a line, else no
	if at node ipvsadm -Sn | grep -qE -- "$1"; then echo yes; else echo no; fi
}

web() {
	svc web type=NodePort ip=10.96.0.1 node=30080
	slice web 4 "$@"
}

drains() {
	web 10.244.1.11@node1
	apply
	hold_start drain pod2 10.96.0.1 80
	check "a connection" "pod1 one" "$(hold_say drain one)"
	web 10.244.1.12@node1
	apply
	check "its real server has weight 0" 0 "$(weight "TCP 10.96.0.1:80" 10.244.1.11:8080)"
	check "that of UDP is gone at once" none "$(weight "UDP 10.96.0.1:80" 10.244.1.11:8080)"
	check "the connection goes on" "pod1 two" "$(hold_say drain two)"
	check "new ones go elsewhere" pod2 "$(who client tcp 10.96.0.1 80 --count 10)"
	svcrules diff
	check "what drains is no difference" 0 "$STATUS"
	web 10.244.1.12@node1
	apply
	check "the next apply leaves it" 0 "$(weight "TCP 10.96.0.1:80" 10.244.1.11:8080)"
	web 10.244.1.11@node1
	apply --drain-timeout 1 # for the other one
	check "it comes back" 1 "$(weight "TCP 10.96.0.1:80" 10.244.1.11:8080)"
	check "with its connection" "pod1 three" "$(hold_say drain three)"
	svc other ip=10.96.0.2
	slice other 4 10.244.1.12@node1
	apply
	check "with its service, its virtual server goes at once" no "$(has '10\.96\.0\.1:80')"
	check "and the address" "" "$(ip -n "$PREFIX-node" -o addr show to 10.96.0.1)"
	check "nobody answers there" "timeout|unreachable" "$(answers client tcp 10.96.0.1 80)"
	# shellcheck disable=SC2046
	serve node mine $(both 192.0.2.1 30080)
	expect "the host may have the node port" "mine .*" client 192.0.2.1 30080
	hold_end
}

# A flow of UDP stays with an endpoint that serves still, and no longer.
drains_udp() {
	web 10.244.1.11@node1
	apply
	check "a flow" pod1 "$(who client udp 10.96.0.1 80 --sport 5701)"
	web "10.244.1.11@node1!terminating" 10.244.1.12@node1
	apply
	check "its real server has weight 0" 0 "$(weight "UDP 10.96.0.1:80" 10.244.1.11:8080)"
	check "the flow stays with it" pod1 "$(who client udp 10.96.0.1 80 --sport 5701)"
	check "new ones go elsewhere" pod2 "$(who client udp 10.96.0.1 80 --count 10)"
	svcrules diff
	check "nothing to change" 0 "$STATUS"
	web "10.244.1.11@node1!unready" 10.244.1.12@node1
	apply
	check "then it is gone" none "$(weight "UDP 10.96.0.1:80" 10.244.1.11:8080)"
	check "the flow moves" pod2 "$(who client udp 10.96.0.1 80 --sport 5701)"
}

# The rules are deleted, and with them the set of draining endpoints.
drains_without_rules() {
	web 10.244.1.11@node1
	apply
	hold_start flushed pod2 10.96.0.1 80
	web 10.244.1.12@node1
	apply
	at node nft flush ruleset
	web 10.244.1.12@node1
	apply
	check "after a flush of all rules it drains on" 0 "$(weight "TCP 10.96.0.1:80" 10.244.1.11:8080)"
	check "with its connection" "pod1 one" "$(hold_say flushed one)"
	hold_end
}

# asks_all: prints who answers each of twelve clients
asks_all() {
	local i
	for i in {101..112}; do who client tcp 10.96.0.1 80 --from "192.0.2.$i"; done | sort -u | paste -sd'|'
}

# CAVEATS of svcrules(1), with a timeout shorter than the 15 minutes.
idle() {
	at node ipvsadm --set 2 0 0
	web 10.244.1.11@node1
	apply
	hold_start idle pod2 10.96.0.1 80
	check "a connection" "pod1 one" "$(hold_say idle one)"
	sleep 5
	check "idle for longer than IPVS remembers, it is reset" broken "$(hold_say idle two)"
	hold_end
	at node ipvsadm --set 900 0 0
}

# Schedulers that choose by the client's address, or by the destination address.
drains_hashed() {
	local scheduler
	for scheduler in sh mh dh; do
		web 10.244.1.11@node1 10.244.1.12@node1
		apply --ipvs-scheduler $scheduler
		web 10.244.1.12@node1
		apply --ipvs-scheduler $scheduler
		check "$scheduler: new ones go elsewhere" pod2 "$(asks_all)"
		svcrules diff --ipvs-scheduler $scheduler
		check "$scheduler: nothing to change" 0 "$STATUS"
	done
}

# An address that a service gives up is released at once, with connections or without.
address_taken() {
	svc web ip=10.96.0.1 ext=203.0.113.1
	slice web 4 10.244.1.11@node1
	apply
	hold_start taken client 203.0.113.1 80
	check "a connection" "pod1 one" "$(hold_say taken one)"
	ip -n "$PREFIX-node" addr add 203.0.113.1/32 dev lo
	# shellcheck disable=SC2046
	serve node mine $(both 203.0.113.1 7071) $(both 203.0.113.1 80)
	svc web ip=10.96.0.1
	slice web 4 10.244.1.11@node1
	apply
	expect "the host's ports at it" "mine .*" client 203.0.113.1 7071
	expect "also the one that the service had" "mine .*" client 203.0.113.1 80
	check "svcrules0 has it no more" "" "$(ip -n "$PREFIX-node" -o addr show dev svcrules0 to 203.0.113.1)"
	hold_end
	ip -n "$PREFIX-node" addr del 203.0.113.1/32 dev lo
}

# An external IP that belongs to another node: that node must stay reachable.
address_of_another_node() {
	svc web ip=10.96.0.1 ext=172.18.0.2
	slice web 4 10.244.1.11@node1
	node_object 192.0.2.1 a
	node_object 172.18.0.2 a
	edit '"name": "node1"' '"name": "node2"'
	# shellcheck disable=SC2046
	serve remote theirs $(both 172.18.0.2 7072)
	apply
	expect "the service there" "pod1 .*" client 172.18.0.2 80
	expect "other ports of the node there" "theirs .*" client 172.18.0.2 7072
	expect "other ports, from here" "theirs .*" node 172.18.0.2 7072
	svcrules diff
	check "nothing to change" 0 "$STATUS"
}

# Virtual servers with the flag of svcrules are found, even if all other signs of them are lost.
delete_without_traces() {
	web 10.244.1.11@node1
	apply
	at node nft flush ruleset
	ip -n "$PREFIX-node" link del svcrules0
	delete
	check "delete" 0 "$STATUS"
	check "nothing is left" "" "$(at node ipvsadm -Sn)"
}

persistence_and_schedulers() {
	svc web ip=10.96.0.1 affinity=600
	edit '"metadata": {' '"metadata": { "annotations": { "svcrules.io/ipvs-scheduler": "sh" },'
	slice web 4 10.244.1.11@node1
	svc typo ip=10.96.0.2
	edit '"metadata": {' '"metadata": { "annotations": { "svcrules.io/ipvs-scheduler": "robin" },'
	slice typo 4 10.244.1.11@node1
	apply --ipvs-scheduler wlc
	check "persistence and the annotation's scheduler" yes "$(has '^-A -t 10\.96\.0\.1:80 -s sh -p 600 -b sh-fallback$')"
	check "a typo there: the default" yes "$(has '^-A -t 10\.96\.0\.2:80 -s wlc$')"
	check "and a warning" ".*production/typo.*'robin' is no scheduler.*" "$(grep robin <<<"$OUTPUT" | tr '\n' ' ')"
	svc web ip=10.96.0.1
	slice web 4 10.244.1.11@node1
	apply
	check "persistence off again, the usual scheduler" yes "$(has '^-A -t 10\.96\.0\.1:80 -s rr$')"
}

foreign() {
	at node ipvsadm -A -t 198.51.100.1:80 -s rr
	at node ipvsadm -a -t 198.51.100.1:80 -r 10.244.1.11:8080 -m
	at node ipvsadm -A -f 7 -s rr
	ip -n "$PREFIX-node" link add other0 type dummy
	web 10.244.1.11@node1
	apply
	web 10.244.1.12@node1
	apply
	check "another's virtual server stays" yes "$(has '^-a -t 198\.51\.100\.1:80 -r 10\.244\.1\.11:8080')"
	check "one by firewall mark stays" yes "$(has '^-A -f 7 ')"
	delete
	check "delete" 0 "$STATUS"
	check "delete leaves them" 3 "$(at node ipvsadm -Sn | wc -l)"
	check "delete leaves no table" "" "$(at node nft list tables)"
	check "delete leaves no interface but theirs" "other0" \
		"$(ip -n "$PREFIX-node" -br link show type dummy | cut -d' ' -f1)"
	at node ipvsadm -A -t 192.0.2.1:30080 -s rr
	web 10.244.1.11@node1
	write_input
	svcrules apply
	check "another's virtual server in the way" 4 "$STATUS"
	check "is named" ".*production/web:t 192\.0\.2\.1:30080/tcp.*" "$(tr '\n' ' ' <<<"$OUTPUT")"
	check "and nothing is changed" "" "$(at node nft list tables)"
	at node ipvsadm -C
	ip -n "$PREFIX-node" link del other0
}

foreign_interface() {
	at node "$SVCRULES" delete --quiet
	ip -n "$PREFIX-node" link add svcrules0 type dummy
	ip -n "$PREFIX-node" addr add 198.51.100.9/32 dev svcrules0 # an empty svcrules0 counts as one that a killed run of svcrules made
	web 10.244.1.11@node1
	write_input
	svcrules apply
	check "an interface of that name that is not ours" 4 "$STATUS"
	check "is named" ".*interface svcrules0 was not made by svcrules.*" "$(tr '\n' ' ' <<<"$OUTPUT")"
	svcrules diff
	check "also by diff" 4 "$STATUS"
	delete
	check "nothing is changed, by delete neither" "svcrules0" "$(at node nft list tables)$(at node ipvsadm -Sn)$(
		ip -n "$PREFIX-node" -br link show type dummy | cut -d' ' -f1)"
	ip -n "$PREFIX-node" link del svcrules0
}

# Debian's kernel has all schedulers as modules; one is kept from loading.
missing_scheduler() {
	if [ -z "${SVCR_VM:-}" ]; then
		skip "a scheduler that is no module of this kernel" "only in the emulated machine"
		return
	fi
	web 10.244.1.11@node1
	apply
	who client udp 10.96.0.1 80 --sport 5700 >/dev/null
	echo ip_vs_lblcr >/run/no-modules
	web 10.244.1.12@node1
	svc odd ip=10.96.0.2
	edit '"metadata": {' '"metadata": { "annotations": { "svcrules.io/ipvs-scheduler": "lblcr" },'
	slice odd 4 10.244.1.11@node1
	write_input
	svcrules apply
	check "a scheduler that this kernel lacks" 4 "$STATUS"
	check "is named, with its module" \
		".*production/odd:t 10\.96\.0\.2:80/tcp.*no such scheduler in this kernel: 'lblcr' \(module ip_vs_lblcr\).*" \
		"$(tr '\n' ' ' <<<"$OUTPUT")"
	check "the other services are served" pod2 "$(who pod1 tcp 10.96.0.1 80)"
	check "and what went is gone" pod2 "$(who client udp 10.96.0.1 80 --sport 5700)"
	check "the concerned one does not reach the host" "refused|timeout" "$(who pod2 tcp 10.96.0.2 80)"
	rm /run/no-modules
	svcrules apply
	check "with the module all is done" 0 "$STATUS"
	check "and served" pod1 "$(who pod2 tcp 10.96.0.2 80)"
}

without_privilege() {
	at node "$SVCRULES" delete --quiet
	web 10.244.1.11@node1
	write_input
	OUTPUT=$(at node /usr/bin/setpriv --bounding-set=-net_admin --inh-caps=-net_admin "$SVCRULES" apply -f "$INPUT" "${OPTIONS[@]}" 2>&1)
	check "without CAP_NET_ADMIN" 4 $?
	check "that is said" ".*CAP_NET_ADMIN.*" "$(tr '\n' ' ' <<<"$OUTPUT")"
	check "and nothing is changed" "" "$(at node nft list tables)$(at node ipvsadm -Sn)$(
		ip -n "$PREFIX-node" -br link show type dummy)"
}

without_ipv6() {
	local switch=/proc/sys/net/ipv6/conf/default/disable_ipv6
	at node "$SVCRULES" delete --quiet
	at node bash -c "echo 1 >$switch"
	public 10.244.1.11 fd00:10:244:1::11
	write_input
	svcrules apply
	check "IPv6 is off here: an error" 4 "$STATUS"
	check "with what to do" ".*cannot add fd00:10:96::1 to svcrules0: IPv6 is off.*--family ipv4.*" "$(tr '\n' ' ' <<<"$OUTPUT")"
	check "IPv4 is served all the same" "pod1" "$(who client tcp 10.96.0.1 80)"
	svcrules apply --family ipv4
	check "IPv4 alone" 0 "$STATUS"
	check "serves" "pod1" "$(who client tcp 203.0.113.1 80)"
	at node "$SVCRULES" delete --quiet
	at node bash -c "echo 0 >$switch"
}

host_daemon() {
	# shellcheck disable=SC2046
	serve node wild $(both 0.0.0.0 7070)
	web 10.244.1.11@node1
	apply
	for from in pod2 node client; do
		expect "an undefined port of a cluster IP does not reach the host, $from" refused $from 10.96.0.1 7070
	done
	expect "the host's daemon at the host's address" "wild .*" client 192.0.2.1 7070
	at client busybox ping -c 1 -W 2 10.96.0.1 >/dev/null
	check "a cluster IP answers to ping" 0 $?
}

arp() { # arp ADDRESS: prints whether the node answers an ARP request for it
	if at client busybox arping -c 2 -w 2 -I eth0 "$1" >/dev/null; then echo yes; else echo no; fi
}

sysctls() {
	at node bash -c 'echo 0 >/proc/sys/net/ipv4/vs/conntrack'
	web 10.244.1.11@node1
	apply --no-sysctls
	check "--no-sysctls leaves it" 0 "$(at node cat /proc/sys/net/ipv4/vs/conntrack)"
	check "and warns" ".*warning.*conntrack.*" "$(tr '\n' ' ' <<<"$OUTPUT")"
	web 10.244.1.11@node1
	apply --strict-arp
	check "set and told" ".*net\.ipv4\.vs\.conntrack: 0 -> 1.*" "$(tr '\n' ' ' <<<"$OUTPUT")"
	check "the four of IPVS" "1 1 1 1" "$(at node bash -c 'cd /proc/sys/net/ipv4/vs && cat conntrack conn_reuse_mode \
		expire_nodest_conn expire_quiescent_template' | paste -sd' ')"
	check "the timeouts are left alone" ".*: 900 120 300" "$(at node ipvsadm -Ln --timeout)"
	check "conntrack's, which nftables relies on" 432000 "$(at node cat /proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established)"
	check "strict ARP" "1 2" "$(at node bash -c 'cd /proc/sys/net/ipv4/conf/all && cat arp_ignore arp_announce' | paste -sd' ')"
	svc web ip=10.96.0.1 ext=203.0.113.1
	slice web 4 10.244.1.11@node1
	apply
	check "an external IP answers ARP no more" no "$(arp 203.0.113.1)"
	check "the node's own address does" yes "$(arp 192.0.2.1)"
	check "the external IP is served" pod1 "$(who client tcp 203.0.113.1 80)"
	at node bash -c 'echo 0 >/proc/sys/net/ipv4/conf/all/arp_ignore'
	check "without it, it answers" yes "$(arp 203.0.113.1)"
}

# drift WHAT COMMAND...: another program does this in the node's namespace
drift() {
	local what=$1
	shift
	at node "$@" || not_ok "$what" "it to be done" "exit $?"
	svcrules diff
	check "$what: diff sees it" 1 "$STATUS"
	web 10.244.1.11@node1
	apply
	svcrules diff
	check "$what: repaired" 0 "$STATUS"
	check "$what: the service answers" pod1 "$(who pod2 tcp 10.96.0.1 80)"
}

drifts() {
	web 10.244.1.11@node1
	apply
	drift "virtual server deleted" ipvsadm -D -t 10.96.0.1:80
	drift "real server deleted" ipvsadm -d -t 10.96.0.1:80 -r 10.244.1.11:8080
	drift "weight changed" ipvsadm -e -t 10.96.0.1:80 -r 10.244.1.11:8080 -m -w 5
	drift "scheduler changed" ipvsadm -E -t 10.96.0.1:80 -s lc
	drift "all of IPVS deleted" ipvsadm -C
	drift "address removed" /sbin/ip addr del 10.96.0.1/32 dev svcrules0
	drift "address added" /sbin/ip addr add 10.96.9.9/32 dev svcrules0
	drift "interface down" /sbin/ip link set svcrules0 down
	drift "interface deleted" /sbin/ip link del svcrules0
	drift "rules flushed" nft flush ruleset
	web 10.244.1.11@node1
	apply
	check "nothing to do" ".*no changes.*" "$(tr '\n' ' ' <<<"$OUTPUT")"
}

# The interface towards a pod has only a link-local address: what is masqueraded gets an address of
# the node as source, never one of svcrules0, to which other nodes would answer themselves.
sources() {
	local pod
	svc web type=NodePort ip=fd00:10:96::1 node=30080
	slice web 6 fd00:10:244:1::11@node1
	apply
	for pod in pod1 pod2; do ip -n "$PREFIX-node" -6 addr del fd00:10:244:1::1/128 dev to-$pod; done
	ip -n "$PREFIX-pod1" -6 route replace default via "$(ip -n "$PREFIX-node" -6 -o addr show dev to-pod1 scope link |
		sed 's/.*inet6 \([^/]*\).*/\1/')" dev eth0
	expect "from outside" "pod1 (2001:db8:1|fd00:172)::1" client fd00:10:96::1 80
	expect "from outside to a node port" "pod1 (2001:db8:1|fd00:172)::1" client 2001:db8:1::1 30080
	at node /sbin/ip addr change fd00:10:96::1/128 dev svcrules0 nodad noprefixroute preferred_lft forever
	svcrules diff
	check "an address that may be a source: diff sees it" 1 "$STATUS"
	check "and says how to mend it" "address replace fd00:10:96::1/128 .* preferred_lft 0" \
		"$(at node "$SVCRULES" diff -f "$INPUT" "${OPTIONS[@]}" -o ip 2>/dev/null)"
	svc web type=NodePort ip=fd00:10:96::1 node=30080
	slice web 6 fd00:10:244:1::11@node1
	apply
	svcrules diff
	check "it is mended" 0 "$STATUS"
	expect "from outside" "pod1 (2001:db8:1|fd00:172)::1" client fd00:10:96::1 80
	for pod in pod1 pod2; do address node to-$pod fd00:10:244:1::1/128; done
	ip -n "$PREFIX-pod1" -6 route replace default via fd00:10:244:1::1 dev eth0 onlink
}

# loaded COMMAND: loads the output of svcrules COMMAND with ip, ipvsadm and nft
loaded() {
	local command=$1 part
	write_input
	for part in ip ipvsadm nft; do
		at node "$SVCRULES" "$command" -f "$INPUT" "${OPTIONS[@]}" -o "$part" >"$WORK/$part" 2>/dev/null
	done
	if ! { at node /sbin/ip -batch "$WORK/ip" && at node ipvsadm -R <"$WORK/ipvsadm" && at node nft -f "$WORK/nft"; }; then
		not_ok "$command loads" "it to be loaded" "$(head "$WORK"/{ip,ipvsadm,nft})"
	fi
	svcrules diff
	check "$command loaded by hand is what apply makes" 0 "$STATUS"
}

public() {
	svc web ip=10.96.0.1,fd00:10:96::1 ext=203.0.113.1 affinity=30
	slice web 4 "$1@node1"
	slice web 6 "$2@node1"
}

by_hand() {
	at node "$SVCRULES" delete --quiet
	at node ipvsadm -Ln >/dev/null # loads it
	at node bash -c 'echo 1 >/proc/sys/net/ipv4/vs/conntrack' # nftables must see packets that are masqueraded
	public 10.244.1.11 fd00:10:244:1::11
	loaded compile
	expect "cluster IP" "pod1 10.244.1.1" client 10.96.0.1 80
	expect "external IP" "pod1 10.244.1.1" client 203.0.113.1 80
	expect "cluster IP of IPv6" "pod1 fd00:10:244:1::1" client fd00:10:96::1 80
	public 10.244.1.12 fd00:10:244:1::12
	loaded diff
	check "the changed one answers" pod2 "$(who pod1 tcp fd00:10:96::1 80)"
	at node "$SVCRULES" delete --quiet
	public 10.244.1.11 fd00:10:244:1::11
	loaded diff
	svc none ip=10.96.0.7
	loaded diff
	check "taken away by hand, nothing drains" "none none" "$(weight "TCP 10.96.0.1:80" 10.244.1.11:8080
		) $(weight "UDP 10.96.0.1:80" 10.244.1.11:8080)"
}

# The kernel keeps the virtual servers of all namespaces in one list, so changes in
# another namespace move ours while they are read.
elsewhere() {
	local i wrong=0
	for i in {1..40}; do
		svc "s$i" ip="10.96.1.$i"
		slice "s$i" 4 10.244.1.11@node1
		echo "-A -t 198.51.100.$i:80 -s rr" >>"$WORK/up"
		echo "-D -t 198.51.100.$i:80" >>"$WORK/down"
	done
	apply
	while :; do
		at remote ipvsadm -R <"$WORK/up"
		at remote ipvsadm -R <"$WORK/down"
	done 2>/dev/null &
	SERVERS+=($!)
	for i in {1..40}; do
		svcrules diff
		[ "$STATUS" -eq 0 ] || wrong=$((wrong + 1))
	done
	check "changes in another namespace are not taken for some here" 0 "$wrong"
	kill $! && wait $! 2>/dev/null
}

# by BACKEND: applies OBJECTS for that target
by() {
	use_backend "$1"
	apply
}

# now: sets REPLY to the time in milliseconds
now() {
	REPLY=${EPOCHREALTIME//[!0-9]/}
	REPLY=${REPLY%???}
}

# asked_during COMMAND...: prints who answers over TCP and UDP while the command runs; if anything else
# than pod1 does, also when that was asked and when the command ran
asked_during() {
	local p start began ended pids=()
	now && start=$REPLY
	for p in tcp udp; do
		while [ ! -e "$WORK/enough" ]; do
			EXPLAIN= # the rules change meanwhile
			now && began=$((REPLY - start))
			echo "$p $(who client $p 10.96.0.1 80 --count 20)" >"$WORK/answer-$p"
			now && echo "$(<"$WORK/answer-$p"), asked at $began-$((REPLY - start)) ms"
		done >"$WORK/answers-$p" &
		pids+=($!)
	done
	pause 0.3
	now && began=$((REPLY - start))
	"$@"
	now && ended=$((REPLY - start))
	pause 0.3
	touch "$WORK/enough"
	wait "${pids[@]}"
	rm "$WORK/enough"
	[ "$STATUS" -eq 0 ] || echo "exit $STATUS: $OUTPUT"
	if grep -hv '^... pod1,' "$WORK"/answers-{tcp,udp}; then
		echo "the change at $began-$ended ms"
	else
		sed 's/,.*//' "$WORK"/answers-{tcp,udp} | sort -u
	fi | paste -sd'|'
}

# under_way COMMAND...: prints who answers requests over TCP and UDP that reach pod1 before the command
# runs, and that pod1 answers afterwards
under_way() {
	local p i pids=()
	kill -STOP "${SERVERS[0]}" # the server of pod1
	for p in tcp udp; do
		SPORT=$((SPORT + 1))
		TIMEOUT=30000 who client $p 10.96.0.1 80 --sport $SPORT >"$WORK/answer-$p" &
		pids+=($!)
		for i in {1..100}; do
			[ -z "$(at node conntrack -L -p $p --orig-port-src $SPORT 2>/dev/null)" ] || break
			pause 0.05
		done
		[ "$i" -lt 100 ] || echo "no request over $p"
	done
	"$@"
	kill -CONT "${SERVERS[0]}"
	wait "${pids[@]}"
	[ "$STATUS" -eq 0 ] || echo "exit $STATUS: $OUTPUT"
	cat "$WORK"/answer-{tcp,udp}
}

switches() {
	local round
	web 10.244.1.11@node1
	by nftables
	web 10.244.1.11@node1
	write_input
	for round in {1..4}; do
		use_backend ipvs
		check "to IPVS: every request is answered, $round" "tcp pod1\|udp pod1" "$(asked_during svcrules apply)"
		use_backend nftables
		check "back: every request is answered, $round" "tcp pod1\|udp pod1" "$(asked_during svcrules apply)"
	done
	for round in 1 2; do
		SPORT=$((5610 + 4 * round))
		use_backend ipvs
		check_both "to IPVS: requests under way are answered, $round" pod1 "$(under_way svcrules apply)"
		SPORT=$((SPORT + 2)) # those above were counted in a subshell
		use_backend nftables
		check_both "back: requests under way are answered, $round" pod1 "$(under_way svcrules apply)"
	done
	web 10.244.1.11@node1
	svc gone ip=10.96.0.3
	slice gone 4 10.244.1.12@node1
	by nftables
	check "a UDP flow to a service that goes with the change" pod2 "$(who client udp 10.96.0.3 80 --sport 5602)"
	web 10.244.1.11@node1
	by ipvs
	check "is gone" 0 "$(at node conntrack -L -p udp --orig-port-src 5602 2>/dev/null | grep -c 'dport=80')"
	web 10.244.1.11@node1
	by nftables
	hold_start switch pod2 10.96.0.1 80
	check "through nftables" "pod1 one" "$(hold_say switch one)"
	check "a UDP flow" pod1 "$(who client udp 10.96.0.1 80 --sport 5600)"
	web 10.244.1.11@node1
	by ipvs
	check "to IPVS: the connection stays" "pod1 two" "$(hold_say switch two)"
	check "to IPVS: the UDP flow stays" pod1 "$(who client udp 10.96.0.1 80 --sport 5600)"
	check "to IPVS: new ones" pod1 "$(who client tcp 10.96.0.1 80)"
	check "to IPVS: only its table is left" "table ip svcrules-ipvs" "$(at node nft list tables)"
	hold_end
	hold_start back pod2 10.96.0.1 80
	check "through IPVS" "pod1 one" "$(hold_say back one)"
	check "through IPVS, UDP" pod1 "$(who client udp 10.96.0.1 80 --sport 5601)"
	web 10.244.1.11@node1
	by nftables
	check "back: the connection stays" "pod1 two" "$(hold_say back two)"
	check "back: the UDP flow stays" pod1 "$(who client udp 10.96.0.1 80 --sport 5601)"
	check "back: new ones" pod1 "$(who client tcp 10.96.0.1 80)"
	check "back: the old one drains" 0 "$(weight "TCP 10.96.0.1:80" 10.244.1.11:8080)"
	check "back: that of UDP, too" 0 "$(weight "UDP 10.96.0.1:80" 10.244.1.11:8080)"
	hold_end
	web 10.244.1.12@node1
	by nftables
	check "back: an endpoint that goes leaves no UDP" none "$(weight "UDP 10.96.0.1:80" 10.244.1.11:8080)"
	check "back: its flow moves" pod2 "$(who client udp 10.96.0.1 80 --sport 5601)"
	web 10.244.1.11@node1
	svc gone ip=10.96.0.3
	slice gone 4 10.244.1.12@node1
	by ipvs
	check "through IPVS, UDP to a service that goes with the change back" pod2 "$(who client udp 10.96.0.3 80 --sport 5603)"
	web 10.244.1.11@node1
	by nftables
	check "back: that flow is gone" 0 "$(at node conntrack -L -p udp --orig-port-src 5603 2>/dev/null | grep -c 'dport=80')"
	check "back: its real server, too" none "$(weight "UDP 10.96.0.3:80" 10.244.1.12:8080)"
	at node ipvsadm --set 1 1 1
	web 10.244.1.11@node1
	by ipvs
	check "through IPVS, UDP again" pod1 "$(who client udp 10.96.0.1 80 --sport 5604)"
	web 10.244.1.11@node1
	by nftables
	at node "$SVCRULES" delete --backend ipvs >/dev/null
	check "delete --backend ipvs leaves the other" "table ip svcrules" "$(at node nft list tables)"
	check "and nothing of IPVS" "" "$(at node ipvsadm -Sn)"
	check "nftables serves" pod1 "$(who client tcp 10.96.0.1 80)"
	use_backend ipvs
}

# From IPVS to nftables without pod CIDRs: packets from a bound address of the node are masqueraded nevertheless.
node_while_draining() {
	use_backend ipvs
	OPTIONS=(--backend ipvs --node-name node1)
	web 10.244.2.21@node2
	apply
	hold_start node node 10.96.0.1 80
	check "through IPVS" "remote1 172.18.0.1" "$(answers node tcp 10.96.0.1 80)"
	OPTIONS=(--backend nftables --node-name node1)
	web 10.244.2.21@node2
	apply
	# explain follows the tables of one target, and says that the others are not followed
	check "while it drains" "remote1 172.18.0.1" "$(EXPLAIN='' answers node tcp 10.96.0.1 80)"
	OUTPUT=$(at node "$SVCRULES" explain --live --from node --to 10.96.0.1:80 2>&1)
	check "explain names the other target" ".*warning: rules of the target ipvs are here, too.*" "$(tr '\n' ' ' <<<"$OUTPUT")"
	at node "$SVCRULES" delete --backend ipvs --quiet
	check "afterwards" "remote1 192.0.2.1" "$(answers node tcp 10.96.0.1 80)"
	check "afterwards its table is gone" "table ip svcrules" "$(at node nft list tables)"
	hold_end
	use_backend ipvs
}

for scenario in ${SCENARIOS:-drains drains_udp drains_without_rules idle drains_hashed address_taken address_of_another_node delete_without_traces persistence_and_schedulers foreign foreign_interface missing_scheduler without_privilege without_ipv6 host_daemon sysctls drifts sources by_hand elsewhere switches node_while_draining}; do
	LABEL="${scenario//_/ }: "
	"$scenario"
done
finish
