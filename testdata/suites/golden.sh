#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# golden.sh [--update] [NAME...]: what 'svcrules compile' makes of the inputs
# under golden/, or of those named, and what it says about them. --update
# rewrites the expectations that exist; read the diff before committing it.
#
# A case is a directory with input.json (or input-1.json, input-2.json...),
# options (one line of further options), expected.nft (standard output),
# expected.err (standard error) and expected.rc (exit status, if not 0);
# expected.ipvs, if there is one, is the output with --backend ipvs.
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
root=${here%/testdata/suites}
SVCRULES=$(realpath "${SVCRULES:-$root/build/svcrules}")
cases=${GOLDEN:-$root/testdata/golden/services}
passed=0
failed=0
update=false

if [ "${1:-}" = --update ]; then
	update=true
	shift
fi
if ! [ -x "$SVCRULES" ]; then
	echo "golden.sh: $SVCRULES is missing, run make first" >&2
	exit 2
fi
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

# What is wrong with the files of the case in the working directory, if anything.
problem() {
	local f inputs=0 expectations=0

	for f in .[!.]* *; do
		case $f in
		input.json | input-[1-9].json) inputs=$((inputs + 1)) ;;
		expected.nft | expected.err) expectations=$((expectations + 1)) ;;
		expected.rc | expected.ipvs | options) ;;
		'.[!.]*') ;;
		*) echo "unexpected file $f" ;;
		esac
	done
	[ "$inputs" -gt 0 ] || echo "no input.json"
	[ -e input.json ] && [ "$inputs" -gt 1 ] && echo "both input.json and input-N.json"
	[ "$expectations" -gt 0 ] || echo "neither expected.nft nor expected.err"
	for f in expected.err expected.rc options; do
		[ -e "$f" ] && ! [ -s "$f" ] && echo "$f is empty"
	done
	[ "$(cat expected.rc 2>/dev/null)" = 0 ] && echo "expected.rc is 0, which needs no file"
	[ -e expected.rc ] || [ -e expected.nft ] || echo "no expected.nft"
}

compile() {
	local options=() files=() f

	[ -e options ] && read -r -a options < <(cat options)
	for f in input*.json; do
		files+=(-f "$f")
	done
	"$SVCRULES" compile --node-name node1 "${files[@]}" ${options[@]+"${options[@]}"} \
		>"$work/expected.nft" 2>"$work/expected.err" </dev/null
	echo $? >"$work/expected.rc"
	[ -e expected.ipvs ] || return
	"$SVCRULES" compile --backend ipvs --node-name node1 "${files[@]}" ${options[@]+"${options[@]}"} \
		>"$work/expected.ipvs" 2>"$work/ipvs.err" </dev/null
}

# compare FILE DEFAULT: a missing expectation stands for DEFAULT.
compare() {
	if [ -e "$1" ]; then
		$update && cat "$work/$1" >"$1"
		diff -u --label "$name/$1" --label "now" "$1" "$work/$1"
	else
		printf '%s' "$2" | diff -u --label "$name/$1 (missing)" --label "now" - "$work/$1"
	fi
}

run_case() {
	local name=$1 bad=0 text

	if ! cd "$cases/$name"; then
		failed=$((failed + 1))
		return
	fi
	compile
	compare expected.rc $'0\n' || bad=1
	compare expected.nft '' || bad=1
	compare expected.err '' || bad=1
	if [ -e expected.ipvs ]; then
		compare expected.ipvs '' || bad=1
		# the same is said of the input, whatever the back end
		diff -u "$work/expected.err" "$work/ipvs.err" || bad=1
	fi
	text=$(problem)
	if [ -n "$text" ]; then
		bad=1
		echo "$text"
	fi
	if [ "$bad" -eq 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "not ok - $name"
	fi
}

if [ $# -eq 0 ]; then
	for path in "$cases"/*; do
		set -- "$@" "${path##*/}"
	done
fi
for name; do
	run_case "$name"
done
echo "golden: $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
