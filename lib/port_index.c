/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "port_index.h"

#include <errno.h>
#include <stdlib.h>

static int port_pointer_cmp(const void *a, const void *b)
{
	return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

static int port_entry_cmp(const struct svcr_port_entry *x, const struct svcr_port_entry *y)
{
	int d = port_pointer_cmp(x->service, y->service);

	d = d ? d : port_pointer_cmp(x->name, y->name);
	return d ? d : (int)x->number - (int)y->number;
}

/* Equal ones in the order of the service's ports, which are in one list. */
static int port_entry_sort(const void *a, const void *b)
{
	const struct svcr_port_entry *x = a, *y = b;
	int d = port_entry_cmp(x, y);

	return d ? d : port_pointer_cmp(x->port, y->port);
}

int svcr_port_index_make(struct svcr_port_index *x, struct svcr_arena *a,
			 const struct svcrules_model *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->services.n; i++)
		n += 2 * m->services.v[i].ports.n;
	x->n = 0;
	x->v = svcr_arena_array(a, n + 1, sizeof(*x->v));
	for (size_t i = 0; x->v && i < m->services.n; i++) {
		const struct svcr_service *s = &m->services.v[i];

		for (size_t k = 0; k < s->ports.n; k++) {
			const struct svcr_service_port *p = &s->ports.v[k];

			x->v[x->n++] = (struct svcr_port_entry){ s, NULL, p->port, p };
			x->v[x->n++] = (struct svcr_port_entry){ s, p->name, 0, p };
		}
	}
	if (x->n)
		qsort(x->v, x->n, sizeof(*x->v), port_entry_sort);
	return x->v ? 0 : -ENOMEM;
}

const struct svcr_service_port *svcr_port_index_find(const struct svcr_port_index *x,
						     const struct svcr_service *s, const char *name,
						     uint16_t number, uint8_t protocol)
{
	const struct svcr_port_entry like = { .service = s,
					      .name = name,
					      .number = name ? 0 : number };
	size_t low = 0, high = x->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (port_entry_cmp(&x->v[mid], &like) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < x->n && port_entry_cmp(&x->v[low], &like) == 0; low++)
		if (!protocol || x->v[low].port->protocol == protocol)
			return x->v[low].port;
	return NULL;
}
