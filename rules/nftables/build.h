/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what this node must serve to the tables that serve Services. */
#ifndef SVCR_SERVICES_BUILD_H
#define SVCR_SERVICES_BUILD_H

#include "kinds/kinds.h"
#include "rules/nftables/layout.h"
#include "select.h"

/* The kinds of objects that Services are made from, ended by NULL. */
extern const struct svcr_kind *const svcr_services_kinds[];

/*
 * Something behind the table that chooses the endpoint of a packet instead of it. The
 * table lets packets to a VIP go on to it, unchanged but for the masquerade mark. Its layout
 * has rows for CHAIN_DELEGATE, CHAIN_MASQUERADED_DELEGATE, SET_BOUND_IPS and SET_DRAINING.
 */
struct svcr_services_delegate {
	const struct svcr_addrs *bound;       /* VIPs that are addresses of this node; sorted */
	const struct svcr_addrs *elsewhere;   /* VIPs that the delegate must not serve; sorted */
};

/*
 * Fills the empty tables of `n` that serve Services. With `delegate` (NULL: none), for whose
 * layout they were made, packets are left to it where it can choose the endpoint; see
 * svcr_services_splits(). 0 or -ENOMEM.
 */
int svcr_services_build(const struct svcr_view *view, const struct svcrules_options *o,
			const struct svcr_services_delegate *delegate, struct svcr_nft *n);
/* Fills in the numbers of what was built. */
void svcr_services_count(const struct svcr_view *view, const struct svcr_nft *n, struct svcrules_stats *stats);

/*
 * A delegate has one set of endpoints for a VIP, whoever sends. So under an external policy
 * Local it has the local ones, for the traffic from outside; the table itself serves pods and
 * the node before the delegate sees their packets. So it does for all that goes to an address
 * of svcr_services_delegate.elsewhere.
 */
static inline bool svcr_services_splits(const struct svcr_vip *v)
{
	return v->local && v->kind != SVCR_VIP_CLUSTER;
}

#endif
