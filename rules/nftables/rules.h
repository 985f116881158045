/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules of every chain, as far as the sets in use demand them. */
#ifndef SVCR_NFT_RULES_H
#define SVCR_NFT_RULES_H

#include "rules/nftables/ruleset.h"

struct svcr_nft_features {
	uint32_t mark;
	bool masquerade_all;
	bool ipvs; /* what goes to endpoints goes there by IPVS, as far as IPVS can */
	bool protocols[256]; /* of sticky services */
};

/* Fills in the base chains and the rules of every chain of `t` whose sets and
 * numbered chains are complete. Returns 0 or -ENOMEM. */
int svcr_nft_make_rules(struct svcrules_nft *n, struct svcr_nft_table *t, const struct svcr_nft_features *f);

/*
 * Of a table whose services another one serves now: what that one translated
 * and sends from SET_BOUND_IPS is masqueraded. Returns 0 or -ENOMEM.
 */
int svcr_nft_make_retired_rules(struct svcrules_nft *n, struct svcr_nft_table *t);

#endif
