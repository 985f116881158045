/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "overlay_ports.h"

#include <errno.h>
#include <stdlib.h>

/* ---- Orders ------------------------------------------------------------------- */

static int port_address_cmp(const char *a, const char *b)
{
	return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

/* Names are interned: the order of their addresses finds them, and is not visible. */
static int old_name_cmp(const struct svcr_service_port *a, const struct svcr_service_port *b)
{
	int d = (int)a->protocol - (int)b->protocol;

	return d ? d : port_address_cmp(a->name, b->name);
}

static int old_number_cmp(const struct svcr_service_port *a, const struct svcr_service_port *b)
{
	int d = (int)a->protocol - (int)b->protocol;

	return d ? d : (int)a->port - (int)b->port;
}

static uint16_t port_target(const struct svcr_service_port *p)
{
	if (p->target_name)
		return 0;
	return p->target ? p->target : p->port;
}

static int old_target_cmp(const struct svcr_service_port *a, const struct svcr_service_port *b)
{
	int d = (int)a->protocol - (int)b->protocol;

	if (!d)
		d = port_address_cmp(a->target_name, b->target_name);
	return d ? d : (int)port_target(a) - (int)port_target(b);
}

typedef int (*port_cmp_fn)(const struct svcr_service_port *a, const struct svcr_service_port *b);

struct port_order {
	const struct svcr_service_port *v;
	port_cmp_fn cmp;
};

/* Equal ones by number, then as they come. */
static int port_order_cmp(const void *a, const void *b, void *arg)
{
	const struct port_order *o = arg;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	int d = o->cmp(&o->v[i], &o->v[k]);

	if (!d)
		d = old_number_cmp(&o->v[i], &o->v[k]);
	return d ? d : (i > k) - (i < k);
}

static uint32_t *ports_sorted(const struct svcr_service_ports *p, port_cmp_fn cmp)
{
	struct port_order o = { p->v, cmp };
	uint32_t *v = calloc(p->n + 1, sizeof(*v));

	for (size_t i = 0; v && i < p->n; i++)
		v[i] = (uint32_t)i;
	if (v && p->n > 1)
		qsort_r(v, p->n, sizeof(*v), port_order_cmp, &o);
	return v;
}

/* The first port of an order that is like `p`, and if `number` of the same number. */
static const struct svcr_service_port *port_search(const struct svcr_old_ports *x,
						   const uint32_t *order, port_cmp_fn cmp,
						   const struct svcr_service_port *p, bool number)
{
	size_t low = 0, high = x->ports->n;
	const struct svcr_service_port *found;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct svcr_service_port *at = &x->ports->v[order[mid]];
		int d = cmp(at, p);

		if (!d && number)
			d = old_number_cmp(at, p);
		if (d < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == x->ports->n)
		return NULL;
	found = &x->ports->v[order[low]];
	return cmp(found, p) == 0 && (!number || old_number_cmp(found, p) == 0) ? found : NULL;
}

/* ---- The ports of before -------------------------------------------------------- */

int svcr_old_ports_make(struct svcr_old_ports *x, const struct svcr_service *s)
{
	x->ports = &s->ports;
	x->by_name = ports_sorted(x->ports, old_name_cmp);
	x->by_number = ports_sorted(x->ports, old_number_cmp);
	x->by_target = ports_sorted(x->ports, old_target_cmp);
	return x->by_name && x->by_number && x->by_target ? 0 : -ENOMEM;
}

void svcr_old_ports_release(struct svcr_old_ports *x)
{
	free(x->by_name);
	free(x->by_number);
	free(x->by_target);
	*x = (struct svcr_old_ports){ NULL, .by_name = NULL };
}

const struct svcr_service_port *svcr_old_ports_number(const struct svcr_old_ports *x,
						      uint16_t number, uint8_t protocol)
{
	const struct svcr_service_port like = { .port = number, .protocol = protocol };

	return port_search(x, x->by_number, old_number_cmp, &like, false);
}

const struct svcr_service_port *svcr_old_ports_alike(const struct svcr_old_ports *x,
						     const struct svcr_service_port *p)
{
	const struct svcr_service_port *found = port_search(x, x->by_name, old_name_cmp, p, false);

	if (found && old_target_cmp(found, p) == 0)
		return found;
	found = port_search(x, x->by_target, old_target_cmp, p, true);
	return found ? found : port_search(x, x->by_target, old_target_cmp, p, false);
}

/* The port whose place `p` takes, whatever its target is: of the same name, or number. */
static const struct svcr_service_port *port_replaced(const struct svcr_old_ports *x,
						     const struct svcr_service_port *p)
{
	const struct svcr_service_port *found = port_search(x, x->by_name, old_name_cmp, p, false);

	return found ? found : svcr_old_ports_number(x, p->port, p->protocol);
}

/* ---- Slices --------------------------------------------------------------------- */

const struct svcr_service_port *svcr_follow_ports(const struct svcr_old_ports *before,
						  const struct svcr_service *now,
						  struct svcr_followed_port *v)
{
	const struct svcr_service_port *unknown = NULL;

	for (size_t i = 0; i < now->ports.n; i++) {
		const struct svcr_service_port *p = &now->ports.v[i];
		const struct svcr_service_port *old = svcr_old_ports_alike(before, p);

		v[i] = (struct svcr_followed_port){ .protocol = p->protocol };
		if (!old && p->target_name) {
			unknown = unknown ? unknown : p;
			old = port_replaced(before, p); /* as before, then */
		}
		if (old)
			v[i].name = old->name;
		else
			v[i].number = port_target(p);
	}
	return unknown;
}

static int slice_port_cmp(const char *name, uint8_t protocol, const struct svcr_slice_port *p)
{
	int d = (int)protocol - (int)p->protocol;

	return d ? d : port_address_cmp(name, p->name);
}

/* Equal ones as they come: the first counts. */
static int slice_order_cmp(const void *a, const void *b, void *ports)
{
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const struct svcr_slice_port *v = ports;
	int d = slice_port_cmp(v[i].name, v[i].protocol, &v[k]);

	return d ? d : (i > k) - (i < k);
}

/* The number that the slice has for a port; 0: none. */
static uint16_t followed_number(const struct svcr_slice *s, const uint32_t *order,
				const struct svcr_followed_port *f)
{
	size_t low = 0, high = s->ports.n;

	if (!f->name)
		return f->number;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (slice_port_cmp(f->name, f->protocol, &s->ports.v[order[mid]]) > 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == s->ports.n || slice_port_cmp(f->name, f->protocol, &s->ports.v[order[low]]) != 0)
		return 0;
	return s->ports.v[order[low]].port;
}

int svcr_follow_slice(struct svcr_slice *slice, const struct svcr_service *now,
		      const struct svcr_followed_port *f, struct svcr_arena *arena)
{
	struct svcr_slice_port *v = svcr_arena_array(arena, now->ports.n + 1, sizeof(*v));
	uint32_t *order = calloc(slice->ports.n + 1, sizeof(*order));
	size_t n = 0;

	if (!v || !order) {
		free(order);
		return -ENOMEM;
	}
	for (size_t i = 0; i < slice->ports.n; i++)
		order[i] = (uint32_t)i;
	if (slice->ports.n > 1)
		qsort_r(order, slice->ports.n, sizeof(*order), slice_order_cmp, slice->ports.v);
	for (size_t i = 0; i < now->ports.n; i++) {
		uint16_t number = followed_number(slice, order, &f[i]);

		if (number)
			v[n++] = (struct svcr_slice_port){ now->ports.v[i].name, number,
							   now->ports.v[i].protocol };
	}
	free(order);
	slice->ports = (struct svcr_slice_ports){ v, n, 0 };
	return 0;
}
