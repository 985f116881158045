#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# golden-kernel.sh [NAME...]: loads the rule sets of the golden cases without an
# error, or of the cases named, into the kernel; see golden.sh. For each case:
#  (a) its text loads, and then 'svcrules diff' finds nothing to change;
#  (b) delete leaves nothing, apply makes the same rules as the text did, and
#      'svcrules diff' finds nothing to change;
#  (c) what 'nft list ruleset' prints loads again.
# Runs as root, or as an ordinary user inside a new user namespace.
# BACKEND=ipvs does the same for the target ipvs with the cases that have an expected.ipvs. Their text
# is for ip(8), ipvsadm(8) and nft(8); the kernel must have IPVS, see vm.sh.
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
root=${here%/testdata/suites}
SVCRULES=$(realpath "${SVCRULES:-$root/build/svcrules}")
cases=${GOLDEN:-$root/testdata/golden}
passed=0
failed=0
skipped=0
BACKEND=${BACKEND:-nftables}
suffix=nft # of the files with the expected output of this target
[ "$BACKEND" = nftables ] || suffix=$BACKEND

NAME=${NAME:-golden-kernel}
# shellcheck source=testdata/suites/netns.sh
. "$(dirname "$0")/netns.sh"

# The command with this case's input and options.
svcrules() {
	local command=$1
	shift
	at "$SVCRULES" "$command" "${arguments[@]}" "$@"
}

ip=$(command -v ip) # a path: in the emulated machine nsenter(1) may have an ip of its own
# These functions work on the rules that the kernel has at the time of the call.
if [ "$BACKEND" = ipvs ]; then
	# Loads the three texts; the exit status is that of the first that fails.
	load_text() {
		svcrules compile -o ip >"$work/ip" && svcrules compile -o ipvsadm >"$work/ipvsadm" &&
			svcrules compile -o nft >"$work/nft" && at "$ip" -batch "$work/ip" &&
			at_with "$work/ipvsadm" ipvsadm -R && at nft -f "$work/nft"
	}
	flush() {
		at nft flush ruleset
		at ipvsadm -C
		at "$ip" link del svcrules0 2>/dev/null
	}
	all() {
		listing
		at ipvsadm -Sn | sort
		at "$ip" -o link show type dummy | grep -o ': [a-z0-9]*: <.*>'
		# The text for IPv4 alone does not turn link-local addresses off: a kernel without IPv6 would refuse that.
		at "$ip" -o addr show dev svcrules0 2>/dev/null | grep -v ' fe80::' | cut -d' ' -f 2-
	}
else
	load_text() { at nft -f "$work/text"; }
	flush() { at nft flush ruleset; }
	all() { listing; }
fi

ok() {
	passed=$((passed + 1))
}

# not_ok WHAT [FILE...]: the files have the reason.
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
	flush
	load_text 2>"$work/err"
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
	all >"$work/by-text"
	nothing_to_change "after loading the text" && ok
	return 0
}

# by_apply COMPARE: delete must also remove the rules that the text made, because they belong to
# svcrules. With COMPARE true, apply must make the same rules as the text.
by_apply() {
	if ! at "$SVCRULES" delete >"$work/err" 2>&1 || [ -n "$(all)" ]; then
		not_ok "delete leaves rules" "$work/err" "$work/raw"
		flush
		return
	fi
	if ! svcrules apply >"$work/err" 2>&1; then
		not_ok "apply" "$work/err"
		return
	fi
	all >"$work/by-apply"
	cp "$work/raw" "$work/listed"
	nothing_to_change "after apply" || return
	if "$1" && ! diff -u --label text --label apply "$work/by-text" "$work/by-apply"; then
		not_ok "apply makes other rules than the text"
		return
	fi
	ok
}

# The listing has no "flush" line, so it is loaded into an empty rule set.
by_listing() {
	at nft flush ruleset
	if at nft -c -f "$work/listed" >"$work/err" 2>&1; then
		ok
	else
		not_ok "what is listed does not load again" "$work/err"
	fi
}

run_case() {
	local name=$1 options=() arguments=(--node-name node1 --backend "$BACKEND") f loads=true
	local directory=("$cases"/[!c]*/"$1") # not those of check.sh

	if ! cd "${directory[0]}"; then
		failed=$((failed + 1))
		return
	fi
	[ -e expected.rc ] && return
	[ -e "expected.$suffix" ] || return
	[ -e options ] && read -r -a options < <(cat options)
	for f in input*.json input*.yaml; do
		[ -e "$f" ] || continue
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
	for path in "$cases"/[!c]*/*; do
		set -- "$@" "${path##*/}"
	done
fi
for name; do
	run_case "$name"
done
finish
