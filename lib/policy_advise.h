/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Warnings and notices about Pods, Namespaces and NetworkPolicies that show only in the whole. */
#ifndef SVCR_POLICY_ADVISE_H
#define SVCR_POLICY_ADVISE_H

#include "diag.h"
#include "model.h"

/*
 * Adds them to `d`; without the option network-policy, that policies are not enforced. The work
 * grows with the input, not with policies times pods: in a namespace with very many of both not
 * all policies are looked at. Returns 0 or -ENOMEM.
 */
int svcr_policy_advise(const struct svcrules_model *m, const struct svcrules_options *o,
		       struct svcrules_diags *d);

#endif
