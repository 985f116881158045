/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Draining of real servers. A real server that is no longer wanted gets weight 0: it keeps its
 * connections and gets no new ones. An element in the table's set `draining` with a timeout
 * limits how long this may last, so that the kernel counts the time even if svcrules never runs
 * again. UDP flows do not end, so real servers of UDP services are removed at once.
 */
#include "rules/ipvs/drain.h"
#include "rules/nftables/chains.h"

#include <errno.h>
#include <stdlib.h>

struct drain {
	struct svcr_ipvs_parts have;
	/* sorted; nothing is added to its lists before sort_all() but at their ends */
	struct svcr_ipvs_parts wanted;
	bool keep, retire;
	/* numbers of elements before anything was added */
	size_t nbound[SVCR_FAMILY__COUNT], nservices[SVCR_FAMILY__COUNT];
	SVCR_LIST(struct svcr_ipvs_server) leaving; /* servers that only drain, sorted */
	int err;
};

static bool in_set(const struct svcr_nft *n, const struct svcr_ipvs_server *s,
		   const struct svcr_ipvs_real *r)
{
	uint8_t key[SVCR_DRAINING_MAX];

	svcr_draining_key(key, &s->addr, s->protocol, s->port, &r->addr, r->port);
	return svcr_nft_find(svcr_services_set(n, s->addr.family, SET_DRAINING), key);
}

/*
 * False if the kernel has no set `draining`: another program removed the table, and with it all
 * timeouts, which then start from the beginning.
 */
static bool has_clock(const struct svcr_nft *n, const struct svcr_ipvs_server *s)
{
	return svcr_services_set(n, s->addr.family, SET_DRAINING)->present;
}

/*
 * The scheduler dh chooses by the destination address alone: as long as it chooses a real
 * server with weight 0, all clients of the service are refused.
 */
static bool can_drain(const struct svcr_ipvs_server *to)
{
	return !to || strcmp(to->scheduler, "dh") != 0;
}

/*
 * True if the real server, which is no longer wanted, may stay. Sets *ret_timed if its timeout
 * in the set still runs. `to` is as in collect_draining().
 */
static bool stays(const struct drain *d, const struct svcr_ipvs_server *s,
		  const struct svcr_ipvs_server *to, const struct svcr_ipvs_real *r,
		  bool *ret_timed)
{
	if (s->protocol == SVCR_UDP || !can_drain(to) ||
	    (!d->wanted.ipvs->drain_timeout && !d->keep))
		return false;
	/* weight 0 and not in the set: its time is over */
	*ret_timed = r->weight > 0 || in_set(d->have.nft, s, r) || !has_clock(d->have.nft, s);
	return d->keep || (*ret_timed && (r->weight > 0 || r->conns > 0));
}

static void add_drain_key(struct drain *d, uint8_t family, enum svcr_services_set set,
			  const uint8_t *key)
{
	struct svcr_nft_table *t = svcr_services_table(d->wanted.nft, family);
	uint8_t *e = svcr_nft_add(&t->sets[set]);

	t->present = true;
	if (e)
		memcpy(e, key, t->sets[set].sort_len);
	else
		d->err = -ENOMEM;
}

static void add_draining(struct drain *d, const struct svcr_ipvs_server *s,
			 const struct svcr_ipvs_real *r)
{
	uint8_t key[SVCR_DRAINING_MAX];

	svcr_draining_key(key, &s->addr, s->protocol, s->port, &r->addr, r->port);
	add_drain_key(d, s->addr.family, SET_DRAINING, key);
}

/* Collects in `out` the real servers of `s` that stay. `to` is the wanted server, or NULL. */
static void collect_draining(struct drain *d, const struct svcr_ipvs_server *s,
			     const struct svcr_ipvs_server *to, struct svcr_ipvs_server *out)
{
	for (size_t i = 0; i < s->nreals && !d->err; i++) {
		struct svcr_ipvs_real real = s->reals[i];
		bool timed = false;

		if ((to && svcr_ipvs_find_real(to, &real)) || !stays(d, s, to, &real, &timed))
			continue;
		real.weight = 0;
		if (!svcr_ipvs_add_real(out, &real))
			d->err = -ENOMEM;
		if (timed)
			add_draining(d, s, &real);
	}
}

static void drain_server(struct drain *d, const struct svcr_ipvs_server *s)
{
	struct svcr_ipvs_server *to = svcr_ipvs_find(d->wanted.ipvs, s), out = *s, *slot;

	out.marked = true;
	out.leaving = !d->keep; /* only apply sets the mark, so a comparison does not expect it */
	out.reals = NULL;
	out.nreals = out.cap = 0;
	collect_draining(d, s, to, &out);
	for (size_t i = 0; to && i < out.nreals; i++)
		if (!svcr_ipvs_add_real(to, &out.reals[i]))
			d->err = -ENOMEM;
	slot = !to && out.nreals ? SVCR_GROW(&d->leaving) : NULL;
	if (slot)
		*slot = out;
	else
		free(out.reals);
	if (!to && out.nreals && !slot)
		d->err = -ENOMEM;
}

/*
 * Adds an element to the map `services` that refuses new connections to a draining server. It
 * keeps the comment that it has in the kernel.
 */
static void refuse_new(struct drain *d, const struct svcr_ipvs_server *s)
{
	struct svcr_nft_table *t = svcr_services_table(d->wanted.nft, s->addr.family);
	const struct svcr_nft_set *old = svcr_services_set(d->have.nft, s->addr.family,
							   SET_SERVICES);
	const struct svcr_nft_chain_id verdict = { CHAIN_REJECT, 0 };
	struct svcr_nft_set *services = &t->sets[SET_SERVICES], sorted = *services;
	uint8_t key[SVCR_VIP_MAX], *e;
	const char *comment;

	sorted.n = d->nservices[s->addr.family];
	svcr_ipvs_key(key, s);
	/* no table, or the wanted table has an element for it */
	if (!t->nchains || svcr_nft_find(&sorted, key))
		return;
	e = svcr_nft_find(old, key);
	comment = e ? svcr_nft_comment(old, e) : NULL;
	comment = comment ? svcr_arena_strndup(&d->wanted.nft->arena, comment, strlen(comment)) :
			    NULL;
	e = svcr_nft_add(services);
	if (!e) {
		d->err = -ENOMEM;
		return;
	}
	memcpy(e, key, services->sort_len);
	memcpy(svcr_nft_elem_data(services, e), &verdict, sizeof(verdict));
	svcr_nft_set_comment(services, e, comment);
}

/*
 * Keeps the address of a draining server on the interface, unless another interface has it.
 * Connections to its other ports are still refused, unless the target ipvs is being retired:
 * see keep_masquerade().
 */
static void keep_address(struct drain *d, const struct svcr_addr *a)
{
	struct svcr_nft_set bound = *svcr_services_set(d->wanted.nft, a->family, SET_BOUND_IPS);

	if (svcr_addrs_have(&d->wanted.ipvs->own, a))
		return;
	bound.n = d->nbound[a->family];
	if (svcr_addrs_add(&d->wanted.link->addresses, a))
		d->err = -ENOMEM;
	if (d->retire || (bound.present && !svcr_nft_find(&bound, a->bytes)))
		add_drain_key(d, a->family, SET_BOUND_IPS, a->bytes);
}

static void add_leaving(struct drain *d)
{
	struct svcr_addrs before = d->wanted.link->addresses; /* the sorted part of the list */
	const struct svcr_addr *last = NULL;

	for (size_t i = 0; i < d->leaving.n && !d->err; i++) {
		const struct svcr_addr *a = &d->leaving.v[i].addr;
		struct svcr_ipvs_server *slot = SVCR_GROW(&d->wanted.ipvs->servers);

		if (!slot) {
			d->err = -ENOMEM;
			return;
		}
		*slot = d->leaving.v[i];
		d->leaving.v[i].reals = NULL; /* now owned by *slot */
		if (!d->retire)
			refuse_new(d, slot);
		before.v = d->wanted.link->addresses.v;
		if (svcr_addrs_have(&d->have.link->addresses, a) &&
		    !(last && svcr_addr_eq(a, last)) && !svcr_addrs_have(&before, a))
			keep_address(d, a);
		last = a;
	}
}

/*
 * Connections from the node to one of its own addresses have that address as their source.
 * Rules that stay in the table masquerade them, because no other machine could answer.
 */
static void keep_masquerade(struct drain *d)
{
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT && !d->err; f++) {
		struct svcr_nft_table *t = svcr_services_table(d->wanted.nft, f);

		if (t->sets[SET_BOUND_IPS].n)
			d->err = svcr_services_make_retired_rules(d->wanted.nft, t);
	}
}

static void sort_all(const struct svcr_ipvs_parts *p)
{
	static const enum svcr_services_set sets[] = { SET_DRAINING, SET_BOUND_IPS, SET_SERVICES };

	svcr_ipvs_sort(p->ipvs);
	svcr_addrs_sort(&p->link->addresses);
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++)
		for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
			svcr_nft_sort(svcr_services_set(p->nft, f, sets[i]));
}

int svcr_ipvs_settle(const struct svcrules_ruleset *have, struct svcrules_ruleset *want,
		     enum svcrules_settle how)
{
	struct drain d = { .have = svcr_ipvs_parts(have),
			   .wanted = svcr_ipvs_parts(want),
			   .keep = how == SVCRULES_SETTLE_COMPARE,
			   .retire = how == SVCRULES_SETTLE_RETIRE };

	if (!svcr_ipvs_whole(&d.have) || !svcr_ipvs_whole(&d.wanted))
		return 0;
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++) {
		struct svcr_nft_table *t = svcr_services_table(d.wanted.nft, f);

		t->sets[SET_DRAINING].timeout = d.wanted.ipvs->drain_timeout;
		d.nbound[f] = t->sets[SET_BOUND_IPS].n;
		d.nservices[f] = t->sets[SET_SERVICES].n;
	}
	for (size_t i = 0; i < d.have.ipvs->servers.n && !d.err; i++)
		drain_server(&d, &d.have.ipvs->servers.v[i]);
	add_leaving(&d);
	if (d.retire)
		keep_masquerade(&d);
	for (size_t i = 0; i < d.leaving.n; i++)
		free(d.leaving.v[i].reals);
	free(d.leaving.v);
	sort_all(&d.wanted);
	return d.err;
}
