#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vm-unit.sh PROGRAM...: in the emulated machine, see vm.sh: what is said where a
# module is missing, as long as none is loaded, then Check programs.
set -u
cd "$(dirname "$0")/../.." || exit 2
if [ "${1:-}" = --inside ]; then
	shift
	bash testdata/suites/packets/run.sh testdata/suites/packets/16-modules.sh
	rc=$?
	bash testdata/suites/unit.sh vm-unit "$@" && exit $rc
	exit 1
fi
testdata/suites/vm.sh bash "$0" --inside "$@"
rc=$?
[ "$rc" -ne 77 ] || { echo "vm-unit: 0 passed, 0 failed, 1 skipped"; exit 0; }
exit "$rc"
