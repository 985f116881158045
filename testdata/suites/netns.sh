# shellcheck shell=bash
# shellcheck disable=SC2154 # what is named under "Before"
# netns.sh: sourced by tests that need one network namespace for the program
# and nft(8). The caller sets NAME (of the suite), passed, failed, skipped and SVCRULES.
# Defines finish, give_up WHY, $work (a directory), at COMMAND (in the namespace), at_with, listing.

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

# shellcheck source=testdata/suites/userns.sh
. "$(dirname "${BASH_SOURCE[0]}")/userns.sh"
if ! [ -x "$SVCRULES" ]; then
	echo "$0: $SVCRULES is missing, run make first" >&2
	exit 2
fi
work=$(mktemp -d) || exit 2
netns=svcr-$NAME-$$
trap 'ip netns del "$netns" 2>/dev/null; rm -rf "$work"' EXIT
ip netns add "$netns" 2>/dev/null || give_up "no network namespaces here"

at() {
	at_with /dev/null "$@"
}

at_with() { # at_with FILE COMMAND...: runs it in the namespace with FILE as its input
	local input=$1
	shift
	nsenter --net="/run/netns/$netns" -- "$@" <"$input"
}

# list_element SET ELEMENT: prints the element's line of listing; a suite may replace the function
list_element() {
	printf '%s: %s\n' "$1" "$2"
}

# Prints the kernel's rules: a line for each rule (with its chain and place), element and property, sorted.
listing() {
	local line table='' block='' n=0 element

	at nft list ruleset >"$work/raw" || return
	while read -r line; do
		case $line in
		'table '*) table=${line% {} ;;
		'set '* | 'map '* | 'chain '*)
			block=${line% {} n=0
			echo "$table, $block"
			;;
		'}') block='' ;;
		'' | 'size '*) ;;
		*)
			if [[ $block == chain* ]]; then
				n=$((n + 1))
				printf '%s, %s %02d: %s\n' "$table" "$block" "$n" "$line"
				continue
			fi
			line=${line#'elements = { '}
			line=${line%' }'}
			line=${line%,}
			while [ -n "$line" ]; do
				element=${line%%, *}
				list_element "$table, $block" "$element"
				line=${line#"$element"}
				line=${line#, }
			done
			;;
		esac
	done <"$work/raw" | sort
}
