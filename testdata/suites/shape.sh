#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shape.sh: the limits of the source, see HACKING.md. Prints FILE:LINE: and what is wrong.
#  - no function above 50 lines, no file above 600, no line above 100 columns (a tab is 8)
#  - a function's name stands for one function in the whole repository, except main
#  - the sources are as clang-format 14 leaves them (another version formats in other ways)
#  - IPVS is named only where it is driven, in the code that serves all targets
# Needs universal-ctags and clang-format.
set -u
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/../.." || exit 2
function_max=50 file_max=600 column_max=100
failed=0 files=0
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

if ! ctags --version 2>/dev/null | grep -q 'Universal Ctags'; then
	echo "shape.sh: universal-ctags is missing" >&2
	exit 2
fi
if ! clang-format --version >/dev/null 2>&1; then
	echo "shape.sh: clang-format is missing" >&2
	exit 2
fi
find lib rules cmd testdata -name '*.[ch]' | sort >"$tmp/files"
files=$(wc -l <"$tmp/files")

# report: prints the violations on its standard input, and counts them
report() {
	local line

	while IFS= read -r line; do
		echo "$line"
		failed=$((failed + 1))
	done
}

# NAME FILE LINE END of each function; Check's START_TEST(NAME) names a function, too.
functions() {
	ctags -x --languages=C,C++ --langmap=C:.c.h --c-kinds=f --_xformat='%N %F %n %e' -L "$tmp/files" |
		while read -r name file line end; do
			[ "$name" != START_TEST ] || name=$(sed -n "${line}s/.*START_TEST(\([^)]*\)).*/\1/p" "$file")
			echo "$name $file $line $end"
		done | sort -k 2,2 -k 3,3n
}

long_functions() {
	awk -v max=$function_max '$4 - $3 + 1 > max { printf "%s:%d: function %s has %d lines, %d are the limit\n", $2, $3, $1, $4 - $3 + 1, max }' \
		"$tmp/functions"
}

long_files() {
	local file lines

	while read -r file; do
		lines=$(wc -l <"$file")
		[ "$lines" -le $file_max ] || echo "$file:$lines: the file has $lines lines, $file_max are the limit"
	done <"$tmp/files"
}

long_lines() {
	local file n text

	while read -r file; do
		expand -t 8 "$file" | grep -nE "^.{$((column_max + 1)),}" | while IFS=: read -r n text; do
			echo "$file:$n: the line has ${#text} columns, $column_max are the limit"
		done
	done <"$tmp/files"
}

same_names() {
	awk '$1 != "main" {
		if ($1 in first)
			printf "%s:%d: function %s has the name of %s\n", $2, $3, $1, first[$1]
		else
			first[$1] = $2 ":" $3
	}' "$tmp/functions"
}

ipvs_named() {
	grep -E '^(rules/(nft|nftables)|cmd/svcrules)/' "$tmp/files" |
		grep -vE '^cmd/svcrules/kernel/(ipvs|link)[a-z_]*\.[ch]$' |
		xargs -r grep -inoE '.{0,30}ipvs.{0,30}' /dev/null | sed -E 's/^([^:]*:[0-9]+):[[:space:]]*(.*)/\1: names IPVS: \2/'
}

unformatted() {
	if ! clang-format --version | grep -q 'version 14\.'; then
		echo "shape: formatting not checked: this is $(clang-format --version)" >&2
		return
	fi
	xargs clang-format --dry-run -Werror <"$tmp/files" 2>&1 |
		sed -nE 's/^([^:]*:[0-9]+):.*error: .*/\1: clang-format changes this/p'
}

functions >"$tmp/functions"
report < <(long_functions)
report < <(long_files)
report < <(long_lines)
report < <(same_names)
report < <(unformatted)
report < <(ipvs_named)
echo "shape: $((failed > 0 ? 0 : files)) passed, $failed failed"
[ "$failed" -eq 0 ]
