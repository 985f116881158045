/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headless services: a name for each endpoint, and SRV records that lead to it. */
#include "rules/dns/build.h"
#include "rules/dns/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/*
 * SRV records of one service at most. A slice may have 1000 endpoints and 20000 ports (Kubernetes
 * 1.33), and each endpoint has a record for each named port.
 */
#define SRV_MAX 1000000

/* ---- Order ----------------------------------------------------------------- */

static int label_text_cmp(const struct svcr_dns *v, uint32_t a, uint32_t b)
{
	return a == b ? 0 : strcmp(svcr_dns_text(v, a), svcr_dns_text(v, b));
}

static int found_cmp(const void *a, const void *b, void *value)
{
	const struct svcr_dns_found *x = a, *y = b;
	int d = label_text_cmp(value, x->e.label, y->e.label);

	if (!d)
		d = svcr_addr_cmp(&x->e.addr, &y->e.addr);
	return d ? d : (int)x->e.dashes - (int)y->e.dashes;
}

static int srv_cmp(const void *a, const void *b, void *value)
{
	const struct svcr_dns_srv *x = a, *y = b;
	int d = label_text_cmp(value, x->name, y->name);

	if (!d)
		d = (int)x->protocol - (int)y->protocol;
	if (!d && x->label && y->label)
		d = label_text_cmp(value, x->label, y->label);
	return d ? d : (int)x->port - (int)y->port;
}

/* Of several names of one address, one that is a hostname comes first. */
static int by_addr_cmp(const void *a, const void *b, void *endpoints)
{
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const struct svcr_dns_endpoint *v = endpoints, *x = &v[i], *y = &v[k];
	int d = svcr_addr_cmp(&x->addr, &y->addr);

	if (!d)
		d = (int)x->dashes - (int)y->dashes;
	return d ? d : (i > k) - (i < k);
}

/* qsort_r(3), unless the list is in order, as most are. */
static void sort(void *v, size_t n, size_t size,
		 int (*cmp)(const void *a, const void *b, void *arg), void *arg)
{
	for (size_t i = 1; i < n; i++)
		if (cmp((char *)v + (i - 1) * size, (char *)v + i * size, arg) > 0) {
			qsort_r(v, n, size, cmp, arg);
			return;
		}
}

/* ---- Endpoints -------------------------------------------------------------- */

static bool is_published(const struct svcr_dns_builder *b, const struct svcr_service *s,
			 const struct svcr_endpoint *e)
{
	return (e->ready || s->not_ready) && b->o->families[e->addr.family] &&
	       !svcr_addr_unusable(&e->addr);
}

static int add_published(struct svcr_dns_builder *b, const struct svcr_endpoint *e, size_t slice)
{
	const char *hostname = svcr_model_hostname(b->m, e);
	struct svcr_dns_found *f = SVCR_GROW(&b->found);
	char dashes[SVCR_ADDR_TEXT];

	if (!f)
		return -ENOMEM;
	f->slice = (uint32_t)slice;
	f->e.addr = e->addr;
	f->e.dashes = !hostname;
	if (hostname)
		return svcr_dns_text_add(b->v, hostname, strlen(hostname), &f->e.label);
	return svcr_dns_text_add(b->v, dashes,
				 (size_t)(svcr_dns_put_dashes(dashes, &e->addr) - dashes),
				 &f->e.label);
}

static int find_published(struct svcr_dns_builder *b, const struct svcr_service *s,
			  const struct svcr_slice_group *g)
{
	int err = 0;

	b->found.n = 0;
	for (size_t i = 0; i < g->n && !err; i++)
		for (size_t k = 0; !g->v[i]->ignored && k < g->v[i]->endpoints.n && !err; k++)
			if (is_published(b, s, &g->v[i]->endpoints.v[k]))
				err = add_published(b, &g->v[i]->endpoints.v[k], i);
	sort(b->found.v, b->found.n, sizeof(*b->found.v), found_cmp, b->v);
	return err;
}

/* Moves what was found into the service, each name with each of its addresses once. */
static int keep_endpoints(struct svcr_dns_builder *b, struct svcr_dns_service *ret)
{
	size_t n = 0;

	ret->endpoints = svcr_arena_array(&b->v->arena, b->found.n, sizeof(*ret->endpoints));
	if (!ret->endpoints)
		return -ENOMEM;
	for (size_t i = 0; i < b->found.n; i++) {
		const struct svcr_dns_endpoint *e = &b->found.v[i].e;

		if (n == 0 || !svcr_addr_eq(&e->addr, &ret->endpoints[n - 1].addr) ||
		    label_text_cmp(b->v, e->label, ret->endpoints[n - 1].label) != 0)
			ret->endpoints[n++] = *e;
	}
	ret->nendpoints = (uint32_t)n;
	return 0;
}

static int index_addresses(struct svcr_dns_builder *b, struct svcr_dns_service *ret)
{
	const struct svcr_dns_endpoint *e = ret->endpoints;
	uint32_t *v = svcr_arena_array(&b->v->arena, ret->nendpoints, sizeof(*v));
	uint32_t n = 0;

	if (!v)
		return -ENOMEM;
	for (uint32_t i = 0; i < ret->nendpoints; i++)
		v[i] = i;
	sort(v, ret->nendpoints, sizeof(*v), by_addr_cmp, ret->endpoints);
	for (uint32_t i = 0; i < ret->nendpoints; i++)
		if (n == 0 || !svcr_addr_eq(&e[v[i]].addr, &e[v[n - 1]].addr))
			v[n++] = v[i];
	ret->by_addr = v;
	ret->nby_addr = n;
	return 0;
}

/* The names of endpoints, and of their ports, are the longest of a service. */
static void check_lengths(struct svcr_dns_builder *b, const struct svcr_service *s,
			  const struct svcr_dns_service *of)
{
	size_t base = svcr_dns_service_length(b, s);

	for (size_t i = 0; i < of->nendpoints && base + SVCR_DNS_LABEL_MAX + 1 > SVCR_DNS_NAME_MAX;
	     i++) {
		const char *label = svcr_dns_text(b->v, of->endpoints[i].label);

		if (base + 1 + strlen(label) <= SVCR_DNS_NAME_MAX)
			continue;
		svcr_dns_note(b, s,
			      &(struct svcrules_diag){ .severity = SVCRULES_ERROR,
						       .check = "name",
						       .field = "endpoints" },
			      "the name of endpoint %s has %zu octets, and a DNS name has at most "
			      "253: the cluster domain is too long for it",
			      label, base + 1 + strlen(label));
	}
}

/* ---- SRV ------------------------------------------------------------------- */

/* The slices of a service mostly have the same ports: the text of the one before, or 0. */
static uint32_t same_port_name(const struct svcr_dns_builder *b, const struct svcr_dns_ports *own,
			       const char *name)
{
	uint32_t text;

	if (own == b->slice_ports.v || own->n >= own[-1].n)
		return 0;
	text = b->ports.v[own[-1].first + own->n].name;
	return strcmp(svcr_dns_text(b->v, text), name) == 0 ? text : 0;
}

/* Lists the named ports of a slice. */
static int list_named_ports(struct svcr_dns_builder *b, const struct svcr_service *s,
			    const struct svcr_slice *slice)
{
	struct svcr_dns_ports *own = SVCR_GROW(&b->slice_ports);
	int err = own ? 0 : -ENOMEM;

	if (own)
		own->first = (uint32_t)b->ports.n;
	for (size_t i = 0; i < slice->ports.n && !err && !slice->ignored; i++) {
		const struct svcr_slice_port *p = &slice->ports.v[i];
		struct svcr_dns_srv srv = { .port = p->port, .protocol = p->protocol };
		struct svcr_dns_srv *slot;

		if (!*p->name || !p->port)
			continue;
		srv.name = same_port_name(b, own, p->name);
		if (!srv.name)
			err = svcr_dns_port_name(b, s, p->name, &srv.name);
		if (err || !srv.name)
			continue;
		slot = SVCR_GROW(&b->ports);
		if (!slot)
			return -ENOMEM;
		*slot = srv;
		own->n++;
	}
	return err;
}

static int list_all_ports(struct svcr_dns_builder *b, const struct svcr_service *s,
			  const struct svcr_slice_group *g)
{
	int err = 0;

	b->ports.n = b->slice_ports.n = 0;
	for (size_t i = 0; i < g->n && !err; i++)
		err = list_named_ports(b, s, g->v[i]);
	return err;
}

/* Makes a record for each endpoint that was found and each named port of its slice. */
static int find_srv(struct svcr_dns_builder *b, const struct svcr_service *s)
{
	uint64_t total = 0;

	b->srv.n = 0;
	for (size_t i = 0; i < b->found.n; i++)
		total += b->slice_ports.v[b->found.v[i].slice].n;
	if (total > SRV_MAX) {
		svcr_dns_note(b, s,
			      &(struct svcrules_diag){ .severity = SVCRULES_WARNING,
						       .check = "too-many-records",
						       .field = "endpoints" },
			      "%" PRIu64 " SRV records, one for each endpoint and named port, are "
			      "more than %d: left out",
			      total, SRV_MAX);
		return 0;
	}
	for (size_t i = 0; i < b->found.n; i++) {
		const struct svcr_dns_ports *own = &b->slice_ports.v[b->found.v[i].slice];

		for (uint32_t k = 0; k < own->n; k++) {
			struct svcr_dns_srv *slot = SVCR_GROW(&b->srv);

			if (!slot)
				return -ENOMEM;
			*slot = b->ports.v[own->first + k];
			slot->label = b->found.v[i].e.label;
		}
	}
	return 0;
}

int svcr_dns_keep_srv(struct svcr_dns_builder *b, struct svcr_dns_service *ret)
{
	size_t n = 0;

	sort(b->srv.v, b->srv.n, sizeof(*b->srv.v), srv_cmp, b->v);
	for (size_t i = 0; i < b->srv.n; i++)
		if (n == 0 || srv_cmp(&b->srv.v[n - 1], &b->srv.v[i], b->v) != 0)
			b->srv.v[n++] = b->srv.v[i];
	ret->nsrv = (uint32_t)n;
	if (!n)
		return 0;
	ret->srv = svcr_arena_array(&b->v->arena, n, sizeof(*ret->srv));
	if (!ret->srv)
		return -ENOMEM;
	memcpy(ret->srv, b->srv.v, n * sizeof(*ret->srv));
	return 0;
}

int svcr_dns_headless(struct svcr_dns_builder *b, const struct svcr_service *s,
		      struct svcr_dns_service *ret)
{
	const struct svcr_slice_group *g = svcr_endpoints_group(&b->slices, s);
	int err = b->slices.err ? b->slices.err : find_published(b, s, g);

	if (err || !b->found.n)
		return err;
	err = keep_endpoints(b, ret);
	if (!err)
		err = index_addresses(b, ret);
	if (err)
		return err;
	check_lengths(b, s, ret);
	err = list_all_ports(b, s, g);
	if (!err)
		err = find_srv(b, s);
	return err ? err : svcr_dns_keep_srv(b, ret);
}
