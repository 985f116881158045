# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# userns.sh: sourced with the script's arguments. For an ordinary user it starts the
# script again in a new user namespace. The caller defines give_up WHY.
if [ "$(id -u)" -ne 0 ]; then
	unshare -Urnm true 2>/dev/null || give_up "no user namespaces here"
	SVCR_INSIDE=1 exec unshare -Urnm "$0" "$@"
fi
if [ -n "${SVCR_INSIDE:-}" ]; then
	# ip netns keeps names in /run/netns, where an ordinary user cannot write
	mount -t tmpfs tmpfs /run || give_up "no private /run"
	mkdir /run/netns
fi
