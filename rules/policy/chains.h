/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules of the tables that enforce NetworkPolicy. */
#ifndef SVCR_POLICY_CHAINS_H
#define SVCR_POLICY_CHAINS_H

#include "rules/policy/classes.h"
#include "rules/policy/layout.h"

/* Makes the chains that all these tables have, with their rules. 0 or -ENOMEM. */
int svcr_policy_make_chains(struct svcr_nft *n, struct svcr_nft_table *t);
/*
 * Makes the chain of a class with its rules; `allows` is false for a class that must allow
 * nothing. 0 or -ENOMEM.
 */
int svcr_policy_make_class(struct svcr_nft *n, struct svcr_nft_table *t,
			   const struct svcr_pod_class *c, bool allows);
/* The chain of a class. A class without a number has the chain that denies. */
static inline struct svcr_nft_chain_id svcr_policy_chain(const struct svcr_pod_class *c)
{
	if (!c->number)
		return (struct svcr_nft_chain_id){ c->direction == SVCR_INGRESS ? CHAIN_DENY_IN :
										  CHAIN_DENY_OUT,
						   0 };
	return (struct svcr_nft_chain_id){ c->direction == SVCR_INGRESS ? CHAIN_IN : CHAIN_OUT,
					   c->number };
}

#endif
