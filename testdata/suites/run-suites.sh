#!/bin/bash
# run-suites.sh TARGET...: runs make targets one after another, each to its
# end (what it needs is built on all processors), then adds up their closing
# lines "[NAME: ]N passed, N failed[, N skipped]".
set -u
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0 bad=()
for target in "$@"; do
	echo "== $target"
	start=$SECONDS
	make --no-print-directory -j"$(nproc)" "$target" >"$log" 2>&1
	rc=$?
	grep -E '^(not ok|FAIL|SKIP|.*: (error|warning):)' "$log" | head -n 60
	lines=$(grep -E '^([a-z0-9-]+: )?[0-9]+ passed, [0-9]+ failed' "$log")
	if [ -z "$lines" ] || [ "$rc" -ne 0 ]; then
		tail -n 40 "$log"
		bad+=("$target (exit $rc)")
	fi
	[ -n "$lines" ] && printf '%s (%ds)\n' "$lines" $((SECONDS - start))
	while read -r p f s; do
		passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	done < <(sed -nE 's/^([a-z0-9-]+: )?([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?.*/\2 \3 0\5/p' "$log" |
		awk '{ print $1, $2, $3 + 0 }')
done
[ ${#bad[@]} -gt 0 ] && echo "failed suites: ${bad[*]}"
[ ${#bad[@]} -gt 0 ] && [ "$failed" -eq 0 ] && failed=${#bad[@]}
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
