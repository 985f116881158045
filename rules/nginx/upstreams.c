/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Upstreams: the ready endpoints of each port of a service that a path leads to. */
#include "rules/nginx/build.h"

#include <errno.h>
#include <stdlib.h>

struct found {
	struct svcr_addr addr;
	uint16_t port;
};

static int service_name_cmp(const struct svcr_service *a, const char *ns, const char *name)
{
	int d = strcmp(a->ns, ns);

	return d ? d : strcmp(a->name, name);
}

static const struct svcr_service *service_find(const struct svcr_nginx_builder *b, const char *ns,
					       const char *name)
{
	size_t low = 0, high = b->m->services.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int d = service_name_cmp(b->services[mid], ns, name);

		if (!d)
			return b->services[mid];
		if (d < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static const struct svcr_service_port *port_find(const struct svcr_service *s,
						 const struct svcr_ingress_backend *to)
{
	for (size_t i = 0; i < s->ports.n; i++) {
		const struct svcr_service_port *p = &s->ports.v[i];

		if (p->protocol == SVCR_TCP &&
		    (to->port_name ? strcmp(p->name, to->port_name) == 0 : p->port == to->port))
			return p;
	}
	return NULL;
}

static int found_sort(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int d = svcr_addr_cmp(&x->addr, &y->addr);

	return d ? d : (int)x->port - (int)y->port;
}

/* Adds the ready endpoints of the slice at the port of that name. */
static int find_in_slice(const struct svcr_nginx_builder *b, const struct svcr_slice *s,
			 const char *port, struct svcr_list *found)
{
	for (size_t p = 0; p < s->ports.n && !s->ignored; p++) {
		if (s->ports.v[p].protocol != SVCR_TCP || !s->ports.v[p].port ||
		    strcmp(s->ports.v[p].name, port) != 0)
			continue;
		for (size_t i = 0; i < s->endpoints.n; i++) {
			const struct svcr_endpoint *e = &s->endpoints.v[i];
			struct found *slot;

			if (!e->ready || !b->o->families[e->addr.family] ||
			    svcr_addr_unusable(&e->addr))
				continue;
			slot = svcr_grow(&found->v, &found->n, &found->cap, sizeof(*slot));
			if (!slot)
				return -ENOMEM;
			*slot = (struct found){ e->addr, s->ports.v[p].port };
		}
	}
	return 0;
}

/* The lines of the servers, each once, in order; "" if there is none, NULL: out of memory. */
static const char *servers_text(struct svcr_nginx_builder *b, struct found *v, size_t n)
{
	struct svcr_buffer text = { .len = 0 };
	char addr[SVCR_ADDR_TEXT], line[SVCR_ADDR_TEXT + 40];
	const char *copy;
	int err = 0;

	if (n)
		qsort(v, n, sizeof(*v), found_sort);
	for (size_t i = 0; i < n && !err; i++) {
		bool ipv6 = v[i].addr.family == SVCR_IPV6;

		if (i && found_sort(&v[i - 1], &v[i]) == 0)
			continue;
		snprintf(line, sizeof(line), "\tserver %s%s%s:%u;\n", ipv6 ? "[" : "",
			 svcr_addr_text(&v[i].addr, addr), ipv6 ? "]" : "", v[i].port);
		err = svcr_buffer_append(&text, line, strlen(line));
	}
	copy = err ? NULL : svcr_arena_strndup(&b->v->arena, text.p ? text.p : "", text.len);
	free(text.p);
	return copy;
}

static const char *find_servers(struct svcr_nginx_builder *b, const struct svcr_service *s,
				const struct svcr_service_port *p)
{
	const struct svcr_slice_group *g = svcr_endpoints_group(&b->slices, s);
	struct svcr_list found = { .n = 0 };
	const char *text = NULL;
	int err = 0;

	for (size_t i = 0; i < g->n && !err; i++)
		err = find_in_slice(b, g->v[i], p->name, &found);
	if (!err)
		text = servers_text(b, found.v, found.n);
	free(found.v);
	return text;
}

static void warn_backend(struct svcr_nginx_builder *b, const struct svcr_nginx_route *r,
			 const char *what)
{
	const struct svcr_ingress_backend *to = r->backend;
	char port[16];

	snprintf(port, sizeof(port), "%u", to->port);
	svcr_nginx_note(b, r->ingress,
			&(struct svcrules_diag){
				.severity = SVCRULES_WARNING, .check = "backend", .field = NULL },
			"Service %s/%s, port %s, for %s%s: %s: 503 is answered", r->ingress->ns,
			to->service, to->port_name ? to->port_name : port,
			*r->host ? r->host : "all other hosts, ", r->path, what);
}

/* Sets the upstream of a route, and adds an item with its servers. */
static int resolve(struct svcr_nginx_builder *b, struct svcr_nginx_route *r)
{
	const struct svcr_service *s = service_find(b, r->ingress->ns, r->backend->service);
	const struct svcr_service_port *p = s ? port_find(s, r->backend) : NULL;
	const char *text;
	char *key;

	if (s && s->type == SVCR_EXTERNAL_NAME) {
		svcr_nginx_note(
			b, r->ingress,
			&(struct svcrules_diag){
				.severity = SVCRULES_ERROR, .check = "backend", .field = NULL },
			"Service %s/%s is of type ExternalName, which is refused", s->ns, s->name);
		return 0;
	}
	if (!p) {
		warn_backend(b, r, s ? "it has no such TCP port" : "there is no such Service");
		return 0;
	}
	text = find_servers(b, s, p);
	if (!text)
		return -ENOMEM;
	if (!*text) {
		warn_backend(b, r, "no endpoint is ready");
		return 0;
	}
	key = svcr_arena_printf(&b->v->arena, "upstream %s_%s_%u", s->ns, s->name, p->port);
	if (!key)
		return -ENOMEM;
	r->upstream = key + strlen("upstream ");
	return svcr_nginx_add_item(b->v, key, text);
}

/* By what they lead to, so that the endpoints of a service are looked for once. */
static int backend_cmp(const struct svcr_nginx_route *x, const struct svcr_nginx_route *y)
{
	const struct svcr_ingress_backend *v = x->backend, *w = y->backend;
	int d = strcmp(x->ingress->ns, y->ingress->ns);

	d = d ? d : strcmp(v->service, w->service);
	d = d ? d : (int)v->port - (int)w->port;
	d = d ? d : strcmp(v->port_name ? v->port_name : "", w->port_name ? w->port_name : "");
	return d;
}

static int backend_sort(const void *a, const void *b)
{
	const struct svcr_nginx_route *const *x = a, *const *y = b;
	int d = backend_cmp(*x, *y);

	return d ? d : (*x > *y) - (*x < *y); /* of one list */
}

static int resolve_all(struct svcr_nginx_builder *b)
{
	size_t n = b->routes.n;
	struct svcr_nginx_route **v = svcr_arena_array(&b->arena, n + 1, sizeof(*v));
	int err = v ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !err; i++)
		v[i] = &b->routes.v[i];
	if (n && !err)
		qsort((void *)v, n, sizeof(*v), backend_sort);
	for (size_t i = 0; i < n && !err; i++) {
		if (i && v[i - 1]->upstream && backend_cmp(v[i - 1], v[i]) == 0)
			v[i]->upstream = v[i - 1]->upstream;
		else
			err = resolve(b, v[i]);
	}
	return err;
}

static int item_cmp(const void *a, const void *b)
{
	const struct svcr_nginx_item *x = a, *y = b;

	return strcmp(x->key, y->key);
}

static int services_sort(const void *a, const void *b)
{
	const struct svcr_service *const *x = a, *const *y = b;

	return service_name_cmp(*x, (*y)->ns, (*y)->name);
}

static int index_services(struct svcr_nginx_builder *b)
{
	size_t n = b->m->services.n;

	b->services = svcr_arena_array(&b->arena, n + 1, sizeof(*b->services));
	if (!b->services)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		b->services[i] = &b->m->services.v[i];
	if (n)
		qsort((void *)b->services, n, sizeof(*b->services), services_sort);
	return 0;
}

int svcr_nginx_upstreams(struct svcr_nginx_builder *b)
{
	struct svcr_buffer text = { .len = 0 };
	struct svcr_out o = { .write = svcr_buffer_append, .arg = &text };
	int err = index_services(b);
	size_t n = 0;

	if (!err)
		err = resolve_all(b);
	if (!err && b->v->items.n)
		qsort(b->v->items.v, b->v->items.n, sizeof(*b->v->items.v), item_cmp);
	for (size_t i = 0; i < b->v->items.n && !err; i++) {
		struct svcr_nginx_item *x = &b->v->items.v[i];

		if (n && strcmp(b->v->items.v[n - 1].key, x->key) == 0)
			continue;
		b->v->items.v[n++] = *x;
		svcr_out_str(&o, "upstream ");
		svcr_nginx_quote(&o, x->key + strlen("upstream "));
		svcr_out_str(&o, " {\n");
		svcr_out_str(&o, x->text);
		svcr_out_str(&o, "}\n");
	}
	b->v->items.n = n;
	if (!err)
		err = svcr_out_end(&o);
	if (!err)
		err = svcr_nginx_add_file(b->v, "upstreams.conf", false, text.p ? text.p : "",
					  text.len);
	free(text.p);
	return err;
}
