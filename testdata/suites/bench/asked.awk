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
# "10,000 pods, 1,000 policies"
function pods_label(at) { return grouped(services(at)) " pods, " grouped(endpoints(at)) " policies" }
function policy_row(what, at, asked, is, limit, at_least) {
	asked_row(what, pods_label(at), asked, times(is), (at_least ? is >= limit : is <= limit) ? "yes" : "NO")
}
function policy_seconds(at, limit,    is) {
	is = wall(at, "policy-cold")
	asked_row("NetworkPolicy, cold apply", pods_label(at), "under " limit " s", digits(is) " s", is < limit ? "yes" : "NO")
}
function policy_change(at, name, words,    changes, dumps) {
	changes = med(at, name, "changes")
	dumps = med(at, name, "dumps") - med(at, "policy-endpoint", "dumps")
	asked_row("NetworkPolicy, " words, pods_label(at), "at most 12 change messages", changes " changes", changes <= 12 ? "yes" : "NO")
	asked_row("NetworkPolicy, " words, pods_label(at), "no dump beyond one endpoint changed", dumps " dumps", dumps == 0 ? "yes" : "NO")
	policy_row("NetworkPolicy, " words, at, "at most 1.15 x one endpoint changed", wall(at, name) / wall(at, "policy-endpoint"), 1.15)
}
function policy_flow(at, metric, words,    open, few, many) {
	if (!has(at, "policy-enforced", metric) || !has("100x10", "policy-few-enforced", metric))
		return
	open = med(at, "policy-open", metric)
	few = med("100x10", "policy-few-enforced", metric)
	many = med(at, "policy-enforced", metric)
	asked_row(words ", judged", "10 to " grouped(endpoints(at)) " policies", "at most 1.15 x", times(many / few), many <= 1.15 * few ? "yes" : "NO")
	asked_row(words ", judged", grouped(endpoints(at)) " policies", "at most 1.5 us above no policies", digits(many - open) " us", many - open <= 1.5 ? "yes" : "NO")
}
function asked_policies(    at, big) {
	at = "10000x1000"
	big = "100000x10000"
	if (has(at, "policy-cold", "wall")) {
		policy_row("NetworkPolicy, cold apply", at, "at most 2 x without --network-policy", wall(at, "policy-cold") / wall(at, "policy-plain"), 2)
		policy_seconds(at, 0.5)
		policy_row("NetworkPolicy, cold apply", at, "at least 20 x faster than (d)", wall(at, "policy-chains") / wall(at, "policy-cold"), 20, 1)
		policy_change(at, "policy-relabel", "label changed")
		policy_change(at, "policy-replica", "pod moved here")
		policy_change(at, "policy-move", "pod of a new app")
	}
	if (has(big, "policy-cold", "wall")) {
		policy_seconds(big, 4)
		policy_row("NetworkPolicy, peak memory", big, "at most 1.0 x the input's size", med(big, "policy-cold", "peak") / med(big, "policy-input", "bytes"), 1)
	}
	policy_flow(big, "udp-us", "new UDP flow")
	policy_flow(big, "tcp-us", "new TCP connection")
}
# Requests per second through nginx, with the compiled configuration and with one by hand.
function asked_requests(    at) {
	at = "5000x4"
	if (!has(at, "nginx-hand", "rps"))
		return
	requests_row("at least 0.95 x the least by hand", med(at, "nginx-one", "per-nginx-hand"))
	requests_row("at least 0.95 x by hand, same headers", med(at, "nginx-one", "per-nginx-headers"))
	asked_row("nginx, compile", "5,000 Ingresses, 20,000 paths", "under 2 s", digits(wall(at, "nginx-many")) " s", wall(at, "nginx-many") < 2 ? "yes" : "NO")
}
function requests_row(asked, is) {
	asked_row("nginx, requests per second", "one Ingress", asked, times(is), is >= 0.95 ? "yes" : "NO")
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
	asked_policies()
	asked_requests()
}
