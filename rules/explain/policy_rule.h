/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which rule of which NetworkPolicy allows a connection that the tables let pass. */
#ifndef SVCR_EXPLAIN_POLICY_RULE_H
#define SVCR_EXPLAIN_POLICY_RULE_H

#include "rules/explain/tell.h"

/*
 * Sets *ret to a sentence about a rule of the input that allows the packet of the walk, the first
 * of the first policy by name, or to NULL if there is none or no input. `in`: ingress of the
 * destination, else egress of the source. 0 or -ENOMEM.
 */
int svcr_explain_policy_rule(struct svcr_explain_walker *w, bool in, const char **ret);

#endif
