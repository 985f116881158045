#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nginx.sh: Debian's nginx, with the configuration that --target nginx makes, serves hosts and paths,
# TLS by SNI, redirects, and answers for what is missing; 'nginx -t' accepts what golden inputs give.
# Runs as root, or as an ordinary user inside a new user namespace.
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
root=${here%/testdata/suites}
SVCRULES=$(realpath "${SVCRULES:-$root/build/svcrules}")
passed=0
failed=0
# shellcheck disable=SC2034 # of netns.sh
skipped=0
PATH=$PATH:/usr/sbin
NAME=nginx
work= # set by netns.sh
# shellcheck source=testdata/suites/netns.sh
. "$(dirname "$0")/netns.sh"

same() { # same WHAT EXPECTED GOT
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "not ok - $1: expected '$2', got '$3'"
	fi
}

# get URL [OPTION...]: the status, what the endpoint said, and where a redirect leads
get() {
	local url=$1

	shift
	at curl -sk -m 5 -o "$work/body" -w '%{http_code}' "$@" --connect-to '::127.0.0.1:' "$url" 2>/dev/null
	printf ' %s\n' "$(tr -d '\r\n' 2>/dev/null <"$work/body")"
	rm -f "$work/body"
}

# shellcheck disable=SC2317 # called by the trap
stop() {
	local pid

	for pid in "$work"/*.pid; do
		[ ! -s "$pid" ] || kill "$(cat "$pid")" 2>/dev/null
	done
}
trap 'stop; ip netns del "$netns" 2>/dev/null; rm -rf "$work"' EXIT

# ---- endpoints: they say who they are, and what they were asked for ----

addresses=(10.1.0.1 10.1.0.2 10.1.0.9)
at ip link set lo up
for a in "${addresses[@]}"; do
	at ip address add "$a/32" dev lo
done
{
	printf 'pid %s/endpoints.pid;\nevents {}\nhttp {\naccess_log off;\n' "$work"
	for a in "${addresses[@]}"; do
		printf 'server { listen %s:8080; return 200 "%s $request_uri $http_host $http_x_forwarded_proto $http_x_real_ip $http_proxy"; }\n' \
			"$a" "$a"
	done
	echo '}'
} >"$work/endpoints.conf"
at nginx -c "$work/endpoints.conf" -g "error_log $work/endpoints.log;" || give_up "nginx does not start"

# ---- the objects ----

for host in one two; do
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$host.example.com" \
		-keyout "$work/$host.key" -out "$work/$host.crt" 2>/dev/null
done

service() { # service NAME ADDRESS...
	local name=$1

	shift
	printf -- '---\nkind: Service\nmetadata: {name: %s}\nspec: {clusterIP: 10.96.0.1, ports: [{name: http, port: 80}]}\n' "$name"
	printf -- '---\nkind: EndpointSlice\napiVersion: discovery.k8s.io/v1\n'
	printf 'metadata: {name: %s-1, labels: {kubernetes.io/service-name: %s}}\naddressType: IPv4\n' "$name" "$name"
	printf 'ports: [{name: http, port: 8080}]\nendpoints: [%s]\n' "$(printf '{addresses: [%s]},' "$@")"
}

# ingress NAME ANNOTATIONS SPEC
ingress() {
	printf -- '---\nkind: Ingress\napiVersion: networking.k8s.io/v1\nmetadata: {name: %s, annotations: {%s}}\n' "$1" "$2"
	printf 'spec: {ingressClassName: nginx, %s}\n' "$3"
}

# path PATH TYPE SERVICE: an item of a list
path() {
	printf '{path: "%s", pathType: %s, backend: {service: {name: %s, port: {name: http}}}}' "$1" "$2" "$3"
}

n=nginx.ingress.kubernetes.io
objects() { # objects WEB_ADDRESS...
	service web "$@"
	service api 10.1.0.9
	for host in one two; do
		printf -- '---\nkind: Secret\nmetadata: {name: %s}\ntype: kubernetes.io/tls\ndata: {tls.crt: %s, tls.key: %s}\n' \
			"$host" "$(base64 -w0 "$work/$host.crt")" "$(base64 -w0 "$work/$host.key")"
	done
	ingress plain '' "rules: [{host: plain.example.com, http: {paths: [$(path / Prefix web), $(path /foo Prefix api),
	  $(path /bar/ Exact api)]}}]"
	ingress every '' "defaultBackend: {service: {name: api, port: {name: http}}}"
	ingress wild '' "rules: [{host: '*.example.com', http: {paths: [$(path /wild Prefix api)]}}]"
	ingress gone '' "rules: [{host: gone.example.com, http: {paths: [$(path / Prefix gone)]}}]"
	ingress tls '' "tls: [{hosts: [one.example.com], secretName: one}, {hosts: [two.example.com], secretName: two}],
	  rules: [{host: one.example.com, http: {paths: [$(path / Prefix api)]}},
	  {host: two.example.com, http: {paths: [$(path / Prefix api)]}}]"
	ingress regex "$n/rewrite-target: /\$2" \
		"rules: [{host: regex.example.com, http: {paths: [$(path '/api(/|$)(.*)' ImplementationSpecific api)]}}]"
	ingress limits "$n/proxy-body-size: '10', $n/whitelist-source-range: '127.0.0.0/8'" \
		"rules: [{host: limits.example.com, http: {paths: [$(path / Prefix api)]}}]"
	ingress closed "$n/whitelist-source-range: '10.99.0.0/16'" \
		"rules: [{host: closed.example.com, http: {paths: [$(path / Prefix api)]}}]"
}

# what an nginx needs besides, which is not part of the configuration
more="pid $work/nginx.pid; error_log $work/error.log;"

install() { # install WEB_ADDRESS...
	objects "$@" >"$work/objects.yaml"
	"$SVCRULES" compile --target nginx -f "$work/objects.yaml" -o "$work/conf" --quiet \
		--validate "nsenter --net=/run/netns/$netns nginx -t -q -c {}/nginx.conf -g '$more'" >"$work/said" 2>&1
}

install 10.1.0.1 10.1.0.2
same "compiled" 0 $?
cat "$work/said"
same "modes of keys" "600 600" "$(stat -c %a "$work/conf/tls_default_one.key" "$work/conf/tls_default_two.key" | paste -sd ' ')"
at nginx -c "$work/conf/nginx.conf" -g "$more"
same "started" 0 $?

# ---- requests ----

p=http://plain.example.com
same "a path of Prefix" "200 10.1.0.9 /foo plain.example.com http 127.0.0.1 " "$(get $p/foo)"
same "a path below" "200 10.1.0.9 /foo/b%20c?x=%2F plain.example.com http 127.0.0.1 " "$(get "$p/foo/b%20c?x=%2F")"
same "elements of paths" 10.1.0 "$(get $p/foobar | cut -d' ' -f2 | cut -d. -f1-3)"
same "not the other path" "" "$(get $p/foobar | grep -F 10.1.0.9)"
same "Exact" "200 10.1.0.9 /bar/" "$(get $p/bar/ | cut -d' ' -f1-3)"
same "Exact is whole" "200 /bar" "$(get $p/bar | cut -d' ' -f1,3)"
same "ports and case in Host" 200 "$(get $p/foo -H 'Host: PLAIN.example.com:8080' | cut -d' ' -f1)"
same "Proxy is removed" "200 10.1.0.9 /foo plain.example.com http 127.0.0.1 " \
	"$(get $p/foo -H 'Proxy: x' -H 'X-Real-IP: 9.9.9.9' -H 'X-Forwarded-Proto: https')"
same "round robin" "10.1.0.1 10.1.0.2" "$(for _ in 1 2 3 4 5 6 7 8; do get $p/ | cut -d' ' -f2; done | sort -u | paste -sd ' ')"
same "other hosts" "200 10.1.0.9" "$(get http://unknown.test/x | cut -d' ' -f1,2)"
same "a wildcard" "200 10.1.0.9 /wild" "$(get http://any.example.com/wild | cut -d' ' -f1-3)"
same "no other path of it" 404 "$(get http://any.example.com/x | cut -d' ' -f1)"
same "one label" "200 10.1.0.9 /x b.any.example.com" "$(get http://b.any.example.com/x | cut -d' ' -f1-4)"
same "no such service" 503 "$(get http://gone.example.com/ | cut -d' ' -f1)"
same "rewritten" "200 10.1.0.9 /v1/x?a=b" "$(get 'http://regex.example.com/API/v1/x?a=b' | cut -d' ' -f1-3)"
same "not matched" 404 "$(get http://regex.example.com/apis | cut -d' ' -f1)"
same "a body" 200 "$(get http://limits.example.com/ -d 0123456789 | cut -d' ' -f1)"
same "too long a body" 413 "$(get http://limits.example.com/ -d 0123456789a | cut -d' ' -f1)"
same "another source" 403 "$(get http://closed.example.com/ | cut -d' ' -f1)"

# ---- TLS ----

same "redirect" "308 https://one.example.com/a?b" \
	"308 $(at curl -s -o /dev/null -w '%{redirect_url}' --connect-to '::127.0.0.1:' 'http://one.example.com/a?b')"
for host in one two; do
	same "TLS of $host" "200 10.1.0.9 / $host.example.com https 127.0.0.1 " "$(get "https://$host.example.com/")"
	at curl -s -m 5 --cacert "$work/$host.crt" -o /dev/null --connect-to '::127.0.0.1:' "https://$host.example.com/"
	same "certificate of $host" 0 $?
done
same "HTTP/2" 2 "$(at curl -sk -o /dev/null -w '%{http_version}' --connect-to '::127.0.0.1:' https://one.example.com/)"
at curl -sk -m 5 -o /dev/null --connect-to '::127.0.0.1:' https://plain.example.com/
same "an unknown name: the handshake is refused" 35 $?

# ---- one endpoint goes ----

cp -r "$work/conf" "$work/before"
install 10.1.0.2
same "compiled again" 0 $?
same "one file changes" upstreams.conf "$(diff -rq "$work/before" "$work/conf" | grep -v '\.svcrules' | sed 's/ and .*//; s|.*/||')"
at nginx -s reload -c "$work/conf/nginx.conf" -g "$more" 2>/dev/null
sleep 1
same "the one that stays" 10.1.0.2 "$(for _ in 1 2 3 4 5 6; do get $p/ | cut -d' ' -f2; done | sort -u | paste -sd ' ')"

# ---- golden inputs ----

for case in "$root"/testdata/golden/nginx/*/; do
	[ ! -e "$case/expected.rc" ] || continue
	[[ $case != */tls*/ ]] || continue # their certificates are none
	options=()
	[ ! -e "$case/options" ] || read -r -a options <"$case/options"
	"$SVCRULES" compile --target nginx ${options[@]+"${options[@]}"} -f "$case/input.yaml" -o "$work/golden" --quiet >/dev/null 2>&1
	at nginx -t -q -c "$work/golden/nginx.conf" -g "pid $work/golden.pid; error_log $work/golden.log;" >"$work/why" 2>&1
	same "nginx -t: $(basename "$case") $(cat "$work/why")" 0 $?
done

# shellcheck source=testdata/suites/nginx/workers.sh
. "$root/testdata/suites/nginx/workers.sh"
finish
