#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# man.sh: the manuals agree with the program: syntax, commands, options, synopses,
# exit statuses, names of checks, the layout, JSON members, the library's functions and all examples.
set -u
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 2
page1=man/svcrules.1 page5=man/svcrules.5 page3=man/libsvcrules.3
build=$root/build
svcrules=$build/svcrules
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0 skipped=0

pass() { passed=$((passed + 1)); }
fail() {
	failed=$((failed + 1))
	echo "FAIL: $*"
}
skip() {
	skipped=$((skipped + 1))
	echo "SKIP: $*"
}

# same WHAT PROGRAM-SIDE MANUAL-SIDE: the two files must have the same lines
same() {
	if [ -s "$2" ] && diff -u --label program --label manual "$2" "$3" >"$tmp/diff"; then
		pass
	else
		fail "$1:"
		cat "$tmp/diff"
	fi
}

section() { # section FILE NAME: prints the section's mdoc source
	awk -v name="$2" '/^\.Sh / { on = substr($0, 5) == name; next } on' "$1"
}

# Turns lines of mdoc into the text that they render to, for the macros of commands and options.
plain() {
	sed -E 's/^\.(Nm|It|Pq) ?//; s/^\./ /; s/\b(Ar|Ic|Cm|Sy|Li) //g; s/\bFl ([^ ]+)/-\1/g; s/ Oo (.*) Oc Ns (.*)/ [\1]\2/; s/ Op (.*)/ [\1]/; s/ ,/,/g'
}

lint() {
	local page said
	for page in $page1 $page5 $page3; do
		if ! command -v mandoc >/dev/null; then
			skip "$page: no mandoc to check it"
			continue
		fi
		said=$(mandoc -T lint -W warning "$page" 2>&1)
		if [ -z "$said" ]; then pass; else fail "$said"; fi
	done
}

command_names() { "$svcrules" help | awk '/^  [a-z]/ { print $1 }'; }

commands_known() {
	command_names | sort >"$tmp/program"
	section $page1 DESCRIPTION | sed -n 's/^\.It Ic //p' | sort >"$tmp/manual"
	same "commands" "$tmp/program" "$tmp/manual"
}

# Compares lines "--option ARGUMENT: command command" of both sides.
options_known() {
	local c
	{
		for c in $(command_names); do
			"$svcrules" help "$c" | sed -nE "s/^  (-[^ ]+( [^ ]+)?)(  .*)?\$/\1\t$c/p"
		done
		"$svcrules" help | grep -o -- '--version' | head -1 | sed 's/$/\t/'
	} | awk -F'\t' '{ by[$1] = by[$1] (by[$1] ? ", " : "") $2 } END { for (o in by) print o ": " by[o] }' |
		sort >"$tmp/program"
	section $page1 OPTIONS | grep -E '^\.(It|Pq) ' | plain |
		awk '/^-/ { if (o) print o ": " by; o = $0; by = ""; next } { by = $0 } END { print o ": " by }' |
		sort >"$tmp/manual"
	same "options and the commands that take them" "$tmp/program" "$tmp/manual"
}

synopses() {
	local c
	section $page1 SYNOPSIS | plain |
		awk '/^ / { printf "%s", $0; next } NR > 1 { print "" } { printf "svcrules" } END { print "" }' >"$tmp/synopsis"
	for c in $(command_names); do
		"$svcrules" help "$c" | sed -n '1s/^usage: //p' >"$tmp/program"
		grep -E "^svcrules $c( |\$)" "$tmp/synopsis" >"$tmp/manual"
		same "synopsis of $c" "$tmp/program" "$tmp/manual"
	done
	{ command_names && echo --version; } | sort >"$tmp/program"
	awk '{ print $2 }' "$tmp/synopsis" | sort >"$tmp/manual"
	same "what the synopsis lists" "$tmp/program" "$tmp/manual"
}

exit_statuses() {
	grep -oE '\bEXIT_[A-Z]+ *= *[0-9]+' cmd/svcrules/exit.h | grep -oE '[0-9]+$' | sort -n >"$tmp/program"
	section $page1 'EXIT STATUS' | sed -n 's/^\.It //p' | sort -n >"$tmp/manual"
	same "exit statuses" "$tmp/program" "$tmp/manual"
}

sources() { find "$@" -name '*.c' ! -name '*_test.c' ! -name '*_fuzz.c' | sort; }

# one_line FILE: the source with all white space as single spaces
one_line() { tr -s '\n\t ' ' ' <"$1"; }

# The name of a check is an argument of three functions and a macro, or a member of struct svcrules_diag.
check_names() {
	local file
	for file in $(sources lib rules); do
		one_line "$file" |
			grep -oE '(svcr_read_(error|warning)\([^,"]*, ?|svcr_read_note\([^"]*|ADVISE\(a, ?|(\.|->)check ?= ?)"[a-z-]+"' |
			sed -E 's/.*"([a-z-]+)"$/\1/'
	done | sort -u >"$tmp/program"
	section $page1 DIAGNOSTICS | sed -n 's/^\.It Sy //p' | sort -u >"$tmp/manual"
	same "names of checks" "$tmp/program" "$tmp/manual"
	# the comparison cannot see a name that is not a literal string, or that is missing
	for file in $(sources lib rules); do
		{
			one_line "$file" | grep -oE 'svcr_read_(error|warning)\([^,"]*, ?[^" ].{0,30}' | grep -v ', const char \*check'
			one_line "$file" | grep -oE 'svcr_read_note\([^,]*,[^,]*, ?[^" ].{0,30}' | grep -v ', const char \*check'
			one_line "$file" | grep -oE '(\.|->)check ?= ?[^" ].{0,30}'
			one_line "$file" | grep -oE '\(struct svcrules_diag\) ?\{[^}]*\}' | grep -vE '\.check ?='
		} | sed "s|^|$file: |"
	done >"$tmp/computed"
	# the three functions, a macro, and the list of diagnostics, pass the name on
	if [ "$(cut -d: -f1 "$tmp/computed" | sort -u | tr '\n' ' ')" = "lib/advise.c lib/diag.c lib/reader.c " ] &&
		[ "$(grep -cE '^lib/diag.c: ->check ?= ?(diag_keep\(d, diag->check\)|group->check)' "$tmp/computed")" = 2 ] &&
		[ "$(grep -cE '^lib/advise.c: \.check ?= ?name ?\}' "$tmp/computed")" = 1 ] &&
		[ "$(grep -cE '^lib/reader.c: \.check ?= ?check,' "$tmp/computed")" = 1 ] &&
		[ "$(wc -l <"$tmp/computed")" = 4 ]; then
		pass
	else
		fail "checks without a literal name: $(cat "$tmp/computed")"
	fi
}

# Prints the rows of sets and chains: of all layouts of Services, then of single targets.
layout_rows() {
	sed -nE '/^#define SVCR_SERVICES_(SETS|CHAINS)/,/[^\\]$/p' rules/nftables/layout.h
	sed -nE '/_(sets|chains)\[[A-Z_]+\] = \{/,/\};/p' rules/nftables/layout.c rules/ipvs/layout.c
}

# define FILE NAME: the value of a macro, without quotes and comment
define() { sed -nE "s/^#define $2 +\"?([^\"/]*[^\"/ ])\"?( .*)?\$/\1/p" "$1"; }

layout() {
	local rows name
	layout_rows | grep -oE '\.name = "[^"]+"' | cut -d'"' -f2 | sort -u >"$tmp/program"
	section $page5 LAYOUT | sed -nE 's/^\.It Li ([^ ]+).*/\1/p' | sort -u >"$tmp/manual"
	same "sets, maps and chains" "$tmp/program" "$tmp/manual"
	rows=$(layout_rows | grep -oE '\[(SET|CHAIN)_[A-Z_]+\] = \{' | grep -vc __COUNT)
	name=$(layout_rows | grep -oE '\.name = "[^"]+"' | wc -l)
	if [ "$rows" -eq "$name" ]; then pass; else fail "$rows rows of the layout have $name names"; fi
	name=$(define rules/nft/layout.h SVCR_NFT_OWNER)
	if [ -n "$name" ] && grep -qF "$name" $page5; then
		pass
	else
		fail "the comment of owned tables is not in $page5: '$name'"
	fi
	name=$(define rules/nftables/layout.h SVCR_SERVICES_AFFINITY_SIZE)
	if [ -n "$name" ] && grep -qw "$name" $page5; then
		pass
	else
		fail "the size of the affinity map is not in $page5: '$name'"
	fi
}

# json_members FILE FORM...: the section of the first form must have each member of FILE, or the
# section of another one that it refers to
json_members() {
	local file=$1 form member missing=
	shift
	[ -s "$file" ] || { fail "no JSON from $1"; return; }
	for form; do
		awk -v name="$form" '/^\.S[hs] / { on = substr($0, 5) == name; next } on' $page5
	done >"$tmp/form"
	while read -r member; do
		grep -qE "(\"${member//\"/}\":|^\.L[iI] .*\b${member//[\":]/}\b)" "$tmp/form" || missing="$missing $member"
	done < <(grep -oE '"[a-z_]+":' "$file" | tr -d : | sort -u)
	if [ -z "$missing" ]; then pass; else fail "$page5, $1: missing$missing"; fi
}

json_forms() {
	local example=testdata/example/services.json target
	sed s/10.244.1.12/10.244.1.13/ $example >"$tmp/new.json"
	for target in nftables ipvs; do
		"$svcrules" compile -f $example --node-name node1 --target $target -o json >"$tmp/compile.$target"
		"$svcrules" diff --from $example -f "$tmp/new.json" --target $target -o json >"$tmp/diff.$target"
	done
	"$svcrules" diff --from $example -f $example -o json >"$tmp/same.nftables"
	"$svcrules" explain -f $example --node-name node1 --from node --to go-api-svc.production.svc.cluster.local -o json >"$tmp/explain.nftables"
	"$svcrules" explain -f $example --node-name node1 --from node --to production/go-api-svc --target ipvs -o json >"$tmp/explain.ipvs"
	json_members "$tmp/explain.nftables" "explain -o json"
	json_members "$tmp/explain.ipvs" "explain -o json"
	json_members "$tmp/same.nftables" "diff -o json"
	json_members "$tmp/compile.nftables" "compile -o json"
	json_members "$tmp/diff.nftables" "diff -o json"
	json_members "$tmp/compile.ipvs" "compile --target ipvs -o json" "compile -o json"
	json_members "$tmp/diff.ipvs" "diff --target ipvs -o json" "diff -o json"
}

library() {
	local example=testdata/example/services.json
	cat lib/svcrules.h lib/svcrules_explain.h lib/svcrules_services.h >"$tmp/headers"
	one_line "$tmp/headers" | grep -oE 'svcrules_[a-z_0-9]+\(' | tr -d '(' | sort -u >"$tmp/program"
	section $page3 SYNOPSIS | sed -nE 's/^\.F[no] (svcrules_[a-z_0-9]+).*/\1/p' | sort -u >"$tmp/manual"
	same "functions of the library" "$tmp/program" "$tmp/manual"
	"${CC:-cc}" -E -P lib/svcrules.h | tr -d ' \n\t' | sed 's/__attribute__((visibility("default")))/\n&/g' |
		sed -nE 's/^__attribute__\(\(visibility\("default"\)\)\)([^;]*;).*/\1/p' | sed 's/_Bool/bool/g' | sort >"$tmp/program"
	mandoc -T ascii -O width=1000 $page3 | col -bx | sed -n '/^SYNOPSIS/,/^DESCRIPTION/{/^     /p;}' |
		grep -v '#include' | tr -d ' \n' | sed 's/;/;\n/g' | grep -v ^typedef | sort >"$tmp/manual"
	same "prototypes of the library" "$tmp/program" "$tmp/manual"
	if [ -e "$build/libsvcrules.so" ]; then
		objdump -p "$build/libsvcrules.so" | awk '$1 == "SONAME" { print $2 }' >"$tmp/program"
		section $page3 VERSIONS | grep -oE 'libsvcrules\.so\.[0-9]+' | head -1 >"$tmp/manual"
		same "the library's own name" "$tmp/program" "$tmp/manual"
	fi
	section $page3 EXAMPLES | sed -n '/^\.Bd/,/^\.Ed/{/^\./d;s/\\e/\\/g;p;}' >"$tmp/example.c"
	# shellcheck disable=SC2046
	if ! "${CC:-cc}" -Wall -Wextra -Werror -Ilib -o "$tmp/example" "$tmp/example.c" "$build/libsvcrules.a" \
		$(pkg-config --libs libmnl libnftnl jansson yaml-0.1) 2>"$tmp/err"; then
		fail "the library's example: $(head -5 "$tmp/err")"
		return
	fi
	if "$tmp/example" <$example >"$tmp/manual" 2>"$tmp/err"; then
		"$svcrules" compile -f $example --node-name node1 >"$tmp/program"
		same "what the library's example prints" "$tmp/program" "$tmp/manual"
	else
		fail "the library's example, run: $(head -5 "$tmp/err")"
	fi
	library_changes $example
	library_diagnostics $example
}

# With the name of a file the example prints what differs from it.
library_changes() {
	sed s/10.244.1.12/10.244.1.13/ "$1" >"$tmp/new.json"
	"$tmp/example" "$1" <"$tmp/new.json" >"$tmp/manual" 2>"$tmp/err" || fail "the library's example: $(cat "$tmp/err")"
	"$svcrules" diff --from "$1" -f "$tmp/new.json" --node-name node1 >"$tmp/program"
	same "the changes that the library's example prints" "$tmp/program" "$tmp/manual"
}

# It prints all that the program says about wrong input, and fails.
library_diagnostics() {
	sed 's/"port": 80,/"port": 70000,/; s/"addressType": "IPv4"/"addressType": 4/' "$1" >"$tmp/bad.json"
	"$tmp/example" <"$tmp/bad.json" >"$tmp/out" 2>"$tmp/said" && fail "the library's example accepts wrong input"
	"$svcrules" compile -f - --node-name node1 <"$tmp/bad.json" 2>&1 | sed 's/^svcrules: standard input: //' >"$tmp/program"
	sed -n 's/^error: standard input: //p' "$tmp/said" >"$tmp/manual"
	same "the diagnostics that the library's example prints" "$tmp/program" "$tmp/manual"
	if [ -s "$tmp/out" ]; then fail "the library's example prints rules from wrong input"; else pass; fi
}

# ---- Examples -----------------------------------------------------------

# Writes each block to a file; fails if one does not start with the program.
example_blocks() {
	section $page1 EXAMPLES | awk -v dir="$tmp" '
		/^\.Bd/ { n++; f = sprintf("%s/block%02d", dir, n); on = 1; next }
		/^\.Ed/ { on = 0; next }
		on { gsub(/\\e/, "\\"); gsub(/\\-/, "-"); print > f }'
}

needs_kernel() { # needs_kernel BLOCK
	grep -E '^\$ svcrules (apply|delete|diff) ' "$1" | grep -qv -- '--from' || grep -qE '^\$ svcrules delete$' "$1"
}

# Numbers that differ from run to run.
timeless() { sed -E 's/ in [0-9]+\.[0-9]+ s$/ in T s/'; }

run_block() { # run_block BLOCK
	local line got status want=0
	: >"$tmp/program"
	while IFS= read -r line; do
		echo "$line" >>"$tmp/program"
		got=$(cd "$tmp/tree" && PATH="$build:$PATH" bash -c "${line#\$ }" 2>"$tmp/err")
		status=$?
		[ -z "$got" ] || echo "$got" >>"$tmp/program"
		want=0
		# diff found differences and printed them
		[[ $line == *"svcrules diff "* && -n $got && $got != "no changes" ]] && want=1
		[[ $line == *"svcrules explain "* && $got == *"=> "@(refused|dropped)* ]] && want=1
		if [ $status -ne $want ]; then
			fail "'$line' ended with $status, expected $want: $(cat "$tmp/err")"
			return
		fi
	done < <(grep '^\$ ' "$1")
	timeless <"$tmp/program" >"$tmp/program.t"
	timeless <"$1" >"$tmp/manual.t"
	same "example" "$tmp/program.t" "$tmp/manual.t"
}

run_examples() { # run_examples KERNEL: runs all blocks, or with "no" the blocks that need no kernel
	local block
	mkdir "$tmp/tree" && ln -s "$root/testdata" "$tmp/tree/testdata"
	example_blocks
	for block in "$tmp"/block*; do
		if [ "$(head -c 11 "$block")" != "\$ svcrules " ]; then
			fail "an example that does not start with '\$ svcrules': $(head -1 "$block")"
		elif [ "$1" = no ] && needs_kernel "$block"; then
			skip "example '$(head -1 "$block")': no network namespace of its own, or no nf_tables in it"
		else
			run_block "$block"
		fi
	done
}

# The blocks build on each other, so all of them run in one network namespace.
examples() {
	local how line told=no p f s
	for how in -n -Urn; do
		unshare $how "$svcrules" delete --quiet >/dev/null 2>&1 || continue
		while read -r line; do
			case $line in
			"counts "*)
				told=yes
				read -r _ p f s <<<"$line"
				passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
				;;
			*) echo "$line" ;;
			esac
		done < <(unshare $how "$root/testdata/suites/man.sh" --examples)
		[ $told = yes ] || fail "the examples ended early"
		return
	done
	run_examples no
}

if [ "${1:-}" = --examples ]; then
	run_examples yes
	echo "counts $passed $failed $skipped"
	exit
fi
[ -x "$svcrules" ] || { echo "man: $svcrules is missing; run make" >&2; exit 2; }
lint
commands_known
options_known
synopses
exit_statuses
check_names
layout
json_forms
library
examples
echo "man: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
