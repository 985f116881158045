/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/ipvs/ruleset.h"
#include "rules/nftables/flows.h"

/* Does the virtual server at `destination` send new flows to that real server? */
static bool served(const struct svcrules_ipvs *v, uint8_t family, const uint8_t *destination, uint16_t port,
		   const uint8_t *reply_source, uint16_t reply_port)
{
	struct svcr_ipvs_server like = { .addr.family = family, .protocol = SVCR_UDP, .port = port };
	struct svcr_ipvs_real real = { .addr.family = family, .port = reply_port }, *found;
	const struct svcr_ipvs_server *s;

	memcpy(like.addr.bytes, destination, svcr_addr_len(family));
	memcpy(real.addr.bytes, reply_source, svcr_addr_len(family));
	s = svcr_ipvs_find(v, &like);
	found = s ? svcr_ipvs_find_real(s, &real) : NULL;
	return found && found->weight > 0;
}

bool svcrules_ipvs_flow_stale(const struct svcrules_ipvs *now, const struct svcrules_nft *before, uint8_t family,
			      const uint8_t *source, const uint8_t *destination, uint16_t port,
			      const uint8_t *reply_source, uint16_t reply_port)
{
	enum svcr_nft_flow f = svcr_nft_flow_judge(now->nft, before, family, source, destination, port, reply_source,
						   reply_port);

	if (f != FLOW_ELSEWHERE)
		return f == FLOW_REMOVED;
	return !served(now, (uint8_t)svcr_nft_family(family), destination, port, reply_source, reply_port);
}
