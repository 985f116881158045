/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the tables that enforce the NetworkPolicies of this node's pods. */
#ifndef SVCR_POLICY_BUILD_H
#define SVCR_POLICY_BUILD_H

#include "kinds/kinds.h"
#include "model.h"
#include "options.h"
#include "rules/policy/layout.h"

/*
 * Adds these tables to `n`: they are empty unless the options ask for network policies. Their name
 * is that of the option `table` with SVCRULES_POLICY_SUFFIX, whatever the target: so they stay when
 * another target takes over. `d` gets warnings, `stats` the numbers of pods and policies. 0 or
 * -ENOMEM.
 */
int svcr_policy_build(const struct svcrules_model *m, const struct svcrules_options *o,
		      struct svcrules_diags *d, struct svcr_nft *n, struct svcrules_stats *stats);

#endif
