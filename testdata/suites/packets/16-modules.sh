#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The target ipvs on a kernel without IPVS, or without the dummy driver. In the
# emulated machine the test keeps the modules from loading, so it must run there
# before any test that needs them (vm-unit.sh).
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
begin
use_backend ipvs

# without MODULE REQUESTED-NAME: true if the kernel has not loaded MODULE and cannot
without() {
	if [ -n "${SVCR_VM:-}" ]; then
		echo "$2" >/run/no-modules
		! grep -q "^$1 " /proc/modules
	else
		! modprobe -nq "$1"
	fi
}

web() {
	svc web ip=10.96.0.1
	slice web 4 10.244.1.11@node1
}

no_ipvs() {
	if ! without ip_vs net-pf-16-proto-16-family-IPVS || [ -e /proc/net/ip_vs ]; then
		skip "a kernel without IPVS" "this one has it"
		return
	fi
	web
	write_input
	svcrules apply
	check "no IPVS" 4 "$STATUS"
	check "the module is named" ".*this kernel has no IPVS.*module ip_vs \(CONFIG_IP_VS\).*" "$(tr '\n' ' ' <<<"$OUTPUT")"
	check "nothing is changed" "" "$(at node nft list tables)$(ip -n "$PREFIX-node" link show svcrules0 2>/dev/null)"
	svcrules diff
	check "no IPVS for diff" 4 "$STATUS"
	svcrules compile
	check "compile needs none" 0 "$STATUS"
	delete
	check "nor does delete" 0 "$STATUS"
}

no_dummy() {
	if [ -z "${SVCR_VM:-}" ] || ! without dummy rtnl-link-dummy; then
		skip "a kernel with IPVS, but without a dummy driver" "this is none"
		return
	fi
	web
	write_input
	svcrules apply
	check "no dummy driver" 4 "$STATUS"
	check "the module is named" ".*cannot make the interface svcrules0.*module dummy, CONFIG_DUMMY.*" \
		"$(tr '\n' ' ' <<<"$OUTPUT")"
	svcrules diff
	check "diff sees that it is missing" 1 "$STATUS"
	rm /run/no-modules
	svcrules apply
	check "with the module all is done" 0 "$STATUS"
	check "and served" pod1 "$(who client tcp 10.96.0.1 80)"
}

no_ipvs
no_dummy
finish
