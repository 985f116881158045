#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vm-golden.sh: golden-kernel.sh for IPVS in the emulated machine (see vm.sh), in
# two processes, each with half of the cases.
set -u
cd "$(dirname "$0")/../.." || exit 2
. testdata/suites/vm-lib.sh
if [ "${1:-}" != --inside ]; then
	testdata/suites/vm.sh env BACKEND=ipvs bash testdata/suites/vm-golden.sh --inside
	vm_end vm-golden $?
fi
export PATH=/run/quick:$PATH
names=(testdata/golden/*/*/expected.ipvs)
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
