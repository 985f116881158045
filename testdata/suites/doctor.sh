#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# doctor.sh: svcrules doctor finds each trap that is set in a network namespace, and nothing on a
# plain one, nor beside rules as Docker makes them.
# shellcheck disable=SC2016,SC2086,SC2317 # text for other shells, words, functions called by name
set -u
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 2
NAME=doctor passed=0 failed=0 skipped=0
SVCRULES=${SVCRULES:-$root/build/svcrules}
# shellcheck source=testdata/suites/netns.sh
. testdata/suites/netns.sh

check() { # check WHAT EXPECTED GOT
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'not ok - doctor: %s: expected %s, got %s\n' "$1" "$2" "$3"
	fi
}

skip() {
	skipped=$((skipped + 1))
	echo "SKIP - doctor: $1"
}

# doctor [FILE PLACE]...: runs it; with FILE in the place of another file
doctor() {
	local mounts='' said
	while [ $# -gt 1 ]; do
		mounts+="mount --bind '$1' '$2' && "
		shift 2
	done
	said=$(at unshare -m sh -c "$mounts exec '$SVCRULES' doctor" 2>"$work/err")
	STATUS=$?
	printf '%s\n' "$said" >"$work/said"
	[ ! -s "$work/err" ] || sed 's/^/doctor says: /' "$work/err"
}

# verdict NAME: the verdicts of an examination, with a | between
verdict() {
	awk -v n="$1" '$2 == n { print $1 }' "$work/said" | sort -u | paste -sd'|'
}

evidence() { # evidence NAME: what is told of it
	awk -v n="$1" '$2 == n' "$work/said" | sed -E 's/^[a-z]+ +[a-z-]+ +//'
}

plain() {
	doctor
	check "a plain namespace: no trouble" 0 "$STATUS"
	check "a plain namespace: the kernel takes the rules" ok "$(verdict features)"
	check "a plain namespace: forwarding is told" note "$(verdict forwarding)"
	check "each trouble or note has an effect and something that mends it" 0 \
		"$(awk '/^(trouble|note)/ { if (want) bad++; want = 2 } /^ +(so|mend):/ { want-- } END { print bad + 0 + (want > 0) }' "$work/said")"
	at sysctl -qw net.ipv4.ip_forward=1
	doctor
	check "forwarding is on" ok "$(verdict forwarding)"
	check "the tables are as before" "" "$(at nft list tables)"
}

installed() {
	at ip addr add 192.0.2.1/24 dev lo
	at "$SVCRULES" apply -f testdata/example/services.json --node-name node1 --quiet 2>/dev/null
	at sysctl -qw net.ipv4.ip_forward=0
	doctor
	check "rules and no forwarding: exit status" 1 "$STATUS"
	check "rules and no forwarding" trouble "$(verdict forwarding)"
	check "what mends it" 1 "$(grep -c 'mend: sysctl -w net.ipv4.ip_forward=1' "$work/said")"
	check "no route to cluster IPs" trouble "$(verdict routes)"
	at sysctl -qw net.ipv4.ip_forward=1
	at ip link set lo up
	at ip route add default dev lo
	doctor
	check "a route to cluster IPs" ok "$(verdict routes)"
	check "both mended: exit status" 0 "$STATUS"
	at "$SVCRULES" doctor -o json >"$work/json"
	check "JSON: exit status" 0 $?
	check "JSON has each examination" "$(awk '/^[a-z]/ { print $2 }' "$work/said" | sort -u | wc -l)" \
		"$(grep -o '"name": "[^"]*"' "$work/json" | sort -u | wc -l)"
	at "$SVCRULES" doctor --quiet >"$work/quiet"
	check "--quiet leaves out what is right" 0 "$(grep -c '^ok' "$work/quiet")"
	at "$SVCRULES" delete --quiet
	at ip route del default
}

others() {
	at iptables-nft -P FORWARD DROP
	doctor
	check "a policy that drops" note "$(verdict forward-chains)"
	check "which one" "the policy of chain FORWARD of table ip filter is drop" "$(evidence forward-chains)"
	check "a policy that drops is no trouble by itself" 0 "$STATUS"
	at iptables-nft -P FORWARD ACCEPT
	at iptables-nft -t nat -N KUBE-SERVICES
	doctor
	check "kube-proxy" trouble "$(verdict other-proxies)"
	check "kube-proxy: exit status" 1 "$STATUS"
	at iptables-nft -t nat -X KUBE-SERVICES
	at iptables-nft-restore <<-'END'
		*nat
		:PREROUTING ACCEPT [0:0]
		:DOCKER - [0:0]
		-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
		-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
		COMMIT
		*filter
		:FORWARD DROP [0:0]
		:DOCKER - [0:0]
		:DOCKER-USER - [0:0]
		-A FORWARD -j DOCKER-USER
		-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
		-A DOCKER-USER -j RETURN
		COMMIT
	END
	doctor
	check "rules of Docker: no trouble" 0 "$STATUS"
	at nft flush ruleset
	printf '#!/usr/sbin/nft -f\n\nflush ruleset\n' >"$work/nftables.conf"
	if [ -e /etc/nftables.conf ] && [ -d /etc/systemd/system/sysinit.target.wants ]; then
		mkdir "$work/wants"
		touch "$work/wants/nftables.service"
		doctor "$work/nftables.conf" /etc/nftables.conf "$work/wants" /etc/systemd/system/sysinit.target.wants
		check "a service that flushes all" note "$(verdict flush-on-restart)"
		: >"$work/nftables.conf"
		doctor "$work/nftables.conf" /etc/nftables.conf "$work/wants" /etc/systemd/system/sysinit.target.wants
		check "a service that flushes nothing" ok "$(verdict flush-on-restart)"
	else
		skip "no /etc/nftables.conf or no folder of systemd here"
	fi
}

settings() {
	at sysctl -qw net.ipv4.ip_local_port_range='20000 60999'
	doctor
	check "ports of own connections that are node ports" trouble "$(verdict local-ports)"
	at sysctl -qw net.ipv4.ip_local_reserved_ports=30000-32767
	doctor
	check "reserved ports" ok "$(verdict local-ports)"
	at sysctl -qw net.ipv4.ip_local_port_range='32768 60999'
	at ip link add v0 type veth peer name v1
	at sysctl -qw net.ipv4.conf.all.rp_filter=1
	doctor
	check "a strict filter on several interfaces" note "$(verdict reverse-path)"
	at sysctl -qw net.ipv4.conf.all.rp_filter=2
	doctor
	check "a loose filter" ok "$(verdict reverse-path)"
	at ip link del v0
	echo 900 >"$work/count"
	echo 1000 >"$work/max"
	if [ -e /proc/sys/net/netfilter/nf_conntrack_max ]; then
		doctor "$work/count" /proc/sys/net/netfilter/nf_conntrack_count "$work/max" /proc/sys/net/netfilter/nf_conntrack_max
		check "connection tracking is almost full" trouble "$(verdict conntrack-room)"
		check "how full" "900 of 1000 tracked connections are in use" "$(evidence conntrack-room)"
		check "its mend" 1 "$(grep -c 'mend: sysctl -w net.netfilter.nf_conntrack_max=262144' "$work/said")"
	else
		skip "no connection tracking here"
	fi
}

bridges() {
	at ip link add br0 type bridge 2>/dev/null || { skip "no bridges here"; return; }
	at sysctl -qw net.bridge.bridge-nf-call-iptables=0 2>/dev/null
	doctor
	check "a bridge whose packets meet no rules" note "$(verdict bridges)"
	at ip link del br0
	doctor
	check "no bridge" ok "$(verdict bridges)"
}

tunnels() {
	at ip link add eth0 type veth peer name eth1
	at ip link set eth0 up mtu 1500
	if ! at ip link add vx0 type vxlan id 7 dev eth0 dstport 4789 2>/dev/null; then
		skip "no vxlan here"
	else
		at ip link set vx0 up mtu 1450
		doctor
		check "a tunnel that fits" ok "$(verdict tunnels)"
		at ip link set eth0 mtu 1400
		doctor
		check "a tunnel that does not fit" "ok|trouble" "$(verdict tunnels)"
		check "its mend" 1 "$(grep -c 'mend: ip link set vx0 mtu 1350' "$work/said")"
	fi
	at ip link del eth0
}

listeners() {
	nsenter --net="/run/netns/$netns" -- busybox nc -l -p 30080 </dev/null >/dev/null 2>&1 &
	local pid=$!
	for _ in {1..50}; do
		at ss -Hltn | grep -q :30080 && break
		sleep 0.1
	done
	doctor
	check "a program on a node port" note "$(verdict listeners)"
	check "which port" 1 "$(evidence listeners | grep -c '30080/tcp')"
	kill $pid
	wait $pid 2>/dev/null
	doctor
	check "no program on a node port" ok "$(verdict listeners)"
}

privileges() {
	at setpriv --reuid=65534 --clear-groups "$SVCRULES" doctor >"$work/said" 2>"$work/err"
	check "without privileges: exit status" 0 $?
	check "without privileges: what cannot be looked at is said" unknown "$(verdict features)"
	check "without privileges: the others are looked at" ok "$(verdict local-ports)"
	"$SVCRULES" doctor --no-such >/dev/null 2>&1
	check "a wrong option" 2 $?
}

for part in plain installed others settings bridges tunnels listeners privileges; do
	"$part"
done
finish
