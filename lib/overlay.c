/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "overlay.h"
#include "kinds/kinds.h"
#include "overlay_ports.h"

#include <errno.h>

/* ---- While the overlay is read ------------------------------------------------- */

static bool is_kind(const struct svcr_seen *o, const struct svcr_kind *k)
{
	return o->kind == k && o->span[0].n == 1;
}

/* As an API server does for an update: by protocol and port. */
static int keep_node_ports(const struct svcr_service *old, struct svcr_service *new)
{
	struct svcr_old_ports x = { .by_name = NULL };
	int err = svcr_old_ports_make(&x, old);

	for (size_t i = 0; i < new->ports.n && !err; i++) {
		struct svcr_service_port *p = &new->ports.v[i];
		const struct svcr_service_port *was = p->node_port ?
							      NULL :
							      svcr_old_ports_number(&x, p->port,
										    p->protocol);

		if (was)
			p->node_port = was->node_port;
	}
	svcr_old_ports_release(&x);
	return err;
}

/* Lists are borrowed: those of `old` are in the arena. */
static int keep_assigned(const struct svcr_service *old, struct svcr_service *new)
{
	if (!new->cluster_ips.n && !new->headless &&new->type != SVCR_EXTERNAL_NAME) {
		new->cluster_ips = old->cluster_ips;
		new->headless = old->headless;
	}
	if (!new->balancer_ips.n &&new->type == SVCR_LOAD_BALANCER)
		new->balancer_ips = old->balancer_ips;
	if (new->type == SVCR_LOAD_BALANCER &&new->external_local && !new->health_port)
		new->health_port = old->health_port;
	if (!new->families)
		new->families = old->families;
	new->created = old->created;
	return svcr_service_has_node_ports(new) ? keep_node_ports(old, new) : 0;
}

static void overlay_note_service(struct svcr_reader *r, const struct svcr_service *now,
				 const struct svcr_service *before)
{
	struct svcr_overlaid *o = SVCR_READ_GROW(r, &r->model->overlaid);

	if (!o)
		return;
	o->ns = now->ns;
	o->name = now->name;
	o->is_new = !before;
	if (before)
		o->before = *before;
}

void svcr_overlay_replace(struct svcr_reader *r, const struct svcr_seen *old,
			  const struct svcr_seen *new)
{
	struct svcrules_model *m = r->model;

	if (is_kind(new, &svcr_kind_ingress) && is_kind(old, &svcr_kind_ingress))
		m->ingresses.v[new->span[0].at].created = m->ingresses.v[old->span[0].at].created;
	if (!is_kind(new, &svcr_kind_service))
		return;
	if (!is_kind(old, &svcr_kind_service)) { /* a watch event had deleted it */
		overlay_note_service(r, &m->services.v[new->span[0].at], NULL);
		return;
	}
	if (keep_assigned(&m->services.v[old->span[0].at], &m->services.v[new->span[0].at]))
		r->err = -ENOMEM;
	if (!old->overlay) /* else it was noted */
		overlay_note_service(r, &m->services.v[new->span[0].at],
				     &m->services.v[old->span[0].at]);
}

void svcr_overlay_add(struct svcr_reader *r, const struct svcr_seen *new)
{
	if (is_kind(new, &svcr_kind_service))
		overlay_note_service(r, &r->model->services.v[new->span[0].at], NULL);
}

/* ---- Services that have changed ------------------------------------------------- */

struct overlay {
	struct svcrules_model *m;
	struct svcrules_diags *d;
	int err;
};

/* Strings are interned: any order of their addresses finds them, and none of it is visible. */
static int overlaid_place_cmp(const char *a_ns, const char *a_name, const char *b_ns,
			      const char *b_name)
{
	if (a_ns != b_ns)
		return (uintptr_t)a_ns < (uintptr_t)b_ns ? -1 : 1;
	return ((uintptr_t)a_name > (uintptr_t)b_name) - ((uintptr_t)a_name < (uintptr_t)b_name);
}

static int overlaid_cmp(const void *a, const void *b)
{
	const struct svcr_overlaid *x = a, *y = b;

	return overlaid_place_cmp(x->ns, x->name, y->ns, y->name);
}

/* The first one that is not before the service; it may be past the end. */
static struct svcr_overlaid *overlaid_lower(const struct svcrules_model *m, const char *ns,
					    const char *name)
{
	size_t low = 0, high = m->overlaid.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct svcr_overlaid *o = &m->overlaid.v[mid];

		if (overlaid_place_cmp(o->ns, o->name, ns, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return &m->overlaid.v[low];
}

static struct svcr_overlaid *overlaid_find(const struct svcrules_model *m, const char *ns,
					   const char *name)
{
	struct svcr_overlaid *o = overlaid_lower(m, ns, name);

	return name && o < m->overlaid.v + m->overlaid.n && o->ns == ns && o->name == name ? o :
											     NULL;
}

/*
 * Says, or with `set` notes, that the namespace has Pods: the first service of it that the overlay
 * has holds that for all of them.
 */
static bool pods_of(struct svcrules_model *m, const char *ns, bool set)
{
	struct svcr_overlaid *o = overlaid_lower(m, ns, NULL);

	if (o == m->overlaid.v + m->overlaid.n || o->ns != ns)
		return false;
	o->pods |= set;
	return o->pods;
}

static bool has_same_selector(const struct svcr_service *a, const struct svcr_service *b)
{
	for (size_t i = 0; i < a->nselector && a->nselector == b->nselector; i++)
		if (a->selector[i].key != b->selector[i].key ||
		    a->selector[i].value != b->selector[i].value)
			return false;
	return a->nselector == b->nselector;
}

/* True if endpoints have the same numbers for the port. */
static bool has_same_target(const struct svcr_service_port *a, const struct svcr_service_port *b)
{
	uint16_t x = a->target ? a->target : a->port, y = b->target ? b->target : b->port;

	return a->protocol == b->protocol && a->target_name == b->target_name &&
	       (a->target_name || x == y);
}

static bool has_same_ports(const struct svcr_service *a, const struct svcr_service *b)
{
	for (size_t i = 0; i < a->ports.n && a->ports.n == b->ports.n; i++)
		if (a->ports.v[i].name != b->ports.v[i].name ||
		    !has_same_target(&a->ports.v[i], &b->ports.v[i]))
			return false;
	return a->ports.n == b->ports.n;
}

/* Writes the object of a diagnostic, and returns it. */
static const char *service_object(const struct svcr_service *s, char object[static 256])
{
	snprintf(object, 256, "Service %s/%s", s->ns, s->name);
	return object;
}

/* `d` has the check and the field. */
static void tell_notice(struct overlay *x, const struct svcr_service *s, struct svcrules_diag d,
			const char *what)
{
	char object[256];

	d.severity = SVCRULES_NOTICE;
	d.source = s->source;
	d.object = service_object(s, object);
	svcr_diag(x->d, &d, "%s", what);
}

static void tell_node_ports(struct overlay *x, const struct svcr_service *s)
{
	size_t without = 0;
	char text[128];

	for (size_t i = 0; i < s->ports.n; i++)
		without += svcr_service_has_node_ports(s) && !s->ports.v[i].node_port;
	if (!without)
		return;
	snprintf(text, sizeof(text),
		 "%zu port%s no node port yet, which an API server assigns: not shown", without,
		 without == 1 ? " has" : "s have");
	tell_notice(x, s,
		    (struct svcrules_diag){ .check = "overlay-node-port", .field = "spec.ports" },
		    text);
}

static bool has_ip_of(const struct svcr_service *s, uint8_t family)
{
	for (size_t i = 0; i < s->cluster_ips.n; i++)
		if (s->cluster_ips.v[i].family == family)
			return true;
	return false;
}

/* Says what only an API server, or a cloud, can assign. */
static void tell_assigned(struct overlay *x, const struct svcr_service *s,
			  const struct svcr_overlaid *o)
{
	if (s->type == SVCR_EXTERNAL_NAME || s->not_ours || s->headless || x->m->endpoints_only)
		return;
	if (!s->cluster_ips.n) {
		tell_notice(x, s,
			    (struct svcrules_diag){ .check = "pending", .field = "spec.clusterIP" },
			    "no cluster IP yet, which an API server assigns: what the service "
			    "would change is not shown");
		return;
	}
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++)
		if ((s->families & (1 << f)) && !has_ip_of(s, f))
			tell_notice(x, s,
				    (struct svcrules_diag){ .check = "overlay-address",
							    .field = "spec.clusterIPs" },
				    f == SVCR_IPV6 ?
					    "no IPv6 address yet, which an API server assigns: "
					    "not shown" :
					    "no IPv4 address yet, which an API server assigns: "
					    "not shown");
	if (s->type == SVCR_LOAD_BALANCER && !s->balancer_ips.n &&
	    (o->is_new || o->before.type != SVCR_LOAD_BALANCER))
		tell_notice(x, s,
			    (struct svcrules_diag){ .check = "overlay-address",
						    .field = "status.loadBalancer" },
			    "no address of a load balancer yet, which a cloud assigns: not "
			    "shown");
	tell_node_ports(x, s);
}

/* Says what cannot be known without Pods, and what is shown instead. */
static void tell_unknown(struct overlay *x, const struct svcr_service *s, bool selector)
{
	char object[256];
	const struct svcrules_diag d = { .severity = SVCRULES_WARNING,
					 .check = "overlay-endpoints",
					 .source = s->source,
					 .object = service_object(s, object),
					 .field = selector ? "spec.selector" : "spec.ports" };

	if (selector)
		svcr_diag(x->d, &d,
			  "the selector has changed, and the input has no Pods of the namespace: "
			  "which endpoints it selects is not known, and those of before are shown");
	else
		svcr_diag(x->d, &d,
			  "a targetPort is a name that no port had before, and the input has no "
			  "Pods of the namespace: which number it has is not known; a port keeps "
			  "its endpoints of before, and a new one is shown without");
}

/* Finds out which ports are which; *ret_unknown is set as svcr_follow_ports() returns it. */
static int find_ports(struct overlay *x, const struct svcr_service *s, struct svcr_overlaid *o,
		      const struct svcr_service_port **ret_unknown)
{
	struct svcr_old_ports old = { .by_name = NULL };
	int err = svcr_old_ports_make(&old, &o->before);

	o->ports = svcr_arena_array(&x->m->arena, s->ports.n + 1, sizeof(*o->ports));
	if (!o->ports)
		err = -ENOMEM;
	if (!err)
		*ret_unknown = svcr_follow_ports(&old, s, o->ports);
	svcr_old_ports_release(&old);
	return err;
}

/* Lets the Pods of the input be the endpoints of a service. */
static void use_pods(struct overlay *x, const struct svcr_service *s, struct svcr_overlaid *o,
		     const char *field)
{
	o->use_pods = true;
	x->m->pods_use = SVCR_PODS_USED;
	tell_notice(x, s, (struct svcrules_diag){ .check = "endpoints-from-pods", .field = field },
		    "changed: its endpoints are found anew among the Pods of the input");
}

/* Decides how the endpoints of a service follow, and says so if they cannot. */
static void follow_judge(struct overlay *x, const struct svcr_service *s, struct svcr_overlaid *o)
{
	const struct svcr_service *before = &o->before;
	bool selector = !has_same_selector(before, s), ready = before->not_ready != s->not_ready;
	const struct svcr_service_port *unknown = NULL;

	tell_assigned(x, s, o);
	if (!s->nselector) /* its endpoints are made by hand */
		return;
	if (o->is_new) {
		if (pods_of(x->m, s->ns, false))
			x->m->pods_use = SVCR_PODS_USED;
		return;
	}
	x->err = find_ports(x, s, o, &unknown);
	if (x->err)
		return;
	if ((selector || unknown || ready) && pods_of(x->m, s->ns, false)) {
		use_pods(x, s, o,
			 selector ? "spec.selector" :
			 unknown  ? "spec.ports" :
				    "spec.publishNotReadyAddresses");
		return;
	}
	if (selector || unknown)
		tell_unknown(x, s, selector);
	o->use_ports = before->nselector && !has_same_ports(before, s);
	o->use_ready = before->nselector && ready;
}

bool svcr_overlay_uses_pods(const struct svcrules_model *m, const struct svcr_service *s)
{
	const struct svcr_overlaid *o = m->overlaying || !m->overlaid.n ?
						NULL :
						overlaid_find(m, s->ns, s->name);

	return o && o->use_pods;
}

/* ---- Slices ---------------------------------------------------------------------- */

/* Sets which endpoints are ready as the controller does for the service as it is now. */
static void follow_ready(struct svcr_slice *slice, const struct svcr_service *now)
{
	for (size_t i = 0; i < slice->endpoints.n; i++) {
		struct svcr_endpoint *e = &slice->endpoints.v[i];

		e->ready = now->not_ready || (e->serving && !e->terminating);
	}
}

static void follow(struct overlay *x, struct svcr_slice *slice)
{
	const struct svcr_overlaid *o = overlaid_find(x->m, slice->ns, slice->service);

	if (!o || o->is_new)
		return;
	if (o->use_pods) { /* the service has no slices, so that Pods become endpoints */
		slice->service = NULL;
		slice->ignored = true;
	}
	if (o->use_ports)
		x->err = svcr_follow_slice(slice, o->now, o->ports, &x->m->arena);
	if (o->use_ready)
		follow_ready(slice, o->now);
}

/* ---- The interface --------------------------------------------------------------- */

void svcrules_model_overlay(struct svcrules_model *m)
{
	m->overlaying = true;
	m->all_pods = true;
}

int svcrules_model_overlay_end(struct svcrules_model *m, struct svcrules_diags *d)
{
	struct overlay x = { .m = m, .d = d };

	m->overlaying = false;
	if (!m->overlaid.n)
		return 0;
	qsort(m->overlaid.v, m->overlaid.n, sizeof(*m->overlaid.v), overlaid_cmp);
	for (size_t i = 0; i < m->pods.n; i++)
		pods_of(m, m->pods.v[i].ns, true);
	for (size_t i = 0; i < m->services.n && !x.err; i++) {
		const struct svcr_service *s = &m->services.v[i];
		struct svcr_overlaid *o = overlaid_find(m, s->ns, s->name);

		if (o) {
			o->now = s;
			follow_judge(&x, s, o);
		}
	}
	for (size_t i = 0; i < m->slices.n && !x.err; i++)
		follow(&x, &m->slices.v[i]);
	return x.err;
}
