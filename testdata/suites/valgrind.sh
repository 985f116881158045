#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# valgrind.sh BUILD: runs the commands that need no kernel, and unit tests, in valgrind: no
# leak and no invalid access.
set -u
build=$1
passed=0 failed=0
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

run() {
	# any exit status of the program itself (up to 5) is accepted; 99 is valgrind's
	valgrind -q --leak-check=full --show-leak-kinds=definite,indirect --error-exitcode=99 \
		"$@" >"$dir/out" 2>"$dir/err"
	rc=$?
	if [ $rc -eq 99 ] || [ $rc -gt 125 ]; then # 126 and 127: the program is missing
		echo "FAIL: valgrind $*"
		tail -n 20 "$dir/err"
		failed=$((failed + 1))
	else
		passed=$((passed + 1))
	fi
}

example=testdata/example/services.json
echo '{"apiVersion":"v1","kind":"List","items":[{"kind":"Service"}]}' >"$dir/bad.json"
head -c 5000 $example >"$dir/cut.json"
for o in nft json; do
	run "$build/svcrules" compile -f $example -o $o --node-name node1
	run "$build/svcrules" diff --from $example -f $example --node-ip 10.0.0.1 --masquerade-all -o $o
done
run "$build/svcrules" diff --from $example -f $example --service-cidr 10.96.0.0/12 --family ipv4
run "$build/svcrules" compile -f "$dir/bad.json"
run "$build/svcrules" compile -f "$dir/cut.json"
run "$build/svcrules" help apply
export CK_FORK=no
for t in lib/read_test lib/select_test rules/nftables/decode_test rules/nft/two_layouts_test rules/ipvs/addresses_test; do
	run "$build/$t"
done
echo "valgrind: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
