#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# announce.sh WHAT 'SECONDS...' [downloads] PACKAGE...: says how long WHAT takes, and what it
# is going to install and download. An empty third argument: no downloads.
set -u
what=$1 seconds=0 downloads=$3
for s in $2; do seconds=$((seconds + s)); done
shift 3
missing=$(bash "$(dirname "$0")/packages.sh" --missing "$@")
echo "$what: about $(((seconds + 59) / 60)) minutes on two cores, and the time to build"
echo "installs with apt: ${missing:-nothing}"
[ -n "$downloads" ] || exit 0
fetched=()
[ -d build/vm/root ] || fetched+=("Debian's kernel (linux-image-amd64, into build/vm)")
[ -x build/nft-newer/nft ] || fetched+=("nft of Debian 13 and its libraries (into build/nft-newer)")
[ ${#fetched[@]} -gt 0 ] || fetched=(nothing)
printf 'downloads: %s\n' "$(printf '%s, ' "${fetched[@]}" | sed 's/, $//')"
