/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "overlay.h"
#include "kinds/kinds.h"

#include <errno.h>

/* ---- While the overlay is read ------------------------------------------------- */

static bool is_kind(const struct svcr_seen *o, const struct svcr_kind *k)
{
	return o->kind == k && o->span[0].n == 1;
}

/* As an API server does for an update: by protocol and port. */
static void keep_node_ports(const struct svcr_service *old, struct svcr_service *new)
{
	for (size_t i = 0; i < new->ports.n; i++) {
		struct svcr_service_port *p = &new->ports.v[i];

		for (size_t k = 0; k < old->ports.n && !p->node_port; k++)
			if (old->ports.v[k].protocol == p->protocol &&
			    old->ports.v[k].port == p->port)
				p->node_port = old->ports.v[k].node_port;
	}
}

/* Lists are borrowed: those of `old` are in the arena. */
static void keep_assigned(const struct svcr_service *old, struct svcr_service *new)
{
	if (!new->cluster_ips.n && !new->headless &&new->type != SVCR_EXTERNAL_NAME) {
		new->cluster_ips = old->cluster_ips;
		new->headless = old->headless;
	}
	if (!new->balancer_ips.n &&new->type == SVCR_LOAD_BALANCER)
		new->balancer_ips = old->balancer_ips;
	if (svcr_service_has_node_ports(new))
		keep_node_ports(old, new);
	if (new->type == SVCR_LOAD_BALANCER &&new->external_local && !new->health_port)
		new->health_port = old->health_port;
	if (!new->families)
		new->families = old->families;
	new->created = old->created;
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
	keep_assigned(&m->services.v[old->span[0].at], &m->services.v[new->span[0].at]);
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

static uint16_t target_number(const struct svcr_service_port *p)
{
	return p->target ? p->target : p->port;
}

static bool has_same_target(const struct svcr_service_port *a, const struct svcr_service_port *b)
{
	return a->protocol == b->protocol && a->target_name == b->target_name &&
	       (a->target_name || target_number(a) == target_number(b));
}

static const struct svcr_service_port *port_named(const struct svcr_service *s, const char *name,
						  uint8_t protocol)
{
	for (size_t i = 0; i < s->ports.n; i++)
		if (s->ports.v[i].name == name && s->ports.v[i].protocol == protocol)
			return &s->ports.v[i];
	return NULL;
}

/* The port whose endpoints `p` has: of the same target, and best of the same number. */
static const struct svcr_service_port *port_alike(const struct svcr_service *before,
						  const struct svcr_service_port *p)
{
	const struct svcr_service_port *found = port_named(before, p->name, p->protocol);

	if (found && has_same_target(found, p))
		return found;
	found = NULL;
	for (size_t i = 0; i < before->ports.n; i++) {
		const struct svcr_service_port *b = &before->ports.v[i];

		if (has_same_target(b, p) && (!found || b->port == p->port))
			found = b;
	}
	return found;
}

/* True if the numbers of all ports of endpoints are known without Pods. */
static bool knows_ports(const struct svcr_service *before, const struct svcr_service *now)
{
	for (size_t i = 0; i < now->ports.n; i++)
		if (now->ports.v[i].target_name && !port_alike(before, &now->ports.v[i]))
			return false;
	return true;
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

/* Says what only an API server can assign. */
static void tell_assigned(struct overlay *x, const struct svcr_service *s)
{
	char object[256];
	const struct svcrules_diag ip = { .severity = SVCRULES_NOTICE,
					  .check = "pending",
					  .source = s->source,
					  .object = service_object(s, object),
					  .field = "spec.clusterIP" };
	const struct svcrules_diag node = { .severity = SVCRULES_NOTICE,
					    .check = "overlay-node-port",
					    .source = s->source,
					    .object = object,
					    .field = "spec.ports" };
	size_t without = 0;

	if (s->type == SVCR_EXTERNAL_NAME || s->not_ours || s->headless)
		return;
	if (!s->cluster_ips.n && !x->m->endpoints_only) {
		svcr_diag(x->d, &ip,
			  "no cluster IP yet, which an API server assigns: what the service would "
			  "change is not shown");
		return;
	}
	for (size_t i = 0; i < s->ports.n; i++)
		without += svcr_service_has_node_ports(s) && !s->ports.v[i].node_port;
	if (without && !x->m->endpoints_only)
		svcr_diag(x->d, &node,
			  "%zu port%s no node port yet, which an API server assigns: not shown",
			  without, without == 1 ? " has" : "s have");
}

/* Decides whether the endpoints of a service can follow, and says so if they cannot. */
static void follow_judge(struct overlay *x, const struct svcr_service *s, struct svcr_overlaid *o)
{
	const struct svcr_service *before = &o->before;
	bool selector = !has_same_selector(before, s), pods, known = knows_ports(before, s);
	char object[256];
	const struct svcrules_diag d = { .severity = SVCRULES_WARNING,
					 .check = "overlay-endpoints",
					 .source = s->source,
					 .object = service_object(s, object),
					 .field = selector ? "spec.selector" : "spec.ports" };

	tell_assigned(x, s);
	if (o->is_new)
		return;
	pods = pods_of(x->m, s->ns, false);
	if (!s->nselector) /* its endpoints are made by hand */
		return;
	if (pods && (selector || !known || before->not_ready != s->not_ready)) {
		o->use_pods = true;
		x->m->pods_use = SVCR_PODS_USED;
		return;
	}
	if (selector)
		svcr_diag(x->d, &d,
			  "the selector has changed, and the input has no Pods of the namespace: "
			  "which endpoints it selects is not known, and those of before are shown");
	else if (!known)
		svcr_diag(x->d, &d,
			  "a targetPort is a name that no port had before, and the input has no "
			  "Pods of the namespace: which number it has is not known, and the port "
			  "is shown without endpoints");
	o->use_ports = before->nselector && !has_same_ports(before, s);
}

/* ---- Slices ---------------------------------------------------------------------- */

static const struct svcr_slice_port *slice_port(const struct svcr_slice *s, const char *name,
						uint8_t protocol)
{
	for (size_t i = 0; i < s->ports.n; i++)
		if (s->ports.v[i].name == name && s->ports.v[i].protocol == protocol)
			return &s->ports.v[i];
	return NULL;
}

/* The ports that the controller would write into the slice for the service as it is now. */
static void follow_ports(struct overlay *x, struct svcr_slice *slice,
			 const struct svcr_service *before, const struct svcr_service *now)
{
	struct svcr_slice_port *v = svcr_arena_array(&x->m->arena, now->ports.n, sizeof(*v));
	size_t n = 0;

	if (!v) {
		x->err = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < now->ports.n; i++) {
		const struct svcr_service_port *p = &now->ports.v[i];
		const struct svcr_service_port *old = port_alike(before, p);
		const struct svcr_slice_port *had = NULL;

		if (old)
			had = slice_port(slice, old->name, old->protocol);
		else if (!port_named(before, p->name, p->protocol))
			had = slice_port(slice, p->name, p->protocol);
		if (had)
			v[n++] = (struct svcr_slice_port){ p->name, had->port, p->protocol };
		else if (!old && !p->target_name)
			v[n++] = (struct svcr_slice_port){ p->name, target_number(p), p->protocol };
	}
	slice->ports = (struct svcr_slice_ports){ v, n, 0 };
}

static void follow(struct overlay *x, struct svcr_slice *slice)
{
	const struct svcr_overlaid *o = overlaid_find(x->m, slice->ns, slice->service);

	if (!o || o->is_new)
		return;
	if (o->use_pods) { /* the service has no slices, so that Pods become endpoints */
		slice->service = NULL;
		slice->ignored = true;
	} else if (o->use_ports) {
		follow_ports(x, slice, &o->before, o->now);
	}
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
	for (size_t i = 0; i < m->services.n; i++) {
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
