# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Helpers of run.sh and bench-smoke.sh. The caller sets $out, a directory for results
# and temporary files. Measurements go to $log, as lines SIZE NAME METRIC VALUE
# (separated by tabs); SIZE is SERVICESxENDPOINTS.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
svcrules=${SVCRULES:-$ROOT/build/svcrules}
cluster=$ROOT/build/cluster
tool=$ROOT/build/bench-tool
# shellcheck disable=SC2154 # $out is the caller's
log=$out/log.tsv
node=(--node-name node-000 "--node-ip=192.0.2.1,2001:db8::1" --cluster-cidr 10.128.0.0/9)
prefix=svcb$$
made=0
ns=
spaces=()
LIMIT=${LIMIT:-300} # seconds that a reference may take

# fresh: makes a new network namespace, $ns, in which no earlier run has left anything.
fresh() {
	made=$((made + 1))
	ns=$prefix-$made
	ip netns add "$ns" || return
	spaces+=("$ns")
	ip -n "$ns" link set lo up
	inside "$ns" bash -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
}

# inside NAMESPACE COMMAND...
inside() {
	local where=$1
	shift
	ip netns exec "$where" "$@"
}

# drop NAMESPACE...: deletes them and waits, because the kernel tears down in the background
drop() {
	local n kept=()
	for n; do ip netns del "$n" 2>/dev/null; done
	for n in "${spaces[@]}"; do
		[[ " $* " == *" $n "* ]] || kept+=("$n")
	done
	spaces=("${kept[@]}")
	sleep "${SETTLE:-0.15}"
}

drop_all() { drop "${spaces[@]}"; }

# timed SIZE NAME COMMAND...: measures a reference in $ns
timed() {
	local size=$1 name=$2 rc
	shift 2
	inside "$ns" "$tool" measure "$log" "$size" "$name" timeout --foreground "$LIMIT" "$@" >"$out/said" 2>&1
	rc=$?
	[ "$rc" -eq 0 ] && return 0
	echo "$size $name: exit $rc: $(tail -n 1 "$out/said")" >&2
	return 1
}

# own SIZE NAME COMMAND...: measures svcrules or bench-tool, without the cost of timeout(1)
own() {
	local size=$1 name=$2
	shift 2
	inside "$ns" "$tool" measure "$log" "$size" "$name" "$@" >"$out/said" 2>&1 && return 0
	[ "$name" = diff ] && return 0
	echo "$size $name: $(tail -n 1 "$out/said")" >&2
	return 1
}

apply() { # apply SIZE NAME FILE
	own "$1" "$2" "$svcrules" apply -f "$3" "${node[@]}"
}

counted() { # counted SIZE NAME FILE [--save BATCH]: logs the netlink traffic of an apply, not its time
	local size=$1 name=$2 file=$3
	shift 3
	inside "$ns" "$tool" count "$@" "$log" "$size" "$name" "$svcrules" apply -f "$file" "${node[@]}" >"$out/said" 2>&1
}

fact() { printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" >>"$log"; }

# facts SIZE NAME METRIC: logs a value for each line of standard input
facts() { awk -v what="$1	$2	$3" 'BEGIN { OFS = "\t" } { print what, $1 }' >>"$log"; }

# generate SIZE FILE [OPTION...]: SIZE is NxM, or 1xM for one service
generate() {
	local size=$1 file=$2
	shift 2
	"$cluster" --services "${size%x*}" --endpoints "${size#*x}" "$@" >"$file"
}
