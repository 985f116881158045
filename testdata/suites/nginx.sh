#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nginx.sh [PART...]: Debian's nginx, with the configuration that --target nginx makes, serves real
# requests in a network namespace. Each part is a file in testdata/suites/nginx; without arguments all
# of them run at the same time, each with a namespace of its own.
# Runs as root, or as an ordinary user inside a new user namespace.
set -u
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
SVCRULES=$(realpath "${SVCRULES:-$root/build/svcrules}")
passed=0
failed=0
skipped=0
PATH=$PATH:/usr/sbin
NAME=nginx
parts=("$@")
[ $# -gt 0 ] || parts=(paths hosts backends tls certificates requests annotations limits folder workers hostile golden fuzz size)

# all_parts: starts each part, prints what they said, and sums
all_parts() {
	local part pids=() i=0 line

	out=$(mktemp -d) || exit 2
	trap 'rm -rf "$out"' EXIT
	for part in "${parts[@]}"; do
		env -u SVCR_INSIDE -u NGINX_PRIVATE bash "$0" "$part" >"$out/$part" 2>&1 &
		pids+=($!)
	done
	for part in "${parts[@]}"; do
		wait "${pids[i++]}"
		line=$(tail -n 1 "$out/$part")
		if [[ $line =~ ^nginx:\ ([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped ]]; then
			passed=$((passed + BASH_REMATCH[1]))
			failed=$((failed + BASH_REMATCH[2]))
			skipped=$((skipped + BASH_REMATCH[3]))
			sed '$d' "$out/$part"
		else
			failed=$((failed + 1))
			cat "$out/$part"
			echo "not ok - the part $part did not end"
		fi
	done
}

# A private mount namespace keeps logs and bodies out of the folders of the machine's own nginx.
if [ "$(id -u)" -eq 0 ] && [ -z "${SVCR_INSIDE:-}" ] && [ -z "${NGINX_PRIVATE:-}" ]; then
	NGINX_PRIVATE=1 exec unshare -m bash "$0" "$@"
fi
# shellcheck source=testdata/suites/netns.sh
. "$root/testdata/suites/netns.sh"
if [ ${#parts[@]} -gt 1 ]; then
	ip netns del "$netns"
	rm -rf "$work"
	all_parts
	finish
fi
command -v nginx >/dev/null || give_up "no nginx"
mkdir -p /var/log/nginx /var/lib/nginx
for dir in /var/log/nginx /var/lib/nginx; do
	mount -t tmpfs tmpfs $dir || give_up "no private mounts"
done
part=${parts[0]}
# shellcheck source=testdata/suites/nginx/lib.sh
. "$root/testdata/suites/nginx/lib.sh"
# shellcheck source=/dev/null
. "$root/testdata/suites/nginx/$part.sh"
finish
