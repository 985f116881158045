#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fuzz.sh PROGRAM...: runs every fuzz target over the inputs of its corpus in testdata/fuzz.
# One input: build/lib/json/json_fuzz testdata/fuzz/json/nested
set -u
passed=0 failed=0
for f in "$@"; do
	name=$(basename "$f" _fuzz)
	if [ ! -d "testdata/fuzz/$name" ]; then
		echo "FAIL: no corpus testdata/fuzz/$name"
		failed=$((failed + 1))
		continue
	fi
	for c in "testdata/fuzz/$name"/*; do
		if "$f" "$c" >/dev/null 2>&1; then
			passed=$((passed + 1))
		else
			echo "FAIL: $f $c"
			failed=$((failed + 1))
		fi
	done
done
echo "fuzz: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
