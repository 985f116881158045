# SPDX-License-Identifier: GPL-2.0-or-later
# results.json: after medians.awk and asked.awk.
function asked_row(what, at, asked, is, met) {
	printf "%s\n    {\"what\": \"%s\", \"at\": \"%s\", \"asked\": \"%s\", \"measured\": \"%s\", \"met\": %s}", (rows++ ? "," : ""),
		what, at, asked, is, met == "yes" ? "true" : "false"
}
END {
	printf "{\n  \"machine\": \"%s\",\n  \"mode\": \"%s\",\n  \"asked\": [", machine, mode
	asked_all()
	printf "\n  ],\n  \"measurements\": ["
	for (i = 1; i <= nkeys; i++) {
		k = keys[i]
		split(k, part, SUBSEP)
		n = sorted(k, a)
		printf "%s\n    {\"size\": \"%s\", \"what\": \"%s\", \"metric\": \"%s\", \"median\": %.9g, \"least\": %.9g, \"most\": %.9g, \"runs\": %d}",
			(i == 1 ? "" : ","), part[1], part[2], part[3], median_of(k), a[1], a[n], n
	}
	print "\n  ]\n}"
}
