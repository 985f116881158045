/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/policy/layout.h"

#include <netinet/in.h>
#include <linux/netfilter.h>

/* clang-format off */
static const struct svcr_nft_set_layout policy_sets[SET_POLICY__COUNT] = {
	[SET_ISOLATED_OUT] = { .name = "isolated-out", .key = { F_SADDR }, .data = DATA_VERDICT,
			       .commented = true },
	[SET_ISOLATED_IN] = { .name = "isolated-in", .key = { F_SADDR }, .data = DATA_VERDICT,
			      .commented = true },
	[SET_SELF] = { .name = "self", .key = { F_SADDR, F_DADDR } },
	[SET_PEERS] = { .name = "peers", .key = { F_SADDR }, .data = DATA_NUMBER },
	[SET_PAIRS] = { .name = "pairs", .key = { F_PRIORITY }, .data = DATA_NUMBER },
	[SET_BLOCKS] = { .name = "blocks-", .key = { F_SADDR }, .data = DATA_NUMBER,
			 .interval = true, .numbered = true },
	[SET_PORT_PROTOCOLS] = { .name = "protocols", .key = { F_PRIORITY, F_L4PROTO } },
	[SET_PORTS] = { .name = "ports", .key = { F_PRIORITY, F_L4PROTO, F_DPORT } },
	[SET_PORT_RANGES] = { .name = "port-ranges", .interval = true,
			      .key = { F_PRIORITY, F_L4PROTO, F_DPORT } },
};

/*
 * Just before the source is translated (linux/netfilter_ipv4.h, NF_IP_PRI_NAT_SRC is 100), where
 * forwarded packets, those of the node and those that IPVS sends come together.
 */
static const struct svcr_nft_chain_layout policy_chains[CHAIN_POLICY__COUNT] = {
	[CHAIN_EGRESS] = { .name = "egress", .type = "filter", .hook = "postrouting",
			   .priority_text = "98", .hook_number = NF_INET_POST_ROUTING,
			   .priority = 98 },
	[CHAIN_INGRESS] = { .name = "ingress", .type = "filter", .hook = "postrouting",
			    .priority_text = "99", .hook_number = NF_INET_POST_ROUTING,
			    .priority = 99 },
	[CHAIN_OUT] = { .name = "out-", .numbered = true },
	[CHAIN_IN] = { .name = "in-", .numbered = true },
	[CHAIN_PORTS] = { .name = "ports", .jumped = true },
	[CHAIN_DENY_OUT] = { .name = "deny-out" },
	[CHAIN_DENY_IN] = { .name = "deny-in" },
	[CHAIN_ALLOW] = { .name = "allow" },
};
/* clang-format on */

const struct svcr_nft_layout svcr_policy_layout = {
	.serves = SVCR_POLICY_WORD,
	.sets = policy_sets,
	.nsets = SET_POLICY__COUNT,
	.chains = policy_chains,
	.nchains = CHAIN_POLICY__COUNT,
	.names = SET_ISOLATED_IN,
	.noun = "Pod",
	.optional = true,
};
