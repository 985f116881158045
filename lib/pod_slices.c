/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pod_slices.h"
#include "diag.h"
#include "hash.h"
#include "overlay.h"

#include <errno.h>

/* ---- Whether Pods are needed ---------------------------------------------- */

static uint32_t owner_hash(const char *ns, const char *name)
{
	return (uint32_t)svcr_mix((uintptr_t)ns ^ 0x9e3779b97f4a7c15, (uintptr_t)name);
}

/* The slot of the slice that names the service, or the free one where it belongs. */
static struct svcr_slot *owner_slot(const struct svcr_table *t, const char *ns, const char *name)
{
	uint32_t hash = owner_hash(ns, name);
	struct svcr_slot *slot = svcr_table_first(t, hash);
	const struct svcr_slice *s;

	while ((s = slot->entry) && (s->ns != ns || s->service != name))
		slot = svcr_table_next(t, slot);
	return slot;
}

static int add_owners(struct svcr_table *t, const struct svcrules_model *m)
{
	if (!svcr_table_grow(t)) /* so that it can be searched even if it is empty */
		return -ENOMEM;
	for (size_t i = 0; i < m->slices.n; i++) {
		const struct svcr_slice *s = &m->slices.v[i];
		struct svcr_slot *slot;

		if (!s->service)
			continue;
		if (!svcr_table_has_room(t) && !svcr_table_grow(t))
			return -ENOMEM;
		slot = owner_slot(t, s->ns, s->service);
		if (!slot->entry)
			svcr_table_put(t, slot, s, owner_hash(s->ns, s->service), 0);
	}
	return 0;
}

static bool wants_pods(const struct svcr_service *s)
{
	return s->nselector && s->type != SVCR_EXTERNAL_NAME;
}

/* Counts the services with a selector that no slice names; *ret_first is the first by name. */
static int count_without(const struct svcrules_model *m, size_t *ret_n,
			 const struct svcr_service **ret_first)
{
	struct svcr_table owners = { NULL, .used = 0 };
	const struct svcr_service *first = NULL;
	int err = add_owners(&owners, m);

	*ret_n = 0;
	for (size_t i = 0; i < m->services.n && !err; i++) {
		const struct svcr_service *s = &m->services.v[i];
		int d = 0;

		if (!wants_pods(s) || owner_slot(&owners, s->ns, s->name)->entry ||
		    svcr_overlay_uses_pods(m, s))
			continue;
		++*ret_n;
		if (first)
			d = strcmp(s->ns, first->ns);
		if (first && !d)
			d = strcmp(s->name, first->name);
		first = !first || d < 0 ? s : first;
	}
	*ret_first = first;
	svcr_table_release(&owners);
	return err;
}

int svcr_pods_decide(struct svcrules_model *m)
{
	const struct svcr_service *first;
	size_t without = 0;
	int err = m->services.n ? count_without(m, &without, &first) : 0;

	if (!err)
		m->pods_use = without || !m->services.n ? SVCR_PODS_USED : SVCR_PODS_UNUSED;
	return err;
}

int svcr_pods_tell(const struct svcrules_model *m, struct svcrules_diags *d)
{
	const struct svcr_service *first;
	char object[256];
	size_t n;
	int err;

	if (m->pods_use == SVCR_PODS_UNKNOWN || (m->pods_use == SVCR_PODS_USED && !m->pods.n))
		return 0;
	err = count_without(m, &n, &first);
	if (err || !n)
		return err;
	snprintf(object, sizeof(object), "Service %s/%s", first->ns, first->name);
	if (m->pods_use == SVCR_PODS_USED)
		svcr_diag(d,
			  &(struct svcrules_diag){ .severity = SVCRULES_NOTICE,
						   .check = "endpoints-from-pods" },
			  "%zu service%s with a selector %s no EndpointSlice and no Endpoints in "
			  "the input, such as %s/%s: endpoints come from the %zu Pod%s",
			  n, n == 1 ? "" : "s", n == 1 ? "has" : "have", first->ns, first->name,
			  m->pods.n, m->pods.n == 1 ? "" : "s");
	else
		svcr_diag(d,
			  &(struct svcrules_diag){ .severity = SVCRULES_WARNING,
						   .check = "pods-skipped",
						   .source = first->source,
						   .object = object },
			  "no EndpointSlice and no Endpoints%s, and Pods were skipped because all "
			  "services before them had some: it gets no endpoints; Pods that come "
			  "after it would be read",
			  n > 1 ? ", as other services" : "");
	return 0;
}

bool svcr_pods_serve(const struct svcrules_model *m, const struct svcr_service *s)
{
	return m->pods.n && m->pods_use == SVCR_PODS_USED && wants_pods(s);
}

/* ---- Ports ------------------------------------------------------------------ */

/* Pods for which the ports of the service have the same numbers: they share a slice. */
struct pod_group {
	uint32_t hash;
	uint16_t *numbers; /* of each port of the service; 0: no container has it */
	size_t n;          /* endpoints */
	struct svcr_slice slice;
};

/* A pod that the selector matches. */
struct matched_pod {
	const struct svcr_pod *pod;
	struct pod_group *group;
};

struct slices_maker {
	struct svcr_pod_slices *x;
	const struct svcrules_model *m;
	const struct svcr_service *s;
	bool families[SVCR_FAMILY__COUNT];
	SVCR_LIST(struct matched_pod) pods;
	SVCR_LIST(uint32_t) named; /* ports whose targetPort is a name, sorted by it */
	uint16_t *numbers;         /* of the pod being looked at */
	struct svcr_table table;   /* of groups */
	SVCR_LIST(struct pod_group *) groups;
};

static int target_key_cmp(const char *name, uint8_t protocol, const struct svcr_service_port *p)
{
	if (name != p->target_name)
		return (uintptr_t)name < (uintptr_t)p->target_name ? -1 : 1;
	return (int)protocol - (int)p->protocol;
}

static int named_cmp(const void *a, const void *b, void *ports)
{
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const struct svcr_service_port *p = (const struct svcr_service_port *)ports + i;
	int d = target_key_cmp(p->target_name, p->protocol,
			       (const struct svcr_service_port *)ports + k);

	return d ? d : (i > k) - (i < k);
}

static int list_named(struct slices_maker *k)
{
	const struct svcr_service_ports *p = &k->s->ports;

	k->numbers = svcr_arena_array(&k->x->arena, p->n + 1, sizeof(*k->numbers));
	if (!k->numbers)
		return -ENOMEM;
	for (size_t i = 0; i < p->n; i++) {
		uint32_t *slot = p->v[i].target_name ? SVCR_GROW(&k->named) : NULL;

		if (p->v[i].target_name && !slot)
			return -ENOMEM;
		if (slot)
			*slot = (uint32_t)i;
	}
	if (k->named.n > 1)
		qsort_r(k->named.v, k->named.n, sizeof(*k->named.v), named_cmp, p->v);
	return 0;
}

/* Gives the number of a container's port to the ports that have its name as targetPort. */
static void take_port(struct slices_maker *k, const struct svcr_pod_port *port)
{
	const struct svcr_service_port *all = k->s->ports.v;
	size_t low = 0, high = k->named.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (target_key_cmp(port->name, port->protocol, &all[k->named.v[mid]]) > 0)
			low = mid + 1;
		else
			high = mid;
	}
	/* the first port of that name counts, of all containers */
	for (; low < k->named.n && !k->numbers[k->named.v[low]] &&
	       target_key_cmp(port->name, port->protocol, &all[k->named.v[low]]) == 0;
	     low++)
		k->numbers[k->named.v[low]] = port->port;
}

static void find_numbers(struct slices_maker *k, const struct svcr_pod *pod)
{
	const struct svcr_service_ports *p = &k->s->ports;

	for (size_t i = 0; i < p->n; i++)
		k->numbers[i] = p->v[i].target_name ? 0 :
				p->v[i].target      ? p->v[i].target :
						      p->v[i].port;
	for (uint32_t i = 0; i < pod->ports.n; i++)
		take_port(k, &pod->ports.v[i]);
}

static struct pod_group *new_group(struct slices_maker *k, uint32_t hash, size_t size)
{
	struct pod_group *g = svcr_arena_alloc(&k->x->arena, sizeof(*g));
	struct pod_group **slot = g ? SVCR_GROW(&k->groups) : NULL;

	if (!slot)
		return NULL;
	*slot = g;
	g->hash = hash;
	g->numbers = svcr_arena_array(&k->x->arena, size / sizeof(*g->numbers) + 1,
				      sizeof(*g->numbers));
	if (!g->numbers)
		return NULL;
	memcpy(g->numbers, k->numbers, size);
	return g;
}

/* The group of pods with these numbers; NULL: out of memory. */
static struct pod_group *find_group(struct slices_maker *k)
{
	size_t size = k->s->ports.n * sizeof(*k->numbers);
	uint32_t hash = svcr_hash(0, (const char *)k->numbers, size);
	struct svcr_slot *slot;
	struct pod_group *g;

	if (!svcr_table_has_room(&k->table) && !svcr_table_grow(&k->table))
		return NULL;
	slot = svcr_table_first(&k->table, hash);
	while (slot->entry &&
	       (slot->hash != hash ||
		memcmp(((const struct pod_group *)slot->entry)->numbers, k->numbers, size) != 0))
		slot = svcr_table_next(&k->table, slot);
	if (slot->entry)
		return (struct pod_group *)(uintptr_t)slot->entry;
	g = new_group(k, hash, size);
	if (g)
		svcr_table_put(&k->table, slot, g, hash, 0);
	return g;
}

/* ---- Pods --------------------------------------------------------------------- */

/* The families of its slices: as ipFamilies says, else those of its cluster IPs, else both. */
static void find_families(struct slices_maker *k)
{
	const struct svcr_service *s = k->s;
	bool known = s->families || s->cluster_ips.n;

	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++)
		k->families[f] = !known || (s->families & (1 << f));
	for (size_t i = 0; !s->families && i < s->cluster_ips.n; i++)
		k->families[s->cluster_ips.v[i].family] = true;
}

static size_t count_addrs(const struct slices_maker *k, const struct svcr_pod *pod)
{
	size_t n = 0;

	for (size_t i = 0; i < pod->ips.n; i++)
		n += k->families[pod->ips.v[i].family];
	return n;
}

/* Adds the pods of a class: those that have not ended, and have an address. */
static int add_class(void *arg, const struct svcr_pod_class *c)
{
	struct slices_maker *k = arg;
	const struct svcr_pod *last = NULL;
	struct pod_group *g = NULL;

	for (uint32_t i = 0; i < c->n; i++) {
		const struct svcr_pod *pod = &k->m->pods.v[c->pods[i]];
		struct matched_pod *slot;

		if (pod->ended)
			continue;
		if (!count_addrs(k, pod)) {
			k->x->other_family |= pod->ips.n > 0;
			continue;
		}
		if (!last || last->ports.v != pod->ports.v) {
			find_numbers(k, pod);
			g = find_group(k);
		}
		last = pod;
		slot = g ? SVCR_GROW(&k->pods) : NULL;
		if (!slot)
			return -ENOMEM;
		*slot = (struct matched_pod){ pod, g };
		g->n += count_addrs(k, pod);
	}
	return 0;
}

/* ---- Slices --------------------------------------------------------------------- */

static int fill_ports(struct slices_maker *k, struct pod_group *g)
{
	const struct svcr_service_ports *p = &k->s->ports;
	struct svcr_slice_port *v = svcr_arena_array(&k->x->arena, p->n + 1, sizeof(*v));
	size_t n = 0;

	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < p->n; i++)
		if (g->numbers[i])
			v[n++] = (struct svcr_slice_port){ p->v[i].name, g->numbers[i],
							   p->v[i].protocol };
	g->slice.ports.v = v;
	g->slice.ports.n = n;
	return 0;
}

static int start_slice(struct slices_maker *k, struct pod_group *g)
{
	struct svcr_slice *s = &g->slice;
	const struct svcr_slice *const slice = s;

	*s = (struct svcr_slice){
		.ns = k->s->ns, .service = k->s->name, .source = k->s->source, .any_family = true
	};
	s->endpoints.v = svcr_arena_array(&k->x->arena, g->n, sizeof(*s->endpoints.v));
	if (!s->endpoints.v)
		return -ENOMEM;
	k->x->v[k->x->n++] = slice;
	return fill_ports(k, g);
}

static void add_pod(struct slices_maker *k, const struct matched_pod *p)
{
	const struct svcr_pod *pod = p->pod;
	const struct svcr_pod_more *more = svcr_model_pod_more(k->m, pod);
	bool host = more && more->subdomain && strcmp(more->subdomain, k->s->name) == 0;
	struct svcr_endpoint e = { .ready = k->s->not_ready || (pod->ready && !pod->terminating),
				   .serving = pod->ready,
				   .terminating = pod->terminating,
				   .names = (uint32_t)(pod - k->m->pods.v) | SVCR_NAMES_OF_POD |
					    (host ? SVCR_NAMES_HOST : 0),
				   .node = pod->node };

	for (size_t i = 0; i < pod->ips.n; i++) {
		if (!k->families[pod->ips.v[i].family])
			continue;
		e.addr = pod->ips.v[i];
		p->group->slice.endpoints.v[p->group->slice.endpoints.n++] = e;
	}
}

static int make_slices(struct slices_maker *k)
{
	struct svcr_pod_slices *x = k->x;
	int err = 0;

	if (k->s->ports.n && k->groups.n > SVCR_POD_SLICES_PORTS / k->s->ports.n) {
		x->too_large = true;
		return 0;
	}
	x->v = svcr_arena_array(&x->arena, k->groups.n + 1, sizeof(const struct svcr_slice *));
	if (!x->v)
		return -ENOMEM;
	for (size_t i = 0; i < k->groups.n && !err; i++)
		err = start_slice(k, k->groups.v[i]);
	for (size_t i = 0; i < k->pods.n && !err; i++)
		add_pod(k, &k->pods.v[i]);
	return err;
}

int svcr_pod_slices_make(struct svcr_pod_slices *x, const struct svcrules_model *m,
			 const struct svcr_service *s)
{
	struct slices_maker k = { .x = x, .m = m, .s = s };
	int err = svcr_pod_index_make(&x->index, m);

	svcr_arena_release(&x->arena);
	x->n = 0;
	x->too_large = x->other_family = false;
	find_families(&k);
	if (!err)
		err = list_named(&k);
	if (!err)
		err = svcr_pod_index_match(&x->index, s->ns, s->selector, s->nselector, add_class,
					   &k);
	if (!err)
		err = make_slices(&k);
	if (err)
		x->n = 0;
	free(k.pods.v);
	free(k.named.v);
	free(k.groups.v);
	svcr_table_release(&k.table);
	return err;
}

void svcr_pod_slices_release(struct svcr_pod_slices *x)
{
	svcr_pod_index_release(&x->index);
	svcr_arena_release(&x->arena);
	*x = (struct svcr_pod_slices){ .n = 0 };
}
