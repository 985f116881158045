/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/policy/budget.h"
#include "hashing.h"

#include <errno.h>

struct account {
	const char *ns;
	size_t sum;
	SVCR_LIST(struct svcr_pod_class *) classes; /* that are not too big */
};

static bool same_account(const void *entry, const void *like)
{
	return ((const struct account *)entry)->ns == ((const struct account *)like)->ns;
}

/* Makes the costliest class too big, and frees what it has. */
static void close_costliest(struct account *a, const struct svcrules_options *o)
{
	struct svcr_pod_class *c;
	size_t most = 0;

	for (size_t i = 1; i < a->classes.n; i++)
		if (a->classes.v[i]->cost > a->classes.v[most]->cost)
			most = i;
	c = a->classes.v[most];
	a->classes.v[most] = a->classes.v[--a->classes.n];
	a->sum -= c->cost;
	c->cost = o->max_elements + 1;
	for (int f = 0; f < SVCR_FAMILY__COUNT; f++) {
		free(c->ranges[f].v);
		c->ranges[f] = (struct svcr_block_ranges){ NULL, .n = 0 };
	}
}

int svcr_budget_charge(struct svcr_budget *b, const struct svcrules_options *o,
		       struct svcr_pod_class *class)
{
	const struct account like = { .ns = class->policies[0]->ns };
	struct svcr_pod_class **slot;
	struct account *a;
	bool new;

	if (svcr_class_too_big(class, o))
		return 0;
	a = svcr_find_or_add(&b->arena, &b->namespaces, svcr_pointers_hash(like.ns, NULL, NULL),
			     same_account, &like, sizeof(like), &new);
	slot = a ? SVCR_GROW(&a->classes) : NULL;
	if (!slot)
		return -ENOMEM;
	*slot = class;
	a->sum += class->cost;
	while (a->sum / SVCR_BUDGET_CLASSES > o->max_elements)
		close_costliest(a, o);
	return 0;
}

void svcr_budget_release(struct svcr_budget *b)
{
	for (size_t i = 0; i < b->namespaces.size; i++)
		if (b->namespaces.slots[i].entry)
			free(((const struct account *)b->namespaces.slots[i].entry)->classes.v);
	svcr_table_release(&b->namespaces);
	svcr_arena_release(&b->arena);
}
