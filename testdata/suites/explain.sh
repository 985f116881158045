#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# explain.sh [--update] [NAME...]: compares what 'svcrules explain' prints with expected.txt, for the
# cases below testdata/explain or for those named. --update writes what it prints now; read the diff
# before you commit it.
#
# A case is a directory with input.yaml and questions, a file of lines: each has the options of one
# question. A line that begins with # is copied. Files named in it are beside it.
set -u
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
root=${here%/testdata/suites}
SVCRULES=$(realpath "${SVCRULES:-$root/build/svcrules}")
cases=$root/testdata/explain
update=false passed=0 failed=0

if [ "${1:-}" = --update ]; then
	update=true
	shift
fi
[ -x "$SVCRULES" ] || { echo "explain.sh: $SVCRULES is missing, run make first" >&2; exit 2; }

# Asks all questions of the case in the working directory, and prints them with their answers.
ask() {
	local line arguments
	while IFS= read -r line; do
		case $line in
		'') continue ;;
		'#'*) printf '\n%s\n' "$line" && continue ;;
		esac
		read -ra arguments <<<"$line"
		printf '\n$ svcrules explain -f input.yaml %s\n' "$line"
		"$SVCRULES" explain -f input.yaml "${arguments[@]}" 2>&1
		echo "[$?]"
	done <questions
}

[ $# -gt 0 ] || mapfile -t all < <(cd "$cases" && ls)
for name in "${@:-${all[@]}}"; do
	cd "$cases/$name" || exit 2
	if $update; then
		ask >expected.txt
		echo "wrote testdata/explain/$name/expected.txt"
	elif ask | diff -u --label "$name/expected.txt" expected.txt --label now -; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
done
echo "explain-check: $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
