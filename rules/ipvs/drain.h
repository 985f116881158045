/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCR_IPVS_DRAIN_H
#define SVCR_IPVS_DRAIN_H

#include "rules/ipvs/servers.h"

/* Lets real servers that are no longer wanted finish their connections; see svcrules_settle(). */
int svcr_ipvs_settle(const struct svcrules_ruleset *have, struct svcrules_ruleset *want,
		     enum svcrules_settle how, const struct svcrules_ruleset *now);

#endif
