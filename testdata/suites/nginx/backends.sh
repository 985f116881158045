# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # of lib.sh
# backends.sh: ports, endpoints, what is missing, and what happens when an endpoint fails.

start_endpoints

plain() { # plain NAME [SERVICE [PORT]]: an Ingress of the host NAME.example.com
	ingress "$1" '' "rules: [{host: $1.example.com, http: {paths: [$(path / Prefix "${2:-$1}" "${3:-name: http}")]}}]"
}

objects() { # objects ADDRESS...: those of the service moving
	service moving "$@"
	plain moving
	service both 10.1.0.1 fd00:1::1
	plain both
	service six fd00:1::1
	plain six
	service ready 10.1.0.1 '10.1.0.2!'
	plain ready
	service unready '10.1.0.1!' '10.1.0.2!'
	plain unready
	service empty
	plain empty
	plain missing
	plain port web 'name: other'
	plain number web 'number: 8080' # the endpoint's port is not the service's
	plain by-number web 'number: 80'
	ns=other service elsewhere 10.1.0.1
	plain elsewhere
	service web 10.1.0.1 10.1.0.2
	# one port with a name and one with another, at different ports of the endpoints
	printf -- '---\nkind: Service\nmetadata: {name: ports}\nspec: {clusterIP: 10.96.0.2, ports: [{name: http, port: 80, targetPort: web},
	  {name: admin, port: 81, targetPort: 9090}]}\n'
	printf -- '---\nkind: EndpointSlice\napiVersion: discovery.k8s.io/v1\naddressType: IPv4
metadata: {name: ports-1, labels: {kubernetes.io/service-name: ports}}
ports: [{name: admin, port: 9090}, {name: http, port: 8080}]\nendpoints: [{addresses: [10.1.0.1]}]\n'
	plain ports-http ports 'name: http'
	plain ports-admin ports 'name: admin'
	plain ports-81 ports 'number: 81'
	# headless, and without a name of its only port
	printf -- '---\nkind: Service\nmetadata: {name: headless}\nspec: {clusterIP: None, ports: [{port: 80, targetPort: 8080}]}\n'
	printf -- '---\nkind: EndpointSlice\napiVersion: discovery.k8s.io/v1\naddressType: IPv4
metadata: {name: headless-1, labels: {kubernetes.io/service-name: headless}}
ports: [{port: 8080}]\nendpoints: [{addresses: [10.1.0.3]}]\n'
	plain headless headless 'number: 80'
	# two slices with the same endpoint, and one with another port
	service slices 10.1.0.1
	slice slices 3 IPv4 8080 10.1.0.1 10.1.0.2
	slice slices 4 IPv4 9090 10.1.0.1
	plain slices
	# old Endpoints alone
	printf -- '---\nkind: Service\nmetadata: {name: legacy}\nspec: {clusterIP: 10.96.0.3, ports: [{name: http, port: 80}]}\n'
	printf -- '---\nkind: Endpoints\nmetadata: {name: legacy}
subsets: [{addresses: [{ip: 10.1.0.2}], notReadyAddresses: [{ip: 10.1.0.1}], ports: [{name: http, port: 8080}]}]\n'
	plain legacy
	# UDP alone is none
	printf -- '---\nkind: Service\nmetadata: {name: udp}\nspec: {clusterIP: 10.96.0.4, ports: [{name: http, port: 80, protocol: UDP}]}\n'
	plain udp
	# 10.3.0.1 serves nobody
	service dead 10.3.0.1 10.1.0.2
	plain dead
	service gone 10.3.0.1
	plain gone
	service closing 10.1.0.1 10.1.0.2
	plain closing
	ingress two '' "rules: [$(rule two.example.com / Prefix web /empty Prefix empty)]"
}

# all HOST: the endpoints that answer
all() {
	local i list=

	for ((i = 0; i < 24; i++)); do
		printf 'url = "http://%s.example.com/"\noutput = "%s/all.%s"\n' "$1" "$work" "$i"
	done >"$work/urls"
	rm -f "$work"/all.*
	at_with "$work/urls" curl -sK - -m 8 --connect-to '::127.0.0.1:'
	list=$(head -qn 1 "$work"/all.* | cut -d' ' -f1 | sort -u | paste -sd ' ')
	same "endpoints of $1" "$2" "$list"
}

objects 10.1.0.1 10.1.0.2 10.1.0.3 >"$work/objects.yaml"
load backends "$work/objects.yaml"
all moving "web-1 web-2 web-3"
all both "six web-1"
all six six
all ready web-1
all slices "named-1 web-1 web-2"
all legacy web-2
all headless web-3
all ports-http web-1
all ports-admin named-1
all ports-81 named-1
all by-number "web-1 web-2"
# shares, by one worker: one connection
printf 'url = "http://moving.example.com/"\n%.0s' {1..30} >"$work/urls"
at_with "$work/urls" curl -sK - -m 8 --connect-to '::127.0.0.1:' >"$work/answers"
same "round robin" "10 web-1 10 web-2 10 web-3" "$(grep -a '^web-' "$work/answers" | cut -d' ' -f1 | sort | uniq -c | xargs)"
for host in unready empty missing port number elsewhere udp; do
	want "503" 503 "http://$host.example.com/"
done
want "beside another path" "200" http://two.example.com/
want "beside another path" 503 http://two.example.com/empty
warned() { # warned SERVICE INGRESS
	ok "a warning about Service $1" grep -qE "warning: .*Ingress default/$2: .*$1.*\[backend\]" "$work/said"
}
warned default/missing missing
warned default/empty empty
warned default/unready unready
warned "default/web.*other" port
warned "default/web.*8080" number
warned default/elsewhere elsewhere
warned default/udp udp

# ---- endpoints that fail ----

failures() { # failures WHAT COUNT OPTION...: the number of 12 requests that the dead endpoint answered
	local i bad=0

	for ((i = 0; i < 12; i++)); do
		ask http://dead.example.com/ "${@:2}"
		[ "$code $who" = "200 web-2" ] || bad=$((bad + 1))
	done
	same "$1" 0 "$bad"
}
failures "a dead endpoint is passed over"
failures "a dead endpoint is passed over: POST" -d x
failures "a dead endpoint is passed over: PUT" -X PUT -d x
want "the only endpoint is dead" 502 http://gone.example.com/
: >"$work/seen"
want "the endpoint closes when it has read" 502 'http://closing.example.com/once?close=1' -d body
same "a POST arrives once" 1 "$(grep -c 'POST /once' "$work/seen")"
want "the same" 502 'http://closing.example.com/patch?close=1' -X PATCH -d body
same "a PATCH arrives once" 1 "$(grep -c 'PATCH /patch' "$work/seen")"
want "status of an endpoint" "500 web-1" 'http://headless.example.com/?status=500' --connect-to '::127.0.0.1:' -H 'Host: ports-http.example.com'

# ---- endpoints that change: one file ----

# changes WHAT EXPECTED ADDRESS...: the files that change when these are the endpoints of moving
changes() {
	local what=$1 expected=$2

	shift 2
	rm -rf "$work/before"
	cp -r "$work/conf" "$work/before"
	objects "$@" >"$work/objects.yaml"
	load "$what" "$work/objects.yaml"
	same "$what: files that change" "$expected" "$(diff -rq "$work/before" "$work/conf" | grep -v '/\.svcrules\|: \.svcrules' |
		sed 's/^Only in [^:]*: //; s/ and .*//; s|.*/||' | sort | paste -sd ' ')"
}
changes "one endpoint goes" upstreams.conf 10.1.0.1 10.1.0.3
all moving "web-1 web-3"
changes "nothing changes" "" 10.1.0.1 10.1.0.3
changes "the last endpoint is not ready" upstreams.conf '10.1.0.3!'
want "no endpoint" 503 http://moving.example.com/
changes "the first endpoint comes" upstreams.conf 10.1.0.2
all moving web-2
changes "the slice goes" upstreams.conf
want "no slice" 503 http://moving.example.com/
changes "the first slice comes, of IPv6" upstreams.conf fd00:1::1
all moving six

# ---- what is refused ----

printf -- '---\nkind: Service\nmetadata: {name: out}\nspec: {type: ExternalName, externalName: example.com}\n' >"$work/out.yaml"
plain out out 'number: 80' >>"$work/out.yaml"
rm -rf "$work/out"
"$SVCRULES" compile --target nginx -f "$work/out.yaml" -o "$work/out" >"$work/said" 2>&1
same "ExternalName" 3 $?
ok "ExternalName: the message" grep -q 'Ingress default/out: .*default/out.*ExternalName' "$work/said"
ok "ExternalName: nothing is written" [ ! -e "$work/out" ]
