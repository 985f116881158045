# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # of lib.sh
# golden.sh: nginx accepts what compile writes for the golden inputs.

for case in "$root"/testdata/golden/nginx/*/; do
	[ ! -e "$case/expected.rc" ] || continue
	options=()
	[ ! -e "$case/options" ] || read -r -a options <"$case/options"
	[[ ${options[*]} != *'-o json'* ]] || continue
	files=()
	for file in "$case"/input*; do
		files+=(-f "$file")
	done
	rm -rf "$work/golden"
	"$SVCRULES" compile --target nginx ${options[@]+"${options[@]}"} "${files[@]}" -o "$work/golden" --quiet >"$work/said" 2>&1
	same "$(basename "$case"): $(head -n 1 "$work/said")" 0 $?
	at nginx -t -q -c "$work/golden/nginx.conf" -g "$more" >"$work/said" 2>&1
	same "$(basename "$case"): nginx -t: $(head -n 1 "$work/said")" 0 $?
done
