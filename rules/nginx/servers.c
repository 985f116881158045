/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nginx.conf: a server for each host, a location for each path. */
#include "rules/nginx/annotations.h"

#include <errno.h>
#include <stdlib.h>

static const char head[] =
	"worker_processes auto;\n"
	"events {\n\tworker_connections 4096;\n}\n"
	"http {\n"
	"\tserver_tokens off;\n"
	"\tserver_names_hash_bucket_size 512;\n"
	"\tserver_names_hash_max_size 65536;\n"
	"\tssl_protocols TLSv1.2 TLSv1.3;\n"
	"\tclient_max_body_size 1m;\n"
	"\tproxy_connect_timeout 5s;\n"
	"\tproxy_http_version 1.1;\n"
	"\tmap $http_upgrade $svcrules_connection {\n\t\tdefault upgrade;\n\t\t\"\" \"\";\n\t}\n"
	"\tmap $http_x_request_id $svcrules_request_id {\n"
	"\t\tdefault $http_x_request_id;\n\t\t\"\" $request_id;\n\t}\n"
	"\tproxy_set_header Host $http_host;\n"
	"\tproxy_set_header Upgrade $http_upgrade;\n"
	"\tproxy_set_header Connection $svcrules_connection;\n"
	"\tproxy_set_header X-Request-ID $svcrules_request_id;\n"
	"\tproxy_set_header X-Real-IP $remote_addr;\n"
	"\tproxy_set_header X-Forwarded-For $remote_addr;\n"
	"\tproxy_set_header X-Forwarded-Host $http_host;\n"
	"\tproxy_set_header X-Forwarded-Port $server_port;\n"
	"\tproxy_set_header X-Forwarded-Proto $scheme;\n"
	"\tproxy_set_header X-Forwarded-Scheme $scheme;\n"
	"\tproxy_set_header X-Scheme $scheme;\n"
	"\tproxy_set_header Proxy \"\";\n"
	"\tinclude upstreams.conf;\n"
	/* an unknown name sees nobody's certificate; 421: a host that has none was asked for */
	"\tserver {\n"
	"\t\tlisten 443 ssl http2 default_server;\n"
	"\t\tlisten [::]:443 ssl http2 default_server;\n"
	"\t\tssl_reject_handshake on;\n"
	"\t\treturn 421;\n"
	"\t}\n";

struct writer {
	struct svcr_nginx_builder *b;
	struct svcr_out o;
	const struct svcr_nginx_route *routes; /* of one host */
	size_t n;
	bool tls;   /* the host has a certificate */
	bool regex; /* a path of the host is a regular expression */
	int err;
};

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

static const char *redirect_text(const struct writer *w, const struct svcr_nginx_route *r)
{
	bool redirect = r->settings->force_redirect || (w->tls && !r->settings->no_redirect);

	return redirect ? "\t\t\tif ($scheme = http) {\n"
			  "\t\t\t\treturn 308 https://$host$request_uri;\n\t\t\t}\n" :
			  "";
}

/* The body of a location; r NULL: nothing matches. */
static void put_body(struct writer *w, const struct svcr_nginx_route *r)
{
	struct svcr_out *o = &w->o;
	char *pattern;

	if (!r) {
		svcr_out_str(o, " {\n\t\t\treturn 404;\n\t\t}\n");
		return;
	}
	svcr_out_str(o, " {\n");
	svcr_out_str(o, redirect_text(w, r));
	svcr_out_str(o, r->settings->directives);
	if (!r->upstream) {
		svcr_out_str(o, "\t\t\treturn 503;\n\t\t}\n");
		return;
	}
	if (r->settings->rewrite) {
		pattern = svcr_arena_printf(&w->b->arena, r->regex ? "(?i)^%s" : "^", r->path);
		w->err = pattern ? w->err : -ENOMEM;
		svcr_out_str(o, "\t\t\trewrite ");
		svcr_nginx_quote(o, pattern ? pattern : "");
		svcr_out_str(o, " ");
		svcr_nginx_quote(o, r->settings->rewrite);
		svcr_out_str(o, " break;\n");
	}
	svcr_out_str(o, "\t\t\tproxy_pass http://");
	svcr_out_str(o, r->upstream);
	svcr_out_str(o, ";\n\t\t}\n");
}

static void put_location(struct writer *w, const char *sign, const char *path, const char *end,
			 const struct svcr_nginx_route *r)
{
	char *whole = svcr_arena_printf(&w->b->arena, "%s%s", path, end);

	w->err = whole ? w->err : -ENOMEM;
	svcr_out(&w->o, "\t\tlocation %s", sign);
	svcr_nginx_quote(&w->o, whole ? whole : "");
	put_body(w, r);
}

/* A pattern that matches `path` alone, with `before` and `end` around it. */
static void put_pattern(struct writer *w, const char *path, const char *end,
			const struct svcr_nginx_route *r)
{
	struct svcr_buffer text = { .len = 0 };
	int err = svcr_buffer_append(&text, "^", 1);

	for (const char *p = path; *p && !err; p++) {
		if (strchr(".*+?()[]|^\\", *p))
			err = svcr_buffer_append(&text, "\\", 1);
		if (!err)
			err = svcr_buffer_append(&text, p, 1);
	}
	if (err)
		w->err = err;
	else
		put_location(w, "~ ", text.p, end, r);
	free(text.p);
}

/* The route of that path with that type; NULL: none. */
static const struct svcr_nginx_route *route_at(const struct writer *w, const char *path, size_t len,
					       bool exact)
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
static const struct svcr_nginx_route *route_of(const struct writer *w, const char *path, size_t len)
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
static void put_route(struct writer *w, const struct svcr_nginx_route *r)
{
	size_t len = strlen(r->path);

	if (r->regex) {
		put_location(w, "~* ", "^", r->path, r);
	} else if (w->regex) {
		put_pattern(w, r->path, r->exact ? "\\z" : len > 1 ? "(?:/|\\z)" : "", r);
	} else if (r->exact) {
		put_location(w, "= ", r->path, "", r);
		if (len > 1 && r->path[len - 1] == '/' && !route_at(w, r->path, len - 1, true) &&
		    !route_at(w, r->path, len - 1, false))
			put_location(w, "= ",
				     svcr_arena_strndup(&w->b->arena, r->path, len - 1) ?: "/", "",
				     route_of(w, r->path, len - 1));
	} else if (len == 1) {
		put_location(w, "", "/", "", r);
	} else {
		char *below = svcr_arena_printf(&w->b->arena, "%s/", r->path);

		w->err = below ? w->err : -ENOMEM;
		if (!route_at(w, r->path, len, true))
			put_location(w, "= ", r->path, "", r);
		put_location(w, "", below ? below : "/", "", r);
	}
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

static int put_item(struct writer *w, const struct svcr_nginx_route *r)
{
	struct svcr_arena *a = &w->b->v->arena;
	const struct svcr_ingress_backend *to = r->backend;
	char port[16];
	const char *key, *text;

	snprintf(port, sizeof(port), "%u", to->port);
	key = svcr_arena_printf(a, "host %s %s %s", *r->host ? r->host : "*", r->path,
				r->fallback ? "default" :
				r->exact    ? "Exact" :
				r->regex    ? "regex" :
					      "Prefix");
	text = svcr_arena_printf(
		a, "%s/%s:%s%s%s%s%s%s%s", r->ingress->ns, to->service,
		to->port_name ? to->port_name : port, r->upstream ? "" : ", no endpoints",
		w->tls ? ", TLS" : "", *redirect_text(w, r) ? ", redirects to https" : "",
		r->settings->rewrite ? ", rewritten to " : "",
		r->settings->rewrite ? r->settings->rewrite : "", r->settings->directives);
	return svcr_nginx_add_item(w->b->v, key, text);
}

static int put_host(struct writer *w)
{
	const char *host = w->routes->host;
	const struct svcr_nginx_cert *c = svcr_nginx_cert_of(w->b, host);
	const char *more = *host ? "" : " default_server";
	int err = 0;

	w->tls = c;
	w->regex = false;
	for (size_t i = 0; i < w->n; i++)
		w->regex = w->regex || w->routes[i].regex;
	svcr_out(&w->o, "\tserver {\n\t\tlisten 80%s;\n\t\tlisten [::]:80%s;\n", more, more);
	if (c)
		svcr_out(&w->o,
			 "\t\tlisten 443 ssl http2;\n\t\tlisten [::]:443 ssl http2;\n"
			 "\t\tssl_certificate \"%s.crt\";\n\t\tssl_certificate_key \"%s.key\";\n",
			 c->file, c->file);
	if (*host)
		put_name(&w->o, host);
	for (size_t i = 0; i < w->n && !err; i++) {
		put_route(w, &w->routes[i]);
		err = w->err ? w->err : put_item(w, &w->routes[i]);
	}
	if (w->regex || !route_at(w, "/", 1, false))
		put_location(w, "", "/", "", NULL);
	svcr_out_str(&w->o, "\t}\n");
	return err ? err : w->err;
}

static int put_all(struct writer *w)
{
	struct svcr_nginx_builder *b = w->b;
	bool any_host = b->routes.n && !*b->routes.v[0].host;
	int err = 0;

	svcr_out_str(&w->o, head);
	if (!any_host)
		svcr_out_str(&w->o, "\tserver {\n\t\tlisten 80 default_server;\n"
				    "\t\tlisten [::]:80 default_server;\n\t\treturn 404;\n\t}\n");
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
	struct writer w = { .b = b, .o = { .write = svcr_buffer_append, .arg = &text } };
	int err = put_all(&w);

	if (!err)
		err = svcr_nginx_add_file(b->v, "nginx.conf", false, text.p, text.len);
	if (b->v->items.n)
		qsort(b->v->items.v, b->v->items.n, sizeof(*b->v->items.v), item_sort);
	free(text.p);
	return err;
}
