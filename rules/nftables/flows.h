/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UDP flows, judged by a table. */
#ifndef SVCR_NFT_FLOWS_H
#define SVCR_NFT_FLOWS_H

#include "rules/nftables/ruleset.h"

enum svcr_nft_flow {
	FLOW_OTHER,     /* to no service */
	FLOW_SERVED,    /* the table sends it where it goes */
	FLOW_ELSEWHERE, /* to a service, but not to an endpoint of the table's maps */
	FLOW_REMOVED,   /* to a service that was */
};

/* The arguments are those of svcrules_nft_flow_stale(). */
enum svcr_nft_flow svcr_nft_flow_judge(const struct svcrules_nft *now, const struct svcrules_nft *before,
				       uint8_t family, const uint8_t *source, const uint8_t *destination,
				       uint16_t port, const uint8_t *reply_source, uint16_t reply_port);

#endif
