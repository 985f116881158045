#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# dns.sh [PART...]: what real name servers say about the zones of --target dns. Parts:
#  check   BIND, NSD and Knot find nothing wrong in the zones of all golden inputs;
#  names   names that are none are refused, whichever field has them, and nothing is printed;
#  ask     NSD serves the zones of an example, and answers as a cluster's own DNS does;
#  diff    applied to the records of one input, the lines of diff give those of another;
#  size    10,000 services with 100,000 headless endpoints: time, memory, and NSD loads the result.
# Runs as root, or as an ordinary user inside a new user namespace.
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
root=${here%/testdata/suites}
SVCRULES=$(realpath "${SVCRULES:-$root/build/svcrules}")
CLUSTER=${CLUSTER:-$root/build/cluster}
passed=0
failed=0
# shellcheck disable=SC2034 # of netns.sh
skipped=0
PATH=$PATH:/usr/sbin
NAME=dns
work= # set by netns.sh
# shellcheck source=testdata/suites/netns.sh
. "$(dirname "$0")/netns.sh"
parts=("$@")
[ $# -gt 0 ] || parts=(check names ask diff size)

ok() { # ok WHAT COMMAND...: WHAT is right if the command succeeds
	local what=$1
	shift
	if "$@" >"$work/why" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "not ok - $what"
		head -20 "$work/why"
	fi
}

same() { # same WHAT EXPECTED GOT
	ok "$1: expected '$2', got '$3'" [ "$2" = "$3" ]
}

# split FILE DIRECTORY: writes each zone of compile's output into a file of its own
split() {
	rm -rf "$2"
	mkdir "$2"
	awk -v to="$2" '/^; .*\.zone$/ { file = to "/" $2 } { print >file }' "$1"
}

# records FILE...: the records, sorted, without the SOA records and what is not a record
records() {
	grep -hvE '^(;|\$|$)|^[^ ]+ SOA ' "$@" | sort
}

# ---- check ----

# All owners of a zone file must be the zone's name or below it.
# shellcheck disable=SC2317 # called by ok
below() { # below ZONE FILE
	awk -v zone="$1." '
	/^[;$]/ || NF == 0 { next }
	$1 != zone && substr($1, length($1) - length(zone)) != "." zone { print "outside: " $0; bad = 1 }
	END { exit bad }' "$2"
}

# shellcheck disable=SC2317 # called by ok
unique() { # unique FILE
	! sort "$1" | grep -vE '^(;|\$|$)' | uniq -d | grep .
}

check_zones() { # check_zones WHAT DIRECTORY
	local file zone

	for file in "$2"/*.zone; do
		zone=$(basename "$file" .zone)
		ok "$1: BIND, $zone" named-checkzone -i full -k fail "$zone" "$file"
		ok "$1: NSD, $zone" nsd-checkzone "$zone" "$file"
		ok "$1: Knot, $zone" kzonecheck -o "$zone" "$file"
		ok "$1: names below $zone" below "$zone" "$file"
		ok "$1: each record once, $zone" unique "$file"
	done
}

part_check() {
	local case args f options sum rc
	declare -A seen

	for case in "$root"/testdata/golden/*/*/; do
		args=()
		for f in "$case"/input*; do
			args+=(-f "$f")
		done
		options=()
		[[ $case == */dns/* ]] && [ -e "$case/options" ] && read -r -a options <"$case/options"
		[[ ${options[*]} != '-o json' ]] || options=()
		"$SVCRULES" compile --target dns ${options[@]+"${options[@]}"} "${args[@]}" </dev/null \
			>"$work/text" 2>/dev/null
		rc=$?
		if [ $rc -ne 0 ]; then
			ok "$case: exit status $rc, and something is printed" [ ! -s "$work/text" ]
			continue
		fi
		sum=$(cksum <"$work/text")
		[ -z "${seen[$sum]:-}" ] || continue
		seen[$sum]=1
		split "$work/text" "$work/zones"
		check_zones "$(basename "$case")" "$work/zones"
	done
}

# ---- names ----

hostile_object() { # hostile_object FIELD TEXT: objects in which a field has the text, as JSON
	local name=web ns=x port=p hostname=h slice=p external=a.example.com other=x

	printf -v "$1" '%s' "$2"
	printf '{"kind":"Service","apiVersion":"v1","metadata":{"name":"%s","namespace":"%s"},' "$name" "$ns"
	printf '"spec":{"clusterIP":"None","ports":[{"name":"%s","port":80}]}}\n' "$port"
	printf '{"kind":"Service","apiVersion":"v1","metadata":{"name":"e","namespace":"x"},"spec":{"type":"ExternalName","externalName":"%s"}}\n' "$external"
	printf '{"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"name":"web-1","namespace":"%s","labels":{"kubernetes.io/service-name":"%s"}},' "$ns" "$name"
	printf '"addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"],"hostname":"%s"}],"ports":[{"name":"%s","port":80}]}\n' "$hostname" "$slice"
	printf '{"kind":"Endpoints","apiVersion":"v1","metadata":{"name":"l","namespace":"x"},"subsets":[{"addresses":[{"ip":"10.0.0.2","hostname":"%s"}],"ports":[{"name":"%s","port":80}]}]}\n' "$hostname" "$slice"
	printf '{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"%s"}}\n' "$other"
}

part_names() {
	local field text rc long
	# shellcheck disable=SC1003,SC2016 # texts of JSON, as they are
	local texts=('\"' '\\' 'a\nb' 'a\n$ORIGIN .\nb' ';' 'a;b' 'a b' '(' ')' '@' '*' '$INCLUDE' '\t' '\r' '\u0000' '\u0007a' 'é'
		'\u00e9' '-a' 'a-' 'A' 'a_b' '_a' '\\010' 'a\\.b' '.' '..' 'a..b' "a'b" 'a,b' '\u007f')

	long=$(printf 'a%.0s' {1..64})
	hostile_object none "" >"$work/good.json"
	ok "names that are right" "$SVCRULES" compile --target dns -f "$work/good.json"
	for field in name ns port hostname slice external other; do
		for text in "${texts[@]}" "$long" 'a.b'; do
			[[ $field != external || ($text != a.b && $text != "$long") ]] || continue
			hostile_object "$field" "$text" >"$work/bad.json"
			"$SVCRULES" compile --target dns -f "$work/bad.json" >"$work/text" 2>"$work/err"
			rc=$?
			same "exit status with '$text' as $field" 3 $rc
			ok "something is printed with '$text' as $field" [ ! -s "$work/text" ]
			ok "no object is named with '$text' as $field" grep -qE 'json: (Service|EndpointSlice|Endpoints|Namespace)' "$work/err"
		done
	done
}

# ---- ask ----

# start_nsd DIRECTORY ZONE...: serves the zone files in the directory
start_nsd() {
	local zones=$1 zone i

	shift
	sed -e "s|/var/lib/svcrules|${zones%/*}|" -e "s|/run/nsd/nsd.ctl|$work/nsd.ctl|" -e '/^zone:/,$d' \
		"$root/testdata/dns-servers/nsd.conf" >"$work/nsd.conf"
	{
		printf 'server:\n\tusername: ""\n\tpidfile: "%s"\n\txfrdfile: "%s"\n\txfrdir: "%s"\n' \
			"$work/nsd.pid" "$work/xfrd.state" "$work"
		printf '\tzonelistfile: "%s"\n\tdatabase: ""\n\tcookie-secret-file: ""\n' "$work/zone.list"
		for zone; do
			printf 'zone:\n\tname: "%s"\n\tzonefile: "%s/%s.zone"\n' "$zone" "${zones##*/}" "$zone"
		done
	} >>"$work/nsd.conf"
	at ip link set lo up
	trap 'stop_nsd; ip netns del "$netns" 2>/dev/null; rm -rf "$work"' EXIT
	at nsd -d -c "$work/nsd.conf" >"$work/nsd.log" 2>&1 &
	nsd=$!
	for ((i = 0; i < 200; i++)); do
		[ -n "$(ask +tries=1 +timeout=1 "$1" SOA 2>/dev/null)" ] && return
		kill -0 "$nsd" 2>/dev/null || break
		sleep 0.1
	done
	echo "NSD does not answer:"
	cat "$work/nsd.log"
	return 1
}

stop_nsd() {
	[ ! -s "$work/nsd.pid" ] || kill "$(cat "$work/nsd.pid")" 2>/dev/null
	wait "$nsd" 2>/dev/null
	rm -f "$work/nsd.pid"
}

ask() { # ask [+OPTION...] NAME TYPE: the data of the answer
	at dig +short +norecurse @127.0.0.1 -p 5353 "$@"
}

status() { # status NAME TYPE: the status and the number of answers
	at dig +norecurse @127.0.0.1 -p 5353 "$@" | awk '
	/status:/ { sub(",", "", $6); status = $6 }
	/ANSWER:/ { for (i = 1; i < NF; i++) if ($i == "ANSWER:") n = $(i + 1) + 0 }
	END { print status, n }'
}

answers() { # answers NAME TYPE EXPECTED...: the answers, in any order
	local name=$1 type=$2 got

	shift 2
	got=$(ask "$name" "$type" | sort | paste -sd ' ')
	same "$name $type" "$*" "$got"
}

part_ask() {
	local d=cluster.local

	"$SVCRULES" compile --target dns -f "$here/dns/asked.yaml" >"$work/text" || return
	split "$work/text" "$work/zones"
	check_zones asked "$work/zones"
	# shellcheck disable=SC2046 # names of zones have no blanks
	if ! start_nsd "$work/zones" $(basename -s .zone "$work"/zones/*.zone); then
		ok "NSD starts" false
		return
	fi
	answers web.production.svc.$d A 10.96.0.10
	answers web.production.svc.$d AAAA fd00:10:96::10
	answers _http._tcp.web.production.svc.$d SRV "0 100 80 web.production.svc.$d."
	answers _dns._udp.web.production.svc.$d SRV "0 100 53 web.production.svc.$d."
	answers db.production.svc.$d A 10.244.1.10 10.244.1.11
	answers db.production.svc.$d AAAA fd00:244::10
	answers db-0.db.production.svc.$d A 10.244.1.10
	answers db-0.db.production.svc.$d AAAA fd00:244::10
	answers 10-244-1-11.db.production.svc.$d A 10.244.1.11
	answers _sql._tcp.db.production.svc.$d SRV "0 100 5432 10-244-1-11.db.production.svc.$d." \
		"0 100 5432 db-0.db.production.svc.$d."
	answers 10.0.96.10.in-addr.arpa PTR web.production.svc.$d.
	answers 10.1.244.10.in-addr.arpa PTR db-0.db.production.svc.$d.
	same "dig -x fd00:10:96::10" "web.production.svc.$d." "$(ask -x fd00:10:96::10)"
	same "dig -x fd00:244::10" "db-0.db.production.svc.$d." "$(ask -x fd00:244::10)"
	answers ext.production.svc.$d CNAME db.example.com.
	answers ext.production.svc.$d A db.example.com.
	answers alias.production.svc.$d A 10.96.0.10 web.production.svc.$d.
	answers disguise.production.svc.$d CNAME 192.0.2.1.
	answers dns-version.$d TXT '"1.1.0"'
	answers $d NS ns.dns.$d.
	answers ns.dns.$d A 10.96.0.2
	same "status below an ExternalName" "NXDOMAIN 0" "$(status _x._tcp.ext.production.svc.$d SRV)"
	# names between exist without records, and names that do not exist differ
	for name in svc.$d production.svc.$d _tcp.web.production.svc.$d data.svc.$d empty.svc.$d dns.$d; do
		for type in A AAAA TXT SRV ANY; do
			same "$name $type" "NOERROR 0" "$(status "$name" $type)"
		done
	done
	same "no AAAA" "NOERROR 0" "$(status kube-dns.kube-system.svc.$d AAAA)"
	for name in none.svc.$d none.production.svc.$d down.data.svc.$d db-1.db.production.svc.$d pod.$d \
		web-0.web.production.svc.$d _none._tcp.web.production.svc.$d _unnamed._tcp.web.production.svc.$d; do
		same "$name" "NXDOMAIN 0" "$(status "$name" A)"
	done
	# a change is taken when NSD loads the files again, as the serial number differs
	sed 's/10\.96\.0\.10/10.96.0.11/' "$here/dns/asked.yaml" >"$work/changed.yaml"
	"$SVCRULES" compile --target dns -f "$work/changed.yaml" >"$work/text"
	sleep 1 # NSD compares times of files in seconds
	split "$work/text" "$work/new"
	mv "$work/zones" "$work/old" && mv "$work/new" "$work/zones" # as compile -o exchanges them
	at nsd-control -c "$work/nsd.conf" reload >/dev/null
	for ((i = 0; i < 50; i++)); do
		[ "$(ask web.production.svc.$d A)" = 10.96.0.10 ] || break
		sleep 0.1
	done
	answers web.production.svc.$d A 10.96.0.11
	stop_nsd
}

# ---- diff ----

part_diff() {
	local a b rc

	for a in "$root"/testdata/golden/dns/{headless-ready,reverse-default,namespaces,external-name,no-services}; do
		for b in "$root"/testdata/golden/dns/{headless-slices-merged,reverse-default,duplicates,endpoint-hostnames}; do
			"$SVCRULES" compile --target dns -f "$a/input.yaml" >"$work/a" 2>/dev/null
			"$SVCRULES" compile --target dns -f "$b/input.yaml" >"$work/b" 2>/dev/null
			"$SVCRULES" diff --target dns --from "$a/input.yaml" -f "$b/input.yaml" >"$work/diff" 2>/dev/null
			rc=$?
			same "exit status of diff, $a $b" "$([ "$a" = "$b" ] && echo 0 || echo 1)" $rc
			sed -n 's/^- //p' "$work/diff" | sort >"$work/gone"
			sed -n 's/^+ //p' "$work/diff" | sort >"$work/come"
			records "$work/a" | comm -23 - "$work/gone" | sort - "$work/come" >"$work/made"
			records "$work/b" >"$work/wanted"
			ok "diff $a $b" diff -u "$work/wanted" "$work/made"
			ok "gone lines that were not there: $a $b" [ -z "$(records "$work/a" | comm -13 - "$work/gone")" ]
		done
	done
}

# ---- size ----

measure() { # measure COMMAND...: the least processor time of nine runs, in milliseconds
	perl -e '
	my ($n, @command) = @ARGV;
	my $best;
	for (1 .. $n) {
		my $pid = fork // die;
		if (!$pid) { open STDOUT, ">", "/dev/null"; open STDERR, ">", "/dev/null"; exec @command; }
		my (@before) = times; waitpid $pid, 0; my @after = times;
		my $ms = 1000 * ($after[2] + $after[3] - $before[2] - $before[3]);
		$best = $ms if !defined $best || $ms < $best;
	}
	printf "%d\n", $best;' 9 "$@"
}

peak() { # peak COMMAND...: the most memory in KiB
	perl -e '
	my $pid = fork // die;
	if (!$pid) { open STDOUT, ">", "/dev/null"; open STDERR, ">", "/dev/null"; exec @ARGV; }
	waitpid $pid, 0;
	my $usage = "\0" x 144;
	syscall(98, -1, $usage) == 0 or die; # getrusage(RUSAGE_CHILDREN) of x86-64
	print unpack("x32 q", $usage), "\n";' "$@"
}

part_size() {
	local big=$work/big.json reading compiling empty objects all zone try

	"$CLUSTER" --services 10000 --endpoints 10 | sed -e 's/"clusterIP": "10[^"]*"/"clusterIP": "None"/' \
		-e '/"clusterIPs": \[/,/\]/s/"10[^"]*"/"None"/' >"$big"
	printf '{"kind":"Service","apiVersion":"v1","metadata":{"name":"a"},"spec":{"clusterIP":"10.96.0.1"}}' >"$work/one.json"
	# the target nftables has nothing to do for headless services: it reads
	for ((try = 0; try < 3; try++)); do # other programs disturb
		reading=$(measure "$SVCRULES" compile --allow-empty --node-name node1 -f "$big")
		compiling=$(measure "$SVCRULES" compile --target dns -f "$big")
		[ $((compiling * 100)) -gt $((reading * 150)) ] || break
	done
	ok "compile takes $compiling ms, and reading $reading ms" [ $((compiling * 100)) -le $((reading * 150)) ]
	echo "size: reading takes $reading ms of processor time, compile $compiling ms"
	if [ "$(uname -m)" = x86_64 ]; then
		empty=$(peak "$SVCRULES" compile --allow-empty --node-name node1 -f "$work/one.json")
		objects=$(peak "$SVCRULES" compile --allow-empty --node-name node1 -f "$big")
		all=$(peak "$SVCRULES" compile --target dns -f "$big")
		echo "size: objects take $((objects - empty)) KiB of memory, zones $((all - objects)) KiB more"
		ok "zones take no more memory than the objects" [ $((all - objects)) -le $((objects - empty)) ]
	fi
	"$SVCRULES" compile --target dns -f "$big" >"$work/text"
	split "$work/text" "$work/zones"
	same "records of 100,000 endpoints" 400000 "$(records "$work"/zones/* | grep -cvE ' (NS|TXT) |^ns\.dns')"
	# shellcheck disable=SC2046 # names of zones have no blanks
	if start_nsd "$work/zones" $(basename -s .zone "$work"/zones/*.zone); then
		zone=$(grep -m 1 -E '^[0-9-]+\..* A ' "$work/zones/cluster.local.zone")
		same "NSD serves the last of many" "${zone##* }" "$(ask "${zone%% *}" A)"
		stop_nsd
	else
		ok "NSD loads 400,000 records" false
	fi
}

for part in "${parts[@]}"; do
	case $part in
	check) part_check ;;
	names) part_names ;;
	ask) part_ask ;;
	diff) part_diff ;;
	size) part_size ;;
	*) ok "there is a part $part" false ;;
	esac
done
finish
