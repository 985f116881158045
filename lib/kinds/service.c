/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Service of v1. */
#include "kinds.h"
#include "metadata.h"
#include "values.h"

/*
 * Seconds, from the Kubernetes API: DefaultClientIPServiceAffinitySeconds and
 * MaxClientIPServiceAffinitySeconds.
 */
#define DEFAULT_TIMEOUT 10800
#define MAX_TIMEOUT 86400

#define MEMBER(path) offsetof(struct service_object, path)

struct service_object {
	struct svcr_metadata meta;
	struct svcr_service s;
	const char *cluster_ip; /* clusterIP; counts only without clusterIPs */
	bool has_cluster_ips;
	bool affinity_on;
	bool has_ranges; /* loadBalancerSourceRanges has entries, usable or not */
	uint32_t health_port;
	uint32_t timeout;          /* of affinity, in seconds; 0: not given */
	const char *external_name; /* as it is written; read if the model has names */
	struct svcr_map selector;
};

/* ---- Ports ------------------------------------------------------------- */

/* A port as it is read: numbers have 32 bits. */
struct read_port {
	struct svcr_service_port p;
	uint32_t port, node_port;
	struct svcr_int_or_string target;
};

static const struct svcr_field service_port_fields[] = {
	{ SVCR_FIELD("name"), SVCR_F_CUSTOM, offsetof(struct read_port, p.name),
	  .read = svcr_read_port_name },
	{ SVCR_FIELD("protocol"), SVCR_F_CUSTOM, offsetof(struct read_port, p.protocol),
	  .read = svcr_read_protocol },
	{ SVCR_FIELD("port"), SVCR_F_INT, offsetof(struct read_port, port), .min = 1,
	  .max = 65535 },
	{ SVCR_FIELD("targetPort"), SVCR_F_INT_OR_STRING, offsetof(struct read_port, target),
	  .min = 0, .max = 65535 },
	{ SVCR_FIELD("nodePort"), SVCR_F_INT, offsetof(struct read_port, node_port), .min = 0,
	  .max = 65535 },
	SVCR_END
};

static void read_service_port(struct svcr_reader *r, void *member)
{
	struct svcr_service_ports *ports = member;
	struct read_port port = { .p = { .name = "", .protocol = SVCR_TCP } };
	size_t errors = svcrules_diags_errors(r->diags);
	struct svcr_service_port *slot;

	svcr_read_object(r, service_port_fields, &port);
	if (!port.port) {
		if (svcrules_diags_errors(r->diags) == errors)
			svcr_read_error(r, "range", "no port number");
		return;
	}
	if (!port.p.name || port.p.protocol == SVCR_OTHER_PROTOCOL)
		return; /* after a warning */
	slot = SVCR_READ_GROW(r, ports);
	if (!slot)
		return;
	*slot = port.p;
	slot->port = (uint16_t)port.port;
	slot->node_port = (uint16_t)port.node_port;
	if (port.target.type == SVCR_INT)
		slot->target = (uint16_t)port.target.number;
	else if (port.target.type == SVCR_STRING && *port.target.string)
		slot->target_name = port.target.string;
}

/* ---- Addresses --------------------------------------------------------- */

static void add_cluster_ip(struct svcr_reader *r, struct svcr_service *s, struct svcr_str text)
{
	struct svcr_addr a;

	if (svcr_str_eq(text, "None"))
		s->headless = true;
	else if (svcr_addr_parse(&a, text))
		svcr_read_add_addr(r, &s->cluster_ips, &a);
	else
		svcr_read_address_warning(r, text);
}

static void read_cluster_ip(struct svcr_reader *r, void *member)
{
	struct service_object *o = SVCR_CONTAINER(member, struct service_object, s.cluster_ips);
	struct svcr_str s;

	if (!svcr_read_string(r, &s) || !s.len)
		return;
	o->has_cluster_ips = true;
	add_cluster_ip(r, &o->s, s);
}

/* A name that rules do not need, and names or explanations do. */
static void read_host_name(struct svcr_reader *r, void *member)
{
	const char *name;

	if (!r->model->names && !r->model->explain) {
		svcr_json_skip(&r->json);
		return;
	}
	name = svcr_read_interned(r);
	if (name)
		*(const char **)member = name;
}

struct read_ingress {
	struct svcr_given_addr ip;
	const char *hostname;
	bool proxy; /* ipMode is Proxy */
};

static void read_ip_mode(struct svcr_reader *r, void *member)
{
	static const char *const words[] = { "VIP", "Proxy", NULL };

	*(bool *)member = svcr_read_word(r, words, "taken as VIP") == 1;
}

static const struct svcr_field ingress_fields[] = {
	{ SVCR_FIELD("ip"), SVCR_F_CUSTOM, offsetof(struct read_ingress, ip),
	  .read = svcr_read_given_addr },
	{ SVCR_FIELD("ipMode"), SVCR_F_CUSTOM, offsetof(struct read_ingress, proxy),
	  .read = read_ip_mode },
	{ SVCR_FIELD("hostname"), SVCR_F_CUSTOM, offsetof(struct read_ingress, hostname),
	  .read = read_host_name },
	SVCR_END
};

/* What a load balancer is reached at, and nothing here serves: a name, or an address of its own. */
static const char *elsewhere_of(struct svcr_reader *r, const struct read_ingress *i)
{
	char text[SVCR_ADDR_TEXT];

	if (i->ip.given && i->proxy) {
		svcr_addr_text(&i->ip.addr, text);
		return svcr_read_intern(r, (struct svcr_str){ text, strlen(text) });
	}
	return !i->ip.given && i->hostname && *i->hostname ? i->hostname : NULL;
}

/*
 * With ipMode Proxy the load balancer delivers to nodes itself, so its address is
 * not served here.
 */
static void read_balancer_ip(struct svcr_reader *r, void *member)
{
	struct svcr_service *s = SVCR_CONTAINER(member, struct svcr_service, balancer_ips);
	struct read_ingress ingress = { .proxy = false };

	svcr_read_object(r, ingress_fields, &ingress);
	if (ingress.ip.given && !ingress.proxy)
		svcr_read_add_addr(r, member, &ingress.ip.addr);
	else if (r->model->explain && !s->elsewhere)
		s->elsewhere = elsewhere_of(r, &ingress);
}

/* ---- Fields ------------------------------------------------------------ */

static void read_type(struct svcr_reader *r, void *member)
{
	static const char *const words[] = { "ClusterIP", "NodePort", "LoadBalancer",
					     "ExternalName", NULL };
	int i = svcr_read_word(r, words, "taken as ClusterIP");

	if (i >= 0)
		*(enum svcr_service_type *)member = (enum svcr_service_type)i;
}

static void read_affinity(struct svcr_reader *r, void *member)
{
	static const char *const words[] = { "None", "ClientIP", NULL };

	*(bool *)member = svcr_read_word(r, words, "taken as None") == 1;
}

/* An entry that is no prefix admits nobody, but it counts: without any entry all are admitted. */
static void read_source_range(struct svcr_reader *r, void *member)
{
	SVCR_CONTAINER(member, struct service_object, s.ranges)->has_ranges = true;
	svcr_read_cidr_item(r, member);
}

static void read_no_node_ports(struct svcr_reader *r, void *member)
{
	bool allocate = true;

	svcr_read_bool(r, &allocate);
	*(bool *)member = !allocate;
}

/* Only endpoints that are made from Pods need it. */
static void read_ip_family(struct svcr_reader *r, void *member)
{
	static const char *const words[] = { "IPv4", "IPv6", NULL };
	int i = svcr_read_word(r, words, "left out");

	if (i >= 0)
		*(uint8_t *)member |= (uint8_t)(1 << (i == 1 ? SVCR_IPV6 : SVCR_IPV4));
}

static void read_old_field(struct svcr_reader *r, void *member)
{
	enum svcr_json_type t = svcr_json_peek(&r->json);
	struct svcr_str s;

	if (t == SVCR_JSON_STRING)
		*(bool *)member = svcr_json_string(&r->json, &s) && s.len;
	else
		svcr_json_skip(&r->json);
	*(bool *)member = *(bool *)member || t == SVCR_JSON_ARRAY;
}

static const struct svcr_field client_ip_fields[] = {
	{ SVCR_FIELD("timeoutSeconds"), SVCR_F_INT, MEMBER(timeout), .min = 1, .max = MAX_TIMEOUT },
	SVCR_END
};

static const struct svcr_field affinity_config_fields[] = {
	{ SVCR_FIELD("clientIP"), SVCR_F_OBJECT, .fields = client_ip_fields }, SVCR_END
};

static const struct svcr_field service_spec_fields[] = {
	{ SVCR_FIELD("clusterIP"), SVCR_F_STRING, .offset = MEMBER(cluster_ip) },
	{ SVCR_FIELD("clusterIPs"), SVCR_F_EACH, MEMBER(s.cluster_ips), true,
	  .read = read_cluster_ip },
	{ SVCR_FIELD("externalIPs"), SVCR_F_EACH, MEMBER(s.external_ips), true,
	  .read = svcr_read_addr_item },
	{ SVCR_FIELD("ports"), SVCR_F_EACH, MEMBER(s.ports), true, .read = read_service_port },
	{ SVCR_FIELD("type"), SVCR_F_CUSTOM, MEMBER(s.type), .read = read_type },
	{ SVCR_FIELD("sessionAffinity"), SVCR_F_CUSTOM, MEMBER(affinity_on),
	  .read = read_affinity },
	{ SVCR_FIELD("sessionAffinityConfig"), SVCR_F_OBJECT, .fields = affinity_config_fields },
	{ SVCR_FIELD("internalTrafficPolicy"), SVCR_F_CUSTOM, MEMBER(s.internal_local),
	  .read = svcr_read_policy },
	{ SVCR_FIELD("externalTrafficPolicy"), SVCR_F_CUSTOM, MEMBER(s.external_local),
	  .read = svcr_read_policy },
	{ SVCR_FIELD("allocateLoadBalancerNodePorts"), SVCR_F_CUSTOM, MEMBER(s.no_node_ports),
	  .read = read_no_node_ports },
	{ SVCR_FIELD("healthCheckNodePort"), SVCR_F_INT, MEMBER(health_port), .min = 0,
	  .max = 65535 },
	{ SVCR_FIELD("loadBalancerSourceRanges"), SVCR_F_EACH, MEMBER(s.ranges), true,
	  .read = read_source_range },
	{ SVCR_FIELD("externalName"), SVCR_F_CUSTOM, MEMBER(external_name),
	  .read = read_host_name },
	{ SVCR_FIELD("publishNotReadyAddresses"), SVCR_F_BOOL, .offset = MEMBER(s.not_ready) },
	{ SVCR_FIELD("ipFamilies"), SVCR_F_EACH, MEMBER(s.families), .read = read_ip_family },
	{ SVCR_FIELD("loadBalancerIP"), SVCR_F_CUSTOM, MEMBER(meta.old[SVCR_OLD_LOAD_BALANCER_IP]),
	  .read = read_old_field },
	{ SVCR_FIELD("topologyKeys"), SVCR_F_CUSTOM, MEMBER(meta.old[SVCR_OLD_TOPOLOGY_KEYS]),
	  .read = read_old_field },
	{ SVCR_FIELD("selector"), SVCR_F_MAP, MEMBER(selector), .max = SVCR_LABELS_MAX },
	SVCR_END
};

static const struct svcr_field balancer_fields[] = { { SVCR_FIELD("ingress"), SVCR_F_EACH,
						       MEMBER(s.balancer_ips), true,
						       .read = read_balancer_ip },
						     SVCR_END };

static const struct svcr_field service_status_fields[] = {
	{ SVCR_FIELD("loadBalancer"), SVCR_F_OBJECT, .fields = balancer_fields }, SVCR_END
};

static const struct svcr_field service_fields[] = {
	{ SVCR_FIELD("metadata"), SVCR_F_OBJECT, MEMBER(meta),
	  .fields = svcr_service_metadata_fields },
	{ SVCR_FIELD("spec"), SVCR_F_OBJECT, .fields = service_spec_fields },
	{ SVCR_FIELD("status"), SVCR_F_OBJECT, .fields = service_status_fields },
	SVCR_END
};

/* ---- The whole object -------------------------------------------------- */

static void finish_cluster_ips(struct svcr_reader *r, struct service_object *o)
{
	struct svcr_service *s = &o->s;
	const char *first = o->cluster_ip;

	svcr_read_push(r, "spec", 0);
	svcr_read_push(r, "clusterIP", 0);
	if (!o->has_cluster_ips && first && *first)
		add_cluster_ip(r, s, (struct svcr_str){ first, strlen(first) });
	else if (!o->has_cluster_ips && s->type != SVCR_EXTERNAL_NAME && !s->not_ours &&
		 !r->model->endpoints_only && !r->model->overlaying && !r->json.failed)
		svcr_read_note(r, SVCRULES_NOTICE, "pending", NULL,
			       "no cluster IP yet: no %s for this service",
			       r->model->names ? "names" : "rules");
	svcr_read_pop(r);
	svcr_read_pop(r);
}

/* The length of the first label of a name. */
static size_t label_length(const char *name)
{
	return strcspn(name, ".");
}

/* True if API servers store such a name in externalName: they do not check how long labels are. */
static bool stored_name(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = name[i];
		bool inner = i > 0 && i + 1 < len && name[i - 1] != '.' && name[i + 1] != '.';

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && (c != '-' || !inner) &&
		    (c != '.' || !inner))
			return false;
	}
	return len > 0 && len <= SVCR_NAME_LONG;
}

/* A final dot says that the name is absolute, which it is in any case. */
static void finish_external_name(struct svcr_reader *r, struct service_object *o)
{
	const char *name = o->external_name ? o->external_name : "";
	size_t len = strlen(name), longest = 0;

	if (len > 1 && name[len - 1] == '.')
		len--;
	for (const char *p = name; *p; p += label_length(p), p += *p == '.')
		longest = label_length(p) > longest ? label_length(p) : longest;
	svcr_read_push(r, "spec.externalName", 0);
	if (!*name)
		svcr_read_error(r, "name", "missing");
	else if (!stored_name(name, len))
		svcr_read_error(r, "name",
				"'%.300s' is no DNS name: expected up to 253 lower-case letters, "
				"digits, '-' and '.', a letter or digit first and last in each "
				"label",
				name);
	else if (longest > SVCR_NAME_SHORT)
		svcr_read_warning(
			r, "name",
			"'%s' has a label of %zu octets, and a DNS name has at most 63 in "
			"each: left out",
			name, longest);
	else
		o->s.external_name = svcr_read_intern(r, (struct svcr_str){ name, len });
	svcr_read_pop(r);
}

static void finish_selector(struct svcr_reader *r, struct service_object *o)
{
	svcr_read_unique(&o->selector);
	SVCR_READ_KEEP(r, &o->selector);
	o->s.selector = o->selector.v;
	o->s.nselector = (uint32_t)o->selector.n;
}

static void finish_service(struct svcr_reader *r, void *object)
{
	struct service_object *o = object;
	struct svcr_service *s = &o->s, *slot;

	s->ns = o->meta.ns;
	s->name = o->meta.name;
	s->source = r->source;
	s->created = o->meta.created;
	s->not_ours = o->meta.not_ours;
	s->health_port = (uint16_t)o->health_port;
	for (size_t i = 0; i < SVCR_OLD__COUNT; i++)
		s->old |= (uint8_t)(o->meta.old[i] << i);
	s->scheduler = o->meta.scheduler ? o->meta.scheduler : "";
	if (o->affinity_on)
		s->affinity = o->timeout ? o->timeout : DEFAULT_TIMEOUT;
	if (s->type != SVCR_LOAD_BALANCER) /* fields left from a former type */
		s->balancer_ips.n = s->ranges.n = 0, s->elsewhere = NULL;
	s->has_ranges = o->has_ranges && s->type == SVCR_LOAD_BALANCER;
	finish_cluster_ips(r, o);
	if (r->model->names && s->type == SVCR_EXTERNAL_NAME && !r->json.failed)
		finish_external_name(r, o);
	else if (s->type == SVCR_EXTERNAL_NAME)
		s->external_name = o->external_name;
	SVCR_READ_KEEP(r, &s->cluster_ips);
	SVCR_READ_KEEP(r, &s->external_ips);
	SVCR_READ_KEEP(r, &s->balancer_ips);
	SVCR_READ_KEEP(r, &s->ranges);
	SVCR_READ_KEEP(r, &s->ports);
	finish_selector(r, o);
	slot = SVCR_READ_GROW(r, &r->model->services);
	if (slot)
		*slot = *s;
}

const struct svcr_kind svcr_kind_service = {
	.kind = "Service",
	.api = "v1",
	.namespaced = true,
	.fields = service_fields,
	.size = sizeof(struct service_object),
	.finish = finish_service,
};
