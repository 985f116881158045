/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nginx.conf: a server for each host, a location for each path. */
#include "rules/nginx/writer.h"

#include <errno.h>
#include <stdlib.h>

void svcr_nginx_quote(struct svcr_out *o, const char *s)
{
	svcr_out_str(o, "\"");
	for (size_t n; *s; s += n) {
		n = strcspn(s, "\"\\");
		svcr_out_bytes(o, s, n);
		if (s[n])
			svcr_out_bytes(o, (const char[]){ '\\', s[n++] }, 2);
	}
	svcr_out_str(o, "\"");
}

/* ---- Locations --------------------------------------------------------------- */

static void put_location(struct svcr_nginx_writer *w, const char *sign, const char *path,
			 const char *end, const struct svcr_nginx_route *r)
{
	char *whole = svcr_arena_printf(&w->b->arena, "%s%s", path, end);

	if (!whole) {
		w->o.err = -ENOMEM;
		return;
	}
	svcr_out(&w->o, "\t\tlocation %s", sign);
	svcr_nginx_quote(&w->o, whole);
	svcr_nginx_put_body(w, r);
}

/* A pattern that matches `path` with `end` behind it. */
static void put_pattern(struct svcr_nginx_writer *w, const char *path, const char *end,
			const struct svcr_nginx_route *r)
{
	struct svcr_buffer text = { .len = 0 };
	int err = svcr_buffer_append(&text, "^", 1);

	for (const char *p = path; *p && !err; p++) {
		if (strchr(".*+?()[]{}|^$\\", *p))
			err = svcr_buffer_append(&text, "\\", 1);
		if (!err)
			err = svcr_buffer_append(&text, p, 1);
	}
	if (err)
		w->o.err = err;
	else
		put_location(w, "~ ", text.p, end, r);
	free(text.p);
}

/* The route of that path with that type; NULL: none. */
static const struct svcr_nginx_route *route_at(const struct svcr_nginx_writer *w, const char *path,
					       size_t len, bool exact)
{
	size_t low = 0, high = w->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct svcr_nginx_route *r = &w->routes[mid];
		size_t n = strlen(r->path);
		int d = (n < len) - (n > len);

		d = d ? d : strncmp(r->path, path, len);
		d = d ? d : (int)exact - (int)r->exact;
		if (!d)
			return r;
		if (d < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* What serves the path of that length; NULL: nothing. */
static const struct svcr_nginx_route *route_of(const struct svcr_nginx_writer *w, const char *path,
					       size_t len)
{
	const struct svcr_nginx_route *r = route_at(w, path, len, true);

	while (!r && len) {
		r = route_at(w, path, len, false);
		while (len && path[--len] != '/')
			;
	}
	return r ? r : route_at(w, "/", 1, false);
}

/*
 * nginx (1.22) answers /foo with a redirect of its own where it has a location /foo/ that is
 * proxied, unless there is a location for /foo too.
 */
static void put_exact(struct svcr_nginx_writer *w, const struct svcr_nginx_route *r)
{
	size_t len = strlen(r->path);
	bool slash = len > 1 && r->path[len - 1] == '/';
	char *shorter;

	if (slash && w->regex) {
		put_pattern(w, r->path, "\\z", r);
		return;
	}
	put_location(w, "= ", r->path, "", r);
	if (!slash || route_at(w, r->path, len - 1, true) || route_at(w, r->path, len - 1, false))
		return;
	shorter = svcr_arena_strndup(&w->b->arena, r->path, len - 1);
	if (shorter)
		put_location(w, "= ", shorter, "", route_of(w, r->path, len - 1));
	else
		w->o.err = -ENOMEM;
}

static void put_route(struct svcr_nginx_writer *w, const struct svcr_nginx_route *r)
{
	size_t len = strlen(r->path);

	if (r->exact)
		return;
	if (r->regex) {
		put_location(w, "~* ", "^", r->path, r);
	} else if (len == 1) {
		put_location(w, "", "/", "", r);
	} else if (w->regex) {
		put_pattern(w, r->path, "(?:/|\\z)", r);
	} else {
		if (!route_at(w, r->path, len, true))
			put_location(w, "= ", r->path, "", r);
		put_location(w, "", r->path, "/", r);
	}
}

/* The first path of the host whose Ingress has app-root; NULL: none. */
static const struct svcr_nginx_route *app_root(const struct svcr_nginx_writer *w)
{
	const struct svcr_nginx_route *found = NULL;

	for (size_t i = 0; i < w->n; i++)
		if (w->routes[i].settings->value[SVCR_A_APP_ROOT] &&
		    (!found || svcr_ingress_age_cmp(w->routes[i].ingress, found->ingress) < 0))
			found = &w->routes[i];
	return found;
}

static void put_app_root(struct svcr_nginx_writer *w, const struct svcr_nginx_route *r)
{
	svcr_out_str(&w->o, "\t\tlocation = \"/\" {\n");
	svcr_nginx_put_redirect(w, r);
	svcr_out_str(&w->o, "\t\t\treturn 302 ");
	svcr_nginx_quote(&w->o, r->settings->value[SVCR_A_APP_ROOT]);
	svcr_out_str(&w->o, ";\n\t\t}\n");
}

/* Exact paths come before all others: nginx takes regular expressions in the file's order. */
static void put_routes(struct svcr_nginx_writer *w)
{
	const struct svcr_nginx_route *root = app_root(w);

	if (root)
		put_app_root(w, root);
	for (size_t i = 0; i < w->n; i++)
		if (w->routes[i].exact && (!root || strcmp(w->routes[i].path, "/") != 0))
			put_exact(w, &w->routes[i]);
	for (size_t i = 0; i < w->n; i++)
		put_route(w, &w->routes[i]);
	if (!route_at(w, "/", 1, false))
		put_location(w, "", "/", "", NULL);
	svcr_nginx_put_errors(w);
}

/* ---- Servers ------------------------------------------------------------------- */

/* "*.x" of an Ingress is one label, and of nginx several. */
static void put_name(struct svcr_out *o, const char *host)
{
	svcr_out_str(o, "\t\tserver_name ");
	if (*host != '*') {
		svcr_nginx_quote(o, host);
	} else {
		svcr_out_str(o, "\"~^[^.]+");
		for (const char *p = host + 1; *p; p++)
			svcr_out(o, "%s%c", *p == '.' ? "\\\\" : "", *p);
		svcr_out_str(o, "$\"");
	}
	svcr_out_str(o, ";\n");
}

static const char *backend_text(const struct svcr_nginx_route *r)
{
	const char *const *v = r->settings->value;

	if (v[SVCR_A_PERMANENT_REDIRECT] || v[SVCR_A_TEMPORAL_REDIRECT])
		return ""; /* which is among the annotations */
	return r->settings->closed ? ", closed" : r->upstream ? "" : ", answers 503";
}

/* What a path leads to, and the annotations that change it. */
static const char *item_text(const struct svcr_nginx_writer *w, const struct svcr_nginx_route *r)
{
	const struct svcr_ingress_backend *to = r->backend;
	char port[16];

	snprintf(port, sizeof(port), "%u", to->port);
	return svcr_arena_printf(&w->b->v->arena, "%s/%s:%s%s%s%s%s", r->ingress->ns, to->service,
				 to->port_name ? to->port_name : port, w->cert ? ", TLS" : "",
				 svcr_nginx_redirects(w, r) ? ", redirects to https" : "",
				 backend_text(r), r->settings->said);
}

static int put_item(const struct svcr_nginx_writer *w, const struct svcr_nginx_route *r)
{
	const char *key = svcr_arena_printf(&w->b->v->arena, "host %s %s %s",
					    *r->host ? r->host : "*", r->path,
					    r->fallback ? "default" :
					    r->exact    ? "Exact" :
					    r->regex    ? "regex" :
							  "Prefix");

	return svcr_nginx_add_item(w->b->v, key, item_text(w, r));
}

static void put_listen(struct svcr_nginx_writer *w, const char *what)
{
	const bool *families = w->b->o->families;

	if (families[SVCR_IPV4])
		svcr_out(&w->o, "\t\tlisten %s;\n", what);
	if (families[SVCR_IPV6])
		svcr_out(&w->o, "\t\tlisten [::]:%s;\n", what);
}

static int put_host(struct svcr_nginx_writer *w)
{
	const char *host = w->routes->host;
	const struct svcr_nginx_cert *c = svcr_nginx_cert_of(w->b, host);
	int err = 0;

	w->cert = c;
	w->regex = false;
	for (size_t i = 0; i < w->n; i++)
		w->regex = w->regex || w->routes[i].regex;
	svcr_out_str(&w->o, "\tserver {\n");
	put_listen(w, *host ? "80" : "80 default_server");
	if (c) {
		put_listen(w, "443 ssl http2");
		svcr_out(&w->o, "\t\tssl_certificate \"%s.crt\";\n", c->file);
		svcr_out(&w->o, "\t\tssl_certificate_key \"%s.key\";\n", c->file);
	}
	if (*host)
		put_name(&w->o, host);
	put_routes(w);
	svcr_out_str(&w->o, "\t}\n");
	for (size_t i = 0; i < w->n && !err; i++)
		err = put_item(w, &w->routes[i]);
	return err ? err : w->o.err;
}

/* Variables that are read must be set somewhere, even if no location proxies. */
static const char strangers[] = "\t\tssl_reject_handshake on;\n"
				"\t\tset $svcrules_upstream \"\";\n"
				"\t\tset $svcrules_service \"\";\n"
				"\t\tset $svcrules_service_port \"\";\n"
				"\t\tset $svcrules_origin \"\";\n"
				"\t\treturn 421;\n\t}\n";

/*
 * Who asks for an unknown name sees nobody's certificate. 421: a host without a certificate is
 * asked for through the connection of another.
 */
static void put_strangers(struct svcr_nginx_writer *w)
{
	svcr_out_str(&w->o, "\tserver {\n");
	put_listen(w, "443 ssl http2 default_server");
	svcr_out_str(&w->o, strangers);
	if (w->b->routes.n && !*w->b->routes.v[0].host)
		return;
	svcr_out_str(&w->o, "\tserver {\n");
	put_listen(w, "80 default_server");
	svcr_out_str(&w->o, "\t\treturn 404;\n\t}\n");
}

static int put_all(struct svcr_nginx_writer *w)
{
	struct svcr_nginx_builder *b = w->b;
	int err = 0;

	svcr_nginx_put_head(w);
	put_strangers(w);
	for (size_t i = 0, end; i < b->routes.n && !err; i = end) {
		const char *host = b->routes.v[i].host;

		for (end = i + 1; end < b->routes.n && strcmp(b->routes.v[end].host, host) == 0;)
			end++;
		w->routes = b->routes.v + i;
		w->n = end - i;
		err = put_host(w);
	}
	svcr_out_str(&w->o, "}\n");
	return err ? err : svcr_out_end(&w->o);
}

static int item_sort(const void *a, const void *b)
{
	return strcmp(((const struct svcr_nginx_item *)a)->key,
		      ((const struct svcr_nginx_item *)b)->key);
}

int svcr_nginx_servers(struct svcr_nginx_builder *b)
{
	struct svcr_buffer text = { .len = 0 };
	struct svcr_nginx_writer w = {
		.b = b,
		.o = { .write = svcr_buffer_append, .arg = &text },
		.trusted = svcrules_options_get(b->o, "trust-forwarded"),
		.hsts = svcrules_options_get(b->o, "hsts"),
	};
	int err = put_all(&w);

	if (!err)
		err = svcr_nginx_add_file(b->v, "nginx.conf", SVCR_NGINX_OPEN, text.p, text.len);
	if (b->v->items.n)
		qsort(b->v->items.v, b->v->items.n, sizeof(*b->v->items.v), item_sort);
	free(text.p);
	return err;
}
