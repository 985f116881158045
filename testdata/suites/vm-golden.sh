#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vm-golden.sh: golden-kernel.sh for IPVS, in the emulated machine (see vm.sh),
# every other case at a time.
set -u
cd "$(dirname "$0")/../.." || exit 2
if [ "${1:-}" != --inside ]; then
	testdata/suites/vm.sh env BACKEND=ipvs bash "$0" --inside
	rc=$?
	[ "$rc" -ne 77 ] || { echo "vm-golden: 0 passed, 0 failed, 1 skipped"; exit 0; }
	exit "$rc"
fi
export PATH=/run/quick:$PATH
names=(testdata/golden/services/*/expected.ipvs)
modprobe -a ip_vs dummy nf_tables
rc=0 halves=()
for half in 0 1; do
	these=()
	for ((i = half; i < ${#names[@]}; i += 2)); do
		name=${names[i]%/*}
		these+=("${name##*/}")
	done
	NAME=vm-golden bash testdata/suites/golden-kernel.sh "${these[@]}" >"/tmp/half$half" 2>&1 &
	halves+=($!)
done
for half in 0 1; do
	wait "${halves[half]}" || rc=1
	cat "/tmp/half$half"
done
exit $rc
