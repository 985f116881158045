#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# demo.sh, for make demo: sends real requests to the services of the example, without
# and with its policies, between private network namespaces. It changes nothing outside
# of them; for an ordinary user all of it happens in a user namespace.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/testdata/suites
packages=(gcc make pkg-config libc6-dev libmnl-dev libnftnl-dev libjansson-dev libyaml-dev
	libnl-3-dev libnl-route-3-dev libcap-ng-dev libssl-dev iproute2)

die() {
	echo "demo: $1" >&2
	exit 1
}

install_packages() {
	local p missing=()
	command -v dpkg-query >/dev/null || return 0
	for p in "${packages[@]}"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$(id -u)" -eq 0 ] || die "please install: apt-get install ${missing[*]}"
	echo "== installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	apt-get install -y -q "${missing[@]}" >/dev/null 2>&1 ||
		{ apt-get update -q && apt-get install -y -q "${missing[@]}"; } >/dev/null ||
		die "apt-get could not install ${missing[*]}"
}

# The build is done outside; the rest runs in new namespaces.
enter() {
	local how=-nm
	[ "$(id -u)" -eq 0 ] || how=-Urnm
	unshare $how true 2>/dev/null || die "this machine lets you make no network namespaces (unshare $how)"
	SVCR_DEMO_INSIDE=1 exec unshare $how "$here/demo.sh"
}

private_names() {
	[ -d /run/netns ] && mount -t tmpfs tmpfs /run/netns 2>/dev/null && return
	mount -t tmpfs tmpfs /run && mkdir /run/netns
}

show() { # show COMMAND...: prints the command as a user of the node types it
	echo
	echo "\$ svcrules $*"
}

svcrules_here() { # svcrules_here SUBCOMMAND EXIT-CODE [OPTION...]: with the example's services
	local command=$1 want=$2 status
	shift 2
	set -- "$command" -f testdata/example/services.json "$@" --node-name node1
	show "$@"
	(cd "$root" && at node "$SVCRULES" "$@")
	status=$?
	echo "(exit $status)"
	[ $status -eq "$want" ] || die "svcrules $command ended with $status, expected $want"
}

unanswered=0
request() { # request WHAT FROM ADDRESS PORT
	local answer
	echo
	echo "== $1: $2 asks $3 port $4, 20 times"
	answer=$(ask "$2" tcp "$3" "$4" --count 20)
	# shellcheck disable=SC2181
	[ $? -eq 0 ] || unanswered=$((unanswered + 1))
	while read -r times who saw; do
		echo "   $who${saw:+ answered} $times times${saw:+; it saw the requests come from $saw}"
	done < <(sort <<<"$answer" | uniq -c)
}

refused() {
	local answer
	echo
	echo "== a service with no endpoint ready: pod1 asks 10.96.0.20 port 80 (frontend-svc)"
	answer=$(ask pod1 tcp 10.96.0.20 80)
	echo "   $answer, at once"
	[ "$answer" = refused ] || die "expected refused"
}

# one WANTED WHAT FROM ADDRESS PORT [OPTION...]: a single request, and whether it is answered or dropped
one() {
	local want=$1 got=answered answer
	echo
	echo "== $2: asks $4 port $5"
	shift 2
	answer=$(ask "$1" tcp "${@:2}") || got=$answer
	[ "$got" != timeout ] || got=dropped
	case $got in
	answered) echo "   ${answer% *} answered" ;;
	*) echo "   $got" ;;
	esac
	[ "$got" = "$want" ] || die "expected: $want"
}

# The pod mysql-0 and a pod of the frontend are on the other node.
policies() {
	address remote lo 10.244.2.31/32
	serve remote mysql tcp 10.244.2.31 3306 tcp 10.244.2.31 22 || die "no server"
	echo
	echo "== now with policies: go-api accepts port 8080 of the frontend, and may speak to mysql and to DNS"
	svcrules_here apply 0 -f testdata/example/policies.json --network-policy
	one answered "a frontend pod" remote 10.96.0.10 80 --from 10.244.2.21
	one dropped "the client outside" client 192.0.2.1 30080
	one answered "a go-api pod, mysql" pod1 10.244.2.31 3306
	one dropped "a go-api pod, another port of it" pod1 10.244.2.31 22
	svcrules_here apply 0
	one answered "without the policies, the client outside" client 192.0.2.1 30080
}

demo() {
	export PREFIX=demo TIMEOUT=2000
	# shellcheck source-path=SCRIPTDIR source=packets/lib.sh
	. "$here/packets/lib.sh"
	[ -x "$SVCRULES" ] || die "$SVCRULES is missing"
	[ -x "$PROBE" ] || die "$PROBE is missing"
	private_names || die "no private /run/netns"
	trap topology_down EXIT
	trap 'exit 130' INT TERM
	echo "== one node with two pods, and a client outside, in private network namespaces"
	topology_up || die "could not make the namespaces"
	serve pod1 pod1 tcp 10.244.1.11 8080 || die "no server"
	serve pod2 pod2 tcp 10.244.1.12 8080 || die "no server"
	svcrules_here diff 1
	svcrules_here apply 0
	svcrules_here diff 0
	request "the cluster IP of go-api-svc" pod1 10.96.0.10 80
	request "the node port of go-api-nodeport" client 192.0.2.1 30080
	request "the load-balancer IP of go-api-lb" client 203.0.113.10 80
	refused
	policies
	show delete
	at node "$SVCRULES" delete || die "delete failed"
	echo
	[ "$unanswered" -eq 0 ] || die "requests went unanswered"
	echo "demo: success, every request was answered or dropped as expected; nothing is left behind"
}

if [ -n "${SVCR_DEMO_INSIDE:-}" ]; then
	demo
else
	install_packages
	echo "== building"
	make -s -C "$root" all build/probe || die "the build failed"
	enter
fi
