#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh [FILE...]: runs all packet tests, or the files given, as root or as an
# ordinary user inside a new user namespace. BACKEND=ipvs runs them through IPVS,
# BACKEND=iptables-legacy and iptables-nft with rules that these programs load.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=${here%/testdata/suites/packets}
export SVCRULES=${SVCRULES:-$root/build/svcrules} PROBE=${PROBE:-$root/build/probe}

give_up() {
	echo "SKIP - packet tests: $1"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
}

# shellcheck source=testdata/suites/userns.sh
. "$root/testdata/suites/userns.sh"
for binary in "$SVCRULES" "$PROBE"; do
	[ -x "$binary" ] || { echo "run.sh: $binary is missing, run make first" >&2; exit 2; }
done
ip netns add "svcr$$-try" 2>/dev/null || give_up "no network namespaces here"
ip netns del "svcr$$-try"
case ${BACKEND:-} in
iptables-*)
	command -v "$BACKEND-restore" >/dev/null || give_up "no $BACKEND-restore here"
	"$BACKEND" -t nat -nL >/dev/null 2>&1 || give_up "$BACKEND does not work here"
	;;
esac

log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
[ $# -gt 0 ] || set -- "$here"/[0-9][0-9]-*.sh
one() { # one FILE: runs it and prints its output in one piece
	local name

	name=$(basename "$1" .sh)
	echo "# $name" >"$log/$name"
	bash "$1" >>"$log/$name" 2>&1
	# A file that ends early must not look like one that passed.
	grep -q "^# $name.sh: " "$log/$name" ||
		echo "not ok - $name: expected to run to its end, got an early end" >>"$log/$name"
	cat "$log/$name"
}

# Each file has its own namespaces, so as many run at a time as there are processors.
for file; do
	[ "$(jobs -rp | wc -l)" -lt "$(nproc)" ] || wait -n
	one "$file" &
done
wait

count() {
	cat "$log"/* | grep -c "^$1 - "
}

failed=$(count "not ok")
[ "$failed" -eq 0 ] || { echo "# failures:"; grep -h "^not ok - " "$log"/*; }
echo "$(count ok) passed, $failed failed, $(count skip) skipped"
[ "$failed" -eq 0 ]
