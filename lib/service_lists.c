/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The endpoints and the addresses of one service, for the list of services. */
#include "services.h"

#include <errno.h>

#define OTHER_PORTS 20 /* of slices, that the service has not: those that are listed */

int svcr_services_reason(struct svcrules_services *l, const struct svcr_reason *why,
			 struct svcrules_reason *ret)
{
	char text[SVCR_REASON_TEXT];

	*ret = (struct svcrules_reason){ NULL, NULL };
	if (why->why == SVCR_WHY_NONE)
		return 0;
	svcr_reason_text(why, text);
	ret->kind = svcr_why_name(why->why);
	ret->text = svcr_arena_strndup(&l->arena, text, strlen(text));
	return ret->text ? 0 : -ENOMEM;
}

static const char *keep_addr(struct svcrules_services *l, const struct svcr_addr *a)
{
	char text[SVCR_ADDR_TEXT];

	svcr_addr_text(a, text);
	return svcr_arena_strndup(&l->arena, text, strlen(text));
}

/* ---- Endpoints --------------------------------------------------------------- */

/* The endpoints that this node uses for packets from inside; NULL: it serves no such VIP. */
static const struct svcr_endpoint_addrs *inside_choice(const struct svcrules_services *l,
						       const struct svcr_service *s,
						       const struct svcr_service_port *p,
						       uint8_t family)
{
	for (size_t i = 0; i < s->cluster_ips.n; i++) {
		const struct svcr_vip *v;

		if (s->cluster_ips.v[i].family != family)
			continue;
		v = svcr_view_find(&l->view, &s->cluster_ips.v[i], p->protocol, p->port);
		if (v && v->service == s)
			return s->internal_local ? &v->choice->local : &v->choice->cluster;
	}
	return NULL;
}

static int endpoint_at_cmp(const void *a, const void *b)
{
	return svcr_endpoint_addr_cmp(a, b);
}

static bool uses_endpoint(const struct svcr_endpoint_addrs *l, const struct svcr_endpoint_addr *at)
{
	return l && l->n && bsearch(at, l->v, l->n, sizeof(*at), endpoint_at_cmp);
}

static int add_endpoint_at(struct svcrules_services *l, const struct svcr_candidate *c,
			   const struct svcr_service_port *p, size_t at,
			   const struct svcr_endpoint_addrs *used)
{
	const struct svcr_endpoint *e = c->endpoint;
	struct svcrules_endpoint *slot = SVCR_GROW(&l->endpoints);

	if (!slot)
		return -ENOMEM;
	*slot = (struct svcrules_endpoint){ .address = keep_addr(l, &c->at.addr),
					    .protocol = svcr_protocol_name(p->protocol),
					    .port_name = p->name,
					    .port = c->at.port,
					    .at = at,
					    .ipv6 = c->at.addr.family == SVCR_IPV6,
					    .node = e->node,
					    .pod = svcr_model_pod(l->m, e),
					    .hostname = svcr_model_hostname(l->m, e),
					    .ready = e->ready,
					    .serving = e->serving,
					    .terminating = e->terminating,
					    .local = svcr_endpoints_local(l->view.endpoints, c),
					    .used = uses_endpoint(used, &c->at) };
	return slot->address ? 0 : -ENOMEM;
}

int svcr_services_distinct(struct svcrules_services *l, const struct svcr_candidate *c)
{
	struct svcr_endpoint_addr *slot = SVCR_GROW(&l->distinct);

	if (!slot)
		return -ENOMEM;
	*slot = c->at;
	slot = c->endpoint->ready ? SVCR_GROW(&l->ready) : NULL;
	if (slot)
		*slot = c->at;
	return c->endpoint->ready && !slot ? -ENOMEM : 0;
}

/*
 * Adds the endpoints of one port, of the service (number `at`) or of its slices alone, and counts
 * them.
 */
int svcr_services_endpoints(struct svcrules_services *l, const struct svcr_service *s,
			    const struct svcr_service_port *p, size_t at, size_t *total,
			    size_t *ready)
{
	const struct svcr_endpoints *x = l->view.endpoints;
	int err = 0;

	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT && !err; f++) {
		const struct svcr_endpoint_addrs *used = NULL;

		if (!l->o->families[f] || l->endpoints.n >= SVCR_SERVICES_LISTED)
			continue;
		if (at != SIZE_MAX)
			used = inside_choice(l, s, p, f);
		err = svcr_endpoints_list(l->view.endpoints, s, p, f);
		for (size_t i = 0; i < x->found.n && !err; i++) {
			*total += 1;
			*ready += x->found.v[i].endpoint->ready;
			err = add_endpoint_at(l, &x->found.v[i], p, at, used);
			if (!err && at != SIZE_MAX)
				err = svcr_services_distinct(l, &x->found.v[i]);
		}
	}
	return err;
}

static int port_key_cmp(const void *a, const void *b)
{
	const struct svcr_service_port *const *p = a, *const *q = b;
	int d = strcmp((*p)->name, (*q)->name);

	return d ? d : (int)(*p)->protocol - (int)(*q)->protocol;
}

static int sort_by_name(struct svcrules_services *l, const struct svcr_service *s)
{
	l->by_name.n = 0;
	for (size_t i = 0; i < s->ports.n; i++) {
		const struct svcr_service_port **slot = SVCR_GROW(&l->by_name);

		if (!slot)
			return -ENOMEM;
		*slot = &s->ports.v[i];
	}
	if (l->by_name.n)
		qsort((void *)l->by_name.v, l->by_name.n, sizeof(*l->by_name.v), port_key_cmp);
	return 0;
}

static bool has_port(const struct svcrules_services *l, const struct svcr_service_port *like)
{
	return l->by_name.n && bsearch(&like, (const void *)l->by_name.v, l->by_name.n,
				       sizeof(*l->by_name.v), port_key_cmp);
}

/* The endpoints at ports of slices that the service has not: of the first ports, if many. */
int svcr_services_other_ports(struct svcrules_services *l, const struct svcr_service *s)
{
	const struct svcr_port_use *v;
	size_t n, total = 0, ready = 0, shown = 0;
	int err = svcr_endpoints_uses(l->view.endpoints, s, NULL, &v, &n);

	if (!err)
		err = sort_by_name(l, s);
	for (size_t i = 0; i < n && !err && shown < OTHER_PORTS; i++) {
		struct svcr_service_port like = { .name = v[i].name ? v[i].name : "",
						  .protocol = v[i].protocol };

		if ((i && v[i].name == v[i - 1].name && v[i].protocol == v[i - 1].protocol) ||
		    has_port(l, &like))
			continue;
		shown++;
		err = svcr_services_endpoints(l, s, &like, SIZE_MAX, &total, &ready);
	}
	return err;
}

/* Slices without any port, as headless services have that have none. */
int svcr_services_portless(struct svcrules_services *l, const struct svcr_service *s)
{
	const struct svcr_slice_group *g = svcr_endpoints_group(l->view.endpoints, s);
	static const struct svcr_service_port none = { .name = "", .protocol = SVCR_TCP };
	int err = 0;

	for (size_t i = 0; i < g->n; i++)
		for (size_t k = 0;
		     !g->v[i]->ignored && !g->v[i]->ports.n && k < g->v[i]->endpoints.n && !err;
		     k++) {
			const struct svcr_endpoint *e = &g->v[i]->endpoints.v[k];
			const struct svcr_candidate c = { .at = { .addr = e->addr },
							  .endpoint = e };

			if (svcr_addr_unusable(&e->addr) || !l->o->families[e->addr.family])
				continue;
			err = add_endpoint_at(l, &c, &none, SIZE_MAX, NULL);
			if (!err)
				err = svcr_services_distinct(l, &c);
		}
	return err;
}

/* ---- Addresses --------------------------------------------------------------------- */

static int judge_vip(struct svcrules_services *l, const struct svcr_vip *v, bool outside,
		     size_t *used, enum svcrules_verdict *verdict, struct svcrules_reason *reason)
{
	bool local = v->local && (outside || v->kind == SVCR_VIP_CLUSTER);
	struct svcr_reason why;
	int err;

	*used = local ? v->choice->local.n : v->choice->cluster.n;
	*verdict = *used                ? SVCRULES_SERVED :
		   v->choice->cluster.n ? SVCRULES_DROPS :
					  SVCRULES_REFUSES;
	if (v->sources && !v->sources->n) {
		*used = 0;
		*verdict = SVCRULES_DROPS;
	}
	if (*verdict == SVCRULES_SERVED)
		return 0;
	err = svcr_reason_vip(&l->reasons, v, outside, &why);
	return err ? err : svcr_services_reason(l, &why, reason);
}

static int add_service_vip(struct svcrules_services *l, const struct svcr_service *s,
			   const struct svcr_addr *a, const char *kind, size_t at, uint16_t number)
{
	const struct svcr_service_port *p = &s->ports.v[at];
	const struct svcr_vip *v = svcr_view_find(&l->view, a, p->protocol, number);
	struct svcrules_vip *slot = SVCR_GROW(&l->vips);
	struct svcr_reason why;
	int err;

	if (!slot)
		return -ENOMEM;
	*slot = (struct svcrules_vip){ .address = keep_addr(l, a),
				       .kind = kind,
				       .protocol = svcr_protocol_name(p->protocol),
				       .port = number,
				       .at = at,
				       .ipv6 = a->family == SVCR_IPV6 };
	if (!slot->address)
		return -ENOMEM;
	svcr_reason_address(&l->reasons, s, p, a, number, &why);
	if (why.why != SVCR_WHY_NONE || !v || v->service != s) {
		slot->verdict = slot->verdict_outside = SVCRULES_LEFT_OUT;
		err = svcr_services_reason(l, &why, &slot->reason);
		slot->reason_outside = slot->reason;
		return err;
	}
	err = judge_vip(l, v, false, &slot->used, &slot->verdict, &slot->reason);
	return err ? err :
		     judge_vip(l, v, true, &slot->used_outside, &slot->verdict_outside,
			       &slot->reason_outside);
}

static int add_service_vips(struct svcrules_services *l, const struct svcr_service *s,
			    const struct svcr_addrs *addrs, const char *kind)
{
	int err = 0;

	for (size_t i = 0; i < addrs->n && !err; i++)
		for (size_t k = 0; k < s->ports.n && !err && l->vips.n < SVCR_SERVICES_LISTED; k++)
			err = add_service_vip(l, s, &addrs->v[i], kind, k, s->ports.v[k].port);
	return err;
}

/* Node ports exist at the addresses where the view has one, of this service or of another. */
static int list_node_ports(struct svcrules_services *l, const struct svcr_service *s)
{
	const struct svcr_view *w = &l->view;
	int err = 0;

	for (size_t i = 0; svcr_service_has_node_ports(s) && i < w->nnode_ips && !err; i++)
		for (size_t k = 0; k < s->ports.n && !err; k++) {
			const struct svcr_service_port *p = &s->ports.v[k];

			if (p->node_port &&
			    svcr_view_find(w, &w->node_ips[i], p->protocol, p->node_port))
				err = add_service_vip(l, s, &w->node_ips[i], "node port", k,
						      p->node_port);
		}
	return err;
}

int svcr_services_vips(struct svcrules_services *l, const struct svcr_service *s)
{
	int err = add_service_vips(l, s, &s->cluster_ips, "cluster IP");

	if (!err)
		err = add_service_vips(l, s, &s->balancer_ips, "load-balancer IP");
	if (!err)
		err = add_service_vips(l, s, &s->external_ips, "external IP");
	return err ? err : list_node_ports(l, s);
}
