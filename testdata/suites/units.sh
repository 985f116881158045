#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# units.sh: systemd accepts svcrules.service and svcrules.timer, finds the sandbox tight, and no
# step of them waits for ever. The shell line that asks kubectl is run with a kubectl of the test's.
# shellcheck disable=SC2016 # text for other shells
set -u
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 2
passed=0 failed=0 skipped=0
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
unset MAKEFLAGS MAKELEVEL MFLAGS

check() { # check WHAT REGEX GOT
	if [[ $3 =~ ^($2)$ ]]; then
		passed=$((passed + 1))
		echo "ok - $1"
	else
		failed=$((failed + 1))
		echo "not ok - $1: expected '$2', got '$3'"
	fi
}

setting() { # setting FILE NAME: its values
	sed -n "s/^$2=//p" "$tmp/$1" | xargs -d '\n'
}

accepted() {
	local said
	if ! command -v systemd-analyze >/dev/null; then
		skipped=$((skipped + 1))
		echo "SKIP - units: no systemd-analyze"
		return
	fi
	# the program need not be installed
	sed -i "s|/usr/local/bin/svcrules|$root/build/svcrules|" "$tmp/svcrules.service"
	said=$(systemd-analyze verify --man=no "$tmp/svcrules.service" "$tmp/svcrules.timer" 2>&1)
	check "systemd accepts them" '0: ' "$?: $said"
	said=$(systemd-analyze security --offline=true --threshold=30 "$tmp/svcrules.service" 2>&1)
	check "exposure below 3.0" '0: .*level for svcrules.service: [0-2]\.[0-9] .*' "$?: $(tail -n 1 <<<"$said")"
}

bounded() {
	check "the service ends in time" '[1-9][0-9]?' "$(setting svcrules.service TimeoutStartSec)"
	check "kubectl ends in time" '.* --request-timeout=[0-9]+s .*' "$(setting svcrules.service ExecStart)"
	check "it runs after those that flush rules" 'network-online.target nftables.service firewalld.service' \
		"$(setting svcrules.service After)"
	check "and asks for the network" network-online.target "$(setting svcrules.service Wants)"
	check "kubectl's configuration" 'KUBECONFIG=.*' "$(setting svcrules.service Environment)"
	check "its only capability" CAP_NET_ADMIN "$(setting svcrules.service CapabilityBoundingSet)"
	check "its folder is private" 0700 "$(setting svcrules.service RuntimeDirectoryMode)"
	check "the timer is exact" 1s "$(setting svcrules.timer AccuracySec)"
	check "nodes do not ask together" '[1-9][0-9]*s' "$(setting svcrules.timer RandomizedDelaySec)"
	check "the next run follows the end of the last" '[1-9][0-9]*s' "$(setting svcrules.timer OnUnitInactiveSec)"
}

# asks: runs the line that asks kubectl, in a folder of the test's
asks() {
	local line
	line=$(sed -nE "s/^ExecStart=\/bin\/sh -c '(.*)'$/\1/p" "$tmp/svcrules.service")
	line=${line//\$\{SVCRULES_KINDS\}/$(sed -nE 's/^Environment=SVCRULES_KINDS=//p' "$tmp/svcrules.service")}
	PATH=$tmp/path:$PATH sh -c "${line//\/run\/svcrules/$tmp/run}"
}

writes() {
	mkdir "$tmp/run" "$tmp/path"
	printf '#!/bin/sh\necho "$*" >>"%s/asked"\necho "$ANSWER"; exit "$CODE"\n' "$tmp" >"$tmp/path/kubectl"
	chmod +x "$tmp/path/kubectl"
	ANSWER=first CODE=0 asks
	check "the answer is written" 'first' "$(<"$tmp/run/input.json")"
	ANSWER=half CODE=1 asks
	check "kubectl's failure is the line's" 1 $?
	check "and what was there stays" first "$(<"$tmp/run/input.json")"
	check "all kinds are asked for" 'get services,endpointslices,nodes -A -o json .*' "$(head -n 1 "$tmp/asked")"
}

make -s build/svcrules.service build/svcrules.timer PREFIX=/usr/local || exit 2
cp build/svcrules.service build/svcrules.timer "$tmp"
bounded
writes
accepted
make -s build/svcrules.service # with this tree's own prefix again
echo "units: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
