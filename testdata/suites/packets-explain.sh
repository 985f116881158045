#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# packets-explain.sh [FILE...]: the packet tests once more, in which 'svcrules explain' is asked about
# each request what will happen, and is compared with what did.
set -u
here=$(cd "$(dirname "$0")" && pwd)
log=$(EXPLAIN=yes bash "$here/packets/run.sh" "$@" 2>&1)
sed -e '/^# failures:/,$d' -e '/^[0-9]* passed/d' <<<"$log"
awk '/^# explain: / { flows += $3; wrong += $5 } END { print "# explain: " flows " flows, " wrong " disagreements in all" }' <<<"$log"
echo "packets-explain: $(tail -n 1 <<<"$log")"
[[ $(tail -n 1 <<<"$log") == *" 0 failed,"* ]]
