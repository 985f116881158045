#!/bin/bash
# fuzz.sh BUILD PROGRAM...: runs every fuzz target over its corpus in testdata/fuzz.
set -u
shift
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
