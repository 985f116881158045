/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of services for commands: what is served, by which endpoints, and why not. */
#include "pod_slices.h"
#include "reasons.h"
#include "select.h"

#include <errno.h>

#define OTHER_PORTS 20 /* of slices, that the service has not: those that are listed */

struct svcrules_services {
	const struct svcrules_model *m;
	const struct svcrules_options *o;
	struct svcr_view view;
	struct svcr_reasons reasons;
	const struct svcr_service **v; /* by namespace and name; malloc'ed */
	size_t n;
	/* of the service that was asked for last: */
	const struct svcr_service *last; /* NULL: none, or not completely */
	struct svcr_arena arena;         /* owns the strings */
	struct svcrules_service service;
	SVCR_LIST(struct svcrules_service_port) ports;
	SVCR_LIST(struct svcrules_vip) vips;
	SVCR_LIST(struct svcrules_endpoint) endpoints;
	SVCR_LIST(struct svcr_endpoint_addr) distinct; /* scratch space of a count */
};

static int services_order(const struct svcr_service *s, const char *ns, const char *name)
{
	int d = strcmp(s->ns, ns);

	return d ? d : strcmp(s->name, name);
}

static int services_order_cmp(const void *a, const void *b)
{
	const struct svcr_service *const *s = a, *const *t = b;

	return services_order(*s, (*t)->ns, (*t)->name);
}

int svcrules_services_new(const struct svcrules_model *m, const struct svcrules_options *o,
			  struct svcrules_diags *d, struct svcrules_services **ret)
{
	struct svcrules_services *l = calloc(1, sizeof(*l));
	int err = l ? svcr_pods_tell(m, d) : -ENOMEM;

	if (!l)
		return err;
	*l = (struct svcrules_services){ .m = m, .o = o, .n = m->services.n };
	l->v = calloc(l->n + 1, sizeof(const struct svcr_service *));
	if (!err)
		err = l->v ? svcr_select(&l->view, m, o, d) : -ENOMEM;
	if (err) {
		svcrules_services_free(l);
		return err;
	}
	for (size_t i = 0; i < l->n; i++)
		l->v[i] = &m->services.v[i];
	if (l->n)
		qsort((void *)l->v, l->n, sizeof(*l->v), services_order_cmp);
	svcr_reasons_init(&l->reasons, m, o, &l->view);
	*ret = l;
	return 0;
}

void svcrules_services_free(struct svcrules_services *l)
{
	if (!l)
		return;
	svcr_reasons_release(&l->reasons);
	svcr_view_release(&l->view);
	svcr_arena_release(&l->arena);
	free((void *)l->v);
	free(l->ports.v);
	free(l->vips.v);
	free(l->endpoints.v);
	free(l->distinct.v);
	free(l);
}

size_t svcrules_services_count(const struct svcrules_services *l)
{
	return l->n;
}

size_t svcrules_services_find(const struct svcrules_services *l, const char *ns, const char *name)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int d = services_order(l->v[mid], ns, name);

		if (!d)
			return mid;
		if (d < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return SIZE_MAX;
}

/* ---- Texts ----------------------------------------------------------------- */

static int keep_reason(struct svcrules_services *l, const struct svcr_reason *why,
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

static char *append_addrs(char *p, const struct svcr_addrs *l, const char *start)
{
	char text[SVCR_ADDR_TEXT];

	for (size_t i = 0; i < l->n; i++) {
		if (p > start)
			*p++ = ',';
		svcr_addr_text(&l->v[i], text);
		p = stpcpy(p, text);
	}
	return p;
}

/* The addresses of both lists with commas between; NULL: out of memory. */
static const char *join_addrs(struct svcrules_services *l, const struct svcr_addrs *a,
			      const struct svcr_addrs *b)
{
	char *text = svcr_arena_array(&l->arena, a->n + b->n + 1, SVCR_ADDR_TEXT);

	if (!text)
		return NULL;
	*text = '\0';
	append_addrs(append_addrs(text, a, text), b, text);
	return text;
}

static const char *selector_of(struct svcrules_services *l, const struct svcr_service *s)
{
	size_t size = 1;
	char *text, *p;

	for (uint32_t i = 0; i < s->nselector; i++)
		size += strlen(s->selector[i].key) + strlen(s->selector[i].value) + 2;
	text = p = svcr_arena_array(&l->arena, size, 1);
	if (!text)
		return NULL;
	*text = '\0';
	for (uint32_t i = 0; i < s->nselector; i++) {
		if (i)
			*p++ = ',';
		p = stpcpy(p, s->selector[i].key);
		*p++ = '=';
		p = stpcpy(p, s->selector[i].value);
	}
	return text;
}

static const char *target_of(struct svcrules_services *l, const struct svcr_service_port *p)
{
	if (p->target_name)
		return p->target_name;
	return p->target ? svcr_arena_printf(&l->arena, "%u", p->target) : "";
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

static bool is_used(const struct svcr_endpoint_addrs *l, const struct svcr_endpoint_addr *at)
{
	return l && l->n && bsearch(at, l->v, l->n, sizeof(*at), endpoint_at_cmp);
}

static int add_listed(struct svcrules_services *l, const struct svcr_candidate *c,
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
					    .used = is_used(used, &c->at) };
	return slot->address ? 0 : -ENOMEM;
}

static int add_distinct(struct svcrules_services *l, const struct svcr_candidate *c)
{
	struct svcr_endpoint_addr *slot = SVCR_GROW(&l->distinct);

	if (!slot)
		return -ENOMEM;
	*slot = c->at;
	return 0;
}

/*
 * Adds the endpoints of one port, of the service (number `at`) or of its slices alone, and counts
 * them.
 */
static int list_port(struct svcrules_services *l, const struct svcr_service *s,
		     const struct svcr_service_port *p, size_t at, size_t *total, size_t *ready)
{
	const struct svcr_endpoints *x = l->view.endpoints;
	int err = 0;

	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT && !err; f++) {
		const struct svcr_endpoint_addrs *used = NULL;

		if (!l->o->families[f])
			continue;
		if (at != SIZE_MAX)
			used = inside_choice(l, s, p, f);
		err = svcr_endpoints_list(l->view.endpoints, s, p, f);
		for (size_t i = 0; i < x->found.n && !err; i++) {
			*total += 1;
			*ready += x->found.v[i].endpoint->ready;
			err = add_listed(l, &x->found.v[i], p, at, used);
			if (!err)
				err = add_distinct(l, &x->found.v[i]);
		}
	}
	return err;
}

static bool has_port(const struct svcr_service *s, const struct svcr_port_use *use)
{
	for (size_t i = 0; i < s->ports.n; i++)
		if (s->ports.v[i].protocol == use->protocol &&
		    strcmp(s->ports.v[i].name, use->name ? use->name : "") == 0)
			return true;
	return false;
}

/* The endpoints at ports of slices that the service has not: the first of them, if there are many. */
static int list_other_ports(struct svcrules_services *l, const struct svcr_service *s)
{
	const struct svcr_port_use *v;
	size_t n, total = 0, ready = 0, shown = 0;
	int err = svcr_endpoints_uses(l->view.endpoints, s, NULL, &v, &n);

	for (size_t i = 0; i < n && !err && shown < OTHER_PORTS; i++) {
		struct svcr_service_port like = { .name = v[i].name ? v[i].name : "",
						  .protocol = v[i].protocol };

		if ((i && v[i].name == v[i - 1].name && v[i].protocol == v[i - 1].protocol) ||
		    has_port(s, &v[i]))
			continue;
		shown++;
		err = list_port(l, s, &like, SIZE_MAX, &total, &ready);
	}
	return err;
}

/* Slices without any port, as headless services have that have none. */
static int list_portless(struct svcrules_services *l, const struct svcr_service *s)
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
			err = add_listed(l, &c, &none, SIZE_MAX, NULL);
			if (!err)
				err = add_distinct(l, &c);
		}
	return err;
}

/* ---- Ports ---------------------------------------------------------------------- */

/* Why the port has no endpoint, in the first family of the service without any. */
static int explain_port(struct svcrules_services *l, const struct svcr_service *s,
			const struct svcr_service_port *p, struct svcrules_service_port *ret)
{
	struct svcr_reason why = { .why = SVCR_WHY_NONE };
	int err = 0;

	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT && !err && why.why == SVCR_WHY_NONE; f++) {
		/* a service without cluster IPs lacks endpoints if it has them in no family */
		bool asked = !s->cluster_ips.n && !ret->total && f == SVCR_IPV4;

		for (size_t i = 0; i < s->cluster_ips.n; i++)
			asked = asked || s->cluster_ips.v[i].family == f;
		if (asked)
			err = svcr_reason_port(&l->reasons, s, p, f, false, &why);
	}
	return err ? err : keep_reason(l, &why, &ret->reason);
}

static int list_ports(struct svcrules_services *l, const struct svcr_service *s)
{
	int err = 0;

	for (size_t i = 0; i < s->ports.n && !err; i++) {
		const struct svcr_service_port *p = &s->ports.v[i];
		struct svcrules_service_port *slot = SVCR_GROW(&l->ports);

		if (!slot)
			return -ENOMEM;
		*slot = (struct svcrules_service_port){ .name = p->name,
							.protocol = svcr_protocol_name(p->protocol),
							.target = target_of(l, p),
							.port = p->port,
							.node_port = p->node_port };
		if (!slot->target)
			return -ENOMEM;
		err = list_port(l, s, p, i, &slot->total, &slot->ready);
		if (!err && s->type != SVCR_EXTERNAL_NAME)
			err = explain_port(l, s, p, slot);
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
	return err ? err : keep_reason(l, &why, reason);
}

static int add_address(struct svcrules_services *l, const struct svcr_service *s,
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
		err = keep_reason(l, &why, &slot->reason);
		slot->reason_outside = slot->reason;
		return err;
	}
	err = judge_vip(l, v, false, &slot->used, &slot->verdict, &slot->reason);
	return err ? err :
		     judge_vip(l, v, true, &slot->used_outside, &slot->verdict_outside,
			       &slot->reason_outside);
}

static int add_addresses(struct svcrules_services *l, const struct svcr_service *s,
			 const struct svcr_addrs *addrs, const char *kind)
{
	int err = 0;

	for (size_t i = 0; i < addrs->n && !err; i++)
		for (size_t k = 0; k < s->ports.n && !err; k++)
			err = add_address(l, s, &addrs->v[i], kind, k, s->ports.v[k].port);
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
				err = add_address(l, s, &w->node_ips[i], "node port", k,
						  p->node_port);
		}
	return err;
}

static int list_vips(struct svcrules_services *l, const struct svcr_service *s)
{
	int err = add_addresses(l, s, &s->cluster_ips, "cluster IP");

	if (!err)
		err = add_addresses(l, s, &s->balancer_ips, "load-balancer IP");
	if (!err)
		err = add_addresses(l, s, &s->external_ips, "external IP");
	return err ? err : list_node_ports(l, s);
}

/* ---- A service ------------------------------------------------------------------------ */

static size_t count_distinct_addrs(struct svcrules_services *l)
{
	size_t n = 0;

	if (l->distinct.n)
		qsort(l->distinct.v, l->distinct.n, sizeof(*l->distinct.v), endpoint_at_cmp);
	for (size_t i = 0; i < l->distinct.n; i++)
		n += i == 0 || endpoint_at_cmp(&l->distinct.v[i - 1], &l->distinct.v[i]) != 0;
	return n;
}

/* Several ports of a service may have the same endpoints: each address and port counts once. */
static int count_endpoints_of(struct svcrules_services *l, const struct svcr_service *s)
{
	struct svcr_endpoints *x = l->view.endpoints;
	int err = 0;

	l->service.total = count_distinct_addrs(l);
	l->distinct.n = 0;
	for (size_t k = 0; k < s->ports.n; k++)
		for (uint8_t f = 0; f < SVCR_FAMILY__COUNT && !err; f++) {
			if (l->o->families[f])
				err = svcr_endpoints_list(x, s, &s->ports.v[k], f);
			for (size_t i = 0; l->o->families[f] && i < x->found.n && !err; i++)
				if (x->found.v[i].endpoint->ready)
					err = add_distinct(l, &x->found.v[i]);
		}
	l->service.ready = count_distinct_addrs(l);
	return err;
}

static int describe_service(struct svcrules_services *l, const struct svcr_service *s)
{
	static const struct svcr_addrs none = { .n = 0 };
	static const char *const types[] = { [SVCR_CLUSTER_IP] = "ClusterIP",
					     [SVCR_NODE_PORT] = "NodePort",
					     [SVCR_LOAD_BALANCER] = "LoadBalancer",
					     [SVCR_EXTERNAL_NAME] = "ExternalName" };
	const struct svcr_slice_group *g = svcr_endpoints_group(l->view.endpoints, s);
	struct svcr_reason why;

	l->service = (struct svcrules_service){
		.ns = s->ns,
		.name = s->name,
		.source = s->source,
		.type = types[s->type],
		.cluster_ips = s->headless ? "None" : join_addrs(l, &s->cluster_ips, &none),
		.external_ips = join_addrs(l, &s->balancer_ips, &s->external_ips),
		.external_name = s->external_name,
		.selector = selector_of(l, s),
		.created = s->created,
		.internal_local = s->internal_local,
		.external_local = s->external_local,
		.publish_not_ready = s->not_ready,
		.affinity = s->affinity,
		.from_pods = g->from_pods,
		.slices = g->from_pods ? 0 : g->n,
	};
	svcr_reason_service(&l->reasons, s, &why);
	if (!l->service.cluster_ips || !l->service.external_ips || !l->service.selector)
		return -ENOMEM;
	return l->view.endpoints->err ? -ENOMEM : keep_reason(l, &why, &l->service.left_out);
}

static int load_service(struct svcrules_services *l, const struct svcr_service *s)
{
	int err;

	l->last = NULL;
	svcr_arena_release(&l->arena);
	l->ports.n = l->vips.n = l->endpoints.n = l->distinct.n = 0;
	err = describe_service(l, s);
	if (!err)
		err = list_ports(l, s);
	if (!err)
		err = count_endpoints_of(l, s);
	if (!err)
		err = list_other_ports(l, s);
	if (!err)
		err = list_portless(l, s);
	if (!err)
		err = list_vips(l, s);
	if (err)
		return err;
	l->service.nports = l->ports.n;
	l->service.nvips = l->vips.n;
	l->service.nendpoints = l->endpoints.n;
	l->last = s;
	return 0;
}

static int ask_service(struct svcrules_services *l, size_t i)
{
	if (i >= l->n)
		return -ENOENT;
	return l->last == l->v[i] ? 0 : load_service(l, l->v[i]);
}

int svcrules_services_get(struct svcrules_services *l, size_t i, struct svcrules_service *ret)
{
	int err = ask_service(l, i);

	if (!err)
		*ret = l->service;
	return err;
}

int svcrules_services_port(struct svcrules_services *l, size_t i, size_t k,
			   struct svcrules_service_port *ret)
{
	int err = ask_service(l, i);

	if (!err && k >= l->ports.n)
		err = -ENOENT;
	if (!err)
		*ret = l->ports.v[k];
	return err;
}

int svcrules_services_vip(struct svcrules_services *l, size_t i, size_t k, struct svcrules_vip *ret)
{
	int err = ask_service(l, i);

	if (!err && k >= l->vips.n)
		err = -ENOENT;
	if (!err)
		*ret = l->vips.v[k];
	return err;
}

int svcrules_services_endpoint(struct svcrules_services *l, size_t i, size_t k,
			       struct svcrules_endpoint *ret)
{
	int err = ask_service(l, i);

	if (!err && k >= l->endpoints.n)
		err = -ENOENT;
	if (!err)
		*ret = l->endpoints.v[k];
	return err;
}
