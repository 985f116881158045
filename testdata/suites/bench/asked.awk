# SPDX-License-Identifier: GPL-2.0-or-later
# The table of requirements: after medians.awk. asked_all() calls
# asked_row(WHAT, AT, ASKED, MEASURED, MET) for each requirement that was measured.
function ratio_row(what, at, asked, is, limit, at_least) {
	asked_row(what, label(at), asked, times(is), (at_least ? is >= limit : is <= limit) ? "yes" : "NO")
}
# A cold apply of svcrules is at least `limit` times faster than a reference.
function faster(at, name, limit, words) {
	if (has(at, name, "wall"))
		ratio_row("cold apply", at, "at least " limit " x faster than " words, wall(at, name) / wall(at, "cold"), limit, 1)
}
function floors(at) {
	if (!has(at, "replay", "wall"))
		return
	ratio_row("cold apply", at, "at most 2 x (floor + yajl)", wall(at, "cold") / (wall(at, "replay") + wall(at, "parse-yajl")), 2)
	ratio_row("after reading", at, "at most 2.5 x the floor", med(at, "after-reading", "tail") / wall(at, "replay"), 2.5)
}
function changed(at, name, words, limit, most,    is, changes, dumps) {
	if (!has(at, name, "wall"))
		return
	is = wall(at, name) / wall(at, "parse-jansson")
	changes = med(at, name, "changes")
	dumps = med(at, name, "dumps")
	ratio_row(words, at, "at most " limit " x json_load_file", is, limit)
	asked_row(words, label(at), most ? "at most " most " change messages" : "no change message, no dump",
		  changes (most ? " changes" : " changes, " dumps " dumps"),
		  (most ? changes <= most : changes == 0 && dumps == 0) ? "yes" : "NO")
}
function growth(from, to,    is) {
	if (!has(from, "cold", "wall") || !has(to, "cold", "wall"))
		return
	is = wall(to, "cold") / endpoints(to) / services(to) / (wall(from, "cold") / endpoints(from) / services(from))
	asked_row("cold apply, time per endpoint", label(from) " to " label(to), "grows by less than 1.5 x", times(is),
		  is < 1.5 ? "yes" : "NO")
}
# The cost of a flow above its cost without services: with NAT, as on any node, and without connection tracking.
function flows(at, metric, words) {
	if (!has(at, "chains", metric))
		return
	above(at, metric, words ", above no rules", "tracked")
	above(at, metric, words ", above no NAT", "none")
}
function above(at, metric, words, name,    base) {
	base = med(at, name, metric)
	ratio_row(words, at, "at most 0.7 x (a)", (med(at, "ours", metric) - base) / (med(at, "chains", metric) - base), 0.7)
}
function flows_growth(from, to, metric, words) {
	if (has(from, "ours", metric) && has(to, "ours", metric))
		asked_row(words, label(from) " to " label(to), "at most 1.2 x", times(med(to, "ours", metric) / med(from, "ours", metric)),
			  med(to, "ours", metric) <= 1.2 * med(from, "ours", metric) ? "yes" : "NO")
}
function asked_all(    i, n, big) {
	n = split("5000x10 45000x1 30000x10", big, " ")
	faster("5000x10", "chains", 40, "(a)")
	faster("5000x10", "maps", 8, "(b)")
	if (has("5000x10", "nft-own", "wall"))
		ratio_row("cold apply", "5000x10", "at most 0.7 x nft loading (c)", wall("5000x10", "cold") / wall("5000x10", "nft-own"), 0.7)
	faster("10000x3", "maps", 40, "(b)")
	faster("45000x1", "maps", 3, "(b), newest form")
	for (i = 1; i <= n; i++)
		floors(big[i])
	changed("5000x10", "no-op", "no-op apply", 0.30, 0)
	changed("5000x10", "one-endpoint", "one endpoint changed", 0.35, 10)
	changed("30000x10", "one-endpoint", "one endpoint changed", 0.35, 10)
	if (has("5000x10", "cold", "peak"))
		ratio_row("peak memory of a cold apply", "5000x10", "at most 1.0 x the input's size", med("5000x10", "cold", "peak") / med("5000x10", "input", "bytes"), 1)
	growth("1000x1", "45000x1")
	growth("1000x10", "30000x10")
	flows("5000x10", "udp-us", "new UDP flow")
	flows("5000x10", "tcp-us", "new TCP connection")
	flows_growth("100x1", "45000x1", "udp-us", "new UDP flow")
	flows_growth("100x1", "45000x1", "tcp-us", "new TCP connection")
}
