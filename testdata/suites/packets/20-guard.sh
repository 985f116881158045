#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The guard on loss: an input that would take most services from the node is refused.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
begin

# cluster FIRST LAST: services with endpoints, at two addresses and ports each (TCP and UDP)
cluster() {
	local i
	for ((i = $1; i <= $2; i++)); do
		svc "s$i" ip="10.96.1.$i"
		slice "s$i" 4 10.244.1.11@node1
	done
}

# wanted WHAT STATUS MESSAGE [OPTION...]: applies OBJECTS
wanted() {
	local what=$1 status=$2 message=$3
	shift 3
	write_input
	svcrules apply "$@"
	check "$what: exit status" "$status" "$STATUS"
	check "$what: message" "$message" "$(tr '\n' ' ' <<<"$OUTPUT")"
}

serves_both() {
	check "$1: the first" pod1 "$(who pod2 tcp 10.96.1.1 80)"
	check "$1: the last" pod1 "$(who pod2 tcp 10.96.1.10 80)"
}

small() {
	cluster 1 9
	wanted "18 addresses come" 0 '.*'
	cluster 1 1
	wanted "fewer than 20 may be lost" 0 '.*'
}

more_than_half() {
	cluster 1 10
	wanted "20 addresses come" 0 '.*'
	cluster 1 4
	wanted "12 of 20 go" 6 '.*: 12 of 20 addresses and ports that are served now would be refused, dropped or gone, of production/s5, production/s6, production/s7 and others; nothing is changed, --max-lost all accepts that *'
	serves_both "all are still served"
	cluster 1 4
	wanted "and again" 6 '.*12 of 20.*'
	cluster 1 4
	wanted "with --quiet" 6 '.*12 of 20.*' --quiet
	svcrules diff
	check "diff warns" '.*warning: 12 of 20 .*; apply needs --max-lost to do this.*' "$(tr '\n' ' ' <<<"$OUTPUT")"
	check "diff: exit status" 1 "$STATUS"
	cluster 1 4
	wanted "--dry-run warns" 0 '.*warning: 12 of 20 .*' --dry-run
	cluster 1 4
	wanted "--check warns" 0 '.*warning: 12 of 20 .*' --check
	cluster 1 4
	wanted "both warn once" 0 '.*warning: 12 of 20 .*' --check --dry-run
	check "one warning" 1 "$(grep -c warning: <<<"$OUTPUT")"
	serves_both "after all that"
	cluster 1 5
	wanted "half of them may go" 0 '.*'
	check "the last is gone" 'refused|unreachable|timeout' "$(who pod2 tcp 10.96.1.10 80)"
}

refused() {
	local i
	cluster 1 10
	wanted "20 addresses come" 0 '.*'
	cluster 1 9
	for ((i = 10; i <= 10; i++)); do svc "s$i" ip="10.96.1.$i"; done
	wanted "2 are refused" 0 '.*'
	cluster 1 10
	wanted "and come back" 0 '.*'
	for ((i = 1; i <= 10; i++)); do
		svc "s$i" ip="10.96.1.$i"
		slice "s$i" 4
	done
	wanted "endpoints of all go" 6 '.*20 of 20.*'
	serves_both "they stay"
}

limits() {
	cluster 1 10
	apply
	cluster 1 9
	wanted "none may go" 6 '.*2 of 20.*' --max-lost 0
	cluster 1 9
	wanted "one may go" 6 '.*2 of 20.*' --max-lost 1
	cluster 1 9
	wanted "9 %" 6 '.*2 of 20.*' --max-lost 9%
	cluster 1 9
	wanted "10 %" 0 '.*' --max-lost 10%
	cluster 1 7
	wanted "4 may go" 0 '.*' --max-lost 4
	wanted "all may go" 0 '.*' --max-lost all --allow-empty
	check "the first is gone" 'refused|unreachable|timeout' "$(who pod2 tcp 10.96.1.1 80)"
	for value in '' -1 101% x 5x %; do
		cluster 1 1
		wanted "--max-lost '$value'" 2 '.*max-lost.*' --max-lost "$value"
	done
}

for scenario in small more_than_half refused limits; do
	LABEL="${scenario//_/ }: "
	"$scenario"
	delete
done
finish
