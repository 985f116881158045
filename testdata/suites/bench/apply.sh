# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # what lib.sh sets
# Measures the control plane at one size. Sourced after lib.sh.

declare -A kept=() # layout -> namespace in which it is loaded; "ours" is the layout of svcrules

prepare() { # prepare SIZE
	local size=$1
	generate "$size" "$out/base.json"
	generate "$size" "$out/one.json" --replace-endpoint
	$all && generate "$size" "$out/added.json" --add-service
	$all && generate "$size" "$out/rolled.json" --roll 1
	"$svcrules" compile -f "$out/base.json" "${node[@]}" >"$out/own.nft" 2>/dev/null
	fact "$size" input bytes "$(stat -c %s "$out/base.json")"
}

# Counts the messages to and from the kernel; leaves the batch of a cold apply, and kept[ours].
count_all() {
	local size=$1
	fresh || return
	kept[ours]=$ns
	counted "$size" cold "$out/base.json" --save "$out/batch"
	counted "$size" no-op "$out/base.json"
	counted "$size" one-endpoint "$out/one.json"
	apply "$size" between "$out/base.json"
	$all || return
	counted "$size" service-added "$out/added.json"
	apply "$size" between "$out/base.json"
	counted "$size" rolled "$out/rolled.json"
	apply "$size" between "$out/base.json"
}

changes() { # changes SIZE: applies each change and its reverse
	local size=$1
	ns=${kept[ours]}
	apply "$size" no-op "$out/base.json"
	apply "$size" one-endpoint "$out/one.json"
	apply "$size" one-endpoint "$out/base.json"
	$all || return
	apply "$size" service-added "$out/added.json"
	apply "$size" service-removed "$out/base.json"
	apply "$size" rolled "$out/rolled.json"
	apply "$size" rolled "$out/base.json"
}

readers() { # readers SIZE ROUND
	local size=$1 parser
	ns=${kept[ours]}
	for parser in parse-jansson parse-yajl read; do
		own "$size" $parser "$tool" $parser "$out/base.json"
	done
	$all || [ "$2" -eq 0 ] || return
	own "$size" compile "$svcrules" compile -f "$out/base.json" "${node[@]}"
	own "$size" diff "$svcrules" diff --from "$out/base.json" -f "$out/one.json" "${node[@]}"
}

cold() { # cold SIZE ROUND: each run in a new namespace
	local size=$1 first=${#spaces[@]}
	fresh && apply "$size" cold "$out/base.json"
	fresh && own "$size" replay "$tool" replay "$out/batch" && fact "$size" replay send "$(cat "$out/said")"
	fresh && inside "$ns" "$tool" measure --tail "$out/base.json" "$log" "$size" after-reading \
		"$svcrules" apply -f - "${node[@]}" >"$out/said" 2>&1
	if $all || [ "$2" -eq 0 ]; then
		fresh && timed "$size" nft-own nft -f "$out/own.nft"
	fi
	drop "${spaces[@]:first}"
}

# load SIZE FORM: loads the services in the layout FORM into a namespace that stays as kept[FORM]
load() {
	local size=$1 form=$2
	generate "$size" "$out/$form" --form "$form"
	fresh || return
	case $form in
	iptables) timed "$size" iptables iptables-legacy-restore "$out/iptables" ;;
	*) timed "$size" "$form" nft -f "$out/$form" ;;
	esac && kept[$form]=$ns
	rm -f "$out/$form"
}

reference() { # reference SIZE FORM
	[ -z "${kept[$2]:-}" ] || drop "${kept[$2]}"
	load "$1" "$2"
}

# control SIZE ROUNDS all|core [FORM ROUNDS]...: core leaves out what no requirement for large sizes needs
control() {
	local size=$1 rounds=$2 i form all=true
	local -A times=()
	[ "$3" = all ] || all=false
	shift 3
	while [ $# -gt 1 ]; do
		times[$1]=$2
		shift 2
	done
	echo "== $size"
	prepare "$size"
	count_all "$size"
	for ((i = 0; i < rounds; i++)); do
		cold "$size" "$i"
		readers "$size" "$i"
		changes "$size"
		for form in "${!times[@]}"; do
			[ "$i" -ge "${times[$form]}" ] || reference "$size" "$form"
		done
	done
	rm -f "$out"/*.json "$out/own.nft" "$out/batch"
}

end() {
	kept=()
	drop_all
}
