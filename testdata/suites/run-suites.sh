#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run-suites.sh SUITE...: runs make targets one after another, each to its end (make
# builds what a suite needs on all processors), prints the seconds of each, and adds up
# their closing lines "[NAME: ]N passed, N failed[, N skipped]". Lines of a suite that
# start with "TOO SLOW:" are listed apart: the test ran out of time and did not fail
# otherwise. A suite may take LIMIT seconds.
set -u
limit=${LIMIT:-1800}
log=$(mktemp) || exit 1
child=
trap 'rm -f "$log" "$log.slow"' EXIT
trap '[ -z "$child" ] || kill "$child"; exit 130' INT TERM
passed=0 failed=0 skipped=0 bad=()

# Counts the closing lines of the suite in $log; false if there is none.
count() {
	local p f s lines

	lines=$(sed -nE 's/^([a-z0-9-]+: )?([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?.*/\2 \3 0\5/p' "$log")
	[ -n "$lines" ] || return
	while read -r p f s; do
		passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + 10#$s))
	done <<<"$lines"
}

run_suite() { # run_suite NAME
	local start=$SECONDS before=$failed rc

	# in the background, so that an interrupt reaches this script while it waits
	timeout -k 30 "$limit" make --no-print-directory -j"$(nproc)" "$1" >"$log" 2>&1 &
	child=$!
	wait "$child"
	rc=$?
	child=
	if [ "$rc" -eq 124 ] || [ "$rc" -eq 137 ]; then
		echo "TOO SLOW: $1: not done after $limit s, see LIMIT in testdata/suites/run-suites.sh" >>"$log"
	fi
	grep -E '^(not ok|FAIL|SKIP|TOO SLOW|.*: (error|warning):)' "$log" | head -n 60
	grep -E '^TOO SLOW: ' "$log" >>"$log.slow"
	if ! count || [ "$rc" -ne 0 ]; then
		tail -n 40 "$log"
		bad+=("$1 (exit $rc)")
		[ "$failed" -gt "$before" ] || failed=$((failed + 1))
	fi
	grep -E '^([a-z0-9-]+: )?[0-9]+ passed, [0-9]+ failed' "$log"
	printf '%s took %d s\n' "$1" $((SECONDS - start))
}

for suite; do
	echo "== $suite"
	run_suite "$suite"
done
echo "== total: $SECONDS s"
[ ${#bad[@]} -eq 0 ] || echo "failed suites: ${bad[*]}"
if [ -s "$log.slow" ]; then
	echo "too slow, counted as failed ($(wc -l <"$log.slow")):"
	sed 's/^TOO SLOW: /  /' "$log.slow"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
