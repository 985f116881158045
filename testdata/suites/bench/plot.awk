# SPDX-License-Identifier: GPL-2.0-or-later
# plot.svg: after medians.awk. The time of a cold apply over the number of services with
# 10 endpoints each; both axes are logarithmic.
function log10(x) { return log(x) / log(10) }
function x_of(n) { return left + (log10(n) - x_from) / (x_to - x_from) * width }
function y_of(t) { return top + height - (log10(t) - y_from) / (y_to - y_from) * height }
# "strong" is for text that is read first, "small" for the rest.
function text(x, y, class, anchor, s) {
	printf "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\" fill=\"%s\" font-size=\"%d\" text-anchor=\"%s\">%s</text>\n", x, y,
		class, class == "strong" ? "#24292f" : "#57606a", class == "strong" ? 13 : 11, anchor, s
}
function line(d, colour, width, dashes) {
	printf "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%s\"%s/>\n", d, colour, width,
		dashes ? " stroke-dasharray=\"5 4\"" : ""
}
function points(name,    i, j, t) {
	n = 0
	for (i = 1; i <= nsizes; i++)
		if (endpoints(sizes[i]) == 10 && has(sizes[i], name, "wall"))
			at[++n] = sizes[i]
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && services(at[j - 1]) > services(at[j]); j--) {
			t = at[j]
			at[j] = at[j - 1]
			at[j - 1] = t
		}
	return n
}
# The largest size with 10 endpoints at which each layout has a time.
function compare_at(    i, j, all, names, best) {
	split("chains maps iptables nft-own cold replay", names, " ")
	for (i = 1; i <= nsizes; i++) {
		all = endpoints(sizes[i]) == 10
		for (j in names)
			all = all && (!points(names[j]) || has(sizes[i], names[j], "wall"))
		if (all && (!best || services(sizes[i]) > services(best)))
			best = sizes[i]
	}
	return best
}
function series(name, words, colour, dashes,    i, d) {
	if (!points(name))
		return
	for (i = 1; i <= n; i++)
		d = d sprintf("%s%.1f %.1f", (i == 1 ? "M" : " L"), x_of(services(at[i])), y_of(wall(at[i], name)))
	line(d, colour, 2.2, dashes)
	for (i = 1; i <= n; i++)
		printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"><title>%s, %s: %s s</title></circle>\n",
			x_of(services(at[i])), y_of(wall(at[i], name)), colour, words, label(at[i]), digits(wall(at[i], name))
	line(sprintf("M%.1f %.1f h22", left + width + 16, legend - 4), colour, 2.2, dashes)
	text(left + width + 46, legend, "strong", "start", words)
	# the same number of services for all: the largest that each of them was measured with
	text(left + width + 46, legend + 15, "small", "start", digits(wall(common, name)) " s at " grouped(services(common)) " services")
	legend += 44
}
function grid(    i, j, x, steps) {
	for (i = y_from; i <= y_to; i++) {
		line(sprintf("M%.1f %.1f h%.1f", left, y_of(10 ^ i), width), "#8c959f66", 1)
		text(left - 8, y_of(10 ^ i) + 4, "small", "end", (i < 0 ? sprintf("%.*f", -i, 10 ^ i) : 10 ^ i) " s")
	}
	split("1 2 5", steps, " ")
	for (i = x_from; i < x_to; i++)
		for (j = 1; j <= 3 && (x = steps[j] * 10 ^ i) <= 10 ^ x_to; j++) {
			line(sprintf("M%.1f %.1f v%.1f", x_of(x), top, height), "#8c959f66", 1)
			text(x_of(x), top + height + 18, "small", "middle", grouped(x))
		}
}
function style() {
	print "<style>text { font-family: sans-serif } @media (prefers-color-scheme: dark) { .small { fill: #9aa4ae } .strong { fill: #e6edf3 } }</style>"
}
END {
	left = 64; top = 48; width = 520; height = 330
	x_from = 2; x_to = log10(50000) + 1e-9; y_from = -3; y_to = 2; legend = top + 14
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 930 440\" role=\"img\" aria-label=\"Time to load services, by layout and number of services\">\n"
	style()
	common = compare_at()
	text(left, 26, "strong", "start", "From services to rules in the kernel: time of the whole command, 10 endpoints a service")
	grid()
	series("chains", "(a) kube-proxy 1.31 to 1.35, by nft", "#cf4b3f")
	series("maps", "(b) kube-proxy, newest layout, by nft", "#d98a1f")
	series("iptables", "kube-proxy, by iptables-restore", "#8a63c9")
	series("nft-own", "(c) nft, the rules of svcrules", "#3f7fd0")
	series("cold", "svcrules apply", "#1a7f5a")
	series("replay", "floor: its batch, replayed", "#8c959f", 1)
	text(left + width / 2, top + height + 42, "strong", "middle", "services")
	printf "<g transform=\"translate(16 %.1f) rotate(-90)\">\n", top + height / 2
	text(0, 0, "strong", "middle", "seconds")
	print "</g>"
	print "</svg>"
}
