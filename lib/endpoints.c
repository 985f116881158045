/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "endpoints.h"
#include "diag.h"

#include <errno.h>

/* ---- Index ------------------------------------------------------------- */

/*
 * Sorts by service, legacy slices last, then in order of the input. Names are
 * interned and only grouped, so their addresses serve as the order.
 */
static int slice_cmp(const void *a, const void *b)
{
	const struct svcr_slice *s = *(const struct svcr_slice *const *)a;
	const struct svcr_slice *t = *(const struct svcr_slice *const *)b;

	if (s->ns != t->ns)
		return (uintptr_t)s->ns < (uintptr_t)t->ns ? -1 : 1;
	if (s->service != t->service)
		return (uintptr_t)s->service < (uintptr_t)t->service ? -1 : 1;
	if (s->legacy != t->legacy)
		return s->legacy ? 1 : -1;
	return s < t ? -1 : s > t;
}

static void endpoints_find_node(struct svcr_endpoints *x, const struct svcrules_model *m)
{
	if (!x->node)
		return;
	for (size_t i = 0; i < m->nodes.n && !x->node_interned; i++)
		if (m->nodes.v[i].name && strcmp(m->nodes.v[i].name, x->node) == 0)
			x->node_interned = m->nodes.v[i].name;
	for (size_t i = 0; i < m->slices.n && !x->node_interned; i++) {
		const struct svcr_slice *s = &m->slices.v[i];

		for (size_t k = 0; k < s->endpoints.n && !x->node_interned; k++)
			if (s->endpoints.v[k].node && strcmp(s->endpoints.v[k].node, x->node) == 0)
				x->node_interned = s->endpoints.v[k].node;
	}
	for (size_t i = 0; m->pods_use == SVCR_PODS_USED && i < m->pods.n && !x->node_interned; i++)
		if (m->pods.v[i].node && strcmp(m->pods.v[i].node, x->node) == 0)
			x->node_interned = m->pods.v[i].node;
}

int svcr_endpoints_init(struct svcr_endpoints *x, const struct svcrules_model *m, const char *node,
			const char *zone)
{
	*x = (struct svcr_endpoints){ .node = node && *node ? node : NULL,
				      .zone = zone && *zone ? zone : NULL,
				      .model = m };
	x->slices = calloc(m->slices.n + 1, sizeof(const struct svcr_slice *));
	if (!x->slices)
		return -ENOMEM;
	/* Slices that are ignored (FQDN) stay in: with any slice, legacy Endpoints do not count. */
	for (size_t i = 0; i < m->slices.n; i++)
		if (m->slices.v[i].service)
			x->slices[x->n++] = &m->slices.v[i];
	qsort(x->slices, x->n, sizeof(const struct svcr_slice *), slice_cmp);
	endpoints_find_node(x, m);
	x->all_hairpin = !x->node_interned;
	return 0;
}

void svcr_endpoints_release(struct svcr_endpoints *x)
{
	free(x->slices);
	free(x->hairpin.v);
	free(x->found.v);
	free(x->uses.v);
	svcr_pod_slices_release(&x->made);
	*x = (struct svcr_endpoints){ 0 };
}

static bool slice_before(const struct svcr_slice *t, const struct svcr_service *s)
{
	if (t->ns != s->ns)
		return (uintptr_t)t->ns < (uintptr_t)s->ns;
	return (uintptr_t)t->service < (uintptr_t)s->name;
}

static struct svcr_slice_group search_group(const struct svcr_endpoints *x,
					    const struct svcr_service *s)
{
	size_t low = 0, high = x->n;
	struct svcr_slice_group g;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (slice_before(x->slices[mid], s))
			low = mid + 1;
		else
			high = mid;
	}
	g = (struct svcr_slice_group){ x->slices + low, .n = 0 };
	while (low + g.n < x->n && g.v[g.n]->ns == s->ns && g.v[g.n]->service == s->name) {
		if (g.n == 0)
			g.legacy = g.v[0]->legacy;
		else if (g.v[g.n]->legacy != g.legacy) /* legacy slices come last */
			break;
		g.n++;
	}
	return g;
}

static void make_group(struct svcr_endpoints *x, const struct svcr_service *s)
{
	int err = svcr_pod_slices_make(&x->made, x->model, s);

	x->err = err ? err : x->err;
	x->group = (struct svcr_slice_group){ x->made.v, x->made.n, .from_pods = true };
}

const struct svcr_slice_group *svcr_endpoints_group(struct svcr_endpoints *x,
						    const struct svcr_service *s)
{
	if (x->last != s) {
		x->last = s;
		x->group = search_group(x, s);
		x->indexed = false;
		if (!x->group.n && svcr_pods_serve(x->model, s))
			make_group(x, s);
	}
	return &x->group;
}

/* ---- Ports ------------------------------------------------------------- */

/* By name and protocol; names are interned, except the "" of unnamed ports. */
static int use_key_cmp(const struct svcr_port_use *a, const struct svcr_port_use *b)
{
	if (a->name != b->name)
		return (uintptr_t)a->name < (uintptr_t)b->name ? -1 : 1;
	return (int)a->protocol - (int)b->protocol;
}

static int use_cmp_sort(const void *a, const void *b)
{
	const struct svcr_port_use *u = a, *v = b;
	int d = use_key_cmp(u, v);

	return d ? d : (u->order > v->order) - (u->order < v->order);
}

static int use_slice(struct svcr_endpoints *x, const struct svcr_slice *s)
{
	for (size_t i = 0; i < s->ports.n; i++) {
		const struct svcr_slice_port *p = &s->ports.v[i];
		struct svcr_port_use *u = p->port ? SVCR_GROW(&x->uses) : NULL;

		if (u)
			*u = (struct svcr_port_use){ .name = *p->name ? p->name : NULL,
						     .protocol = p->protocol,
						     .port = p->port,
						     .slice = s,
						     .order = x->uses.n };
		else if (p->port)
			return -ENOMEM;
	}
	return 0;
}

/* Sorts the ports of a service's slices, once: there may be as many as the service has ports. */
static int endpoints_index(struct svcr_endpoints *x, const struct svcr_service *s)
{
	const struct svcr_slice_group *g = svcr_endpoints_group(x, s);
	int err = x->err;

	if (x->indexed)
		return 0;
	x->uses.n = 0;
	for (size_t i = 0; i < g->n && !err; i++)
		if (!g->v[i]->ignored && g->v[i]->endpoints.n)
			err = use_slice(x, g->v[i]);
	if (x->uses.n > 1)
		qsort(x->uses.v, x->uses.n, sizeof(*x->uses.v), use_cmp_sort);
	x->indexed = !err;
	return err;
}

/* Returns the slices' ports that a service port takes, and sets *ret_n to their number. */
static const struct svcr_port_use *find_uses(const struct svcr_endpoints *x,
					     const struct svcr_service_port *port, size_t *ret_n)
{
	const struct svcr_port_use like = { .name = *port->name ? port->name : NULL,
					    .protocol = port->protocol };
	size_t low = 0, high = x->uses.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (use_key_cmp(&x->uses.v[mid], &like) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (*ret_n = 0; low + *ret_n < x->uses.n; ++*ret_n)
		if (use_key_cmp(&x->uses.v[low + *ret_n], &like) != 0)
			break;
	return x->uses.v ? x->uses.v + low : NULL;
}

int svcr_endpoints_uses(struct svcr_endpoints *x, const struct svcr_service *s,
			const struct svcr_service_port *port, const struct svcr_port_use **ret,
			size_t *ret_n)
{
	int err = endpoints_index(x, s);

	if (err)
		return err;
	*ret = x->uses.v;
	*ret_n = x->uses.n;
	if (port)
		*ret = find_uses(x, port, ret_n);
	return 0;
}

int svcr_endpoints_count(struct svcr_endpoints *x, const struct svcr_service *s,
			 const struct svcr_service_port *port, uint8_t family, size_t max,
			 size_t *ret)
{
	const struct svcr_port_use *use;
	int err = endpoints_index(x, s);
	size_t n;

	*ret = 0;
	if (err)
		return err;
	use = find_uses(x, port, &n);
	for (size_t i = 0; use && i < n && *ret <= max; i++)
		if (use[i].slice->any_family || use[i].slice->family == family)
			*ret += use[i].slice->endpoints.n;
	return 0;
}

size_t svcr_endpoints_most(struct svcr_endpoints *x, const struct svcr_service *s)
{
	const struct svcr_slice_group *g = svcr_endpoints_group(x, s);
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		n += g->v[i]->endpoints.n * g->v[i]->ports.n;
	return n;
}

/* ---- Candidates -------------------------------------------------------- */

static enum svcr_rank rank_of(const struct svcr_endpoint *e)
{
	return e->ready ? SVCR_READY : e->serving && e->terminating ? SVCR_DRAINING : SVCR_UNUSABLE;
}

static int add_slice(struct svcr_endpoints *x, const struct svcr_slice *s, uint16_t port,
		     uint8_t family)
{
	for (size_t i = 0; i < s->endpoints.n; i++) {
		const struct svcr_endpoint *e = &s->endpoints.v[i];
		struct svcr_candidate *c;

		if (e->addr.family != family || svcr_addr_unusable(&e->addr))
			continue;
		c = SVCR_GROW(&x->found);
		if (!c)
			return -ENOMEM;
		*c = (struct svcr_candidate){ .at = { e->addr, port },
					      .rank = rank_of(e),
					      .serves = e->ready || e->serving,
					      .endpoint = e };
	}
	return 0;
}

static int endpoints_collect(struct svcr_endpoints *x, const struct svcr_service *s,
			     const struct svcr_service_port *port, uint8_t family)
{
	const struct svcr_port_use *use;
	int err = endpoints_index(x, s);
	size_t n;

	x->found.n = 0;
	use = err ? NULL : find_uses(x, port, &n);
	for (size_t i = 0; use && i < n && !err; i++)
		if (use[i].slice->any_family || use[i].slice->family == family)
			err = add_slice(x, use[i].slice, use[i].port, family);
	return err;
}

static const struct svcr_names *hints(const struct svcr_endpoint *e, bool nodes)
{
	static const struct svcr_hints none;
	const struct svcr_hints *h = e->hints ? e->hints : &none;

	return nodes ? &h->nodes : &h->zones;
}

/* Names of hints are sorted. */
static int names_cmp(const struct svcr_names *a, const struct svcr_names *b)
{
	for (size_t i = 0; i < a->n && i < b->n; i++) {
		int d = strcmp(a->v[i], b->v[i]);

		if (d)
			return d;
	}
	return (a->n > b->n) - (a->n < b->n);
}

/*
 * Sorts by what endpoints are, not by their order in the input: one on a known node first, then
 * by the node's name; one without hints, which switches hints off for all, before one with hints.
 */
static int content_cmp(const struct svcr_endpoint *a, const struct svcr_endpoint *b)
{
	int d = !a->node - !b->node;

	if (!d && a->node != b->node)
		d = strcmp(a->node, b->node);
	if (!d)
		d = names_cmp(hints(a, true), hints(b, true));
	return d ? d : names_cmp(hints(a, false), hints(b, false));
}

static int candidate_cmp(const void *a, const void *b)
{
	const struct svcr_candidate *c = a, *e = b;
	int d = svcr_endpoint_addr_cmp(&c->at, &e->at);

	if (d)
		return d;
	if (c->rank != e->rank)
		return c->rank > e->rank ? -1 : 1;
	return content_cmp(c->endpoint, e->endpoint);
}

/*
 * Sorts the candidates; of several with the same address and port the best stays, and serves if
 * one of them does.
 */
static void endpoints_merge(struct svcr_endpoints *x)
{
	size_t kept = 0;

	if (x->found.n == 0)
		return;
	qsort(x->found.v, x->found.n, sizeof(*x->found.v), candidate_cmp);
	for (size_t i = 1; i < x->found.n; i++)
		if (svcr_endpoint_addr_cmp(&x->found.v[i].at, &x->found.v[kept].at) != 0)
			x->found.v[++kept] = x->found.v[i];
		else
			x->found.v[kept].serves |= x->found.v[i].serves;
	x->found.n = kept + 1;
}

int svcr_endpoints_list(struct svcr_endpoints *x, const struct svcr_service *s,
			const struct svcr_service_port *port, uint8_t family)
{
	int err = endpoints_collect(x, s, port, family);

	if (!err)
		endpoints_merge(x);
	return err;
}

/* ---- Choice ------------------------------------------------------------ */

static enum svcr_rank best_rank(const struct svcr_endpoints *x, bool local)
{
	enum svcr_rank rank = SVCR_UNUSABLE;

	for (size_t i = 0; i < x->found.n; i++)
		if (x->found.v[i].rank > rank &&
		    (!local || svcr_endpoints_local(x, &x->found.v[i])))
			rank = x->found.v[i].rank;
	return rank;
}

static bool names_have(const struct svcr_names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->v[i], name) == 0)
			return true;
	return false;
}

/* True if every ready endpoint has hints for nodes (or zones), and one of the hints is `name`. */
static bool hints_apply(const struct svcr_endpoints *x, bool nodes, const char *name)
{
	bool named = false;

	for (size_t i = 0; name && i < x->found.n; i++) {
		const struct svcr_names *list = hints(x->found.v[i].endpoint, nodes);

		if (x->found.v[i].rank != SVCR_READY)
			continue;
		if (!list->n)
			return false;
		named = named || names_have(list, name);
	}
	return named;
}

/* Selects candidates. */
struct filter {
	enum svcr_rank rank;
	bool local;       /* only those on this node */
	bool nodes;       /* `name` is looked up in hints for nodes, else for zones */
	const char *name; /* must be in the hints; NULL: hints do not matter */
};

static bool passes(const struct svcr_endpoints *x, const struct svcr_candidate *c,
		   const struct filter *f)
{
	return c->rank == f->rank && (!f->local || svcr_endpoints_local(x, c)) &&
	       (!f->name || names_have(hints(c->endpoint, f->nodes), f->name));
}

static int endpoints_take(const struct svcr_endpoints *x, struct svcr_arena *arena,
			  const struct filter *f, struct svcr_endpoint_addrs *ret)
{
	size_t n = 0;

	*ret = (struct svcr_endpoint_addrs){ NULL, 0 };
	if (f->rank == SVCR_UNUSABLE)
		return 0;
	for (size_t i = 0; i < x->found.n; i++)
		n += passes(x, &x->found.v[i], f);
	if (n == 0)
		return 0;
	ret->v = svcr_arena_array(arena, n, sizeof(*ret->v));
	if (!ret->v)
		return -ENOMEM;
	for (size_t i = 0; i < x->found.n; i++)
		if (passes(x, &x->found.v[i], f))
			ret->v[ret->n++] = x->found.v[i].at;
	return 0;
}

/* The endpoints that may keep the flows they have. */
static int take_serving(const struct svcr_endpoints *x, struct svcr_arena *arena,
			struct svcr_endpoint_addrs *ret)
{
	ret->v = svcr_arena_array(arena, x->found.n, sizeof(*ret->v));
	if (!ret->v)
		return -ENOMEM;
	for (size_t i = 0; i < x->found.n; i++)
		if (x->found.v[i].serves)
			ret->v[ret->n++] = x->found.v[i].at;
	return 0;
}

/*
 * Adds the endpoints that may reach themselves through this node, so that their
 * own connections must be masqueraded: endpoints on this node and on unknown
 * nodes; with externalTrafficPolicy Local all of them, because pods on other
 * nodes keep their addresses on the way to an external address.
 */
static int note_hairpin(struct svcr_endpoints *x, const struct svcr_service *s)
{
	for (size_t i = 0; i < x->found.n; i++) {
		struct svcr_addr *slot;

		if (!x->all_hairpin && !s->external_local && x->found.v[i].endpoint->node &&
		    !svcr_endpoints_local(x, &x->found.v[i]))
			continue;
		slot = SVCR_GROW(&x->hairpin);
		if (!slot)
			return -ENOMEM;
		*slot = x->found.v[i].at.addr;
	}
	return 0;
}

int svcr_endpoints_choose(struct svcr_endpoints *x, struct svcr_arena *arena,
			  struct svcr_arena *lasting, const struct svcr_service *s,
			  const struct svcr_service_port *port, uint8_t family,
			  struct svcr_endpoint_choice *ret)
{
	struct filter cluster, local;
	int err = svcr_endpoints_list(x, s, port, family);

	if (err)
		return err;
	cluster = (struct filter){ .rank = best_rank(x, false) };
	if (cluster.rank == SVCR_READY && hints_apply(x, true, x->node))
		cluster.nodes = true, cluster.name = x->node;
	else if (cluster.rank == SVCR_READY && hints_apply(x, false, x->zone))
		cluster.name = x->zone;
	local = (struct filter){ .rank = best_rank(x, true), .local = true };
	err = endpoints_take(x, arena, &cluster, &ret->cluster);
	if (!err)
		err = endpoints_take(x, arena, &local, &ret->local);
	if (!err && port->protocol != SVCR_TCP)
		err = take_serving(x, lasting, &ret->serving);
	return err ? err : note_hairpin(x, s);
}

/* A service of very many ports whose pods have different numbers for them. */
static void warn_too_large(const struct svcr_service *s, struct svcrules_diags *d)
{
	char object[256];

	snprintf(object, sizeof(object), "Service %s/%s", s->ns, s->name);
	svcr_diag(d,
		  &(struct svcrules_diag){ .severity = SVCRULES_WARNING,
					   .check = "too-many-elements",
					   .source = s->source,
					   .object = object,
					   .field = "spec.ports" },
		  "the numbers that its %zu ports have in its Pods differ too much, more than %d "
		  "in all: it gets no endpoints",
		  s->ports.n, SVCR_POD_SLICES_PORTS);
}

void svcr_endpoints_warn(struct svcr_endpoints *x, const struct svcr_service *s,
			 struct svcrules_diags *d)
{
	const struct svcr_slice_group *g = svcr_endpoints_group(x, s);
	const struct svcr_addr *first = NULL;
	char object[256], text[SVCR_ADDR_TEXT];
	const char *source = NULL;
	size_t n = 0;

	if (g->from_pods && x->made.too_large)
		warn_too_large(s, d);
	for (size_t i = 0; i < g->n; i++) {
		for (size_t k = 0; !g->v[i]->ignored && k < g->v[i]->endpoints.n; k++) {
			const struct svcr_addr *a = &g->v[i]->endpoints.v[k].addr;

			if (!svcr_addr_unusable(a))
				continue;
			if (n++ == 0) {
				first = a;
				source = g->v[i]->source;
			}
		}
	}
	if (!first)
		return;
	snprintf(object, sizeof(object), "Service %s/%s", s->ns, s->name);
	svcr_diag(d,
		  &(struct svcrules_diag){ .severity = SVCRULES_WARNING,
					   .check = "unusable-address",
					   .source = source,
					   .object = object,
					   .field = "endpoints" },
		  "%s is %s address, no endpoint can have it%s: ignored",
		  svcr_addr_text(first, text), svcr_addr_unusable(first),
		  n > 1 ? " (and more like it)" : "");
}
