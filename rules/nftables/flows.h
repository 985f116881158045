/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decides by the tables that serve Services which flows a change of rules made stale. */
#ifndef SVCR_SERVICES_FLOWS_H
#define SVCR_SERVICES_FLOWS_H

#include "rules/nftables/layout.h"
#include "rules/ruleset.h"

/* See svcrules_flow_stale(); for targets that serve Services. `before` may be NULL. */
bool svcr_services_flow_stale(const struct svcrules_ruleset *now,
			      const struct svcrules_ruleset *before, const struct svcrules_flow *f);
/*
 * Returns the table of a rule set that serves Services in an NFPROTO_ family, or NULL; `rs` may
 * be NULL.
 */
struct svcr_nft_table *svcr_flow_table(const struct svcrules_ruleset *rs, uint8_t nfproto);
/*
 * True if `t` may send new connections from `source` to the endpoint `data` (address and port,
 * as in its maps). `key` is the key of the VIP; see prerouting_rules() in chains.c.
 */
bool svcr_flow_served(const struct svcr_nft_table *t, const uint8_t *source, const uint8_t *key,
		      const uint8_t *data);

#endif
