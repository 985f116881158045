#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# unit.sh NAME PROGRAM...: runs unit test programs (made with Check), as many at a
# time as there are processors, and adds up their counts in the order given.
#
# A test that Check ended because its time was up is reported as TOO SLOW. The
# limits fit a slow machine: Check allows 4 seconds unless a program sets its own
# limit; here 60 are allowed, and four times what a program sets.
set -u
export CK_DEFAULT_TIMEOUT=${CK_DEFAULT_TIMEOUT:-15} CK_TIMEOUT_MULTIPLIER=${CK_TIMEOUT_MULTIPLIER:-4}
name=$1
shift
passed=0 failed=0 skipped=0
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT

run() { # run I PROGRAM
	"$2" >"$dir/$1" 2>&1
	echo $? >"$dir/$1.rc"
}

for ((i = 1; i <= $#; i++)); do
	[ "$(jobs -rp | wc -l)" -lt "$(nproc)" ] || wait -n
	run "$i" "${!i}" &
done
wait
i=0
for t in "$@"; do
	i=$((i + 1))
	out=$(<"$dir/$i")
	rc=$(<"$dir/$i.rc")
	read -r checks bad < <(sed -nE 's/^[0-9]+%: Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+).*/\1 \2 \3/p' <<<"$out" |
		awk '{ c += $1; b += $2 + $3 } END { print c + 0, b + 0 }')
	# FILE:LINE:E:CASE:TEST:0: (after this point) Test timeout expired
	sed -nE "s|^[^:]*:[0-9]+:E:([^:]*):([^:]*):.*Test timeout expired.*|TOO SLOW: $t: \\1: \\2|p" <<<"$out"
	if [ "$rc" -eq 77 ]; then
		echo "SKIP: $t: $(grep SKIP <<<"$out" | head -n 1)"
		skipped=$((skipped + 1))
	elif [ "$rc" -ne 0 ] || [ "$checks" -eq 0 ]; then
		echo "FAIL: $t (exit $rc)"
		tail -n 30 <<<"$out"
		failed=$((failed + (bad > 0 ? bad : 1)))
	fi
	passed=$((passed + checks - bad))
done
echo "$name: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
