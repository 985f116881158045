/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What rules do, as text that does not depend on the choice of registers. */
#ifndef SVCR_NFT_CANON_H
#define SVCR_NFT_CANON_H

#include <libmnl/libmnl.h>

#include "rules/nft/value.h"

/*
 * What NFTA_RULE_EXPRESSIONS (NULL: none) do, as text: two rules do the same
 * exactly if their texts are equal. In the arena of `n`; NULL: out of memory.
 */
const char *svcr_nft_canon(struct svcr_nft *n, const struct svcr_nft_table *t, const struct nlattr *expressions);
/* The same for a rule made of statements. */
const char *svcr_nft_rule_canon(struct svcr_nft *n, const struct svcr_nft_table *t,
				const struct svcr_nft_rule *rule);

#endif
