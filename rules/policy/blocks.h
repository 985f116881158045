/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipBlocks as disjoint ranges of addresses, each with the bundle of ports that it may use. */
#ifndef SVCR_POLICY_BLOCKS_H
#define SVCR_POLICY_BLOCKS_H

#include "policy.h"
#include "rules/policy/bundle.h"

/* An ipBlock of a rule, with what the rule allows it. */
struct svcr_block {
	const struct svcr_policy_peer *peer;
	struct svcr_bundle *bundle;
};

struct svcr_block_list {
	struct svcr_block *v;
	size_t n, cap;
};

struct svcr_block_range {
	struct svcr_range range;
	struct svcr_bundle *bundle;
};

struct svcr_block_ranges {
	struct svcr_block_range *v; /* sorted; malloc'ed */
	size_t n, cap;
};

/*
 * Adds the ranges of the blocks of one family. *cost counts up with the work that is done; above
 * `max` the rest is left out. 0 or -ENOMEM.
 */
int svcr_blocks_make(const struct svcr_block_list *blocks, uint8_t family, struct svcr_bundles *b,
		     size_t *cost, size_t max, struct svcr_block_ranges *ret);

#endif
