#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# packages.sh [--missing] PACKAGE...: installs the packages that are missing with apt; without
# root it prints which they are and fails. With --missing it only prints their names.
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
apt-get update -q >/dev/null && apt-get install -q -y --no-install-recommends "${missing[@]}" >/dev/null
