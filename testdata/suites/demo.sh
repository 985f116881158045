#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# demo.sh PACKAGE..., for make demo: the application of testdata/example/shop on one machine. Two nodes,
# their pods and a client are network namespaces; svcrules makes the nodes' rules and policies,
# NSD's zones and nginx's configuration; requests show that they work. Every command is run as it
# is printed, and every answer is checked: a wrong one ends the demo with 1.
# Namespaces of processes, mounts and networks hold all of it, so nothing is left behind, whatever
# ends the demo. For an ordinary user all of it happens in a user namespace.
set -u
# early, as the first process of a namespace ignores signals that it does not expect
trap 'exit 130' INT TERM HUP
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/testdata/suites
PATH=$PATH:/usr/sbin:/sbin
PREFIX=demo
# shellcheck source-path=SCRIPTDIR source=packets/lib.sh
. "$here/packets/lib.sh"

die() {
	echo "demo: $1" >&2
	exit 1
}

install_packages() {
	local missing
	command -v dpkg-query >/dev/null || return 0
	missing=$("$here/packages.sh" --missing "$@")
	[ -n "$missing" ] || return 0
	[ "$(id -u)" -eq 0 ] || die "please install: apt-get install $missing"
	echo "== installing $missing"
	"$here/packages.sh" "$@" || die "apt-get could not install $missing"
}

# The build is done outside; the rest runs in new namespaces. A machine may refuse a new /proc, which goes
# with a namespace of processes: then the demo ends its servers itself.
enter() {
	local kind=-nm processes='-p --fork --kill-child --mount-proc'
	[ "$(id -u)" -eq 0 ] || kind=-Urnm
	unshare $kind true 2>/dev/null || die "this machine lets you make no network namespaces (unshare $kind)"
	# shellcheck disable=SC2086
	unshare $kind $processes true 2>/dev/null || processes=
	# shellcheck disable=SC2086
	SVCR_DEMO_INSIDE=1 SVCR_DEMO_UID=$(id -u) exec unshare $kind $processes "$here/demo.sh"
}

# ---- what is printed ----

number=0
bold='' plain=''
[ ! -t 1 ] || bold=$'\e[1m' plain=$'\e[0m'

step() { # step TITLE: the next part
	number=$((number + 1))
	printf '\n%s%s. %s%s\n' "$bold" $number "$1" "$plain"
}

note() { # note TEXT: what the answer means
	echo "   -> $1"
}

OUTPUT=
STATUS=0
# try WHERE COMMAND: runs it there; sets OUTPUT (both streams) and STATUS. A file takes the output, as the
# end of a pipe would be that of the servers which a command starts.
try() {
	in_place "$1" "$2" >/run/said 2>&1 </dev/null
	STATUS=$?
	OUTPUT=$(</run/said)
}

ignored="svcrules: notice: ignored: "
seen=
# type_at WHERE COMMAND: prints the command as one types it there, runs it, prints the answer. What a
# command does not use, it says each time; that is shown once.
type_at() {
	local prompt="$1\$" line
	[[ $1 != node? ]] || prompt="$1#"
	printf '\n%s%s%s %s\n' "$bold" "$prompt" "$plain" "$2"
	try "$1" "$2"
	while IFS= read -r line; do
		[[ -z $seen || $line != "$ignored"* ]] || continue
		printf '%s\n' "$line"
		[[ $line != "$ignored"* ]] || seen=1
	done </run/said
}

# must STATUS [REGEX]: the last command must have ended so, and its output match; else the demo ends
must() {
	[ "$STATUS" -eq "$1" ] || die "the last command ended with $STATUS, expected $1"
	[[ $OUTPUT =~ ${2:-} ]] || die "expected in the answer: $2"
}

# must_not TEXT: which the answer must not hold
must_not() {
	[[ $OUTPUT != *"$1"* ]] || die "'$1' was not expected in the answer"
}

# settle WHERE COMMAND REGEX: waits until a server that loads its files again answers so
settle() {
	local i
	for i in {1..200}; do
		try "$1" "$2"
		[[ ! $OUTPUT =~ $3 ]] || return 0
		pause 0.05
	done
	die "after 10 seconds ($i times) '$2' still says '$OUTPUT', expected $3"
}

# ---- the machines ----

# short name of a pod, its full name, its node, the last number of its address, what it serves
PODS_HERE='kube-dns   coredns-674b8bbfcf-6r2vx    1  2  -     0
frontend   frontend-5c8d7f6b9c-7bvhn   1 21  http  3000
frontend-2 frontend-5c8d7f6b9c-kd5rs   2 21  http  3000
go-api     go-api-6f7c9d5b8d-4xk2p     1 11  http  8080
go-api-2   go-api-6f7c9d5b8d-q9wzt     1 12  http  8080
redis-0    redis-0                     1 41  greet 6379
redis-1    redis-1                     2 41  greet 6379
mysql-0    mysql-0                     2 31  greet 3306'

picture() {
	cat <<-'TEXT'
	   client 192.0.2.100 ---- node1 192.0.2.1 ------------------- node2 192.0.2.2
	                           | nginx, for the Ingress            |
	                           | go-api    10.244.1.11 and .12     | frontend 10.244.2.21
	                           | frontend  10.244.1.21             | redis-1  10.244.2.41
	                           | redis-0   10.244.1.41             | mysql-0  10.244.2.31
	                           | kube-dns  10.244.1.2 (NSD)        |
	TEXT
}

plug_pod() { # plug_pod NAME NODE LAST-NUMBER: routed, one veth, no bridge
	local address=10.244.$2.$3
	link "node$2" "to-$1" "$1" eth0
	address "node$2" "to-$1" "10.244.$2.1/32"
	address "$1" eth0 "$address/32"
	route "node$2" "$address" dev "to-$1"
	route "$1" default via "10.244.$2.1" dev eth0 onlink
}

# connect: called by topology_up, instead of that of lib.sh
connect() {
	local name node last
	link node1 to-client client eth0
	address node1 to-client 192.0.2.1/24
	address client eth0 192.0.2.100/24
	route client default via 192.0.2.1
	route node1 default via 192.0.2.100
	link node1 to-node2 node2 eth0
	address node1 to-node2 192.0.2.1/32
	address node2 eth0 192.0.2.2/24
	route node1 192.0.2.2 dev to-node2
	route node1 10.244.2.0/24 via 192.0.2.2
	route node2 default via 192.0.2.1
	while read -r name _ node last _; do
		plug_pod "$name" "$node" "$last"
	done <<<"$PODS_HERE"
}

serve_all() {
	local name full node last what port
	while read -r name full node last what port; do
		[ "$what" = - ] || serve "$name" "$full" "$what" "10.244.$node.$last" "$port" || return
	done <<<"$PODS_HERE"
}

# in_place WHERE COMMAND: runs it with the network of that machine, and with its own files in /etc
in_place() {
	local files='' f
	for f in /run/files/"${1%-[0-9]}"/* /run/files/all/*; do
		[ ! -e "$f" ] || files+="mount --bind $f /etc/${f##*/} && "
	done
	# shellcheck disable=SC2016
	at "$1" unshare -m bash -c "$files"'exec bash -c "$1"' - "$2"
}

# Files of the machines: names are asked for as in a container, at the client from its list of hosts.
# They are mounted over those of this machine.
private_files() {
	local pod f target
	mkdir -p /run/files/{all,client,frontend,go-api}
	printf 'passwd: files\ngroup: files\nhosts: files dns\n' >/run/files/all/nsswitch.conf
	for pod in frontend go-api; do
		printf '%s\n' 'nameserver 10.96.0.2' 'search production.svc.cluster.local svc.cluster.local cluster.local' \
			'options ndots:5' >/run/files/$pod/resolv.conf
	done
	printf '192.0.2.1 friday-go.icu api.friday-go.icu\n' >/run/files/client/hosts
	for f in resolv.conf nsswitch.conf hosts; do
		[ ! -e /etc/$f ] || continue
		target=$(realpath -m /etc/$f) # a link into /run, which is private
		[[ $target == /run/* ]] && mkdir -p "${target%/*}" && : >"$target" || return
	done
}

# Everything that the demo writes is in file systems of its own memory, which end with it.
private_mounts() {
	local d
	mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/netns /run/demo /run/bin || return
	for d in /var/lib/nginx /var/log/nginx /var/lib/nsd; do
		[ ! -d $d ] || mount -t tmpfs -o mode=755 tmpfs $d || return
	done
	export TMPDIR=/run HOME=/run/bin CURL_HOME=/run/bin PATH=/run/bin:$PATH
	unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY
	# as at a terminal, where curl shows no progress of small answers
	printf 'silent\nshow-error\nmax-time = 20\n' >/run/bin/.curlrc
	ln -s "$SVCRULES" /run/bin/svcrules
	[ "$SVCR_DEMO_UID" -eq 0 ] && return
	# in a user namespace there is no other user to become
	# shellcheck disable=SC2016
	printf '#!/bin/sh\nexec %s -g "user root;" "$@"\n' "$(command -v nginx)" >/run/bin/nginx
	chmod +x /run/bin/nginx
}

# nsd.conf, from the one that testdata/dns-servers recommends, with the address of the pod
nsd_conf() {
	sed -e 's|127.0.0.1@5353|10.244.1.2|' -e '/::1@5353/d' -e 's|/var/lib/svcrules|/run/demo|' \
		-e 's|/run/nsd/|/run/demo/|' "$root/testdata/dns-servers/nsd.conf"
	printf 'server:\n\tusername: ""\n\tpidfile: "/run/nsd.pid"\n'
}

stop() {
	local pid
	for pid in /run/nginx.pid /run/nsd.pid; do
		[ ! -s $pid ] || kill "$(<$pid)" 2>/dev/null
	done
	topology_down
}

# ---- the steps ----

# secret NAME HOST: what 'kubectl create secret tls NAME --cert= --key= -o yaml' prints
secret() {
	printf -- '---\napiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: production}\n' "$1"
	printf 'type: kubernetes.io/tls\ndata: {tls.crt: %s, tls.key: %s}\n' \
		"$(base64 -w0 "$2.crt")" "$(base64 -w0 "$2.key")"
}

objects() {
	local host name
	step "The objects: a shop, as people keep it in a repository"
	picture
	type_at node1 'ls shop'
	must 0 'ingress\.yaml'
	for host in friday-go.icu api.friday-go.icu; do
		name=${host%.icu}
		type_at node1 "openssl req -x509 -newkey rsa:2048 -nodes -days 7 -subj /CN=$host \\
      -addext subjectAltName=DNS:$host -keyout $host.key -out $host.crt 2>/dev/null"
		must 0
		secret "${name//./-}" "$host" >>shop/secrets.yaml
	done
	note "the Ingress serves two hosts, each with a certificate; shop/secrets.yaml now has both as Secrets"
}

services() {
	step "Services: each node compiles all objects into rules of its kernel"
	type_at node1 'svcrules apply -f shop --node-name node1'
	must 0 'elements added'
	note "each command takes what it needs and ignores the rest; that line is left out from here on"
	type_at node2 'svcrules apply -f shop --node-name node2'
	must 0 'elements added'
	type_at frontend 'for i in {1..20}; do curl http://10.96.0.10/; done | sort | uniq -c'
	must 0 '4xk2p: GET /.*q9wzt: GET /'
	note "the cluster IP of go-api-svc: both pods answer, and see which pod asks"
	type_at client 'curl http://192.0.2.1:30080/'
	must 0 'go-api.*GET / for'
	type_at client 'curl http://203.0.113.10/'
	must 0 'go-api.*GET / for'
	note "a client outside: the node port of go-api-nodeport, the load-balancer IP of go-api-lb"
}

names() {
	local d=production.svc.cluster.local
	step "Names: NSD serves the zones, at the cluster IP of kube-dns"
	type_at node1 "svcrules compile --target dns -f shop -o zones \\
      --validate 'nsd-checkzone cluster.local {}/cluster.local.zone'"
	must 0 'zone cluster.local is ok.*3 written'
	nsd_conf >nsd.conf
	type_at kube-dns 'nsd -c nsd.conf'
	must 0
	settle frontend "dig +tries=1 +time=1 +short go-api-svc.$d" '^10\.96\.0\.10$'
	type_at frontend 'cat /etc/resolv.conf'
	must 0 'ndots:5'
	type_at frontend "getent hosts go-api-svc.$d redis-0.redis-headless.$d"
	must 0 '10\.96\.0\.10 .*10\.244\.1\.41 '
	type_at frontend "curl http://go-api-svc.$d/"
	must 0 'go-api.*GET / for go-api-svc'
	type_at frontend "nc -v -w 5 redis-0.redis-headless.$d 6379"
	must 0 'redis-0: hello, 10\.244\.1\.21$'
	note "a Service has its cluster IP, and each pod of a headless Service a name of its own"
	type_at frontend "dig +short mysql-external.$d"
	must 0 '^mysql\.database\.example\.com\.$'
	note "an ExternalName is another name of something elsewhere"
}

hosts() {
	step "Ingress: nginx on node1 serves both hosts, and speaks to the pods without a detour"
	type_at node1 "svcrules compile --target nginx -f shop -o nginx --validate 'nginx -t -c {}/nginx.conf'"
	must 0 'test is successful.*written'
	type_at node1 'cat nginx/upstreams.conf'
	must 0 'server 10.244.1.12:8080'
	type_at node1 "nginx -c $PWD/nginx/nginx.conf"
	must 0
	type_at client 'curl --cacert friday-go.icu.crt https://friday-go.icu/'
	must 0 'frontend.*GET / for friday-go.icu, from 192.0.2.100'
	type_at client 'curl --cacert api.friday-go.icu.crt https://api.friday-go.icu/'
	must 0 'go-api.*GET / for api.friday-go.icu, from 192.0.2.100'
	note "each host has its own certificate and its own pods, and these learn who asked"
	type_at client 'curl --cacert friday-go.icu.crt https://friday-go.icu/api/orders?page=2'
	must 0 'go-api.*GET /orders\?page=2 for friday-go.icu'
	note "/api of the main host is the API too, which never sees the /api (rewrite-target: /\$2)"
	type_at client "curl -o /dev/null -w '%{http_code} %{redirect_url}\n' http://api.friday-go.icu/orders"
	must 0 '^308 https://api.friday-go.icu/orders'
	note "without TLS there is a redirect and nothing else"
	type_at client 'curl --insecure --connect-to ::192.0.2.1: https://stranger.example/'
	must 35 'handshake|unrecognized|alert'
	note "a name that no Ingress has gets nobody's certificate"
}

policies() {
	step "Policies: the API accepts the frontend alone, the database accepts the API alone"
	for n in 1 2; do
		type_at node$n "svcrules apply -f shop --node-name node$n --network-policy"
		must 0 'isolated by 1 network policy'
	done
	type_at go-api 'nc -v -w 5 mysql 3306'
	must 0 'mysql-0: hello, 10\.244\.1\.11$'
	type_at frontend 'nc -v -w 2 mysql 3306'
	must 1 'timed out'
	note "mysql-0 is reached by the API, and its node drops what the frontend sends; why?"
	type_at node1 "svcrules explain -f shop --node-name node1 --network-policy --from production/frontend-5c8d7f6b9c-7bvhn --to mysql:3306"
	must 1 'policy on node2: production/mysql: nothing allows ingress.*=> dropped'
	type_at frontend-2 'curl http://go-api-svc/'
	must 0 'go-api.*from 10\.244\.2\.21'
	type_at client 'curl --max-time 2 http://192.0.2.1:30080/'
	must 28 'timed out|Timeout'
	type_at client 'curl --cacert api.friday-go.icu.crt https://api.friday-go.icu/'
	must 0 'go-api.*from 192\.0\.2\.100'
	note "the node port of the API is closed to strangers now, and the Ingress open: a node reaches its own pods"
}

changes() {
	step "A change: two pods are no longer ready, and everything follows"
	type_at node1 "sed -i -E '/10.244.(1.12|2.41)/s/ready: true/ready: false/' shop/cluster.yaml"
	must 0
	type_at node1 'svcrules diff -f shop --node-name node1 --network-policy'
	must 1 '10\.96\.0\.10:80/tcp.*- 10\.244\.1\.12:8080'
	type_at node1 'svcrules diff --target dns -f shop -o zones'
	must 1 '-redis-1\.redis-headless'
	type_at node1 'svcrules diff --target nginx -f shop -o nginx'
	must 1 '-.server 10\.244\.1\.12:8080'
	note "diff shows what would change, and changes nothing; now for real"
	for n in 1 2; do
		type_at node$n "svcrules apply -f shop --node-name node$n --network-policy"
		must 0 'removed'
	done
	type_at node1 "svcrules compile --target dns -f shop -o zones --then 'nsd-control -c nsd.conf reload'"
	must 0 'written.*ok'
	type_at node1 "svcrules compile --target nginx -f shop -o nginx --validate 'nginx -t -q -c {}/nginx.conf' \\
      --then 'nginx -s reload -c $PWD/nginx/nginx.conf'"
	must 0 '1 written'
}

followed() {
	local d=production.svc.cluster.local twenty='for i in {1..20}; do curl'
	settle frontend "dig +tries=1 +time=1 redis-1.redis-headless.$d" 'NXDOMAIN'
	settle client "$twenty --cacert api.friday-go.icu.crt https://api.friday-go.icu/; done | grep -c q9wzt" '^0$'
	type_at frontend "$twenty http://go-api-svc/; done | sort | uniq -c"
	must 0 '20 go-api-6f7c9d5b8d-4xk2p'
	type_at frontend "getent hosts redis-headless redis-1.redis-headless"
	must 2 '^10\.244\.1\.41 '
	must_not '10.244.2.41'
	type_at client "$twenty --cacert api.friday-go.icu.crt https://api.friday-go.icu/; done | sort | uniq -c"
	must 0 '20 go-api-6f7c9d5b8d-4xk2p'
	note "the kernel, the names and nginx know one pod of the API and one of the cache"
}

gone() {
	step "The end: svcrules removes what it made, and nothing else"
	for n in 1 2; do
		type_at node$n "svcrules delete"
		must 0 'deleted table ip svcrules'
	done
}

demo() {
	SVCRULES=$(realpath "$SVCRULES")
	[ -x "$SVCRULES" ] || die "$SVCRULES is missing"
	[ -x "$PROBE" ] || die "$PROBE is missing"
	private_mounts || die "this machine lets you make no private /run"
	private_files || die "could not write files in /run"
	# shellcheck disable=SC2034 # of lib.sh
	NAMESPACES=(node1 node2 client) ROUTERS=(node1 node2)
	while read -r name _; do NAMESPACES+=("$name"); done <<<"$PODS_HERE"
	trap stop EXIT
	topology_up || die "could not make the namespaces"
	serve_all || die "no server"
	cd /run/demo || exit
	cp -r "$root/testdata/example/shop" . || die "could not copy the objects"
	objects
	services
	names
	hosts
	policies
	changes
	followed
	gone
	echo
	echo "demo: success in $SECONDS seconds; every answer was as expected, and nothing is left behind"
}

if [ -n "${SVCR_DEMO_INSIDE:-}" ]; then
	demo
else
	install_packages "$@"
	echo "== building"
	make -s -C "$root" all build/probe || die "the build failed"
	enter
fi
