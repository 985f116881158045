/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the tables that enforce the NetworkPolicies of this node's pods. */
#ifndef SVCR_POLICY_BUILD_H
#define SVCR_POLICY_BUILD_H

#include "kinds/kinds.h"
#include "model.h"
#include "options.h"
#include "rules/policy/layout.h"

/*
 * Adds the empty tables to `n`, which are named like its first tables: `table` without
 * `suffix`, the ending of the target's tables, and with SVCR_POLICY_SUFFIX. 0 or -ENOMEM.
 */
int svcr_policy_add_tables(struct svcr_nft *n, const char *table, const char *suffix);
/*
 * Fills them if the options ask for network policies. `d` gets warnings. 0 or -ENOMEM.
 */
int svcr_policy_build(const struct svcrules_model *m, const struct svcrules_options *o,
		      struct svcrules_diags *d, struct svcr_nft *n);

#endif
