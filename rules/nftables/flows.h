/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UDP flows that outlive a change of rules, judged by the tables that serve Services. */
#ifndef SVCR_SERVICES_FLOWS_H
#define SVCR_SERVICES_FLOWS_H

#include "rules/nftables/layout.h"
#include "rules/ruleset.h"

enum svcr_flow {
	FLOW_OTHER,     /* to no service */
	FLOW_SERVED,    /* the table sends it where it goes */
	FLOW_ELSEWHERE, /* to a service, but not to an endpoint of the table's maps */
	FLOW_REMOVED,   /* to a service that was removed */
};

/* By the tables of both rule sets; `before` may be NULL. */
enum svcr_flow svcr_flow_judge(const struct svcrules_ruleset *now, const struct svcrules_ruleset *before,
			       const struct svcrules_flow *f);
/* The table of a rule set that serves Services in that NFPROTO_ family, or NULL; `rs` may be NULL. */
struct svcr_nft_table *svcr_flow_table(const struct svcrules_ruleset *rs, uint8_t nfproto);
/*
 * True if `t` sends what comes from `source` to the endpoint `data` (address and port, as in its
 * maps). `key` is the key of the VIP; see prerouting_rules() in chains.c.
 */
bool svcr_flow_served(const struct svcr_nft_table *t, const uint8_t *source, const uint8_t *key,
		      const uint8_t *data);

#endif
