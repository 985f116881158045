#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# man.sh: the manuals agree with the program: syntax, commands, options, synopses, exit statuses,
# names and the table of checks, the layout, annotations, JSON members, the library's functions and all examples.
# "man.sh --update" writes the tables of annotations and of checks into their manuals, and what the
# examples of svcrules-debugging(7) print now; read the diff before you commit it.
set -u
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 2
page1=man/svcrules.1 page5=man/svcrules.5 page3=man/libsvcrules.3 page_nginx=man/svcrules-nginx.5 page_check=man/svcrules-check.7
page_debugging=man/svcrules-debugging.7
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
	for page in $page1 $page5 $page3 $page_nginx $page_check $page_debugging; do
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
	# the three functions, a macro, the list of diagnostics and that of findings pass the name on
	if [ "$(cut -d: -f1 "$tmp/computed" | sort -u | tr '\n' ' ')" = "lib/advise.c lib/diag.c lib/reader.c rules/check/findings.c " ] &&
		[ "$(grep -cE '^lib/diag.c: ->check ?= ?(diag_keep\(d, diag->check\)|group->check)' "$tmp/computed")" = 2 ] &&
		[ "$(grep -cE '^lib/advise.c: \.check ?= ?name ?\}' "$tmp/computed")" = 1 ] &&
		[ "$(grep -cE '^lib/reader.c: \.check ?= ?check,' "$tmp/computed")" = 1 ] &&
		[ "$(grep -cE '^rules/check/findings.c: \.check ?= ?(known \? )?svcr_check_table\[row\]\.n' "$tmp/computed")" = 2 ] &&
		[ "$(wc -l <"$tmp/computed")" = 6 ]; then
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

# ---- Annotations ---------------------------------------------------------

# Prints the lines of 'svcrules help --annotations' as a list of mdoc.
annotation_table() {
	echo '.Bl -tag -width allowlist-source-range -compact'
	"$svcrules" help --annotations | awk '
		function put() { if (name) print ".It Li " name "\n" text }
		/^  [a-z]/ { put(); name = $1; text = ""; sub(/^  [^ ]+/, "  ") }
		/^  / { sub(/^ +/, ""); text = text (text ? " " : "") $0 }
		END { put() }' |
		sed -E '/^\.It/!{s/\\/\\e/g; s/--/\\-\\-/g; s/"/\\(dq/g;}'
	echo '.El'
}

# Prints a manual with the table of the program in it.
with_annotations() {
	annotation_table >"$tmp/table"
	awk -v table="$tmp/table" '
		/^\.\\" annotations: end/ { on = 0; while ((getline line <table) > 0) print line }
		!on
		/^\.\\" annotations: begin/ { on = 1 }' "$1"
}

annotations() {
	with_annotations $page_nginx >"$tmp/program"
	same "the table of annotations, which 'make man-annotations' writes" "$tmp/program" $page_nginx
	if [ "$(annotation_table | grep -c '^\.It')" -ge 60 ]; then pass; else fail "less than 60 annotations"; fi
	# README.md says how many there are
	echo "knows $(annotation_table | grep -c '^\.It') annotations; $(annotation_table | grep -cE '^(as|differs:) ') have an effect" >"$tmp/program"
	sed -nE 's/.*(knows [0-9]+ annotations) .* ([0-9]+ have an effect),.*/\1; \2/p' README.md >"$tmp/manual"
	same "numbers of annotations in README.md" "$tmp/program" "$tmp/manual"
	# those with an effect are explained
	"$svcrules" help --annotations | sed -nE 's/^  ([a-z-]+) +(as|differs:) .*/\1/p' | sort >"$tmp/program"
	section $page_nginx ANNOTATIONS | sed -nE '/annotations: begin/q; s/^\.It Li //p' | tr -d ' ' | tr ',' '\n' | sort >"$tmp/manual"
	same "annotations that have an effect" "$tmp/program" "$tmp/manual"
	# what looks like an option of the program is one
	grep -oE '^\.Fl .*' $page_nginx | grep -oE -- '-[a-z]+(-[a-z]+)*' | sed 's/^/-/' | sort -u >"$tmp/manual"
	"$svcrules" help compile | grep -oE '^  --[a-z-]+' | tr -d ' ' | grep -xFf "$tmp/manual" | sort >"$tmp/program"
	echo --max-lost | sort - "$tmp/program" >"$tmp/known"
	echo --from | sort - "$tmp/known" >"$tmp/program"
	same "options in $page_nginx" "$tmp/program" "$tmp/manual"
}

# ---- Checks --------------------------------------------------------------

# Prints the lines of 'svcrules help --checks' as a list of mdoc.
check_table() {
	echo '.Bl -tag -width Ds -compact'
	"$svcrules" help --checks | awk '
		function put() { if (name) print ".It Sy " name "\n" text }
		/^  [a-z]/ { put(); name = $1; text = ""; sub(/^  [^ ]+/, "  ") }
		/^  / { sub(/^ +/, ""); text = text (text ? " " : "") $0 }
		END { put() }' |
		sed -E '/^\.It/!{s/\\/\\e/g; s/--/\\-\\-/g; s/"/\\(dq/g;}'
	echo '.El'
}

with_checks() { # with_checks PAGE: prints the manual with the table of the program in it
	check_table >"$tmp/table"
	awk -v table="$tmp/table" '
		/^\.\\" checks: end/ { on = 0; while ((getline line <table) > 0) print line }
		!on
		/^\.\\" checks: begin/ { on = 1 }' "$1"
}

checks() {
	with_checks $page_check >"$tmp/program"
	same "the table of checks, which 'make man-annotations' writes" "$tmp/program" $page_check
	if [ "$(check_table | grep -c '^\.It')" -ge 60 ]; then pass; else fail "less than 60 checks"; fi
	# those that are found while reading or building are explained in the other manual
	check_table | awk '/^\.It/ { name = $3; next } /while reading or building/ { print name }' | sort >"$tmp/program"
	section $page1 DIAGNOSTICS | sed -n 's/^\.It Sy //p' | sort -u | comm -12 - "$tmp/program" >"$tmp/manual"
	same "checks found while reading or building" "$tmp/program" "$tmp/manual"
	# README.md says how many there are
	echo "$(check_table | grep -c '^\.It') named checks" >"$tmp/program"
	grep -oE '[0-9]+ named checks' README.md >"$tmp/manual"
	same "the number of checks in README.md" "$tmp/program" "$tmp/manual"
}

# json_members FILE FORM...: the section of the first form must have each member of FILE, or the
# section of another one that it refers to
json_members() {
	local file=$1 form member missing=
	shift
	[ -s "$file" ] || { fail "no JSON from $1"; return; }
	for form; do
		awk -v name="$form" '/^\.S[hs] / { on = substr($0, 5) == name; next } on' $page5 $page_nginx
	done >"$tmp/form"
	while read -r member; do
		grep -qE "(\"${member//\"/}\":|^\.L[iI] .*\b${member//[\":]/}\b)" "$tmp/form" || missing="$missing $member"
	done < <(grep -oE '"[a-z_]+":' "$file" | tr -d : | sort -u)
	if [ -z "$missing" ]; then pass; else fail "JSON, $1: missing$missing"; fi
}

json_forms() {
	local example=testdata/example/services.json target
	sed s/10.244.1.12/10.244.1.13/ $example >"$tmp/new.json"
	for target in nftables ipvs; do
		"$svcrules" compile -f $example --node-name node1 --target $target -o json >"$tmp/compile.$target"
		"$svcrules" diff --from $example -f "$tmp/new.json" --target $target -o json >"$tmp/diff.$target"
	done
	"$svcrules" diff --from $example -f $example -o json >"$tmp/same.nftables"
	example_blocks $page_nginx
	"$svcrules" compile --target nginx -f "$tmp/tree/shop.yaml" -o json >"$tmp/compile.nginx"
	sed s/10.244.1.12/10.244.1.13/ "$tmp/tree/shop.yaml" |
		"$svcrules" diff --target nginx --from "$tmp/tree/shop.yaml" -f - -o json >"$tmp/diff.nginx"
	"$svcrules" get -A -f $example -o json >"$tmp/get.services"
	"$svcrules" get endpoints -A -f $example -o json >"$tmp/get.endpoints"
	"$svcrules" get policies -A -f testdata/example -o json >"$tmp/get.policies"
	json_members "$tmp/get.services" "get -o json"
	json_members "$tmp/get.endpoints" "get -o json"
	json_members "$tmp/get.policies" "get -o json"
	json_members "$tmp/compile.nginx" "compile --target nginx -o json"
	json_members "$tmp/diff.nginx" "diff --target nginx -o json"
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
	cat lib/svcrules.h lib/svcrules_review.h lib/svcrules_explain.h lib/svcrules_services.h lib/svcrules_check.h >"$tmp/headers"
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
		$(pkg-config --libs libmnl libnftnl jansson yaml-0.1 libcrypto) 2>"$tmp/err"; then
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

# example_blocks PAGE: writes each block of commands to a file, and each block that begins with a
# comment to the file of the name in it.
example_blocks() {
	rm -rf "$tmp/tree" "$tmp"/block*
	mkdir "$tmp/tree" && ln -s "$root/testdata" "$tmp/tree/testdata"
	section "$1" EXAMPLES | awk -v dir="$tmp" '
		/^\.Bd/ { n++; f = sprintf("%s/block%02d", dir, n); on = 1; next }
		/^\.Ed/ { on = 0; next }
		on && $1 == "#" { f = dir "/tree/" $2 }
		on { gsub(/\\e/, "\\"); gsub(/\\-/, "-"); sub(/^\\&/, ""); print > f }'
}

needs_kernel() { # needs_kernel BLOCK
	grep -E '^\$ svcrules (apply|delete|diff) ' "$1" | grep -qv -- '--from' ||
		grep -qE '^\$ svcrules (delete$|status)' "$1"
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

# True if nginx is there and may check a configuration here.
has_nginx() {
	printf 'events {}\nhttp {}\n' >"$tmp/nginx.conf"
	nginx -t -q -c "$tmp/nginx.conf" 2>/dev/null
}

# run_examples PAGE KERNEL: runs all blocks, or with "no" the blocks that need no kernel
run_examples() {
	local block
	example_blocks "$1"
	for block in "$tmp"/block*; do
		if [ "$(head -c 11 "$block")" != "\$ svcrules " ]; then
			fail "an example that does not start with '\$ svcrules': $(head -1 "$block")"
		elif grep -q 'nginx -t' "$block" && ! has_nginx; then
			skip "example '$(head -1 "$block")': no nginx that runs here"
		elif [ "$2" = no ] && needs_kernel "$block"; then
			skip "example '$(head -1 "$block")': no network namespace of its own, or no nf_tables in it"
		else
			run_block "$block"
		fi
	done
}

# examples PAGE: the blocks build on each other, so all of them run in one network namespace. What
# 'nginx -t' writes into /run goes with a mount namespace.
examples() {
	local how line told=no p f s
	for how in -nm -Urnm; do
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
		done < <(unshare $how "$root/testdata/suites/man.sh" --examples "$1")
		[ $told = yes ] || fail "the examples of $1 ended early"
		return
	done
	run_examples "$1" no
}

# ---- Debugging a service ----------------------------------------------------

# The page says how to make a node on which all is well, in a network namespace of its own.
sane_node() { # sane_node PAGE
	sed -n 's/^# //p' "$1" >"$tmp/node"
	mount -t tmpfs none /run && [ -s "$tmp/node" ] && bash -e "$tmp/node"
}

# What a command of the page prints, messages too, as lines of mdoc; notices are left out there.
example_output() { # example_output COMMAND
	local status
	(
		cd "$root/testdata/example/debugging" || exit 2
		PATH="$build:$PATH" SOURCE_DATE_EPOCH=1795651200 timeout 60 bash -c "$1"
	) >"$tmp/out" 2>&1 </dev/null
	status=$?
	grep -v '^svcrules: notice: ' "$tmp/out" |
		sed -E 's/ in [0-9]+\.[0-9]+ s$/ in 0.001 s/; s/\\/\\e/g; s/^[.'"'"']/\\\&&/'
	# 1 is an answer, and more must be told by a message
	[ $status -le 1 ] || grep -vE '^svcrules: (notice|warning): ' "$tmp/out" | grep -q '^svcrules: ' ||
		echo "ended with $status"
}

# Prints a page with what the commands of its examples print now.
with_outputs() { # with_outputs PAGE
	local line in=text
	while IFS= read -r line; do
		case $line in
		.Ed) in=text ;;
		"\$ "*)
			in=output
			echo "$line"
			example_output "${line#\$ }"
			;;
		esac
		[ $in = output ] || echo "$line"
	done <"$1"
}

# One page is one walk: its commands run from top to bottom in one network namespace.
debugging() {
	local how
	if [ "$(grep -c '^\$ svcrules ' $page_debugging)" -ge 25 ]; then pass; else fail "$page_debugging has few examples"; fi
	for how in -nm -Urnm; do
		unshare $how "$svcrules" delete --quiet >/dev/null 2>&1 || continue
		unshare $how "$root/testdata/suites/man.sh" --outputs $page_debugging >"$tmp/program" || break
		same "the examples of $page_debugging" "$tmp/program" $page_debugging
		return
	done
	skip "the examples of $page_debugging: no network namespace of its own, or no nf_tables in it"
}

# ---- README.md ---------------------------------------------------------------

# readme_example COMMAND RUN: what README.md shows below the command, in which "..." stands for any lines,
# is what RUN prints.
readme_example() {
	awk -v first="    \$ $1" '
		$0 == first { on = 1; next }
		on && /^(    \$ |$)/ { exit }
		on { sub(/^    /, ""); print }' README.md >"$tmp/shown"
	bash -c "$2" >"$tmp/program" 2>/dev/null
	awk 'NR == FNR { line[++n] = $0; next }
		$0 == "..." { any = 1; next }
		{ while (any && at < n && line[at + 1] != $0) at++
		  if (line[++at] != $0) { bad = 1; exit }
		  any = 0; shown++ }
		END { exit bad || !shown || (!any && at != n) }' "$tmp/program" "$tmp/shown"
}

readme() {
	local what="explain -f testdata/example/services.json --node-name node1 --from node --to production/frontend-svc"
	sed s/10.244.1.12/10.244.1.13/ testdata/example/services.json >"$tmp/services.json"
	if readme_example "svcrules $what" "$svcrules $what"; then pass; else fail "the example of explain in README.md"; fi
	what="diff --from old.json -f services.json --node-name node1"
	if readme_example "svcrules $what" "cd $tmp && $svcrules ${what/old.json/$root/testdata/example/services.json}"; then
		pass
	else
		fail "the example of diff in README.md: $(diff "$tmp/program" "$tmp/shown")"
	fi
}

if [ "${1:-}" = --outputs ]; then
	sane_node "$2" && with_outputs "$2"
	exit
fi
if [ "${1:-}" = --examples ]; then
	[ "$2" != $page_nginx ] || mount -t tmpfs none /run || exit 2
	run_examples "$2" yes
	echo "counts $passed $failed $skipped"
	exit
fi
[ -x "$svcrules" ] || { echo "man: $svcrules is missing; run make" >&2; exit 2; }
if [ "${1:-}" = --update ]; then
	with_annotations $page_nginx >"$tmp/new" && cat "$tmp/new" >$page_nginx
	with_checks $page_check >"$tmp/new" && cat "$tmp/new" >$page_check
	unshare -nm "$root/testdata/suites/man.sh" --outputs $page_debugging >"$tmp/new" && cat "$tmp/new" >$page_debugging
	exit
fi
lint
commands_known
options_known
synopses
exit_statuses
check_names
layout
annotations
checks
json_forms
library
examples $page1
examples $page_nginx
examples $page_check
debugging
readme
echo "man: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
