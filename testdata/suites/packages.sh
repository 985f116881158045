#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# packages.sh [--missing] PACKAGE...: installs the packages that are missing with apt; without
# root it prints which they are and fails. With --missing it only prints their names.
# Tests start servers themselves: one that comes with a package is neither started nor enabled.
set -u
only_print=false
if [ "${1:-}" = --missing ]; then
	only_print=true
	shift
fi
missing=()
for p in "$@"; do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
done
if $only_print; then
	echo "${missing[*]}"
	exit 0
fi
[ ${#missing[@]} -eq 0 ] && exit 0
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
	echo "packages missing: ${missing[*]} (as root: apt-get install ${missing[*]})" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive

# A file of this name keeps packages from starting their servers; one that is there already stays.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap 'rm -f $policy' EXIT
	trap 'exit 130' INT TERM HUP
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
fi
# Servers that were not on this machine shall not start at its next boot either.
new=()
for server in nginx nsd; do
	[ -e "/usr/sbin/$server" ] || new+=("$server")
done
apt-get update -q >/dev/null && apt-get install -q -y --no-install-recommends "${missing[@]}" >/dev/null
status=$?
for server in "${new[@]}"; do
	[ ! -e "/usr/sbin/$server" ] || update-rc.d "$server" disable >/dev/null 2>&1
done
exit $status
