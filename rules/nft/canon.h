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
/* The same for a rule that is made of statements. */
const char *svcr_nft_rule_canon(struct svcr_nft *n, const struct svcr_nft_table *t,
				const struct svcr_nft_rule *rule);
/* Returns the comment in such a text, or NULL. */
const char *svcr_nft_canon_comment(const char *canon);
/*
 * Adds a rule of n statements, with its comment (borrowed; NULL: none), at the end of a chain of
 * `t`, which is made if it is missing. 0 or -ENOMEM.
 */
int svcr_nft_make_rule(struct svcr_nft *nft, struct svcr_nft_table *t,
		       struct svcr_nft_chain_id chain, const char *comment,
		       const struct svcr_nft_stmt *stmts, size_t n);

#endif
