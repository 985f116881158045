#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# golden-kernel.sh [NAME...]: what the kernel makes of the good cases under
# golden/, or of those named; see golden.sh. Of each case:
#  (a) its text loads, and 'svcrules diff' finds nothing to change then;
#  (b) delete leaves nothing, apply makes the same rules as the text did, and
#      'svcrules diff' finds nothing to change;
#  (c) what 'nft list ruleset' prints loads again.
# As root, or as an ordinary user inside a user namespace of his own.
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
root=${here%/testdata}
SVCRULES=$(realpath "${SVCRULES:-$root/build/svcrules}")
cases=${GOLDEN:-$here/golden}
passed=0
failed=0
skipped=0

NAME=golden-kernel
# shellcheck source=testdata/netns.sh
. "$(dirname "$0")/netns.sh"

# The command with this case's input and options.
svcrules() {
	at "$SVCRULES" "$1" "${arguments[@]}"
}

ok() {
	passed=$((passed + 1))
}

# not_ok WHAT [FILE...]: the files tell why.
not_ok() {
	failed=$((failed + 1))
	echo "not ok - $name: $1"
	shift
	[ $# -eq 0 ] || cat "$@"
}

skip() {
	skipped=$((skipped + 1))
	echo "skip - $name: $1"
}

# nothing_to_change WHEN: diff must find the kernel's rules as wanted.
nothing_to_change() {
	svcrules diff >"$work/diff" 2>&1 && return
	not_ok "diff finds changes $1" "$work/diff"
	return 1
}

by_text() {
	at nft flush ruleset
	at nft -f "$work/text" >"$work/err" 2>&1
	case $? in
	0) ;;
	13[4-9])
		skip "this nft(8) aborts at the text"
		return 1
		;;
	*)
		not_ok "the text does not load" "$work/err"
		return 1
		;;
	esac
	listing >"$work/by-text"
	nothing_to_change "after loading the text" && ok
	return 0
}

# The text's tables must go, too: they are svcrules' own. Compares unless the text did not load.
by_apply() {
	if ! at "$SVCRULES" delete >"$work/err" 2>&1 || [ -n "$(listing)" ]; then
		not_ok "delete leaves rules" "$work/err" "$work/raw"
		at nft flush ruleset
		return
	fi
	if ! svcrules apply >"$work/err" 2>&1; then
		not_ok "apply" "$work/err"
		return
	fi
	listing >"$work/by-apply"
	cp "$work/raw" "$work/listed"
	nothing_to_change "after apply" || return
	if "$1" && ! diff -u --label text --label apply "$work/by-text" "$work/by-apply"; then
		not_ok "apply makes other rules than the text"
		return
	fi
	ok
}

# The listing has no "flush" line, so it is loaded where there is nothing.
by_listing() {
	at nft flush ruleset
	if at nft -c -f "$work/listed" >"$work/err" 2>&1; then
		ok
	else
		not_ok "what is listed does not load again" "$work/err"
	fi
}

run_case() {
	local name=$1 options=() arguments=(--node-name node1) f loads=true

	if ! cd "$cases/$name"; then
		failed=$((failed + 1))
		return
	fi
	[ -e expected.rc ] && return
	[ -e options ] && read -r -a options < <(cat options)
	for f in input*.json; do
		arguments+=(-f "$f")
	done
	arguments+=(${options[@]+"${options[@]}"})
	if ! "$SVCRULES" compile "${arguments[@]}" >"$work/text" 2>"$work/err"; then
		not_ok "compile" "$work/err"
		return
	fi
	by_text || loads=false
	rm -f "$work/listed"
	by_apply "$loads"
	if ! "$loads"; then
		skip "what is listed is not loaded, as the text was not"
	elif [ -e "$work/listed" ]; then
		by_listing
	else
		skip "nothing listed"
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
finish
