/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading tables back: which requests are sent in which order, and what the answers mean. */
#ifndef SVCR_NFT_READER_H
#define SVCR_NFT_READER_H

#include "rules/nft/value.h"

/*
 * The generation first and last, in between each table with its sets, chains
 * and rules, then the elements of all sets but the dynamic ones (remembered
 * clients change by themselves).
 */
struct svcr_nft_reader {
	int step;          /* of the present table, or of the whole */
	size_t table, set; /* the present one */
	uint32_t generation, last_generation;
	char buf[1024] __attribute__((aligned(8))); /* the request */
};

/* As the operations of the same names in struct svcr_part_ops. */
int svcr_nft_reader_next(void *state, struct svcrules_ruleset *have, struct svcr_part *p,
			 struct svcrules_request *ret);
int svcr_nft_reader_take(void *state, struct svcrules_ruleset *have, struct svcr_part *p, const void *msg);
int svcr_nft_reader_answered(void *state, struct svcrules_ruleset *have, struct svcr_part *p, int err);

#endif
