# SPDX-License-Identifier: GPL-2.0-or-later
# Reads log.tsv (SIZE NAME METRIC VALUE) and computes medians; an output file follows on the command line.
BEGIN { FS = "\t" }
{
	k = $1 SUBSEP $2 SUBSEP $3
	if (!(k in count))
		keys[++nkeys] = k
	value[k, ++count[k]] = $4 + 0
	if (!($1 in seen)) {
		seen[$1] = 1
		sizes[++nsizes] = $1
	}
}
function sorted(k, a,    i, j, t) {
	for (i = 1; i <= count[k]; i++) {
		t = value[k, i]
		for (j = i; j > 1 && a[j - 1] > t; j--)
			a[j] = a[j - 1]
		a[j] = t
	}
	return count[k]
}
function has(size, name, metric) { return (size SUBSEP name SUBSEP metric) in count }
function median_of(k,    a, n) {
	n = sorted(k, a)
	return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
}
function med(size, name, metric) { return median_of(size SUBSEP name SUBSEP metric) }
function wall(size, name) { return med(size, name, "wall") }
function services(size) { return substr(size, 1, index(size, "x") - 1) + 0 }
function endpoints(size) { return substr(size, index(size, "x") + 1) + 0 }
# "5,000 x 10"
function grouped(n,    s) {
	s = sprintf("%d", n)
	return length(s) > 3 ? grouped(substr(s, 1, length(s) - 3)) "," substr(s, length(s) - 2) : s
}
function label(size) { return grouped(services(size)) " x " grouped(endpoints(size)) }
# Three significant digits.
function digits(x) { return x >= 100 ? sprintf("%.0f", x) : x >= 10 ? sprintf("%.1f", x) : x >= 1 ? sprintf("%.2f", x) : sprintf("%.3f", x) }
function times(x) { return (x >= 100 ? sprintf("%.0f", x) : x >= 10 ? sprintf("%.1f", x) : x >= 1 ? sprintf("%.2f", x) : sprintf("%.3f", x)) " x" }
