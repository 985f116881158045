/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "select.h"
#include "advise.h"
#include "choices.h"
#include "diag.h"
#include "limit.h"
#include "sources.h"
#include "this_node.h"

#include <errno.h>

/* An address, protocol and port that a service asks for; of equal ones the winner becomes a VIP. */
struct claim {
	struct svcr_vip vip;
	size_t ordinal; /* number of the service port, counted over all services */
};

struct selection {
	struct svcr_view *view;
	const struct svcrules_model *model;
	const struct svcrules_options *options;
	struct svcrules_diags *diags;
	struct svcr_this_node node;
	struct svcr_endpoints *endpoints; /* of the view */
	struct svcr_addrs cluster_ips;    /* of services that have rules */
	struct svcr_addrs taken;      /* cluster IPs, also of another proxy: without node ports */
	struct svcr_addrs balancers;  /* load-balancer IPs: without, unless the node's by name */
	struct svcr_addrs port_addrs; /* the node's addresses that serve node ports */
	struct svcr_addrs unmanaged;  /* see struct svcr_view */
	SVCR_LIST(struct claim) claims;
	size_t nordinals;
	bool *warned; /* by ordinal: the conflict of the node port was reported */
	const struct svcr_service *last; /* that in_family() was asked for */
	bool last_families[SVCR_FAMILY__COUNT];
	int err;
};

#define ADD(sel, list, value) \
	do { \
		__typeof__((list)->v) slot_ = SVCR_GROW(list); \
		if (slot_) \
			*slot_ = (value); \
		else \
			(sel)->err = -ENOMEM; \
	} while (0)

/* ---- Lists of addresses ------------------------------------------------ */

/* Returns a copy of the list in the view's arena. */
static struct svcr_addr *keep_addrs(struct selection *sel, const struct svcr_addrs *l,
				    size_t *ret_n)
{
	struct svcr_addr *v = svcr_arena_array(&sel->view->arena, l->n, sizeof(*v));

	if (!v) {
		sel->err = -ENOMEM;
		return NULL;
	}
	if (l->n)
		memcpy(v, l->v, l->n * sizeof(*v));
	*ret_n = l->n;
	return v;
}

static struct svcr_range *keep_ranges(struct selection *sel, const struct svcr_cidrs *l,
				      uint8_t family, size_t *ret_n)
{
	struct svcr_range *v = svcr_arena_array(&sel->view->arena, l->n, sizeof(*v));

	if (!v)
		sel->err = -ENOMEM;
	else
		*ret_n = svcr_ranges_of(v, l->v, l->n, family);
	return v;
}

/* ---- This node --------------------------------------------------------- */

static bool serves_node_ports(const struct selection *sel, const struct svcr_addr *a)
{
	return !svcr_addr_unusable(a) && !svcr_addrs_have(&sel->taken, a) &&
	       (sel->node.named || !svcr_addrs_have(&sel->balancers, a)) &&
	       svcr_this_node_serves(&sel->node, sel->options, a);
}

static void select_ranges(struct selection *sel)
{
	const struct svcrules_options *o = sel->options;
	const struct svcr_cidrs *pods = o->has_cluster_cidr ? &o->cluster_cidrs :
							      &sel->model->pod_cidrs;
	struct svcr_view *view = sel->view;

	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++) {
		if (!o->families[f])
			continue;
		view->pod_ranges[f] = keep_ranges(sel, pods, f, &view->npod_ranges[f]);
		if (sel->node.object)
			view->own_pod_ranges[f] = keep_ranges(sel, &sel->node.object->pod_cidrs, f,
							      &view->nown_pod_ranges[f]);
		view->service_ranges[f] = keep_ranges(sel, &o->service_cidrs, f,
						      &view->nservice_ranges[f]);
	}
}

/* ---- Services ---------------------------------------------------------- */

/* True if the service has a usable cluster IP of that family, so that it exists in the family. */
static bool in_family(struct selection *sel, const struct svcr_service *s, uint8_t family)
{
	if (sel->last != s) {
		sel->last = s;
		sel->last_families[SVCR_IPV4] = sel->last_families[SVCR_IPV6] = false;
		for (size_t i = 0; i < s->cluster_ips.n; i++)
			if (!svcr_addr_unusable(&s->cluster_ips.v[i]))
				sel->last_families[s->cluster_ips.v[i].family] = true;
	}
	return sel->options->families[family] && sel->last_families[family];
}

static bool usable(struct selection *sel, const struct svcr_service *s, const struct svcr_addr *a)
{
	return in_family(sel, s, a->family) && !svcr_addr_unusable(a);
}

static bool in_service_cidrs(const struct selection *sel, const struct svcr_addr *a)
{
	const struct svcr_cidrs *c = &sel->options->service_cidrs;

	for (size_t i = 0; i < c->n; i++)
		if (svcr_cidr_contains(&c->v[i], a))
			return sel->options->families[a->family];
	return false;
}

static void add_unmanaged(struct selection *sel, const struct svcr_addrs *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (in_service_cidrs(sel, &l->v[i]))
			ADD(sel, &sel->unmanaged, l->v[i]);
}

static void add_taken(struct selection *sel, struct svcr_addrs *to, const struct svcr_addrs *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (sel->options->families[l->v[i].family])
			ADD(sel, to, l->v[i]);
}

/*
 * Collects the addresses within --service-cidr that are allocated but whose
 * undefined ports another program may serve: external IPs, and all addresses of
 * services that another proxy implements. Node ports are not served at the
 * cluster and load-balancer IPs of the latter either.
 */
static void gather_unmanaged(struct selection *sel, const struct svcr_service *s)
{
	add_unmanaged(sel, &s->external_ips);
	add_unmanaged(sel, &s->balancer_ips);
	if (!s->not_ours)
		return;
	add_unmanaged(sel, &s->cluster_ips);
	add_taken(sel, &sel->taken, &s->cluster_ips);
	add_taken(sel, &sel->balancers, &s->balancer_ips);
}

/* Comes before all claims, because claims of node ports depend on the addresses that are taken. */
static void gather_taken(struct selection *sel)
{
	for (size_t i = 0; i < sel->model->services.n; i++) {
		const struct svcr_service *s = &sel->model->services.v[i];

		gather_unmanaged(sel, s);
		if (!svcr_service_has_rules(s))
			continue;
		for (size_t k = 0; k < s->cluster_ips.n; k++) {
			if (!usable(sel, s, &s->cluster_ips.v[k]))
				continue;
			ADD(sel, &sel->cluster_ips, s->cluster_ips.v[k]);
			ADD(sel, &sel->taken, s->cluster_ips.v[k]);
		}
		for (size_t k = 0; k < s->balancer_ips.n; k++)
			if (usable(sel, s, &s->balancer_ips.v[k]))
				ADD(sel, &sel->balancers, s->balancer_ips.v[k]);
	}
	svcr_addrs_sort(&sel->cluster_ips);
	svcr_addrs_sort(&sel->taken);
	svcr_addrs_sort(&sel->balancers);
	svcr_addrs_sort(&sel->unmanaged);
}

/* ---- Claims ------------------------------------------------------------ */

static const char *service_text(const struct svcr_service *s, char *buf, size_t size)
{
	snprintf(buf, size, "Service %s/%s", s->ns, s->name);
	return buf;
}

static const char *const kind_fields[] = {
	[SVCR_VIP_CLUSTER] = "spec.clusterIPs",
	[SVCR_VIP_BALANCER] = "status.loadBalancer.ingress",
	[SVCR_VIP_EXTERNAL] = "spec.externalIPs",
	[SVCR_VIP_NODE_PORT] = "spec.ports[].nodePort",
};

static void warn_unusable(struct selection *sel, const struct svcr_vip *vip)
{
	char object[256], text[SVCR_ADDR_TEXT];

	svcr_diag(sel->diags,
		  &(struct svcrules_diag){
			  .severity = SVCRULES_WARNING,
			  .check = "unusable-address",
			  .source = vip->service->source,
			  .object = service_text(vip->service, object, sizeof(object)),
			  .field = kind_fields[vip->kind] },
		  "%s is %s address, no service can have it: ignored",
		  svcr_addr_text(&vip->addr, text), svcr_addr_unusable(&vip->addr));
}

/* Claims all ports of a service at one of its own addresses. */
static void claim_addr(struct selection *sel, const struct svcr_service *s, size_t ordinal,
		       const struct svcr_addr *a, enum svcr_vip_kind kind)
{
	bool local = kind == SVCR_VIP_CLUSTER ? s->internal_local : s->external_local;
	struct svcr_vip vip = { .addr = *a, .kind = kind, .service = s, .local = local };

	if (sel->options->families[a->family] && svcr_addr_unusable(a))
		warn_unusable(sel, &vip);
	if (!usable(sel, s, a))
		return;
	for (size_t i = 0; i < s->ports.n; i++) {
		vip.service_port = &s->ports.v[i];
		vip.protocol = s->ports.v[i].protocol;
		vip.port = s->ports.v[i].port;
		ADD(sel, &sel->claims, ((struct claim){ vip, ordinal + i }));
	}
}

static void claim_node_ports(struct selection *sel, const struct svcr_service *s, size_t ordinal)
{
	struct svcr_vip vip = { .kind = SVCR_VIP_NODE_PORT,
				.service = s,
				.local = s->external_local };

	if (!svcr_service_has_node_ports(s))
		return;
	for (size_t i = 0; i < s->ports.n; i++) {
		vip.service_port = &s->ports.v[i];
		vip.protocol = s->ports.v[i].protocol;
		vip.port = s->ports.v[i].node_port;
		for (size_t k = 0; vip.port && k < sel->port_addrs.n; k++) {
			vip.addr = sel->port_addrs.v[k];
			if (in_family(sel, s, vip.addr.family))
				ADD(sel, &sel->claims, ((struct claim){ vip, ordinal + i }));
		}
	}
}

static struct svcr_extent extent_of(struct selection *sel, const struct svcr_service *s)
{
	const struct svcr_addrs *lists[] = { &s->cluster_ips, &s->balancer_ips, &s->external_ips };
	struct svcr_extent x = { .addresses = { 0 } };

	for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++)
		for (size_t i = 0; i < lists[l]->n; i++)
			x.addresses[lists[l]->v[i].family] += usable(sel, s, &lists[l]->v[i]);
	for (size_t i = 0; svcr_service_has_node_ports(s) && i < sel->port_addrs.n; i++)
		x.node_ports[sel->port_addrs.v[i].family] += in_family(sel, s,
								       sel->port_addrs.v[i].family);
	return x;
}

static void claim_service(struct selection *sel, const struct svcr_service *s)
{
	struct svcr_extent extent = extent_of(sel, s);
	bool over = false;

	if (!sel->err)
		sel->err = svcr_limit_check(s, &extent, sel->endpoints, sel->options->max_elements,
					    sel->diags, &over);
	if (over) {
		ADD(sel, &sel->view->too_large, s);
		return;
	}
	for (size_t i = 0; i < s->cluster_ips.n; i++)
		claim_addr(sel, s, sel->nordinals, &s->cluster_ips.v[i], SVCR_VIP_CLUSTER);
	for (size_t i = 0; i < s->balancer_ips.n; i++)
		claim_addr(sel, s, sel->nordinals, &s->balancer_ips.v[i], SVCR_VIP_BALANCER);
	for (size_t i = 0; i < s->external_ips.n; i++)
		claim_addr(sel, s, sel->nordinals, &s->external_ips.v[i], SVCR_VIP_EXTERNAL);
	claim_node_ports(sel, s, sel->nordinals);
	sel->nordinals += s->ports.n;
	svcr_endpoints_warn(sel->endpoints, s, sel->diags);
}

/* ---- Conflicts --------------------------------------------------------- */

static int key_cmp(const struct svcr_vip *a, const struct svcr_vip *b)
{
	int d = svcr_addr_cmp(&a->addr, &b->addr);

	if (d)
		return d;
	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	return (a->port > b->port) - (a->port < b->port);
}

/* Sorts older services first; a service without a timestamp is the youngest. */
static int age_cmp(const struct svcr_service *s, const struct svcr_service *t)
{
	int d;

	if (!s->created != !t->created)
		return s->created ? -1 : 1;
	if (s->created != t->created)
		return s->created < t->created ? -1 : 1;
	d = strcmp(s->ns, t->ns);
	return d ? d : strcmp(s->name, t->name);
}

/* Cluster IPs win over load-balancer and external IPs, and these win over node ports. */
static int kind_rank(enum svcr_vip_kind kind)
{
	return kind == SVCR_VIP_CLUSTER ? 0 : kind == SVCR_VIP_NODE_PORT ? 2 : 1;
}

/* Sorts claims by address, protocol and port, and the winner of equal ones first. */
static int claim_cmp(const void *a, const void *b)
{
	const struct claim *c = a, *e = b;
	int d = key_cmp(&c->vip, &e->vip);

	if (!d)
		d = kind_rank(c->vip.kind) - kind_rank(e->vip.kind);
	if (!d && c->vip.service != e->vip.service)
		d = age_cmp(c->vip.service, e->vip.service);
	if (!d)
		d = (int)c->vip.kind - (int)e->vip.kind;
	return d ? d : (c->ordinal > e->ordinal) - (c->ordinal < e->ordinal);
}

static const char *why_won(const struct svcr_vip *winner, const struct svcr_vip *loser)
{
	if (kind_rank(winner->kind) != kind_rank(loser->kind))
		return winner->kind == SVCR_VIP_CLUSTER  ? "has it as cluster IP" :
		       winner->kind == SVCR_VIP_BALANCER ? "has it as load-balancer IP" :
							   "has it as external IP";
	if (winner->service->created == loser->service->created)
		return "comes first by name";
	return loser->service->created ? "is older" : "has a creationTimestamp";
}

static void warn_conflict(struct selection *sel, const struct svcr_vip *winner,
			  const struct claim *loser)
{
	char object[256], other[256], text[SVCR_ADDR_TEXT];
	bool node_port = loser->vip.kind == SVCR_VIP_NODE_PORT &&
			 winner->kind == SVCR_VIP_NODE_PORT;

	if (node_port && sel->warned[loser->ordinal])
		return; /* the same conflict exists at each address of the node */
	if (node_port)
		sel->warned[loser->ordinal] = true;
	svcr_diag(sel->diags,
		  &(struct svcrules_diag){
			  .severity = SVCRULES_WARNING,
			  .check = "conflict",
			  .source = loser->vip.service->source,
			  .field = kind_fields[loser->vip.kind],
			  .object = service_text(loser->vip.service, object, sizeof(object)) },
		  "%s%s%s port %u is %s's, which %s: no rule for it here",
		  node_port ? "node" : svcr_addr_text(&loser->vip.addr, text), node_port ? "" : " ",
		  node_port ? "" : svcr_protocol_name(loser->vip.protocol), loser->vip.port,
		  service_text(winner->service, other, sizeof(other)),
		  why_won(winner, &loser->vip));
}

static void resolve_claims(struct selection *sel)
{
	struct svcr_view *view = sel->view;

	view->vips = svcr_arena_array(&view->arena, sel->claims.n, sizeof(*view->vips));
	sel->warned = calloc(sel->nordinals + 1, sizeof(*sel->warned));
	if (!view->vips || !sel->warned) {
		sel->err = -ENOMEM;
		return;
	}
	if (sel->claims.n)
		qsort(sel->claims.v, sel->claims.n, sizeof(*sel->claims.v), claim_cmp);
	for (size_t i = 0, kept = 0; i < sel->claims.n; i++) {
		const struct claim *c = &sel->claims.v[i];

		if (kept && key_cmp(&view->vips[kept - 1], &c->vip) == 0) {
			if (view->vips[kept - 1].service != c->vip.service)
				warn_conflict(sel, &view->vips[kept - 1], c);
			continue;
		}
		view->vips[kept++] = c->vip;
		sel->claims.v[kept - 1] = *c; /* claims and VIPs keep one index; kept <= i + 1 */
		view->nvips = kept;
	}
}

/* ---- Endpoints --------------------------------------------------------- */

static void select_endpoints(struct selection *sel)
{
	size_t *ordinals = calloc(sel->view->nvips + 1, sizeof(*ordinals));

	for (size_t i = 0; ordinals && i < sel->view->nvips; i++)
		ordinals[i] = sel->claims.v[i].ordinal;
	sel->err = ordinals ?
			   svcr_choices_make(sel->view, ordinals, sel->nordinals, sel->endpoints) :
			   -ENOMEM;
	free(ordinals);
	if (sel->err)
		return;
	svcr_addrs_sort(&sel->endpoints->hairpin);
	sel->view->hairpin = keep_addrs(sel, &sel->endpoints->hairpin, &sel->view->nhairpin);
	free(sel->endpoints->hairpin.v); /* the view keeps the rest of *sel->endpoints */
	sel->endpoints->hairpin = (struct svcr_addrs){ .n = 0 };
}

/* ---- All of it --------------------------------------------------------- */

static void select_node(struct selection *sel)
{
	const struct svcr_addrs *own = &sel->node.own;

	sel->view->node_ips = keep_addrs(sel, own, &sel->view->nnode_ips);
	for (size_t i = 0; i < own->n; i++)
		if (serves_node_ports(sel, &own->v[i]))
			ADD(sel, &sel->port_addrs, own->v[i]);
}

/*
 * When access to one kind is forbidden, `kubectl get` of several kinds prints
 * the others. Without endpoints every service would refuse its clients.
 */
static void warn_without_endpoints(struct selection *sel)
{
	const struct svcrules_model *m = sel->model;
	bool from_pods = false;

	for (size_t i = 0; i < m->services.n && m->slices.n == 0; i++)
		from_pods = from_pods || svcr_pods_serve(m, &m->services.v[i]);
	if (sel->nordinals && m->slices.n == 0 && m->services.n && !from_pods)
		svcr_diag(sel->diags,
			  &(struct svcrules_diag){ .severity = SVCRULES_WARNING,
						   .check = "no-endpoints" },
			  "the input has no EndpointSlice and no "
			  "Endpoints at all: every service refuses its clients");
}

static void warn_without_node(struct selection *sel)
{
	if (sel->options->nodeport_primary &&
	    (!sel->node.object || sel->node.object->internal_ips.n == 0))
		svcr_diag(sel->diags,
			  &(struct svcrules_diag){ .severity = SVCRULES_WARNING,
						   .check = "no-node",
						   .field = "--nodeport-addresses" },
			  "'primary' needs "
			  "this node's Node object with an InternalIP: no node port is served");
}

static void select_vips(struct selection *sel)
{
	for (size_t i = 0; i < sel->model->services.n && !sel->err; i++)
		if (svcr_service_has_rules(&sel->model->services.v[i]))
			claim_service(sel, &sel->model->services.v[i]);
	warn_without_endpoints(sel);
	warn_without_node(sel);
	if (!sel->err)
		resolve_claims(sel);
	if (!sel->err)
		sel->err = svcr_sources_select(sel->view, sel->options, sel->diags);
	if (!sel->err)
		select_endpoints(sel);
}

static void select_release(struct selection *sel)
{
	svcr_this_node_release(&sel->node);
	free(sel->cluster_ips.v);
	free(sel->taken.v);
	free(sel->balancers.v);
	free(sel->unmanaged.v);
	free(sel->port_addrs.v);
	free(sel->claims.v);
	free(sel->warned);
}

int svcr_select(struct svcr_view *view, const struct svcrules_model *m,
		const struct svcrules_options *o, struct svcrules_diags *d)
{
	struct selection sel = { .view = view, .model = m, .options = o, .diags = d };
	const char *zone;

	*view = (struct svcr_view){ 0 };
	sel.err = svcr_this_node_find(&sel.node, m, o);
	gather_taken(&sel);
	select_node(&sel);
	select_ranges(&sel);
	view->cluster_ips = keep_addrs(&sel, &sel.cluster_ips, &view->ncluster_ips);
	view->unmanaged = keep_addrs(&sel, &sel.unmanaged, &view->nunmanaged);
	zone = o->zone && *o->zone ? o->zone : sel.node.object ? sel.node.object->zone : NULL;
	view->endpoints = sel.endpoints = calloc(1, sizeof(*sel.endpoints));
	if (!sel.err)
		sel.err = sel.endpoints ?
				  svcr_endpoints_init(sel.endpoints, m, o->node_name, zone) :
				  -ENOMEM;
	if (!sel.err)
		select_vips(&sel);
	if (!sel.err)
		svcr_advise(&(struct svcr_advice){ m, o, view, sel.node.object, sel.endpoints, d });
	select_release(&sel);
	if (sel.err)
		svcr_view_release(view);
	return sel.err;
}
