/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reasons.h"
#include "near.h"

#include <errno.h>

#define NAMES_COMPARED 64 /* of ports, with the name of a port that no slice has */

void svcr_reasons_init(struct svcr_reasons *r, const struct svcrules_model *m,
		       const struct svcrules_options *o, const struct svcr_view *view)
{
	*r = (struct svcr_reasons){ .model = m,
				    .options = o,
				    .view = view,
				    /* those of manifests know nothing about slices */
				    .pods = o->explain && m->pods.n && !m->planned };
}

void svcr_reasons_release(struct svcr_reasons *r)
{
	for (size_t i = 0; i < 3; i++) {
		free((void *)r->ports[i].v);
		free((void *)r->numberless[i].v);
	}
	free((void *)r->nodes.v);
	*r = (struct svcr_reasons){ .model = NULL };
}

/* ---- What is asked once for all ports of a service ------------------------------- */

static void look_at_service(struct svcr_reasons *r, const struct svcr_service *s,
			    const struct svcr_slice_group *g)
{
	if (r->last == s)
		return;
	r->last = s;
	r->facts.known = r->named = false;
	r->ntargets = r->endpoints = 0;
	r->fqdn = g->n > 0;
	for (size_t i = 0; i < g->n; i++) {
		r->fqdn = r->fqdn && g->v[i]->ignored;
		r->endpoints += g->v[i]->ignored ? 0 : g->v[i]->endpoints.n;
	}
}

/* ---- Pods -------------------------------------------------------------------- */

/* Asks the Pods for the targetPort of a port, once. */
static int ask_target(struct svcr_reasons *r, const struct svcr_service *s,
		      const struct svcr_service_port *port)
{
	struct svcr_pod_facts *f = &r->facts;
	int err;

	for (size_t i = 0; i < r->ntargets; i++) {
		if (r->targets[i].port != port)
			continue;
		f->target = r->targets[i].name;
		f->target_near = r->targets[i].near;
		return 0;
	}
	if (r->ntargets == SVCR_TARGETS_ASKED)
		return 0;
	err = svcr_pod_facts_target(&r->view->endpoints->made.index, r->model, s, port, f);
	if (err)
		return err;
	r->targets[r->ntargets].port = port;
	r->targets[r->ntargets].name = f->target;
	r->targets[r->ntargets++].near = f->target_near;
	return 0;
}

/* Asks the Pods, once for all ports of a service. */
static int ask_pods(struct svcr_reasons *r, struct svcr_reason *why)
{
	struct svcr_pod_index *x = &r->view->endpoints->made.index;
	const struct svcr_service *s = why->service;
	int err = 0;

	if (!r->pods || !s->nselector)
		return 0;
	if (!r->facts.known)
		err = svcr_pod_facts_find(x, r->model, s, &r->facts);
	r->facts.target = r->facts.target_near = NULL;
	if (!err && why->port && why->why == SVCR_WHY_PORT)
		err = ask_target(r, s, why->port);
	why->pods = r->facts;
	return err;
}

/* ---- Ports -------------------------------------------------------------------- */

static int port_name_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t protocol_number(uint8_t protocol)
{
	return protocol == SVCR_UDP ? 1 : protocol == SVCR_SCTP ? 2 : 0;
}

static int add_port_name(struct svcr_port_names *l, const char *name)
{
	const char **slot = SVCR_GROW(l);

	if (!slot)
		return -ENOMEM;
	*slot = name;
	return 0;
}

static void sort_port_names(struct svcr_port_names *l)
{
	size_t kept = 0;

	if (l->n)
		qsort((void *)l->v, l->n, sizeof(*l->v), port_name_cmp);
	for (size_t i = 0; i < l->n; i++)
		if (!kept || strcmp(l->v[kept - 1], l->v[i]) != 0)
			l->v[kept++] = l->v[i];
	l->n = kept;
}

/* Adds the ports of a slice that stand for no port. */
static int add_numberless(struct svcr_reasons *r, const struct svcr_slice *s)
{
	int err = 0;

	for (size_t i = 0; i < s->ports.n && !s->ignored && !err; i++)
		if (!s->ports.v[i].port)
			err = add_port_name(&r->numberless[protocol_number(s->ports.v[i].protocol)],
					    s->ports.v[i].name);
	return err;
}

/* Lists the names of the ports that slices of the service have. */
static int list_names(struct svcr_reasons *r, const struct svcr_service *s)
{
	const struct svcr_slice_group *g = svcr_endpoints_group(r->view->endpoints, s);
	const struct svcr_port_use *v;
	size_t n;
	int err;

	if (r->named)
		return 0;
	for (size_t i = 0; i < 3; i++)
		r->ports[i].n = r->numberless[i].n = 0;
	err = svcr_endpoints_uses(r->view->endpoints, s, NULL, &v, &n);
	for (size_t i = 0; i < n && !err; i++)
		if (!i || v[i - 1].name != v[i].name || v[i - 1].protocol != v[i].protocol)
			err = add_port_name(&r->ports[protocol_number(v[i].protocol)],
					    v[i].name ? v[i].name : "");
	for (size_t i = 0; i < g->n && !err; i++)
		err = add_numberless(r, g->v[i]);
	for (size_t i = 0; i < 3; i++) {
		sort_port_names(&r->ports[i]);
		sort_port_names(&r->numberless[i]);
	}
	r->named = !err;
	return err;
}

static void name_ports(const struct svcr_reasons *r, struct svcr_reason *why)
{
	size_t number = protocol_number(why->port->protocol), best = SVCR_FAR;
	const struct svcr_port_names *l = &r->ports[number], *none = &r->numberless[number];

	why->no_number = none->n && bsearch(&why->port->name, (const void *)none->v, none->n,
					    sizeof(*none->v), port_name_cmp);
	why->nnames = l->n;
	for (size_t i = 0; i < l->n && i < SVCR_WHY_NAMES; i++)
		why->names[i] = l->v[i];
	for (size_t i = 0; i < l->n && i < NAMES_COMPARED; i++) {
		size_t d = svcr_near(why->port->name, l->v[i]);

		if (d >= best)
			continue;
		best = d;
		why->nearest = l->v[i];
	}
	/* a single other port is meant, however it is called */
	if (!why->nearest && l->n == 1 && why->service->ports.n == 1)
		why->nearest = l->v[0];
}

/* No slice has the port: says which ones they have. */
static int judge_port(struct svcr_reasons *r, struct svcr_reason *why)
{
	static const uint8_t protocols[] = { SVCR_TCP, SVCR_UDP, SVCR_SCTP };
	struct svcr_endpoints *x = r->view->endpoints;
	const struct svcr_port_use *use;
	size_t n;
	int err;

	for (size_t i = 0; i < sizeof(protocols); i++) {
		struct svcr_service_port like = { .name = why->port->name,
						  .protocol = protocols[i] };

		err = svcr_endpoints_uses(x, why->service, &like, &use, &n);
		if (err)
			return err;
		if (!n)
			continue;
		why->why = SVCR_WHY_PROTOCOL;
		why->protocol = protocols[i];
		return 0;
	}
	why->why = SVCR_WHY_PORT;
	if (r->brief)
		return 0;
	err = list_names(r, why->service);
	if (!err)
		name_ports(r, why);
	return err ? err : ask_pods(r, why);
}

/* ---- Endpoints ------------------------------------------------------------------ */

/* The port exists, and has no address of the family that could be used. */
static void judge_addresses(struct svcr_reason *why, const struct svcr_port_use *use, size_t n)
{
	const struct svcr_addr *first = NULL;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < use[i].slice->endpoints.n; k++) {
			const struct svcr_addr *a = &use[i].slice->endpoints.v[k].addr;

			if (a->family != why->family && !use[i].slice->any_family)
				break; /* all of them are of the other family */
			if (a->family != why->family)
				continue;
			if (!first || svcr_addr_cmp(a, first) < 0)
				first = a;
		}
	why->why = first ? SVCR_WHY_BAD_ENDPOINT : SVCR_WHY_FAMILY;
	if (first)
		why->addr = *first;
}

static int name_nodes(struct svcr_reasons *r, struct svcr_reason *why)
{
	const struct svcr_endpoints *x = r->view->endpoints;
	int err = 0;

	r->nodes.n = 0;
	for (size_t i = 0; i < x->found.n && !err; i++) {
		const struct svcr_candidate *c = &x->found.v[i];

		if (c->rank != SVCR_UNUSABLE && c->endpoint->node)
			err = add_port_name(&r->nodes, c->endpoint->node);
	}
	sort_port_names(&r->nodes);
	why->nnames = r->nodes.n;
	for (size_t i = 0; i < r->nodes.n && i < SVCR_WHY_NAMES; i++)
		why->names[i] = r->nodes.v[i];
	return err;
}

/* Looks at endpoints of the family, of which there is at least one. */
static int judge_endpoints(struct svcr_reasons *r, struct svcr_reason *why)
{
	const struct svcr_endpoints *x = r->view->endpoints;
	size_t ready = 0, draining = 0, here = 0;
	bool usable_here = false;

	for (size_t i = 0; i < x->found.n; i++) {
		const struct svcr_candidate *c = &x->found.v[i];
		bool local = svcr_endpoints_local(x, c);

		ready += c->rank == SVCR_READY;
		draining += c->rank == SVCR_DRAINING;
		here += local;
		usable_here = usable_here || (local && c->rank != SVCR_UNUSABLE);
	}
	if (!ready && !draining) {
		why->why = SVCR_WHY_NOT_READY;
		why->endpoints = x->found.n;
		return ask_pods(r, why);
	}
	if (!why->local || usable_here)
		return 0;
	why->why = SVCR_WHY_ELSEWHERE;
	why->endpoints = ready ? ready : draining;
	why->here = here;
	return r->brief ? 0 : name_nodes(r, why);
}

static int judge_slices(struct svcr_reasons *r, struct svcr_reason *why,
			const struct svcr_slice_group *g)
{
	struct svcr_endpoints *x = r->view->endpoints;
	const struct svcr_port_use *use;
	size_t n;
	int err;

	if (!r->endpoints) {
		why->why = r->fqdn                              ? SVCR_WHY_FQDN :
			   g->n                                 ? SVCR_WHY_NO_ENDPOINT :
			   g->from_pods && x->made.other_family ? SVCR_WHY_FAMILY :
			   g->from_pods                         ? SVCR_WHY_NO_POD :
								  SVCR_WHY_NO_SLICE;
		return ask_pods(r, why);
	}
	err = svcr_endpoints_uses(x, why->service, why->port, &use, &n);
	if (err)
		return err;
	if (!n)
		return judge_port(r, why);
	err = svcr_endpoints_list(x, why->service, why->port, why->family);
	if (err)
		return err;
	if (x->found.n)
		return judge_endpoints(r, why);
	judge_addresses(why, use, n);
	return 0;
}

int svcr_reason_port(struct svcr_reasons *r, const struct svcr_service *s,
		     const struct svcr_service_port *port, uint8_t family, bool local,
		     struct svcr_reason *ret)
{
	const struct svcr_slice_group *g = svcr_endpoints_group(r->view->endpoints, s);

	look_at_service(r, s, g);
	*ret = (struct svcr_reason){ .service = s,
				     .port = port,
				     .family = family,
				     .local = local,
				     .legacy = g->legacy,
				     .from_pods = g->from_pods,
				     .slices = g->from_pods ? 0 : g->n };
	return r->view->endpoints->err ? r->view->endpoints->err : judge_slices(r, ret, g);
}

/* ---- Addresses of services -------------------------------------------------------- */

int svcr_reason_vip(struct svcr_reasons *r, const struct svcr_vip *v, bool outside,
		    struct svcr_reason *ret)
{
	bool local = v->local && (outside || v->kind == SVCR_VIP_CLUSTER);

	if (v->sources && !v->sources->n) {
		*ret = (struct svcr_reason){ .why = SVCR_WHY_NOBODY,
					     .service = v->service,
					     .port = v->service_port,
					     .family = v->addr.family };
		return 0;
	}
	return svcr_reason_port(r, v->service, v->service_port, v->addr.family, local, ret);
}

static int service_at_cmp(const void *a, const void *b)
{
	uintptr_t s = (uintptr_t)a, t = (uintptr_t) * (const struct svcr_service *const *)b;

	return (s > t) - (s < t);
}

static bool is_too_large(const struct svcr_view *view, const struct svcr_service *s)
{
	return view->too_large.n && bsearch(s, (const void *)view->too_large.v, view->too_large.n,
					    sizeof(*view->too_large.v), service_at_cmp);
}

void svcr_reason_service(const struct svcr_reasons *r, const struct svcr_service *s,
			 struct svcr_reason *ret)
{
	*ret = (struct svcr_reason){ .service = s, .max = r->options->max_elements };
	ret->why = s->type == SVCR_EXTERNAL_NAME ? SVCR_WHY_EXTERNAL_NAME :
		   s->not_ours                   ? SVCR_WHY_OTHER_PROXY :
		   s->headless                   ? SVCR_WHY_HEADLESS :
		   !s->cluster_ips.n             ? SVCR_WHY_PENDING :
		   !s->ports.n                   ? SVCR_WHY_NO_PORTS :
		   is_too_large(r->view, s)      ? SVCR_WHY_TOO_LARGE :
						   SVCR_WHY_NONE;
}

const struct svcr_vip *svcr_view_find(const struct svcr_view *view, const struct svcr_addr *a,
				      uint8_t protocol, uint16_t port)
{
	size_t low = 0, high = view->nvips;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct svcr_vip *v = &view->vips[mid];
		int d = svcr_addr_cmp(&v->addr, a);

		if (!d)
			d = (int)v->protocol - (int)protocol;
		if (!d)
			d = (int)v->port - (int)port;
		if (!d)
			return v;
		if (d < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/*
 * True if the service has a usable cluster IP of that family, and the options want the family. The
 * answer is kept for the other addresses of the service.
 */
static bool has_family(struct svcr_reasons *r, const struct svcr_service *s, uint8_t family)
{
	if (r->families_of != s) {
		r->families_of = s;
		memset(r->families, 0, sizeof(r->families));
		for (size_t i = 0; i < s->cluster_ips.n; i++)
			if (!svcr_addr_unusable(&s->cluster_ips.v[i]))
				r->families[s->cluster_ips.v[i].family] = true;
	}
	return r->families[family] && r->options->families[family];
}

void svcr_reason_address(struct svcr_reasons *r, const struct svcr_service *s,
			 const struct svcr_service_port *port, const struct svcr_addr *a,
			 uint16_t number, struct svcr_reason *ret)
{
	const struct svcr_vip *found;

	svcr_reason_service(r, s, ret);
	ret->port = port;
	ret->family = a->family;
	ret->addr = *a;
	ret->number = number;
	if (ret->why != SVCR_WHY_NONE)
		return;
	found = svcr_view_find(r->view, a, port->protocol, number);
	if (svcr_addr_unusable(a))
		ret->why = SVCR_WHY_BAD_ADDRESS;
	else if (!has_family(r, s, a->family))
		ret->why = SVCR_WHY_NO_FAMILY;
	else if (found && found->service != s)
		ret->why = SVCR_WHY_CONFLICT;
	ret->winner = ret->why == SVCR_WHY_CONFLICT ? found : NULL;
}
