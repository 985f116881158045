/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/ipvs/layout.h"

static const struct svcr_nft_set_layout ipvs_sets[SET__COUNT] = {
	SVCR_SERVICES_SETS,
	[SET_BOUND_IPS] = { .name = "bound-ips", .key = { F_DADDR } },
	[SET_DRAINING] = { .name = "draining",
			   .timed = true,
			   .upkeep = true,
			   .key = { F_DADDR, F_L4PROTO, F_DPORT, F_CT_REPLY_SADDR,
				    F_CT_REPLY_SPORT } },
};

static const struct svcr_nft_chain_layout ipvs_chains[CHAIN__COUNT] = {
	SVCR_SERVICES_CHAINS,
	[CHAIN_DELEGATE] = { .name = "ipvs" },
	[CHAIN_MASQUERADED_DELEGATE] = { .name = "masqueraded-ipvs" },
};

const struct svcr_nft_layout svcr_ipvs_layout = {
	.serves = SVCR_SERVICES_WORD,
	.sets = ipvs_sets,
	.nsets = SET__COUNT,
	.chains = ipvs_chains,
	.nchains = CHAIN__COUNT,
	.names = SET_SERVICES,
	.noun = "Service",
};
