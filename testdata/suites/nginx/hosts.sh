# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # of lib.sh
# hosts.sh: hosts and wildcards, default backends, several Ingresses of one host, classes.

start_endpoints
a=$(printf 'a%.0s' {1..63})
long=$a.$a.$a.$(printf 'a%.0s' {1..50}).example

{
	services
	ingress exact '' "rules: [$(rule www.example.com /only Prefix one)]"
	ingress wild '' "rules: [$(rule '*.example.com' / Prefix two), $(rule '*.deep.example.com' / Prefix three)]"
	ingress long '' "rules: [$(rule "$long" / Prefix one)]"
	ingress tld '' "rules: [$(rule '*.test' / Prefix three)]"
	ingress single '' "rules: [$(rule localhost / Prefix one)]"
} >"$work/hosts.yaml"
load hosts "$work/hosts.yaml"
want "an exact host" "200 web-1" http://www.example.com/only
want "an exact host beats the wildcard, whose paths are not tried" 404 http://www.example.com/other
want "a wildcard" "200 web-2" http://any.example.com/
want "a wildcard, upper case" "200 web-2" http://x.example.com/ -H 'Host: ANY.Example.COM'
want "a wildcard and a port" "200 web-2" http://x.example.com/ -H 'Host: any.example.com:8080'
want "a wildcard is one label" 404 http://a.b.example.com/
want "a wildcard is not none" 404 http://example.com/
want "a wildcard is not the empty label" 404 http://x.test/ -H 'Host: .example.com'
want "a longer wildcard" "200 web-3" http://a.deep.example.com/
want "a wildcard's own name is one label of the other" "200 web-2" http://deep.example.com/
want "a wildcard of a name of one label" "200 web-3" http://a.test/
want "a suffix is not enough" 404 http://anyexample.com/
want "nothing behind it" 404 http://any.example.com.evil.test/
want "a dot at the end" "200 web-1" http://x.test/only -H 'Host: www.example.com.'
want "a port" "200 web-1" http://x.test/only -H 'Host: www.example.com:443'
want "upper case" "200 web-1" http://x.test/only -H 'Host: WWW.EXAMPLE.com'
same "Host goes through as it was" WWW.EXAMPLE.com "$(sent host)"
want "a host of 253 characters" "200 web-1" "http://$long/"
want "a host of one label" "200 web-1" http://localhost/
want "an unknown host" 404 http://unknown.invalid/
want "an address" 404 http://192.0.2.1/ -H 'Host: 192.0.2.1'
same "no Host" 404 "$(raw 'GET / HTTP/1.0\r\n\r\n' | head -n 1 | cut -d' ' -f2)"
same "two Hosts" 400 "$(raw 'GET /only HTTP/1.1\r\nHost: www.example.com\r\nHost: x.test\r\nConnection: close\r\n\r\n' | head -n 1 | cut -d' ' -f2)"
same "a Host that is none" 400 "$(raw 'GET / HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n' | head -n 1 | cut -d' ' -f2)"

# ---- rules without a host, and default backends ----

fallback() { # fallback SERVICE
	printf 'defaultBackend: {service: {name: %s, port: {name: http}}}' "$1"
}

{
	services
	ingress named '' "rules: [$(rule named.example.com /x Prefix one)]"
	ingress free '' "rules: [$(rule '' /all Prefix two /x Prefix three)]"
	ingress both '' "$(fallback api), rules: [$(rule both.example.com /x Prefix one)]"
	ingress bare '' "$(fallback three), rules: [{host: bare.example.com}]"
	ingress rooted '' "$(fallback api), rules: [$(rule rooted.example.com / Prefix one)]"
	ingress wildly '' "$(fallback api), rules: [$(rule '*.wild.test' /x Prefix one)]"
} >"$work/default.yaml"
load "rules without a host" "$work/default.yaml"
want "a host that a rule names" "200 web-1" http://named.example.com/x
want "its other paths" 404 http://named.example.com/all
want "no host" "200 web-2" http://other.example.com/all
want "no host" "200 web-3" http://other.example.com/x
want "no host" 404 http://other.example.com/y
want "no host, an address" "200 web-2" http://192.0.2.1/all
want "a default backend" "200 api" http://both.example.com/other
want "a default backend behind paths" "200 web-1" http://both.example.com/x
want "a default backend, elements" "200 api" http://both.example.com/xy
want "a default backend alone" "200 web-3" http://bare.example.com/any
want "a path / is before it" "200 web-1" http://rooted.example.com/any
want "a default backend of a wildcard" "200 api" http://a.wild.test/y
want "that is of its hosts alone" 404 http://a.b.wild.test/y
{
	services
	ingress named '' "rules: [$(rule named.example.com /x Prefix one)]"
	ingress every '' "$(fallback api)"
} >"$work/every.yaml"
load "a default backend for all" "$work/every.yaml"
want "an unknown host" "200 api" http://unknown.invalid/y
same "no Host" 200 "$(raw 'GET / HTTP/1.0\r\n\r\n' | head -n 1 | cut -d' ' -f2)"
want "a host that a rule names" "200 web-1" http://named.example.com/x
want "its other paths" 404 http://named.example.com/y
{
	services
	ingress every '' "$(fallback api), rules: [$(rule '' /x Prefix one)]"
} >"$work/every.yaml"
load "both" "$work/every.yaml"
want "a rule without a host" "200 web-1" http://unknown.invalid/x
want "its default backend" "200 api" http://unknown.invalid/y

# ---- several Ingresses ----

{
	services
	ns=e service one 10.1.0.9
	created=2026-02-01T00:00:00Z ingress younger '' "rules: [$(rule m.example.com /a Prefix one /same Prefix one / Prefix one)]"
	created=2026-01-01T00:00:00Z ingress older '' "rules: [$(rule m.example.com /b Exact two /same Prefix two)]"
	ns=e created=2026-01-01T00:00:00Z ingress a '' "rules: [$(rule m.example.com /same/ Prefix one /b Exact one /b Prefix one)]"
	created=2026-03-01T00:00:00Z ingress twice '' "rules: [$(rule twice.example.com /x Prefix one /x Prefix two), \
		$(rule twice.example.com /y Prefix three)]"
	ingress ageless '' "rules: [$(rule m.example.com /a Prefix three)]"
} >"$work/several.yaml"
load "several Ingresses" "$work/several.yaml"
want "merged" "200 web-1" http://m.example.com/a
want "merged" "200 web-2" http://m.example.com/b
want "merged" "200 web-1" http://m.example.com/other
want "the older" "200 web-2" http://m.example.com/same
want "Exact and Prefix are two places" "200 api" http://m.example.com/b/c
want "the first of one Ingress" "200 web-1" http://twice.example.com/x
want "one host in two rules" "200 web-3" http://twice.example.com/y
for loser in default/younger e/a default/ageless; do
	ok "a warning names $loser" grep -q "warning: .*Ingress $loser: .*\[conflict\]" "$work/said"
done
# the order of the input does not matter
awk -v RS='---\n' 'NR > 1 { o[NR] = $0 } END { for (i = NR; i > 1; i--) printf "---\n%s", o[i] }' "$work/several.yaml" >"$work/reversed.yaml"
"$SVCRULES" compile --target nginx -f "$work/several.yaml" >"$work/1" 2>/dev/null
"$SVCRULES" compile --target nginx -f "$work/reversed.yaml" >"$work/2" 2>/dev/null
ok "the order of the input does not matter" cmp "$work/1" "$work/2"

# ---- classes ----

class() { # class NAME CONTROLLER [default]
	printf -- '---\nkind: IngressClass\napiVersion: networking.k8s.io/v1\nmetadata: {name: %s%s}\nspec: {controller: %s}\n' "$1" \
		"${3:+, annotations: {ingressclass.kubernetes.io/is-default-class: 'true'\}}" "$2"
}

by_class() { # by_class NAME LINE...: Ingresses of a host each, with that class, annotation or neither
	local host

	for host in nginx internal other; do
		printf -- "---\nkind: Ingress\napiVersion: networking.k8s.io/v1\nmetadata: {name: %s}\nspec: {ingressClassName: %s, rules: [%s]}\n" \
			"f-$host" "$host" "$(rule "f-$host.example.com" / Prefix one)"
		ingress "a-$host" "kubernetes.io/ingress.class: $host" "+rules: [$(rule "a-$host.example.com" / Prefix one)]"
	done
	ingress none '' "+rules: [$(rule none.example.com / Prefix one)]"
	ingress two "kubernetes.io/ingress.class: nginx" "+ingressClassName: other, rules: [$(rule two.example.com / Prefix one)]"
}

served() { # served WHAT EXPECTED: the hosts of by_class that are
	local host list=

	for host in f-nginx f-internal f-other a-nginx a-internal a-other none two; do
		ask "http://$host.example.com/"
		[ "$code" != 200 ] || list+="$host "
	done
	same "$1" "$2" "${list% }"
}

{
	services
	by_class
} >"$work/class.yaml"
load "no IngressClass" "$work/class.yaml"
served "no IngressClass: the name nginx" "f-nginx a-nginx"
load "no IngressClass, --ingress-class" "$work/class.yaml" --ingress-class internal
served "no IngressClass, --ingress-class" "f-internal a-internal"
{
	cat "$work/class.yaml"
	class nginx example.com/other
	class internal k8s.io/ingress-nginx
	class other example.com/other default
} >"$work/classes.yaml"
load "classes by their controller" "$work/classes.yaml"
served "classes by their controller" "f-internal a-nginx"
load "a class by its name" "$work/classes.yaml" --ingress-class other
served "a class by its name" "f-other a-other none two"
{
	cat "$work/class.yaml"
	class nginx k8s.io/ingress-nginx default
	class internal k8s.io/ingress-nginx
} >"$work/classes.yaml"
load "the default class" "$work/classes.yaml"
served "the default class" "f-nginx f-internal a-nginx none"
load "one of two classes" "$work/classes.yaml" --ingress-class internal
served "one of two classes" "f-internal a-internal"
