/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/iptables/value.h"

#include <assert.h>
#include <errno.h>

/* clang-format off */
const struct svcr_ipt_fixed_chain svcr_ipt_fixed_chains[IPT_FIXED_COUNT] = {
	[IPT_NAT_PREROUTING] = { IPT_NAT, "PREROUTING", "PREROUTING" },
	[IPT_NAT_INPUT] = { IPT_NAT, "INPUT", "INPUT" },
	[IPT_NAT_OUTPUT] = { IPT_NAT, "OUTPUT", "OUTPUT" },
	[IPT_NAT_POSTROUTING] = { IPT_NAT, "POSTROUTING", "POSTROUTING" },
	[IPT_SERVICES] = { IPT_NAT, "SERVICES", NULL },
	[IPT_NOT_FROM_PODS] = { IPT_NAT, "NOT-FROM-PODS", NULL },
	[IPT_FROM_NODE] = { IPT_NAT, "FROM-NODE", NULL },
	[IPT_CLUSTER_IPS] = { IPT_NAT, "CLUSTER-IPS", NULL },
	[IPT_EXTERNAL] = { IPT_NAT, "EXTERNAL", NULL },
	[IPT_INSIDE] = { IPT_NAT, "LOCAL-INSIDE", NULL },
	[IPT_OUTSIDE] = { IPT_NAT, "LOCAL-OUTSIDE", NULL },
	[IPT_HAIRPIN] = { IPT_NAT, "HAIRPIN", NULL },
	[IPT_MASQUERADE] = { IPT_NAT, "MASQUERADE", NULL },
	[IPT_MANGLE_PREROUTING] = { IPT_MANGLE, "PREROUTING", "PREROUTING" },
	[IPT_MANGLE_OUTPUT] = { IPT_MANGLE, "OUTPUT", "OUTPUT" },
	[IPT_GUARD] = { IPT_MANGLE, "GUARD", NULL },
	[IPT_GUARD_OUTSIDE] = { IPT_MANGLE, "GUARD-OUTSIDE", NULL },
	[IPT_SOURCES] = { IPT_MANGLE, "SOURCE-RANGES", NULL },
	[IPT_NO_LOCAL] = { IPT_MANGLE, "NO-LOCAL", NULL },
	[IPT_NO_LOCAL_OUTSIDE] = { IPT_MANGLE, "NO-LOCAL-OUTSIDE", NULL },
	[IPT_FILTER_INPUT] = { IPT_FILTER, "INPUT", "INPUT" },
	[IPT_FILTER_FORWARD] = { IPT_FILTER, "FORWARD", "FORWARD" },
	[IPT_FILTER_OUTPUT] = { IPT_FILTER, "OUTPUT", "OUTPUT" },
	[IPT_REFUSE] = { IPT_FILTER, "REFUSE", NULL },
	[IPT_NO_ENDPOINTS] = { IPT_FILTER, "NO-ENDPOINTS", NULL },
	[IPT_UNDEFINED] = { IPT_FILTER, "UNDEFINED-PORTS", NULL },
	[IPT_UNALLOCATED] = { IPT_FILTER, "UNALLOCATED", NULL },
	[IPT_REJECT] = { IPT_FILTER, "REJECT", NULL },
};
/* clang-format on */

const char *const svcr_ipt_table_names[IPT_TABLES] = { "nat", "mangle", "filter" };

/* Without formatted output: every rule names a chain or two. */
const char *svcr_ipt_name(const struct svcr_ipt_chain *c, char *buf)
{
	static const char ours[] = "SVCRULES-";
	char *p = buf + sizeof(ours) - 1;
	const char *name;

	memcpy(buf, ours, sizeof(ours));
	if (c->named != IPT_FIXED_COUNT) {
		name = svcr_ipt_fixed_chains[c->named].name;
		assert(strlen(name) < (size_t)(buf + SVCR_IPT_NAME - p));
		memcpy(p, name, strlen(name) + 1);
		return buf;
	}
	*p++ = c->letter;
	*p++ = '-';
	for (int shift = 60; shift >= 0; shift -= 4)
		*p++ = "0123456789abcdef"[c->number >> shift & 15];
	*p = '\0';
	return buf;
}

void svcr_ipt_family_release(struct svcr_ipt_family *f)
{
	for (size_t i = 0; i < f->trees.n; i++)
		free(f->trees.v[i].v);
	free(f->trees.v);
	free(f->lists.v);
	free(f->groups.v);
	for (int t = 0; t < IPT_TABLES; t++)
		free(f->chains[t].v);
	free(f->pods.v);
	free(f->inside.v);
	free(f->service_cidrs.v);
	free(f->nodes.v);
	*f = (struct svcr_ipt_family){ .family = f->family };
}

struct svcr_ipt_chain *svcr_ipt_add_chain(struct svcr_ipt_family *f, uint8_t table, uint8_t kind,
					  uint32_t *ret)
{
	struct svcr_ipt_chain *c = SVCR_GROW(&f->chains[table]);

	if (!c)
		return NULL;
	c->kind = kind;
	c->named = IPT_FIXED_COUNT;
	*ret = (uint32_t)(f->chains[table].n - 1);
	return c;
}

int svcr_ipt_add_fixed(struct svcr_ipt_family *f, enum svcr_ipt_fixed id)
{
	struct svcr_ipt_chain *c;

	if (svcr_ipt_has(f, id))
		return 0;
	c = svcr_ipt_add_chain(f, svcr_ipt_fixed_chains[id].table, CHAIN_FIXED, &f->fixed[id]);
	if (!c)
		return -ENOMEM;
	c->named = (uint8_t)id;
	return 0;
}

static int ipt_number_cmp_sort(const void *a, const void *b)
{
	const struct svcr_ipt_chain *const *x = a, *const *y = b;

	if ((*x)->number != (*y)->number)
		return (*x)->number < (*y)->number ? -1 : 1;
	return (*x < *y) ? -1 : *x > *y;
}

int svcr_ipt_number(struct svcr_ipt_family *f)
{
	for (int t = 0; t < IPT_TABLES; t++) {
		struct svcr_ipt_chains *l = &f->chains[t];
		struct svcr_ipt_chain **sorted = calloc(l->n ? l->n : 1, sizeof(*sorted));
		uint64_t last = 0;
		size_t n = 0;

		if (!sorted)
			return -ENOMEM;
		for (size_t i = 0; i < l->n; i++)
			if (l->v[i].named == IPT_FIXED_COUNT)
				sorted[n++] = &l->v[i];
		qsort(sorted, n, sizeof(struct svcr_ipt_chain *), ipt_number_cmp_sort);
		for (size_t i = 0; i < n; i++) {
			if (sorted[i]->number <= last)
				sorted[i]->number = last + 1;
			last = sorted[i]->number;
		}
		free(sorted);
	}
	return 0;
}
