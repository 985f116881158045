/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads tables back: the requests in their order, and the answers. */
#ifndef SVCR_NFT_READER_H
#define SVCR_NFT_READER_H

#include "rules/nft/value.h"

/*
 * The steps: the generation, which is read again at the end; for each table the table, its
 * sets, chains and rules, then the elements of all sets except dynamic ones, which packets
 * change.
 */
struct svcr_nft_reader {
	int step;          /* the step of the current table, or of the whole */
	size_t table, set; /* the current one */
	size_t numbered;   /* of a numbered set: how many were read */
	uint32_t generation, last_generation;
	bool watched;                               /* the generation may move */
	char buf[1024] __attribute__((aligned(8))); /* the request */
};

/* The operations of the same names in struct svcr_part_ops. */
int svcr_nft_reader_next(void *state, struct svcrules_ruleset *have, struct svcr_part *p,
			 struct svcrules_request *ret);
int svcr_nft_reader_take(void *state, struct svcrules_ruleset *have, struct svcr_part *p,
			 const void *msg);
void svcr_nft_reader_watched(void *state);
int svcr_nft_reader_answered(void *state, struct svcrules_ruleset *have, struct svcr_part *p,
			     int err);

#endif
