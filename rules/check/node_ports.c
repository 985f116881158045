/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Node ports, also those of health checks: taken twice, outside of where they should be. */
#include "options.h"
#include "rules/check/check.h"

#include <errno.h>

/* --service-node-port-range of kube-apiserver, and ip_local_port_range of the kernel */
#define NODE_PORT_FIRST 30000
#define NODE_PORT_LAST 32767
#define LOCAL_PORT_FIRST 32768
#define LOCAL_PORT_LAST 60999

/* A node port of a service. */
struct node_port {
	const struct svcr_service *s;
	size_t order; /* of the service */
	size_t at;    /* the number of the port; one more than there are: of health checks */
	uint16_t number;
	uint8_t protocol;
};

struct node_ports {
	struct node_port *v;
	size_t n, cap;
};

/* ---- All of them --------------------------------------------------------------------- */

static int node_port_add(struct node_ports *l, const struct node_port *p)
{
	struct node_port *slot;

	if (!p->number)
		return 0;
	slot = SVCR_GROW(l);
	if (!slot)
		return -ENOMEM;
	*slot = *p;
	return 0;
}

static int add_ports_of(struct node_ports *l, const struct svcr_service *s, size_t order)
{
	struct node_port p = { .s = s, .order = order };
	int err = 0;

	for (; p.at < s->ports.n && !err; p.at++) {
		p.number = s->ports.v[p.at].node_port;
		p.protocol = s->ports.v[p.at].protocol;
		err = node_port_add(l, &p);
	}
	p.number = s->external_local && s->type == SVCR_LOAD_BALANCER ? s->health_port : 0;
	p.protocol = SVCR_TCP;
	return err ? err : node_port_add(l, &p);
}

/* By name of the service. */
static int gather_node_ports(struct svcr_checks *c, struct node_ports *l)
{
	int err = 0;

	for (size_t i = 0; i < c->m->services.n && !err; i++)
		if (svcr_service_has_node_ports(c->services[i]))
			err = add_ports_of(l, c->services[i], i);
	return err;
}

static int __attribute__((format(printf, 4, 5)))
tell_node_port(struct svcr_checks *c, const struct node_port *p, const char *check, const char *fmt,
	       ...)
{
	char field[64] = "spec.healthCheckNodePort", text[512];
	struct svcr_place at = SVCR_PLACE_SERVICE(p->s, field);
	va_list ap;

	if (p->at < p->s->ports.n)
		snprintf(field, sizeof(field), "spec.ports[%zu].nodePort", p->at);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return svcr_found(c, check, &at, "%s", text);
}

/* ---- Taken twice ---------------------------------------------------------------------- */

static int node_port_cmp(const struct node_port *x, const struct node_port *y)
{
	int d = (int)x->number - (int)y->number;

	return d ? d : (int)x->protocol - (int)y->protocol;
}

static int node_port_sort(const void *a, const void *b)
{
	const struct node_port *x = a, *y = b;
	int d = node_port_cmp(x, y);

	d = d ? d : (x->order > y->order) - (x->order < y->order);
	return d ? d : (x->at > y->at) - (x->at < y->at);
}

/* Tells each of the first one that has the same number. */
static int tell_same(struct svcr_checks *c, const struct node_ports *l)
{
	const struct node_port *first = l->v;
	int err = 0;

	for (size_t i = 1; i < l->n && !err; i++) {
		const struct node_port *p = &l->v[i];

		if (node_port_cmp(p, first) != 0)
			first = p;
		else if (p->s == first->s)
			err = tell_node_port(c, p, "node-port-twice",
					     "%u/%s is also that of another port of this service",
					     p->number, svcr_protocol_name(p->protocol));
		else
			err = tell_node_port(
				c, p, "node-port-twice", "%u/%s is also %s port of Service %s/%s",
				p->number, svcr_protocol_name(p->protocol),
				first->at < first->s->ports.n ? "a node" : "the health check's",
				first->s->ns, first->s->name);
	}
	return err;
}

int svcr_check_node_ports(struct svcr_checks *c)
{
	struct node_ports l = { .n = 0 };
	int err = gather_node_ports(c, &l);

	if (!err && l.n)
		qsort(l.v, l.n, sizeof(*l.v), node_port_sort);
	if (!err)
		err = tell_same(c, &l);
	free(l.v);
	return err;
}

/* ---- Ranges ----------------------------------------------------------------------------- */

static bool number_within(uint16_t port, uint16_t first, uint16_t last)
{
	return port >= first && port <= last;
}

int svcr_check_node_port_range(struct svcr_checks *c)
{
	uint16_t first = c->o->node_port_first ? c->o->node_port_first : NODE_PORT_FIRST;
	uint16_t last = c->o->node_port_first ? c->o->node_port_last : NODE_PORT_LAST;
	struct node_ports l = { .n = 0 };
	int err = gather_node_ports(c, &l);

	for (size_t i = 0; i < l.n && !err; i++)
		if (!number_within(l.v[i].number, first, last))
			err = tell_node_port(c, &l.v[i], "node-port-range",
					     "%u is not in %u-%u (--node-port-range)",
					     l.v[i].number, first, last);
	free(l.v);
	return err;
}

/* One outside --node-port-range is told there alone. */
int svcr_check_local_ports(struct svcr_checks *c)
{
	uint16_t first = c->o->local_port_first ? c->o->local_port_first : LOCAL_PORT_FIRST;
	uint16_t last = c->o->local_port_first ? c->o->local_port_last : LOCAL_PORT_LAST;
	uint16_t from = c->o->node_port_first ? c->o->node_port_first : NODE_PORT_FIRST;
	uint16_t to = c->o->node_port_first ? c->o->node_port_last : NODE_PORT_LAST;
	struct node_ports l = { .n = 0 };
	int err = gather_node_ports(c, &l);

	for (size_t i = 0; i < l.n && !err; i++)
		if (number_within(l.v[i].number, first, last) &&
		    number_within(l.v[i].number, from, to))
			err = tell_node_port(
				c, &l.v[i], "node-port-local",
				"%u is in %u-%u (--local-ports), where the kernel takes ports "
				"for a node's own connections: replies to such a connection go to "
				"the service",
				l.v[i].number, first, last);
	free(l.v);
	return err;
}
