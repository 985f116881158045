# SPDX-License-Identifier: GPL-2.0-or-later
# The few lines for README.md: after medians.awk.
function summary_row(name, words) {
	if (has("5000x10", name, "wall"))
		printf "%-51s %s\n", words, digits(wall("5000x10", name))
}
function policy_summary(name, words) {
	printf "%-51s %s\n", words, digits(wall("10000x1000", name))
}
END {
	print "5,000 services with 10 endpoints each, nftables; seconds of the whole command"
	summary_row("cold", "svcrules apply, nothing there before")
	summary_row("no-op", "svcrules apply, nothing to do")
	summary_row("one-endpoint", "svcrules apply, one endpoint changed")
	summary_row("chains", "(a) nft(8), kube-proxy's layout of 1.31 to 1.35")
	summary_row("maps", "(b) nft(8), kube-proxy's newest layout")
	summary_row("iptables", "iptables-restore")
	if (has("10000x1000", "policy-cold", "wall")) {
		print "\n10,000 pods, 110 of them on the node, 1,000 NetworkPolicies of 3 rules each"
		policy_summary("policy-plain", "svcrules apply")
		policy_summary("policy-cold", "svcrules apply --network-policy")
		policy_summary("policy-chains", "(d) nft(8), a chain for each pod, policy and rule")
	}
}
