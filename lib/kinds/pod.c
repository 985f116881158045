/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pod of v1: its labels, addresses, node, whether it is ready, its name in DNS, and the container
 * ports that have names. There may be hundreds of thousands, so nothing else is kept.
 */
#include "pod.h"
#include "kinds.h"
#include "same.h"
#include "timestamp.h"

#define MEMBER(path) offsetof(struct pod_object, path)

/* ---- Ports ------------------------------------------------------------- */

struct read_pod_port {
	struct svcr_pod_port p;
	uint32_t port;
};

static const struct svcr_field pod_port_fields[] = {
	{ SVCR_FIELD("name"), SVCR_F_CUSTOM, offsetof(struct read_pod_port, p.name),
	  .read = svcr_read_port_name },
	{ SVCR_FIELD("containerPort"), SVCR_F_INT, offsetof(struct read_pod_port, port), .min = 1,
	  .max = 65535 },
	{ SVCR_FIELD("protocol"), SVCR_F_CUSTOM, offsetof(struct read_pod_port, p.protocol),
	  .read = svcr_read_protocol },
	SVCR_END
};

/* Ports without a name may be used all the same, and say nothing. */
static void read_pod_port(struct svcr_reader *r, void *member)
{
	struct read_pod_port x = { .p = { .name = "", .protocol = SVCR_TCP } };
	size_t errors = svcrules_diags_errors(r->diags);
	struct pod_ports *list = member;
	struct svcr_pod_port *slot;

	svcr_read_object(r, pod_port_fields, &x);
	if (!x.p.name || !*x.p.name || x.p.protocol == SVCR_OTHER_PROTOCOL)
		return;
	if (!x.port) {
		if (svcrules_diags_errors(r->diags) == errors)
			svcr_read_error(r, "range", "no port number");
		return;
	}
	slot = SVCR_READ_GROW(r, list);
	if (!slot)
		return;
	*slot = x.p;
	slot->port = (uint16_t)x.port;
}

/* A container as it is read: its ports are added to a list of the pod. */
struct read_container {
	struct pod_ports *ports;
	bool restarts; /* restartPolicy is Always */
};

static void read_pod_ports(struct svcr_reader *r, void *member)
{
	struct read_container *c = SVCR_CONTAINER(member, struct read_container, ports);

	svcr_read_each(r, read_pod_port, c->ports);
}

static void read_restarts(struct svcr_reader *r, void *member)
{
	struct svcr_str s;

	*(bool *)member = svcr_read_string(r, &s) && svcr_str_eq(s, "Always");
}

static const struct svcr_field container_fields[] = {
	{ SVCR_FIELD("ports"), SVCR_F_CUSTOM, offsetof(struct read_container, ports),
	  .read = read_pod_ports },
	{ SVCR_FIELD("restartPolicy"), SVCR_F_CUSTOM, offsetof(struct read_container, restarts),
	  .read = read_restarts },
	SVCR_END
};

static void read_main_container(struct svcr_reader *r, void *member)
{
	struct read_container c = { .ports = member };

	svcr_read_object(r, container_fields, &c);
}

/* Init containers have ended when the pod serves, except those that restart. */
static void read_init_container(struct svcr_reader *r, void *member)
{
	struct read_container c = { .ports = member };
	size_t before = c.ports->n;

	svcr_read_object(r, container_fields, &c);
	if (!c.restarts)
		c.ports->n = before;
}

/* ---- Addresses --------------------------------------------------------- */

static void pod_add_addr(struct svcr_reader *r, struct svcr_addrs *list, const struct svcr_addr *a)
{
	const char *unusable = svcr_addr_unusable(a);
	char text[SVCR_ADDR_TEXT];

	if (unusable)
		svcr_read_warning(r, "address", "%s is %s address, which no pod has: left out",
				  svcr_addr_text(a, text), unusable);
	else
		svcr_read_add_addr(r, list, a);
}

static void read_pod_addr(struct svcr_reader *r, void *member)
{
	struct svcr_given_addr a = { .given = false };

	svcr_read_given_addr(r, &a);
	if (a.given)
		pod_add_addr(r, member, &a.addr);
}

static void read_pod_ip(struct svcr_reader *r, void *member)
{
	static const struct svcr_field fields[] = {
		{ SVCR_FIELD("ip"), SVCR_F_CUSTOM, 0, .read = read_pod_addr }, SVCR_END
	};

	SVCR_CONTAINER(member, struct pod_object, ips)->has_ips = true;
	svcr_read_object(r, fields, member);
}

static void read_phase(struct svcr_reader *r, void *member)
{
	struct pod_object *o = SVCR_CONTAINER(member, struct pod_object, ended);
	struct svcr_str s;

	o->has_phase = svcr_read_string(r, &s);
	if (o->has_phase)
		o->ended = svcr_str_eq(s, "Succeeded") || svcr_str_eq(s, "Failed");
}

/* ---- Conditions -------------------------------------------------------- */

struct read_condition {
	bool is_ready;  /* its type is Ready */
	bool holds;     /* its status is True */
	uint32_t since; /* seconds */
};

static void read_condition_type(struct svcr_reader *r, void *member)
{
	struct svcr_str s;

	*(bool *)member = svcr_read_string(r, &s) && svcr_str_eq(s, "Ready");
}

static void read_condition_status(struct svcr_reader *r, void *member)
{
	struct svcr_str s;

	*(bool *)member = svcr_read_string(r, &s) && svcr_str_eq(s, "True");
}

/* Only explanations show the time: one that is none is left out. */
static void read_condition_since(struct svcr_reader *r, void *member)
{
	struct svcr_str s;
	int64_t ns;

	if (svcr_read_string(r, &s) && svcr_timestamp_parse(&ns, s) && ns > 0 &&
	    ns / 1000000000 <= UINT32_MAX)
		*(uint32_t *)member = (uint32_t)(ns / 1000000000);
}

#define CONDITION(path) offsetof(struct read_condition, path)

static const struct svcr_field condition_fields[] = {
	{ SVCR_FIELD("type"), SVCR_F_CUSTOM, CONDITION(is_ready), .read = read_condition_type },
	{ SVCR_FIELD("status"), SVCR_F_CUSTOM, CONDITION(holds), .read = read_condition_status },
	{ SVCR_FIELD("lastTransitionTime"), SVCR_F_CUSTOM, CONDITION(since),
	  .read = read_condition_since },
	SVCR_END
};

static void read_condition(struct svcr_reader *r, void *member)
{
	struct pod_object *o = SVCR_CONTAINER(member, struct pod_object, ready);
	struct read_condition c = { .is_ready = false };

	svcr_read_object(r, condition_fields, &c);
	if (!c.is_ready)
		return;
	o->ready = c.holds;
	o->more.since = c.since;
}

/* ---- Fields ------------------------------------------------------------ */

static void read_pod_name(struct svcr_reader *r, void *member)
{
	svcr_read_name(r, member, SVCR_NAME_SHORT, "left out");
}

const struct svcr_field svcr_pod_spec_fields[] = {
	{ SVCR_FIELD("containers"), SVCR_F_EACH, MEMBER(ports), true, .read = read_main_container },
	{ SVCR_FIELD("initContainers"), SVCR_F_EACH, MEMBER(init_ports), true,
	  .read = read_init_container },
	{ SVCR_FIELD("hostNetwork"), SVCR_F_BOOL, .offset = MEMBER(host_network) },
	{ SVCR_FIELD("hostname"), SVCR_F_CUSTOM, MEMBER(more.hostname), .read = read_pod_name },
	{ SVCR_FIELD("subdomain"), SVCR_F_CUSTOM, MEMBER(more.subdomain), .read = read_pod_name },
	{ SVCR_FIELD("nodeName"), SVCR_F_STRING, .offset = MEMBER(node) },
	SVCR_END
};

static const struct svcr_field pod_status_fields[] = {
	{ SVCR_FIELD("conditions"), SVCR_F_EACH, MEMBER(ready), .read = read_condition },
	{ SVCR_FIELD("phase"), SVCR_F_CUSTOM, MEMBER(ended), .read = read_phase },
	{ SVCR_FIELD("podIP"), SVCR_F_CUSTOM, MEMBER(ip), .read = svcr_read_given_addr },
	{ SVCR_FIELD("podIPs"), SVCR_F_EACH, MEMBER(ips), true, .read = read_pod_ip },
	SVCR_END
};

/* Names of a template are of no pod. */
static const struct svcr_field template_metadata_fields[] = {
	{ SVCR_FIELD("labels"), SVCR_F_MAP, offsetof(struct svcr_labelled, labels),
	  .max = SVCR_LABELS_MAX },
	SVCR_END
};

const struct svcr_field svcr_pod_template_fields[] = {
	{ SVCR_FIELD("metadata"), SVCR_F_OBJECT, MEMBER(head), .fields = template_metadata_fields },
	{ SVCR_FIELD("spec"), SVCR_F_OBJECT, .fields = svcr_pod_spec_fields },
	SVCR_END
};

static const struct svcr_field pod_fields[] = {
	{ SVCR_FIELD("metadata"), SVCR_F_OBJECT, MEMBER(head),
	  .fields = svcr_labelled_metadata_fields },
	{ SVCR_FIELD("spec"), SVCR_F_OBJECT, .fields = svcr_pod_spec_fields },
	{ SVCR_FIELD("status"), SVCR_F_OBJECT, .fields = pod_status_fields },
	SVCR_END
};

/* ---- The whole object -------------------------------------------------- */

static void finish_single_ip(struct svcr_reader *r, struct pod_object *o)
{
	svcr_read_push(r, "status", 0);
	svcr_read_push(r, "podIP", 0);
	pod_add_addr(r, &o->ips, &o->ip.addr);
	svcr_read_pop(r);
	svcr_read_pop(r);
}

/*
 * Moves the named ports into the model. The pods of a Deployment are neighbours in a list, and have
 * the same ports: a pod shares the list of the one before it.
 */
static void finish_pod_ports(struct svcr_reader *r, struct pod_object *o, struct svcr_pod *pod)
{
	const struct svcr_pod *last = r->model->pods.n ? &r->model->pods.v[r->model->pods.n - 1] :
							 NULL;

	for (size_t i = 0; i < o->init_ports.n; i++) {
		struct svcr_pod_port *slot = SVCR_READ_GROW(r, &o->ports);

		if (slot)
			*slot = o->init_ports.v[i];
	}
	free(o->init_ports.v);
	if (last && svcr_same_pod_ports(last->ports.v, last->ports.n, o->ports.v, o->ports.n)) {
		free(o->ports.v);
		pod->ports = last->ports;
		return;
	}
	SVCR_READ_KEEP(r, &o->ports);
	pod->ports.v = o->ports.v;
	pod->ports.n = (uint32_t)o->ports.n;
}

/* Returns the number of what few pods have; 0: this one has nothing of it. */
static uint32_t keep_pod_more(struct svcr_reader *r, struct svcr_pod_more *more, bool ready)
{
	struct svcr_pod_more *slot;

	if (!more->hostname || !*more->hostname || !more->subdomain || !*more->subdomain)
		more->hostname = more->subdomain = NULL;
	if (ready)
		more->since = 0;
	if (!more->hostname && !more->since && !more->kind)
		return 0;
	slot = SVCR_READ_GROW(r, &r->model->pod_more);
	if (!slot)
		return 0;
	*slot = *more;
	return (uint32_t)r->model->pod_more.n;
}

void svcr_pod_keep(struct svcr_reader *r, struct pod_object *o)
{
	struct svcr_pod pod = { .ns = o->head.meta.ns,
				.name = o->head.meta.name,
				.source = r->source,
				.node = o->node && *o->node ? o->node : NULL,
				.labels = svcr_read_labels(r, &o->head),
				.more = keep_pod_more(r, &o->more, o->ready),
				.ready = o->ready,
				.terminating = o->head.meta.terminating,
				.host_network = o->host_network,
				.ended = o->ended,
				.planned = !o->head.meta.uid && !o->has_phase };
	struct svcr_pod *slot;

	if (!o->has_ips && o->ip.given)
		finish_single_ip(r, o);
	pod.planned = pod.planned && !pod.node && !o->ips.n;
	svcr_addrs_sort(&o->ips);
	SVCR_READ_KEEP(r, &o->ips);
	pod.ips = o->ips;
	finish_pod_ports(r, o, &pod);
	slot = pod.labels ? SVCR_READ_GROW(r, &r->model->pods) : NULL;
	if (slot)
		*slot = pod;
}

static void finish_pod(struct svcr_reader *r, void *object)
{
	svcr_pod_keep(r, object);
}

const struct svcr_kind svcr_kind_pod = {
	.kind = "Pod",
	.api = "v1",
	.namespaced = true,
	.fields = pod_fields,
	.size = sizeof(struct pod_object),
	.finish = finish_pod,
};
