#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# reviews.sh [--update] [CASE...]: what a reviewer reads. For each case in testdata/reviews,
# overlay.yaml is laid over cluster.yaml, and 'svcrules diff' compares both: expected.txt and
# expected.md are what it prints as text and as Markdown, expected.err are its messages,
# expected.rc is the exit status if it is not 1; options
# has further options. Then bounds: of lines, of the size of a comment, of time; and colours.
set -u
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
svcrules=$(realpath "${SVCRULES:-$root/build/svcrules}")
passed=0 failed=0 skipped=0 update=false
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

check() { # check WHAT EXPECTED GOT: EXPECTED is a regular expression
	if [[ $3 =~ ^$2$ ]]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "not ok - $1: expected '$2', got '$3'"
	fi
}

same() { # same CASE FILE: the file of the case and what is in the work folder
	$update && cp "$work/$2" "$2"
	if diff -u --label "$1/$2" --label now "$2" "$work/$2"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "not ok - $1/$2"
	fi
}

one_case() { # one_case NAME
	local more=() base=(-f ../cluster.yaml) from code

	cd "$root/testdata/reviews/$1" || exit 2
	[ -e options ] && read -r -a more <options
	# an input that is added is added to both sides
	from=../cluster.yaml
	if [[ ${more[*]-} == *pods.yaml* ]]; then
		from=$work/all.yaml
		cat ../cluster.yaml <(echo ---) ../pods.yaml >"$from"
		base=(-f "$from")
		more=("${more[@]:2}")
	fi
	[[ ${more[*]-} == *--node-name* ]] || more+=(--node-name node1)
	"$svcrules" diff --from "$from" "${base[@]}" --overlay overlay.yaml "${more[@]}" \
		>"$work/expected.txt" 2>"$work/expected.err"
	code=$?
	check "$1: exit status" "$(cat expected.rc 2>/dev/null || echo 1)" $code
	"$svcrules" diff --from "$from" "${base[@]}" --overlay overlay.yaml "${more[@]}" -o markdown \
		>"$work/expected.md" 2>/dev/null
	code=$?
	check "$1: exit status of Markdown" "$(cat expected.rc 2>/dev/null || echo 1)" $code
	"$svcrules" diff --from "$from" "${base[@]}" --overlay overlay.yaml "${more[@]}" \
		--color=always 2>/dev/null | sed 's/\x1b\[[0-9]*m//g' >"$work/plain"
	if cmp -s "$work/plain" "$work/expected.txt"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "not ok - $1: colours change the text"
	fi
	same "$1" expected.txt
	same "$1" expected.md
	same "$1" expected.err
}

# cluster N FIRST: N services with two endpoints each, whose last bytes are FIRST and the next.
cluster() {
	awk -v n="$1" -v first="$2" 'BEGIN {
		for (i = 0; i < n; i++) {
			a = int(i / 250) "." i % 250
			printf "{\"kind\":\"Service\",\"metadata\":{\"name\":\"s%d\",\"namespace\":\"shop\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\"},\"spec\":{\"clusterIP\":\"10.96.%s\",\"selector\":{\"app\":\"s%d\"},\"ports\":[{\"name\":\"http\",\"port\":80,\"targetPort\":8080}]}}\n", i, a, i
			printf "{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"s%d-1\",\"namespace\":\"shop\",\"labels\":{\"kubernetes.io/service-name\":\"s%d\"}},\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"http\",\"port\":8080}],\"endpoints\":[", i, i
			printf "{\"addresses\":[\"10.%d.%s\"]},{\"addresses\":[\"10.%d.%s\"]}]}\n", first, a, first + 1, a
		}
	}'
}

# ports N NAME: a service with N ports, whose names begin with NAME, and ten slices.
ports() {
	awk -v n="$1" -v name="$2" 'BEGIN {
		printf "{\"kind\":\"Service\",\"metadata\":{\"name\":\"s\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\"},\"spec\":{\"type\":\"NodePort\",\"clusterIP\":\"10.96.0.1\",\"selector\":{\"app\":\"s\"},\"ports\":["
		for (i = 1; i <= n; i++)
			printf "%s{\"name\":\"%s%d\",\"port\":%d}", (i > 1 ? "," : ""), name, i, i
		print "]}}"
		for (k = 0; k < 10; k++) {
			printf "{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"s%d\",\"labels\":{\"kubernetes.io/service-name\":\"s\"}},\"addressType\":\"IPv4\",\"endpoints\":[{\"addresses\":[\"10.1.0.%d\"]}],\"ports\":[", k, k + 1
			for (i = 1; i <= n; i++)
				printf "%s{\"name\":\"%s%d\",\"port\":%d}", (i > 1 ? "," : ""), name, i, i
			print "]}"
		}
	}'
}

# endpoints N FIRST POLICY: a service with N endpoints on this node, whose addresses begin with 10.FIRST.
endpoints() {
	awk -v n="$1" -v first="$2" -v policy="$3" 'BEGIN {
		printf "{\"kind\":\"Service\",\"metadata\":{\"name\":\"s\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\"},\"spec\":{\"type\":\"LoadBalancer\",\"externalTrafficPolicy\":\"%s\",\"clusterIP\":\"10.96.0.1\",\"externalIPs\":[\"203.0.113.1\"],\"selector\":{\"app\":\"s\"},\"ports\":[{\"port\":80}]}}\n", policy
		printf "{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"s\",\"labels\":{\"kubernetes.io/service-name\":\"s\"}},\"addressType\":\"IPv4\",\"ports\":[{\"port\":80}],\"endpoints\":["
		for (i = 0; i < n; i++)
			printf "%s{\"addresses\":[\"10.%d.%d.%d\"],\"nodeName\":\"n\"}", (i ? "," : ""), first, int(i / 250), i % 250 + 1
		print "]}"
	}'
}

# seconds COMMAND...: its processor time, in milliseconds
milliseconds() {
	local TIMEFORMAT='%U %S' t

	t=$({ time "$@" >/dev/null 2>&1; } 2>&1)
	awk '{ print int(($1 + $2) * 1000) }' <<<"$t"
}

bounds() {
	local many=$work/many few=$work/few out size small large

	cd "$work" || exit 2
	cluster 5000 1 >"$many-old.json"
	cluster 5000 2 >"$many-new.json"
	cluster 1250 1 >"$few-old.json"
	cluster 1250 2 >"$few-new.json"
	out=$("$svcrules" diff --from "$many-old.json" -f "$many-new.json" --node-name n 2>/dev/null)
	check "without --limit, 100 services" 100 "$(grep -c '^~ Service ' <<<"$out")"
	check "the others are counted" "... and 4900 more services; --limit 0 shows all" \
		"$(grep '^\.\.\. and .* more services' <<<"$out")"
	check "the last line" "Plan: 0 services to add, 5000 to change, 0 to remove; 5000 endpoints to add, 5000 to remove" \
		"$(tail -n 1 <<<"$out")"
	out=$("$svcrules" diff --from "$many-old.json" -f "$many-new.json" --node-name n --limit 3 2>/dev/null)
	check "--limit 3" 3 "$(grep -c '^~ Service ' <<<"$out")"
	out=$("$svcrules" diff --from "$many-old.json" -f "$many-new.json" --node-name n --limit 0 2>/dev/null)
	check "--limit 0" 5000 "$(grep -c '^~ Service ' <<<"$out")"
	out=$("$svcrules" diff --from "$many-old.json" -f "$many-new.json" --node-name n --limit 4999 2>/dev/null)
	check "one is left out" "... and 1 more service; --limit 0 shows all" "$(grep '^\.\.\. and .* more service' <<<"$out")"
	for limit in 0 100; do
		"$svcrules" diff --from "$many-old.json" -f "$many-new.json" --node-name n -o markdown --limit $limit >"$work/md" 2>/dev/null
		size=$(wc -c <"$work/md")
		check "a comment with --limit $limit has $size characters" true "$([ "$size" -lt 65536 ] && echo true)"
		check "it says what is left out" ".*more addresses and ports, which are left out here.*" "$(tr '\n' ' ' <"$work/md")"
		check "its details end" "</details>" "$(tail -n 1 "$work/md")"
	done
	sed 's/"10[.]96[.]/"10.97./' "$few-new.json" >"$few-moved.json"
	# many endpoints of one service, which are all others, with either policy
	for policy in Cluster Local; do
		for n in 2500 10000; do
			endpoints $n 1 Local >"$work/old$n.json"
			endpoints $n 2 $policy >"$work/new$n.json"
		done
		small=$(milliseconds "$svcrules" diff --from "$work/old2500.json" -f "$work/new2500.json" --node-name n -o markdown)
		large=$(milliseconds "$svcrules" diff --from "$work/old10000.json" -f "$work/new10000.json" --node-name n -o markdown)
		check "2500 endpoints, policy $policy, take $small ms, 10000 take $large ms" true "$([ "$large" -lt $((small * 8 + 300)) ] && echo true)"
	done
	for target in ipvs iptables dns; do
		"$svcrules" diff --target $target --from "$few-old.json" -f "$few-moved.json" -o markdown >"$work/md" 2>/dev/null
		size=$(wc -c <"$work/md")
		check "a comment for the target $target has $size characters" true "$([ "$size" -lt 65536 ] && echo true)"
		check "its details end, for the target $target" "</details>" "$(tail -n 1 "$work/md")"
	done
	# many ports of one service that are all renamed, over many slices of it
	ports 1000 p >"$work/ports.json"
	ports 1000 q | sed /EndpointSlice/d >"$work/ports-over.json"
	ports 4000 p >"$work/ports4.json"
	ports 4000 q | sed /EndpointSlice/d >"$work/ports4-over.json"
	small=$(milliseconds "$svcrules" diff --from "$work/ports.json" -f "$work/ports.json" --overlay "$work/ports-over.json" --node-name n)
	large=$(milliseconds "$svcrules" diff --from "$work/ports4.json" -f "$work/ports4.json" --overlay "$work/ports4-over.json" --node-name n)
	check "renamed ports keep their endpoints" "Plan: 0 services to add, 1 to change, 0 to remove; 0 endpoints to add, 0 to remove" \
		"$("$svcrules" diff --from "$work/ports.json" -f "$work/ports.json" --overlay "$work/ports-over.json" --node-name n 2>/dev/null | tail -n 1)"
	check "1000 renamed ports take $small ms, 4000 take $large ms" true "$([ "$large" -lt $((small * 8 + 300)) ] && echo true)"
	for value in x -1 1x 99999999999999999999; do
		"$svcrules" diff --from "$few-old.json" -f "$few-new.json" --limit "$value" >/dev/null 2>"$work/said"
		check "--limit $value" "2: svcrules: --limit: '.*' is not valid, expected a number, 0 for all" "$?: $(<"$work/said")"
	done
	check "colours are off in a pipe" "" "$("$svcrules" diff --from "$few-old.json" -f "$few-new.json" --node-name n 2>/dev/null | grep -c $'\x1b' | grep -v '^0$')"
	small=$(milliseconds "$svcrules" diff --from "$few-old.json" -f "$few-new.json" --node-name n --limit 0)
	large=$(milliseconds "$svcrules" diff --from "$many-old.json" -f "$many-new.json" --node-name n --limit 0)
	check "1250 services take $small ms, 5000 take $large ms" true "$([ "$large" -lt $((small * 8 + 300)) ] && echo true)"
	# all of them overlaid, with other selectors
	sed 's/"app":"s/"app":"t/' "$few-old.json" | grep '"Service"' >"$few-over.json"
	sed 's/"app":"s/"app":"t/' "$many-old.json" | grep '"Service"' >"$many-over.json"
	small=$(milliseconds "$svcrules" diff --from "$few-old.json" -f "$few-old.json" --overlay "$few-over.json" --node-name n)
	large=$(milliseconds "$svcrules" diff --from "$many-old.json" -f "$many-old.json" --overlay "$many-over.json" --node-name n)
	check "1250 overlaid take $small ms, 5000 take $large ms" true "$([ "$large" -lt $((small * 8 + 300)) ] && echo true)"
}

terminal() { # terminal [VARIABLE=VALUE...]: starts of the lines that are printed on a terminal, with $colour
	local red=$'\033[31m' off=$'\033[0m'

	env "$@" script -qec "$svcrules diff --from all.yaml -f all.yaml --overlay overlay.yaml --node-name node1 $colour" /dev/null 2>/dev/null |
		grep -v '^svcrules: ' | sed "s/${red/[/\\[}/<red>/g; s/${off/[/\\[}/<off>/g; s/production.*stops/...stops/; s/ 2 of its.*//" | tr -d '\r' | head -n 1
}

colours() {
	local colour="" plain="! Service ...stops serving" red

	cd "$work" || exit 2
	cat "$root/testdata/reviews/cluster.yaml" <(echo ---) "$root/testdata/reviews/pods.yaml" >all.yaml
	cp "$root/testdata/reviews/selector-broken/overlay.yaml" .
	red=$(colour=--color=always terminal TERM=xterm NO_COLOR=)
	check "what stops serving is red" "<red>!<off> Service ...stops serving<off>" "$red"
	check "on a terminal" "$red" "$(terminal TERM=xterm NO_COLOR=)"
	check "with NO_COLOR" "$plain" "$(terminal TERM=xterm NO_COLOR=1)"
	check "on a terminal that has no colours" "$plain" "$(terminal TERM=dumb NO_COLOR=)"
	colour=--color=never
	check "--color=never" "$plain" "$(terminal TERM=xterm NO_COLOR=)"
	colour=--color=always
	check "--color=always with NO_COLOR" "$red" "$(terminal TERM=xterm NO_COLOR=1)"
	check "--color=x" "2: svcrules: --color: 'x' is not known, expected one of: always never auto" \
		"$("$svcrules" diff --from all.yaml -f all.yaml --color=x >/dev/null 2>said; echo "$?: $(<said)")"
}

if [ "${1:-}" = --update ]; then
	update=true
	shift
fi
whole=false
[ $# -gt 0 ] || whole=true
if $whole; then
	cd "$root/testdata/reviews" || exit 2
	set -- */
fi
for name; do
	one_case "${name%/}"
done
$whole && bounds
$whole && colours
echo "reviews: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
