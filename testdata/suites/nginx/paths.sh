# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154,SC2016 # of lib.sh; $1 is of a rewrite
# paths.sh: which path of a host serves a request, and that the endpoint gets the client's bytes.

start_endpoints

# HOST|PATH TYPE SERVICE...|REQUEST|EXPECTED: the table of examples in the documentation of Kubernetes
documented='
d1|/ Prefix one|/any/thing|200 web-1
d2|/foo Exact one|/foo|200 web-1
d2|/foo Exact one|/bar|404
d2|/foo Exact one|/foo/|404
d3|/foo/ Exact one|/foo|404
d3|/foo/ Exact one|/foo/|200 web-1
d4|/foo Prefix one|/foo|200 web-1
d4|/foo Prefix one|/foo/|200 web-1
d5|/foo/ Prefix one|/foo|200 web-1
d5|/foo/ Prefix one|/foo/|200 web-1
d6|/aaa/bb Prefix one|/aaa/bbb|404
d7|/aaa/bbb Prefix one|/aaa/bbb|200 web-1
d8|/aaa/bbb/ Prefix one|/aaa/bbb|200 web-1
d7|/aaa/bbb Prefix one|/aaa/bbb/|200 web-1
d7|/aaa/bbb Prefix one|/aaa/bbb/ccc|200 web-1
d7|/aaa/bbb Prefix one|/aaa/bbbxyz|404
d9|/ Prefix one /aaa Prefix two|/aaa/ccc|200 web-2
d10|/ Prefix one /aaa Prefix two /aaa/bbb Prefix three|/aaa/bbb|200 web-3
d10|/ Prefix one /aaa Prefix two /aaa/bbb Prefix three|/ccc|200 web-1
d11|/aaa Prefix one|/ccc|404
d12|/foo Prefix one /foo Exact two|/foo|200 web-2
d12|/foo Prefix one /foo Exact two|/foo/|200 web-1
d12|/foo Prefix one /foo Exact two|/foo/bar|200 web-1
'
# the same, of our own: case, the longest path, slashes at the end, elements with signs
own='
c1|/Foo Exact one /bar Prefix two|/foo|404
c1|/Foo Exact one /bar Prefix two|/Foo|200 web-1
c1|/Foo Exact one /bar Prefix two|/BAR|404
c2|/a Prefix one /a/b/c Prefix two|/a/b|200 web-1
c2|/a Prefix one /a/b/c Prefix two|/a/b/cd|200 web-1
c2|/a Prefix one /a/b/c Prefix two|/a/b/c/d|200 web-2
c3|/ Exact one|/|200 web-1
c3|/ Exact one|/x|404
c4|/ Exact one / Prefix two|/|200 web-1
c4|/ Exact one / Prefix two|/x|200 web-2
c5|/a/ Exact one /a Prefix two|/a/|200 web-1
c5|/a/ Exact one /a Prefix two|/a|200 web-2
c5|/a/ Exact one /a Prefix two|/a/b|200 web-2
c6|/a/ Exact one /a Exact two|/a|200 web-2
c6|/a/ Exact one /a Exact two|/a/|200 web-1
c7|/a/b/ Exact one /a Prefix two|/a/b|200 web-2
c7|/a/b/ Exact one /a Prefix two|/a/b/|200 web-1
c8|/v1.0/a-b_c~d Prefix one|/v1.0/a-b_c~d/e|200 web-1
c8|/v1.0/a-b_c~d Prefix one|/v1x0/a-b_c~d/e|404
c9|/a+b Prefix one /(x) Exact two /a*b Exact three|/a+b|200 web-1
c9|/a+b Prefix one /(x) Exact two /a*b Exact three|/aab|404
c9|/a+b Prefix one /(x) Exact two /a*b Exact three|/(x)|200 web-2
c9|/a+b Prefix one /(x) Exact two /a*b Exact three|/a*b|200 web-3
c10|/w ImplementationSpecific one|/w/x|200 web-1
c10|/w ImplementationSpecific one|/wx|404
c11|/a Exact one|/a?q=/b|200 web-1 /a?q=/b
'

# tables: an Ingress for each host of a table, once
tables() {
	local host paths seen=' '

	while IFS='|' read -r host paths _ _; do
		[[ -n $host && $seen != *" $host "* ]] || continue
		seen+="$host "
		# shellcheck disable=SC2086 # words
		set -f
		# shellcheck disable=SC2086
		ingress "$host" '' "rules: [$(rule "$host.example.com" $paths)]"
		set +f
	done
}

asked() { # asked TABLE
	local host paths request expected

	while IFS='|' read -r host paths request expected; do
		[ -z "$host" ] || want "$paths" "$expected" "http://$host.example.com$request"
	done <<<"$1"
}

{
	services
	tables <<<"$documented$own"
	# no path, and no type of it in the old way
	printf -- '---\nkind: Ingress\napiVersion: networking.k8s.io/v1\nmetadata: {name: none}\nspec: {ingressClassName: nginx,
	  rules: [{host: nopath.example.com, http: {paths: [{pathType: Prefix, backend: {service: {name: one, port: {number: 80}}}}]}}]}\n'
	ingress bytes '' "rules: [$(rule bytes.example.com / Prefix one /pre Prefix two)]"
	ingress deep '' "rules: [$(rule deep.example.com /a/b/c/d/e/f/g/h Prefix one /a/b/c/d Prefix two /a/b Exact three)]"
	ingress rewrite "$(note rewrite-target '/$2')" \
		"rules: [$(rule rewrite.example.com '/api(/|$)(.*)' ImplementationSpecific one /exact/path Exact two)]"
	ingress fixed "$(note rewrite-target /fixed/place)" "rules: [$(rule fixed.example.com /x Prefix one)]"
	ingress nine "$(note rewrite-target '/$9/$1')" \
		"rules: [$(rule nine.example.com '/(a)(b)(c)(d)(e)(f)(g)(h)(i)' ImplementationSpecific one)]"
	ingress query "$(note rewrite-target '/s?from=$1')" "rules: [$(rule query.example.com '/q/(.*)' ImplementationSpecific one)]"
	ingress mixed-1 '' "rules: [$(rule mixed.example.com /plain.txt Prefix one /shop Prefix two)]"
	ingress mixed-2 "$(note rewrite-target '/r/$1')" \
		"rules: [$(rule mixed.example.com '/shop/(v[0-9]+)/x' ImplementationSpecific three /shop/exact Exact api)]"
} >"$work/objects.yaml"
load paths "$work/objects.yaml"
asked "$documented"
asked "$own"
want "no path" "200 web-1 /any" http://nopath.example.com/any
want "deep" "200 web-1" http://deep.example.com/a/b/c/d/e/f/g/h/i
want "deep" "200 web-2" http://deep.example.com/a/b/c/d/e/f/g
want "deep" "200 web-3" http://deep.example.com/a/b
want "deep" "404" http://deep.example.com/a/b/c

# ---- bytes ----

b=http://bytes.example.com
for text in /a%20b /a%2Fb /a%2fb%3F '/a?b=c%20d&e=%2F' '/a?' '/?' '/%E2%82%AC' '/a;b=c' '/a//b' '//a' '/a/./b' '/a/../b' '/a/%2e%2e/b' \
	"/~a!\$&'()*+,=:@" '/a%25b' '/a%00' '/a?x=/../y' '/a?x=%' '/a|b' '/a^b' '/a%0d%0aX:1' '/a%5cb' '/%61' '/pre%66ix'; do
	ask "$b$text"
	case $code in
	200) same "bytes of $text" "web-1 $text" "$who $target" ;;
	400) same "bytes of $text: refused" /a%00 "$text" ;; # nginx takes no NUL
	*) same "bytes of $text" 200 "$code" ;;
	esac
done
want "an encoded path is the path" "200 web-2 /pr%65/%78?y=%7a" "$b/pr%65/%78?y=%7a"
want "an encoded slash divides" "200 web-2 /pre%2Fx" "$b/pre%2Fx"
want "doubled slashes" "200 web-2 //pre//x" "$b//pre//x"
want "dots are followed" "200 web-2 /x/../pre/y" "$b/x/../pre/y"
want "dots are followed" "200 web-1 /pre/../y" "$b/pre/../y"
for text in '/\303\244' '/a?\377' '/"<>`{}'; do
	raw "GET $text HTTP/1.1\\r\\nHost: bytes.example.com\\r\\nConnection: close\\r\\n\\r\\n" >"$work/answer"
	same "bytes of $text" "200 web-1 GET $(printf '%b' "$text")" \
		"$(head -n 1 "$work/answer" | cut -d' ' -f2) $(grep -a '^web' "$work/answer" | cut -d' ' -f1-3)"
done
same "above the root" 400 "$(raw 'GET /../x HTTP/1.1\r\nHost: bytes.example.com\r\nConnection: close\r\n\r\n' | head -n 1 | cut -d' ' -f2)"
want "methods" "200 web-1 /m DELETE" "$b/m" -X DELETE
want "methods" "200 web-1 /m OPTIONS" "$b/m" -X OPTIONS
want "a body" "200 web-1 /m POST 4" "$b/m" -d abcd
want "a body in chunks" "200 web-1 /m PUT 6" "$b/m" -X PUT -H 'Transfer-Encoding: chunked' -d abcdef

# ---- rewrite-target ----

r=http://rewrite.example.com
want "rewritten" "200 web-1 /v1/x?a=b%20c" "$r/api/v1/x?a=b%20c"
want "rewritten to the root" "200 web-1 /" "$r/api"
want "rewritten to the root" "200 web-1 /" "$r/api/"
want "upper case" "200 web-1 /v1" "$r/API/v1"
want "another element" 404 "$r/apis"
want "anchored at the start" 404 "$r/x/api/v1"
want "Exact is no expression" "200 web-2" "$r/exact/path"
want "Exact is case-sensitive" 404 "$r/Exact/Path"
want "Exact is whole" 404 "$r/exact/path/x"
want "a fixed target" "200 web-1 /fixed/place" http://fixed.example.com/x
want "a fixed target, whatever is below" "200 web-1 /fixed/place?q=1" 'http://fixed.example.com/x/y/z?q=1'
want "nine groups" "200 web-1 /i/a" http://nine.example.com/abcdefghi
ask 'http://query.example.com/q/word?z=1'
same "a query in the target" "200 /s?from=word&z=1" "$code $target"
ask "$r/api/a%20b"
same "a blank in what is rewritten" "200 /a%20b" "$code $target"
ask "$r/api/a%3Fb"
same "a question mark in what is rewritten stays in the path" "200 /a%3Fb" "$code $target"
ask "$r/api/a%0d%0aX-Evil:1"
same "line ends in what is rewritten" "" "$(sent x-evil)"
want "another Ingress's paths are no expressions" 404 http://mixed.example.com/plainxtxt
want "another Ingress's paths are not rewritten" "200 web-1 /plain.txt/x" http://mixed.example.com/plain.txt/x
want "another Ingress's paths are case-sensitive" 404 http://mixed.example.com/PLAIN.TXT
want "the expression is longer" "200 web-3 /r/v1" http://mixed.example.com/shop/v1/x
want "the expression does not match" "200 web-2 /shop/v/x" http://mixed.example.com/shop/v/x
want "Exact beside an expression" "200 api" http://mixed.example.com/shop/exact
want "Prefix beside an expression" "200 web-2 /shop" http://mixed.example.com/shop
want "elements beside an expression" 404 http://mixed.example.com/shopping

# ---- use-regex ----

{
	services
	ingress regex "$(note use-regex true)" "rules: [$(rule regex.example.com '/[a-z]+' ImplementationSpecific one \
		'/[a-z]+/[0-9]{1,3}' ImplementationSpecific two '/e/7' Exact three '/(x|y)z$' Prefix api)]"
	ingress off "$(note use-regex false)" "rules: [$(rule off.example.com '/a.c' ImplementationSpecific one)]"
	ingress order "$(note use-regex true)" "rules: [$(rule order.example.com /foo/bar/bar ImplementationSpecific one \
		'/foo/bar/[A-Z0-9]{3}' ImplementationSpecific two)]"
	ingress all "$(note use-regex true)" "rules: [$(rule all.example.com '/.*' ImplementationSpecific one /x Exact two)]"
} >"$work/objects.yaml"
load expressions "$work/objects.yaml"
x=http://regex.example.com
want "an expression" "200 web-1 /abc" "$x/abc"
want "the client's bytes" "200 web-1 /Ab%63?d=%65" "$x/Ab%63?d=%65"
want "the longer text first" "200 web-2" "$x/abc/12"
want "not anchored at the end" "200 web-2" "$x/abc/1234"
want "case-insensitive" "200 web-1" "$x/ABC"
want "no match" 404 "$x/1"
want "Exact first" "200 web-3" "$x/e/7"
want "Exact is case-sensitive, the expression is not" "200 web-2" "$x/E/7"
want "an end" "200 api" "$x/xz"
want "behind an end" "200 web-1" "$x/xzz"
want "use-regex false" 404 http://off.example.com/abc
want "use-regex false" "200 web-1" http://off.example.com/a.c
want "the first of the order serves" "200 web-2" http://order.example.com/foo/bar/bar
want "an expression for all" "200 web-1" http://all.example.com/y
want "Exact before an expression of longer text" "200 web-2" http://all.example.com/x
