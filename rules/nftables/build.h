/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds the tables that serve Services from the view of this node. */
#ifndef SVCR_SERVICES_BUILD_H
#define SVCR_SERVICES_BUILD_H

#include "kinds/kinds.h"
#include "rules/nftables/layout.h"
#include "select.h"

/* The kinds of objects that Services are made from, ended by NULL. */
extern const struct svcr_kind *const svcr_services_kinds[];

/*
 * Another part of the kernel that chooses endpoints instead of the table. The table lets
 * packets to a VIP pass to it, changed only by the masquerade mark. The layout of such a table
 * has rows for CHAIN_DELEGATE, CHAIN_MASQUERADED_DELEGATE, SET_BOUND_IPS and SET_DRAINING.
 */
struct svcr_services_delegate {
	const struct svcr_addrs *bound;     /* VIPs that are addresses of this node; sorted */
	const struct svcr_addrs *elsewhere; /* VIPs that the delegate must not serve; sorted */
};

/*
 * Fills the empty tables of `n` that serve Services. With a `delegate` (NULL: none) the tables
 * must have its layout; it gets the packets whose endpoint it can choose, see
 * svcr_services_splits(). 0 or -ENOMEM.
 */
int svcr_services_build(const struct svcr_view *view, const struct svcrules_options *o,
			const struct svcr_services_delegate *delegate, struct svcr_nft *n);
/* Fills in the numbers of services, ports and endpoints. Returns 0 or -ENOMEM. */
int svcr_services_count(const struct svcr_view *view, const struct svcrules_model *m,
			struct svcrules_stats *stats);

/*
 * True if a VIP has different endpoints for different sources (externalTrafficPolicy Local). A
 * delegate has one list of endpoints for each VIP: here the local ones, for traffic from
 * outside. The table itself serves pods and the node, before the delegate sees their packets.
 * It also serves all packets to addresses of svcr_services_delegate.elsewhere.
 */
static inline bool svcr_services_splits(const struct svcr_vip *v)
{
	return v->local && v->kind != SVCR_VIP_CLUSTER;
}

#endif
