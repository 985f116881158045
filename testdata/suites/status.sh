#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# status.sh [CASE...]: 'svcrules status' and 'svcrules get' on rules of the kernel: what is installed,
# and each kind of change that nft(8) makes is named. Runs as root, or as an ordinary user inside a
# new user namespace. CASE is the name of a function below.
# shellcheck disable=SC2317 # functions called by name
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
root=${here%/testdata/suites}
SVCRULES=$(realpath "${SVCRULES:-$root/build/svcrules}")
passed=0
failed=0
skipped=0

NAME=${NAME:-status}
# shellcheck source=testdata/suites/netns.sh
. "$(dirname "$0")/netns.sh"

services=$root/testdata/example/services.json
policies=$root/testdata/example/policies.json
STATE=/run/svcrules

check() { # check WHAT EXPECTED GOT
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'not ok - %s: expected\n%s\ngot\n%s\n' "$1" "$2" "$3"
	fi
}

has() { # has WHAT TEXT: OUTPUT has the text
	case $OUTPUT in
	*"$2"*) passed=$((passed + 1)) ;;
	*)
		failed=$((failed + 1))
		printf 'not ok - %s: no "%s" in\n%s\n' "$1" "$2" "$OUTPUT"
		;;
	esac
}

run() { # run COMMAND [OPTION...]: sets OUTPUT and STATUS
	OUTPUT=$(at "$SVCRULES" "$@" 2>&1)
	STATUS=$?
}

install() { # install [OPTION...]
	at "$SVCRULES" delete --quiet
	run apply -f "$services" --node-name node1 "$@"
	check "install $*" 0 "$STATUS"
}

state_file() { # state_file TABLE
	echo "$STATE/nftables-$1-$(at stat -Lc %i /proc/self/ns/net)"
}

# drifts WHAT LINE...: status names exactly these differences, and exits with 1
drifts() {
	local what=$1
	shift
	run status
	check "$what: exit status" 1 "$STATUS"
	check "$what: differences" "$(printf '%s\n' "$@")" "$(sed -n 's/^  drift:    //p' <<<"$OUTPUT")"
}

# drift_case WHAT COMMAND LINE...: after the command of nft(8), on fresh rules
drift_case() {
	local what=$1 command=$2
	shift 2
	install
	at nft "$command" || failed=$((failed + 1))
	drifts "$what" "$@"
}

nothing() {
	run status
	check "nothing: exit status" 1 "$STATUS"
	check "nothing" "nothing is installed in this network namespace" "$OUTPUT"
	run status -o json
	check "nothing, JSON" '{"version": 1, "as_left": false, "installed": []}' "$OUTPUT"
	run get
	check "get, nothing: exit status" 1 "$STATUS"
}

as_left() {
	install
	run status
	check "as left: exit status" 0 "$STATUS"
	has "as left" "nftables: table ip svcrules"
	has "as left" "  version:  svcrules $("$SVCRULES" version | sed -n '1s/^svcrules //p')"
	has "as left" "  input:    $services, $(stat -c %s "$services") bytes, written "
	has "as left" ", unchanged since"
	has "as left" "  serves:   4 services (4 ports) at 7 addresses and ports, 2 endpoints, 30 elements"
	has "as left" "  drift:    none, all is as the last run left it"
	run status -o json
	check "JSON: exit status" 0 "$STATUS"
	python3 -m json.tool <<<"$OUTPUT" >/dev/null
	check "JSON" 0 $?
	has "JSON" '"as_left": true'
	has "JSON" '"drift": []'
}

# Neither the state nor what is printed is for others.
private() {
	install
	check "mode of the state" 600 "$(stat -c %a "$(state_file svcrules)")"
}

times() {
	local input=$work/input.json first

	cp "$services" "$input"
	at "$SVCRULES" delete --quiet
	run apply -f "$input" --node-name node1
	first=$(at "$SVCRULES" status | grep '^  changed:' | sed 's/.*(//')
	touch -d '2 minutes ago' "$(state_file svcrules)"
	run status
	has "an older run" "  last run: 2m"
	run apply -f "$input" --node-name node1
	run status
	has "a run that changes nothing is the last run" "  last run: 0s ago"
	check "and leaves the time of the change" "$first" "$(grep '^  changed:' <<<"$OUTPUT" | sed 's/.*(//')"
	touch -d '1 hour ago' "$input"
	run status
	has "the input has another time" "written again since"
	rm "$input"
	run status
	has "the input is gone" "gone now"
	check "which is no drift" 0 "$STATUS"
	OUTPUT=$(at_with "$services" "$SVCRULES" apply -f - --node-name node1 --quiet 2>&1)
	run status
	has "standard input" "  input:    standard input, $(stat -c %s "$services") bytes"
}

elements() {
	drift_case "an element more" 'add element ip svcrules services { 10.96.9.9 . tcp . 80 : goto reject-new }' \
		"table ip svcrules: 1 element added to map services"
	drift_case "two elements less" 'delete element ip svcrules services { 10.96.0.10 . tcp . 80, 10.96.0.20 . tcp . 80 }' \
		"table ip svcrules: 2 elements removed from map services"
	drift_case "a set emptied" 'flush set ip svcrules cluster-ips' \
		"table ip svcrules: 4 elements removed from set cluster-ips"
	install
	at nft 'delete element ip svcrules endpoints { 10.96.0.10 . tcp . 80 . 0 }; add element ip svcrules endpoints { 10.96.0.10 . tcp . 80 . 0 : 10.244.9.9 . 8080 }'
	drifts "an endpoint exchanged" "table ip svcrules: 1 element changed in map endpoints"
	at nft 'add element ip svcrules hairpin { 10.244.7.7 . 10.244.7.7 }'
	drifts "two kinds" "table ip svcrules: 1 element added to set hairpin" \
		"table ip svcrules: 1 element changed in map endpoints"
	run apply -f "$services" --node-name node1 --quiet
	run status
	check "apply mends it" 0 "$STATUS"
}

rules() {
	drift_case "a rule more" 'add rule ip svcrules services counter drop' "table ip svcrules: 1 rule added to chain services"
	drift_case "two rules more" 'insert rule ip svcrules postrouting counter; add rule ip svcrules postrouting counter accept' \
		"table ip svcrules: 2 rules added to chain postrouting"
	drift_case "no rules" 'flush chain ip svcrules output' "table ip svcrules: 1 rule removed from chain output"
	install
	at nft "$(first_to_last services)"
	drifts "another order" "table ip svcrules: rules of chain services in another order"
	drift_case "a chain of another program" 'add chain ip svcrules mine; add rule ip svcrules mine counter' \
		"table ip svcrules: chain mine added, with 1 rule"
	drift_case "a set of another program" 'add set ip svcrules mine { type ipv4_addr; }' "table ip svcrules: set mine added"
	drift_case "another policy" 'chain ip svcrules after-postrouting { policy drop; }' \
		"table ip svcrules: chain after-postrouting has another policy"
}

# Commands that move a chain's first rule to its end, for rules that 'nft -a' lists.
first_to_last() {
	at nft -a list chain ip svcrules "$1" | sed -nE 's/^\t\t(.*) # handle ([0-9]+)$/\2\t\1/p' | head -1 |
		awk -F'\t' -v c="$1" '{ printf "delete rule ip svcrules %s handle %d; add rule ip svcrules %s %s", c, $1, c, $2 }'
}

tables() {
	drift_case "no table" 'delete table ip svcrules' "table ip svcrules: removed"
	run status -o json
	has "no table, JSON" '"as_left": false'
	has "no table, JSON" '"drift": ["table ip svcrules: removed"]'
	at nft 'add table ip svcrules'
	drifts "another program's table" "table ip svcrules: made by another program"
	at nft 'delete table ip svcrules'
	run delete
	run status
	check "delete, when another program was there first" "nothing is installed in this network namespace" "$OUTPUT"
	drift_case "dormant" 'add table ip svcrules { flags dormant; comment "managed by svcrules"; }' \
		"table ip svcrules: switched off (dormant)"
}

with_policies() {
	at "$SVCRULES" delete --quiet
	run apply -f "$services" -f "$policies" --network-policy --node-name node1
	run status
	check "policies: exit status" 0 "$STATUS"
	has "policies" "nftables: tables ip svcrules, ip svcrules-policy"
	has "policies" "1 network policy for 2 pods"
	run get policies -n production
	check "policies of the kernel" "NAME     POD-SELECTOR   AGE
go-api   <unknown>      <unknown>" "$OUTPUT"
	run get policies -n production -o wide
	check "policies of the kernel" "NAME     POD-SELECTOR   AGE         ISOLATES         PODS(HERE)   PODS(ALL)
go-api   <unknown>      <unknown>   ingress,egress   2            <unknown>" "$OUTPUT"
	at nft 'delete table ip svcrules-policy'
	drifts "policies gone" "table ip svcrules-policy: removed"
	run apply -f "$services" -f "$policies" --network-policy --node-name node1
	at nft 'delete table ip svcrules'
	rm "$(state_file svcrules)"
	run status
	has "policies alone" "nftables: table ip svcrules-policy"
	check "policies alone: exit status" 1 "$STATUS"
}

# Another user's program, or another version, left no state that could be believed.
unknown() {
	install
	rm "$(state_file svcrules)"
	run status
	check "no state: exit status" 1 "$STATUS"
	has "no state" "  version:  unknown; made by svcrules"
	has "no state" "  serves:   4 services (4 ports)"
	has "no state" "  drift:    unknown"
	run status -o json
	has "no state, JSON" '"version": null'
	has "no state, JSON" '"drift": null'
	install
	printf x >>"$(state_file svcrules)"
	run status
	has "a damaged state" "  drift:    unknown"
}

names() {
	install --table one
	run apply -f "$services" --node-name node1 --table two
	run status
	check "two names: exit status" 0 "$STATUS"
	has "two names" "nftables: table ip one"
	has "two names" "nftables: table ip two"
	at nft 'delete element ip two cluster-ips { 10.96.0.10 }'
	run status --table one
	check "one of two: exit status" 0 "$STATUS"
	check "one of two" 1 "$(grep -c ^nftables: <<<"$OUTPUT")"
	run status --table two
	check "the other one: exit status" 1 "$STATUS"
	run status
	check "one of two has changed" 1 "$STATUS"
	run status --table three
	check "none of that name" "there are no tables 'three' of svcrules in this network namespace" "$OUTPUT"
}

get_kernel() {
	install
	run get -A -o wide
	check "services of the kernel" "NAMESPACE    NAME              TYPE        CLUSTER-IP   EXTERNAL-IP    PORT(S)        AGE         SELECTOR    ENDPOINTS
production   frontend-svc      <unknown>   10.96.0.20   <none>         80/TCP         <unknown>   <unknown>   <none: no endpoint is ready>
production   go-api-lb         <unknown>   10.96.0.12   203.0.113.10   80:31380/TCP   <unknown>   <unknown>   2
production   go-api-nodeport   <unknown>   10.96.0.11   <none>         80:30080/TCP   <unknown>   <unknown>   2
production   go-api-svc        <unknown>   10.96.0.10   <none>         80/TCP         <unknown>   <unknown>   2" "$OUTPUT"
	run get endpoints -n production go-api-svc frontend-svc
	check "endpoints of the kernel" "NAME           ENDPOINTS                           AGE
frontend-svc   <none>                              <unknown>
go-api-svc     10.244.1.11:8080,10.244.1.12:8080   <unknown>" "$OUTPUT"
	run get endpoints go-api-svc -n production -o wide
	check "each endpoint of the kernel" "SERVICE      PORT   ADDRESS            NODE        READY       USED   HERE        POD         HOSTNAME
go-api-svc   http   10.244.1.11:8080   <unknown>   <unknown>   yes    <unknown>   <unknown>   <unknown>
go-api-svc   http   10.244.1.12:8080   <unknown>   <unknown>   yes    <unknown>   <unknown>   <unknown>" "$OUTPUT"
	run get
	check "no namespace" "No resources found in default namespace." "$OUTPUT"
	run get services go-api-scv -n production
	check "an unknown name" "svcrules: no service production/go-api-scv in the kernel's rules, did you mean 'go-api-svc'?" "$OUTPUT"
	check "an unknown name: exit status" 1 "$STATUS"
	for kind in services endpoints policies; do
		at "$SVCRULES" get "$kind" -A -o json 2>/dev/null | python3 -m json.tool >/dev/null
		check "JSON of $kind" 0 $?
	done
}

if [ $# -eq 0 ]; then
	set -- nothing as_left private times elements rules tables with_policies unknown names get_kernel
fi
for case; do
	"$case"
	at "$SVCRULES" delete --quiet
done
at "$SVCRULES" delete --quiet
finish
