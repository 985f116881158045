# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # what bench.sh sets
# Makes results.txt, summary.txt, results.json and plot.svg from log.tsv. Sourced after lib.sh.

machine() {
	printf '%s, %s cores, %s GB, Linux %s, %s, %s, svcrules %s' \
		"$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
		"$(awk '/^MemTotal/ { printf "%.0f", $2 / 1e6 }' /proc/meminfo)" "$(uname -r)" \
		"$(nft --version | awk '{ print $1, $2 }')" "$(iptables-legacy -V 2>/dev/null | awk '{ print $1, $2 }')" \
		"$("$svcrules" --version | awk '{ print $NF }')$(git -C "$ROOT" rev-parse --short HEAD 2>/dev/null | sed "s/^/ at commit /")"
}

report_as() { # report_as FILE AWK...
	local file=$1 args=() f
	shift
	for f; do args+=(-f "$here/$f"); done
	awk "${args[@]}" -v mode="$mode" -v machine="$(machine)" "$log" >"$out/$file"
}

report() {
	report_as results.txt medians.awk asked.awk text.awk
	report_as summary.txt medians.awk summary.awk
	report_as results.json medians.awk asked.awk json.awk
	report_as plot.svg medians.awk plot.awk
	cat "$out/results.txt"
}
