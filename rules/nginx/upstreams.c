/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Upstreams: the ready endpoints of each port of a service that a path leads to. All that depends
 * on endpoints is in upstreams.conf.
 */
#include "rules/nginx/settings.h"

#include <errno.h>
#include <stdlib.h>

/* in an upstream's name; no name of an object has '_' */
#define EWMA "__ewma"
#define STAND_IN "__else_"

/* What an upstream has: a port of a service, and perhaps another service that stands in for it. */
struct target {
	const struct svcr_ingress_backend *backend; /* port_name NULL and port 0: the first port */
	const char *stand_in;                       /* the name of a service; NULL: none */
	bool ewma;
	/*
	 * "__https", "__grpc" or "": connections that are kept open are known by their address
	 * alone, so that those of several protocols must not be kept together.
	 */
	const char *protocol;
	const struct svcr_nginx_route *route; /* for messages */
	const char **to;                      /* where the name of the upstream goes */
};

struct found {
	struct svcr_addr addr;
	uint16_t port;
};

/* ---- Services and ports -------------------------------------------------------- */

static int index_services(struct svcr_nginx_builder *b)
{
	int err = svcr_nginx_names_init(&b->services, &b->arena, b->m->services.n);

	for (size_t i = 0; i < b->m->services.n && !err; i++) {
		const struct svcr_service *s = &b->m->services.v[i];

		svcr_nginx_names_add(&b->services, s->ns, s->name, s);
	}
	if (!err)
		svcr_nginx_names_sort(&b->services);
	return err;
}

static const struct svcr_service_port *port_find(const struct svcr_nginx_builder *b,
						 const struct svcr_service *s,
						 const struct svcr_ingress_backend *to)
{
	if (to->port_name || to->port)
		return svcr_port_index_find(&b->ports, s, to->port_name, to->port, SVCR_TCP);
	for (size_t i = 0; i < s->ports.n; i++)
		if (s->ports.v[i].protocol == SVCR_TCP)
			return &s->ports.v[i];
	return NULL;
}

/* ---- Endpoints ------------------------------------------------------------------- */

static int found_sort(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int d = svcr_addr_cmp(&x->addr, &y->addr);

	return d ? d : (int)x->port - (int)y->port;
}

/* Adds the ready endpoints of a slice, at one of its ports. */
static int find_in_slice(const struct svcr_nginx_builder *b, const struct svcr_port_use *use,
			 struct svcr_list *found)
{
	const struct svcr_slice *s = use->slice;

	for (size_t i = 0; i < s->endpoints.n && use->port; i++) {
		const struct svcr_endpoint *e = &s->endpoints.v[i];
		struct found *slot;

		if (!e->ready || !b->o->families[e->addr.family] || svcr_addr_unusable(&e->addr))
			continue;
		slot = svcr_grow(&found->v, &found->n, &found->cap, sizeof(*slot));
		if (!slot)
			return -ENOMEM;
		*slot = (struct found){ e->addr, use->port };
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
	struct svcr_list found = { .n = 0 };
	const struct svcr_port_use *use;
	const char *text = NULL;
	size_t n = 0;
	int err = svcr_endpoints_uses(&b->slices, s, p, &use, &n);

	for (size_t i = 0; i < n && !err; i++)
		err = find_in_slice(b, &use[i], &found);
	if (!err)
		text = servers_text(b, found.v, found.n);
	free(found.v);
	return text;
}

/* ---- Upstreams --------------------------------------------------------------------- */

static void note_backend(struct svcr_nginx_builder *b, const struct target *t,
			 enum svcrules_severity severity, const char *service, const char *what)
{
	const struct svcr_nginx_route *r = t->route;
	const struct svcr_ingress_backend *to = t->backend;
	bool stands_in = t->stand_in && strcmp(service, t->stand_in) != 0;
	const char *consequence = severity == SVCRULES_ERROR ? "" :
				  stands_in                  ? ": default-backend answers" :
							       ": 503 is answered";
	char port[80] = "";

	if (to->port_name)
		snprintf(port, sizeof(port), ", port %s", to->port_name);
	else if (to->port)
		snprintf(port, sizeof(port), ", port %u", to->port);
	svcr_nginx_note(
		b, r->ingress,
		&(struct svcrules_diag){ .severity = severity, .check = "backend", .field = NULL },
		"Service %s/%s%s, for %s%s: %s%s", r->ingress->ns, service,
		strcmp(service, to->service) == 0 ? port : "",
		*r->host ? r->host : "all other hosts, ", r->path, what, consequence);
}

/* The service and its port; false: there is none, which is told. */
static bool find_port(struct svcr_nginx_builder *b, const struct target *t, const char *name,
		      const struct svcr_ingress_backend *to,
		      const struct svcr_service **ret_service,
		      const struct svcr_service_port **ret_port)
{
	const struct svcr_service *s = svcr_nginx_names_find(&b->services, t->route->ingress->ns,
							     name);

	*ret_service = s;
	*ret_port = s ? port_find(b, s, to) : NULL;
	if (s && s->type == SVCR_EXTERNAL_NAME)
		*ret_port = NULL;
	if (s && s->type == SVCR_EXTERNAL_NAME)
		note_backend(b, t, SVCRULES_ERROR, name, "the type ExternalName is refused");
	else if (!*ret_port)
		note_backend(b, t, SVCRULES_WARNING, name,
			     s ? "it has no such TCP port" : "there is no such Service");
	return *ret_port;
}

static const struct svcr_ingress_backend first_port = { .port = 0 };

/* The servers of the service that stands in; "": none. */
static const char *stand_in_servers(struct svcr_nginx_builder *b, const struct target *t)
{
	const struct svcr_service *s;
	const struct svcr_service_port *p;

	if (!t->stand_in || !find_port(b, t, t->stand_in, &first_port, &s, &p))
		return "";
	if (b->stand_in.service != s)
		b->stand_in.servers = find_servers(b, s, p);
	b->stand_in.service = s;
	if (b->stand_in.servers && !*b->stand_in.servers)
		note_backend(b, t, SVCRULES_WARNING, s->name, "no endpoint is ready");
	return b->stand_in.servers;
}

/* Adds an item with the servers of a target, whose port is known. */
static int add_upstream(struct svcr_nginx_builder *b, const struct target *t,
			const struct svcr_service *s, const struct svcr_service_port *p)
{
	const char *text = find_servers(b, s, p);
	char *key = svcr_arena_printf(&b->v->arena, "upstream %s_%s_%u%s%s%s%s", s->ns, s->name,
				      p->port, t->protocol, t->ewma ? EWMA : "",
				      t->stand_in ? STAND_IN : "", t->stand_in ? t->stand_in : "");

	if (text && !*text) {
		note_backend(b, t, SVCRULES_WARNING, s->name, "no endpoint is ready");
		text = stand_in_servers(b, t);
	}
	if (!key || !text)
		return -ENOMEM;
	*t->to = key + strlen("upstream ");
	return svcr_nginx_add_item(b->v, key, text);
}

static int resolve(struct svcr_nginx_builder *b, const struct target *t)
{
	const struct svcr_service *s;
	const struct svcr_service_port *p;

	if (find_port(b, t, t->backend->service, t->backend, &s, &p))
		return add_upstream(b, t, s, p);
	if (!t->stand_in || (s && s->type == SVCR_EXTERNAL_NAME) ||
	    !find_port(b, t, t->stand_in, &first_port, &s, &p))
		return 0;
	return add_upstream(
		b, &(struct target){ t->backend, NULL, t->ewma, t->protocol, t->route, t->to }, s,
		p);
}

/*
 * By what they lead to, so that the endpoints of a service are looked for once, and those of one
 * that stands in for many of its ports.
 */
static int target_cmp(const struct target *x, const struct target *y)
{
	const struct svcr_ingress_backend *v = x->backend, *w = y->backend;
	int d = strcmp(x->route->ingress->ns, y->route->ingress->ns);

	d = d ? d : strcmp(v->service, w->service);
	d = d ? d : strcmp(x->stand_in ? x->stand_in : "", y->stand_in ? y->stand_in : "");
	d = d ? d : (int)v->port - (int)w->port;
	d = d ? d : strcmp(v->port_name ? v->port_name : "", w->port_name ? w->port_name : "");
	d = d ? d : strcmp(x->protocol, y->protocol);
	return d ? d : (int)x->ewma - (int)y->ewma;
}

static int target_sort(const void *a, const void *b)
{
	const struct target *x = a, *y = b;
	int d = target_cmp(x, y);

	return d ? d : (x->route > y->route) - (x->route < y->route); /* of one list */
}

static const char *protocol_suffix(const struct svcr_nginx_route *r)
{
	static const char *const suffixes[] = {
		[SVCR_NGINX_HTTP] = "", [SVCR_NGINX_HTTPS] = "__https", [SVCR_NGINX_GRPC] = "__grpc"
	};

	return suffixes[svcr_nginx_protocol(r->settings)];
}

/* The targets of a route: what it leads to, and what answers its errors. A redirect has none. */
static int route_targets(struct svcr_nginx_builder *b, struct svcr_nginx_route *r,
			 struct target *to, size_t *ret_n)
{
	const char *const *v = r->settings->value;
	const char *balance = v[SVCR_A_LOAD_BALANCE];
	struct svcr_ingress_backend *x;

	*ret_n = 0;
	if (v[SVCR_A_PERMANENT_REDIRECT] || v[SVCR_A_TEMPORAL_REDIRECT])
		return 0;
	*ret_n = 1;
	to[0] = (struct target){ r->backend,
				 v[SVCR_A_DEFAULT_BACKEND],
				 balance && strcmp(balance, "ewma") == 0,
				 protocol_suffix(r),
				 r,
				 &r->upstream };
	if (!v[SVCR_A_CUSTOM_ERRORS] || !v[SVCR_A_DEFAULT_BACKEND])
		return 0;
	x = svcr_arena_alloc(&b->arena, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->service = v[SVCR_A_DEFAULT_BACKEND];
	to[1] = (struct target){ x, NULL, false, "", r, &r->errors };
	*ret_n = 2;
	return 0;
}

static int resolve_all(struct svcr_nginx_builder *b)
{
	struct target *v = svcr_arena_array(&b->arena, 2 * b->routes.n + 1, sizeof(*v));
	size_t n = 0;
	int err = v ? 0 : -ENOMEM;

	for (size_t i = 0; i < b->routes.n && !err; i++) {
		size_t more = 0;

		err = route_targets(b, &b->routes.v[i], v + n, &more);
		n += more;
	}
	if (n && !err)
		qsort(v, n, sizeof(*v), target_sort);
	for (size_t i = 0; i < n && !err; i++) {
		if (i && *v[i - 1].to && target_cmp(&v[i - 1], &v[i]) == 0)
			*v[i].to = *v[i - 1].to;
		else
			err = resolve(b, &v[i]);
	}
	return err;
}

/* ---- The file -------------------------------------------------------------------------- */

static int upstream_item_cmp(const void *a, const void *b)
{
	const struct svcr_nginx_item *x = a, *y = b;

	return strcmp(x->key, y->key);
}

/* Leaves each upstream once, in order. */
static void sort_items(struct svcr_nginx *v)
{
	size_t n = 0;

	if (v->items.n)
		qsort(v->items.v, v->items.n, sizeof(*v->items.v), upstream_item_cmp);
	for (size_t i = 0; i < v->items.n; i++)
		if (!n || strcmp(v->items.v[n - 1].key, v->items.v[i].key) != 0)
			v->items.v[n++] = v->items.v[i];
	v->items.n = n;
}

/*
 * nginx (1.22) refuses an upstream without servers. One without endpoints has a server that is
 * never asked, and is in the map.
 */
static void put_upstream(struct svcr_out *o, const struct svcr_nginx_item *x)
{
	const char *name = x->key + strlen("upstream ");

	svcr_out_str(o, "upstream ");
	svcr_nginx_quote(o, name);
	svcr_out_str(o, " {\n");
	if (strstr(name, EWMA))
		svcr_out_str(o, "\trandom two least_conn;\n");
	svcr_out_str(o, *x->text ? x->text : "\tserver 127.0.0.1:1 down;\n");
	svcr_out_str(o, "\tkeepalive 16;\n\tkeepalive_timeout 4s;\n}\n");
}

/* "volatile": after an error, another upstream is asked for the same request. */
static void put_upstreams(struct svcr_out *o, const struct svcr_nginx *v)
{
	for (size_t i = 0; i < v->items.n; i++)
		put_upstream(o, &v->items.v[i]);
	svcr_out_str(o, "map $svcrules_upstream $svcrules_no_endpoint {\n"
			"\tvolatile;\n\tdefault \"\";\n");
	for (size_t i = 0; i < v->items.n; i++) {
		if (*v->items.v[i].text)
			continue;
		svcr_out_str(o, "\t");
		svcr_nginx_quote(o, v->items.v[i].key + strlen("upstream "));
		svcr_out_str(o, " 1;\n");
	}
	svcr_out_str(o, "}\n");
}

int svcr_nginx_upstreams(struct svcr_nginx_builder *b)
{
	struct svcr_buffer text = { .len = 0 };
	struct svcr_out o = { .write = svcr_buffer_append, .arg = &text };
	int err = index_services(b);

	if (!err)
		err = svcr_port_index_make(&b->ports, &b->arena, b->m);
	if (!err)
		err = resolve_all(b);
	if (err)
		return err;
	sort_items(b->v);
	put_upstreams(&o, b->v);
	err = svcr_out_end(&o);
	if (!err)
		err = svcr_nginx_add_file(b->v, "upstreams.conf", SVCR_NGINX_OPEN, text.p,
					  text.len);
	free(text.p);
	return err;
}
