# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # of lib.sh
# limits.sh: annotations about sizes, rates, times and buffers: seen by requests, and off again.

start_endpoints
at ip link add sink type bridge
at ip link set sink up arp off
at ip route add 10.9.0.0/16 dev sink # nobody answers there
state=on

# with NAME SERVICE ANNOTATIONS [ALWAYS]: when $state is on with both, else with those of ALWAYS
with() {
	local notes=$3

	[ $state = on ] || notes=
	[ -z "${4:-}" ] || notes="$4${notes:+, $notes}"
	ingress "$1" "$notes" "rules: [$(rule "$1.example.com" / Prefix "$2")]"
}

both() { # both WHAT ON OFF URL [OPTION...]
	local what=$1 expected=$2

	[ $state = on ] || expected=$3
	shift 3
	want "$state, $what" "$expected" "$@"
}

objects() {
	services
	service void 10.9.0.1
	with body one "$(note proxy-body-size 10)"
	with body-0 one "$(note proxy-body-size 0)"
	with body-k one "$(note proxy-body-size 2k)"
	with body-m one "$(note proxy-body-size 3m)"
	with rps one "$(note limit-rps 1)"
	with rpm one "$(note limit-rpm 4)"
	with burst one "$(note limit-rps 1), $(note limit-burst-multiplier 2)"
	with excepted one "$(note limit-rps 1), $(note limit-whitelist '10.2.0.1/32, 10.99.0.0/16')"
	with connections one "$(note limit-connections 1)"
	with connect void "$(note proxy-connect-timeout 1)"
	with read one "$(note proxy-read-timeout 1)"
	with send one "$(note proxy-send-timeout 1)" "$(note proxy-body-size 0)"
	with header one "$(note proxy-buffer-size 16k)"
	with header-64 one "$(note proxy-buffer-size 64k)"
	with header-1m one "$(note proxy-buffer-size 1m)"
	with header-1 one "$(note proxy-buffer-size 1k)"
	with buffer one "$(note client-body-buffer-size 100k)"
	with buffered one "$(note proxy-buffering on)"
	with unbuffered one "$(note proxy-buffering off)"
}

head -c 8000000 /dev/zero >"$work/8m"
head -c 2000000 /dev/zero >"$work/2m"
head -c 50000 /dev/zero >"$work/50k"

check_sizes() {
	both "10 bytes" "200 web-1" "200 web-1" http://body.example.com/ -d 0123456789
	both "11 bytes" 413 "200 web-1" http://body.example.com/ -d 0123456789a
	both "11 bytes in chunks" 413 "200 web-1" http://body.example.com/ -H 'Transfer-Encoding: chunked' -d 0123456789a
	both "no limit" "200 web-1" 413 http://body-0.example.com/ --data-binary "@$work/2m"
	both "2k" 413 "200 web-1" http://body-k.example.com/ --data-binary "@$work/50k"
	both "3m" "200 web-1" 413 http://body-m.example.com/ --data-binary "@$work/2m"
	both "a header of 6 kB" "200 web-1" 502 'http://header.example.com/?big=6000'
	both "a header of 30 kB" 502 502 'http://header.example.com/?big=30000'
	both "a header of 30 kB" "200 web-1" 502 'http://header-64.example.com/?big=30000'
	both "a header of 30 kB" "200 web-1" 502 'http://header-1m.example.com/?big=30000'
	both "a header of 2 kB" 502 "200 web-1" 'http://header-1.example.com/?big=2000'
	at sh -c ": >'$work/error.log'"
	both "a body of 50 kB" "200 web-1" "200 web-1" http://buffer.example.com/ --data-binary "@$work/50k"
	same "$state, client-body-buffer-size: files of bodies" "$([ $state = on ] && echo 0 || echo 1)" \
		"$(grep -c 'request body is buffered to a temporary file' "$work/error.log")"
}

# burst NAME COUNT [OPTION...]: how many of so many requests at once are answered with 200, and with 503
burst() {
	local name=$1 count=$2 i

	shift 2
	for ((i = 0; i < count; i++)); do
		printf 'url = "http://%s.example.com/"\noutput = "/dev/null"\n' "$name"
	done >"$work/urls"
	at_with "$work/urls" curl -sK - -m 8 -w '%{http_code}\n' --connect-to '::127.0.0.1:' "$@" >"$work/codes"
	good=$(grep -c 200 "$work/codes")
	bad=$(grep -c 503 "$work/codes")
}

# rate WHAT NAME ON COUNT [OPTION...]: ON of COUNT requests at once are answered, one or two more if the
# machine is slow; when the state is off, all of them
rate() {
	local what=$1 name=$2 on=$3 count=$4

	shift 4
	[ $state = on ] || on=$count
	burst "$name" "$count" "$@"
	ok "$state, $what: $good answered and $bad not, $on expected" [ "$good" -ge "$on" -a "$good" -le $((on + 2)) -a $((good + bad)) = "$count" ]
}

check_rates() {
	rate limit-rps rps 6 20
	rate "limit-rps, another client" rps 6 20 --interface 10.2.0.1 --connect-to '::10.2.0.1:'
	rate limit-rpm rpm 21 40
	rate limit-burst-multiplier burst 3 20
	rate limit-whitelist excepted 20 20 --interface 10.2.0.1 --connect-to '::10.2.0.1:'
	rate "not in limit-whitelist" excepted 6 20 --interface 10.2.0.2 --connect-to '::10.2.0.1:'
}

# Those that take long run at the same time.
check_times() {
	local time

	later hold 'http://connections.example.com/?wait=1.5'
	later connect http://connect.example.com/ -m 3
	later read 'http://read.example.com/?wait=2'
	later send 'http://send.example.com/?unread=2.5' -m 30 --data-binary "@$work/8m"
	# the headers and half of the body come at once, unless the answer is buffered
	for name in buffered unbuffered; do
		at curl -gsk -m 0.9 -o "$work/half.$name" --connect-to '::127.0.0.1:' "http://$name.example.com/?drip=2" 2>/dev/null &
		waiting+=($!)
	done
	for ((i = 0; i < 100; i++)); do # until the endpoint has the first request
		grep -q 'wait=1.5' "$work/seen" && break
		sleep 0.02
	done
	both "limit-connections" 503 "200 web-1" http://connections.example.com/
	want "$state, another client" "200 web-1" http://connections.example.com/ --interface 10.2.0.1 --connect-to '::10.2.0.1:'
	all_came
	read -r code time <"$work/later.hold"
	same "$state, the first connection" 200 "$code"
	want "$state, the first one has ended" "200 web-1" http://connections.example.com/
	read -r code time <"$work/later.connect"
	same "$state, proxy-connect-timeout" "$([ $state = on ] && echo 504 || echo 000)" "$code"
	[ $state = off ] || ok "proxy-connect-timeout: $time s" awk -v t="$time" 'BEGIN { exit !(t > 0.9 && t < 2.9) }'
	read -r code time <"$work/later.read"
	same "$state, proxy-read-timeout" "$([ $state = on ] && echo 504 || echo 200)" "$code"
	read -r code time <"$work/later.send"
	same "$state, proxy-send-timeout" "$([ $state = on ] && echo 504 || echo 200)" "$code"
	half_buffered=$([ -s "$work/half.buffered" ] && echo some || echo none)
	half_unbuffered=$([ -s "$work/half.unbuffered" ] && echo some || echo none)
	if [ $state = on ]; then
		same "on, proxy-buffering on and off" "none some" "$half_buffered $half_unbuffered"
	else
		same "off, proxy-buffering" "$half_buffered" "$half_unbuffered"
	fi
	rm -f "$work"/half.* "$work/seen"
	: >"$work/seen"
}

for state in on off; do
	objects >"$work/objects.yaml"
	load "limits $state" "$work/objects.yaml"
	check_times
	check_sizes
	check_rates
done
