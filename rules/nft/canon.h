/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A canonical text of what a rule does, which does not depend on the choice of registers. */
#ifndef SVCR_NFT_CANON_H
#define SVCR_NFT_CANON_H

#include <libmnl/libmnl.h>

#include "rules/nft/value.h"

/*
 * Returns what the expressions in NFTA_RULE_EXPRESSIONS (NULL: none) do as text in the arena of
 * `n`, with the comment of the rule (NULL: none) at the end. Two rules do the same and have the
 * same comment exactly if their texts are equal. NULL: out of memory.
 */
const char *svcr_nft_canon(struct svcr_nft *n, const struct svcr_nft_table *t,
			   const struct nlattr *expressions, const char *comment);
/* Returns the comment in such a text, or NULL. */
const char *svcr_nft_canon_comment(const char *canon);
/* Does the same for a rule that is made of statements. */
const char *svcr_nft_rule_canon(struct svcr_nft *n, const struct svcr_nft_table *t,
				const struct svcr_nft_rule *rule);

#endif
