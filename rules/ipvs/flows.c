/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/ipvs/flows.h"
#include "rules/ipvs/servers.h"
#include "rules/nftables/flows.h"

/*
 * True if the virtual server at the flow's destination sends new flows to the real server that
 * answers it.
 */
static bool served_by_ipvs(const struct svcr_ipvs *v, const struct svcrules_flow *f)
{
	uint8_t family = (uint8_t)svcr_nft_family(f->family);
	struct svcr_ipvs_server like = { .addr.family = family,
					 .protocol = SVCR_UDP,
					 .port = f->port };
	struct svcr_ipvs_real real = { .addr.family = family, .port = f->reply_port }, *found;
	const struct svcr_ipvs_server *s;

	memcpy(like.addr.bytes, f->destination, svcr_addr_len(family));
	memcpy(real.addr.bytes, f->reply_source, svcr_addr_len(family));
	s = v ? svcr_ipvs_find(v, &like) : NULL;
	found = s ? svcr_ipvs_find_real(s, &real) : NULL;
	return found && found->weight > 0;
}

bool svcr_ipvs_flow_stale(const struct svcrules_ruleset *now, const struct svcrules_ruleset *before,
			  const struct svcrules_flow *f)
{
	enum svcr_flow judged = svcr_flow_judge(now, before, f);

	if (judged != FLOW_ELSEWHERE)
		return judged == FLOW_REMOVED;
	return !served_by_ipvs(svcr_ipvs_parts(now).ipvs, f);
}
