/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real servers on their way out. One that is no longer wanted gets weight 0,
 * so that its connections go on and no new ones come. The table's set
 * `draining` remembers it for the time it may take: the kernel keeps the
 * clock, whatever becomes of svcrules and its files. Flows of UDP have no end
 * to wait for, so its real servers go at once.
 */
#include "rules/ipvs/drain.h"
#include "rules/nftables/chains.h"

#include <errno.h>
#include <stdlib.h>

struct drain {
	struct svcr_ipvs_parts have;
	struct svcr_ipvs_parts wanted; /* its lists stay as they are, sorted, until all is found */
	bool keep, retire;
	size_t nbound[SVCR_FAMILY__COUNT], nservices[SVCR_FAMILY__COUNT]; /* elements of these sets as they were */
	SVCR_LIST(struct svcr_ipvs_server) leaving; /* in order */
	int err;
};

static bool in_set(const struct svcr_nft *n, const struct svcr_ipvs_server *s, const struct svcr_ipvs_real *r)
{
	uint8_t key[SVCR_DRAINING_MAX];

	svcr_draining_key(key, &s->addr, s->protocol, s->port, &r->addr, r->port);
	return svcr_nft_find(svcr_services_set(n, s->addr.family, SET_DRAINING), key);
}

/* Without the set another program removed our rules, and with them all clocks: they start again. */
static bool has_clock(const struct svcr_nft *n, const struct svcr_ipvs_server *s)
{
	return svcr_services_set(n, s->addr.family, SET_DRAINING)->present;
}

/* dh chooses by the destination alone: while one with weight 0 is chosen, nobody is served. */
static bool can_drain(const struct svcr_ipvs_server *to)
{
	return !to || strcmp(to->scheduler, "dh") != 0;
}

/* May it stay, though nobody wants it? *ret_timed: it has still time in the set. `to`: as in collect_draining(). */
static bool stays(const struct drain *d, const struct svcr_ipvs_server *s, const struct svcr_ipvs_server *to,
		  const struct svcr_ipvs_real *r, bool *ret_timed)
{
	if (s->protocol == SVCR_UDP || !can_drain(to) || (!d->wanted.ipvs->drain_timeout && !d->keep))
		return false;
	/* with weight 0 and not in the set its time is over */
	*ret_timed = r->weight > 0 || in_set(d->have.nft, s, r) || !has_clock(d->have.nft, s);
	return d->keep || (*ret_timed && (r->weight > 0 || r->conns > 0));
}

static void add_drain_key(struct drain *d, uint8_t family, enum svcr_services_set set, const uint8_t *key)
{
	struct svcr_nft_table *t = svcr_services_table(d->wanted.nft, family);
	uint8_t *e = svcr_nft_add(&t->sets[set]);

	t->present = true;
	if (e)
		memcpy(e, key, t->sets[set].sort_len);
	else
		d->err = -ENOMEM;
}

static void add_draining(struct drain *d, const struct svcr_ipvs_server *s, const struct svcr_ipvs_real *r)
{
	uint8_t key[SVCR_DRAINING_MAX];

	svcr_draining_key(key, &s->addr, s->protocol, s->port, &r->addr, r->port);
	add_drain_key(d, s->addr.family, SET_DRAINING, key);
}

/* Collects in `out` what stays of `s`. `to`: the server as it is wanted, or NULL. */
static void collect_draining(struct drain *d, const struct svcr_ipvs_server *s, const struct svcr_ipvs_server *to,
		    struct svcr_ipvs_server *out)
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
	out.leaving = !d->keep; /* only apply can mark it, so that it does not is no difference */
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

/* Its place in the map `services`, for others to be refused there; the name is the one it had. */
static void refuse(struct drain *d, const struct svcr_ipvs_server *s)
{
	struct svcr_nft_table *t = svcr_services_table(d->wanted.nft, s->addr.family);
	const struct svcr_nft_set *old = svcr_services_set(d->have.nft, s->addr.family, SET_SERVICES);
	const struct svcr_nft_chain_id verdict = { CHAIN_REJECT, 0 };
	struct svcr_nft_set *services = &t->sets[SET_SERVICES], sorted = *services;
	uint8_t key[SVCR_VIP_MAX], *e;
	const char *comment;

	sorted.n = d->nservices[s->addr.family];
	svcr_ipvs_key(key, s);
	if (!t->nchains || svcr_nft_find(&sorted, key)) /* no rules, or refused or dropped as it is wanted */
		return;
	e = svcr_nft_find(old, key);
	comment = e ? svcr_nft_comment(old, e) : NULL;
	comment = comment ? svcr_arena_strndup(&d->wanted.nft->arena, comment, strlen(comment)) : NULL;
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
 * Its address stays, too, unless the host has got it itself. Its other ports are
 * refused as ever, unless IPVS is given up: then see keep_masquerade().
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
	struct svcr_addrs before = d->wanted.link->addresses; /* as long as it is sorted */
	const struct svcr_addr *last = NULL;

	for (size_t i = 0; i < d->leaving.n && !d->err; i++) {
		const struct svcr_addr *a = &d->leaving.v[i].addr;
		struct svcr_ipvs_server *slot = SVCR_GROW(&d->wanted.ipvs->servers);

		if (!slot) {
			d->err = -ENOMEM;
			return;
		}
		*slot = d->leaving.v[i];
		d->leaving.v[i].reals = NULL; /* taken over */
		if (!d->retire)
			refuse(d, slot);
		before.v = d->wanted.link->addresses.v;
		if (svcr_addrs_have(&d->have.link->addresses, a) && !(last && svcr_addr_eq(a, last)) &&
		    !svcr_addrs_have(&before, a))
			keep_address(d, a);
		last = a;
	}
}

/*
 * What the node sends to an address of its own comes from there, whichever back
 * end serves it: nobody else could answer that.
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

int svcr_ipvs_settle(const struct svcrules_ruleset *have, struct svcrules_ruleset *want, enum svcrules_settle how)
{
	struct drain d = { .have = svcr_ipvs_parts(have), .wanted = svcr_ipvs_parts(want),
			   .keep = how == SVCRULES_SETTLE_COMPARE, .retire = how == SVCRULES_SETTLE_RETIRE };

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
