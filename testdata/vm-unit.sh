#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vm-unit.sh PROGRAM...: Check programs in the emulated machine, see vm.sh.
set -u
cd "$(dirname "$0")/.." || exit 2
testdata/vm.sh bash testdata/unit.sh vm-unit "$@"
rc=$?
[ "$rc" -ne 77 ] || { echo "vm-unit: 0 passed, 0 failed, 1 skipped"; exit 0; }
exit "$rc"
