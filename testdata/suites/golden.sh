#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# golden.sh [--update] [NAME...]: compares what 'svcrules compile' prints for the
# inputs below testdata/golden, or for the cases named, with the files expected.*
# next to them. --update rewrites the expectations that exist; read the diff
# before you commit it.
#
# A case is a directory GROUP/NAME with input.json or input.yaml (or input-1.json,
# input-2.json...), options (one line of further options), expected.SUFFIX for
# each target that the case is about (standard output), expected.err (standard
# error, the same for all targets but those that have an expected.SUFFIX.err, which
# may be empty) and expected.rc (exit status, if not 0). A
# case whose input is an error needs no expected.SUFFIX: nothing is printed then.
set -u
export LC_ALL=C

# The suffix of the file, and the target whose output it holds, with further options.
# The first is the default of the command and is run without $choose.
targets=(
	"nft nftables"
	"ipvs ipvs"
	"iptables iptables --family ipv4"
	"ip6tables iptables --family ipv6"
	"zone dns"
	"nginx nginx"
)
choose=--target

here=$(cd "$(dirname "$0")" && pwd)
root=${here%/testdata/suites}
SVCRULES=$(realpath "${SVCRULES:-$root/build/svcrules}")
cases=${GOLDEN:-$root/testdata/golden}
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

# is_target SUFFIX: true if the table has it
is_target() {
	local row

	for row in "${targets[@]}"; do
		[ "${row%% *}" != "$1" ] || return 0
	done
	return 1
}

# Prints what is wrong with the files of the case in the working directory, if anything.
problem() {
	local f inputs=0 outputs=0

	for f in .[!.]* *; do
		case $f in
		input.json | input-[1-9].json | input.yaml | input-[1-9].yaml) inputs=$((inputs + 1)) ;;
		expected.err | expected.rc | options) [ -s "$f" ] || echo "$f is empty" ;;
		expected.*.err)
			[ -e "${f%.err}" ] || echo "unexpected file $f"
			;;
		expected.*)
			if is_target "${f#expected.}"; then
				outputs=$((outputs + 1))
			else
				echo "unexpected file $f"
			fi
			;;
		'.[!.]*') ;;
		*) echo "unexpected file $f" ;;
		esac
	done
	[ "$inputs" -gt 0 ] || echo "no input.json"
	for f in input.json input.yaml; do
		[ -e "$f" ] && [ "$inputs" -gt 1 ] && echo "both $f and others"
	done
	[ "$(cat expected.rc 2>/dev/null)" = 0 ] && echo "expected.rc is 0, which needs no file"
	[ -e expected.rc ] || [ "$outputs" -gt 0 ] || echo "no expected.${targets[0]%% *}"
	[ -e expected.err ] || [ "$outputs" -gt 0 ] || echo "neither expected.${targets[0]%% *} nor expected.err"
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

# compile SUFFIX [OPTION...]: the case for one target; all three results are compared.
compile() {
	local output=expected.$1 arguments=(--node-name node1) more=() f bad=0

	shift
	[ -e options ] && read -r -a more < <(cat options)
	for f in input*.json input*.yaml; do
		[ -e "$f" ] || continue
		arguments+=(-f "$f")
	done
	"$SVCRULES" compile "$@" "${arguments[@]}" ${more[@]+"${more[@]}"} \
		>"$work/$output" 2>"$work/expected.err" </dev/null
	echo $? >"$work/expected.rc"
	compare expected.rc $'0\n' || bad=1
	compare "$output" '' || bad=1
	if [ -e "$output.err" ]; then
		mv "$work/expected.err" "$work/$output.err"
		compare "$output.err" '' || bad=1
	else
		compare expected.err '' || bad=1
	fi
	return $bad
}

run_case() { # run_case DIRECTORY
	local name bad=0 ran=false row text choice

	name=$(basename "$1")
	if ! cd "$1"; then
		failed=$((failed + 1))
		return
	fi
	for row in "${targets[@]}"; do
		[ -e "expected.${row%% *}" ] || continue
		ran=true
		if [ "$row" = "${targets[0]}" ]; then
			compile "${row%% *}" || bad=1
		else
			read -r -a choice <<<"${row#* }"
			compile "${row%% *}" "$choose" "${choice[@]}" || bad=1
		fi
	done
	$ran || compile "${targets[0]%% *}" || bad=1
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
	set -- "$cases"/*/*/
else # the names given, in whichever group they are
	for name; do
		found=("$cases"/*/"$name")
		[ -d "${found[0]}" ] || found=("$cases/$name")
		set -- "${@:2}" "${found[@]}"
	done
fi
for directory; do
	[[ $directory != */golden/check/* ]] || continue # of check.sh
	run_case "$directory"
done
echo "golden: $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
