#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vm-ipvs-cost.sh [SERVICES ENDPOINTS]: measures the target ipvs in the emulated machine (see
# vm.sh): a first apply against `ipvsadm -R` of the same virtual servers, whose text is made
# before; a run with nothing to do; one endpoint replaced. The times are medians of three runs.
set -u
cd "$(dirname "$0")/../.." || exit 2
. testdata/suites/vm-lib.sh
passed=0
failed=0

check() { # check WHAT TRUE-OR-FALSE FIGURE
	if "$2"; then
		passed=$((passed + 1))
		echo "ok - $1: $3"
	else
		failed=$((failed + 1))
		echo "not ok - $1: $3"
	fi
}

if [ "${1:-}" != --inside ]; then
	[ $# -gt 0 ] || set -- 2000 5
	log=$(mktemp) || exit 2
	trap 'rm -f "$log"' EXIT
	testdata/suites/vm.sh bash testdata/suites/vm-ipvs-cost.sh --inside "$@" 2>&1 | tee "$log"
	rc=${PIPESTATUS[0]}
	grep -q '^vm-ipvs-cost: ' "$log" && exit "$rc"
	case $rc in 77 | 124) ;; *) rc=125 ;; esac # it ended early
	vm_end vm-ipvs-cost "$rc"
fi

work=$(mktemp -d) || exit 2
node=(--backend ipvs --node-name node-000 --node-ip 192.0.2.1 --cluster-cidr 10.128.0.0/9)
build/cluster --services "$2" --endpoints "$3" >"$work/a.json"
build/cluster --services "$2" --endpoints "$3" --replace-endpoint >"$work/b.json"
build/svcrules compile -o ipvsadm -f "$work/a.json" "${node[@]}" >"$work/ipvsadm" || exit 2
modprobe -a ip_vs ip_vs_rr dummy nf_tables

fresh() {
	ip netns del n 2>/dev/null
	ip netns add n
	ip -n n link set lo up
	ip -n n addr add 192.0.2.1/32 dev lo
}

# seconds COMMAND: prints how long it takes in the namespace
seconds() {
	local start=$EPOCHREALTIME
	ip netns exec n bash -c "$1" >"$work/said" 2>&1 || { cat "$work/said"; return 1; }
	echo "$start $EPOCHREALTIME" | awk '{ printf "%.3f\n", $2 - $1 }'
}

apply="build/svcrules apply ${node[*]} -f"
for i in 1 2 3; do
	fresh
	seconds "ipvsadm -R <$work/ipvsadm" >>"$work/restore"
	fresh
	seconds "$apply $work/a.json" >>"$work/apply"
	echo "# $i: ipvsadm -R $(tail -n 1 "$work/restore") s, apply $(tail -n 1 "$work/apply") s; $(tail -n 1 "$work/said")"
done
ratio=$(awk -v a="$(sort -n "$work/apply" | sed -n 2p)" -v b="$(sort -n "$work/restore" | sed -n 2p)" 'BEGIN { printf "%.2f", b / a }')
check "first apply of $2 x $3 against ipvsadm -R, asked 1.5 x" "$(awk -v r="$ratio" 'BEGIN { print (r >= 1.5) ? "true" : "false" }')" "$ratio x"
lines=$(ip netns exec n ipvsadm -Sn | wc -l)
check "as many virtual and real servers as in the text" "$([ "$lines" -eq "$(wc -l <"$work/ipvsadm")" ] && echo true || echo false)" "$lines"
seconds "$apply $work/a.json" >"$work/noop"
check "nothing to do sends no change" "$(grep -q 'no changes' "$work/said" && echo true || echo false)" "$(tail -n 1 "$work/said")"
seconds "$apply $work/b.json" >"$work/one"
sent=$(sed -n 's/.*(\([0-9]*\) changes* sent).*/\1/p' "$work/said")
check "one endpoint replaced, asked at most 4 changes" "$([ "${sent:-99}" -le 4 ] && echo true || echo false)" "$(tail -n 1 "$work/said")"
ip netns del n
rm -rf "$work"
echo "vm-ipvs-cost: $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
