/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services and endpoints of the kernel's rules. */
#include "list/list.h"

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

/* True if an earlier VIP of the group and kind has the same address (or port, if `port`). */
static bool seen_before(const struct group *g, size_t i, bool port)
{
	const struct svcrules_installed_vip *v = svcrules_installed_vip(g->k, i);

	for (size_t k = g->first; k < i; k++) {
		const struct svcrules_installed_vip *w = svcrules_installed_vip(g->k, k);

		if (!port && strcmp(w->kind, v->kind) != 0)
			continue;
		if (port ? w->port == v->port && strcmp(w->protocol, v->protocol) == 0 :
			   strcmp(w->address, v->address) == 0)
			return true;
	}
	return false;
}

/* The addresses of one kind with commas between, malloc'ed; NULL: out of memory. */
static char *addresses_text(const struct group *g, const char *kind)
{
	const char *comma = "";
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	for (size_t i = g->first; i < g->end; i++) {
		const struct svcrules_installed_vip *v = svcrules_installed_vip(g->k, i);

		if (strcmp(v->kind, kind) != 0 || seen_before(g, i, false))
			continue;
		fprintf(f, "%s%s", comma, v->address);
		comma = ",";
	}
	return fclose(f) ? NULL : text;
}

static bool same_port(const struct svcrules_installed_vip *v,
		      const struct svcrules_installed_vip *w)
{
	return strcmp(v->port_name, w->port_name) == 0 && strcmp(v->protocol, w->protocol) == 0;
}

/* The node port of the port with the same name; 0: none. Ports without a name are alone. */
static unsigned node_port_of(const struct group *g, const struct svcrules_installed_vip *v)
{
	for (size_t i = g->first; i < g->end; i++) {
		const struct svcrules_installed_vip *w = svcrules_installed_vip(g->k, i);

		if (strcmp(w->kind, "node port") == 0 && same_port(v, w))
			return w->port;
	}
	return 0;
}

/* "80:30080/TCP", malloc'ed. */
static char *installed_ports_text(const struct group *g)
{
	const char *comma = "";
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	for (size_t i = g->first; i < g->end; i++) {
		const struct svcrules_installed_vip *v = svcrules_installed_vip(g->k, i);
		unsigned node = node_port_of(g, v);
		bool is_node = strcmp(v->kind, "node port") == 0;

		if (seen_before(g, i, true) || is_node)
			continue;
		fprintf(f, "%s%u", comma, v->port);
		if (node)
			fprintf(f, ":%u", node);
		putc('/', f);
		for (const char *p = v->protocol; *p; p++)
			putc(toupper((unsigned char)*p), f);
		comma = ",";
	}
	return fclose(f) ? NULL : text;
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
	static const char *const verdicts[] = { [SVCRULES_SERVED] = "served",
						[SVCRULES_REFUSES] = "refused",
						[SVCRULES_DROPS] = "dropped",
						[SVCRULES_LEFT_OUT] = "left out" };
	const struct svcrules_installed_vip *v = svcrules_installed_vip(k, i);
	const struct {
		const char *key, *text;
	} texts[] = { { "kind", v->kind },
		      { "protocol", v->protocol },
		      { "port_name", v->port_name },
		      { "verdict", verdicts[v->verdict] },
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

/* True if the VIP has the endpoint, too; its endpoints are in order. */
static bool vip_has_endpoint(const struct svcrules_installed *k, size_t i,
			     const struct svcrules_installed_endpoint *e)
{
	size_t low = 0, high = svcrules_installed_vip(k, i)->nendpoints;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct svcrules_installed_endpoint *f;
		int d;

		f = svcrules_installed_endpoint(k, i, mid);
		d = strcmp(f->address, e->address);
		if (!d)
			d = (int)f->port - (int)e->port;
		if (!d)
			d = (int)f->outside - (int)e->outside;
		if (!d)
			return true;
		if (d < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* True if an earlier VIP of the service, at another address, showed the same port's endpoint. */
static bool endpoint_shown(const struct group *g, size_t i,
			   const struct svcrules_installed_endpoint *e)
{
	const struct svcrules_installed_vip *v = svcrules_installed_vip(g->k, i);
	struct svcrules_installed_endpoint inside = *e;

	inside.outside = false;
	if (e->outside && vip_has_endpoint(g->k, i, &inside))
		return true;
	for (size_t n = g->first; n < i; n++)
		if (same_port(v, svcrules_installed_vip(g->k, n)) &&
		    (vip_has_endpoint(g->k, n, e) || vip_has_endpoint(g->k, n, &inside)))
			return true;
	return false;
}

/* Each endpoint of the group once: a row, an object, or added to `brief`. */
static void list_endpoints_of_group(struct listing *l, const struct group *g, struct brief *brief)
{
	const struct svcrules_installed_endpoint *e;

	for (size_t i = g->first; i < g->end; i++)
		for (size_t n = 0; (e = svcrules_installed_endpoint(g->k, i, n)); n++) {
			const struct svcrules_installed_vip *v = svcrules_installed_vip(g->k, i);

			if (endpoint_shown(g, i, e))
				continue;
			if (l->json)
				installed_endpoint_json(l, v, e);
			else if (l->wide)
				installed_endpoint_row(l, v, e);
			else
				brief_add(brief, e->address, e->port);
		}
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
