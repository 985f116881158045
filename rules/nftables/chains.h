/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the rules of each chain of a table that serves Services; which rules, depends on its
 * sets.
 */
#ifndef SVCR_SERVICES_CHAINS_H
#define SVCR_SERVICES_CHAINS_H

#include "rules/nftables/layout.h"

struct svcr_services_features {
	uint32_t mark;
	bool masquerade_all;
	bool delegate;       /* a delegate chooses endpoints where it can; see build.h */
	bool protocols[256]; /* of sticky services */
};

/*
 * Fills in the base chains and the rules of every chain of `t`, a table of `n`,
 * whose sets and numbered chains are complete. 0 or -ENOMEM.
 */
int svcr_services_make_rules(struct svcr_nft *n, struct svcr_nft_table *t,
			     const struct svcr_services_features *f);

/*
 * Makes the rules of a table whose services are now served by another table: they masquerade
 * packets from SET_BOUND_IPS that the other table translated. 0 or -ENOMEM.
 */
int svcr_services_make_retired_rules(struct svcr_nft *n, struct svcr_nft_table *t);

#endif
