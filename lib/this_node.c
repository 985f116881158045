/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "this_node.h"

#include <errno.h>

static int add_all(struct svcr_addrs *to, const struct svcr_addrs *from,
		   const struct svcrules_options *o)
{
	for (size_t i = 0; i < from->n; i++) {
		struct svcr_addr *slot;

		if (!o->families[from->v[i].family])
			continue;
		slot = SVCR_GROW(to);
		if (!slot)
			return -ENOMEM;
		*slot = from->v[i];
	}
	return 0;
}

static const struct svcr_node *find_object(const struct svcrules_model *m, const char *name)
{
	for (size_t i = 0; name && *name && i < m->nodes.n; i++)
		if (m->nodes.v[i].name && strcmp(m->nodes.v[i].name, name) == 0)
			return &m->nodes.v[i];
	return NULL;
}

int svcr_this_node_find(struct svcr_this_node *n, const struct svcrules_model *m,
			const struct svcrules_options *o)
{
	const struct svcr_node *object = find_object(m, o->node_name);
	int err;

	*n = (struct svcr_this_node){ .object = object, .named = true };
	if (o->has_node_ip) {
		err = add_all(&n->own, &o->node_ips, o);
	} else if (object && (object->internal_ips.n || object->other_ips.n)) {
		err = add_all(&n->own, &object->internal_ips, o);
		if (!err)
			err = add_all(&n->own, &object->other_ips, o);
	} else {
		n->named = false;
		err = add_all(&n->own, &o->host_ips, o);
	}
	if (!err && object)
		err = add_all(&n->primary, &object->internal_ips, o);
	svcr_addrs_sort(&n->own);
	svcr_addrs_sort(&n->primary);
	return err;
}

void svcr_this_node_release(struct svcr_this_node *n)
{
	free(n->own.v);
	free(n->primary.v);
	*n = (struct svcr_this_node){ .object = NULL };
}

/* A list that names one family only leaves the other at its default: all addresses. */
static bool in_nodeport_cidrs(const struct svcr_cidrs *l, const struct svcr_addr *a)
{
	bool named = false;

	for (size_t i = 0; i < l->n; i++) {
		if (svcr_cidr_contains(&l->v[i], a))
			return true;
		named = named || l->v[i].addr.family == a->family;
	}
	return !named;
}

bool svcr_this_node_serves(const struct svcr_this_node *n, const struct svcrules_options *o,
			   const struct svcr_addr *a)
{
	return o->nodeport_primary ? svcr_addrs_have(&n->primary, a) :
				     in_nodeport_cidrs(&o->nodeport_cidrs, a);
}
