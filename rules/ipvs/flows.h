/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCR_IPVS_FLOWS_H
#define SVCR_IPVS_FLOWS_H

#include "rules/ruleset.h"

/* See struct svcr_target.flow_stale. */
bool svcr_ipvs_flow_stale(const struct svcrules_ruleset *now, const struct svcrules_ruleset *before,
			  const struct svcrules_flow *f);

#endif
