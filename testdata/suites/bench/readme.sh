#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# readme.sh: puts the last results of `make bench` or `make bench-large` into
# the README, between the two marks of its section on performance, and the plot
# beside it.
set -eu
root=$(cd "$(dirname "$0")/../../.." && pwd)
results=$root/build/bench/results.txt
[ -s "$results" ] || {
	echo "$0: no results, run make bench first" >&2
	exit 1
}
awk -v results="$results" '
	/^<!-- bench: end -->/ { on = 0 }
	!on { print }
	/^<!-- bench: begin/ {
		on = 1
		print "\n```"
		while ((getline line <results) > 0)
			print line
		print "```\n"
	}' "$root/README.md" >"$root/build/README.md"
grep -q '^<!-- bench: end -->' "$root/build/README.md"
cat "$root/build/README.md" >"$root/README.md"
cp "$root/build/bench/plot.svg" "$root/testdata/bench/plot.svg"
