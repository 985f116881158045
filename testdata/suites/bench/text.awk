# SPDX-License-Identifier: GPL-2.0-or-later
# results.txt: after medians.awk and asked.awk.
function asked_row(what, at, asked, is, met) {
	printf "%-34s %-29s %-42s %-20s %s\n", what, at, asked, is, met
}
function cell(size, name, metric, scale) {
	return has(size, name, metric) ? digits(med(size, name, metric) / scale) : "-"
}
function times_cell(size, name) {
	return has(size, name, "wall") ? times(wall(size, name) / wall(size, "cold")) : "-"
}
function control_table(    i, s) {
	print "\nSeconds of the whole command, services x endpoints each; input and peak memory in MB.\n"
	printf "%-14s %7s %7s %7s %7s %7s %7s %7s %7s %7s\n", "", "input", "cold", "no-op", "one", "service", "1 %", "diff", "", "peak"
	printf "%-14s %7s %7s %7s %7s %7s %7s %7s %7s %7s\n", "", "", "apply", "apply", "changed", "added", "rolled", "--from", "compile", "memory"
	for (i = 1; i <= nsizes; i++) {
		s = sizes[i]
		if (has(s, "cold", "wall"))
			printf "%-14s %7s %7s %7s %7s %7s %7s %7s %7s %7s\n", label(s), cell(s, "input", "bytes", 1e6),
				cell(s, "cold", "wall", 1), cell(s, "no-op", "wall", 1), cell(s, "one-endpoint", "wall", 1),
				cell(s, "service-added", "wall", 1), cell(s, "rolled", "wall", 1), cell(s, "diff", "wall", 1),
				cell(s, "compile", "wall", 1), cell(s, "cold", "peak", 1e6)
	}
}
function reference_table(    i, s) {
	print "\nReferences of the same run, in seconds. Floor: the batch of the cold apply, replayed. After reading: the cold"
	print "apply from the last byte of its input on."
	print "(a), (b): nft(8) loading the same services as kube-proxy lays them out: a chain per service and endpoint; a"
	print "chain per service, and an anonymous map if it has several endpoints. (c): nft(8) loading what compile prints.\n"
	printf "%-14s %8s %8s %8s %8s %8s | %8s %8s %8s %8s\n", "", "json_", "", "", "", "after", "", "", "", "iptables-"
	printf "%-14s %8s %8s %8s %8s %8s | %8s %8s %8s %8s\n", "", "load_", "yajl", "read", "floor", "reading", "(a)", "(b)", "(c)", "restore"
	for (i = 1; i <= nsizes; i++) {
		s = sizes[i]
		if (has(s, "cold", "wall"))
			printf "%-14s %8s %8s %8s %8s %8s | %8s %8s %8s %8s\n%-14s %8s %8s %8s %8s %8s | %8s %8s %8s %8s\n", label(s),
				cell(s, "parse-jansson", "wall", 1), cell(s, "parse-yajl", "wall", 1), cell(s, "read", "wall", 1),
				cell(s, "replay", "wall", 1), cell(s, "after-reading", "tail", 1), cell(s, "chains", "wall", 1),
				cell(s, "maps", "wall", 1), cell(s, "nft-own", "wall", 1), cell(s, "iptables", "wall", 1),
				"  / cold apply", times_cell(s, "parse-jansson"), times_cell(s, "parse-yajl"), times_cell(s, "read"),
				times_cell(s, "replay"), times(med(s, "after-reading", "tail") / wall(s, "cold")),
				times_cell(s, "chains"), times_cell(s, "maps"), times_cell(s, "nft-own"), times_cell(s, "iptables")
	}
}
function netlink_row(s, name, words) {
	if (has(s, name, "changes"))
		printf "%-16s %-22s %9s %11s %9s %12s %7s %7s\n", label(s), words, med(s, name, "messages-sent"),
			grouped(med(s, name, "bytes-sent")), med(s, name, "messages-received"),
			grouped(med(s, name, "bytes-received")), med(s, name, "changes"), med(s, name, "dumps")
}
function netlink_table(    i, s) {
	print "\nNetlink: messages and bytes exchanged with the kernel; of the messages sent, changes and requests for dumps.\n"
	printf "%-16s %-22s %9s %11s %9s %12s %7s %7s\n", "", "", "sent", "bytes", "received", "bytes", "changes", "dumps"
	for (i = 1; i <= nsizes; i++) {
		s = sizes[i]
		netlink_row(s, "cold", "cold apply")
		netlink_row(s, "no-op", "no-op apply")
		netlink_row(s, "one-endpoint", "one endpoint changed")
		netlink_row(s, "service-added", "one service added")
		netlink_row(s, "rolled", "1 % rolled")
		netlink_row(s, "policy-cold", "policies, cold")
		netlink_row(s, "policy-no-op", "policies, no-op")
		netlink_row(s, "policy-endpoint", "policies, one endpoint")
		netlink_row(s, "policy-relabel", "policies, label")
		netlink_row(s, "policy-replica", "policies, pod moved")
		netlink_row(s, "policy-move", "policies, new app")
	}
}
function flow_row(s, metric, words) {
	if (has(s, "ours", metric))
		printf "%-14s %-26s %8s %8s %8s %8s %8s %9s\n", label(s), words, cell(s, "none", metric, 1),
			cell(s, "tracked", metric, 1), cell(s, "ours", metric, 1),
			cell(s, "chains", metric, 1), cell(s, "maps", metric, 1), cell(s, "iptables", metric, 1)
}
function flow_table(    i, s) {
	print "\nData plane: flows through all services in turn, from a pod's address on the node itself.\n"
	printf "%-14s %-26s %8s %8s %8s %8s %8s %9s\n", "", "", "no NAT", "no rules", "svcrules", "(a)", "(b)", "iptables"
	for (i = 1; i <= nsizes; i++) {
		s = sizes[i]
		flow_row(s, "udp-us", "new UDP flow, us")
		flow_row(s, "tcp-us", "new TCP connection, us")
		flow_row(s, "gbit", "one connection, Gbit/s")
	}
}
function policy_table(    i, s, form) {
	form = "%-18s %6s %6s %8s %6s %8s %6s %8s %7s %7s %7s %7s | %6s %6s\n"
	print "\nNetworkPolicy: seconds of the whole command, pods x policies of 3 rules; input and peak memory in MB. Read: the"
	print "input alone, without Pods. Without: apply without --network-policy. (d), (e): nft(8) loading a chain for each pod"
	print "of the node, policy and rule, and a set of addresses for each rule: of all policies, and of those that select a"
	print "pod of the node.\n"
	printf form, "", "", "", "", "cold", "after", "no-op", "one", "label", "pod", "new", "peak", "", ""
	printf form, "", "input", "read", "without", "apply", "reading", "apply", "endpoint", "changed", "moved", "app", "memory", "(d)", "(e)"
	for (i = 1; i <= nsizes; i++) {
		s = sizes[i]
		if (has(s, "policy-cold", "wall"))
			printf form, label(s), cell(s, "policy-input", "bytes", 1e6), cell(s, "policy-read", "wall", 1),
				cell(s, "policy-plain", "wall", 1), cell(s, "policy-cold", "wall", 1),
				cell(s, "policy-after-reading", "tail", 1), cell(s, "policy-no-op", "wall", 1),
				cell(s, "policy-endpoint", "wall", 1), cell(s, "policy-relabel", "wall", 1),
				cell(s, "policy-replica", "wall", 1), cell(s, "policy-move", "wall", 1),
				cell(s, "policy-cold", "peak", 1e6),
				cell(s, "policy-chains", "wall", 1), cell(s, "pod-chains", "wall", 1)
	}
}
function judged_row(s, metric, words) {
	if (has(s, "policy-enforced", metric))
		printf "%-26s %12s %12s %12s\n", words, cell(s, "policy-open", metric, 1),
			cell("100x10", "policy-few-enforced", metric, 1), cell(s, "policy-enforced", metric, 1)
}
function judged_table(    s) {
	s = "100000x10000"
	if (!has(s, "policy-enforced", "udp-us"))
		return
	print "\nNetworkPolicy, data plane: new connections from a pod that the policies allow to the isolated pods of the node.\n"
	printf "%-26s %12s %12s %12s\n", "", "no policies", "10 policies", grouped(endpoints(s))
	judged_row(s, "udp-us", "new UDP flow, us")
	judged_row(s, "tcp-us", "new TCP connection, us")
}
function requests_row_of(s, metric, words, scale) {
	printf "%-32s %10s %12s %12s %10s %10s\n", words, cell(s, "nginx-hand", metric, scale), cell(s, "nginx-headers", metric, scale),
		cell(s, "nginx-one", metric, scale), cell(s, "nginx-rules", metric, scale), cell(s, "nginx-many", metric, scale)
}
function requests_ratio(s, name) { return times(med(s, name, "per-nginx-hand")) }
function requests_table(    s) {
	s = "5000x4"
	if (!has(s, "nginx-hand", "rps"))
		return
	print "\nnginx: 16 connections through one proxy, and seconds of the whole command. By hand: only Host is set; the same headers as"
	print "svcrules sets. Rules: limit-rps, enable-cors, denylist-source-range and proxy-body-size. Many: one Ingress among 5,000"
	print "others with 20,000 paths.\n"
	printf "%-32s %10s %12s %12s %10s %10s\n", "", "by hand", "same headers", "one Ingress", "rules", "many"
	requests_row_of(s, "rps", "requests per second, thousands", 1000)
	printf "%-32s %10s %12s %12s %10s %10s\n", "  / by hand, run after each other", "", requests_ratio(s, "nginx-headers"), requests_ratio(s, "nginx-one"),
		requests_ratio(s, "nginx-rules"), requests_ratio(s, "nginx-many")
	requests_row_of(s, "us", "processor time of a request, us", 1)
	printf "%-32s %10s %12s %12s %10s %10s\n", "compile, s", "", "", cell("1x1", "nginx-one", "wall", 1), cell("1x1", "nginx-rules", "wall", 1),
		cell(s, "nginx-many", "wall", 1)
	printf "%-32s %10s %12s %12s %10s %10s\n", "nginx -t, s", "", "", "", "", cell(s, "nginx-check", "wall", 1)
}
END {
	print machine
	print "Medians of interleaved runs of one `make bench" (mode == "large" ? "-large" : "") "`.\n"
	printf "%-34s %-29s %-42s %-20s %s\n", "what", "at", "asked", "measured", "met"
	asked_all()
	control_table()
	reference_table()
	netlink_table()
	flow_table()
	policy_table()
	judged_table()
	requests_table()
}
