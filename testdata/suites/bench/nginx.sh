# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # what lib.sh sets
# Measures requests per second through nginx: with the configuration of the target nginx for one
# Ingress, for one among many, and with a configuration for the same that was written by hand, in
# turns. Each nginx has a namespace and endpoints of its own. Sourced after lib.sh.

INGRESSES=5000
proxies=$out/proxies

# The least that proxies one host to two endpoints with connections that are kept open.
by_hand() {
	cat <<-'CONF'
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
					proxy_set_header Host $http_host;
				}
			}
		}
	CONF
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

requests() { # requests NAME: logs requests per second
	local rate
	rate=$(inside "${kept[$1]}" wrk -t 1 -c 16 -d 1s http://127.0.0.1/ -H 'Host: shop.example.com' |
		awk '/^Non-2xx/ { bad = 1 } /^Requests\/sec/ { rate = $2 } END { if (!bad) print rate }')
	[ -n "$rate" ] && fact "$INGRESSES"x4 "$1" rps "$rate"
}

stop_proxies() {
	local file
	for file in "$proxies"/*.pid; do
		[ ! -s "$file" ] || kill "$(cat "$file")"
	done
	rm -rf "$proxies"
}

proxied() { # proxied ROUNDS
	local rounds=$1 i size=${INGRESSES}x4 names=(nginx-hand nginx-one nginx-rules nginx-many)
	echo "== $INGRESSES Ingresses"
	mkdir -p "$proxies/nginx-hand"
	by_hand >"$proxies/nginx-hand/nginx.conf"
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
	for ((i = 0; i < rounds; i++)); do # who is first changes in turns
		for name in "${names[@]}"; do requests "$name"; done
		names=("${names[@]:1}" "${names[0]}")
	done
	stop_proxies
}
