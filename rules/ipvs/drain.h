/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCR_IPVS_DRAIN_H
#define SVCR_IPVS_DRAIN_H

#include "rules/ipvs/servers.h"

/* See svcrules_settle(): real servers that nobody wants any more finish their connections. */
int svcr_ipvs_settle(const struct svcrules_ruleset *have, struct svcrules_ruleset *want, enum svcrules_settle how);

#endif
