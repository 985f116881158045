#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vm-unit.sh PROGRAM...: runs in the emulated machine (see vm.sh) first the packet
# test of missing modules, while none is loaded, then the unit test programs.
set -u
cd "$(dirname "$0")/../.." || exit 2
. testdata/suites/vm-lib.sh
if [ "${1:-}" = --inside ]; then
	shift
	# the first request after modules were loaded takes up to 300 ms on a busy machine
	TIMEOUT=${TIMEOUT:-1000} bash testdata/suites/packets/run.sh testdata/suites/packets/16-modules.sh
	rc=$?
	bash testdata/suites/unit.sh vm-unit "$@" && exit $rc
	exit 1
fi
testdata/suites/vm.sh bash testdata/suites/vm-unit.sh --inside "$@"
vm_end vm-unit $?
