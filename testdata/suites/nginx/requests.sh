# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154,SC2016 # of lib.sh; $1 is of a rewrite
# requests.sh: headers that an endpoint gets, WebSocket, gRPC, HTTPS endpoints, custom errors.

start_endpoints
certificate one one.example.com

# an endpoint that speaks HTTP/2 without TLS alone
mkdir "$work/grpc"
cat >"$work/grpc.conf" <<-CONF
	pid $work/grpc.pid;
	events {}
	http {
		access_log off;
		server {
			listen 10.1.0.2:9000 http2;
			default_type application/grpc;
			add_header grpc-status 0;
			return 200 "grpc \$request_method \$request_uri \$content_length\n\$server_protocol \$http_content_type te=\$http_te host=\$host\n";
		}
		server {
			listen 10.1.0.2:9443 ssl;
			ssl_certificate $work/one.crt;
			ssl_certificate_key $work/one.key;
			return 200 "https \$request_method \$request_uri 0\nhost: \$http_host\n";
		}
	}
CONF
at nginx -c "$work/grpc.conf" -g "error_log $work/grpc.log;"

other_port() { # other_port NAME ADDRESS PORT
	printf -- '---\nkind: Service\nmetadata: {name: %s}\nspec: {clusterIP: 10.96.0.9, ports: [{name: http, port: 80}]}\n' "$1"
	slice "$1" 1 IPv4 "$3" "$2"
}

{
	services
	secret one
	other_port grpc 10.1.0.2 9000
	other_port tls 10.1.0.9 8443
	ingress plain '' "rules: [$(rule plain.example.com / Prefix one)]"
	ingress one "$(note ssl-redirect false)" "tls: [{hosts: [one.example.com], secretName: one}], rules: [$(rule one.example.com / Prefix one)]"
	ingress grpc "$(note backend-protocol GRPC), $(note ssl-redirect false)" \
		"tls: [{hosts: [grpc.example.com], secretName: one}], rules: [$(rule grpc.example.com / Prefix grpc)]"
	ingress https "$(note backend-protocol HTTPS)" "rules: [$(rule https.example.com / Prefix tls)]"
	ingress http "$(note backend-protocol HTTP)" "rules: [$(rule http.example.com / Prefix one)]"
	ingress wrong '' "rules: [$(rule wrong.example.com / Prefix tls)]"
	ingress untrue "$(note backend-protocol HTTPS)" "rules: [$(rule untrue.example.com / Prefix one)]"
	ingress no-grpc "$(note backend-protocol GRPC)" "rules: [$(rule no-grpc.example.com / Prefix one)]"
	ingress rewrite "$(note rewrite-target '/$1')" "rules: [$(rule rewrite.example.com '/x/(.*)' ImplementationSpecific one)]"
	ingress snippet "$n/configuration-snippet: 'proxy_set_header Upgrade \$http_upgrade; proxy_set_header Connection \"upgrade\";'" \
		"rules: [$(rule snippet.example.com / Prefix one)]"
	ingress snippet-2 "$n/configuration-snippet: \"proxy_set_header Upgrade \$http_upgrade;\\nproxy_set_header Connection \$connection_upgrade;\\n\"" \
		"rules: [$(rule snippet-2.example.com / Prefix one)]"
} >"$work/objects.yaml"
load requests "$work/objects.yaml"

# ---- headers ----

heads() { # heads: what an endpoint is told of the client
	echo "$(sent x-real-ip) $(sent x-forwarded-for) $(sent x-forwarded-host) $(sent x-forwarded-port)" \
		"$(sent x-forwarded-proto) $(sent x-forwarded-scheme) $(sent x-scheme)"
}
lies=(-H 'X-Real-IP: 9.9.9.9' -H 'X-Forwarded-For: 9.9.9.9' -H 'X-Forwarded-Host: evil.test' -H 'X-Forwarded-Port: 1'
	-H 'X-Forwarded-Proto: https' -H 'X-Forwarded-Scheme: https' -H 'X-Scheme: https' -H 'X-Original-Forwarded-For: 9.9.9.9'
	-H 'Forwarded: for=9.9.9.9' -H 'X-Forwarded-Prefix: /evil')
truth="127.0.0.1 127.0.0.1 plain.example.com 80 http http http"
ask http://plain.example.com/
same "headers" "$truth" "$(heads)"
ask http://plain.example.com/ "${lies[@]}"
same "what a client says is not believed" "$truth" "$(heads)"
ask http://plain.example.com/ -H 'x_forwarded_proto: https' -H 'X-FORWARDED-FOR: 9.9.9.9' -H 'X_Real_IP: 9.9.9.9'
same "in other letters" "$truth" "$(heads)"
same "names with underscores are dropped" "" "$(sent x_forwarded_proto)$(sent x_real_ip)"
ask https://one.example.com/
same "headers of TLS" "127.0.0.1 127.0.0.1 one.example.com 443 https https https" "$(heads)"
ask http://plain.example.com/ --interface 10.2.0.1 --connect-to '::10.2.0.1:'
same "another client" "10.2.0.1 10.2.0.1" "$(heads | cut -d' ' -f1,2)"
code=$(at curl -gs -o "$work/body" -w '%{http_code}' --connect-to '::[::1]:' http://plain.example.com/)
same "a client of IPv6" "200 ::1 ::1" "$code $(heads | cut -d' ' -f1,2)"
ask http://plain.example.com/ -H 'Host: PLAIN.example.com:80'
same "Host goes through" PLAIN.example.com:80 "$(sent host)"
ask http://plain.example.com/ -H 'Proxy: http://evil.test/'
same "Proxy is removed" "" "$(sent proxy)"
ask http://plain.example.com/ -H 'X-Request-ID: mine-1'
same "X-Request-ID is passed" mine-1 "$(sent x-request-id)"
ask http://plain.example.com/
made=$(sent x-request-id)
ok "X-Request-ID is made: $made" grep -qE '^[0-9a-f]{32}$' <<<"$made"
ask http://plain.example.com/
ok "another one each time" [ "$made" != "$(sent x-request-id)" ]
ask http://plain.example.com/ -H 'X-Other: kept' -H 'Cookie: a=b; c=d' -H 'Authorization: Bearer x' -H 'Accept-Encoding: br' -H 'Range: bytes=1-'
same "other headers are kept" "kept a=b; c=d Bearer x br bytes=1-" \
	"$(sent x-other) $(sent cookie) $(sent authorization) $(sent accept-encoding) $(sent range)"
ask 'http://plain.example.com/?set=Set-Cookie:%20a=b;%20Path=/x;%20Domain=internal'
same "Set-Cookie comes back unchanged" "a=b; Path=/x; Domain=internal" "$(said set-cookie)"
for to in http://plain.example.com/next http://10.1.0.1:8080/y /z https://other.test/; do
	ask "http://plain.example.com/?status=302&set=Location:$to"
	same "Location comes back unchanged" "$to" "$(said location)"
done
ask 'http://plain.example.com/?set=Server:%20mine'
ok "no version of nginx is told: $(said server)" [ "$(said server | grep -c '/[0-9]')" = 0 ]
want "404 of an endpoint" "404 web-1" 'http://plain.example.com/?status=404'
want "500 of an endpoint" "500 web-1" 'http://plain.example.com/?status=500'
ask http://plain.example.com/ -I
same "HEAD" 200 "$code"
ask http://plain.example.com/ -H 'Expect: 100-continue' -d "$(printf 'x%.0s' {1..2000})"
same "100-continue" "200 2000" "$code $got"
ask http://rewrite.example.com/x/y "${lies[@]}"
same "headers with a rewrite" "127.0.0.1 127.0.0.1 rewrite.example.com 80 http http http" "$(heads)"
# smuggling: two lengths
same "a length and chunks" 400 "$(raw 'POST / HTTP/1.1\r\nHost: plain.example.com\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n' |
	head -n 1 | cut -d' ' -f2)"
same "two lengths" 400 "$(raw 'POST / HTTP/1.1\r\nHost: plain.example.com\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde' | head -n 1 | cut -d' ' -f2)"

# ---- upgrades, gRPC, HTTPS ----

talk() { # talk HOST PORT [tls]
	at python3 "$here/talk.py" websocket 127.0.0.1 "$2" "$1" ${3:+"$3"} 2>&1 | tail -n 1
}
same "WebSocket" "101 web-1 hello web-1 again" "$(talk plain.example.com 80)"
same "WebSocket over TLS" "101 web-1 hello web-1 again" "$(talk one.example.com 443 tls)"
same "WebSocket with the snippet that is not needed" "101 web-1 hello web-1 again" "$(talk snippet.example.com 80)"
same "WebSocket with the other snippet" "101 web-1 hello web-1 again" "$(talk snippet-2.example.com 80)"
ok "a notice that the snippet is not needed" grep -q 'notice: .*Ingress default/snippet: .*configuration-snippet' "$work/said"
ask http://plain.example.com/
same "no upgrade without a wish" "" "$(sent upgrade)$(sent connection | grep -i upgrade)"
ask https://grpc.example.com/pkg.Service/Method --http2 -H 'Content-Type: application/grpc' -H 'TE: trailers' -d "$(printf 'abcde')"
same "gRPC" "200 grpc POST /pkg.Service/Method 5" "$code $who $method $target $got"
same "gRPC, the endpoint" "HTTP/2.0 application/grpc te=trailers host=grpc.example.com" "$(sed -n 2p "$work/body")"
same "gRPC, the answer" "application/grpc 0" "$(said content-type) $(said grpc-status)"
ask http://grpc.example.com/a%2Fb
same "gRPC, a client of HTTP/1.1" "200 grpc /a%2Fb" "$code $who $target"
want "HTTPS to the endpoint" "200 tls /a%2Fb?c" 'http://https.example.com/a%2Fb?c'
same "Host to it" https.example.com "$(sent host)"
want "HTTP" "200 web-1" http://http.example.com/
# connections that are kept open are those of one protocol
for _ in 1 2 3; do
	want "HTTP to an endpoint of HTTPS" 502 http://wrong.example.com/
	want "HTTPS to the same" "200 tls" http://https.example.com/
	want "HTTP to an endpoint of HTTP" "200 web-1" http://plain.example.com/
	want "HTTPS to the same" 502 http://untrue.example.com/
	want "gRPC to the same" 502 http://no-grpc.example.com/
	want "gRPC" "200 grpc" http://grpc.example.com/
done

# ---- what is trusted ----

load "with --trust-forwarded" "$work/objects.yaml" --trust-forwarded 10.2.0.1/32
ask http://plain.example.com/ "${lies[@]}" --interface 10.2.0.2 --connect-to '::10.2.0.1:'
same "a client that is not trusted" "10.2.0.2 10.2.0.2 plain.example.com 80 http http http" "$(heads)"
ask http://plain.example.com/ "${lies[@]}" --interface 10.2.0.1 --connect-to '::10.2.0.1:'
same "a client that is trusted: the address" 9.9.9.9 "$(sent x-real-ip)"
ok "the list of addresses: $(sent x-forwarded-for)" grep -q '9\.9\.9\.9' <<<"$(sent x-forwarded-for)"
same "the scheme" https "$(sent x-forwarded-proto)"
ask http://plain.example.com/ -H 'X-Forwarded-For: 1.1.1.1, 9.9.9.9' --interface 10.2.0.1 --connect-to '::10.2.0.1:'
same "the nearest that is not trusted" 9.9.9.9 "$(sent x-real-ip)"
load "without --trust-forwarded" "$work/objects.yaml"
ask http://plain.example.com/ "${lies[@]}" --interface 10.2.0.1 --connect-to '::10.2.0.1:'
same "nobody is trusted" "10.2.0.1 10.2.0.1 plain.example.com 80 http http http" "$(heads)"
