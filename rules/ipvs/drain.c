/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Draining of real servers. A real server that is no longer wanted gets weight 0: it keeps its
 * connections and gets no new ones. An element in the table's set `draining` with a timeout
 * limits how long this may last, so that the kernel counts the time even if svcrules never runs
 * again. Flows of UDP and SCTP stay with a real server as long as the endpoint serves, and no
 * longer; also when another target serves now, because the kernel (since Linux 5.9) forgets a
 * removed real server's flows at once, and the answer to a request that is under way would not be
 * translated back. A service, an address or a port that goes takes its real servers with it, so
 * that another server may have the port.
 */
#include "rules/ipvs/drain.h"
#include "rules/nftables/chains.h"
#include "rules/nftables/serving.h"

#include <errno.h>
#include <stdlib.h>

struct drain {
	struct svcr_ipvs_parts have;
	/* sorted, but for what add_leaving() adds at the ends of its lists */
	struct svcr_ipvs_parts wanted;
	const struct svcr_serving *serving; /* according to what serves from now on */
	bool keep, retire;
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

static bool still_serves(const struct drain *d, const struct svcr_ipvs_server *s,
			 const struct svcr_ipvs_real *r)
{
	uint8_t key[SVCR_VIP_MAX], data[SVCR_ENDPOINT_MAX];

	svcr_ipvs_key(key, s);
	svcr_endpoint_data(data, &r->addr, r->port);
	return svcr_serving_has(d->serving, s->addr.family, key, data);
}

/*
 * True if the real server, which is no longer wanted, may stay. Sets *ret_timed if its timeout
 * in the set still runs. `to` is as in collect_draining().
 */
static bool stays(const struct drain *d, const struct svcr_ipvs_server *s,
		  const struct svcr_ipvs_server *to, const struct svcr_ipvs_real *r,
		  bool *ret_timed)
{
	bool open = d->keep || r->weight > 0 || r->conns > 0;

	if (!can_drain(to))
		return false;
	if (s->protocol != SVCR_TCP)
		return open && still_serves(d, s, r);
	if (!d->wanted.ipvs->drain_timeout && !d->keep)
		return false;
	/* weight 0 and not in the set: its time is over */
	*ret_timed = r->weight > 0 || in_set(d->have.nft, s, r) || !has_clock(d->have.nft, s);
	return open && (d->keep || *ret_timed);
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

/*
 * True if the address, protocol and port are a service's still, if only one without endpoints, and
 * the address stays on this host.
 */
static bool is_wanted(const struct drain *d, const struct svcr_ipvs_server *s)
{
	uint8_t key[SVCR_VIP_MAX];

	svcr_ipvs_key(key, s);
	return (svcr_addrs_have(&d->wanted.link->addresses, &s->addr) ||
		svcr_addrs_have(&d->wanted.ipvs->own, &s->addr)) &&
	       svcr_nft_find(svcr_services_set(d->wanted.nft, s->addr.family, SET_SERVICES), key);
}

static void drain_server(struct drain *d, const struct svcr_ipvs_server *s)
{
	struct svcr_ipvs_server *to = svcr_ipvs_find(d->wanted.ipvs, s), out = *s, *slot;

	if (!to && !d->retire && !is_wanted(d, s))
		return;
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
 * Keeps the address of a draining server on the interface, unless another interface has it, and
 * its masquerade: see keep_masquerade(). Only when the target is retired: otherwise what drains is
 * at an address that is wanted.
 */
static void keep_address(struct drain *d, const struct svcr_addr *a)
{
	if (svcr_addrs_have(&d->wanted.ipvs->own, a))
		return;
	if (svcr_addrs_add(&d->wanted.link->addresses, a))
		d->err = -ENOMEM;
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
		before.v = d->wanted.link->addresses.v;
		if (d->retire && svcr_addrs_have(&d->have.link->addresses, a) &&
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
	static const enum svcr_services_set sets[] = { SET_DRAINING, SET_BOUND_IPS };

	svcr_ipvs_sort(p->ipvs);
	svcr_addrs_sort(&p->link->addresses);
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++)
		for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
			svcr_nft_sort(svcr_services_set(p->nft, f, sets[i]));
}

int svcr_ipvs_settle(const struct svcrules_ruleset *have, struct svcrules_ruleset *want,
		     enum svcrules_settle how, const struct svcrules_ruleset *now)
{
	bool retire = how == SVCRULES_SETTLE_RETIRE;
	const struct svcrules_ruleset *serves = retire ? now : want;
	struct drain d = { .have = svcr_ipvs_parts(have),
			   .wanted = svcr_ipvs_parts(want),
			   .serving = serves ? serves->serving : NULL,
			   .keep = how == SVCRULES_SETTLE_COMPARE,
			   .retire = retire };

	if (!svcr_ipvs_whole(&d.have) || !svcr_ipvs_whole(&d.wanted))
		return 0;
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++) {
		struct svcr_nft_table *t = svcr_services_table(d.wanted.nft, f);

		t->sets[SET_DRAINING].timeout = d.wanted.ipvs->drain_timeout;
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
