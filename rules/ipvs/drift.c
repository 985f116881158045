/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/ipvs/drift.h"

#include <errno.h>
#include <stdlib.h>

/* ---- Differences -------------------------------------------------------------- */

/* "2 real servers removed\n" after `before`, unless n is 0. */
static void out_count(struct svcr_out *o, const char *before, size_t n, const char *noun,
		      const char *plural, const char *what)
{
	if (n)
		svcr_out(o, "%s%zu %s%s %s\n", before, n, noun, n == 1 ? "" : plural, what);
}

struct ipvs_drift {
	size_t servers_removed, servers_added, servers_changed;
	size_t reals_removed, reals_added, reals_changed;
};

static void drift_reals(struct ipvs_drift *d, const struct svcr_ipvs_server *left,
			const struct svcr_ipvs_server *have)
{
	size_t i = 0, k = 0;

	while (i < left->nreals || k < have->nreals) {
		const struct svcr_ipvs_real *a = i < left->nreals ? &left->reals[i] : NULL,
					    *b = k < have->nreals ? &have->reals[k] : NULL;
		int cmp = !a ? 1 : !b ? -1 : svcr_ipvs_real_cmp(a, b);

		d->reals_removed += cmp < 0 && a->weight > 0;
		d->reals_added += cmp > 0;
		d->reals_changed += cmp == 0 && (b->damaged || a->weight != b->weight);
		i += cmp <= 0;
		k += cmp >= 0;
	}
}

static bool server_as_left(const struct svcr_ipvs_server *left, const struct svcr_ipvs_server *have)
{
	return !have->damaged && left->persistence == have->persistence &&
	       strcmp(left->scheduler, have->scheduler) == 0;
}

void svcr_ipvs_drift(const struct svcr_ipvs *left, const struct svcr_ipvs *have, struct svcr_out *o)
{
	struct ipvs_drift d = { .servers_removed = 0 };
	size_t i = 0, k = 0;

	while (i < left->servers.n || k < have->servers.n) {
		const struct svcr_ipvs_server *a = i < left->servers.n ? &left->servers.v[i] : NULL,
					      *b = k < have->servers.n ? &have->servers.v[k] : NULL;
		int cmp = !a ? 1 : !b ? -1 : svcr_ipvs_server_cmp(a, b);

		d.servers_removed += cmp < 0 && !a->leaving;
		d.servers_added += cmp > 0;
		d.servers_changed += cmp == 0 && !server_as_left(a, b);
		if (cmp == 0)
			drift_reals(&d, a, b);
		i += cmp <= 0;
		k += cmp >= 0;
	}
	out_count(o, "ipvs: ", d.servers_removed, "virtual server", "s", "removed");
	out_count(o, "ipvs: ", d.servers_added, "virtual server", "s", "added");
	out_count(o, "ipvs: ", d.servers_changed, "virtual server", "s", "changed");
	out_count(o, "ipvs: ", d.reals_removed, "real server", "s", "removed");
	out_count(o, "ipvs: ", d.reals_added, "real server", "s", "added");
	out_count(o, "ipvs: ", d.reals_changed, "real server", "s", "changed");
}

void svcr_link_drift(const struct svcr_link *left, const struct svcr_link *have, struct svcr_out *o)
{
	static const char before[] = "interface " SVCRULES_INTERFACE ": ";
	size_t removed = 0, added = 0, i = 0, k = 0;

	if (have->foreign) {
		svcr_out(o, "%smade by another program\n", before);
		return;
	}
	if (!have->present && left->addresses.n) {
		svcr_out(o, "%sremoved\n", before);
		return;
	}
	while (i < left->addresses.n || k < have->addresses.n) {
		int cmp = i == left->addresses.n ?
				  1 :
			  k == have->addresses.n ?
				  -1 :
				  svcr_addr_cmp(&left->addresses.v[i], &have->addresses.v[k]);

		removed += cmp < 0;
		added += cmp > 0;
		i += cmp <= 0;
		k += cmp >= 0;
	}
	out_count(o, before, removed, "address", "es", "removed");
	out_count(o, before, added, "address", "es", "added");
	if (have->present && !have->up)
		svcr_out(o, "%sdown\n", before);
}

/* ---- Bytes ------------------------------------------------------------------------ */

/* What is read of them; numbers and structs are in the host's order. */
struct ipvs_bytes {
	const char *at;
	size_t left;
	int err;
};

static void take_bytes(struct ipvs_bytes *b, void *to, size_t len)
{
	if (!b->err && len > b->left)
		b->err = -EBADMSG;
	if (b->err) {
		memset(to, 0, len);
		return;
	}
	memcpy(to, b->at, len);
	b->at += len;
	b->left -= len;
}

/* As they are written: without padding. */
struct packed_addr {
	uint8_t bytes[sizeof(((struct svcr_addr *)NULL)->bytes)];
	uint32_t family;
};

struct packed_real {
	struct packed_addr addr;
	uint32_t port, weight;
};

struct packed_server {
	struct packed_addr addr;
	uint32_t port, protocol, persistence, leaving, nreals;
	char scheduler[(SVCR_SCHEDULER_MAX + 3) / 4 * 4];
};

static struct packed_addr pack_addr(const struct svcr_addr *a)
{
	struct packed_addr p = { .family = a->family };

	memcpy(p.bytes, a->bytes, svcr_addr_len(a->family));
	return p;
}

static struct svcr_addr unpack_addr(struct ipvs_bytes *b, const struct packed_addr *p)
{
	struct svcr_addr a = { .family = (uint8_t)p->family };

	if (!b->err && p->family >= SVCR_FAMILY__COUNT)
		b->err = -EBADMSG;
	if (!b->err)
		memcpy(a.bytes, p->bytes, svcr_addr_len(a.family));
	return a;
}

int svcr_link_pack(const struct svcr_link *l, svcrules_write_fn write, void *arg)
{
	int err = 0;

	for (size_t i = 0; i < l->addresses.n && !err; i++) {
		struct packed_addr p = pack_addr(&l->addresses.v[i]);

		err = write(arg, (const char *)&p, sizeof(p));
	}
	return err;
}

int svcr_link_unpack(const void *buf, size_t len, struct svcr_link *into)
{
	struct ipvs_bytes b = { .at = buf, .left = len };

	while (!b.err && b.left) {
		struct packed_addr p;
		struct svcr_addr a;

		take_bytes(&b, &p, sizeof(p));
		a = unpack_addr(&b, &p);
		if (!b.err)
			b.err = svcr_addrs_add(&into->addresses, &a);
	}
	svcr_link_decode_end(into);
	return b.err;
}

static int pack_server(const struct svcr_ipvs_server *s, svcrules_write_fn write, void *arg)
{
	struct packed_server p = { .addr = pack_addr(&s->addr),
				   .port = s->port,
				   .protocol = s->protocol,
				   .persistence = s->persistence,
				   .leaving = s->leaving,
				   .nreals = (uint32_t)s->nreals };
	int err;

	memcpy(p.scheduler, s->scheduler, strlen(s->scheduler));
	err = write(arg, (const char *)&p, sizeof(p));
	for (size_t i = 0; i < s->nreals && !err; i++) {
		struct packed_real r = { .addr = pack_addr(&s->reals[i].addr),
					 .port = s->reals[i].port,
					 .weight = s->reals[i].weight };

		err = write(arg, (const char *)&r, sizeof(r));
	}
	return err;
}

int svcr_ipvs_pack(const struct svcr_ipvs *v, svcrules_write_fn write, void *arg)
{
	int err = 0;

	for (size_t i = 0; i < v->servers.n && !err; i++)
		err = pack_server(&v->servers.v[i], write, arg);
	return err;
}

static void take_real(struct ipvs_bytes *b, struct svcr_ipvs_server *s)
{
	struct svcr_ipvs_real real = { .weight = 0 };
	struct packed_real p;

	take_bytes(b, &p, sizeof(p));
	real.addr = unpack_addr(b, &p.addr);
	real.port = (uint16_t)p.port;
	real.weight = p.weight;
	if (!b->err && !svcr_ipvs_add_real(s, &real))
		b->err = -ENOMEM;
}

static void take_server(struct ipvs_bytes *b, struct svcr_ipvs *into)
{
	struct svcr_ipvs_server *s;
	struct packed_server p;
	struct svcr_addr addr;

	take_bytes(b, &p, sizeof(p));
	addr = unpack_addr(b, &p.addr);
	s = b->err ? NULL : SVCR_GROW(&into->servers);
	if (!s) {
		b->err = b->err ? b->err : -ENOMEM;
		return;
	}
	s->addr = addr;
	s->port = (uint16_t)p.port;
	s->protocol = (uint8_t)p.protocol;
	s->persistence = p.persistence;
	s->leaving = p.leaving != 0;
	s->marked = true;
	memcpy(s->scheduler, p.scheduler, sizeof(s->scheduler) - 1);
	while (p.nreals-- > 0 && !b->err)
		take_real(b, s);
}

int svcr_ipvs_unpack(const void *buf, size_t len, struct svcr_ipvs *into)
{
	struct ipvs_bytes b = { .at = buf, .left = len };

	while (!b.err && b.left)
		take_server(&b, into);
	svcr_ipvs_sort(into);
	return b.err;
}
