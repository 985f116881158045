# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the suites that run in the emulated machine.

# vm_end SUITE STATUS: ends a suite whose own closing line may be missing, by the exit status of vm.sh
vm_end() {
	case $2 in
	77) # no machine
		echo "$1: 0 passed, 0 failed, 1 skipped"
		exit 0
		;;
	124)
		echo "TOO SLOW: $1: not done in time, see VM_TIMEOUT in testdata/suites/vm.sh"
		echo "$1: 0 passed, 1 failed, 0 skipped"
		;;
	125)
		echo "$1: 0 passed, 1 failed, 0 skipped"
		;;
	esac
	exit "$2"
}
