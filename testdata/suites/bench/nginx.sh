# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # what lib.sh sets
# Measures requests per second through nginx: with the configuration of the target nginx for one
# Ingress, for one among many, and with configurations for the same that were written by hand, in
# turns. Each nginx has a namespace and endpoints of its own. Sourced after lib.sh.

INGRESSES=5000
proxies=$out/proxies

# The least that proxies one host to two endpoints with connections that are kept open; with lines
# that are the argument.
by_hand() {
	local more=${1:-}

	cat <<-CONF
		worker_processes auto;
		events {
			worker_connections 4096;
		}
		http {
			upstream web {
				server 10.1.0.1:8080;
				server 10.1.0.2:8080;
				keepalive 16;
			}
			server {
				listen 80;
				server_name shop.example.com;
				location / {
					proxy_pass http://web;
					proxy_http_version 1.1;
					proxy_set_header Connection "";
					proxy_set_header Host \$http_host;
					$more
				}
			}
		}
	CONF
}

# What the target nginx tells an endpoint of the client.
same_headers() {
	local header
	# shellcheck disable=SC2016 # variables of nginx
	for header in 'X-Request-ID $request_id' 'X-Real-IP $remote_addr' 'X-Forwarded-For $remote_addr' 'X-Forwarded-Host $http_host' \
		'X-Forwarded-Port $server_port' 'X-Forwarded-Proto $scheme' 'X-Forwarded-Scheme $scheme' 'X-Scheme $scheme' 'Proxy ""'; do
		printf 'proxy_set_header %s;\n' "$header"
	done
}

endpoint_servers() {
	printf 'worker_processes 1;\nevents {}\nhttp {\naccess_log off;\nkeepalive_requests 1000000;\n'
	printf 'server { listen 10.1.0.1:8080; listen 10.1.0.2:8080; return 200 "a short answer\\n"; }\n}\n'
}

shop() { # shop [ANNOTATIONS]: an Ingress, its service and endpoints
	printf '{"kind":"Service","metadata":{"name":"shop"},"spec":{"clusterIP":"10.96.255.1","ports":[{"port":80}]}}\n'
	printf '{"kind":"EndpointSlice","metadata":{"name":"shop-1","labels":{"kubernetes.io/service-name":"shop"}},"ports":[{"port":8080}],'
	printf '"endpoints":[{"addresses":["10.1.0.1"]},{"addresses":["10.1.0.2"]}]}\n'
	printf '{"kind":"Ingress","metadata":{"name":"shop","annotations":{%s}},"spec":{"ingressClassName":"nginx","rules":[' "${1:-}"
	printf '{"host":"shop.example.com","http":{"paths":[{"path":"/","pathType":"Prefix","backend":{"service":{"name":"shop",'
	printf '"port":{"number":80}}}}]}}]}}\n'
}

# alone COMMAND...: in $ns, without a trace in the folders of the nginx of this machine
alone() {
	# shellcheck disable=SC2016 # of the inner shell
	inside "$ns" unshare -m sh -c 'mount -t tmpfs tmpfs /var/log/nginx && mount -t tmpfs tmpfs /var/lib/nginx && exec "$@"' sh "$@"
}

proxy() { # proxy NAME: starts $proxies/NAME/nginx.conf in a namespace that stays as kept[NAME]
	fresh || return
	ip -n "$ns" addr add 10.1.0.1/32 dev lo
	ip -n "$ns" addr add 10.1.0.2/32 dev lo
	alone nginx -c "$proxies/endpoints.conf" -g "pid $proxies/$1.endpoints.pid; error_log $proxies/endpoints.log;" || return
	alone nginx -c "$proxies/$1/nginx.conf" -g "pid $proxies/$1.pid; error_log $proxies/$1.log;" || return
	kept[$1]=$ns
}

ingresses() { # ingresses SIZE NAME FILE: a measured compile
	own "$1" "$2" "$svcrules" compile --target nginx -f "$3" -o "$proxies/$2"
}

ticks() { # ticks NAME: processor time of the proxy's workers, in hundredths of a second
	local master pid all
	master=$(cat "$proxies/$1.pid")
	read -r -a all <"/proc/$master/task/$master/children"
	for pid in "${all[@]}"; do cat "/proc/$pid/stat"; done | awk '{ n += $14 + $15 } END { print n }'
}

requests() { # requests NAME: logs requests per second as $rate, and microseconds of the proxy for each
	local before count
	rate=
	before=$(ticks "$1")
	read -r rate count < <(inside "${kept[$1]}" wrk -t 1 -c 16 -d 1s http://127.0.0.1/ -H 'Host: shop.example.com' |
		awk '/^Non-2xx/ { bad = 1 } / requests in / { n = $1 } /^Requests\/sec/ { rate = $2 } END { if (!bad) print rate, n }')
	[ -n "$count" ] || return
	fact "$INGRESSES"x4 "$1" rps "$rate"
	fact "$INGRESSES"x4 "$1" us "$((($(ticks "$1") - before) * 10000000 / count))e-3"
}

# pair A B ROUND: one after the other, in turns which is first; logs how B compares to A as a ratio
pair() {
	local a b
	[ $(($3 % 2)) -eq 0 ] || { requests "$2"; b=$rate; }
	requests "$1"
	a=$rate
	[ $(($3 % 2)) -ne 0 ] || { requests "$2"; b=$rate; }
	[ -n "$a" ] && [ -n "$b" ] && fact "$INGRESSES"x4 "$2" "per-$1" "$(awk -v a="$a" -v b="$b" 'BEGIN { print b / a }')"
}

stop_proxies() {
	local file
	for file in "$proxies"/*.pid; do
		[ ! -s "$file" ] || kill "$(cat "$file")"
	done
	rm -rf "$proxies"
}

proxied() { # proxied ROUNDS
	local rounds=$1 i size=${INGRESSES}x4 names=(nginx-hand nginx-headers nginx-one nginx-rules nginx-many)
	echo "== $INGRESSES Ingresses"
	mkdir -p "$proxies"/nginx-{hand,headers}
	by_hand >"$proxies/nginx-hand/nginx.conf"
	by_hand "$(same_headers)" >"$proxies/nginx-headers/nginx.conf"
	endpoint_servers >"$proxies/endpoints.conf"
	shop >"$proxies/one.json"
	shop '"nginx.ingress.kubernetes.io/proxy-body-size":"8m","nginx.ingress.kubernetes.io/enable-cors":"true",
		"nginx.ingress.kubernetes.io/limit-rps":"60000","nginx.ingress.kubernetes.io/denylist-source-range":"10.9.0.0/16"' \
		>"$proxies/rules.json"
	{
		"$cluster" --services "$INGRESSES" --endpoints 3
		"$cluster" --services "$INGRESSES" --form ingresses
		shop
	} >"$proxies/many.json"
	fresh || return
	fact "$size" nginx-input bytes "$(stat -c %s "$proxies/many.json")"
	for ((i = 0; i < 5; i++)); do
		ingresses "$size" nginx-many "$proxies/many.json"
	done
	own "$size" nginx-check nginx -t -q -c "$proxies/nginx-many/nginx.conf" -g "pid $proxies/check; error_log $proxies/check.log;"
	ingresses 1x1 nginx-one "$proxies/one.json"
	ingresses 1x1 nginx-rules "$proxies/rules.json"
	for i in "${names[@]}"; do
		proxy "$i" || return
	done
	for ((i = 0; i < rounds; i++)); do
		pair nginx-hand nginx-one $i
		pair nginx-headers nginx-one $i
		[ $((i % 3)) -ne 0 ] || pair nginx-hand nginx-rules $i
		[ $((i % 3)) -ne 0 ] || pair nginx-hand nginx-many $i
		[ $((i % 3)) -ne 0 ] || pair nginx-hand nginx-headers $i
	done
	stop_proxies
}
