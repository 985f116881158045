/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes kernel expressions from statements. */
#ifndef SVCR_NFT_EXPR_H
#define SVCR_NFT_EXPR_H

#include <libmnl/libmnl.h>
#include <libnftnl/rule.h>

#include "rules/nft/value.h"

/* Adds a statement's expressions to `r`; `t` is the table that the rule is in. 0 or -ENOMEM. */
int svcr_nft_stmt_exprs(struct nftnl_rule *r, const struct svcr_nft_table *t,
			const struct svcr_nft_stmt *s);

#endif
