/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "services.h"
#include "pod_slices.h"
#include "select.h"

#include <errno.h>

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
	free(l->ready.v);
	free((void *)l->by_name.v);
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

/* Returns the end of the text. */
static char *append_text(char *p, const char *text)
{
	size_t n = strlen(text);

	memcpy(p, text, n + 1);
	return p + n;
}

static char *append_addrs(char *p, const struct svcr_addrs *l, const char *start)
{
	char text[SVCR_ADDR_TEXT];

	for (size_t i = 0; i < l->n; i++) {
		if (p > start)
			*p++ = ',';
		svcr_addr_text(&l->v[i], text);
		p = append_text(p, text);
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
		p = append_text(p, s->selector[i].key);
		*p++ = '=';
		p = append_text(p, s->selector[i].value);
	}
	return text;
}

static const char *target_of(struct svcrules_services *l, const struct svcr_service_port *p)
{
	if (p->target_name)
		return p->target_name;
	return p->target ? svcr_arena_printf(&l->arena, "%u", p->target) : "";
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
	return err ? err : svcr_services_reason(l, &why, &ret->reason);
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
		err = svcr_services_endpoints(l, s, p, i, &slot->total, &slot->ready);
		if (!err && s->type != SVCR_EXTERNAL_NAME && l->endpoints.n < SVCR_SERVICES_LISTED)
			err = explain_port(l, s, p, slot);
	}
	return err;
}

/* ---- A service ------------------------------------------------------------------------ */

static int distinct_cmp(const void *a, const void *b)
{
	return svcr_endpoint_addr_cmp(a, b);
}

static size_t count_distinct_addrs(struct svcr_endpoint_addr *v, size_t all)
{
	size_t n = 0;

	if (all)
		qsort(v, all, sizeof(*v), distinct_cmp);
	for (size_t i = 0; i < all; i++)
		n += i == 0 || distinct_cmp(&v[i - 1], &v[i]) != 0;
	return n;
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
		.elsewhere = s->elsewhere,
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
	return l->view.endpoints->err ? -ENOMEM :
					svcr_services_reason(l, &why, &l->service.left_out);
}

static int load_service(struct svcrules_services *l, const struct svcr_service *s)
{
	int err;

	l->last = NULL;
	svcr_arena_release(&l->arena);
	l->ports.n = l->vips.n = l->endpoints.n = l->distinct.n = l->ready.n = 0;
	err = describe_service(l, s);
	if (!err)
		err = list_ports(l, s);
	l->service.total = count_distinct_addrs(l->distinct.v, l->distinct.n);
	l->service.ready = count_distinct_addrs(l->ready.v, l->ready.n);
	if (!err)
		err = svcr_services_other_ports(l, s);
	if (!err)
		err = svcr_services_portless(l, s);
	if (!err)
		err = svcr_services_vips(l, s);
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
