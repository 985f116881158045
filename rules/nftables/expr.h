/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statements to kernel expressions, and kernel expressions to a canonical text. */
#ifndef SVCR_NFT_EXPR_H
#define SVCR_NFT_EXPR_H

#include <libmnl/libmnl.h>
#include <libnftnl/rule.h>

#include "rules/nftables/ruleset.h"

/* Adds a statement's expressions to `r`. 0 or -ENOMEM. */
int svcr_nft_stmt_exprs(struct nftnl_rule *r, const struct svcrules_nft *n, uint8_t family,
			const struct svcr_nft_stmt *s);
/*
 * Says what NFTA_RULE_EXPRESSIONS do in a form in which the choice of
 * registers does not matter: rules are the same exactly if these texts are.
 * In the arena of `n`; NULL: out of memory.
 */
const char *svcr_nft_canon(struct svcrules_nft *n, uint8_t family, const struct nlattr *expressions);

#endif
