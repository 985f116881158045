#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# get.sh [--update] [NAME...]: runs the commands in testdata/get/NAME/expected, the lines that begin
# with '$ ', and compares what they print, with messages behind standard output and the exit status,
# if it is not 0, in brackets. --update writes the files; read the diff before you commit it.
set -u
export LC_ALL=C SOURCE_DATE_EPOCH=1795651200 # 2026-11-26
root=$(cd "$(dirname "$0")/../.." && pwd)
SVCRULES=$(realpath "${SVCRULES:-$root/build/svcrules}")
passed=0 failed=0
update=false
if [ "${1:-}" = --update ]; then
	update=true
	shift
fi
if ! [ -x "$SVCRULES" ]; then
	echo "get.sh: $SVCRULES is missing, run make first" >&2
	exit 2
fi
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" && ln -s "$SVCRULES" "$work/bin/svcrules"
PATH=$work/bin:$PATH

run_case() { # run_case DIRECTORY: prints what its commands print now
	local line status

	cd "$1" || return
	while IFS= read -r line; do
		[[ $line == '$ '* ]] || continue
		echo "$line"
		bash -c "${line#\$ }" 2>"$work/err" </dev/null
		status=$?
		cat "$work/err"
		[ "$status" -eq 0 ] || echo "[$status]"
		case $line in
		*'-o json'*) bash -c "${line#\$ }" 2>/dev/null | python3 -m json.tool >/dev/null || echo "no JSON" ;;
		esac
	done <expected
}

[ $# -gt 0 ] || set -- "$root"/testdata/get/*/
for name; do
	name=$(basename "$name")
	directory=$root/testdata/get/$name
	(run_case "$directory") >"$work/now"
	$update && cp "$work/now" "$directory/expected"
	if diff -u --label "$name/expected" --label now "$directory/expected" "$work/now"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "not ok - $name"
	fi
done
echo "get: $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
