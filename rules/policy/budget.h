/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the policies of one namespace may take on this node: a tenant who writes more must not keep
 * the node from enforcing the policies of others.
 */
#ifndef SVCR_POLICY_BUDGET_H
#define SVCR_POLICY_BUDGET_H

#include "rules/policy/classes.h"

#define SVCR_BUDGET_CLASSES 4 /* times --max-elements, of all classes of a namespace together */

struct svcr_budget {
	struct svcr_arena arena;
	struct svcr_table namespaces;
};

/*
 * Counts a class with its cost. While the classes of its namespace cost more than they may, the
 * costliest of them becomes too big: it allows nothing. What becomes so depends on the order of
 * calls. 0 or -ENOMEM.
 */
int svcr_budget_charge(struct svcr_budget *b, const struct svcrules_options *o,
		       struct svcr_pod_class *class);
void svcr_budget_release(struct svcr_budget *b);

#endif
