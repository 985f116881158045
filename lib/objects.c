/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields of each kind of object, and what must hold among them. */
#include "reader.h"

#include <errno.h>

#define NAME_MAX_SHORT 63  /* services, namespaces, ports: they end up in rule comments */
#define NAME_MAX_LONG 253
#define DEFAULT_TIMEOUT 10800
#define MAX_TIMEOUT 86400
#define NO_ADDRESS 255 /* in place of a family */

#define GROW(r, list) grow(r, (void **)&(list)->v, &(list)->n, &(list)->cap, sizeof(*(list)->v))
#define KEEP(r, list) keep(r, (void **)&(list)->v, &(list)->n, &(list)->cap, sizeof(*(list)->v))
#define MEMBER(path) offsetof(struct svcr_object, path)
#define END { .name = NULL }

const char *svcr_protocol_name(uint8_t protocol)
{
	return protocol == SVCR_UDP ? "udp" : protocol == SVCR_SCTP ? "sctp" : "tcp";
}

static void *grow(struct svcr_reader *r, void **v, size_t *n, size_t *cap, size_t size)
{
	void *p = svcr_grow(v, n, cap, size);

	if (!p)
		r->err = -ENOMEM;
	return p;
}

/* Moves a malloc'ed list into the model's arena. */
static void keep(struct svcr_reader *r, void **v, size_t *n, size_t *cap, size_t size)
{
	void *p = *n ? svcr_arena_array(&r->model->arena, *n, size) : NULL;

	if (p) {
		memcpy(p, *v, *n * size);
	} else if (*n) {
		r->err = -ENOMEM;
		*n = 0;
	}
	free(*v);
	*v = p;
	*cap = 0;
}

/* ---- Values ------------------------------------------------------------ */

static bool name_valid(struct svcr_str s, size_t max)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
		      c == '_' || c == '-'))
			return false;
	}
	return s.len <= max;
}

static void read_name(struct svcr_reader *r, const char **member, size_t max)
{
	const char *name;
	struct svcr_str s;

	if (!svcr_read_string(r, &s) || !s.len) /* "" is the same as absent */
		return;
	if (!name_valid(s, max)) {
		svcr_read_error(r, "name", "'%.*s' is no name: expected up to %zu letters, digits, '.', '_' and '-'",
				(int)(s.len < 300 ? s.len : 300), s.p, max);
		return;
	}
	name = svcr_intern(&r->model->strings, &r->model->arena, s);
	if (name)
		*member = name;
	else
		r->err = -ENOMEM;
}

static void read_short_name(struct svcr_reader *r, void *member)
{
	read_name(r, member, NAME_MAX_SHORT);
}

static void read_long_name(struct svcr_reader *r, void *member)
{
	read_name(r, member, NAME_MAX_LONG);
}

static void address_error(struct svcr_reader *r, struct svcr_str s)
{
	svcr_read_error(r, "address", "'%.*s' is not an IP address", (int)(s.len < 300 ? s.len : 300), s.p);
}

static bool read_addr(struct svcr_reader *r, struct svcr_addr *a)
{
	struct svcr_str s;

	if (!svcr_read_string(r, &s) || !s.len)
		return false;
	if (svcr_addr_parse(a, s))
		return true;
	address_error(r, s);
	return false;
}

static void add_addr(struct svcr_reader *r, struct svcr_addrs *list, const struct svcr_addr *a)
{
	struct svcr_addr *slot = GROW(r, list);

	if (slot)
		*slot = *a;
}

static void read_addr_item(struct svcr_reader *r, void *member)
{
	struct svcr_addr a;

	if (read_addr(r, &a))
		add_addr(r, member, &a);
}

static struct svcr_str trim(struct svcr_str s)
{
	for (; s.len && (*s.p == ' ' || *s.p == '\t' || *s.p == '\n' || *s.p == '\r'); s.len--)
		s.p++;
	for (; s.len && strchr(" \t\n\r", s.p[s.len - 1]); s.len--)
		;
	return s;
}

static void read_cidr_item(struct svcr_reader *r, void *member)
{
	struct svcr_cidrs *list = member;
	struct svcr_cidr c, *slot;
	struct svcr_str s;

	if (!svcr_read_string(r, &s))
		return;
	s = trim(s);
	if (!svcr_cidr_parse(&c, s)) {
		svcr_read_error(r, "cidr", "'%.*s' is not a prefix such as 192.0.2.0/24",
				(int)(s.len < 300 ? s.len : 300), s.p);
		return;
	}
	slot = GROW(r, list);
	if (slot)
		*slot = c;
}

static void read_protocol(struct svcr_reader *r, void *member)
{
	static const char *const words[] = { "TCP", "UDP", "SCTP", NULL };
	static const uint8_t protocols[] = { SVCR_TCP, SVCR_UDP, SVCR_SCTP };
	int i = svcr_read_word(r, words);

	if (i >= 0)
		*(uint8_t *)member = protocols[i];
}

/* A policy's member is true for Local. */
static void read_policy(struct svcr_reader *r, void *member)
{
	static const char *const words[] = { "Cluster", "Local", NULL };

	*(bool *)member = svcr_read_word(r, words) == 1;
}

/* ---- Metadata ---------------------------------------------------------- */

/* Whatever the value: the label's presence counts. */
static void read_not_ours(struct svcr_reader *r, void *member)
{
	if (svcr_json_peek(&r->json) != SVCR_JSON_NULL)
		*(bool *)member = true;
	svcr_json_skip(&r->json);
}

static const struct svcr_field label_fields[] = {
	{ SVCR_FIELD("kubernetes.io/service-name"), SVCR_F_CUSTOM, MEMBER(meta.service), .read = read_short_name },
	{ SVCR_FIELD("topology.kubernetes.io/zone"), SVCR_F_STRING, .offset = MEMBER(meta.zone) },
	{ SVCR_FIELD("service.kubernetes.io/service-proxy-name"), SVCR_F_CUSTOM, MEMBER(meta.not_ours), .read = read_not_ours },
	{ SVCR_FIELD("service.kubernetes.io/headless"), SVCR_F_CUSTOM, MEMBER(meta.not_ours), .read = read_not_ours },
	END
};

/* A typo here must not stop all services: the IPVS back end warns of names that it does not know. */
static const struct svcr_field annotation_fields[] = {
	{ SVCR_FIELD("svcrules.io/ipvs-scheduler"), SVCR_F_STRING, .offset = MEMBER(meta.scheduler) },
	END
};

static const struct svcr_field service_metadata[] = {
	{ SVCR_FIELD("name"), SVCR_F_CUSTOM, MEMBER(meta.name), .read = read_short_name },
	{ SVCR_FIELD("namespace"), SVCR_F_CUSTOM, MEMBER(meta.ns), .read = read_short_name },
	{ SVCR_FIELD("creationTimestamp"), SVCR_F_STRING, .offset = MEMBER(meta.created) },
	{ SVCR_FIELD("labels"), SVCR_F_OBJECT, .fields = label_fields },
	{ SVCR_FIELD("annotations"), SVCR_F_OBJECT, .fields = annotation_fields },
	END
};

static const struct svcr_field other_metadata[] = {
	{ SVCR_FIELD("name"), SVCR_F_CUSTOM, MEMBER(meta.name), .read = read_long_name },
	{ SVCR_FIELD("namespace"), SVCR_F_CUSTOM, MEMBER(meta.ns), .read = read_short_name },
	{ SVCR_FIELD("labels"), SVCR_F_OBJECT, .fields = label_fields },
	END
};

/* ---- Service ----------------------------------------------------------- */

/* The numbers are read as 32 bits. */
struct raw_port {
	struct svcr_service_port p;
	uint32_t port, node_port;
};

static const struct svcr_field raw_port_fields[] = {
	{ SVCR_FIELD("name"), SVCR_F_CUSTOM, offsetof(struct raw_port, p.name), .read = read_short_name },
	{ SVCR_FIELD("protocol"), SVCR_F_CUSTOM, offsetof(struct raw_port, p.protocol), .read = read_protocol },
	{ SVCR_FIELD("port"), SVCR_F_INT, offsetof(struct raw_port, port), .min = 1, .max = 65535 },
	{ SVCR_FIELD("nodePort"), SVCR_F_INT, offsetof(struct raw_port, node_port), .min = 0, .max = 65535 },
	END
};

static void read_service_port(struct svcr_reader *r, void *member)
{
	struct svcr_service *s = member;
	struct raw_port raw = { .p = { .name = "", .protocol = SVCR_TCP } };
	size_t errors = svcrules_diags_errors(r->diags);
	struct svcr_service_port *p;

	svcr_read_object(r, raw_port_fields, &raw);
	if (!raw.port) {
		if (svcrules_diags_errors(r->diags) == errors)
			svcr_read_error(r, "range", "no port number");
		return;
	}
	p = GROW(r, &s->ports);
	if (!p)
		return;
	*p = raw.p;
	p->port = (uint16_t)raw.port;
	p->node_port = (uint16_t)raw.node_port;
}

static void add_cluster_ip(struct svcr_reader *r, struct svcr_service *s, struct svcr_str text)
{
	struct svcr_addr a;

	if (svcr_str_eq(text, "None"))
		s->headless = true;
	else if (svcr_addr_parse(&a, text))
		add_addr(r, &s->cluster_ips, &a);
	else
		address_error(r, text);
}

static void read_cluster_ip(struct svcr_reader *r, void *member)
{
	struct svcr_object *o = member;
	struct svcr_str s;

	if (!svcr_read_string(r, &s) || !s.len)
		return;
	o->service.has_cluster_ips = true;
	add_cluster_ip(r, &o->service.s, s);
}

static void read_type(struct svcr_reader *r, void *member)
{
	static const char *const words[] = { "ClusterIP", "NodePort", "LoadBalancer", "ExternalName", NULL };
	int i = svcr_read_word(r, words);

	if (i >= 0)
		*(enum svcr_service_type *)member = (enum svcr_service_type)i;
}

static void read_affinity(struct svcr_reader *r, void *member)
{
	static const char *const words[] = { "None", "ClientIP", NULL };

	*(bool *)member = svcr_read_word(r, words) == 1;
}

static void read_allocate_node_ports(struct svcr_reader *r, void *member)
{
	bool allocate = true;

	svcr_read_bool(r, &allocate);
	*(bool *)member = !allocate;
}

struct raw_ingress {
	struct svcr_addr addr;
	bool has_addr, proxy;
};

static void read_ingress_ip(struct svcr_reader *r, void *member)
{
	struct raw_ingress *raw = member;

	raw->has_addr = read_addr(r, &raw->addr);
}

static void read_ip_mode(struct svcr_reader *r, void *member)
{
	static const char *const words[] = { "VIP", "Proxy", NULL };

	((struct raw_ingress *)member)->proxy = svcr_read_word(r, words) == 1;
}

static const struct svcr_field ingress_fields[] = {
	{ SVCR_FIELD("ip"), SVCR_F_CUSTOM, .read = read_ingress_ip },
	{ SVCR_FIELD("ipMode"), SVCR_F_CUSTOM, .read = read_ip_mode },
	END
};

static void read_ingress(struct svcr_reader *r, void *member)
{
	struct raw_ingress raw = { .has_addr = false };

	svcr_read_object(r, ingress_fields, &raw);
	if (raw.has_addr && !raw.proxy)
		add_addr(r, member, &raw.addr);
}

static const struct svcr_field client_ip_fields[] = {
	{ SVCR_FIELD("timeoutSeconds"), SVCR_F_INT, MEMBER(service.timeout), .min = 1, .max = MAX_TIMEOUT },
	END
};

static const struct svcr_field affinity_config_fields[] = {
	{ SVCR_FIELD("clientIP"), SVCR_F_OBJECT, .fields = client_ip_fields },
	END
};

static const struct svcr_field service_spec_fields[] = {
	{ SVCR_FIELD("clusterIP"), SVCR_F_STRING, .offset = MEMBER(service.cluster_ip) },
	{ SVCR_FIELD("clusterIPs"), SVCR_F_EACH, .read = read_cluster_ip },
	{ SVCR_FIELD("externalIPs"), SVCR_F_EACH, MEMBER(service.s.external_ips), .read = read_addr_item },
	{ SVCR_FIELD("ports"), SVCR_F_EACH, MEMBER(service.s), .read = read_service_port },
	{ SVCR_FIELD("type"), SVCR_F_CUSTOM, MEMBER(service.s.type), .read = read_type },
	{ SVCR_FIELD("sessionAffinity"), SVCR_F_CUSTOM, MEMBER(service.affinity_on), .read = read_affinity },
	{ SVCR_FIELD("sessionAffinityConfig"), SVCR_F_OBJECT, .fields = affinity_config_fields },
	{ SVCR_FIELD("internalTrafficPolicy"), SVCR_F_CUSTOM, MEMBER(service.s.internal_local), .read = read_policy },
	{ SVCR_FIELD("externalTrafficPolicy"), SVCR_F_CUSTOM, MEMBER(service.s.external_local), .read = read_policy },
	{ SVCR_FIELD("allocateLoadBalancerNodePorts"), SVCR_F_CUSTOM, MEMBER(service.s.no_node_ports),
	  .read = read_allocate_node_ports },
	{ SVCR_FIELD("loadBalancerSourceRanges"), SVCR_F_EACH, MEMBER(service.s.ranges), .read = read_cidr_item },
	END
};

static const struct svcr_field balancer_fields[] = {
	{ SVCR_FIELD("ingress"), SVCR_F_EACH, MEMBER(service.s.balancer_ips), .read = read_ingress },
	END
};

static const struct svcr_field service_status_fields[] = {
	{ SVCR_FIELD("loadBalancer"), SVCR_F_OBJECT, .fields = balancer_fields },
	END
};

const struct svcr_field svcr_service_fields[] = {
	{ SVCR_FIELD("metadata"), SVCR_F_OBJECT, .fields = service_metadata },
	{ SVCR_FIELD("spec"), SVCR_F_OBJECT, .fields = service_spec_fields },
	{ SVCR_FIELD("status"), SVCR_F_OBJECT, .fields = service_status_fields },
	END
};

static void finish_cluster_ips(struct svcr_reader *r, struct svcr_object *o)
{
	struct svcr_service *s = &o->service.s;
	const char *first = o->service.cluster_ip;

	svcr_read_push(r, "spec", 0);
	svcr_read_push(r, "clusterIP", 0);
	if (!o->service.has_cluster_ips && first && *first)
		add_cluster_ip(r, s, (struct svcr_str){ first, strlen(first) });
	else if (!o->service.has_cluster_ips && s->type != SVCR_EXTERNAL_NAME && !s->not_ours && !r->json.failed)
		svcr_read_note(r, SVCRULES_NOTICE, "pending", NULL, "no cluster IP yet: no rules for this service");
	svcr_read_pop(r);
	svcr_read_pop(r);
}

void svcr_service_finish(struct svcr_reader *r, struct svcr_object *o)
{
	struct svcr_service *s = &o->service.s, *slot;

	s->ns = o->meta.ns;
	s->name = o->meta.name;
	s->source = r->source;
	s->created = o->meta.created ? o->meta.created : "";
	s->not_ours = o->meta.not_ours;
	s->scheduler = o->meta.scheduler ? o->meta.scheduler : "";
	if (o->service.affinity_on)
		s->affinity = o->service.timeout ? o->service.timeout : DEFAULT_TIMEOUT;
	if (s->type != SVCR_LOAD_BALANCER) /* left from when it was one */
		s->balancer_ips.n = s->ranges.n = 0;
	s->has_ranges = s->ranges.n != 0;
	finish_cluster_ips(r, o);
	KEEP(r, &s->cluster_ips);
	KEEP(r, &s->external_ips);
	KEEP(r, &s->balancer_ips);
	KEEP(r, &s->ranges);
	KEEP(r, &s->ports);
	slot = GROW(r, &r->model->services);
	if (slot)
		*slot = *s;
}

void svcr_service_drop(struct svcr_object *o)
{
	struct svcr_service *s = &o->service.s;

	free(s->cluster_ips.v);
	free(s->external_ips.v);
	free(s->balancer_ips.v);
	free(s->ranges.v);
	free(s->ports.v);
}

/* ---- EndpointSlice ----------------------------------------------------- */

struct raw_slice_port {
	struct svcr_slice_port p;
	uint32_t port;
};

static const struct svcr_field slice_port_fields[] = {
	{ SVCR_FIELD("name"), SVCR_F_CUSTOM, offsetof(struct raw_slice_port, p.name), .read = read_short_name },
	{ SVCR_FIELD("protocol"), SVCR_F_CUSTOM, offsetof(struct raw_slice_port, p.protocol), .read = read_protocol },
	{ SVCR_FIELD("port"), SVCR_F_INT, offsetof(struct raw_slice_port, port), .min = 1, .max = 65535 },
	END
};

static void read_slice_port(struct svcr_reader *r, void *member)
{
	struct svcr_slice *s = member;
	struct raw_slice_port raw = { .p = { .name = "", .protocol = SVCR_TCP } };
	struct svcr_slice_port *p;

	svcr_read_object(r, slice_port_fields, &raw);
	p = GROW(r, &s->ports);
	if (!p)
		return;
	*p = raw.p;
	p->port = (uint16_t)raw.port;
}

/* What is read of one endpoint; conditions may come in any order. */
struct raw_endpoint {
	struct svcr_endpoint e;
	struct svcr_hints hints;
	bool serving_given;
	bool has_type, ignored; /* of the slice, as far as known */
	bool has_addr;
};

static void read_serving(struct svcr_reader *r, void *member)
{
	struct raw_endpoint *raw = member;

	raw->serving_given = svcr_read_bool(r, &raw->e.serving);
}

/*
 * Only the first address counts, as with kube-proxy: the API says that all
 * addresses of an endpoint are the same one. Text that is no address is fine
 * in an FQDN slice, which may be known only later: SVCR_FAMILY__COUNT.
 */
static void read_endpoint_address(struct svcr_reader *r, void *member)
{
	struct raw_endpoint *raw = member;
	struct svcr_str s;

	if (!svcr_read_string(r, &s) || r->path[r->depth - 1].index || raw->ignored)
		return;
	raw->has_addr = true;
	if (svcr_addr_parse(&raw->e.addr, s))
		return;
	raw->e.addr.family = SVCR_FAMILY__COUNT;
	if (raw->has_type) {
		address_error(r, s);
		raw->has_addr = false;
	}
}

static void read_hint(struct svcr_reader *r, void *member)
{
	static const struct svcr_field fields[] = { { SVCR_FIELD("name"), SVCR_F_STRING, .offset = 0 }, END };
	struct svcr_names *list = member;
	const char *name = NULL, **slot;

	svcr_read_object(r, fields, (void *)&name);
	if (!name || !*name)
		return;
	slot = GROW(r, list);
	if (slot)
		*slot = name;
}

static const struct svcr_field condition_fields[] = {
	{ SVCR_FIELD("ready"), SVCR_F_BOOL, .offset = offsetof(struct raw_endpoint, e.ready) },
	{ SVCR_FIELD("serving"), SVCR_F_CUSTOM, .read = read_serving },
	{ SVCR_FIELD("terminating"), SVCR_F_BOOL, .offset = offsetof(struct raw_endpoint, e.terminating) },
	END
};

static const struct svcr_field hint_fields[] = {
	{ SVCR_FIELD("forZones"), SVCR_F_EACH, offsetof(struct raw_endpoint, hints.zones), .read = read_hint },
	{ SVCR_FIELD("forNodes"), SVCR_F_EACH, offsetof(struct raw_endpoint, hints.nodes), .read = read_hint },
	END
};

static const struct svcr_field endpoint_fields[] = {
	{ SVCR_FIELD("addresses"), SVCR_F_EACH, .read = read_endpoint_address },
	{ SVCR_FIELD("conditions"), SVCR_F_OBJECT, .fields = condition_fields },
	{ SVCR_FIELD("hints"), SVCR_F_OBJECT, .fields = hint_fields },
	{ SVCR_FIELD("nodeName"), SVCR_F_STRING, .offset = offsetof(struct raw_endpoint, e.node) },
	END
};

static const struct svcr_hints *keep_hints(struct svcr_reader *r, struct svcr_hints *h)
{
	struct svcr_hints *kept;

	if (!h->zones.n && !h->nodes.n)
		return NULL;
	KEEP(r, &h->zones);
	KEEP(r, &h->nodes);
	kept = svcr_arena_alloc(&r->model->arena, sizeof(*kept));
	if (kept)
		*kept = *h;
	else
		r->err = -ENOMEM;
	return kept;
}

/* Endpoints keep their place even without an address, so that later complaints can count them. */
static void read_endpoint(struct svcr_reader *r, void *member)
{
	struct svcr_object *o = member;
	struct raw_endpoint raw = { .e = { .ready = true }, .has_type = o->slice.has_type,
				    .ignored = o->slice.s.ignored };
	struct svcr_endpoint *e;

	svcr_read_object(r, endpoint_fields, &raw);
	if (!raw.serving_given)
		raw.e.serving = raw.e.ready;
	if (!raw.has_addr)
		raw.e.addr = (struct svcr_addr){ .family = NO_ADDRESS };
	if (raw.e.node && !*raw.e.node)
		raw.e.node = NULL;
	raw.e.hints = keep_hints(r, &raw.hints);
	e = GROW(r, &o->slice.s.endpoints);
	if (e)
		*e = raw.e;
}

static void read_address_type(struct svcr_reader *r, void *member)
{
	static const char *const words[] = { "IPv4", "IPv6", "FQDN", NULL };
	struct svcr_object *o = member;
	int i = svcr_read_word(r, words);

	o->slice.has_type = true; /* a wrong one was complained of */
	if (i < 0)
		return;
	o->slice.s.ignored = i == 2;
	o->slice.s.family = i == 1 ? SVCR_IPV6 : SVCR_IPV4;
}

const struct svcr_field svcr_slice_fields[] = {
	{ SVCR_FIELD("metadata"), SVCR_F_OBJECT, .fields = other_metadata },
	{ SVCR_FIELD("addressType"), SVCR_F_CUSTOM, .read = read_address_type },
	{ SVCR_FIELD("endpoints"), SVCR_F_EACH, .read = read_endpoint },
	{ SVCR_FIELD("ports"), SVCR_F_EACH, MEMBER(slice.s), .read = read_slice_port },
	END
};

static void check_endpoint(struct svcr_reader *r, const struct svcr_slice *s, const struct svcr_addr *a)
{
	const char *expected = s->family == SVCR_IPV6 ? "IPv6" : "IPv4";
	char text[SVCR_ADDR_TEXT];

	if (a->family == SVCR_FAMILY__COUNT)
		svcr_read_error(r, "address", "not an %s address", expected);
	else
		svcr_read_error(r, "address", "%s is not an %s address, as addressType says",
				svcr_addr_text(a, text), expected);
}

/* Drops endpoints without an address and complains about those of another family. */
static void finish_endpoints(struct svcr_reader *r, struct svcr_slice *s)
{
	size_t kept = 0;

	svcr_read_push(r, "endpoints", 0);
	for (size_t i = 0; i < s->endpoints.n; i++) {
		const struct svcr_endpoint *e = &s->endpoints.v[i];

		if (e->addr.family == NO_ADDRESS)
			continue;
		if (e->addr.family == s->family) {
			s->endpoints.v[kept++] = *e;
			continue;
		}
		svcr_read_push(r, NULL, (int)i);
		svcr_read_push(r, "addresses[0]", 0);
		check_endpoint(r, s, &e->addr);
		svcr_read_pop(r);
		svcr_read_pop(r);
	}
	svcr_read_pop(r);
	s->endpoints.n = kept;
}

void svcr_slice_finish(struct svcr_reader *r, struct svcr_object *o)
{
	struct svcr_slice *s = &o->slice.s, *slot;

	s->ns = o->meta.ns;
	s->service = o->meta.service;
	s->source = r->source;
	if (!o->slice.has_type) {
		svcr_read_push(r, "addressType", 0);
		svcr_read_error(r, "value", "missing, expected IPv4, IPv6 or FQDN");
		svcr_read_pop(r);
		s->endpoints.n = 0;
	}
	if (s->ignored)
		s->endpoints.n = 0;
	else
		finish_endpoints(r, s);
	if (!s->service)
		s->ignored = true;
	KEEP(r, &s->ports);
	KEEP(r, &s->endpoints);
	slot = GROW(r, &r->model->slices);
	if (slot)
		*slot = *s;
}

void svcr_slice_drop(struct svcr_object *o)
{
	free(o->slice.s.ports.v);
	free(o->slice.s.endpoints.v);
}

/* ---- Endpoints --------------------------------------------------------- */

struct raw_legacy {
	struct raw_ingress ip;
	const char *node;
};

static const struct svcr_field raw_legacy_fields[] = {
	{ SVCR_FIELD("ip"), SVCR_F_CUSTOM, offsetof(struct raw_legacy, ip), .read = read_ingress_ip },
	{ SVCR_FIELD("nodeName"), SVCR_F_STRING, .offset = offsetof(struct raw_legacy, node) },
	END
};

static void read_legacy_address(struct svcr_reader *r, struct svcr_slice *s, bool ready)
{
	struct raw_legacy raw = { .node = NULL };
	struct svcr_endpoint *e;

	svcr_read_object(r, raw_legacy_fields, &raw);
	if (!raw.ip.has_addr)
		return;
	e = GROW(r, &s->endpoints);
	if (e)
		*e = (struct svcr_endpoint){ .addr = raw.ip.addr, .ready = ready, .serving = ready,
					     .node = raw.node && *raw.node ? raw.node : NULL };
}

static void read_ready(struct svcr_reader *r, void *member)
{
	read_legacy_address(r, member, true);
}

static void read_not_ready(struct svcr_reader *r, void *member)
{
	read_legacy_address(r, member, false);
}

static const struct svcr_field subset_fields[] = {
	{ SVCR_FIELD("addresses"), SVCR_F_EACH, .read = read_ready },
	{ SVCR_FIELD("notReadyAddresses"), SVCR_F_EACH, .read = read_not_ready },
	{ SVCR_FIELD("ports"), SVCR_F_EACH, .read = read_slice_port },
	END
};

/* The service's name may come later: svcr_endpoints_finish sets it. */
static void read_subset(struct svcr_reader *r, void *member)
{
	struct svcr_slice s = { .legacy = true, .any_family = true, .source = r->source }, *slot;

	(void)member;
	svcr_read_object(r, subset_fields, &s);
	KEEP(r, &s.ports);
	KEEP(r, &s.endpoints);
	slot = GROW(r, &r->model->slices);
	if (slot)
		*slot = s;
}

const struct svcr_field svcr_endpoints_fields[] = {
	{ SVCR_FIELD("metadata"), SVCR_F_OBJECT, .fields = other_metadata },
	{ SVCR_FIELD("subsets"), SVCR_F_EACH, .read = read_subset },
	END
};

void svcr_endpoints_finish(struct svcr_reader *r, struct svcr_object *o)
{
	for (size_t i = o->first_slice; i < r->model->slices.n; i++) {
		struct svcr_slice *s = &r->model->slices.v[i];

		s->ns = o->meta.ns;
		s->service = o->meta.name;
		s->ignored = !o->meta.name;
	}
}

/* Its subsets are in the model already. */
void svcr_endpoints_drop(struct svcr_object *o)
{
	(void)o;
}

/* ---- Node -------------------------------------------------------------- */

struct raw_node_address {
	const char *type, *address;
};

static const struct svcr_field node_address_fields[] = {
	{ SVCR_FIELD("type"), SVCR_F_STRING, .offset = offsetof(struct raw_node_address, type) },
	{ SVCR_FIELD("address"), SVCR_F_STRING, .offset = offsetof(struct raw_node_address, address) },
	END
};

/* Names (Hostname, InternalDNS...) are of no use here. */
static void read_node_address(struct svcr_reader *r, void *member)
{
	struct svcr_node *n = member;
	struct raw_node_address raw = { NULL, NULL };
	struct svcr_str s;
	struct svcr_addr a;
	bool internal;

	svcr_read_object(r, node_address_fields, &raw);
	if (!raw.type || !raw.address)
		return;
	internal = strcmp(raw.type, "InternalIP") == 0;
	if (!internal && strcmp(raw.type, "ExternalIP") != 0)
		return;
	s = (struct svcr_str){ raw.address, strlen(raw.address) };
	if (svcr_addr_parse(&a, s))
		add_addr(r, internal ? &n->internal_ips : &n->other_ips, &a);
	else
		address_error(r, s);
}

static const struct svcr_field node_spec_fields[] = {
	{ SVCR_FIELD("podCIDR"), SVCR_F_CUSTOM, MEMBER(node.pod_cidrs), .read = read_cidr_item }, /* again in podCIDRs */
	{ SVCR_FIELD("podCIDRs"), SVCR_F_EACH, MEMBER(node.pod_cidrs), .read = read_cidr_item },
	END
};

static const struct svcr_field node_status_fields[] = {
	{ SVCR_FIELD("addresses"), SVCR_F_EACH, MEMBER(node.n), .read = read_node_address },
	END
};

const struct svcr_field svcr_node_fields[] = {
	{ SVCR_FIELD("metadata"), SVCR_F_OBJECT, .fields = other_metadata },
	{ SVCR_FIELD("spec"), SVCR_F_OBJECT, .fields = node_spec_fields },
	{ SVCR_FIELD("status"), SVCR_F_OBJECT, .fields = node_status_fields },
	END
};

void svcr_node_finish(struct svcr_reader *r, struct svcr_object *o)
{
	struct svcr_node *n = &o->node.n, *slot;

	n->name = o->meta.name;
	n->zone = o->meta.zone && *o->meta.zone ? o->meta.zone : NULL;
	KEEP(r, &n->internal_ips);
	KEEP(r, &n->other_ips);
	for (size_t i = 0; i < o->node.pod_cidrs.n; i++) {
		struct svcr_cidr *c = GROW(r, &r->model->pod_cidrs);

		if (c)
			*c = o->node.pod_cidrs.v[i];
	}
	free(o->node.pod_cidrs.v);
	o->node.pod_cidrs = (struct svcr_cidrs){ 0 };
	slot = GROW(r, &r->model->nodes);
	if (slot)
		*slot = *n;
}

void svcr_node_drop(struct svcr_object *o)
{
	free(o->node.n.internal_ips.v);
	free(o->node.n.other_ips.v);
	free(o->node.pod_cidrs.v);
}
