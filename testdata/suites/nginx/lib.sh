# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154,SC2034 # of netns.sh and of nginx.sh; what the parts read
# lib.sh: an nginx and its endpoints in the namespace, objects, requests. Sourced by nginx.sh after
# netns.sh. Each part of the suite has a namespace, an nginx and endpoints of its own.

n=nginx.ingress.kubernetes.io
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# what an nginx needs besides, which is not part of the configuration
more="pid $work/nginx.pid; error_log $work/error.log warn;"
started=() # processes
# nginx's workers, which are nobody, read files of passwords by the group of the folder
chmod 711 "$work"
mkdir -m 750 "$work/conf"
chgrp "$(id -g nobody)" "$work/conf" 2>/dev/null

ok() { # ok WHAT COMMAND...: WHAT is right if the command succeeds
	local what=$1

	shift
	if "$@" >"$work/why" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "not ok - $part: $what"
		head -5 "$work/why"
	fi
}

same() { # same WHAT EXPECTED GOT
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	echo "not ok - $part: $1: expected '$2', got '$3'"
	return 1
}

stop() {
	local pid

	for pid in "$work"/*.pid; do
		[ ! -s "$pid" ] || kill "$(cat "$pid")" 2>/dev/null
	done
	[ ${#started[@]} -eq 0 ] || kill "${started[@]}" 2>/dev/null
	ip netns del "$netns" 2>/dev/null
	rm -rf "$work"
}
trap stop EXIT

# ---- endpoints ----

# Addresses of the endpoints, of clients, and one that nobody serves.
addresses=(10.1.0.{1..9} 10.2.0.{1,2} 10.3.0.1 fd00:1::1 fd00:2::1)

# start_endpoints: web-1 to web-3 and api at port 8080, six over IPv6, tls with HTTPS, named at 9090
start_endpoints() {
	local a i

	at ip link set lo up
	for a in "${addresses[@]}"; do
		case $a in
		*:*) at ip address add "$a/128" dev lo nodad 2>/dev/null ;;
		*) at ip address add "$a/32" dev lo ;;
		esac
	done
	certificate backend backend.test
	at python3 "$here/backend.py" "$work/seen" web-1=10.1.0.1:8080 web-2=10.1.0.2:8080 web-3=10.1.0.3:8080 \
		named-1=10.1.0.1:9090 errors=10.1.0.4:8080 api=10.1.0.9:8080 six=fd00:1::1:8080 \
		"tls=10.1.0.9:8443:$work/backend.crt:$work/backend.key" >"$work/ready" 2>"$work/backend.log" &
	started+=($!)
	for ((i = 0; i < 200; i++)); do
		[ ! -s "$work/ready" ] || return 0
		sleep 0.05
	done
	cat "$work/backend.log"
	give_up "no endpoints"
}

certificate() { # certificate NAME HOST...: $work/NAME.crt and NAME.key
	local name=$1 host names=

	shift
	for host; do
		names=$names,DNS:$host
	done
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
		-addext "subjectAltName=${names#,}" -keyout "$work/$name.key" -out "$work/$name.crt" 2>/dev/null
}

# ---- objects ----

slice() { # slice SERVICE NUMBER FAMILY PORT ENDPOINT...: ADDRESS, or ADDRESS! which is not ready
	local name=$1 number=$2 family=$3 port=$4 a list=

	shift 4
	for a; do
		list+="{addresses: ['${a%!}'], conditions: {ready: $([[ $a == *! ]] && echo false || echo true)}}, "
	done
	printf -- '---\nkind: EndpointSlice\napiVersion: discovery.k8s.io/v1\n'
	printf "metadata: {name: %s-%s, namespace: %s, labels: {kubernetes.io/service-name: %s}}\naddressType: %s\n" \
		"$name" "$number" "${ns:-default}" "$name" "$family"
	printf 'ports: [{name: http, port: %s}]\nendpoints: [%s]\n' "$port" "$list"
}

service() { # service NAME ENDPOINT...: port 80, named http, of endpoints at port 8080
	local name=$1 four=() six=() a

	shift
	printf -- '---\nkind: Service\nmetadata: {name: %s, namespace: %s}\n' "$name" "${ns:-default}"
	printf 'spec: {clusterIP: 10.96.0.1, ports: [{name: http, port: 80}]}\n'
	for a; do
		case $a in
		*:*) six+=("$a") ;;
		*) four+=("$a") ;;
		esac
	done
	[ ${#six[@]} -eq 0 ] || slice "$name" 2 IPv6 8080 "${six[@]}"
	[ ${#four[@]} -eq 0 ] || slice "$name" 1 IPv4 8080 "${four[@]}"
}

services() {
	service web 10.1.0.1 10.1.0.2
	service one 10.1.0.1
	service two 10.1.0.2
	service three 10.1.0.3
	service api 10.1.0.9
	service errors 10.1.0.4
}

secret() { # secret NAME: a certificate that was made
	printf -- '---\nkind: Secret\nmetadata: {name: %s, namespace: %s}\ntype: kubernetes.io/tls\n' "$1" "${ns:-default}"
	printf 'data: {tls.crt: %s, tls.key: %s}\n' "$(base64 -w0 "$work/$1.crt")" "$(base64 -w0 "$work/$1.key")"
}

opaque() { # opaque NAME KEY TEXT...
	local name=$1 list=

	shift
	while [ $# -gt 1 ]; do
		list+="$1: $(printf %s "$2" | base64 -w0), "
		shift 2
	done
	printf -- '---\nkind: Secret\nmetadata: {name: %s, namespace: %s}\ntype: Opaque\ndata: {%s}\n' "$name" "${ns:-default}" "$list"
}

# ingress NAME ANNOTATIONS SPEC: of the class nginx; "+" before SPEC: without a class
ingress() {
	local class='ingressClassName: nginx,' spec=$3

	[[ $spec != +* ]] || class='' spec=${spec#+}
	printf -- "---\nkind: Ingress\napiVersion: networking.k8s.io/v1\nmetadata: {name: '%s', namespace: %s, annotations: {%s}" \
		"$1" "${ns:-default}" "$2"
	[ -z "${created:-}" ] || printf ', creationTimestamp: "%s"' "$created"
	printf '}\nspec: {%s %s}\n' "$class" "$spec"
}

path() { # path PATH TYPE SERVICE [PORT]: an item of a list
	printf "{path: '%s', pathType: %s, backend: {service: {name: %s, port: {%s}}}}" "$1" "$2" "$3" "${4:-name: http}"
}

rule() { # rule HOST PATH TYPE SERVICE...: an item of a list; HOST "" stands for none
	local host=$1 list=

	shift
	while [ $# -gt 2 ]; do
		list+="$(path "$1" "$2" "$3"), "
		shift 3
	done
	[ -z "$host" ] || host="host: '$host', "
	printf '{%shttp: {paths: [%s]}}' "$host" "$list"
}

# a YAML item of annotations, when the prefix is ours: note NAME VALUE, for values without "'"
note() {
	printf "%s/%s: '%s'" "$n" "$1" "$2"
}

# ---- the server ----

# compile FILE [OPTION...]: into $work/conf, if nginx accepts it; what is said is in $work/said
compile() {
	local file=$1

	shift
	"$SVCRULES" compile --target nginx -f "$file" -o "$work/conf" \
		--validate "nsenter --net=/run/netns/$netns nginx -t -q -c {}/nginx.conf -g '$more'" "$@" >"$work/said" 2>&1
}

# settled OLD...: the workers of before take no more connections, and there is another one
settled() {
	local pid new=false all

	read -r -a all <"/proc/$(cat "$work/nginx.pid")/task/$(cat "$work/nginx.pid")/children"
	for pid in "${all[@]}"; do
		[[ " $* " == *" $pid "* ]] || new=true
	done
	$new || return
	for pid; do
		[ ! -e "/proc/$pid" ] || grep -qa 'shutting down' "/proc/$pid/cmdline" 2>/dev/null || return
	done
}

reload() {
	local old master i

	if [ ! -s "$work/nginx.pid" ]; then
		at nginx -c "$work/conf/nginx.conf" -g "$more"
		return
	fi
	master=$(cat "$work/nginx.pid")
	read -r -a old <"/proc/$master/task/$master/children"
	at nginx -s reload -c "$work/conf/nginx.conf" -g "$more" 2>"$work/reloaded" || { cat "$work/reloaded"; return 1; }
	for ((i = 0; i < 500; i++)); do
		settled "${old[@]}" && return
		sleep 0.01
	done
	return 1
}

# without FILE: removes the Ingresses that errors in $work/said name
without() {
	sed -n 's/^svcrules: [^ ]*: Ingress \([^ ]*\): .*/\1/p' "$work/said" | sort -u >"$work/refused"
	awk -v RS='---\n' -v refused="$(paste -sd ' ' "$work/refused")" '
	BEGIN { n = split(refused, list, " "); for (i = 1; i <= n; i++) bad[list[i]] = 1 }
	/^kind: Ingress\n/ {
		match($0, /name: .[^,]*/); name = substr($0, RSTART + 7, RLENGTH - 8)
		match($0, /namespace: [^,}]*/); ns = substr($0, RSTART + 11, RLENGTH - 11)
		if ((ns "/" name) in bad) next
	}
	NR > 1 { printf "---\n%s", $0 }' "$1" >"$work/rest.yaml"
}

# load WHAT FILE [OPTION...]: what FILE holds is served; an Ingress that is refused is a failure,
# and the others are served without it
load() {
	local what=$1 file=$2 i

	shift 2
	compile "$file" "$@"
	if ! same "$what: compiled" 0 $?; then
		cat "$work/said"
		cp "$file" "$work/less.yaml"
		for ((i = 0; i < 20; i++)); do # not all are told at once
			without "$work/less.yaml"
			mv "$work/rest.yaml" "$work/less.yaml"
			! compile "$work/less.yaml" "$@" || break
		done
	fi
	ok "$what: nginx takes the new configuration" reload
}

# ---- requests ----

# ask URL [OPTION...]: sets code (000: none), who, method, target, got; what the endpoint told is in
# $work/body, the headers of the answer in $work/head
ask() {
	local url=$1

	shift
	truncate -s 0 "$work/body" "$work/head"
	code=$(at curl -gsk -m 8 --path-as-is --noproxy '*' -o "$work/body" -D "$work/head" -w '%{http_code}' "$@" \
		--connect-to '::127.0.0.1:' "$url" 2>/dev/null)
	curl_status=$?
	who='' method='' target='' got=''
	read -r who method target got 2>/dev/null < <(head -n 1 "$work/body" | tr -d '\0')
}

# want WHAT EXPECTED URL [OPTION...]: EXPECTED is "CODE [WHO [TARGET [METHOD [LENGTH]]]]"
want() {
	local what=$1 expected=$2 all

	shift 2
	ask "$@"
	all="$code $who $target $method $got"
	read -r -a words <<<"$expected"
	same "$what${what:+: }$1" "$expected" "$(cut -d' ' -f1-${#words[@]} <<<"$all")"
}

sent() { # sent NAME: the header that the endpoint got, all of them if there are several
	sed -n "2,\$s/^$1: //p" "$work/body" | paste -sd '|'
}

said() { # said NAME: the header of the answer
	tr -d '\r' <"$work/head" | sed -n "s/^$1: //Ip" | paste -sd '|'
}

# raw TEXT: sends the bytes, with \r\n and so on as printf has them, and prints the answer
raw() {
	printf '%b' "$1" >"$work/raw"
	at_with "$work/raw" python3 "$here/talk.py" raw 127.0.0.1 80
}

# later NAME URL [OPTION...]: a request in the background; when all_came, $work/later.NAME has its
# status and the seconds that it took
later() {
	local name=$1 url=$2

	shift 2
	at curl -gsk -m 30 --path-as-is -o /dev/null -w '%{http_code} %{time_total}\n' "$@" --connect-to '::127.0.0.1:' "$url" \
		>"$work/later.$name" 2>/dev/null &
	waiting+=($!)
}
waiting=()

all_came() {
	wait "${waiting[@]}"
	waiting=()
}
