/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what this node must serve to nftables: all of it, or what goes beside IPVS. */
#ifndef SVCR_NFT_BUILD_H
#define SVCR_NFT_BUILD_H

#include "select.h"
#include "svcrules.h"

/* With IPVS: addresses that are put on the dummy interface, and those that IPVS must not serve; sorted. */
struct svcr_nft_beside_ipvs {
	const struct svcr_addrs *bound, *elsewhere;
};

/*
 * Builds the table of that name. With `beside` (NULL: without IPVS) packets
 * are sent on to virtual servers where IPVS can choose the endpoint; see
 * svcr_nft_splits(). Returns 0 or -ENOMEM.
 */
int svcr_nft_build_view(const struct svcr_view *view, const struct svcrules_options *o, const char *table,
			const struct svcr_nft_beside_ipvs *beside, struct svcrules_nft **ret);

/*
 * A virtual server has one set of endpoints, whoever sends. So under an
 * external policy Local it has the local ones, for the traffic from outside;
 * pods and the node itself are served by nftables before IPVS sees it. So is
 * all that goes to an address of svcr_nft_beside_ipvs.elsewhere.
 */
static inline bool svcr_nft_splits(const struct svcr_vip *v)
{
	return v->local && v->kind != SVCR_VIP_CLUSTER;
}

#endif
