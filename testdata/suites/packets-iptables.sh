#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# packets-iptables.sh [FILE...]: the packet tests with rules of the target iptables, loaded by
# iptables-legacy-restore, then by iptables-nft-restore. The scenarios that need what the target
# has not are skipped by name.
set -u
here=$(cd "$(dirname "$0")" && pwd)
passed=0 failed=0 skipped=0
for kind in legacy nft; do
	log=$(BACKEND=iptables-$kind bash "$here/packets/run.sh" "$@" 2>&1)
	sed -e "s/^\(ok\|not ok\|skip\) - /&iptables-$kind: /" -e '/^# failures:/,$d' -e '/^[0-9]* passed/d' <<<"$log"
	read -r p _ f _ s _ < <(tail -n 1 <<<"$log")
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
echo "packets-iptables: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
