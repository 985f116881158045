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

# load: rules of the standard input
load() {
	cat >"$work/rules"
	at_with "$work/rules" iptables-nft-restore
	check "the rules are loaded" 0 $?
}

# everything: what a program could change: rules, sets, interfaces, addresses, routes, settings
everything() {
	at nft list ruleset 2>/dev/null
	at ip -d addr
	at ip route show table all
	at ip -6 route show table all
	at sysctl -a -r '^net\.' 2>/dev/null | grep -vE 'nf_conntrack_count|ipfrag_|mem_pressure|\.stat'
}

# doctor [FILE PLACE]...: runs it; with FILE in the place of another file
doctor() {
	local mounts='' said
	while [ $# -gt 1 ]; do
		mounts+="mount --bind '$1' '$2' && "
		shift 2
	done
	everything >"$work/before"
	said=$(at unshare -m sh -c "$mounts exec '$SVCRULES' doctor" 2>"$work/err")
	STATUS=$?
	everything >"$work/after"
	check "nothing is changed" "" "$(diff "$work/before" "$work/after")"
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
	mkdir -p /run/svcrules
	check "no file is made" "" "$(at unshare -m sh -c "mount -t tmpfs -o mode=700 none /run/svcrules &&
		'$SVCRULES' doctor >/dev/null; ls -A /run/svcrules")"
}

# apply_example: the services of the example, with node ports 30080 and 31380
apply_example() {
	at ip addr replace 192.0.2.1/24 dev lo
	at "$SVCRULES" apply -f testdata/example/services.json --node-name node1 --quiet 2>/dev/null
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
	check "JSON has a version" 1 "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["version"])' <"$work/json")"
	check "JSON has each examination" "$(awk '/^[a-z]/ { print $2 }' "$work/said" | sort -u | wc -l)" \
		"$(grep -o '"name": "[^"]*"' "$work/json" | sort -u | wc -l)"
	at "$SVCRULES" doctor --quiet >"$work/quiet"
	check "--quiet leaves out what is right" 0 "$(grep -c '^ok' "$work/quiet")"
	at "$SVCRULES" delete --quiet
	at "$SVCRULES" apply -f testdata/example/services.json --node-name node1 --table other --quiet 2>/dev/null
	at sysctl -qw net.ipv4.ip_forward=0
	doctor
	check "tables of another name: no forwarding" trouble "$(verdict forwarding)"
	at "$SVCRULES" doctor --table none >"$work/said" 2>"$work/err"
	check "tables of no such name: a warning" "svcrules: warning: there are no tables 'none' of svcrules in this network namespace" \
		"$(cat "$work/err")"
	check "tables of no such name: no rules that need forwarding" note "$(verdict forwarding)"
	at sysctl -qw net.ipv4.ip_forward=1
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
	load <<-'END'
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
	check "rules of Docker: no proxy" ok "$(verdict other-proxies)"
	check "what lets services through" 1 "$(grep -c 'mend: nft insert rule ip filter FORWARD ct status dnat accept$' "$work/said")"
	at sh -c "$(sed -n 's/^ *mend: \(nft insert rule.*\)/\1/p' "$work/said")"
	check "the command of the mend works" 1 "$(at nft list chain ip filter FORWARD | grep -c 'ct status dnat')"
	at nft flush ruleset
	container_rules
	at ip link add kube-ipvs0 type veth peer name other0
	doctor
	check "an interface of kube-proxy" trouble "$(verdict other-proxies)"
	at ip link del kube-ipvs0
	at ip link add cilium_host type veth peer name other0
	doctor
	check "an interface of Cilium" note "$(verdict other-proxies)"
	at ip link del cilium_host
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

# container_rules: those of the plugins that come with containerd (portmap, bridge, firewall) and of
# Docker in a swarm, with rules of this program beside them
container_rules() {
	load <<-'END'
		*nat
		:PREROUTING ACCEPT [0:0]
		:CNI-HOSTPORT-DNAT - [0:0]
		:CNI-HOSTPORT-MASQ - [0:0]
		:CNI-HOSTPORT-SETMARK - [0:0]
		:CNI-DN-0a1b2c3d4e5f - [0:0]
		:CNI-0123456789abcdef01234567 - [0:0]
		:DOCKER - [0:0]
		:DOCKER-INGRESS - [0:0]
		-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
		-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
		-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ
		-A POSTROUTING -s 10.88.0.3/32 -m comment --comment "name: podman" -j CNI-0123456789abcdef01234567
		-A CNI-0123456789abcdef01234567 -d 10.88.0.0/16 -j ACCEPT
		-A CNI-0123456789abcdef01234567 ! -d 224.0.0.0/4 -j MASQUERADE
		-A CNI-HOSTPORT-DNAT -p tcp -m multiport --dports 8080 -j CNI-DN-0a1b2c3d4e5f
		-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE
		-A CNI-HOSTPORT-SETMARK -j MARK --set-xmark 0x2000/0x2000
		-A CNI-DN-0a1b2c3d4e5f -s 10.88.0.0/16 -p tcp -m tcp --dport 8080 -j CNI-HOSTPORT-SETMARK
		-A CNI-DN-0a1b2c3d4e5f -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.88.0.3:80
		-A DOCKER-INGRESS -p tcp -m tcp --dport 30000 -j DNAT --to-destination 172.18.0.2:30000
		-A DOCKER-INGRESS -j RETURN
		COMMIT
		*filter
		:FORWARD ACCEPT [0:0]
		:CNI-ADMIN - [0:0]
		:CNI-FORWARD - [0:0]
		-A FORWARD -m comment --comment "CNI firewall plugin rules" -j CNI-FORWARD
		-A CNI-FORWARD -m comment --comment "CNI firewall plugin rules" -j CNI-ADMIN
		-A CNI-FORWARD -d 10.88.0.3/32 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		-A CNI-FORWARD -s 10.88.0.3/32 -j ACCEPT
		COMMIT
	END
	at ip link set lo up
	at ip link add docker0 type bridge 2>/dev/null && at ip addr add 172.17.0.1/16 dev docker0
	at sysctl -qw net.ipv4.ip_forward=1
	doctor
	check "rules of containers: no trouble" 0 "$STATUS"
	check "rules of containers: no proxy, no chain that drops" "ok ok" "$(verdict other-proxies) $(verdict forward-chains)"
	apply_example
	at ip route add default dev lo
	doctor
	check "rules of containers beside ours: no trouble" 0 "$STATUS"
	check "rules of containers beside ours" "" "$(grep ^trouble "$work/said")"
	at ip route del default
	at "$SVCRULES" delete --quiet
	at ip link del docker0 2>/dev/null
	at nft flush ruleset
}

settings() {
	at sysctl -qw net.ipv4.ip_local_port_range='20000 60999'
	doctor
	check "ports of own connections may become node ports" note "$(verdict local-ports)"
	check "that is no trouble without services" 0 "$STATUS"
	at sysctl -qw net.ipv4.ip_local_reserved_ports=8080
	apply_example
	doctor
	check "ports of own connections are node ports" trouble "$(verdict local-ports)"
	check "which ports" "2 node ports of services (30080,31380) are among the ports of this node's own connections, 20000-60999" \
		"$(evidence local-ports)"
	check "what is reserved already stays" 1 \
		"$(grep -c 'mend: sysctl -w net.ipv4.ip_local_reserved_ports=8080,30080,31380$' "$work/said")"
	at sh -c "$(sed -n 's/^ *mend: \(sysctl -w net.ipv4.ip_local_reserved.*\)/\1/p' "$work/said")" >/dev/null
	doctor
	check "only these are reserved" note "$(verdict local-ports)"
	at sysctl -qw net.ipv4.ip_local_port_range='31000 60999' net.ipv4.ip_local_reserved_ports=
	doctor
	check "one of them" "1 node port of services (31380) is among the ports of this node's own connections, 31000-60999" \
		"$(evidence local-ports)"
	at sysctl -qw net.ipv4.ip_local_port_range='20000 60999' net.ipv4.ip_local_reserved_ports=30000-32767
	doctor
	check "reserved ports" ok "$(verdict local-ports)"
	at "$SVCRULES" delete --quiet
	at sysctl -qw net.ipv4.ip_local_port_range='32768 60999' net.ipv4.ip_local_reserved_ports=
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
	apply_example
	doctor
	check "a bridge without an endpoint" note "$(verdict bridges)"
	at ip addr add 10.244.1.1/24 dev br0
	doctor
	check "a bridge with endpoints" trouble "$(verdict bridges)"
	at "$SVCRULES" delete --quiet
	at ip link del br0
	doctor
	check "no bridge" ok "$(verdict bridges)"
	at ip link add $'b\e[31m\xff' type bridge
	doctor
	check "bytes of a name that a terminal obeys" 0 "$(grep -c $'\e' "$work/said")"
	at "$SVCRULES" doctor -o json >/dev/null
	check "a name that is no UTF-8, as JSON" 0 $?
	at ip link del $'b\e[31m\xff'
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
		at ip link set vx0 name $'v\e[1mx'
		doctor
		check "the name of an interface is no command to the terminal" "0, 2 or more" \
			"$(grep -c $'\e' "$work/said"), $(grep -cF 'v\x1b[1mx' "$work/said" | sed 's/^[2-9]$/2 or more/')"
	fi
	at ip link del eth0
}

# listen tcp|udp ADDRESS... PORT: starts a program that listens; its process is PID
listen() {
	nsenter --net="/run/netns/$netns" -- perl -MSocket -e '
		my ($type, $port, @sockets) = (shift @ARGV, pop @ARGV);
		for my $address (@ARGV) {
			socket(my $s, AF_INET, $type eq "udp" ? SOCK_DGRAM : SOCK_STREAM, 0) or die;
			bind($s, pack_sockaddr_in($port, inet_aton($address))) or die "$!\n";
			$type eq "udp" or listen($s, 1) or die;
			push @sockets, $s;
		}
		sleep 600;' "$@" &
	PID=$!
	for _ in {1..50}; do
		at ss -Hltun | grep -q "${*: -2:1}:${*: -1}" && break
		sleep 0.1
	done
}

deaf() { # the program ends
	kill "$PID"
	wait "$PID" 2>/dev/null
}

listeners() {
	listen tcp 0.0.0.0 30080
	doctor
	check "a program on a port that may become a node port" note "$(verdict listeners)"
	check "which port" 1 "$(evidence listeners | grep -c '30080/tcp')"
	apply_example
	doctor
	check "a program on a node port" trouble "$(verdict listeners)"
	check "whose" "a program listens on port 30080/tcp, which is the node port of production/go-api-nodeport" "$(evidence listeners)"
	check "a program on a node port: exit status" 1 "$STATUS"
	deaf
	listen udp 0.0.0.0 30080
	doctor
	check "another protocol is no trouble" note "$(verdict listeners)"
	deaf
	listen tcp 127.0.0.1 30080
	doctor
	check "for this node alone" ok "$(verdict listeners)"
	deaf
	listen tcp 0.0.0.0 80
	doctor
	check "the port of a cluster IP" ok "$(verdict listeners)"
	at ip addr add 203.0.113.10/32 dev lo
	doctor
	check "the port of a load balancer's IP that this node has" trouble "$(verdict listeners)"
	deaf
	listen tcp 192.0.2.{2..9} 203.0.113.10 80
	doctor
	check "that port, at addresses of no service, too" trouble "$(verdict listeners)"
	deaf
	at ip addr del 203.0.113.10/32 dev lo
	at "$SVCRULES" delete --quiet
	doctor
	check "no program on a node port" ok "$(verdict listeners)"
}

# The files of modules of a Debian kernel, of one with both built in, and of one without IPVS.
modules() {
	local made='' release
	release=$(uname -r)
	if [ -e /sys/module/ip_vs ] || [ -e /sys/module/dummy ] || [ -e "/lib/modules/$release" ]; then
		skip "the kernel has modules of its own"
		return
	fi
	[ -d /lib/modules ] || { mkdir /lib/modules && made=yes; }
	mkdir -p "$work/modules/$release"
	local dep=$work/modules/$release/modules.dep builtin=$work/modules/$release/modules.builtin
	printf '%s\n' 'kernel/net/netfilter/ipvs/ip_vs.ko.xz: kernel/net/netfilter/nf_conntrack.ko.xz' \
		'kernel/drivers/net/dummy.ko.xz:' >"$dep"
	doctor "$work/modules" /lib/modules
	check "IPVS as modules" "the modules that the target ipvs needs are there" "$(evidence modules)"
	printf '%s\n' kernel/net/netfilter/ipvs/ip_vs.ko kernel/drivers/net/dummy.ko >"$builtin"
	: >"$dep"
	doctor "$work/modules" /lib/modules
	check "IPVS built in" ok "$(verdict modules)"
	echo 'kernel/net/netfilter/ipvs/ip_vs_rr.ko: kernel/net/netfilter/ipvs/ip_vs.ko' >"$dep"
	echo kernel/drivers/net/dummy.ko >"$builtin"
	doctor "$work/modules" /lib/modules
	check "no IPVS" note "$(verdict modules)"
	check "no IPVS: which" "the target ipvs needs modules that this kernel has neither as files nor in itself: ip_vs" "$(evidence modules)"
	check "no IPVS: exit status" 0 "$STATUS"
	[ -z "$made" ] || rmdir /lib/modules
}

privileges() {
	at setpriv --reuid=65534 --clear-groups "$SVCRULES" doctor >"$work/said" 2>"$work/err"
	check "without privileges: exit status" 0 $?
	check "without privileges: what cannot be looked at is said" unknown "$(verdict features)"
	check "without privileges: the others are looked at" ok "$(verdict local-ports)"
	"$SVCRULES" doctor --no-such >/dev/null 2>&1
	check "a wrong option" 2 $?
}

# interfaces get no address by themselves, later
at sysctl -qw net.ipv6.conf.default.addr_gen_mode=1 2>/dev/null
for part in plain installed others settings bridges tunnels listeners modules privileges; do
	"$part"
done
finish
