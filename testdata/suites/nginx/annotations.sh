# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154,SC2016 # of lib.sh; $1 is of a rewrite
# annotations.sh: what requests see of an annotation, and that it is gone when the annotation is.
# limits.sh has those of rates, sizes and times.

start_endpoints
state=on

# with NAME SERVICE ANNOTATIONS: an Ingress of the host NAME.example.com, when $state is on with them
with() {
	[ $state = on ] || set -- "$1" "$2" ''
	ingress "$1" "$3" "rules: [$(rule "$1.example.com" / Prefix "$2")]"
}

# both WHAT ON OFF URL [OPTION...]: what is wanted in each state
both() {
	local what=$1 expected=$2

	[ $state = on ] || expected=$3
	shift 3
	want "$state, $what" "$expected" "$@"
}

from() { # from ADDRESS: options of curl
	printf '%s\n' --interface "$1" --connect-to "::$2:"
}
mapfile -t first < <(from 10.2.0.1 10.2.0.1)
mapfile -t second < <(from 10.2.0.2 10.2.0.1)
apr1=$(openssl passwd -apr1 wonder)
sha=$(printf %s builder | openssl dgst -sha1 -binary | base64)
origins='https://a.test, https://*.b.test:8443,http://c.test'
auth="$(note auth-type basic), $(note auth-secret users)"

many_ranges=$(printf '10.98.%d.0/24,' {1..20})

# sources SUFFIX MORE: hosts with source ranges, of which MORE are nobody's here
sources() {
	with "white$1" one "$(note whitelist-source-range "10.2.0.1/32, fd00:2::/64$2")"
	with "allow$1" one "$(note allowlist-source-range "10.2.0.1$2")"
	with "deny$1" one "$(note denylist-source-range "10.2.0.2,10.99.0.0/16$2")"
	with "allow-deny$1" one "$(note allowlist-source-range "10.2.0.0/24$2"), $(note denylist-source-range 10.2.0.2/32)"
	with "any$1" one "$(note satisfy any), $(note whitelist-source-range "10.2.0.1/32$2"), $auth"
	with "any-deny$1" one "$(note satisfy any), $(note denylist-source-range "10.2.0.2$2"), $auth"
	with "any-allow-deny$1" one "$(note satisfy any), $(note allowlist-source-range "10.2.0.0/24$2"), $(note denylist-source-range 10.2.0.2), $auth"
	with "all$1" one "$(note satisfy all), $(note whitelist-source-range "10.2.0.1/32$2"), $auth"
	with "cors-white$1" one "$(note enable-cors true), $(note whitelist-source-range "10.2.0.1/32$2")"
}

objects() {
	services
	opaque users auth "$(printf 'alice:%s\nbob:{SHA}%s\n' "$apr1" "$sha")"
	opaque map alice "$apr1" carol "{SHA}$sha"
	opaque keyless other x
	service nobody
	# CORS
	with cors one "$(note enable-cors true)"
	with cors-false one "$(note enable-cors false), $(note cors-allow-origin https://a.test)"
	with cors-alone one "$(note cors-allow-origin https://a.test)"
	with cors-set one "$(note enable-cors true), $n/cors-allow-origin: '$origins', $(note cors-allow-methods 'GET, POST'),
	  $(note cors-allow-headers 'X-One, X_Two'), $(note cors-expose-headers '*, X-Three'), $(note cors-allow-credentials false),
	  $(note cors-max-age 600)"
	with cors-auth one "$(note enable-cors true), $(note cors-allow-origin https://a.test), $auth"
	# basic authentication
	with auth one "$auth, $(note auth-realm 'The inner room')"
	with auth-file one "$auth, $(note auth-secret-type auth-file)"
	with auth-map one "$(note auth-type basic), $(note auth-secret map), $(note auth-secret-type auth-map)"
	with auth-missing one "$(note auth-type basic), $(note auth-secret nowhere)"
	# sources
	sources '' ''
	sources -many ",$many_ranges"
	# redirects
	with app-root one "$(note app-root /app/start)"
	with permanent one "$(note permanent-redirect 'https://go.example.com/x?y=z')"
	with permanent-308 one "$(note permanent-redirect https://go.example.com/), $n/permanent-redirect-code: '308'"
	with temporal one "$(note temporal-redirect https://go.example.com:8443/x)"
	# what the endpoint gets
	with vhost one "$(note upstream-vhost inner.example.com)"
	with prefix one "$(note x-forwarded-prefix /shop), $(note rewrite-target /)"
	with rewrite one "$(note rewrite-target /fixed)"
	with robin web "$(note load-balance round_robin)"
	with ewma web "$(note load-balance ewma)"
	with protocol one "$(note backend-protocol HTTP)"
	# errors
	with errors one "$(note custom-http-errors '404,503'), $(note default-backend errors)"
	with errors-gone nobody "$(note custom-http-errors '404,503'), $(note default-backend errors)"
	with instead nobody "$(note default-backend errors)"
	# many at once
	with many one "$auth, $(note enable-cors true), $(note cors-allow-origin https://a.test), $(note rewrite-target /r), $(note proxy-body-size 10),
	  $(note upstream-vhost inner.example.com), $(note denylist-source-range 10.2.0.2), $(note limit-rps 1000), $(note proxy-buffering on),
	  $(note custom-http-errors 404), $(note default-backend errors)"
	# of others
	with others one "cert-manager.io/cluster-issuer: x, example.com/any: 'y; }', nginx.org/server-snippets: 'z', external-dns.alpha.kubernetes.io/target: a"
}

# ---- CORS ----

cors() { # cors: the headers of CORS that the answer has
	echo "$(said access-control-allow-origin)/$(said access-control-allow-methods)/$(said access-control-allow-headers)/$(
		said access-control-allow-credentials)/$(said access-control-max-age)/$(said access-control-expose-headers)"
}
preflight=(-X OPTIONS -H 'Access-Control-Request-Method: PUT')
defaults='*/GET, PUT, POST, DELETE, PATCH, OPTIONS/DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization/true/1728000/'

check_cors() {
	local origin

	both cors "200 web-1" "200 web-1" http://cors.example.com/ -H 'Origin: https://a.test'
	same "$state, defaults of CORS" "$([ $state = on ] && echo "$defaults" || echo /////)" "$(cors)"
	both "a preflight" 204 "200 web-1" http://cors.example.com/ "${preflight[@]}" -H 'Origin: https://a.test'
	same "$state, defaults of a preflight" "$([ $state = on ] && echo "$defaults" || echo /////)" "$(cors)"
	both "an error of the endpoint" "500 web-1" "500 web-1" 'http://cors.example.com/?status=500' -H 'Origin: https://a.test'
	same "$state, CORS with an error" "$([ $state = on ] && echo '*')" "$(said access-control-allow-origin)"
	both "an endpoint that has CORS itself" "200 web-1" "200 web-1" \
		'http://cors.example.com/?set=Access-Control-Allow-Origin:%20https://z.test' -H 'Origin: https://a.test'
	same "$state, one origin is told" "$([ $state = on ] && echo '*' || echo https://z.test)" "$(said access-control-allow-origin)"
	for host in cors-false cors-alone; do
		both "$host" "200 web-1" "200 web-1" "http://$host.example.com/" "${preflight[@]}" -H 'Origin: https://a.test'
		same "$state, $host" ///// "$(cors)"
	done
	for origin in https://a.test https://x.b.test:8443 http://c.test; do
		both "$origin" "200 web-1" "200 web-1" http://cors-set.example.com/ -H "Origin: $origin"
		same "$state, $origin" "$([ $state = on ] && echo "$origin/GET, POST/X-One, X_Two//600/*, X-Three" || echo /////)" "$(cors)"
		both "preflight of $origin" 204 "200 web-1" http://cors-set.example.com/ "${preflight[@]}" -H "Origin: $origin"
		same "$state, preflight of $origin" "$([ $state = on ] && echo "$origin")" "$(said access-control-allow-origin)"
	done
	for origin in https://c.test https://a.test:444 http://a.test https://b.test:8443 https://x.y.b.test:8443 https://x.b.test \
		https://a.test.evil.test https://aXtest https://evil.test/https://a.test null '*'; do
		both "$origin" "200 web-1" "200 web-1" http://cors-set.example.com/ -H "Origin: $origin"
		same "$state, $origin" "" "$(said access-control-allow-origin)"
		ask http://cors-set.example.com/ "${preflight[@]}" -H "Origin: $origin"
		same "$state, preflight of $origin" "" "$(said access-control-allow-origin)"
	done
	both "no Origin" "200 web-1" "200 web-1" http://cors-set.example.com/
	same "$state, no Origin" "" "$(said access-control-allow-origin)"
	both "preflight before authentication" 204 "200 web-1" http://cors-auth.example.com/ "${preflight[@]}" -H 'Origin: https://a.test'
	both "authentication behind it" 401 "200 web-1" http://cors-auth.example.com/ -H 'Origin: https://a.test'
	same "$state, CORS with 401" "$([ $state = on ] && echo https://a.test)" "$(said access-control-allow-origin)"
	both "another Origin is not let in" 401 "200 web-1" http://cors-auth.example.com/ -H 'Origin: https://b.test'
}

# ---- who may ----

check_auth() {
	local host

	both "no password" 401 "200 web-1" http://auth.example.com/
	same "$state, realm" "$([ $state = on ] && echo 'Basic realm="The inner room"')" "$(said www-authenticate)"
	both "a password" "200 web-1" "200 web-1" http://auth.example.com/ -u alice:wonder
	both "another hash" "200 web-1" "200 web-1" http://auth.example.com/ -u bob:builder
	both "a wrong password" 401 "200 web-1" http://auth.example.com/ -u alice:builder
	both "an unknown user" 401 "200 web-1" http://auth.example.com/ -u carol:builder
	both "no user" 401 "200 web-1" http://auth.example.com/ -u :wonder
	both "a broken header" 401 "200 web-1" http://auth.example.com/ -H 'Authorization: Basic !!'
	both "POST without a password" 401 "200 web-1" http://auth.example.com/ -d x
	both "OPTIONS without a password" 401 "200 web-1" http://auth.example.com/ -X OPTIONS -H 'Origin: https://a.test'
	both "auth-file" "200 web-1" "200 web-1" http://auth-file.example.com/ -u alice:wonder
	both "auth-file" 401 "200 web-1" http://auth-file.example.com/ -u alice:x
	both "auth-map" "200 web-1" "200 web-1" http://auth-map.example.com/ -u carol:builder
	both "auth-map" "200 web-1" "200 web-1" http://auth-map.example.com/ -u alice:wonder
	both "auth-map" 401 "200 web-1" http://auth-map.example.com/ -u bob:builder
	both "a missing Secret" 503 "200 web-1" http://auth-missing.example.com/
	both "a missing Secret, with a password" 503 "200 web-1" http://auth-missing.example.com/ -u alice:wonder
	if [ $state = on ]; then
		ok "a warning about the missing Secret" grep -q 'warning: .*Ingress default/auth-missing: .*nowhere' "$work/said"
		same "no hash is printed" 0 "$("$SVCRULES" compile --target nginx -f "$work/objects.yaml" 2>&1 | grep -cF -e "$apr1" -e "$sha")"
		# shellcheck disable=SC2046 # names of files
		ok "files of passwords are for nginx alone" [ "$(stat -c %A $(grep -lrF "$apr1" "$work/conf") | cut -c8-10 | sort -u)" = --- ]
	else
		same "no hash is left" "" "$(grep -rlF "$apr1" "$work/conf")"
	fi
}

# A few ranges stand in each location, and many before the servers.
check_sources() { # check_sources SUFFIX
	both whitelist "200 web-1" "200 web-1" "http://white$1.example.com/" "${first[@]}"
	both whitelist 403 "200 web-1" "http://white$1.example.com/" "${second[@]}"
	both "whitelist, IPv6" "200 web-1" "200 web-1" "http://white$1.example.com/" --interface fd00:2::1 --connect-to '::[::1]:'
	both "whitelist, IPv6" 403 "200 web-1" "http://white$1.example.com/" --interface fd00:1::1 --connect-to '::[::1]:'
	both "whitelist, X-Forwarded-For" 403 "200 web-1" "http://white$1.example.com/" "${second[@]}" -H 'X-Forwarded-For: 10.2.0.1' -H 'X-Real-IP: 10.2.0.1'
	both allowlist "200 web-1" "200 web-1" "http://allow$1.example.com/" "${first[@]}"
	both allowlist 403 "200 web-1" "http://allow$1.example.com/" "${second[@]}"
	both denylist "200 web-1" "200 web-1" "http://deny$1.example.com/" "${first[@]}"
	both denylist 403 "200 web-1" "http://deny$1.example.com/" "${second[@]}"
	both "both lists" "200 web-1" "200 web-1" "http://allow-deny$1.example.com/" "${first[@]}"
	both "both lists" 403 "200 web-1" "http://allow-deny$1.example.com/" "${second[@]}"
	both "both lists" 403 "200 web-1" "http://allow-deny$1.example.com/"
	both "satisfy any: the source" "200 web-1" "200 web-1" "http://any$1.example.com/" "${first[@]}"
	both "satisfy any: nothing" 401 "200 web-1" "http://any$1.example.com/" "${second[@]}"
	both "satisfy any: the password" "200 web-1" "200 web-1" "http://any$1.example.com/" "${second[@]}" -u alice:wonder
	both "satisfy any, denied addresses alone: no password" 401 "200 web-1" "http://any-deny$1.example.com/" "${first[@]}"
	both "satisfy any, denied addresses alone: denied" 401 "200 web-1" "http://any-deny$1.example.com/" "${second[@]}"
	both "satisfy any, denied addresses alone: the password" "200 web-1" "200 web-1" "http://any-deny$1.example.com/" "${second[@]}" -u alice:wonder
	both "satisfy any, both lists: admitted" "200 web-1" "200 web-1" "http://any-allow-deny$1.example.com/" "${first[@]}"
	both "satisfy any, both lists: denied" 401 "200 web-1" "http://any-allow-deny$1.example.com/" "${second[@]}"
	both "satisfy any, both lists: the password" "200 web-1" "200 web-1" "http://any-allow-deny$1.example.com/" "${second[@]}" -u alice:wonder
	both "satisfy all: the source" 401 "200 web-1" "http://all$1.example.com/" "${first[@]}"
	both "satisfy all: the password" 403 "200 web-1" "http://all$1.example.com/" "${second[@]}" -u alice:wonder
	both "satisfy all: both" "200 web-1" "200 web-1" "http://all$1.example.com/" "${first[@]}" -u alice:wonder
	both "CORS: a source that is refused" 403 "200 web-1" "http://cors-white$1.example.com/" "${second[@]}" -H 'Origin: https://a.test'
	same "$state, CORS: pages may see that" "$([ $state = on ] && echo '*')" "$(said access-control-allow-origin)"
	both "CORS: a source that is admitted" "200 web-1" "200 web-1" "http://cors-white$1.example.com/" "${first[@]}" -H 'Origin: https://a.test'
}

# ---- where to ----

leads() { # leads WHAT EXPECTED URL: the status and where it leads
	[ $state = on ] || { both "$1" '' "200 web-1" "$3" && return; }
	same "on, $1" "$2" "$(at curl -gsk -o /dev/null -w '%{http_code} %{redirect_url}' --connect-to '::127.0.0.1:' "$3")"
}

check_targets() {
	local host=vhost.example.com

	leads app-root "302 http://app-root.example.com/app/start" http://app-root.example.com/
	both "app-root, other paths" "200 web-1 /x" "200 web-1 /x" http://app-root.example.com/x
	leads permanent-redirect "301 https://go.example.com/x?y=z" 'http://permanent.example.com/a?b'
	leads permanent-redirect-code "308 https://go.example.com/" http://permanent-308.example.com/a
	leads temporal-redirect "302 https://go.example.com:8443/x" http://temporal.example.com/a
	[ $state = off ] || host=inner.example.com
	both upstream-vhost "200 web-1" "200 web-1" http://vhost.example.com/
	same "$state, upstream-vhost" "$host vhost.example.com" "$(sent host) $(sent x-forwarded-host)"
	both x-forwarded-prefix "200 web-1 /" "200 web-1 /p" http://prefix.example.com/p -H 'X-Forwarded-Prefix: /lie'
	same "$state, x-forwarded-prefix" "$([ $state = on ] && echo /shop || echo /lie)" "$(sent x-forwarded-prefix)"
	both rewrite-target "200 web-1 /fixed" "200 web-1 /x" http://rewrite.example.com/x
	both backend-protocol "200 web-1" "200 web-1" http://protocol.example.com/x
	for host in robin ewma; do
		same "$state, $host" "web-1 web-2" "$(for _ in {1..12}; do
			at curl -s --connect-to '::127.0.0.1:' "http://$host.example.com/" | head -n 1 | cut -d' ' -f1
		done | sort -u | paste -sd ' ')"
	done
	both "annotations of others" "200 web-1" "200 web-1" http://others.example.com/
	same "$state, not a word about annotations of others" "" "$(grep 'default/others' "$work/said")"
}

check_errors() {
	both "an error is sent to the other backend" "404 errors" "404 web-1" 'http://errors.example.com/x%20y?status=404' -H 'Accept: text/html'
	[ $state = off ] || same "on, what it is told" "404|text/html|/x%20y?status=404|default|errors|one|http" \
		"$(sent x-code)|$(sent x-format)|$(sent x-original-uri)|$(sent x-namespace)|$(sent x-ingress-name)|$(sent x-service-name)|$(sent x-service-port)"
	both "another error is not" "500 web-1" "500 web-1" 'http://errors.example.com/?status=500'
	both "no error" "200 web-1" "200 web-1" 'http://errors.example.com/'
	both "an error of nginx itself" "200 errors" 503 http://errors-gone.example.com/
	both "no endpoint: the default backend" "200 errors" 503 http://instead.example.com/x
}

check_many() {
	local origin='Origin: https://a.test' url=http://many.example.com/p

	both "many: a preflight" 204 "200 web-1" $url "${preflight[@]}" -H "$origin"
	both "many: no password" 401 "200 web-1" $url -H "$origin"
	both "many: a denied source" 403 "200 web-1" $url -H "$origin" -u alice:wonder "${second[@]}"
	both "many: too long a body" 413 "200 web-1" $url -H "$origin" -u alice:wonder -d 0123456789a
	both "many: an error" "404 errors" "404 web-1" "$url?status=404" -H "$origin" -u alice:wonder
	both "many: all is right" "200 web-1 /r" "200 web-1 /p" $url -H "$origin" -u alice:wonder
	same "$state, many: origin and host" "$([ $state = on ] && echo 'https://a.test inner.example.com' || echo ' many.example.com')" \
		"$(said access-control-allow-origin) $(sent host)"
}

for state in on off on; do
	objects >"$work/objects.yaml"
	load "annotations $state" "$work/objects.yaml"
	check_cors
	check_auth
	check_sources ''
	check_sources -many
	check_targets
	check_errors
	check_many
done

# ---- what must not open a door ----

# closed WHAT ANNOTATIONS: refused, or it answers no 200
closed() {
	{
		services
		opaque keyless other x
		opaque users auth "alice:$apr1"
		opaque odd auth $'# only a comment\n'
		ingress closed "$2" "rules: [$(rule closed.example.com / Prefix one)]"
	} >"$work/objects.yaml"
	if compile "$work/objects.yaml"; then
		reload
		ask http://closed.example.com/
		ok "$1: $code" [ "$code" != 200 ]
	else
		ok "$1: the message" grep -q 'Ingress default/closed: ' "$work/said"
	fi
}
closed "auth-type without auth-secret" "$(note auth-type basic)"
closed "auth-secret without auth-type" "$(note auth-secret users)"
closed "auth-type digest" "$(note auth-type digest), $(note auth-secret users)"
closed "a Secret without the key" "$(note auth-type basic), $(note auth-secret keyless)"
closed "a Secret without a user" "$(note auth-type basic), $(note auth-secret odd)"
closed "auth-secret-type of the other kind" "$(note auth-type basic), $(note auth-secret users), $(note auth-secret-type auth-map)"
closed "a Secret of another namespace" "$(note auth-type basic), $(note auth-secret elsewhere/users)"

# ---- annotations that are refused, and --ignore-annotation ----

{
	services
	ingress sticky "$(note affinity cookie), $(note session-cookie-name c)" "rules: [$(rule sticky.example.com / Prefix one)]"
} >"$work/objects.yaml"
compile "$work/objects.yaml"
same "affinity" 3 $?
ok "affinity: the message" grep -q 'Ingress default/sticky: .*affinity' "$work/said"
ok "affinity: all are told" grep -q 'Ingress default/sticky: .*session-cookie-name' "$work/said"
compile "$work/objects.yaml" --ignore-annotation affinity
same "one is not ignored" 3 $?
load "both are ignored" "$work/objects.yaml" --ignore-annotation affinity --ignore-annotation session-cookie-name
ok "--ignore-annotation: a warning" grep -q 'warning: .*Ingress default/sticky: .*affinity' "$work/said"
want "--ignore-annotation" "200 web-1" http://sticky.example.com/
