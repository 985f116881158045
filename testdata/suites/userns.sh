# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# userns.sh: sourced, with the script's arguments. Who is not root starts the
# script again in a user namespace of his own. Before: give_up WHY.
if [ "$(id -u)" -ne 0 ]; then
	unshare -Urnm true 2>/dev/null || give_up "no user namespaces here"
	SVCR_INSIDE=1 exec unshare -Urnm "$0" "$@"
fi
if [ -n "${SVCR_INSIDE:-}" ]; then
	# ip netns keeps names in /run/netns, which is not ours outside
	mount -t tmpfs tmpfs /run || give_up "no private /run"
	mkdir /run/netns
fi
