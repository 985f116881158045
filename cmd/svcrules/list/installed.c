/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services and endpoints of the kernel's rules. */
#include "list/list.h"
#include "stream.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The VIPs from `first` up to `end` are those of one service. */
struct group {
	const struct svcrules_installed *k;
	size_t first, end;
};

static const char *name_of(const struct svcrules_installed_vip *v)
{
	return *v->name ? v->name : "<unknown>";
}

static const char *ns_of(const struct svcrules_installed_vip *v)
{
	return *v->ns ? v->ns : "<unknown>";
}

static bool group_next(struct group *g)
{
	const struct svcrules_installed_vip *v = svcrules_installed_vip(g->k, g->end), *w;

	g->first = g->end;
	if (!v)
		return false;
	do
		w = svcrules_installed_vip(g->k, ++g->end);
	while (w && strcmp(w->ns, v->ns) == 0 && strcmp(w->name, v->name) == 0);
	return true;
}

/* A VIP of a group in an order that brings those together of which one is shown. */
struct place {
	const struct svcrules_installed_vip *v;
	size_t i;
};

static int same_port_cmp(const struct svcrules_installed_vip *v,
			 const struct svcrules_installed_vip *w)
{
	int d = strcmp(v->port_name, w->port_name);

	return d ? d : strcmp(v->protocol, w->protocol);
}

static int place_index_cmp(const struct place *a, const struct place *b)
{
	return (a->i > b->i) - (a->i < b->i);
}

/* By kind and address, then as in the group. */
static int place_address_cmp(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int d = strcmp(x->v->kind, y->v->kind);

	if (!d)
		d = strcmp(x->v->address, y->v->address);
	return d ? d : place_index_cmp(x, y);
}

/* By protocol and number of the port, then as in the group. */
static int place_port_cmp(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int d = strcmp(x->v->protocol, y->v->protocol);

	if (!d)
		d = (int)x->v->port - (int)y->v->port;
	return d ? d : place_index_cmp(x, y);
}

/* By the port that node ports belong to. */
static int place_name_cmp(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int d = same_port_cmp(x->v, y->v);

	return d ? d : place_index_cmp(x, y);
}

static int place_order_cmp(const void *a, const void *b)
{
	return place_index_cmp(a, b);
}

/* True if the order has both at the same place, but for their numbers. */
static bool places_equal(const struct place *a, const struct place *b,
			 int (*cmp)(const void *, const void *))
{
	struct place x = *a, y = *b;

	x.i = y.i = 0;
	return cmp(&x, &y) == 0;
}

static bool place_is_node(const struct svcrules_installed_vip *v)
{
	return strcmp(v->kind, "node port") == 0;
}

/*
 * The VIPs of the group that are node ports, or that are none: of those that are equal the first.
 * Returns how many; *ret is malloc'ed, NULL: out of memory.
 */
static size_t places_of(const struct group *g, bool node, int (*cmp)(const void *, const void *),
			struct place **ret)
{
	struct place *v = calloc(g->end - g->first, sizeof(*v));
	size_t n = 0, kept = 0;

	*ret = v;
	for (size_t i = g->first; v && i < g->end; i++)
		if (place_is_node(svcrules_installed_vip(g->k, i)) == node)
			v[n++] = (struct place){ svcrules_installed_vip(g->k, i), i };
	if (!n)
		return 0;
	qsort(v, n, sizeof(*v), cmp);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || !places_equal(&v[kept - 1], &v[i], cmp))
			v[kept++] = v[i];
	return kept;
}

/* The addresses of one kind with commas between, malloc'ed; NULL: out of memory. */
static char *addresses_text(const struct group *g, const char *kind)
{
	const char *comma = "";
	struct place *v;
	size_t size, n = places_of(g, false, place_address_cmp, &v);
	char *text = NULL;
	FILE *f = v ? open_memstream(&text, &size) : NULL;

	if (v)
		qsort(v, n, sizeof(*v), place_order_cmp);
	for (size_t i = 0; f && i < n; i++) {
		if (strcmp(v[i].v->kind, kind) != 0)
			continue;
		fprintf(f, "%s%s", comma, v[i].v->address);
		comma = ",";
	}
	free(v);
	return f && !stream_end(f, &text) ? text : NULL;
}

static bool same_port(const struct svcrules_installed_vip *v,
		      const struct svcrules_installed_vip *w)
{
	return same_port_cmp(v, w) == 0;
}

/* The node port of the port with the same name; 0: none. Ports without a name are alone. */
static unsigned node_port_of(const struct place *nodes, size_t n, const struct place *of)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int d = same_port_cmp(nodes[mid].v, of->v);

		if (!d)
			return nodes[mid].v->port;
		if (d < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return 0;
}

/* "80:30080/TCP", malloc'ed. */
static char *installed_ports_text(const struct group *g)
{
	const char *comma = "";
	struct place *v, *nodes;
	size_t size, n = places_of(g, false, place_port_cmp, &v);
	size_t nnodes = places_of(g, true, place_name_cmp, &nodes);
	char *text = NULL;
	FILE *f = v && nodes ? open_memstream(&text, &size) : NULL;

	if (v)
		qsort(v, n, sizeof(*v), place_order_cmp);
	for (size_t i = 0; f && i < n; i++) {
		unsigned node = node_port_of(nodes, nnodes, &v[i]);

		fprintf(f, "%s%u", comma, v[i].v->port);
		if (node)
			fprintf(f, ":%u", node);
		putc('/', f);
		for (const char *p = v[i].v->protocol; *p; p++)
			putc(toupper((unsigned char)*p), f);
		comma = ",";
	}
	free(v);
	free(nodes);
	return f && !stream_end(f, &text) ? text : NULL;
}

/* The endpoints of all VIPs, each once; or why there is none. */
static void installed_endpoints_column(struct columns *t, const struct group *g)
{
	const char *reason = NULL;
	size_t most = 0;

	for (size_t i = g->first; i < g->end; i++) {
		const struct svcrules_installed_vip *v = svcrules_installed_vip(g->k, i);

		most = v->nendpoints > most ? v->nendpoints : most;
		if (v->verdict != SVCRULES_SERVED && !reason)
			reason = v->reason;
	}
	if (reason)
		columns_add(t, "%s<none%s%s>", most ? "some " : "", *reason ? ": " : "", reason);
	else
		columns_add(t, "%zu", most);
}

static int installed_row(struct listing *l, const struct group *g)
{
	const struct svcrules_installed_vip *v = svcrules_installed_vip(g->k, g->first);
	char *cluster = addresses_text(g, "cluster IP"),
	     *external = addresses_text(g, "external IP"), *ports = installed_ports_text(g);
	struct columns *t = &l->table;

	if (cluster && external && ports) {
		listing_row(l, ns_of(v));
		columns_add(t, "%s", name_of(v));
		columns_add(t, "<unknown>");
		columns_add(t, "%.*s", l->wide ? 1000 : (int)strcspn(cluster, ","), cluster);
		columns_add(t, "%s", external);
		columns_add(t, "%s", ports);
		columns_add(t, "<unknown>");
		if (l->wide) {
			columns_add(t, "<unknown>");
			installed_endpoints_column(t, g);
		}
	} else {
		l->failed = true;
	}
	free(cluster);
	free(external);
	free(ports);
	return l->failed ? -ENOMEM : 0;
}

/* ---- JSON ------------------------------------------------------------------------ */

static void installed_place(const char *address, unsigned port)
{
	fputs("{\"address\": ", stdout);
	json_put(address);
	printf(", \"port\": %u", port);
}

static void installed_vip_json(const struct svcrules_installed *k, size_t i)
{
	const struct svcrules_installed_vip *v = svcrules_installed_vip(k, i);
	const struct {
		const char *key, *text;
	} texts[] = { { "kind", v->kind },
		      { "protocol", v->protocol },
		      { "port_name", v->port_name },
		      { "verdict", list_verdicts[v->verdict] },
		      { "reason", *v->reason ? v->reason : NULL } };

	installed_place(v->address, v->port);
	for (size_t n = 0; n < sizeof(texts) / sizeof(texts[0]); n++) {
		printf(", \"%s\": ", texts[n].key);
		json_put(texts[n].text);
	}
	fputs(", \"endpoints\": [", stdout);
	for (size_t n = 0; n < v->nendpoints; n++) {
		const struct svcrules_installed_endpoint *e = svcrules_installed_endpoint(k, i, n);

		fputs(n ? ", " : "", stdout);
		installed_place(e->address, e->port);
		printf(", \"from_outside_only\": %s}", e->outside ? "true" : "false");
	}
	fputs("]}", stdout);
}

static int installed_json(struct listing *l, const struct group *g)
{
	const struct svcrules_installed_vip *v = svcrules_installed_vip(g->k, g->first);

	listing_row(l, *v->ns ? v->ns : NULL);
	fputs(", \"name\": ", stdout);
	json_put(*v->name ? v->name : NULL);
	fputs(", \"addresses\": [", stdout);
	for (size_t i = g->first; i < g->end; i++) {
		fputs(i > g->first ? ",\n    " : "\n    ", stdout);
		installed_vip_json(g->k, i);
	}
	fputs("]}", stdout);
	return 0;
}

int list_installed_services(struct listing *l, const struct svcrules_installed *k)
{
	struct group g = { .k = k };
	int err = 0;

	list_start(l, "NAME|TYPE|CLUSTER-IP|EXTERNAL-IP|PORT(S)|AGE", "SELECTOR|ENDPOINTS");
	while (!err && group_next(&g)) {
		const struct svcrules_installed_vip *v = svcrules_installed_vip(k, g.first);

		if (listing_takes(l, ns_of(v), name_of(v)))
			err = l->json ? installed_json(l, &g) : installed_row(l, &g);
	}
	list_end(l);
	return err;
}

/* ---- Endpoints --------------------------------------------------------------------- */

static void installed_endpoint_row(struct listing *l, const struct svcrules_installed_vip *v,
				   const struct svcrules_installed_endpoint *e)
{
	struct columns *t = &l->table;

	listing_row(l, ns_of(v));
	columns_add(t, "%s", name_of(v));
	if (*v->port_name)
		columns_add(t, "%s", v->port_name);
	else
		columns_add(t, "%u/%s", v->port, v->protocol);
	columns_add(t, e->ipv6 ? "[%s]:%u" : "%s:%u", e->address, e->port);
	columns_add(t, "<unknown>");
	columns_add(t, "<unknown>");
	columns_add(t, e->outside ? "from outside" : "yes");
	for (int i = 0; i < 3; i++)
		columns_add(t, "<unknown>");
}

static void installed_endpoint_json(struct listing *l, const struct svcrules_installed_vip *v,
				    const struct svcrules_installed_endpoint *e)
{
	listing_row(l, *v->ns ? v->ns : NULL);
	fputs(", \"service\": ", stdout);
	json_put(*v->name ? v->name : NULL);
	fputs(", \"port_name\": ", stdout);
	json_put(v->port_name);
	fputs(", \"protocol\": ", stdout);
	json_put(v->protocol);
	fputs(", \"address\": ", stdout);
	json_put(e->address);
	printf(", \"port\": %u, \"used\": true, \"from_outside_only\": %s}", e->port,
	       e->outside ? "true" : "false");
}

/* An endpoint of a VIP. */
struct used_by {
	const struct svcrules_installed_vip *v;
	const struct svcrules_installed_endpoint *e;
	size_t order;
};

/* Brings the same endpoint of the same port together, first the one that is for all packets. */
static int used_by_cmp(const void *a, const void *b)
{
	const struct used_by *x = a, *y = b;
	int d = same_port_cmp(x->v, y->v);

	if (!d)
		d = strcmp(x->e->address, y->e->address);
	if (!d)
		d = (int)x->e->port - (int)y->e->port;
	if (!d)
		d = (int)x->e->outside - (int)y->e->outside;
	return d ? d : (x->order > y->order) - (x->order < y->order);
}

static int used_by_order_cmp(const void *a, const void *b)
{
	const struct used_by *x = a, *y = b;

	return (x->order > y->order) - (x->order < y->order);
}

static bool same_endpoint(const struct used_by *x, const struct used_by *y)
{
	return same_port(x->v, y->v) && strcmp(x->e->address, y->e->address) == 0 &&
	       x->e->port == y->e->port;
}

/* True if the VIP before is of the same port and has the same endpoints: most have. */
static bool as_before(const struct group *g, size_t i)
{
	const struct svcrules_installed_vip *v = svcrules_installed_vip(g->k, i), *w;
	const struct svcrules_installed_endpoint *e, *f;

	if (i == g->first)
		return false;
	w = svcrules_installed_vip(g->k, i - 1);
	if (!same_port(v, w) || v->nendpoints != w->nendpoints)
		return false;
	for (size_t k = 0; (e = svcrules_installed_endpoint(g->k, i, k)); k++) {
		f = svcrules_installed_endpoint(g->k, i - 1, k);
		if (strcmp(e->address, f->address) != 0 || e->port != f->port ||
		    e->outside != f->outside)
			return false;
	}
	return true;
}

/* The endpoints of the group, those of each port once. Returns how many; *ret as above. */
static size_t endpoints_of_group(const struct group *g, struct used_by **ret)
{
	size_t n = 0, kept = 0, at = 0;
	struct used_by *v;

	for (size_t i = g->first; i < g->end; i++)
		n += as_before(g, i) ? 0 : svcrules_installed_vip(g->k, i)->nendpoints;
	*ret = v = calloc(n + 1, sizeof(*v));
	for (size_t i = g->first; v && i < g->end; i++)
		for (size_t k = as_before(g, i) ? SIZE_MAX : 0;
		     k < svcrules_installed_vip(g->k, i)->nendpoints; k++, at++)
			v[at] = (struct used_by){ svcrules_installed_vip(g->k, i),
						  svcrules_installed_endpoint(g->k, i, k), at };
	if (!v || !n)
		return 0;
	qsort(v, n, sizeof(*v), used_by_cmp);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || !same_endpoint(&v[kept - 1], &v[i]))
			v[kept++] = v[i];
	qsort(v, kept, sizeof(*v), used_by_order_cmp);
	return kept;
}

/* Each endpoint of the group once: a row, an object, or added to `brief`. */
static void list_endpoints_of_group(struct listing *l, const struct group *g, struct brief *brief)
{
	struct used_by *v;
	size_t n = endpoints_of_group(g, &v);

	l->failed = l->failed || !v;
	for (size_t i = 0; i < n; i++)
		if (l->json)
			installed_endpoint_json(l, v[i].v, v[i].e);
		else if (l->wide)
			installed_endpoint_row(l, v[i].v, v[i].e);
		else
			brief_add(brief, v[i].e->address, v[i].e->port);
	free(v);
}

int list_installed_endpoints(struct listing *l, const struct svcrules_installed *k)
{
	bool rows = l->wide || l->json;
	struct group g = { .k = k };

	list_start(l, rows ? "SERVICE|PORT|ADDRESS|NODE|READY|USED" : "NAME|ENDPOINTS|AGE",
		   "HERE|POD|HOSTNAME");
	while (group_next(&g)) {
		const struct svcrules_installed_vip *v = svcrules_installed_vip(k, g.first);
		struct brief brief = { .n = 0 };

		if (!listing_takes(l, ns_of(v), name_of(v)))
			continue;
		list_endpoints_of_group(l, &g, &brief);
		if (rows)
			continue;
		listing_row(l, ns_of(v));
		columns_add(&l->table, "%s", name_of(v));
		brief_column(&l->table, &brief);
		columns_add(&l->table, "<unknown>");
	}
	list_end(l);
	return 0;
}
