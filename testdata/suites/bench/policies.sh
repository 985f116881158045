# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # what lib.sh and flows.sh set
# Measures NetworkPolicy. SIZE is PODSxPOLICIES; the inputs have a few services, too. Sourced
# after flows.sh.

SERVICES=100x10
RULES=3

enforcing=("${node[@]}" --network-policy)

# policies SIZE LOCAL FORM FILE [OPTION...]: LOCAL pods are on the node
policies() {
	local size=$1 local=$2 form=$3 file=$4
	shift 4
	"$cluster" --pods "${size%x*}" --local "$local" --policies "${size#*x}" --rules $RULES --form "$form" "$@" >"$file"
}

# policy_input SIZE LOCAL FILE [OPTION...]: services, then pods, namespaces and policies
policy_input() {
	local size=$1 local=$2 file=$3 service=()
	shift 3
	[ "${1:-}" != --replace-endpoint ] || { service=("$1"); shift; }
	generate $SERVICES "$file" "${service[@]}"
	policies "$size" "$local" pods "$out/pods.json" "$@"
	cat "$out/pods.json" >>"$file"
	rm -f "$out/pods.json"
}

enforce() { # enforce SIZE NAME FILE: a measured apply
	own "$1" "$2" "$svcrules" apply -f "$3" "${enforcing[@]}"
}

enforce_counted() { # enforce_counted SIZE NAME FILE
	inside "$ns" "$tool" count "$log" "$1" "$2" "$svcrules" apply -f "$3" "${enforcing[@]}" >"$out/said" 2>&1
}

# Leaves kept[enforced], with the rules of the input base.json.
policy_counts() {
	local size=$1 name
	fresh || return
	kept[enforced]=$ns
	enforce_counted "$size" policy-cold "$out/base.json"
	enforce_counted "$size" policy-no-op "$out/base.json"
	for name in relabel replica move endpoint; do
		[ -e "$out/$name.json" ] || continue
		enforce_counted "$size" policy-$name "$out/$name.json"
		enforce "$size" policy-between "$out/base.json"
	done
}

policy_cold() { # policy_cold SIZE ROUND: each run in a new namespace; which is first changes in turns
	local size=$1 first=${#spaces[@]} i
	for i in "$2" $(($2 + 1)); do
		if [ $((i % 2)) -eq 0 ]; then
			fresh && enforce "$size" policy-cold "$out/base.json"
		else
			fresh && own "$size" policy-plain "$svcrules" apply -f "$out/base.json" "${node[@]}"
		fi
	done
	own "$size" policy-read "$tool" read "$out/base.json"
	fresh && inside "$ns" "$tool" measure --tail "$out/base.json" "$log" "$size" policy-after-reading \
		"$svcrules" apply -f - "${enforcing[@]}" >"$out/said" 2>&1
	drop "${spaces[@]:first}"
}

policy_changes() {
	local size=$1 name
	ns=${kept[enforced]}
	enforce "$size" policy-no-op "$out/base.json"
	for name in relabel replica move endpoint; do
		enforce "$size" policy-$name "$out/$name.json"
		enforce "$size" policy-$name "$out/base.json"
	done
}

policy_reference() { # policy_reference SIZE LOCAL FORM
	local first=${#spaces[@]}
	policies "$1" "$2" "$3" "$out/$3"
	fresh && timed "$1" "$3" nft -f "$out/$3"
	SETTLE=1 drop "${spaces[@]:first}" # the kernel deletes many sets
	rm -f "$out/$3"
}

# policy_control SIZE LOCAL ROUNDS all|core [FORM ROUNDS]...: core leaves out the changes
policy_control() {
	local size=$1 local=$2 rounds=$3 i all=true form
	local -A times=()
	[ "$4" = all ] || all=false
	shift 4
	while [ $# -gt 1 ]; do
		times[$1]=$2
		shift 2
	done
	echo "== $size: pods and policies"
	policy_input "$size" "$local" "$out/base.json"
	if $all; then
		policy_input "$size" "$local" "$out/relabel.json" --relabel-pod
		policy_input "$size" "$local" "$out/replica.json" --move-replica
		policy_input "$size" "$local" "$out/move.json" --move-pod
		policy_input "$size" "$local" "$out/endpoint.json" --replace-endpoint
	fi
	fact "$size" policy-input bytes "$(stat -c %s "$out/base.json")"
	policy_counts "$size"
	for ((i = 0; i < rounds; i++)); do
		policy_cold "$size" "$i"
		$all && policy_changes "$size"
		for form in "${!times[@]}"; do
			[ "$i" -ge "${times[$form]}" ] || policy_reference "$size" "$local" "$form"
		done
	done
	rm -f "$out"/{base,relabel,replica,move,endpoint}.json
}

# enforced_beside SIZE LOCAL NAME: kept[NAME] has the rules for another size
enforced_beside() {
	policy_input "$1" "$2" "$out/base.json"
	fresh && inside "$ns" "$svcrules" apply -f "$out/base.json" "${enforcing[@]}" --quiet >"$out/said" 2>&1
	kept[$3]=$ns
	rm -f "$out/base.json"
}

# policy_flows SIZE LOCAL FEW FEW-LOCAL ROUNDS: new connections from a pod that all policies allow to
# the isolated pods of the node, with the rules in kept[enforced], those of the size FEW, and without
# policies. All have the NAT rules of a node.
policy_flows() {
	local size=$1 few=$3 rounds=$5 i name layout
	enforced_beside "$few" "$4" few-enforced
	enforced_beside "${size%x*}x0" "$2" open
	policies "$size" "$2" pod-vips "$out/vips-$size"
	policies "$few" "$4" pod-vips "$out/vips-$few"
	for layout in enforced few-enforced open; do
		name=$layout
		wire "${kept[$layout]}"
	done
	for ((i = 0; i < rounds; i++)); do
		for layout in open few-enforced enforced; do
			name=policy-$layout
			policy_flows_of "$layout" "$size" "$few"
		done
	done
	rm -f "$out"/vips-*
}

policy_flows_of() { # policy_flows_of LAYOUT SIZE FEW: logs as $name, few-enforced at the size FEW
	local vips=$2
	[ "$1" != few-enforced ] || vips=$3
	udp_flows "$vips" "$1" 2000
	tcp_flows "$vips" "$1" 1000
}
