# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # of lib.sh
# tls.sh: certificates by SNI, what is refused, redirects, HSTS.

start_endpoints
certificate first one.example.com one.other.test
certificate second two.example.com
certificate wild '*.wild.test'
certificate strange other.example.com

under() { # under NAME HOST SECRET [ANNOTATIONS]: an Ingress of one host with TLS
	ingress "$1" "${4:-}" "tls: [{hosts: ['$2']${3:+, secretName: $3}}], rules: [$(rule "$2" / Prefix one)]"
}

{
	services
	secret first
	secret second
	secret wild
	ingress both '' "tls: [{hosts: [one.example.com], secretName: first}, {hosts: [two.example.com], secretName: second}],
	  rules: [$(rule one.example.com / Prefix one), $(rule two.example.com / Prefix two)]"
	under wildcard '*.wild.test' wild
	ingress of-wild '' "rules: [$(rule own.wild.test / Prefix two)]"
	ingress plain '' "rules: [$(rule plain.example.com / Prefix three)]"
	under missing missing.example.com nowhere
	under nameless nameless.example.com ''
	ns=elsewhere secret strange
	under foreign foreign.example.com strange
	under stays stays.example.com first "$(note ssl-redirect false)"
	under true true.example.com second "$(note ssl-redirect true)"
	ingress forced "$(note force-ssl-redirect true)" "rules: [$(rule forced.example.com / Prefix one)]"
	ingress unforced "$(note force-ssl-redirect false)" "rules: [$(rule unforced.example.com / Prefix one)]"
	under both-ways both-ways.example.com first "$(note ssl-redirect false), $(note force-ssl-redirect true)"
	ingress partly '' "tls: [{hosts: [one.other.test], secretName: first}],
	  rules: [$(rule one.other.test / Prefix one), $(rule two.other.test / Prefix two)]"
	ingress other-path "$(note ssl-redirect false)" "rules: [$(rule one.example.com /open Prefix api)]"
} >"$work/objects.yaml"
load tls "$work/objects.yaml"
for name in missing foreign; do
	ok "a warning about the Secret of $name" grep -q "warning: .*Ingress default/$name: .*\[secret\]" "$work/said"
done

# handshake NAME: the subject of the certificate for that SNI, or nothing
handshake() {
	at openssl s_client -connect 127.0.0.1:443 -servername "$1" 2>"$work/why" |
		openssl x509 -noout -subject 2>/dev/null | sed 's/.*CN *= *//'
}

same "SNI" one.example.com "$(handshake one.example.com)"
same "SNI" two.example.com "$(handshake two.example.com)"
same "SNI, upper case" two.example.com "$(handshake TWO.example.COM)"
same "a wildcard" '*.wild.test' "$(handshake any.wild.test)"
same "an exact host below a wildcard's certificate" '*.wild.test' "$(handshake own.wild.test)"
same "several labels below the wildcard" "" "$(handshake a.b.wild.test)"
same "an unknown name" "" "$(handshake unknown.example.com)"
same "a name without TLS" "" "$(handshake plain.example.com)"
same "a missing Secret" "" "$(handshake missing.example.com)"
same "no secretName" "" "$(handshake nameless.example.com)"
same "a Secret of another namespace" "" "$(handshake foreign.example.com)"
same "no SNI" "" "$(at openssl s_client -connect 127.0.0.1:443 -noservername 2>/dev/null | openssl x509 -noout -subject 2>/dev/null)"
same "SNI over IPv6" one.example.com "$(at openssl s_client -connect '[::1]:443' -servername one.example.com 2>/dev/null |
	openssl x509 -noout -subject 2>/dev/null | sed 's/.*CN *= *//')"
ask https://unknown.example.com/
same "an unknown name: refused by the handshake" "000 35" "$code $curl_status"
for host in first:one second:two; do
	ask "https://${host#*:}.example.com/" --cacert "$work/${host%:*}.crt" --no-insecure
	same "a client that verifies" "200 0" "$code $curl_status"
done
weak() { # weak VERSION: the exit status of a client that speaks no other
	ask https://one.example.com/ --tlsv1.0 --tls-max "$1" --ciphers DEFAULT@SECLEVEL=0
	echo "$curl_status"
}
same "TLS 1.2" 0 "$(weak 1.2)"
same "TLS 1.1 is refused" 35 "$(weak 1.1)"
same "TLS 1.0 is refused" 35 "$(weak 1.0)"
ask https://one.example.com/ --tlsv1.3
same "TLS 1.3" 200 "$code"
same "HTTP/2" 2 "$(at curl -sk --http2 -o /dev/null -w '%{http_version}' --connect-to '::127.0.0.1:' https://one.example.com/)"
same "HTTP/1.1" 1.1 "$(at curl -sk --http1.1 -o /dev/null -w '%{http_version}' --connect-to '::127.0.0.1:' https://one.example.com/)"
for version in --http2 --http1.1; do
	want "bytes of $version" "200 web-1 /a%2Fb?c=%20" 'https://one.example.com/a%2Fb?c=%20' "$version"
	same "Host of $version" one.example.com "$(sent host)"
	want "a body by $version" "200 web-1 /p POST 5" https://one.example.com/p "$version" -d 12345
done
want "an exact host below a wildcard" "200 web-2" https://own.wild.test/
want "a wildcard" "200 web-1" https://any.wild.test/

# ---- another host than the name of the handshake ----

mismatch() { # mismatch WHAT HOST: by a connection for one.example.com, over HTTP/1.1 and 2
	local version

	for version in --http1.1 --http2; do
		ask https://one.example.com/x "$version" -H "Host: $2"
		case "$code $who" in
		"421 "* | "404 "*) same "$1" '' '' ;;
		"200 $3") same "$1" '' '' ;;
		*) same "$1, $version" "421 or $3" "$code $who" ;;
		esac
	done
}
mismatch "another host with TLS" two.example.com web-2
mismatch "a host without TLS" plain.example.com never
mismatch "a host whose Secret is missing" missing.example.com never
mismatch "an unknown host" unknown.example.com never

# ---- redirects ----

leads() { # leads URL: the status, and where it leads
	at curl -gsk -o /dev/null --path-as-is -w '%{http_code} %{redirect_url}' "${@:2}" --connect-to '::127.0.0.1:' "$1"
}
same "redirect" "308 https://one.example.com/a%2Fb//c?d=%20&e" "$(leads 'http://one.example.com/a%2Fb//c?d=%20&e')"
same "redirect of a POST" "308 https://one.example.com/" "$(leads http://one.example.com/ -d x)"
same "redirect without the port" "308 https://one.example.com/x" "$(leads http://one.example.com/x -H 'Host: one.example.com:80')"
same "redirect of a wildcard" "308 https://any.wild.test/" "$(leads http://any.wild.test/)"
same "ssl-redirect: true" "308 https://true.example.com/" "$(leads http://true.example.com/)"
same "force-ssl-redirect" "308 https://forced.example.com/q?r" "$(leads 'http://forced.example.com/q?r')"
same "force-ssl-redirect against ssl-redirect" "308 https://both-ways.example.com/" "$(leads http://both-ways.example.com/)"
want "force-ssl-redirect: false" "200 web-1" http://unforced.example.com/
want "ssl-redirect: false" "200 web-1" http://stays.example.com/
want "ssl-redirect: false, TLS too" "200 web-1" https://stays.example.com/
want "a host not under tls stays plain" "200 web-3" http://plain.example.com/
want "a host of the same Ingress not under tls stays plain" "200 web-2" http://two.other.test/
same "a host of the same Ingress under tls" "308 https://one.other.test/" "$(leads http://one.other.test/)"
want "no redirect in a loop" "200 web-1" https://one.example.com/
want "ssl-redirect of another Ingress of the host" "200 api" http://one.example.com/open
ask https://one.example.com/
same "no HSTS" "" "$(said strict-transport-security)"

# ---- what lies in the folder ----

# shellcheck disable=SC2046 # names of files
same "modes of keys" 600 "$(stat -c %a $(grep -lr 'PRIVATE KEY' "$work/conf") | sort -u | paste -sd ' ')"
ok "there are keys" grep -qr 'PRIVATE KEY' "$work/conf"
same "paths in the files are relative" "" "$(grep -rhE '(ssl_certificate|include|auth_basic_user_file)[a-z_]* +"?/' "$work/conf")"
"$SVCRULES" compile --target nginx -f "$work/objects.yaml" >"$work/printed" 2>/dev/null
same "no key is printed" 0 "$(grep -c 'PRIVATE KEY' "$work/printed")"
"$SVCRULES" compile --target nginx -f "$work/objects.yaml" -o json >"$work/printed" 2>/dev/null
same "no key in JSON" 0 "$(grep -c 'PRIVATE KEY' "$work/printed")"

# ---- TLS goes, a certificate changes ----

load "with --hsts" "$work/objects.yaml" --hsts
ask https://one.example.com/
ok "HSTS: $(said strict-transport-security)" grep -qiE '^strict-transport-security: max-age=[0-9]+' "$work/head"
ask https://stays.example.com/
ok "HSTS of every host with TLS" grep -qi '^strict-transport-security' "$work/head"
ask 'https://one.example.com/?status=500'
ok "HSTS with errors, too" grep -qi '^strict-transport-security' "$work/head"
ask http://plain.example.com/
same "no HSTS over plain HTTP" "" "$(said strict-transport-security)"
openssl x509 -in "$work/first.crt" -noout -serial >"$work/serial"
certificate first one.example.com one.other.test
sed -n '1,/^kind: Secret/p' "$work/objects.yaml" | sed '$d' >"$work/new.yaml"
{
	cat "$work/new.yaml"
	printf 'kind: ConfigMap\nmetadata: {name: x}\n'
	secret first
	ingress now '' "tls: [{hosts: [one.example.com], secretName: first}], rules: [$(rule one.example.com / Prefix one)]"
	ingress not '' "rules: [$(rule two.example.com / Prefix two)]"
} >"$work/objects.yaml"
load "another certificate" "$work/objects.yaml"
same "the new certificate" "$(openssl x509 -in "$work/first.crt" -noout -serial)" \
	"$(at openssl s_client -connect 127.0.0.1:443 -servername one.example.com 2>/dev/null | openssl x509 -noout -serial)"
same "TLS is gone" "" "$(handshake two.example.com)"
want "the redirect is gone" "200 web-2" http://two.example.com/
ask https://one.example.com/
same "HSTS is gone" "" "$(said strict-transport-security)"
