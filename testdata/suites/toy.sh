#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# HACKING.md's steps for a new target are run in a copy of the tree: the toy target
# in testdata/toy, one folder and one row, must build and print what is expected.
set -u
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0

# check WHAT COMMAND...: a step that must succeed
check() {
	local what=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "not ok - $what:"
		tail -n 20 "$tmp/out"
	fi
}

# The sources with what is built already, so that little has to be compiled.
mkdir "$tmp/tree"
(cd "$root" && tar cf - --exclude=.git --exclude='build/address*' --exclude='build/vm*' . 2>/dev/null) |
	tar xf - -C "$tmp/tree"
cd "$tmp/tree" || exit 2
awk '/^```sh/ { getline; on = /^# toy: the steps/ } /^```$/ { on = 0 } on' HACKING.md >"$tmp/steps.sh"

lines=$(wc -l <testdata/toy/target.c)
check "the toy has at most 60 lines, not $lines" [ "$lines" -le 60 ]
check "HACKING.md has the steps" [ -s "$tmp/steps.sh" ]
check "the steps" bash -eu "$tmp/steps.sh"
input=(-f testdata/example/services.json --node-name node1 --target list)
build/svcrules compile "${input[@]}" >"$tmp/text"
check "compile --target list" diff -u testdata/toy/expected.txt "$tmp/text"
build/svcrules compile "${input[@]}" -o json >"$tmp/json"
check "its JSON holds the file" grep -q '"name": "services.txt"' "$tmp/json"
check "no change" sh -c "build/svcrules diff --from testdata/example/services.json ${input[*]} | grep -qx 'no changes'"
sed 's/"go-api-svc"/"go-api"/' testdata/example/services.json >"$tmp/new.json"
build/svcrules diff --from testdata/example/services.json -f "$tmp/new.json" --node-name node1 --target list >"$tmp/diff"
check "a change ends with 1" [ $? -eq 1 ]
check "it names the file" grep -qx '~ file services.txt' "$tmp/diff"
check "compile -o DIR" build/svcrules compile "${input[@]}" -o "$tmp/folder"
check "writes the file" diff -u testdata/toy/expected.txt "$tmp/folder/services.txt"
build/svcrules apply "${input[@]}" 2>"$tmp/err"
check "apply refuses files with 2" [ $? -eq 2 ]
check "it says why" grep -q 'makes files' "$tmp/err"
build/svcrules compile "${input[@]}" -o nft 2>"$tmp/err"
check "a format of another target is refused" grep -q "needs --target" "$tmp/err"
check "help names it" sh -c "build/svcrules help compile | grep -qE '(, |^ +)list$'"
echo "toy: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
