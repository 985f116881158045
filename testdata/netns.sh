# shellcheck shell=bash
# shellcheck disable=SC2154 # what is named under "Before"
# netns.sh: sourced by tests that need one network namespace for the program
# and nft(8). Before: NAME (of the suite), passed, failed, skipped, SVCRULES.
# Gives: finish, give_up WHY, $work (a directory), at COMMAND (in the namespace).

finish() {
	echo "$NAME: $passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
	exit
}

give_up() {
	echo "SKIP - $NAME: $1"
	skipped=1
	finish
}

if [ "$(id -u)" -ne 0 ]; then
	unshare -Urnm true 2>/dev/null || give_up "no user namespaces here"
	SVCR_INSIDE=1 exec unshare -Urnm "$0" "$@"
fi
if [ -n "${SVCR_INSIDE:-}" ]; then
	# ip netns keeps names in /run/netns, which is not ours outside
	mount -t tmpfs tmpfs /run || give_up "no private /run"
	mkdir /run/netns
fi
if ! [ -x "$SVCRULES" ]; then
	echo "$0: $SVCRULES is missing, run make first" >&2
	exit 2
fi
work=$(mktemp -d) || exit 2
netns=svcr-$NAME-$$
trap 'ip netns del "$netns" 2>/dev/null; rm -rf "$work"' EXIT
ip netns add "$netns" 2>/dev/null || give_up "no network namespaces here"

at() {
	ip netns exec "$netns" "$@" </dev/null
}
