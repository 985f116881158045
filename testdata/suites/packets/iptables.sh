# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by lib.sh for BACKEND=iptables-legacy and iptables-nft: rules are compiled for one family
# after the other, and loaded by the restore program of that kind.

KIND=${BACKEND#iptables-}

# saved iptables|ip6tables: prints the rules of a family, without counters and times
saved() {
	at "$ON" "$1-$KIND-save" | sed -e '/^#/d' -e 's/ \[[0-9]*:[0-9]*\]$//'
}

# restore iptables|ip6tables: loads the standard input
restore() {
	local wait=()
	[ "$KIND" != legacy ] || wait=(-w 60) # its lock is one for all namespaces
	at "$ON" "$1-$KIND-restore" --noflush "${wait[@]}"
}

# node_addresses: those of the interfaces but lo, as --node-ip wants them
node_addresses() {
	ip -n "$PREFIX-$ON" -br addr show scope global |
		awk '$1 != "lo" { for (i = 3; i <= NF; i++) { sub(/\/.*/, "", $i); print $i } }' | paste -sd,
}

# compiled iptables|ip6tables [OPTION...]: prints the text; nothing but what is loaded depends on the host
compiled() {
	local family=ipv4 node=()
	[ "$1" = iptables ] || family=ipv6
	shift
	# as commands do that talk to the kernel
	if [[ $* != *--node-ip* ]] && ! grep -q '"kind": "Node"' "$INPUT"; then
		node=(--node-ip "$(node_addresses)")
	fi
	"$SVCRULES" compile -f "$INPUT" "${OPTIONS[@]}" "${node[@]}" --family $family "$@"
}

# load [OPTION...]: the rules of INPUT, whatever is loaded; sets OUTPUT and STATUS
load() {
	local program
	OUTPUT='' STATUS=0
	for program in iptables ip6tables; do
		at "$ON" "$program-$KIND-save" >"$WORK/loaded"
		compiled $program --loaded "$WORK/loaded" "$@" >"$WORK/$program" 2>"$WORK/messages" &&
			restore $program <"$WORK/$program" 2>>"$WORK/messages" || STATUS=$?
		OUTPUT+=$(<"$WORK/messages")$'\n'
	done
	[ "$STATUS" -eq 0 ] || not_ok "load" "exit 0" "exit $STATUS: $OUTPUT"
}

# unload: removes all that is loaded
unload() {
	[ -s "$INPUT" ] || return 0
	load --remove
}

# skip_whole_file: ends a file about what this target has not
skip_whole_file() {
	local reason=
	case ${0##*/} in
	09-*) reason="svcrules neither reads nor repairs iptables rules" ;;
	11-* | 12-* | 13-* | 20-*) reason="about 'svcrules apply', which does not load iptables rules" ;;
	16-*) reason="the restore program has the modules loaded" ;;
	21-*) reason="about warnings of 'svcrules apply'" ;;
	3[0-9]-*) reason="this target enforces no network policies" ;;
	*) return 0 ;;
	esac
	skip "${0##*/}" "$reason"
	finish
}
