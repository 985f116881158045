#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# readme.sh: writes the last results of `make bench` or `make bench-large` into BENCHMARK.md,
# a summary of them into README.md, each between the two marks of its page, and the plot into
# testdata/bench.
set -eu
root=$(cd "$(dirname "$0")/../../.." && pwd)
bench=$root/build/bench
for file in results.txt summary.txt plot.svg; do
	[ -s "$bench/$file" ] || {
		echo "$0: no $file in build/bench, run make bench first" >&2
		exit 1
	}
done

# put RESULTS PAGE: RESULTS replaces what is between the marks of PAGE
put() {
	grep -q '^<!-- bench: begin' "$root/$2" && grep -q '^<!-- bench: end -->' "$root/$2"
	awk -v results="$bench/$1" '
		/^<!-- bench: end -->/ { on = 0 }
		!on { print }
		/^<!-- bench: begin/ {
			on = 1
			print "\n```"
			while ((getline line <results) > 0)
				print line
			print "```\n"
		}' "$root/$2" >"$root/build/$2"
	cat "$root/build/$2" >"$root/$2"
}

put results.txt BENCHMARK.md
put summary.txt README.md
cp "$bench/plot.svg" "$root/testdata/bench/plot.svg"
