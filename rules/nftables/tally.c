/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nftables/tally.h"
#include "list.h"
#include "rules/nftables/loss.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct tallied {
	uint32_t group;
	uint8_t to; /* side; last when sorted, so that both copies are neighbours */
	struct svcr_addr addr;
	uint16_t port;
};

struct svcr_tally {
	SVCR_LIST(struct tallied) list;
	int err;
};

void svcr_tally_add(struct svcr_tally *t, uint32_t group, bool to, const struct svcr_addr *addr,
		    uint16_t port)
{
	struct tallied *e = SVCR_GROW(&t->list);

	if (e)
		*e = (struct tallied){ group, to, *addr, port };
	else
		t->err = -ENOMEM;
}

static int endpoint_cmp(const struct tallied *x, const struct tallied *y)
{
	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (x->addr.family != y->addr.family)
		return x->addr.family < y->addr.family ? -1 : 1;
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return memcmp(x->addr.bytes, y->addr.bytes, sizeof(x->addr.bytes));
}

static int tallied_cmp(const void *a, const void *b)
{
	const struct tallied *x = a, *y = b;
	int cmp = endpoint_cmp(x, y);

	return cmp ? cmp : x->to - y->to;
}

static void tally_set(struct svcr_tally *t, uint32_t group, bool to, const struct svcr_nft_set *s,
		      const uint8_t *key)
{
	size_t len = svcr_addr_len(s->family), vip = svcr_vip_len(s->family);

	for (size_t i = svcr_nft_lower(s, key, vip);
	     i < s->n && memcmp(svcr_nft_elem(s, i), key, vip) == 0; i++) {
		const uint8_t *data = svcr_nft_elem_data(s, svcr_nft_elem(s, i));
		struct svcr_addr a = { .family = s->family };

		memcpy(a.bytes, data, len);
		svcr_tally_add(t, group, to, &a, (uint16_t)(data[len] << 8 | data[len + 1]));
	}
}

/* All services of a table that the report is about. */
static void tally_table(struct svcr_tally *t, struct svcr_report *r, bool to,
			const struct svcr_nft_table *table, const struct svcr_services_more *more)
{
	const struct svcr_nft_set *services = &table->sets[SET_SERVICES];

	for (size_t i = 0; i < services->n; i++) {
		const uint8_t *e = svcr_nft_elem(services, i);
		struct svcr_report_group *g = svcr_report_find_group(r,
								     svcr_nft_comment(services, e));
		uint32_t number = g ? (uint32_t)(g - r->groups) : 0;

		if (!g)
			continue;
		*(to ? &g->in_to : &g->in_from) = true;
		g->serves |= to && (svcr_services_sends(table, e, false) ||
				    svcr_services_sends(table, e, true));
		tally_set(t, number, to, &table->sets[SET_ENDPOINTS], e);
		tally_set(t, number, to, &table->sets[SET_LOCAL_ENDPOINTS], e);
		if (more)
			more->endpoints(t, number, to, table->family, e, more->arg);
	}
}

/* Counts the endpoints, which are sorted, once each. */
static void tally_sum(const struct svcr_tally *t, struct svcr_report *r)
{
	for (size_t i = 0, end; i < t->list.n; i = end) {
		const struct tallied *e = &t->list.v[i], *last;
		struct svcr_report_group *g = &r->groups[e->group];

		for (end = i + 1; end < t->list.n && endpoint_cmp(e, &t->list.v[end]) == 0;)
			end++;
		last = &t->list.v[end - 1];
		g->endpoints_from += !e->to;
		g->endpoints_to += last->to;
		g->endpoints_added += e->to;
		g->endpoints_removed += !last->to;
	}
}

int svcr_tally_count(struct svcr_report *r, const struct svcr_nft_changes *c,
		     const struct svcr_services_more *more)
{
	struct svcr_tally t = { .err = 0 };

	for (uint8_t family = 0; family < SVCR_FAMILY__COUNT; family++) {
		const struct svcr_nft_table *from = svcr_services_table(c->from, family);
		const struct svcr_nft_table *to = svcr_services_table(c->to, family);

		if (from)
			tally_table(&t, r, false, from, more);
		if (to)
			tally_table(&t, r, true, to, more);
	}
	if (!t.err && t.list.n) {
		qsort(t.list.v, t.list.n, sizeof(*t.list.v), tallied_cmp);
		tally_sum(&t, r);
	}
	free(t.list.v);
	return t.err;
}
